"""What may pass a lane now: closed gates, quota ledgers, licences (phase 7).

A lane's gates are cells in order of key; a ledger's cell points to a row that stands for (ledger, lane), an
office's cell to the lane's licence.
"""

from __future__ import annotations

import math

from supplysim import rules
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.arithmetic import (
    covers,
    draw_at,
    on_grid,
    quantile,
    ration_into,
    total,
    water_fill_into,
    whole,
    working_time_after,
)
from supplysim.engines.compiled.demand import accrue
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    cell,
    claim_on,
    event,
    floats,
    lane,
    ledger,
    licence,
    number_pairs,
    office,
    picked,
    scratch_a,
    scratch_b,
    scratch_c,
    seat,
    slot,
    source,
)
from supplysim.engines.compiled.queue import (
    log,
    new_event,
    place,
    put,
    schedule,
    wake_ledger,
    wake_source,
)

INF = math.inf
PRE_LICENSED_DAYS = rules.PRE_LICENSED_DAYS
RENEWALS = 1 << 32

# --- quotas --------------------------------------------------------------------------------------


@jit
def settle(w: World, i: int) -> None:
    """Settle the claims of one wake-up together, and let the sources ship what was granted.

    Only what passes all of a lane's ledgers is charged, to each of them, when the last has settled.
    """
    q = ledger(w, i)
    n = 0
    for k in range(q.first, q.first + q.lanes):
        p = claim_on(w, k)
        if p.claimed == 1:
            x = lane(w, p.lane)
            picked(w, n, 1)[0] = p.lane
            scratch_a(w, n, 1)[0] = min(p.claim, x.at_gate)
            scratch_b(w, n, 1)[0] = x.flow
            p.claimed = 0
            n += 1
    wanted, granted = scratch_a(w, 0, n), scratch_c(w, 0, n)
    if q.history == 1 and not covers(q.left, total(wanted)):
        water_fill_into(granted, q.left, scratch_b(w, 0, n), wanted)
    else:
        ration_into(granted, min(q.left, total(wanted)), wanted)
    for k in range(n):
        _grant_passage(w, picked(w, k, 1)[0], granted[k])


@jit
def _grant_passage(w: World, j: int, amount: float) -> None:
    x = lane(w, j)
    s = source(w, x.source)
    accrue(s, w.now, s.stock)
    s.stock += x.at_gate - amount
    less = amount < x.at_gate
    x.at_gate = amount
    done = not settling(w, j)
    for k in range(x.gates, x.gates + x.gates_n):
        item = cell(w, k)
        if item.kind == c.LEDGER:
            q = claim_on(w, item.ref).ledger
            if less:  # what others had granted it is free again
                look_again(w, q)
            if done:
                ledger(w, q).left = max(0.0, ledger(w, q).left - amount)
    wake_source(w, x.source)


@jit
def look_again(w: World, i: int) -> None:
    """Let every source that ships under this quota try anew."""
    q = ledger(w, i)
    for k in range(q.first, q.first + q.lanes):
        if claim_on(w, k).active > 0:
            wake_source(w, lane(w, claim_on(w, k).lane).source)


@jit
def run_ledger(w: World, i: int) -> None:
    """Start a period: the whole amount is there again, and the sources try anew."""
    q = ledger(w, i)
    q.left = q.amount
    q.serial += 1
    look_again(w, i)
    time = (math.floor(w.now / q.period) + 1.0) * q.period
    marks = floats(w, q.marks, q.marks_n)
    for k in range(q.marks_n):
        if marks[k] > w.now:
            time = marks[k]
            break
    schedule(w, time, place(c.CHANGE, q.rank, RENEWALS | q.serial), c.LEDGER_RENEWS, i)


