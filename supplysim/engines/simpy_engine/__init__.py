"""The readable reference engine: SimPy processes and events, by the rules of time, ties and draws.

Modules, in the order in which they build on each other: `clock` (phases), `state`, `context`, `demand`,
`rerouting`, `supply`, `gates`, `dispatch`, `production`, `control`, `record`, `view`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any

import simpy

from supplysim.draws import WARMING
from supplysim.engines.simpy_engine.actors import run_attempts, run_changes, run_renewal, run_watch
from supplysim.engines.simpy_engine.clock import Phase, Wake
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.control import Control
from supplysim.engines.simpy_engine.demand import (
    count_afresh,
    run_arrivals,
    run_demand,
    serve_backlog,
)
from supplysim.engines.simpy_engine.dispatch import dispatch
from supplysim.engines.simpy_engine.market import run_market
from supplysim.engines.simpy_engine.production import start_lot
from supplysim.engines.simpy_engine.record import Recorder
from supplysim.engines.simpy_engine.state import DemandState, SlotState
from supplysim.engines.simpy_engine.supply import order, retarget
from supplysim.engines.simpy_engine.view import State
from supplysim.engines.trace import Trace
from supplysim.plan import Plan
from supplysim.rules import on_grid_below

__all__ = ["Process", "State", "run"]

Process = Callable[[simpy.Environment, State], Generator[simpy.Event, Any, Any]]
"""A user's own process: a generator function of the SimPy environment and the `State`."""


def run(plan: Plan, *, events: bool = False, processes: Iterable[Process] = ()) -> Trace:
    """Run a plan from the start of its warm-up to its horizon."""
    ctx = Context(plan, events)
    control = Control(ctx)
    recorder = Recorder(ctx)
    _connect(ctx)
    run_changes(ctx, control, plan.timeline.changes)
    env = ctx.env
    for watch, serial in plan.timeline.numbered_watches:
        env.process(run_watch(ctx, control, watch, serial))
    for renewal, serial in plan.timeline.numbered_renewals:
        env.process(run_renewal(ctx, control, renewal, serial))
    for attempts, serial in plan.timeline.numbered_attempts:
        env.process(run_attempts(ctx, control, attempts, serial))
    for market, serial in plan.timeline.numbered_markets:
        env.process(run_market(ctx, control, market, serial))
    for demand in ctx.all.demands.values():
        _begin_demand(ctx, demand)
    for slot in ctx.all.slots.values():
        if slot.slot.item.policy.review > 0.0:
            env.process(_review(ctx, slot))
        if slot.slot.item.initial is not None:
            _count_stock(ctx, slot)
    view = State(ctx, control)
    for process in processes:
        env.process(process(env, view))
    env.run(until=env.process(_record(ctx, recorder)))
    return recorder.trace()


def _begin_demand(ctx: Context, demand: DemandState) -> None:
    """Start a demand's clock; what the warm-up draws comes from another part of its streams."""
    if ctx.env.now < 0.0:
        demand.intervals.restart(WARMING)
        demand.sizes.restart(WARMING)

        def day_0(_: simpy.Event) -> None:
            count_afresh(ctx, demand)

        ctx.clock.call(0.0, Phase.CHANGE, demand.rank, 0, day_0)
    if demand.demand.arrivals == "poisson":
        run_arrivals(ctx, demand)
    else:
        ctx.env.process(run_demand(ctx, demand))


def _connect(ctx: Context) -> None:
    """Give every entity its wake-ups; at the start all are awake."""
    clock = ctx.clock
    for source in ctx.all.sources.values():
        source.wake = Wake(clock, Phase.DISPATCH, source.rank, partial(dispatch, ctx, source))
    for slot in ctx.all.slots.values():
        slot.wake = Wake(clock, Phase.ORDER, slot.rank, partial(order, ctx, slot))
        retarget(ctx, slot)
        if slot.slot.item.policy.review <= 0.0:
            slot.wake()
    for site in ctx.all.sites.values():
        site.wake = Wake(clock, Phase.LOT_START, site.rank, partial(start_lot, ctx, site))
        site.wake()


def _review(ctx: Context, slot: SlotState) -> Generator[simpy.Event, None, None]:
    """Periodic review: order at whole multiples of the review time, counted from day 0."""
    step = on_grid_below(slot.slot.item.policy.review)
    number = -int(-ctx.env.now // step) - 1
    while True:
        number += 1
        if number * step >= ctx.env.now:
            yield ctx.clock.event(number * step, Phase.ORDER, slot.rank, 2)
            order(ctx, slot)


def _count_stock(ctx: Context, slot: SlotState) -> None:
    """On day 0 the stock is what the network says is really there; the order follows at once."""

    def count(_: simpy.Event) -> None:
        amount = ctx.plan.counted_stock(slot.slot) or 0.0
        slot.counted += amount - slot.stock
        if slot.source is not None:
            slot.source.costs.accrue(0.0, slot.source.stock)
            slot.source.stock = amount
            slot.source.wake()
        else:
            slot.costs.accrue(0.0, slot.on_hand)
            slot.on_hand = amount
        if slot.site is not None:
            slot.site.wake()
        elif slot.demand is not None:
            serve_backlog(ctx, slot.demand)
        slot.wake()

    ctx.clock.call(0.0, Phase.CHANGE, slot.rank, 0, count)


def _record(ctx: Context, recorder: Recorder) -> Generator[simpy.Event, None, None]:
    """Record comes first at every day; the run covers [0, horizon)."""
    rank = ctx.plan.rank["record", ""]
    for day in range(ctx.plan.horizon + 1):
        yield ctx.clock.event(float(day), Phase.RECORD, rank)
        if day == 0:
            recorder.open()
        else:
            recorder.close_day()
