"""What a reconciled row rests on: its sources, what they said, and how far balancing moved it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from supplysim.calibration.balance import Balanced
from supplysim.calibration.figures import ASSUMPTION
from supplysim.calibration.lookup import Maker
from supplysim.calibration.rows import Figure, Firm, Recipe
from supplysim.calibration.terms import Measurement, Variable
from supplysim.model import Evidence

__all__ = ["Spread", "Witness"]

Confidence = Literal["read", "derived", "assumed"]
PRIOR_RANGE = (0.5, 2.0)
"""How far a flow that no figure speaks of may lie from where proportion puts it, as factors."""


@dataclass(frozen=True)
class Spread:
    """How far a flow may lie from its balanced value, as factors, and the figure that it hangs on."""

    label: str
    low: float
    high: float


class Witness:
    """Evidence for the rows of a network, from the figures that speak of them; what none does is of ``year``."""

    def __init__(self, balanced: Balanced, year: int | None) -> None:
        self.balanced = balanced
        self.year = year
        self._spoken: dict[Variable, list[Measurement]] = defaultdict(list)
        for m in balanced.system.measurements:
            keys = [m.part] if m.part else list(m.terms)
            if m.figure is not None and len(keys) == 1:
                self._spoken[keys[0]].append(m)

    def commodity(self, name: str) -> Evidence:
        """The price and codes of a commodity."""
        item = self.balanced.lookup.commodities[name]
        price = self.balanced.lookup.parameter("price", name)
        if price is None:
            return Evidence(source=item.source or ASSUMPTION, note=item.note)
        evidence = price.evidence
        note = f"Price: {evidence.note or 'as published'}. Codes and controls: {item.source or 'none found'}"
        keys = _joined([evidence.source, item.source])
        return Evidence(keys, evidence.confidence, f"{note}. {item.note}".strip(), evidence.year)

    def maker(self, maker: Maker, firm: Firm | None) -> Evidence:
        """The output of a plant."""
        unit = self.balanced.lookup.commodities[maker[0]].unit
        found = self._balanced(("make", *maker), f"{unit} a year in the country")
        if firm is None:
            return found
        note = f"{found.note}. Firm {firm.firm}: {firm.share:.0%} of it; {firm.evidence.note}"
        keys = _joined([found.source, firm.evidence.source])
        return Evidence(keys, _weakest([found, firm.evidence]), note, found.year)

    def recipe(self, maker: Maker, name: str, row: Recipe, per_unit: float) -> Evidence:
        """One input of a recipe."""
        moved = per_unit / row.quantity - 1.0
        note = f"{row.quantity:g} {row.unit} given, {per_unit:.4g} balanced ({moved:+.0%}). {row.evidence.note}"
        return Evidence(
            row.evidence.source, row.evidence.confidence, note.strip(), row.evidence.year
        )

    def final(self, name: str, country: str, use: str) -> Evidence:
        """A final use."""
        unit = self.balanced.lookup.commodities[name].unit
        return self._balanced(("final", name, country, use), f"{unit} a year")

    def hub(self, name: str, country: str) -> Evidence:
        """A hub."""
        rows = [
            r for r in self.balanced.figures.hubs if (r.commodity, r.country) == (name, country)
        ]
        return rows[0].evidence

    def flow(self, name: str, start: str, end: str) -> tuple[Evidence, Spread | None]:
        """A flow between two places, and how far it may lie from its balanced value."""
        key = ("flow", name, start, end)
        said = self._spoken.get(key, [])
        unit = self.balanced.lookup.commodities[name].unit
        if said:
            figure = said[0].figure
            found = self._balanced(key, f"{unit} a year between the countries")
            spread = _spread(figure, f"trade {name} {start} {end}")
            return found, spread if found.confidence == "assumed" else None
        amount = self.balanced.values.get(key, 0.0)
        low, high = PRIOR_RANGE
        note = (
            f"{amount:.4g} {unit} a year between the countries: no figure; what their other flows leave, "
            f"in proportion to supply and use. Range {low:g} to {high:g} times"
        )
        evidence = Evidence(ASSUMPTION, "assumed", note, self.year)
        return evidence, Spread(f"flow {name} {start} {end}", low, high)

    def _balanced(self, key: Variable, unit: str) -> Evidence:
        """A reconciled quantity: the figures about it, and how far it was moved from each."""
        said = self._spoken.get(key, [])
        values = self.balanced.values
        value = values.get(key, 0.0)
        if not said:
            note = f"{value:.4g} {unit}: what balances leave"
            return Evidence(ASSUMPTION, "assumed", note, self.year)
        told = []
        for m in said:
            given, found = m.told(values)
            told.append(f"{_share(m)}{given:.4g} ({_source(m)}; balanced {found:.4g})")
        figures = [m.figure.evidence for m in said if m.figure is not None]
        note = f"{value:.4g} {unit} after balancing; given: {', '.join(told)}. "
        note += " ".join(dict.fromkeys(e.note for e in figures if e.note))
        years = [e.year for e in figures if e.year is not None]
        confidence = _weakest(figures)
        return Evidence(
            _joined(e.source for e in figures),
            "derived" if confidence == "read" else confidence,
            note.strip(),
            years[0] if years else self.year,
        )


def _spread(figure: Figure | None, label: str) -> Spread | None:
    given: float = getattr(figure, "quantity", 0.0)
    if figure is None or figure.low is None or figure.high is None or given <= 0.0:
        return None
    return Spread(label, figure.low / given, figure.high / given)


def _share(m: Measurement) -> str:
    """``use share 0.4`` is told as such, a quantity as a number."""
    return f"{m.figure.unit} " if m.figure is not None and "share" in m.figure.unit else ""


def _source(m: Measurement) -> str:
    return m.figure.evidence.source if m.figure is not None else ""


def _joined(sources: Iterable[str]) -> str:
    keys = [key.strip() for text in sources for key in text.split(";")]
    return ";".join(dict.fromkeys(filter(None, keys)))


def _weakest(evidence: Iterable[Evidence]) -> Confidence:
    order: tuple[Confidence, ...] = ("read", "derived", "assumed")
    return max((e.confidence for e in evidence), key=order.index)
