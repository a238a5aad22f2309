"""The C twin (c/twin.c): compile it, give it a plan, read its records, compare them with an engine's."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from supplysim import rules
from supplysim.engines.trace import Trace
from supplysim.model import DaysOfCover, Fixed, Input
from supplysim.plan import DUST, Plan

__all__ = ["Twin", "compile_twin", "differences", "export"]

SOURCE = Path(__file__).with_name("c") / "twin.c"
FLAGS = ["-std=c11", "-O3", "-ffp-contract=off"]
MAGIC = 0x74776E31
RECORDS = {
    "site": ("output", "started", "stock", "in_process"),
    "slot": ("used", "on_hand"),
    "demand": ("wanted", "served", "unmet"),
    "lane": ("ordered", "shipped", "received", "book", "in_transit"),
}
"""What the twin records each day, in its order."""
LEVELS = {"stock", "in_process", "on_hand", "book", "in_transit"}
MONEY = ("goods", "freight", "ordering")


@dataclass(frozen=True)
class Twin:
    """What a twin's runs gave: seconds of each, counts of the last by kind of event, its daily records and money.

    ``daily[kind, variable]`` has shape (days + 1, entities); row 0 is the opening of day 0.
    """

    seconds: list[float]
    counts: dict[str, int]
    daily: dict[tuple[str, str], npt.NDArray[np.float64]]
    money: dict[tuple[str, str], npt.NDArray[np.float64]]


def compile_twin(folder: Path) -> Path | None:
    """The compiled program, or None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    program = folder / "twin"
    subprocess.run([compiler, *FLAGS, "-o", str(program), str(SOURCE)], check=True)
    return program


def export(plan: Plan, path: Path) -> None:
    """Write a plan for the twin: a header of seven integers, then the columns as it reads them."""
    _refuse_what_it_lacks(plan)
    net = plan.network
    counts = [len(net.site_by_name), len(net.slots), len(net.demand_by_name), len(net.lanes_by_key)]
    header = [MAGIC, *counts, plan.horizon, plan.warmup]
    columns = [*_sites(plan), *_slots(plan), *_demands(plan), *_lanes(plan)]
    with path.open("wb") as file:
        for values in (np.array(header, dtype="<i8"), *columns):
            values.tofile(file)


def _refuse_what_it_lacks(plan: Plan) -> None:
    net = plan.network
    slots = list(net.slots.values())
    lanes = list(net.lanes_by_key.values())
    rules_kept = {
        "stores": not net.stores,
        "a timeline": not (
            plan.timeline.changes or plan.timeline.watches or plan.timeline.renewals
        ),
        "policies": all(
            isinstance(slot.item.policy, DaysOfCover) and slot.item.policy.review == 0.0
            for slot in slots
        ),
        "initial stocks": all(slot.item.initial is None for slot in slots),
        "holding costs": not any(
            x.holding_cost for x in (*net.sites, *lanes, *(s.item for s in slots))
        ),
        "soft inputs": all(
            slot.item.needs * slot.item.criticality >= 1.0
            for slot in slots
            if isinstance(slot.item, Input)
        ),
        "allocation": all(site.allocation == "proportional" for site in net.sites),
        "lanes": all(
            isinstance(lane.lead_time, Fixed)
            and np.isinf(lane.capacity)
            and lane.order_lag == 0.0
            and not lane.closed
            for lane in lanes
        ),
        "demands": all(
            d.arrivals == "steady" and d.size is None and d.unmet == "lost" and not d.penalty
            for d in net.demands
        ),
    }
    lacking = [name for name, kept in rules_kept.items() if not kept]
    if lacking:
        raise ValueError(f"the twin has no such {', '.join(lacking)}")


def _whole(values: Any) -> npt.NDArray[np.int64]:
    return np.fromiter(values, dtype="<i8")


def _real(values: Any) -> npt.NDArray[np.float64]:
    return np.fromiter(values, dtype="<f8")


def _ticks(days: float) -> int:
    return int(days / rules.TICK)


def _sites(plan: Plan) -> list[npt.NDArray[Any]]:
    base, sites = plan.baseline, plan.network.site_by_name
    return [
        _whole(plan.rank["site", name] for name in sites),
        _real(base.lot[name] for name in sites),
        _real(plan.site_target[name] for name in sites),
        _real(plan.opening_output(name) for name in sites),
        _whole(_ticks(rules.on_grid_below(base.lot[n] / base.capacity[n])) for n in sites),
        _whole(_ticks(rules.on_grid(site.cycle_time)) for site in sites.values()),
    ]


