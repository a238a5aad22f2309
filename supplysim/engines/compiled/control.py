"""Changes, from the timeline, from watches and from chance (phase 1)."""

from __future__ import annotations

import math

from supplysim import rules
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.demand import accrue, look, set_rate
from supplysim.engines.compiled.gates import new_licence, run_ledger
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    cell,
    change,
    claim_on,
    demand,
    event,
    lane,
    ledger,
    licence,
    order_of,
    site,
    slot,
    source,
)
from supplysim.engines.compiled.production import set_capacity
from supplysim.engines.compiled.queue import (
    log,
    new_order,
    wake_site,
    wake_slot,
    wake_source,
)
from supplysim.engines.compiled.rerouting import any_blocked, fold, replan, resplit, retarget

INF = math.inf
TICK = rules.TICK


@jit
def apply(w: World, k: int) -> None:
    """One key's contribution to one attribute becomes what change ``k`` says."""
    x = change(w, k)
    if x.attribute == c.LANE_IN_TRANSIT:
        if x.kind != c.NOTHING:
            recall(w, x.entity, x.kind)
        return
    contribute(w, x.attribute, x.entity, x.cell, x.kind, x.value, x.ref)


@jit
def contribute(
    w: World, attribute: int, i: int, place: int, kind: int, value: float, ref: int
) -> None:
    """One key's contribution (at ``place``) to one attribute of an entity is set, and the value folded anew."""
    if attribute == c.LANE_GATE:
        _leave_ledgers(w, i)
    item = cell(w, place)
    was_kind, was_ref = item.kind, item.ref
    item.kind = kind
    item.value = value
    item.ref = ref
    if attribute == c.LANE_GATE:
        if was_kind == c.OFFICE and not _under(w, i, was_ref):
            licence(w, was_ref).active = 0
            licence(w, was_ref).generation += 1
        _gates(w, i)
    elif attribute == c.LANE_SHARE:
        y = lane(w, i)
        y.share = fold(w, y.base_share, y.shares, y.shares_n)
        replan(w, y.slot)
    elif attribute == c.LANE_CAPACITY:
        y = lane(w, i)
        y.capacity = fold(w, y.base_capacity, y.capacities, y.capacities_n)
        wake_source(w, y.source)
    elif attribute == c.LANE_DELAY:
        lane(w, i).delay = fold(w, 0.0, lane(w, i).delays, lane(w, i).delays_n)
    elif attribute < c.LANE_IN_TRANSIT:
        _terms(w, i, attribute)
    elif attribute == c.SITE_CAPACITY:
        p = site(w, i)
        set_capacity(w, i, fold(w, p.base_capacity, p.capacities, p.capacities_n))
    elif attribute == c.SLOT_COVER:
        slot(w, i).cover = fold(w, 0.0, slot(w, i).covers, slot(w, i).covers_n)
        replan(w, i)
    elif attribute == c.SLOT_REACTION:
        s = slot(w, i)
        s.reaction = fold(w, s.base_reaction, s.reactions, s.reactions_n)
    elif attribute == c.SLOT_GAIN:
        s = slot(w, i)
        if s.site >= 0:
            s.gain = fold(w, s.base_gain, s.gains, s.gains_n)
            wake_site(w, s.site)
    else:
        set_rate(w, i, fold(w, demand(w, i).base_rate, demand(w, i).rates, demand(w, i).rates_n))


@jit
def _terms(w: World, j: int, attribute: int) -> None:
    """On what terms a lane delivers: what it costs, and who is served first."""
    x = lane(w, j)
    if attribute == c.LANE_PRICE:
        x.price = fold(w, x.base_price, x.prices, x.prices_n)
    elif attribute == c.LANE_COST:
        x.cost = fold(w, x.base_cost, x.costs, x.costs_n)
    elif attribute == c.LANE_DUTY:
        x.duty_rate = fold(w, 0.0, x.duties, x.duties_n)
        x.dutied = x.duty_rate > 0.0
    else:
        x.precedence = fold(w, 0.0, x.precedences, x.precedences_n)
        source(w, x.source).ranked = 1


@jit
def _leave_ledgers(w: World, j: int) -> None:
    x = lane(w, j)
    for k in range(x.gates, x.gates + x.gates_n):
        if cell(w, k).kind == c.LEDGER:
            claim_on(w, cell(w, k).ref).active = 0
            claim_on(w, cell(w, k).ref).claimed = 0


@jit
def _under(w: World, j: int, ref: int) -> bool:
    """Whether the lane needs this licence."""
    x = lane(w, j)
    for k in range(x.gates, x.gates + x.gates_n):
        if cell(w, k).kind == c.OFFICE and cell(w, k).ref == ref:
            return True
    return False


@jit
def _gates(w: World, j: int) -> None:
    """Set the lane's gates anew; an office or ledger that stays keeps its state."""
    x = lane(w, j)
    was_closed = x.closed
    x.closed = 0
    x.ledgers = 0
    x.licences = 0
    x.inspections = 0
    for k in range(x.gates, x.gates + x.gates_n):
        item = cell(w, k)
        if item.kind == c.CLOSED:
            x.closed = 1
        elif item.kind == c.LEDGER:
            q = claim_on(w, item.ref).ledger
            if ledger(w, q).started == 0:
                ledger(w, q).started = 1
                run_ledger(w, q)
            claim_on(w, item.ref).active += 1
            x.ledgers += 1
        elif item.kind == c.OFFICE:
            if licence(w, item.ref).active == 0:
                new_licence(w, item.ref)
            x.licences += 1
        elif item.kind == c.INSPECTION:
            x.inspections += 1
    wake_source(w, x.source)
    if was_closed != x.closed:
        if any_blocked(w, x.slot):
            resplit(w, x.slot)
            retarget(w, x.slot)
            wake_slot(w, x.slot)
        s = source(w, x.source)
        if s.site >= 0:
            wake_site(w, s.site)
        elif s.slot >= 0:
            look(w, s.slot)


@jit
def recall(w: World, j: int, fate: int) -> None:
    """What is under way goes back to the source and into the book again, or is lost."""
    x = lane(w, j)
    if x.shipments == 0:
        return
    accrue(x, w.now, x.transit)
    x.transit = 0.0
    x.shipments = 0
    amount = 0.0
    i = x.oldest
    while i >= 0:
        amount += event(w, i).x
        i = event(w, i).after
    if fate == c.SEIZED:
        x.seized += amount
        log(w, c.SEIZE, j, amount)
    else:
        x.returned += amount
        log(w, c.RETURNED, j, amount)
        s = source(w, x.source)
        accrue(s, w.now, s.stock)
        s.stock += amount
    i = x.newest
    while i >= 0:
        e = event(w, i)
        e.a = -1  # it will not arrive
        if fate == c.RETURNS:
            _put_back(w, j, e.y, e.x)
        i = e.before
    x.oldest = -1
    x.newest = -1
    if fate == c.RETURNS:
        wake_source(w, x.source)
    wake_slot(w, x.slot)


@jit
def _put_back(w: World, j: int, ordered_at: float, amount: float) -> None:
    """An order stands first in the book again."""
    x = lane(w, j)
    k = new_order(w, ordered_at, amount)
    if x.head >= 0:
        order_of(w, k).next = x.head
        order_of(w, x.head).before = k
    else:
        x.tail = k
    x.head = k
    x.book += amount
