"""What is lost: by country, sector, commodity and month, with bands; against how long it lasts; and in the tail."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble import Comparison, compare, ensemble, outcome
from supplysim.ensemble.compare import KINDS, mean_between
from supplysim.ensemble.contrast import HOME, worth_of
from supplysim.ensemble.statistics import trailing
from supplysim.errors import Fault, InvalidInput
from supplysim.measures import Measure
from supplysim.model import Network
from supplysim.scenario import Scenario

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

__all__ = [
    "DURATIONS",
    "cvar",
    "in_earnest",
    "lasting",
    "loss_curve",
    "losses",
    "spells",
    "worst_weeks",
]

DURATIONS = (3, 7, 14, 30, 60, 90, 120, 180, 270, 360, 540, 720)
"""Days that a measure lasts, from a port strike to a lasting embargo."""
DEEP = 0.3
"""So much missing in four weeks is no matter of lots that come a week late."""
COLUMNS = ("country", "sector", "commodity", "month")
SPELL = 30


# --- tails ---------------------------------------------------------------------------------------


def cvar(
    amounts: Sequence[float] | Array, level: float, weights: Sequence[float] | None = None
) -> float:
    """The mean of the worst share 1 - ``level`` of losses (conditional value at risk, expected shortfall).

    An atom at the border counts in part, so that it is exact for samples (Rockafellar and Uryasev 2002, *Journal of
    Banking and Finance* 26(7): 1443-1471). ``weights`` (default: equal) need not sum to 1.

    >>> [round(cvar([0.0] * 7 + [10.0, 40.0, 100.0], level), 6) for level in (0.8, 0.85, 0.9)]
    [70.0, 80.0, 100.0]
    """
    values = np.asarray(amounts, dtype=float)
    mass = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    faults = []
    if not 0.0 <= level < 1.0:
        faults.append(Fault("level", "must be from 0 to below 1", level))
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        faults.append(Fault("amounts", "must be one or more finite numbers"))
    if mass.shape != values.shape or not (mass >= 0.0).all() or not mass.sum() > 0.0:
        faults.append(Fault("weights", "must be from 0 on, one for each amount, not all 0"))
    if faults:
        raise InvalidInput(faults, what="cvar")
    order = np.argsort(-values, kind="stable")
    mass = mass[order] / mass.sum()
    tail = 1.0 - level
    taken = np.clip(tail - (np.cumsum(mass) - mass), 0.0, mass)
    return float(taken @ values[order] / taken.sum())


# --- losses --------------------------------------------------------------------------------------


def losses(
    comparison: Comparison,
    network: Network,
    *,
    kind: str = "output",
    by: Sequence[str] = ("country", "sector"),
    level: float = 0.9,
) -> pd.DataFrame:
    """What is lost against the undisturbed runs, replication by replication, by what is asked for.

    ``kind`` is ``output`` (of plants, at their value added) or ``use`` (final, at the commodity's price). ``by`` are
    some of country, sector, commodity and month (whole and begun calendar months; without dates, spells of 30 days).
    Columns: ``baseline`` and ``loss`` (USD, means over replications), ``share`` of the baseline, ``mean_low`` and
    ``mean_high`` (bounds of the mean, paired t interval), ``low`` and ``high`` (they hold ``level`` of the
    replications), and by commodity also ``units``. Sums over all rows are the same whatever ``by``.

    >>> from supplysim import compare
    >>> from supplysim.testing import example
    >>> network, _, base, runs = example()
    >>> losses(compare(base, runs), network, kind="use", by=["country"])[["country", "loss"]].round().values.tolist()
    [['DE', 30000000.0]]
    """
    import pandas as pd

    faults = [
        Fault("by", f"must be some of {', '.join(COLUMNS)}", x) for x in by if x not in COLUMNS
    ]
    if kind not in KINDS:
        faults.append(Fault("kind", f"must be one of {', '.join(KINDS)}", kind))
    if not by:
        faults.append(Fault("by", f"must be some of {', '.join(COLUMNS)}", by))
    if faults:
        raise InvalidInput(faults, what="losses")
    groups = [name.split(" ", 1) for name in comparison.groups(kind)]
    worth = np.array([worth_of(network, kind)(*group) for group in groups])
    months, month = (
        _months(comparison) if "month" in by else ([""], np.zeros(_days(comparison), int))
    )
    sector = {item.name: item.sector for item in network.commodities}
    keys = [
        [
            tuple({"country": c, "sector": sector[g], "commodity": g, "month": m}[x] for x in by)
            for c, g in groups
        ]
        for m in months
    ]
    names = sorted({key for row in keys for key in row})
    place = np.array([[names.index(key) for key in row] for row in keys])
    parts = [
        [_summed(x, month, len(months), place, w, len(names)) for x in (base, base - other)]
        for base, other in comparison.records(kind)
        for w in [worth]
    ]
    whole, lost = (np.concatenate(x) for x in zip(*parts, strict=True))
    rows = [
        {**dict(zip(by, name, strict=True)), **_spread(whole[:, at], lost[:, at], level)}
        for at, name in enumerate(names)
    ]
    table = pd.DataFrame(rows)
    if "commodity" in by:
        ones = np.ones(len(groups))
        units = [
            _summed(base - other, month, len(months), place, ones, len(names))
            for base, other in comparison.records(kind)
        ]
        table["units"] = np.concatenate(units).mean(axis=0)
    table.attrs["definition"] = (
        f"{kind} of the undisturbed runs less that of the scenario, paired, in USD"
    )
    return table


def _days(comparison: Comparison) -> int:
    return int(comparison.other.labels.sizes["time"])


def _months(comparison: Comparison) -> tuple[list[str], Any]:
    """Names of months, and the place of each day among them."""
    labels = comparison.other.labels
    if "date" in labels.coords:
        each = [str(date)[:7] for date in labels["date"].values]
    else:
        each = [f"day {day // SPELL * SPELL:04d}" for day in range(_days(comparison))]
    names = list(dict.fromkeys(each))
    return names, np.array([names.index(name) for name in each])


def _summed(daily: Array, month: Any, months: int, place: Any, worth: Array, count: int) -> Array:
    """Replications x names: what each name's days and groups come to."""
    found = np.zeros((len(daily), count))
    for at in range(months):
        by_group = daily[:, month == at].sum(axis=1) * worth
        np.add.at(found.T, place[at], by_group.T)
    return found


def _spread(whole: Array, lost: Array, level: float) -> dict[str, float]:
    baseline = float(whole.mean())
    mean, mean_low, mean_high = mean_between(lost, level)
    low, high = (float(x) for x in np.quantile(lost, [0.5 - level / 2.0, 0.5 + level / 2.0]))
    return {
        "baseline": baseline,
        "loss": mean,
        "share": mean / baseline if baseline > 0.0 else 0.0,
        "mean_low": mean_low,
        "mean_high": mean_high,
        "low": low,
        "high": high,
    }


def spells(comparison: Comparison, *, window: int = 28) -> pd.DataFrame:
    """When it starts, how deep it goes and when it ends, by kind, country and commodity, for what falls short.

    Columns: kind, country, commodity, ``first_short`` and ``recovered`` (median days, see `Comparison.table`),
    ``short_runs``, ``trough`` (the median day at the end of the ``window`` days in which least is left) and ``depth``
    (the share of the undisturbed that is then missing, median).

    >>> from supplysim import compare
    >>> from supplysim.testing import example
    >>> _, _, base, runs = example()
    >>> spells(compare(base, runs))[["kind", "country", "first_short", "depth"]].round(2).values.tolist()
    [['use', 'DE', 37.0, 1.0], ['output', 'CN', 27.0, 1.0]]
    """
    table = worst_weeks(comparison, window=window)
    columns = ["kind", "country", "commodity", "first_short", "trough", "depth", "recovered"]
    return table[table["short_runs"] > 0.0][[*columns, "short_runs"]].reset_index(drop=True)


def worst_weeks(comparison: Comparison, *, window: int = 28) -> pd.DataFrame:
    """The table of a comparison with ``trough`` and ``depth`` (see `spells`), not a number where nothing falls short.

    >>> from supplysim import compare
    >>> from supplysim.testing import example
    >>> _, _, base, runs = example()
    >>> worst_weeks(compare(base, runs))["depth"].round(2).tolist()
    [1.0, 1.0]
    """
    table = comparison.table()
    troughs: dict[tuple[str, str], tuple[float, float]] = {}
    for kind in KINDS:
        names = comparison.groups(kind)
        days, depths = [], []
        for base, other in comparison.records(kind):
            normal, left = (trailing(x, window) for x in (base, other))
            with np.errstate(all="ignore"):
                gone = np.where(normal > 0.0, 1.0 - left / normal, -np.inf)
            gone[:, : window - 1] = -np.inf
            days.append(gone.argmax(axis=1))
            depths.append(gone.max(axis=1))
        day, depth = np.concatenate(days), np.concatenate(depths)
        for at, name in enumerate(names):
            troughs[kind, name] = (float(np.median(day[:, at])), float(np.median(depth[:, at])))
    keys = zip(table["kind"], table["country"] + " " + table["commodity"], strict=True)
    found = np.array([troughs[key] for key in keys]).reshape(-1, 2)
    found[~(table["short_runs"] > 0.0).to_numpy()] = np.nan
    return table.assign(trough=found[:, 0], depth=found[:, 1])


def in_earnest(table: pd.DataFrame) -> pd.Series[bool]:
    """Which rows of `spells` or `worst_weeks` are no matter of lots: deep, in half of the runs or more.

    >>> import pandas as pd
    >>> in_earnest(pd.DataFrame({"short_runs": [1.0, 0.2, 1.0], "depth": [0.9, 0.9, 0.1]})).tolist()
    [True, False, False]
    """
    return (table["short_runs"] >= 0.5) & (table["depth"] >= DEEP)


# --- against duration ----------------------------------------------------------------------------


def lasting(scenario: Scenario, days: float) -> Scenario:
    """The scenario with every measure ended ``days`` days after it comes into force.

    >>> import supplysim as ss
    >>> stop = ss.Scenario(measures=[ss.ExportBan(origin=["CN"], commodities=["ore"], begins=10)])
    >>> lasting(stop, 30).measures[0].ends
    40.0
    """

    def ended(measure: Measure) -> Measure:
        begins = measure.begins
        if isinstance(begins, dt.date):
            return dataclasses.replace(
                measure, ends=begins + dt.timedelta(days=math.ceil(measure.decision_lag + days))
            )
        return dataclasses.replace(measure, ends=float(begins) + measure.decision_lag + days)

    changed: Any = [ended(measure) for measure in scenario.measures]
    return dataclasses.replace(scenario, measures=changed)


def loss_curve(  # noqa: PLR0913 - the settings of a run, all by name
    network: Network,
    scenario: Scenario | Callable[[int], Scenario],
    *,
    durations: Sequence[int] = DURATIONS,
    countries: Sequence[str] = HOME,
    kind: str = "",
    after: int = 180,
    replications: int = 30,
    seed: int = 1,
    level: float = 0.9,
    executor: Executor | int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """The loss against how long it lasts, on common random numbers.

    Each duration runs the scenario with its measures ended after so many days (`lasting`), or what the callable gives
    for it; all run until ``after`` days past the longest. Columns: duration, ``loss`` (mean, USD, of ``countries``),
    ``loss_low`` and ``loss_high`` (of the mean), ``low`` and ``high`` (they hold ``level`` of the replications),
    ``cvar`` (at ``level``) and ``share`` of the undisturbed. ``kind`` is ``value added`` or ``use`` (default: value
    added where the network gives it). Raises `InvalidInput` for durations that are not whole days above 0 and for a
    horizon in which goods under way when it begins would still arrive.

    >>> from supplysim.testing import example
    >>> network, stop, _, _ = example()
    >>> quick = {"after": 60, "replications": 2, "executor": 1, "progress": False}
    >>> curve = loss_curve(network, stop, durations=[5, 30], countries=["DE"], **quick)
    >>> curve[["duration", "loss"]].round().values.tolist()
    [[5.0, 0.0], [30.0, 20000000.0]]
    """
    import pandas as pd

    _check_durations(network, durations, after)
    horizon = max(durations) + after
    cases: dict[str, Scenario | None] = {"undisturbed": None}
    for days in durations:
        made = scenario(days) if callable(scenario) else lasting(scenario, days)
        cases[str(days)] = dataclasses.replace(made, horizon=horizon)
    given: Mapping[str, Any] = cases
    runs = ensemble(
        network,
        given,
        replications=replications,
        horizon=horizon,
        seed=seed,
        executor=executor,
        progress=progress,
    )
    rows = []
    for days in durations:
        found = outcome(compare(runs["undisturbed"], runs[str(days)]), network, countries)
        lost = found.lost(countries, kind)
        mean, low, high = mean_between(lost, level)
        ends = (float(x) for x in np.quantile(lost, [0.5 - level / 2.0, 0.5 + level / 2.0]))
        share = mean / float(found.normal(countries, kind).mean())
        rows.append((days, mean, low, high, *ends, cvar(lost, level), share))
    columns = ["duration", "loss", "loss_low", "loss_high", "low", "high", "cvar", "share"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["definition"] = (
        f"loss of {kind or found.kind} of {', '.join(countries)} over {horizon} days, USD; CVaR at {level:g}"
    )
    return table


def _check_durations(network: Network, durations: Sequence[int], after: int) -> None:
    faults = [
        Fault("durations", "must be whole numbers of days above 0", days)
        for days in durations
        if type(days) is not int or days <= 0
    ]
    if not durations:
        faults.append(Fault("durations", "must be some days"))
    if type(after) is not int or after < 0:
        faults.append(Fault("after", "must be a whole number of days from 0 on", after))
    if not faults:
        flow, lead = network.baseline().arrays.flow, network.tables.lanes.lead_time.mean
        longest = float(np.where(flow > 0.0, lead, 0.0).max(initial=0.0))
        horizon = max(durations) + after
        if horizon <= longest:
            rule = f"must be longer than the longest way, {longest:g} days: what is under way still arrives"
            faults.append(Fault("horizon", rule, horizon))
    if faults:
        raise InvalidInput(faults, what="loss_curve")
