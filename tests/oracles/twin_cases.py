"""Small hand-made runs that between them reach every branch of the compiled engine.

Changes are laid out directly where no measure makes them. Without a warm-up and with few days the kernel may also
run as plain Python, where an overrun of a buffer is an error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import supplysim as ss
from supplysim.changes import (
    Add,
    Calendar,
    Cap,
    Change,
    Closed,
    Factor,
    Ledger,
    Office,
    Recall,
    Renewal,
    Target,
    Value,
    Watch,
)
from supplysim.plan import Plan, make_plan
from supplysim.scenario import Scenario
from supplysim.splicing import Spliced

Case = Callable[[], Plan]
Part = ss.Site | ss.Store | ss.Demand | ss.Lane
FAR = 1e6
"""Days: a reaction that never comes."""


def network(*parts: Part) -> ss.Network:
    """A network of ore and of parts made of it."""
    return ss.Network(
        name="case",
        commodities=[
            ss.Commodity("ore", price=2.0),
            ss.Commodity("coal"),
            ss.Commodity("part", price=5.0),
        ],
        sites=[x for x in parts if isinstance(x, ss.Site)],
        stores=[x for x in parts if isinstance(x, ss.Store)],
        demands=[x for x in parts if isinstance(x, ss.Demand)],
        lanes=[x for x in parts if isinstance(x, ss.Lane)],
    )


def mine(name: str = "mine", **given: Any) -> ss.Site:
    fields = {"country": "CN", "makes": "ore", "capacity": 10.0, "lot": 2.0, "cover": 3.0}
    return ss.Site(name, **(fields | {"holding_cost": 0.1} | given))


def use(name: str = "use", **given: Any) -> ss.Demand:
    fields: dict[str, Any] = {"country": "DE", "commodity": "ore", "rate": 1.0, "penalty": 3.0}
    fields |= {"policy": ss.DaysOfCover(2.0), "reaction": FAR, "holding_cost": 0.2}
    return ss.Demand(name, **(fields | given))


def lane(source: str = "mine", target: str = "use", **given: Any) -> ss.Lane:
    costs = {"cost": 0.5, "order_cost": 0.25, "holding_cost": 0.125}
    return ss.Lane(source, target, **({"lead_time": 2.0} | costs | given))


def plan(
    net: ss.Network,
    *changes: Change,
    watches: Sequence[Watch] = (),
    renewals: Sequence[Renewal] = (),
    scenario: Scenario | Spliced | None = None,
    days: int = 15,
    warmup: int = 0,
    seed: int = 1,
) -> Plan:
    """A run of so many days; what the scenario lays out and what is given here both happen."""
    made = make_plan(net, scenario, horizon=days, seed=seed, replication=0, warmup=warmup)
    before = made.timeline
    timeline = dataclasses.replace(
        before,
        changes=tuple(sorted((*before.changes, *changes), key=lambda x: (x.time, x.target, x.key))),
        watches=(*before.watches, *watches),
        renewals=(*before.renewals, *renewals),
    )
    return dataclasses.replace(made, timeline=timeline)


def gate(time: float, lane: str, value: Value | None, key: str = "law") -> Change:
    return Change(time, Target("lane", lane, "gate"), key, value)


def recall(time: float, lane: str, fate: Any) -> Change:
    return Change(time, Target("lane", lane, "in_transit"), "law", Recall(fate))


def capacity(time: float, site: str, value: Value | None, key: str = "law") -> Change:
    return Change(time, Target("site", site, "capacity"), key, value)


def rate(time: float, demand: str, value: Value | None) -> Change:
    return Change(time, Target("demand", demand, "rate"), "law", value)


# --- quotas --------------------------------------------------------------------------------------


def pairs(count: int, **site: Any) -> ss.Network:
    """So many mines with one customer each."""
    parts: list[Part] = []
    for i in range(count):
        parts += [mine(f"m{i:02}", **site), use(f"u{i:02}", rate=1.0 + i / 8)]
        parts.append(lane(f"m{i:02}", f"u{i:02}"))
    return network(*parts)


def _under_one_quota(rule: Any) -> Plan:
    quota = Ledger("law", 11.0, period=3.0, rule=rule)
    return plan(pairs(14), *(gate(0.0, f"m{i:02}|u{i:02}|", quota) for i in range(14)))


def many_lanes_under_one_quota() -> Plan:
    """More claims at once than any node has lanes."""
    return _under_one_quota("claims")


def many_lanes_under_one_quota_by_history() -> Plan:
    return _under_one_quota("history")


def quotas_that_overlap() -> Plan:
    """What one quota grants and the other does not is free again; marks; a lane leaves and comes back."""
    a = Ledger("a", 3.0, period=5.0, marks=(4.0, 7.5))
    b = Ledger("b", 1.5, period=2.0)
    changes = [gate(0.0, f"m0{i}|u0{i}|", a, "a") for i in range(3)]
    changes += [gate(0.0, f"m0{i}|u0{i}|", b, "b") for i in (1, 2)]
    changes += [gate(3.0, "m01|u01|", None, "a"), gate(6.0, "m01|u01|", a, "a")]
    return plan(pairs(3), *changes)


def quotas_of_one_key() -> Plan:
    """Two of one key on one lane are settled in their own order; the same one twice counts twice."""
    small, large = Ledger("law", 1.25, period=2.0), Ledger("law", 2.5, period=4.0)
    changes = [gate(0.0, "m00|u00|", large, "a"), gate(0.0, "m00|u00|", small, "b")]
    changes += [gate(0.0, "m01|u01|", small, "a"), gate(0.0, "m01|u01|", large, "b")]
    changes += [gate(0.0, "m02|u02|", large, "a"), gate(2.0, "m02|u02|", large, "b")]
    changes += [gate(9.0, "m02|u02|", None, "a")]
    return plan(pairs(3), *changes)


def quota_on_one_source() -> Plan:
    """A blocked lane whose goods stand at the gate, beside one that is open."""
    net = network(
        mine(),
        mine("pit"),
        use(reaction=1.0, unmet="backlog"),
        use("other"),
        lane(share=0.5),
        lane("pit", share=0.5, max_share=0.625),
        lane(target="other"),
    )
    quota = Ledger("law", 0.75, period=1.0)
    return plan(net, gate(0.0, "mine|use|", quota), gate(0.0, "mine|other|", quota), days=20)


# --- offices -------------------------------------------------------------------------------------


def more_desks_than_room() -> Plan:
    """More than 64 applications at once, and more than there are desks."""
    office = Office("law", service=ss.Fixed(3.0), desks=70, per_dispatch=True)
    net = network(mine(capacity=100.0), use(rate=8.0, period=0.125), lane())
    return plan(net, gate(0.0, "mine|use|", office), days=14)


def one_desk() -> Plan:
    """Applications wait for a desk, some are referred, some refused; week-ends and holidays."""
    office = Office(
        "law",
        service=ss.Uniform(0.0, 1.0),
        papers=ss.Exponential(0.5),
        desks=2,
        referred=0.3,
        referred_delay=ss.Fixed(1.5),
        approval={"DE": 0.6},
        default_approval=0.7,
        size=2.0,
        calendar=Calendar(working_week=True, weekday=3, holidays=((5, 6), (12, 12))),
    )
    changes = [gate(0.0, f"m0{i}|u0{i}|", office) for i in range(3)]
    changes += [gate(7.25, "m01|u01|", None), gate(8.5, "m01|u01|", office)]
    return plan(pairs(3), *changes, days=20)


def routine_cases() -> Plan:
    """Known customers are routine; a part of the flow is licensed before; holidays without free week-ends."""
    office = Office(
        "law",
        service=ss.Fixed(2.0),
        referred=0.5,
        referred_delay=ss.Fixed(1.0),
        routine_after=2,
        pre_licensed=0.5,
        calendar=Calendar(holidays=((3, 4),)),
    )
    free = Office("law", service=ss.Fixed(2.0), pre_licensed=1.0)
    changes = [gate(2.5 * i, f"m0{i}|u0{i}|", office) for i in range(2)]
    return plan(pairs(3), *changes, gate(0.0, "m02|u02|", free), days=20)


def general_licences() -> Plan:
    """Once and for all; one that is there at once; one that replaces another on the lane."""
    slow = Office("law", service=ss.Fixed(2.0), single=False)
    at_once = Office("law")
    changes = [gate(0.0, f"m0{i}|u0{i}|", office) for i, office in enumerate((slow, at_once, slow))]
    return plan(pairs(3), *changes, gate(5.0, "m02|u02|", at_once), gate(9.0, "m02|u02|", slow))


def offices_of_one_key() -> Plan:
    """Answers at one instant come in one order; the same office twice on a lane goes when both are gone."""
    a, b = Office("law", service=ss.Fixed(2.0)), Office("law", papers=ss.Fixed(2.0))
    changes = [gate(0.0, f"m0{i}|u0{i}|", (a, b)[i % 2]) for i in range(6)]
    changes += [gate(0.0, "m05|u05|", b, "more"), gate(1.5, "m05|u05|", None)]
    changes += [gate(0.0, "m04|u04|", b, "more"), gate(0.0, "m03|u03|", Ledger("law", 1.0), "q")]
    return plan(pairs(6), *changes)


def licence_of_a_blocked_lane() -> Plan:
    """A buyer who has turned away asks for a licence even where nothing is left to ship."""
    office = Office("law", service=ss.Fixed(3.0))
    net = network(
        mine(),
        mine("pit", country="JP"),
        use(reaction=1.0, retain=0.5),
        lane(share=0.75),
        lane("pit", share=0.25),
    )
    return plan(net, gate(0.0, "mine|use|", office), days=20)


# --- watches, renewals -----------------------------------------------------------------------------


def _watch(key: str, *then: Change, **given: Any) -> Watch:
    back = tuple(dataclasses.replace(change, value=None) for change in then)
    return Watch(key, ("use",), **({"level": FAR, "back": FAR} | given), then=then, otherwise=back)


def watches_of_one_key() -> Plan:
    """Those of one key act in the order in which they are listed, whichever looked first."""
    one = _watch("w", capacity(0.0, "mine", Factor(0.0)), delay=6.0)
    two = _watch("w", capacity(0.0, "mine", Factor(0.05)), delay=3.0, begins=2.5, ends=9.5)
    return plan(network(mine(), use(), lane()), watches=[one, two], days=20)


def watches_that_wait() -> Plan:
    """Conditions that must hold for days, steps with times of their own, some of which never come."""
    steps = [capacity(day, "mine", Factor(1.0 + day)) for day in (0.0, 0.5, 1.0, 4.0)]
    net = network(mine(capacity=1.0), use(unmet="backlog"), lane())
    owed = {"level": 0.5, "back": 0.5, "observable": "owed", "for_days": 2.0}
    stop = (capacity(0.0, "mine", None),)
    watches = [
        Watch("o", ("mine",), then=tuple(steps), otherwise=stop, delay=0.5, **owed),
        Watch("p", ("mine",), then=tuple(steps[1:]), otherwise=stop, ends=9.0, **owed),
        _watch("s", rate(0.0, "use", Factor(0.5)), level=1.5, back=1.0, for_days=1.5),
    ]
    changes = [rate(3.0, "use", Factor(2.5)), rate(9.0, "use", None)]
    return plan(net, *changes, watches=watches, days=30)


def watches_on_output() -> Plan:
    """Of one site and of two, over days that are not whole; where nothing is to be made, nothing is missed."""
    net = network(
        mine(), mine("other", lot=0.5), use(rate=2.0), lane(share=0.5), lane("other", share=0.5)
    )
    net = net.replace(sites=[*net.sites, mine("none")])
    stop, back = capacity(0.0, "mine", Cap(0.25), "exit"), capacity(0.0, "mine", None, "exit")
    given = {
        "level": 0.5,
        "back": 0.75,
        "then": (stop,),
        "otherwise": (back,),
        "observable": "output",
    }
    watches = [
        Watch("x", ("mine",), for_days=4.5, delay=2.0, begins=2.0, **given),
        Watch("y", ("mine", "other"), for_days=0.0, **given),
        Watch("z", ("none",), for_days=3.0, **given),
    ]
    changes = [rate(8.0, "use", Factor(0.1)), rate(20.0, "use", None)]
    return plan(net, *changes, watches=watches, days=40)


def idle_capacity() -> Plan:
    """It ramps up, stops, is called off; one site stands still as a whole."""
    rule = ss.Idle(1.0, after=1.0, backlog=0.5, delay=2.0, ramp=2.5)
    net = network(
        mine(capacity=1.0, idle=rule),
        mine("spare", capacity=None, planned=0.25, idle=dataclasses.replace(rule, after=0.0)),
        use(unmet="backlog", reaction=2.0),
        lane(),
        lane("spare", share=0.0),
    )
    surges = [(2.0, Factor(3.0)), (10.0, None), (20.0, Factor(4.0)), (23.0, None)]
    return plan(net, *(rate(day, "use", value) for day, value in surges), days=40)


def watch_in_the_first_instant() -> Plan:
    """It looks before the first orders and lots, even where the run has no warm-up."""
    net = network(mine(), mine("spare", planned=1.0), use(), lane(), lane("spare", share=0.0))
    stop = capacity(0.0, "spare", Factor(0.0))
    return plan(net, watches=[_watch("w", stop, ends=5.0)], days=12)


def watch_that_lets_go() -> Plan:
    """Below, above, and the end while it acts; a store's stock is that of its source."""
    hub = ss.Store("hub", country="DE", commodity="ore")
    net = network(mine(), hub, use(), lane(target="hub"), lane("hub"))
    then = (gate(0.0, "hub|use|", Closed()), gate(0.0, "mine|hub|", Ledger("w", 0.5, 1.0)))
    back = tuple(dataclasses.replace(change, value=None) for change in then)
    low = Watch("w", ("use",), level=2.5, back=3.5, then=then, otherwise=back)
    pooled = Watch("x", ("hub", "use"), 28.0, 29.0, then[:1], back[:1], delay=0.5, ends=13.25)
    return plan(net, rate(3.0, "use", Factor(3.0)), watches=[low, pooled], days=20)


