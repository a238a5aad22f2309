"""How what was disturbed comes back: at once, evenly, or slowly-fast-slowly; in daily steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field, model_validator

from supplysim.changes import Change, Target, Value
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import Context, Measure
from supplysim.model.fields import Course as Days
from supplysim.model.fields import Items, Share, frozen

__all__ = ["Disruption", "Recovering"]


@frozen
class Recovering(Measure):
    """Something in force from ``begins`` to ``ends``, which then wears off over ``recovery_days``.

    ``recovery`` is at once (``step``), evenly (``linear``) or slowly-fast-slowly (``s-shaped``), in daily steps.
    """

    _: KW_ONLY
    recovery: Literal["step", "linear", "s-shaped"] = "step"
    recovery_days: Days = 0.0

    @model_validator(mode="after")
    def _ends_at_all(self) -> Recovering:
        if self.recovery != "step" and (self.recovery_days <= 0.0 or self.ends is None):
            rule = f"a {self.recovery} recovery needs days and ends"
            raise InvalidInput([Fault("recovery_days", rule)], what=type(self).__name__)
        return self

    def depth(self, day: float, down: float) -> float:
        """How much of it is left ``day`` days after its start, of what lasts ``down`` days in full: 1 to 0."""
        if day < 0.0:
            return 0.0
        if day < down:
            return 1.0
        if self.recovery == "step" or day >= down + self.recovery_days:
            return 0.0
        x = (day - down) / self.recovery_days
        return 1.0 - (x if self.recovery == "linear" else x * x * (3.0 - 2.0 * x))

    def days_down(self, context: Context) -> float:
        """Days from the day of force to ``ends``."""
        return math.inf if self.ends is None else context.time(self.ends) - self.in_force(context)

    def length(self, context: Context) -> float:
        """Days from the day of force until nothing is left of it; 0 if it stays as it begins."""
        return 0.0 if self.ends is None else self.days_down(context) + self.recovery_days

    def steps(
        self, context: Context, target: Target, value: Callable[[float], Value | None]
    ) -> list[Change]:
        """Daily steps of ``value``, asked with days since the start; None is as if there were nothing."""
        begins, length = self.in_force(context), self.length(context)
        path: list[tuple[float, Value | None]] = []
        for day in range(max(1, math.ceil(length))):
            now = value(float(day))
            if not path or now != path[-1][1]:
                path.append((float(day), now))
        if length > 0.0:
            path.append((length, value(length)))
        return [Change(begins + day, target, self.key, now) for day, now in path]


@frozen
class Disruption(Recovering):
    """Something loses the share ``severity`` of what it can do, then recovers.

    Or give ``observed``: pairs (days since the start, share of normal), joined by straight lines; the last one stays.
    """

    _: KW_ONLY
    severity: Share = 1.0
    observed: Annotated[Sequence[Annotated[tuple[Days, Share], Field(strict=False)]], Items] = ()

    @model_validator(mode="after")
    def _observed_alone(self) -> Disruption:
        faults = []
        days = [day for day, _ in self.observed]
        if days != sorted(set(days)):
            faults.append(Fault("observed", "days must go up", days))
        if self.observed and self.ends is not None:
            faults.append(Fault("observed", "stands in place of ends"))
        if faults:
            raise InvalidInput(faults, what=type(self).__name__)
        return self

    def length(self, context: Context) -> float:
        """Days from the day of force until it is as it stays."""
        return self.observed[-1][0] if self.observed else Recovering.length(self, context)

    def left(self, day: float, down: float) -> float:
        """Share of normal left ``day`` days after the start of what lasts ``down`` days in full."""
        if self.observed and day >= 0.0:
            return _between(day, self.observed)
        return 1.0 - self.severity * self.depth(day, down)


def _between(day: float, points: Sequence[tuple[float, float]]) -> float:
    """Straight lines between points; the first value before them, the last after them."""
    last_day, last = points[0]
    for next_day, value in points:
        if day < next_day:
            width = next_day - last_day
            return last if width <= 0.0 else last + (value - last) * ((day - last_day) / width)
        last_day, last = next_day, value
    return last
