"""Many scenarios beside one another, on the same draws: what each loses, when, at what cost, and what it saves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble.compare import WINDOW, Comparison, mean_between
from supplysim.ensemble.statistics import trailing
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.measures import Context, Measure
from supplysim.model import Network
from supplysim.scenario import Scenario
from supplysim.timeline import lay_out

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HOME", "Contrast", "Outcome", "outcome", "worth_of"]

HOME = ("JP", "DE")
"""The countries whose losses tell when it starts and ends, unless others are named."""
SHORT = 0.01
"""A shortfall of the last 28 days by this share of the undisturbed counts as a loss, or as an effect."""


@dataclass(frozen=True)
class Outcome:
    """What a scenario comes to in each replication, in USD at the network's prices.

    ``losses`` and ``before`` have by kind what is lost, and the undisturbed amount, by country, shape (replications,
    countries): ``value added`` by plants, and final ``use``. ``kind`` is what tells when it starts and what is saved:
    value added, or final use where the network gives no value added. ``daily`` is that a day in the countries
    ``home``, with the scenario, and ``daily_before`` without, shape (replications, days).

    >>> from supplysim.ensemble import compare
    >>> from supplysim.testing import example
    >>> network, _, base, runs = example()
    >>> found = outcome(compare(base, runs), network)
    >>> found.kind, found.lost(["DE"]).round().tolist()
    ('use', [30000000.0, 30000000.0])
    """

    countries: tuple[str, ...]
    home: tuple[str, ...]
    kind: str
    losses: Mapping[str, Array]
    before: Mapping[str, Array]
    daily: Array
    daily_before: Array

    def lost(self, countries: Sequence[str] = (), kind: str = "") -> Array:
        """By replication: what some countries lose together; () is all of them."""
        return self._of(self.losses[kind or self.kind], countries)

    def normal(self, countries: Sequence[str] = (), kind: str = "") -> Array:
        """By replication: what they have undisturbed."""
        return self._of(self.before[kind or self.kind], countries)

    def _of(self, values: Array, countries: Sequence[str]) -> Array:
        where = [i for i, x in enumerate(self.countries) if not countries or x in countries]
        total: Array = values[:, where].sum(axis=1)
        return total


def outcome(comparison: Comparison, network: Network, home: Sequence[str] = HOME) -> Outcome:
    """Value a comparison of two ensembles, block by block.

    Final use counts at the commodity's price, what plants make at their value added a unit. ``network`` is the one
    that was simulated; what measures build counts as the plants that make the same in the same country, else as those
    elsewhere.

    >>> from supplysim.ensemble import compare
    >>> from supplysim.testing import example
    >>> network, _, base, runs = example()
    >>> outcome(compare(base, runs), network, home=["DE"]).normal(["DE"]).tolist()
    [120000000.0, 120000000.0]
    """
    kinds = {"value added": "output", "use": "use"}
    found = {name: _Valued(comparison, network, kind, home) for name, kind in kinds.items()}
    countries = tuple(sorted({x for valued in found.values() for x in valued.country}))
    kind = "value added" if any(site.value_added > 0.0 for site in network.sites) else "use"
    return Outcome(
        countries,
        tuple(home),
        kind,
        {name: valued.by_country(countries, valued.lost) for name, valued in found.items()},
        {name: valued.by_country(countries, valued.whole) for name, valued in found.items()},
        daily=np.concatenate(found[kind].daily[1]),
        daily_before=np.concatenate(found[kind].daily[0]),
    )


class _Valued:
    """Sums of one kind of record in USD, by group and replication."""

    def __init__(
        self, comparison: Comparison, network: Network, kind: str, home: Sequence[str]
    ) -> None:
        groups = [name.split(" ", 1) for name in comparison.groups(kind)]
        self.country = [country for country, _ in groups]
        price = worth_of(network, kind)
        worth = np.array([price(country, goods) for country, goods in groups])
        at_home = worth * np.array([country in home for country in self.country])
        whole, lost = [], []
        self.daily: tuple[list[Array], list[Array]] = ([], [])
        for base, other in comparison.records(kind):
            whole.append(base.sum(axis=1) * worth)
            lost.append((base - other).sum(axis=1) * worth)
            self.daily[0].append(base @ at_home)
            self.daily[1].append(other @ at_home)
        self.whole, self.lost = np.concatenate(whole), np.concatenate(lost)

    def by_country(self, countries: Sequence[str], values: Array) -> Array:
        found = np.zeros((len(values), len(countries)))
        for i, country in enumerate(self.country):
            found[:, countries.index(country)] += values[:, i]
        return found


def worth_of(network: Network, kind: str) -> Callable[[str, str], float]:
    """USD a unit by country and commodity: prices of what is used, value added of ``output``.

    What no plant of the country makes counts as that of those who make it elsewhere.
    """
    price = {item.name: item.price for item in network.commodities}
    if kind == "use":
        return lambda country, goods: price[goods]
    output = network.baseline().output
    sums: dict[tuple[str, str], list[float]] = {}
    for site in network.sites:
        for key in ((site.country, site.makes), ("", site.makes)):
            entry = sums.setdefault(key, [0.0, 0.0])
            entry[0] += output[site.name] * site.value_added
            entry[1] += output[site.name]

    def worth(country: str, goods: str) -> float:
        for key in ((country, goods), ("", goods)):
            value, units = sums.get(key, (0.0, 0.0))
            if units > 0.0:
                return value / units
        return 0.0

    return worth


class Contrast:
    """Scenarios of one network beside one another.

    ``outcomes`` and ``scenarios`` by name; ``references`` names for each scenario the one that it is an answer to
    (none: it is measured against the undisturbed network alone).

    >>> from supplysim.ensemble import compare
    >>> from supplysim.testing import example
    >>> network, stop, base, runs = example()
    >>> found = {"stop": outcome(compare(base, runs), network)}
    >>> table = Contrast(network, {"stop": stop}, found, {}, stop.horizon).table()
    >>> table[["scenario", "loss"]].round().values.tolist()
    [['stop', 30000000.0]]
    """

    def __init__(
        self,
        network: Network,
        scenarios: Mapping[str, Scenario],
        outcomes: Mapping[str, Outcome],
        references: Mapping[str, str],
        horizon: int,
    ) -> None:
        faults = [
            Fault(f"references[{name!r}]", f"not compared; {nearest(other, outcomes)}", other)
            for name, other in references.items()
            if other and other not in outcomes
        ]
        if faults:
            raise InvalidInput(faults, what="compare")
        self.network = network
        self.scenarios = dict(scenarios)
        self.outcomes = dict(outcomes)
        self.references = dict(references)
        self.horizon = horizon

    def table(self, level: float = 0.9) -> pd.DataFrame:
        """One row a scenario, worst loss at home first.

        ``loss`` is the mean loss in USD of the home countries (Japan and Germany), of value added, or of final use
        where the network gives no value added; ``loss_low`` and ``loss_high`` bound the mean (t interval), ``share``
        is that of the undisturbed. ``value added JP``, ... and ``use JP``, ... are losses by country. ``starts`` and
        ``ends`` are median days on which the last 28 days' amount at home falls 1 % short, and from which it does no
        more. ``cost`` is what its measures beyond the reference's cost their actors in USD over the run. ``avoided``
        is the loss at home less than the reference's, with bounds, ``per_dollar`` that by the cost, ``effect`` the
        median day from which the amount at home is 1 % of normal above the reference's. ``decides``, ``legal_basis``
        and ``status`` are of these measures.
        """
        import pandas as pd

        rows = [self._row(name, level) for name in self.outcomes]
        table = pd.DataFrame(rows)
        return table.sort_values("loss", ascending=False, kind="stable", ignore_index=True)

    def measures(self, name: str) -> list[Measure]:
        """A scenario's measures that its reference does not have."""
        reference = self.references.get(name, "")
        known = self.scenarios[reference].measures if reference else ()
        return [m for m in self.scenarios[name].measures if m not in known]

    def cost(self, name: str) -> float:
        """USD that these measures cost their actors over the run, with the central figures."""
        scenario = self.scenarios[name]
        by_key = {m.key: m for m in scenario.measures}
        whole = lay_out(self.network, scenario).network
        context = Context(whole, scenario.start, by_key, self.network)
        return math.fsum(
            charge.total(float(self.horizon))
            for measure in self.measures(name)
            for charge in measure.charges(context)
        )

    def _row(self, name: str, level: float) -> dict[str, Any]:
        found, cost = self.outcomes[name], self.cost(name)
        lost, normal = found.lost(found.home), found.normal(found.home).mean()
        mean, low, high = mean_between(lost, level)
        row: dict[str, Any] = {
            "scenario": name,
            "loss": mean,
            "loss_low": low,
            "loss_high": high,
            "share": float(mean / normal) if normal > 0.0 else 0.0,
        }
        for kind in found.losses:
            for country in dict.fromkeys((*found.home, "CN")):
                row[f"{kind} {country}"] = float(found.lost([country], kind).mean())
        short = _behind(found.daily, found.daily_before, found.daily_before)
        row["starts"], row["ends"] = _first(short), _after(short)
        row["cost"] = cost
        row |= self._answer(name, cost, level)
        own = self.measures(name)
        for column, read in (
            ("decides", "actor"),
            ("legal_basis", "legal_basis"),
            ("status", "status"),
        ):
            values = dict.fromkeys(str(getattr(m, read)) for m in own)
            row[column] = "; ".join(value for value in values if value)
        return row

    def _answer(self, name: str, cost: float, level: float) -> dict[str, Any]:
        reference = self.references.get(name, "")
        row: dict[str, Any] = {"reference": reference}
        names = ("avoided", "avoided_low", "avoided_high", "per_dollar", "effect")
        if not reference:
            return row | dict.fromkeys(names, math.nan)
        found, other = self.outcomes[name], self.outcomes[reference]
        saved = other.lost(other.home) - found.lost(found.home)
        mean, low, high = mean_between(saved, level)
        better = _behind(other.daily, found.daily, found.daily_before)
        per_dollar = mean / cost if cost > 0.0 else math.nan
        return row | dict(zip(names, (mean, low, high, per_dollar, _first(better)), strict=True))


def _behind(low: Array, high: Array, normal: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Days on which the last 28 days' sum of one is below that of another by 1 % of normal."""
    sums = [trailing(x, WINDOW, begun=False) for x in (low, high, normal)]
    return np.asarray(sums[0] < sums[1] - SHORT * sums[2])


def _first(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    """The median first day among the replications that have one; not a number if less than half have."""
    some = flags.any(axis=1)
    if some.mean() < 0.5:
        return math.nan
    return float(np.median(flags[some].argmax(axis=1)))


def _after(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    """The median day after the last; not a number if less than half have one, or it lasts."""
    days = flags.shape[1]
    some = flags.any(axis=1)
    if some.mean() < 0.5:
        return math.nan
    last = days - flags[some][:, ::-1].argmax(axis=1)
    return math.nan if (last >= days).mean() > 0.5 else float(np.median(last))
