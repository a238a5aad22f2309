"""The seller's side: sharing stock over the books and sending it off (phase 6)."""

from __future__ import annotations

import math

import simpy

from supplysim import rules
from supplysim.engines.simpy_engine import supply
from supplysim.engines.simpy_engine.clock import Phase
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.gates import held, limit, pass_ledgers, settling
from supplysim.engines.simpy_engine.state import LaneState, SourceState

__all__ = ["dispatch"]


def dispatch(ctx: Context, source: SourceState) -> None:
    """Serve the books from stock by the source's allocation rule, as far as the gates let it."""
    for lane in source.out:  # what a quota has granted at this instant goes first
        if lane.at_gate > 0.0 and not settling(lane):
            amount, lane.at_gate = lane.at_gate, 0.0
            _ship(ctx, lane, amount)
    lanes = [
        lane
        for lane in source.out
        if (lane.book > lane.dust or lane.blocked or lane.behind) and not settling(lane)
    ]
    if not lanes:
        return
    claims = [_claim(ctx, lane) for lane in lanes]
    amounts = _allocate(ctx, source, lanes, claims)
    for lane, amount in zip(lanes, amounts, strict=True):
        if amount > lane.dust:
            _send(ctx, source, lane, amount)
    for lane, amount in zip(lanes, amounts, strict=True):
        _judge(ctx, source, lane, amount)
    if source.slot is not None and source.slot.slot.item.policy.review <= 0.0:
        source.slot.wake()
    if source.site is not None:
        source.site.wake()


def _claim(ctx: Context, lane: LaneState) -> float:
    allowed = limit(ctx, lane)
    claim = min(lane.book, allowed)
    return claim if lane.book > lane.dust else 0.0


def _send(ctx: Context, source: SourceState, lane: LaneState, amount: float) -> None:
    """Take goods from stock and ship them, or leave them at the gate until the ledgers have settled."""
    source.costs.accrue(ctx.env.now, source.stock)
    source.stock = max(0.0, source.stock - amount)
    if pass_ledgers(lane, amount):
        _ship(ctx, lane, amount)


def _judge(ctx: Context, source: SourceState, lane: LaneState, amount: float) -> None:
    """Whether the lane is behind now, or open again."""
    if lane.book > lane.dust:
        if not settling(lane):
            supply.behind(ctx, lane)
            _come_back(ctx, lane)
    elif amount > 0.0 or not lane.blocked or (limit(ctx, lane) > 0.0 and source.stock > lane.dust):
        supply.caught_up(ctx, lane)


def _come_back(ctx: Context, lane: LaneState) -> None:
    """Look again at the next day, when another day's worth of pre-licensed flow is free."""
    source = lane.source
    saves = any(0.0 < item.office.office.pre_licensed < 1.0 for item in lane.licences)
    if not saves or source.retry_at > ctx.env.now:
        return
    source.retry_at = math.floor(ctx.env.now) + 1.0

    def again(_: simpy.Event) -> None:
        source.wake()

    ctx.clock.call(source.retry_at, Phase.DISPATCH, source.rank, 1, again)


def _ship(ctx: Context, lane: LaneState, amount: float) -> None:
    """Goods leave: book, licences and the lane's own capacity are used, arrival is scheduled."""
    now = ctx.env.now
    source = lane.source
    ordered_at = _fill_orders(lane, amount, now)
    for item in lane.licences:
        item.use(amount, now)
    if not math.isinf(lane.capacity):
        lane.free_at = now + rules.on_grid(amount / lane.capacity)

        def free(_: simpy.Event) -> None:
            source.wake()

        ctx.clock.call(lane.free_at, Phase.DISPATCH, source.rank, 2 + lane.rank, free)
    if source.allocation == "incumbent-first":
        lane.right = max(0.0, _right(lane, now) - amount)
        lane.right_at = now
    if source.slot is not None:
        source.slot.used += amount
    lane.shipped += amount
    ctx.log("ship", lane.key, amount)
    hold = held(lane, now)
    if hold is None:
        lane.seized += amount
        ctx.log("seized", lane.key, amount)
        if lane.slot.slot.item.policy.review <= 0.0:
            lane.slot.wake()  # what was on order is gone
        return
    lane.costs.accrue(now, lane.transit)
    lane.transit += amount
    lane.ship_serial += 1
    serial = lane.ship_serial
    lane.shipments[serial] = (amount, ordered_at)
    lead = lane.lane.lead_time.quantile(lane.leads.at(now))
    arrives = now + rules.on_grid(lead) + rules.on_grid(lane.delay) + hold

    def arrive(_: simpy.Event) -> None:
        supply.receive(ctx, lane, serial)

    ctx.clock.call(arrives, Phase.ARRIVAL, lane.rank, serial, arrive)


