"""A supply chain as flow diagrams: a panel for each commodity, a block for each country, ribbons for what flows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from supplysim import exposure
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model import Network
from supplysim.plots.ribbons import ribbon
from supplysim.plots.style import COLOURS, GREY, new_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["chain", "flow_map"]

SHOWN = {"CN": COLOURS[1], "JP": COLOURS[0], "DE": COLOURS[4]}
OTHERS = "#9a9a9a"
MOST_BLOCKS = 6
"""Countries in a column; the smallest others are drawn as one."""
REST = "others"
WIDTH, GAP = 0.08, 0.015
"""Width of a block, and the space between blocks, in panels."""
ACROSS = 4
"""Panels beside each other."""
STRIDE = (2.0, 1.5)
"""From one panel to the next, across and down."""


def chain(network: Network, name: str, *, axes: Axes | None = None) -> Axes:
    """The flows of one chain of a network in an undisturbed year, seen through hubs.

    A panel stands for a commodity, in the order in which they go into each other, its makers on the left and its users
    on the right; a block is a country, as high as its share. Ribbons have the colour of the country they come from:
    China vermilion, Japan blue, Germany orange, all others grey. Every panel has the same height, since commodities
    differ in value by orders of magnitude. Raises `InvalidInput` for an unknown chain.

    >>> from supplysim import load_network
    >>> chain(load_network("jp-de-cn-2022"), "graphite").get_title(loc="left")
    'Chain: graphite'
    """
    known = sorted({item.chain for item in network.commodities if item.chain})
    if name not in known:
        rule = f"no commodity of the network is of this chain; {nearest(name, known)}"
        raise InvalidInput([Fault("name", rule, name)], what="plot")
    table = exposure.flows(network)
    order = _order(table, [c.name for c in network.commodities if c.chain == name])
    table = table[table["commodity"].isin(order)]
    titles = {c.name: c.title or c.name for c in network.commodities}
    across, down = min(ACROSS, len(order)), -(-len(order) // ACROSS)
    axes = axes or new_axes(1, width=2.6 * across, height=3.2 * down)[0]
    for place, commodity in enumerate(order):
        corner = STRIDE[0] * (place % ACROSS), -STRIDE[1] * (place // ACROSS)
        panel(axes, table[table["commodity"] == commodity], corner, titles[commodity])
    axes.set_xlim(-0.45, STRIDE[0] * (across - 1) + 1.6)
    axes.set_ylim(-STRIDE[1] * (down - 1) - 0.15, 1.3)
    _finish(axes, name)
    return axes


def flow_map(
    before: pd.DataFrame,
    after: pd.DataFrame,
    commodity: str,
    *,
    axes: Axes | None = None,
    when: str = "later",
) -> Axes:
    """Who supplies whom with a commodity, undisturbed and in some days of a run, side by side.

    ``before`` and ``after`` are tables of `exposure.flows`; each side has the same height, so look at the shares.

    >>> from supplysim.testing import tiny
    >>> table = exposure.flows(tiny())
    >>> flow_map(table, table, "ore").get_title(loc="left")
    'Who supplies whom: ore'
    """
    axes = axes or new_axes(1, width=7.5, height=3.6)[0]
    for place, (table, title) in enumerate(((before, "undisturbed"), (after, when))):
        chosen = table[table["commodity"] == commodity]
        panel(axes, chosen, (STRIDE[0] * place, 0.0), title)
        if not len(chosen):
            axes.text(STRIDE[0] * place + 0.5, 0.5, "nothing flows", ha="center", fontsize=8)
    axes.set_xlim(-0.45, STRIDE[0] + 1.6)
    axes.set_ylim(-0.1, 1.25)
    axes.set_axis_off()
    axes.set_title(f"Who supplies whom: {commodity}", loc="left", fontsize=10, fontweight="bold")
    return axes


def _order(table: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Commodities so that each stands before what it goes into."""
    left, order = sorted(names), list[str]()
    into = table.groupby("user")["commodity"].agg(set).to_dict()
    while left:
        ready = [c for c in left if not (into.get(c, set()) & (set(left) - {c}))] or left[:1]
        order += ready
        left = [c for c in left if c not in ready]
    return order