def _slots(plan: Plan) -> list[npt.NDArray[Any]]:
    net, lot = plan.network, plan.baseline.lot
    place = {name: i for i, name in enumerate(net.site_by_name)}
    slots = net.slots.values()
    return [
        _whole(plan.rank["slot", key] for key in net.slots),
        _whole(place[slot.node] if slot.kind == "input" else -1 for slot in slots),
        _real(slot.gain * lot[slot.node] if slot.kind == "input" else 0.0 for slot in slots),
        _real(DUST * plan.lump[key] for key in net.slots),
        # a run starts full: what is on hand is the target
        _real(plan.opening_stock(slot) for slot in slots),
        _real(plan.opening_stock(slot) for slot in slots),
    ]


def _demands(plan: Plan) -> list[npt.NDArray[Any]]:
    net = plan.network
    place = {key: i for i, key in enumerate(net.slots)}
    demands = net.demand_by_name
    return [
        _whole(plan.rank["demand", name] for name in demands),
        _whole(place[name] for name in demands),
        _real(demand.rate * demand.period for demand in demands.values()),
        _whole(_ticks(rules.on_grid_below(demand.period)) for demand in demands.values()),
    ]


def _lanes(plan: Plan) -> list[npt.NDArray[Any]]:
    net = plan.network
    site = {name: i for i, name in enumerate(net.site_by_name)}
    place = {key: i for i, key in enumerate(net.slots)}
    lanes = net.lanes_by_key
    slots = {key: net.slot_of(lane) for key, lane in lanes.items()}
    reaction = {key: _ticks(rules.on_grid(slots[key].item.reaction)) for key in lanes}
    if any(plan.slack[key] for key in lanes):
        raise ValueError("the twin has no lanes without a lead time")
    return [
        _whole(plan.rank["lane", key] for key in lanes),
        _whole(site[lane.source] for lane in lanes.values()),
        _whole(place[slots[key].key] for key in lanes),
        _real(lane.share for lane in lanes.values()),
        _real(DUST * plan.lump[slots[key].key] for key in lanes),
        _real(net.commodity_by_name[net.product(x.source)].price for x in lanes.values()),
        _real(lane.cost for lane in lanes.values()),
        _real(lane.order_cost for lane in lanes.values()),
        _whole(_ticks(rules.on_grid(lane.lead_time.mean)) for lane in lanes.values()),
        _whole(_ticks(plan.lead[key]) for key in lanes),
        _whole(reaction.values()),
        _whole(reaction.values()),
    ]


# --- running and comparing -----------------------------------------------------------------------


def run(program: Path, plan: Plan, folder: Path, repeats: int) -> Twin:
    """Run a plan on the twin ``repeats`` times."""
    plan_file, records_file = folder / "plan.bin", folder / "records.bin"
    export(plan, plan_file)
    command = [str(program), str(plan_file), str(records_file), str(repeats)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in said.splitlines()]
    seconds = [float(value) for name, value in lines if name == "seconds"]
    counts = {name: int(value) for name, value in lines if name != "seconds"}
    return Twin(seconds, counts, *_read(plan, records_file))


def _read(plan: Plan, path: Path) -> tuple[dict[tuple[str, str], Any], dict[tuple[str, str], Any]]:
    net = plan.network
    size = {
        "site": len(net.site_by_name),
        "slot": len(net.slots),
        "demand": len(net.demand_by_name),
        "lane": len(net.lanes_by_key),
    }
    values = np.fromfile(path, dtype="<f8")
    money = values[-len(MONEY) * size["lane"] :].reshape(-1, len(MONEY))
    rows = values[: -money.size].reshape(plan.horizon + 1, -1)
    names = [(kind, name) for kind, variables in RECORDS.items() for name in variables]
    ends = np.cumsum([size[kind] for kind, _ in names])
    daily = dict(zip(names, np.split(rows, ends[:-1], axis=1), strict=True))
    return daily, {("lane", name): money[:, i] for i, name in enumerate(MONEY)}


def differences(twin: Twin, trace: Trace) -> list[str]:
    """What is not equal bit for bit between the twin's records and an engine's."""
    found = []
    for (kind, name), values in twin.daily.items():
        if not np.array_equal(values[1:], trace.daily[kind, name]):
            found.append(f"{kind} {name}")
        if name in LEVELS and not np.array_equal(values[0], trace.opening[kind, name]):
            found.append(f"opening {kind} {name}")
    for key, paid in twin.money.items():
        if not np.array_equal(paid, trace.money[key]):
            found.append(" ".join(key))
    return found
