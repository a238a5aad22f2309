"""A network from a folder of tables, with every fault of every table at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import KW_ONLY
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from supplysim.errors import Fault, InvalidInput
from supplysim.files.places import evidence_faults, relocated
from supplysim.files.readable import validated
from supplysim.files.reading import at, read_toml
from supplysim.files.sheet import Sheet, read_sheet
from supplysim.files.tables import TABLES
from supplysim.model import Network
from supplysim.model.countries import Country
from supplysim.model.fields import FrozenMap, FrozenMapping, Name, Text, frozen

__all__ = ["HEAD", "Head", "read_folder"]

HEAD = "network.toml"


@frozen
class Head:
    """What ``network.toml`` says of the network as a whole."""

    _: KW_ONLY
    name: Name
    title: Text = ""
    description: Text = ""
    base_year: int | None = None
    groups: Annotated[
        Mapping[Name, Annotated[tuple[Country, ...], Field(strict=False)]], FrozenMapping
    ] = FrozenMap()


def read_folder(folder: Path) -> Network:
    """The network of a folder; see `supplysim.files`."""
    if not any((folder / file).exists() for file in (HEAD, *(t.file for t in TABLES.values()))):
        rule = f"holds no network: neither {HEAD} nor any of its tables"
        raise InvalidInput([Fault("", rule)], what="network", file=folder)
    head, faults = _head(folder)
    sheets = {name: read_sheet(folder, table) for name, table in TABLES.items()}
    _check_references(sheets)
    _check_products(sheets)
    _check_evidence(sheets)
    faults += [fault for sheet in sheets.values() for fault in sheet.faults]
    if head is None or faults:
        raise InvalidInput(faults, what="network", file=folder)
    try:
        return _network(head, sheets)
    except InvalidInput as error:
        columns = {"source": "from", "target": "to"}
        faults = relocated(error.faults, _places(sheets), columns)
        raise InvalidInput(faults, what="network", file=folder) from None


def _head(folder: Path) -> tuple[Head | None, list[Fault]]:
    try:
        data = read_toml(folder / HEAD, label=HEAD)
    except InvalidInput as error:
        return None, list(error.faults)
    try:
        return validated(Head, data), []
    except InvalidInput as error:
        return None, [dataclasses.replace(f, path=f"{HEAD}.{f.path}") for f in error.faults]


_REFERENCES = {
    ("sites", "makes"): ("commodity", ("commodities",)),
    ("inputs", "site"): ("site", ("sites",)),
    ("inputs", "commodity"): ("commodity", ("commodities",)),
    ("stores", "commodity"): ("commodity", ("commodities",)),
    ("demands", "commodity"): ("commodity", ("commodities",)),
    ("lanes", "from"): ("site or store", ("sites", "stores")),
    ("lanes", "to"): ("site, store or demand", ("sites", "stores", "demands")),
}


def _check_references(sheets: Mapping[str, Sheet]) -> None:
    """Names that no row has, not even a broken one; silent where a table could not be read whole."""
    for (table, column), (what, others) in _REFERENCES.items():
        known = {name for other in others for name in sheets[other].values("name")}
        if not all(sheets[other].whole for other in others):
            continue
        for row in sheets[table].rows:
            name = row.cells.get(column)
            if name and name not in known and not sheets[table].full:
                rule = f"unknown {what}{sheets[table].hint(name, known)}"
                sheets[table].refuse(row.line, column, rule, name)


def _check_products(sheets: Mapping[str, Sheet]) -> None:
    """A site does not use what it makes, and a lane's commodity is what its source gives."""
    gives = {row.cells.get("name"): row.cells.get("makes") for row in sheets["sites"].rows}
    for row in sheets["inputs"].rows:
        name = row.cells.get("commodity")
        if name and gives.get(row.cells.get("site")) == name and not sheets["inputs"].full:
            sheets["inputs"].refuse(row.line, "commodity", "a site cannot use what it makes", name)
    gives |= {row.cells.get("name"): row.cells.get("commodity") for row in sheets["stores"].rows}
    for row in sheets["lanes"].rows:
        name, product = row.cells.get("commodity"), gives.get(row.cells.get("from"))
        if name and product and name != product and not sheets["lanes"].full:
            rule = f"must be what the lane's source makes or holds ({product})"
            sheets["lanes"].refuse(row.line, "commodity", rule, name)


def _check_evidence(sheets: Mapping[str, Sheet]) -> None:
    sources = sheets["sources"]
    for row in sources.rows:
        key = row.cells.get("key", "")
        if key != key.strip() or ";" in key:
            sources.refuse(row.line, "key", "must have no ; and no spaces at its ends", key)
    known = sources.values("key")
    for sheet in sheets.values():
        for row in sheet.rows:
            if row.evidence is None or sheet.full:
                continue
            for fault in evidence_faults(row.evidence, known):
                if sources.whole or fault.value is None:
                    sheet.refuse(row.line, fault.path, fault.rule, fault.value)


def _network(head: Head, sheets: Mapping[str, Sheet]) -> Network:
    inputs: dict[str, dict[str, Any]] = {}
    for row in sheets["inputs"].rows:
        inputs.setdefault(row.cells["site"], {})[row.cells["commodity"]] = row.item
    items = {name: tuple(row.item for row in sheet.rows) for name, sheet in sheets.items()}
    return Network(
        name=head.name,
        title=head.title,
        description=head.description,
        base_year=head.base_year,
        groups=head.groups,
        sources={row.cells["key"]: row.item for row in sheets["sources"].rows},
        commodities=items["commodities"],
        sites=tuple(dataclasses.replace(s, inputs=inputs.get(s.name, {})) for s in items["sites"]),
        stores=items["stores"],
        demands=items["demands"],
        lanes=items["lanes"],
        ranges=items["ranges"],
    )


def _places(sheets: Mapping[str, Sheet]) -> dict[tuple[str, str], str]:
    """Where each row stands, named as the model does: ``mine``, ``plant|ore``, ``mine|plant|sea``."""
    places = {}
    for name, sheet in sheets.items():
        for row in sheet.rows:
            key = "|".join(row.cells.get(column, "") for column in sheet.table.key)
            places[name, key] = at(sheet.table.file, row.line)
    return places
