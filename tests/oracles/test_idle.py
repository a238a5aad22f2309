"""Idle capacity: when it restarts, how it ramps up, when it stops; by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import HealthCheck, given, settings
from twin_check import assert_same

import supplysim as ss
from supplysim import testing
from supplysim.changes import Change, Target, Watch
from supplysim.engines.simpy_engine import State
from supplysim.plan import make_plan

SOME = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
AGAIN = 87
"""The day when the other source of `rivals` has its idle capacity back."""


def rivals(**idle: Any) -> ss.Network:
    """Two sources of one customer who wants 2 a day, each with a capacity of 1; the second has 1 more that is idle.

    A ban on the first begins on day 10. After five days without, the customer turns to the second and orders what
    the first owes, too: 5 and 1 more than usual of that day, and then 2 a day. The second has 3.125 in stock
    after that day's delivery, so on the looks from day 16 on it owes 2.875, 3.875, ... more than it has.
    """
    given = {"after": 10.0, "delay": 60.0, "backlog": 3.0, "ramp": 0.0} | idle
    mine = ss.Site("a", country="CN", makes="ore", capacity=1.0, lot=0.125)
    other = dataclasses.replace(mine, name="b", country="AU", cover=2.0, idle=ss.Idle(1.0, **given))
    return ss.Network(
        name="rivals",
        commodities=[ss.Commodity("ore")],
        sites=[mine, other],
        demands=[
            ss.Demand(
                "use",
                country="DE",
                commodity="ore",
                rate=2.0,
                unmet="backlog",
                reaction=5.0,
                policy=ss.DaysOfCover(20.0),
            )
        ],
        lanes=[ss.Lane(name, "use", share=0.5, lead_time=4.0) for name in ("a", "b")],
    )


def ban(ends: float = 300.0) -> ss.Scenario:
    measure = ss.ExportBan(origin=["CN"], commodities=["ore"], begins=10, ends=ends)
    return ss.Scenario(measures=[measure])


def capacities(network: ss.Network, scenario: ss.Scenario | None, days: int, site: str) -> Any:
    """A site's capacity at noon of each day."""
    seen = []

    def look(env: simpy.Environment, state: State) -> Generator[simpy.Event, None, None]:
        yield env.timeout(0.5 - env.now)
        while True:
            seen.append(state.capacity(site))
            yield env.timeout(1.0)

    ss.simulate(network, scenario, horizon=days, processes=[look])
    return np.array(seen)


def test_capacity_comes_back_on_the_day_that_the_rule_says() -> None:
    """Past 3 days first on day 17, for 10 days on day 27, and 60 days later it works."""
    seen = capacities(rivals(), ban(), 200, "b")
    assert set(seen[:AGAIN]) == {1.0}
    assert set(seen[AGAIN : AGAIN + 20]) == {2.0}
    assert capacities(rivals(backlog=2.0), ban(), 100, "b").tolist().index(2.0) == AGAIN - 1
    assert capacities(rivals(after=0.0), ban(), 100, "b").tolist().index(2.0) == AGAIN - 10
    assert capacities(rivals(delay=0.0), ban(), 100, "b").tolist().index(2.0) == AGAIN - 60


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
@pytest.mark.parametrize("ramp", [0.0, 30.0, 2.5])
def test_additional_output_is_the_ramp(ramp: float, engine: str) -> None:
    """In daily steps: day / ramp of it after so many days, so on average half, less half a step."""
    run = ss.simulate(rivals(ramp=ramp), ban(), horizon=AGAIN + 60, engine=engine)
    begun = run.data.started.sel(site="b").values
    assert begun[20:AGAIN].sum() == pytest.approx(AGAIN - 20)
    extra = sum(min(1.0, day / ramp) if ramp else 1.0 for day in range(60))
    if ramp == 2.5:
        extra = 57.0 + 1 / 2.5 + 2 / 2.5  # on days 1 and 2; looks are daily, so all of it on day 3
    assert extra == pytest.approx({0.0: 60.0, 30.0: 44.5, 2.5: 58.2}[ramp])
    assert begun[AGAIN:].sum() == pytest.approx(60.0 + extra, abs=0.126)  # a lot more or less