@jit
def pass_ledgers(w: World, j: int, amount: float) -> bool:
    """Claim ``amount`` on the lane's ledgers; False if it must wait for them to settle.

    Where what is left covers all that any of the ledger's lanes may claim, nothing needs to be shared and
    the goods pass at once.
    """
    x = lane(w, j)
    if x.ledgers == 0:
        return True
    waits = False
    for k in range(x.gates, x.gates + x.gates_n):
        if cell(w, k).kind == c.LEDGER:
            q = ledger(w, claim_on(w, cell(w, k).ref).ledger)
            most = 0.0
            for m in range(q.first, q.first + q.lanes):
                for _ in range(claim_on(w, m).active):  # as often as the lane stands under it
                    most += lane(w, claim_on(w, m).lane).book
            if q.left < most:
                waits = True
    if waits:
        x.at_gate = amount
    for k in range(x.gates, x.gates + x.gates_n):
        if cell(w, k).kind == c.LEDGER:
            p = claim_on(w, cell(w, k).ref)
            if waits:
                p.claim = amount
                p.claimed = 1
                wake_ledger(w, p.ledger)
            else:
                ledger(w, p.ledger).left = max(0.0, ledger(w, p.ledger).left - amount)
    return not waits


@jit
def settling(w: World, j: int) -> bool:
    """Whether goods of this lane stand at the gate until its ledgers have settled."""
    x = lane(w, j)
    if x.ledgers > 0:
        for k in range(x.gates, x.gates + x.gates_n):
            if cell(w, k).kind == c.LEDGER and claim_on(w, cell(w, k).ref).claimed == 1:
                return True
    return False


# --- licences ------------------------------------------------------------------------------------


@jit
def limit(w: World, j: int) -> float:
    """What the lane's gates let pass now; files an application where an order finds no licence."""
    x = lane(w, j)
    if x.closed == 1:
        return 0.0
    most = INF
    if x.capacity != INF:
        most = x.capacity if x.free_at <= w.now else 0.0
    if x.ledgers > 0:
        for k in range(x.gates, x.gates + x.gates_n):
            if cell(w, k).kind == c.LEDGER:
                most = min(most, ledger(w, claim_on(w, cell(w, k).ref).ledger).left)
    if x.licences > 0:
        for k in range(x.gates, x.gates + x.gates_n):
            if cell(w, k).kind == c.OFFICE:
                i = cell(w, k).ref
                allowed = may_pass(w, i)
                if x.book > allowed + x.dust or (x.blocked == 1 and allowed <= 0.0):
                    _apply(w, i, x.book - allowed)
                    allowed = may_pass(w, i)
                most = min(most, allowed)
    return most


@jit
def may_pass(w: World, i: int) -> float:
    """What is licensed now: what licences are left for, and the pre-licensed flow saved up."""
    item = licence(w, i)
    if item.general == 1 or office(w, item.office).pre_licensed >= 1.0:
        return INF
    return item.entitled + _free(w, i)


@jit
def _free(w: World, i: int) -> float:
    """The pre-licensed flow saved up, a day's worth at each whole day; looking changes nothing."""
    item = licence(w, i)
    rate = office(w, item.office).pre_licensed * lane(w, item.lane).flow
    return min(PRE_LICENSED_DAYS * rate, item.free + rate * (whole(w.now) - item.free_at))


@jit
def use_licence(w: World, i: int, amount: float) -> None:
    """A shipment uses licences up, the pre-licensed flow first."""
    item = licence(w, i)
    free = _free(w, i)
    from_free = min(free, amount)
    item.free = free - from_free
    item.free_at = whole(w.now)
    item.entitled = max(0.0, item.entitled - (amount - from_free))
    if item.entitled <= lane(w, item.lane).dust:
        item.entitled = 0.0


@jit
def new_licence(w: World, i: int) -> None:
    """A lane comes under an office, with nothing; only its draws go on."""
    item = licence(w, i)
    item.active = 1
    item.general = 0
    item.entitled = 0.0
    item.applied = 0.0
    item.open_applications = 0
    item.not_before = -INF
    item.free = 0.0
    item.free_at = whole(w.now)
    item.granted = 0


