"""How well a network's undisturbed flows agree with the figures that it was made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from supplysim.calibration.figures import Figures
from supplysim.calibration.lookup import Lookup
from supplysim.calibration.plants import node_name
from supplysim.calibration.system import System
from supplysim.calibration.terms import Variable, hub
from supplysim.model import Network
from supplysim.model.fields import YEAR

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fit", "yearly"]


def fit(network: Network, figures: Figures) -> pd.DataFrame:
    """Every figure of production, trade and use beside what ``network.baseline()`` has.

    Columns: name, kind (production, trade, use, recipe), given, baseline, off (baseline / given - 1), unit, year,
    confidence, source. The network must be the one that `build_network` makes of these figures.

    >>> from supplysim import calibration, catalogue
    >>> folder = catalogue.figures_path("jp-de-cn-2022")
    >>> fit(catalogue.load_network("jp-de-cn-2022"), calibration.read_figures(folder)).columns.tolist()[:4]
    ['name', 'kind', 'given', 'baseline']
    """
    import pandas as pd

    system = System(figures)
    values = yearly(network, system.lookup)
    rows = []
    for m in system.measurements:
        if m.figure is None:
            continue
        given, found = m.told(values)
        evidence = m.figure.evidence
        rows.append(
            {
                "name": m.name,
                "kind": m.name.split()[0],
                "given": given,
                "baseline": found,
                "off": found / given - 1.0 if given > 0.0 else float(found > 0.0),
                "unit": m.figure.unit,
                "year": evidence.year,
                "confidence": evidence.confidence,
                "source": evidence.source,
            }
        )
    return pd.DataFrame(rows)


def yearly(network: Network, lookup: Lookup) -> Mapping[Variable, float]:
    """The baseline in terms of the variables of a `System`: units a year."""
    makers = {
        node_name(country, commodity, process): (commodity, country, process)
        for commodities in lookup.makers.values()
        for commodity, country, process in commodities
    }
    for row in lookup.figures.firms:
        name = node_name(row.country, row.commodity, row.process, row.firm)
        makers[name] = (row.commodity, row.country, row.process)
    baseline = network.baseline()
    values: dict[Variable, float] = defaultdict(float)
    for site in network.sites:
        values["make", *makers[site.name]] += baseline.output[site.name] * YEAR
    for key, use in baseline.use.items():
        node, _, commodity = key.partition("|")
        if commodity:
            product, country, process = makers[node]
            values["need", commodity, country, product, process] += use * YEAR
    for demand in network.demands:
        prefix = node_name(demand.country, demand.commodity) + "-"
        use_name = demand.name.removeprefix(prefix)
        values["final", demand.commodity, demand.country, use_name] += demand.rate * YEAR
    places = {name: hub(store.country) for name, store in network.store_by_name.items()}
    for lane in network.lanes:
        ends = [places.get(node) or network.country(node) for node in (lane.source, lane.target)]
        values["flow", network.product(lane.source), *ends] += baseline.flow[lane.key] * YEAR
    return values
