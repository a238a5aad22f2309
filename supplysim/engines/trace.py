"""What an engine hands back: plain arrays of daily records, money and, on request, the event log."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["FLOWS", "LEVELS", "Array", "Event", "Trace"]

Array = npt.NDArray[np.float64]
Event = tuple[float, str, str, float]
"""(time in days, kind, entity, quantity)."""

FLOWS = {
    "site": ("output", "started"),
    "slot": ("used", "counted"),
    "demand": ("wanted", "served", "unmet", "deferred", "recovered"),
    "lane": ("ordered", "shipped", "received", "returned", "seized"),
}
"""Daily sums by kind of entity: what happened in [k, k+1)."""
LEVELS = {
    "site": ("stock", "in_process"),
    "slot": ("on_hand",),
    "demand": ("backlog",),
    "lane": ("book", "in_transit"),
}
"""States by kind of entity: as they are at the end of each day."""


@dataclass
class Trace:
    """The raw outcome of one run.

    ``names`` gives the entities of each kind in order; ``daily[kind, variable]`` has shape (days, entities);
    ``opening[kind, level]`` has the states at the start of day 0; ``money[kind, account]`` has totals over the run.
    """

    names: dict[str, list[str]]
    daily: dict[tuple[str, str], Array]
    opening: dict[tuple[str, str], Array]
    money: dict[tuple[str, str], Array]
    events: list[Event] | None = field(default=None)
