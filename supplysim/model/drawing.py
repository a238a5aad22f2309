"""Drawing the figures that have a range: one uniform number a figure, a triangle for each row that rests on it.

What is the same in all draws (which rows of which column, between which bounds) is found once for a network.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import ValidationError

from supplysim import draws
from supplysim.errors import Fault, nearest
from supplysim.model.columns import Coded, Column, Floats, Ints, Plain, Times, made, sealed
from supplysim.model.distributions import stretched
from supplysim.model.fields import faults_of
from supplysim.model.findings import Findings
from supplysim.model.given import accepted
from supplysim.model.policies import DaysOfCover
from supplysim.model.ranges import ROWS, Range
from supplysim.model.rows import Rows
from supplysim.model.tables import Tables

__all__ = ["NOTHING_DRAWN", "Drawing", "read_drawing"]

MOST_HINTS = 50
"""A hint compares with every known name, which takes too long where all of them are wrong."""


@dataclass(frozen=True)
class Drawn:
    """The ranges of one field of a table: rows, bounds and the value given, and the figure that each rests on."""

    table: str
    field: str
    rows: list[int]
    figures: list[int]
    lows: list[float]
    modes: list[float]
    highs: list[float]

    @cached_property
    def _arrays(self) -> tuple[Ints, Floats, Floats, Floats]:
        return (
            np.array(self.figures, np.int64),
            np.array(self.lows),
            np.array(self.modes),
            np.array(self.highs),
        )

    def values(self, uniforms: Floats) -> list[float]:
        """What each row has where the figures come out at these quantiles (not a number: as it is given).

        `rules.triangular` on whole columns: its operations are exact in the same way, number by number.
        """
        figures, low, mode, high = self._arrays
        u = uniforms[figures]
        width = high - low
        rising = low + np.sqrt(u * width * (mode - low))
        falling = high - np.sqrt((1.0 - u) * width * (high - mode))
        found = np.where(u * width <= mode - low, rising, falling)
        drawn = np.minimum(high, np.maximum(low, found))
        values: list[float] = np.where(np.isnan(u), mode, drawn).tolist()
        return values


@dataclass(frozen=True)
class Drawing:
    """What is drawn in a network: the ``figures`` that vary, their identities, and where they stand.

    ``roomy`` are the lanes whose capacity has a range of its own.
    """

    figures: list[str]
    entities: list[int]
    columns: list[Drawn]
    roomy: frozenset[int] = frozenset()

    def draw(self, tables: Tables, seed: int, replication: int) -> Tables:
        """The tables of one replication's world."""
        streams = [
            draws.stream(seed, replication, entity, draws.Purpose.FIGURE)
            for entity in self.entities
        ]
        return self.at(tables, np.array([draws.uniform(stream, 0) for stream in streams]))

    def at(self, tables: Tables, uniforms: Floats) -> Tables:
        """The tables of the world in which the figures come out at these quantiles, see `Drawn.values`."""
        changed: dict[str, dict[str, Column]] = {}
        places: dict[str, set[int]] = {}
        for drawn in self.columns:
            rows: Rows = getattr(tables, drawn.table)
            name, column = _redrawn(rows, drawn, drawn.values(uniforms))
            changed.setdefault(drawn.table, {})[name] = column
            places.setdefault(drawn.table, set()).update(drawn.rows)
        lanes = changed.get("lanes", {})
        if {"share", "max_share"} & lanes.keys():
            shares, moved = _shares(tables, lanes)
            lanes |= shares
            places["lanes"].update(moved)
        return tables.redrawn(changed, places)


NOTHING_DRAWN = Drawing([], [], [])


def _redrawn(rows: Rows, drawn: Drawn, values: Sequence[float]) -> tuple[str, Column]:
    """The column that holds a field, with other values in some rows; and its name."""
    name = _holder(rows, drawn.field)
    column = rows.column(name)
    if isinstance(column, Plain):
        array = np.array(column.array)
        array[drawn.rows] = values
        return name, Plain(sealed(array))
    codes, more = np.array(column.codes), list[Any]()
    known = len(column.values)
    if isinstance(column, Coded):
        for row, days in zip(drawn.rows, values, strict=True):
            codes[row] = known + len(more)
            more.append(made(DaysOfCover, {"days": days, "review": column[row].review}))
        return name, Coded(sealed(codes), [*column.values, *more])
    fixed = np.array(column.fixed)
    for row, mean in zip(drawn.rows, values, strict=True):
        code = int(codes[row])
        if code < 0:
            fixed[row] = mean
        else:
            codes[row] = known + len(more)
            more.append(stretched(column.values[code], mean / column.values[code].mean))
    return name, Times(sealed(fixed), sealed(codes), [*column.values, *more])


def _shares(tables: Tables, changed: Mapping[str, Column]) -> tuple[dict[str, Column], list[int]]:
    """Shares that sum to 1 again where one was drawn, and the lanes that have other ones than before.

    What a lane carries in normal times is qualified.
    """
    lanes = tables.lanes.changed(changed, ())
    share, before = np.array(lanes.share), tables.lanes.share
    touched = np.isin(tables.lane_slot, tables.lane_slot[share != before])
    together = np.bincount(tables.lane_slot, share, len(tables.slots))
    whole = np.where(together > 0.0, together, 1.0)[tables.lane_slot]
    share[touched] /= whole[touched]
    most = np.maximum(lanes.max_share, share)
    columns: dict[str, Column] = {"share": Plain(sealed(share)), "max_share": Plain(sealed(most))}
    return columns, np.flatnonzero(share != before).tolist()