def _fill_orders(lane: LaneState, amount: float, now: float) -> float:
    """Strike the oldest orders off the book; when the oldest of them was placed."""
    oldest = lane.orders[0][0] if lane.orders else now
    left = amount
    while lane.orders and left > 0.0:
        first = lane.orders[0]
        if first[1] > left:
            first[1] -= left
            break
        left -= first[1]
        lane.orders.popleft()
    lane.book = max(0.0, lane.book - amount) if lane.orders else 0.0
    lane.doubled = min(lane.doubled, lane.book)
    return oldest


# --- allocation ----------------------------------------------------------------------------------


def _allocate(
    ctx: Context, source: SourceState, lanes: list[LaneState], claims: list[float]
) -> list[float]:
    """Share the stock over the claims: the lanes of highest precedence first, by the source's rule within them."""
    levels = sorted({lane.precedence for lane in lanes}, reverse=True)
    if len(levels) == 1:
        return _by_rule(ctx, source, source.stock, lanes, claims)
    given = [0.0] * len(lanes)
    left = source.stock
    for level in levels:
        first = [
            claim if lane.precedence == level else 0.0
            for lane, claim in zip(lanes, claims, strict=True)
        ]
        for i, amount in enumerate(_by_rule(ctx, source, left, lanes, first)):
            given[i] += amount
            left = max(0.0, left - amount)
    return given


def _by_rule(
    ctx: Context, source: SourceState, stock: float, lanes: list[LaneState], claims: list[float]
) -> list[float]:
    rule = source.allocation
    if rule == "proportional" or rules.covers(stock, rules.total(claims)):
        amounts = rules.ration(stock, claims)
    elif rule == "fifo":
        amounts = _oldest_first(stock, lanes, claims)
    elif rule == "incumbent-first":
        now = ctx.env.now
        first = [min(claim, _right(lane, now)) for lane, claim in zip(lanes, claims, strict=True)]
        second = [claim - part for claim, part in zip(claims, first, strict=True)]
        amounts = _tier_by_tier(stock, [first, second])
    else:
        tiers = [_tier(source, lane) for lane in lanes]
        by_tier = [
            [claim if tier == now else 0.0 for tier, claim in zip(tiers, claims, strict=True)]
            for now in sorted(set(tiers))
        ]
        amounts = _tier_by_tier(stock, by_tier)
    return amounts


def _tier(source: SourceState, lane: LaneState) -> tuple[int, int]:
    """Lower tiers are served first: by priority number, or the source's own country before others."""
    if source.allocation == "domestic-first":
        return (0 if lane.slot.slot.country == source.country else 1, 0)
    demand = lane.slot.demand
    return (lane.lane.priority, 0 if demand is None else demand.demand.priority)


def _tier_by_tier(stock: float, tiers: list[list[float]]) -> list[float]:
    given = [0.0] * len(tiers[0])
    left = stock
    for claims in tiers:
        for i, amount in enumerate(rules.ration(left, claims)):
            given[i] += amount
            left = max(0.0, left - amount)
    return given


def _oldest_first(stock: float, lanes: list[LaneState], claims: list[float]) -> list[float]:
    """Serve order by order by age, across books; what is ordered at once ranks by lane, then by place in the book."""
    queue = sorted(
        (order[0], lane.rank, place, i, order[1])
        for i, lane in enumerate(lanes)
        for place, order in enumerate(lane.orders)
    )
    given = [0.0] * len(lanes)
    left = stock
    for _, _, _, i, amount in queue:
        part = min(amount, claims[i] - given[i], left)
        if part > 0.0:
            given[i] += part
            left -= part
    return given


def _right(lane: LaneState, now: float) -> float:
    """What an incumbent may claim before new business: its baseline flow since it last used the right.

    Written down only when goods leave, so that looking more often changes nothing.
    """
    return min(lane.most_right, lane.right + lane.flow * (now - lane.right_at))
