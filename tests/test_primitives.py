"""Primitives: the terms of lanes, reactions and recipes that change, inspections, and attempts that may succeed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twin_check import assert_same

import supplysim as ss
from supplysim.changes import Add, Attempts, Cap, Change, Factor, Inspection, Target, Value
from supplysim.engines.trace import Trace
from supplysim.plan import Plan, make_plan
from supplysim.testing import durations, networks, scenarios

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
TERMS = {
    "lane": ("price", "cost", "duty", "precedence", "capacity", "share", "delay", "gate"),
    "slot": ("reaction", "gain", "cover"),
}


def plan_with(
    network: ss.Network,
    primitives: Sequence[Change | Attempts],
    *,
    scenario: ss.Scenario | None = None,
    days: int = 120,
    seed: int = 1,
    replication: int = 0,
) -> Plan:
    """A plan in which these changes and attempts are made, too."""
    plan = make_plan(
        network, scenario, horizon=days, seed=seed, replication=replication, warmup=None
    )
    changes = [x for x in primitives if isinstance(x, Change)]
    attempts = tuple(x for x in primitives if isinstance(x, Attempts))
    together = sorted((*plan.timeline.changes, *changes), key=lambda x: (x.time, x.target, x.key))
    timeline = dataclasses.replace(
        plan.timeline, changes=tuple(together), attempts=plan.timeline.attempts + attempts
    )
    return dataclasses.replace(plan, timeline=timeline)


def run_with(network: ss.Network, *primitives: Change | Attempts, days: int = 120) -> Trace:
    """What both engines find."""
    return assert_same(plan_with(network, primitives, days=days))


def change(time: float, kind: str, name: str, attribute: str, value: Value | None) -> Change:
    return Change(time, Target(kind, name, attribute), "test", value)  # type: ignore[arg-type]


NUMBERS = st.one_of(
    st.none(),
    st.sampled_from((0.0, 0.25, 0.5, 1.5)).map(Factor),
    st.sampled_from((0.5, 1.0, 3.0)).map(Add),
    st.sampled_from((0.0, 0.5, 20.0)).map(Cap),
)
CHECKS = st.builds(
    Inspection,
    key=st.sampled_from(("port", "search")),
    share=st.sampled_from((0.0, 0.5, 1.0)),
    hold=durations(0, 40),
    fate=st.sampled_from(("held", "seized")),
)
GATES = st.none() | CHECKS | st.just(ss.Closed())


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    network = draw(networks(deterministic=False, policies="any", cycles=True))
    names = {"lane": sorted(network.lanes_by_key), "slot": sorted(network.slots)}

    def one() -> Change:
        kind = draw(st.sampled_from(sorted(TERMS)))
        attribute = draw(st.sampled_from(TERMS[kind]))
        target = Target(kind, draw(st.sampled_from(names[kind])), attribute)  # type: ignore[arg-type]
        value = draw(GATES if attribute == "gate" else NUMBERS)
        return Change(float(draw(st.integers(-10, 90))), target, draw(st.sampled_from("ab")), value)

    once = {(x.time, x.target, x.key): x for x in (one() for _ in range(draw(st.integers(1, 8))))}
    primitives: list[Change | Attempts] = list(once.values())
    if draw(st.booleans()):
        lists = [
            tuple(dataclasses.replace(one(), key="theft") for _ in range(draw(st.integers(0, 2))))
            for _ in range(draw(st.integers(0, 4)))
        ]
        begins = float(draw(st.integers(-60, 60)))
        primitives.append(
            Attempts(
                "theft",
                then=tuple(lists),
                chances=((begins, draw(st.sampled_from((0.3, 1.0)))), (begins + 40.0, 0.5)),
                times=tuple(draw(st.lists(st.integers(0, 100).map(float), max_size=3))),
                interval=draw(st.none() | durations(1, 40)),
                delay=draw(st.sampled_from((0.0, 3.5, 30.0))),
                begins=begins,
                ends=draw(st.sampled_from((math.inf, begins + 30.0))),
            )
        )
    return plan_with(network, primitives, scenario=draw(st.none() | scenarios(network)))


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


# --- inspections -----------------------------------------------------------------------------------


def leak(rate: float = 1.0) -> ss.Network:
    """A lane that carries one unit a day at most, to a user who wants more than comes."""
    return ss.Network(
        name="leak",
        commodities=[ss.Commodity("ore")],
        sites=[ss.Site("mine", country="RU", makes="ore", capacity=10.0, lot=1.0)],
        demands=[ss.Demand("use", country="DE", commodity="ore", rate=rate, unmet="lost")],
        lanes=[ss.Lane("mine", "use", lead_time=2.0, capacity=1.0)],
    )


@pytest.mark.parametrize("chance", [0.2, 0.5, 0.9])
def test_what_is_seized_leaves_its_share_of_the_leak_s_capacity(chance: float) -> None:
    """(1 - p) of the capacity arrives; each shipment has its own draw, so n shipments have n p (1 - p) variance."""
    days = 1500
    gate = Target("lane", "mine|use|", "gate")
    check = Change(0.0, gate, "search", Inspection("search", chance, fate="seized"))
    trace = run_with(leak(), check, days=days)
    shipped = trace.daily["lane", "shipped"][:, 0]
    seized = trace.daily["lane", "seized"][:, 0]
    sent = int((shipped > 0.0).sum())
    error = math.sqrt(sent * chance * (1.0 - chance)) * float(shipped.max())
    assert float(seized.sum()) == pytest.approx(chance * float(shipped.sum()), abs=3.0 * error)
    received = float(trace.daily["lane", "received"].sum())
    assert received == pytest.approx((1.0 - chance) * float(shipped.sum()), abs=3.0 * error + 3.0)
    assert float(shipped.sum()) == pytest.approx(days, rel=0.02)  # the leak is used to the full


def test_what_is_held_arrives_later_by_so_much() -> None:
    """All shipments are held 20 days: one gap, then everything as before (the plan follows the longer way)."""
    network = chain()
    gate = Target("lane", "mine|plant|", "gate")
    held = run_with(network, Change(40.0, gate, "port", Inspection("port", 1.0, ss.Fixed(20.0))))
    calm = run_with(network)
    lane = held.names["lane"].index("mine|plant|")
    late, soon = (x.daily["lane", "received"][:, lane] for x in (held, calm))
    assert late[:42].tolist() == soon[:42].tolist()
    assert late[42:60].sum() == 0.0
    assert late[80:].sum() > 0.8 * soon[80:].sum()


def test_an_inspection_that_stops_nothing_leaves_no_trace() -> None:
    gate = Target("lane", "mine|plant|", "gate")
    idle = run_with(chain(), Change(10.0, gate, "port", Inspection("port", 0.0, ss.Fixed(20.0))))
    calm = run_with(chain())
    assert idle.events == calm.events


# --- attempts --------------------------------------------------------------------------------------


def thefts(**terms: Any) -> Attempts:
    """Attempts each of whose successes takes a tenth of the mine's capacity, up to 200 of them."""
    target = Target("site", "mine", "capacity")
    lists = tuple((Change(0.0, target, "theft", Factor(0.9)),) for _ in range(200))
    return Attempts("theft", then=lists, **terms)


