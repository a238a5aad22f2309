"""What losing a supplier costs where others can stand in for it: the power to coerce, in closed form (CES)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from supplysim.errors import Fault, InvalidInput
from supplysim.exposure.static import origins
from supplysim.model import Network

if TYPE_CHECKING:
    import pandas as pd

    from supplysim.results import Result

__all__ = ["coercive_power", "power_table", "quantity_left"]


def coercive_power(share: float, elasticity: float) -> float:
    """The loss from losing a share of what is bought, where the rest can be substituted for it: ln(P'/P).

    ``share`` is the supplier's share of spending in [0, 1), ``elasticity`` that of substitution between suppliers;
    the loss is 1/(elasticity - 1) x ln(1/(1 - share)), the rise of the price index of a CES nest (Feenstra 1994).
    With an elasticity of 1 or less no supplier can be done without: the loss is not defined, and `InvalidInput` is
    raised. It says nothing of time: `supplysim.simulate` does.

    >>> round(coercive_power(0.6, 6.0), 6)
    0.183258
    """
    _check(share, elasticity, below_one=True)
    return math.log(1.0 / (1.0 - share)) / (elasticity - 1.0)


def quantity_left(share: float, elasticity: float, left: float) -> float:
    """The composite that is left when only ``left`` (0 to 1) of a supplier's quantity still comes, 1.0 being all.

    (share x left^r + 1 - share)^(1/r) with r = (elasticity - 1)/elasticity, the quantity index of a CES nest.

    >>> round(quantity_left(0.6, 6.0, 0.0), 6), quantity_left(0.6, 6.0, 1.0)
    (0.333021, 1.0)
    """
    _check(share, elasticity, below_one=False)
    if not 0.0 <= left <= 1.0:
        raise InvalidInput([Fault("left", "must be from 0 to 1", left)], what="quantity_left")
    r = (elasticity - 1.0) / elasticity
    return float((share * left**r + 1.0 - share) ** (1.0 / r))


def power_table(network: Network | Result, importer: str, origin: str) -> pd.DataFrame:
    """What one country could do to another by withholding each commodity, most first.

    Columns: commodity, share (of everything the importer uses, seen through hubs, in units), elasticity (the
    commodity's ``elasticity_origins``), power (`coercive_power`; not a number where the elasticity is not known or
    not above 1, infinite where the origin is the only one).

    >>> from supplysim import load_network
    >>> power_table(load_network(), "DE", "CN").columns.tolist()
    ['commodity', 'share', 'elasticity', 'power']
    """
    import pandas as pd

    net = network if isinstance(network, Network) else network.recipe.network
    shares = origins(network, importer)
    rows = []
    for name, share in (shares[origin] if origin in shares else shares.sum(axis=1) * 0.0).items():
        elasticity = net.commodity_by_name[str(name)].elasticity_origins
        power = math.nan
        if elasticity is not None and elasticity > 1.0:
            power = coercive_power(float(share), elasticity) if share < 1.0 else math.inf
        rows.append((name, float(share), math.nan if elasticity is None else elasticity, power))
    table = pd.DataFrame(rows, columns=["commodity", "share", "elasticity", "power"])
    return table.sort_values(["power", "share"], ascending=False, ignore_index=True)


def _check(share: float, elasticity: float, *, below_one: bool) -> None:
    faults = []
    if not (0.0 <= share < 1.0 or (share == 1.0 and not below_one)):
        rule = "must be from 0 to below 1" if below_one else "must be from 0 to 1"
        faults.append(Fault("share", rule, share))
    if not elasticity > 1.0:
        rule = "must be above 1: with less, no supplier can be done without, and the loss is not defined"
        faults.append(Fault("elasticity", rule, elasticity))
    if faults:
        raise InvalidInput(faults, what="coercive power")
