"""What the charts share: colours, axes, bands, the dates of measures, saving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.history import Periods
from supplysim.model.fields import days_from
from supplysim.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = [
    "COLOURS",
    "band",
    "finish",
    "mark_measures",
    "middles",
    "new_axes",
    "save",
    "timeline",
    "usd",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours in the order of use, without yellow, which is faint on white."""
GREY = "#595959"


def usd(most: float) -> tuple[float, str]:
    """What to divide sums in USD by so that the largest reads well, and the word for it.

    >>> usd(3.2e9), usd(-4.5e7)
    ((1000000000.0, 'billion USD'), (1000000.0, 'million USD'))
    """
    return (1e9, "billion USD") if abs(most) >= 1e8 else (1e6, "million USD")


def new_axes(rows: int = 1, *, width: float = 7.5, height: float = 3.6) -> list[Axes]:
    """Axes below one another on a new figure; sizes in inches, ``height`` of each.

    >>> len(new_axes(2))
    2
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height * rows), layout="constrained")
    FigureCanvasAgg(figure)
    return list(figure.subplots(rows, 1, squeeze=False)[:, 0])


def save(axes: Axes, path: Path | str, *, dpi: int = 130) -> None:
    """Write the figure of some axes; the ending tells the format (png, svg, pdf). Same data, same bytes.

    >>> import tempfile
    >>> axes = new_axes()[0]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(axes, Path(folder) / "empty.png")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['empty.png']
    """
    import matplotlib as mpl

    figure = axes.get_figure(root=True)
    assert figure is not None
    target = Path(path)
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with mpl.rc_context({"svg.hashsalt": "supplysim"}):
        figure.savefig(target, dpi=dpi, metadata=dated.get(target.suffix[1:]))


def timeline(data: xr.Dataset, days: Sequence[float]) -> Any:
    """Days of a run as dates if it has them, else as they are."""
    places = np.asarray(days, dtype=float)
    if "date" not in data.coords:
        return places
    first = np.datetime64(str(data["date"].values[0]), "h")
    return first + (places * 24.0).astype("timedelta64[h]")


def middles(data: xr.Dataset, periods: Periods) -> Any:
    """The middle of each period, for the x axis."""
    ends = zip(periods.starts, periods.ends, strict=True)
    return timeline(data, [(start + end) / 2.0 for start, end in ends])


def band(
    axes: Axes, x: Any, values: dict[str, Array], colour: str, label: str, **line: Any
) -> None:
    """The mean as a line, and the band around it."""
    axes.fill_between(x, values["low"], values["high"], color=colour, alpha=0.18, linewidth=0)
    axes.plot(x, values["mean"], color=colour, label=label, **({"linewidth": 1.6} | line))


def mark_measures(axes: Axes, scenario: Scenario | None) -> None:
    """A line and a word at each date on which the scenario's measures are announced, begin and end."""
    if scenario is None:
        return
    low, high = axes.get_xlim()
    for day, word in sorted(set(_moments(scenario))):
        x: Any = day
        text = word
        if scenario.start is not None:
            date = scenario.start + dt.timedelta(days=int(day))
            x = np.datetime64(date)
            text = f"{word} {date.day} {date:%b %Y}"
        axes.axvline(x, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5)
        axes.annotate(
            text,
            (x, 1.0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-3, -4),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="top",
            fontsize=7,
            color=GREY,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5},
        )
    axes.set_xlim(low, high)


def _moments(scenario: Scenario) -> Iterator[tuple[float, str]]:
    for measure in scenario.measures:
        moments = {"announced": measure.announced, "begins": measure.begins, "ends": measure.ends}
        for word, moment in moments.items():
            if moment is None:
                continue
            day = moment if isinstance(moment, float) else _day(scenario, moment)
            if 0.0 <= day < scenario.horizon:
                yield day, word


def _day(scenario: Scenario, date: dt.date) -> float:
    assert scenario.start is not None  # a scenario that was run has one where it has dates
    return days_from(scenario.start, date)


def finish(axes: Axes, title: str, ylabel: str, *, dated: bool, note: str = "") -> Axes:
    """Title, units, grid, legend, and the note on what the band is."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.set_ylabel(ylabel, fontsize=9)
    axes.set_xlabel("month" if dated else "days from the start", fontsize=9)
    if dated:
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        months = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(months)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    if note:
        axes.annotate(
            note,
            (1.0, -0.17),
            xycoords="axes fraction",
            ha="right",
            va="top",
            fontsize=7,
            color=GREY,
        )
    return axes
