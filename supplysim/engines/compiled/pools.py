"""What rows of several tables point into: distributions, streams, floats and whole numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from supplysim import draws
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.layout import TABLES
from supplysim.model import (
    Distribution,
    Empirical,
    Exponential,
    Fixed,
    Lognormal,
    Triangular,
    Uniform,
)

__all__ = ["Pools", "address", "copied", "rows"]

LINE = 64
"""Bytes of a cache line."""
SMALL = 2**15
"""Bytes below which a table is in cache wherever it begins."""


def rows(name: str, count: int) -> Any:
    """A table of zeros; at least one row, so that its address is that of something."""
    dtype = TABLES[name]
    size = max(1, count) * dtype.itemsize
    made: Any
    if size < SMALL:
        made = np.zeros(max(1, count), dtype=dtype)
    else:
        made = _at_line(np.zeros(size + LINE, dtype=np.uint8), size).view(dtype)
    return made.view(np.recarray) if dtype.names else made


def copied(table: Any) -> Any:
    """A copy of a table."""
    if table.nbytes < SMALL:
        return table.copy()
    made: Any = _at_line(np.empty(table.nbytes + LINE, dtype=np.uint8), table.nbytes)
    made = made.view(table.dtype)
    made[:] = table
    return made


def address(array: Any) -> int:
    """Where an array begins."""
    found: int = array.ctypes.data
    return found


def _at_line(memory: Any, size: int) -> Any:
    """The part of some bytes that starts with a cache line, as rows of 64 bytes should."""
    start = -address(memory) % LINE
    return memory[start : start + size]


class Pools:
    """Collects rows while the tables are filled."""

    def __init__(self) -> None:
        self.distributions: list[tuple[Any, ...]] = []
        self.streams: list[tuple[int, int]] = []
        self.floats: list[float] = []
        self.numbers: list[int] = []
        self._known: dict[Distribution | float, int] = {}

    def fixed(self, value: float) -> int:
        """The row of what is always the same."""
        if value not in self._known:
            self._known[value] = len(self.distributions)
            self.distributions.append((c.FIXED, value, 0.0, 0.0, value, 0, 0))
        return self._known[value]

    def distribution(self, item: Distribution) -> int:
        """The row of a distribution; equal ones share it."""
        if isinstance(item, Fixed):
            return self.fixed(float(item.value))
        if item not in self._known:
            first = len(self.floats)
            values: Sequence[float] = ()
            match item:
                case Uniform():
                    row = (c.UNIFORM, item.low, item.high, 0.0)
                case Triangular():
                    row = (c.TRIANGULAR, item.low, item.mode, item.high)
                case Exponential():
                    row = (c.EXPONENTIAL, item.average, 0.0, 0.0)
                case Lognormal():
                    row = (c.LOGNORMAL, item.average, item.sd, 0.0)
                case Empirical():
                    row = (c.EMPIRICAL, 0.0, 0.0, 0.0)
                    values = item.values
            self.floats += values
            self._known[item] = len(self.distributions)
            self.distributions.append((*row, item.mean, first, len(values)))
        return self._known[item]

    def stream(self, kind: str, name: str, purpose: draws.Purpose) -> int:
        """A new stream."""
        self.streams.append((draws.entity(kind, name), int(purpose)))
        return len(self.streams) - 1

    def fill(self, arrays: dict[str, Any]) -> None:
        """Turn what was collected into tables."""
        table = arrays["distributions"] = rows("distributions", len(self.distributions))
        names = ("kind", "a", "b", "c", "average", "first", "count")
        for name, values in zip(names, zip(*self.distributions, strict=True), strict=False):
            table[name] = values
        table = arrays["streams"] = rows("streams", len(self.streams))
        if self.streams:
            table["entity"] = np.array([entity for entity, _ in self.streams], dtype=np.uint64)
            table["purpose"] = np.array([purpose for _, purpose in self.streams], dtype=np.uint64)
        table["day"] = -math.inf
        arrays["floats"] = np.array([*self.floats, 0.0])
        arrays["numbers"] = np.array([*self.numbers, 0, 0], dtype=np.int64)
