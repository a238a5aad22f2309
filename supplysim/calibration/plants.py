"""Who there will be in a network: plants, the slots that use something, and what stands at the start of a lane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from supplysim.calibration.balance import Balanced
from supplysim.calibration.lookup import Maker
from supplysim.calibration.rows import Firm
from supplysim.calibration.terms import HUB

__all__ = ["Plant", "Plants", "User", "node_name"]


def node_name(country: str, *parts: str) -> str:
    """The name of a site, store or demand.

    >>> node_name("JP", "gallium", "", "lean")
    'jp-gallium-lean'
    """
    return "-".join([country.lower(), *filter(None, parts)])


@dataclass(frozen=True)
class Plant:
    """One site to be: a maker, or one firm of it, with its share of the maker's output."""

    maker: Maker
    share: float = 1.0
    firm: Firm | None = None

    @property
    def name(self) -> str:
        """``cn-gallium-recycled-firm``."""
        commodity, country, process = self.maker
        return node_name(country, commodity, process, self.firm.firm if self.firm else "")

    @property
    def country(self) -> str:
        """Where it stands."""
        return self.maker[1]


@dataclass(frozen=True)
class User:
    """One slot to be: who uses ``commodity``, by node, with its use a year."""

    commodity: str
    country: str
    node: str
    user: str
    use: float


class Plants:
    """The plants of balanced figures, and everyone who uses something."""

    def __init__(self, balanced: Balanced) -> None:
        self.balanced = balanced

    @cached_property
    def all(self) -> list[Plant]:
        """Every plant, by commodity, country and process."""
        return list(self._plants())

    def _plants(self) -> Iterator[Plant]:
        firms: dict[Maker, list[Firm]] = {}
        for row in self.balanced.figures.firms:
            firms.setdefault((row.commodity, row.country, row.process), []).append(row)
        for makers in self.balanced.lookup.makers.values():
            for maker in makers:
                if ("make", *maker) not in self.balanced.values:
                    continue
                parts = firms.get(maker, [])
                total = sum(row.share for row in parts)
                yield from (Plant(maker, row.share / total, row) for row in parts)
                if not parts:
                    yield Plant(maker)

    def output(self, plant: Plant) -> float:
        """Units a year."""
        return self.balanced.values["make", *plant.maker] * plant.share

    def users(self) -> Iterator[User]:
        """Every slot to be."""
        for plant in self.all:
            product, country, process = plant.maker
            for name in self.balanced.lookup.inputs[plant.maker]:
                use = (
                    self.balanced.values.get(("need", name, country, product, process), 0.0)
                    * plant.share
                )
                if use > 0.0:
                    yield User(name, country, plant.name, product, use)
        yield from self.final()
        yield from self.hubs()

    def final(self) -> Iterator[User]:
        """Final uses."""
        for key, use in self.balanced.values.items():
            if key[0] == "final":
                _, name, country, label = key
                yield User(name, country, node_name(country, name, label), label, use)

    def hubs(self) -> Iterator[User]:
        """Hubs, by what passes through them."""
        for name, countries in self.balanced.lookup.hubs.items():
            for country in sorted(countries):
                flows = self.balanced.flows[name]
                use = sum(flow for (_, end), flow in flows.items() if end == HUB + country)
                if use > 0.0:
                    yield User(name, HUB + country, node_name(country, name, "hub"), "hub", use)

    @cached_property
    def _at(self) -> Mapping[tuple[str, str], list[Plant]]:
        found: dict[tuple[str, str], list[Plant]] = defaultdict(list)
        for plant in self.all:
            found[plant.maker[0], plant.maker[1]].append(plant)
        return found

    def sources(self, name: str, start: str) -> list[tuple[str, float]]:
        """The nodes at a place that give a commodity, with their shares of what it gives."""
        if start.startswith(HUB):
            return [(node_name(start.removeprefix(HUB), name, "hub"), 1.0)]
        plants = self._at[name, start]
        total = sum(self.output(plant) for plant in plants)
        return [(plant.name, self.output(plant) / total) for plant in plants]
