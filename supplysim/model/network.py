"""The network: everything that flows between nodes, checked as a whole when built."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY
from functools import cached_property
from typing import Annotated

from pydantic import model_validator

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model.baseline import Baseline, steady_flow
from supplysim.model.checks import find_faults
from supplysim.model.columns import Ints
from supplysim.model.countries import COUNTRIES, Country
from supplysim.model.drawing import NOTHING_DRAWN, Drawing, read_drawing
from supplysim.model.fields import FrozenMap, FrozenMapping, Items, Name, Text, frozen
from supplysim.model.findings import Findings
from supplysim.model.given import Columns, read_rows
from supplysim.model.lazy import LISTED, Listed, read_tables, with_tables
from supplysim.model.nodes import Commodity, Demand, Lane, Site, Store
from supplysim.model.ranges import Range, still_there
from supplysim.model.rows import Ranges
from supplysim.model.slot import Slot
from supplysim.model.tables import Tables, tables_of

__all__ = ["Citation", "Network", "Slot"]


@frozen
class Citation:
    """A source of figures: what to cite, where to find it, the year it speaks of.

    >>> Citation("Mineral Commodity Summaries 2024: Gallium", url="https://pubs.usgs.gov", year=2022).year
    2022
    """

    citation: Text
    _: KW_ONLY
    url: Text = ""
    year: int | None = None


@frozen
class Network:
    """Commodities, sites, stores, demands and lanes; refused whole, with every fault, if inconsistent.

    ``groups`` name lists of countries (``{"EU": ("DE", "FR")}``). ``sources`` hold the citations that rows point to.
    ``ranges`` say which figures are uncertain, and how far; each replication of an ensemble draws its own (`drawn`).

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
    ranges: Annotated[Sequence[Range], Items] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Network:
        self.__dict__.update(_solved(self.tables, self.ranges, self.name, Findings()))
        return self

    @cached_property
    def tables(self) -> Tables:
        """The network as columns: what the baseline, plans and fast engines read."""
        return tables_of(self)

    @classmethod
    def from_tables(  # noqa: PLR0913 - the tables and fields of a network
        cls,
        *,
        name: str,
        commodities: Columns | Sequence[Commodity],
        sites: Columns | None = None,
        inputs: Columns | None = None,
        stores: Columns | None = None,
        demands: Columns | None = None,
        lanes: Columns | None = None,
        groups: Mapping[str, Sequence[str]] = FrozenMap(),
        sources: Mapping[str, Citation] = FrozenMap(),
        title: str = "",
        description: str = "",
        base_year: int | None = None,
        ranges: Columns | Sequence[Range] = (),
    ) -> Network:
        """A network from columns, for networks of millions: it equals the one from objects, without making them.

        A table is a dict of columns, or a DataFrame. Columns are named as the fields of `Commodity`, `Site` (whose
        inputs are a table of their own, with the columns ``site`` and ``commodity`` beside the fields of `Input`),
        `Store`, `Demand` and `Lane`; ``ranges`` may be a table of `Range` fields, too. A column is an array, or one
        value for all rows; what is left out has the field's default. Where a row has no value, an array of objects
        holds None, or the array is masked (a NaN is refused). The network's objects are made when asked for, and
        not kept.

        Refused as a whole, with the first faults by row and the count of the rest.

        >>> net = Network.from_tables(
        ...     name="tiny",
        ...     commodities={"name": ["ore"]},
        ...     sites={"name": ["a", "b"], "country": ["CN", "AU"], "makes": "ore", "utilisation": 0.8},
        ...     demands={"name": ["use"], "country": "DE", "commodity": "ore", "rate": 4.0},
        ...     lanes={"source": ["a", "b"], "target": "use", "share": [0.75, 0.25], "lead_time": 30.0},
        ... )
        >>> net.baseline().arrays.output, net.sites[1].country
        (array([3., 1.]), 'AU')
        """
        head = cls(
            name=name,
            commodities=(),
            groups=groups,
            sources=sources,
            title=title,
            description=description,
            base_year=base_year,
        )
        if isinstance(commodities, Sequence):
            commodities = _columns_of(commodities)
        findings = Findings(LISTED)
        given = {"commodities": commodities, "sites": sites, "inputs": inputs}
        given |= {"stores": stores, "demands": demands, "lanes": lanes}
        tables, place = read_tables(given, findings)
        if not isinstance(ranges, Sequence):
            rows = read_rows(Ranges, "ranges", ranges, findings)
            ranges = () if findings else [rows.item(row) for row in range(len(rows))]
        solved = _solved(tables, ranges, name, findings)
        return with_tables(head, tables, place, solved | {"ranges": tuple(ranges)})

    def baseline(self) -> Baseline:
        """The steady flow: output of each site, use of each slot, flow of each lane, per day."""
        solved: Baseline = self.__dict__["_baseline"]
        return solved

    @property
    def drawing(self) -> Drawing:
        """What the ranges let vary; its ``figures`` are those that differ from draw to draw."""
        found: Drawing = self.__dict__["_drawing"]
        return found

    def drawn(self, seed: int, replication: int) -> Network:
        """The network of one replication's world: every figure with a range is drawn from it, the others stay.

        A pure function of the network, the seed and the replication; what a figure comes to depends on no other. A
        network without ranges is its own, and what was drawn has no ranges any more. Shares of a
        slot for which one was drawn are scaled to sum to 1, and no lane is qualified for less than it then carries.
        A draw that makes no network, say since use outgrows a capacity that is given, is refused with its number.

        >>> net = Network(
        ...     name="tiny",
        ...     commodities=[Commodity("ore")],
        ...     sites=[Site("mine", country="CN", makes="ore", utilisation=0.8)],
        ...     demands=[Demand("use", country="DE", commodity="ore", rate=4.0)],
        ...     lanes=[Lane("mine", "use", lead_time=30)],
        ...     ranges=[Range("use", kind="demand", name="use", field="rate", low=3.0, high=6.0)],
        ... )
        >>> [round(net.drawn(1, replication).demands[0].rate, 3) for replication in range(3)]
        [5.256, 4.612, 4.32]
        """
        from supplysim.model.worlds import drawn_network

        return drawn_network(self, seed, replication)

    def at(self, quantiles: Mapping[str, float]) -> Network:
        """The network of the world in which some figures come out at these quantiles (0: low, 1: high) of their ranges.

        Figures that are not named stay as the network gives them; see `drawn` for what moves with them.

        >>> net = Network(
        ...     name="tiny",
        ...     commodities=[Commodity("ore")],
        ...     sites=[Site("mine", country="CN", makes="ore", utilisation=0.8)],
        ...     demands=[Demand("use", country="DE", commodity="ore", rate=4.0)],
        ...     lanes=[Lane("mine", "use", lead_time=30)],
        ...     ranges=[Range("use", kind="demand", name="use", field="rate", low=3.0, high=6.0)],
        ... )
        >>> net.at({"use": 1.0}).demands[0].rate, net.at({}).demands[0].rate
        (6.0, 4.0)
        """
        from supplysim.model.worlds import network_at

        return network_at(self, quantiles)

    @cached_property
    def given_order(self) -> Mapping[str, Ints]:
        """The sorted row of each site, lane, ... as they were given, by field."""
        from supplysim.model.worlds import given_order

        return given_order(self)

    @cached_property
    def site_by_name(self) -> Mapping[str, Site]:
        """Sites by name, sorted."""
        return {site.name: site for site in sorted(self.sites, key=lambda s: s.name)}

    @cached_property
    def store_by_name(self) -> Mapping[str, Store]:
        """Stores by name, sorted."""
        return {store.name: store for store in sorted(self.stores, key=lambda s: s.name)}

    @cached_property
    def demand_by_name(self) -> Mapping[str, Demand]:
        """Demands by name, sorted."""
        return {demand.name: demand for demand in sorted(self.demands, key=lambda d: d.name)}

    @cached_property
    def commodity_by_name(self) -> Mapping[str, Commodity]:
        """Commodities by name, sorted."""
        return {item.name: item for item in sorted(self.commodities, key=lambda c: c.name)}

    @cached_property
    def lanes_by_key(self) -> Mapping[str, Lane]:
        """Lanes by key, sorted."""
        return {lane.key: lane for lane in sorted(self.lanes, key=lambda lane: lane.key)}

    @cached_property
    def lanes_from(self) -> Mapping[str, list[Lane]]:
        """Lanes out of each site and store, in order of key."""
        found: dict[str, list[Lane]] = {
            n: [] for n in sorted({*self.site_by_name, *self.store_by_name})
        }
        for lane in self.lanes_by_key.values():
            found[lane.source].append(lane)
        return found

    @cached_property
    def lanes_into(self) -> Mapping[str, list[Lane]]:
        """Lanes into each slot (by slot key), in order of key."""
        found: dict[str, list[Lane]] = {key: [] for key in self.slots}
        for lane in self.lanes_by_key.values():
            found[self.slot_of(lane).key].append(lane)
        return found

    @cached_property
    def slots(self) -> Mapping[str, Slot]:
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
        tables = self.tables
        name: str = tables.commodities.name[int(tables.product[tables.node_place[source]])]
        return name

    def slot_of(self, lane: Lane) -> Slot:
        """The slot that a lane feeds."""
        if lane.target in self.site_by_name:
            return self.slots[f"{lane.target}|{self.product(lane.source)}"]
        return self.slots[lane.target]

    def country(self, node: str) -> str:
        """The country of a site, store or demand."""
        return self.tables.country[self.tables.node_place[node]]

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
        The firms are named ``site-1``, ``site-2``, ...; capacity, lot and shares are divided, the rest kept, and so
        are the ranges of all these (firms of a by-product share its host's residue; the host of a by-product is
        refused).
        A pooled stock would hide the first firm to stop.
        """
        from supplysim.model.cohorts import split_site

        return split_site(self, site, shares, covers)

    def replace(self, **changes: object) -> Network:
        """A copy with some fields changed, checked anew. Ranges of what is gone go, unless ``ranges`` are given."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if self.ranges and "ranges" not in changes:
            fields["ranges"] = tuple(still_there(self.ranges, changes))
        for name, value in (fields | changes).items():
            changes[name] = tuple(value) if isinstance(value, Listed) else value
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    def plus(
        self,
        *,
        sites: Sequence[Site] = (),
        stores: Sequence[Store] = (),
        demands: Sequence[Demand] = (),
        lanes: Sequence[Lane] = (),
    ) -> Network:
        """A copy with more in it, checked anew; quick, as what is there already is not touched.

        >>> net = Network(
        ...     name="tiny",
        ...     commodities=[Commodity("ore")],
        ...     sites=[Site("mine", country="CN", makes="ore", utilisation=0.8)],
        ...     demands=[Demand("use", country="DE", commodity="ore", rate=4.0)],
        ...     lanes=[Lane("mine", "use", lead_time=30)],
        ... )
        >>> more = net.plus(
        ...     sites=[Site("other", country="AU", makes="ore", capacity=1.0, planned=1.0)],
        ...     lanes=[Lane("other", "use", share=0.0)],
        ... )
        >>> [site.name for site in more.sites]
        ['mine', 'other']
        """
        from supplysim.model.growth import grown

        more = {"sites": sites, "stores": stores, "demands": demands, "lanes": lanes}
        if not any(more.values()):
            return self
        tables, place = grown(self, more)
        solved = _solved(tables, self.ranges, self.name, Findings())
        return with_tables(self, tables, place, solved)


def _solved(
    tables: Tables, ranges: Sequence[Range], name: str, findings: Findings
) -> dict[str, object]:
    """The baseline of tables that are consistent, and what their ranges let vary; others are refused."""
    drawing = NOTHING_DRAWN
    if not findings:
        find_faults(tables, findings)
        if ranges:
            drawing = read_drawing(tables, ranges, findings)
    if not findings:
        baseline = steady_flow(tables, findings)
    if findings:
        raise InvalidInput(findings.faults(), what=f"Network {name!r}")
    return {"_baseline": baseline, "_drawing": drawing}


def _columns_of(commodities: Sequence[Commodity]) -> dict[str, list[object]]:
    names = [field.name for field in dataclasses.fields(Commodity)]
    return {name: [getattr(item, name) for item in commodities] for name in names}
