"""The seller's side: sharing stock over the books and sending it off (phase 6)."""

from __future__ import annotations

import math

from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.arithmetic import (
    covers,
    draw_at,
    on_grid,
    quantile,
    ration_into,
    total,
)
from supplysim.engines.compiled.demand import accrue, look
from supplysim.engines.compiled.gates import limit, pass_ledgers, settling, use_licence
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    cell,
    distribution,
    event,
    inspection,
    lane,
    licence,
    office,
    order_of,
    picked,
    scratch_a,
    scratch_b,
    scratch_c,
    scratch_d,
    slot,
    source,
)
from supplysim.engines.compiled.queue import (
    check_orders,
    free_order,
    log,
    new_event,
    place,
    put,
    schedule,
    wake_site,
)
from supplysim.engines.compiled.supply import behind, caught_up

INF = math.inf


@jit
def dispatch(w: World, i: int) -> None:
    """Serve the books from stock by the source's allocation rule, as far as the gates let it."""
    s = source(w, i)
    n = 0
    if s.gated == 1:
        _ship_granted(w, i)
    for j in range(s.first, s.first + s.lanes):
        x = lane(w, j)
        if (x.book > x.dust or x.blocked == 1 or x.behind == 1) and not settling(w, j):
            picked(w, n, 1)[0] = j
            n += 1
    if n == 0:
        return
    lanes, claims, amounts = picked(w, 0, n), scratch_a(w, 0, n), scratch_b(w, 0, n)
    for k in range(n):
        x = lane(w, lanes[k])
        allowed = limit(w, lanes[k])
        claims[k] = min(x.book, allowed) if x.book > x.dust else 0.0
    _allocate(w, i, n)
    for k in range(n):
        if amounts[k] > lane(w, lanes[k]).dust:
            _send(w, i, lanes[k], amounts[k])
    sent = scratch_d(w, 0, n)  # the other scratch is taken where a slot splits anew
    for k in range(n):
        sent[k] = amounts[k]
    for k in range(n):
        _judge(w, i, lanes[k], sent[k])
    if s.slot >= 0:
        look(w, s.slot)
    if s.site >= 0:
        wake_site(w, s.site)


@jit
def _ship_granted(w: World, i: int) -> None:
    """What a quota has granted at this instant goes first."""
    s = source(w, i)
    for j in range(s.first, s.first + s.lanes):
        x = lane(w, j)
        if x.at_gate > 0.0 and not settling(w, j):
            amount = x.at_gate
            x.at_gate = 0.0
            _ship(w, j, amount)


@jit
def _send(w: World, i: int, j: int, amount: float) -> None:
    """Take goods from stock and ship them, or leave them at the gate until the ledgers have settled."""
    s = source(w, i)
    accrue(s, w.now, s.stock)
    s.stock = max(0.0, s.stock - amount)
    if pass_ledgers(w, j, amount):
        _ship(w, j, amount)


@jit
def _judge(w: World, i: int, j: int, amount: float) -> None:
    """Whether the lane is behind now, or open again."""
    x = lane(w, j)
    if x.book > x.dust:
        if not settling(w, j):
            behind(w, j)
            _come_back(w, i, j)
    elif amount > 0.0 or x.blocked == 0 or (limit(w, j) > 0.0 and source(w, i).stock > x.dust):
        caught_up(w, j)


@jit
def _come_back(w: World, i: int, j: int) -> None:
    """Look again at the next day, when another day's worth of pre-licensed flow is free."""
    x = lane(w, j)
    s = source(w, i)
    if x.licences == 0 or s.retry_at > w.now:
        return
    for k in range(x.gates, x.gates + x.gates_n):
        if cell(w, k).kind == c.OFFICE:
            share = office(w, licence(w, cell(w, k).ref).office).pre_licensed
            if 0.0 < share < 1.0:
                s.retry_at = math.floor(w.now) + 1.0
                schedule(w, s.retry_at, place(c.DISPATCH, s.rank, 1), c.SOURCE_LOOKS, i)
                return


