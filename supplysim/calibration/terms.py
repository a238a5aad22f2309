"""What the equations of a calibration are made of: variables, and figures as measurements of sums of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supplysim.calibration.rows import Figure

__all__ = ["HUB", "Balance", "Measurement", "Terms", "Variable", "hub", "named"]

Variable = tuple[str, ...]
"""What a number speaks of: ``("flow", "gallium", "CN", "JP")``."""
Terms = dict[Variable, float]
"""A weighted sum of variables."""
Balance = tuple[str, Terms]
"""A name, and a sum that is 0."""
HUB = "hub:"
"""How the place of a hub begins."""


def hub(country: str) -> str:
    """The place of a country's hub among the places of a flow."""
    return HUB + country


def named(*parts: str) -> str:
    """Parts of a name that are there, one after another."""
    return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Measurement:
    """A figure about a sum of variables; ``figure`` is None for a prior.

    A figure that is a ratio (a share, a recipe) says that ``part`` - ratio x ``whole`` is 0.
    """

    name: str
    terms: Mapping[Variable, float]
    value: float
    sd: float
    figure: Figure | None = None
    part: Variable = ()
    whole: tuple[Variable, ...] = ()

    def told(self, values: Mapping[Variable, float]) -> tuple[float, float]:
        """The figure in its own terms: as given, and as some values have it."""
        if not self.part:
            return self.value, sum(w * values.get(key, 0.0) for key, w in self.terms.items())
        whole = sum(values.get(key, 0.0) for key in self.whole)
        given: float = self.figure.quantity if self.figure else 0.0  # type: ignore[attr-defined]
        return given, values.get(self.part, 0.0) / whole if whole > 0.0 else 0.0
