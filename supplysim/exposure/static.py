"""Exposure as it stands: who supplies whom, in the undisturbed network or in a run, and who earns what.

Hubs keep the mix of their origins: what comes through a store counts for the countries that it came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model import Network
from supplysim.model.columns import Floats
from supplysim.model.fields import YEAR
from supplysim.model.mix import origin_mix
from supplysim.model.tables import Tables
from supplysim.timeline import lay_out

if TYPE_CHECKING:
    import pandas as pd

    from supplysim.results import Result

__all__ = ["dependence_table", "flows", "origins", "value_added"]


def flows(network: Network | Result, days: tuple[int, int] | None = None) -> pd.DataFrame:
    """Every flow from maker to user, seen through stores (hubs): undisturbed, or as it was received in a run.

    Of a run, ``days`` [first, last) are looked at (default: all), so that what leaks around a sanction counts for
    where it was made. A hub's mix is that of what it received in these days.

    Columns: commodity, origin (country of the last site that made it), importer (country of its user), user (the
    commodity that it goes into, or "" for final use), quantity (units a year), value (USD a year).

    >>> from supplysim.testing import tiny
    >>> flows(tiny())[["commodity", "origin", "importer", "quantity"]].values.tolist()
    [['ore', 'CN', 'DE', 365.0]]
    """
    import pandas as pd

    net, flow = _carried(network, days)
    tables = net.tables
    names = tables.commodity_names()
    countries = sorted({tables.country[node] for node in range(len(tables.sites))})
    mix = _mix(tables, flow, countries)
    sites, sources = len(tables.sites), tables.source_count
    found: dict[tuple[str, str, str, str], float] = {}
    for lane in range(len(tables.lanes)):
        source, target = int(tables.lane_source[lane]), int(tables.lane_target[lane])
        if sites <= target < sources:
            continue
        name, importer = names[int(tables.product[source])], tables.country[target]
        user = names[int(tables.product[target])] if target < sites else ""
        for place in np.flatnonzero(mix[source]).tolist():
            key = (name, countries[place], importer, user)
            found[key] = found.get(key, 0.0) + float(flow[lane] * mix[source, place]) * YEAR
    rows = [(*key, quantity) for key, quantity in sorted(found.items()) if quantity > 0.0]
    table = pd.DataFrame(rows, columns=["commodity", "origin", "importer", "user", "quantity"])
    price = {item.name: item.price for item in net.commodities}
    table["value"] = table["quantity"] * table["commodity"].map(price)
    return table


def _carried(network: Network | Result, days: tuple[int, int] | None) -> tuple[Network, Floats]:
    """A network with all structure, and what each of its lanes carries in units a day."""
    if isinstance(network, Network):
        return network, network.baseline().arrays.flow
    recipe = network.recipe
    received = network.data["received"].to_numpy()
    first, last = (0, len(received)) if days is None else days
    if not 0 <= first < last <= len(received):
        rule = f"must be a first day and one after it, from 0 to {len(received)}"
        raise InvalidInput([Fault("days", rule, days)], what="flows")
    return lay_out(recipe.network, recipe.scenario).network, received[first:last].mean(axis=0)


def origins(
    network: Network | Result,
    importer: str,
    *,
    imports_only: bool = False,
    days: tuple[int, int] | None = None,
) -> pd.DataFrame:
    """Where what a country (or group) uses comes from: shares by commodity (rows) and country of origin (columns).

    Shares are of everything used there, home supply included, in the commodity's own unit; with ``imports_only`` of
    what comes from elsewhere. The origin is where the last site that made the commodity stands, seen through stores
    (hubs); see `flows` for runs and their ``days``. Rows sum to 1. Commodities that the country does not use (or
    import) are left out. Raises `InvalidInput` for an unknown country.

    >>> from supplysim import load_network
    >>> origins(load_network("gallium-2022"), "JP").loc["gallium"].round(2).to_dict()
    {'CN': 0.22, 'JP': 0.42, 'TW': 0.0, 'US': 0.0, 'ZZ': 0.37}
    """
    net = network if isinstance(network, Network) else network.recipe.network
    return shares(flows(network, days), _places(net, importer), imports_only=imports_only)


def shares(
    table: pd.DataFrame, places: frozenset[str], *, imports_only: bool = False
) -> pd.DataFrame:
    """What `origins` gives, from `flows` and the countries that import."""
    table = table[table["importer"].isin(places)]
    if imports_only:
        table = table[~table["origin"].isin(places)]
    found = table.pivot_table(
        index="commodity", columns="origin", values="quantity", aggfunc="sum", fill_value=0.0
    )
    return found.div(found.sum(axis=1), axis=0)


def _places(network: Network, importer: str) -> frozenset[str]:
    """The countries behind an importer, which must be somewhere in the network."""
    places, here = network.countries([importer]), set(network.tables.country.every())
    if not places & here:
        hint = nearest(importer, here)
        raise InvalidInput([Fault("importer", f"uses nothing in this network; {hint}", importer)])
    return places


def _mix(tables: Tables, flow: Floats, countries: list[str]) -> Floats:
    """The origins of what each source gives, shape (sources, countries): a site its own, a store its suppliers'."""
    place = {name: i for i, name in enumerate(countries)}
    own = np.zeros((len(tables.sites), len(countries)))
    for site in range(len(tables.sites)):
        own[site, place[tables.country[site]]] = 1.0
    return origin_mix(tables, flow, own)


def dependence_table(network: Network, importers: list[str], origin: str) -> pd.DataFrame:
    """What some countries draw from one, by commodity: columns ``JP use``, ``JP imports``, ... as shares.

    "use" is the share of everything used, home supply included; "imports" the share of what comes from abroad.

    >>> from supplysim import load_network
    >>> dependence_table(load_network("gallium-2022"), ["JP"], "CN").loc["gallium"].round(2).to_dict()
    {'JP use': 0.22, 'JP imports': 0.37}
    """
    import pandas as pd

    every, columns = flows(network), {}
    for importer in importers:
        places = _places(network, importer)
        for label, only in (("use", False), ("imports", True)):
            table = shares(every, places, imports_only=only)
            columns[f"{importer} {label}"] = (
                table[origin] if origin in table else table.sum(axis=1) * 0.0
            )
    return pd.DataFrame(columns)


def value_added(network: Network) -> pd.DataFrame:
    """Value added and jobs of the undisturbed network by country and sector.

    Columns: country, sector, value_added (USD a year), jobs (people), output (USD a year, at the commodity's price).

    >>> from supplysim.testing import tiny
    >>> value_added(tiny())[["country", "jobs"]].values.tolist()
    [['CN', 0.0]]
    """
    import pandas as pd

    output = network.baseline().output
    commodity = network.commodity_by_name
    rows = [
        {
            "country": site.country,
            "sector": commodity[site.makes].sector,
            "value_added": output[site.name] * YEAR * site.value_added,
            "jobs": site.jobs,
            "output": output[site.name] * YEAR * commodity[site.makes].price,
        }
        for site in network.sites
    ]
    table = pd.DataFrame(rows, columns=["country", "sector", "value_added", "jobs", "output"])
    return table.groupby(["country", "sector"], as_index=False).sum()
