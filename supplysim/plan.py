"""What both engines start from: ranks, targets, lots, warm-up and initial stocks, as arrays and by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

import numpy as np

from supplysim import draws, rules
from supplysim.changes import Ledger, Office, Standing, Watch
from supplysim.errors import Fault, InvalidInput, TooManyEvents
from supplysim.model import Baseline, Days, DaysOfCover, Network, Slot
from supplysim.model.baseline import by_name
from supplysim.model.columns import Floats
from supplysim.model.tables import Tables
from supplysim.scenario import Scenario
from supplysim.splicing import Spliced
from supplysim.targets import Targets, find_targets, longest_stage, on_grid_below, withdrawal
from supplysim.timeline import Timeline, lay_out

__all__ = ["MAX_EVENTS", "Plan", "default_warmup", "make_plan"]

MAX_EVENTS = 50_000_000
"""How many events a run may make unless it is allowed more: a minute of the compiled engine."""
APPLICATIONS = 1 << 20
"""Serials of applications: those at an office come after the quotas of its key."""
DUST = 1e-9
"""What is below this share of a slot's lump is nothing to order, ship or wake for."""


class Ranks(Mapping[tuple[str, str], int]):
    """Ranks by (kind, name): that of the first of its kind, and the place among them."""

    def __init__(self, first: Mapping[str, int], places: Mapping[str, Mapping[str, int]]) -> None:
        self._first = first
        self._places = places

    def __getitem__(self, entity: tuple[str, str]) -> int:
        kind, name = entity
        return self._first[kind] + self._places[kind][name]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((kind, name) for kind in self._first for name in self._places[kind])

    def __len__(self) -> int:
        return sum(len(self._places[kind]) for kind in self._first)


