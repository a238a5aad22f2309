"""The buyer's side: orders, arrivals, and turning to others when a lane is blocked (phases 2, 5, 8).

A lane is *behind* from the dispatch that leaves its book non-empty until the book is empty. After
``reaction`` days behind, the slot judges it *blocked*: its book stops counting in the position, and what is
in it is placed anew with the open lanes, up to what they are qualified for.
"""

from __future__ import annotations

import math

import simpy

from supplysim import rules
from supplysim.changes import Add
from supplysim.engines.simpy_engine.clock import Phase
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.demand import serve_backlog
from supplysim.engines.simpy_engine.rerouting import rejoin, reorder, resplit
from supplysim.engines.simpy_engine.state import LaneState, SlotState
from supplysim.model import MinMax, ReorderPoint

__all__ = ["behind", "caught_up", "order", "receive", "retarget"]


# --- orders --------------------------------------------------------------------------------------


def order(ctx: Context, slot: SlotState) -> None:
    """Bring the inventory position to where the policy wants it."""
    need = _quantity(slot, position(slot))
    if any(lane.blocked for lane in slot.lanes):
        reorder(ctx, slot, need, place)
    elif need > slot.dust:
        if len(slot.lanes) == 1:
            place(ctx, slot.lanes[0], need)
            return
        shares = [lane.share for lane in slot.lanes]
        amounts = rules.water_fill(need, shares, [math.inf] * len(shares))
        for lane, amount in zip(slot.lanes, amounts, strict=True):
            place(ctx, lane, amount)


def position(slot: SlotState) -> float:
    """On hand + on order - owed. A blocked lane's book does not count; closed lanes are owed nothing."""
    total = slot.on_hand if slot.source is None else slot.source.stock
    for lane in slot.lanes:
        total += lane.lag + lane.transit
        if not lane.blocked:
            total += lane.book
    if slot.source is not None:
        for lane in slot.source.out:
            if not lane.closed:
                total -= lane.book
    if slot.demand is not None:
        total -= slot.demand.backlog
    return total


def _quantity(slot: SlotState, position: float) -> float:
    policy = slot.slot.item.policy
    extra = slot.cover * slot.use
    if isinstance(policy, MinMax):
        return rules.min_max(position, policy.s + extra, policy.S + extra)
    if isinstance(policy, ReorderPoint):
        return rules.batches(position, policy.r + extra, policy.Q)
    return rules.order_up_to(position, slot.target)


def retarget(ctx: Context, slot: SlotState) -> None:
    """Recompute the level to order up to after a change of split, lead time or cover."""
    policy = slot.slot.item.policy
    if isinstance(policy, MinMax | ReorderPoint):
        return
    if hasattr(policy, "S"):
        slot.target = policy.S + slot.cover * slot.use
        return
    splits = [lane.split for lane in slot.lanes]
    leads = [lane.planned + lane.shift + lane.slack for lane in slot.lanes]
    slot.target = ctx.plan.target(slot.slot, splits, leads, slot.cover)


def place(ctx: Context, lane: LaneState, amount: float) -> None:
    """Order; it joins the book at the source after the lane's order lag."""
    if amount <= lane.dust:
        return
    now = ctx.env.now
    lane.ordered += amount
    lane.ordering += lane.lane.order_cost
    ctx.log("order", lane.key, amount)
    lag = rules.on_grid(lane.lane.order_lag)
    if lag <= 0.0:
        _enter(ctx, lane, amount, now)
        return
    lane.lag += amount
    lane.lagging += 1
    lane.order_serial += 1

    def ripen(_: simpy.Event) -> None:
        lane.lagging -= 1
        lane.lag = lane.lag - amount if lane.lagging else 0.0
        _enter(ctx, lane, amount, now)
        if lane.blocked:
            lane.slot.wake()

    ctx.clock.call(now + lag, Phase.ORDER, lane.rank, lane.order_serial, ripen)


