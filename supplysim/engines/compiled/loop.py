"""The event loop: always the smallest pending (time, phase, rank, serial), until the horizon."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from supplysim import draws
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.actors import (
    keep_watch,
    make,
    renewal_otherwise,
    renewal_then,
    start_attempts,
    start_renewal,
    start_watch,
    success,
)
from supplysim.engines.compiled.arithmetic import absorb, uniform, uniform_between
from supplysim.engines.compiled.control import apply
from supplysim.engines.compiled.demand import (
    accrue,
    await_withdrawal,
    count_afresh,
    customer,
    run_arrivals,
    serve_backlog,
    withdrawal,
)
from supplysim.engines.compiled.dispatch import dispatch, unlist
from supplysim.engines.compiled.gates import decide, handed_in, run_ledger, settle
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    demand,
    due,
    event,
    lane,
    ledger,
    licence,
    near,
    site,
    slot,
    source,
    stream,
    waking,
    watch,
)
from supplysim.engines.compiled.market import keep_market, market_ends, start_market
from supplysim.engines.compiled.production import LINE, finish, leave_line, start_lot
from supplysim.engines.compiled.queue import (
    RANK_BITS,
    SERIAL_BITS,
    SERIALS,
    free_event,
    next_event,
    next_wake,
    open_bin,
    place,
    rank_in,
    schedule,
    wake,
    wake_site,
    wake_slot,
    wake_source,
)
from supplysim.engines.compiled.recording import record_day, stock_of
from supplysim.engines.compiled.rerouting import retarget, ripen
from supplysim.engines.compiled.supply import judge, order, receive

DONE, FULL, REACHED, PAUSED = 0, 1, 2, 3
NEW, RUNNING, BRANCHED = 0, 1, 2
STEPS = 4_000_000
WARMING = draws.WARMING
ZERO = np.uint64(0)


def run(worlds: Any) -> int:
    """Run on until the horizon (`DONE`), the time ``until`` (`REACHED`), or a buffer that must grow (`FULL`).

    Every few million steps it pauses (`PAUSED`), so that Python may see whether it has been interrupted.
    """
    w = worlds[0]
    if w.state == NEW:
        start(w)
    if w.state != RUNNING:
        w.state = RUNNING
        begin(w)
    steps = 0
    while w.full == 0:
        steps += 1
        if steps > STEPS:
            return PAUSED
        if w.make_n > 0:
            w.make_n -= 1
            w.make += 1
            apply(w, w.make - 1)
        elif w.wakes_n > 0 and not _event_first(w):
            _wake_up(w, next_wake(w))
        elif w.near_n > 0:
            time = near(w, 0).time
            if time >= w.until:
                return REACHED
            if time > w.now:
                _record_until(w, time)
                w.now = time
            _happen(w, next_event(w))
        elif not open_bin(w):
            if w.until < w.horizon:
                return REACHED
            _record_until(w, w.horizon)
            return DONE
    return FULL


@jit
def _event_first(w: World) -> bool:
    """Whether an event of this very instant comes before the first wake-up."""
    if w.near_n == 0:
        return False
    first = near(w, 0)
    return first.time == w.now and first.order < waking(w, 0).order


@jit
def _record_until(w: World, time: float) -> None:
    """Record comes first at every day; nothing has changed since the last event."""
    while w.day <= w.days and w.day <= time:
        w.now = float(w.day)
        record_day(w)


@jit
def _wake_up(w: World, at: int) -> None:
    phase = at >> (RANK_BITS + SERIAL_BITS)
    rank = rank_in(at)
    if phase == c.ORDER:
        i = rank - w.slot_rank
        if at & SERIALS == 0:  # else a review, which is no wake-up
            slot(w, i).awake = 0
        order(w, i)
    elif phase == c.DISPATCH:
        i = rank - w.site_rank
        if i >= w.sites_n:
            i = rank - w.store_rank + w.sites_n
        source(w, i).awake = 0
        dispatch(w, i)
    elif phase == c.GATE:
        i = at & SERIALS
        ledger(w, i).awake = 0
        settle(w, i)
    else:
        i = rank - w.site_rank
        site(w, i).awake = 0
        start_lot(w, i)


@jit
def index(value: Any) -> int:
    """A narrow whole number as wide as all indices, so that no kernel is compiled twice."""
    return np.int64(value)  # type: ignore[return-value]


@jit
def _happen(w: World, k: int) -> None:
    """Take the event's row off the queue and do what it says; the row is free for others meanwhile."""
    e = event(w, k)
    kind, i, b, at = e.kind, index(e.a), e.b, e.order
    amount, y, z, serial = e.x, e.y, e.z, at & SERIALS
    if kind == c.ARRIVES and i >= 0 and lane(w, i).recallable == 1:
        unlist(w, i, k)
    free_event(w, k)
    if kind == c.ARRIVES:
        if i >= 0:
            receive(w, i, amount, y)
    elif kind == c.LINE_DONE:
        leave_line(w, i, serial - LINE)
    elif kind == c.LOT_FINISHED:
        finish(w, i, amount)
    elif kind == c.WITHDRAWAL:
        withdrawal(w, i)
    elif kind == c.CUSTOMER:
        customer(w, i, serial)
    elif kind == c.JUDGED:
        judge(w, i, serial)
    elif kind == c.RIPENS:
        ripen(w, i, amount, y)
    elif kind == c.SOURCE_LOOKS:
        wake_source(w, i)
    elif kind == c.REVIEW:
        wake(w, at)
        _await_review(w, i)
    elif kind == c.RETRY:
        slot(w, i).retry_due = 0
        wake_slot(w, i)
    elif kind == c.HANDED_IN:
        if licence(w, i).generation == b >> 1:
            handed_in(w, i, amount, y, z, b & 1 == 1)
    elif kind == c.DECIDED:
        if licence(w, i).generation == b >> 1:
            decide(w, i, amount, b & 1 == 1)
    else:
        _happen_rarely(w, kind, i)