# --- what may be drawn ---------------------------------------------------------------------------


def _holder(rows: Rows, field: str) -> str:
    """The attribute that holds a field: days of cover stand in a policy."""
    return "policy" if field == "cover" and "policy" in rows.attributes else field


def _fields(rows: Rows) -> list[str]:
    """The fields that may have a range."""
    found = [name for name, attribute in rows.attributes.items() if attribute.kind is float]
    found += ["cover"] * ("policy" in rows.attributes)
    return found + ["lead_time"] * ("lead_time" in rows.attributes)


def _value(rows: Rows, field: str, row: int) -> float | None:
    """The number that a row has; None where it has none."""
    value: Any = rows.column(_holder(rows, field))[row]
    if isinstance(value, DaysOfCover):
        return value.days
    if field == "lead_time":
        value = value.mean
    return value if isinstance(value, float) else None


def read_drawing(tables: Tables, ranges: Sequence[Range], findings: Findings) -> Drawing:
    """What the ranges of a network let vary; what is wrong with them is noted."""
    again = {key: n for key, n in Counter(item.key for item in ranges).items() if n > 1}
    findings.note(
        *(Fault(f"range {key}", "must be there only once", n) for key, n in again.items())
    )
    wide = [item for item in ranges if item.low < item.high]
    figures = sorted({item.figure for item in wide})
    place = {name: i for i, name in enumerate(figures)}
    columns: dict[tuple[str, str], Drawn] = {}
    reader, roomy = _Reader(tables), set[int]()
    for item in ranges:
        found, faults = reader.read(item)
        findings.note(*faults)
        if found is None or faults:
            continue
        row, value = found
        if (item.kind, item.field) == ("lane", "capacity"):
            roomy.add(row)
        if item.low >= item.high:
            continue
        table = ROWS[item.kind]
        drawn = columns.setdefault(
            (table, item.field), Drawn(table, item.field, [], [], [], [], [])
        )
        drawn.rows.append(row)
        drawn.figures.append(place[item.figure])
        drawn.lows.append(item.low)
        drawn.modes.append(value)
        drawn.highs.append(item.high)
    entities = [draws.entity("range", figure) for figure in figures]
    return Drawing(figures, entities, list(columns.values()), frozenset(roomy))


class _Reader:
    """Finds the numbers that ranges are about."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._places: dict[str, dict[str, int]] = {}
        self._fine: dict[tuple[type, str], tuple[float, float]] = {}
        self._hints = 0

    def read(self, item: Range) -> tuple[tuple[int, float] | None, list[Fault]]:
        """The row of a range, and its value, if there are any; and what is wrong with it."""
        rows: Rows = getattr(self._tables, ROWS[item.kind])
        path, fields = f"ranges.{item.key}", _fields(rows)
        faults = []
        place = self._names(item.kind)
        if item.name not in place:
            rule = f"unknown {item.kind}{self._hint(item.name, place)}"
            faults.append(Fault(f"{path}.name", rule, item.name))
        if item.field not in fields:
            rule = (
                f"is no number of a {item.kind} that can be drawn{self._hint(item.field, fields)}"
            )
            faults.append(Fault(f"{path}.field", rule, item.field))
        if faults:
            return None, faults
        row = place[item.name]
        value = _value(rows, item.field, row)
        if value is None:
            return None, [Fault(f"{path}.field", f"{item.name} gives no {item.field}", item.field)]
        return (row, value), list(self._outside(item, path, row, value))

    def _outside(self, item: Range, path: str, row: int, value: float) -> Iterator[Fault]:
        """Bounds that do not hold the value, or that no such field may have."""
        rows: Rows = getattr(self._tables, ROWS[item.kind])
        holder = _holder(rows, item.field)
        cls, field = (DaysOfCover, "days") if holder == "policy" else (rows.of, item.field)
        for side in ("low", "high"):
            bound = getattr(item, side)
            least, most = self._fine.get((cls, field), (math.inf, -math.inf))
            if least <= bound <= most:  # a rule of numbers is an interval
                continue
            try:
                accepted(cls, field, [bound])
            except ValidationError as error:
                yield Fault(f"{path}.{side}", faults_of(error)[0].rule, bound)
            else:
                self._fine[cls, field] = min(least, bound), max(most, bound)
        if not item.low <= value <= item.high:
            bounds = (item.low, item.high)
            yield Fault(path, f"must hold what the row gives, {value:.6g}", bounds)
        elif item.field == "share" and item.high > 0.0 and self._tables.lanes.closed[row]:
            yield Fault(f"{path}.high", "a closed lane must have share 0", item.high)
        elif item.field == "lead_time" and value <= 0.0 < item.high and not self._is_fixed(row):
            yield Fault(path, "a distribution whose mean is 0 cannot be stretched")

    def _is_fixed(self, lane: int) -> bool:
        return int(self._tables.lanes.lead_time.codes[lane]) < 0

    def _names(self, kind: str) -> Mapping[str, int]:
        """Rows by name or key."""
        if kind not in self._places:
            rows: Any = getattr(self._tables, ROWS[kind])
            if kind == "lane":
                names = self._tables.lane_keys
            elif kind == "input":
                names = [rows.key(row) for row in range(len(rows))]
            else:
                names = rows.name.every()
            self._places[kind] = {name: row for row, name in enumerate(names)}
        return self._places[kind]

    def _hint(self, name: str, known: Mapping[str, int] | Sequence[str]) -> str:
        self._hints += 1
        return f"; {nearest(name, known)}" if self._hints <= MOST_HINTS else ""
