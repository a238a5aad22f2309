"""What makes supply less concentrated: second sources, new plants, caps on what may come from one country."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from supplysim.changes import STRUCTURE, Add, Change, Closed, Factor, Primitive, Target
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.measures.base import Context, Measure, Names, known_commodities, nobody, users
from supplysim.measures.shares import moved
from supplysim.measures.supplier import NewSupplier, ramp_up
from supplysim.model import Lane, Network, Quantity, Site
from supplysim.model.countries import Country
from supplysim.model.fields import Course, Items, LongTime, Name, Positive, Share, frozen

__all__ = ["NewCapacity", "SecondSource", "ShareCap"]


@frozen
class SecondSource(NewSupplier):
    """A further supplier of one commodity is qualified by the users in the countries ``to``.

    Mechanism: a new site (named by ``key``) in ``country`` with ``capacity`` units a day. Qualification
    starts on the day of force and takes ``qualification`` days; then its lanes open and its capacity, 0 before, ramps
    up evenly over ``ramp`` days (nothing comes of a measure that ends before). ``share`` of the users'
    orders moves to it then (0: it is only turned to when others fail, up to ``max_share`` of baseline
    use). Its own inputs are taken as secured. ``site`` names an existing site instead of making one; then
    only the lanes are new, and ``country`` and ``capacity`` are not given.

    Who: the buyers themselves, or a state that pays them to. No law is needed. Qualification cannot be hurried:
    months for a metal, one to two years for what goes into chips or cells. Its cost: ``investment`` and ``upkeep``,
    and ``cost`` a unit.

    >>> SecondSource(
    ...     key="ca-gallium", commodity="gallium", country="CA", capacity=0.05, to=["JP", "DE"],
    ...     begins=0, qualification=365, lead_time=30,
    ... ).max_share
    1.0
    """

    _: KW_ONLY
    country: Country | None = None
    capacity: Positive | None = None
    site: Name | None = None
    qualification: LongTime = 0.0
    type: Literal["SecondSource"] = "SecondSource"
    amounts: ClassVar = ("capacity",)

    def structure(self, network: Network) -> Network:
        """The new site and its lanes, closed."""
        self._check(network)
        name, sites = self.site or self.key, []
        if self.site is None:
            assert self.country is not None and self.capacity is not None  # held by _check
            planned = min(self.capacity, self.planned(network))
            sites = [
                Site(
                    name,
                    country=self.country,
                    makes=self.commodity,
                    capacity=self.capacity,
                    lot=7.0 * (planned or self.capacity),
                    planned=planned,
                    allocation="incumbent-first",
                )
            ]
        lanes = self.ways(network, name, self.key if self.site else "")
        return network.plus(sites=sites, lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """Lanes that open, shares that move, capacity that ramps."""
        ready = self.in_force(context) + self.qualification
        changes: list[Primitive] = []
        over = self.ends is not None and context.time(self.ends) <= ready
        if self.site is None:
            changes += ramp_up(self.key, self.key, ready, self.ramp)[: 1 if over else None]
        if over:
            return changes  # before it is qualified
        mode = self.key if self.site else ""
        return changes + self.opening(context, ready, self.site or self.key, mode)

    def _check(self, network: Network) -> None:
        faults = [f for f in self.check(network) if f.path == "commodity"]
        if self.site is None and (self.country is None or self.capacity is None):
            faults.append(Fault("site", "give an existing site, or country and capacity"))
        if self.site is not None and (self.country is not None or self.capacity is not None):
            faults.append(Fault("site", "an existing site brings its own country and capacity"))
        if self.site is not None:
            made = network.site_by_name.get(self.site)
            if made is None or made.makes != self.commodity:
                faults.append(Fault("site", f"no such site makes {self.commodity}", self.site))
        if not faults:
            faults = self.check(network)
            if not faults and not self.users(network, self.site or self.key):
                faults = [nobody(network, [self.commodity], "to", self.to)]
        if faults:
            raise InvalidInput(faults, what=f"SecondSource {self.key!r}")


@frozen
class NewCapacity(NewSupplier):
    """A plant is built, or plants are enlarged.

    Mechanism: building starts on the day of force and takes ``build`` days; then capacity ramps up evenly over
    ``ramp`` days. With ``sites``, these gain ``capacity`` units a day between them, in proportion to what they have.
    Else a new site (named by ``key``) in ``country`` supplies the users in ``to``, as in `SecondSource`. It makes its
    goods as the site ``like`` does (recipe, cycle time, the same suppliers in the same shares), or, without ``like``,
    of inputs taken as secured. Its stocks of inputs are empty until its suppliers' lanes open.

    Who: firms, with state aid as a rule: in the EU as strategic projects under the Critical Raw Materials Act
    (Regulation 2024/1252: permits within 27 months for mines, 15 for plants) or the Chips Act (Regulation 2023/1781);
    in Japan under the Economic Security Promotion Act of 2022. Building takes two to five years for a plant, ten and
    more for a mine. Its cost: ``investment``, ``upkeep``, and ``cost`` a unit.

    >>> NewCapacity(
    ...     key="au-separation", commodity="ndpr-oxide", country="AU", capacity=3.0, to=["JP", "DE"],
    ...     build=720, ramp=360, share=0.2, investment=5e8,
    ... ).build
    720.0
    """

    _: KW_ONLY
    to: Annotated[Sequence[Name], Items] = ()
    country: Country | None = None
    capacity: Positive
    sites: Names = ()
    like: Name | None = None
    build: LongTime
    type: Literal["NewCapacity"] = "NewCapacity"
    amounts: ClassVar = ("capacity",)

    @model_validator(mode="after")
    def _one_way(self) -> NewCapacity:
        faults = []
        if bool(self.sites) == (self.country is not None):
            faults.append(
                Fault("sites", "give either sites to enlarge, or a country for a new one")
            )
        if self.sites and (self.to or self.like):
            faults.append(Fault("sites", "sites to enlarge have users and recipes of their own"))
        if self.country is not None and not self.to:
            faults.append(Fault("to", "is required: who buys from the new site"))
        if faults:
            raise InvalidInput(faults, what="NewCapacity")
        return self

    def structure(self, network: Network) -> Network:
        """The new site with its lanes to and from, closed."""
        self._check(network)
        if self.country is None:
            return network
        planned = min(self.capacity, self.planned(network))
        model = None if self.like is None else network.site_by_name[self.like]
        inputs, lanes = {}, self.ways(network, self.key)
        if model is not None:
            inputs = {
                name: dataclasses.replace(need, initial=Quantity(0.0))
                for name, need in model.inputs.items()
            }
            lanes += [
                dataclasses.replace(lane, target=self.key)
                for name in model.inputs
                for lane in network.lanes_into[f"{model.name}|{name}"]
                if not lane.closed
            ]
        site = Site(
            self.key,
            country=self.country,
            makes=self.commodity,
            capacity=self.capacity,
            lot=7.0 * (planned or self.capacity),
            planned=planned or (self.capacity if inputs else 0.0),
            inputs=inputs,
            cycle_time=0.0 if model is None else model.cycle_time,
            allocation="incumbent-first",
        )
        return network.plus(sites=[site], lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """Capacity that comes, lanes that open, shares that move."""
        ready = self.in_force(context) + self.build
        over = self.ends is not None and context.time(self.ends) <= ready
        if self.country is None:
            return [] if over else self._enlarged(context, ready)
        network = context.network
        inward = [
            Target("lane", lane.key, "gate")
            for slot, lanes in network.lanes_into.items()
            if slot.startswith(f"{self.key}|")
            for lane in lanes
        ]
        changes: list[Primitive] = [Change(-math.inf, x, STRUCTURE, Closed()) for x in inward]
        changes += ramp_up(self.key, self.key, ready, self.ramp)[: 1 if over else None]
        if over:
            return changes
        changes += [Change(ready, gate, STRUCTURE, None) for gate in inward]
        if self.ends is not None:
            ends = context.time(self.ends)
            changes += [Change(ends, gate, STRUCTURE, Closed()) for gate in inward]
        return changes + self.opening(context, ready, self.key)

    def _enlarged(self, context: Context, ready: float) -> list[Primitive]:
        capacity = context.network.baseline().capacity
        whole = math.fsum(capacity[name] for name in self.sites)
        changes: list[Primitive] = []
        steps = max(1, math.ceil(self.ramp))
        for name in self.sites:
            target = Target("site", name, "capacity")
            gain = self.capacity * (capacity[name] / whole)
            for k in range(1, steps + 1):
                at = ready + self.ramp * k / steps
                changes.append(Change(at, target, self.key, Add(gain * k / steps)))
            if self.ends is not None:
                changes = [
                    x for x in changes if isinstance(x, Change) and x.time < context.time(self.ends)
                ]
                changes.append(Change(context.time(self.ends), target, self.key, None))
        return changes

    def _check(self, network: Network) -> None:
        faults = known_commodities((self.commodity,), network)
        faults = [Fault("commodity", f.rule, f.value) for f in faults]
        makers = [x.name for x in network.site_by_name.values() if x.makes == self.commodity]
        named = [("sites", name) for name in self.sites]
        named += [("like", self.like)] if self.like is not None else []
        faults += [
            Fault(place, f"no such site makes {self.commodity}; {nearest(name, makers)}", name)
            for place, name in named
            if name not in makers
        ]
        if not faults and self.country is not None:
            faults = self.check(network)
        if faults:
            raise InvalidInput(faults, what=f"NewCapacity {self.key!r}")


@frozen
class ShareCap(Measure):
    """Nobody in the countries ``to`` buys more than the share ``cap`` of a commodity from one country.

    Mechanism: where all lanes from one country into one stock together have more, the excess moves to the other
    suppliers in proportion to their shares, none above what it is qualified for (``max_share``); what nobody else is
    qualified for stays where it was. It comes evenly over ``ramp`` days, in monthly steps. What comes through a hub
    counts for the hub's country. A cap of 1 changes nothing; against complete decoupling (an `ImportBan`) it is
    de-risking.

    Legal basis in practice: the EU's Critical Raw Materials Act, Regulation 2024/1252, article 5: not more than 65 %
    of yearly use at any stage from one third country by 2030 (an aim, not a duty of firms); the Net-Zero Industry
    Act, Regulation 2024/1735, article 26, for auctions above 50 % from one country. Decided by Parliament and
    Council, in one to two years. It costs what the others charge more: see the run's money.

    >>> ShareCap(commodities=["ndfeb-magnet"], to=["DE"], cap=0.65, ramp=720).cap
    0.65
    """

    _: KW_ONLY
    commodities: Annotated[Sequence[Name], Field(min_length=1), Items]
    to: Annotated[Sequence[Name], Field(min_length=1), Items]
    cap: Share
    ramp: Course = 0.0
    type: Literal["ShareCap"] = "ShareCap"

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names; nobody who buys."""
        network = context.network
        faults = Measure.faults(self, context) + known_commodities(self.commodities, network)
        try:
            to = network.countries(self.to)
            if not faults and not users(network, self.commodities, to):
                faults.append(nobody(network, self.commodities, "to", self.to))
        except InvalidInput as error:
            faults += [Fault("to", f.rule, f.value) for f in error.faults]
        return faults

    def primitives(self, context: Context) -> list[Primitive]:
        """Shares that move, step by step."""
        network = context.network
        begins, steps = self.in_force(context), max(1, math.ceil(self.ramp / 30.0))
        ends = math.inf if self.ends is None else context.time(self.ends)
        changes: list[Primitive] = []
        for slot in users(network, self.commodities, network.countries(self.to)):
            lanes = network.lanes_into[slot.key]
            left = self._left(network, slot.country, lanes)
            if not left:
                continue
            shares = moved(lanes, left)
            for lane in lanes:
                if lane.share <= 0.0 or shares[lane.key] == lane.share:
                    continue
                target = Target("lane", lane.key, "share")
                whole = shares[lane.key] / lane.share
                for k in range(1, steps + 1):
                    at = begins + (self.ramp * k / steps if self.ramp > 0.0 else 0.0)
                    if at < ends:
                        value = Factor(1.0 + (whole - 1.0) * k / steps)
                        changes.append(Change(at, target, self.key, value))
                if self.ends is not None:
                    changes.append(Change(ends, target, self.key, None))
        return changes

    def _left(self, network: Network, home: str, lanes: Sequence[Lane]) -> dict[str, float]:
        """What lanes of countries above the cap may keep; home is no foreign country."""
        country = {lane.key: network.country(lane.source) for lane in lanes}
        together: dict[str, float] = {}
        for lane in lanes:
            together[country[lane.key]] = together.get(country[lane.key], 0.0) + lane.share
        over = {x for x, share in together.items() if share > self.cap and x != home}
        return {
            lane.key: lane.share * (self.cap / together[country[lane.key]])
            for lane in lanes
            if country[lane.key] in over
        }