def quota_when_it_is_over() -> Plan:
    """A quota that only comes when the watch lets go."""
    shut, quota = (gate(0.0, "mine|use|", value) for value in (Closed(), Ledger("law", 0.5, 1.0)))
    watch = Watch("w", ("use",), FAR, FAR, (shut,), (quota,), ends=3.0)
    return plan(network(mine(), use(), lane()), watches=[watch])


def renewals_of_one_key() -> Plan:
    """Two strike at one instant, and a watch of the same key acts then; steps; the end of a spell."""
    net = network(mine(), use(unmet="backlog"), lane())

    def strikes(value: Value, **given: Any) -> Renewal:
        then = (capacity(0.0, "mine", value),)
        back = (capacity(0.0, "mine", None),)
        return Renewal("w", ss.Fixed(3.0), ss.Fixed(1.0), then, back, **given)

    watch = _watch("w", capacity(0.0, "mine", Factor(0.1)), delay=3.0, ends=7.0)
    renewals = [
        strikes(Factor(0.0)),
        strikes(Factor(0.04)),
        strikes(Cap(0.5), step=2.0, ends=9.0),
        strikes(Factor(0.5), ends=2.0),
    ]
    return plan(net, watches=[watch], renewals=renewals, days=20)


def renewals_in_the_warm_up() -> Plan:
    """What came and went before the start only moves the draws on."""
    then = (recall(0.0, "mine|use|", "returns"), gate(0.0, "mine|use|", Closed()))
    back = (gate(0.0, "mine|use|", None),)
    often = Renewal("r", ss.Exponential(2.0), ss.Uniform(0.0, 1.0), then, back, begins=-9.0)
    return plan(network(mine(), use(), lane()), renewals=[often], warmup=5, days=12)


