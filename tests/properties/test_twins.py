"""Two engines, one answer: the compiled engine is the reference's twin, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim.engines import compiled, simpy_engine
from supplysim.engines.trace import Trace
from supplysim.plan import Plan, make_plan
from supplysim.testing import networks, scenarios

COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"
SEARCH = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def plan_of(
    network: ss.Network, scenario: ss.Scenario | None, seed: int = 1, days: int = 150
) -> Plan:
    return make_plan(network, scenario, horizon=days, seed=seed, replication=0, warmup=None)


def assert_same(plan: Plan) -> None:
    """The raw logs, in the order in which things happened, and every number recorded."""
    one, other = simpy_engine.run(plan, events=True), compiled.run(plan, events=True)
    assert one.events is not None
    assert other.events is not None
    for i, (a, b) in enumerate(zip(one.events, other.events, strict=False)):
        assert a == b, f"event {i} after {one.events[max(0, i - 5) : i]}"
    assert len(one.events) == len(other.events)
    assert_equal_records(one, other)


def assert_equal_records(one: Trace, other: Trace) -> None:
    assert one.names == other.names
    for before, after in (
        (one.daily, other.daily),
        (one.opening, other.opening),
        (one.money, other.money),
    ):
        assert before.keys() == after.keys()
        for key in before:
            assert np.array_equal(before[key], after[key]), key


@st.composite
def plans(draw: st.DrawFn, max_tiers: int = 4, days: int = 150) -> Plan:
    network = draw(networks(max_tiers=max_tiers, deterministic=False, policies="any", cycles=True))
    scenario = draw(st.none() | scenarios(network))
    note(f"{scenario}")
    return plan_of(network, scenario, seed=draw(st.integers(0, 3)), days=days)


@settings(SEARCH, max_examples=200)
@given(plans())
def test_engines_agree(plan: Plan) -> None:
    assert_same(plan)


@pytest.mark.slow
@settings(SEARCH, max_examples=4000)
@given(plans())
def test_engines_agree_on_thousands(plan: Plan) -> None:
    assert_same(plan)


@pytest.mark.skipif(COMPILED, reason="run without the compiler by the test below")
@settings(SEARCH, max_examples=5, derandomize=True)
@given(plans(max_tiers=2, days=20))
def test_plain_python_agrees(plan: Plan) -> None:
    assert_same(plan)


@pytest.mark.skipif(not COMPILED, reason="is what this very test starts")
def test_engines_agree_without_the_compiler() -> None:
    """The kernel as plain Python, where coverage can follow it and overruns are errors."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-k", "plain", __file__]
    plain = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, env=plain, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "1 passed" in done.stdout


@settings(SEARCH, max_examples=30)
@given(st.data())
def test_scenarios_that_share_a_history_end_as_each_alone(data: st.DataObject) -> None:
    network = data.draw(networks(deterministic=False, policies="any"))
    several = data.draw(st.lists(st.none() | scenarios(network), min_size=2, max_size=3))
    plans_ = [plan_of(network, scenario) for scenario in several]
    together = compiled.run_all(plans_, events=True)
    for plan, trace in zip(plans_, together, strict=True):
        alone = compiled.run(plan, events=True)
        assert alone.events == trace.events
        assert_equal_records(alone, trace)