def surge(factor: float, begins: float, ends: float, **idle: Any) -> tuple[ss.Network, Any]:
    """A mine of capacity 1.25 and a customer of 1 a day, who for a while wants more."""
    given = {"after": 4.0, "delay": 6.0, "backlog": 2.0, "ramp": 0.0} | idle
    network = ss.Network(
        name="surge",
        commodities=[ss.Commodity("ore")],
        sites=[
            ss.Site(
                "mine",
                country="AU",
                makes="ore",
                capacity=1.25,
                lot=0.125,
                cover=0.0,
                idle=ss.Idle(1.25, **given),
            )
        ],
        demands=[
            ss.Demand("use", country="DE", commodity="ore", rate=1.0, unmet="backlog", reaction=999)
        ],
        lanes=[ss.Lane("mine", "use")],
    )

    def process(env: simpy.Environment, state: State) -> Generator[simpy.Event, None, None]:
        for time, value in ((begins, ss.Factor(factor)), (ends, None)):
            yield env.timeout(time - env.now)
            state.change(Target("demand", "use", "rate"), "surge", value)

    return network, process


def watched(network: ss.Network, process: Any, days: int) -> tuple[Any, Any]:
    """Capacity at noon, and what the mine owes beyond its stock, as a look at the day sees it."""
    seen, owed = [], []

    def look(env: simpy.Environment, state: State) -> Generator[simpy.Event, None, None]:
        yield env.timeout(0.0 - env.now)
        while True:
            owed.append(max(0.0, state.book("mine|use|") - state.stock("mine")))
            yield env.timeout(0.5)
            seen.append(state.capacity("mine"))
            yield env.timeout(0.5)

    ss.simulate(network, horizon=days, processes=[process, look])
    return np.array(seen), np.array(owed[:days])


def test_it_stops_when_little_has_been_owed_for_as_long() -> None:
    seen, owed = watched(*surge(3.0, 10.0, 40.0), days=160)
    first = int(np.flatnonzero(owed > 2.0)[0])
    assert seen.tolist().index(2.5) == first + 4 + 6
    low = next(day for day in range(first + 10, 160) if (owed[day : day + 5] < 2.0).all())
    assert set(seen[first + 10 : low + 4]) == {2.5}
    assert set(seen[low + 4 :]) == {1.25}


def test_a_restart_is_called_off_when_debts_are_gone() -> None:
    """It is decided, but before it works little has been owed for long enough."""
    seen, owed = watched(*surge(3.0, 10.0, 14.0, delay=40.0), days=100)
    high = np.flatnonzero(owed > 2.0)
    assert high[-1] - high[0] >= 4
    assert set(seen) == {1.25}
    short, owed = watched(*surge(3.0, 10.0, 12.0, after=20.0, delay=0.0), days=100)
    assert (owed > 2.0).any()  # but not for long enough
    assert set(short) == {1.25}


def test_a_site_may_stand_still_as_a_whole() -> None:
    """Backlog is then counted in days of planned output; it opens without stock, so it owes all it is asked for."""
    network = rivals()
    mine, other = network.sites
    spare = dataclasses.replace(
        other, capacity=None, planned=0.5, idle=ss.Idle(2.0, after=3, delay=7, backlog=4.0, ramp=4)
    )
    lanes = [dataclasses.replace(lane, share=float(lane.source == "a")) for lane in network.lanes]
    network = network.replace(sites=[dataclasses.replace(mine, capacity=2.0), spare], lanes=lanes)
    assert network.baseline().capacity["b"] == 2.0
    seen = capacities(network, ban(), 60, "b")
    # on day 15 it is asked for 12, more than 4 days of 0.5; 3 days later it is decided, 7 later a quarter comes
    assert seen[:27].tolist() == [0.0] * 27
    assert seen[27:31].tolist() == [0.5, 1.0, 1.5, 2.0]
    assert_same(make_plan(network, ban(), horizon=90, seed=1, replication=0, warmup=None))


def test_an_outage_stops_all_of_a_site() -> None:
    both = ss.Scenario(
        measures=[*ban().measures, ss.Outage(sites=["b"], begins=90, ends=95, severity=0.5)]
    )
    seen = capacities(rivals(), both, 100, "b")
    assert seen[AGAIN:].tolist() == [2.0] * 3 + [1.0] * 5 + [2.0] * 5


def test_it_goes_on_through_branches() -> None:
    """What was owed before the branch counts, and what has restarted goes on."""
    run = ss.simulate(rivals(), ban(), horizon=150, events=True)
    for at in (20, 50, 100):
        testing.assert_same(run, ss.branch(run, at=at, scenario=ban()))
    lifted = ss.branch(run, at=25, scenario=None)
    assert float(lifted.data.started.sel(site="b")[AGAIN : AGAIN + 20].sum()) < 25.0