def lanes_that_open_together() -> Plan:
    """Two lanes of one slot are blocked; one lot serves both books, to the last of the stock."""
    net = network(mine(lot=4.0), use(reaction=2.0), lane(share=0.5), lane(mode="air", share=0.5))
    changes = [capacity(0.0, "mine", Factor(0.0)), capacity(20.0, "mine", None)]
    return plan(net, *changes, days=25)


# --- recalls ---------------------------------------------------------------------------------------


def recall_of_many_shipments() -> Plan:
    """More shipments than buffers have room for at first; some overtake others, some would arrive after the end."""
    net = network(
        mine(capacity=100.0),
        use(rate=4.0, period=0.0625),
        use("late", rate=1.0),
        lane(lead_time=20.0),
        lane(target="late", lead_time=ss.Uniform(0.5, 8.0)),
    )
    changes = [recall(time, "mine|use|", "returns") for time in (17.0, 17.5, 19.0)]
    late = ((5.0, "seized"), (10.0, "returns"))
    changes += [recall(time, "mine|late|", fate) for time, fate in late]
    changes += [gate(17.0, "mine|use|", Closed()), gate(18.0, "mine|use|", None)]
    return plan(net, *changes, days=22)


def recall_that_is_none() -> Plan:
    """Nothing under way, and nothing to take away."""
    nothing = Change(2.0, Target("lane", "mine|use|", "in_transit"), "law", None)
    return plan(network(mine(), use(), lane()), nothing, recall(0.0, "mine|use|", "seized"), days=8)


