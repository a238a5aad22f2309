"""What a change does: contributions kept by key, effective values folded from the baseline anew (phase 1)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from supplysim.changes import (
    Closed,
    Inspection,
    Ledger,
    Office,
    Recall,
    Target,
    Value,
    fold,
)
from supplysim.engines.simpy_engine.clock import Phase, Wake
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.demand import set_rate
from supplysim.engines.simpy_engine.gates import (
    LedgerState,
    LicenceState,
    OfficeState,
    inspection,
    licence,
    run_ledger,
)
from supplysim.engines.simpy_engine.production import set_capacity
from supplysim.engines.simpy_engine.rerouting import resplit
from supplysim.engines.simpy_engine.state import LaneState, SlotState
from supplysim.engines.simpy_engine.supply import retarget
from supplysim.plan import APPLICATIONS

__all__ = ["Control"]


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
        checks = [gate for gate in gates if isinstance(gate, Inspection)]
        lane.inspections = [inspection(self.ctx, lane, gate) for gate in checks]
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
