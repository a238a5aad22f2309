"""Columns: the values that one attribute has in all rows of a table, without an object for each.

`Plain` holds numbers, `Coded` values that repeat (names, policies, countries), `Times` random amounts, most of
which are fixed. Each gives back a row's value as its object has it, can be reordered, and joined to others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from supplysim.model.distributions import Distribution, Fixed

__all__ = [
    "Coded",
    "Codes",
    "Column",
    "Floats",
    "Ints",
    "Plain",
    "Times",
    "made",
    "repeated",
    "sealed",
]

T = TypeVar("T")
A = TypeVar("A", bound=NDArray[Any])
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


def made(cls: type[T], values: dict[str, Any]) -> T:
    """An object of a frozen class from values that were checked before."""
    item = object.__new__(cls)
    item.__dict__.update(values)
    return item


def sealed(array: A) -> A:
    """The array, which can no longer be written to."""
    array.setflags(write=False)
    return array


def _picked(array: NDArray[Any], rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
    if array.strides == (0,):  # one value for all rows, which takes no memory
        return np.broadcast_to(array[:1], rows.shape)
    return sealed(array[rows])


def _spread(values: Floats, codes: Codes) -> Floats:
    """``values[codes]``; a single value takes no memory."""
    if values.size == 1:
        return np.broadcast_to(values, codes.shape)
    return sealed(values[codes])


@dataclass(frozen=True)
class Plain:
    """Numbers, whole numbers or truths; in a column of numbers NaN stands for None."""

    array: NDArray[Any]

    @classmethod
    def of(cls, values: Sequence[float | None], dtype: type) -> Plain:
        """The column of some values."""
        return cls(sealed(np.array(values, dtype=dtype)))  # None becomes NaN

    def __getitem__(self, row: int) -> Any:
        value = self.array.item(row)
        return None if value != value else value

    def take(self, rows: NDArray[np.integer[Any]]) -> Plain:
        """The column of these rows."""
        return Plain(_picked(self.array, rows))

    @classmethod
    def join(cls, columns: Sequence[Plain]) -> Plain:
        """The columns one after another."""
        return cls(sealed(np.concatenate([column.array for column in columns])))


class _Codes(dict[Any, int]):
    """Values of one type by code; a new one is added to the list of all, whose place is its code."""

    def __init__(self, distinct: list[Any]) -> None:
        self.distinct = distinct

    def __missing__(self, value: Any) -> int:
        self[value] = code = len(self.distinct)
        self.distinct.append(value)
        return code


@dataclass(frozen=True)
class Coded(Generic[T]):
    """Values that repeat: a row's value is ``values[codes[row]]``."""

    codes: Codes
    values: Sequence[T]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Coded[Any]:
        """The column of some values, each distinct one (by type, too) kept once."""
        return cls.of_parts([values], len(values))

    @classmethod
    def of_parts(cls, parts: Iterable[Sequence[Any]], count: int) -> Coded[Any]:
        """The column of values that come in parts, ``count`` in all."""
        codes, first = np.empty(count, np.int32), 0
        distinct: list[Any] = []
        by_type: dict[type, _Codes] = {}
        for part in parts:
            types = set(map(type, part))
            for new in types.difference(by_type):
                by_type[new] = _Codes(distinct)
            if len(types) == 1:  # a million names: no work in Python for each
                found = map(by_type[types.pop()].__getitem__, part)
            else:
                found = (by_type[type(value)][value] for value in part)  # type: ignore[assignment]
            codes[first : first + len(part)] = np.fromiter(found, np.int32, len(part))
            first += len(part)
        return cls(sealed(codes), distinct)

    def __getitem__(self, row: int) -> T:
        return self.values[self.codes.item(row)]

    def take(self, rows: NDArray[np.integer[Any]]) -> Coded[T]:
        """The column of these rows."""
        return Coded(_picked(self.codes, rows), self.values)

    @classmethod
    def join(cls, columns: Sequence[Coded[T]]) -> Coded[T]:
        """The columns one after another."""
        starts = np.cumsum([0, *(len(column.values) for column in columns)])
        codes = [c.codes + start for c, start in zip(columns, starts, strict=False)]
        values = [value for column in columns for value in column.values]
        return cls(sealed(np.concatenate(codes).astype(np.int32)), values)

    def each(self, measure: Callable[[T], float]) -> Floats:
        """A number of every row's value, found once for each distinct one.

        >>> Coded.of(["a", "bcd", "a"]).each(len)
        array([1., 3., 1.])
        """
        return _spread(np.array([measure(value) for value in self.values], float), self.codes)

    def every(self) -> list[T]:
        """The values row by row."""
        values = self.values
        return [values[code] for code in self.codes.tolist()]


