"""One page: how exposed a country is to another, chain by chain."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.exposure.cuts import Cut
from supplysim.exposure.lookthrough import dependence
from supplysim.exposure.played import play
from supplysim.exposure.static import origins
from supplysim.exposure.stocks import Stocks
from supplysim.exposure.survival import survival
from supplysim.model import Network
from supplysim.model.fields import YEAR
from supplysim.plan import default_warmup
from supplysim.results import Result
from supplysim.simulate import simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Page", "exposure_page"]

REST = "other"
"""The chain of commodities that name none."""
LANE = (
    "lane",
    "origin",
    "commodity",
    "user",
    "quantity",
    "value",
    "share",
    "cover",
    "lead_time",
    "confidence",
    "source",
)
"""What is told of a lane."""
CALM = {
    "survive_best": math.inf,
    "survive": math.inf,
    "recover": 0.0,
    "loss_best": 0.0,
    "loss": 0.0,
    "hangs_on": "",
}
"""Of a chain of which nothing comes from there."""


@dataclass(frozen=True)
class Page:
    """``table`` has a row a chain, ``rows`` the rows of the network that it rests on.

    Columns of the table: ``chain``; ``uses`` (USD a year of the chain's commodities that the country uses, in
    production and finally), ``face`` and ``look_through`` (shares of that: what comes directly from the other country,
    what was earned there through all tiers), ``hidden`` (the difference), ``most`` (the commodity of which the largest
    share comes from there) and ``share``; then, if all of the chain that comes directly from there stops for so many
    days: ``survive_best`` (days until use somewhere must go unmet, at best) and ``survive`` (as simulated),
    ``recover`` (days from the begin until use is served and stocks are whole again, simulated; 0 if nothing goes
    unmet), ``loss_best`` (USD within these days, at best), ``loss`` (USD within the run, simulated), and ``hangs_on``
    (the stock or plant that binds first). Infinite: not within the run.

    Columns of ``rows``: chain, lane, origin, commodity, user, quantity (units a year), value (USD a year), share (of
    the user's supply), cover (days of stock that the user has on day 0), lead_time (days), confidence and source.

    >>> from supplysim import load_network
    >>> from supplysim.exposure import exposure_page
    >>> page = exposure_page(load_network("gallium-2022"), "JP", "CN", days=60, horizon=200)
    >>> page.table["chain"].tolist()
    ['other']
    """

    table: pd.DataFrame
    rows: pd.DataFrame


def exposure_page(
    network: Network,
    importer: str,
    origin: str,
    *,
    days: float = 90.0,
    horizon: int = 540,
    workers: int = 2,
) -> Page:
    """How exposed ``importer`` is to ``origin``, by chain of commodities, if it stops what it ships for some ``days``.

    Both are countries or groups. Runs are single ones, with the figures as the network gives them. Raises
    `InvalidInput` for names that are not known, that overlap, or between which nothing flows.

    >>> from supplysim.testing import tiny
    >>> found = exposure_page(tiny(), "DE", "CN", days=30.0, horizon=120)
    >>> found.table[["chain", "most", "share", "survive", "hangs_on"]].values.tolist()
    [['other', 'ore', 1.0, 17.0, 'use']]
    """
    import pandas as pd

    _check(network, importer, origin, days, horizon)
    base = simulate(network, None, horizon=horizon, warmup=default_warmup(network))
    stocks = Stocks.of(network, base)
    shares = _shares(network, importer, origin)

    def chain_of(item: tuple[str, list[str]]) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
        chain, goods = item
        cut = Cut(origin=[origin], to=[importer], commodities=goods)
        hit = cut.lanes_off(network)
        line = {"chain": chain, **_summary(shares[shares.index.isin(goods)])}
        line |= _stopped(network, cut, days, base, stocks) if hit.any() else CALM
        return line, [(chain, *row) for row in _lanes(network, hit, stocks)]

    with ThreadPoolExecutor(
        max(1, workers)
    ) as pool:  # programmes and compiled runs let others work
        made = list(pool.map(chain_of, _chains(network).items()))
    table = pd.DataFrame([line for line, rows in made if line["most"] or rows])
    table = table.sort_values("loss", ascending=False, kind="stable", ignore_index=True)
    listed = pd.DataFrame([row for _, rows in made for row in rows], columns=["chain", *LANE])
    table.attrs["definition"] = (
        f"{importer} on {origin}: shares of the value used; a stop for {days:g} days of all of the chain that comes "
        f"directly, in a run of {horizon} days"
    )
    return Page(table, listed.sort_values("value", ascending=False, ignore_index=True))


# --- parts ---------------------------------------------------------------------------------------


def _check(network: Network, importer: str, origin: str, days: float, horizon: int) -> None:
    faults, places = [], []
    here = set(network.tables.country.every())
    for field, name in (("importer", importer), ("origin", origin)):
        try:
            places.append(network.countries([name]) & here)
        except InvalidInput as error:
            faults += [Fault(field, fault.rule, fault.value) for fault in error.faults]
            continue
        if not places[-1]:
            faults.append(Fault(field, f"is not in this network; {nearest(name, here)}", name))
    if not faults and places[0] & places[1]:
        faults.append(
            Fault("origin", "must not be the importer, too", sorted(places[0] & places[1]))
        )
    if not faults and not Cut(origin=[origin], to=[importer]).lanes_off(network).any():
        faults.append(Fault("origin", f"ships nothing to {importer} in this network", origin))
    if not 0.0 < days < math.inf:
        faults.append(Fault("days", "must be a finite number above 0", days))
    elif type(horizon) is not int or horizon <= days:
        faults.append(Fault("horizon", f"must be a whole number of days above {days:g}", horizon))
    if faults:
        raise InvalidInput(faults, what="exposure")


def _chains(network: Network) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in network.commodities:
        found.setdefault(item.chain or REST, []).append(item.name)
    return {chain: found[chain] for chain in sorted(found)}


def _shares(network: Network, importer: str, origin: str) -> pd.DataFrame:
    """What comes from there, by commodity: `dependence`, or by units alone where there are no prices."""
    import pandas as pd

    if any(item.price > 0.0 for item in network.commodities):
        return dependence(network, importer, origin)
    table = origins(network, importer)
    there = [name for name in table.columns if name in network.countries([origin])]
    found = pd.DataFrame({"value": 0.0, "face": table[there].sum(axis=1)}, index=table.index)
    return found.assign(look_through=math.nan, hidden=math.nan)


def _summary(used: pd.DataFrame) -> dict[str, Any]:
    """Shares of all that is used of a chain, by value, and the commodity with the largest."""
    if not len(used):
        return {
            "uses": 0.0,
            "face": 0.0,
            "look_through": 0.0,
            "hidden": 0.0,
            "most": "",
            "share": 0.0,
        }
    value = used["value"].to_numpy()
    weight = value / value.sum() if value.sum() > 0.0 else np.full(len(used), 1.0 / len(used))
    found = {name: float(used[name].to_numpy() @ weight) for name in ("face", "look_through")}
    most = str(used["face"].idxmax())
    return {
        "uses": float(value.sum()),
        **found,
        "hidden": found["look_through"] - found["face"],
        "most": most,
        "share": float(used["face"].max()),
    }


def _stopped(
    network: Network, cut: Cut, days: float, base: Result, stocks: Stocks
) -> dict[str, Any]:
    """What a stop does, at best and as simulated."""
    best = survival(network, cut, recover=days, stocks=stocks)
    seen = play(network, cut, lasts=days, horizon=base.recipe.horizon, base=base)
    return {
        "survive_best": best.survive,
        "survive": seen.survive,
        "recover": seen.whole if math.isfinite(seen.survive) else 0.0,
        "loss_best": best.loss,
        "loss": seen.loss,
        "hangs_on": str(best.binds["name"].iloc[0]) if len(best.binds) else "",
    }


def _lanes(network: Network, hit: Any, stocks: Stocks) -> Iterator[tuple[Any, ...]]:
    """The rows of the network that a cut is about: `LANE`."""
    t, flow = network.tables, network.baseline().arrays.flow
    price, cover = np.asarray(t.commodities.price), stocks.days(network)
    for row in np.flatnonzero(hit & (flow > 0.0)).tolist():
        source, slot, goods = (
            int(t.lane_source[row]),
            int(t.lane_slot[row]),
            int(t.product[t.lane_source[row]]),
        )
        lane = t.lane(row)
        yield (
            t.lane_keys[row],
            t.country[source],
            t.commodities.name[goods],
            t.slot_keys[slot],
            float(flow[row]) * YEAR,
            float(flow[row] * price[goods]) * YEAR,
            lane.share,
            float(cover[slot]),
            lane.lead_time.mean,
            lane.evidence.confidence,
            lane.evidence.source,
        )
