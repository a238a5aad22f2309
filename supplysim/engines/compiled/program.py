"""A plan as arrays: filled once, copied for every replication."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from supplysim import draws, rules
from supplysim.changes import Recall
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.histories import compare
from supplysim.engines.compiled.layout import TABLES
from supplysim.engines.compiled.measures import Measures
from supplysim.model import (
    BaseStock,
    DaysOfCover,
    Demand,
    Distribution,
    Empirical,
    Exponential,
    Fixed,
    Input,
    Lognormal,
    MinMax,
    Network,
    Triangular,
    Uniform,
)
from supplysim.plan import DUST, Plan

__all__ = ["Program", "lower"]

Arrays = dict[str, Any]
KINDS = ("site", "slot", "demand", "lane")


@dataclass(frozen=True)
class Program:
    """The state in which the warm-up starts, as arrays by name, and the numbers of the world.

    ``parts`` are the numbers that tell where the primitives stand that all scenarios have in common until day
    ``until``, and then those of each alone.
    """

    arrays: Arrays
    numbers: dict[str, float | int]
    until: float
    parts: list[dict[str, int]]


class Pools:
    """What rows of several tables point into: distributions, streams, floats and whole numbers."""

    def __init__(self) -> None:
        self.distributions: list[tuple[Any, ...]] = []
        self.streams: list[tuple[int, int]] = []
        self.floats: list[float] = []
        self.numbers: list[int] = []
        self._known: dict[Distribution, int] = {}

    def distribution(self, item: Distribution) -> int:
        """The row of a distribution; equal ones share it."""
        if item not in self._known:
            first = len(self.floats)
            values: Sequence[float] = ()
            match item:
                case Fixed():
                    row = (c.FIXED, item.value, 0.0, 0.0)
                case Uniform():
                    row = (c.UNIFORM, item.low, item.high, 0.0)
                case Triangular():
                    row = (c.TRIANGULAR, item.low, item.mode, item.high)
                case Exponential():
                    row = (c.EXPONENTIAL, item.average, 0.0, 0.0)
                case Lognormal():
                    row = (c.LOGNORMAL, item.average, item.sd, 0.0)
                case Empirical():
                    row = (c.EMPIRICAL, 0.0, 0.0, 0.0)
                    values = item.values
            self.floats += values
            self._known[item] = len(self.distributions)
            self.distributions.append((*row, item.mean, first, len(values)))
        return self._known[item]

    def stream(self, kind: str, name: str, purpose: draws.Purpose) -> int:
        """A new stream."""
        self.streams.append((draws.entity(kind, name), int(purpose)))
        return len(self.streams) - 1

    def fill(self, arrays: Arrays) -> None:
        """Turn the lists into tables."""
        table = arrays["distributions"] = rows("distributions", len(self.distributions))
        names = ("kind", "a", "b", "c", "mean", "first", "count")
        for name, values in zip(names, zip(*self.distributions, strict=True), strict=False):
            table[name] = values
        table = arrays["streams"] = rows("streams", len(self.streams))
        table["entity"] = np.array([entity for entity, _ in self.streams], dtype=np.uint64)
        table["purpose"] = np.array([purpose for _, purpose in self.streams], dtype=np.uint64)
        table["day"] = -math.inf
        arrays["floats"] = np.array([*self.floats, 0.0])
        arrays["numbers"] = np.array([*self.numbers, 0, 0], dtype=np.int64)


def rows(name: str, count: int) -> Any:
    """A table of zeros; at least one row, so that its address is that of something."""
    made = np.zeros(max(1, count), dtype=TABLES[name])
    return made.view(np.recarray) if made.dtype.names else made


def lower(plans: Sequence[Plan], groups: Mapping[str, Any] | None = None) -> Program:
    """Fill the tables for plans that are `alike`.

    ``groups`` gives, by kind, the group of each entity whose records are summed.
    """
    plan, histories = plans[0], compare(plans)
    pools = Pools()
    arrays: Arrays = {}
    index = _indices(plan.network)
    measures = Measures(plan, histories, index, pools)
    _entities(plan, index, pools, arrays)
    measures.fill(arrays)
    for kind in KINDS:
        size = len(index[kind])
        arrays[f"{kind}s"]["group"][:size] = range(size) if groups is None else groups[kind]
    pools.fill(arrays)
    numbers: dict[str, float | int] = {
        "begins": float(-plan.warmup),
        "horizon": float(plan.horizon),
        "days": plan.horizon,
        "immediate_n": measures.immediate,
        "streams_n": len(pools.streams),
        "free_event": -1,
        "free_order": -1,
        "bin": -1,
    }
    for kind, table in index.items():
        numbers[f"{kind}s_n"] = len(table)
    for kind in KINDS:
        groups_n = len(index[kind]) if groups is None else int(max(groups[kind], default=-1)) + 1
        numbers[f"{kind}_groups"] = groups_n
    for kind in ("site", "store", "slot"):
        first = next(iter(sorted(name for k, name in plan.rank if k == kind)), None)
        numbers[f"{kind}_rank"] = plan.rank[kind, first] if first is not None else 0
    _buffers(plan, index, numbers, arrays, measures)
    return Program(arrays, numbers, histories.until, measures.ranges())


def _indices(net: Network) -> dict[str, dict[str, int]]:
    sources = [*net.site_by_name, *net.store_by_name]
    tables: dict[str, Iterable[str]] = {
        "source": sources,
        "site": net.site_by_name,
        "slot": net.slots,
        "demand": net.demand_by_name,
        "lane": net.lanes_by_key,
    }
    return {kind: {name: i for i, name in enumerate(names)} for kind, names in tables.items()}


# --- entities ------------------------------------------------------------------------------------


def _entities(plan: Plan, index: Mapping[str, dict[str, int]], pools: Pools, all_: Arrays) -> None:
    for kind in ("source", "site", "slot", "demand", "lane"):
        all_[f"{kind}s"] = rows(f"{kind}s", len(index[kind]))
    begins = float(-plan.warmup)
    for kind in ("sources", "slots", "demands", "lanes"):
        all_[kind]["cost_since"] = begins
    for name, i in index["source"].items():
        _fill(all_["sources"], i, _source(plan, index, name))
    for name, i in index["site"].items():
        _fill(all_["sites"], i, _site(plan, index, name))
    for key, i in index["slot"].items():
        _fill(all_["slots"], i, _slot(plan, index, pools, key))
    for name, i in index["demand"].items():
        _fill(all_["demands"], i, _demand(plan, index, pools, name))
    tiers = _tiers(plan.network)
    for key, i in index["lane"].items():
        row = _lane(plan, index, pools, key)
        _fill(all_["lanes"], i, row | {"tier": tiers[key]})
    _link(plan.network, index, all_)


def _fill(table: Any, i: int, row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        table[name][i] = value


def _source(plan: Plan, index: Mapping[str, dict[str, int]], name: str) -> dict[str, Any]:
    net = plan.network
    site, store = net.site_by_name.get(name), net.store_by_name.get(name)
    node = site or store
    assert node is not None
    allocations = ("proportional", "priority", "fifo", "domestic-first", "incumbent-first")
    opening = plan.opening_output(name) if site else plan.opening_stock(net.slots[name])
    return {
        "rank": plan.rank["site" if site else "store", name],
        "stock": opening,
        "cost_rate": node.holding_cost,
        "retry_at": -math.inf,
        "site": index["site"].get(name, -1),
        "slot": -1 if site else index["slot"][name],
        "allocation": allocations.index(node.allocation),
    }


def _site(plan: Plan, index: Mapping[str, dict[str, int]], name: str) -> dict[str, Any]:
    site = plan.network.site_by_name[name]
    capacity = plan.baseline.capacity[name]
    inputs = [index["slot"][f"{name}|{commodity}"] for commodity in site.inputs]
    return {
        "rank": plan.rank["site", name],
        "lot": plan.baseline.lot[name],
        "target": plan.site_target[name],
        "capacity": capacity,
        "base_capacity": capacity,
        "cycle": site.cycle_time,
        "first": min(inputs, default=0),
        "slots": len(inputs),
    }


def _slot(
    plan: Plan, index: Mapping[str, dict[str, int]], pools: Pools, key: str
) -> dict[str, Any]:
    slot = plan.network.slots[key]
    item, policy = slot.item, slot.item.policy
    lump = plan.lump[key]
    row: dict[str, Any] = {
        "rank": plan.rank["slot", key],
        "use": plan.use[key],
        "lump": lump,
        "dust": DUST * lump,
        "lumps": plan.lumps[key],
        "gain": slot.gain,
        "reaction": item.reaction,
        "retain": item.retain,
        "double_order": item.double_order,
        "review": policy.review,
        "step": rules.on_grid_below(policy.review) if policy.review > 0.0 else 0.0,
        "period": plan.arrays.period[index["slot"][key]],
        "source": index["source"][slot.node] if slot.kind == "store" else -1,
        "site": index["site"][slot.node] if slot.kind == "input" else -1,
        "demand": index["demand"][slot.node] if slot.kind == "demand" else -1,
        "initial_stream": -1,
    }
    if slot.kind != "store":
        row["on_hand"] = plan.opening_stock(slot)
        row["cost_rate"] = item.holding_cost
    if isinstance(item, Input):
        row |= {"needs": item.needs, "criticality": item.criticality}
    if isinstance(policy, DaysOfCover):
        row |= {"policy": c.DAYS_OF_COVER, "level": policy.days}
    elif isinstance(policy, BaseStock):
        row |= {"policy": c.BASE_STOCK, "level": policy.S}
    elif isinstance(policy, MinMax):
        row |= {"policy": c.MIN_MAX, "level": policy.s, "batch": policy.S}
    else:
        row |= {"policy": c.REORDER_POINT, "level": policy.r, "batch": policy.Q}
    if item.initial is not None:
        low, high = item.initial.low, item.initial.high
        in_days = type(item.initial).__name__ == "Days"
        row |= {"initial": c.INITIAL_FIXED, "initial_low": low}
        row["initial_unit"] = plan.use[key] if in_days else 1.0
        if high is not None:
            row |= {"initial": c.INITIAL_RANGE, "initial_high": high}
            row["initial_stream"] = pools.stream("slot", key, draws.Purpose.INITIAL_STOCK)
    return row


def _demand(
    plan: Plan, index: Mapping[str, dict[str, int]], pools: Pools, name: str
) -> dict[str, Any]:
    demand: Demand = plan.network.demand_by_name[name]
    lost = demand.unmet == "lost"
    return {
        "rank": plan.rank["demand", name],
        "rate": demand.rate,
        "base_rate": demand.rate,
        "period": demand.period,
        "step": rules.on_grid_below(demand.period),
        "slot": index["slot"][name],
        "size": -1 if demand.size is None else pools.distribution(demand.size),
        "size_mean": 0.0 if demand.size is None else demand.size.mean,
        "intervals": pools.stream("demand", name, draws.Purpose.DEMAND_INTERVAL),
        "sizes": pools.stream("demand", name, draws.Purpose.DEMAND_SIZE),
        "poisson": demand.arrivals == "poisson",
        "lost": lost,
        "owed_penalty": demand.penalty if lost else 0.0,
        "cost_rate": 0.0 if lost else demand.penalty,
    }


def _lane(
    plan: Plan, index: Mapping[str, dict[str, int]], pools: Pools, key: str
) -> dict[str, Any]:
    net = plan.network
    lane = net.lanes_by_key[key]
    slot = net.slot_of(lane).key
    flow, lump = plan.baseline.flow[key], plan.lump[slot]
    # an incumbent may save up so much, and its one lump; who is no customer in normal times has no right
    right = rules.INCUMBENT_DAYS * flow + lump if flow > 0.0 else 0.0
    fixed = isinstance(lane.lead_time, Fixed)
    none = dict.fromkeys(("head", "tail", "newest", "oldest", "retained"), -1)
    same = ("capacity", "share", "max_share", "cost", "order_cost", "order_lag")
    return {
        **none,
        **{name: getattr(lane, name) for name in same},
        "rank": plan.rank["lane", key],
        "source": index["source"][lane.source],
        "slot": index["slot"][slot],
        "flow": flow,
        "dust": DUST * lump,
        "planned": plan.lead[key],
        "slack": plan.slack[key],
        "right": right,
        "right_at": float(-plan.warmup),
        "most_right": right,
        "free_at": -math.inf,
        "price": net.commodity_by_name[net.product(lane.source)].price,
        "cost_rate": lane.holding_cost,
        "split": lane.share,
        "base_share": lane.share,
        "base_capacity": lane.capacity,
        "lead": pools.distribution(lane.lead_time),
        "lead_stream": -1 if fixed else pools.stream("lane", key, draws.Purpose.LEAD_TIME),
        "closed": lane.closed,
    }


def _tiers(net: Network) -> dict[str, int]:
    """The tier of each lane at its source, where the source serves tier by tier."""
    found: dict[str, int] = {}
    for name, lanes in net.lanes_from.items():
        node = net.site_by_name.get(name) or net.store_by_name[name]
        if node.allocation == "domestic-first":
            levels = [(int(net.country(lane.target) != node.country), 0) for lane in lanes]
        else:
            demands = [net.demand_by_name.get(lane.target) for lane in lanes]
            levels = [
                (lane.priority, demand.priority if demand else 0)
                for lane, demand in zip(lanes, demands, strict=True)
            ]
        order = sorted(set(levels))
        for lane, level in zip(lanes, levels, strict=True):
            found[lane.key] = order.index(level)
    return found


def _link(net: Network, index: Mapping[str, dict[str, int]], all_: Arrays) -> None:
    """Which lanes leave a source (they stand together), and which feed a slot (a list of links)."""
    for name, lanes in net.lanes_from.items():
        row = all_["sources"][index["source"][name]]
        row.first = index["lane"][lanes[0].key] if lanes else 0
        row.lanes = len(lanes)
    links = [index["lane"][lane.key] for into in net.lanes_into.values() for lane in into]
    all_["links"] = rows("links", len(links))
    all_["links"]["lane"][: len(links)] = links
    first = 0
    for key, into in net.lanes_into.items():
        row = all_["slots"][index["slot"][key]]
        row.first, row.lanes = first, len(into)
        first += len(into)


# --- buffers -------------------------------------------------------------------------------------


def _buffers(
    plan: Plan,
    index: Mapping[str, dict[str, int]],
    numbers: dict[str, Any],
    arrays: Arrays,
    measures: Measures,
) -> None:
    """Room to begin with; what fills up grows. ``reserve`` is what one handler may need at most."""
    count = {kind: len(table) for kind, table in index.items()}
    degree = max([int(arrays[f"{kind}s"]["lanes"].max(initial=0)) for kind in ("source", "slot")])
    gates = int(arrays["lanes"]["gates_n"].max(initial=0))
    longest = measures.longest
    reserve = 64 + 4 * longest + (8 + 2 * gates) * (degree + 1)
    at_once = measures.due * 3 + len(measures.watches) + len(measures.renewals)
    at_once += 2 * (count["demand"] + count["slot"]) + count["site"] + len(arrays["ledgers"])
    recalls = max(1, sum(isinstance(x.value, Recall) for x in measures.changes))
    numbers |= {"reserve": reserve, "recalls": min(recalls, longest)}
    numbers["events_room"] = at_once + reserve + 4 * count["lane"] + 64
    numbers["orders_room"] = 2 * reserve + 2 * count["lane"] + 64
    numbers["log_room"] = reserve + 1024
    per_day = 2.0 ** min(10, max(0, math.ceil(math.log2(max(1.0, 0.1 * count["lane"])))))
    numbers["per_day"] = per_day
    numbers["bins_n"] = int((plan.horizon + plan.warmup) * per_day) + 1
    for name in ("a", "b", "c", "d"):
        arrays[f"scratch_{name}"] = np.zeros(degree + longest + 2)
    arrays["picked"] = np.zeros(2 * (degree + longest + 2), dtype=np.int64)
    wakes = sum(count[kind] for kind in ("source", "slot", "site")) + len(arrays["ledgers"])
    arrays["wakes"] = rows("wakes", wakes)
