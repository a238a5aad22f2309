"""A new supplier for some users: its lanes, closed until it is ready; how orders move to it, and how it ramps up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, ClassVar

from pydantic import Field

from supplysim.changes import STRUCTURE, Add, Change, Closed, Factor, Primitive, Target
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import Context, Measure, known_commodities, nobody, users
from supplysim.model import Fixed, Lane, Network, Store
from supplysim.model.distributions import Duration
from supplysim.model.fields import (
    Course,
    Items,
    LongTime,
    Name,
    NonNegative,
    Share,
    frozen,
)

__all__ = ["NewSupplier", "ramp_up"]


@frozen
class NewSupplier(Measure):
    """What measures that bring a supplier have in common.

    It supplies the users of ``commodity`` in the countries ``to``: ``share`` of their orders moves to it when it is
    ready (0: it is only turned to when others fail), up to ``max_share`` of their baseline use. ``cost`` is USD a
    unit of freight, or of what it costs more than others. Capacity comes evenly over ``ramp`` days.
    """

    _: KW_ONLY
    commodity: Name
    to: Annotated[Sequence[Name], Field(min_length=1), Items]
    ramp: Course = 0.0
    share: Share = 0.0
    max_share: NonNegative = 1.0
    lead_time: Duration = Fixed(0.0)
    order_lag: LongTime = 0.0
    cost: NonNegative = 0.0
    unit_prices: ClassVar = ("cost",)

    def users(self, network: Network, but: str = "") -> list[str]:
        """The slots that it supplies, in order of key; reserves buy from their users' old suppliers."""
        to = network.countries(self.to)
        return [
            slot.key
            for slot in users(network, [self.commodity], to)
            if slot.node != but
            and not (isinstance(slot.item, Store) and slot.item.release is not None)
        ]

    def planned(self, network: Network) -> float:
        """What its users will order of it in normal times (units a day)."""
        use = network.baseline().use
        return math.fsum(self.share * use[slot] for slot in self.users(network))

    def ways(self, network: Network, source: str, mode: str = "") -> list[Lane]:
        """Its lanes to the users, closed."""
        return [
            Lane(
                source,
                network.slots[slot].node,
                mode=mode,
                share=0.0,
                max_share=self.max_share,
                lead_time=self.lead_time,
                order_lag=self.order_lag,
                cost=self.cost,
                closed=True,
            )
            for slot in self.users(network, source)
        ]

    def opening(
        self, context: Context, ready: float, source: str, mode: str = ""
    ) -> list[Primitive]:
        """Lanes open when it is ready, and shares move; all goes back when the measure ends."""
        changes: list[Primitive] = []
        for slot in self.users(context.bare, source):
            lanes = context.network.lanes_into[slot]
            ours = next(lane for lane in lanes if lane.source == source and lane.mode == mode)
            target = Target("lane", ours.key, "gate")
            changes.append(Change(ready, target, STRUCTURE, None))
            if self.ends is not None:
                changes.append(Change(context.time(self.ends), target, STRUCTURE, Closed()))
            if self.share > 0.0:
                changes += self.moving(context, ready, ours, lanes, self.share)
        return changes

    def moving(
        self, context: Context, at: float, ours: Lane, lanes: Sequence[Lane], share: float
    ) -> list[Primitive]:
        """``share`` of what a slot orders goes to our lane from ``at`` on, the others keep their proportions."""
        changes: list[Primitive] = []
        for lane in lanes:
            if lane.key != ours.key and lane.share <= 0.0:
                continue
            value = Add(share) if lane.key == ours.key else Factor(1.0 - share)
            target = Target("lane", lane.key, "share")
            changes.append(Change(at, target, self.key, value))
            if self.ends is not None:
                changes.append(Change(context.time(self.ends), target, self.key, None))
        return changes

    def check(self, network: Network) -> list[Fault]:
        """Unknown names, and nobody to supply."""
        faults = [
            Fault("commodity", f.rule, f.value)
            for f in known_commodities((self.commodity,), network)
        ]
        try:
            if not faults and not self.users(network):
                faults.append(nobody(network, [self.commodity], "to", self.to))
        except InvalidInput as error:
            faults += [Fault("to", f.rule, f.value) for f in error.faults]
        return faults


def ramp_up(key: str, site: str, ready: float, days: float) -> list[Primitive]:
    """The capacity of a site that is built for a measure: none, then evenly all of it, in daily steps."""
    target = Target("site", site, "capacity")
    steps: list[Primitive] = [Change(-math.inf, target, key, Factor(0.0))]
    steps += [
        Change(ready + day, target, key, Factor(day / days)) for day in range(math.ceil(days))
    ]
    return [*steps, Change(ready + days, target, key, None)]
