"""Two engines, one answer: the compiled engine is the reference's twin, bit for bit."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from twin_check import assert_equal_traces, assert_same

import supplysim as ss
from supplysim.engines import compiled
from supplysim.plan import Plan, make_plan
from supplysim.testing import networks, scenarios

# a failing plan is told at length: the warning of that, taken for an error, would hide the failure
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
SEARCH = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def plan_of(
    network: ss.Network,
    scenario: ss.Scenario | None,
    seed: int = 1,
    days: int = 150,
    warmup: int | None = None,
) -> Plan:
    return make_plan(network, scenario, horizon=days, seed=seed, replication=0, warmup=warmup)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    network = draw(networks(deterministic=False, policies="any", cycles=True))
    scenario = draw(st.none() | scenarios(network))
    note(f"{scenario}")
    return plan_of(
        network,
        scenario,
        seed=draw(st.integers(0, 3)),
        days=draw(st.sampled_from((150, 1, 37))),
        warmup=draw(st.sampled_from((None, 0, 10))),
    )


@settings(SEARCH, max_examples=200)
@given(plans())
def test_engines_agree(plan: Plan) -> None:
    assert_same(plan)


@pytest.mark.slow
@settings(SEARCH, max_examples=4000)
@given(plans())
def test_engines_agree_on_thousands(plan: Plan) -> None:
    assert_same(plan)


@settings(SEARCH, max_examples=30)
@given(st.data())
def test_scenarios_that_share_a_history_end_as_each_alone(data: st.DataObject) -> None:
    network = data.draw(networks(deterministic=False, policies="any"))
    several = data.draw(st.lists(st.none() | scenarios(network), min_size=2, max_size=3))
    plans_ = [plan_of(network, scenario) for scenario in several]
    together = compiled.run_all(plans_, events=True)
    for plan, trace in zip(plans_, together, strict=True):
        assert_equal_traces(compiled.run(plan, events=True), trace)