@dataclass(frozen=True)
class Plan:
    """One run laid out: what to simulate, for how long, with which draws and targets.

    ``use`` is the use (units a day) that each slot gets ready for; ``lumps`` is what its target holds besides
    days of use; ``lump`` is the size of one order or withdrawal, the yardstick of what is negligible.
    ``site_target`` is the finished stock a site aims at; ``allowance`` and ``opening_allowance`` are how much
    residue of its host a by-product finds at most, and at the start; ``lead`` and ``slack`` are by lane: the mean
    time from order to receipt, and what a lane's own capacity (or the order of one day) may add. ``arrays`` holds the
    same in the order of the network's tables. ``expected_events`` is about how many events the run makes.

    >>> from supplysim.testing import tiny
    >>> plan = make_plan(tiny(), None, horizon=100, seed=1, replication=0, warmup=None)
    >>> plan.horizon, plan.warmup
    (100, 14)
    """

    timeline: Timeline
    network: Network = field(repr=False)  # that of the timeline
    baseline: Baseline = field(repr=False)
    seed: int
    replication: int
    horizon: int
    warmup: int
    arrays: Targets = field(repr=False)
    expected_events: float

    # --- ties ------------------------------------------------------------------------------------

    @cached_property
    def rank(self) -> Ranks:
        """The place of every entity among all (kind, name), sorted: what decides ties."""
        own = {"measure": self.measure_keys, "record": [""]}
        places = {kind: {x: place for place, x in enumerate(names)} for kind, names in own.items()}
        return Ranks(self.first_rank, {**self.network.tables.entity_place, **places})

    @cached_property
    def first_rank(self) -> dict[str, int]:
        """The rank of the first entity of each kind; the others follow as they are sorted."""
        tables = self.network.tables
        counts = {
            "demand": len(tables.demands),
            "lane": len(tables.lanes),
            "measure": len(self.measure_keys),
            "record": 1,
            "site": len(tables.sites),
            "slot": len(tables.slots),
            "store": len(tables.stores),
        }
        return dict(zip(counts, accumulate(counts.values(), initial=0), strict=False))

    @cached_property
    def measure_keys(self) -> list[str]:
        """Keys of everything that acts by itself: watches, renewals, attempts, ledgers, offices, markets."""
        timeline = self.timeline
        makers: list[Standing] = [*timeline.watches, *timeline.renewals, *timeline.attempts]
        gates = (x.value.key for x in timeline.everything if isinstance(x.value, Ledger | Office))
        markets = (market.key for market in timeline.markets)
        return sorted({*(maker.key for maker in makers), *gates, *markets})

    @cached_property
    def quotas(self) -> dict[Ledger, int]:
        """The place of every quota among all, sorted: what decides ties of those with one key."""
        gates = {x.value for x in self.timeline.everything if isinstance(x.value, Ledger)}
        return {quota: place for place, quota in enumerate(sorted(gates))}

    # --- by name ---------------------------------------------------------------------------------

    @cached_property
    def use(self) -> dict[str, float]:
        """By slot: see above."""
        return self._by_slot(self.arrays.use)

    @cached_property
    def lump(self) -> dict[str, float]:
        """By slot: see above."""
        return self._by_slot(self.arrays.lump)

    @cached_property
    def lumps(self) -> dict[str, float]:
        """By slot: see above."""
        return self._by_slot(self.arrays.lumps)

    @cached_property
    def site_target(self) -> dict[str, float]:
        """By site: see above."""
        return by_name(self.network.tables.site_names(), self.arrays.site_target)

    @cached_property
    def allowance(self) -> dict[str, float]:
        """By site: see above."""
        return by_name(self.network.tables.site_names(), self.arrays.allowance)

    @cached_property
    def opening_allowance(self) -> dict[str, float]:
        """By site: see above."""
        return by_name(self.network.tables.site_names(), self.arrays.opening_allowance)

    @cached_property
    def lead(self) -> dict[str, float]:
        """By lane: see above."""
        return by_name(self.network.tables.lane_keys, self.arrays.lead)

    @cached_property
    def slack(self) -> dict[str, float]:
        """By lane: see above."""
        return by_name(self.network.tables.lane_keys, self.arrays.slack)

    def target(
        self, slot: Slot, splits: Sequence[float], leads: Sequence[float], extra_cover: float
    ) -> float:
        """The inventory position that a days-of-cover slot orders up to (units).

        ``splits`` and ``leads`` are by lane: the share of orders that goes there, and the planned time from order to
        receipt.
        """
        policy = slot.item.policy
        assert isinstance(policy, DaysOfCover)
        period = self._period[slot.key]
        wait = 0.0
        for split, lead in zip(splits, leads, strict=True):
            days = lead + policy.review
            # with single withdrawals, as many as fit into the wait must be covered
            wait += split * rules.in_periods(days, period)
        return (wait + policy.days + extra_cover) * self.use[slot.key] + self.lumps[slot.key]

    def per_day(self, watch: Watch) -> float:
        """What one day is to a watch, in units: the use or the output that its entities get ready for."""
        if watch.observable == "stock":
            return rules.total([self.use[slot] for slot in watch.names])
        planned = self.network.tables.sites.planned
        place, output = self.network.tables.node_place, self.baseline.output
        return rules.total([max(output[x], planned.item(place[x])) for x in watch.names])

    def opening_stock(self, slot: Slot) -> float:
        """What is on hand when the warm-up starts: the full target, with nothing on order."""
        return self._opening[slot.key]

    def opening_output(self, site: str) -> float:
        """Finished stock when the warm-up starts: the target.

        None where nobody buys in normal times and no inputs are taken (those would have to come from somewhere).
        """
        return self._opening_output[site]

    def counted_stock(self, slot: Slot) -> float | None:
        """What is really on hand on day 0 where the network says so, drawn from its range."""
        amount = self._counted[slot.key]
        return None if math.isnan(amount) else amount

    @cached_property
    def counted(self) -> Floats:
        """By slot, as an array: what is really on hand on day 0; NaN where the network does not say."""
        tables = self.network.tables
        initial = tables.slots.initial
        amount = initial.each(lambda x: math.nan if x is None else float(x.low)).copy()
        in_days = initial.each(lambda x: isinstance(x, Days)) > 0.0
        ranges = initial.each(lambda x: x is not None and x.high is not None) > 0.0
        for row in np.flatnonzero(ranges).tolist():
            entity = draws.entity("slot", tables.slot_keys[row])
            key = draws.stream(self.seed, self.replication, entity, draws.Purpose.INITIAL_STOCK)
            stock = initial[row]
            amount[row] = rules.uniform_between(draws.uniform(key, 0), stock.low, stock.high)
        return np.where(in_days, amount * self.arrays.use, amount)

    def _by_slot(self, values: Floats) -> dict[str, float]:
        return by_name(self.network.tables.slot_keys, values)

    @cached_property
    def _period(self) -> dict[str, float]:
        return self._by_slot(self.arrays.period)

    @cached_property
    def _opening(self) -> dict[str, float]:
        return self._by_slot(self.arrays.opening_stock)

    @cached_property
    def _opening_output(self) -> dict[str, float]:
        return by_name(self.network.tables.site_names(), self.arrays.opening_output)

    @cached_property
    def _counted(self) -> dict[str, float]:
        return self._by_slot(self.counted)


def make_plan(
    network: Network,
    scenario: Scenario | Spliced | None,
    *,
    horizon: int,
    seed: int,
    replication: int,
    warmup: int | None,
    max_events: int = MAX_EVENTS,
) -> Plan:
    """Lay a run out; refuses numbers out of range and runs of more than ``max_events`` events.

    >>> from supplysim.testing import tiny
    >>> make_plan(tiny(), None, horizon=10, seed=1, replication=0, warmup=5).replication
    0
    >>> make_plan(tiny(), None, horizon=0, seed=1, replication=0, warmup=5)
    Traceback (most recent call last):
    ...
    supplysim.errors.InvalidInput: run refused, 1 fault:
      horizon: must be a whole number from 1 to 36525; found 0
    """
    anything: object = network
    if not isinstance(anything, Network):
        rule = "must be a Network (load_network gives one by its name, folder or file)"
        raise InvalidInput([Fault("network", rule, network)], what="run")
    _check_numbers(horizon=horizon, seed=seed, replication=replication, warmup=warmup)
    given = network
    timeline = lay_out(network, scenario)
    network = timeline.network
    if warmup is None:
        warmup = default_warmup(given)
    expected = _expect(timeline, horizon + warmup, max_events)
    return Plan(
        timeline=timeline,
        network=network,
        baseline=network.baseline(),
        seed=seed,
        replication=replication,
        horizon=horizon,
        warmup=warmup,
        arrays=find_targets(network.tables, network.baseline().arrays),
        expected_events=expected,
    )


