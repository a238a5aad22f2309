"""Making lots: when a line starts, how an outage pauses it, when goods are finished (phases 3, 8)."""

from __future__ import annotations

import math

from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.arithmetic import covers, lot_fraction, on_grid, on_grid_below
from supplysim.engines.compiled.demand import accrue, look, take
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import World, event, lane, site, slot, source
from supplysim.engines.compiled.queue import (
    log,
    new_event,
    place,
    put,
    schedule,
    wake_site,
    wake_source,
)

INF = math.inf
LINE = 1 << 32


@jit
def start_lot(w: World, i: int) -> None:
    """Start a lot if the line is free, the inputs are there and the finished position is under target.

    A starved site makes no events: the next arrival wakes it, and a by-product the next lot of its host.
    """
    p = site(w, i)
    if p.in_line > 0.0 or p.capacity <= 0.0 or not _wanted(w, i):
        return
    fraction = _fraction(w, i)
    lot = p.lot * fraction
    if fraction <= 0.0 or not _allowed(w, i, lot):
        return
    for k in range(p.first, p.first + p.slots):
        s = slot(w, k)
        need = s.gain * p.lot * fraction
        amount = s.on_hand if not covers(s.on_hand, need) else need
        take(w, k, min(amount, s.on_hand))
        look(w, k)
    p.allowance = max(0.0, p.allowance - lot)
    p.in_line = lot
    p.in_process += lot
    p.lots += 1
    p.started += lot
    log(w, c.START, i, lot)
    p.work_left = p.lot  # the line is held for the whole lot, whatever comes out of it
    _run_line(w, i)


@jit
def _wanted(w: World, i: int) -> bool:
    """Finished stock + in process - owed is under target; closed lanes are owed nothing."""
    p = site(w, i)
    s = source(w, i)
    position = s.stock + p.in_process
    for j in range(s.first, s.first + s.lanes):
        x = lane(w, j)
        if x.closed == 0:
            position -= x.book
        if s.gated == 1:
            position += x.at_gate
    return p.target - position > 1e-9 * p.lot


@jit
def owed_beyond_stock(w: World, i: int) -> float:
    """What customers wait for on lanes that are not closed, as far as finished stock would not do."""
    s = source(w, i)
    owed = 0.0
    for j in range(s.first, s.first + s.lanes):
        x = lane(w, j)
        if x.closed == 0:
            owed += x.book
        owed -= x.at_gate
    return max(0.0, owed - s.stock)


@jit
def _fraction(w: World, i: int) -> float:
    """How much of a whole lot the inputs allow: all or nothing for critical ones, else in part."""
    p = site(w, i)
    fraction = 1.0
    for k in range(p.first, p.first + p.slots):
        s = slot(w, k)
        need = s.gain * p.lot
        if covers(s.on_hand, need):
            continue
        if s.needs * s.criticality >= 1.0:
            return 0.0
        missing = 1.0 - s.on_hand / need
        fraction = min(fraction, lot_fraction(s.needs, s.criticality, missing))
    return fraction


@jit
def _allowed(w: World, i: int, lot: float) -> bool:
    """Whether a by-product's host has made the residue for this lot."""
    p = site(w, i)
    return p.host < 0 or covers(p.allowance, lot)


@jit
def _run_line(w: World, i: int) -> None:
    """Schedule the end of the line's work at the capacity of the moment."""
    p = site(w, i)
    p.line_serial += 1
    p.work_since = w.now
    if p.capacity <= 0.0:
        return
    time = w.now + on_grid_below(p.work_left / p.capacity)
    schedule(w, time, place(c.LOT_DONE, p.rank, LINE + p.line_serial), c.LINE_DONE, i)


@jit
def leave_line(w: World, i: int, serial: int) -> None:
    """The line is free for the next lot, unless the pace has changed; the lot goes through its cycle time."""
    p = site(w, i)
    if p.line_serial != serial:
        return
    lot = p.in_line
    p.in_line = 0.0
    wake_site(w, i)
    cycle = on_grid(p.cycle)
    if cycle <= 0.0:
        finish(w, i, lot)
        return
    time = w.now + cycle
    if time < w.horizon:
        e = new_event(w, time, place(c.LOT_DONE, p.rank, p.lots), c.LOT_FINISHED, i)
        event(w, e).x = lot
        put(w, e)


@jit
def finish(w: World, i: int, lot: float) -> None:
    """A lot is in stock."""
    p = site(w, i)
    s = source(w, i)
    accrue(s, w.now, s.stock)
    s.stock += lot
    p.in_process = p.in_process - lot
    if p.in_process <= 1e-9 * p.lot:
        p.in_process = p.in_line
    p.output += lot
    p.produced += lot
    log(w, c.MADE, i, lot)
    wake_source(w, i)
    wake_site(w, i)
    guest = p.guest
    while guest >= 0:
        _leave_residue(w, guest, lot)
        guest = site(w, guest).next_guest


@jit
def _leave_residue(w: World, i: int, lot: float) -> None:
    """A lot of the host allows the by-product so much more, as far as the residue can be kept."""
    p = site(w, i)
    p.allowance = max(p.allowance, min(p.most_allowance, p.allowance + p.host_yield * lot))
    wake_site(w, i)


@jit
def set_capacity(w: World, i: int, capacity: float) -> None:
    """The capacity changes: a lot in line goes on at the new pace, or waits where there is none."""
    p = site(w, i)
    if capacity == p.capacity:
        return
    if p.in_line > 0.0:
        done = (w.now - p.work_since) * p.capacity
        p.work_left = max(0.0, p.work_left - done)
        p.capacity = capacity
        _run_line(w, i)
    p.capacity = capacity
    if capacity != INF:
        wake_site(w, i)
