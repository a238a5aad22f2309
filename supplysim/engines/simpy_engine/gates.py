"""What may pass a lane now: closed gates, quota ledgers, licences, inspections (phase 7)."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import simpy

from supplysim import rules
from supplysim.changes import Inspection, Ledger, Office
from supplysim.draws import Purpose
from supplysim.engines.simpy_engine.clock import Clock, Handler, Phase, Wake
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.state import LaneState, Stream

__all__ = [
    "InspectionState",
    "LedgerState",
    "LicenceState",
    "OfficeState",
    "held",
    "inspection",
    "limit",
    "pass_ledgers",
    "settling",
]

# --- quotas --------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class LedgerState:
    """A quota: what is left in this period, and the claims of this wake-up, waiting to be settled."""

    ledger: Ledger
    rank: int
    lanes: list[LaneState] = field(default_factory=list)
    left: float = 0.0
    claims: dict[LaneState, float] = field(default_factory=dict)
    wake: Wake = None  # type: ignore[assignment]
    serial: int = 0

    def settle(self, now: float) -> None:
        """Settle the claims of one wake-up together, and let the sources ship what was granted.

        Only what passes all of a lane's ledgers is charged, to each of them, when the last has settled.
        """
        lanes = sorted(self.claims, key=lambda lane: lane.rank)
        wanted = [min(self.claims[lane], lane.at_gate) for lane in lanes]
        self.claims.clear()
        if self.ledger.rule == "history" and not rules.covers(self.left, rules.total(wanted)):
            granted = rules.water_fill(self.left, [lane.flow for lane in lanes], wanted)
        else:
            granted = rules.ration(min(self.left, rules.total(wanted)), wanted)
        for lane, amount in zip(lanes, granted, strict=True):
            source = lane.source
            source.costs.accrue(now, source.stock)
            source.stock += lane.at_gate - amount
            if amount < lane.at_gate:  # what others had granted it is free again
                for ledger in lane.ledgers:
                    ledger.look_again()
            lane.at_gate = amount
            if not settling(lane):
                for ledger in lane.ledgers:
                    ledger.left = max(0.0, ledger.left - amount)
            source.wake()

    def look_again(self) -> None:
        """Let every source that ships under this quota try anew."""
        for lane in self.lanes:
            lane.source.wake()

    def next_period(self, now: float) -> float:
        """When the next period starts."""
        for mark in self.ledger.marks:
            if rules.on_grid(mark) > now:
                return rules.on_grid(mark)
        period = rules.on_grid_below(self.ledger.period)
        return (math.floor(now / period) + 1.0) * period


def run_ledger(ctx: Context, state: LedgerState) -> None:
    """Start a period: the whole amount is there again, and the sources try anew."""
    state.left = state.ledger.amount
    state.serial += 1
    state.look_again()

    def renew(_: simpy.Event) -> None:
        run_ledger(ctx, state)

    ctx.clock.call(
        state.next_period(ctx.env.now), Phase.CHANGE, state.rank, 1 << 32 | state.serial, renew
    )


def pass_ledgers(lane: LaneState, amount: float) -> bool:
    """Claim ``amount`` on the lane's ledgers; False if it must wait for them to settle.

    Where what is left covers all that any of the ledger's lanes may claim, nothing needs to be shared and
    the goods pass at once.
    """
    waits = False
    for ledger in lane.ledgers:
        most = 0.0
        for other in ledger.lanes:
            most += other.book
        if ledger.left < most:
            waits = True
    if not waits:
        for ledger in lane.ledgers:
            ledger.left = max(0.0, ledger.left - amount)
        return True
    lane.at_gate = amount
    for ledger in lane.ledgers:
        ledger.claims[lane] = amount
        ledger.wake()
    return False


def settling(lane: LaneState) -> bool:
    """Whether goods of this lane stand at the gate until its ledgers have settled."""
    return any(lane in ledger.claims for ledger in lane.ledgers)


# --- licences ------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class OfficeState:
    """An office where applications queue, first come first served."""

    office: Office
    rank: int
    serials: Iterator[int]
    desks: list[float] = field(default_factory=list)
    streams: dict[str, dict[Purpose, Stream]] = field(default_factory=dict)

    def turn(self, clock: Clock, time: float, handler: Handler) -> None:
        """Have something happen at the office; what those of one key do at once comes as it was asked for."""
        clock.call(time, Phase.GATE, self.rank, next(self.serials), handler)

    def seat(self, now: float) -> float:
        """When a desk is free for an application that comes now (always, if desks are not counted)."""
        if self.office.desks is None:
            return now
        if len(self.desks) < self.office.desks:
            return now
        return max(now, heapq.heappop(self.desks))


@dataclass(eq=False, slots=True)
class LicenceState:
    """What one lane may ship under an office: licences left, the open application, what accrues."""

    office: OfficeState
    lane: LaneState
    streams: dict[Purpose, Stream]
    entitled: float = 0.0
    general: bool = False
    applied: float = 0.0
    open_applications: int = 0
    not_before: float = -math.inf
    free: float = 0.0
    free_at: int = 0
    granted: int = 0
    live: bool = True

    def may_pass(self, now: float) -> float:
        """What is licensed now: what licences are left for, and the pre-licensed flow saved up."""
        if self.general or self.office.office.pre_licensed >= 1.0:
            return math.inf
        return self.entitled + self._free(now)

    def _free(self, now: float) -> float:
        """The pre-licensed flow saved up, a day's worth at each whole day; looking changes nothing."""
        rate = self.office.office.pre_licensed * self.lane.flow
        return min(
            rules.PRE_LICENSED_DAYS * rate, self.free + rate * (math.floor(now) - self.free_at)
        )

    def use(self, amount: float, now: float) -> None:
        """A shipment uses licences up, the pre-licensed flow first."""
        free = self._free(now)
        from_free = min(free, amount)
        self.free, self.free_at = free - from_free, math.floor(now)
        self.entitled = max(0.0, self.entitled - (amount - from_free))
        if self.entitled <= self.lane.dust:
            self.entitled = 0.0