def successes(attempts: Attempts, replication: int, days: int = 400) -> list[float]:
    plan = plan_with(chain(), [attempts], days=days, replication=replication)
    trace = assert_same(plan)
    return [time for time, kind, _, _ in trace.events or () if kind == "succeeded"]


def test_poisson_attempts_are_thinned_by_the_chance_of_success() -> None:
    """Successes in T days are Poisson with mean rate x chance x T: mean and variance within three standard errors."""
    rate, chance, days, runs = 0.05, 0.4, 400, 60
    every = thefts(chances=((0.0, chance),), interval=ss.Exponential(1.0 / rate))
    counts = np.array([len(successes(every, i, days)) for i in range(runs)], dtype=float)
    mean = rate * chance * days
    assert counts.mean() == pytest.approx(mean, abs=3.0 * math.sqrt(mean / runs))
    assert counts.var(ddof=1) == pytest.approx(mean, abs=3.0 * mean * math.sqrt(2.0 / runs) * 1.2)


def test_protection_takes_successes_away_and_adds_none() -> None:
    """The same attempts have the same luck: what succeeds against protection succeeds without it."""
    terms = {"interval": ss.Exponential(10.0), "delay": 5.0}
    for replication in range(5):
        open_ = successes(thefts(chances=((0.0, 0.6),), **terms), replication)
        cut = successes(thefts(chances=((0.0, 0.6), (200.0, 0.2)), **terms), replication)
        assert set(cut) <= set(open_)
        assert [t for t in open_ if t < 205.0] == [t for t in cut if t < 205.0]
        assert len(cut) < len(open_)


def test_dated_attempts_succeed_at_their_dates_and_the_delay() -> None:
    sure = thefts(chances=((0.0, 1.0),), times=(30.0, 10.0, 500.0), delay=7.0, ends=100.0)
    assert successes(sure, 0) == [17.0, 37.0]
    assert successes(dataclasses.replace(sure, chances=((20.0, 1.0),)), 0) == [37.0]
    assert successes(dataclasses.replace(sure, chances=()), 0) == []
    assert successes(dataclasses.replace(sure, then=sure.then[:1]), 0) == [17.0]
