"""How long a network lasts, what it must lose at least, and when it is whole again: by a programme, and by simulation.

*Time to survive* is how long everything wanted is served after something stopped; *time to recover* how long until
stocks are again what they were. The programme (`supplysim.exposure.programme`) has the best planner; the simulation
has people who order by habit, learn late and wait for ships. The gap between the two is what better management
could buy; the rest takes stock, capacity or another supplier.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from supplysim.errors import Fault, InvalidInput
from supplysim.exposure.cuts import Cut, periods_of
from supplysim.exposure.programme import Period, Programme, Solution
from supplysim.exposure.stocks import Stocks
from supplysim.model import Network
from supplysim.model.columns import Floats
from supplysim.scenario import Scenario
from supplysim.simulate import simulate
from supplysim.timeline import lay_out

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Survival", "survival", "survival_table", "time_to_recover", "time_to_survive"]

By = Literal["programme", "simulation"]
MOST_BINDING = 10


@dataclass(frozen=True)
class Survival:
    """What the programme found for one cut.

    ``survive`` (days until the first loss that nobody could avoid, infinite if none ever), ``recover`` (days that the
    cut lasts, as given), ``loss`` (USD that must be lost at least within them), ``lost`` (units by demand), and
    ``binds``: what would help, most first, with columns kind (stock or capacity), name, country, commodity and days
    (that one more day's worth of it lets the network survive). For when stocks are whole again see `time_to_recover`.

    No loss and ``survive >= recover`` are the same thing.

    >>> from supplysim.exposure import Cut
    >>> from supplysim.testing import tiny
    >>> found = survival(tiny(), Cut(origin=["CN"]), recover=30.0)
    >>> found.survive, found.loss
    (17.0, 13.0)
    """

    survive: float
    recover: float
    loss: float
    lost: pd.Series[float]
    binds: pd.DataFrame

    def __repr__(self) -> str:
        return f"<Survival {self.survive:.1f} days of {self.recover:g}, loss {self.loss:.6g} USD>"


def survival(
    network: Network,
    cut: Cut | Scenario,
    *,
    recover: float | None = None,
    worth: Mapping[str, float] | None = None,
    stocks: Stocks | None = None,
    qualified: bool = True,
) -> Survival:
    """How long a network survives a cut of ``recover`` days at best, and what it must lose (Simchi-Levi et al. 2015).

    ``cut`` is a `Cut`, or a scenario (then ``recover`` is the days looked at, by default its horizon). ``worth`` is
    USD a unit of unmet use by demand (default: the commodity's price, or 1 where it has none). ``stocks`` are those on
    day 0 (default: those of an undisturbed run). Buyers take no more from a lane than it is ``qualified`` for
    (``max_share``), unless that is False. Raises `InvalidInput` for unknown names, and for a cut that never ends,
    whose loss has no bound.

    >>> from supplysim.testing import tiny
    >>> found = survival(tiny(), Cut(origin=["CN"]), recover=90.0, stocks=Stocks.stated(tiny()))
    >>> found.survive, found.lost["use"].item()  # 10 days of stock and 7 under way
    (17.0, 73.0)
    """
    days = _length(cut, recover)
    value = _worth(network, worth)
    whole, periods, opening = _laid_out(network, cut, days, stocks)
    programme = Programme(whole, opening, qualified=qualified)
    least = programme.least_loss(periods, value)
    longest = _survive(programme, periods)
    return Survival(
        survive=longest.days,
        recover=days,
        loss=least.value,
        lost=_by_demand(whole, least.lost),
        binds=_binding(whole, longest),
    )


def survival_table(
    network: Network,
    cuts: Mapping[str, Cut],
    *,
    recover: float,
    worth: Mapping[str, float] | None = None,
    stocks: Stocks | None = None,
    workers: int = 2,
) -> pd.DataFrame:
    """The least loss of many cuts of ``recover`` days: one row a cut, worst first.

    Columns: cut, loss (USD), hardest (the demand that loses most of what it wants) and its share. It solves one
    programme a cut and nothing else; ask `survival` for more of those that matter.

    >>> from supplysim.testing import tiny
    >>> table = survival_table(tiny(), {"mine": Cut(nodes=["mine"])}, recover=90.0, stocks=Stocks.stated(tiny()))
    >>> table[["cut", "hardest", "share"]].values.tolist()
    [['mine', 'use', 0.6556]]
    """
    import pandas as pd

    days = _length(Cut(), recover)
    programme = Programme(network, stocks or Stocks.of(network))
    value, names = _worth(network, worth), network.tables.demand_names()
    wanted = np.maximum(network.tables.demands.rate * days, 1e-300)

    def solve(cut: Cut) -> tuple[float, str, float]:
        cut.check(network)
        found = programme.least_loss([cut.period(network, days)], value)
        share = found.lost / wanted
        worst = int(share.argmax())
        lost = float(share[worst])
        return found.value, names[worst] if lost > 0.0 else "", lost

    with ThreadPoolExecutor(max(1, workers)) as pool:
        rows = list(pool.map(solve, cuts.values()))
    table = pd.DataFrame(rows, columns=["loss", "hardest", "share"])
    table.insert(0, "cut", list(cuts))
    return table.sort_values("loss", ascending=False, ignore_index=True)


def time_to_survive(
    network: Network, cut: Cut | Scenario, *, by: By = "programme", horizon: int = 730
) -> float:
    """Days until use first goes unmet: at best, or as simulated; infinite if it never does (within the horizon).

    >>> from supplysim.testing import tiny
    >>> time_to_survive(tiny(), Cut(origin=["CN"]), by="simulation")
    17.0
    """
    if by == "simulation":
        from supplysim.exposure.played import play

        return play(network, cut, lasts=float(horizon), horizon=horizon).survive
    days = float(horizon) if isinstance(cut, Cut) else _length(cut, None)
    whole, periods, stocks = _laid_out(network, cut, days)
    return _survive(Programme(whole, stocks), periods).days


def time_to_recover(
    network: Network,
    cut: Cut | Scenario,
    *,
    lasts: float | None = None,
    by: By = "programme",
    horizon: int = 730,
    stocks: Stocks | None = None,
) -> float:
    """Days from the begin of a cut that ``lasts`` so long until use is served and stocks are whole again.

    At best, or as simulated (infinite if not within ``horizon`` days).

    >>> from supplysim.testing import tiny
    >>> time_to_recover(tiny(), Cut(origin=["CN"]), lasts=10.0, by="simulation")
    44.0
    """
    days = _length(cut, lasts)
    if by == "simulation":
        from supplysim.exposure.played import play

        return play(network, cut, lasts=days, horizon=horizon).whole
    whole, periods, opening = _laid_out(network, cut, days, stocks)
    programme = Programme(whole, opening)
    least = programme.least_loss(periods, _worth(network, None))
    return days + programme.refill([*periods, Period.normal(whole, days)], least.lost)


# --- parts ---------------------------------------------------------------------------------------


def _length(cut: Cut | Scenario, recover: float | None) -> float:
    if recover is None and isinstance(cut, Scenario):
        recover = float(cut.horizon)
    if recover is None:
        raise InvalidInput(
            [Fault("recover", "is required: how many days the cut lasts")], what="survival"
        )
    if not 0.0 < recover < math.inf:
        rule = "must be a finite number of days above 0: what is lost for ever has no bound"
        raise InvalidInput([Fault("recover", rule, recover)], what="survival")
    return float(recover)


def _laid_out(
    network: Network, cut: Cut | Scenario, days: float, stocks: Stocks | None = None
) -> tuple[Network, list[Period], Stocks]:
    """The network with all structure, its days, and what it has when they begin."""
    if isinstance(cut, Cut):
        cut.check(network)
        return network, [cut.period(network, days)], stocks or Stocks.of(network)
    timeline = lay_out(network, cut)
    whole = timeline.network
    if stocks is None:
        stocks = Stocks.of(whole, simulate(network, cut, horizon=1))
    return whole, periods_of(timeline, days), stocks


def _worth(network: Network, given: Mapping[str, float] | None) -> Floats:
    price = {item.name: item.price for item in network.commodities}
    demands = network.demand_by_name
    faults = [
        Fault(f"worth[{name!r}]", "must be a demand with a finite number from 0 on", value)
        for name, value in (given or {}).items()
        if name not in demands or not 0.0 <= value < math.inf
    ]
    if faults:
        raise InvalidInput(faults, what="survival")
    return np.array(
        [(given or {}).get(name, price[d.commodity] or 1.0) for name, d in demands.items()]
    )


def _survive(programme: Programme, periods: list[Period]) -> Solution:
    """The longest time, period by period: all before the last are served in full."""
    found = None
    for at, period in enumerate(periods):
        last = at == len(periods) - 1
        opened = dataclasses.replace(period, days=math.inf)
        found = programme.longest([*periods[:at], opened])
        if found.days < period.days or last:
            break
    assert found is not None
    return dataclasses.replace(found, days=period.start + found.days)


def _by_demand(network: Network, lost: Floats) -> pd.Series[float]:
    import pandas as pd

    return pd.Series(lost, index=network.tables.demand_names(), name="lost")


def _binding(network: Network, found: Solution) -> pd.DataFrame:
    """What one more day's worth of each stock or capacity would add to the time to survive."""
    import pandas as pd

    t, base = network.tables, network.baseline().arrays
    goods, country = t.commodity_names(), t.country.every()
    stock = found.stock * base.use
    capacity = found.capacity * base.capacity
    rows = []
    for row in np.argsort(-stock)[:MOST_BINDING].tolist():
        slot = (t.slot_keys[row], country[t.slots.node[row]], goods[t.slots.commodity[row]])
        rows.append(("stock", *slot, stock[row]))
    for row in np.argsort(-capacity)[:MOST_BINDING].tolist():
        site = (t.node_names[row], country[row], goods[t.product[row]])
        rows.append(("capacity", *site, capacity[row]))
    table = pd.DataFrame(rows, columns=["kind", "name", "country", "commodity", "days"])
    table = table[table["days"] > 1e-9].sort_values("days", ascending=False, kind="stable")
    return table.head(MOST_BINDING).reset_index(drop=True)
