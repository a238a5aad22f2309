"""Lead times and other random durations, each drawn by inverse transform from one uniform draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from supplysim import rules
from supplysim.model.fields import LONGEST, Items, NonNegative, Positive, frozen
from supplysim.model.notation import parse_call

__all__ = [
    "DISTRIBUTIONS",
    "Amount",
    "Distribution",
    "Duration",
    "Empirical",
    "Exponential",
    "Fixed",
    "Lognormal",
    "Triangular",
    "Uniform",
    "stretched",
]


@frozen
class Fixed:
    """Always the same.

    >>> Fixed(7).quantile(0.3)
    7.0
    """

    value: NonNegative

    @property
    def mean(self) -> float:
        """Expected value."""
        return self.value

    @property
    def least(self) -> float:
        """Smallest possible value."""
        return self.value

    def quantile(self, u: float) -> float:
        """The value that a share ``u`` of all draws stays below."""
        return float(self.value)


@frozen
class Uniform:
    """Evenly spread from ``low`` to ``high``.

    >>> Uniform(2, 6).quantile(0.25)
    3.0
    """

    low: NonNegative
    high: NonNegative

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.low > self.high:
            raise ValueError("must have low <= high")
        return self

    @property
    def mean(self) -> float:
        """Expected value."""
        return 0.5 * (self.low + self.high)

    @property
    def least(self) -> float:
        """Smallest possible value."""
        return self.low

    def quantile(self, u: float) -> float:
        """The value that a share ``u`` of all draws stays below."""
        return rules.uniform_between(u, self.low, self.high)


@frozen
class Triangular:
    """From ``low`` to ``high``, most often near ``mode``.

    >>> Triangular(30, 38, 60).mean
    42.666666666666664
    """

    low: NonNegative
    mode: NonNegative
    high: NonNegative

    @model_validator(mode="after")
    def _ordered(self) -> Triangular:
        if not self.low <= self.mode <= self.high:
            raise ValueError("must have low <= mode <= high")
        return self

    @property
    def mean(self) -> float:
        """Expected value."""
        return (self.low + self.mode + self.high) / 3.0

    @property
    def least(self) -> float:
        """Smallest possible value."""
        return self.low

    def quantile(self, u: float) -> float:
        """The value that a share ``u`` of all draws stays below."""
        return rules.triangular(u, self.low, self.mode, self.high)


@frozen
class Exponential:
    """Without memory, with this mean.

    >>> Exponential(10.0).mean
    10.0
    """

    average: Positive

    @property
    def mean(self) -> float:
        """Expected value."""
        return self.average

    @property
    def least(self) -> float:
        """Smallest possible value."""
        return 0.0

    def quantile(self, u: float) -> float:
        """The value that a share ``u`` of all draws stays below."""
        return rules.exponential(u, self.average)


@frozen
class Lognormal:
    """Skewed to the right, given by its own mean and standard deviation (not those of its log).

    >>> Lognormal(average=30.0, sd=10.0).mean
    30.0
    """

    average: Positive
    sd: NonNegative

    @model_validator(mode="after")
    def _tame(self) -> Lognormal:
        if self.sd > 100.0 * self.average:
            raise ValueError("must have sd at most 100 times the mean")
        return self

    @property
    def mean(self) -> float:
        """Expected value."""
        return self.average

    @property
    def least(self) -> float:
        """Smallest possible value."""
        return self.average if self.sd == 0.0 else 0.0

    def quantile(self, u: float) -> float:
        """The value that a share ``u`` of all draws stays below."""
        return rules.lognormal(u, self.average, self.sd)


@frozen
class Empirical:
    """Values as observed, each as likely as the next.

    >>> Empirical([9, 1, 2]).values
    (1.0, 2.0, 9.0)
    """

    values: Annotated[Sequence[NonNegative], Field(min_length=1), Items]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(sorted(float(v) for v in self.values)))

    @property
    def mean(self) -> float:
        """Expected value."""
        return rules.total(self.values) / len(self.values)

    @property
    def least(self) -> float:
        """Smallest possible value."""
        return self.values[0]

    def quantile(self, u: float) -> float:
        """The value that a share ``u`` of all draws stays below."""
        return rules.empirical(u, self.values)


Distribution = Fixed | Uniform | Triangular | Exponential | Lognormal | Empirical


def stretched(distribution: Distribution, factor: float) -> Distribution:
    """The distribution of what is ``factor`` times as large.

    >>> stretched(Uniform(2, 6), 0.5)
    Uniform(low=1.0, high=3.0)
    """
    match distribution:
        case Fixed():
            return Fixed(distribution.value * factor)
        case Uniform():
            return Uniform(distribution.low * factor, distribution.high * factor)
        case Triangular():
            low, mode, high = (
                x * factor for x in (distribution.low, distribution.mode, distribution.high)
            )
            return Triangular(low, mode, high)
        case Exponential():
            return Exponential(distribution.average * factor)
        case Lognormal():
            return Lognormal(distribution.average * factor, distribution.sd * factor)
        case Empirical():
            return Empirical(tuple(value * factor for value in distribution.values))


DISTRIBUTIONS: dict[str, type] = {
    c.__name__: c for c in (Fixed, Uniform, Triangular, Exponential, Lognormal, Empirical)
}


def _as_distribution(value: Any) -> Distribution:
    if isinstance(value, bool):
        raise ValueError("must be a number or a distribution")
    if isinstance(value, int | float):
        return Fixed(value)
    if isinstance(value, str):
        made: Distribution = parse_call(value, DISTRIBUTIONS)
        return made
    if isinstance(value, Fixed | Uniform | Triangular | Exponential | Lognormal | Empirical):
        return value
    raise ValueError("must be a number or a distribution like Triangular(30, 38, 60)")


def _as_days(value: Any) -> Distribution:
    found = _as_distribution(value)
    if found.mean > LONGEST:
        raise ValueError(f"must be at most {LONGEST:g} days on average")
    return found


_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": rf"^\s*({'|'.join(DISTRIBUTIONS)})\(.*\)\s*$"},
        ],
        "description": "A number, or a distribution such as Triangular(30, 38, 60).",
    }
)
Amount = Annotated[Distribution, PlainValidator(_as_distribution), _SCHEMA]
"""A random amount: a number, a distribution, or its notation."""
Duration = Annotated[Distribution, PlainValidator(_as_days), _SCHEMA]
"""A random time in days: a number, a distribution, or its notation."""
