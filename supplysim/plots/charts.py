"""The charts: exports by month, days of cover, what goes unmet, losses over the run, history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble import Comparison, Ensemble
from supplysim.history import Periods, spread
from supplysim.history.monthly import daily_cover
from supplysim.plots.style import (
    COLOURS,
    GREY,
    band,
    finish,
    mark_measures,
    middles,
    new_axes,
    timeline,
)
from supplysim.scenario import History, Scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["cover", "flows", "history", "totals", "unmet"]

MOST = len(COLOURS)
"""Lines or rows that one chart can hold."""


def flows(
    comparison: Comparison,
    *,
    origin: str,
    commodity: str,
    unit: str = "units",
    scenario: Scenario | None = None,
    axes: Axes | None = None,
    level: float = 0.9,
) -> Axes:
    """What ``origin`` ships abroad of a commodity each month, in ``unit`` a month, with and without the scenario.

    >>> from supplysim import compare
    >>> from supplysim.testing import example
    >>> _, stop, base, runs = example()
    >>> flows(compare(base, runs), origin="CN", commodity="ore", unit="t", scenario=stop).get_ylabel()
    't a month'
    """
    axes = axes or new_axes()[0]
    data = comparison.other.labels
    periods = Periods.of(data)
    x = middles(data, periods)
    pairs = (comparison.base, "undisturbed", COLOURS[0]), (comparison.other, "scenario", COLOURS[1])
    for runs, label, colour in pairs:
        abroad = (
            (runs.labels["lane_origin"].values == origin)
            & (runs.labels["lane_destination"].values != origin)
            & (runs.labels["lane_commodity"].values == commodity)
        )
        shipped = runs.daily("shipped", abroad)
        band(axes, x, spread(periods.sums(shipped), level), colour, label)
    axes.set_ylim(bottom=0.0)
    mark_measures(axes, scenario)
    title = f"Shipments of {commodity} from {origin} abroad"
    note = _note(comparison.other, level)
    return finish(axes, title, f"{unit} a month", dated="date" in data.coords, note=note)


def cover(
    runs: Ensemble,
    *,
    commodity: str,
    countries: Collection[str] = (),
    scenario: Scenario | None = None,
    axes: Axes | None = None,
    level: float = 0.9,
) -> Axes:
    """Users' stocks of a commodity by country, in days of their undisturbed use; those that fall most come first.

    Means of each week; stocks of a country's users are pooled. ``countries`` leaves out all others.

    >>> from supplysim.testing import example
    >>> _, stop, _, runs = example()
    >>> cover(runs, commodity="ore", scenario=stop).get_ylabel()
    'days of normal use (weekly mean)'
    """
    axes = axes or new_axes()[0]
    data = runs.labels
    found = {
        country: _weekly(days)
        for country, _, days in daily_cover(runs, commodity)
        if not countries or country in countries
    }
    order = sorted(found, key=lambda country: _fall(found[country]), reverse=True)
    x = timeline(data, [3.5 + 7.0 * week for week in range(data.sizes["time"] // 7)])
    for country, colour in zip(order[:MOST], COLOURS, strict=False):
        band(axes, x, spread(found[country], level), colour, country)
    axes.set_ylim(bottom=0.0)
    mark_measures(axes, scenario)
    title = f"Stocks of {commodity} held by users"
    note = _note(runs, level) + _left_out(len(order))
    return finish(
        axes, title, "days of normal use (weekly mean)", dated="date" in data.coords, note=note
    )


def _weekly(daily: Array) -> Array:
    """Means of each week: replication x week."""
    weeks = daily.shape[1] // 7
    return np.asarray(daily[:, : 7 * weeks].reshape(len(daily), weeks, 7).mean(axis=2))


def _fall(days: Array) -> float:
    mean = days.mean(axis=0)
    return 1.0 - float(mean.min()) / float(mean[0]) if len(mean) and mean[0] > 0.0 else 0.0


def unmet(
    comparison: Comparison,
    *,
    scenario: Scenario | None = None,
    axes: Axes | None = None,
    level: float = 0.9,
) -> Axes:
    """Use lost by month in per cent of undisturbed use, by country and commodity; those that lose most come first.

    >>> from supplysim import compare
    >>> from supplysim.testing import example
    >>> _, _, base, runs = example()
    >>> unmet(compare(base, runs)).get_ylabel()
    '% of normal use'
    """
    axes = axes or new_axes()[0]
    data = comparison.other.labels
    periods = Periods.of(data)
    x = middles(data, periods)
    lost = comparison.losses("use")
    normal = _normal(comparison)
    sums = {
        str(group): 100.0 * periods.sums(lost.values[:, :, i]) / normal[str(group)]
        for i, group in enumerate(lost["group"].values)
        if normal.get(str(group), 0.0) > 0.0 and bool(np.any(lost.values[:, :, i]))
    }
    order = sorted(sums, key=lambda group: float(sums[group].mean()), reverse=True)
    for group, colour in zip(order[:MOST], COLOURS, strict=False):
        band(axes, x, spread(sums[group], level), colour, group)
    if not order:
        axes.plot(x, np.zeros(len(x)), color=COLOURS[0], label="every use")
        text = "no use went unmet in any replication"
        axes.annotate(text, (0.5, 0.6), xycoords="axes fraction", ha="center", color=GREY)
        axes.set_ylim(-1.0, 10.0)
    mark_measures(axes, scenario)
    note = _note(comparison.other, level) + _left_out(len(order))
    title = "Unmet use, against the undisturbed runs"
    return finish(axes, title, "% of normal use", dated="date" in data.coords, note=note)


def _normal(comparison: Comparison) -> dict[str, float]:
    """Mean undisturbed use of a month by country and commodity."""
    table = comparison.table()
    use = table[table["kind"] == "use"]
    months = comparison.base.labels.sizes["time"] * 12.0 / 365.25
    keys = (use["country"] + " " + use["commodity"]).tolist()
    return dict(zip(keys, (use["baseline"] / months).tolist(), strict=True))


def totals(comparison: Comparison, *, axes: Axes | None = None, level: float = 0.9) -> Axes:
    """Losses over the whole run in per cent of the undisturbed amount: mean and band, the largest first.

    Below zero more was made than in the undisturbed runs.

    >>> from supplysim import compare
    >>> from supplysim.testing import example
    >>> _, _, base, runs = example()
    >>> totals(compare(base, runs)).get_title(loc="left")
    'Loss over 120 days'
    """
    table = comparison.table(level)
    table = table[(table["baseline"] > 0.0) & (table["loss"].abs() > 1e-6 * table["baseline"])]
    order = table["share"].abs().sort_values(ascending=False).index[: 3 * MOST]
    table = table.loc[order].sort_values("share")
    axes = axes or new_axes(height=1.6 + 0.22 * len(table))[0]
    y = np.arange(len(table))
    mean = (100.0 * table["share"]).to_numpy()
    ends = [(100.0 * table[side] / table["baseline"]).to_numpy() for side in ("low", "high")]
    colours = [COLOURS[1] if kind == "use" else COLOURS[0] for kind in table["kind"]]
    axes.hlines(y, ends[0], ends[1], color=colours, linewidth=3, alpha=0.4)
    axes.scatter(mean, y, color=colours, s=18, zorder=3)
    axes.axvline(0.0, color=GREY, linewidth=0.9)
    names = table["country"] + " " + table["commodity"] + " (" + table["kind"] + ")"
    axes.set_yticks(y, names.tolist())
    if table.empty:
        axes.annotate("nothing lost", (0.5, 0.5), xycoords="axes fraction", ha="center")
    days = comparison.other.labels.sizes["time"]
    finish(axes, f"Loss over {days} days", "country, commodity", dated=False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_xlabel("% of the undisturbed amount; " + _note(comparison.other, level))
    axes.xaxis.label.set_fontsize(8)
    return axes


def history(
    months: pd.DataFrame,
    record: History,
    *,
    scenario: Scenario | None = None,
    null_months: Mapping[str, pd.DataFrame] | None = None,
    axes: Axes | None = None,
    level: float = 0.9,
) -> Axes:
    """The monthly export index that `supplysim.history.monthly_exports` gave, beside the observed one.

    ``null_months`` are the same tables of the nulls, by name.

    >>> from supplysim.history import monthly_exports
    >>> from supplysim.scenario import Observation
    >>> from supplysim.testing import example
    >>> network, stop, base, runs = example()
    >>> seen = [Observation(month="2023-02", value=0.0)]
    >>> record = History(
    ...     title="Ore of China", origin="CN", commodities=["ore"], baseline=30.0, observations=seen
    ... )
    >>> months = monthly_exports(runs, base, record, network)
    >>> history(months, record, scenario=stop).get_title(loc="left")
    'Ore of China'
    """
    axes = axes or new_axes()[0]
    x = months["month"].to_numpy(dtype="datetime64[M]").astype("datetime64[D]") + 15
    columns = {"mean": "index", "low": "index_low", "high": "index_high"}
    values: dict[str, Any] = {name: months[column].to_numpy() for name, column in columns.items()}
    band(axes, x, values, COLOURS[1], "simulated")
    for place, (name, table) in enumerate((null_months or {}).items()):
        style: Any = [(0, (1, 1)), (0, (5, 2))][place % 2]
        y = table["index"].to_numpy()
        axes.plot(x, y, color=COLOURS[2 + place], label=f"null: {name}", linestyle=style)
    seen = months["observed_index"].to_numpy()
    axes.plot(x, seen, color=COLOURS[-1], marker="o", markersize=4, linewidth=0.7, label="observed")
    axes.axhline(1.0, color=GREY, linewidth=0.6)
    axes.set_ylim(bottom=-0.05)
    mark_measures(axes, scenario)
    unit = f" ({record.baseline:g} {record.unit})" if record.unit else ""
    note = _between(level) + " of the replications"
    label = f"1 = a normal month{unit}"
    return finish(axes, record.title, label, dated=True, note=note)


def _note(runs: Ensemble, level: float) -> str:
    return f"{_between(level)} of {runs.replications} replications"


def _between(level: float) -> str:
    return f"band: {50.0 * (1.0 - level):.0f}-{50.0 * (1.0 + level):.0f} %"


def _left_out(count: int) -> str:
    return f"; {count - MOST} more are left out" if count > MOST else ""
