"""What both engines start from: ranks, targets, lots, warm-up and initial stocks.

Targets hold the largest burst of orders that may come at once, so that an undisturbed feasible network
serves every demand in full (network calculus: a stock of burst plus rate times delay never runs dry).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from supplysim import draws, rules
from supplysim.changes import Ledger, Office
from supplysim.errors import Fault, InvalidInput, TooManyEvents
from supplysim.model import (
    Baseline,
    BaseStock,
    DaysOfCover,
    Demand,
    Lane,
    MinMax,
    Network,
    ReorderPoint,
    Slot,
)
from supplysim.model.baseline import solve_back
from supplysim.scenario import Scenario
from supplysim.splicing import Spliced
from supplysim.timeline import Timeline, lay_out

__all__ = ["Plan", "make_plan"]

DUST = 1e-9
"""What is below this share of a slot's lump is nothing to order, ship or wake for."""


@dataclass(frozen=True)
class Plan:
    """One run laid out: what to simulate, for how long, with which draws and targets.

    ``use`` is the use (units a day) that each slot gets ready for; ``lumps`` is what its target holds besides
    days of use; ``lump`` is the size of one order or withdrawal, the yardstick of what is negligible.
    ``site_target`` is the finished stock a site aims at; ``lead`` and ``slack`` are by lane: the mean
    time from order to receipt, and what a lane's own capacity (or the order of one day) may add.
    """

    timeline: Timeline
    network: Network
    baseline: Baseline
    seed: int
    replication: int
    horizon: int
    warmup: int
    rank: Mapping[tuple[str, str], int]
    use: Mapping[str, float]
    lump: Mapping[str, float]
    lumps: Mapping[str, float]
    site_target: Mapping[str, float]
    lead: Mapping[str, float]
    slack: Mapping[str, float]

    def target(
        self, slot: Slot, splits: Sequence[float], leads: Sequence[float], extra_cover: float
    ) -> float:
        """The inventory position that a days-of-cover slot orders up to (units).

        ``splits`` and ``leads`` are by lane: the share of orders that goes there, and the planned time from order to
        receipt.
        """
        policy = slot.item.policy
        assert isinstance(policy, DaysOfCover)
        period = self.withdrawal_period(slot)
        wait = 0.0
        for split, lead in zip(splits, leads, strict=True):
            days = lead + policy.review
            # with single withdrawals, as many as fit into the wait must be covered
            wait += split * rules.in_periods(days, period)
        return (wait + policy.days + extra_cover) * self.use[slot.key] + self.lumps[slot.key]

    def withdrawal_period(self, slot: Slot) -> float:
        """The period of a demand that orders are not in step with; 0 where use counts as a flow."""
        demand = slot.item
        if not isinstance(demand, Demand) or demand.arrivals != "steady":
            return 0.0
        review = demand.policy.review
        in_step = review > 0.0 and math.fmod(review, demand.period) == 0.0
        return 0.0 if in_step else demand.period

    def opening_stock(self, slot: Slot) -> float:
        """What is on hand when the warm-up starts: the full target, with nothing on order."""
        policy = slot.item.policy
        if isinstance(policy, DaysOfCover):
            lanes = self.network.lanes_into[slot.key]
            leads = [self.lead[lane.key] + self.slack[lane.key] for lane in lanes]
            return self.target(slot, [lane.share for lane in lanes], leads, 0.0)
        if isinstance(policy, ReorderPoint):
            return max(0.0, policy.r + policy.Q)
        return policy.S

    def opening_output(self, site: str) -> float:
        """Finished stock when the warm-up starts: the target.

        None where nobody buys in normal times and no inputs are taken (those would have to come from somewhere).
        """
        ready = self.baseline.output[site] > 0.0 or self.network.site_by_name[site].inputs
        return self.site_target[site] if ready else 0.0

    def counted_stock(self, slot: Slot) -> float | None:
        """What is really on hand on day 0 where the network says so, drawn from its range."""
        initial = slot.item.initial
        if initial is None:
            return None
        amount = float(initial.low)
        if initial.high is not None:
            entity = draws.entity("slot", slot.key)
            key = draws.stream(self.seed, self.replication, entity, draws.Purpose.INITIAL_STOCK)
            u = draws.uniform(key, 0)
            amount = rules.uniform_between(u, initial.low, initial.high)
        return amount * self.use[slot.key] if type(initial).__name__ == "Days" else amount


