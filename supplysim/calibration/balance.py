"""Figures made consistent: the balanced flows of a year, and what it took to balance them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from supplysim.calibration.figures import Figures
from supplysim.calibration.lookup import Lookup
from supplysim.calibration.reconcile import Reconciled, reconcile
from supplysim.calibration.system import System
from supplysim.calibration.terms import HUB, Variable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEAST_FLOW", "Balanced", "balance"]

LEAST_FLOW = 0.04
"""Flows below this share of their target's use are closed, unless a figure speaks of them,"""
OUTLET = 0.15
"""or they are at least this share of what their source gives."""
DUST = 1e-4
"""Output and use below this share of what was first thought of count as none."""
MOST_CLOSED = 0.1
"""At most this share of a target's use comes by flows that are closed: the smallest go first."""
TINY_FLOW = 0.004
"""Flows below this share of their target's use are closed in any case."""


@dataclass(frozen=True)
class Balanced:
    """Balanced yearly quantities, by variable (see `supplysim.calibration.system`).

    >>> from supplysim import calibration, catalogue
    >>> figures = calibration.read_figures(catalogue.figures_path("jp-de-cn-2022"))
    >>> balance(figures).moves().columns.tolist()
    ['name', 'given', 'reconciled', 'sigmas', 'off', 'kind', 'confidence', 'source']
    """

    system: System
    result: Reconciled

    @property
    def figures(self) -> Figures:
        """The figures that went in."""
        return self.system.figures

    @property
    def lookup(self) -> Lookup:
        """The figures by what they speak of."""
        return self.system.lookup

    @cached_property
    def values(self) -> Mapping[Variable, float]:
        """Every quantity that is not 0, or as good as: the solver comes near to a bound and not onto it."""
        kept = zip(self.system.variables, self.result.x.tolist(), strict=True)
        sizes = self.system.sizes
        return {
            key: value
            for key, value in kept
            if value > DUST * sizes.get(key, 0.0) and value > 0.0 and key not in self.system.closed
        }

    @cached_property
    def flows(self) -> Mapping[str, Mapping[tuple[str, str], float]]:
        """What goes from place to place, by commodity."""
        found: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
        for key, value in self.values.items():
            if key[0] == "flow":
                found[key[1]][key[2], key[3]] = value
        return found

    def moves(self) -> pd.DataFrame:
        """Every figure as given and as balanced, the furthest moved first.

        Columns: name, given, reconciled, sigmas, off (share of the given value), kind, confidence, source.
        """
        import pandas as pd

        rows = []
        moved = self.result.sigmas.tolist()
        for m, sigmas in zip(self.system.measurements, moved, strict=True):
            if m.figure is None:
                continue
            given, found = m.told(self.values)
            rows.append(
                {
                    "name": m.name,
                    "given": given,
                    "reconciled": found,
                    "sigmas": sigmas,
                    "off": found / given - 1.0 if given > 0.0 else 0.0,
                    "kind": m.name.split()[0],
                    "confidence": m.figure.evidence.confidence,
                    "source": m.figure.evidence.source,
                }
            )
        columns = ["name", "given", "reconciled", "sigmas", "off", "kind", "confidence", "source"]
        table = pd.DataFrame(rows, columns=columns)
        return table.sort_values("sigmas", key=abs, ascending=False, ignore_index=True)

    def worst(self) -> pd.DataFrame:
        """Each balance as the figures left it, the worst first: columns name, imbalance, sd, sigmas.

        Hosts are left out: what they could give beyond what is taken has no figure.
        """
        table = self.result.balances()
        return table[~table["name"].str.startswith("host")].reset_index(drop=True)


def balance(
    figures: Figures, *, least: float = LEAST_FLOW, focus: Collection[str] = ()
) -> Balanced:
    """Reconcile figures; flows of less than ``least`` of their target's use that no figure speaks of are left out.

    With ``focus``, the countries that the network is about, all others are drawn more coarsely: into them flows of less
    than twice as much are left out.

    Raises `InvalidInput` where no quantities obey all balances.

    >>> from supplysim import calibration, catalogue
    >>> figures = calibration.read_figures(catalogue.figures_path("jp-de-cn-2022"))
    >>> type(balance(figures, focus=["JP", "DE", "CN"])).__name__
    'Balanced'
    """
    system = System(figures)
    result = reconcile(system.problem())
    small = _small(system, result, least, focus)
    if small:
        system.closed = frozenset(small)
        result = reconcile(system.problem())
    return Balanced(system, result)


def _small(
    system: System, result: Reconciled, least: float, focus: Collection[str]
) -> set[Variable]:
    into: dict[tuple[str, str], float] = defaultdict(float)
    out: dict[tuple[str, str], float] = defaultdict(float)
    flows = {}
    for key, value in zip(system.variables, result.x.tolist(), strict=True):
        if key[0] == "flow":
            flows[key] = value
            into[key[1], key[3]] += value
            out[key[1], key[2]] += value
    told = [m for m in system.measurements if m.figure is not None and m.name.startswith("trade")]
    spoken = {key for m in told for key, weight in m.terms.items() if weight > 0.0}
    sure = {
        key
        for m in told
        for key, weight in m.terms.items()
        if weight > 0.0 and m.figure is not None and (m.figure.low or 0.0) > 0.0
    }
    shared = {(m.part[1], m.part[3]) for m in told if m.part}
    closed = set()
    spent: dict[tuple[str, str], float] = defaultdict(float)
    for key, value in sorted(flows.items(), key=lambda item: item[1]):
        _, name, start, end = key
        coarse = 2.0 if focus and end.removeprefix(HUB) not in focus else 1.0
        outlet = value >= OUTLET * out[name, start] and key not in spoken
        watched = (name, end) in shared and coarse == 1.0 and start != end
        limit = TINY_FLOW if key in spoken or outlet else least / 2.0 if watched else least
        use = into[name, end]
        if key in sure:
            continue
        if value < limit * coarse * use and spent[name, end] + value <= MOST_CLOSED * coarse * use:
            closed.add(key)
            spent[name, end] += value
    return closed