# --- allocation --------------------------------------------------------------------------------------


def _scarce(allocation: Any) -> Plan:
    """One mine that is short, customers of unequal age, country and priority, one of them new."""
    net = network(
        mine(capacity=6.0, lot=1.5, cover=0.0, allocation=allocation),
        use("u1", country="CN", unmet="backlog", priority=1),
        use("u2", period=2.0, unmet="backlog"),
        use("u3", policy=ss.DaysOfCover(1.0, review=3.0), rate=1.5),
        use("u4", country="JP", priority=1),
        use("u5", reaction=1.0),
        use("u6", rate=0.02, unmet="backlog"),
        mine("pit"),
        lane(target="u1"),
        lane(target="u2", order_lag=1.0, priority=2),
        lane(target="u3", priority=2),
        lane(target="u4", order_lag=0.25),
        lane(target="u6"),
        lane("pit", "u5"),
        lane(target="u5", share=0.0),  # new business
    )
    changes = [
        gate(1.0, "pit|u5|", Closed()),
        capacity(1.0, "mine", Factor(0.4)),
        rate(5.0, "u4", Factor(2.0)),
    ]
    changes.append(rate(1.0, "u6", Factor(50.0)))  # more than its right
    return plan(net, *changes, recall(6.0, "mine|u2|", "returns"), days=16)


