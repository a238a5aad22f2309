"""The check that nothing leaks: goods neither appear nor vanish, day by day, at any node, on any lane.

Runs on every simulation, so it is quick: sums are looked at whole, and column by column only where that leaves a doubt.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from supplysim.engines.trace import FLOWS, Array, Trace
from supplysim.errors import NotBalanced
from supplysim.grouping import Groups
from supplysim.plan import Plan

__all__ = ["Books", "check_balance", "strict_gains"]

Ints = npt.NDArray[np.int64]
Records = Mapping[tuple[str, str], Array]
CLOSE = 1e-7
"""Of the most that has passed through on a day: what arithmetic in another order may be off."""


@dataclass(frozen=True, eq=False)
class Books:
    """Whose books are kept: entities or groups, and what flows between them.

    By lane: ``source``, the site that it leaves, ``store``, the slot of the store that it leaves, ``slot``, that which
    it feeds (-1: none). By slot: ``gain``, units used per unit made where that is strict (else not a number), and
    ``site``, whose they are.
    """

    names: Mapping[str, Sequence[str]]
    source: Ints
    store: Ints
    slot: Ints
    gain: Array
    site: Ints

    @classmethod
    def of_names(
        cls,
        names: Mapping[str, Sequence[str]],
        sources: Sequence[str],
        slots: Sequence[str],
        gain: Sequence[float],
        nodes: Sequence[str],
    ) -> Books:
        """Books from the names at the ends of each lane and the node of each slot."""

        def places(kind: str, wanted: Sequence[str]) -> Ints:
            place = {name: i for i, name in enumerate(names[kind])}
            return np.array([place.get(name, -1) for name in wanted], dtype=np.int64)

        return cls(
            names,
            places("site", sources),
            places("slot", sources),
            places("slot", slots),
            np.array(gain, dtype=np.float64),
            places("site", nodes),
        )

    def check(self, daily: Records, opening: Records) -> None:
        """Raise `NotBalanced` with what breaks it."""
        for (kind, name), values in (*daily.items(), *opening.items()):
            self._check_numbers(kind, name, values)
        lane = {name: daily["lane", name] for name in FLOWS["lane"]}
        demand = {name: daily["demand", name] for name in FLOWS["demand"]}
        site = {name: daily["site", name] for name in FLOWS["site"]}
        slot = {name: daily["slot", name] for name in FLOWS["slot"]}
        back: tuple[list[Array], list[Array]] = ([], [])
        if lane["returned"].any():
            back = (
                [self._of_sources.of(lane["returned"])],
                [self._of_stores.of(lane["returned"])],
            )
        shipped = self._of_sources.of(lane["shipped"])
        received = self._of_slots.of(lane["received"])
        balances = {
            ("site", "stock"): ([site["output"], *back[0]], [shipped]),
            ("site", "in_process"): ([site["started"]], [site["output"]]),
            ("slot", "on_hand"): ([received, *back[1], slot["counted"]], [slot["used"]]),
            ("demand", "backlog"): ([demand["deferred"]], [demand["recovered"]]),
            ("lane", "in_transit"): (
                [lane["shipped"]],
                [lane["received"], *(lane[x] for x in ("returned", "seized") if lane[x].any())],
            ),
        }
        for (kind, level), (plus, minus) in balances.items():
            levels, start = daily[kind, level], opening[kind, level]
            before = np.concatenate([start[None, :], levels[:-1]])
            rule = f"{level} = before + in - out"
            self._equal(kind, rule, levels, ([before, *plus], minus))
        parts = [demand["served"], demand["unmet"], demand["deferred"]]
        rule = "wanted = served + unmet + deferred"
        self._equal("demand", rule, demand["wanted"], (parts, [demand["recovered"]]))
        strict = np.flatnonzero(~np.isnan(self.gain))
        if strict.size:
            made = site["started"][:, self.site[strict]] * self.gain[strict]
            found = slot["used"][:, strict]
            self._equal("slot", "used = recipe x started", found, ([made], []), strict)

    @cached_property
    def _of_sources(self) -> Sums:
        return Sums.by(self.source, len(self.names["site"]))

    @cached_property
    def _of_stores(self) -> Sums:
        return Sums.by(self.store, len(self.names["slot"]))

    @cached_property
    def _of_slots(self) -> Sums:
        return Sums.by(self.slot, len(self.names["slot"]))

    def _check_numbers(self, kind: str, name: str, values: Array) -> None:
        """Finite, and of what is counted from nothing, never below 0."""
        if not values.size:
            return
        low = float(values.min())  # not a number spreads to it, and infinity to the sum
        if not math.isfinite(low) or not math.isfinite(float(values.sum())):
            i = int(np.argwhere(~np.isfinite(values))[0][-1])
            raise NotBalanced(f"{kind} {self.names[kind][i]!r}: {name} is not a finite number")
        if low < 0.0 and name != "counted":
            *day, i = (int(x) for x in np.unravel_index(int(values.argmin()), values.shape))
            when = f"on day {day[0]}" if day else "at the start"
            what = f"{kind} {self.names[kind][i]!r}: {name}"
            raise NotBalanced(f"{what} is {low:.6g} {when}, must be >= 0")

    def _equal(
        self,
        kind: str,
        rule: str,
        found: Array,
        due: tuple[list[Array], list[Array]],
        columns: Ints | None = None,
    ) -> None:
        """``found`` is what was added less what was taken, each day and over the run."""
        plus, minus = due
        gap = found - plus[0]
        for part in plus[1:]:
            gap -= part
        for part in minus:
            gap += part
        worst = max(float(gap.max(initial=0.0)), -float(gap.min(initial=0.0)))
        if worst <= 0.0:
            return
        size = np.abs(found[-1])
        for part in (*plus, *minus):
            size = np.maximum(size, part.max(axis=0))
        least = CLOSE * float(size[size > 0.0].min(initial=math.inf))
        if worst * max(1.0, len(gap) / 100.0) <= least:
            return
        off = np.maximum(np.abs(gap).max(axis=0), np.abs(gap.sum(axis=0)) / 100.0)
        i = int((off - CLOSE * size).argmax())
        if off[i] > CLOSE * size[i]:
            day = int(np.abs(gap[:, i]).argmax())
            name = self.names[kind][i if columns is None else int(columns[i])]
            raise NotBalanced(
                f"{kind} {name!r}: {rule} is broken on day {day}: "
                f"{found[day, i]:.12g} against {found[day, i] - gap[day, i]:.12g}"
            )


@dataclass(frozen=True, eq=False)
class Sums:
    """Columns summed by their place; -1 is nowhere."""

    count: int
    order: Ints
    places: Ints
    starts: Ints

    @classmethod
    def by(cls, place: Ints, count: int) -> Sums:
        """Sums of columns into ``count`` places."""
        order = np.argsort(place, kind="stable")
        order = order[np.searchsorted(place[order], 0) :]
        places, starts = np.unique(place[order], return_index=True)
        return cls(count, order, places, starts)

    def of(self, values: Array) -> Array:
        """The sums of these columns, row by row."""
        found = np.zeros((values.shape[0], self.count))
        if self.order.size:
            found[:, self.places] = np.add.reduceat(values[:, self.order], self.starts, axis=1)
        return found


# --- whose books -----------------------------------------------------------------------------------


def check_balance(plan: Plan, trace: Trace, groups: Groups | None = None) -> None:
    """Raise `NotBalanced` unless goods neither appear nor vanish anywhere in the trace.

    ``groups`` are those whose sums the trace holds, if it does; recipes are then not checked.
    """
    books = _of_network(plan) if groups is None else _of_groups(groups)
    books.check(trace.daily, trace.opening)


@lru_cache(maxsize=8)
def _of_groups(groups: Groups) -> Books:
    count = len(groups.names["slot"])
    source, slot = (list(groups.coords[f"lane_{end}"]) for end in ("source", "slot"))
    return Books.of_names(groups.names, source, slot, [math.nan] * count, [""] * count)


def _of_network(plan: Plan) -> Books:
    t = plan.network.tables
    sites = len(t.sites)
    source = t.lane_source.astype(np.int64)
    return Books(
        t.entity_names(),
        np.where(source < sites, source, -1),
        t.slot_of_node[source],
        t.lane_slot,
        strict_gains(plan),
        np.where(t.slots.node < sites, t.slots.node, -1),
    )


def strict_gains(plan: Plan) -> Array:
    """By slot: units used per unit made; not a number where lots may be partial or the recipe may change."""
    t = plan.network.tables
    slots, sites = t.slots, len(t.sites)
    inputs = slots.node < sites
    partial = inputs & (slots.needs * slots.criticality < 1.0)
    loose = np.zeros(len(t.node_names), dtype=bool)
    loose[slots.node[partial]] = True
    gains = np.where(inputs & ~loose[slots.node], slots.gain, math.nan)
    varied = plan.timeline.varied_recipes
    if varied:
        gains[[i for i, key in enumerate(t.slot_keys) if key in varied]] = math.nan
    return gains