def _enter(ctx: Context, lane: LaneState, amount: float, ordered_at: float) -> None:
    lane.book += amount
    lane.orders.append([ordered_at, amount])
    lane.source.wake()
    if lane.source.site is not None:
        lane.source.site.wake()  # what is owed lowers the finished position


# --- arrivals ------------------------------------------------------------------------------------


def receive(ctx: Context, lane: LaneState, serial: int) -> None:
    """A shipment arrives; stock rises, those who wait are woken, the buyer notes how long it took."""
    shipment = lane.shipments.pop(serial, None)
    if shipment is None:
        return  # it was recalled under way
    amount, ordered_at = shipment
    now = ctx.env.now
    lane.costs.accrue(now, lane.transit)
    lane.transit = lane.transit - amount if lane.shipments else 0.0
    lane.received += amount
    lane.arrived += amount
    lane.goods += lane.price * amount
    lane.freight += lane.cost * amount
    lane.duty += lane.duty_rate * (lane.price + lane.cost) * amount
    ctx.log("arrive", lane.key, amount)
    slot = lane.slot
    if slot.source is not None:
        slot.source.costs.accrue(now, slot.source.stock)
        slot.source.stock += amount
        slot.source.wake()
    else:
        slot.costs.accrue(now, slot.on_hand)
        slot.on_hand += amount
        if slot.site is not None:
            slot.site.wake()
        elif slot.demand is not None:
            serve_backlog(ctx, slot.demand)
    _learn(ctx, lane, now - ordered_at)


def _learn(ctx: Context, lane: LaneState, observed: float) -> None:
    """Move the planned lead time when all receipts of ``reaction`` days were off in one direction.

    It moves by the smallest deviation among them, so that chance alone hardly moves it.
    """
    low = lane.planned + lane.shift
    high = low + lane.slack
    off = observed - high if observed > high else min(0.0, observed - low)
    now = ctx.env.now
    if off == 0.0:
        lane.streak = 0.0
    elif lane.streak * off <= 0.0:
        lane.streak, lane.streak_since = off, now
    else:
        if abs(off) < abs(lane.streak):
            lane.streak = off
        if now - lane.streak_since >= lane.slot.reaction:
            lane.shift += lane.streak
            lane.streak = 0.0
            retarget(ctx, lane.slot)
            if lane.slot.slot.item.policy.review <= 0.0:
                lane.slot.wake()


# --- behind and blocked --------------------------------------------------------------------------


def behind(ctx: Context, lane: LaneState) -> None:
    """A dispatch has left the book non-empty: judge the lane after the slot's reaction time."""
    if lane.behind_since is not None:
        return
    now = ctx.env.now
    lane.behind_since = now
    lane.behind_serial += 1
    serial = lane.behind_serial

    def judge(_: simpy.Event) -> None:
        if lane.behind_serial == serial and lane.behind_since is not None and not lane.blocked:
            lane.blocked = True
            ctx.log("blocked", lane.key, lane.book)
            resplit(lane.slot)
            retarget(ctx, lane.slot)
            lane.slot.wake()

    # in the last phase, so that what is served at this very instant is not judged; the time that a
    # lane of limited capacity takes for a normal order is expected
    reaction = rules.on_grid(lane.slot.reaction) + lane.slack
    ctx.clock.call(now + reaction, Phase.LOT_START, lane.rank, serial, judge)


def caught_up(ctx: Context, lane: LaneState) -> None:
    """The book is empty again: the lane counts as open, less what the new supplier retains."""
    lane.behind_since = None
    if not lane.blocked:
        return
    slot = lane.slot
    lane.blocked = False
    lane.doubled = 0.0
    ctx.log("unblocked", lane.key, 0.0)
    rejoin(lane, slot.slot.item.retain, Add)
    resplit(slot)
    retarget(ctx, slot)
    if slot.slot.item.policy.review <= 0.0:
        slot.wake()
