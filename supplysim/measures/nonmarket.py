"""Unfair practice: subsidies that drive rivals out of the market."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field

from supplysim.changes import Change, Factor, Primitive, Target, Watch
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import Charge, Context, Measure, Names, known_commodities, users
from supplysim.measures.shares import DEFAULT_ELASTICITY, moving, repriced
from supplysim.model import Lane, Network, Site
from supplysim.model.fields import Items, LongTime, Name, NonNegative, Share, frozen

__all__ = ["Subsidy"]

RAMP_STEPS = 4
"""Steps in which a plant that reopens comes back."""


@frozen
class Subsidy(Measure):
    """A state lets its makers of ``commodities`` sell at a price cut by the share ``price_cut``: dumping.

    Mechanism: delivered prices of ``origin`` fall, and everywhere (or in the countries ``to``) the buyers' shares
    move to it as in Armington (1969), none above what it is qualified for; ``elasticity`` as in `Tariff`. Rivals
    (makers elsewhere, or in the countries ``rivals``) that have sold less than the share ``floor`` of their normal
    output for ``patience`` days on end close down, if ``exit``. They stay closed; or ``reopening`` days after the
    subsidy has ended they come back, evenly over ``ramp`` days (None: never). So a later squeeze (a ban, a quota)
    finds nobody to turn to. A cut of 0 changes nothing. Note that shares move among suppliers that are there; new
    plants of the origin are a `NewCapacity`.

    Legal basis in practice: forbidden or actionable under the WTO's Agreement on Subsidies and Countervailing
    Measures; answered by countervailing duties (Regulation 2016/1037 in the EU: `Tariff`). Who pays: the state of
    origin, for its whole sales: price cut x price x normal flow a day. Defaults: a plant under half of its output for
    half a year does not cover its fixed cost (an assumption; solar and polysilicon makers in Germany closed after one
    to two such years).

    >>> Subsidy(origin=["CN"], commodities=["polysilicon"], price_cut=0.4, ends=720).floor
    0.5
    """

    _: KW_ONLY
    origin: Annotated[Sequence[Name], Field(min_length=1), Items]
    commodities: Annotated[Sequence[Name], Field(min_length=1), Items]
    to: Names = ()
    rivals: Names = ()
    price_cut: Annotated[float, Field(ge=0.0, lt=1.0)]
    elasticity: NonNegative | None = None
    exit: bool = True
    floor: Share = 0.5
    patience: Annotated[float, Field(ge=1.0, le=3650.0)] = 180.0
    reopening: LongTime | None = None
    ramp: LongTime = 360.0
    type: Literal["Subsidy"] = "Subsidy"

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names; nobody who would gain."""
        network = context.network
        faults = Measure.faults(self, context) + known_commodities(self.commodities, network)
        for place in ("origin", "to", "rivals"):
            try:
                network.countries(getattr(self, place))
            except InvalidInput as error:
                faults += [Fault(place, f.rule, f.value) for f in error.faults]
        if not faults and not self._makers(network, network.countries(self.origin)):
            faults.append(Fault("origin", "makes none of the commodities", list(self.origin)))
        return faults

    def charges(self, context: Context) -> list[Charge]:
        """What selling below price costs, at normal flows."""
        network = context.network
        ends = math.inf if self.ends is None else context.time(self.ends)
        flow = network.baseline().flow
        per_day = math.fsum(
            flow[lane.key] * self._price(network, lane) * self.price_cut
            for lane in self._lanes(network)
        )
        own = Measure.charges(self, context)
        if per_day <= 0.0:
            return own
        return [*own, Charge("subsidy", self.in_force(context), per_day=per_day, until=ends)]

    def primitives(self, context: Context) -> list[Primitive]:
        """Cheaper lanes, shares that follow, and a watch on every rival."""
        if self.price_cut <= 0.0:
            return []
        network = context.network
        primitives: list[Primitive] = []
        cheap = {lane.key: lane for lane in self._lanes(network)}
        for key in sorted(cheap):
            cut = Factor(1.0 - self.price_cut)
            primitives += self.window(context, Target("lane", key, "price"), cut)
        to = network.countries(self.to) if self.to else None
        for slot in users(network, self.commodities, to):
            lanes = network.lanes_into[slot.key]
            prices = {
                lane.key: self._relative(network, lane) for lane in lanes if lane.key in cheap
            }
            elasticity = self.elasticity
            if elasticity is None:
                elasticity = network.commodity_by_name[slot.commodity].elasticity_origins
            if elasticity is None:
                elasticity = DEFAULT_ELASTICITY
            primitives += moving(self, context, lanes, repriced(lanes, prices, elasticity))
        if self.exit:
            primitives += [
                watch for site in self._rivals(network) for watch in self._exits(context, site)
            ]
        return primitives

    # --- who --------------------------------------------------------------------------------------

    def _makers(self, network: Network, countries: frozenset[str]) -> list[Site]:
        return [
            site
            for site in network.site_by_name.values()
            if site.makes in self.commodities and site.country in countries
        ]

    def _rivals(self, network: Network) -> list[Site]:
        """Makers elsewhere that sell something in normal times."""
        origin, output = network.countries(self.origin), network.baseline().output
        there = network.countries(self.rivals) if self.rivals else None
        return [
            site
            for site in network.site_by_name.values()
            if site.makes in self.commodities
            and site.country not in origin
            and (there is None or site.country in there)
            and output[site.name] > 0.0
        ]

    def _lanes(self, network: Network) -> list[Lane]:
        """What the makers of the origin sell where it is cheaper, at home too."""
        to = network.countries(self.to) if self.to else None
        return [
            lane
            for site in self._makers(network, network.countries(self.origin))
            for lane in network.lanes_from[site.name]
            if to is None or network.country(lane.target) in to
        ]

    def _price(self, network: Network, lane: Lane) -> float:
        return network.commodity_by_name[network.product(lane.source)].price

    def _relative(self, network: Network, lane: Lane) -> float:
        """The delivered price in multiples of the normal one; goods without a price count for themselves alone."""
        price = self._price(network, lane) or 1.0
        cost = lane.cost if self._price(network, lane) > 0.0 else 0.0
        return ((1.0 - self.price_cut) * price + cost) / (price + cost)

    # --- exit -------------------------------------------------------------------------------------

    def _exits(self, context: Context, site: Site) -> list[Watch]:
        """Watches that close a plant together; each gives way in its turn where the plant may come back.

        After the k-th of n has ended, the others leave k/n of the capacity: the factors 0, 1/2, 2/3, 3/4, ...
        """
        target = Target("site", site.name, "capacity")
        first = Watch(
            self.key,
            (site.name,),
            level=self.floor,
            back=math.inf,
            then=(),
            otherwise=(),
            begins=self.in_force(context),
            observable="output",
            for_days=self.patience,
        )
        if self.ends is None or self.reopening is None:
            ends, steps = [math.inf], 1
        else:
            back = context.time(self.ends) + self.reopening
            steps = 1 if self.ramp <= 0.0 else RAMP_STEPS
            ends = [back + self.ramp * k / steps for k in range(steps)]
        return [
            dataclasses.replace(
                first,
                then=(Change(0.0, target, f"{self.key}|{k}", Factor(k / (k + 1.0))),),
                otherwise=(Change(0.0, target, f"{self.key}|{k}", None),),
                ends=ends[k],
            )
            for k in range(steps)
        ]
