"""Scenarios beside one another: what each loses, with its interval, and what its answers cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from supplysim.plots.style import COLOURS, GREY, finish, new_axes, usd

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["contrast"]


def contrast(table: pd.DataFrame, *, axes: Axes | None = None, level: float = 0.9) -> Axes:
    """Losses by scenario in billion USD (small ones in million): the mean, with the interval of the mean, worst on top.

    ``table`` is that of `supplysim.ensemble.Contrast`. An answer to another scenario is marked with what it costs.

    >>> from supplysim import Contrast, compare, outcome
    >>> from supplysim.testing import example
    >>> network, stop, base, runs = example()
    >>> found = Contrast(network, {"stop": stop}, {"stop": outcome(compare(base, runs), network)}, {}, 120)
    >>> contrast(found.table()).get_title(loc="left")
    'Loss in Japan and Germany'
    """
    table = table.iloc[::-1]
    axes = axes or new_axes(height=1.6 + 0.3 * len(table))[0]
    y = np.arange(len(table))
    columns = ("loss", "loss_low", "loss_high")
    unit, word = usd(float(table["loss"].abs().max()))
    mean, low, high = (table[name].to_numpy(dtype=float) / unit for name in columns)
    answers = table["reference"].to_numpy(dtype=str) != ""
    colours = np.where(answers, COLOURS[2], COLOURS[1]).tolist()
    axes.barh(y, mean, color=colours, height=0.6, alpha=0.75)
    axes.hlines(y, low, high, color="black", linewidth=1.2)
    names = [
        f"{name} (answers {other})" if other else str(name)
        for name, other in zip(table["scenario"], table["reference"], strict=True)
    ]
    axes.set_yticks(y, names)
    widest = max([abs(x) for x in (*low.tolist(), *high.tolist())], default=1.0) or 1.0
    for place, at, cost, own in zip(y, high.tolist(), table["cost"], answers, strict=True):
        if own and not math.isnan(cost):
            axes.annotate(
                f"costs {cost / unit:,.2f}",
                (max(at, 0.0) + 0.01 * widest, place),
                va="center",
                fontsize=7,
                color=GREY,
            )
    axes.axvline(0.0, color=GREY, linewidth=0.9)
    axes.margins(x=0.12)
    finish(axes, "Loss in Japan and Germany", "", dated=False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_xlabel(
        f"{word} at normal prices; bars: means, lines: {100 * level:.0f} % intervals of the mean"
    )
    axes.xaxis.label.set_fontsize(8)
    return axes