def make_plan(
    network: Network,
    scenario: Scenario | Spliced | None,
    *,
    horizon: int,
    seed: int,
    replication: int,
    warmup: int | None,
    max_events: int = 50_000_000,
) -> Plan:
    """Lay a run out; refuses numbers out of range and runs of more than ``max_events`` events."""
    _check_numbers(horizon=horizon, seed=seed, replication=replication, warmup=warmup)
    given = network
    timeline = lay_out(network, scenario)
    network = timeline.network
    use = _use(network)
    bursts = solve_back(network, lambda slot: _burst(network, slot, use), [])
    lead = {key: _lead(lane) for key, lane in network.lanes_by_key.items()}
    tick = {
        # demand comes before dispatch: what travels no time is there just after the day's demand
        key: rules.TICK if rules.on_grid(lane.lead_time.mean) <= 0.0 else 0.0
        for key, lane in network.lanes_by_key.items()
    }
    if warmup is None:
        warmup = _warmup(given)
    _refuse_floods(timeline, use, horizon + warmup, max_events)
    return Plan(
        timeline=timeline,
        network=network,
        baseline=network.baseline(),
        seed=seed,
        replication=replication,
        horizon=horizon,
        warmup=warmup,
        rank=_ranks(timeline),
        use=use,
        lump={key: _lump(network, slot, use) for key, slot in network.slots.items()},
        lumps={key: _lumps(network, slot, use, bursts) for key, slot in network.slots.items()},
        site_target={name: _site_target(network, name, bursts) for name in network.site_by_name},
        lead=lead,
        slack={
            key: tick[key] + _slack(network, lane, use)
            for key, lane in network.lanes_by_key.items()
        },
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


def _ranks(timeline: Timeline) -> dict[tuple[str, str], int]:
    """The place of every entity among all (kind, name), sorted: what decides ties."""
    network = timeline.network
    names = [
        *(("site", name) for name in network.site_by_name),
        *(("store", name) for name in network.store_by_name),
        *(("demand", name) for name in network.demand_by_name),
        *(("slot", key) for key in network.slots),
        *(("lane", key) for key in network.lanes_by_key),
        *(("measure", key) for key in _measure_keys(timeline)),
        ("record", ""),
    ]
    return {entity: place for place, entity in enumerate(sorted(set(names)))}


def _measure_keys(timeline: Timeline) -> list[str]:
    """Keys of everything that acts by itself: watches, renewals, ledgers, offices."""
    changes = list(timeline.changes)
    keys = []
    for watch in timeline.watches:
        keys.append(watch.key)
        changes += watch.then
    for renewal in timeline.renewals:
        keys.append(renewal.key)
        changes += renewal.then
    return keys + [c.value.key for c in changes if isinstance(c.value, Ledger | Office)]


# --- targets -------------------------------------------------------------------------------------


def _use(network: Network) -> dict[str, float]:
    """Baseline use, or what a site that stands ready plans for."""
    use = dict(network.baseline().use)
    for key, slot in network.slots.items():
        if slot.kind == "input":
            planned = network.site_by_name[slot.node].planned
            use[key] = max(use[key], slot.gain * planned)
    return use


def _lump(network: Network, slot: Slot, use: Mapping[str, float]) -> float:
    """One withdrawal, one lot's need, or for a store its level or a week's flow."""
    item = slot.item
    if isinstance(item, Demand):
        return _withdrawal(item)
    if slot.kind == "input":
        return slot.gain * network.baseline().lot[slot.node]
    level = 0.0 if isinstance(item.policy, DaysOfCover) else _level(item.policy)
    return level or 7.0 * use[slot.key] or 1e-300


def _withdrawal(demand: Demand) -> float:
    if demand.arrivals == "poisson":
        return 1.0 if demand.size is None else demand.size.mean
    return demand.rate * demand.period or 1e-300


def _level(policy: BaseStock | MinMax | ReorderPoint) -> float:
    return policy.r + policy.Q if isinstance(policy, ReorderPoint) else policy.S


def _burst(network: Network, slot: Slot, use: Mapping[str, float]) -> float:
    """What a slot may order at once by its own doing: a withdrawal or lot, a review's use, a batch."""
    policy = slot.item.policy
    burst = policy.review * use[slot.key]
    if slot.kind == "demand" or (slot.kind == "input" and use[slot.key] > 0.0):
        burst += _lump(network, slot, use)
    if isinstance(policy, ReorderPoint):
        burst += policy.Q
    elif isinstance(policy, MinMax):
        burst += policy.S - policy.s
    return burst


def _lumps(
    network: Network, slot: Slot, use: Mapping[str, float], bursts: Mapping[str, float]
) -> float:
    if slot.kind == "demand":
        poisson = isinstance(slot.item, Demand) and slot.item.arrivals == "poisson"
        return _lump(network, slot, use) if poisson else 0.0
    if use[slot.key] <= 0.0:
        return 0.0
    lot = network.baseline().lot[slot.node] if slot.kind == "input" else 0.0
    return slot.gain * (bursts[slot.node] + lot)


def _site_target(network: Network, name: str, bursts: Mapping[str, float]) -> float:
    base, site = network.baseline(), network.site_by_name[name]
    output = max(base.output[name], site.planned)
    if output <= 0.0:
        return 0.0
    lot = base.lot[name]
    wait = site.cover + lot / base.capacity[name] + site.cycle_time
    return wait * output + bursts[name] + lot


def _slack(network: Network, lane: Lane, use: Mapping[str, float]) -> float:
    """How long the largest order of a slot may queue for the lane's own capacity."""
    if math.isinf(lane.capacity):
        return 0.0
    slot = network.slot_of(lane)
    burst = _burst(network, slot, use) + _lump(network, slot, use)
    return rules.on_grid(lane.share * burst / lane.capacity + 1.0)


def _lead(lane: Lane) -> float:
    return rules.on_grid(lane.order_lag) + rules.on_grid(lane.lead_time.mean)


def _warmup(network: Network) -> int:
    """Twice the longest single stage, in whole days: lanes with their review, lots with their cycle.

    Of the network as it is given, and of what carries goods to a demand: neither the structure of a measure nor
    an idle node changes it, so scenarios start from one state.
    """
    base = network.baseline()
    longest = 0.0
    for key, lane in network.lanes_by_key.items():
        if base.flow[key] > 0.0:
            review = network.slot_of(lane).item.policy.review
            longest = max(longest, _lead(lane) + review)
    for name, site in network.site_by_name.items():
        if base.output[name] > 0.0:
            longest = max(longest, base.lot[name] / base.capacity[name] + site.cycle_time)
    return min(3650, 7 * math.ceil(2.0 * longest / 7.0))


# --- events --------------------------------------------------------------------------------------


def _refuse_floods(
    timeline: Timeline, use: Mapping[str, float], days: int, max_events: int
) -> None:
    """Estimate the events of a run and refuse a flood, naming what makes most of them."""
    network = timeline.network
    base = network.baseline()
    rate: dict[str, float] = {"records": 1.0} | _rates_of_measures(timeline)
    for name in network.site_by_name:
        rate[f"site {name}"] = 3.0 * base.capacity[name] / base.lot[name]
    for name, demand in network.demand_by_name.items():
        poisson = demand.arrivals == "poisson"
        rate[f"demand {name}"] = demand.rate / _withdrawal(demand) if poisson else 1 / demand.period
    for key, slot in network.slots.items():
        if slot.item.policy.review > 0.0:
            rate[f"slot {key}"] = 1.0 / rules.on_grid_below(slot.item.policy.review)
    for key, lane in network.lanes_by_key.items():
        slot = network.slot_of(lane)
        owner = f"{'site' if slot.kind == 'input' else slot.kind} {slot.node}"
        orders = rate.get(owner, 1.0)
        if slot.item.policy.review > 0.0:
            orders = min(orders, 1.0 / slot.item.policy.review)
        rate[f"lane {key}"] = 4.0 * orders
    events = days * math.fsum(rate.values())
    if events > max_events:
        worst = sorted(rate, key=lambda name: -rate[name])[:5]
        raise TooManyEvents(
            [
                Fault(
                    name,
                    f"makes about {days * rate[name]:.3g} of {events:.3g} events; at most "
                    f"{max_events:.3g} are allowed (larger lots or periods make fewer)",
                )
                for name in worst
            ],
            what="run",
        )


def _rates_of_measures(timeline: Timeline) -> dict[str, float]:
    """Events a day of what acts by itself: watches, quota periods, outages at random."""
    rate = {f"measure {watch.key}": 1.0 for watch in timeline.watches}
    for renewal in timeline.renewals:
        cycle = max(renewal.up.mean, renewal.step) + max(renewal.down.mean, renewal.step)
        changes = 2.0 + 2.0 * len(renewal.then)
        rate[f"measure {renewal.key}"] = changes / max(cycle, 2.0 * rules.TICK)
    for change in timeline.changes:
        if isinstance(change.value, Ledger):
            rate[f"measure {change.value.key}"] = 1.0 / rules.on_grid_below(change.value.period)
    return rate
