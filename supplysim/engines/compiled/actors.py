"""Where changes come from: watches, chance, attempts (phase 1)."""

from __future__ import annotations

import math

from supplysim import rules
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.arithmetic import ceil_to, next_draw, on_grid, quantile
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    attempt,
    change,
    floats,
    numbers,
    past,
    renewal,
    site,
    slot,
    source,
    watch,
)
from supplysim.engines.compiled.production import owed_beyond_stock
from supplysim.engines.compiled.queue import log, place, schedule

INF = math.inf
TICK = rules.TICK


@jit
def make(w: World, first: int, count: int) -> None:
    """Have a list of changes made as soon as the handler is done (by the loop, the one place that applies any)."""
    w.make = first
    w.make_n = count


@jit
def start_watch(w: World, i: int) -> None:
    """The first look, at a whole day."""
    x = watch(w, i)
    x.day = max(math.ceil(w.now), math.ceil(x.begins))
    x.since = INF
    x.due = INF
    if x.day < x.ends:
        schedule(w, x.day, place(c.CHANGE, x.rank, x.serial), c.WATCH, i)


@jit
def keep_watch(w: World, i: int) -> None:
    """A look, every day."""
    x = watch(w, i)
    value = _observed(w, i)
    if x.due == INF:
        if _has_held(w, i, _past(x.observable, value, x.level)):
            x.since = INF
            x.due = x.day + x.delay
    elif x.acting == 1 and _has_held(w, i, _past(x.observable, x.back, value)):
        x.since = INF
        x.due = INF
        x.made = 0
        make(w, x.otherwise, x.otherwise_n)
    x.acting = x.due <= x.day
    if x.acting == 1:
        first = x.made
        while x.made < x.then_n and x.due + change(w, x.then + x.made).time <= x.day:
            x.made += 1
        if x.made > first:
            make(w, x.then + first, x.made - first)
    x.day += 1.0
    if x.day < x.ends:
        schedule(w, x.day, place(c.CHANGE, x.rank, x.serial), c.WATCH, i)
    elif x.acting == 1:
        schedule(w, on_grid(x.ends), place(c.CHANGE, x.rank, x.serial), c.WATCH_ENDS, i)


@jit
def _has_held(w: World, i: int, holds: bool) -> bool:
    """Whether a condition, seen at this look, has held for as many days as it must."""
    x = watch(w, i)
    x.since = min(x.since, x.day) if holds else INF
    return x.day - x.since >= x.hold


@jit
def _past(observable: int, value: float, level: float) -> bool:
    """Whether a value is on the bad side of a level: too little stock or output, too much that is owed."""
    return value > level if observable == c.OWED else value < level


@jit
def _observed(w: World, i: int) -> float:
    """The observable of the moment; to be asked once at each look."""
    x = watch(w, i)
    names = numbers(w, x.names, x.names_n)
    amount = 0.0
    if x.observable == c.STOCK:
        for k in range(x.names_n):
            s = slot(w, names[k])
            amount += s.on_hand if s.source < 0 else source(w, s.source).stock
        return amount / x.per_day if x.per_day > 0.0 else INF
    if x.observable == c.OWED:
        for k in range(x.names_n):
            amount += owed_beyond_stock(w, names[k])
        return amount / x.per_day if x.per_day > 0.0 else 0.0
    for k in range(x.names_n):
        amount += site(w, names[k]).produced
    before = past(
        w, x.past + x.looks % x.window
    )  # what had been made as many days ago as the average is over
    share = INF
    if x.looks >= x.window and x.per_day > 0.0:
        share = (amount - before.x) / (x.window * x.per_day)
    before.x = amount
    x.looks += 1
    return share


@jit
def start_renewal(w: World, i: int) -> None:
    """Chance strikes next; what came and went before the warm-up only moves the draws on."""
    x = renewal(w, i)
    while True:
        x.time += _duration(w, x.up, x.up_stream, x.step)
        if x.time >= x.ends:
            return
        x.back = min(x.ends, x.time + _duration(w, x.down, x.down_stream, x.step))
        if x.back > w.now:
            time = max(x.time, w.now)
            schedule(w, time, place(c.CHANGE, x.rank, x.serial), c.RENEWAL_THEN, i)
            return
        x.time = x.back


@jit
def renewal_then(w: World, i: int) -> None:
    """It has struck."""
    x = renewal(w, i)
    make(w, x.then, x.then_n)
    schedule(w, x.back, place(c.CHANGE, x.rank, x.serial), c.RENEWAL_OTHERWISE, i)


@jit
def renewal_otherwise(w: World, i: int) -> None:
    """It is over; wait for the next."""
    x = renewal(w, i)
    make(w, x.otherwise, x.otherwise_n)
    x.time = x.back
    start_renewal(w, i)


@jit
def start_attempts(w: World, i: int) -> None:
    """The first success."""
    x = attempt(w, i)
    if x.interval >= 0:
        x.drawn += _duration(w, x.interval, x.intervals, 0.0)
    await_success(w, i)


@jit
def await_success(w: World, i: int) -> None:
    """Attempt by attempt until one succeeds; what fails leaves no trace."""
    x = attempt(w, i)
    while x.successes < x.then_n:
        if x.made < x.times_n and floats(w, x.times + x.made, 1)[0] <= x.drawn:
            time = floats(w, x.times + x.made, 1)[0]
            x.made += 1
        elif x.drawn == INF:
            return
        else:
            time = x.drawn
            x.drawn += _duration(w, x.interval, x.intervals, 0.0)
        if time >= x.ends:
            return
        if next_draw(w, x.luck) < _chance(w, i, time):
            at = max(time + x.delay, w.now)
            x.successes += 1
            schedule(w, at, place(c.CHANGE, x.rank, x.serial), c.SUCCESS, i)
            return


@jit
def _chance(w: World, i: int, time: float) -> float:
    """The chance of success at a time: that of the last pair that has begun."""
    x = attempt(w, i)
    pairs = floats(w, x.chances, 2 * x.chances_n)
    chance = 0.0
    for k in range(x.chances_n):
        if pairs[2 * k] <= time:
            chance = pairs[2 * k + 1]
    return chance


@jit
def success(w: World, i: int) -> None:
    """What the success brings; then on to the next."""
    x = attempt(w, i)
    log(w, c.SUCCEEDED, x.key, float(x.successes))
    lists = numbers(w, x.then, 2 * x.then_n)
    make(w, lists[2 * x.successes - 2], lists[2 * x.successes - 1])
    await_success(w, i)


@jit
def _duration(w: World, kind: int, stream: int, step: float) -> float:
    days = quantile(w, kind, next_draw(w, stream))
    if step > 0.0:
        days = max(step, ceil_to(days, step))
    return max(TICK, on_grid(days))
