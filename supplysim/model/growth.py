"""Tables with more rows: what was there keeps its columns, so that no objects are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.model.columns import Coded, Ints, sealed
from supplysim.model.lazy import sorted_rows
from supplysim.model.rows import Demands, Inputs, Lanes, Rows, Sites, Stores
from supplysim.model.tables import Tables

if TYPE_CHECKING:
    from supplysim.model.network import Network

__all__ = ["grown"]

KINDS: dict[str, type[Rows]] = {
    "sites": Sites,
    "stores": Stores,
    "demands": Demands,
    "lanes": Lanes,
}


def grown(network: Network, more: Mapping[str, Sequence[Any]]) -> tuple[Tables, dict[str, Ints]]:
    """The tables of a network with more sites, stores, demands and lanes, and the sorted row of each as given."""
    before = network.tables
    added = {name: kind(len(more[name]), None, more[name]) for name, kind in KINDS.items()}
    added["inputs"] = _inputs(more["sites"])
    place = dict(network.given_order)
    rows: dict[str, Any] = {}
    for name, new in added.items():
        old: Rows = getattr(before, name)
        if not len(new):
            continue
        joined = old.joined(new)
        order = sorted_rows(joined)
        rows[name] = joined.take(order)
        if name in place:
            where = np.argsort(order)
            given = np.concatenate([place[name], np.arange(len(old), len(joined))])
            place[name] = sealed(where[given])
    kept = {name: getattr(before, name) for name in ("commodities", *added)}
    return Tables(**{**kept, **rows}), place


def _inputs(sites: Sequence[Any]) -> Inputs:
    needs = [(site.name, name, need) for site in sites for name, need in site.inputs.items()]
    beside = {
        "site": Coded.of([site for site, _, _ in needs]),
        "commodity": Coded.of([name for _, name, _ in needs]),
    }
    return Inputs(len(needs), beside, [need for _, _, need in needs])
