"""Knowing sooner, buying together, and who is served first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field, model_validator

from supplysim.changes import STRUCTURE, Add, Change, Closed, Factor, Primitive, Target
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.measures.base import (
    Context,
    Measure,
    Names,
    known_commodities,
    nobody,
    use_names,
    users,
)
from supplysim.measures.supplier import NewSupplier
from supplysim.model import BaseStock, Lane, Network, Quantity, Store
from supplysim.model.countries import Country
from supplysim.model.fields import Items, LongTime, Name, Share, frozen

__all__ = ["EarlyWarning", "JointPurchase", "PriorityAllocation"]

CLEARING_DAYS = 14.0
"""Days of its trade that a joint purchaser keeps on top of what is under way."""


@frozen
class EarlyWarning(Measure):
    """Users in the countries ``to`` learn sooner that a supplier fails: reaction times shrink to the share ``factor``.

    Mechanism: from the day of force, lanes that fall behind are judged blocked after ``factor`` of the users'
    reaction time, and orders turn to others that much sooner. It makes nobody qualified who is not. A factor of 1
    changes nothing.

    Legal basis in practice: the early-warning mechanism for semiconductors of the EU Chips Act (Regulation 2023/1781,
    articles 19-20), monitoring under the Critical Raw Materials Act (2024/1252, article 20); Japan's and Germany's
    exchange agreed in March 2023. Who: ministries, within weeks. It costs staff: ``upkeep``.

    >>> EarlyWarning(to=["JP", "DE"], commodities=["gallium"], factor=0.5, upkeep=2e6).factor
    0.5
    """

    _: KW_ONLY
    to: Annotated[Sequence[Name], Field(min_length=1), Items]
    commodities: Names = ()
    factor: Share
    type: Literal["EarlyWarning"] = "EarlyWarning"

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names; nobody who would be warned."""
        network = context.network
        faults = Measure.faults(self, context) + known_commodities(self.commodities, network)
        try:
            if not faults and not self._slots(network):
                faults.append(nobody(network, self.commodities, "to", self.to))
        except InvalidInput as error:
            faults += [Fault("to", f.rule, f.value) for f in error.faults]
        return faults

    def primitives(self, context: Context) -> list[Primitive]:
        """Reaction times."""
        changes: list[Primitive] = []
        for slot in self._slots(context.network):
            changes += self.window(context, Target("slot", slot, "reaction"), Factor(self.factor))
        return changes

    def _slots(self, network: Network) -> list[str]:
        goods = self.commodities or list(network.commodity_by_name)
        return [slot.key for slot in users(network, goods, network.countries(self.to))]


