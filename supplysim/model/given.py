"""Columns that a user gives, checked by the rules of the objects without making an object for each row.

A number's rule is an interval without dust around 0, so a column keeps it if its extremes do; of values that
repeat each distinct one is checked. Where a column does not pass, and where a rule between columns may be broken, the
objects of those rows are made one by one, and what they refuse is told.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import NoneType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model.columns import Coded, Column, Floats, Plain, Times, repeated, sealed
from supplysim.model.fields import CONFIG, Name, faults_of, frozen
from supplysim.model.findings import Findings
from supplysim.model.rows import Demands, Inputs, Lanes, Ranges, Rows, Sites

__all__ = ["Columns", "accepted", "read_rows"]

PART = 100_000
Values = NDArray[Any]


class Columns(Protocol):
    """A table: columns by name, such as a dict of arrays or a pandas DataFrame."""

    def keys(self) -> Iterable[Any]:
        """The names of the columns."""
        ...

    def __getitem__(self, name: Any, /) -> Any: ...


@frozen
class _Owner:
    """What stands beside an input in its table."""

    site: Name
    commodity: Name


@dataclasses.dataclass(frozen=True)
class _Table:
    """A table as it was given: for each column one value for all rows, or an array."""

    kind: type[Rows]
    name: str
    count: int
    values: Mapping[str, Any]

    def row(self, row: int) -> dict[str, Any]:
        """The values of a row, as an object would be given them."""
        return {
            name: _python(value[row : row + 1])[0] if isinstance(value, np.ndarray) else value
            for name, value in self.values.items()
        }

    def faults(self, rows: Iterable[int]) -> Iterator[Fault]:
        """What the objects of these rows refuse."""
        for row in rows:
            values = self.row(row)
            own = {name: values[name] for name in values if name in self.kind.attributes}
            beside = {name: values[name] for name in values if name not in own}
            for cls, part in ((self.kind.of, own), (_Owner, beside)):
                try:
                    if part:
                        cls(**part)
                except InvalidInput as error:
                    for fault in error.faults:
                        path = f"{self.name}[{row}].{fault.path}".rstrip(".")
                        yield dataclasses.replace(fault, path=path)


def read_rows(kind: type[Rows], name: str, given: Columns | None, findings: Findings) -> Rows:
    """The rows of a table, in the order given; what is wrong with them is noted."""
    table, faults = _laid_out(kind, name, given)
    findings.note(*faults)
    if faults:
        return kind(0)
    columns: dict[str, Column] = {}
    refused = []
    for field, default in _fields(kind).items():
        value = table.values.get(field, default)
        try:
            columns[field] = _column(kind, field, value, table.count)
        except ValidationError as error:
            if isinstance(value, np.ndarray):
                refused.append(field)
            else:
                told = faults_of(error)[0]
                findings.note(dataclasses.replace(told, path=f"{name}.{field}"))
        except _Unfit:
            refused.append(field)
    rows: Iterable[int] = ()
    if refused:
        rows = range(table.count)
    elif len(columns) == len(_fields(kind)):
        rows = np.flatnonzero(_suspects(kind, columns)).tolist()
    for fault in table.faults(rows):
        findings.note(fault)
    if refused and not findings:
        findings.note(
            *(Fault(f"{name}.{field}", "cannot be read as a column") for field in refused)
        )
    return kind(table.count, columns)


def _fields(kind: type[Rows]) -> dict[str, Any]:
    """The columns of a table with their defaults."""
    own = {f.name: f.default for f in dataclasses.fields(kind.of) if f.name in kind.attributes}
    beside = dict.fromkeys(("site", "commodity"), dataclasses.MISSING) if kind is Inputs else {}
    return {**beside, **own}


# --- the form of a table -------------------------------------------------------------------------


def _laid_out(kind: type[Rows], name: str, given: Columns | None) -> tuple[_Table, list[Fault]]:
    """A table with columns as arrays of one length, and what is wrong with its form."""
    keys = [] if given is None else list(given.keys())
    fields = _fields(kind)
    faults = [
        Fault(f"{name}.{key}", f"unknown column; {nearest(str(key), fields)}")
        for key in keys
        if key not in fields
    ]
    values = {key: _array(given[key]) for key in keys if key in fields} if given is not None else {}
    if values:
        faults += [
            Fault(f"{name}.{field}", "is required")
            for field, default in fields.items()
            if default is dataclasses.MISSING and field not in values
        ]
    sizes = {key: v.shape for key, v in values.items() if isinstance(v, np.ndarray)}
    count = next((shape[0] for shape in sizes.values()), 1 if values else 0)
    for key, shape in sizes.items():
        if len(shape) != 1:
            faults.append(Fault(f"{name}.{key}", "must have one dimension", shape))
        elif shape[0] != count:
            rule = f"must have one value, or {count} as {next(iter(sizes))} has"
            faults.append(Fault(f"{name}.{key}", rule, shape[0]))
    return _Table(kind, name, count, values), faults


def _array(value: Any) -> Any:
    """A column as an array; one value for all rows as it is."""
    if isinstance(value, np.ma.MaskedArray):
        items = np.array(value, dtype=object, subok=False)
        items[np.ma.getmaskarray(value)] = None
        return items
    if isinstance(value, list | tuple):
        types = set(map(type, value))
        plain = len(types) == 1 and types <= {float, int, bool}
        return np.array(value) if plain else np.fromiter(value, object, len(value))
    if hasattr(value, "__array__") and not dataclasses.is_dataclass(value):
        array = np.asarray(value)
        return array if array.ndim else array.item()
    return value


def _python(values: Values) -> list[Any]:
    """The values as plain Python has them."""
    items = values.tolist()
    if values.dtype != object:
        return list(items)
    return [
        v.item() if isinstance(v, np.generic) else tuple(v) if isinstance(v, list) else v
        for v in items
    ]


def _parts(values: Values) -> Iterator[list[Any]]:
    """The values as plain Python has them, not all at once."""
    for start in range(0, len(values), PART):
        yield _python(values[start : start + PART])


# --- one column ----------------------------------------------------------------------------------


class _Unfit(Exception):
    """The column has other types than its field."""


def _column(kind: type[Rows], field: str, value: Any, count: int) -> Column:
    """The column, if it keeps its field's rule."""
    attribute = kind.attributes.get(field)
    if not isinstance(value, np.ndarray):
        make = Coded.of if attribute is None else attribute.make
        if value is dataclasses.MISSING:  # of a table that is not there
            return make([])
        if value is not _fields(kind)[field]:
            (value,) = _accepted(kind, field, [value])
        return repeated(make([value]), count)
    what = object if attribute is None else attribute.kind
    if what is float:
        return Plain(_numbers(kind, field, value))
    if what is int or what is bool:
        return Plain(_exact(kind, field, value, what))
    if what is Times and (
        value.dtype.kind in "fiu" or (value.dtype == object and _types(value) <= {int, float})
    ):
        return Times.all_fixed(_numbers(kind, field, value))
    try:
        coded = Coded.of_parts(_parts(value), count)
    except TypeError:  # cannot be told apart by hash
        raise _Unfit from None
    coded = Coded(coded.codes, _accepted(kind, field, coded.values))
    return Times.decoded(coded) if what is Times else coded