@jit
def _ship(w: World, j: int, amount: float) -> None:
    """Goods leave: book, licences and the lane's own capacity are used, arrival is scheduled."""
    x = lane(w, j)
    s = source(w, x.source)
    now = w.now
    ordered_at = _fill_orders(w, j, amount)
    if x.licences > 0:
        for k in range(x.gates, x.gates + x.gates_n):
            if cell(w, k).kind == c.OFFICE:
                use_licence(w, cell(w, k).ref, amount)
    if x.capacity != INF:
        x.free_at = now + on_grid(amount / x.capacity)
        schedule(w, x.free_at, place(c.DISPATCH, s.rank, 2 + x.rank), c.SOURCE_LOOKS, x.source)
    if s.allocation == c.INCUMBENT_FIRST:
        x.right = max(0.0, _right(w, j) - amount)
        x.right_at = now
    if s.slot >= 0:
        slot(w, s.slot).used += amount
    x.shipped += amount
    log(w, c.SHIP, j, amount)
    hold = _held(w, j) if x.inspections > 0 else 0.0
    if hold == INF:
        x.seized += amount
        log(w, c.SEIZE, j, amount)
        look(w, x.slot)  # what was on order is gone
        return
    accrue(x, now, x.transit)
    x.transit += amount
    x.ship_serial += 1
    x.shipments += 1
    if distribution(w, x.lead).kind == c.FIXED:
        lead = distribution(w, x.lead).a
    else:
        lead = quantile(w, x.lead, draw_at(w, x.lead_stream, now))
    arrives = now + on_grid(lead) + on_grid(x.delay) + hold
    if arrives >= w.horizon and x.recallable == 0:
        return
    k = new_event(w, arrives, place(c.ARRIVAL, x.rank, x.ship_serial), c.ARRIVES, j)
    e = event(w, k)
    e.x = amount
    e.y = ordered_at
    if x.recallable == 1:
        _list(w, j, k)
    put(w, k)


@jit
def _held(w: World, j: int) -> float:
    """How many days the lane's inspections hold a shipment together; infinite if one of them seizes it."""
    x = lane(w, j)
    days = 0.0
    for k in range(x.gates, x.gates + x.gates_n):
        if cell(w, k).kind == c.INSPECTION:
            y = inspection(w, cell(w, k).ref)
            if draw_at(w, y.stops, w.now) < y.share:
                if y.seizes == 1:
                    days = INF
                else:
                    days += on_grid(quantile(w, y.hold, draw_at(w, y.holds, w.now)))
    return days


@jit
def _list(w: World, j: int, k: int) -> None:
    """Keep the shipments of a lane that may be recalled in order of serial."""
    x = lane(w, j)
    e = event(w, k)
    e.before = x.newest
    e.after = -1
    if x.newest >= 0:
        event(w, x.newest).after = k
    else:
        x.oldest = k
    x.newest = k
    if x.shipments > w.most_shipments:
        w.most_shipments = x.shipments
        check_orders(w)


@jit
def unlist(w: World, j: int, k: int) -> None:
    """Take a shipment that has arrived off the lane's list."""
    x = lane(w, j)
    e = event(w, k)
    if e.before >= 0:
        event(w, e.before).after = e.after
    else:
        x.oldest = e.after
    if e.after >= 0:
        event(w, e.after).before = e.before
    else:
        x.newest = e.before


@jit
def _fill_orders(w: World, j: int, amount: float) -> float:
    """Strike the oldest orders off the book; when the oldest of them was placed."""
    x = lane(w, j)
    oldest = order_of(w, x.head).ordered_at if x.head >= 0 else w.now
    left = amount
    while x.head >= 0 and left > 0.0:
        first = order_of(w, x.head)
        if first.amount > left:
            first.amount -= left
            break
        left -= first.amount
        gone = x.head
        x.head = first.next
        if x.head >= 0:
            order_of(w, x.head).before = -1
        else:
            x.tail = -1
        free_order(w, gone)
    x.book = max(0.0, x.book - amount) if x.head >= 0 else 0.0
    x.doubled = min(x.doubled, x.book)
    return oldest


# --- allocation: claims in scratch a, amounts in scratch b -------------------------------------------