_PURPOSES = (
    Purpose.PAPERS,
    Purpose.SERVICE,
    Purpose.REFERRED,
    Purpose.REFERRED_DELAY,
    Purpose.APPROVAL,
)


def licence(ctx: Context, office: OfficeState, lane: LaneState) -> LicenceState:
    """A lane comes under an office. Its draws depend on the office's key and the lane, nothing else."""
    streams = office.streams.get(lane.key)
    if streams is None:
        entity = ("licence", f"{office.office.key}|{lane.key}")
        streams = {purpose: Stream(ctx.plan, entity, purpose) for purpose in _PURPOSES}
        office.streams[lane.key] = streams
    return LicenceState(office, lane, streams, free_at=math.floor(ctx.env.now))


def limit(ctx: Context, lane: LaneState) -> float:
    """What the lane's gates let pass now; files an application where an order finds no licence."""
    if lane.closed:
        return 0.0
    now = ctx.env.now
    most = math.inf
    if not math.isinf(lane.capacity):
        most = lane.capacity if lane.free_at <= now else 0.0
    for ledger in lane.ledgers:
        most = min(most, ledger.left)
    for item in lane.licences:
        allowed = item.may_pass(now)
        if lane.book > allowed + lane.dust or (lane.blocked and allowed <= 0.0):
            _apply(ctx, item, lane.book - allowed)
            allowed = item.may_pass(now)
        most = min(most, allowed)
    return most


