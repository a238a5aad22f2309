"""Every exception of supplysim. A message names the place, the rule and the value."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Fault",
    "InvalidInput",
    "NotBalanced",
    "SupplysimError",
    "TooManyEvents",
    "nearest",
]


class SupplysimError(Exception):
    """Base of all errors that supplysim raises on purpose.

    >>> issubclass(InvalidInput, SupplysimError)
    True
    """


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where it stands, which rule it breaks, what was found.

    >>> print(Fault("lanes.csv:4.share", "must be at least 0", -0.2))
    lanes.csv:4.share: must be at least 0; found -0.2
    """

    path: str
    rule: str
    value: object = None

    def __str__(self) -> str:
        found = "" if self.value is None else f"; found {_short(self.value)}"
        return f"{self.path}: {self.rule}{found}" if self.path else f"{self.rule}{found}"


class InvalidInput(SupplysimError, ValueError):
    """An input was refused as a whole; ``faults`` lists everything wrong with it.

    >>> raise InvalidInput([Fault("share", "must be at most 1", 1.5)], what="Lane")
    Traceback (most recent call last):
    ...
    supplysim.errors.InvalidInput: Lane refused, 1 fault:
      share: must be at most 1; found 1.5
    """

    def __init__(
        self, faults: Iterable[Fault], *, what: str = "input", file: Path | str | None = None
    ) -> None:
        self.faults = tuple(faults)
        self.what = what
        self.file = None if file is None else str(file)
        super().__init__(self.faults)

    def __str__(self) -> str:
        count = len(self.faults)
        head = f"{self.file}: {self.what}" if self.file else self.what
        lines = [f"{head} refused, {count} fault{'s' if count != 1 else ''}:"]
        lines += [f"  {fault}" for fault in self.faults]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:  # so that worker processes can hand it back
        return (_rebuild, (self.faults, self.what, self.file))


class NotBalanced(SupplysimError):
    """A result in which goods or money appear or vanish; names the node that breaks the balance.

    >>> raise NotBalanced("site 'mine': 3 t appear from nowhere on day 7")
    Traceback (most recent call last):
    ...
    supplysim.errors.NotBalanced: site 'mine': 3 t appear from nowhere on day 7
    """


class TooManyEvents(InvalidInput):
    """The run would take more events than ``max_events``; names the entities that make them.

    >>> issubclass(TooManyEvents, InvalidInput)
    True
    """


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: the nearest known one, or what there is to choose from.

    >>> nearest("galium", ["gallium", "germanium"])
    "did you mean 'gallium'?"
    """
    names = list(known)
    few = len(names) <= 10_000  # to compare with more would take seconds
    close = difflib.get_close_matches(word, sorted(names), n=1) if few else []
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(heapq.nsmallest(8, names)) + (", ..." if len(names) > 8 else "")
    return f"known: {shown}" if names else "none are defined"


def _rebuild(faults: tuple[Fault, ...], what: str, file: str | None) -> InvalidInput:
    return InvalidInput(faults, what=what, file=file)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
