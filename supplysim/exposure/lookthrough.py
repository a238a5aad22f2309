"""Dependence seen through every tier: what a country draws from another, at face value and in truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.exposure.leontief import FlowTable
from supplysim.model import Network
from supplysim.model.columns import Floats
from supplysim.results import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dependence", "hhi", "look_through"]

Of = Literal["use", "output"]
Flows = Network | Result | FlowTable

DEPENDENCE = (
    "face: share of {what} that comes directly from there; look_through: share of its value that was added there, "
    "through all tiers (VB); hidden: the difference"
)
GROSS = (
    "gross terms: look_through is the share of there in all that must be made (L), face that of what is {what} and its "
    "direct inputs ((I + A)), both of all that must be made; hidden: the difference"
)


def dependence(source: Flows, importer: str, origin: str, *, of: Of = "use") -> pd.DataFrame:
    """How much of what a country uses, or makes, depends on another, by sector: in value added.

    ``source`` is a network, a run, or a `FlowTable`; ``importer`` and ``origin`` are countries, groups of the network,
    or regions. Columns: ``value`` (USD a year), ``face`` (the share that comes directly from there: of use, of what was
    bought; of output, of what its inputs cost), ``look_through`` (the share of its value that was added there, through
    all tiers) and ``hidden``, the difference (below 0 where what comes from there was mostly made elsewhere). The
    definition stands in ``attrs``. Raises `InvalidInput` for unknown names.

    >>> from supplysim.testing import tiny
    >>> net = tiny().replace(commodities=[tiny().commodities[0].__class__("ore", price=2.0)])
    >>> dependence(net, "DE", "CN").loc["ore"].tolist()
    [730.0, 1.0, 1.0, 0.0]
    """
    table, importers, origins = _asked(source, importer, origin)
    vb, a = table.value_added_shares.to_numpy(), table.coefficients.to_numpy()
    rows = table.at(*origins)
    if of == "use":
        face: Callable[[Floats], float] = lambda bundle: float(bundle[rows].sum())  # noqa: E731
    else:
        face = lambda bundle: float((a @ bundle)[rows].sum())  # noqa: E731
    found = _by_sector(table, importers, of, face, lambda bundle: float((vb @ bundle)[rows].sum()))
    found.attrs["definition"] = DEPENDENCE.format(
        what="use" if of == "use" else "the value of output"
    )
    return found


def look_through(source: Flows, importer: str, origin: str, *, of: Of = "use") -> pd.DataFrame:
    """The same in gross terms: of all that must be made for it, at every step, how much is made there.

    Columns as in `dependence`. With L the Leontief inverse, a product j's ``look_through`` is the sum of L_ij over the
    rows i there, over the sum of L_ij of all i; its ``face`` counts the product itself and its direct inputs,
    (I + A)_ij, over the same sum.

    >>> from supplysim import load_network
    >>> table = look_through(load_network("gallium-2022"), "JP", "CN")
    >>> table.columns.tolist()
    ['value', 'face', 'look_through', 'hidden']
    """
    table, importers, origins = _asked(source, importer, origin)
    inverse, a = table.leontief.to_numpy(), table.coefficients.to_numpy()
    rows = table.at(*origins)

    def share(values: Floats, bundle: Floats) -> float:
        return float(values[rows].sum() / (inverse @ bundle).sum())

    found = _by_sector(
        table,
        importers,
        of,
        lambda bundle: share(bundle + a @ bundle, bundle),
        lambda bundle: share(inverse @ bundle, bundle),
    )
    found.attrs["definition"] = GROSS.format(what="used" if of == "use" else "made")
    return found


def hhi(source: Flows, importer: str, *, imports_only: bool = False) -> pd.DataFrame:
    """How concentrated the origins of what a country uses are, by sector: the sum of squared shares, 0 to 1.

    Columns: ``step`` (direct origins), ``look_through`` (where the value was added, through all tiers), ``largest``
    and ``share`` (the direct origin that gives most, and how much). ``imports_only`` leaves out what is made at home,
    and scales the rest to 1; sectors without imports are then left out.

    >>> from supplysim import load_network
    >>> hhi(load_network("gallium-2022"), "JP").columns.tolist()
    ['step', 'look_through', 'largest', 'share']
    """
    import pandas as pd

    table, importers, _ = _asked(source, importer, importer)
    vb = table.value_added_shares.to_numpy()
    regions = sorted({region for region, _ in table.rows})
    member = np.array([[region == row[0] for row in table.rows] for region in regions], float)
    abroad = np.array([row[0] not in importers for row in table.rows])
    found = {}
    for sector, bundle in _used(table, importers).items():
        direct, earned = bundle, vb @ bundle
        if imports_only:
            direct, earned = np.where(abroad, direct, 0.0), np.where(abroad, earned, 0.0)
        if direct.sum() <= 0.0:
            continue
        shares, deep = (member @ x / x.sum() for x in (direct, earned))
        most = int(shares.argmax())
        found[sector] = ((shares**2).sum(), (deep**2).sum(), regions[most], shares[most])
    columns = ["step", "look_through", "largest", "share"]
    answer = pd.DataFrame.from_dict(found, orient="index", columns=columns)
    answer.attrs["definition"] = (
        f"Herfindahl-Hirschman index of the origins of {'imports' if imports_only else 'use'}, by value: sum of s^2"
    )
    return answer


# --- parts ---------------------------------------------------------------------------------------


def _asked(
    source: Flows, importer: str, origin: str
) -> tuple[FlowTable, frozenset[str], frozenset[str]]:
    """The table, and the regions behind the names."""
    if isinstance(source, FlowTable):
        table, places = source, [frozenset([importer]), frozenset([origin])]
    else:
        network = source if isinstance(source, Network) else source.recipe.network
        table = FlowTable.of_network(source)
        places = [network.countries([importer]), network.countries([origin])]
    here = {region for region, _ in table.rows} | set(table.regions)
    faults = [
        Fault(field, f"makes and uses nothing here; {nearest(name, here)}", name)
        for field, name, found in zip(
            ("importer", "origin"), (importer, origin), places, strict=True
        )
        if not found & here
    ]
    if faults:
        raise InvalidInput(faults, what="exposure")
    return table, places[0] & here, places[1] & here


def _used(table: FlowTable, importers: frozenset[str]) -> dict[str, Floats]:
    """What some regions use of each sector, finally or in production: amounts by row."""
    inside = np.array([region in importers for region, _ in table.rows])
    finally_ = np.array([region in importers for region in table.regions])
    taken = table.z[:, inside].sum(axis=1) + table.y[:, finally_].sum(axis=1)
    return _split(table, np.maximum(0.0, taken))


def _split(table: FlowTable, amounts: Floats) -> dict[str, Floats]:
    sectors = np.array([sector for _, sector in table.rows], dtype=object)
    found = {}
    for sector in sorted(set(sectors)):
        bundle = np.where(sectors == sector, amounts, 0.0)
        if bundle.sum() > 0.0:
            found[str(sector)] = bundle
    return found


def _by_sector(
    table: FlowTable,
    importers: frozenset[str],
    of: str,
    face: Callable[[Floats], float],
    deep: Callable[[Floats], float],
) -> pd.DataFrame:
    """One row for each sector that is used or made."""
    import pandas as pd

    if of not in ("use", "output"):
        raise InvalidInput([Fault("of", "must be use or output", of)], what="exposure")
    if of == "use":
        bundles = _used(table, importers)
    else:
        inside = np.array([region in importers for region, _ in table.rows])
        bundles = _split(table, np.where(inside, table.output, 0.0))
    rows = {}
    for sector, amounts in bundles.items():
        bundle = amounts / amounts.sum()
        at_face, through = face(bundle), deep(bundle)
        rows[sector] = (float(amounts.sum()), at_face, through, through - at_face)
    columns = ["value", "face", "look_through", "hidden"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
