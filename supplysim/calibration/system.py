"""From figures to one system of equations: who makes, ships and uses how much of what in a year.

Variables are yearly quantities, in the unit of their commodity:

- ``make``: commodity, country, process: output;
- ``flow``: commodity, from, to: what is shipped, or used at home (a hub stands on its own as ``hub:NL``);
- ``need``: input, country, product, process: what makers of a product use;
- ``final``: commodity, country, use;
- ``spare``: what a host's output could give beyond what its by-product takes.

Balances: what a country makes it ships; what it receives it uses; a hub passes on what it gets; a by-product is held
to its host. Figures are measurements. Flows that no figure speaks of have a weak prior: half of what can stays at home,
the rest goes where use is, in proportion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from supplysim.calibration.figures import Figures
from supplysim.calibration.flows import Flows
from supplysim.calibration.lookup import Lookup, Maker, deviation
from supplysim.calibration.reconcile import Problem
from supplysim.calibration.rows import WORLD, Figure, Production, Use
from supplysim.calibration.terms import Balance, Measurement, Terms, Variable, named

__all__ = ["System"]


@dataclass
class System:
    """The equations of some figures; ``closed`` flows are held at 0, ``unused`` figures speak of nothing here."""

    figures: Figures
    closed: frozenset[Variable] = frozenset()
    measurements: list[Measurement] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    unused: list[tuple[str, Figure]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lookup = Lookup(self.figures)
        self._measure_output()
        self._measure_recipes()
        self._measure_use()
        for name in self.lookup.commodities:
            self._flows(name)
        self._hosts()

    @cached_property
    def variables(self) -> list[Variable]:
        """Every variable, sorted."""
        found = {key for m in self.measurements for key in m.terms}
        found |= {key for _, terms in self.balances for key in terms}
        return sorted(found)

    def problem(self) -> Problem:
        """The equations as arrays, in the order of `variables`, `measurements` and `balances`."""
        place = {key: i for i, key in enumerate(self.variables)}
        upper = np.array([0.0 if key in self.closed else np.inf for key in self.variables])
        return Problem(
            measured=_matrix([m.terms for m in self.measurements], place),
            values=np.array([m.value for m in self.measurements]),
            sd=np.array([m.sd for m in self.measurements]),
            balances=_matrix([terms for _, terms in self.balances], place),
            totals=np.zeros(len(self.balances)),
            lower=np.zeros(len(place)),
            upper=upper,
            measurement_names=[m.name for m in self.measurements],
            balance_names=[name for name, _ in self.balances],
        )

    # --- first estimates -------------------------------------------------------------------------

    @cached_property
    def output(self) -> Mapping[Maker, float]:
        """A first estimate of what each maker makes: the mean of its figures."""
        rows = [row for row in self.figures.production if row.country != WORLD]
        return _means(((row.commodity, row.country, row.process), row.quantity) for row in rows)

    @cached_property
    def uses(self) -> Mapping[str, Mapping[str, Terms]]:
        """A first estimate of every use of each commodity, by country."""
        found: dict[str, dict[str, Terms]] = {
            name: defaultdict(dict) for name in self.lookup.commodities
        }
        for maker, recipe in self.lookup.inputs.items():
            for name, row in recipe.items():
                found[name][maker[1]][_need(name, maker)] = row.quantity * self.output[maker]
        rows = [r for r in self.figures.use if r.country != WORLD and r.use != "total"]
        final = _means(((row.commodity, row.country, row.use), row.quantity) for row in rows)
        for key, amount in final.items():
            found[key[0]][key[1]]["final", *key] = amount
        return found

    @cached_property
    def sizes(self) -> Mapping[Variable, float]:
        """The first estimates of output and use by variable."""
        found: dict[Variable, float] = {("make", *m): made for m, made in self.output.items()}
        for countries in self.uses.values():
            for terms in countries.values():
                found |= terms
        return found

    # --- figures ---------------------------------------------------------------------------------

    def _measure(self, name: str, terms: Terms, row: Production | Use) -> None:
        """A figure about a quantity as a measurement."""
        sd = max(deviation(row, row.quantity), 1e-9)
        self.measurements.append(Measurement(name, terms, row.quantity, sd, row))

    def _measure_output(self) -> None:
        for row in self.figures.production:
            makers = [
                maker
                for maker in self.lookup.makers.get(row.commodity, ())
                if (row.country == WORLD and row.process in ("", maker[2]))
                or maker[1:] == (row.country, row.process)
            ]
            name = named("production", row.commodity, row.country, row.process)
            if makers:
                self._measure(name, {("make", *maker): 1.0 for maker in makers}, row)
            elif row.quantity > 0.0:
                self.unused.append((name, row))

    def _measure_recipes(self) -> None:
        for maker, recipe in self.lookup.inputs.items():
            for name, row in recipe.items():
                part: Variable = _need(name, maker)
                whole: Variable = ("make", *maker)
                sd = deviation(row, row.quantity) * self.output[maker]
                label = named("recipe", name, "in", maker[1], maker[0], maker[2])
                terms = {part: 1.0, whole: -row.quantity}
                self.measurements.append(Measurement(label, terms, 0.0, sd, row, part, (whole,)))

    def _measure_use(self) -> None:
        for row in self.figures.use:
            uses = self.uses[row.commodity]
            terms = {
                key: 1.0
                for country in (uses if row.country == WORLD else [row.country])
                for key in uses.get(country, ())
                if row.use == "total" or (key[0] == "final" and key[3] == row.use)
            }
            name = named("use", row.commodity, row.country, row.use)
            if terms and row.quantity > 0.0:
                self._measure(name, terms, row)
            elif row.quantity > 0.0:
                self.unused.append((name, row))

    # --- balances --------------------------------------------------------------------------------

    def _flows(self, name: str) -> None:
        made: dict[str, Terms] = defaultdict(dict)
        for maker in self.lookup.makers.get(name, ()):
            made[maker[1]]["make", *maker] = 1.0
        used = {c: dict.fromkeys(parts, 1.0) for c, parts in self.uses[name].items()}
        flows = Flows(
            name,
            supply={
                c: sum(self.output[key[1], key[2], key[3]] for key in t) for c, t in made.items()
            },
            uses={c: sum(parts.values()) for c, parts in self.uses[name].items()},
            hubs=self.lookup.hubs.get(name, ()),
            rows=[row for row in self.figures.trade if row.commodity == name],
        )
        self.measurements += flows.measurements()
        self.balances += flows.balances(made, used)
        self.unused += [(named("trade", name, r.exporter, r.importer), r) for r in flows.unused]

    def _hosts(self) -> None:
        for row in self.figures.hosts:
            for maker in self.lookup.makers.get(row.commodity, ()):
                _, country, process = maker
                if row.country not in ("", country) or row.process != process:
                    continue
                hosts = [m for m in self.lookup.makers.get(row.host, ()) if m[1] == country]
                name = named("host", row.commodity, country, process)
                if hosts:
                    terms: Terms = {("make", *m): -row.quantity for m in hosts}
                    terms |= {("make", *maker): 1.0, ("spare", *maker): 1.0}
                    self.balances.append((name, terms))
                else:
                    self.unused.append((name, row))


def _need(name: str, maker: Maker) -> Variable:
    product, country, process = maker
    return ("need", name, country, product, process)


def _means(rows: Iterable[tuple[Any, float]]) -> dict[Any, float]:
    """The mean of what was said of each, where it is above 0."""
    found: dict[Any, list[float]] = defaultdict(list)
    for key, value in rows:
        if value > 0.0:
            found[key].append(value)
    return {key: sum(values) / len(values) for key, values in found.items()}


def _matrix(rows: Sequence[Terms | Mapping[Variable, float]], place: Mapping[Variable, int]) -> Any:
    from scipy import sparse

    where = [
        (r, place[key], weight) for r, terms in enumerate(rows) for key, weight in terms.items()
    ]
    lines, columns, weights = np.array(where, float).reshape(-1, 3).T
    places = (lines.astype(int), columns.astype(int))
    return sparse.coo_array((weights, places), shape=(len(rows), len(place))).tocsr()
