"""Monthly exports as customs would count them, beside the observed ones; and the nulls to beat."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble import Ensemble
from supplysim.errors import Fault, InvalidInput
from supplysim.history.monthly import Periods, spread
from supplysim.measures import ExportBan, ExportQuota, TradeMeasure
from supplysim.model import Network
from supplysim.scenario import History, Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_history", "monthly_exports", "nulls"]

MONTH = 365.25 / 12.0
"""Days of a mean month."""

NO_LIMIT = 1e15
"""A quota that never binds, in any unit."""


def check_history(scenario: Scenario, network: Network) -> None:
    """Refuse a history that cannot be held against runs on this network.

    >>> from supplysim.scenario import Scenario
    >>> from supplysim.testing import tiny
    >>> check_history(Scenario(), tiny())  # no history: nothing to refuse
    """
    history, faults = scenario.history, []
    if history is None:
        return
    if scenario.start is None:
        faults.append(Fault("start", "is required where there is a history"))
    try:
        to = network.countries(history.to)
    except InvalidInput as error:
        to = frozenset()
        faults += [Fault("history.to", f.rule, f.value) for f in error.faults]
    found = [
        lane
        for lane in network.lanes
        if network.country(lane.source) == history.origin
        and network.country(lane.target) != history.origin
        and (not history.to or network.country(lane.target) in to)
        and network.product(lane.source) in history.commodities
    ]
    if not faults and not found:
        faults.append(Fault("history", f"no lane of network {network.name!r} is what it counts"))
    if faults:
        raise InvalidInput(faults, what=f"Scenario {scenario.name!r}")


def monthly_exports(
    runs: Ensemble, base: Ensemble, history: History, network: Network, *, level: float = 0.9
) -> pd.DataFrame:
    """Exports by month, simulated and observed; one row for each whole month of the run.

    ``observed``, ``mean``, ``low`` and ``high`` are in the commodity's unit, the last two hold a share ``level``
    of the replications. Indices are against a normal month: ``observed_index`` against the history's baseline,
    ``index``, ``index_low`` and ``index_high`` against the mean month of the undisturbed runs ``base``.

    >>> from supplysim.scenario import Observation
    >>> from supplysim.testing import example
    >>> network, _, base, runs = example()
    >>> seen = [Observation(month="2023-02", value=0.0)]
    >>> record = History(title="Ore", origin="CN", commodities=["ore"], baseline=30.0, observations=seen)
    >>> monthly_exports(runs, base, record, network)[["month", "observed"]].values.tolist()[:2]
    [['2023-01', nan], ['2023-02', 0.0]]
    """
    import pandas as pd

    periods = Periods.of(runs.labels)
    if "date" not in runs.labels.coords:
        rule = "the runs need a scenario with a start date"
        raise InvalidInput([Fault("start", rule)], what="history")
    normal = float(_exports(base, history, network).mean()) * MONTH
    if not normal > 0.0:
        rule = f"no exports of {', '.join(history.commodities)} from {history.origin} in the undisturbed runs"
        raise InvalidInput([Fault("", rule)], what="history")
    simulated = spread(periods.sums(_exports(runs, history, network)), level)
    seen = {item.month: item.value for item in history.observations}
    observed = np.array([seen.get(month, np.nan) for month in periods.labels])
    columns: dict[str, Any] = {"month": periods.labels, "observed": observed, **simulated}
    columns["observed_index"] = observed / history.baseline
    columns["index"] = simulated["mean"] / normal
    columns["index_low"] = simulated["low"] / normal
    columns["index_high"] = simulated["high"] / normal
    return pd.DataFrame(columns)


def _exports(runs: Ensemble, history: History, network: Network) -> Array:
    """What was dispatched abroad, by the day on which it is counted: replication x time."""
    data = runs.labels
    to = network.countries(history.to)
    lanes = [
        place
        for place, (origin, destination, commodity) in enumerate(
            zip(
                data["lane_origin"].values,
                data["lane_destination"].values,
                data["lane_commodity"].values,
                strict=True,
            )
        )
        if origin == history.origin
        and destination != origin
        and (not history.to or destination in to)
        and commodity in history.commodities
    ]
    shipped: Array = runs.daily("shipped", lanes)
    days = min(round(history.lag), shipped.shape[1] - 1)
    if days:  # what is counted in the first days left before the run, in normal times
        before = np.repeat(shipped[:, :days].mean(axis=1, keepdims=True), days, axis=1)
        shipped = np.concatenate([before, shipped[:, :-days]], axis=1)
    return shipped


def nulls(scenario: Scenario) -> dict[str, Scenario]:
    """What the scenario has to beat: its trade controls without any limit, and as bans.

    "no licence": buyers only work off their forward buying. "ban": nothing passes. The rest of the scenario
    stays. A null that would be the scenario itself is left out.

    >>> quota = ExportQuota(origin=["CN"], commodities=["ore"], amount=5, begins=30)
    >>> [type(s.measures[0]).__name__ for s in nulls(Scenario(measures=[quota])).values()]
    ['ExportQuota', 'ExportBan']
    """
    open_quota: dict[str, Any] = {"amount": NO_LIMIT, "period": 36_525.0}
    kinds: dict[str, Callable[[TradeMeasure], TradeMeasure]] = {
        "no licence": lambda measure: ExportQuota(**_reach(measure), **open_quota),
        "ban": lambda measure: ExportBan(**_reach(measure)),
    }
    found = {}
    for name, instead in kinds.items():
        measures = [
            instead(measure) if isinstance(measure, TradeMeasure) else measure
            for measure in scenario.measures
        ]
        null = dataclasses.replace(
            scenario,
            name=f"{scenario.name} ({name})"[:80],
            measures=measures,  # type: ignore[arg-type]  # a mixed list; checked when made
            history=None,
        )
        if _bare(null.measures) != _bare(scenario.measures):
            found[name] = null
    return found


def _reach(measure: TradeMeasure) -> dict[str, Any]:
    """What every trade measure has; the reasons speak of parameters that the null may lack."""
    fields = [field.name for field in dataclasses.fields(TradeMeasure) if field.init]
    return {name: getattr(measure, name) for name in fields if name != "reasons"}


def _bare(measures: Sequence[Any]) -> list[Any]:
    return [dataclasses.replace(measure, reasons={}) for measure in measures]