def _check_numbers(**numbers: int | None) -> None:
    limits = {"horizon": 36_526, "seed": 2**63, "replication": 2**63, "warmup": 36_526}
    least = {"horizon": 1}
    faults = [
        Fault(
            name, f"must be a whole number from {least.get(name, 0)} to {limits[name] - 1}", value
        )
        for name, value in numbers.items()
        if value is not None
        and (type(value) is not int or not least.get(name, 0) <= value < limits[name])
    ]
    if faults:
        raise InvalidInput(faults, what="run")


def default_warmup(network: Network) -> int:
    """Twice the longest single stage, in whole days: lanes with their review, lots with their cycle.

    Of the network as it is given, and of what carries goods to a demand: neither the structure of a measure nor
    an idle node changes it, so scenarios start from one state.

    >>> from supplysim.testing import tiny
    >>> default_warmup(tiny())
    14
    """
    longest = longest_stage(network.tables, network.baseline().arrays)
    return min(3650, 7 * math.ceil(2.0 * longest / 7.0))


# --- events --------------------------------------------------------------------------------------


def _expect(timeline: Timeline, days: int, max_events: int) -> float:
    """Estimate the events of a run and refuse a flood, naming what makes most of them."""
    own = {"records": 1.0} | _rates_of_measures(timeline)
    rates = {kind: rate for kind, rate in _rates_of_nodes(timeline.network).items() if rate.size}
    events = days * (math.fsum(own.values()) + math.fsum(float(r.sum()) for r in rates.values()))
    if events <= max_events:
        return events
    names = _namers(timeline.network.tables)
    for kind, rate in rates.items():
        worst = np.argsort(-rate, kind="stable")[:5].tolist()
        own |= {f"{kind} {names[kind](row)}": float(rate[row]) for row in worst}
    raise TooManyEvents(
        [
            Fault(
                name,
                f"makes about {days * own[name]:.3g} of {events:.3g} events; at most "
                f"{max_events:.3g} are allowed (max_events= allows more; larger lots or periods make fewer)",
            )
            for name in sorted(own, key=lambda name: -own[name])[:5]
        ],
        what="run",
    )


def _namers(tables: Tables) -> dict[str, Callable[[int], str]]:
    """How to name a row of each kind."""
    return {
        "site": tables.sites.name.__getitem__,
        "demand": tables.demands.name.__getitem__,
        "slot": lambda row: tables.slot_keys[row],
        "lane": tables.lane_key,
    }


def _rates_of_nodes(network: Network) -> dict[str, Floats]:
    """Events a day of each site, demand, slot and lane."""
    tables, base = network.tables, network.baseline().arrays
    demands, slots = tables.demands, tables.slots
    poisson = demands.arrivals.each(lambda how: how == "poisson") > 0.0
    reviewed = slots.review > 0.0
    with np.errstate(all="ignore"):
        site = 3.0 * (base.capacity + tables.sites.idle_capacity) / base.lot
        demand = np.where(poisson, demands.rate / withdrawal(tables), 1.0 / demands.period)
        slot = np.where(reviewed, 1.0 / on_grid_below(slots.review), 0.0)
        orders = np.concatenate([site, np.ones(len(tables.stores)), demand])[slots.node]
        orders = np.where(reviewed, np.minimum(orders, 1.0 / slots.review), orders)
    lane = 4.0 * orders[tables.lane_slot]
    return {"site": site, "demand": demand, "slot": slot, "lane": lane}


def _rates_of_measures(timeline: Timeline) -> dict[str, float]:
    """Events a day of what acts by itself: watches, quota periods, outages at random."""
    rate = {f"measure {watch.key}": 1.0 for watch in timeline.watches}
    for renewal in timeline.renewals:
        cycle = max(renewal.up.mean, renewal.step) + max(renewal.down.mean, renewal.step)
        changes = 2.0 + 2.0 * len(renewal.then)
        rate[f"measure {renewal.key}"] = changes / max(cycle, 2.0 * rules.TICK)
    for item in timeline.attempts:
        if item.interval is not None:
            rate[f"measure {item.key}"] = 1.0 / max(item.interval.mean, 2.0 * rules.TICK)
    for change in timeline.changes:
        if isinstance(change.value, Ledger):
            rate[f"measure {change.value.key}"] = 1.0 / rules.on_grid_below(change.value.period)
    return rate
