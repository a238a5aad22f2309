"""Where changes come from: the timeline, watches, chance, attempts (phase 1)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Sequence

import simpy

from supplysim import rules
from supplysim.changes import Attempts, Change, Renewal, Watch
from supplysim.draws import Purpose
from supplysim.engines.simpy_engine.clock import Phase
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.control import Control
from supplysim.engines.simpy_engine.production import owed_beyond_stock
from supplysim.engines.simpy_engine.state import Stream
from supplysim.model import Distribution

__all__ = ["run_attempts", "run_changes", "run_renewal", "run_watch"]


def run_changes(ctx: Context, control: Control, changes: Sequence[Change]) -> None:
    """Apply what is due at the very start, and schedule the rest of the timeline."""
    begins = ctx.env.now
    serials: dict[int, int] = {}
    for change in changes:
        target = change.target
        if change.time <= begins:
            control.apply(target, change.key, change.value)
            continue
        rank = ctx.plan.rank[target.kind, target.name]
        serials[rank] = serials.get(rank, 0) + 1

        def due(_: simpy.Event, change: Change = change) -> None:
            control.apply(change.target, change.key, change.value)

        time = rules.on_grid(change.time)
        ctx.clock.call(time, Phase.CHANGE, rank, serials[rank], due)


def run_watch(
    ctx: Context, control: Control, watch: Watch, serial: int
) -> Generator[simpy.Event, None, None]:
    """The process of one watch: a look every day. ``serial`` orders those of one key."""
    rank = ctx.plan.rank["measure", watch.key]
    observe = _observer(ctx, watch)
    day = max(float(math.ceil(ctx.env.now)), math.ceil(watch.begins))
    since = due = math.inf  # since when the condition has held; when the first changes are due
    acting, made = False, 0
    while day < watch.ends:
        yield ctx.clock.event(float(day), Phase.CHANGE, rank, serial)
        value = observe()
        if math.isinf(due):
            since = min(since, day) if _past(watch, value, watch.level) else math.inf
            if day - since >= watch.hold:
                since, due = math.inf, day + watch.delay
        elif acting:
            since = min(since, day) if _past(watch, watch.back, value) else math.inf
            if day - since >= watch.hold:
                since = due = math.inf
                acting, made = False, 0
                _make(control, watch.otherwise)
        acting = due <= day
        while acting and made < len(watch.then) and due + watch.then[made].time <= day:
            _make(control, watch.then[made : made + 1])
            made += 1
        day += 1.0
    if acting:
        yield ctx.clock.event(rules.on_grid(watch.ends), Phase.CHANGE, rank, serial)
        _make(control, watch.otherwise)


def _past(watch: Watch, value: float, level: float) -> bool:
    """Whether a value is on the bad side of a level: too little stock or output, too much that is owed."""
    return value > level if watch.observable == "owed" else value < level


def _observer(ctx: Context, watch: Watch) -> Callable[[], float]:
    """What tells the observable of the moment; to be asked once at each look."""
    per_day = ctx.plan.per_day(watch)
    slots, sites = ctx.all.slots, ctx.all.sites
    before: deque[float] = deque(maxlen=watch.window + 1)

    def stock() -> float:
        have = rules.total([slots[key].stock for key in watch.names])
        return have / per_day if per_day > 0.0 else math.inf

    def owed() -> float:
        owed = rules.total([owed_beyond_stock(sites[name]) for name in watch.names])
        return owed / per_day if per_day > 0.0 else 0.0

    def output() -> float:
        before.append(rules.total([sites[name].produced for name in watch.names]))
        if len(before) <= watch.window or per_day <= 0.0:
            return math.inf
        return (before[-1] - before[0]) / (watch.window * per_day)

    return {"stock": stock, "owed": owed, "output": output}[watch.observable]


def run_renewal(
    ctx: Context, control: Control, renewal: Renewal, serial: int
) -> Generator[simpy.Event, None, None]:
    """The process of what chance brings: up for a while, down for a while, again and again."""
    entity = ("measure", renewal.key)
    rank = ctx.plan.rank[entity]
    up, down = (
        Stream(ctx.plan, entity, Purpose.UP_TIME),
        Stream(ctx.plan, entity, Purpose.DOWN_TIME),
    )
    time, ends = rules.on_grid(renewal.begins), rules.on_grid(renewal.ends)
    while True:
        time += _duration(renewal.up, up.next(), renewal.step)
        if time >= ends:
            return
        back = min(ends, time + _duration(renewal.down, down.next(), renewal.step))
        if back > ctx.env.now:  # what came and went before the warm-up only moves the draws on
            yield ctx.clock.event(max(time, ctx.env.now), Phase.CHANGE, rank, serial)
            _make(control, renewal.then)
            yield ctx.clock.event(back, Phase.CHANGE, rank, serial)
            _make(control, renewal.otherwise)
        time = back


def run_attempts(
    ctx: Context, control: Control, attempts: Attempts, serial: int
) -> Generator[simpy.Event, None, None]:
    """The process of attempts: each has its draw; what fails leaves no trace."""
    entity = ("measure", attempts.key)
    rank = ctx.plan.rank[entity]
    intervals = Stream(ctx.plan, entity, Purpose.ATTEMPT_INTERVAL)
    luck = Stream(ctx.plan, entity, Purpose.ATTEMPT)
    begins, ends = rules.on_grid(attempts.begins), rules.on_grid(attempts.ends)
    delay = rules.on_grid(attempts.delay)
    dated = deque(x for x in sorted(map(rules.on_grid, attempts.times)) if x >= begins)
    drawn = begins if attempts.interval is not None else math.inf
    if attempts.interval is not None:
        drawn += _duration(attempts.interval, intervals.next(), 0.0)
    successes = 0
    while successes < len(attempts.then):
        if dated and dated[0] <= drawn:
            time = dated.popleft()
        elif math.isinf(drawn):
            return
        else:
            time = drawn
            assert attempts.interval is not None
            drawn += _duration(attempts.interval, intervals.next(), 0.0)
        if time >= ends:
            return
        if luck.next() < _chance(attempts, time):
            at = max(time + delay, ctx.env.now)
            yield ctx.clock.event(at, Phase.CHANGE, rank, serial)
            ctx.log("succeeded", attempts.key, float(successes + 1))
            _make(control, attempts.then[successes])
            successes += 1


def _chance(attempts: Attempts, time: float) -> float:
    """The chance of success at a time: that of the last pair that has begun."""
    chance = 0.0
    for since, value in attempts.chances:
        if since <= time:
            chance = value
    return chance


def _make(control: Control, changes: Sequence[Change]) -> None:
    for change in changes:
        control.apply(change.target, change.key, change.value)


def _duration(distribution: Distribution, u: float, step: float) -> float:
    days = distribution.quantile(u)
    if step > 0.0:
        days = max(step, rules.ceil_to(days, step))
    return max(rules.TICK, rules.on_grid(days))
