"""Final use: withdrawals, what goes unmet, and backlogs served when goods arrive (phase 4)."""

from __future__ import annotations

from typing import Any

from supplysim import rules
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.arithmetic import (
    covers,
    exponential,
    next_draw,
    on_grid,
    quantile,
)
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import World, demand, slot, stream
from supplysim.engines.compiled.queue import log, place, schedule, wake_slot

TICK = rules.TICK


@jit
def accrue(entity: Any, now: float, level: float) -> None:
    """Book a level's cost up to now; to be called just before the level changes."""
    if entity.cost_rate > 0.0:
        entity.cost_held += entity.cost_rate * level * (now - entity.cost_since)
        entity.cost_since = now


@jit
def look(w: World, i: int) -> None:
    """Wake a slot under continuous review."""
    if slot(w, i).review <= 0.0:
        wake_slot(w, i)


@jit
def await_withdrawal(w: World, i: int) -> None:
    """Schedule the next withdrawal of a steady demand: at a multiple of its period, counted from day 0."""
    d = demand(w, i)
    schedule(w, d.number * d.step, place(c.DEMAND, d.rank, 0), c.WITHDRAWAL, i)


@jit
def withdrawal(w: World, i: int) -> None:
    """A steady demand takes a period's use; a drawn size is scaled to that mean."""
    d = demand(w, i)
    wanted = d.rate * d.period
    if d.amounts >= 0:
        wanted = wanted * (quantile(w, d.amounts, next_draw(w, d.sizes)) / d.size_mean)
    withdraw(w, i, wanted)
    d.number += 1
    await_withdrawal(w, i)


@jit
def run_arrivals(w: World, i: int) -> None:
    """A demand whose customers arrive at random: wait for the first."""
    d = demand(w, i)
    mean = 1.0 if d.amounts < 0 else d.size_mean
    d.left = exponential(next_draw(w, d.intervals), mean)
    _await(w, i)


@jit
def count_afresh(w: World, i: int) -> None:
    """At day 0 the draws are numbered from 0; a wait at random has no memory, so it may start anew."""
    d = demand(w, i)
    stream(w, d.intervals).count = 0
    stream(w, d.sizes).count = 0
    if d.poisson == 1:
        run_arrivals(w, i)


@jit
def set_rate(w: World, i: int, rate: float) -> None:
    """The mean demand changes; what is left of a wait for a customer stretches or shrinks with it."""
    d = demand(w, i)
    d.left = max(0.0, d.left - (w.now - d.since) * d.rate)
    d.rate = rate
    if d.poisson == 1:
        _await(w, i)


@jit
def _await(w: World, i: int) -> None:
    """Schedule the next customer at the rate of the moment; none comes while it is 0."""
    d = demand(w, i)
    d.since = w.now
    d.serial += 1
    if d.rate <= 0.0:
        return
    time = w.now + max(TICK, on_grid(d.left / d.rate))
    schedule(w, time, place(c.DEMAND, d.rank, d.serial), c.CUSTOMER, i)


@jit
def customer(w: World, i: int, serial: int) -> None:
    """A customer comes, unless the rate has changed since this one was awaited."""
    d = demand(w, i)
    if d.serial == serial:
        wanted = 1.0
        if d.amounts >= 0:
            wanted = quantile(w, d.amounts, next_draw(w, d.sizes))
        withdraw(w, i, wanted)
        run_arrivals(w, i)


@jit
def withdraw(w: World, i: int, wanted: float) -> None:
    """Take what is wanted from stock; the rest is lost, or owed."""
    d = demand(w, i)
    s = slot(w, d.slot)
    d.wanted += wanted
    if d.backlog > 0.0:  # first come, first served
        served = 0.0
    elif covers(s.on_hand, wanted):
        served = wanted
    else:
        served = s.on_hand
    take(w, d.slot, served)
    d.served += served
    short = wanted - served
    if short > s.dust:
        if d.lost == 1:
            d.unmet += short
            d.penalty += d.owed_penalty * short
            log(w, c.LOST, i, short)
        else:
            accrue(d, w.now, d.backlog)
            d.backlog += short
            d.deferred += short
            log(w, c.OWED, i, short)
    if served > 0.0:
        log(w, c.USED, i, served)
    look(w, d.slot)


@jit
def serve_backlog(w: World, i: int) -> None:
    """Give what has arrived to those who wait."""
    d = demand(w, i)
    s = slot(w, d.slot)
    if d.backlog <= 0.0 or s.on_hand <= 0.0:
        return
    given = d.backlog if covers(s.on_hand, d.backlog) else s.on_hand
    take(w, d.slot, given)
    accrue(d, w.now, d.backlog)
    d.backlog = d.backlog - given
    d.recovered += given
    d.served += given
    log(w, c.RECOVERED, i, given)


@jit
def take(w: World, i: int, amount: float) -> None:
    """Take from a slot's stock; who takes all leaves exactly 0."""
    s = slot(w, i)
    accrue(s, w.now, s.on_hand)
    s.on_hand = max(0.0, s.on_hand - amount)
    s.used += amount
