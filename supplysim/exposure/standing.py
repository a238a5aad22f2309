"""Which measures stand in the way of what, day by day, as a run's dated changes say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from supplysim.changes import Add, Cap, Change, Closed, Factor, Inspection, Recall, Standing, Value
from supplysim.timeline import Timeline

__all__ = ["InTheWay", "in_the_way"]

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class InTheWay:
    """By day and entity, which of ``names`` (0: none) holds it back.

    A name is a measure's key, or several joined with `` + `` where each alone would do: then taking one of them away
    changes nothing. ``shut`` is of gates that nothing passes, ``gate`` of those that let some pass, ``slow`` of longer
    ways, ``taken`` of what is seized or recalled (all by lane), ``capacity`` by site, ``chance`` by site and by lane
    what chance may bring.
    """

    names: list[str]
    shut: Labels
    gate: Labels
    slow: Labels
    taken: Labels
    capacity: Labels
    chance: dict[str, Labels]


def in_the_way(timeline: Timeline, days: int) -> InTheWay:
    """Read the dated changes, and what watches, renewals and attempts may make while they are on."""
    t = timeline.network.tables
    sizes = {"lane": len(t.lanes), "site": len(t.sites)}
    found = {
        name: _Book(days, sizes["site" if name == "capacity" else "lane"])
        for name in ("shut", "gate", "slow", "taken", "capacity")
    }
    chance = {kind: _Book(days, size) for kind, size in sizes.items()}
    place = t.entity_place
    for change, until in _spans(timeline.changes, days):
        name = _kind(change.target.kind, change.target.attribute, change.value)
        if name and not _own(change.key):
            row = place[change.target.kind][change.target.name]
            end = days if name == "taken" else until
            found[name].add(row, change.time, end, change.key)
    makers: list[Standing] = [*timeline.watches, *timeline.renewals, *timeline.attempts]
    for maker in makers:
        for change in maker.makes:
            kind, value = change.target.kind, change.value
            if _kind(kind, change.target.attribute, value) in ("shut", "capacity") and not _own(
                change.key
            ):
                row = place[kind][change.target.name]
                chance[kind].add(row, maker.begins, min(maker.ends, days), change.key)
    names = [""]
    known = {"": 0}
    labels = {name: book.labels(names, known) for name, book in found.items()}
    return InTheWay(names, **labels, chance={k: b.labels(names, known) for k, b in chance.items()})


def _own(key: str) -> bool:
    """Keys of the library's own hold a sign that no measure's may hold."""
    return "|" in key


def _spans(changes: tuple[Change, ...], days: int) -> Iterator[tuple[Change, float]]:
    """Every change that sets a value, and until when it stands."""
    ends: dict[tuple[object, str], float] = {}
    for change in reversed(changes):
        place = (change.target, change.key)
        if change.value is not None and change.time < days:
            yield change, ends.get(place, float(days))
        ends[place] = change.time


def _kind(kind: str, attribute: str, value: Value | None) -> str:
    """What a value does to what passes; "" if it takes nothing away."""
    if value is None:
        return ""
    if isinstance(value, Closed):
        return "shut"
    if isinstance(value, Recall) or (isinstance(value, Inspection) and value.fate == "seized"):
        return "taken"
    if attribute == "gate":
        return "slow" if isinstance(value, Inspection) else "gate"
    if attribute == "delay":
        return "slow"
    less = isinstance(value, Cap) or (isinstance(value, Factor) and value.value < 1.0)
    if attribute == "capacity" and less:
        return "capacity" if kind == "site" else "gate"
    if attribute == "share" and (less or (isinstance(value, Add) and value.value < 0.0)):
        return "gate"
    return ""


class _Book:
    """Who stands where and when."""

    def __init__(self, days: int, size: int) -> None:
        self._shape = (days, size)
        self._spans: dict[int, list[tuple[int, int, str]]] = {}

    def add(self, row: int, start: float, end: float, key: str) -> None:
        first, last = math.floor(max(0.0, start)), math.ceil(min(self._shape[0], end))
        if first < last:
            self._spans.setdefault(row, []).append((first, last, key))

    def labels(self, names: list[str], known: dict[str, int]) -> Labels:
        found = np.zeros(self._shape, np.int32)
        for row, spans in self._spans.items():
            marks = sorted(
                {0, self._shape[0], *(x for first, last, _ in spans for x in (first, last))}
            )
            for first, last in pairwise(marks):
                keys = sorted({key for a, b, key in spans if a <= first and last <= b})
                name = " + ".join(keys)
                if name not in known:
                    known[name] = len(names)
                    names.append(name)
                found[first:last, row] = known[name]
        return found
