"""Why something was lost: every lost unit traced through what was short to the measures and plants where it began.

A run is laid beside the undisturbed one. What a user goes short of it misses on some lanes; what a lane misses was held
by a measure, or never came from its source; a source gave less since it made less, or gave more to others who were cut
off elsewhere; a plant made less since a measure held it down, or for the input that was shortest. Each step
splits in proportion to what is missing so far, so that the whole is a walk to ends (an absorbing Markov chain): one
sparse linear system for each span of days gives what passes every node and where it ends, and the parts add up to the
loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.errors import Fault, InvalidInput
from supplysim.exposure.missing import Missing
from supplysim.exposure.walk import GAINED, KINDS, UNEXPLAINED, WORDS, Walk
from supplysim.model.slots import DEMAND, INPUT, STORE
from supplysim.results import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Attribution", "attribution"]

STEP = 7
"""Days that are looked at together."""


@dataclass(frozen=True)
class Attribution:
    """Where losses come from.

    ``ends`` has a row for each loss and end: country and commodity of what is lost, what is ``lost`` of it (units) and
    its ``value`` (USD), ``cause`` (the key of a measure, several joined with `` + `` where each alone would do, or in
    words what it was if no measure), ``held`` (where: a lane's key, or a site), ``origin`` (the country there), and
    ``goods``. Below zero, with the cause ``gained``, is what somebody has more in the end. ``links`` has what flows
    (USD) from cause to loss, for a flow diagram: columns source, target (``country commodity``, or a cause) and value.

    >>> from supplysim import Scenario, simulate
    >>> from supplysim.measures import ExportBan
    >>> from supplysim.testing import tiny
    >>> ban = ExportBan(key="ban", origin=["CN"], commodities=["ore"], begins=20, ends=60)
    >>> base, run = (simulate(tiny(), x, horizon=120) for x in (None, Scenario(measures=[ban])))
    >>> attribution(base, run).ends[["cause", "lost"]].values.tolist()
    [['ban', 30.0]]
    """

    ends: pd.DataFrame
    links: pd.DataFrame

    def by(self, *columns: str) -> pd.DataFrame:
        """Losses summed by some columns of ``ends``, largest first, with each one's share of all losses.

        Raises `InvalidInput` for an unknown column.
        """
        known = [name for name in self.ends.columns if name not in ("lost", "value")]
        wrong = [name for name in columns if name not in known]
        if wrong or not columns:
            rule = f"must be some of {', '.join(known)}"
            raise InvalidInput([Fault("columns", rule, list(columns))], what="Attribution.by")
        found: Any = self.ends.groupby(list(columns), as_index=False)["value"].sum()
        whole = float(found["value"].clip(lower=0.0).sum())
        found["share"] = found["value"] / whole if whole else 0.0
        table: pd.DataFrame = found.sort_values("value", ascending=False, ignore_index=True)
        return table


def attribution(
    base: Result, run: Result, *, of: str = "use", countries: Sequence[str] = (), step: int = STEP
) -> Attribution:
    """Trace what a run loses against the undisturbed one (``base``, same seed and horizon) to its causes.

    ``of`` is ``use`` (what final demand got less, at the commodity's price, or 1 where it has none) or ``output`` (what
    plants made less, at their value added). ``countries`` (none: all) says whose. Spans of ``step`` days are looked at
    together. The rows of the answer add up to the loss of `served` or `output` over the run. Where two causes were both
    needed the loss is split by what each holds back; where one alone would have done, they are named together.

    >>> import supplysim as ss
    >>> from supplysim.testing import tiny
    >>> ban = ss.Scenario(measures=[ss.ExportBan(key="ban", origin=["CN"], commodities=["ore"], ends=60)])
    >>> base, run = (ss.simulate(tiny(), x, horizon=100) for x in (None, ban))
    >>> attribution(base, run).by("cause").values.tolist()
    [['ban', 50.0, 1.0]]
    """
    missing, ever = Missing(base, run, step), Missing(base, run, step, forget=False)
    lost, worth, where = missing.losses(of, countries)
    names, group = _groups(missing, of)
    gathered = _Gathered(missing, names)
    for at in range(missing.steps):
        rows = np.flatnonzero(lost[at] > 0.0)
        if rows.size:
            units = np.zeros((len(missing.t.slots) + len(missing.t.sites), len(names)))
            value = np.zeros_like(units)
            np.add.at(units, (where[rows], group[rows]), lost[at, rows])
            np.add.at(value, (where[rows], group[rows]), lost[at, rows] * worth[rows])
            losses = np.hstack([units, value])
            left = gathered.add(Walk(missing, at, orders=of == "output"), losses, keep=False)
            if left.any():  # where nothing has been missing of late, all that ever was counts
                gathered.add(Walk(ever, at, orders=of == "output"), left)
    gained = np.minimum(0.0, lost).sum(axis=0)
    for row in np.flatnonzero(gained).tolist():
        gathered.gain(int(where[row]), int(group[row]), float(gained[row]), float(worth[row]))
    return Attribution(gathered.ends(of), gathered.links())


def _groups(missing: Missing, of: str) -> tuple[list[tuple[str, str]], Any]:
    """What is lost by country and commodity, and the place of each entity among these."""
    t = missing.t
    goods, country = t.commodity_names(), t.country.every()
    if of == "use":
        nodes = np.arange(t.source_count, len(t.node_names))
        made = t.slots.commodity[t.slot_of_node[nodes]]
    else:
        nodes = np.arange(len(t.sites))
        made = t.product[nodes]
    keys = [(country[node], goods[what]) for node, what in zip(nodes, made, strict=True)]
    names = sorted(set(keys))
    place = {key: i for i, key in enumerate(names)}
    return names, np.array([place[key] for key in keys], np.int64)


class _Gathered:
    """What all spans of days come to."""

    def __init__(self, missing: Missing, names: list[tuple[str, str]]) -> None:
        self._m, self._names = missing, names
        self._ends: dict[tuple[int, ...], Array] = {}
        self._links: dict[tuple[str, str], float] = {}
        self._label = _node_labels(missing)

    def add(self, walk: Walk, losses: Array, *, keep: bool = True) -> Array:
        """Trace the losses of one span (nodes x units and value of each group).

        What is not explained is kept, or else given back by the node where its trace ends.
        """
        left = np.zeros_like(losses)
        some = np.flatnonzero(losses.any(axis=0))
        ends, amounts, pairs, went = walk.take(losses[:, some])
        if not keep:
            lost = (ends[:, 1] == UNEXPLAINED) & (ends[:, 0] >= 0)
            np.add.at(left, np.ix_(ends[lost, 0], some), amounts[lost])
            ends, amounts = ends[~lost], amounts[~lost]
        for end, amount in zip(ends.tolist(), amounts, strict=True):
            if amount.any():
                kept = self._ends.setdefault(tuple(end[1:]), np.zeros(losses.shape[1]))
                kept[some] += amount
        usd = some >= len(self._names)
        for (node, cause, _, _), amount in zip(
            ends.tolist(), amounts[:, usd].sum(axis=1), strict=True
        ):
            if node >= 0:
                self._link(self._cause(cause), self._label[node], float(amount))
        for (node, source), amount in zip(pairs.tolist(), went[:, usd].sum(axis=1), strict=True):
            self._link(self._label[source], self._label[node], float(amount))
        return left

    def gain(self, node: int, group: int, units: float, worth: float) -> None:
        """What somebody has more, and never gives back: no walk leads from it."""
        slots, count = len(self._m.t.slots), len(self._names)
        place = (KINDS.index("slot"), node) if node < slots else (KINDS.index("site"), node - slots)
        kept = self._ends.setdefault((GAINED, *place), np.zeros(2 * count))
        kept[group] += units
        kept[count + group] += units * worth

    def _link(self, source: str, target: str, amount: float) -> None:
        if source != target and amount != 0.0:
            self._links[source, target] = self._links.get((source, target), 0.0) + amount

    def _cause(self, number: int) -> str:
        return WORDS[-number - 1] if number < 0 else self._m.way.names[number]

    def ends(self, of: str) -> pd.DataFrame:
        """One row for each loss and end."""
        import pandas as pd

        count, rows = len(self._names), []
        for (cause, kind, row), amounts in sorted(self._ends.items()):
            for at in np.flatnonzero(amounts[:count]).tolist():
                lost = (amounts[at], amounts[count + at])
                rows.append((*self._names[at], self._cause(cause), *self._place(kind, row), *lost))
        columns = ["country", "commodity", "cause", "held", "origin", "goods", "lost", "value"]
        table = pd.DataFrame(rows, columns=columns)
        table = table.sort_values("value", ascending=False, kind="stable", ignore_index=True)
        table.attrs["definition"] = (
            f"{of} lost against the undisturbed run, in proportion to what was missing at each step"
        )
        return table

    def _place(self, kind: int, row: int) -> tuple[str, str, str]:
        """What is held: its name, its country, its commodity."""
        t = self._m.t
        if row < 0:
            return "", "", ""
        if KINDS[kind] == "lane":
            source = int(t.lane_source[row])
            return t.lane_keys[row], t.country[source], t.commodities.name[int(t.product[source])]
        if KINDS[kind] == "site":
            return t.node_names[row], t.country[row], t.commodities.name[int(t.product[row])]
        node, what = int(t.slots.node[row]), int(t.slots.commodity[row])
        return t.slot_keys[row], t.country[node], t.commodities.name[what]

    def links(self) -> pd.DataFrame:
        """What flows from cause to loss."""
        import pandas as pd

        rows = [(*names, value) for names, value in sorted(self._links.items())]
        table = pd.DataFrame(rows, columns=["source", "target", "value"])
        return table.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def _node_labels(missing: Missing) -> list[str]:
    """What nodes are called in a flow diagram: a plant's inputs as what it makes."""
    t = missing.t
    goods, country = t.commodity_names(), t.country.every()
    made = [f"{country[row]} {goods[t.product[row]]}" for row in range(len(t.sites))]
    found = []
    for node, kind, what in zip(t.slots.node, t.slots.kind, t.slots.commodity, strict=True):
        role = {INPUT: "", STORE: " (store)", DEMAND: " (use)"}[int(kind)]
        found.append(made[node] if kind == INPUT else f"{country[node]} {goods[what]}{role}")
    return found + made
