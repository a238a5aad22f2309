"""Changes, from the timeline, from watches, from chance and from users' own processes (phase 1)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import count

import simpy

from supplysim import rules
from supplysim.changes import (
    Change,
    Closed,
    Ledger,
    Office,
    Recall,
    Renewal,
    Target,
    Value,
    Watch,
    fold,
)
from supplysim.draws import Purpose
from supplysim.engines.simpy_engine.clock import Phase, Wake
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.demand import set_rate
from supplysim.engines.simpy_engine.gates import (
    LedgerState,
    LicenceState,
    OfficeState,
    licence,
    run_ledger,
)
from supplysim.engines.simpy_engine.production import owed_beyond_stock, set_capacity
from supplysim.engines.simpy_engine.rerouting import resplit
from supplysim.engines.simpy_engine.state import LaneState, SlotState, Stream
from supplysim.engines.simpy_engine.supply import retarget
from supplysim.model import Distribution
from supplysim.plan import APPLICATIONS

__all__ = ["Control", "run_changes", "run_renewal", "run_watch"]


class Control:
    """Applies changes: keeps every key's contribution and folds effective values from the baseline anew."""

    __slots__ = ("ctx", "ledgers", "offices", "serials")

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.ledgers: dict[Ledger, LedgerState] = {}
        self.offices: list[OfficeState] = []
        self.serials: dict[str, Iterator[int]] = {}

    def apply(self, target: Target, key: str, value: Value | None) -> None:
        """``key``'s contribution to ``target`` becomes ``value`` (None: is taken away)."""
        everything = self.ctx.all
        if target.kind == "lane":
            self._lane(everything.lanes[target.name], target.attribute, key, value)
        elif target.kind == "site":
            site = everything.sites[target.name]
            _set(site.values, key, value)
            set_capacity(self.ctx, site, fold(site.base_capacity, site.values))
        elif target.kind == "slot":
            self._slot(everything.slots[target.name], target.attribute, key, value)
        else:
            demand = everything.demands[target.name]
            _set(demand.values, key, value)
            set_rate(self.ctx, demand, fold(demand.demand.rate, demand.values))

    def _lane(self, lane: LaneState, attribute: str, key: str, value: Value | None) -> None:
        if isinstance(value, Recall):
            recall(self.ctx, lane, value)
            return
        values = lane.values.setdefault(attribute, {})
        _set(values, key, value)
        if attribute == "gate":
            self._gates(lane, values)
        elif attribute == "share":
            lane.share = fold(lane.lane.share, values)
            self._replan(lane.slot)
        elif attribute == "capacity":
            lane.capacity = fold(lane.lane.capacity, values)
            lane.source.wake()
        elif attribute == "delay":
            lane.delay = fold(0.0, values)
        elif attribute == "price":
            lane.price = fold(lane.base_price, values)
        elif attribute == "cost":
            lane.cost = fold(lane.lane.cost, values)
        elif attribute == "duty":
            lane.duty_rate = fold(0.0, values)
        else:
            lane.precedence = fold(0.0, values)

    def _slot(self, slot: SlotState, attribute: str, key: str, value: Value | None) -> None:
        values = slot.values.setdefault(attribute, {})
        _set(values, key, value)
        if attribute == "cover":
            slot.cover = fold(0.0, values)
            self._replan(slot)
        elif attribute == "reaction":
            slot.reaction = fold(slot.slot.item.reaction, values)
        elif slot.site is not None:
            slot.gain = fold(slot.slot.gain, values)
            slot.site.wake()

    def _replan(self, slot: SlotState) -> None:
        resplit(slot)
        retarget(self.ctx, slot)
        if slot.slot.item.policy.review <= 0.0:
            slot.wake()

    def _gates(self, lane: LaneState, values: dict[str, Value]) -> None:
        """Set the lane's gates anew; an office or ledger that stays keeps its state."""
        gates = [values[key] for key in sorted(values)]
        was_closed = lane.closed
        lane.closed = any(isinstance(gate, Closed) for gate in gates)
        for ledger in lane.ledgers:
            ledger.lanes.remove(lane)
            ledger.claims.pop(lane, None)
        lane.ledgers = [self._ledger(lane, gate) for gate in gates if isinstance(gate, Ledger)]
        offices = [gate for gate in gates if isinstance(gate, Office)]
        before = lane.licences
        lane.licences = [self._licence(lane, gate) for gate in offices]
        for item in before:
            item.live = item in lane.licences
        lane.source.wake()
        if was_closed != lane.closed:
            if any(x.blocked for x in lane.slot.lanes):
                resplit(lane.slot)
                retarget(self.ctx, lane.slot)
                lane.slot.wake()
            if lane.source.site is not None:
                lane.source.site.wake()
            elif lane.source.slot is not None and lane.source.slot.slot.item.policy.review <= 0.0:
                lane.source.slot.wake()

    def _ledger(self, lane: LaneState, gate: Ledger) -> LedgerState:
        """The state of this quota: one for each value, from its first use on."""
        state = self.ledgers.get(gate)
        if state is None:
            ctx = self.ctx
            made = state = LedgerState(gate, ctx.plan.rank["measure", gate.key])
            place = ctx.plan.quotas.get(gate, len(ctx.plan.quotas) + len(self.ledgers))
            state.wake = Wake(
                ctx.clock, Phase.GATE, state.rank, lambda: made.settle(ctx.env.now), place
            )
            self.ledgers[gate] = state
            run_ledger(ctx, state)
        state.lanes.append(lane)
        state.lanes.sort(key=lambda x: x.rank)
        return state

    def _licence(self, lane: LaneState, gate: Office) -> LicenceState:
        """The lane's standing with this office: the one it has, or a new one."""
        for item in lane.licences:
            if item.office.office == gate:
                return item
        for office in self.offices:
            if office.office == gate:
                return licence(self.ctx, office, lane)
        serials = self.serials.setdefault(gate.key, count(APPLICATIONS))
        self.offices.append(OfficeState(gate, self.ctx.plan.rank["measure", gate.key], serials))
        return licence(self.ctx, self.offices[-1], lane)


