"""Parameters of sites, slots and lanes, from figures; what is missing is a fault, all of them at once."""

from __future__ import annotations

from collections.abc import Mapping

from supplysim.calibration.lookup import REST, Lookup
from supplysim.calibration.rows import Figure, Parameter, Route
from supplysim.errors import Fault

__all__ = ["Parameters", "Spans"]

Spans = dict[tuple[str, str, str], tuple[str, float, float]]
"""What may vary: by kind, name and field, the name of the figure it hangs on, and its lowest and highest value."""


class Parameters:
    """Looks parameters up, notes what is missing, and remembers what may vary."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self.missing: dict[str, Fault] = {}
        self.spans: Spans = {}
        self._regions = {row.country: row.region for row in lookup.figures.regions}
        self._routes: Mapping[tuple[str, str, str], Route] = _both_ways(lookup.figures.routes)

    def get(
        self,
        name: str,
        commodity: str,
        country: str = "",
        user: str = "",
        *,
        default: float | None = None,
        at: tuple[str, str, str] | None = None,
        factor: float = 1.0,
    ) -> float:
        """A parameter times ``factor``; ``at`` is the field of the network that it sets, which varies as it does."""
        row = self.lookup.parameter(name, commodity, country, user)
        if row is None:
            if default is None:
                rule = f"no figure for {name!r}; add a row for this commodity, or one for all"
                place = ".".join(filter(None, (commodity, country, user)))
                self.missing.setdefault(f"{name} {commodity}", Fault(f"parameters.{place}", rule))
                return 1.0
            return default
        if at is not None:
            self.note(at, row, _label(row), row.value, row.value * factor)
        return row.value * factor

    def maybe(self, name: str, commodity: str) -> float | None:
        """A parameter that need not be known."""
        row = self.lookup.parameter(name, commodity)
        return None if row is None else row.value

    def note(
        self, at: tuple[str, str, str], row: Figure, label: str, given: float, value: float
    ) -> None:
        """Remember that a field, now ``value``, varies as the figure does around what was ``given``."""
        if row.evidence.confidence != "assumed" or row.low is None or row.high is None:
            return
        if given > 0.0 and row.low < row.high:
            self.spans[at] = (label, value * row.low / given, value * row.high / given)

    def lead_time(self, start: str, end: str, mode: str, at: tuple[str, str, str]) -> float:
        """Days from door to door: between the two countries if there is a route, else between their regions."""
        row = self._route(start, end, mode)
        if row is None:
            rule = f"no route by {mode}; add one between the countries or their regions"
            fault = Fault(f"routes.{start}.{end}", rule)
            self.missing.setdefault(f"{start} {end} {mode}", fault)
            return 1.0
        label = f"route {row.origin} {row.destination} {row.mode}"
        self.note(at, row, label, row.days, row.days)
        return row.days

    def _route(self, start: str, end: str, mode: str) -> Route | None:
        if start == end != REST:
            return self._routes.get(("domestic", "domestic", "domestic"))
        ends = [
            [country, self._regions.get(country, self._regions.get(REST, ""))]
            for country in (start, end)
        ]
        found = [self._routes.get((a, b, mode)) for a in ends[0] for b in ends[1]]
        return next((route for route in found if route is not None), None)


def _both_ways(routes: tuple[Route, ...]) -> Mapping[tuple[str, str, str], Route]:
    found: dict[tuple[str, str, str], Route] = {}
    for row in routes:
        found.setdefault((row.destination, row.origin, row.mode), row)
    for row in routes:
        found[row.origin, row.destination, row.mode] = row
    return found


def _label(row: Parameter) -> str:
    parts = (row.parameter, row.commodity, row.country, row.user)
    return " ".join(part for part in parts if part)
