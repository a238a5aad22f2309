"""The buyer's side: orders, arrivals, and turning to others when a lane is blocked (phases 2, 5, 8)."""

from __future__ import annotations

import math

from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.arithmetic import (
    batches,
    min_max,
    on_grid,
    order_up_to,
    water_fill_into,
)
from supplysim.engines.compiled.demand import accrue, look, serve_backlog
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    demand,
    lane,
    scratch_a,
    scratch_b,
    scratch_c,
    slot,
    source,
)
from supplysim.engines.compiled.queue import (
    log,
    place,
    schedule,
    wake_site,
    wake_slot,
    wake_source,
)
from supplysim.engines.compiled.rerouting import (
    any_blocked,
    lane_into,
    order_from,
    rejoin,
    reorder,
    resplit,
    retarget,
)

INF = math.inf

# --- orders --------------------------------------------------------------------------------------


@jit
def order(w: World, i: int) -> None:
    """Bring the inventory position to where the policy wants it."""
    s = slot(w, i)
    need = _quantity(w, i, position(w, i))
    if any_blocked(w, i):
        reorder(w, i, need)
    elif need > s.dust:
        if s.lanes == 1:
            order_from(w, lane_into(w, i, 0), need)
            return
        n = s.lanes
        for k in range(n):
            scratch_a(w, k, 1)[0] = lane(w, lane_into(w, i, k)).share
            scratch_b(w, k, 1)[0] = INF
        amounts = scratch_c(w, 0, n)
        water_fill_into(amounts, need, scratch_a(w, 0, n), scratch_b(w, 0, n))
        for k in range(n):
            order_from(w, lane_into(w, i, k), amounts[k])


@jit
def position(w: World, i: int) -> float:
    """On hand + on order - owed. A blocked lane's book does not count; closed lanes are owed nothing."""
    s = slot(w, i)
    total = s.on_hand if s.source < 0 else source(w, s.source).stock
    for k in range(s.lanes):
        x = lane(w, lane_into(w, i, k))
        total += x.lag + x.transit
        if x.blocked == 0:
            total += x.book
    if s.source >= 0:
        out = source(w, s.source)
        for j in range(out.first, out.first + out.lanes):
            if lane(w, j).closed == 0:
                total -= lane(w, j).book
    if s.demand >= 0:
        total -= demand(w, s.demand).backlog
    return total


@jit
def _quantity(w: World, i: int, at: float) -> float:
    s = slot(w, i)
    if s.policy == c.MIN_MAX:
        extra = s.cover * s.use
        return min_max(at, s.level + extra, s.batch + extra)
    if s.policy == c.REORDER_POINT:
        return batches(at, s.level + s.cover * s.use, s.batch)
    return order_up_to(at, s.target)


# --- arrivals ------------------------------------------------------------------------------------


@jit
def receive(w: World, j: int, amount: float, ordered_at: float) -> None:
    """A shipment arrives; stock rises, those who wait are woken, the buyer notes how long it took."""
    x = lane(w, j)
    accrue(x, w.now, x.transit)
    x.shipments -= 1
    x.transit = x.transit - amount if x.shipments > 0 else 0.0
    x.received += amount
    if x.traded == 1:
        x.arrived += amount
    x.goods += x.price * amount
    x.freight += x.cost * amount
    if x.dutied == 1:
        x.duty += x.duty_rate * (x.price + x.cost) * amount
    log(w, c.ARRIVE, j, amount)
    s = slot(w, x.slot)
    if s.source >= 0:
        store = source(w, s.source)
        accrue(store, w.now, store.stock)
        store.stock += amount
        wake_source(w, s.source)
    else:
        accrue(s, w.now, s.on_hand)
        s.on_hand += amount
        if s.site >= 0:
            wake_site(w, s.site)
        elif s.demand >= 0:
            serve_backlog(w, s.demand)
    _learn(w, j, w.now - ordered_at)


@jit
def _learn(w: World, j: int, observed: float) -> None:
    """Move the planned lead time when all receipts of ``reaction`` days were off in one direction.

    It moves by the smallest deviation among them, so that chance alone hardly moves it.
    """
    x = lane(w, j)
    low = x.planned + x.shift
    high = low + x.slack
    off = observed - high if observed > high else min(0.0, observed - low)
    if off == 0.0:
        x.streak = 0.0
    elif x.streak * off <= 0.0:
        x.streak = off
        x.streak_since = w.now
    else:
        if abs(off) < abs(x.streak):
            x.streak = off
        if w.now - x.streak_since >= slot(w, x.slot).reaction:
            x.shift += x.streak
            x.streak = 0.0
            retarget(w, x.slot)
            look(w, x.slot)


# --- behind and blocked --------------------------------------------------------------------------


@jit
def behind(w: World, j: int) -> None:
    """A dispatch has left the book non-empty: judge the lane after the slot's reaction time.

    In the last phase, so that what is served at that very instant is not judged; the time that a lane of
    limited capacity takes for a normal order is expected.
    """
    x = lane(w, j)
    if x.behind == 1:
        return
    x.behind = 1
    x.behind_since = w.now
    x.behind_serial += 1
    reaction = on_grid(slot(w, x.slot).reaction) + x.slack
    schedule(w, w.now + reaction, place(c.LOT_START, x.rank, x.behind_serial), c.JUDGED, j)


@jit
def judge(w: World, j: int, serial: int) -> None:
    """The lane is blocked if it has been behind ever since."""
    x = lane(w, j)
    if x.behind_serial == serial and x.behind == 1 and x.blocked == 0:
        x.blocked = 1
        log(w, c.BLOCKED, j, x.book)
        resplit(w, x.slot)
        retarget(w, x.slot)
        wake_slot(w, x.slot)


@jit
def caught_up(w: World, j: int) -> None:
    """The book is empty again: the lane counts as open, less what the new supplier retains."""
    x = lane(w, j)
    x.behind = 0
    if x.blocked == 0:
        return
    x.blocked = 0
    x.doubled = 0.0
    log(w, c.UNBLOCKED, j, 0.0)
    rejoin(w, j, slot(w, x.slot).retain)
    resplit(w, x.slot)
    retarget(w, x.slot)
    look(w, x.slot)
