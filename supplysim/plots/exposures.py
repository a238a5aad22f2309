"""One-line pictures of what `supplysim.exposure` gives."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.exposure import Attribution, Leverage, Page, Sensitivity, Survival
from supplysim.plots.ribbons import layers
from supplysim.plots.style import COLOURS, GREY, finish, new_axes, usd

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "attribution",
    "dependence",
    "leverage",
    "loss_curve",
    "page",
    "ranking",
    "sensitivity",
    "survival",
]

MOST = 16
"""Rows that one chart can hold."""
REST = "the rest"
LEAST = 0.015
"""A share of all below which a flow is drawn with the rest."""


def dependence(table: pd.DataFrame, *, axes: Axes | None = None, title: str = "") -> Axes:
    """Face value and look-through of `exposure.dependence` or `look_through`, a line a commodity, most first.

    >>> from supplysim import exposure, load_network
    >>> shares = exposure.dependence(load_network("gallium-2022"), "JP", "CN")
    >>> dependence(shares, title="Japan on China").get_xlabel()
    '% of the value'
    """
    chosen = table.sort_values("look_through", ascending=False).head(MOST).iloc[::-1]
    axes = axes or new_axes(height=1.4 + 0.24 * len(chosen))[0]
    y = np.arange(len(chosen))
    face, through = (100.0 * chosen[name].to_numpy() for name in ("face", "look_through"))
    axes.hlines(y, face, through, color=GREY, linewidth=1.2)
    axes.scatter(face, y, color=COLOURS[5], s=28, zorder=3, label="direct")
    axes.scatter(through, y, color=COLOURS[1], s=28, zorder=3, label="through all tiers")
    axes.set_yticks(y, chosen.index.astype(str).tolist())
    axes.set_xlim(-2.0, 102.0)
    return _across(axes, title or "Dependence", "% of the value")


def page(found: Page, *, axes: Axes | None = None) -> Axes:
    """A country's page: by chain, how dependent it is, and how long it lasts if that stops.

    >>> from supplysim import exposure, load_network
    >>> found = exposure.exposure_page(load_network("gallium-2022"), "JP", "CN", days=60, horizon=200)
    >>> page(found).get_title(loc="left")
    'Dependence by chain'
    """
    table = found.table.set_index("chain")
    axes = dependence(table, axes=axes, title="Dependence by chain")
    shown = table.sort_values("look_through", ascending=False).head(MOST).iloc[::-1]
    for place, (lasts, loss) in enumerate(zip(shown["survive"], shown["loss"], strict=True)):
        text = (
            "lasts" if np.isinf(lasts) else f"lasts {lasts:.0f} days; {loss / 1e6:,.1f} m USD lost"
        )
        axes.annotate(
            text,
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7,
            color=GREY,
        )
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    return axes


def ranking(
    table: pd.DataFrame, column: str, *, names: str = "", axes: Axes | None = None, label: str = ""
) -> Axes:
    """Bars of any table of exposures by one ``column``, largest first: risks, concentrations, losses, causes, powers.

    ``names`` is the column (several joined by commas) that says what each row is; by default the index. Intervals
    are drawn where the table has ``low`` and ``high`` for ``loss``.

    >>> from supplysim import exposure, load_network
    >>> ranking(exposure.power_table(load_network(), "DE", "CN"), "share").get_xlabel()
    'share'
    """
    wrong = [x for x in (column, *filter(None, names.split(","))) if x not in table.columns]
    if wrong:
        rule = f"no such column; {nearest(wrong[0], list(table.columns))}"
        raise InvalidInput([Fault("column", rule, wrong[0])], what="plot")
    finite = table[np.isfinite(table[column].to_numpy(dtype=float))]
    chosen = finite.sort_values(column, ascending=False).head(MOST).iloc[::-1]
    axes = axes or new_axes(height=1.4 + 0.24 * max(1, len(chosen)))[0]
    y = np.arange(len(chosen))
    axes.barh(y, chosen[column].to_numpy(), color=COLOURS[0], height=0.6)
    if column == "loss" and {"low", "high"} <= set(table.columns):
        axes.hlines(y, chosen["low"], chosen["high"], color="black", linewidth=1.0)
    columns = [chosen[name].astype(str) for name in names.split(",")] if names else []
    said = (
        [" ".join(row) for row in zip(*columns, strict=True)] if names else chosen.index.astype(str)
    )
    axes.set_yticks(y, list(said))
    return _across(axes, label or column, str(table.attrs.get("definition", column))[:110])


def survival(found: Survival, *, axes: Axes | None = None) -> Axes:
    """What binds: days that one more day's worth of each stock or capacity would add.

    >>> from supplysim import exposure
    >>> from supplysim.testing import tiny
    >>> survival(exposure.survival(tiny(), exposure.Cut(origin=["CN"]), recover=30.0)).get_title(loc="left")
    'Lasts 17 days at best; what would help'
    """
    table = found.binds.iloc[::-1]
    axes = axes or new_axes(height=1.4 + 0.26 * max(1, len(table)))[0]
    colours = [COLOURS[0] if kind == "stock" else COLOURS[2] for kind in table["kind"]]
    axes.barh(np.arange(len(table)), table["days"].to_numpy(), color=colours, height=0.6)
    names = (table["name"] + " (" + table["kind"] + ")").tolist()
    axes.set_yticks(np.arange(len(table)), names)
    if table.empty:
        axes.annotate("nothing binds", (0.5, 0.5), xycoords="axes fraction", ha="center")
    lasts = "for ever" if np.isinf(found.survive) else f"{found.survive:.0f} days"
    return _across(
        axes, f"Lasts {lasts} at best; what would help", "days longer, for a day's worth more"
    )


def loss_curve(table: pd.DataFrame, *, axes: Axes | None = None) -> Axes:
    """Loss against how long it lasts: mean, band and tail of `exposure.loss_curve`.

    >>> from supplysim import exposure
    >>> from supplysim.testing import example
    >>> network, stop, _, _ = example()
    >>> quick = {"countries": ["DE"], "after": 60, "replications": 2, "executor": 1, "progress": False}
    >>> loss_curve(exposure.loss_curve(network, stop, durations=[5, 30], **quick)).get_ylabel()
    'million USD'
    """
    axes = axes or new_axes()[0]
    x = table["duration"].to_numpy()
    unit, word = usd(float(table["loss"].abs().max()))
    values = {name: table[name].to_numpy() / unit for name in ("loss", "low", "high", "cvar")}
    axes.fill_between(x, values["low"], values["high"], color=COLOURS[1], alpha=0.18, linewidth=0)
    axes.plot(x, values["loss"], color=COLOURS[1], marker="o", markersize=3, label="mean")
    axes.plot(x, values["cvar"], color=COLOURS[0], linestyle=(0, (4, 2)), label="mean of the worst")
    finish(axes, "Loss against how long it lasts", word, dated=False)
    axes.set_xlabel("days that it lasts", fontsize=9)
    return axes


def leverage(found: Leverage, *, axes: Axes | None = None, relative: bool = False) -> Axes:
    """Target loss over sender loss against time, with the day at which it turns.

    >>> from supplysim import compare, exposure
    >>> from supplysim.testing import example
    >>> network, _, base, runs = example()
    >>> found = exposure.leverage(compare(base, runs), network, sender="CN", target="DE", kind="use")
    >>> leverage(found).get_title(loc="left")
    'Who hurts whom'
    """
    axes = axes or new_axes()[0]
    name, row = ("relative", "relative") if relative else ("ratio", "absolute")
    table = found.table
    values = {
        end: table[column].replace([np.inf], np.nan).to_numpy()
        for end, column in (("mean", name), ("low", f"{name}_low"), ("high", f"{name}_high"))
    }
    axes.fill_between(
        table["day"], values["low"], values["high"], color=COLOURS[0], alpha=0.18, linewidth=0
    )
    axes.plot(table["day"], values["mean"], color=COLOURS[0], linewidth=1.6)
    axes.axhline(1.0, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    turn = float(found.turns["day"].to_dict()[row])
    if not np.isnan(turn):
        axes.axvline(turn, color=COLOURS[1], linewidth=1.0)
        axes.annotate(
            f" day {turn:.0f}: the target loses more", (turn, 1.0), fontsize=7, color=GREY
        )
    what = "shares of normal" if relative else "USD"
    return finish(axes, "Who hurts whom", f"target loss over sender loss ({what})", dated=False)


def attribution(found: Attribution, *, axes: Axes | None = None) -> Axes:
    """From causes over what they held to what was lost: a flow diagram of the losses.

    >>> from supplysim import exposure, simulate
    >>> from supplysim.testing import example
    >>> network, stop, _, _ = example()
    >>> base, run = (simulate(network, x, horizon=120) for x in (None, stop))
    >>> attribution(exposure.attribution(base, run)).get_title(loc="left")
    'Why 30.00 million USD are lost: cause, what it held, what was lost'
    """
    table = found.ends[found.ends["value"] > 0.0]
    held = table["origin"] + " " + table["goods"]
    lost = table["country"] + " " + table["commodity"]
    parts: list[Any] = [_few(x, table["value"]) for x in (table["cause"], held, lost)]
    flows: list[dict[tuple[str, str], float]] = [defaultdict(float), defaultdict(float)]
    for cause, what, end, value in zip(*parts, table["value"], strict=True):
        flows[0][f"{cause}", f"{what} "] += value
        flows[1][f"{what} ", f"{end}  "] += value
    causes = list(dict.fromkeys(parts[0]))
    colours = {name: COLOURS[(1 + at) % len(COLOURS)] for at, name in enumerate(causes)}
    height = 1.2 + 0.35 * max((len(set(x)) for x in parts), default=1)
    axes = axes or new_axes(width=9.0, height=max(3.0, height))[0]
    layers(axes, flows, colours)
    whole = float(table["value"].sum())
    unit, word = usd(whole)
    axes.set_title(
        f"Why {whole / unit:,.2f} {word} are lost: cause, what it held, what was lost",
        loc="left",
        fontsize=10,
        fontweight="bold",
    )
    return axes


def sensitivity(found: Sensitivity, *, axes: Axes | None = None) -> Axes:
    """What moves the answer: first-order and total indices with their intervals, most first.

    >>> from supplysim import exposure
    >>> from supplysim.model import Range
    >>> from supplysim.testing import example
    >>> network, stop, _, _ = example()
    >>> rate = Range("use", kind="demand", name="use", field="rate", low=0.5, high=1.5)
    >>> vague = network.replace(ranges=[rate])
    >>> found = exposure.sensitivity(vague, stop, answer="use", countries=["DE"], points=4, progress=False)
    >>> sensitivity(found).get_title(loc="left")
    'What moves the answer'
    """
    table = found.table.head(MOST).iloc[::-1]
    axes = axes or new_axes(height=1.4 + 0.28 * len(table))[0]
    y = np.arange(len(table))
    for shift, name, colour, label in (
        (0.14, "total", COLOURS[1], "total"),
        (-0.14, "first", COLOURS[0], "by itself"),
    ):
        axes.hlines(y + shift, table[f"{name}_low"], table[f"{name}_high"], color=colour, alpha=0.5)
        axes.scatter(table[name], y + shift, color=colour, s=22, zorder=3, label=label)
    axes.set_yticks(y, table["factor"].tolist())
    return _across(axes, "What moves the answer", "share of the variance")


def _few(names: pd.Series[str], values: pd.Series[float]) -> list[str]:
    """The names with the largest sums; the others as one."""
    sums = values.groupby(names.to_numpy()).sum().sort_values(ascending=False)
    kept = set(sums.index[: MOST // 2][sums.iloc[: MOST // 2] >= LEAST * sums.sum()])
    return [name if name in kept else REST for name in names]


def _across(axes: Axes, title: str, label: str) -> Axes:
    """What has names up its side and numbers across."""
    finish(axes, title, "", dated=False)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_xlabel(label, fontsize=8)
    return axes