def proportional() -> Plan:
    return _scarce("proportional")


def fifo() -> Plan:
    return _scarce("fifo")


def by_priority() -> Plan:
    return _scarce("priority")


def domestic_first() -> Plan:
    return _scarce("domestic-first")


def incumbent_first() -> Plan:
    return _scarce("incumbent-first")


# --- orders, rerouting -------------------------------------------------------------------------------


def _two_ways(*, warmup: int = 0, **buyer: Any) -> Plan:
    """A ban on one of three ways, and what the others may take."""
    net = network(
        mine(cover=10.0),
        mine("pit", country="JP"),
        mine("quarry", country="US", capacity=2.0),
        use(**({"reaction": 2.0, "unmet": "backlog"} | buyer)),
        lane(share=0.625, order_lag=1.0),
        lane("pit", share=0.375, max_share=0.75),
        lane("quarry", share=0.0, max_share=0.125, order_lag=0.5),
    )
    changes = [gate(2.0, "mine|use|", Closed()), gate(11.0, "mine|use|", None)]
    changes += [Change(5.0, Target("lane", "pit|use|", "share"), "law", Cap(0.25))]
    return plan(net, *changes, days=20, warmup=warmup)


def rerouting() -> Plan:
    return _two_ways(retain=0.5, double_order=0.5)


