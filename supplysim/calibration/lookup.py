"""Which rows of the figures speak of what: the most specific recipe or parameter wins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

from supplysim.calibration.figures import Figures
from supplysim.calibration.rows import WORLD, Figure, Material, Parameter, Recipe

__all__ = ["REST", "Lookup", "Maker", "deviation", "spread"]

REST = "ZZ"
"""The rest of the world, which takes in every country that a commodity does not name."""
Maker = tuple[str, str, str]
"""Who makes something: commodity, country and process."""
_SPREAD = {"read": 0.03, "derived": 0.08, "assumed": 0.25}
"""The standard deviation of a figure without a range, as a share of its value."""


def spread(figure: Figure, value: float) -> float:
    """The standard deviation of a figure, as a share of its value.

    A range counts as two standard deviations either way, and never as less than 2 % of the value.
    """
    given = _SPREAD[figure.evidence.confidence]
    if figure.low is None or figure.high is None or value == 0.0:
        return given
    return max(0.02, (figure.high - figure.low) / 4.0 / value)


def deviation(figure: Figure, value: float) -> float:
    """The standard deviation of a figure in its own unit; of a 0 it is a quarter of its range."""
    if value == 0.0 and figure.low is not None and figure.high is not None:
        return (figure.high - figure.low) / 4.0
    return spread(figure, value) * value


class Lookup:
    """Figures by what they speak of."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    @cached_property
    def commodities(self) -> Mapping[str, Material]:
        """Commodities by name."""
        return {item.name: item for item in self.figures.commodities}

    @cached_property
    def makers(self) -> Mapping[str, list[Maker]]:
        """Who makes each commodity, sorted; whoever makes none is left out."""
        found: dict[str, set[Maker]] = defaultdict(set)
        for row in self.figures.production:
            if row.country != WORLD and row.quantity > 0.0:
                found[row.commodity].add((row.commodity, row.country, row.process))
        return {name: sorted(makers) for name, makers in sorted(found.items())}

    @cached_property
    def inputs(self) -> Mapping[Maker, dict[str, Recipe]]:
        """The recipe of every maker: its rows by input."""
        by_product: dict[str, list[Recipe]] = defaultdict(list)
        for row in self.figures.recipes:
            by_product[row.product].append(row)
        found = {}
        for product, makers in self.makers.items():
            for maker in makers:
                best: dict[str, Recipe] = {}
                for row in sorted(by_product[product], key=_specific):
                    if row.process in ("", maker[2]) and row.country in ("", maker[1]):
                        best[row.input] = row  # the more specific ones come later
                found[maker] = dict(sorted(best.items()))
        return found

    @cached_property
    def hubs(self) -> Mapping[str, set[str]]:
        """The hubs of each commodity."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in self.figures.hubs:
            found[row.commodity].add(row.country)
        return found

    @cached_property
    def _parameters(self) -> Mapping[str, list[Parameter]]:
        found: dict[str, list[Parameter]] = defaultdict(list)
        for row in self.figures.parameters:
            found[row.parameter].append(row)
        return found

    def parameter(
        self, name: str, commodity: str, country: str = "", user: str = ""
    ) -> Parameter | None:
        """The most specific row of a parameter; between two as specific, the commodity counts most, then the user."""
        best, most = None, -1
        for row in self._parameters.get(name, ()):
            fits = (
                row.commodity in ("", commodity)
                and row.country in ("", country)
                and row.user in ("", user)
            )
            rank = 4 * bool(row.commodity) + 2 * bool(row.user) + bool(row.country)
            if fits and rank > most:
                best, most = row, rank
        return best


def _specific(row: Recipe) -> int:
    return 2 * bool(row.process) + bool(row.country)