def _apply(ctx: Context, item: LicenceState, missing: float) -> None:
    """File an application, unless one is open (goods that come later join the next)."""
    office, now, lane = item.office.office, ctx.env.now, item.lane
    if now < item.not_before:
        return
    if office.per_dispatch:
        missing -= item.applied
        if missing <= lane.dust:
            return
    elif item.open_applications:
        return
    amount = missing if office.per_dispatch else max(missing, office.size * lane.flow)
    amount = max(amount, lane.slot.lump) if lane.blocked and missing <= 0.0 else amount
    routine = office.routine_after is not None and item.granted >= office.routine_after
    at_desk = office.routine_service if routine else office.service
    papers = rules.on_grid(office.papers.quantile(item.streams[Purpose.PAPERS].at(now)))
    service = rules.on_grid(at_desk.quantile(item.streams[Purpose.SERVICE].at(now)))
    referred = item.streams[Purpose.REFERRED].at(now) < office.referred and not routine
    delay = office.referred_delay.quantile(item.streams[Purpose.REFERRED_DELAY].at(now))
    more = rules.on_grid(delay) if referred else 0.0
    chance = office.approval.get(lane.slot.slot.country, office.default_approval)
    approved = item.streams[Purpose.APPROVAL].at(now) < chance
    if papers + service + more <= 0.0 and approved:
        _grant(item, amount)  # a certain instant licence is as if there were none
        return
    item.applied += amount
    item.open_applications += 1
    ctx.log("apply", lane.key, amount)

    def decide(_: simpy.Event) -> None:
        if item.live:
            _decide(ctx, item, amount, approved)

    def handed_in(_: simpy.Event) -> None:
        if not item.live:
            return
        at = ctx.env.now
        done = office.calendar.after(item.office.seat(at), service)
        if office.desks is not None:
            heapq.heappush(item.office.desks, done)
        done = office.calendar.after(done, more) if more > 0.0 else done
        item.office.turn(ctx.clock, done, decide)

    item.office.turn(ctx.clock, now + papers, handed_in)


def _grant(item: LicenceState, amount: float) -> None:
    item.granted += 1
    if item.office.office.single:
        item.entitled += amount
    else:
        item.general = True


def _decide(ctx: Context, item: LicenceState, amount: float, approved: bool) -> None:
    """The office answers: the goods may go, or the seller waits a day and applies again."""
    lane, now = item.lane, ctx.env.now
    item.open_applications -= 1
    item.applied = item.applied - amount if item.open_applications else 0.0
    if approved:
        _grant(item, amount)
        ctx.log("grant", lane.key, amount)
        lane.source.wake()
        return
    ctx.log("refuse", lane.key, amount)
    item.not_before = now + 1.0

    def again(_: simpy.Event) -> None:
        lane.source.wake()

    item.office.turn(ctx.clock, now + 1.0, again)


# --- inspections ---------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class InspectionState:
    """One lane under one inspection. Its draws depend on the inspection's key and the lane, nothing else."""

    inspection: Inspection
    stops: Stream
    holds: Stream

    def hold(self, now: float) -> float | None:
        """How many days a shipment that leaves now is held; None if it is seized."""
        if not self.stops.at(now) < self.inspection.share:
            return 0.0
        if self.inspection.fate == "seized":
            return None
        return rules.on_grid(self.inspection.hold.quantile(self.holds.at(now)))


def inspection(ctx: Context, lane: LaneState, gate: Inspection) -> InspectionState:
    """The lane's state under an inspection: one for each value, from its first use on."""
    if gate not in lane.inspected:
        entity = ("inspection", f"{gate.key}|{lane.key}")
        stops, holds = (Stream(ctx.plan, entity, x) for x in (Purpose.INSPECTION, Purpose.HOLD))
        lane.inspected[gate] = InspectionState(gate, stops, holds)
    return lane.inspected[gate]


def held(lane: LaneState, now: float) -> float | None:
    """How many days the lane's inspections hold a shipment together; None if one of them seizes it."""
    days: float | None = 0.0
    for item in lane.inspections:
        hold = item.hold(now)
        days = None if days is None or hold is None else days + hold
    return days