def accepted(cls: type, field: str, values: Sequence[Any]) -> list[Any]:
    """The values as a field of a class keeps them; raises `ValidationError`."""
    return _adapter(cls, field).validate_python(list(values))


@cache
def _adapter(cls: Hashable, field: str) -> TypeAdapter[list[Any]]:
    hint = typing.get_type_hints(cls, include_extras=True)[field]
    return TypeAdapter(list[hint], config=CONFIG)  # type: ignore[valid-type]


def _accepted(kind: type[Rows], field: str, values: Sequence[Any]) -> list[Any]:
    """The values as the field keeps them; raises `ValidationError`."""
    cls = kind.of if field in kind.attributes else _Owner
    return accepted(cls, field, values)


def _types(values: Values) -> set[type]:
    if values.dtype != object:
        return set()
    return set().union(*(map(type, part) for part in _parts(values)))


def _numbers(kind: type[Rows], field: str, given: Values) -> Floats:
    """A column of numbers; NaN only where None was given and is allowed."""
    if given.dtype.kind in "fiu":
        values, present = np.array(given, dtype=float), slice(None)
    elif given.dtype == object and _types(given) <= {int, float, NoneType}:
        items = _python(given)
        missing = np.array([item is None for item in items], bool)
        if missing.any():
            _accepted(kind, field, [None])
        try:
            values, present = np.array(items, dtype=float), ~missing  # type: ignore[assignment]
        except OverflowError:
            raise _Unfit from None
    else:
        raise _Unfit
    _accepted(kind, field, _extremes(values[present]))
    return sealed(values)


def _extremes(values: Floats) -> list[float]:
    """The least, the greatest, and what is nearest to 0 but not 0; NaN if there is one."""
    if not values.size:
        return []
    near = np.argmin(np.where(values == 0.0, np.inf, np.abs(values)))
    return [float(values.min()), float(values.max()), float(values[near])]


def _exact(kind: type[Rows], field: str, given: Values, what: type) -> Values:
    """A column of whole numbers or truths."""
    kinds = {int: "iu", bool: "b"}[what]
    if given.dtype.kind not in kinds and not (given.dtype == object and _types(given) <= {what}):
        raise _Unfit
    if given.size:
        _accepted(kind, field, [what(given.min()), what(given.max())])
    return sealed(np.array(given, dtype=np.int64 if what is int else bool))


# --- rules between columns -----------------------------------------------------------------------


def _suspects(kind: type[Rows], columns: Mapping[str, Column]) -> NDArray[np.bool_]:
    """Rows that may break a rule of the object as a whole."""
    rows = kind(0, columns)
    if isinstance(rows, Sites):
        hosted = rows.host.each(lambda name: name is not None) > 0.0
        capacity, utilisation = np.isnan(rows.capacity), np.isnan(rows.utilisation)
        unknown = capacity & utilisation & (rows.idle_capacity <= 0.0)
        unclear = unknown | ~(capacity | utilisation)
        return np.asarray(unclear | (hosted == np.isnan(rows.host_yield)))
    if isinstance(rows, Demands):
        return np.asarray(rows.size.mean <= 0.0)
    if isinstance(rows, Ranges):
        return np.asarray(rows.low > rows.high)
    if isinstance(rows, Lanes):
        places = {name: place for place, name in enumerate(rows.source.values)}
        table = np.array([places.get(name, -1) for name in rows.target.values], np.int32)
        return np.asarray(table[rows.target.codes] == rows.source.codes)
    return np.zeros(0, bool)
