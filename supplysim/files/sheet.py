"""One CSV table as read: rows with their lines, and everything that is wrong with them."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.files.readable import reword
from supplysim.files.reading import MOST_FAULTS, at, read_text
from supplysim.files.tables import Column, Table, parse_cell
from supplysim.model import Evidence, Idle, Release

__all__ = ["Row", "Sheet", "read_sheet"]

MOST_COLUMNS = 200
MOST_HINTS = 50
"""Hints compare with every known name, which takes too long for a table that is wrong throughout."""


@dataclass
class Row:
    """One row: its cells as they stand, and what they make, if they make anything."""

    line: int
    cells: dict[str, str]
    evidence: Evidence | None = None
    item: Any = None


@dataclass
class Sheet:
    """One table; ``whole`` if all its rows could be read, be they right or wrong."""

    table: Table
    rows: list[Row] = field(default_factory=list)
    noted: list[tuple[int, Fault]] = field(default_factory=list)
    whole: bool = True

    @property
    def faults(self) -> list[Fault]:
        """Everything wrong, from top to bottom."""
        return [fault for _, fault in sorted(self.noted, key=lambda note: note[0])]

    def refuse(self, line: int, column: str, rule: str, value: object = None) -> None:
        """Note a fault in a row, or in one of its cells."""
        path = at(self.table.file, line)
        fault = Fault(f"{path}.{column}" if column else path, rule, value)
        self.noted.append((line, fault))

    @property
    def full(self) -> bool:
        """Whether there are so many faults that more would help nobody."""
        return len(self.noted) >= MOST_FAULTS

    def hint(self, name: str, known: Collection[str]) -> str:
        """What a misspelt name may mean, as long as that is quick to tell."""
        if len(self.noted) >= MOST_HINTS or len(known) > 100 * MOST_HINTS:
            return ""
        return f"; {nearest(name, known)}"

    def values(self, column: str) -> set[str]:
        """What stands in a column."""
        return {row.cells.get(column, "") for row in self.rows}


def read_sheet(folder: Path, table: Table) -> Sheet:
    """Read a table of a folder; a missing one is a fault, unless it is optional."""
    sheet = Sheet(table)
    path = folder / table.file
    if table.optional and not path.exists():
        return sheet
    try:
        lines = _lines(read_text(path, label=table.file), sheet)
    except InvalidInput as error:
        return Sheet(table, noted=[(0, fault) for fault in error.faults], whole=False)
    _, header = next(lines, (1, []))
    missing = _missing(sheet, header)
    sheet.whole = sheet.whole and not missing
    for line, cells in lines if missing is not None else ():
        if sheet.full:
            sheet.refuse(line, "", "too many faults; the rest of the table was not read")
            sheet.whole = False
            break
        if len(cells) != len(header):
            sheet.refuse(line, "", f"must have {len(header)} cells like the header", len(cells))
            sheet.whole = False
        else:
            sheet.rows.append(_row(sheet, line, dict(zip(header, cells, strict=True)), missing))
    if sheet.whole:
        _check_keys(sheet)
    return sheet


def _lines(text: str, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, with the line on which each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        sheet.refuse(line, "", f"is not CSV: {error}")
        sheet.whole = False


def _missing(sheet: Sheet, header: list[str]) -> set[str] | None:
    """Columns that the table lacks; None if the rows below make no sense. Unknown ones are faults."""
    known = sheet.table.columns
    if not header or len(header) > MOST_COLUMNS:
        sheet.refuse(1, "", f"must be a header row of at most {MOST_COLUMNS} columns")
    elif len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        sheet.refuse(1, "", "columns must be parted by commas", header[0])
    elif len(set(header)) < len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        for name in twice:
            sheet.refuse(1, "", "a column must be there only once", name)
    else:
        for name in header:
            if name not in known:
                sheet.refuse(1, "", f"unknown column; {nearest(name, known)}", name)
        missing = {name for name, c in known.items() if c.asked and name not in header}
        for name in sorted(missing):
            sheet.refuse(1, "", "the table needs this column", name)
        return missing
    sheet.whole = False
    return None


def _check_keys(sheet: Sheet) -> None:
    first: dict[tuple[str, ...], int] = {}
    for row in sheet.rows:
        key = tuple(row.cells.get(column, "") for column in sheet.table.key)
        if key in first and not sheet.full:
            rule = f"must be there only once; it is on line {first[key]} already"
            sheet.refuse(row.line, sheet.table.key[0], rule, ", ".join(filter(None, key)))
        first.setdefault(key, row.line)


def _row(sheet: Sheet, line: int, cells: dict[str, str], missing: set[str] | None) -> Row:
    values: dict[tuple[str, ...], dict[str, Any]] = {(): {}}
    wrong = set(missing or ())  # columns whose fault is told already
    for name, text in cells.items():
        column = sheet.table.columns.get(name)
        if column is None or not (text or column.filled):
            continue
        try:
            if not text:
                raise ValueError("is required")
            value = parse_cell(column.kind, text)
        except ValueError as error:
            wrong.add(name)
            sheet.refuse(line, name, str(error), text or None)
            continue
        if column.path:
            values.setdefault(column.path[:-1], {})[column.path[-1]] = value
    row = Row(line, cells)
    _build(sheet, row, values, wrong)
    return row


def _build(
    sheet: Sheet, row: Row, values: dict[tuple[str, ...], dict[str, Any]], wrong: set[str]
) -> None:
    """The row's evidence and its object, the latter only if all of the row is right."""
    faults: list[Fault] = []
    own = values[()]
    for name, cls in (("evidence", Evidence), ("release", Release), ("idle", Idle)):
        part = _make(cls, values[name,], f"{name}.", faults) if (name,) in values else None
        if part is not None:
            own[name] = part
    item = _make(sheet.table.cls, own, "", faults)
    row.evidence = own.get("evidence")
    told = {sheet.table.columns[name].path for name in wrong}
    for fault in faults:
        column = _column(sheet.table.columns.values(), fault.path)
        if column is None or column.path not in told:
            name = "" if column is None else column.name
            sheet.refuse(row.line, name, reword(fault.rule), fault.value)
    row.item = None if faults or wrong else item


def _make(cls: type, values: dict[str, Any], prefix: str, faults: list[Fault]) -> object | None:
    try:
        return cls(**values)  # type: ignore[no-any-return]
    except InvalidInput as error:
        faults += [dataclasses.replace(f, path=f"{prefix}{f.path}") for f in error.faults]
        return None


def _column(columns: Iterable[Column], path: str) -> Column | None:
    """The column that a fault of the row's object is about, even if of a part of its value."""
    steps = tuple(path.split("."))
    for column in columns:
        if column.path and column.path == steps[: len(column.path)]:
            return column
    return None