def rerouting_for_good() -> Plan:
    return _two_ways(retain=1.0, double_order=1.0, reaction=0.5)


def rerouting_after_a_warm_up() -> Plan:
    return _two_ways(warmup=14, retain=0.25)


def rerouting_with_reviews() -> Plan:
    return _two_ways(policy=ss.DaysOfCover(2.0, review=2.0), retain=0.5)


def rerouting_with_batches() -> Plan:
    return _two_ways(policy=ss.ReorderPoint(4.0, 1.5), double_order=0.25)


def nowhere_to_turn() -> Plan:
    """All ways are shut, one that was idle too; shares fall to nothing."""
    net = network(mine(), mine("pit"), use(reaction=1.0), lane(), lane("pit", share=0.0))
    changes = [gate(1.0, f"{name}|use|", Closed()) for name in ("mine", "pit")]
    changes += [gate(8.0, "pit|use|", None), gate(10.0, "mine|use|", None)]
    none = Change(4.0, Target("lane", "mine|use|", "share"), "law", Factor(0.0))
    return plan(net, *changes, none, dataclasses.replace(none, time=14.0, value=None), days=20)


def stores_and_policies() -> Plan:
    """Every policy, reviewed at once or at odd times, with more cover now and then, and zero lead times."""
    policies = (
        ss.MinMax(3.0, 6.0),
        ss.ReorderPoint(2.0, 1.5, review=0.3),
        ss.BaseStock(4.0),
        ss.DaysOfCover(3.0, review=1.7),
    )
    parts: list[Part] = [mine(capacity=20.0)]
    changes = [Change(0.0, Target("slot", "hub0", "cover"), "law", Add(1.0))]
    for i, policy in enumerate(policies):
        hub, user = f"hub{i}", f"user{i}"
        other = policies[(i + 1) % 4]
        parts.append(ss.Store(hub, country="DE", commodity="ore", policy=policy, holding_cost=0.5))
        parts += [use(user, policy=other, period=0.7), lane(target=hub, lead_time=0.0)]
        parts.append(lane(hub, user, lead_time=0.5 * i, holding_cost=0.0))
        target = Target("slot", user, "cover")
        changes += [Change(4.3, target, "law", Add(2.0)), Change(9.0, target, "law", None)]
        changes += [gate(6.0, f"{hub}|{user}|", Closed()), gate(7.5, f"{hub}|{user}|", None)]
    return plan(network(*parts), *changes, days=14)


def lead_times_that_last() -> Plan:
    """Delays teach the buyer another lead time, and that they are over; lanes of limited capacity."""
    net = network(
        mine(),
        use(reaction=2.0),
        use("other", reaction=2.0, policy=ss.DaysOfCover(2.0, review=1.0)),
        lane(capacity=1.5, lead_time=1.0),
        lane(target="other", lead_time=ss.Lognormal(1.0, 0.5)),
    )
    delay, limit = Target("lane", "mine|use|", "delay"), Target("lane", "mine|use|", "capacity")
    free, other = Target("lane", "mine|other|", "capacity"), Target("lane", "mine|other|", "delay")
    changes = [Change(2.0, delay, "law", Add(3.0)), Change(12.0, delay, "law", None)]
    changes += [Change(3.0, limit, "law", Factor(0.0)), Change(4.0, limit, "law", Factor(0.7))]
    changes += [Change(6.0, free, "law", Factor(0.0)), Change(7.0, free, "law", Cap(0.5))]
    changes += [Change(9.0, free, "more", Add(1.0)), Change(11.0, free, "law", None)]
    return plan(net, *changes, Change(5.0, other, "law", Add(1.5)), days=24)