@jit
def _happen_rarely(w: World, kind: int, i: int) -> None:
    if kind == c.DUE:
        make(w, i, 1)
    elif kind == c.WATCH:
        keep_watch(w, i)
    elif kind == c.WATCH_ENDS:
        make(w, watch(w, i).otherwise, watch(w, i).otherwise_n)
    elif kind == c.RENEWAL_THEN:
        renewal_then(w, i)
    elif kind == c.RENEWAL_OTHERWISE:
        renewal_otherwise(w, i)
    elif kind == c.SUCCESS:
        success(w, i)
    elif kind == c.MARKET:
        keep_market(w, i)
    elif kind == c.MARKET_ENDS:
        market_ends(w, i)
    elif kind == c.LEDGER_RENEWS:
        run_ledger(w, i)
    elif kind == c.COUNT_STOCK:
        _count_stock(w, i)
    elif kind == c.COUNT_AFRESH:
        count_afresh(w, i)


# --- how it begins ---------------------------------------------------------------------------------


@jit
def start(w: World) -> None:
    """Give streams their keys, wake everything, and start all clocks."""
    for i in range(w.streams_n):
        s = stream(w, i)
        s.key = absorb(absorb(absorb(absorb(ZERO, w.seed), w.replication), s.entity), s.purpose)
    for i in range(w.slots_n):
        retarget(w, i)
        if slot(w, i).review <= 0.0:
            wake_slot(w, i)
    for i in range(w.sites_n):
        wake_site(w, i)
    for i in range(w.demands_n):
        _begin_demand(w, i)
    for i in range(w.slots_n):
        s = slot(w, i)
        if s.review > 0.0:
            s.review_number = math.ceil(w.now / s.step)
            _await_review(w, i)
        if s.initial != c.NO_INITIAL:
            schedule(w, 0.0, place(c.CHANGE, s.rank, 0), c.COUNT_STOCK, i)
    make(w, 0, w.immediate_n)
    _record_until(w, w.now)  # where there is no warm-up, day 0 begins at once


@jit
def begin(w: World) -> None:
    """Put changes, watches, renewals and attempts of the scenario on the queue."""
    for i in range(w.first_due, w.first_due + w.dues_n):
        if i >= w.immediate_n:
            schedule(w, due(w, i).time, due(w, i).order, c.DUE, i)
    for i in range(w.first_watch, w.first_watch + w.watches_n):
        start_watch(w, i)
    for i in range(w.first_renewal, w.first_renewal + w.renewals_n):
        start_renewal(w, i)
    for i in range(w.first_attempt, w.first_attempt + w.attempts_n):
        start_attempts(w, i)
    for i in range(w.first_market, w.first_market + w.markets_n):
        start_market(w, i)


@jit
def _begin_demand(w: World, i: int) -> None:
    """Start a demand's clock; what the warm-up draws comes from another part of its streams."""
    d = demand(w, i)
    if w.now < 0.0:
        stream(w, d.intervals).count = WARMING
        stream(w, d.sizes).count = WARMING
        schedule(w, 0.0, place(c.CHANGE, d.rank, 0), c.COUNT_AFRESH, i)
    if d.poisson == 1:
        run_arrivals(w, i)
    else:
        d.number = math.ceil(w.now / d.step)
        await_withdrawal(w, i)


@jit
def _await_review(w: World, i: int) -> None:
    """Periodic review: at whole multiples of the review time, counted from day 0."""
    s = slot(w, i)
    time = s.review_number * s.step
    s.review_number += 1
    schedule(w, time, place(c.ORDER, s.rank, 2), c.REVIEW, i)


@jit
def _count_stock(w: World, i: int) -> None:
    """On day 0 the stock is what the network says is really there; the order follows at once."""
    s = slot(w, i)
    amount = s.initial_low
    if s.initial == c.INITIAL_RANGE:
        u = uniform(stream(w, s.initial_stream).key, 0)
        amount = uniform_between(u, s.initial_low, s.initial_high)
    amount = amount * s.initial_unit
    s.counted += amount - stock_of(w, i)
    if s.source >= 0:
        x = source(w, s.source)
        accrue(x, 0.0, x.stock)
        x.stock = amount
        wake_source(w, s.source)
    else:
        accrue(s, 0.0, s.on_hand)
        s.on_hand = amount
    if s.site >= 0:
        wake_site(w, s.site)
    elif s.demand >= 0:
        serve_backlog(w, s.demand)
    wake_slot(w, i)
