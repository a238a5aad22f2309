"""A network as columns: each kind of row sorted by name or key, with whole numbers for who refers to whom.

Nodes are numbered in one row: sites, then stores (together the sources), then demands, each sorted by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from supplysim.model.columns import Coded, Codes, Column, Ints, made, sealed
from supplysim.model.fields import FrozenMap
from supplysim.model.nodes import Commodity, Demand, Lane, Site, Store
from supplysim.model.rows import Commodities, Demands, Inputs, Lanes, Sites, Stores
from supplysim.model.slot import Slot
from supplysim.model.slots import INPUT, KINDS, Slots
from supplysim.model.spans import Spans

if TYPE_CHECKING:
    from supplysim.model.network import Network

__all__ = ["Tables", "tables_of"]

STRUCTURE = (
    "node_names",
    "node_place",
    "commodity_place",
    "entity_place",
    "slot_keys",
    "lane_keys",
    "product",
    "country",
    "need_node",
    "need_commodity",
    "lane_source",
    "lane_target",
    "lane_need",
    "slot_of_node",
    "lane_slot",
    "lanes_from",
    "lanes_into",
    "inputs_of",
)
"""What of `Tables` follows from names and references alone."""


@dataclass(frozen=True)
class Tables:
    """The rows of a network, sorted, and their cross references (-1: there is no such thing).

    >>> from supplysim.testing import tiny
    >>> tables = tiny().tables
    >>> tables.node_names, tables.lanes.share, tables.lane_source, tables.slots.node
    (['mine', 'use'], array([1.]), array([0], dtype=int32), array([1], dtype=int32))
    """

    commodities: Commodities
    sites: Sites
    inputs: Inputs
    stores: Stores
    demands: Demands
    lanes: Lanes

    @property
    def needs(self) -> tuple[Inputs, Stores, Demands]:
        """The rows that are slots, as they follow each other before they are sorted by key."""
        return self.inputs, self.stores, self.demands

    @cached_property
    def slots(self) -> Slots:
        """Every stock that orders."""
        return Slots(self)

    def redrawn(
        self, columns: Mapping[str, Mapping[str, Column]], rows: Mapping[str, Iterable[int]]
    ) -> Tables:
        """These tables with other figures in some columns and rows, by table; names and references stay."""
        anew = {name: set(places) for name, places in rows.items()}
        for row in rows.get("inputs", ()):  # the object of a site holds its inputs
            anew.setdefault("sites", set()).add(int(self.need_node[row]))
        other = replace(
            self,
            **{
                name: getattr(self, name).changed(columns.get(name, {}), places)
                for name, places in anew.items()
            },
        )
        other.__dict__.update({name: getattr(self, name) for name in STRUCTURE})
        other.__dict__["slots"] = self.slots.redrawn(other)
        return other

    # --- names -----------------------------------------------------------------------------------

    def entity_names(self) -> dict[str, list[str]]:
        """Names or keys by kind of what a run records: sites, slots, demands and lanes."""
        return {
            "site": self.site_names(),
            "slot": self.slot_keys,
            "demand": self.demand_names(),
            "lane": self.lane_keys,
        }

    @property
    def source_count(self) -> int:
        """Sites and stores: nodes below this number are sources."""
        return len(self.sites) + len(self.stores)

    @cached_property
    def node_names(self) -> list[str]:
        """Names of all nodes."""
        return [*self.site_names(), *self.store_names(), *self.demand_names()]

    def commodity_names(self) -> list[str]:
        """Names of all commodities."""
        return self.commodities.name.every()

    def site_names(self) -> list[str]:
        """Names of all sites."""
        return self.sites.name.every()

    def store_names(self) -> list[str]:
        """Names of all stores."""
        return self.stores.name.every()

    def demand_names(self) -> list[str]:
        """Names of all demands."""
        return self.demands.name.every()

    def source_names(self) -> list[str]:
        """Names of all sites, then all stores."""
        return self.node_names[: self.source_count]

    @cached_property
    def node_place(self) -> dict[str, int]:
        """Nodes by name."""
        return {name: place for place, name in enumerate(self.node_names)}

    @cached_property
    def commodity_place(self) -> dict[str, int]:
        """Commodities by name."""
        return {name: place for place, name in enumerate(self.commodity_names())}

    @cached_property
    def entity_place(self) -> dict[str, dict[str, int]]:
        """The row of each entity by kind and name, stores too."""
        names = {**self.entity_names(), "store": self.store_names()}
        return {kind: {x: row for row, x in enumerate(known)} for kind, known in names.items()}

    @cached_property
    def slot_keys(self) -> list[str]:
        """Keys of all slots: ``site|commodity``, or the node's name."""
        names = self.commodity_names()
        slots = self.slots
        return [
            self.node_names[node] if kind else f"{self.node_names[node]}|{names[commodity]}"
            for kind, node, commodity in zip(
                slots.kind.tolist(), slots.node.tolist(), slots.commodity.tolist(), strict=True
            )
        ]

    @cached_property
    def lane_keys(self) -> list[str]:
        """Keys of all lanes: ``source|target|mode``."""
        columns = (self.lanes.source, self.lanes.target, self.lanes.mode)
        return ["|".join(parts) for parts in zip(*(c.every() for c in columns), strict=True)]

    def lane_key(self, row: int) -> str:
        """The key of one lane."""
        return f"{self.lanes.source[row]}|{self.lanes.target[row]}|{self.lanes.mode[row]}"

    # --- who refers to whom ----------------------------------------------------------------------

    @cached_property
    def product(self) -> Codes:
        """What each source makes or holds, among the commodities."""
        columns = [self.sites.makes, self.stores.commodity]
        return _placed(Coded.join(columns), self.commodity_place)

    @cached_property
    def host(self) -> Codes:
        """The host of each site that makes a by-product, among the sites."""
        place = _placed(self.sites.host, self.node_place)
        return sealed(np.where(place < len(self.sites), place, np.int32(-1)))

    @property
    def all_idle(self) -> NDArray[np.bool_]:
        """Whether a site has no capacity in normal times, but some that stands still."""
        return np.isnan(self.sites.capacity) & np.isnan(self.sites.utilisation)

    @cached_property
    def country(self) -> Coded[str]:
        """The country of each node."""
        return Coded.join([self.sites.country, self.stores.country, self.demands.country])

    @cached_property
    def need_node(self) -> Codes:
        """The owner of each need: inputs, then stores, then demands."""
        first, last = len(self.sites), len(self.node_names)
        owners = _placed(self.inputs.site, self.node_place)
        return sealed(np.concatenate([owners, np.arange(first, last, dtype=np.int32)]))

    @cached_property
    def need_commodity(self) -> Codes:
        """What each need is for, among the commodities."""
        columns = [self.inputs.commodity, self.stores.commodity, self.demands.commodity]
        return _placed(Coded.join(columns), self.commodity_place)

    @cached_property
    def lane_source(self) -> Codes:
        """The source of each lane among the nodes."""
        place = _placed(self.lanes.source, self.node_place)
        return sealed(np.where(place < self.source_count, place, np.int32(-1)))

    @cached_property
    def lane_target(self) -> Codes:
        """The target of each lane among the nodes."""
        return _placed(self.lanes.target, self.node_place)

    @cached_property
    def lane_need(self) -> Ints:
        """The need that each lane feeds."""
        source, target = self.lane_source, self.lane_target
        size = len(self.commodities)
        given = np.concatenate([self.product, [-1]])[source].astype(np.int64)
        known = (source >= 0) & (target >= 0) & (given >= 0)
        wanted = np.where(known, target * np.int64(size) + given, -1)
        offered = self.need_node * np.int64(size) + self.need_commodity
        offered[(self.need_node < 0) | (self.need_commodity < 0)] = -2
        if not offered.size:
            return sealed(np.full(len(wanted), -1))
        order = np.argsort(offered, kind="stable")
        place = order[np.minimum(np.searchsorted(offered[order], wanted), offered.size - 1)]
        return sealed(np.where(offered[place] == wanted, place, -1))

    @cached_property
    def slot_of_node(self) -> Ints:
        """The slot of each store and demand among the nodes (-1 for sites, which may have several)."""
        found = np.full(len(self.node_names), -1)
        alone = np.flatnonzero(self.slots.kind != INPUT)
        found[self.slots.node[alone]] = alone
        return sealed(found)

    @cached_property
    def lane_slot(self) -> Ints:
        """The slot that each lane feeds."""
        place = np.empty(len(self.slots), np.int64)
        place[self.slots.order] = np.arange(len(self.slots))
        return sealed(place[self.lane_need])

    @cached_property
    def lanes_from(self) -> Spans:
        """Lanes out of each source, in order of key."""
        return Spans.of(self.lane_source, self.source_count)

    @cached_property
    def lanes_into(self) -> Spans:
        """Lanes into each slot, in order of key."""
        return Spans.of(self.lane_slot, len(self.slots))

    @cached_property
    def inputs_of(self) -> Spans:
        """Inputs of each site, by commodity."""
        return Spans.of(self.need_node[: len(self.inputs)], len(self.sites))

    # --- objects ---------------------------------------------------------------------------------

    def commodity(self, row: int) -> Commodity:
        """A commodity's object."""
        return self.commodities.item(row)  # type: ignore[no-any-return]

    def site(self, row: int) -> Site:
        """A site's object."""
        if self.sites.as_given(row):
            return self.sites.item(row)  # type: ignore[no-any-return]
        names = self.inputs.commodity
        needs = {names[i]: self.inputs.item(i) for i in self.inputs_of[row].tolist()}
        return made(Site, {**self.sites.values(row), "inputs": FrozenMap(needs)})

    def store(self, row: int) -> Store:
        """A store's object."""
        return self.stores.item(row)  # type: ignore[no-any-return]

    def demand(self, row: int) -> Demand:
        """A demand's object."""
        return self.demands.item(row)  # type: ignore[no-any-return]

    def lane(self, row: int) -> Lane:
        """A lane's object."""
        return self.lanes.item(row)  # type: ignore[no-any-return]

    def lanes_of_source(self, source: int) -> list[Lane]:
        """The objects of the lanes out of a source, in order of key."""
        return [self.lane(row) for row in self.lanes_from[source].tolist()]

    def lanes_of_slot(self, slot: int) -> list[Lane]:
        """The objects of the lanes into a slot, in order of key."""
        return [self.lane(row) for row in self.lanes_into[slot].tolist()]

    def slot(self, row: int) -> Slot:
        """A slot's object."""
        slots = self.slots
        kind, node = int(slots.kind[row]), int(slots.node[row])
        need = int(slots.order[row])
        name, commodity = self.node_names[node], self.commodities.name[int(slots.commodity[row])]
        for rows in self.needs[:kind]:
            need -= len(rows)
        return Slot(
            key=name if kind else f"{name}|{commodity}",
            kind=KINDS[kind],  # type: ignore[arg-type]
            node=name,
            commodity=commodity,
            country=self.country[node],
            gain=slots.gain.item(row),
            rate=slots.rate.item(row),
            item=self.needs[kind].item(need),
        )


def _placed(column: Coded[str], place: Mapping[str, int]) -> Codes:
    """Names as places, -1 where unknown."""
    table = np.array([place.get(name, -1) for name in column.values], np.int32)
    return sealed(table[column.codes])


# --- rows in order -------------------------------------------------------------------------------


def tables_of(network: Network) -> Tables:
    """The tables of a network that was given as objects."""
    needs = [
        (site.name, name, need) for site in network.sites for name, need in site.inputs.items()
    ]
    needs.sort(key=lambda need: f"{need[0]}|{need[1]}")
    beside = {
        "site": Coded.of([site for site, _, _ in needs]),
        "commodity": Coded.of([name for _, name, _ in needs]),
    }
    return Tables(
        Commodities(*_by_name(network.commodities)),
        Sites(*_by_name(network.sites)),
        Inputs(len(needs), beside, [need for _, _, need in needs]),
        Stores(*_by_name(network.stores)),
        Demands(*_by_name(network.demands)),
        Lanes(len(network.lanes), None, sorted(network.lanes, key=lambda lane: lane.key)),
    )


def _by_name(items: Sequence[Any]) -> tuple[int, None, Sequence[Any]]:
    return len(items), None, sorted(items, key=lambda item: item.name)
