"""Flows between columns of blocks: what goes where, as wide as it is large."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["layers", "ribbon"]

WIDTH, GAP = 0.05, 0.035
"""Of a block, and between blocks, where columns stand 1 apart and are 1 high."""


def ribbon(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], height: float, colour: str
) -> None:
    """A band from the upper right corner of one block to the upper left one of another."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    (x0, top0), (x1, top1) = start, end
    middle = (x0 + x1) / 2.0
    points = [(x0, top0), (middle, top0), (middle, top1), (x1, top1)]
    points += [(x, y - height) for x, y in reversed(points)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
    axes.add_patch(PathPatch(Path(points, codes), facecolor=colour, edgecolor="none", alpha=0.45))


def layers(
    axes: Axes, flows: Sequence[Mapping[tuple[str, str], float]], colours: Mapping[str, str]
) -> None:
    """Columns of blocks with ribbons between them: ``flows`` from each column to the next, largest blocks on top.

    A ribbon has the colour of the block it comes from.
    """
    from matplotlib.patches import Rectangle

    columns: list[dict[str, float]] = [defaultdict(float) for _ in range(len(flows) + 1)]
    for at, between in enumerate(flows):
        for (start, end), amount in between.items():
            columns[at][start] += amount if at == 0 else 0.0
            columns[at + 1][end] += amount
    whole = max(sum(columns[0].values()), 1e-300)
    most = max(len(column) for column in columns)
    scale = max(0.2, 1.0 - GAP * most) / whole
    tops: list[dict[str, float]] = []
    for at, column in enumerate(columns):
        top, places = 1.0, {}
        for name, size in sorted(column.items(), key=lambda item: -item[1]):
            colour = colours.get(name, "#9a9a9a")
            axes.add_patch(Rectangle((at, top - size * scale), WIDTH, size * scale, color=colour))
            last = at == len(columns) - 1
            x, align = (at + WIDTH + 0.015, "left") if last or at else (at - 0.015, "right")
            axes.text(
                x,
                top - size * scale / 2.0,
                f"{name} {size / whole:.0%}",
                ha=align,
                va="center",
                fontsize=7,
            )
            places[name] = top
            top -= size * scale + GAP
        tops.append(places)
    for at, between in enumerate(flows):
        left, right = dict(tops[at]), dict(tops[at + 1])
        for (start, end), amount in sorted(between.items(), key=lambda item: -item[1]):
            height = amount * scale
            ribbon(
                axes,
                (at + WIDTH, left[start]),
                (at + 1.0, right[end]),
                height,
                colours.get(start, "#9a9a9a"),
            )
            left[start] -= height
            right[end] -= height
    axes.set_xlim(-0.45, len(columns) - 0.45)
    axes.set_ylim(-0.05, 1.03)
    axes.set_axis_off()
