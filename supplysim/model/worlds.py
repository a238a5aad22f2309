"""The worlds of an ensemble: a network whose uncertain figures were drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model.baseline import Baseline, steady_flow
from supplysim.model.checks import find_faults_of_figures
from supplysim.model.columns import Column, Ints, Plain, sealed
from supplysim.model.drawing import NOTHING_DRAWN
from supplysim.model.fields import LARGEST
from supplysim.model.findings import Findings
from supplysim.model.lazy import Listed, with_tables
from supplysim.model.tables import Tables

if TYPE_CHECKING:
    from supplysim.model.network import Network

__all__ = ["drawn_network", "given_order", "network_at"]


def drawn_network(network: Network, seed: int, replication: int) -> Network:
    """See `Network.drawn`."""
    faults = [
        Fault(name, "must be a whole number from 0 to 2**63 - 1", value)
        for name, value in (("seed", seed), ("replication", replication))
        if type(value) is not int or not 0 <= value < 2**63
    ]
    if faults:
        raise InvalidInput(faults, what="drawn")
    if not network.ranges:
        return network
    tables = network.drawing.draw(network.tables, seed, replication)
    return _world(network, tables, f"drawn for replication {replication} with seed {seed}")


def network_at(network: Network, quantiles: Mapping[str, float]) -> Network:
    """See `Network.at`."""
    figures = network.drawing.figures
    known = set(figures)
    faults = [
        Fault(f"quantiles[{name!r}]", f"unknown figure; {nearest(name, known)}", value)
        if name not in known
        else Fault(f"quantiles[{name!r}]", "must be a number from 0 to 1", value)
        for name, value in quantiles.items()
        if name not in known or not 0.0 <= value <= 1.0
    ]
    if faults:
        raise InvalidInput(faults, what="Network.at")
    uniforms = np.array([quantiles.get(name, np.nan) for name in figures])
    return _world(network, network.drawing.at(network.tables, uniforms), "at these quantiles")


def _world(network: Network, tables: Tables, what: str) -> Network:
    """The network of tables whose figures were drawn."""
    drawing, findings = network.drawing, Findings()
    find_faults_of_figures(tables, findings)
    baseline = steady_flow(_unbounded(tables), findings)
    if findings:
        told = Fault("ranges", f"these figures were drawn: {'; '.join(drawing.figures)}")
        raise InvalidInput([*findings.faults(), told], what=f"Network {network.name!r} as {what}")
    tables = _with_room(network, tables, baseline)
    more = {"_baseline": baseline, "_drawing": NOTHING_DRAWN, "ranges": ()}
    return with_tables(network, tables, network.given_order, more)


def _unbounded(tables: Tables) -> Tables:
    """The tables with by-products that may take all of their hosts' residue; see `_with_room`."""
    hosted = np.flatnonzero(tables.host >= 0)
    if not hosted.size:
        return tables
    column = Plain(sealed(np.where(tables.host >= 0, LARGEST, tables.sites.host_yield)))
    return tables.redrawn({"sites": {"host_yield": column}}, {"sites": set(hosted.tolist())})


def _with_room(network: Network, tables: Tables, baseline: Baseline) -> Tables:
    """Lanes keep their room over what they carry in normal times, by-products what they take from their hosts.

    A lane's capacity is given for the central flow; in a world that ships more, or less, it is in proportion. A
    by-product's yield is raised to what it takes in normal times, where that is more.
    """
    before, now = network.baseline().arrays.flow, baseline.arrays.flow
    capacity = tables.lanes.capacity
    bound = np.isfinite(capacity) & (before > 0.0) & (now > 0.0) & (now != before)
    rows = [row for row in np.flatnonzero(bound).tolist() if row not in network.drawing.roomy]
    scaled = np.array(capacity)
    scaled[rows] = capacity[rows] * (now[rows] / before[rows])
    columns: dict[str, dict[str, Column]] = {"lanes": {"capacity": Plain(sealed(scaled))}}
    output = baseline.arrays.output
    hosts = np.append(output[: len(tables.sites)], 0.0)[tables.host]
    taken = output[: len(tables.sites)] > tables.sites.host_yield * hosts
    short = np.flatnonzero((tables.host >= 0) & (hosts > 0.0) & taken)
    yields = np.array(tables.sites.host_yield)
    yields[short] = output[short] / hosts[short]
    columns["sites"] = {"host_yield": Plain(sealed(yields))}
    if not rows and not short.size:
        return tables
    return tables.redrawn(columns, {"lanes": set(rows), "sites": set(short.tolist())})


def given_order(network: Network) -> dict[str, Ints]:
    """The sorted row of each object in the order in which they were given, by field."""
    tables = network.tables
    names = {
        "commodities": tables.commodity_names(),
        "sites": tables.site_names(),
        "stores": tables.store_names(),
        "demands": tables.demand_names(),
        "lanes": tables.lane_keys,
    }
    found = {}
    for field, by_name in names.items():
        items = getattr(network, field)
        place = {name: row for row, name in enumerate(by_name)}
        found[field] = (
            items.rows
            if isinstance(items, Listed)
            else np.array([place[_name(field, item)] for item in items], np.int64)
        )
    return found


def _name(field: str, item: object) -> str:
    found: str = getattr(item, "key" if field == "lanes" else "name")
    return found
