"""A folder of figures, read and checked as a whole: every fault of every table at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supplysim.calibration.rows import (
    PARAMETERS,
    TABLES,
    Figure,
    Firm,
    Group,
    Host,
    Hub,
    Material,
    Parameter,
    Production,
    Published,
    Recipe,
    Region,
    Route,
    Trade,
    Use,
)
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.files.sheet import Row, Sheet, read_sheet
from supplysim.model import Citation

__all__ = ["ASSUMPTION", "Figures", "read_figures"]

ASSUMPTION = "assumption"
"""The source of what is assumed; it needs no row among the sources."""
SHARES = ("import share", "use share", "export share")


@dataclass(frozen=True)
class Figures:
    """All rows of a folder of figures, by table; see `supplysim.calibration.rows` for what they say.

    >>> Figures().trade
    ()
    """

    sources: Mapping[str, Citation] = field(default_factory=dict)
    commodities: tuple[Material, ...] = ()
    production: tuple[Production, ...] = ()
    trade: tuple[Trade, ...] = ()
    use: tuple[Use, ...] = ()
    recipes: tuple[Recipe, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    hosts: tuple[Host, ...] = ()
    firms: tuple[Firm, ...] = ()
    hubs: tuple[Hub, ...] = ()
    published: tuple[Published, ...] = ()
    regions: tuple[Region, ...] = ()
    routes: tuple[Route, ...] = ()
    groups: tuple[Group, ...] = ()


def read_figures(folder: Path) -> Figures:
    """The figures of a folder and of the folders in it, one a chain.

    Refused as a whole, with file and line of every fault: unknown commodities and sources, units that do not fit
    their commodity, values outside their range, an assumed figure without one, figures without a year.

    >>> from supplysim import catalogue
    >>> len(read_figures(catalogue.figures_path("jp-de-cn-2022")).commodities)
    58
    """
    parts = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    sheets = [
        (f"{part.name}/" if part != folder else "", read_sheet(part, table))
        for part in parts
        for table in TABLES.values()
    ]
    units, known = _declared(sheets)
    faults = []
    for prefix, sheet in sheets:
        for row in sheet.rows:
            if row.item is not None:
                for column, rule, value in _faults(sheet.table.name, row, units, known):
                    sheet.refuse(row.line, column, rule, value)
        faults += [Fault(f"{prefix}{f.path}", f.rule, f.value) for f in sheet.faults]
    faults += _twice(sheets)
    if not units and not faults:
        faults = [Fault("", "holds no figures: no commodities.csv here or in a folder within")]
    if faults:
        raise InvalidInput(faults, what="figures", file=folder)
    rows: dict[str, list[Any]] = {name: [] for name in TABLES}
    for _, sheet in sheets:
        rows[sheet.table.name] += [row.item for row in sheet.rows]
    sources = {
        row.cells["key"]: row.item for _, s in sheets if s.table.name == "sources" for row in s.rows
    }
    del rows["sources"]
    return Figures(sources=sources, **{name: tuple(items) for name, items in rows.items()})


def _declared(sheets: Iterable[tuple[str, Sheet]]) -> tuple[dict[str, str], set[str]]:
    """The units of all commodities by name, and the keys of all sources."""
    units: dict[str, str] = {}
    known = {ASSUMPTION}
    for _, sheet in sheets:
        if sheet.table.name == "commodities":
            units |= {row.cells.get("name", ""): row.cells.get("unit", "") for row in sheet.rows}
        if sheet.table.name == "sources":
            known |= sheet.values("key")
    return units, known


def _twice(sheets: Iterable[tuple[str, Sheet]]) -> Iterator[Fault]:
    """Commodities that two chains declare, and sources that two chains cite otherwise."""
    first: dict[tuple[str, str], tuple[str, object]] = {}
    for prefix, sheet in sheets:
        if sheet.table.name not in ("commodities", "sources"):
            continue
        for row in sheet.rows:
            name = row.cells.get(sheet.table.key[0], "")
            place = f"{prefix}{sheet.table.file}:{row.line}"
            there, item = first.setdefault((sheet.table.name, name), (place, row.item))
            if there != place and (sheet.table.name == "commodities" or item != row.item):
                yield Fault(place, f"says otherwise than {there}", name)


Finding = tuple[str, str, object]


def _faults(table: str, row: Row, units: Mapping[str, str], known: set[str]) -> Iterator[Finding]:
    item = row.item
    for column in ("commodity", "product", "input", "host"):
        name = getattr(item, column, "")
        if name and name not in units:
            yield column, f"unknown commodity; {nearest(name, units)}", name
            return
    if isinstance(item, Figure):
        yield from _evidence(item, known)
        allowed = _UNITS[table](item, units)
        if allowed and item.unit not in allowed:
            yield "unit", f"must be {' or '.join(allowed)}", item.unit
    value = getattr(item, _VALUE.get(table, ""), None)
    if value is not None:
        low = value if item.low is None else item.low
        high = value if item.high is None else item.high
        if not low <= value <= high:
            yield _VALUE[table], f"must lie within low and high ({low:g} to {high:g})", value
    if isinstance(item, Recipe) and item.product == item.input:
        yield "input", "a product cannot go into itself", item.input
    if isinstance(item, Material):
        yield from _unknown(item.source, known)
    if isinstance(item, Parameter) and item.parameter not in PARAMETERS:
        rule = f"unknown parameter; {nearest(item.parameter, PARAMETERS)}"
        yield "parameter", rule, item.parameter


def _evidence(item: Figure, known: set[str]) -> Iterator[Finding]:
    evidence = item.evidence
    if evidence.year is None:
        yield "year", "is required", None
    if evidence.confidence == "assumed" and (item.low is None or item.high is None):
        yield "low", "an assumed figure needs a range, low and high", None
    if not evidence.source:
        yield "source", f"is required ({ASSUMPTION!r} for what nobody published)", None
    elif evidence.confidence == "read" and evidence.source == ASSUMPTION:
        yield "source", "what was read has a source", evidence.source
    if evidence.confidence != "read" and not evidence.note:
        yield (
            "note",
            "is required: the arithmetic of a derived figure, the reason of an assumed one",
            None,
        )
    yield from _unknown(evidence.source, known)


def _unknown(text: str, known: set[str]) -> Iterator[Finding]:
    for key in filter(None, (part.strip() for part in text.split(";"))):
        if key not in known:
            yield "source", f"not among the sources; {nearest(key, known)}", key


def _yearly(item: Any, units: Mapping[str, str]) -> tuple[str, ...]:
    return (f"{units[item.commodity]}/yr",)


def _ratio(above: str, below: str) -> Callable[[Any, Mapping[str, str]], tuple[str, ...]]:
    return lambda item, units: (f"{units[getattr(item, above)]}/{units[getattr(item, below)]}",)


def _of_parameter(item: Parameter, units: Mapping[str, str]) -> tuple[str, ...]:
    unit = PARAMETERS.get(item.parameter, "")
    if item.commodity:
        return (unit.format(unit=units[item.commodity]),) if unit else ()
    return (unit,) if "{" not in unit else ()


_UNITS: Mapping[str, Callable[[Any, Mapping[str, str]], tuple[str, ...]]] = {
    "production": _yearly,
    "trade": lambda item, units: (*_yearly(item, units), *SHARES),
    "use": _yearly,
    "recipes": _ratio("input", "product"),
    "parameters": _of_parameter,
    "hosts": _ratio("commodity", "host"),
    "firms": lambda _item, _units: ("share",),
    "hubs": lambda _item, _units: ("share",),
    "published": lambda _item, _units: ("share",),
    "routes": lambda _item, _units: ("days",),
}
_VALUE = {
    "production": "quantity",
    "trade": "quantity",
    "use": "quantity",
    "recipes": "quantity",
    "parameters": "value",
    "hosts": "quantity",
    "firms": "share",
    "published": "value",
    "routes": "days",
}
