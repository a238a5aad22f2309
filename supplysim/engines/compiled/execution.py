"""Running a program: a copy of its arrays, the world that points to them, and the trace that comes out."""

from __future__ import annotations

import copy
import math
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any

import numpy as np
from filelock import FileLock

from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled import loop, store
from supplysim.engines.compiled.jit import COMPILED, Plain, kept, typeof
from supplysim.engines.compiled.layout import TABLES, WORLD
from supplysim.engines.compiled.pools import address, copied, rows
from supplysim.engines.compiled.program import KINDS, Program
from supplysim.engines.trace import FLOWS, LEVELS, Event, Trace
from supplysim.plan import Plan

__all__ = ["Run", "execute", "kernel"]

CONSTANT = ("links", "changes", "dues", "distributions", "floats", "numbers")
"""Tables that no kernel writes: all runs of a program share them."""


@cache
def kernel() -> Callable[[Any], int]:
    """The event loop, compiled: taken from the disk, or made now, by one process while others wait."""
    worlds = np.zeros(1, dtype=WORLD)
    where = store.folder()
    if COMPILED and not store.is_ready():
        told = "supplysim: compiling the engine; this is done once and takes about half a minute"
        print(told, file=sys.stderr, flush=True)
    made: Any = kept(loop.run, where)
    with FileLock(where / "lock") if where.is_dir() else nullcontext():
        made.compile((typeof(worlds),))
    return made