def panel(axes: Axes, table: pd.DataFrame, corner: tuple[float, float], title: str) -> None:
    """One commodity, from the lower left corner of its panel: makers on the left, users on the right."""
    makers = _sizes(table.groupby("origin")["quantity"].sum())
    users = _sizes(table.groupby("importer")["quantity"].sum())
    (left, low), right = corner, corner[0] + 1.0
    starts = _stack(axes, makers, (left, low), "right")
    ends = _stack(axes, users, (right, low), "left")
    total = sum(makers.values()) or 1.0
    ribbons: dict[tuple[str, str], float] = defaultdict(float)
    for origin, importer, quantity in table[["origin", "importer", "quantity"]].itertuples(
        index=False
    ):
        ribbons[_block(origin, makers), _block(importer, users)] += float(quantity)
    for start in makers:
        for end in users:
            height = ribbons.get((start, end), 0.0) / total * _scale(len(makers), len(users))
            if height > 0.0:
                ribbon(
                    axes,
                    (left + WIDTH, starts[start]),
                    (right, ends[end]),
                    height,
                    SHOWN.get(start, OTHERS),
                )
                starts[start] -= height
                ends[end] -= height
    middle = left + (1.0 + WIDTH) / 2.0
    axes.text(
        middle,
        low + 1.04,
        _wrapped(title),
        ha="center",
        va="bottom",
        fontsize=8,
        fontweight="bold",
    )


def _scale(*blocks: int) -> float:
    """How much of a column's height is left for blocks, so that all columns draw a share alike."""
    return 1.0 - GAP * (MOST_BLOCKS if max(blocks) else 0)


def _sizes(amounts: pd.Series) -> dict[str, float]:
    """Countries in order of drawing: the three, then the others by size, the smallest as one."""
    given = {str(name): float(value) for name, value in amounts.items() if value > 0.0}
    first = [name for name in SHOWN if name in given]
    others = sorted((n for n in given if n not in SHOWN and n != "ZZ"), key=lambda n: -given[n])
    kept = first + others[: MOST_BLOCKS - 1 - len(first)]
    sizes = {name: given[name] for name in kept}
    rest = sum(value for name, value in given.items() if name not in sizes)
    return sizes | ({REST: rest} if rest > 0.0 else {})


def _block(country: str, sizes: Mapping[str, float]) -> str:
    return country if country in sizes else REST


def _stack(
    axes: Axes, sizes: Mapping[str, float], corner: tuple[float, float], side: str
) -> dict[str, float]:
    """Draw a column of blocks; returns where each begins, from the top."""
    from matplotlib.patches import Rectangle

    x, low = corner
    total, top, tops = sum(sizes.values()) or 1.0, low + 1.0, {}
    for name, size in sizes.items():
        height = size / total * _scale(len(sizes))
        axes.add_patch(Rectangle((x, top - height), WIDTH, height, color=SHOWN.get(name, OTHERS)))
        if height > 0.012:
            where, align = (x - 0.02, "right") if side == "right" else (x + WIDTH + 0.02, "left")
            text = f"{name} {size / total:.0%}"
            axes.text(where, top - height / 2.0, text, ha=align, va="center", fontsize=7)
        tops[name] = top
        top -= height + GAP
    return tops


def _wrapped(title: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(title, 22)[:3])


def _finish(axes: Axes, name: str) -> None:
    axes.set_axis_off()
    note = "left: where it is made; right: where it is used; shares of the quantity, one year"
    axes.text(
        1.0, 0.0, note, ha="right", va="top", fontsize=7, color=GREY, transform=axes.transAxes
    )
    axes.set_title(f"Chain: {name}", loc="left", fontsize=10, fontweight="bold")
