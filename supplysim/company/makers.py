"""Who in a network makes what, where, and how it gets to a company."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property

from supplysim.company.suppliers import Part, Supplier
from supplysim.errors import Fault, nearest
from supplysim.model import COUNTRIES, Distribution, Fixed, Lane, Network

__all__ = ["Makers"]

AT_HOME, ABROAD = 5.0, 30.0
"""Days a way takes that the network does not know."""
Way = tuple[Distribution, float]
"""Lead time and order lag of a lane."""


class Makers:
    """The sources of a network, as seen by a company in ``country``."""

    def __init__(self, network: Network, country: str) -> None:
        self.network, self.country = network, country
        self._made = network.baseline().output

    def sources(self, commodity: str, country: str) -> dict[str, float]:
        """Who gives a commodity in a country, and which part of it: makers by output, else hubs that pass it on."""
        for kind in (self._sites, self._hubs):
            found = kind.get((commodity, country), [])
            active = [name for name in found if self._made[name] > 0.0] or found
            weights = [self._made[name] or 1.0 for name in active]
            if active:
                return {n: w / math.fsum(weights) for n, w in zip(active, weights, strict=True)}
        return {}

    def elsewhere(self, part: Part) -> list[str]:
        """Active makers outside the countries of a part's suppliers, the largest first."""
        made = self._made
        found = [
            name
            for (commodity, country), names in self._sites.items()
            if commodity == part.commodity and country not in part.countries
            for name in names
            if made[name] > 0.0
        ]
        return sorted(found, key=lambda name: (-made[name], name))

    def least(self, part: Part) -> float:
        """Units a day of which a small share goes unnoticed by all of a part's sources."""
        capacity = self.network.baseline().capacity
        return min(
            (self._made[name] or capacity.get(name, 1.0)) / (row.share * weight)
            for row in part.suppliers
            for name, weight in self.sources(part.commodity, row.country).items()
            if row.share > 0.0
        )

    def way(self, source: str, commodity: str) -> tuple[Way, str]:
        """How goods get from a source to the company, and how that is known."""
        origin = self.network.country(source)
        for key, told in (
            ((source, self.country), f"time as {source} to {self.country}"),
            ((origin, self.country, commodity), f"time as {commodity}, {origin} to {self.country}"),
            ((origin, self.country), f"time as others, {origin} to {self.country}"),
        ):
            if key in self._ways:
                lane = self._ways[key]
                return (lane.lead_time, lane.order_lag), told
        days = AT_HOME if origin == self.country else ABROAD
        return (Fixed(days), 0.0), f"{days:g} days assumed (half to double)"

    def blame(self, site: str, parts: Sequence[Part]) -> str:
        """The row that draws on a site, if one does so directly."""
        for part in parts:
            for place, row in part.rows():
                if site in self.sources(part.commodity, row.country):
                    return f"{place}.per_day"
        return "per_day"

    def faults(self, parts: Sequence[Part]) -> list[Fault]:
        """Every row that the network has no answer to."""
        faults = []
        if self.country not in COUNTRIES:
            rule = f"unknown country; use ISO 3166-1 alpha-2 ({nearest(self.country, COUNTRIES)})"
            faults.append(Fault("country", rule, self.country))
        for part in parts:
            for place, row in part.rows():
                faults += self._row_faults(place, row, part.commodity)
        return faults

    def _row_faults(self, place: str, row: Supplier, commodity: str) -> Iterator[Fault]:
        known = self.network.commodity_by_name
        if commodity not in known:
            column = "commodity" if row.commodity else "part"
            rule = f"the network has no such commodity; {nearest(commodity, known)}"
            more = "" if row.commodity else " (column commodity may name it)"
            yield Fault(f"{place}.{column}", rule + more, commodity)
        elif not self.sources(commodity, row.country):
            where = [c for what, c in (*self._sites, *self._hubs) if what == commodity]
            rule = f"nobody in the network makes {commodity} there; it comes from {', '.join(dict.fromkeys(where))}"
            rule += " (ZZ: the rest of the world)" if "ZZ" in where else ""
            yield Fault(
                f"{place}.country", rule if where else f"nobody makes {commodity}", row.country
            )

    @cached_property
    def _sites(self) -> dict[tuple[str, str], list[str]]:
        """Sites by what they make and where, sorted by country."""
        found: dict[tuple[str, str], list[str]] = {}
        for site in sorted(self.network.sites, key=lambda site: (site.country, site.name)):
            found.setdefault((site.makes, site.country), []).append(site.name)
        return found

    @cached_property
    def _hubs(self) -> dict[tuple[str, str], list[str]]:
        """Stores that pass goods on; reserves do not sell to just anybody."""
        found: dict[tuple[str, str], list[str]] = {}
        for store in sorted(self.network.stores, key=lambda store: (store.country, store.name)):
            if store.release is None:
                found.setdefault((store.commodity, store.country), []).append(store.name)
        return found

    @cached_property
    def _ways(self) -> dict[tuple[str, ...], Lane]:
        """The busiest lane into the company's country, by source, by origin and commodity, and by origin."""
        net, flow = self.network, self.network.baseline().flow
        found: dict[tuple[str, ...], Lane] = {}
        for lane in sorted(net.lanes, key=lambda lane: (-flow[lane.key], lane.key)):
            to = net.country(lane.target)
            if to == self.country:
                origin = net.country(lane.source)
                goods = net.product(lane.source)
                for key in ((lane.source, to), (origin, to, goods), (origin, to)):
                    found.setdefault(key, lane)
        return found
