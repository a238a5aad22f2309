"""The network: everything that flows between nodes, checked as a whole when built."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import model_validator

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model.baseline import Baseline, steady_flow
from supplysim.model.checks import structure_faults
from supplysim.model.countries import COUNTRIES, Country
from supplysim.model.fields import FrozenMap, FrozenMapping, Items, Name, Text, frozen
from supplysim.model.nodes import Commodity, Demand, Input, Lane, Site, Store

__all__ = ["Citation", "Network", "Slot"]


@frozen
class Citation:
    """A source of figures: what to cite, where to find it, the year it speaks of."""

    citation: Text
    _: KW_ONLY
    url: Text = ""
    year: int | None = None


@dataclass(frozen=True)
class Slot:
    """One stock that orders: an input of a site, a store, or a demand. Read-only view of its owner.

    ``key`` is ``site|commodity`` for an input and the node's name otherwise; ``gain`` is units needed per
    unit of the node's throughput; ``rate`` is final use per day (demands only).
    """

    key: str
    kind: Literal["input", "store", "demand"]
    node: str
    commodity: str
    country: str
    gain: float
    rate: float
    item: Input | Store | Demand


@frozen
class Network:
    """Commodities, sites, stores, demands and lanes; refused whole, with every fault, if inconsistent.

    ``groups`` name lists of countries (``{"EU": ("DE", "FR")}``). ``sources`` hold the citations that rows point to.

    >>> net = Network(
    ...     name="tiny",
    ...     commodities=[Commodity("ore")],
    ...     sites=[Site("mine", country="CN", makes="ore", utilisation=0.8)],
    ...     demands=[Demand("use", country="DE", commodity="ore", rate=4.0)],
    ...     lanes=[Lane("mine", "use", lead_time=30)],
    ... )
    >>> net.baseline().output["mine"], net.baseline().capacity["mine"]
    (4.0, 5.0)
    """

    _: KW_ONLY
    name: Name
    commodities: Annotated[Sequence[Commodity], Items]
    sites: Annotated[Sequence[Site], Items] = ()
    stores: Annotated[Sequence[Store], Items] = ()
    demands: Annotated[Sequence[Demand], Items] = ()
    lanes: Annotated[Sequence[Lane], Items] = ()
    groups: Annotated[Mapping[Name, Annotated[Sequence[Country], Items]], FrozenMapping] = (
        FrozenMap()
    )
    sources: Annotated[Mapping[str, Citation], FrozenMapping] = FrozenMap()
    title: Text = ""
    description: Text = ""
    base_year: int | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Network:
        faults = structure_faults(self)
        if not faults:
            baseline, faults = steady_flow(self)
            self.__dict__["_baseline"] = baseline
        if faults:
            raise InvalidInput(faults, what=f"Network {self.name!r}")
        return self

    def baseline(self) -> Baseline:
        """The steady flow: output of each site, use of each slot, flow of each lane, per day."""
        solved: Baseline = self.__dict__["_baseline"]
        return solved

    @cached_property
    def site_by_name(self) -> dict[str, Site]:
        """Sites by name, sorted."""
        return {site.name: site for site in sorted(self.sites, key=lambda s: s.name)}

    @cached_property
    def store_by_name(self) -> dict[str, Store]:
        """Stores by name, sorted."""
        return {store.name: store for store in sorted(self.stores, key=lambda s: s.name)}

    @cached_property
    def demand_by_name(self) -> dict[str, Demand]:
        """Demands by name, sorted."""
        return {demand.name: demand for demand in sorted(self.demands, key=lambda d: d.name)}

    @cached_property
    def commodity_by_name(self) -> dict[str, Commodity]:
        """Commodities by name, sorted."""
        return {item.name: item for item in sorted(self.commodities, key=lambda c: c.name)}

    @cached_property
    def lanes_by_key(self) -> dict[str, Lane]:
        """Lanes by key, sorted."""
        return {lane.key: lane for lane in sorted(self.lanes, key=lambda lane: lane.key)}

    @cached_property
    def lanes_from(self) -> dict[str, list[Lane]]:
        """Lanes out of each site and store, in order of key."""
        found: dict[str, list[Lane]] = {
            n: [] for n in sorted({*self.site_by_name, *self.store_by_name})
        }
        for lane in self.lanes_by_key.values():
            found[lane.source].append(lane)
        return found

    @cached_property
    def lanes_into(self) -> dict[str, list[Lane]]:
        """Lanes into each slot (by slot key), in order of key."""
        found: dict[str, list[Lane]] = {key: [] for key in self.slots}
        for lane in self.lanes_by_key.values():
            found[self.slot_of(lane).key].append(lane)
        return found

    @cached_property
    def slots(self) -> dict[str, Slot]:
        """Every stock that orders, by key, sorted."""
        found = []
        for site in self.sites:
            for name, need in site.inputs.items():
                key = f"{site.name}|{name}"
                found.append(
                    Slot(key, "input", site.name, name, site.country, need.per_unit, 0.0, need)
                )
        for store in self.stores:
            found.append(
                Slot(
                    store.name, "store", store.name, store.commodity, store.country, 1.0, 0.0, store
                )
            )
        for d in self.demands:
            found.append(Slot(d.name, "demand", d.name, d.commodity, d.country, 0.0, d.rate, d))
        return {slot.key: slot for slot in sorted(found, key=lambda slot: slot.key)}

    def product(self, source: str) -> str:
        """The commodity that a site makes or a store holds."""
        if source in self.site_by_name:
            return self.site_by_name[source].makes
        return self.store_by_name[source].commodity

    def slot_of(self, lane: Lane) -> Slot:
        """The slot that a lane feeds."""
        if lane.target in self.site_by_name:
            return self.slots[f"{lane.target}|{self.product(lane.source)}"]
        return self.slots[lane.target]

    def country(self, node: str) -> str:
        """The country of a site, store or demand."""
        if node in self.site_by_name:
            return self.site_by_name[node].country
        if node in self.store_by_name:
            return self.store_by_name[node].country
        return self.demand_by_name[node].country

    def countries(self, names: Iterable[str]) -> frozenset[str]:
        """Countries behind a list of country codes and group names; refuses unknown ones."""
        found: set[str] = set()
        unknown = []
        for name in names:
            if name in self.groups:
                found.update(self.groups[name])
            elif name in COUNTRIES:
                found.add(name)
            else:
                here = {slot.country for slot in self.slots.values()}
                here |= {site.country for site in self.sites}
                hint = nearest(name, {*self.groups, *here})
                unknown.append(Fault("", f"unknown country or group; {hint}", name))
        if unknown:
            raise InvalidInput(unknown, what="countries")
        return frozenset(found)

    def split(
        self, site: str, shares: Sequence[float], covers: Mapping[str, Sequence[float]]
    ) -> Network:
        """A network in which ``site`` is a cohort of firms with unequal stocks.

        ``shares`` are the firms' shares of its output (sum 1); ``covers`` gives, by input, each firm's days of cover.
        The firms are named ``site-1``, ``site-2``, ...; capacity, lot and shares are divided, the rest kept.
        A pooled stock would hide the first firm to stop.
        """
        from supplysim.model.cohorts import split_site

        return split_site(self, site, shares, covers)

    def replace(self, **changes: object) -> Network:
        """A copy with some fields changed, checked anew."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]
