"""Where orders go while a lane is blocked: the new split, what open lanes may take, what stays stuck."""

from __future__ import annotations

import math
from collections.abc import Callable

from supplysim import rules
from supplysim.changes import RETAINED, Add, fold
from supplysim.engines.simpy_engine.clock import Phase
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.state import LaneState, SlotState

__all__ = ["rejoin", "reorder", "resplit", "usable"]

Place = Callable[[Context, LaneState, float], None]


def usable(lane: LaneState) -> bool:
    """Whether the buyer may turn to this lane."""
    return not lane.blocked and not lane.closed


def resplit(slot: SlotState) -> None:
    """The split of orders that the planned lead time follows: shares, or shares plus what is taken over."""
    lanes = slot.lanes
    together = 0.0
    for lane in lanes:
        together += lane.share
    if not any(lane.blocked for lane in lanes):
        for lane in lanes:
            lane.split = lane.share / together if together > 0.0 else 1.0 / len(lanes)
            lane.allowance_at = None
        return
    lost = 0.0
    for lane in lanes:
        if not usable(lane):
            lost += lane.share
    room = [max(0.0, _most(lane) - lane.share) if usable(lane) else 0.0 for lane in lanes]
    extra = rules.water_fill(lost, [lane.share for lane in lanes], room)
    rest = max(0.0, lost - rules.total(extra))
    for lane, more in zip(lanes, extra, strict=True):
        if usable(lane):
            lane.split = lane.share + more
        else:
            lane.split = rest * (lane.share / lost) if lost > 0.0 else 0.0


def reorder(ctx: Context, slot: SlotState, need: float, place: Place) -> None:
    """Order while a lane is blocked. ``need`` includes what is stuck, since it left the position.

    Open lanes take what they may; what none may take stands in the blocked books and counts again when
    they open.
    """
    open_lanes = [lane for lane in slot.lanes if usable(lane)]
    caps = [_allowance(ctx, slot, lane) for lane in open_lanes]
    amounts = rules.water_fill(need, [lane.split for lane in open_lanes], caps)
    taken = 0.0
    for lane, amount in zip(open_lanes, amounts, strict=True):
        if amount > slot.dust:
            taken += amount
            _use_allowance(ctx, slot, lane, amount)
            place(ctx, lane, amount)
    rest = max(0.0, need - taken)
    _settle_books(ctx, slot, rest, place)
    limited = any(not math.isinf(cap) for cap in caps)
    if rest > slot.dust and limited and slot.slot.item.policy.review <= 0.0:
        _look_again(ctx, slot)


def rejoin(lane: LaneState, retain: float, add: type[Add]) -> None:
    """A blocked lane is open again: ``retain`` of what moved to the others stays there."""
    if retain <= 0.0:
        return
    others = [x for x in lane.slot.lanes if x is not lane and x.split > x.share]
    moved = retain * max(0.0, lane.share - lane.split)
    gained = 0.0
    for other in others:
        gained += other.split - other.share
    if moved <= 0.0 or gained <= 0.0:
        return
    moved = min(moved, gained)
    parts = [(other, moved * ((other.split - other.share) / gained)) for other in others]
    for changed, amount in (*parts, (lane, -moved)):
        values = changed.values.setdefault("share", {})
        before = values.get(RETAINED)
        kept = before.value if isinstance(before, Add) else 0.0
        values[RETAINED] = add(kept + amount)
        changed.share = fold(changed.lane.share, values)


def _most(lane: LaneState) -> float:
    return max(lane.share, lane.lane.max_share)


def _allowance(ctx: Context, slot: SlotState, lane: LaneState) -> float:
    """What a lane may be ordered now: max_share of baseline use as it accrues, no limit from 1 on."""
    most = _most(lane)
    if most >= 1.0:
        return math.inf
    now = ctx.env.now
    if lane.allowance_at is None:
        since = now
        for other in slot.lanes:
            if other.blocked and other.behind_since is not None:
                since = min(since, other.behind_since)
        lane.allowance = (most - lane.share) * slot.use * (now - since) + most * slot.lump
        lane.allowance_at = now
    return max(0.0, lane.allowance + most * slot.use * (now - lane.allowance_at))


def _use_allowance(ctx: Context, slot: SlotState, lane: LaneState, amount: float) -> None:
    """Written down only when used, so that looking more often changes nothing."""
    if lane.allowance_at is not None:
        now = ctx.env.now
        lane.allowance += _most(lane) * slot.use * (now - lane.allowance_at) - amount
        lane.allowance_at = now


def _settle_books(ctx: Context, slot: SlotState, rest: float, place: Place) -> None:
    """Make the blocked books together hold ``rest``: cancel what others took, or add what is new."""
    blocked = [lane for lane in slot.lanes if lane.blocked]
    # what stands at a quota's gate is on its way, and cannot be taken back
    stuck = [max(0.0, lane.book - lane.doubled - lane.at_gate) for lane in blocked]
    surplus = rules.total(stuck) - rest
    if surplus > slot.dust:
        for lane, amount in zip(blocked, rules.ration(surplus, stuck), strict=True):
            _cancel(ctx, lane, amount, slot.slot.item.double_order)
    elif -surplus > slot.dust:
        weights = [lane.share for lane in blocked]
        for lane, amount in zip(
            blocked, rules.water_fill(-surplus, weights, [math.inf] * len(weights)), strict=True
        ):
            place(ctx, lane, amount)


def _cancel(ctx: Context, lane: LaneState, amount: float, doubled: float) -> None:
    """Take back the newest orders from a book, all but the share that is left standing twice."""
    if amount <= 0.0:
        return
    lane.doubled += amount * doubled
    left = amount * (1.0 - doubled)
    if left > 0.0:
        ctx.log("cancel", lane.key, left)
    while lane.orders and left > 0.0:
        newest = lane.orders[-1]
        part = min(newest[1], left)
        left -= part
        newest[1] -= part
        if newest[1] <= lane.dust:
            lane.orders.pop()
    book = 0.0
    for _, quantity in lane.orders:
        book += quantity
    lane.book = book
    if lane.source.site is not None:
        lane.source.site.wake()


def _look_again(ctx: Context, slot: SlotState) -> None:
    """Tomorrow the open lanes may take more."""
    if slot.retry_due:
        return
    slot.retry_due = True

    def retry(_: object) -> None:
        slot.retry_due = False
        slot.wake()

    ctx.clock.call(ctx.env.now + 1.0, Phase.ORDER, slot.rank, 1, retry)
