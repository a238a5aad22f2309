"""Strategies of numbers and durations that stay readable: whole sixteenths, simplest first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from supplysim.model import (
    Distribution,
    Empirical,
    Exponential,
    Fixed,
    Lognormal,
    Triangular,
    Uniform,
)

__all__ = ["RARELY", "durations", "grid", "mostly", "sixteenths"]

T = TypeVar("T")

RARELY: SearchStrategy[bool] = st.sampled_from((False, False, False, True))


def grid(low: float, high: float) -> tuple[float, ...]:
    """Multiples of 1/16 from ``low`` to ``high`` to sample from: whole ones first, and about as often
    as all others, with the two ends more often still. One draw from it is much faster than a choice of strategies.
    """
    whole = tuple(float(k) for k in range(math.ceil(low), math.floor(high) + 1)) or (float(low),)
    parts = tuple(k / 16 for k in range(round(low * 16), round(high * 16) + 1))
    ends = (float(low), float(high)) * (len(parts) // 16)
    return (*whole, *parts, *whole * (len(parts) // len(whole)), *ends)


def mostly(default: T, others: Sequence[T]) -> SearchStrategy[T]:
    """The default about half the time, and first."""
    return st.just(default) | st.sampled_from(others)


def sixteenths(low: float, high: float) -> SearchStrategy[float]:
    """Multiples of 1/16 from ``low`` to ``high``; whole numbers are tried first.

    >>> from hypothesis import find
    >>> find(sixteenths(0, 60), lambda x: x > 2.5)
    3.0
    """
    return st.sampled_from(grid(low, high))


def durations(
    low: float = 0.0, high: float = 60.0, *, deterministic: bool = False, lognormal: bool = True
) -> SearchStrategy[Distribution]:
    """Lead times (or sizes) of every family with parameters in [``low``, ``high``]; `Fixed` is simplest.

    >>> from hypothesis import find
    >>> find(durations(), lambda d: d.mean > d.least > 1)
    Uniform(low=2.0, high=3.0)
    """
    number, positive = sixteenths(low, high), sixteenths(max(low, 0.0625), high)
    made = {value: Fixed(value) for value in grid(low, high)}
    families: list[SearchStrategy[Distribution]] = [
        st.sampled_from([made[value] for value in grid(low, high)])
    ]
    if not deterministic:
        families += [
            st.tuples(number, number).map(lambda x: Uniform(*sorted(x))),
            st.tuples(number, number, number).map(lambda x: Triangular(*sorted(x))),
            positive.map(Exponential),
            st.lists(number, min_size=1, max_size=4).map(_empirical),
        ]
    if lognormal and not deterministic:
        families.append(st.builds(_lognormal, positive, st.integers(0, 32)))
    return st.one_of(families)


def _lognormal(mean: float, sixteenth: int) -> Lognormal:
    """With a spread of at most twice the mean: wider ones hardly ever come near it."""
    return Lognormal(mean, mean * sixteenth / 16)


def _empirical(values: list[float]) -> Empirical:
    return Empirical(tuple(values))
