"""What breaks: plants that stop, by accident, disaster or strike, ways that are closed, demand that jumps or falls."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from supplysim.changes import Add, Cap, Change, Closed, Factor, Primitive, Renewal, Target, Value
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.measures.base import Context, Names, known_commodities
from supplysim.measures.course import Disruption, Recovering
from supplysim.model import Lane, Network
from supplysim.model.distributions import Duration
from supplysim.model.fields import Items, LongTime, NonNegative, Period, frozen

__all__ = ["DemandShock", "LaneDisruption", "Outage"]


@frozen
class Outage(Disruption):
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
        if self.observed and self.stops != "output":
            faults.append(Fault("observed", "is only for stops='output'"))
        if faults:
            raise InvalidInput(faults, what="Outage")
        return self

    def faults(self, context: Context) -> list[Fault]:
        """Unknown sites, countries, commodities; an outage that hits nothing."""
        network = context.network
        faults = Disruption.faults(self, context)
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
        return self.left(day - begins, length)

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
        down = self.days_down(context)
        for target in self._targets(context):
            if target.kind == "lane":
                changes += self.window(context, target, Closed())
            else:
                changes += self.steps(context, target, lambda day: self._factor_on(day, down))
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

    def _factor_on(self, day: float, down: float) -> Factor | None:
        left = self.left(day, down)
        return None if left == 1.0 and day >= down else Factor(left)


@frozen
class LaneDisruption(Disruption):
    """Ways are closed, narrow or longer: a strait, a canal, a port, a railway, an air space.

    The lanes are named (``lanes``, by key), or all from ``origin`` to ``to`` (empty: from or to anywhere;
    ``both_ways``: the other way, too) that cross a border, of some ``commodities`` or ``modes`` if any are given.
    Mechanism: the share ``severity`` of their normal flow cannot pass (1, the default: nothing; 0: all, but longer),
    what passes takes ``extra_days`` longer and costs ``extra_cost`` USD a unit more; all three wear off as the
    recovery goes. What is under way arrives. Buyers turn to others after their reaction time.

    In practice: blockades and maritime claims (a strait), attacks on shipping (the Red Sea from November 2023: two
    weeks more around the Cape), accidents (Suez, 2021: six days), strikes and quarantines in ports. No law is needed,
    and nobody decides; insurers withdraw within days.

    >>> LaneDisruption(origin=["CN"], to=["DE"], severity=0.0, extra_days=14).both_ways
    True
    """

    _: KW_ONLY
    lanes: Annotated[Sequence[str], Items] = ()
    origin: Names = ()
    to: Names = ()
    both_ways: bool = True
    commodities: Names = ()
    modes: Annotated[Sequence[str], Items] = ()
    extra_days: LongTime = 0.0
    extra_cost: NonNegative = 0.0
    type: Literal["LaneDisruption"] = "LaneDisruption"
    unit_prices: ClassVar = ("extra_cost",)

    @model_validator(mode="after")
    def _one_way_to_name(self) -> LaneDisruption:
        if bool(self.lanes) == bool(self.origin or self.to or self.commodities or self.modes):
            rule = "give either lanes, or what tells them: origin, to, commodities, modes"
            raise InvalidInput([Fault("lanes", rule)], what="LaneDisruption")
        return self

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names; nothing that is hit."""
        network = context.network
        faults = Disruption.faults(self, context) + known_commodities(self.commodities, network)
        faults += [
            Fault("lanes", f"unknown lane; {nearest(key, network.lanes_by_key)}", key)
            for key in self.lanes
            if key not in network.lanes_by_key
        ]
        for place in ("origin", "to"):
            try:
                network.countries(getattr(self, place))
            except InvalidInput as error:
                faults += [Fault(place, f.rule, f.value) for f in error.faults]
        if not faults and not self._hit(network):
            faults.append(Fault("origin", "no lane of the network is in reach of this measure"))
        return faults

    def until(self, moment: float) -> LaneDisruption:
        """Ended then; what was observed after is not what happens."""
        return dataclasses.replace(self, ends=moment, observed=())

    def primitives(self, context: Context) -> list[Primitive]:
        """Gates or caps on capacity, longer times and higher freight, step by step."""
        changes: list[Primitive] = []
        down = self.days_down(context)
        flow = context.network.baseline().flow
        for lane in self._hit(context.network):
            gate, capacity, delay, cost = (
                Target("lane", lane.key, attribute)
                for attribute in ("gate", "capacity", "delay", "cost")
            )
            narrow = partial(self._narrow, down, flow[lane.key])
            changes += _needed(self.steps(context, gate, partial(self._shut, down)))
            changes += _needed(self.steps(context, capacity, narrow))
            for target, most in ((delay, self.extra_days), (cost, self.extra_cost)):
                longer = partial(self._longer, down, most)
                changes += _needed(self.steps(context, target, longer))
        return changes

    def _shut(self, down: float, day: float) -> Value | None:
        return Closed() if self.left(day, down) <= 0.0 else None

    def _narrow(self, down: float, flow: float, day: float) -> Value | None:
        left = self.left(day, down)
        return Cap(left * flow) if 0.0 < left < 1.0 else None

    def _longer(self, down: float, most: float, day: float) -> Value | None:
        depth = 1.0 - self.left(day, down) if self.observed else self.depth(day, down)
        return Add(most * depth) if most * depth > 0.0 else None

    def _hit(self, network: Network) -> list[Lane]:
        if self.lanes:
            return [network.lanes_by_key[key] for key in sorted(set(self.lanes))]
        origin, to = (network.countries(names) for names in (self.origin, self.to))

        def between(one: str, other: str) -> bool:
            return (not self.origin or one in origin) and (not self.to or other in to)

        t = network.tables
        country, goods = t.country.every(), t.commodity_names()
        found = []
        for row in range(len(t.lanes)):
            source, target = country[t.lane_source[row]], country[t.lane_target[row]]
            if source == target:
                continue
            if self.commodities and goods[t.product[t.lane_source[row]]] not in self.commodities:
                continue
            if self.modes and t.lanes.mode[row] not in self.modes:
                continue
            if between(source, target) or (self.both_ways and between(target, source)):
                found.append(t.lane(row))
        return found