@jit
def _allocate(w: World, i: int, n: int) -> None:
    """Share the stock over the claims: the lanes of highest precedence first, by the source's rule within them."""
    if source(w, i).ranked == 0:
        _by_rule(w, i, source(w, i).stock, n)
        return
    level = lane(w, picked(w, 0, 1)[0]).precedence
    mixed = False
    for k in range(1, n):
        now = lane(w, picked(w, k, 1)[0]).precedence
        mixed = mixed or now != level
        level = max(level, now)
    if not mixed:
        _by_rule(w, i, source(w, i).stock, n)
        return
    claims, amounts = scratch_a(w, 0, n), scratch_b(w, 0, n)
    whole, given = scratch_a(w, n, n), scratch_b(w, n, n)
    for k in range(n):
        whole[k] = claims[k]
        given[k] = 0.0
    left = source(w, i).stock
    while level > -INF:
        lower = -INF
        for k in range(n):
            own = lane(w, picked(w, k, 1)[0]).precedence
            claims[k] = whole[k] if own == level else 0.0
            if own < level:
                lower = max(lower, own)
        _by_rule(w, i, left, n)
        for k in range(n):
            given[k] += amounts[k]
            left = max(0.0, left - amounts[k])
        level = lower
    for k in range(n):
        amounts[k] = given[k]


@jit
def _by_rule(w: World, i: int, stock: float, n: int) -> None:
    s = source(w, i)
    claims, amounts = scratch_a(w, 0, n), scratch_b(w, 0, n)
    if s.allocation == c.PROPORTIONAL or covers(stock, total(claims)):
        ration_into(amounts, stock, claims)
        return
    for k in range(n):
        amounts[k] = 0.0
    if s.allocation == c.FIFO:
        _oldest_first(w, stock, n)
    elif s.allocation == c.INCUMBENT_FIRST:
        _incumbents_first(w, stock, n)
    else:
        _tier_by_tier(w, stock, n)


@jit
def _incumbents_first(w: World, stock: float, n: int) -> None:
    claims, tier = scratch_a(w, 0, n), scratch_c(w, 0, n)
    for k in range(n):
        tier[k] = min(claims[k], _right(w, picked(w, k, 1)[0]))
    left = _serve_tier(w, stock, n)
    for k in range(n):
        tier[k] = claims[k] - min(claims[k], _right(w, picked(w, k, 1)[0]))
    _serve_tier(w, left, n)


@jit
def _tier_by_tier(w: World, stock: float, n: int) -> None:
    """Lower tiers first: by priority number, or the source's own country before others."""
    claims, tier = scratch_a(w, 0, n), scratch_c(w, 0, n)
    left = stock
    served = -1
    while True:
        current = -1
        for k in range(n):
            level = lane(w, picked(w, k, 1)[0]).tier
            if level > served and (current < 0 or level < current):
                current = level
        if current < 0:
            return
        for k in range(n):
            tier[k] = claims[k] if lane(w, picked(w, k, 1)[0]).tier == current else 0.0
        left = _serve_tier(w, left, n)
        served = current


@jit
def _serve_tier(w: World, stock: float, n: int) -> float:
    """Add what the claims of one tier (scratch c) get; what is left."""
    amounts, tier, parts = scratch_b(w, 0, n), scratch_c(w, 0, n), scratch_d(w, 0, n)
    ration_into(parts, stock, tier)
    left = stock
    for k in range(n):
        amounts[k] += parts[k]
        left = max(0.0, left - parts[k])
    return left


@jit
def _oldest_first(w: World, stock: float, n: int) -> None:
    """Serve order by order by age, across books; what is ordered at once ranks by lane, then by place in the book.

    Books are in order of age, so their first entries are merged.
    """
    claims, amounts = scratch_a(w, 0, n), scratch_b(w, 0, n)
    at = picked(w, n, n)
    for k in range(n):
        at[k] = lane(w, picked(w, k, 1)[0]).head
    left = stock
    while left > 0.0:
        first = -1
        for k in range(n):
            if at[k] >= 0 and (
                first < 0 or order_of(w, at[k]).ordered_at < order_of(w, at[first]).ordered_at
            ):
                first = k
        if first < 0:
            return
        entry = order_of(w, at[first])
        part = min(entry.amount, claims[first] - amounts[first], left)
        if part > 0.0:
            amounts[first] += part
            left -= part
        at[first] = entry.next


@jit
def _right(w: World, j: int) -> float:
    """What an incumbent may claim before new business: its baseline flow since it last used the right.

    Written down only when goods leave, so that looking more often changes nothing.
    """
    x = lane(w, j)
    return min(x.most_right, x.right + x.flow * (w.now - x.right_at))