@frozen
class PriorityAllocation(Measure):
    """Some users are served first while goods are short: defence and health, say.

    Mechanism: from the day of force, sources in the countries ``origin`` (empty: everywhere) serve the lanes to those
    named in ``first`` (nodes, what they make or use, or sectors) before all others, whatever their rule of
    allocation; with ``upstream`` also lanes into plants whose goods go there, through every tier. ``commodities``
    narrows it down. What one gains, others lose: the sum hardly changes.

    Legal basis in practice: priority-rated orders of the EU Chips Act in a crisis (Regulation 2023/1781, articles
    25-26), Germany's Wirtschaftssicherstellungsgesetz; the United States' Defense Production Act. Japan has no
    general power; its Economic Security Promotion Act of 2022 works by support. Who: the Commission once the Council
    has declared a crisis (weeks).

    >>> PriorityAllocation(origin=["DE"], first=["defence"]).upstream
    True
    """

    _: KW_ONLY
    origin: Names = ()
    first: Annotated[Sequence[Name], Field(min_length=1), Items]
    commodities: Names = ()
    upstream: bool = True
    type: Literal["PriorityAllocation"] = "PriorityAllocation"

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names."""
        network = context.network
        faults = Measure.faults(self, context) + known_commodities(self.commodities, network)
        try:
            network.countries(self.origin)
        except InvalidInput as error:
            faults += [Fault("origin", f.rule, f.value) for f in error.faults]
        known = set().union(*(use_names(network, slot) for slot in network.slots.values()))
        faults += [
            Fault("first", f"nobody's name, product or sector; {nearest(name, known)}", name)
            for name in self.first
            if name not in known
        ]
        return faults

    def primitives(self, context: Context) -> list[Primitive]:
        """Precedence of lanes."""
        network = context.network
        origin = network.countries(self.origin)
        changes: list[Primitive] = []
        for lane in self._lanes(network):
            if self.origin and network.country(lane.source) not in origin:
                continue
            if self.commodities and network.product(lane.source) not in self.commodities:
                continue
            changes += self.window(context, Target("lane", lane.key, "precedence"), Add(1.0))
        return changes

    def _lanes(self, network: Network) -> list[Lane]:
        """Lanes into those who come first and, upstream, into whoever supplies them; in order of key."""
        wanted = set(self.first)
        waiting = [slot.key for slot in network.slots.values() if wanted & use_names(network, slot)]
        seen, found = set(waiting), dict[str, Lane]()
        while waiting:
            for lane in network.lanes_into[waiting.pop()]:
                found[lane.key] = lane
                if not self.upstream:
                    continue
                site = network.site_by_name.get(lane.source)
                before = [f"{lane.source}|{x}" for x in site.inputs] if site else [lane.source]
                waiting += [slot for slot in before if slot not in seen]
                seen |= set(before)
        return [found[key] for key in sorted(found)]


@frozen
class JointPurchase(NewSupplier):
    """The ``members`` buy a commodity together: one book, over all suppliers that any of them has.

    Mechanism: a clearing store (named by ``key``, in ``country``) buys from every supplier of any member, in the
    proportion of what they sell to members in normal times. ``share`` of the members' orders moves to it once it is
    set up (``qualification`` days); if a supplier of one of them fails, all share what the others bring. ``discount``
    is what a bigger buyer pays less. A share of 0 changes nothing.

    Legal basis in practice: the EU's AggregateEU for gas (Regulation 2022/2576) and joint purchasing of strategic raw
    materials (2024/1252, article 25); competition law allows it for buyers of small shares. Who: firms, under a
    public platform (a year). Its cost: ``investment`` and ``upkeep``.

    >>> JointPurchase(
    ...     key="joint", members=["JP", "DE"], country="DE", commodity="gallium", share=0.5
    ... ).discount
    0.0
    """

    _: KW_ONLY
    to: Names = ()
    members: Annotated[Sequence[Country], Field(min_length=2), Items]
    country: Country
    qualification: LongTime = 0.0
    discount: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    type: Literal["JointPurchase"] = "JointPurchase"

    @model_validator(mode="after")
    def _members_buy(self) -> JointPurchase:
        if self.to and set(self.to) != set(self.members):
            raise InvalidInput([Fault("to", "members are those who buy", list(self.to))])
        object.__setattr__(self, "to", tuple(self.members))
        return self

    def users(self, network: Network, but: str = "") -> list[str]:
        """The members' plants and final users; hubs go on buying for themselves."""
        found = NewSupplier.users(self, network, but)
        return [key for key in found if network.slots[key].kind != "store"]

    def structure(self, network: Network) -> Network:
        """The clearing store and its lanes."""
        faults = self.check(network)
        if faults:
            raise InvalidInput(faults, what=f"JointPurchase {self.key!r}")
        planned = self.planned(network)
        if planned <= 0.0:
            return network
        suppliers = self._suppliers(network)
        longest = max(lane.lead_time.mean + lane.order_lag for lane, _ in suppliers)
        store = Store(
            self.key,
            country=self.country,
            commodity=self.commodity,
            policy=BaseStock((longest + CLEARING_DAYS) * planned),
            initial=Quantity(0.0),
        )
        lanes = [
            Lane(
                lane.source,
                self.key,
                share=share,
                lead_time=lane.lead_time,
                order_lag=lane.order_lag,
                cost=lane.cost,
            )
            for lane, share in suppliers
        ]
        return network.plus(stores=[store], lanes=[*lanes, *self.ways(network, self.key)])

    def primitives(self, context: Context) -> list[Primitive]:
        """The store begins to buy, and half a month of goods later orders move to it."""
        network = context.network
        if self.key not in network.store_by_name:
            return []
        begins = self.in_force(context)
        ends = math.inf if self.ends is None else context.time(self.ends)
        inward = network.lanes_into[self.key]
        gates = [Target("lane", lane.key, "gate") for lane in inward]
        changes: list[Primitive] = [Change(-math.inf, gate, STRUCTURE, Closed()) for gate in gates]
        ready = begins + self.qualification
        if ends <= ready:
            return changes
        changes += [Change(begins, gate, STRUCTURE, None) for gate in gates]
        if self.ends is not None:
            changes += [Change(ends, gate, STRUCTURE, Closed()) for gate in gates]
        if self.discount > 0.0:
            for lane in inward:
                cut = Factor(1.0 - self.discount)
                changes += self.window(context, Target("lane", lane.key, "price"), cut)
        return changes + self.opening(context, ready, self.key)

    def _suppliers(self, network: Network) -> list[tuple[Lane, float]]:
        """Who sells to members in normal times: a lane as an example, and the share in their purchases."""
        flow, found = network.baseline().flow, dict[str, tuple[Lane, float]]()
        for slot in self.users(network):
            for lane in network.lanes_into[slot]:
                if flow[lane.key] > 0.0:
                    before = found[lane.source][1] if lane.source in found else 0.0
                    found[lane.source] = (lane, before + flow[lane.key])
        whole = math.fsum(amount for _, amount in found.values())
        return [(lane, amount / whole) for _, (lane, amount) in sorted(found.items())]
