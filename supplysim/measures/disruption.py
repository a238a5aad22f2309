"""What breaks: plants that stop, by accident, disaster or strike, and how they come back."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field, model_validator

from supplysim.changes import Change, Closed, Factor, Primitive, Renewal, Target
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.measures.base import Context, Measure, Names, known_commodities
from supplysim.model import Network
from supplysim.model.distributions import Duration
from supplysim.model.fields import (
    Course,
    Items,
    Period,
    Share,
    frozen,
)

__all__ = ["Outage"]


@frozen
class Outage(Measure):
    """Sites lose a share ``severity`` of their capacity, then recover.

    The sites are named (``sites``), or all that make one of ``commodities`` in one of the countries
    ``origin``. From ``begins`` to ``ends`` they stay down; then capacity comes back over ``recovery_days``: at
    once (``step``), evenly (``linear``) or slowly-fast-slowly (``s-shaped``), in daily steps. Or give
    ``observed``: pairs (days since begins, share of capacity), joined by straight lines; the last one stays.
    With ``up`` and ``down`` (durations) it strikes at random again and again instead, each time for ``down`` days;
    ``step`` rounds these up to whole multiples (an exponential becomes geometric). ``stops`` says
    whether ``output`` stops, ``shipments``, or ``both``.

    >>> fire = Outage(sites=["jp-chip"], begins=0, ends=29, recovery="linear", recovery_days=68)
    >>> round(fire.capacity_left(29 + 34), 2)
    0.5
    """

    _: KW_ONLY
    sites: Names = ()
    origin: Names = ()
    commodities: Names = ()
    severity: Share = 1.0
    recovery: Literal["step", "linear", "s-shaped"] = "step"
    recovery_days: Course = 0.0
    observed: Annotated[Sequence[Annotated[tuple[Course, Share], Field(strict=False)]], Items] = ()
    up: Duration | None = None
    down: Duration | None = None
    step: Period | None = None
    stops: Literal["output", "shipments", "both"] = "output"
    type: Literal["Outage"] = "Outage"

    @model_validator(mode="after")
    def _consistent(self) -> Outage:
        faults = []
        if bool(self.sites) == bool(self.origin or self.commodities):
            faults.append(Fault("sites", "give either sites, or origin and commodities"))
        if (self.up is None) != (self.down is None):
            faults.append(Fault("up", "give both up and down, or neither"))
        if self.up is not None and (self.recovery != "step" or self.observed):
            faults.append(Fault("recovery", "random outages end at once (step)", self.recovery))
        if self.up is not None and self.down is not None and self.step is None:
            faults += [
                Fault(name, "must have a mean above 0", value)
                for name, value in (("up", self.up), ("down", self.down))
                if value.mean <= 0.0
            ]
        if self.recovery != "step" and (self.recovery_days <= 0.0 or self.ends is None):
            faults.append(Fault("recovery_days", f"a {self.recovery} recovery needs days and ends"))
        days = [day for day, _ in self.observed]
        if days != sorted(set(days)):
            faults.append(Fault("observed", "days must go up", days))
        if self.observed and (self.ends is not None or self.stops != "output"):
            faults.append(Fault("observed", "stands in place of ends, and only for stops='output'"))
        if faults:
            raise InvalidInput(faults, what="Outage")
        return self

    def faults(self, context: Context) -> list[Fault]:
        """Unknown sites, countries, commodities; an outage that hits nothing."""
        network = context.network
        faults = Measure.faults(self, context)
        faults += [
            Fault("sites", f"unknown site; {nearest(name, network.site_by_name)}", name)
            for name in self.sites
            if name not in network.site_by_name
        ]
        faults += known_commodities(self.commodities, network)
        try:
            network.countries(self.origin)
        except InvalidInput as error:
            faults += [Fault("origin", f.rule, f.value) for f in error.faults]
        if not faults and not self._hit(context):
            faults.append(Fault("origin", "no site of the network is in reach of this measure"))
        return faults

    def until(self, moment: float) -> Outage:
        """The outage ended then; what was observed after is not what happens, so capacity is back at once."""
        return dataclasses.replace(self, ends=moment, observed=())

    def capacity_left(self, day: float) -> float:
        """Share of capacity at ``day`` days from the scenario's start, for an outage timed in days."""
        context = Context(Network(name="none", commodities=()), None)
        begins = self.in_force(context)
        length = math.inf if self.ends is None else context.time(self.ends) - begins
        return self._left(day - begins, length)

    def primitives(self, context: Context) -> list[Primitive]:
        """Capacity factors, closed gates, or a renewal that makes them."""
        begins = self.in_force(context)
        if self.up is not None and self.down is not None:
            ends = math.inf if self.ends is None else context.time(self.ends)
            then = tuple(
                Change(0.0, target, self.key, Closed() if target.kind == "lane" else self._factor())
                for target in self._targets(context)
            )
            back = tuple(dataclasses.replace(change, value=None) for change in then)
            step = self.step or 0.0
            return [Renewal(self.key, self.up, self.down, then, back, begins, ends, step)]
        changes: list[Primitive] = []
        for target in self._targets(context):
            if target.kind == "lane":
                changes += self.window(context, target, Closed())
            else:
                changes += [
                    Change(begins + day, target, self.key, value)
                    for day, value in self._path(context, begins)
                ]
        return changes

    def _hit(self, context: Context) -> list[str]:
        origin = context.network.countries(self.origin)
        return [
            name
            for name, site in context.network.site_by_name.items()
            if name in self.sites
            or (not self.sites and self._in_scope(site.country, site.makes, origin))
        ]

    def _in_scope(self, country: str, makes: str, origin: frozenset[str]) -> bool:
        return (not self.origin or country in origin) and (
            not self.commodities or makes in self.commodities
        )

    def _targets(self, context: Context) -> list[Target]:
        targets = []
        for name in self._hit(context):
            if self.stops in ("output", "both"):
                targets.append(Target("site", name, "capacity"))
            if self.stops in ("shipments", "both"):
                lanes = context.network.lanes_from[name]
                targets += [Target("lane", lane.key, "gate") for lane in lanes]
        return targets

    def _factor(self) -> Factor:
        return Factor(1.0 - self.severity)

    def _path(self, context: Context, begins: float) -> list[tuple[float, Factor | None]]:
        """Daily steps of the share of capacity left, as (days since begins, factor)."""
        if self.observed:
            length = self.observed[-1][0]
        elif self.ends is None:
            return [(0.0, self._factor())]
        else:
            length = context.time(self.ends) - begins + self.recovery_days
        down = math.inf if self.ends is None else context.time(self.ends) - begins
        path: list[tuple[float, Factor | None]] = []
        left = -1.0
        for day in range(math.ceil(length)):
            now = self._left(float(day), down)
            if now != left:
                path.append((float(day), Factor(now)))
                left = now
        last = self._left(length, down)
        return [*path, (length, None if last == 1.0 else Factor(last))]

    def _left(self, day: float, down: float) -> float:
        """Share of capacity left ``day`` days after the start of an outage that is ``down`` days long."""
        if day < 0.0:
            return 1.0
        if self.observed:
            return _between(day, self.observed)
        if day < down:
            return 1.0 - self.severity
        if self.recovery == "step" or day >= down + self.recovery_days:
            return 1.0
        x = (day - down) / self.recovery_days
        back = x if self.recovery == "linear" else x * x * (3.0 - 2.0 * x)
        return 1.0 - self.severity * (1.0 - back)


def _between(day: float, points: Sequence[tuple[float, float]]) -> float:
    """Straight lines between points; the first value before them, the last after them."""
    last_day, last = points[0]
    for next_day, value in points:
        if day < next_day:
            width = next_day - last_day
            return last if width <= 0.0 else last + (value - last) * ((day - last_day) / width)
        last_day, last = next_day, value
    return last
