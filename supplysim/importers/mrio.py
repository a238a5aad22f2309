"""Multi-regional input-output tables, as pymrio holds them, to a network of sectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from supplysim.errors import Fault, InvalidInput
from supplysim.importers.reading import check_country, country_codes, country_of, node_name
from supplysim.model import Citation, DaysOfCover, Distribution, Evidence, Fixed, Network

if TYPE_CHECKING:
    import pandas as pd
    import pymrio
from supplysim.model.fields import YEAR

__all__ = ["SectorNetwork", "read_mrio"]

MOST_LANES = 500_000
SOURCE = "mrio"
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SectorNetwork:
    """A network of sectors, and what became of the table.

    ``output`` is what each site makes a year in the table's unit, by region and sector: the table's output less what
    the sector uses of itself. ``cut`` lists the flows that are in no lane (columns region, sector, to_region,
    to_sector, amount, why); a purchase by final demand has no to_sector.

    >>> from supplysim.testing import tiny
    >>> import pandas as pd
    >>> made = SectorNetwork(tiny(), pd.Series({("CN", "ore"): 365.0}), pd.DataFrame())
    >>> made.network.name
    'tiny'
    """

    network: Network
    output: pd.Series[float]
    cut: pd.DataFrame


def read_mrio(
    io: pymrio.IOSystem,
    *,
    countries: Mapping[str, str] | None = None,
    least: float = 0.0,
    price: float = 1e6,
    lead_time: Distribution | float = 14.0,
    cover: float | Mapping[str, float] = 30.0,
    criticality: Mapping[str, float] | None = None,
    utilisation: float = 0.9,
    name: str = "sectors",
) -> SectorNetwork:
    """The network of an input-output table: a site for each region and sector, a demand for each region and sector.

    A sector is a commodity, counted in the table's unit (``price`` USD each; a million for tables in million USD). A
    site makes x - z of it a day (what it uses of itself is netted, since a site cannot use what it makes) from
    technical coefficients: one input for each sector, whose lanes have the regions' shares. What it buys of its own
    sector abroad comes through an intake of its own. Final demand is the sum of all its categories.

    The baseline's outputs are the table's. Flows of less than ``least`` of the buyer's output (or final demand), and
    those below zero, get no lane; they go to (or come off) the final demand of the seller's own region, so that outputs
    stay as they are, and the buyer's value added takes up the difference. They are in `SectorNetwork.cut`.

    ``countries`` gives the country of each region, where a region is not a country's ISO code itself. The times are
    assumptions that no table holds: ``cover`` days of stock of an input (one number, or by sector),
    ``criticality`` by sector (the share of output that is lost without it, 1 unless given), and ``utilisation``.

    >>> from types import SimpleNamespace
    >>> import pandas as pd
    >>> rows = pd.MultiIndex.from_tuples([("CN", "ore"), ("DE", "metal")])
    >>> uses = pd.MultiIndex.from_tuples([("CN", "use"), ("DE", "use")])
    >>> io = SimpleNamespace(  # what is read of a pymrio.IOSystem
    ...     Z=pd.DataFrame([[0.0, 40.0], [0.0, 0.0]], rows, rows),
    ...     Y=pd.DataFrame([[0.0, 10.0], [0.0, 100.0]], rows, uses),
    ...     unit=None,
    ... )
    >>> read_mrio(io).output.round(6).tolist()
    [50.0, 100.0]
    """
    if io.Z is None or io.Y is None:
        raise InvalidInput(
            [Fault("io", "needs Z and Y; load or calculate them first")], what="read_mrio"
        )
    table = _Table.of(io)
    places = _places(table.regions, countries or {})
    net, y, cut = _kept(table, least)
    output = table.x - np.diag(table.z)
    _check(table, output, places, net)
    build = _Build(table, output, net, y, places)
    network = Network.from_tables(
        name=name,
        title="Sectors of a multi-regional input-output table",
        commodities=build.commodities(table.unit, price),
        sites=build.sites(utilisation, price),
        inputs=build.inputs(cover, criticality or {}),
        demands=build.demands(),
        lanes=build.lanes(
            lead_time if not isinstance(lead_time, int | float) else Fixed(float(lead_time))
        ),
        sources={SOURCE: Citation(f"Input-output table {getattr(io, 'name', None) or ''}".strip())},
    )
    return SectorNetwork(network, table.series(output), cut)


@dataclass(frozen=True)
class _Table:
    """Flows a year between rows, each a (region, sector): ``z`` row x row, ``y`` row x region, ``x`` by row."""

    rows: Sequence[tuple[str, str]]
    regions: Sequence[str]
    z: Array
    y: Array
    x: Array
    unit: str

    @classmethod
    def of(cls, io: Any) -> _Table:
        """The numbers of a table."""
        regions = list(dict.fromkeys(io.Z.index.get_level_values(0)))
        final = io.Y.T.groupby(level=0, sort=False).sum().T
        z = io.Z.to_numpy(float)
        y = final.reindex(index=io.Z.index, columns=regions, fill_value=0.0).to_numpy(float)
        unit = "unit"
        if io.unit is not None and len(set(io.unit.iloc[:, 0])) == 1:
            unit = str(io.unit.iloc[0, 0])
        rows = [(str(region), str(sector)) for region, sector in io.Z.index]
        return cls(rows, [str(r) for r in regions], z, y, z.sum(axis=1) + y.sum(axis=1), unit)

    def series(self, values: Array) -> pd.Series[float]:
        """Values by region and sector."""
        import pandas as pd

        index = pd.MultiIndex.from_tuples(self.rows, names=["region", "sector"])
        return pd.Series(values, index=index, name="output")


def _places(regions: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """The country of each region."""
    known = country_codes()
    found = {r: given.get(r) or country_of(known, r) or "" for r in regions}
    faults = [
        Fault(f"countries.{region}", "is required: the region is no country's ISO code")
        for region, place in found.items()
        if not place
    ]
    for region, place in found.items():
        faults += check_country(place, f"countries.{region}") if place else []
    if faults:
        raise InvalidInput(faults, what="read_mrio")
    return found


def _kept(table: _Table, least: float) -> tuple[Array, Array, pd.DataFrame]:
    """Flows between sectors and to final demand that get lanes, and those that do not."""
    import pandas as pd

    z, y = table.z.copy(), table.y.copy()
    np.fill_diagonal(z, 0.0)
    home = np.array([table.regions.index(region) for region, _ in table.rows])
    at = np.arange(len(table.rows))
    low_z = (z != 0.0) & ((z < 0.0) | (z < least * table.x))
    low_y = (y != 0.0) & ((y < 0.0) | (y < least * y.sum(axis=0)))
    low_y[at, home] = False
    records = []
    for row, column in zip(*np.nonzero(low_z), strict=True):
        records.append((*table.rows[row], *table.rows[column], z[row, column]))
    for row, column in zip(*np.nonzero(low_y), strict=True):
        records.append((*table.rows[row], table.regions[column], "", y[row, column]))
    moved = np.where(low_z, z, 0.0).sum(axis=1) + np.where(low_y, y, 0.0).sum(axis=1)
    z[low_z], y[low_y] = 0.0, 0.0
    y[at, home] += moved
    cut = pd.DataFrame(records, columns=["region", "sector", "to_region", "to_sector", "amount"])
    cut["why"] = np.where(cut["amount"] < 0.0, "below zero", "small")
    negative = np.flatnonzero(y[at, home] < 0.0)
    if negative.size:
        faults = [
            Fault(
                " ".join(table.rows[r]),
                "final demand at home, less what is below zero elsewhere, must not be below 0",
                float(y[r, home[r]]),
            )
            for r in negative.tolist()
        ]
        raise InvalidInput(faults, what="read_mrio")
    return z, y, cut


def _check(table: _Table, output: Array, places: Mapping[str, str], z: Array) -> None:
    faults = [
        Fault(" ".join(table.rows[r]), "uses more of itself than it makes", float(table.x[r]))
        for r in np.flatnonzero((output <= 0.0) & (table.x > 0.0)).tolist()
    ]
    idle = np.flatnonzero((output <= 0.0) & (z.sum(axis=0) > 0.0) & (table.x <= 0.0)).tolist()
    faults += [Fault(" ".join(table.rows[r]), "buys inputs and makes nothing") for r in idle]
    lanes = int(np.count_nonzero(z))
    if lanes > MOST_LANES:
        rule = f"would make more than {MOST_LANES:,} lanes; aggregate the table, or raise least"
        faults.append(Fault("io", rule, lanes))
    if faults:
        raise InvalidInput(faults, what="read_mrio")


class _Build:
    """The columns of the network's tables; a day's worth of everything."""

    def __init__(
        self, table: _Table, output: Array, z: Array, y: Array, places: Mapping[str, str]
    ) -> None:
        self.table, self.output, self.z, self.y, self.places = table, output, z, y, places
        self.sectors = list(dict.fromkeys(sector for _, sector in table.rows))
        self.goods = {sector: node_name(sector) for sector in self.sectors}
        self.names = [node_name(region, sector) for region, sector in table.rows]
        self.active = np.flatnonzero(output > 0.0).tolist()
        self.sector = np.array([self.sectors.index(sector) for _, sector in table.rows])
        # what a site buys of a sector, from everywhere
        self.bought = np.array([z[self.sector == s].sum(axis=0) for s in range(len(self.sectors))])
        self.own = [r for r in self.active if self.bought[self.sector[r], r] > 0.0]

    def commodities(self, unit: str, price: float) -> dict[str, Any]:
        """A sector, and apart from it what a sector buys of itself."""
        goods = list(self.goods.values())
        apart = [self._intake(row) for row in self.own]
        return {
            "name": goods + apart,
            "unit": unit,
            "price": price,
            "sector": goods + [self._good(row) for row in self.own],
            "evidence": _evidence("derived", "a sector's output, by value"),
        }

    def sites(self, utilisation: float, price: float) -> dict[str, Any]:
        """Sectors of a region, and their intakes."""
        rows = [*self.active, *self.own]
        names = [self.names[r] for r in self.active] + [self._intake(r) for r in self.own]
        made = [self._good(r) for r in self.active] + [self._intake(r) for r in self.own]
        spent = self.z.sum(axis=0)
        added = [price * max(0.0, 1.0 - spent[r] / self.output[r]) for r in self.active]
        bought = [self.bought[self.sector[r], r] for r in self.own]
        return {
            "name": names,
            "country": [self._country(r) for r in rows],
            "makes": made,
            "utilisation": [utilisation] * len(self.active) + [0.1] * len(self.own),
            "lot": [7.0 * self.output[r] / YEAR for r in self.active] + [b / YEAR for b in bought],
            "cover": [7.0] * len(self.active) + [0.0] * len(self.own),
            "value_added": added + [0.0] * len(self.own),
            "evidence": _evidence(
                "assumed",
                f"output of the table; utilisation {utilisation:g}, 7 days of product kept",
            ),
        }

    def inputs(
        self, cover: float | Mapping[str, float], critical: Mapping[str, float]
    ) -> dict[str, Any]:
        """One for each sector that a site buys from; of its own sector through the intake."""
        site, good, per_unit, policy, lost = [], [], [], [], []
        for r in self.active:
            for s, sector in enumerate(self.sectors):
                amount = self.bought[s, r] / self.output[r]
                if amount <= 0.0:
                    continue
                days = cover if isinstance(cover, int | float) else cover.get(sector, 30.0)
                keep = DaysOfCover(float(days))
                if s == self.sector[r]:
                    site += [self.names[r], self._intake(r)]
                    good += [self._intake(r), self._good(r)]
                    per_unit += [amount, 1.0]
                    policy += [DaysOfCover(0.0), keep]
                    lost += [critical.get(sector, 1.0), 1.0]
                else:
                    site.append(self.names[r])
                    good.append(self.goods[sector])
                    per_unit.append(amount)
                    policy.append(keep)
                    lost.append(critical.get(sector, 1.0))
        return {
            "site": site,
            "commodity": good,
            "per_unit": per_unit,
            "policy": policy,
            "criticality": lost,
            "evidence": _evidence("derived", "technical coefficient; stock and times assumed"),
        }

    def demands(self) -> dict[str, Any]:
        """Final demand."""
        wanted = self._wanted()
        return {
            "name": [self._use(region, sector) for region, sector, _ in wanted],
            "country": [self.places[region] for region, _, _ in wanted],
            "commodity": [self.goods[sector] for _, sector, _ in wanted],
            "rate": [amount / YEAR for _, _, amount in wanted],
            "sector": [self.goods[sector] for _, sector, _ in wanted],
            "evidence": _evidence("derived", "final demand, all categories together"),
        }

    def lanes(self, lead_time: Distribution) -> dict[str, Any]:
        """Into sites or their intakes, into demands, and from intakes to their sites."""
        source, target, share, wait = [], [], [], []
        for r, c in zip(*np.nonzero(self.z), strict=True):
            if self.output[c] > 0.0:
                same = self.sector[r] == self.sector[c]
                source.append(self.names[r])
                target.append(self._intake(c) if same else self.names[c])
                share.append(self.z[r, c] / self.bought[self.sector[r], c])
                wait.append(lead_time)
        for region, sector, amount in self._wanted():
            column = self.table.regions.index(region)
            for r in np.flatnonzero(
                (self.sector == self.sectors.index(sector)) & (self.y[:, column] > 0.0)
            ).tolist():
                source.append(self.names[r])
                target.append(self._use(region, sector))
                share.append(self.y[r, column] / amount)
                wait.append(lead_time)
        for r in self.own:
            source.append(self._intake(r))
            target.append(self.names[r])
            share.append(1.0)
            wait.append(Fixed(0.0))
        return {
            "source": source,
            "target": target,
            "share": share,
            "lead_time": wait,
            "evidence": _evidence("derived", "share of the regions; time assumed"),
        }

    def _wanted(self) -> list[tuple[str, str, float]]:
        """Final demand by region and sector, where there is any."""
        found = []
        for c, region in enumerate(self.table.regions):
            for s, sector in enumerate(self.sectors):
                amount = float(self.y[self.sector == s, c].sum())
                if amount > 0.0:
                    found.append((region, sector, amount))
        return found

    def _good(self, row: int) -> str:
        return self.goods[self.table.rows[row][1]]

    def _intake(self, row: int) -> str:
        region, sector = self.table.rows[row]
        return node_name(region, "intake of", sector)

    def _use(self, region: str, sector: str) -> str:
        return node_name(region, "use of", sector)

    def _country(self, row: int) -> str:
        return self.places[self.table.rows[row][0]]


def _evidence(confidence: Literal["derived", "assumed"], note: str) -> Evidence:
    return Evidence(source=SOURCE, confidence=confidence, note=note)
