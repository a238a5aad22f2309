"""What users' own processes see of a run: read the state, make primitive changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from supplysim.changes import Closed, Ledger, Office, Target, Value
from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.simpy_engine.control import Control
from supplysim.errors import Fault, InvalidInput, nearest

__all__ = ["State"]

T = TypeVar("T")


class State:
    """The state of a run in progress, as a user's process gets it. Units are the commodities' own.

    A process is a generator function ``process(env, state)`` that yields SimPy events
    (``env.timeout(7)``). It runs before every phase of an instant.
    """

    __slots__ = ("_control", "_ctx")

    def __init__(self, ctx: Context, control: Control) -> None:
        self._ctx = ctx
        self._control = control

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
        """Make a primitive change now: ``key``'s contribution to ``target`` (None takes it away).

        Gates with a ledger or an office must come from a measure, since ties among them are
        decided by their place among the scenario's measures.
        """
        tables = {
            "lane": self._ctx.all.lanes,
            "site": self._ctx.all.sites,
            "slot": self._ctx.all.slots,
            "demand": self._ctx.all.demands,
        }
        table: Mapping[str, object] = tables[target.kind]  # type: ignore[assignment]
        _get(table, target.name, target.kind)
        if isinstance(value, Ledger | Office):
            known = ("measure", value.key) in self._ctx.plan.rank
            if not known:
                fault = Fault(
                    "value", "a ledger or office must belong to a measure of the scenario"
                )
                raise InvalidInput([fault], what="change")
        if target.attribute == "gate" and not isinstance(value, Closed | Ledger | Office | None):
            raise InvalidInput(
                [Fault("value", "a gate takes Closed, Ledger or Office")], what="change"
            )
        self._control.apply(target, key, value)


def _get(table: Mapping[str, T], name: str, kind: str) -> T:
    if name not in table:
        raise InvalidInput([Fault(kind, f"unknown; {nearest(name, table)}", name)], what="state")
    return table[name]
