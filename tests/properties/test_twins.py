"""Two engines, one answer: the compiled engine is the reference's twin, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim.engines import compiled, simpy_engine
from supplysim.engines.trace import Trace
from supplysim.plan import Plan, make_plan
from supplysim.testing import networks, scenarios


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
def plans(draw: st.DrawFn) -> Plan:
    network = draw(networks(deterministic=False, policies="any", cycles=True))
    scenario = draw(st.none() | scenarios(network))
    note(f"{scenario}")
    return plan_of(network, scenario, seed=draw(st.integers(0, 3)))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans())
def test_engines_agree(plan: Plan) -> None:
    assert_same(plan)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans())
def test_engines_agree_on_thousands(plan: Plan) -> None:
    assert_same(plan)
