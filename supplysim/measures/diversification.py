"""What makes supply less concentrated: second sources."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from supplysim.changes import STRUCTURE, Add, Change, Closed, Factor, Primitive, Target
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import Context, Measure, known_commodities, users
from supplysim.model import Fixed, Lane, Network, Site, Slot, Store
from supplysim.model.countries import Country
from supplysim.model.distributions import Duration
from supplysim.model.fields import (
    Course,
    Items,
    LongTime,
    Name,
    NonNegative,
    Positive,
    Share,
    frozen,
)

__all__ = ["SecondSource"]


@frozen
class SecondSource(Measure):
    """A further supplier of one commodity is qualified by the users in the countries ``to``.

    Mechanism: a new site (named by ``key``) in ``country`` with ``capacity`` units a day. Qualification
    starts at ``begins`` and takes ``qualification`` days; then its lanes open and its capacity, 0 before, ramps
    up evenly over ``ramp`` days (nothing comes of a measure that ends before). ``share`` of the users'
    orders moves to it then (0: it is only turned to when others fail, up to ``max_share`` of baseline
    use). Its own inputs are taken as secured. ``site`` names an existing site instead of making one; then
    only the lanes are new, and ``country`` and ``capacity`` are not given.

    >>> SecondSource(
    ...     key="ca-gallium", commodity="gallium", country="CA", capacity=0.05, to=["JP", "DE"],
    ...     begins=0, qualification=365, lead_time=30,
    ... ).max_share
    1.0
    """

    _: KW_ONLY
    commodity: Name
    to: Annotated[Sequence[Name], Field(min_length=1), Items]
    country: Country | None = None
    capacity: Positive | None = None
    site: Name | None = None
    qualification: LongTime = 0.0
    ramp: Course = 0.0
    share: Share = 0.0
    max_share: NonNegative = 1.0
    lead_time: Duration = Fixed(0.0)
    order_lag: LongTime = 0.0
    cost: NonNegative = 0.0
    type: Literal["SecondSource"] = "SecondSource"
    amounts: ClassVar = ("capacity",)
    unit_prices: ClassVar = ("cost",)

    def structure(self, network: Network) -> Network:
        """The new site and its lanes, closed."""
        self._check(network)
        name = self.site or self.key
        slots = self._slots(network, name)
        sites = []
        if self.site is None:
            assert self.country is not None and self.capacity is not None  # held by _check
            use = network.baseline().use
            planned = min(self.capacity, math.fsum(self.share * use[slot] for slot in slots))
            lot = 7.0 * (planned or self.capacity)
            sites = [
                Site(
                    name,
                    country=self.country,
                    makes=self.commodity,
                    capacity=self.capacity,
                    lot=lot,
                    planned=planned,
                    allocation="incumbent-first",
                )
            ]
        lanes = tuple(
            Lane(
                name,
                network.slots[slot].node,
                mode=self.key if self.site else "",
                share=0.0,
                max_share=self.max_share,
                lead_time=self.lead_time,
                order_lag=self.order_lag,
                cost=self.cost,
                closed=True,
            )
            for slot in slots
        )
        return network.plus(sites=sites, lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """Lanes that open, shares that move, capacity that ramps."""
        ready = self.in_force(context) + self.qualification
        idle = Change(-math.inf, Target("site", self.key, "capacity"), self.key, Factor(0.0))
        changes: list[Primitive] = [] if self.site else [idle]
        if self.ends is not None and context.time(self.ends) <= ready:
            return changes  # over before it is qualified
        if self.site is None:
            changes += self._ramp_up(ready)
        name, mode = (self.site or self.key), (self.key if self.site else "")
        for slot in self._slots(context.network, name):
            lanes = context.network.lanes_into[slot]
            ours = next(lane for lane in lanes if lane.source == name and lane.mode == mode)
            changes += self._opening(context, ready, ours)
            if self.share > 0.0:
                changes += self._moving(context, ready, ours, lanes)
        return changes

    def _opening(self, context: Context, ready: float, lane: Lane) -> list[Primitive]:
        """Built closed; open once ready, closed again when the measure ends."""
        target = Target("lane", lane.key, "gate")
        changes: list[Primitive] = [Change(ready, target, STRUCTURE, None)]
        if self.ends is not None:
            changes.append(Change(context.time(self.ends), target, STRUCTURE, Closed()))
        return changes

    def _moving(
        self, context: Context, ready: float, ours: Lane, lanes: list[Lane]
    ) -> list[Primitive]:
        changes: list[Primitive] = []
        for lane in lanes:
            if lane.key != ours.key and lane.share <= 0.0:
                continue
            value = Add(self.share) if lane.key == ours.key else Factor(1.0 - self.share)
            target = Target("lane", lane.key, "share")
            changes.append(Change(ready, target, self.key, value))
            if self.ends is not None:
                changes.append(Change(context.time(self.ends), target, self.key, None))
        return changes

    def _ramp_up(self, ready: float) -> list[Primitive]:
        target = Target("site", self.key, "capacity")
        steps: list[Primitive] = [
            Change(ready + day, target, self.key, Factor(day / self.ramp))
            for day in range(math.ceil(self.ramp))
        ]
        return [*steps, Change(ready + self.ramp, target, self.key, None)]

    def _slots(self, network: Network, name: str) -> list[str]:
        to = network.countries(self.to)
        return [
            slot.key
            for slot in users(network, [self.commodity], to)
            if slot.node != name and not _is_reserve(slot)
        ]

    def _check(self, network: Network) -> None:
        faults = known_commodities((self.commodity,), network)
        faults = [dataclasses.replace(f, path="commodity") for f in faults]
        if self.site is None and (self.country is None or self.capacity is None):
            faults.append(Fault("site", "give an existing site, or country and capacity"))
        if self.site is not None and (self.country is not None or self.capacity is not None):
            faults.append(Fault("site", "an existing site brings its own country and capacity"))
        if self.site is not None:
            made = network.site_by_name.get(self.site)
            if made is None or made.makes != self.commodity:
                faults.append(Fault("site", f"no such site makes {self.commodity}", self.site))
        try:
            if not faults and not self._slots(network, self.site or self.key):
                faults.append(Fault("to", "nobody there uses the commodity", list(self.to)))
        except InvalidInput as error:
            faults += [Fault("to", f.rule, f.value) for f in error.faults]
        if faults:
            raise InvalidInput(faults, what=f"SecondSource {self.key!r}")


def _is_reserve(slot: Slot) -> bool:
    """Reserves buy from their users' old suppliers, in whatever order measures are laid out."""
    return isinstance(slot.item, Store) and slot.item.release is not None
