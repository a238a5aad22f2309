"""A plan as arrays: filled once, copied for every replication."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from supplysim.changes import Recall
from supplysim.engines.compiled.entities import fill
from supplysim.engines.compiled.histories import compare
from supplysim.engines.compiled.layout import WORLD
from supplysim.engines.compiled.measures import Measures
from supplysim.engines.compiled.pools import Pools, rows
from supplysim.engines.compiled.queue import RANK_BITS
from supplysim.errors import Fault, InvalidInput
from supplysim.plan import Plan

__all__ = ["Program", "lower"]

Arrays = dict[str, Any]
LARGE = 2**28
"""Bytes from which on a program is not kept."""
MOST_ENTITIES = 1 << RANK_BITS
KINDS = ("site", "slot", "demand", "lane")


@dataclass(frozen=True)
class Program:
    """The state in which the warm-up starts, as arrays by name, and the numbers of the world.

    ``parts`` are the numbers that tell where the primitives stand that all scenarios have in common until day
    ``until``, and then those of each alone. ``measures`` are the keys that the log may name.
    """

    arrays: Arrays
    numbers: dict[str, float | int]
    until: float
    parts: list[dict[str, int]]
    measures: list[str]

    @cached_property
    def plain(self) -> Arrays:
        """The arrays without names for fields, which copy faster."""
        return {name: array.view(np.ndarray) for name, array in self.arrays.items()}

    @cached_property
    def world(self) -> Any:
        """The record that points to everything, at the start of a run."""
        made = np.zeros(1, dtype=WORLD)
        for name, value in (self.numbers | self.parts[0]).items():
            made[name] = value
        made["now"], made["until"] = self.numbers["begins"], self.until
        return made

    @cached_property
    def large(self) -> bool:
        """Whether the state is used up by the one run that it is made for, so that memory holds it only once."""
        return sum(array.nbytes for array in self.arrays.values()) > LARGE


def lower(plans: Sequence[Plan], groups: Mapping[str, Any] | None = None) -> Program:
    """Fill the tables for plans that are `alike`.

    ``groups`` gives, by kind, the group of each entity whose records are summed.
    """
    plan, histories = _joint(plans), compare(plans)
    _check_size(plan)
    pools, arrays = Pools(), Arrays()
    fill(plan, pools, arrays)
    measures = Measures(plan, histories, pools)
    measures.fill(arrays)
    pools.fill(arrays)
    t = plan.network.tables
    count = {
        "source": t.source_count,
        "site": len(t.sites),
        "slot": len(t.slots),
        "demand": len(t.demands),
        "lane": len(t.lanes),
    }
    for kind in KINDS:
        size = count[kind]
        arrays[f"{kind}s"]["group"][:size] = np.arange(size) if groups is None else groups[kind]
    numbers: dict[str, float | int] = {
        "begins": float(-plan.warmup),
        "horizon": float(plan.horizon),
        "days": plan.horizon,
        "immediate_n": measures.immediate,
        "streams_n": len(pools.streams),
        "free_event": -1,
        "free_order": -1,
        "bin": 0,
    }
    for kind, size in count.items():
        numbers[f"{kind}s_n"] = size
    for kind in KINDS:
        groups_n = count[kind] if groups is None else int(groups[kind].max(initial=-1)) + 1
        numbers[f"{kind}_groups"] = groups_n
    for kind in ("site", "store", "slot"):
        numbers[f"{kind}_rank"] = plan.first_rank[kind]
    _buffers(plan, count, numbers, arrays, measures)
    return Program(arrays, numbers, histories.until, measures.ranges(), plan.measure_keys)


def _check_size(plan: Plan) -> None:
    """Ranks have 24 bits in the order of events."""
    entities = plan.first_rank["store"] + len(plan.network.tables.stores)
    if entities > MOST_ENTITIES:
        rule = f"the compiled engine takes at most {MOST_ENTITIES:,} sites, slots, lanes and others"
        raise InvalidInput([Fault("network", rule, entities)], what="run")


def _joint(plans: Sequence[Plan]) -> Plan:
    """A plan in which everything has its rank that may act in any of the plans."""
    if len(plans) == 1:
        return plans[0]
    timelines = [plan.timeline for plan in plans]
    everything = replace(
        timelines[0],
        changes=tuple(change for t in timelines for change in t.changes),
        watches=tuple(watch for t in timelines for watch in t.watches),
        renewals=tuple(renewal for t in timelines for renewal in t.renewals),
        attempts=tuple(item for t in timelines for item in t.attempts),
        markets=tuple(item for t in timelines for item in t.markets),
    )
    return replace(plans[0], timeline=everything)


# --- buffers -------------------------------------------------------------------------------------


def _buffers(
    plan: Plan,
    count: Mapping[str, int],
    numbers: dict[str, Any],
    arrays: Arrays,
    measures: Measures,
) -> None:
    """Room to begin with; what fills up grows. ``reserve`` is what one handler may need at most."""
    degree = max([int(arrays[f"{kind}s"]["lanes"].max(initial=0)) for kind in ("source", "slot")])
    gates = int(arrays["lanes"]["gates_n"].max(initial=0))
    longest = measures.longest
    begin_at_once = max(map(len, measures.parts[1:]), default=0)  # where scenarios part
    reserve = 64 + 4 * longest + (8 + 2 * gates) * (degree + 1) + begin_at_once
    at_once = measures.due * 3 + sum(len(part) - len(part.changes) for part in measures.parts)
    at_once += 2 * (count["demand"] + count["slot"]) + count["site"] + len(arrays["ledgers"])
    recalls = max(1, sum(isinstance(x.value, Recall) for x in measures.changes))
    numbers |= {"reserve": reserve, "recalls": min(recalls, longest)}
    numbers["events_room"] = (
        at_once + reserve + 8 * count["lane"] + 64
    )  # pages not used cost nothing
    numbers["orders_room"] = 2 * reserve + 4 * count["lane"] + 64
    numbers["log_room"] = reserve + 1024
    per_day = 2.0 ** min(10, max(0, math.ceil(math.log2(max(1.0, 0.1 * count["lane"])))))
    numbers["per_day"] = per_day
    numbers["bins_n"] = int((plan.horizon + plan.warmup) * per_day) + 1
    side_by_side = max(degree, int(arrays["ledgers"]["lanes"].max())) + 2
    for name in ("a", "b", "c", "d"):
        arrays[f"scratch_{name}"] = np.zeros(2 * side_by_side)
    arrays["picked"] = np.zeros(2 * side_by_side, dtype=np.int64)
    wakes = sum(count[kind] for kind in ("source", "slot", "site")) + len(arrays["ledgers"])
    arrays["wakes"] = rows("wakes", wakes)