def still(network: ss.Network) -> ss.Network:
    """Without idle capacity, where there is some besides."""
    return network.replace(
        sites=[
            dataclasses.replace(site, idle=None) if site.capacity or site.utilisation else site
            for site in network.sites
        ]
    )


@SOME
@given(testing.networks(policies="cover", deterministic=True, initial=False, cycles=True))
def test_undisturbed_it_never_restarts(network: ss.Network) -> None:
    """Not even where any debt would do, at the first look."""
    eager = network.replace(
        sites=[
            site
            if site.idle is None
            else dataclasses.replace(
                site,
                idle=dataclasses.replace(site.idle, backlog=0.0, after=0.0, delay=0.0, ramp=0.0),
            )
            for site in network.sites
        ]
    )
    runs = [ss.simulate(net, horizon=150, events=True) for net in (eager, still(network))]
    testing.assert_same(*runs)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"idle": None, "capacity": None}, "exactly one of capacity and utilisation"),
        ({"capacity": 0.5}, "at least the baseline output of 1 a day; found 0.5"),
        ({"capacity": None}, "at least the baseline output of 1 a day; found 0.0"),
        ({"planned": 3.0}, "at least the baseline output of 3 a day"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], told: str) -> None:
    network = rivals()
    with pytest.raises(ss.InvalidInput, match=told):
        network.replace(sites=[network.sites[0], dataclasses.replace(network.sites[1], **fields)])


def test_idle_capacity_needs_an_output_to_count_days_of() -> None:
    spare = ss.Site("c", country="AU", makes="ore", idle=ss.Idle(1.0))
    with pytest.raises(ss.InvalidInput, match="must be above 0 where there is idle"):
        rivals().replace(sites=[*rivals().sites, spare])
    with pytest.raises(ss.InvalidInput, match="greater than 0"):
        ss.Idle(0.0)


def test_firms_share_it() -> None:
    firms = rivals().split("b", [0.25, 0.75], {})
    assert [site.idle.capacity for site in firms.sites[1:] if site.idle] == [0.25, 0.75]


def test_columns_may_leave_capacity_out_where_all_is_idle() -> None:
    given: dict[str, Any] = {
        "name": "n",
        "commodities": {"name": ["ore"]},
        "sites": {
            "name": ["a", "b"],
            "country": "CN",
            "makes": "ore",
            "capacity": [1.0, None],
            "planned": 0.5,
            "idle": [None, ss.Idle(1.0)],
        },
    }
    network = ss.Network.from_tables(**given)
    assert network.sites[1].idle == ss.Idle(1.0)
    given["sites"]["idle"] = None
    with pytest.raises(ss.InvalidInput, match=r"sites\[1\].capacity: give exactly one"):
        ss.Network.from_tables(**given)


def test_a_watch_on_output_sees_the_mean_of_its_days() -> None:
    """A mine that stops on day 10 has made 7, 6, ... of 10 in the last ten days on the looks of days 13, 14, ..."""
    mine = ss.Site("mine", country="AU", makes="ore", capacity=2.0, lot=1.0)
    network = ss.Network(
        name="output",
        commodities=[ss.Commodity("ore")],
        sites=[mine],
        demands=[ss.Demand("use", country="DE", commodity="ore", rate=1.0)],
        lanes=[ss.Lane("mine", "use", lead_time=1.0)],
    )
    stop = ss.Scenario(measures=[ss.Outage(sites=["mine"], begins=10, ends=30)])
    target = Target("demand", "use", "rate")
    watch = Watch(
        "exit",
        ("mine",),
        level=0.45,
        back=0.65,
        then=(Change(0.0, target, "exit", ss.Factor(0.5)),),
        otherwise=(Change(0.0, target, "exit", None),),
        observable="output",
        for_days=10.0,
    )
    laid = make_plan(network, stop, horizon=60, seed=1, replication=0, warmup=None)
    timeline = dataclasses.replace(laid.timeline, watches=(watch,))
    trace = assert_same(dataclasses.replace(laid, timeline=timeline))
    wanted = trace.daily["demand", "wanted"][:, 0]
    made = np.cumsum([0.0, *trace.daily["site", "output"][:, 0]])
    mean = [(made[day] - made[day - 10]) / 10.0 for day in range(10, 61)]
    first = 10 + next(i for i, share in enumerate(mean) if share < 0.45)
    again = first + next(i for i, share in enumerate(mean[first - 10 :]) if share > 0.65)
    assert first == 16
    assert wanted[:first].tolist() == [1.0] * first
    assert set(wanted[first:again]) == {0.5}
    assert wanted[again] == 1.0
