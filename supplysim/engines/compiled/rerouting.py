"""Where orders go while a lane is blocked: the new split, what open lanes may take, what stays stuck."""

from __future__ import annotations

import math

from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.arithmetic import (
    in_periods,
    on_grid,
    ration_into,
    total,
    water_fill_into,
)
from supplysim.engines.compiled.demand import look
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    cell,
    event,
    lane,
    link,
    order_of,
    picked,
    scratch_a,
    scratch_b,
    scratch_c,
    slot,
    source,
)
from supplysim.engines.compiled.queue import (
    free_order,
    log,
    new_event,
    new_order,
    place,
    put,
    schedule,
    wake_site,
    wake_slot,
    wake_source,
)

INF = math.inf


@jit
def lane_into(w: World, i: int, k: int) -> int:
    """The k-th lane into slot ``i``."""
    return link(w, slot(w, i).first + k).lane


@jit
def any_blocked(w: World, i: int) -> bool:
    """Whether any lane into the slot is blocked."""
    for k in range(slot(w, i).lanes):
        if lane(w, lane_into(w, i, k)).blocked == 1:
            return True
    return False


# --- placing orders ------------------------------------------------------------------------------


@jit
def order_from(w: World, j: int, amount: float) -> None:
    """Order from lane ``j``; it joins the book at the source after the lane's order lag."""
    x = lane(w, j)
    if amount <= x.dust:
        return
    x.ordered += amount
    x.ordering += x.order_cost
    log(w, c.ORDERED, j, amount)
    lag = on_grid(x.order_lag)
    if lag <= 0.0:
        _enter(w, j, amount, w.now)
        return
    x.lag += amount
    x.lagging += 1
    x.order_serial += 1
    time = w.now + lag
    if time < w.horizon:
        i = new_event(w, time, place(c.ORDER, x.rank, x.order_serial), c.RIPENS, j)
        e = event(w, i)
        e.x = amount
        e.y = w.now
        put(w, i)


@jit
def ripen(w: World, j: int, amount: float, ordered_at: float) -> None:
    """The order lag is over."""
    x = lane(w, j)
    x.lagging -= 1
    x.lag = x.lag - amount if x.lagging > 0 else 0.0
    _enter(w, j, amount, ordered_at)
    if x.blocked == 1:
        wake_slot(w, x.slot)


@jit
def _enter(w: World, j: int, amount: float, ordered_at: float) -> None:
    x = lane(w, j)
    x.book += amount
    i = new_order(w, ordered_at, amount)
    if x.tail >= 0:
        order_of(w, x.tail).next = i
        order_of(w, i).before = x.tail
    else:
        x.head = i
    x.tail = i
    wake_source(w, x.source)
    site_of = source(w, x.source).site
    if site_of >= 0:
        wake_site(w, site_of)  # what is owed lowers the finished position


# --- the split -----------------------------------------------------------------------------------


@jit
def usable(w: World, j: int) -> bool:
    """Whether the buyer may turn to this lane."""
    x = lane(w, j)
    return x.blocked == 0 and x.closed == 0


@jit
def resplit(w: World, i: int) -> None:
    """The split of orders that the planned lead time follows: shares, or shares plus what is taken over."""
    n = slot(w, i).lanes
    if not any_blocked(w, i):
        together = 0.0
        for k in range(n):
            together += lane(w, lane_into(w, i, k)).share
        for k in range(n):
            x = lane(w, lane_into(w, i, k))
            x.split = x.share / together if together > 0.0 else 1.0 / n
            x.limited = 0
        return
    lost = 0.0
    shares, room, extra = scratch_a(w, 0, n), scratch_b(w, 0, n), scratch_c(w, 0, n)
    for k in range(n):
        j = lane_into(w, i, k)
        x = lane(w, j)
        shares[k] = x.share
        room[k] = 0.0
        if usable(w, j):
            room[k] = max(0.0, max(x.share, x.max_share) - x.share)
        else:
            lost += x.share
    water_fill_into(extra, lost, shares, room)
    rest = max(0.0, lost - total(extra))
    for k in range(n):
        j = lane_into(w, i, k)
        x = lane(w, j)
        if usable(w, j):
            x.split = x.share + extra[k]
        else:
            x.split = rest * (x.share / lost) if lost > 0.0 else 0.0