@dataclass(frozen=True)
class Times:
    """Random amounts: ``values[codes[row]]``, or where the code is -1 fixed at ``fixed[row]`` (NaN: None)."""

    fixed: Floats
    codes: Codes
    values: Sequence[Distribution]

    @classmethod
    def of(cls, values: Sequence[Distribution | None]) -> Times:
        """The column of some distributions."""
        return cls.decoded(Coded.of(values))

    @classmethod
    def decoded(cls, coded: Coded[Distribution | None]) -> Times:
        """The column of coded distributions."""
        drawn = [x for x in coded.values if x is not None and not isinstance(x, Fixed)]
        place = {id(value): code for code, value in enumerate(drawn)}
        table = np.array([place.get(id(value), -1) for value in coded.values], np.int32)
        fixed = np.array([x.value if isinstance(x, Fixed) else math.nan for x in coded.values])
        if table.size == 1:
            codes = np.broadcast_to(table, coded.codes.shape)
            return cls(_spread(fixed, coded.codes), codes, drawn)
        return cls(sealed(fixed[coded.codes]), sealed(table[coded.codes]), drawn)

    @classmethod
    def all_fixed(cls, values: Floats) -> Times:
        """The column of fixed times."""
        return cls(values, np.broadcast_to(np.int32(-1), values.shape), [])

    def __getitem__(self, row: int) -> Distribution | None:
        code = self.codes.item(row)
        if code >= 0:
            return self.values[code]
        value = self.fixed.item(row)
        return None if value != value else made(Fixed, {"value": value})

    def take(self, rows: NDArray[np.integer[Any]]) -> Times:
        """The column of these rows."""
        return Times(_picked(self.fixed, rows), _picked(self.codes, rows), self.values)

    @classmethod
    def join(cls, columns: Sequence[Times]) -> Times:
        """The columns one after another."""
        starts = np.cumsum([0, *(len(column.values) for column in columns)])
        codes = [
            np.where(c.codes < 0, np.int32(-1), c.codes + start)
            for c, start in zip(columns, starts, strict=False)
        ]
        return cls(
            sealed(np.concatenate([column.fixed for column in columns])),
            sealed(np.concatenate(codes).astype(np.int32)),
            [value for column in columns for value in column.values],
        )

    def each(self, measure: Callable[[Distribution], float]) -> Floats:
        """A number of every row's distribution that is its value where it is fixed (mean, least)."""
        if not self.values:
            return self.fixed
        table = np.array([measure(value) for value in self.values])
        return sealed(np.where(self.codes < 0, self.fixed, table[self.codes]))

    @property
    def mean(self) -> Floats:
        """Expected values; NaN where there is none."""
        return self.each(lambda value: value.mean)

    @property
    def least(self) -> Floats:
        """Smallest possible values."""
        return self.each(lambda value: value.least)


Column = Plain | Coded[Any] | Times


def repeated(column: Column, count: int) -> Column:
    """A column of one row, for many rows; it takes no more memory.

    >>> repeated(Plain.of([7.0], float), 3).array
    array([7., 7., 7.])
    """
    if isinstance(column, Plain):
        return Plain(np.broadcast_to(column.array, count))
    codes = np.broadcast_to(column.codes, count)
    if isinstance(column, Coded):
        return Coded(codes, column.values)
    return Times(np.broadcast_to(column.fixed, count), codes, column.values)
