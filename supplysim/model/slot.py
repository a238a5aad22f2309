"""The stocks that order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from supplysim.model.nodes import Demand, Input, Store

__all__ = ["Slot"]


@dataclass(frozen=True)
class Slot:
    """One stock that orders: an input of a site, a store, or a demand. Read-only view of its owner.

    ``key`` is ``site|commodity`` for an input and the node's name otherwise; ``gain`` is units needed per
    unit of the node's throughput; ``rate`` is final use per day (demands only).

    >>> from supplysim.testing import tiny
    >>> slot = tiny().slots["use"]
    >>> slot.kind, slot.commodity, slot.rate
    ('demand', 'ore', 1.0)
    """

    key: str
    kind: Literal["input", "store", "demand"]
    node: str
    commodity: str
    country: str
    gain: float
    rate: float
    item: Input | Store | Demand