class Run:
    """One run in progress: its arrays and its world."""

    def __init__(self, plan: Plan, program: Program, *, events: bool = False) -> None:
        self.plan = plan
        self.program = program
        self.arrays = dict(program.plain) if program.large else _copies(program.plain)
        self.worlds: Any = program.world.copy()
        self.world = world = self.worlds[0]
        world.seed, world.replication = plan.seed, plan.replication
        world.logging = events
        groups = {kind: int(world[f"{kind}_groups"]) for kind in KINDS}
        records = sum(plan.horizon * groups[kind] for kind, _ in c.VARIABLES)
        openings = sum(groups[kind] * len(LEVELS[kind]) for kind in KINDS)
        for name, count in {
            "records": records,
            "opening": openings,
            "bins": int(world.bins_n),
            "events": int(world.events_room),
            "near": int(world.events_room),
            "orders": int(world.orders_room),
            "log": int(world.log_room) if events else 1,
        }.items():
            self.arrays[name] = rows(name, count)
        self.arrays["bins"]["node"] = -1

    def fork(self, plan: Plan, part: int) -> Run:
        """A copy that goes on under the plan whose own primitives are that part of the program's."""
        other: Run = copy.copy(self)
        other.plan = plan
        other.arrays = _copies(self.arrays)
        other.worlds = self.worlds.copy()
        other.world = world = other.worlds[0]
        for name, value in self.program.parts[part].items():
            world[name] = value
        world.until = math.inf
        world.state = loop.BRANCHED
        return other

    def advance(self) -> int:
        """Run on until the horizon or the world's ``until``; buffers grow on the way."""
        while True:
            for name in TABLES:
                self.world[name] = address(self.arrays[name])
            if COMPILED:
                state = kernel()(self.worlds)
            else:
                with np.errstate(over="ignore"):
                    named = {
                        name: array.view(np.recarray) if array.dtype.names else array
                        for name, array in self.arrays.items()
                    }
                    state = loop.run([Plain(self.world, named)])
            if state == loop.FULL:
                self._grow()
            elif state != loop.PAUSED:
                return int(state)
            elif not threading.main_thread().is_alive():  # Python ends: nobody waits for this
                raise KeyboardInterrupt

    def _grow(self) -> None:
        """Double every buffer that is nearly full."""
        world = self.world
        need = int(world.reserve)
        if world.events_room - world.events_n < need:
            world.events_room = self._double("events")
            self._double("near")
        if world.orders_room - world.orders_n < need + world.recalls * world.most_shipments:
            world.orders_room = self._double("orders")
        if world.logging and world.log_room - world.log_n < need:
            world.log_room = self._double("log")
        self._grow_seats()
        world.full = 0
        for name in ("events_room", "orders_room"):  # the next run starts with what this one needed
            self.program.world[name] = max(self.program.world[name][0], world[name])

    def _double(self, name: str) -> int:
        before = self.arrays[name]
        after = rows(name, 2 * len(before))
        after[: len(before)] = before
        self.arrays[name] = after
        return len(after)

    def _grow_seats(self) -> None:
        """Give every office twice the room for desks that are taken."""
        offices, before = self.arrays["offices"].view(np.recarray), self.arrays["seats"]
        if not (
            (offices["seated"] >= offices["room"]) & (offices["room"] < offices["desks"])
        ).any():
            return
        after = rows("seats", 2 * int(offices["room"].sum()))
        at = 0
        for office in offices:
            taken = before[office.seats : office.seats + office.seated]
            after[at : at + len(taken)] = taken
            office.seats, office.room = at, 2 * office.room
            at += office.room
        self.arrays["seats"] = after

    def trace(self, names: dict[str, list[str]]) -> Trace:
        """What the run has recorded, under the names of entities or groups."""
        days, records, opening = self.plan.horizon, self.arrays["records"]["x"], {}
        daily = {}
        at = 0
        for kind, name in c.VARIABLES:
            size = days * len(names[kind])
            daily[kind, name] = records[at : at + size].reshape(days, len(names[kind]))
            at += size
        at = 0
        for kind in FLOWS:
            for name in LEVELS[kind]:
                opening[kind, name] = self.arrays["opening"]["x"][at : at + len(names[kind])]
                at += len(names[kind])
        return Trace(names, daily, opening, self._money(names), self._events(names))

    def _money(self, names: dict[str, list[str]]) -> dict[tuple[str, str], Any]:
        a, world = self.arrays, self.world
        count = {kind: int(world[f"{kind}s_n"]) for kind in KINDS}
        lanes, slots = a["lanes"][: count["lane"]], a["slots"][: count["slot"]]
        demands, sites = a["demands"][: count["demand"]], a["sites"][: count["site"]]
        store = slots["source"]
        held = np.where(store < 0, slots["cost_held"], a["sources"]["cost_held"][store])
        found = {
            ("lane", "goods"): lanes["goods"],
            ("lane", "freight"): lanes["freight"],
            ("lane", "duty"): lanes["duty"],
            ("lane", "ordering"): lanes["ordering"],
            ("lane", "holding"): lanes["cost_held"],
            ("slot", "holding"): held,
            ("site", "holding"): a["sources"]["cost_held"][: count["site"]],
            ("demand", "penalty"): demands["penalty"] + demands["cost_held"],
        }
        groups = {"lane": lanes, "slot": slots, "site": sites, "demand": demands}
        return {
            (kind, account): np.bincount(
                groups[kind]["group"], weights=values, minlength=len(names[kind])
            )
            for (kind, account), values in found.items()
        }

    def _events(self, names: dict[str, list[str]]) -> list[Event] | None:
        if not self.world.logging:
            return None
        log = self.arrays["log"][: int(self.world.log_n)]
        names = {**names, "measure": self.program.measures}
        columns = (log[name].tolist() for name in ("time", "kind", "entity", "quantity"))
        return [
            (time, c.LOGGED[kind][0], names[c.LOGGED[kind][1]][entity], quantity)
            for time, kind, entity, quantity in zip(*columns, strict=True)
        ]


def execute(
    plans: Sequence[Plan], program: Program, names: dict[str, list[str]], *, events: bool = False
) -> list[Trace]:
    """Run one replication of every plan of a program: once as long as they are the same, then each alone."""
    run = Run(plans[0], program, events=events)
    if run.advance() == loop.DONE:
        return [run.trace(names)] * len(plans)
    traces = []
    for part, plan in enumerate(plans, start=1):
        own = run.fork(plan, part)
        own.advance()
        traces.append(own.trace(names))
    return traces


def _copies(arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name: array if name in CONSTANT else copied(array) for name, array in arrays.items()}
