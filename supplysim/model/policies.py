"""When to order and how much: the four policies of an input slot, a store or a demand."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema, model_validator

from supplysim.model.fields import (
    LongTime,
    NonNegative,
    Number,
    Positive,
    frozen,
)
from supplysim.model.notation import parse_call

__all__ = [
    "POLICIES",
    "BaseStock",
    "Days",
    "DaysOfCover",
    "InitialStock",
    "MinMax",
    "OrderPolicy",
    "Policy",
    "ReorderPoint",
]


@frozen
class DaysOfCover:
    """Order up to (planned lead time + review + ``days``) of *baseline* use, plus one lot's need.

    ``review`` is the time between orders in days; 0 is continuous review.

    >>> DaysOfCover(45, review=7)
    DaysOfCover(days=45.0, review=7.0)
    """

    days: LongTime
    review: LongTime = 0.0


@frozen
class BaseStock:
    """Order up to the fixed inventory position ``S`` (units of the commodity).

    >>> BaseStock(8.0, review=7.0).S
    8.0
    """

    S: NonNegative
    review: LongTime = 0.0


@frozen
class MinMax:
    """When the position is at or below ``s``, order up to ``S``: the (s, S) policy.

    >>> MinMax(4.0, 10.0).S
    10.0
    """

    s: Number
    S: NonNegative
    review: LongTime = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> MinMax:
        if self.s >= self.S:
            raise ValueError("must have s < S")
        return self


@frozen
class ReorderPoint:
    """When the position is at or below ``r``, order whole batches of ``Q`` to get above it: (r, Q).

    >>> ReorderPoint(3.0, 5.0).Q
    5.0
    """

    r: Number
    Q: Positive
    review: LongTime = 0.0


Policy = DaysOfCover | BaseStock | MinMax | ReorderPoint
POLICIES: dict[str, type] = {c.__name__: c for c in (DaysOfCover, BaseStock, MinMax, ReorderPoint)}


@frozen
class Days:
    """An initial stock in days of baseline use; with ``high`` a range that each replication draws from.

    >>> Days(20, 40)
    Days(low=20.0, high=40.0)
    """

    low: NonNegative
    high: NonNegative | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Days:
        if self.high is not None and self.high < self.low:
            raise ValueError("must have low <= high")
        return self


@frozen
class Quantity:
    """An initial stock in units; with ``high`` a range that each replication draws from.

    >>> Quantity(120.0)
    Quantity(low=120.0, high=None)
    """

    low: NonNegative
    high: NonNegative | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Quantity:
        if self.high is not None and self.high < self.low:
            raise ValueError("must have low <= high")
        return self


STOCKS: dict[str, type] = {"Days": Days, "Quantity": Quantity}


def _as_policy(value: Any) -> Policy:
    if isinstance(value, str):
        made: Policy = parse_call(value, POLICIES)
        return made
    if isinstance(value, DaysOfCover | BaseStock | MinMax | ReorderPoint):
        return value
    raise ValueError("must be a policy like DaysOfCover(45, review=7)")


def _as_stock(value: Any) -> Days | Quantity | None:
    if value is None or isinstance(value, Days | Quantity):
        return value
    if isinstance(value, str):
        made: Days | Quantity = parse_call(value, STOCKS)
        return made
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Quantity(value)
    if isinstance(value, tuple | list) and len(value) == 2:
        return Quantity(*value)
    raise ValueError("must be a quantity, a pair (low, high), or Days(30) or Days(20, 40)")


OrderPolicy = Annotated[
    Policy,
    PlainValidator(_as_policy),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^\s*({'|'.join(POLICIES)})\(.*\)\s*$"},
    ),
]
"""A policy, or its notation such as ``DaysOfCover(45, review=7)``."""
InitialStock = Annotated[
    Days | Quantity | None,
    PlainValidator(_as_stock),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}, {"type": "null"}]}
    ),
]
"""What is really on hand on day 0: units, (low, high), `Days`, or None for what the warm-up left."""
