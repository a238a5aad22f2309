"""The tables of a network folder: their columns, and single cells to values and back.

Everything here follows from the classes in `supplysim.model`: a new field is a new column.
"""

from __future__ import annotations

import dataclasses
import math
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import PlainValidator

from supplysim.files.readable import hints, options
from supplysim.model import (
    Citation,
    Commodity,
    Demand,
    Evidence,
    Fixed,
    Idle,
    Input,
    Lane,
    Range,
    Release,
    Site,
    Store,
)
from supplysim.model.notation import notation, number_text

__all__ = ["TABLES", "Column", "Table", "cell_text", "parse_cell", "table_of"]

Kind = Literal["number", "integer", "truth", "text", "notation"]


@dataclass(frozen=True)
class Column:
    """One column: its ``name`` in the header, and the way to its value from a row's object.

    Without a ``path`` it stands beside the object (the site of an input). ``asked``: the table must
    have it; ``filled``: every row must fill it.
    """

    name: str
    path: tuple[str, ...] = ()
    kind: Kind = "text"
    default: Any = None
    asked: bool = True
    filled: bool = True


@dataclass(frozen=True)
class Table:
    """One table: the class of its rows, its columns in order, and those that tell rows apart."""

    name: str
    cls: type
    key: tuple[str, ...]
    columns: dict[str, Column]
    optional: bool = False

    @property
    def file(self) -> str:
        """The table's file in the folder."""
        return f"{self.name}.csv"


def parse_cell(kind: Kind, text: str) -> float | int | bool | str:
    """The value of a cell; raises `ValueError` with the rule that it breaks.

    >>> parse_cell("number", "1e3"), parse_cell("truth", "true"), parse_cell("notation", "Fixed(3)")
    (1000.0, True, 'Fixed(3)')
    """
    if kind == "number":
        return _number(text)
    if kind == "integer":
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise ValueError("must be a whole number such as 2022")
        return int(text)
    if kind == "truth":
        if text not in ("true", "false", "TRUE", "FALSE"):  # capitals: spreadsheets make them
            raise ValueError("must be true or false")
        return text.lower() == "true"
    if kind == "notation" and _NUMBER.fullmatch(text):
        return _number(text)
    return text


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def _number(text: str) -> float:
    if text == "inf":  # the class says where it is allowed
        return math.inf
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a plain number such as 0.5, without unit or thousands separator")
    value = float(text)
    if math.isinf(value):
        raise ValueError("must be a number that fits a float")
    return value


def cell_text(value: object) -> str:
    """The cell of a value, which reads back to an equal one.

    >>> cell_text(True), cell_text(0.1), cell_text(Fixed(7)), cell_text(None)
    ('true', '0.1', '7', '')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return number_text(value.value) if isinstance(value, Fixed) else notation(value)


def _kind(hint: Any) -> Kind:
    if typing.get_origin(hint) is typing.Annotated:
        if any(isinstance(mark, PlainValidator) for mark in hint.__metadata__):
            return "notation"
        return _kind(typing.get_args(hint)[0])
    if type(None) in typing.get_args(hint):
        return _kind(next(part for part in typing.get_args(hint) if part is not type(None)))
    first = options(hint)[0]
    names: dict[Any, Kind] = {float: "number", int: "integer", bool: "truth"}
    return names.get(first, "text")


def _columns(
    cls: type, path: tuple[str, ...] = (), renamed: dict[str, str] | None = None
) -> Iterator[Column]:
    for field in dataclasses.fields(cls):
        hint = hints(cls)[field.name]
        if Evidence in options(hint):
            yield from _EVIDENCE
        elif parts := [part for part in (Release, Idle) if part in options(hint)]:
            for column in _columns(parts[0], (field.name,)):
                name = f"{field.name}_{column.name}"
                yield dataclasses.replace(column, name=name, asked=False, filled=False)
        elif field.name != "inputs":  # a table of its own
            name = (renamed or {}).get(field.name, field.name)
            asked = field.default is dataclasses.MISSING
            default = None if asked else field.default
            place = (*path, field.name)
            yield Column(name, place, _kind(hint), default, asked=asked, filled=asked)


# An assumed figure may do without a source, so the column is asked for and the cell is not.
_EVIDENCE = (
    Column("source", ("evidence", "source"), default="", filled=False),
    Column("confidence", ("evidence", "confidence")),
    Column("year", ("evidence", "year"), "integer", asked=False, filled=False),
    Column("note", ("evidence", "note"), default="", asked=False, filled=False),
)


def table_of(
    cls: type,
    name: str,
    key: tuple[str, ...],
    beside: tuple[Column, ...] = (),
    *,
    renamed: dict[str, str] | None = None,
    optional: bool = False,
) -> Table:
    """The table whose rows are objects of ``cls``: a column for each field, after those ``beside`` the object."""
    own = list(_columns(cls, renamed=renamed))
    columns = {column.name: column for column in (*beside, *own)}
    return Table(name, cls, key, columns, optional)


def _lanes() -> Table:
    """Lanes say ``from`` and ``to``, for ``source`` is the evidence; their commodity is for readers."""
    table = table_of(
        Lane, "lanes", ("from", "to", "mode"), renamed={"source": "from", "target": "to"}
    )
    columns = list(table.columns.values())
    columns.insert(2, Column("commodity", asked=False, filled=False))
    return dataclasses.replace(table, columns={column.name: column for column in columns})


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        table_of(Citation, "sources", ("key",), (Column("key"),)),
        table_of(Commodity, "commodities", ("name",)),
        table_of(Site, "sites", ("name",)),
        table_of(Input, "inputs", ("site", "commodity"), (Column("site"), Column("commodity"))),
        table_of(Store, "stores", ("name",), optional=True),
        table_of(Demand, "demands", ("name",)),
        _lanes(),
        table_of(Range, "ranges", ("kind", "name", "field"), optional=True),
    )
}
"""Every table by name, in the order in which faults are listed."""
