"""A cut as the simulation plays it, beside the best that the programme finds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble.statistics import trailing
from supplysim.errors import Fault, InvalidInput
from supplysim.exposure.cuts import Cut
from supplysim.exposure.survival import survival, time_to_recover
from supplysim.model import Network
from supplysim.results import Result
from supplysim.scenario import Scenario
from supplysim.simulate import simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Played", "play", "survival_gap"]

WINDOW = 28
"""Days over which stocks, which come and go in lots, are averaged."""
WHOLE = 0.98
"""The share of its undisturbed stocks from which a network counts as whole again."""


@dataclass(frozen=True)
class Played:
    """What a simulation shows: days until use first goes unmet, until it is served again, until stocks are whole.

    Each is infinite if it does not come within the run. ``within`` is the loss in USD while the cut lasts, ``loss``
    that of the whole run, ``share`` the latter's share of what is wanted.

    >>> from supplysim.exposure import Cut
    >>> from supplysim.testing import tiny
    >>> found = play(tiny(), Cut(origin=["CN"]), lasts=30.0, horizon=120)
    >>> found.survive, found.served
    (17.0, 37.0)
    """

    survive: float
    served: float
    whole: float
    within: float
    loss: float
    share: float


def play(
    network: Network,
    cut: Cut | Scenario,
    *,
    lasts: float,
    horizon: int,
    base: Result | None = None,
) -> Played:
    """Simulate a cut of ``lasts`` days once, with the central figures, beside the undisturbed network.

    Raises `InvalidInput` where the horizon is shorter than the way that is cut is long: nothing could be seen.

    >>> from supplysim.exposure import Cut
    >>> from supplysim.testing import tiny
    >>> play(tiny(), Cut(origin=["CN"]), lasts=10.0, horizon=120).survive
    inf
    """
    if isinstance(cut, Cut):
        cut.check(network)
        _long_enough(network, cut, horizon)
    scenario = cut.scenario(network, lasts) if isinstance(cut, Cut) else cut
    base = base or simulate(network, None, horizon=horizon)
    warmup = int(base.data.attrs["warmup"])
    run = simulate(network, scenario, horizon=horizon, seed=1, warmup=warmup)
    price = {item.name: item.price for item in network.commodities}
    worth = np.array([price[str(c)] or 1.0 for c in base.data["demand_commodity"].values])
    names = base.data["demand"].values
    lost = np.cumsum(_of(base, "served", names) - _of(run, "served", names), axis=0)
    short = _waiting(run, names) - _waiting(base, names) > 1e-6 * network.tables.demands.rate
    days = np.flatnonzero(short.any(axis=1))
    last = int(days[-1]) + 1 if days.size else 0
    wanted = float((_of(base, "wanted", names).sum(axis=0) * worth).sum())
    loss = float(np.maximum(0.0, lost[-1]) @ worth)
    until = min(len(lost), math.ceil(lasts)) - 1
    return Played(
        survive=float(days[0]) if days.size else math.inf,
        served=math.inf if last >= horizon else float(last),
        whole=_whole(run, base, max(last, math.ceil(lasts))),
        within=float(np.maximum(0.0, lost[until]) @ worth),
        loss=loss,
        share=loss / wanted if wanted > 0.0 else 0.0,
    )


def survival_gap(
    network: Network, cut: Cut | Scenario, *, lasts: float | None = None, horizon: int = 730
) -> pd.DataFrame:
    """The programme's answers beside the simulation's, and the gap between them.

    Rows: ``survive`` (days), ``loss`` (USD while the cut lasts), ``recover`` (days from the begin until stocks are
    whole). The buffer that binds stands in ``attrs["binds"]``. Ships under way, stocks in the wrong place, orders
    that follow habit, and late reaction make the gap; no stock or capacity does.

    >>> from supplysim.testing import tiny
    >>> survival_gap(tiny(), Cut(origin=["CN"]), lasts=90.0).loc["survive"].tolist()
    [17.0, 17.0, 0.0]
    """
    import pandas as pd

    best = survival(network, cut, recover=lasts)
    days = best.recover
    seen = play(network, cut, lasts=days, horizon=max(horizon, math.ceil(days)))
    rows = {
        "survive": (best.survive, seen.survive),
        "loss": (best.loss, seen.within),
        "recover": (time_to_recover(network, cut, lasts=days), seen.whole),
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["programme", "simulation"])
    with np.errstate(invalid="ignore"):
        table["gap"] = table["simulation"] - table["programme"]
    table.attrs["binds"] = best.binds["name"].iloc[0] if len(best.binds) else ""
    return table


def _of(run: Result, record: str, names: Array) -> Array:
    """A daily record of these demands: days x demands."""
    return np.asarray(run.data[record].sel(demand=names).to_numpy())


def _waiting(run: Result, names: Array) -> Array:
    return _of(run, "unmet", names) + _of(run, "backlog", names)


def _whole(run: Result, base: Result, since: int) -> float:
    """The first day, when all is over, from which users' stocks are those of the undisturbed run."""
    use = base.data["slot_use"].to_numpy()
    names = base.data["slot"].values[use > 0.0]
    now, then = (
        trailing(x.data["on_hand"].sel(slot=names).to_numpy() / use[use > 0.0], WINDOW, axis=0)
        for x in (run, base)
    )
    whole = np.minimum(now, then).sum(axis=1) >= WHOLE * then.sum(axis=1)
    broken = np.flatnonzero(~whole)
    day = max(since, int(broken[-1]) + 1) if broken.size else since
    return math.inf if day >= len(whole) else float(day)


def _long_enough(network: Network, cut: Cut, horizon: int) -> None:
    t = network.tables
    hit = (
        cut.lanes_off(network)
        | np.append(cut.sites_off(network), np.zeros(len(t.stores), bool))[t.lane_source]
    )
    lead = np.where(hit & (network.baseline().arrays.flow > 0.0), t.lanes.lead_time.mean, 0.0)
    longest = int(lead.argmax())
    if horizon <= lead[longest]:
        rule = (
            f"must be longer than the {lead[longest]:g} days of the way {t.lane_keys[longest]}: "
            "what is under way still arrives, and nothing could be seen"
        )
        raise InvalidInput([Fault("horizon", rule, horizon)], what="survival")