@jit
def retarget(w: World, i: int) -> None:
    """Recompute the level to order up to after a change of split, lead time or cover."""
    s = slot(w, i)
    if s.policy == c.BASE_STOCK:
        s.target = s.level + s.cover * s.use
    elif s.policy == c.DAYS_OF_COVER:
        wait = 0.0
        for k in range(s.lanes):
            x = lane(w, lane_into(w, i, k))
            wait += x.split * in_periods(x.planned + x.shift + x.slack + s.review, s.period)
        s.target = (wait + s.level + s.cover) * s.use + s.lumps


@jit
def replan(w: World, i: int) -> None:
    """Split, aim and order anew."""
    resplit(w, i)
    retarget(w, i)
    look(w, i)


# --- ordering around what is blocked ---------------------------------------------------------------


@jit
def reorder(w: World, i: int, need: float) -> None:
    """Order while a lane is blocked. ``need`` includes what is stuck, since it left the position.

    Open lanes take what they may; what none may take stands in the blocked books and counts again when
    they open.
    """
    s = slot(w, i)
    n = 0
    limited = False
    for k in range(s.lanes):
        j = lane_into(w, i, k)
        if usable(w, j):
            picked(w, n, 1)[0] = j
            scratch_a(w, n, 1)[0] = lane(w, j).split
            most = _allowance(w, i, j)
            scratch_b(w, n, 1)[0] = most
            limited = limited or most != INF
            n += 1
    amounts = scratch_c(w, 0, n)
    water_fill_into(amounts, need, scratch_a(w, 0, n), scratch_b(w, 0, n))
    taken = 0.0
    for k in range(n):
        if amounts[k] > s.dust:
            taken += amounts[k]
            j = picked(w, k, 1)[0]
            _use_allowance(w, i, j, amounts[k])
            order_from(w, j, amounts[k])
    rest = max(0.0, need - taken)
    _settle_books(w, i, rest)
    if rest > s.dust and limited and s.review <= 0.0 and s.retry_due == 0:
        s.retry_due = 1  # tomorrow the open lanes may take more
        schedule(w, w.now + 1.0, place(c.ORDER, s.rank, 1), c.RETRY, i)


@jit
def rejoin(w: World, j: int, retain: float) -> None:
    """A blocked lane is open again: ``retain`` of what moved to the others stays there."""
    if retain <= 0.0:
        return
    mine = lane(w, j)
    i = mine.slot
    n = slot(w, i).lanes
    moved = retain * max(0.0, mine.share - mine.split)
    gained = 0.0
    for k in range(n):
        other = lane_into(w, i, k)
        x = lane(w, other)
        if other != j and x.split > x.share:
            gained += x.split - x.share
    if moved <= 0.0 or gained <= 0.0:
        return
    moved = min(moved, gained)
    parts = scratch_a(w, 0, n)
    for k in range(n):
        other = lane_into(w, i, k)
        x = lane(w, other)
        parts[k] = 0.0
        if other != j and x.split > x.share:
            parts[k] = moved * ((x.split - x.share) / gained)
    for k in range(n):
        other = lane_into(w, i, k)
        x = lane(w, other)
        if other != j and x.split > x.share:
            _retain(w, other, parts[k])
    _retain(w, j, -moved)


@jit
def _retain(w: World, j: int, amount: float) -> None:
    x = lane(w, j)
    kept = cell(w, x.retained)
    before = kept.value if kept.kind == c.ADD else 0.0
    kept.kind = c.ADD
    kept.value = before + amount
    x.share = fold(w, x.base_share, x.shares, x.shares_n)


