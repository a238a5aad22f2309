"""The walk from what is lost to where it began, for one span of days: see `supplysim.exposure.attribution`.

From a user's stock to the sources of what did not come on its lanes, or to the measures that held it there; from a
plant to the input that was shortest, to its host, to a measure that held it down, or to those who took more of what it
made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.exposure.missing import Missing
from supplysim.model.slots import DEMAND

__all__ = ["GAINED", "KINDS", "UNEXPLAINED", "WORDS", "Walk"]

LEAK = 1e-9
"""The chance at every step that the trace is lost, so that walks in a circle end, too."""
KINDS = ("lane", "site", "slot")
"""What an end may hold."""
WORDS = ("unexplained", "fewer orders", "more was wanted", "gained")
"""Causes that are no measure, numbered from below 0: -1, -2, ..."""
UNEXPLAINED, FEWER, MORE, GAINED = -1, -2, -3, -4


class Walk:
    """Chances of going from each node (slots, then sites) to other nodes and to ends.

    An end is a cause (a label of `InTheWay`, or below 0 a word), the kind of what it holds, and its row. With
    ``orders`` a plant that was asked for less goes on to the customers who asked less, which explains output, not
    shortages.
    """

    def __init__(self, missing: Missing, step: int, *, orders: bool = False) -> None:
        self._m, self._step = missing, step
        t = missing.t
        self.slots, self.sites = len(t.slots), len(t.sites)
        self.size = self.slots + self.sites
        stores = t.slot_of_node[self.sites : t.source_count]
        source_node = np.concatenate([self.slots + np.arange(self.sites), stores])
        self._from = source_node[t.lane_source]
        self._on: list[tuple[Any, Any, Any]] = []
        self._end: list[tuple[Any, Any, Any]] = []
        self._lanes()
        self._plants()
        self._others()
        if orders:
            self._customers()
        self._rest()

    # --- where it goes on ------------------------------------------------------------------------

    def _lanes(self) -> None:
        """What did not come on each lane: held, taken, under way for longer, or never given."""
        m, at, t = self._m, self._step, self._m.t
        absent = np.maximum(0.0, m.received[at])
        parts = [m.held, m.taken, m.slowed]
        together = m.starved[at] + sum(part.over(len(absent), at) for part in parts)
        scale = np.divide(absent, together, out=np.zeros_like(absent), where=together > 0.0)
        for part in parts:
            lane = part.entity
            self._ends(t.lane_slot[lane], part.at(at) * scale[lane], part.reason, "lane", lane)
        self._go(t.lane_slot, m.starved[at] * scale, self._from)

    def _plants(self) -> None:
        """What each site did not make."""
        m, at, t = self._m, self._step, self._m.t
        down, short = m.held_down, m.short_of
        self._ends(self.slots + down.entity, down.at(at), down.reason, "site", down.entity)
        self._go(self.slots + short.entity, short.at(at), short.reason - 1)
        guests = np.flatnonzero(t.host >= 0)
        host = t.host[guests]
        fell = m.made_less[at][host] > 0.0
        self._go(
            self.slots + guests, np.where(fell, m.not_begun[at][guests], 0.0), self.slots + host
        )

    def _others(self) -> None:
        """What a source gave more to others, who were cut off elsewhere."""
        m = self._m
        self._go(self._from, np.maximum(0.0, -m.shipped[self._step]), m.t.lane_slot)

    def _customers(self) -> None:
        """What sites did not begin since they were asked for less."""
        m, at, t = self._m, self._step, self._m.t
        lanes = np.flatnonzero(t.lane_source < self.sites)
        fewer = np.maximum(0.0, m.ordered[at][lanes])
        site, target = t.lane_source[lanes], t.lane_target[lanes]
        together = np.bincount(site, fewer, self.sites)[site]
        share = np.divide(fewer, together, out=np.zeros_like(fewer), where=together > 0.0)
        asked = m.not_begun[at][site] * share
        made = target < self.sites
        self._go(self.slots + site[made], asked[made], self.slots + target[made])
        ends = (site[~made], asked[~made], np.full(int((~made).sum()), FEWER))
        self._ends(self.slots + ends[0], ends[1], ends[2], "site", ends[0])

    def _rest(self) -> None:
        """Nodes from which nothing leads on: to the sources of what did not come, if anything; else it ends there."""
        m, at, t = self._m, self._step, self._m.t
        silent = self._known()[t.lane_slot] <= 0.0
        self._go(t.lane_slot, np.where(silent, np.maximum(0.0, m.received[at]), 0.0), self._from)
        lost = np.flatnonzero(self._known() <= 0.0)
        cause = np.full(self.size, UNEXPLAINED)
        cause[self.slots :][m.not_begun[at] > 0.0] = FEWER
        demands = np.flatnonzero(t.slots.kind == DEMAND)
        more = m.wanted_more[at][t.slots.node[demands] - t.source_count] > 0.0
        cause[demands[more]] = MORE
        for kind, first, end in (("slot", 0, self.slots), ("site", self.slots, self.size)):
            rows = lost[(lost >= first) & (lost < end)]
            self._ends(rows, np.ones(len(rows)), cause[rows], kind, rows - first)

    def _known(self) -> Array:
        """The weight of all that leads on from each node."""
        known = np.zeros(self.size)
        for rows, weights, _ in (*self._on, *self._end):
            known += np.bincount(rows, weights, self.size)
        return known

    def _go(self, rows: Any, weights: Any, nodes: Any) -> None:
        some = weights > 0.0
        self._on.append((rows[some], weights[some], nodes[some]))

    def _ends(self, rows: Any, weights: Any, causes: Any, kind: str, held: Any) -> None:
        some = weights > 0.0
        places = np.full(int(some.sum()), KINDS.index(kind))
        ends = np.column_stack([causes[some], places, held[some]])
        self._end.append((rows[some], weights[some], ends))

    # --- the walk --------------------------------------------------------------------------------

    def take(self, losses: Array) -> tuple[Any, Array, Any, Array]:
        """Trace ``losses`` (nodes x columns).

        Gives the ends (the node before, cause, kind, row) with what comes to each (ends x columns), and the pairs of
        nodes that the walk went along with what went there (pairs x columns).
        """
        from scipy.sparse import coo_array, eye_array
        from scipy.sparse.linalg import splu

        rows, weights, nodes = (np.concatenate(x) for x in zip(*self._on, strict=True))
        end_rows, end_weights, ends = (np.concatenate(x) for x in zip(*self._end, strict=True))
        total = np.bincount(rows, weights, self.size) + np.bincount(
            end_rows, end_weights, self.size
        )
        chance = (1.0 - LEAK) * weights / total[rows]
        onward = coo_array((chance, (rows, nodes)), shape=(self.size, self.size))
        passes = splu((eye_array(self.size) - onward).T.tocsc()).solve(losses)
        end_chance = (1.0 - LEAK) * end_weights / total[end_rows]
        reached = end_chance[:, None] * passes[end_rows]
        came, lost = reached.sum(axis=0), losses.sum(axis=0)
        # what leaked on the way is given back; what went round in a circle from which nothing leads is not explained
        nearly = came >= (1.0 - 1e-6) * lost
        scale = np.divide(lost, came, out=np.ones_like(came), where=nearly & (came > 0.0))
        round_and_round = np.where(nearly, 0.0, lost - came)[None, :]
        ends = np.vstack([np.column_stack([end_rows, ends]), [[-1, UNEXPLAINED, 0, -1]]])
        went = chance[:, None] * passes[rows] * scale
        return (
            ends,
            np.vstack([reached * scale, round_and_round]),
            np.column_stack([rows, nodes]),
            went,
        )
