"""The flows of one commodity: which there may be, what is known of them, and their balances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from supplysim.calibration.lookup import REST, deviation, spread
from supplysim.calibration.rows import Trade
from supplysim.calibration.terms import Balance, Measurement, Terms, Variable, hub, named

__all__ = ["Flows"]

HOME = 0.5
"""The prior share of what could stay in its country that does."""
PRIOR = 1.0
"""The standard deviation of a flow's prior, as a share of it."""
LEAST = 0.02
"""The smallest standard deviation of a prior, as a share of its target's use."""
DUST = 1e-9
Pair = tuple[str, str]


@dataclass
class Flows:
    """A commodity's flows between ``supply`` and ``uses``, first estimates by country, and its hubs.

    A country that neither makes nor uses it counts as the rest of the world; ``unused`` are the figures for which
    that is not there either.
    """

    name: str
    supply: Mapping[str, float]
    uses: Mapping[str, float]
    hubs: Iterable[str]
    rows: Iterable[Trade]
    unused: list[Trade] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hubs = sorted(hub(country) for country in self.hubs)
        self._told: dict[tuple[str, str, str, str], list[Trade]] = defaultdict(list)
        for row in self.rows:
            start, end = (
                self._place(row.exporter, self.supply),
                self._place(row.importer, self.uses),
            )
            if start and end and (start != end or row.exporter == row.importer):
                self._told[start, end, row.unit, row.evidence.source].append(row)
            else:
                self.unused.append(row)
        self._spoken_of = {(start, end) for start, end, _, _ in self._told}
        pairs = {(i, j) for i in self.supply for j in (*self.uses, *self.hubs)}
        self.pairs = sorted(pairs | self._spoken_of)

    def _place(self, country: str, known: Mapping[str, float]) -> str:
        if hub(country) in self.hubs:
            return hub(country)
        return country if country in known else REST if REST in known else ""

    def key(self, pair: Pair) -> Variable:
        """The variable of a flow."""
        return ("flow", self.name, *pair)

    def measurements(self) -> Iterator[Measurement]:
        """The figures about these flows, and a weak prior for those that none speaks of."""
        prior = self._gravity()
        for pair in self.pairs:
            if pair not in self._spoken_of:
                guess = prior.get(pair, 0.0)
                size = self.uses.get(pair[1], self.supply.get(pair[0], 0.0))
                sd = max(PRIOR * guess, LEAST * size, DUST)
                yield Measurement(
                    named("prior", self.name, *pair), {self.key(pair): 1.0}, guess, sd
                )
        for (start, end, unit, _), rows in sorted(self._told.items()):
            value = sum(row.quantity for row in rows)
            yield self._told_of((start, end), unit, value, rows[0])

    def _told_of(self, pair: Pair, unit: str, value: float, row: Trade) -> Measurement:
        start, end = pair
        label, key = named("trade", self.name, start, end), self.key(pair)
        if "share" not in unit:
            least = 0.0 if value == 0.0 else LEAST / 4.0 * self.uses.get(end, 0.0)
            sd = max(deviation(row, value), least, DUST)
            return Measurement(label, {key: 1.0}, value, sd, row)
        if unit == "export share":
            whole, size = (
                [p for p in self.pairs if p[0] == start != p[1]],
                self.supply.get(start, 0.0),
            )
        else:
            home = unit == "use share"
            whole = [p for p in self.pairs if p[1] == end and (home or p[0] != end)]
            size = self.uses.get(end, 0.0)
        keys = tuple(self.key(p) for p in whole)
        weights = dict.fromkeys(keys, -value)
        weights[key] += 1.0
        sd = max(spread(row, value) * max(value, LEAST) * size, DUST)
        return Measurement(f"{label} ({unit})", weights, 0.0, sd, row, key, keys)

    def _gravity(self) -> dict[Pair, float]:
        """Half of what could stay at home does, the rest goes in proportion to what others still need."""
        home = {c: HOME * min(made, self.uses.get(c, 0.0)) for c, made in self.supply.items()}
        still = {c: use - home.get(c, 0.0) for c, use in self.uses.items()}
        total = sum(still.values())
        found = {}
        for start, made in self.supply.items():
            for end, use in still.items():
                flow = (made - home[start]) * use / total if total > 0.0 else 0.0
                found[start, end] = flow + (home[start] if start == end else 0.0)
        return found

    def balances(self, made: Mapping[str, Terms], used: Mapping[str, Terms]) -> Iterator[Balance]:
        """What is made is shipped, what arrives is used, a hub passes on what it gets."""
        out: dict[str, Terms] = defaultdict(dict)
        into: dict[str, Terms] = defaultdict(dict)
        for pair in self.pairs:
            out[pair[0]][self.key(pair)] = -1.0
            into[pair[1]][self.key(pair)] = 1.0
        for country, terms in sorted(made.items()):
            yield named("made", self.name, country), terms | out[country]
        for country, terms in sorted(used.items()):
            yield (
                named("used", self.name, country),
                {key: -w for key, w in terms.items()} | into[country],
            )
        for place in self.hubs:
            yield named("hub", self.name, place), into[place] | out[place]