def _needed(changes: list[Change]) -> list[Change]:
    """Without those that take away what was never there."""
    first = next((i for i, change in enumerate(changes) if change.value is not None), len(changes))
    return changes[first:]


@frozen
class DemandShock(Recovering):
    """Final use jumps or falls: ``change`` (0.3: a third more; -0.2: a fifth less) while in force, then wears off.

    The uses are named (``demands``), or all of some ``commodities`` in the countries ``to`` (empty: everywhere).
    Mechanism: the rate is multiplied; stocks and orders follow as ever (targets keep to normal use). In practice: a
    boom, a pandemic, hoarding; nobody decides.

    >>> DemandShock(commodities=["electric-car"], to=["DE"], change=0.25, begins=30, ends=90).change
    0.25
    """

    _: KW_ONLY
    demands: Names = ()
    commodities: Names = ()
    to: Names = ()
    change: Annotated[float, Field(ge=-1.0, le=100.0)]
    type: Literal["DemandShock"] = "DemandShock"

    @model_validator(mode="after")
    def _one_way_to_name(self) -> DemandShock:
        if bool(self.demands) == bool(self.commodities or self.to):
            rule = "give either demands, or commodities and countries"
            raise InvalidInput([Fault("demands", rule)], what="DemandShock")
        return self

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names; nothing that is hit."""
        network = context.network
        faults = Recovering.faults(self, context) + known_commodities(self.commodities, network)
        faults += [
            Fault("demands", f"unknown demand; {nearest(name, network.demand_by_name)}", name)
            for name in self.demands
            if name not in network.demand_by_name
        ]
        try:
            network.countries(self.to)
        except InvalidInput as error:
            faults += [Fault("to", f.rule, f.value) for f in error.faults]
        if not faults and not self._hit(network):
            faults.append(Fault("to", "no final use of the network is in reach of this measure"))
        return faults

    def primitives(self, context: Context) -> list[Primitive]:
        """Rates, step by step."""
        if self.change == 0.0:
            return []
        changes: list[Primitive] = []
        down = self.days_down(context)
        for name in self._hit(context.network):
            target = Target("demand", name, "rate")
            changes += self.steps(context, target, lambda day: self._factor(day, down))
        return changes

    def _factor(self, day: float, down: float) -> Factor | None:
        depth = self.depth(day, down)
        return Factor(1.0 + self.change * depth) if depth > 0.0 else None

    def _hit(self, network: Network) -> list[str]:
        to = network.countries(self.to)
        return [
            name
            for name, demand in network.demand_by_name.items()
            if name in self.demands
            or (
                not self.demands
                and (not self.to or demand.country in to)
                and (not self.commodities or demand.commodity in self.commodities)
            )
        ]
