"""Scarcity prices: what users expect to go unmet, and who answers (phase 1)."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import simpy

from supplysim import rules
from supplysim.changes import Factor, Market, Target, Value
from supplysim.engines.simpy_engine.clock import Phase
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.control import Control
from supplysim.engines.simpy_engine.state import LaneState, SlotState

__all__ = ["run_market"]


@dataclass(eq=False, slots=True)
class Pace:
    """What a lane has brought lately, in units a day."""

    rate: float = 0.0
    seen: float = 0.0


def run_market(
    ctx: Context, control: Control, market: Market, serial: int
) -> Generator[simpy.Event, None, None]:
    """The process of one market: a look at every multiple of its period; the price moves when the outlook does."""
    rank = ctx.plan.rank["measure", market.key]
    slots = [ctx.all.slots[key] for key in market.slots]
    paces = {lane.key: Pace() for slot in slots for lane in slot.lanes}
    every = rules.on_grid_below(market.every)
    number = math.ceil(max(market.begins, ctx.env.now) / every)
    price = 1.0
    while number * every < market.ends:
        yield ctx.clock.event(number * every, Phase.CHANGE, rank, serial)
        unmet = outlook(market, slots, paces)
        now = rules.scarcity_price(unmet, market.supply, market.demand, market.choke)
        if now != price:
            price = now
            _answer(control, market, slots, price)
        number += 1
    if price != 1.0:
        yield ctx.clock.event(rules.on_grid(market.ends), Phase.CHANGE, rank, serial)
        _answer(control, market, slots, 1.0)


def outlook(market: Market, slots: list[SlotState], paces: dict[str, Pace]) -> float:
    """The share of use over the horizon that users expect to go unmet."""
    need, short = 0.0, 0.0
    for slot in slots:
        wanted = slot.use * market.horizon
        need += wanted
        have = slot.stock
        failing = False
        for lane in slot.lanes:
            pace = paces[lane.key]
            pace.rate += rules.SMOOTHING * ((lane.arrived - pace.seen) / market.every - pace.rate)
            pace.seen = lane.arrived
            if _fails(lane):
                failing = True
                have += pace.rate * market.horizon
            else:
                have += lane.split * wanted
        if failing:
            short += max(0.0, wanted - have)
    return short / need if need > 0.0 else 0.0


def _fails(lane: LaneState) -> bool:
    """Whether a lane that is counted on does not bring what it should."""
    return lane.blocked or (lane.closed and lane.share > 0.0)


def _answer(control: Control, market: Market, slots: list[SlotState], price: float) -> None:
    """Users take less, makers can make more, and what arrives is dearer."""
    key = market.key

    def factor(elasticity: float) -> Value | None:
        return None if price == 1.0 else Factor(rules.answer(price, elasticity))

    for slot in slots:
        if slot.demand is not None:
            control.apply(Target("demand", slot.slot.node, "rate"), key, factor(-market.demand))
        else:
            control.apply(Target("slot", slot.key, "gain"), key, factor(-market.demand))
    for site in market.sites:
        control.apply(Target("site", site, "capacity"), key, factor(market.supply))
    for slot in slots:
        for lane in slot.lanes:
            control.apply(Target("lane", lane.key, "price"), key, factor(1.0))
