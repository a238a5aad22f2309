"""What a network's figures rest on, told once for all rows that share a piece of evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from supplysim.model import Evidence, Network
from supplysim.model.countries import country_name

__all__ = ["Ground", "grounds_of"]


@dataclass(frozen=True)
class Ground:
    """Rows of the network that rest on one piece of evidence: of which good, what they are, and the evidence.

    >>> Ground("ore", ("made in China",), Evidence(source="usgs")).evidence.source
    'usgs'
    """

    good: str
    what: tuple[str, ...]
    evidence: Evidence


def grounds_of(network: Network, goods: Collection[str]) -> list[Ground]:
    """The grounds of some goods' rows, by good, those that bear most first.

    >>> from supplysim.testing import tiny
    >>> [ground.what for ground in grounds_of(tiny(), ["ore"])]
    [('made in China', 'used in Germany', 'China to Germany')]
    """
    found: dict[tuple[str, Evidence], dict[str, None]] = {}
    for good, what, evidence in _rows(network):
        if good in goods:
            found.setdefault((good, evidence), {})[what] = None
    grounds = [Ground(good, tuple(what), evidence) for (good, evidence), what in found.items()]
    return sorted(grounds, key=lambda ground: (ground.good, -len(ground.what), ground.what[0]))


def _rows(network: Network) -> Iterator[tuple[str, str, Evidence]]:
    """Of each row: its good, what it says, and its evidence."""
    place = dict[str, str]()
    for site in network.sites:
        place[site.name] = here = country_name(site.country)
        yield site.makes, f"made in {here}", site.evidence
        for good, slot in site.inputs.items():
            yield good, f"kept by makers of {site.makes} in {here}", slot.evidence
    for store in network.stores:
        place[store.name] = here = country_name(store.country)
        yield store.commodity, f"stored in {here}", store.evidence
    for demand in network.demands:
        place[demand.name] = here = country_name(demand.country)
        yield demand.commodity, f"used in {here}", demand.evidence
    for lane in network.lanes:
        way = f"{place[lane.source]} to {place[lane.target]}"
        yield network.product(lane.source), way, lane.evidence