@jit
def _apply(w: World, i: int, missing: float) -> None:
    """File an application, unless one is open (goods that come later join the next)."""
    item = licence(w, i)
    terms = office(w, item.office)
    x = lane(w, item.lane)
    if w.now < item.not_before:
        return
    if terms.per_dispatch == 1:
        missing = missing - item.applied
        if missing <= x.dust:
            return
    elif item.open_applications > 0:
        return
    amount = missing if terms.per_dispatch == 1 else max(missing, terms.least_days * x.flow)
    if x.blocked == 1 and missing <= 0.0:
        amount = max(amount, slot(w, x.slot).lump)
    routine = terms.routine_after >= 0 and item.granted >= terms.routine_after
    at_desk = terms.routine_service if routine else terms.service
    papers = on_grid(quantile(w, terms.papers, draw_at(w, item.streams, w.now)))
    service = on_grid(quantile(w, at_desk, draw_at(w, item.streams + 1, w.now)))
    referred = draw_at(w, item.streams + 2, w.now) < terms.referred and not routine
    delay = on_grid(quantile(w, terms.referred_delay, draw_at(w, item.streams + 3, w.now)))
    more = delay if referred else 0.0
    approved = draw_at(w, item.streams + 4, w.now) < item.chance
    if papers + service + more <= 0.0 and approved:
        _grant(w, i, amount)  # a certain instant licence is as if there were none
        return
    item.applied += amount
    item.open_applications += 1
    log(w, c.APPLY, item.lane, amount)
    _file(w, w.now + papers, _turn(w, item.office), c.HANDED_IN, i, amount, service, more, approved)


@jit
def _turn(w: World, i: int) -> int:
    """The next place among what happens at an office; offices of one key share a counter."""
    first = office(w, office(w, i).counter)
    first.serial += 1
    return place(c.GATE, first.rank, first.serial)


@jit
def _file(
    w: World,
    time: float,
    order: int,
    kind: int,
    i: int,
    amount: float,
    service: float,
    more: float,
    approved: bool,
) -> None:
    if time >= w.horizon:
        return
    k = new_event(w, time, order, kind, i)
    e = event(w, k)
    e.x = amount
    e.y = service
    e.z = more
    e.b = licence(w, i).generation << 1 | (1 if approved else 0)
    put(w, k)


@jit
def handed_in(w: World, i: int, amount: float, service: float, more: float, approved: bool) -> None:
    """The papers are at the office: the application queues for a desk, and may be referred."""
    o = office(w, licence(w, i).office)
    done = _after(w, licence(w, i).office, _seat(w, licence(w, i).office), service)
    if o.desks >= 0:
        _take_seat(w, licence(w, i).office, done)
    if more > 0.0:
        done = _after(w, licence(w, i).office, done, more)
    _file(w, done, _turn(w, licence(w, i).office), c.DECIDED, i, amount, 0.0, 0.0, approved)


@jit
def _seat(w: World, i: int) -> float:
    """When a desk is free for an application that comes now (always, if desks are not counted)."""
    o = office(w, i)
    if o.desks < 0 or o.seated < o.desks:
        return w.now
    first = o.seats
    for k in range(o.seats, o.seats + o.seated):
        if seat(w, k).x < seat(w, first).x:
            first = k
    free = seat(w, first).x
    o.seated -= 1
    seat(w, first).x = seat(w, o.seats + o.seated).x
    return max(w.now, free)


@jit
def _take_seat(w: World, i: int, until: float) -> None:
    o = office(w, i)
    seat(w, o.seats + o.seated).x = until
    o.seated += 1
    if o.seated >= o.room and o.room < o.desks:
        w.full = 1


@jit
def _after(w: World, i: int, time: float, days: float) -> float:
    """The moment at which so many of the office's working days have passed."""
    o = office(w, i)
    if o.calendar == 0:
        return time + days
    week = (o.working_week, o.weekday)
    return working_time_after(time, days, week, number_pairs(w, o.holidays, o.holidays_n))


@jit
def _grant(w: World, i: int, amount: float) -> None:
    item = licence(w, i)
    item.granted += 1
    if office(w, item.office).single == 1:
        item.entitled += amount
    else:
        item.general = 1


@jit
def decide(w: World, i: int, amount: float, approved: bool) -> None:
    """The office answers: the goods may go, or the seller waits a day and applies again."""
    item = licence(w, i)
    x = lane(w, item.lane)
    item.open_applications -= 1
    item.applied = item.applied - amount if item.open_applications > 0 else 0.0
    if approved:
        _grant(w, i, amount)
        log(w, c.GRANT, item.lane, amount)
        wake_source(w, x.source)
        return
    log(w, c.REFUSE, item.lane, amount)
    item.not_before = w.now + 1.0
    schedule(w, w.now + 1.0, _turn(w, item.office), c.SOURCE_LOOKS, x.source)
