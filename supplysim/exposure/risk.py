"""The European Union's measures: supply risk of a raw material, and dependency of imports on foreign suppliers.

Sources: European Commission (2017), *Methodology for establishing the EU list of critical raw materials*
(doi:10.2873/769526), section 3.2 (supply risk); European Commission (2021), *Strategic dependencies and capacities*,
SWD(2021) 352, part 2 (three indicators of dependency).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from supplysim.errors import Fault, InvalidInput
from supplysim.exposure.static import flows
from supplysim.model import Network

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["concentration", "dependency_indicators", "network_supply_risk", "supply_risk"]

THRESHOLDS = {"hhi": 0.4, "extra": 0.5, "ratio": 1.0}
"""Above these a product counts as dependent: import HHI, extra-bloc share of imports, imports over exports."""


def concentration(
    shares: Mapping[str, float],
    governance: Mapping[str, float],
    trade: Mapping[str, float] | float = 1.0,
) -> float:
    """The Herfindahl-Hirschman index of supply weighted by governance and trade: sum of s^2 x WGI x t.

    ``shares`` by country sum to 1; ``governance`` is the World Governance Indicator scaled to 0 (best) to 10 (worst);
    ``trade`` is the EU's parameter of export restrictions (above 1) and agreements (below 1).

    >>> round(concentration({"A": 0.6, "B": 0.2, "C": 0.1, "D": 0.1}, {"A": 6, "B": 4, "C": 5, "D": 3},
    ...                     {"A": 1.1, "B": 1.0, "C": 1.0, "D": 0.8}), 2)
    2.61
    """
    whole = math.fsum(shares.values())
    faults = [
        Fault(f"governance.{name}", "is required, from 0 to 10", governance.get(name))
        for name in shares
        if not 0.0 <= governance.get(name, math.nan) <= 10.0
    ]
    if not abs(whole - 1.0) <= 1e-6 or min(shares.values(), default=-1.0) < 0.0:
        faults.append(Fault("shares", "must be from 0 on and sum to 1", whole))
    weight = dict.fromkeys(shares, trade) if isinstance(trade, int | float) else trade
    faults += [
        Fault(f"trade.{name}", "is required, above 0", weight.get(name))
        for name in shares
        if not 0.0 < weight.get(name, math.nan) < math.inf
    ]
    if faults:
        raise InvalidInput(faults, what="concentration")
    return math.fsum(s * s * governance[name] * weight[name] for name, s in shares.items())


def supply_risk(
    *,
    world: float,
    sourcing: float | None = None,
    import_reliance: float = 1.0,
    recycling: float = 0.0,
    substitution: float = 1.0,
) -> float:
    """The EU's supply risk: [H_gs IR/2 + H_eu (1 - IR/2)] (1 - EoL_RIR) SI_SR.

    ``world`` and ``sourcing`` are the `concentration` of world supply and of what the EU (or another importer) buys;
    without ``sourcing`` the world's alone counts, as the EU does where it has no figures of its own sourcing.
    ``import_reliance``, ``recycling`` (end-of-life recycling input rate) and ``substitution`` (the SI_SR index, 1: no
    substitute) are shares from 0 to 1. A material is critical from 1.0 on (if it matters to the economy).

    >>> round(supply_risk(world=2.61, sourcing=1.76, import_reliance=0.8, recycling=0.1, substitution=0.95), 4)
    1.7955
    """
    given = {
        "import_reliance": import_reliance,
        "recycling": recycling,
        "substitution": substitution,
    }
    faults = [
        Fault(name, "must be a share from 0 to 1", value)
        for name, value in given.items()
        if not 0.0 <= value <= 1.0
    ]
    faults += [
        Fault(name, "must be from 0 on", value)
        for name, value in (("world", world), ("sourcing", sourcing))
        if value is not None and not 0.0 <= value < math.inf
    ]
    if faults:
        raise InvalidInput(faults, what="supply_risk")
    half = import_reliance / 2.0
    mixed = world if sourcing is None else world * half + sourcing * (1.0 - half)
    return mixed * (1.0 - recycling) * substitution


def network_supply_risk(
    network: Network,
    importer: str,
    governance: Mapping[str, float],
    *,
    trade: Mapping[str, float] | float = 1.0,
) -> pd.DataFrame:
    """The supply risk of every commodity that a country or group uses, from the network's own flows.

    Columns: world, sourcing (see `concentration`), import_reliance (imports less exports over apparent use, 0 to 1),
    recycling, substitution (the commodity's; 0 and 1 where it gives none) and risk. ``governance`` must have all
    countries that make something it uses.

    >>> from supplysim import load_network
    >>> governance = {"CN": 6.0, "JP": 2.0, "DE": 2.0, "US": 2.5, "KR": 3.0, "TW": 3.0, "RU": 7.0, "ZZ": 5.0}
    >>> network_supply_risk(load_network("gallium-2022"), "JP", governance).columns.tolist()
    ['world', 'sourcing', 'import_reliance', 'recycling', 'substitution', 'risk']
    """
    import pandas as pd

    table, places = flows(network), network.countries([importer])
    rows = {}
    for name, part in table.groupby("commodity"):
        used = part[part["importer"].isin(places)]
        if not len(used):
            continue
        whole, taken = part["quantity"].sum(), used["quantity"].sum()
        made = part[part["origin"].isin(places)]["quantity"].sum()
        shares = [
            {str(k): float(v) for k, v in (x.groupby("origin")["quantity"].sum() / total).items()}
            for x, total in ((part, whole), (used, taken))
        ]
        item = network.commodity_by_name[str(name)]
        found = {
            "world": concentration(shares[0], governance, trade),
            "sourcing": concentration(shares[1], governance, trade),
            "import_reliance": min(1.0, max(0.0, 1.0 - made / taken)),
            "recycling": item.recycling_rate or 0.0,
            "substitution": 1.0 if item.substitution_index is None else item.substitution_index,
        }
        rows[str(name)] = {**found, "risk": supply_risk(**found)}
    answer = pd.DataFrame.from_dict(rows, orient="index")
    answer.attrs["definition"] = "EU supply risk (2017): [H_gs IR/2 + H_eu (1 - IR/2)] (1 - RIR) SI"
    return answer.sort_values("risk", ascending=False)


def dependency_indicators(network: Network, bloc: str) -> pd.DataFrame:
    """The EU's three indicators of a bloc's foreign dependency, by commodity, with the distance to each threshold.

    Columns: ``hhi`` (of the origins of imports from outside the bloc, by value; more than 0.4 is dependent), ``extra``
    (their share of all imports, within the bloc too; more than 0.5), ``ratio`` (imports from outside over all exports
    of the bloc's members, within it too; more than 1, infinite without exports), ``hhi_over``, ``extra_over`` and
    ``ratio_over`` (how far above its threshold each is; below 0: not yet) and ``dependent`` (all three). One in five
    flags flips within a year, so look at the distances. ``bloc`` is a group of the network or a country, for which all
    imports are from outside.

    >>> from supplysim import load_network
    >>> dependency_indicators(load_network(), "EU").columns.tolist()[:3]
    ['hhi', 'extra', 'ratio']
    """
    import pandas as pd

    table, members = flows(network), network.countries([bloc])
    table = table[table["origin"] != table["importer"]]
    weight = "value" if (table["value"] > 0.0).any() else "quantity"
    rows = {}
    for name, part in table.groupby("commodity"):
        into = part[part["importer"].isin(members)]
        outside = into[~into["origin"].isin(members)]
        bought = float(outside[weight].sum())
        if bought <= 0.0:
            continue
        shares = outside.groupby("origin")[weight].sum() / bought
        sold = float(part[part["origin"].isin(members)][weight].sum())
        rows[str(name)] = (
            float((shares**2).sum()),
            bought / float(into[weight].sum()),
            bought / sold if sold > 0.0 else math.inf,
        )
    answer = pd.DataFrame.from_dict(rows, orient="index", columns=list(THRESHOLDS))
    for column, limit in THRESHOLDS.items():
        answer[f"{column}_over"] = answer[column] - limit
    answer["dependent"] = (answer[[f"{c}_over" for c in THRESHOLDS]] > 0.0).all(axis=1)
    answer.attrs["definition"] = (
        "EU dependency indicators (2021), by value: HHI of extra-bloc imports > 0.4, their share of imports > 0.5, "
        "extra-bloc imports over exports > 1"
    )
    return answer
