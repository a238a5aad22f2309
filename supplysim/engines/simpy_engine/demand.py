"""Final use: withdrawals, what goes unmet, and backlogs served when goods arrive (phase 4)."""

from __future__ import annotations

import math
from collections.abc import Generator

import simpy

from supplysim import rules
from supplysim.engines.simpy_engine.clock import Phase
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.state import DemandState, SlotState

__all__ = ["count_afresh", "run_arrivals", "run_demand", "serve_backlog", "set_rate", "take"]


def run_demand(ctx: Context, state: DemandState) -> Generator[simpy.Event, None, None]:
    """The process of one steady demand: a withdrawal at every multiple of its period, counted from day 0."""
    period = rules.on_grid_below(state.demand.period)
    serial = math.ceil(ctx.env.now / period)
    while True:
        yield ctx.clock.event(serial * period, Phase.DEMAND, state.rank)
        size = state.demand.size
        mean = state.rate * state.demand.period
        # a drawn size is scaled to the mean of a period
        wanted = mean if size is None else mean * (size.quantile(state.sizes.next()) / size.mean)
        withdraw(ctx, state, wanted)
        serial += 1


def run_arrivals(ctx: Context, state: DemandState) -> None:
    """A demand whose customers arrive at random: wait for the first."""
    size = state.demand.size
    mean = 1.0 if size is None else size.mean
    state.left = rules.exponential(state.intervals.next(), mean)
    _await(ctx, state)


def count_afresh(ctx: Context, state: DemandState) -> None:
    """At day 0 the draws are numbered from 0; a wait at random has no memory, so it may start anew."""
    state.intervals.restart(0)
    state.sizes.restart(0)
    if state.demand.arrivals == "poisson":
        run_arrivals(ctx, state)


def set_rate(ctx: Context, state: DemandState, rate: float) -> None:
    """The mean demand changes; what is left of a wait for a customer stretches or shrinks with it."""
    state.left = max(0.0, state.left - (ctx.env.now - state.since) * state.rate)
    state.rate = rate
    if state.demand.arrivals == "poisson":
        _await(ctx, state)


def _await(ctx: Context, state: DemandState) -> None:
    """Schedule the next customer at the rate of the moment; none comes while it is 0."""
    state.since = ctx.env.now
    state.serial += 1
    serial = state.serial
    if state.rate <= 0.0:
        return

    def arrive(_: simpy.Event) -> None:
        if state.serial == serial:
            size = state.demand.size
            wanted = 1.0 if size is None else size.quantile(state.sizes.next())
            withdraw(ctx, state, wanted)
            run_arrivals(ctx, state)

    wait = max(rules.TICK, rules.on_grid(state.left / state.rate))
    ctx.clock.call(ctx.env.now + wait, Phase.DEMAND, state.rank, serial, arrive)


def withdraw(ctx: Context, state: DemandState, wanted: float) -> None:
    """Take what is wanted from stock; the rest is lost, or owed."""
    slot = state.slot
    now = ctx.env.now
    state.wanted += wanted
    waiting = state.backlog
    if waiting > 0.0:  # first come, first served
        served = 0.0
    elif rules.covers(slot.on_hand, wanted):
        served = wanted
    else:
        served = slot.on_hand
    take(ctx, slot, served)
    state.served += served
    short = wanted - served
    if short > slot.dust:
        if state.demand.unmet == "lost":
            state.unmet += short
            state.penalty += state.demand.penalty * short
            ctx.log("lost", state.name, short)
        else:
            state.costs.accrue(now, state.backlog)
            state.backlog += short
            state.deferred += short
            ctx.log("owed", state.name, short)
    if served > 0.0:
        ctx.log("used", state.name, served)
    if slot.slot.item.policy.review <= 0.0:
        slot.wake()


def serve_backlog(ctx: Context, state: DemandState) -> None:
    """Give what has arrived to those who wait."""
    slot = state.slot
    if state.backlog <= 0.0 or slot.on_hand <= 0.0:
        return
    given = state.backlog if rules.covers(slot.on_hand, state.backlog) else slot.on_hand
    take(ctx, slot, given)
    state.costs.accrue(ctx.env.now, state.backlog)
    state.backlog = state.backlog - given
    state.recovered += given
    state.served += given
    ctx.log("recovered", state.name, given)


def take(ctx: Context, slot: SlotState, amount: float) -> None:
    """Take from a slot's stock; who takes all leaves exactly 0."""
    slot.costs.accrue(ctx.env.now, slot.on_hand)
    slot.on_hand = max(0.0, slot.on_hand - amount)
    slot.used += amount