# --- demand, production, the start -------------------------------------------------------------------


def customers_at_random() -> Plan:
    """Rates go to nothing and back; sizes of every distribution; the draws of the warm-up are others."""
    sizes = (
        None,
        ss.Uniform(0.5, 1.5),
        ss.Triangular(0.0, 1.0, 2.0),
        ss.Exponential(1.0),
        ss.Lognormal(1.0, 2.0),
        ss.Empirical([0.5, 1.0, 2.0]),
        ss.Fixed(1.25),
    )
    parts: list[Part] = [mine(capacity=50.0, cover=0.5)]
    changes = []
    for i, size in enumerate(sizes):
        for how in ("poisson", "steady"):
            name = f"{how}{i}"
            unmet = "backlog" if i % 2 else "lost"
            parts += [use(name, arrivals=how, size=size, unmet=unmet), lane(target=name)]
            changes += [rate(-1.5, name, Factor(2.0)), rate(2.0, name, Factor(0.0))]
            changes += [rate(4.5, name, Factor(5.0)), rate(6.0, name, None)]
    return plan(network(*parts), *changes, days=8, warmup=2)


def factory(**site: Any) -> ss.Network:
    """A site with two inputs, one of which it may do without in part."""
    inputs = {
        "ore": ss.Input(0.5, policy=ss.DaysOfCover(1.0), initial=(0.5, 1.5)),
        "coal": ss.Input(0.25, needs=0.5, criticality=0.8, policy=ss.DaysOfCover(1.0, review=1.0)),
    }
    fields = {"country": "DE", "makes": "part", "capacity": 2.0, "lot": 1.5, "inputs": inputs}
    net = network(
        mine(),
        mine("pit", makes="coal"),
        ss.Site("works", **(fields | {"cycle_time": 0.4, "cover": 1.0} | site)),
        use(commodity="part", initial=ss.Days(0.5, 1.0), unmet="backlog"),
        use("other", commodity="part", initial=4.0),
        lane(target="works"),
        lane("pit", "works"),
        lane("works"),
        lane("works", "other"),
    )
    return net


def a_lot_in_line() -> Plan:
    """Capacity goes to nothing and back, and up, with a lot in line; inputs run short."""
    changes = [capacity(0.3, "works", Factor(0.0)), capacity(2.9, "works", Factor(0.5))]
    changes += [capacity(3.3, "works", Add(1.0), "more"), capacity(4.0, "works", Factor(0.5))]
    changes += [gate(5.0, "pit|works|", Closed()), gate(9.0, "pit|works|", None)]
    changes += [gate(9.0, "mine|works|", Closed()), gate(11.0, "works|use|", Closed())]
    return plan(factory(), *changes, days=20)


def lots_without_cycle_time() -> Plan:
    return plan(factory(cycle_time=0.0), rate(4.0, "use", Factor(3.0)), days=15)


def one_day() -> Plan:
    """The shortest run."""
    return plan(factory(), days=1)


def one_day_after_a_warm_up() -> Plan:
    return plan(factory(), capacity(-3.0, "works", Factor(0.25)), days=1, warmup=6)


def stocks_counted_after_a_warm_up() -> Plan:
    hub = ss.Store("hub", country="DE", commodity="ore", initial=(1.0, 9.0), retain=0.5)
    net = network(mine(), hub, use(initial=0.0), lane(target="hub"), lane("hub"))
    return plan(net, days=10, warmup=10)


