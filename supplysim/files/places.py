"""Faults of a whole network, told by where its parts stand in the files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from supplysim.errors import Fault, nearest
from supplysim.files.readable import reword
from supplysim.model import Evidence, Network

__all__ = ["Places", "evidence_faults", "evidence_of", "relocated", "toml_places"]

Places = Mapping[tuple[str, str], str]
"""Where a row stands, by table and name: ``("sites", "mine")`` at ``sites.csv:2`` or ``sites[0]``."""

_TABLES = {
    "node": ("demands", "stores", "sites"),
    "slot": ("inputs", "stores", "demands"),
    "commodity": ("commodities",),
    "lane": ("lanes",),
    "range": ("ranges",),
}


def relocated(
    faults: Iterable[Fault], places: Places, renamed: Mapping[str, str] | None = None
) -> list[Fault]:
    """Paths like ``lanes.a|b|.share`` or ``slot b`` as places, wherever those are known.

    >>> relocated([Fault("sites.mine.capacity", "must be above 0")], {("sites", "mine"): "sites[0]"})
    [Fault(path='sites[0].capacity', rule='must be above 0', value=None)]
    """
    return [_relocated(fault, places, renamed or {}) for fault in faults]


def _relocated(fault: Fault, places: Places, renamed: Mapping[str, str]) -> Fault:
    kind, _, name = fault.path.partition(" ")
    for table in _TABLES.get(kind, ()):
        if (table, name) in places:  # "slot" says more than the row does, so it stays
            rule = f"{fault.path}: {fault.rule}"
            return dataclasses.replace(fault, path=places[table, name], rule=rule)
    table, _, name = fault.path.partition(".")
    field = ""
    while name and (table, name) not in places:  # a name may hold dots itself
        name, _, step = name.rpartition(".")
        field = f"{renamed.get(step, step)}.{field}" if field else renamed.get(step, step)
    if not name:
        return fault
    path = f"{places[table, name]}.{field}".rstrip(".")
    return dataclasses.replace(fault, path=path, rule=reword(fault.rule))


def toml_places(data: Mapping[str, Any]) -> Places:
    """Where the rows of a network stand in its TOML data."""
    places: dict[tuple[str, str], str] = {}
    for table in ("commodities", "sites", "stores", "demands"):
        for i, row in _rows(data, table):
            name = str(row.get("name"))
            places[table, name] = f"{table}[{i}]"
            inputs = row.get("inputs")
            for item in inputs if isinstance(inputs, dict) else ():
                places["inputs", f"{name}|{item}"] = f"{table}[{i}].inputs.{item}"
    for i, row in _rows(data, "lanes"):
        key = f"{row.get('source')}|{row.get('target')}|{row.get('mode', '')}"
        places["lanes", key] = f"lanes[{i}]"
    for i, row in _rows(data, "ranges"):
        key = "|".join(str(row.get(part)) for part in ("kind", "name", "field"))
        places["ranges", key] = f"ranges[{i}]"
    return places


def _rows(data: Mapping[str, Any], table: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows that are any, for the data may be refused."""
    rows = data.get(table)
    for i, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict):
            yield i, row


def evidence_faults(evidence: Evidence, known: Iterable[str]) -> Iterator[Fault]:
    """What is wrong with the sources of a row; the paths are the fields of `Evidence`.

    >>> [str(fault) for fault in evidence_faults(Evidence("usgs", "read"), ["usgs-2024"])]
    ["source: not among the sources; did you mean 'usgs-2024'?; found 'usgs'"]
    """
    keys = [key.strip() for key in evidence.source.split(";")]
    if keys == [""] and evidence.confidence != "assumed":
        yield Fault("source", "is required, unless confidence is 'assumed'")
    for key in keys:
        if key not in known and keys != [""]:
            yield Fault("source", f"not among the sources; {nearest(key, known)}", key)


def evidence_of(network: Network) -> Iterator[tuple[str, str, Evidence]]:
    """The evidence of every row, with its table and name."""
    for commodity in network.commodities:
        yield "commodities", commodity.name, commodity.evidence
    for site in network.sites:
        yield "sites", site.name, site.evidence
        for name, item in site.inputs.items():
            yield "inputs", f"{site.name}|{name}", item.evidence
    for table, nodes in (("stores", network.stores), ("demands", network.demands)):
        for node in nodes:
            yield table, node.name, node.evidence
    for lane in network.lanes:
        yield "lanes", lane.key, lane.evidence
    for span in network.ranges:
        yield "ranges", span.key, span.evidence
