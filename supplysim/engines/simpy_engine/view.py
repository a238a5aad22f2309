"""What users' own processes see of a run: read the state, make primitive changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import simpy

from supplysim import rules
from supplysim.changes import (
    Add,
    Cap,
    Closed,
    Factor,
    Inspection,
    Ledger,
    Office,
    Recall,
    Target,
    Value,
)
from supplysim.engines.simpy_engine.clock import Phase
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.control import Control
from supplysim.errors import Fault, InvalidInput, nearest

__all__ = ["State"]

T = TypeVar("T")
USERS = 1 << 33
"""Serials of users' changes: after those of the scenario at the same instant."""
LARGEST = 1e15


class State:
    """The state of a run in progress, as a user's process gets it. Units are the commodities' own.

    A process is a generator function ``process(env, state)`` that yields SimPy events
    (``env.timeout(7)``). It runs before every phase of an instant.
    """

    __slots__ = ("_changes", "_control", "_ctx")

    def __init__(self, ctx: Context, control: Control) -> None:
        self._ctx = ctx
        self._control = control
        self._changes = 0

    @property
    def now(self) -> float:
        """Days since the scenario's start (negative during the warm-up)."""
        return float(self._ctx.env.now)

    def stock(self, source: str) -> float:
        """Finished stock of a site, or stock of a store."""
        return _get(self._ctx.all.sources, source, "site or store").stock

    def on_hand(self, slot: str) -> float:
        """Stock of an input (``"site|commodity"``), a store or a demand."""
        return _get(self._ctx.all.slots, slot, "slot").stock

    def book(self, lane: str) -> float:
        """Orders of a lane (``"source|target|mode"``) not yet dispatched."""
        state = _get(self._ctx.all.lanes, lane, "lane")
        return state.book + state.lag

    def in_transit(self, lane: str) -> float:
        """Goods under way on a lane."""
        return _get(self._ctx.all.lanes, lane, "lane").transit

    def blocked(self, lane: str) -> bool:
        """Whether the buyer has judged the lane blocked and turned to others."""
        return _get(self._ctx.all.lanes, lane, "lane").blocked

    def backlog(self, demand: str) -> float:
        """What a demand is owed."""
        return _get(self._ctx.all.demands, demand, "demand").backlog

    def capacity(self, site: str) -> float:
        """A site's capacity of the moment, per day."""
        return _get(self._ctx.all.sites, site, "site").capacity

    def change(self, target: Target, key: str, value: Value | None) -> None:
        """Make a primitive change: ``key``'s contribution to ``target`` (None takes it away).

        It acts in the change phase of this very instant (of the next tick, where the process woke between two),
        before anything but the day's record. Gates with a ledger or an office must come from a measure,
        since ties among them are decided by their place among the scenario's measures.
        """
        tables = {
            "lane": self._ctx.all.lanes,
            "site": self._ctx.all.sites,
            "slot": self._ctx.all.slots,
            "demand": self._ctx.all.demands,
        }
        table: Mapping[str, object] = tables[target.kind]  # type: ignore[assignment]
        _get(table, target.name, target.kind)
        _check(target, value)
        if isinstance(value, Ledger | Office) and ("measure", value.key) not in self._ctx.plan.rank:
            fault = Fault("value", "a ledger or office must belong to a measure of the scenario")
            raise InvalidInput([fault], what="change")
        now = self._ctx.env.now
        time = rules.on_grid(now)
        self._changes += 1
        rank = self._ctx.plan.rank[target.kind, target.name]

        def act(_: simpy.Event) -> None:
            self._control.apply(target, key, value)

        time = time if time >= now else time + rules.TICK
        self._ctx.clock.call(time, Phase.CHANGE, rank, USERS + self._changes, act)


def _check(target: Target, value: Value | None) -> None:
    """Refuse a value that the attribute does not take."""
    known = {"gate": (Closed, Ledger, Office, Inspection), "in_transit": (Recall,)}
    takes = known.get(target.attribute, (Factor, Add, Cap))
    faults = []
    if value is None and target.attribute == "in_transit":
        faults.append(Fault("value", "a recall happens once and cannot be taken away"))
    elif value is not None and not isinstance(value, takes):
        names = ", ".join(kind.__name__ for kind in takes)
        faults.append(Fault("value", f"{target.kind}.{target.attribute} takes {names}", value))
    elif isinstance(value, Factor | Add | Cap) and not abs(value.value) <= LARGEST:
        faults.append(Fault("value", f"must be a number within {LARGEST:g}", value))
    if faults:
        raise InvalidInput(faults, what="change")


def _get(table: Mapping[str, T], name: str, kind: str) -> T:
    if name not in table:
        raise InvalidInput([Fault(kind, f"unknown; {nearest(name, table)}", name)], what="state")
    return table[name]