def stages() -> Plan:
    """Measures that give way to others of the same key."""
    ban = {"origin": ["CN"], "commodities": ["ore"]}
    net = network(
        mine(),
        mine("pit", country="JP"),
        use(reaction=1.0),
        lane(share=0.75),
        lane("pit", share=0.25, max_share=0.5),
    )
    first = ss.Scenario(
        measures=[
            ss.ExportQuota(key="q", **ban, amount=1.0, period=2.0),
            ss.ExportLicence(key="l", **ban, service=2.0, papers=0.5, desks=1, working_week=False),
            ss.Outage(key="o", sites=["pit"], up=ss.Exponential(2.0), down=ss.Fixed(1.0)),
            ss.Reserve(key="r", country="DE", commodity="ore", days=5, below=3.0, rate=0.75),
        ]
    )
    second = ss.Scenario(
        measures=[
            ss.ExportQuota(key="q", **ban, amount=1.5, period=1.0),
            ss.ExportLicence(key="l", **ban, service=1.0, approval=0.5, form="general"),
            ss.Outage(key="o", sites=["pit"], begins=4.0, severity=0.5),
        ]
    )
    third = ss.Scenario(measures=[ss.ExportBan(key="b", **ban, in_transit="returns", begins=3.0)])
    spliced = ss.splice(ss.splice(first, second, at=6.0), third, at=12.0)
    return plan(net, scenario=ss.splice(spliced, first, at=16.0), days=22)


# --- by-products -----------------------------------------------------------------------------------


def by_products() -> Plan:
    """Two of one host, one of them a host itself; stopped, starved, woken by the host's next lot."""

    def of(name: str, host: str, **given: Any) -> ss.Site:
        return mine(name, host=host, lot=1.0, cover=0.0, **({"host_yield": 0.5} | given))

    net = network(
        mine(utilisation=0.5, capacity=None, cycle_time=1.0),
        of(
            "a", "mine", host_buffer=6.0, inputs={"part": ss.Input(0.1, policy=ss.DaysOfCover(1.0))}
        ),
        of("b", "a", host_yield=2.0, host_buffer=3.0),
        mine("parts", makes="part"),
        use(rate=2.0),
        use("use-a"),
        use("use-b", rate=2.0, unmet="backlog"),
        lane(),
        lane("a", "use-a"),
        lane("b", "use-b"),
        lane("parts", "a"),
    )
    stop, back = (
        capacity(time, "mine", value) for time, value in ((2.0, Factor(0.0)), (20.0, None))
    )
    return plan(net, stop, back, days=30)


CASES: tuple[Case, ...] = (
    by_products,
    lanes_that_open_together,
    watches_that_wait,
    watches_on_output,
    idle_capacity,
    many_lanes_under_one_quota,
    many_lanes_under_one_quota_by_history,
    quotas_that_overlap,
    quotas_of_one_key,
    quota_on_one_source,
    more_desks_than_room,
    one_desk,
    routine_cases,
    general_licences,
    offices_of_one_key,
    licence_of_a_blocked_lane,
    watches_of_one_key,
    watch_in_the_first_instant,
    watch_that_lets_go,
    quota_when_it_is_over,
    renewals_of_one_key,
    renewals_in_the_warm_up,
    recall_of_many_shipments,
    recall_that_is_none,
    proportional,
    fifo,
    by_priority,
    domestic_first,
    incumbent_first,
    rerouting,
    rerouting_for_good,
    rerouting_after_a_warm_up,
    rerouting_with_reviews,
    rerouting_with_batches,
    nowhere_to_turn,
    stores_and_policies,
    lead_times_that_last,
    customers_at_random,
    a_lot_in_line,
    lots_without_cycle_time,
    one_day,
    one_day_after_a_warm_up,
    stocks_counted_after_a_warm_up,
    stages,
)
