"""The compiled engine case by case: what its twin does, it does, branch by branch."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from twin_cases import (
    CASES,
    Case,
    a_lot_in_line,
    capacity,
    gate,
    lane,
    mine,
    network,
    plan,
    recall,
    use,
)
from twin_check import assert_equal_records, assert_equal_traces, assert_same

from supplysim.changes import Closed, Factor, Ledger, Renewal, Watch
from supplysim.engines import compiled, simpy_engine
from supplysim.engines.compiled.histories import sharing
from supplysim.engines.compiled.layout import TABLES
from supplysim.model import Fixed

COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_engines_agree(case: Case) -> None:
    trace = assert_same(case())
    assert trace.events


def test_records_are_the_same_without_a_log() -> None:
    case = a_lot_in_line()
    trace = compiled.run(case)
    assert trace.events is None
    assert_equal_records(simpy_engine.run(case), trace)


def test_scenarios_with_measures_of_their_own_share_a_history() -> None:
    """Ties among measures fall as in each scenario alone; what begins where they part finds room in full buffers."""
    net = network(mine(capacity=100.0), use(period=1 / 32, rate=4.0), lane(lead_time=40.0))
    shut, opened = gate(0.0, "mine|use|", Closed(), "a"), gate(0.0, "mine|use|", None, "a")
    quota = gate(19.5, "mine|use|", Ledger("b", 1.0, period=1.0), "b")
    slow = [capacity(19.5 + i / 100, "mine", Factor(0.5 + i / 1000)) for i in range(200)]
    watch = Watch("c", ("use",), 1e6, 1e6, (shut,), (opened,), delay=1.0, begins=20.0)
    often = Renewal("a", Fixed(1.0), Fixed(0.5), (shut,), (opened,), begins=20.0)
    several = [
        plan(net, recall(22.0, "mine|use|", "returns"), days=23),
        plan(net, *slow, days=23),
        plan(net, quota, watches=[watch], days=23),
        plan(net, renewals=[often], days=23),
    ]
    assert len(sharing(several)) == 1
    for one, trace in zip(several, compiled.run_all(several, events=True), strict=True):
        assert_equal_traces(simpy_engine.run(one, events=True), trace)


def test_fields_are_no_attributes_of_records() -> None:
    """Else plain Python would read something else where a compiled kernel reads the field."""
    fields = {name for dtype in TABLES.values() for name in dtype.names or ()}
    assert not [name for name in sorted(fields) if hasattr(np.void, name)]


@pytest.mark.skipif(not COMPILED, reason="is what this very test starts")
def test_engines_agree_without_the_compiler() -> None:
    """The kernel as plain Python, where every line can be followed and an overrun is an error."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", __file__]
    plain = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, env=plain, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert f"{len(CASES) + 3} passed, 1 skipped" in done.stdout
