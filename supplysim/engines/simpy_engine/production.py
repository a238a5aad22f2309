"""Making lots: when a line starts, how an outage pauses it, when goods are finished (phases 3, 8)."""

from __future__ import annotations

import math

import simpy

from supplysim import rules
from supplysim.engines.simpy_engine.clock import Phase
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.demand import take
from supplysim.engines.simpy_engine.state import SiteState
from supplysim.model import Input

__all__ = ["owed_beyond_stock", "set_capacity", "start_lot"]


LINE = 1 << 32
"""Serials of lots that leave the line; those that leave their cycle time at the same instant come first."""


def start_lot(ctx: Context, site: SiteState) -> None:
    """Start a lot if the line is free, the inputs are there and the finished position is under target.

    A starved site makes no events: the next arrival wakes it, and a by-product the next lot of its host.
    """
    if site.in_line > 0.0 or site.capacity <= 0.0 or not _wanted(site):
        return
    fraction = _fraction(site)
    lot = site.lot * fraction
    if fraction <= 0.0 or not _allowed(site, lot):
        return
    for slot in site.slots:
        need = slot.gain * site.lot * fraction
        amount = slot.on_hand if not rules.covers(slot.on_hand, need) else need
        take(ctx, slot, min(amount, slot.on_hand))
        if slot.slot.item.policy.review <= 0.0:
            slot.wake()
    site.allowance = max(0.0, site.allowance - lot)
    site.in_line = lot
    site.in_process += lot
    site.lots += 1
    site.started += lot
    ctx.log("start", site.name, lot)
    site.work_left = site.lot  # the line is held for the whole lot, whatever comes out of it
    _run_line(ctx, site)


def _wanted(site: SiteState) -> bool:
    """Finished stock + in process - owed is under target; closed lanes are owed nothing."""
    source = site.source
    position = source.stock + site.in_process
    for lane in source.out:
        if not lane.closed:
            position -= lane.book
        position += lane.at_gate
    return site.target - position > 1e-9 * site.lot


def owed_beyond_stock(site: SiteState) -> float:
    """What customers wait for on lanes that are not closed, as far as finished stock would not do."""
    owed = 0.0
    for lane in site.source.out:
        if not lane.closed:
            owed += lane.book
        owed -= lane.at_gate
    return max(0.0, owed - site.source.stock)


def _fraction(site: SiteState) -> float:
    """How much of a whole lot the inputs allow: all or nothing for critical ones, else in part."""
    fraction = 1.0
    for slot in site.slots:
        need = slot.gain * site.lot
        if rules.covers(slot.on_hand, need):
            continue
        item = slot.slot.item
        assert isinstance(item, Input)
        if item.needs * item.criticality >= 1.0:
            return 0.0
        missing = 1.0 - slot.on_hand / need
        fraction = min(fraction, rules.lot_fraction(item.needs, item.criticality, missing))
    return fraction


def _allowed(site: SiteState, lot: float) -> bool:
    """Whether a by-product's host has made the residue for this lot."""
    return site.site.host is None or rules.covers(site.allowance, lot)


def _run_line(ctx: Context, site: SiteState) -> None:
    """Schedule the end of the line's work at the capacity of the moment."""
    site.line_serial += 1
    serial = site.line_serial
    now = ctx.env.now
    site.work_since = now
    if site.capacity <= 0.0:
        return

    def line_done(_: simpy.Event) -> None:
        if site.line_serial == serial:
            _leave_line(ctx, site)

    site.line_ends = now + rules.on_grid_below(site.work_left / site.capacity)
    ctx.clock.call(site.line_ends, Phase.LOT_DONE, site.rank, LINE + serial, line_done)


def _leave_line(ctx: Context, site: SiteState) -> None:
    lot = site.in_line
    site.in_line = 0.0
    site.wake()
    cycle = rules.on_grid(site.site.cycle_time)

    def finished(_: simpy.Event) -> None:
        _finish(ctx, site, lot)

    if cycle > 0.0:
        now = ctx.env.now
        ctx.clock.call(now + cycle, Phase.LOT_DONE, site.rank, site.lots, finished)
    else:
        _finish(ctx, site, lot)


def _finish(ctx: Context, site: SiteState, lot: float) -> None:
    """A lot is in stock."""
    source = site.source
    source.costs.accrue(ctx.env.now, source.stock)
    source.stock += lot
    site.in_process = site.in_process - lot
    if site.in_process <= 1e-9 * site.lot:
        site.in_process = site.in_line
    site.output += lot
    site.produced += lot
    ctx.log("made", site.name, lot)
    source.wake()
    site.wake()
    for guest in site.guests:
        _leave_residue(guest, lot)


def _leave_residue(guest: SiteState, lot: float) -> None:
    """A lot of the host allows the by-product so much more, as far as the residue can be kept.

    When it is done, not when it starts: so a by-product never outruns what its host is on record to have made.
    """
    grown = guest.allowance + (guest.site.host_yield or 0.0) * lot
    guest.allowance = max(guest.allowance, min(guest.most_allowance, grown))
    guest.wake()


def set_capacity(ctx: Context, site: SiteState, capacity: float) -> None:
    """The capacity changes: a lot in line goes on at the new pace, or waits where there is none."""
    if capacity == site.capacity:
        return
    if site.in_line > 0.0:
        done = (ctx.env.now - site.work_since) * site.capacity
        site.work_left = max(0.0, site.work_left - done)
        site.capacity = capacity
        _run_line(ctx, site)
    site.capacity = capacity
    if not math.isinf(capacity):
        site.wake()
