"""Daily records (phase 0): what happened each day, and how things stood at its end.

Values are summed by group in order of entity; where every entity is its own group, that is the entity's record.
"""

from __future__ import annotations

from typing import Any

from supplysim.engines.compiled.demand import accrue
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    demand,
    lane,
    opening,
    record,
    site,
    slot,
    source,
)


@jit
def record_day(w: World) -> None:
    """Day k begins: close [k-1, k); at day 0 forget the warm-up's flows and money, note the states."""
    if w.day == 0:
        _levels(w)
        _accrue_all(w)
        _forget(w)
    elif w.day > 0:
        _close(w)
        if w.day == w.days:
            _accrue_all(w)
    w.day += 1


@jit
def stock_of(w: World, i: int) -> float:
    """What a slot has on hand; a store's slot shares the stock of the source."""
    s = slot(w, i)
    return s.on_hand if s.source < 0 else source(w, s.source).stock


@jit
def _levels(w: World) -> None:
    """The states at the start of day 0."""
    at = 0
    n = w.site_groups
    for i in range(w.sites_n):
        opening(w, at + site(w, i).group).x += source(w, i).stock
        opening(w, at + n + site(w, i).group).x += site(w, i).in_process
    at += 2 * n
    n = w.slot_groups
    for i in range(w.slots_n):
        opening(w, at + slot(w, i).group).x += stock_of(w, i)
    at += n
    n = w.demand_groups
    for i in range(w.demands_n):
        opening(w, at + demand(w, i).group).x += demand(w, i).backlog
    at += n
    n = w.lane_groups
    for i in range(w.lanes_n):
        x = lane(w, i)
        opening(w, at + x.group).x += x.book + x.lag
        opening(w, at + n + x.group).x += x.transit


@jit
def _close(w: World) -> None:
    """One row for every variable, in the order of `codes.VARIABLES`; flows are set back to zero."""
    at = 0
    n = w.site_groups
    block = w.days * n
    for i in range(w.sites_n):
        p = site(w, i)
        k = at + (w.day - 1) * n + p.group
        if p.output != 0.0:
            record(w, k).x += p.output
            p.output = 0.0
        if p.started != 0.0:
            record(w, k + block).x += p.started
            p.started = 0.0
        record(w, k + 2 * block).x += source(w, i).stock
        record(w, k + 3 * block).x += p.in_process
    at += 4 * block
    n = w.slot_groups
    block = w.days * n
    for i in range(w.slots_n):
        s = slot(w, i)
        k = at + (w.day - 1) * n + s.group
        if s.used != 0.0:
            record(w, k).x += s.used
            s.used = 0.0
        if s.counted != 0.0:
            record(w, k + block).x += s.counted
            s.counted = 0.0
        record(w, k + 2 * block).x += stock_of(w, i)
    at += 3 * block
    _close_demands(w, at)
    _close_lanes(w, at + 6 * w.days * w.demand_groups)


@jit
def _close_demands(w: World, at: int) -> None:
    n = w.demand_groups
    block = w.days * n
    for i in range(w.demands_n):
        d = demand(w, i)
        k = at + (w.day - 1) * n + d.group
        record(w, k).x += d.wanted
        record(w, k + block).x += d.served
        if d.unmet != 0.0:
            record(w, k + 2 * block).x += d.unmet
        if d.deferred != 0.0:
            record(w, k + 3 * block).x += d.deferred
        if d.recovered != 0.0:
            record(w, k + 4 * block).x += d.recovered
        if d.backlog != 0.0:
            record(w, k + 5 * block).x += d.backlog
        d.wanted = 0.0
        d.served = 0.0
        d.unmet = 0.0
        d.deferred = 0.0
        d.recovered = 0.0


@jit
def _close_lanes(w: World, at: int) -> None:
    n = w.lane_groups
    block = w.days * n
    for i in range(w.lanes_n):
        x = lane(w, i)
        k = at + (w.day - 1) * n + x.group
        if x.ordered != 0.0:
            record(w, k).x += x.ordered
            x.ordered = 0.0
        if x.shipped != 0.0:
            record(w, k + block).x += x.shipped
            x.shipped = 0.0
        if x.received != 0.0:
            record(w, k + 2 * block).x += x.received
            x.received = 0.0
        if x.recallable == 1:
            record(w, k + 3 * block).x += x.returned
            record(w, k + 4 * block).x += x.seized
            x.returned = 0.0
            x.seized = 0.0
        book = x.book + x.lag
        if book != 0.0:
            record(w, k + 5 * block).x += book
        if x.transit != 0.0:
            record(w, k + 6 * block).x += x.transit


@jit
def _accrue_all(w: World) -> None:
    """Bring every holding and waiting cost up to now."""
    for i in range(w.sources_n):
        accrue(source(w, i), w.now, source(w, i).stock)
    for i in range(w.slots_n):
        accrue(slot(w, i), w.now, slot(w, i).on_hand)
    for i in range(w.lanes_n):
        accrue(lane(w, i), w.now, lane(w, i).transit)
    for i in range(w.demands_n):
        accrue(demand(w, i), w.now, demand(w, i).backlog)


@jit
def _restart(entity: Any, now: float) -> None:
    entity.cost_held = 0.0
    entity.cost_since = now


@jit
def _forget(w: World) -> None:
    """Flows and money of the warm-up are not part of the run."""
    for i in range(w.sources_n):
        _restart(source(w, i), w.now)
    for i in range(w.sites_n):
        site(w, i).output = 0.0
        site(w, i).started = 0.0
    for i in range(w.slots_n):
        s = slot(w, i)
        _restart(s, w.now)
        s.used = 0.0
        s.counted = 0.0
    for i in range(w.demands_n):
        d = demand(w, i)
        _restart(d, w.now)
        d.penalty = 0.0
        d.wanted = 0.0
        d.served = 0.0
        d.unmet = 0.0
        d.deferred = 0.0
        d.recovered = 0.0
    for i in range(w.lanes_n):
        x = lane(w, i)
        _restart(x, w.now)
        x.ordered = 0.0
        x.shipped = 0.0
        x.received = 0.0
        x.returned = 0.0
        x.seized = 0.0
        x.goods = 0.0
        x.freight = 0.0
        x.duty = 0.0
        x.ordering = 0.0
