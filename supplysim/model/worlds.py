"""The worlds of an ensemble: a network whose uncertain figures were drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from supplysim.errors import Fault, InvalidInput
from supplysim.model.baseline import Baseline, steady_flow
from supplysim.model.checks import find_faults_of_figures
from supplysim.model.columns import Ints, Plain, sealed
from supplysim.model.drawing import NOTHING_DRAWN
from supplysim.model.findings import Findings
from supplysim.model.lazy import Listed, with_tables
from supplysim.model.tables import Tables

if TYPE_CHECKING:
    from supplysim.model.network import Network

__all__ = ["drawn_network", "given_order"]


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
    drawing = network.drawing
    tables = drawing.draw(network.tables, seed, replication)
    findings = Findings()
    find_faults_of_figures(tables, findings)
    baseline = steady_flow(tables, findings)
    if findings:
        told = Fault("ranges", f"these figures were drawn: {'; '.join(drawing.figures)}")
        what = f"Network {network.name!r} as drawn for replication {replication} with seed {seed}"
        raise InvalidInput([*findings.faults(), told], what=what)
    tables = _with_room(network, tables, baseline)
    more = {"_baseline": baseline, "_drawing": NOTHING_DRAWN, "ranges": ()}
    return with_tables(network, tables, network.given_order, more)


def _with_room(network: Network, tables: Tables, baseline: Baseline) -> Tables:
    """Lanes of limited capacity keep their room above what they carry in normal times.

    A lane's capacity is given for the central flow; in a world that ships more, or less, it is in proportion.
    """
    before, now = network.baseline().arrays.flow, baseline.arrays.flow
    own = {item.name for item in network.ranges if item.kind == "lane" and item.field == "capacity"}
    capacity = tables.lanes.capacity
    bound = np.isfinite(capacity) & (before > 0.0) & (now > 0.0) & (now != before)
    rows = [row for row in np.flatnonzero(bound).tolist() if tables.lane_key(row) not in own]
    if not rows:
        return tables
    scaled = np.array(capacity)
    scaled[rows] = capacity[rows] * (now[rows] / before[rows])
    column = Plain(sealed(scaled))
    return tables.redrawn({"lanes": {"capacity": column}}, {"lanes": set(rows)})


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
