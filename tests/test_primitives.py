"""Attributes that changes act on: what lanes charge, whom they serve first, how soon users react, what recipes take."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twin_check import assert_same

import supplysim as ss
from supplysim.changes import Add, Cap, Change, Factor, Target, Value
from supplysim.engines.trace import Trace
from supplysim.plan import Plan, make_plan
from supplysim.testing import networks, scenarios

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
TERMS = {
    "lane": ("price", "cost", "duty", "precedence", "capacity", "share", "delay"),
    "slot": ("reaction", "gain", "cover"),
}


def plan_with(
    network: ss.Network, changes: Sequence[Change], days: int = 120, **more: ss.Scenario
) -> Plan:
    """A plan in which these changes are made, too."""
    plan = make_plan(
        network, more.get("scenario"), horizon=days, seed=1, replication=0, warmup=None
    )
    together = sorted((*plan.timeline.changes, *changes), key=lambda x: (x.time, x.target, x.key))
    return dataclasses.replace(
        plan, timeline=dataclasses.replace(plan.timeline, changes=tuple(together))
    )


def run_with(network: ss.Network, *changes: Change, days: int = 120) -> Trace:
    """What both engines find."""
    return assert_same(plan_with(network, changes, days))


def change(time: float, kind: str, name: str, attribute: str, value: Value | None) -> Change:
    return Change(time, Target(kind, name, attribute), "test", value)  # type: ignore[arg-type]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    network = draw(networks(deterministic=False, policies="any", cycles=True))
    names = {"lane": sorted(network.lanes_by_key), "slot": sorted(network.slots)}
    values = st.one_of(
        st.none(),
        st.sampled_from((0.0, 0.25, 0.5, 1.5)).map(Factor),
        st.sampled_from((0.5, 1.0, 3.0)).map(Add),
        st.sampled_from((0.0, 0.5, 20.0)).map(Cap),
    )
    changes = []
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(sorted(TERMS)))
        target = Target(
            kind,  # type: ignore[arg-type]
            draw(st.sampled_from(names[kind])),
            draw(st.sampled_from(TERMS[kind])),
        )
        time, key = float(draw(st.integers(-10, 90))), draw(st.sampled_from(("a", "b")))
        changes.append(Change(time, target, key, draw(values)))
    once = {(x.time, x.target, x.key): x for x in changes}
    scenario = draw(st.none() | scenarios(network))
    return plan_with(network, list(once.values()), scenario=scenario)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=100)
@given(plans())
def test_engines_agree(plan: Plan) -> None:
    assert_same(plan)


def chain(**site: float) -> ss.Network:
    """A mine that sells 2 a day to a plant, which sells 1 a day."""
    return ss.Network(
        name="chain",
        commodities=[ss.Commodity("ore", price=10.0), ss.Commodity("metal", price=50.0)],
        sites=[
            ss.Site("mine", country="AU", makes="ore", capacity=4.0, lot=1.0),
            ss.Site(
                "plant",
                country="DE",
                makes="metal",
                capacity=2.0,
                lot=1.0,
                inputs={"ore": ss.Input(2.0, policy=ss.DaysOfCover(5.0), reaction=4.0)},
            ),
        ],
        demands=[ss.Demand("use", country="DE", commodity="metal", rate=1.0)],
        lanes=[
            ss.Lane("mine", "plant", lead_time=2.0, cost=3.0),
            ss.Lane("plant", "use", lead_time=1.0),
        ],
    )


def money(trace: Trace, account: str) -> float:
    lane = trace.names["lane"].index("mine|plant|")
    return float(trace.money["lane", account][lane])


def received(trace: Trace, since: int) -> float:
    lane = trace.names["lane"].index("mine|plant|")
    return float(trace.daily["lane", "received"][since:, lane].sum())


def test_what_arrives_is_paid_at_the_terms_of_the_moment() -> None:
    """Duty is on price and freight, from the day it holds; price and freight follow their own changes."""
    name = "mine|plant|"
    trace = run_with(
        chain(),
        change(60.0, "lane", name, "duty", Add(0.25)),
        change(60.0, "lane", name, "price", Factor(2.0)),
        change(60.0, "lane", name, "cost", Add(1.0)),
    )
    whole, late = received(trace, 0), received(trace, 60)
    assert 0.0 < late < whole
    assert money(trace, "goods") == pytest.approx(10.0 * (whole - late) + 20.0 * late, rel=1e-12)
    assert money(trace, "freight") == pytest.approx(3.0 * (whole - late) + 4.0 * late, rel=1e-12)
    assert money(trace, "duty") == pytest.approx(0.25 * 24.0 * late, rel=1e-12)


def test_a_recipe_that_takes_half_uses_half() -> None:
    trace = run_with(chain(), change(60.0, "slot", "plant|ore", "gain", Factor(0.5)))
    slot, plant = trace.names["slot"].index("plant|ore"), trace.names["site"].index("plant")
    used, started = trace.daily["slot", "used"][:, slot], trace.daily["site", "started"][:, plant]
    assert used[:60] == pytest.approx(2.0 * started[:60])
    assert used[60:] == pytest.approx(1.0 * started[60:])
    assert started[60:].sum() == pytest.approx(60.0, abs=1.0)


def test_a_recipe_that_needs_none_goes_on_without() -> None:
    """The mine stops on day 20; from day 50 on the plant does without, and makes what it lost no more."""
    stop = change(20.0, "site", "mine", "capacity", Factor(0.0))
    starved = run_with(chain(), stop)
    freed = run_with(chain(), stop, change(50.0, "slot", "plant|ore", "gain", Factor(0.0)))
    plant = freed.names["site"].index("plant")
    assert starved.daily["site", "started"][60:, plant].sum() == 0.0
    assert freed.daily["site", "started"][60:, plant].sum() == pytest.approx(60.0, abs=1.0)


def test_mass_balance_knows_that_a_recipe_changes() -> None:
    from supplysim.balance import check_balance

    plan = plan_with(chain(), [change(60.0, "slot", "plant|ore", "gain", Factor(0.5))])
    check_balance(plan, assert_same(plan))


def rivals() -> ss.Network:
    """Two users of one mine that can make what one of them needs."""
    return ss.Network(
        name="rivals",
        commodities=[ss.Commodity("ore")],
        sites=[ss.Site("mine", country="AU", makes="ore", capacity=2.0, lot=1.0)],
        demands=[
            ss.Demand(name, country="DE", commodity="ore", rate=1.0, policy=ss.DaysOfCover(2.0))
            for name in ("army", "shop")
        ],
        lanes=[ss.Lane("mine", name, lead_time=1.0) for name in ("army", "shop")],
    )


@pytest.mark.parametrize(
    "allocation", ["proportional", "priority", "fifo", "domestic-first", "incumbent-first"]
)
def test_whom_a_source_serves_first_goes_before_its_rule(allocation: str) -> None:
    """Half of capacity is gone: with precedence one user loses nothing, whatever the rule is among equals."""
    network = rivals()
    mine = dataclasses.replace(network.sites[0], allocation=allocation)
    network = network.replace(sites=(mine,))
    half = change(20.0, "site", "mine", "capacity", Factor(0.5))
    first = change(0.0, "lane", "mine|army|", "precedence", Add(1.0))
    shared, ranked = run_with(network, half), run_with(network, half, first)
    unmet = shared.daily["demand", "unmet"].sum(axis=0)
    alone = ranked.daily["demand", "unmet"].sum(axis=0)
    assert unmet[0] > 10.0
    assert alone[0] == 0.0
    assert alone.sum() == pytest.approx(unmet.sum(), abs=3.0)


def test_who_reacts_sooner_turns_to_the_rival_sooner() -> None:
    """The loss while the old supplier is closed falls by as many days as the reaction is shorter."""
    network = ss.Network(
        name="two",
        commodities=[ss.Commodity("ore")],
        sites=[
            ss.Site(name, country=country, makes="ore", capacity=3.0, lot=1.0)
            for name, country in (("cn", "CN"), ("au", "AU"))
        ],
        demands=[
            ss.Demand(
                "use",
                country="DE",
                commodity="ore",
                rate=1.0,
                policy=ss.DaysOfCover(2.0),
                reaction=30.0,
            )
        ],
        lanes=[
            ss.Lane("cn", "use", lead_time=1.0),
            ss.Lane("au", "use", share=0.0, lead_time=1.0),
        ],
    )
    ban = Change(20.0, Target("lane", "cn|use|", "gate"), "ban", ss.Closed())
    (slot,) = network.slots
    slow = run_with(network, ban).daily["demand", "unmet"].sum()
    soon = run_with(network, ban, change(0.0, "slot", slot, "reaction", Cap(10.0)))
    assert slow - soon.daily["demand", "unmet"].sum() == pytest.approx(20.0)


def test_terms_without_changes_are_those_of_the_network() -> None:
    """A change that is taken away again, or neutral, leaves no trace."""
    neutral = [
        change(30.0, "lane", "mine|plant|", "price", Factor(1.0)),
        change(30.0, "lane", "mine|plant|", "duty", Add(0.0)),
        change(30.0, "slot", "plant|ore", "reaction", Factor(1.0)),
    ]
    with_, without = run_with(chain(), *neutral), run_with(chain())
    assert with_.events == without.events
    for key, values in without.money.items():
        assert np.array_equal(values, with_.money[key]), key
