"""What a report tells of a scenario, reckoned once: the answer, the days of the trough, losses, causes, assumptions."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim import exposure
from supplysim.ensemble import Comparison, outcome
from supplysim.ensemble.contrast import HOME, Outcome
from supplysim.ensemble.statistics import trailing
from supplysim.exposure import Attribution
from supplysim.history import Score
from supplysim.model import Citation, Network
from supplysim.model.columns import Floats
from supplysim.model.countries import country_name
from supplysim.report.grounds import Ground, grounds_of
from supplysim.results import Result
from supplysim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Assumption", "Story"]

WINDOW = 28
MOST_ROWS = 15
LITTLE = 5e-5
"""A share of normal below which a loss is next to none."""


@dataclass(frozen=True)
class Assumption:
    """One thing that was assumed or read: of what, what it is, why, and where it comes from."""

    of: str
    what: str
    value: str
    why: str
    source: str


@dataclass(frozen=True)
class Story:
    """The runs that a report is about.

    ``base`` and ``run`` are one run in full, undisturbed and with the scenario, in the same world; ``months``,
    ``null_months`` and ``score`` are of the history, where the scenario has one; ``answers`` is the table of
    `supplysim.Contrast` with scenarios that answer this one.

    >>> from supplysim import compare, simulate
    >>> from supplysim.testing import example
    >>> network, stop, base, runs = example()
    >>> calm, cut = (simulate(network, x, horizon=120) for x in (None, stop))
    >>> story = Story(stop, network, compare(base, runs), calm, cut, repeat="supplysim report stop")
    >>> story.sentences[1][:60]
    'It is felt (four weeks one per cent short) from 7 February 2'
    """

    scenario: Scenario
    network: Network
    comparison: Comparison
    base: Result
    run: Result
    repeat: str
    months: pd.DataFrame | None = None
    null_months: Mapping[str, pd.DataFrame] | None = None
    score: Score | None = None
    answers: pd.DataFrame | None = None
    home: tuple[str, ...] = HOME

    @cached_property
    def outcome(self) -> Outcome:
        """Losses in USD by country and replication."""
        return outcome(self.comparison, self.network, self.home)

    @cached_property
    def why(self) -> Attribution:
        """Causes of what is lost at home: of output where there is value added, else of use."""
        of = "output" if self.outcome.kind == "value added" else "use"
        return exposure.attribution(self.base, self.run, of=of, countries=self._here)

    @property
    def _here(self) -> list[str]:
        there = set(self.network.tables.country.every())
        return [country for country in self.home if country in there]

    @cached_property
    def _four_weeks(self) -> tuple[Floats, Floats]:
        """What home makes or uses in the four weeks up to each day, by replication: with the scenario, and without."""
        with_it, without = (
            trailing(x, WINDOW, begun=False)
            for x in (self.outcome.daily, self.outcome.daily_before)
        )
        return with_it, without

    @cached_property
    def trough(self) -> tuple[int, int]:
        """The four weeks in which least is left at home, as days of the run: [first, last)."""
        left, normal = (sums.mean(axis=0) for sums in self._four_weeks)
        with np.errstate(all="ignore"):
            share = np.where(normal > 0.0, left / normal, np.inf)
        share[: WINDOW - 1] = np.inf
        last = int(np.argmin(share)) + 1 if np.isfinite(share).any() else WINDOW
        return max(0, last - WINDOW), min(last, self.outcome.daily.shape[1])

    def emptiest(self, commodity: str) -> tuple[int, int]:
        """The four weeks in which least of a commodity arrives at home, as days of the run: [first, last)."""
        data = self.run.data
        into = np.isin(data["lane_destination"].values, self._here)
        into &= data["lane_commodity"].values == commodity
        arrived = trailing(data["received"].to_numpy()[:, into].sum(axis=1), WINDOW, axis=0)
        arrived[: WINDOW - 1] = np.inf
        last = int(np.argmin(arrived)) + 1
        return max(0, last - WINDOW), last

    # --- the answer ------------------------------------------------------------------------------

    @cached_property
    def sentences(self) -> list[str]:
        """The answer in three sentences: how much, when, why."""
        return [self._how_much(), self._when(), self._why()]

    def _how_much(self) -> str:
        lost, normal = self.outcome.lost(self.home), self.outcome.normal(self.home).mean()
        low, high = np.quantile(lost, [0.05, 0.95])
        who = " and ".join(country_name(country) for country in self._here)
        what = "value added" if self.outcome.kind == "value added" else "final use"
        share = float(lost.mean() / normal) if normal > 0.0 else 0.0
        if abs(share) < LITTLE:
            return f"{who} {self._verb('lose')} next to no {what} (less than 0.005 per cent) over {self._days} days."
        verb = self._verb("lose" if share > 0.0 else "gain")
        return (
            f"{who} {verb} {_usd(abs(float(lost.mean())))} of {what} over {self._days} days, "
            f"{abs(share):.2%} of normal; in nine runs of ten between {_usd(float(low))} and {_usd(float(high))}."
        )

    def _verb(self, verb: str) -> str:
        return verb + ("s" if len(self._here) == 1 else "")

    def _when(self) -> str:
        left, normal = self._four_weeks
        short = left < 0.99 * normal
        some = short.any(axis=1)
        if some.mean() < 0.5:
            return "In no four weeks do they make or use one per cent less than in normal times."
        first = float(np.median(short[some].argmax(axis=1)))
        last = float(np.median(short.shape[1] - short[some][:, ::-1].argmax(axis=1)))
        ends = (
            "and lasts beyond the run"
            if last >= short.shape[1]
            else f"and is over by {self.day(last)}"
        )
        low, high = self.trough
        return (
            f"It is felt (four weeks one per cent short) from {self.day(first)}, is worst from {self.day(low)} to "
            f"{self.day(high)}, {ends}."
        )

    def _why(self) -> str:
        causes = self.why.by("cause", "origin", "goods")
        causes = causes[(causes["value"] > 0.0) & (causes["cause"] != "unexplained")]
        lost, normal = self.outcome.lost(self.home), self.outcome.normal(self.home)
        little = abs(float(lost.mean())) < LITTLE * float(normal.mean())
        if little and self._made_up:
            return self._made_up
        if causes.empty:
            return "Nothing that was lost can be traced to a measure."
        row: dict[str, Any] = {str(k): v for k, v in causes.iloc[0].to_dict().items()}
        held = f" of {country_name(row['origin'])}" if row["origin"] else ""
        what = row["goods"] or "what it held"
        if little:
            return (
                f"What goes missing for a while is mostly held by “{row['cause']}” on {what}{held}."
            )
        part = f"{row['share']:.0%}"
        return f"The largest part, {part}, goes back to “{row['cause']}” on {what}{held}."

    @property
    def _made_up(self) -> str:
        """What falls short at home for a while, the deepest, in a sentence; empty if nothing does in earnest."""
        found = self._short[self._short["country"].isin(self._here)]
        rows: Any = found[exposure.in_earnest(found)].head(2).to_dict("records")
        told = [
            f"{row['commodity']} of {country_name(row['country'])} from {self.day(row['first_short'])} on "
            f"({row['depth']:.0%} missing in the worst four weeks)"
            for row in rows
        ]
        return f"Short for a while, and made up for later: {' and '.join(told)}." if told else ""

    @property
    def _days(self) -> str:
        return f"{self.scenario.horizon:,}"

    def day(self, day: float) -> str:
        """A day of the run as a date, if it has dates."""
        if self.scenario.start is None:
            return f"day {day:.0f}"
        date = self.scenario.start + dt.timedelta(days=math.floor(day))
        return f"{date.day} {date:%B %Y}"

    # --- tables ----------------------------------------------------------------------------------

    @cached_property
    def losses(self) -> pd.DataFrame:
        """By country and sector: what is lost of value added, or of use, most first."""
        kind = "output" if self.outcome.kind == "value added" else "use"
        table = exposure.losses(self.comparison, self.network, kind=kind, by=("country", "sector"))
        table = table[table["loss"].abs() > 5e-5 * table["baseline"]]
        return table.sort_values("loss", ascending=False).head(MOST_ROWS)

    @cached_property
    def _short(self) -> pd.DataFrame:
        return exposure.spells(self.comparison).sort_values("depth", ascending=False)

    @property
    def spells(self) -> pd.DataFrame:
        """First short day, trough and recovery of what falls short, deepest first."""
        return self._short.head(MOST_ROWS)

    @cached_property
    def assumptions(self) -> list[Assumption]:
        """Every parameter of the measures that has a reason, with it."""
        cited = {source.key: source for source in self.scenario.sources}
        found = []
        for measure in self.scenario.measures:
            sources = "; ".join(cited[key].citation for key in measure.sources if key in cited)
            for name, why in measure.reasons.items():
                value = getattr(measure, name, "")
                found.append(Assumption(measure.key, name, _plain(value), why, sources))
        return found

    @cached_property
    def grounds(self) -> list[Ground]:
        """What the network knows of the goods in question, and from where."""
        goods = {x for m in self.scenario.measures for x in getattr(m, "commodities", ())}
        goods |= {m.commodity for m in self.scenario.measures if hasattr(m, "commodity")}
        return grounds_of(self.network, goods)

    @cached_property
    def counts(self) -> list[tuple[str, int, int, int]]:
        """How well the figures behind the goods in question are known: read, derived, assumed."""
        found: dict[str, dict[str, int]] = {}
        for ground in self.grounds:
            found.setdefault(ground.good, {"read": 0, "derived": 0, "assumed": 0})
            found[ground.good][ground.evidence.confidence] += 1
        return [(good, c["read"], c["derived"], c["assumed"]) for good, c in found.items()]

    @cached_property
    def cited(self) -> dict[str, Citation]:
        """The sources that the grounds name, by key."""
        keys = {key for ground in self.grounds for key in ground.evidence.source.split(";")}
        return {key: self.network.sources[key] for key in sorted(keys & set(self.network.sources))}


def _usd(value: float) -> str:
    for limit, word in ((1e9, "billion"), (1e6, "million")):
        if abs(value) >= limit:
            return f"{value / limit:,.1f} {word} USD"
    return f"{value:,.0f} USD"


def _plain(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
