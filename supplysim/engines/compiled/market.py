"""Scarcity prices: what users expect to go unmet, and who answers (phase 1)."""

from __future__ import annotations

import math

from supplysim import rules
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.arithmetic import answer, on_grid, scarcity_price
from supplysim.engines.compiled.control import contribute
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    lane,
    market,
    numbers,
    pace_of,
    slot,
    source,
    term,
)
from supplysim.engines.compiled.queue import place, schedule
from supplysim.engines.compiled.rerouting import lane_into

SMOOTHING = rules.SMOOTHING


@jit
def start_market(w: World, i: int) -> None:
    """The first look, at a multiple of its period."""
    x = market(w, i)
    x.number = max(x.number, math.ceil(w.now / x.step))
    x.price = 1.0
    _await_look(w, i)


@jit
def _await_look(w: World, i: int) -> None:
    x = market(w, i)
    if x.number * x.step < x.ends:
        schedule(w, x.number * x.step, place(c.CHANGE, x.rank, x.serial), c.MARKET, i)
    elif x.price != 1.0:
        schedule(w, on_grid(x.ends), place(c.CHANGE, x.rank, x.serial), c.MARKET_ENDS, i)


@jit
def keep_market(w: World, i: int) -> None:
    """A look; the price moves when the outlook does."""
    x = market(w, i)
    now = scarcity_price(_outlook(w, i), x.supply, x.demand, x.choke)
    if now != x.price:
        _answer(w, i, now)
    x.number += 1
    _await_look(w, i)


@jit
def market_ends(w: World, i: int) -> None:
    """The price is the normal one again."""
    _answer(w, i, 1.0)


@jit
def _outlook(w: World, i: int) -> float:
    """The share of use over the horizon that users expect to go unmet."""
    x = market(w, i)
    slots = numbers(w, x.slots, x.slots_n)
    need = 0.0
    short = 0.0
    at = x.paces
    for k in range(x.slots_n):
        s = slot(w, slots[k])
        wanted = s.use * x.horizon
        need += wanted
        have = s.on_hand if s.source < 0 else source(w, s.source).stock
        failing = False
        for n in range(s.lanes):
            y = lane(w, lane_into(w, slots[k], n))
            pace = pace_of(w, at)
            at += 1
            pace.rate += SMOOTHING * ((y.arrived - pace.seen) / x.period - pace.rate)
            pace.seen = y.arrived
            if y.blocked == 1 or (y.closed == 1 and y.share > 0.0):
                failing = True
                have += pace.rate * x.horizon
            else:
                have += y.split * wanted
        if failing:
            short += max(0.0, wanted - have)
    return short / need if need > 0.0 else 0.0


@jit
def _answer(w: World, i: int, price: float) -> None:
    """Users take less, makers can make more, and what arrives is dearer."""
    x = market(w, i)
    x.price = price
    for k in range(x.terms, x.terms + x.terms_n):
        y = term(w, k)
        kind = c.NOTHING if price == 1.0 else c.FACTOR
        value = 0.0 if price == 1.0 else answer(price, y.elasticity)
        contribute(w, y.attribute, y.entity, y.cell, kind, value, -1)
