"""What ``supplysim run`` prints: who loses what and when, and how far the runs are off history."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from supplysim.cli.job import Findings, Order, Past
from supplysim.cli.show import plain_table, stdout
from supplysim.exposure import in_earnest
from supplysim.history.score import BETTER, INSIDE, MONTHS_OFF, VOLUME
from supplysim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["findings", "header"]

WHEN = ("first short (day)", "recovered (day)")
NOTHING = 5e-4
"""A share of the undisturbed amount below which a loss is not listed."""
FEW = 40
"""So many that lose nothing are named."""


def header(order: Order) -> None:
    """What is about to run, at once."""
    scenario = order.scenario
    since = f" from {scenario.start}" if scenario.start else ""
    print(
        f"{scenario.title or scenario.name or 'scenario'}: network {order.network.name}, "
        f"{scenario.replications} replications of {scenario.horizon} days{since}, "
        f"seed {scenario.seed}",
        flush=True,
    )
    figures = len(order.network.drawing.figures)
    if figures:
        few = "1 uncertain figure is" if figures == 1 else f"{figures} uncertain figures are"
        print(f"{few} drawn anew in each replication (--central: as given)", flush=True)


def findings(order: Order, found: Findings) -> None:
    """Print all of it."""
    _losses(order, found.losses)
    if found.past is not None:
        _history(order, found.past)


def _print(text: str) -> None:
    stdout().print(text, markup=False)


# --- losses --------------------------------------------------------------------------------------


def _losses(order: Order, losses: pd.DataFrame) -> None:
    units = {commodity.name: commodity.unit for commodity in order.network.commodities}
    listed: list[dict[Any, Any]] = []
    quiet: list[dict[Any, Any]] = []
    for row in losses.assign(earnest=in_earnest(losses)).to_dict("records"):
        most = max(abs(_share(row, side)) for side in ("loss", "low", "high"))
        (listed if most >= NOTHING or row["earnest"] else quiet).append(row)
    _print("")
    if listed:
        listed.sort(key=lambda row: (row["kind"] != "use", -row["share"]))
        plain_table(
            "Losses against the undisturbed runs (below zero: more than undisturbed)",
            ("", "country", "commodity", "loss", "share", "5-95 %", "runs short", "worst", *WHEN),
            [_loss_row(order.scenario, row, units.get(row["commodity"], "")) for row in listed],
            right=("loss", "share", "5-95 %", "runs short", "worst"),
        )
        _print(
            "Use: what final demand got; short while more goes unmet than undisturbed. Output: what plants made;\n"
            "short while the last 28 days made under 99 %. What is made up for later is no loss. Worst: what is\n"
            "missing in the worst 28 days. Worst and days are medians, the days of the runs that fall short."
        )
    for kind in ("use", "output"):
        rows = [row for row in quiet if row["kind"] == kind]
        if rows:
            _print(f"No loss of {kind} above {NOTHING:.2%}: {_who(rows)}.")


def _who(rows: list[dict[Any, Any]]) -> str:
    """Countries and commodities by name, if these are few enough to be read."""
    if len(rows) > FEW:
        return f"{len(rows)} other pairs of country and commodity (tables/losses.csv)"
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["country"], []).append(row["commodity"])
    return "; ".join(f"{country} {', '.join(names)}" for country, names in found.items())


def _share(row: dict[Any, Any], side: str) -> float:
    return float(row[side] / row["baseline"]) if row["baseline"] > 0.0 else 0.0


def _loss_row(scenario: Scenario, row: dict[Any, Any], unit: str) -> Sequence[str]:
    lost = row["short_runs"] > 0.0 and row["high"] > 0.0 and row["loss"] > 0.0
    lost = lost or row["earnest"]  # whatever is made up for later
    return (
        row["kind"],
        row["country"],
        row["commodity"],
        f"{_amount(row['loss'])} {unit}",
        f"{row['share']:.2%}",
        f"{_share(row, 'low'):.1%} to {_share(row, 'high'):.1%}",
        f"{row['short_runs']:.0%}" if lost else "",
        f"{max(0.0, row['depth']):.0%}" if lost else "",
        _day(scenario, row["first_short"]) if lost else "",
        _day(scenario, row["recovered"]) if lost else "",
    )


def _amount(value: float) -> str:
    """A quantity to three digits or whole.

    >>> _amount(33642.8), _amount(0.123456), _amount(-0.0)
    ('33,643', '0.123', '0')
    """
    if abs(value) >= 100.0:
        return f"{value:,.0f}"
    return f"{value + 0.0:.3g}" if abs(value) > 1e-9 else "0"


def _day(scenario: Scenario, day: float) -> str:
    if math.isnan(day):
        return "not in the run"
    if scenario.start is None:
        return f"{day:.0f}"
    return f"{scenario.start + dt.timedelta(days=math.floor(day))} ({day:.0f})"


# --- history -------------------------------------------------------------------------------------


def _history(order: Order, past: Past) -> None:
    history = order.scenario.history
    assert history is not None
    unit = f" {history.unit}" if history.unit else ""
    names = list(past.null_months)
    _print("")
    plain_table(
        f"{history.title}: index, 1 = a normal month (observed: {history.baseline:g}{unit})",
        ("month", "observed", "simulated", "5-95 %", "inside", *(f"null: {n}" for n in names)),
        _month_rows(past),
        right=("observed", "simulated", "5-95 %", *(f"null: {n}" for n in names)),
    )
    if past.score is None:
        _print("The run covers no observed month that could be scored.")
        return
    _score(past)
    if not order.network.drawing.figures:
        _print(
            "  The band is that of the replications; it leaves out how uncertain the baseline is."
        )


def _month_rows(past: Past) -> Iterator[Sequence[str]]:
    for place, row in enumerate(past.months.to_dict("records")):
        seen = row["observed_index"]
        inside = "" if math.isnan(seen) else "no"
        if row["index_low"] <= seen <= row["index_high"]:
            inside = "yes"
        nulls = (f"{table['index'].iloc[place]:.2f}" for table in past.null_months.values())
        band = f"{row['index_low']:.2f} to {row['index_high']:.2f}"
        observed = "" if math.isnan(seen) else f"{seen:.2f}"
        yield row["month"], observed, f"{row['index']:.2f}", band, inside, *nulls


def _score(past: Past) -> None:
    score = past.score
    assert score is not None
    _print(f"How far off, over the {score.months} observed months {score.first} to {score.last}:")
    _print(f"  RMS error of the index: {score.rms:.2f} of a normal month")
    for name, value in score.null_rms.items():
        better = score.better(name)
        side = "below" if better >= 0.0 else "ABOVE"
        met = "" if better >= BETTER else f"; {BETTER:.0%} below is the mark: MISSED"
        _print(f"  null '{name}': {value:.2f}; ours is {abs(better):.0%} {side} it{met}")
    met = "" if score.inside >= INSIDE else ": MISSED"
    _print(f"  months inside the band: {score.inside:.0%} (mark: at least {INSIDE:.0%}{met})")
    for volume in score.volumes:
        met = "" if abs(volume.off) <= VOLUME else ": MISSED"
        side = "above" if volume.off >= 0.0 else "below"
        _print(
            f"  first {volume.months} months from the begin: {_amount(volume.simulated)} simulated, "
            f"{_amount(volume.observed)} observed, {abs(volume.off):.0%} {side} (mark: within {VOLUME:.0%}{met})"
        )
    met = "" if score.trough_off <= MONTHS_OFF else ": MISSED"
    _print(
        f"  trough: {score.simulated_trough} simulated, {score.observed_trough} observed "
        f"(mark: within a month{met})"
    )
