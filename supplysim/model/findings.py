"""What is found wrong in rows: the first of it told in full, the rest counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from supplysim.errors import Fault

__all__ = ["Findings"]


class Findings:
    """Faults of many rows, of which at most ``limit`` are told (None: all).

    >>> found = Findings(limit=2)
    >>> found.add([4, 5, 6], lambda row: Fault(f"lanes[{row}].share", "must be at least 0"))
    >>> print(*found.faults(), sep="; ")
    lanes[4].share: must be at least 0; lanes[5].share: must be at least 0; and 1 more fault
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._told: list[Fault] = []
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self._told)

    def add(self, rows: Sequence[int] | NDArray[Any], tell: Callable[[int], Fault]) -> None:
        """Note one fault for each of these rows."""
        room = len(rows) if self._limit is None else max(0, self._limit - len(self._told))
        self._told += [tell(int(row)) for row in rows[:room]]
        self._more += max(0, len(rows) - room)

    def note(self, *faults: Fault) -> None:
        """Note faults that are at hand."""
        self.add(range(len(faults)), faults.__getitem__)

    def faults(self) -> list[Fault]:
        """What was found."""
        if not self._more:
            return list(self._told)
        more = f"and {self._more:,} more fault{'s' if self._more > 1 else ''}"
        return [*self._told, Fault("", more)]
