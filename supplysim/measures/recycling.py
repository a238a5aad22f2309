"""Scrap: what was used years ago comes back, as far as it is collected and recovered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from supplysim import rules
from supplysim.changes import Change, Factor, Primitive, Target
from supplysim.errors import InvalidInput
from supplysim.measures.base import Context
from supplysim.measures.supplier import NewSupplier
from supplysim.model import Network, Site
from supplysim.model.countries import Country
from supplysim.model.distributions import Duration
from supplysim.model.fields import (
    YEAR,
    Items,
    LongTime,
    NonNegative,
    Number,
    Positive,
    Share,
    frozen,
)

__all__ = ["Recycling"]

YEARS_AHEAD = 30
"""How far yearly scrap is laid out from day 0; later years are as the last."""
QUANTILES = 400
"""Points by which a spread lifetime is read."""


@frozen
class Recycling(NewSupplier):
    """End-of-life goods of the countries ``to`` are collected, and what is recovered goes back to their users.

    Mechanism: cohorts. ``inflow`` is what went into use in each past year (units of the commodity, oldest first, the
    last the year before day 0); without it, the users\' normal use, shrunk by ``growth`` a year backwards over three
    lifetimes. From day 0 on it is their normal use. Goods leave use after ``lifetime`` (years, a duration); the share
    ``collection`` of them is collected, of that ``recovery`` recovered. From the day of force, after ``build`` days
    and over ``ramp``, a site (named by ``key``) in ``country`` makes so much of it a day as that year\'s scrap
    allows, at most ``capacity``. ``share`` of the users\' orders moves to it (None: what it can make), up to
    ``max_share``.

    Legal basis in practice: the EU\'s Battery Regulation 2023/1542 (recovery of 90 % of cobalt and nickel and 50 % of
    lithium by the end of 2027, 95 % and 80 % by 2031), the Critical Raw Materials Act 2024/1252 (25 % of yearly use
    from recycling by 2030); Japan\'s Act on Promotion of Effective Utilisation of Resources. Plants take two to three
    years; scrap comes a lifetime after use, whatever anybody decides. Its cost: ``investment``, ``upkeep``, ``cost``
    a unit.

    >>> Recycling(
    ...     key="eu-cobalt", commodity="cobalt", country="DE", to=["DE"], collection=0.6, recovery=0.9,
    ...     lifetime=10.0, build=720,
    ... ).recovery
    0.9
    """

    _: KW_ONLY
    country: Country
    collection: Share
    recovery: Share
    lifetime: Duration
    inflow: Annotated[Sequence[NonNegative], Items] = ()
    growth: Annotated[Number, Field(gt=-1.0)] = 0.0
    capacity: Positive | None = None
    build: LongTime = 0.0
    share: Share | None = None  # type: ignore[assignment]
    type: Literal["Recycling"] = "Recycling"
    amounts: ClassVar = ("inflow", "capacity")

    def structure(self, network: Network) -> Network:
        """The site and its lanes, closed; none where there is never any scrap."""
        faults = self.check(network)
        if faults:
            raise InvalidInput(faults, what=f"Recycling {self.key!r}")
        supply = self._supply(network)
        most = max(supply)
        if most <= 0.0:
            return network
        planned = most if self.share is None else min(most, self.share * self._use(network))
        site = Site(
            self.key,
            country=self.country,
            makes=self.commodity,
            capacity=most,
            lot=7.0 * (planned or most),
            planned=planned,
            allocation="incumbent-first",
        )
        return network.plus(sites=[site], lanes=self.ways(network, self.key))

    def primitives(self, context: Context) -> list[Primitive]:
        """Capacity by year, lanes that open, shares that follow."""
        supply = self._supply(context.bare)
        most = max(supply)
        if most <= 0.0:
            return []
        ready = self.in_force(context) + self.build
        ends = math.inf if self.ends is None else context.time(self.ends)
        capacity = Target("site", self.key, "capacity")
        changes: list[Primitive] = [Change(-math.inf, capacity, self.key, Factor(0.0))]
        if ends <= ready:
            return changes
        points = self._points(ready, ends)
        changes += [
            Change(t, capacity, self.key, Factor(self._ready(t, ready) * supply[y] / most))
            for t, y in points
        ]
        if self.ends is not None:
            changes.append(Change(ends, capacity, self.key, Factor(0.0)))
        changes += self.opening(context, ready, self.key)
        if self.share is None:
            changes += self._following(context, points, ready, supply)
        return changes

    def opening(
        self, context: Context, ready: float, source: str, mode: str = ""
    ) -> list[Primitive]:
        """As for any supplier; shares that follow the scrap are moved year by year instead."""
        if self.share is not None:
            return NewSupplier.opening(self, context, ready, source, mode)
        changes = NewSupplier.opening(_unmoved(self), context, ready, source, mode)
        return changes

    def planned(self, network: Network) -> float:
        """What its users will order of it in normal times (units a day)."""
        return (self.share or 0.0) * self._use(network)

    def _following(
        self, context: Context, points: list[tuple[float, int]], ready: float, supply: list[float]
    ) -> list[Primitive]:
        use = self._use(context.bare)
        changes: list[Primitive] = []
        for slot in self.users(context.bare, self.key):
            lanes = context.network.lanes_into[slot]
            ours = next(lane for lane in lanes if lane.source == self.key)
            for time, year in points:
                part = self._ready(time, ready) * supply[year] / use if use > 0.0 else 0.0
                for change in self.moving(context, time, ours, lanes, min(1.0, part)):
                    assert isinstance(change, Change)
                    if change.value is not None:
                        changes.append(change)
            if self.ends is not None:
                for lane in lanes:
                    if lane.key == ours.key or lane.share > 0.0:
                        target = Target("lane", lane.key, "share")
                        changes.append(Change(context.time(self.ends), target, self.key, None))
        return changes

    def _points(self, ready: float, ends: float) -> list[tuple[float, int]]:
        """When the supply changes, and the year it then has: at new years from day 0 on, monthly in the ramp."""
        ramp = [ready + self.ramp * k / 12.0 for k in range(1, 13)] if self.ramp > 0.0 else []
        years = [YEAR * k for k in range(YEARS_AHEAD)]
        times = sorted({ready, *ramp, *(t for t in years if t > ready)})
        return [(t, min(YEARS_AHEAD - 1, max(0, int(t // YEAR)))) for t in times if t < ends]

    def _ready(self, time: float, ready: float) -> float:
        return 1.0 if self.ramp <= 0.0 else min(1.0, max(0.0, (time - ready) / self.ramp))

    def _use(self, network: Network) -> float:
        use = network.baseline().use
        return math.fsum(use[slot] for slot in self.users(network, self.key))

    def _supply(self, network: Network) -> list[float]:
        """Units a day that the scrap of each year from day 0 on allows."""
        ages = _ages(self.lifetime)
        use = self._use(network) * YEAR
        past = list(self.inflow)
        if not past:
            past = [use / (1.0 + self.growth) ** k for k in range(3 * len(ages), 0, -1)]
        scrap = rules.cohort_outflow([*past, *[use] * YEARS_AHEAD], ages)[len(past) :]
        daily = [x * self.collection * self.recovery / YEAR for x in scrap]
        return daily if self.capacity is None else [min(x, self.capacity) for x in daily]


def _ages(lifetime: Duration) -> list[float]:
    """The share of a cohort that leaves use at each age in whole years."""
    found: dict[int, int] = {}
    for i in range(QUANTILES):
        age = max(0, round(lifetime.quantile((i + 0.5) / QUANTILES)))
        found[age] = found.get(age, 0) + 1
    return [found.get(age, 0) / QUANTILES for age in range(max(found) + 1)]


def _unmoved(measure: Recycling) -> Recycling:
    import dataclasses

    return dataclasses.replace(measure, share=0.0)
