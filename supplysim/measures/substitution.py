"""Doing without: other recipes, and less use."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field

from supplysim.changes import STRUCTURE, Add, Change, Closed, Factor, Primitive, Target
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import (
    Context,
    Measure,
    Names,
    known_commodities,
    nobody,
    use_names,
    users,
)
from supplysim.model import Input, Lane, Network, Quantity, Site, Slot
from supplysim.model.fields import Course, Items, LongTime, Name, Positive, Share, frozen

__all__ = ["DemandReduction", "Substitution"]

STEPS = 10
"""Steps of a ramp."""


@frozen
class _LessUse(Measure):
    """What measures that save a commodity have in common: where, how much, from when on."""

    _: KW_ONLY
    to: Names = ()
    end_use: Names = ()
    share: Share
    qualification: LongTime = 0.0
    ramp: Course = 0.0

    def ramped(self, context: Context, target: Target, whole: float) -> list[Change]:
        """A factor that falls to ``1 - whole``, evenly over the ramp, once qualified."""
        ready = self.in_force(context) + self.qualification
        ends = math.inf if self.ends is None else context.time(self.ends)
        steps = STEPS if self.ramp > 0.0 else 1
        changes = [
            Change(ready + self.ramp * k / steps, target, self.key, Factor(1.0 - whole * k / steps))
            for k in range(1, steps + 1)
        ]
        changes = [change for change in changes if change.time < ends]
        if changes and self.ends is not None:
            changes.append(Change(ends, target, self.key, None))
        return changes

    def slots(self, network: Network, commodities: Sequence[str]) -> list[Slot]:
        """Inputs and final uses of the commodities that are meant, in order of key."""
        to = network.countries(self.to) if self.to else None
        return [
            slot
            for slot in users(network, commodities, to)
            if slot.kind != "store"
            and (not self.end_use or set(self.end_use) & use_names(network, slot))
        ]


@frozen
class DemandReduction(_LessUse):
    """Less of some ``commodities`` is used: the share ``share`` less in final use, and less per unit in recipes.

    Mechanism: once qualified (``qualification`` days), evenly over ``ramp`` days, final uses fall and inputs of
    plants are used thriftily (smaller coatings, thinner layers, sharing, repair); what is made of them does not fall.
    ``to`` and ``end_use`` (node, product or sector) narrow it down. Less final use counts as less wanted, not as a
    loss.

    Who: a state by saving targets (as Regulation 2022/1369 did for gas: decided within three weeks), or users for
    price. It costs ``investment`` and ``upkeep``.

    >>> DemandReduction(commodities=["gallium"], to=["DE"], share=0.1, qualification=180).ramp
    0.0
    """

    _: KW_ONLY
    commodities: Annotated[Sequence[Name], Field(min_length=1), Items]
    type: Literal["DemandReduction"] = "DemandReduction"

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names; nobody who uses any."""
        return _faults(self, context, self.commodities)

    def primitives(self, context: Context) -> list[Primitive]:
        """Rates and recipes."""
        if self.share <= 0.0:
            return []
        changes: list[Primitive] = []
        for slot in self.slots(context.bare, self.commodities):
            kind = "demand" if slot.kind == "demand" else "slot"
            name = slot.node if slot.kind == "demand" else slot.key
            target = Target(kind, name, "rate" if kind == "demand" else "gain")  # type: ignore[arg-type]
            changes += self.ramped(context, target, self.share)
        return changes


