"""What random measures have in common: what is in reach of a network, and dates, goods and shares drawn from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from supplysim.model import Lane, Network
from supplysim.scenario import AnyMeasure
from supplysim.testing.numbers import RARELY, durations, sixteenths
from supplysim.testing.traits import COUNTRIES, SHARES

__all__ = [
    "BEGINS",
    "CAPACITY",
    "DAYS",
    "PART",
    "RATE",
    "RECOVERY",
    "SHARE",
    "Drawer",
    "Kind",
    "Reach",
]

START = st.dates(dt.date(2022, 1, 1), dt.date(2024, 12, 31))
BEGINS = st.integers(0, 100)
LENGTH = st.none() | st.integers(1, 200)
DAYS = sixteenths(0, 60)
SHARE = st.sampled_from(SHARES)
PART = st.sampled_from(SHARES[::-1])  # 0 is simplest
RATE = sixteenths(0.25, 4)
CAPACITY = sixteenths(0.25, 2)
RECOVERY = sixteenths(1, 60)
WAIT = {fixed: durations(0, 60, deterministic=fixed) for fixed in (True, False)}
IN_TRANSIT = st.sampled_from(("arrives", "returns", "seized"))


@dataclass(frozen=True)
class Kind:
    """How to draw one type of measure: ``prefix`` of its keys, what it ``needs`` to act on, and how it is drawn."""

    prefix: str
    draw: Callable[[Drawer], AnyMeasure]
    needs: Callable[[Reach], Sequence[object]]


class Reach:
    """What there is to act on in a network."""

    def __init__(
        self, network: Network, start: dt.date | None, *, deterministic: bool, calendar: bool
    ) -> None:
        self.network = network
        self.start = start
        self.deterministic = deterministic
        self.calendar = calendar
        self.crossing = [
            lane
            for lane in network.lanes_by_key.values()
            if network.country(lane.source) != network.country(lane.target)
        ]
        self.demands = list(network.demand_by_name)
        self.sites = list(network.site_by_name.values())
        self.slots = list(network.slots.values())
        self.users = [slot for slot in self.slots if slot.kind != "store"]


class Drawer:
    """Draws measures that are in reach; their keys come later, by their place among the others."""

    def __init__(self, draw: st.DrawFn, reach: Reach) -> None:
        self.draw = draw
        self.reach = reach
        self.network = reach.network
        self.start = reach.start
        self.deterministic = reach.deterministic
        self.wait = WAIT[reach.deterministic]

    def window(self, *, ends: bool | None = None) -> dict[str, Any]:
        """``begins`` and ``ends``, in days or in dates; ``ends`` forces or forbids an end."""
        begins = self.draw(BEGINS)
        length = self.draw(LENGTH) if ends is None else self.draw(st.integers(1, 200))
        last = None if length is None or ends is False else begins + length
        if self.start is not None and self.draw(st.booleans()):
            first = self.start + dt.timedelta(days=begins)
            return {
                "begins": first,
                "ends": None if last is None else self.start + dt.timedelta(days=last),
            }
        offset = self.draw(PART) if self.draw(RARELY) else 0.0
        return {"begins": begins + offset, "ends": None if last is None else last + offset}

    def trade(self, lane: Lane) -> dict[str, Any]:
        """Origin, destination, goods and dates of a measure that has this lane in reach."""
        seller, buyer = self.network.country(lane.source), self.network.country(lane.target)
        one_only = self.draw(st.booleans())
        others = [code for code in COUNTRIES if code not in (seller, buyer)]
        more = st.sampled_from(others)
        goods = {self.network.product(lane.source)}
        if self.draw(RARELY):
            goods.add(self.draw(st.sampled_from(list(self.network.commodity_by_name))))
        origin = [seller]
        to = [buyer] if one_only else []
        if self.draw(RARELY):
            (to if one_only and self.draw(st.booleans()) else origin).append(self.draw(more))
        window = self.window()
        return {
            "origin": origin,
            "to": to,
            "commodities": sorted(goods),
            "in_transit": self.draw(IN_TRANSIT),
            **self.scope(),
            **window,
            **self.announcement(window["begins"]),
        }

    def scope(self) -> dict[str, Any]:
        """Mostly everything that is direct; else a part of it, or what goes round."""
        if not self.draw(RARELY):
            return {}
        part = st.sampled_from(("entities", "coverage", "compliance", "spillover"))
        scope: dict[str, Any] = {self.draw(part): self.draw(SHARE)}
        if self.draw(st.booleans()):
            scope["reach"] = self.draw(st.sampled_from(("re-export", "content")))
            scope["threshold"] = self.draw(SHARE)
        return scope

    def announcement(self, begins: float | dt.date) -> dict[str, Any]:
        """Mostly none; else some days ahead, not before day 0, and perhaps with forward buying."""
        if not self.draw(RARELY):
            return {}
        ahead = self.draw(st.integers(0, 60))
        bought = {"forward_buying": self.draw(DAYS)}
        if isinstance(begins, dt.date):
            assert self.start is not None  # dates are drawn only with a start
            return {"announced": max(self.start, begins - dt.timedelta(days=ahead)), **bought}
        return {"announced": max(0.0, begins - ahead), **bought}