@jit
def fold(w: World, base: float, first: int, count: int) -> float:
    """As `changes.fold`: factors, then additions, then caps, each in sorted key order; never below 0."""
    value = base
    for k in range(first, first + count):
        item = cell(w, k)
        if item.kind == c.FACTOR:
            value = value * item.value if item.value != 0.0 else 0.0
    for k in range(first, first + count):
        item = cell(w, k)
        if item.kind == c.ADD:
            value = value + item.value
    for k in range(first, first + count):
        item = cell(w, k)
        if item.kind == c.CAP:
            value = min(value, item.value)
    return max(0.0, value)


@jit
def _allowance(w: World, i: int, j: int) -> float:
    """What a lane may be ordered now: max_share of baseline use as it accrues, no limit from 1 on."""
    x = lane(w, j)
    s = slot(w, i)
    most = max(x.share, x.max_share)
    if most >= 1.0:
        return INF
    if x.limited == 0:
        since = w.now
        for k in range(s.lanes):
            other = lane(w, lane_into(w, i, k))
            if other.blocked == 1 and other.behind == 1:
                since = min(since, other.behind_since)
        x.allowance = (most - x.share) * s.use * (w.now - since) + most * s.lump
        x.allowance_at = w.now
        x.limited = 1
    return max(0.0, x.allowance + most * s.use * (w.now - x.allowance_at))


@jit
def _use_allowance(w: World, i: int, j: int, amount: float) -> None:
    """Written down only when used, so that looking more often changes nothing."""
    x = lane(w, j)
    if x.limited == 1:
        most = max(x.share, x.max_share)
        x.allowance += most * slot(w, i).use * (w.now - x.allowance_at) - amount
        x.allowance_at = w.now


@jit
def _settle_books(w: World, i: int, rest: float) -> None:
    """Make the blocked books together hold ``rest``: cancel what others took, or add what is new."""
    s = slot(w, i)
    n = 0
    for k in range(s.lanes):
        j = lane_into(w, i, k)
        x = lane(w, j)
        if x.blocked == 1:
            picked(w, n, 1)[0] = j
            # what stands at a quota's gate is on its way, and cannot be taken back
            scratch_a(w, n, 1)[0] = max(0.0, x.book - x.doubled - x.at_gate)
            scratch_b(w, n, 1)[0] = INF
            n += 1
    stuck, parts = scratch_a(w, 0, n), scratch_c(w, 0, n)
    surplus = total(stuck) - rest
    if surplus > s.dust:
        ration_into(parts, surplus, stuck)
        for k in range(n):
            _cancel(w, picked(w, k, 1)[0], parts[k], s.double_order)
    elif -surplus > s.dust:
        for k in range(n):
            scratch_a(w, k, 1)[0] = lane(w, picked(w, k, 1)[0]).share
        water_fill_into(parts, -surplus, stuck, scratch_b(w, 0, n))
        for k in range(n):
            order_from(w, picked(w, k, 1)[0], parts[k])


@jit
def _cancel(w: World, j: int, amount: float, doubled: float) -> None:
    """Take back the newest orders from a book, all but the share that is left standing twice."""
    if amount <= 0.0:
        return
    x = lane(w, j)
    x.doubled += amount * doubled
    left = amount * (1.0 - doubled)
    if left > 0.0:
        log(w, c.CANCEL, j, left)
    while x.tail >= 0 and left > 0.0:
        newest = order_of(w, x.tail)
        part = min(newest.amount, left)
        left -= part
        newest.amount -= part
        if newest.amount <= x.dust:
            gone = x.tail
            x.tail = newest.before
            if x.tail >= 0:
                order_of(w, x.tail).next = -1
            else:
                x.head = -1
            free_order(w, gone)
    book = 0.0
    i = x.head
    while i >= 0:
        book += order_of(w, i).amount
        i = order_of(w, i).next
    x.book = book
    site_of = source(w, x.source).site
    if site_of >= 0:
        wake_site(w, site_of)
