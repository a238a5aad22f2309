"""Final use: withdrawals, what goes unmet, and backlogs served when goods arrive (phase 4)."""

from __future__ import annotations

from collections.abc import Generator

import simpy

from supplysim import rules
from supplysim.engines.simpy_engine.clock import Phase
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.state import DemandState, SlotState

__all__ = ["run_demand", "serve_backlog", "take"]


def run_demand(ctx: Context, state: DemandState) -> Generator[simpy.Event, None, None]:
    """The process of one demand: a withdrawal every period, or arrivals at random."""
    poisson = state.demand.arrivals == "poisson"
    period = rules.on_grid_below(state.demand.period)
    begins = ctx.env.now
    serial = int(begins // period)  # withdrawals stand at multiples of the period from day 0
    time = begins
    while True:
        if poisson:
            if state.rate <= 0.0:
                return
            mean_size = 1.0 if state.demand.size is None else state.demand.size.mean
            gap = rules.exponential(state.intervals.next(), mean_size / state.rate)
            time += max(rules.TICK, rules.on_grid(gap))
        else:
            serial += 1
            time = serial * period
            if time < begins:
                continue
        yield ctx.clock.event(time, Phase.DEMAND, state.rank)
        withdraw(ctx, state, _size(state, poisson))


def _size(state: DemandState, poisson: bool) -> float:
    """How much is wanted now: a drawn size, for steady demand scaled to the mean of a period."""
    size = state.demand.size
    drawn = 1.0 if size is None else size.quantile(state.sizes.next())
    if poisson:
        return drawn
    mean = state.rate * state.demand.period
    return mean if size is None else mean * (drawn / size.mean)


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
