"""Compiled copies of the rules that both engines share, each after those it calls, and draws."""

from __future__ import annotations

import numpy as np

from supplysim import draws, rules
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.jit import jit, rule
from supplysim.engines.compiled.layout import World, distribution, floats, stream

whole = rule(rules.whole)
on_grid = rule(rules.on_grid, whole=whole)
on_grid_below = rule(rules.on_grid_below, whole=whole)
ceil_to = rule(rules.ceil_to, whole=whole)
in_periods = rule(rules.in_periods, ceil_to=ceil_to)
works = rule(rules.works)
working_time_after = rule(rules.working_time_after, whole=whole, works=works)
covers = rule(rules.covers)
total = rule(rules.total)
order_up_to = rule(rules.order_up_to)
batches = rule(rules.batches, whole=whole)
min_max = rule(rules.min_max, order_up_to=order_up_to)
lot_fraction = rule(rules.lot_fraction)
scarcity_price = rule(rules.scarcity_price)
answer = rule(rules.answer)
_last_positive = rule(rules._last_positive)
ration_into = rule(rules.ration_into, total=total, covers=covers, _last_positive=_last_positive)
_spread = rule(rules._spread)
water_fill_into = rule(rules.water_fill_into, _spread=_spread)
uniform_between = rule(rules.uniform_between)
triangular = rule(rules.triangular)
exponential = rule(rules.exponential)
_horner = rule(rules._horner)
normal = rule(rules.normal, _horner=_horner)
lognormal = rule(rules.lognormal, normal=normal)
empirical = rule(rules.empirical)
moment = rule(draws.moment)

# --- draws, in unsigned words: the one place where arithmetic wraps around --------------------------

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
SHIFT_12, SHIFT_27, SHIFT_30, SHIFT_31 = (np.uint64(n) for n in (12, 27, 30, 31))


@jit
def absorb(key: np.uint64, word: np.uint64) -> np.uint64:
    """As `draws.absorb`."""
    z = (key ^ word) + GOLDEN
    z = (z ^ (z >> SHIFT_30)) * FIRST
    z = (z ^ (z >> SHIFT_27)) * SECOND
    return z ^ (z >> SHIFT_31)


@jit
def uniform(key: np.uint64, n: int) -> float:
    """As `draws.uniform`."""
    z = key + np.uint64(n + 1) * GOLDEN
    z = (z ^ (z >> SHIFT_30)) * FIRST
    z = (z ^ (z >> SHIFT_27)) * SECOND
    z = z ^ (z >> SHIFT_31)
    return (np.int64(z >> SHIFT_12) + 0.5) * 2.220446049250313e-16


@jit
def next_draw(w: World, i: int) -> float:
    """The next uniform draw of a stream that runs on its own clock."""
    s = stream(w, i)
    u = uniform(s.key, s.count)
    s.count += 1
    return u


@jit
def draw_at(w: World, i: int, time: float) -> float:
    """The next uniform draw of the day of ``time``."""
    s = stream(w, i)
    day = whole(time)
    if day != s.day:
        s.day = day
        s.count = 0
    u = uniform(s.key, moment(time, s.count))
    s.count += 1
    return u


@jit
def quantile(w: World, i: int, u: float) -> float:
    """The value of a distribution that a share ``u`` of all draws stays below."""
    d = distribution(w, i)
    if d.kind == c.FIXED:
        return d.a
    if d.kind == c.UNIFORM:
        return uniform_between(u, d.a, d.b)
    if d.kind == c.TRIANGULAR:
        return triangular(u, d.a, d.b, d.c)
    if d.kind == c.EXPONENTIAL:
        return exponential(u, d.a)
    if d.kind == c.LOGNORMAL:
        return lognormal(u, d.a, d.b)
    return empirical(u, floats(w, d.first, d.count))
