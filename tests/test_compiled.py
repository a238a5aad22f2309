"""The compiled engine case by case: what its twin does, it does, branch by branch."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest
from twin_cases import CASES, Case, capacity, lane, mine, network, plan, use
from twin_check import assert_equal_traces, assert_same

from supplysim.changes import Factor, Ledger
from supplysim.engines import compiled

COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_engines_agree(case: Case) -> None:
    trace = assert_same(case())
    assert trace.events
