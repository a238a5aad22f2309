"""The compiled engine case by case: what its twin does, it does, branch by branch."""

from __future__ import annotations

import os

import pytest
from twin_cases import CASES, Case
from twin_check import assert_same

COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_engines_agree(case: Case) -> None:
    trace = assert_same(case())
    assert trace.events