def _set(values: dict[str, Value], key: str, value: Value | None) -> None:
    if value is None:
        values.pop(key, None)
    else:
        values[key] = value


def recall(ctx: Context, lane: LaneState, value: Recall) -> None:
    """What is under way goes back to the source and into the book again, or is lost."""
    now = ctx.env.now
    if not lane.shipments:
        return
    lane.costs.accrue(now, lane.transit)
    shipments = [lane.shipments[serial] for serial in sorted(lane.shipments)]
    lane.shipments.clear()
    lane.transit = 0.0
    amount = 0.0
    for quantity, _ in shipments:
        amount += quantity
    if value.fate == "seized":
        lane.seized += amount
        ctx.log("seized", lane.key, amount)
    else:
        lane.returned += amount
        ctx.log("returned", lane.key, amount)
        source = lane.source
        source.costs.accrue(now, source.stock)
        source.stock += amount
        for quantity, ordered_at in reversed(shipments):
            lane.orders.appendleft([ordered_at, quantity])
            lane.book += quantity
        source.wake()
    lane.slot.wake()


# --- where changes come from ---------------------------------------------------------------------


def run_changes(ctx: Context, control: Control, changes: Sequence[Change]) -> None:
    """Apply what is due at the very start, and schedule the rest of the timeline."""
    begins = ctx.env.now
    serials: dict[int, int] = {}
    for change in changes:
        target = change.target
        if change.time <= begins:
            control.apply(target, change.key, change.value)
            continue
        rank = ctx.plan.rank[target.kind, target.name]
        serials[rank] = serials.get(rank, 0) + 1

        def due(_: simpy.Event, change: Change = change) -> None:
            control.apply(change.target, change.key, change.value)

        time = rules.on_grid(change.time)
        ctx.clock.call(time, Phase.CHANGE, rank, serials[rank], due)


