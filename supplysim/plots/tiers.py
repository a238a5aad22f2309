"""A network by tier: what goes into a commodity, step by step, and in which countries each step stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from supplysim import exposure
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model import Network
from supplysim.plots.chains import OTHERS, SHOWN
from supplysim.plots.style import GREY, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["tiers"]

LONG, HIGH = 0.72, 0.42
"""Of a bar, where columns and rows stand 1 apart."""
LEAST = 0.11
"""The smallest share that has its country's name in it."""
GREYS = (OTHERS, "#bdbdbd")


def tiers(network: Network, commodity: str, *, axes: Axes | None = None) -> Axes:
    """What goes into a commodity, tier by tier: raw materials on the left, the commodity on the right.

    A bar is a commodity, cut by the countries in which it is made, by quantity in the undisturbed network: China
    vermilion, Japan blue, Germany orange, others grey. A line leads to what it goes into; the tier of a commodity is
    the longest way to the last one, circles apart. Raises `InvalidInput` for an unknown commodity, or one that nobody
    makes.

    >>> from supplysim.testing import tiny
    >>> tiers(tiny(), "ore").get_title(loc="left")
    'What goes into ore, tier by tier'
    """
    made, inputs = _steps(network)
    if commodity not in made:
        rule = f"nobody makes it in this network; {nearest(commodity, sorted(made))}"
        raise InvalidInput([Fault("commodity", rule, commodity)], what="plot")
    tier = _tiers(inputs, commodity)
    last = max(tier.values())
    columns: dict[int, list[str]] = defaultdict(list)
    for name in sorted(tier):
        columns[last - tier[name]].append(name)
    rows = max(map(len, columns.values()))
    places = _places(columns, inputs, rows)
    axes = axes or new_axes(width=1.2 + 1.95 * (last + 1), height=1.0 + 0.52 * rows)[0]
    for name, (x, y) in places.items():
        _bar(axes, made[name], (x, y), name)
        for other in sorted(inputs.get(name, set()) & set(places)):
            if places[other][0] < x:
                _line(axes, places[other], (x, y))
    axes.set_xlim(-0.05, last + LONG + 0.05)
    axes.set_ylim(-0.55, rows - 0.25)
    axes.set_axis_off()
    title = network.commodity_by_name[commodity].title or commodity
    axes.set_title(
        f"What goes into {title}, tier by tier", loc="left", fontsize=10, fontweight="bold"
    )
    note = "bar: where it is made, shares of the quantity in a normal year; line: goes into"
    axes.text(
        1.0, 0.0, note, ha="right", va="top", fontsize=7, color=GREY, transform=axes.transAxes
    )
    return axes


def _steps(network: Network) -> tuple[dict[str, dict[str, float]], dict[str, set[str]]]:
    """By commodity: what is made by country, and what goes into it anywhere."""
    flows = exposure.flows(network)
    goods = flows.groupby("commodity")
    made: Any = {name: x.groupby("origin")["quantity"].sum().to_dict() for name, x in goods}
    inputs: Any = flows.groupby("user")["commodity"].agg(set).to_dict()
    return made, inputs


def _tiers(inputs: Mapping[str, set[str]], commodity: str) -> dict[str, int]:
    """The longest way from each commodity upstream to this one; a step that would close a circle is left out."""
    found: dict[str, int] = {}

    def visit(name: str, depth: int, way: frozenset[str]) -> None:
        if found.get(name, -1) >= depth:
            return
        found[name] = depth
        for other in sorted(inputs.get(name, ())):
            if other not in way:
                visit(other, depth + 1, way | {other})

    visit(commodity, 0, frozenset([commodity]))
    return found


def _places(
    columns: Mapping[int, list[str]], inputs: Mapping[str, set[str]], rows: int
) -> dict[str, tuple[float, float]]:
    """Where each bar stands: from the right, each column in the order of what its commodities go into."""
    places: dict[str, tuple[float, float]] = {}
    for x in sorted(columns, reverse=True):
        users = {
            name: [places[user][1] for user in places if name in inputs.get(user, ())]
            for name in columns[x]
        }
        order = sorted(columns[x], key=lambda n: (-sum(users[n]) / max(1, len(users[n])), n))
        step = rows / len(order)
        for place, name in enumerate(order):
            places[name] = float(x), rows - (place + 0.5) * step - 0.5
    return places


def _bar(axes: Axes, made: Mapping[str, float], corner: tuple[float, float], title: str) -> None:
    """A commodity's bar: the three countries first, then the others by size."""
    from matplotlib.patches import Rectangle

    x, y = corner
    total = sum(made.values())
    axes.text(
        x, y + HIGH / 2.0 + 0.04, title, fontsize=7, va="bottom", ha="left", fontweight="bold"
    )
    others = sorted((c for c in made if c not in SHOWN), key=lambda c: (-made[c], c))
    for number, country in enumerate([*(c for c in SHOWN if c in made), *others]):
        share = made[country] / total
        colour = SHOWN.get(country, GREYS[number % 2])
        place = (x, y - HIGH / 2.0)
        axes.add_patch(
            Rectangle(place, LONG * share, HIGH, facecolor=colour, edgecolor="white", linewidth=0.5)
        )
        if share >= LEAST:
            text = f"{country} {share:.0%}" if share >= 2.2 * LEAST else country
            ink = "white" if country in SHOWN else "black"
            axes.text(
                x + LONG * share / 2.0, y, text, fontsize=6.5, ha="center", va="center", color=ink
            )
        x += LONG * share


def _line(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From the right end of one bar to the left end of another."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    (x0, y0), (x1, y1) = (start[0] + LONG, start[1]), end
    middle = (x0 + x1) / 2.0 if x1 - x0 < 1.0 else x1 - 0.14
    points = [(x0, y0), (middle, y0), (middle, y1), (x1, y1)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3]
    axes.add_patch(
        PathPatch(
            Path(points, codes),
            facecolor="none",
            edgecolor=GREY,
            linewidth=0.7,
            alpha=0.55,
            zorder=0,
        )
    )