@frozen
class Substitution(_LessUse):
    """Plants learn to make the share ``share`` of their goods without ``commodity``.

    Mechanism: qualification takes ``qualification`` days, then the new recipe spreads over ``ramp`` days. Without
    ``by`` what replaces it is taken as secured: the input takes 1 - ``share`` of what it did, and the plant makes
    ``share`` x ``yield_penalty`` less. With ``by``, another commodity of the network, each plant gets a second line
    of ``share`` of its capacity (less the penalty) whose recipe takes ``ratio`` units of ``by`` for each unit
    replaced, from those who make it, as they sell it; its customers order that share from the new line. Final use
    cannot be substituted here.

    Who: the firms themselves, at their customers\' pace: requalification takes months for magnets, years for chips
    and aircraft. It costs ``investment``, ``upkeep``, and the yield.

    >>> Substitution(commodity="dytb-oxide", to=["JP"], share=0.5, qualification=360).yield_penalty
    0.0
    """

    _: KW_ONLY
    commodity: Name
    by: Name | None = None
    ratio: Positive = 1.0
    yield_penalty: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    type: Literal["Substitution"] = "Substitution"

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names; no plant that uses it; a substitute that nobody makes."""
        faults = _faults(self, context, [self.commodity])
        if not faults and not self._plants(context.bare):
            faults.append(Fault("commodity", "is no input of any plant there", self.commodity))
        return faults

    def structure(self, network: Network) -> Network:
        """With a substitute of the network: a second line at each plant, with its lanes, closed."""
        if self.by is None or self.share <= 0.0 or self.commodity not in network.commodity_by_name:
            return network
        faults = [Fault("by", f.rule, f.value) for f in known_commodities([self.by], network)]
        sources = [] if faults else self._makers(network)
        if not faults and not sources:
            faults.append(Fault("by", "nobody makes it", self.by))
        if faults:
            raise InvalidInput(faults, what=f"Substitution {self.key!r}")
        sites, lanes = [], []
        for plant in self._plants(network):
            if plant.makes == self.by:
                continue
            sites.append(self._line(network, plant))
            lanes += self._ways(network, plant, sources)
        return network.plus(sites=sites, lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """Thriftier recipes, or lines that take over."""
        if self.share <= 0.0:
            return []
        network = context.network
        changes: list[Primitive] = []
        for plant in self._plants(context.bare):
            capacity = Target("site", plant.name, "capacity")
            if self.by is None:
                gain = Target("slot", f"{plant.name}|{self.commodity}", "gain")
                changes += self.ramped(context, gain, self.share)
                if self.yield_penalty > 0.0:
                    changes += self.ramped(context, capacity, self.share * self.yield_penalty)
            elif self._name(plant) in network.site_by_name:
                changes += self._taking_over(context, plant)
        return changes

    # --- plants and their second lines -----------------------------------------------------------

    def _plants(self, network: Network) -> list[Site]:
        names = [s.node for s in self.slots(network, [self.commodity]) if s.kind == "input"]
        return [network.site_by_name[name] for name in names]

    def _name(self, plant: Site) -> str:
        return f"{self.key} {plant.name}"

    def _makers(self, network: Network) -> list[tuple[str, float]]:
        """Who makes the substitute, with the share of each in what is made."""
        output = network.baseline().output
        made = [
            (x.name, output[x.name]) for x in network.site_by_name.values() if x.makes == self.by
        ]
        whole = math.fsum(amount for _, amount in made)
        return (
            [(name, amount / whole) for name, amount in made if amount > 0.0] if whole > 0.0 else []
        )

    def _line(self, network: Network, plant: Site) -> Site:
        base = network.baseline()
        assert self.by is not None
        replaced = plant.inputs[self.commodity]
        kept: Mapping[str, Input] = {
            name: dataclasses.replace(need, initial=Quantity(0.0))
            for name, need in plant.inputs.items()
            if name not in (self.commodity, self.by)
        }
        more = plant.inputs[self.by].per_unit if self.by in plant.inputs else 0.0
        per_unit = more + replaced.per_unit * self.ratio
        other = dataclasses.replace(replaced, per_unit=per_unit, initial=Quantity(0.0))
        left = self.share * (1.0 - self.yield_penalty)
        return dataclasses.replace(
            plant,
            name=self._name(plant),
            inputs={**kept, self.by: other},
            capacity=base.capacity[plant.name] * left,
            utilisation=None,
            planned=base.output[plant.name] * left,
            lot=base.lot[plant.name],
            host=None,
            host_yield=None,
            idle=None,
        )

    def _ways(
        self, network: Network, plant: Site, sources: Sequence[tuple[str, float]]
    ) -> list[Lane]:
        name = self._name(plant)
        lanes = [
            dataclasses.replace(lane, target=name)
            for need in plant.inputs
            if need not in (self.commodity, self.by)
            for lane in network.lanes_into[f"{plant.name}|{need}"]
            if not lane.closed
        ]
        example = network.lanes_into[f"{plant.name}|{self.commodity}"][0]
        lanes += [
            Lane(
                source,
                name,
                share=share,
                lead_time=example.lead_time,
                order_lag=example.order_lag,
            )
            for source, share in sources
            if source != name
        ]
        lanes += [
            dataclasses.replace(
                lane, source=name, share=0.0, closed=True, max_share=max(lane.max_share, self.share)
            )
            for lane in network.lanes_from[plant.name]
            if lane.share > 0.0
        ]
        return lanes

    def _taking_over(self, context: Context, plant: Site) -> list[Primitive]:
        network, name = context.network, self._name(plant)
        inward = [
            Target("lane", lane.key, "gate")
            for slot in network.site_by_name[name].inputs
            for lane in network.lanes_into[f"{name}|{slot}"]
        ]
        outward = network.lanes_from[name]
        ready = self.in_force(context) + self.qualification
        ends = math.inf if self.ends is None else context.time(self.ends)
        capacity = Target("site", name, "capacity")
        changes: list[Primitive] = [Change(-math.inf, gate, STRUCTURE, Closed()) for gate in inward]
        changes.append(Change(-math.inf, capacity, self.key, Factor(0.0)))
        if ends <= ready:
            return changes
        gates = [*inward, *(Target("lane", lane.key, "gate") for lane in outward)]
        changes += [Change(ready, gate, STRUCTURE, None) for gate in gates]
        changes += self.ramped(context, Target("site", plant.name, "capacity"), self.share)
        steps = STEPS if self.ramp > 0.0 else 1
        for k in range(1, steps + 1):
            at = ready + self.ramp * k / steps
            if at >= ends:
                break
            changes.append(Change(at, capacity, self.key, Factor(k / steps)))
            for lane in outward:
                old = network.lanes_by_key[f"{plant.name}|{lane.target}|{lane.mode}"]
                moved = self.share * k / steps
                both = ((old, Factor(1.0 - moved)), (lane, Add(moved * old.share)))
                changes += [
                    Change(at, Target("lane", x.key, "share"), self.key, v) for x, v in both
                ]
        if self.ends is not None:
            changes += [Change(ends, gate, STRUCTURE, Closed()) for gate in gates]
            changes.append(Change(ends, capacity, self.key, Factor(0.0)))
            for lane in outward:
                for key in (f"{plant.name}|{lane.target}|{lane.mode}", lane.key):
                    changes.append(Change(ends, Target("lane", key, "share"), self.key, None))
        return changes


def _faults(measure: _LessUse, context: Context, commodities: Sequence[str]) -> list[Fault]:
    network = context.bare
    place = (
        "commodities"
        if len(commodities) > 1 or isinstance(measure, DemandReduction)
        else "commodity"
    )
    faults = Measure.faults(measure, context)
    faults += [Fault(place, f.rule, f.value) for f in known_commodities(commodities, network)]
    try:
        if not faults and not measure.slots(network, commodities):
            faults.append(nobody(network, commodities, "to", measure.to))
    except InvalidInput as error:
        faults += [Fault("to", f.rule, f.value) for f in error.faults]
    return faults