def run_watch(
    ctx: Context, control: Control, watch: Watch, serial: int
) -> Generator[simpy.Event, None, None]:
    """The process of one watch: a look every day. ``serial`` orders those of one key."""
    rank = ctx.plan.rank["measure", watch.key]
    observe = _observer(ctx, watch)
    day = max(float(math.ceil(ctx.env.now)), math.ceil(watch.begins))
    since = due = math.inf  # since when the condition has held; when the first changes are due
    acting, made = False, 0
    while day < watch.ends:
        yield ctx.clock.event(float(day), Phase.CHANGE, rank, serial)
        value = observe()
        if math.isinf(due):
            since = min(since, day) if _past(watch, value, watch.level) else math.inf
            if day - since >= watch.hold:
                since, due = math.inf, day + watch.delay
        elif acting:
            since = min(since, day) if _past(watch, watch.back, value) else math.inf
            if day - since >= watch.hold:
                since = due = math.inf
                acting, made = False, 0
                _make(control, watch.otherwise)
        acting = due <= day
        while acting and made < len(watch.then) and due + watch.then[made].time <= day:
            _make(control, watch.then[made : made + 1])
            made += 1
        day += 1.0
    if acting:
        yield ctx.clock.event(rules.on_grid(watch.ends), Phase.CHANGE, rank, serial)
        _make(control, watch.otherwise)


def _past(watch: Watch, value: float, level: float) -> bool:
    """Whether a value is on the bad side of a level: too little stock or output, too much that is owed."""
    return value > level if watch.observable == "owed" else value < level


def _observer(ctx: Context, watch: Watch) -> Callable[[], float]:
    """What tells the observable of the moment; to be asked once at each look."""
    per_day = ctx.plan.per_day(watch)
    slots, sites = ctx.all.slots, ctx.all.sites
    before: deque[float] = deque(maxlen=watch.window + 1)

    def stock() -> float:
        have = rules.total([slots[key].stock for key in watch.names])
        return have / per_day if per_day > 0.0 else math.inf

    def owed() -> float:
        owed = rules.total([owed_beyond_stock(sites[name]) for name in watch.names])
        return owed / per_day if per_day > 0.0 else 0.0

    def output() -> float:
        before.append(rules.total([sites[name].produced for name in watch.names]))
        if len(before) <= watch.window or per_day <= 0.0:
            return math.inf
        return (before[-1] - before[0]) / (watch.window * per_day)

    return {"stock": stock, "owed": owed, "output": output}[watch.observable]


def run_renewal(
    ctx: Context, control: Control, renewal: Renewal, serial: int
) -> Generator[simpy.Event, None, None]:
    """The process of what chance brings: up for a while, down for a while, again and again."""
    entity = ("measure", renewal.key)
    rank = ctx.plan.rank[entity]
    up, down = (
        Stream(ctx.plan, entity, Purpose.UP_TIME),
        Stream(ctx.plan, entity, Purpose.DOWN_TIME),
    )
    time, ends = rules.on_grid(renewal.begins), rules.on_grid(renewal.ends)
    while True:
        time += _duration(renewal.up, up.next(), renewal.step)
        if time >= ends:
            return
        back = min(ends, time + _duration(renewal.down, down.next(), renewal.step))
        if back > ctx.env.now:  # what came and went before the warm-up only moves the draws on
            yield ctx.clock.event(max(time, ctx.env.now), Phase.CHANGE, rank, serial)
            _make(control, renewal.then)
            yield ctx.clock.event(back, Phase.CHANGE, rank, serial)
            _make(control, renewal.otherwise)
        time = back


def _make(control: Control, changes: Sequence[Change]) -> None:
    for change in changes:
        control.apply(change.target, change.key, change.value)


def _duration(distribution: Distribution, u: float, step: float) -> float:
    days = distribution.quantile(u)
    if step > 0.0:
        days = max(step, rules.ceil_to(days, step))
    return max(rules.TICK, rules.on_grid(days))
