"""The baseline and the targets of a plan as they were first written: node by node, in dicts by name.

The naive reference of the columns in `supplysim.model.baseline` and `supplysim.targets`, which must give the
same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import numpy as np

from supplysim import rules
from supplysim.model import BaseStock, DaysOfCover, Demand, Lane, MinMax, Network, ReorderPoint
from supplysim.model.network import Slot


@dataclass(frozen=True)
class Flows:
    output: Mapping[str, float]
    use: Mapping[str, float]
    flow: Mapping[str, float]
    capacity: Mapping[str, float]
    lot: Mapping[str, float]


def steady_flow(network: Network) -> Flows:
    """The baseline of a network that was accepted."""

    def constant(slot: Slot) -> float:
        return slot.rate

    output = solve_back(network, constant)
    use = {
        key: slot.rate if slot.kind == "demand" else slot.gain * output[slot.node]
        for key, slot in network.slots.items()
    }
    flow = {
        lane.key: lane.share * use[network.slot_of(lane).key]
        for lane in network.lanes_by_key.values()
    }
    capacity: dict[str, float] = {}
    lot: dict[str, float] = {}
    for name, site in network.site_by_name.items():
        need = max(output[name], site.planned)
        if site.capacity is not None:
            capacity[name] = float(site.capacity)
        elif site.utilisation is not None and need > 0.0:
            capacity[name] = need / site.utilisation
        elif site.idle is not None:
            capacity[name] = site.idle.capacity
        lot[name] = site.lot if site.lot is not None else 7.0 * (need or capacity[name])
    return Flows(output, use, flow, capacity, lot)


def solve_back(network: Network, constant: Callable[[Slot], float]) -> dict[str, float]:
    x: dict[str, float] = {}
    for group in _groups(network):
        for name in group:
            value = 0.0
            for lane in network.lanes_from[name]:
                slot = network.slot_of(lane)
                value += lane.share * constant(slot)
                if slot.kind != "demand" and slot.node in x and slot.node not in group:
                    value += lane.share * slot.gain * x[slot.node]
            x[name] = value
        if len(group) > 1:
            _solve_cycle(network, group, x)
    return x


def _groups(network: Network) -> list[list[str]]:
    """Sources from final demand backwards; the members of a cycle stand together, sorted."""
    users = {name: _users(network, name) for name in network.lanes_from}
    try:
        return [[name] for name in TopologicalSorter(users).static_order()]
    except CycleError:
        return _condensed(users)


def _users(network: Network, name: str) -> list[str]:
    slots = (network.slot_of(lane) for lane in network.lanes_from[name] if lane.share > 0.0)
    return [slot.node for slot in slots if slot.kind != "demand"]


def _condensed(users: Mapping[str, list[str]]) -> list[list[str]]:
    from scipy.sparse import coo_array  # only networks with cycles pay for it
    from scipy.sparse.csgraph import connected_components

    names = sorted(users)
    index = {name: i for i, name in enumerate(names)}
    pairs = [(index[a], index[b]) for a in names for b in users[a]]
    rows, columns = [a for a, _ in pairs], [b for _, b in pairs]
    graph = coo_array(([1] * len(pairs), (rows, columns)), shape=(len(names), len(names)))
    _, labels = connected_components(graph, connection="strong")
    members: dict[int, list[str]] = {}
    for name, label in zip(names, labels, strict=True):
        members.setdefault(int(label), []).append(name)
    before = {
        label: {int(labels[index[b]]) for a in group for b in users[a]} - {label}
        for label, group in members.items()
    }
    return [members[label] for label in TopologicalSorter(before).static_order()]


def _solve_cycle(network: Network, group: list[str], x: dict[str, float]) -> None:
    place = {name: i for i, name in enumerate(group)}
    matrix = np.zeros((len(group), len(group)))
    for name in group:
        for lane in network.lanes_from[name]:
            slot = network.slot_of(lane)
            if slot.kind != "demand" and slot.node in place:
                matrix[place[name], place[slot.node]] += lane.share * slot.gain
    solved = np.linalg.solve(np.eye(len(group)) - matrix, np.array([x[name] for name in group]))
    for name, value in zip(group, solved, strict=True):
        x[name] = float(value)


# --- targets -------------------------------------------------------------------------------------


class ByName:
    """The targets of a network: what `supplysim.targets.Targets` holds, by name."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.base = steady_flow(network)
        self.use = self._use()
        self.bursts = solve_back(network, self._burst)
        slots, lanes = network.slots, network.lanes_by_key
        self.lump = {key: self._lump(slot) for key, slot in slots.items()}
        self.lumps = {key: self._lumps(slot) for key, slot in slots.items()}
        self.site_target = {name: self._site_target(name) for name in network.site_by_name}
        self.allowance = {name: self._allowance(name) for name in network.site_by_name}
        self.lead = {key: _lead(lane) for key, lane in lanes.items()}
        self.slack = {key: _tick(lane) + self._slack(lane) for key, lane in lanes.items()}

    def _use(self) -> dict[str, float]:
        """Baseline use, or what a site that stands ready plans for."""
        use = dict(self.base.use)
        for key, slot in self.network.slots.items():
            if slot.kind == "input":
                planned = self.network.site_by_name[slot.node].planned
                use[key] = max(use[key], slot.gain * planned)
        return use

    def _lump(self, slot: Slot) -> float:
        """One withdrawal, one lot's need, or for a store its level or a week's flow."""
        item = slot.item
        if isinstance(item, Demand):
            return _withdrawal(item)
        if slot.kind == "input":
            return slot.gain * self.base.lot[slot.node]
        level = 0.0 if isinstance(item.policy, DaysOfCover) else _level(item.policy)
        return level or 7.0 * self.use[slot.key] or 1e-300

    def _burst(self, slot: Slot) -> float:
        """What a slot may order at once by its own doing: a withdrawal or lot, a review's use, a batch."""
        policy = slot.item.policy
        burst = policy.review * self.use[slot.key]
        if slot.kind == "demand" or (slot.kind == "input" and self.use[slot.key] > 0.0):
            burst += self._lump(slot)
        if isinstance(policy, ReorderPoint):
            burst += policy.Q
        elif isinstance(policy, MinMax):
            burst += policy.S - policy.s
        return burst

    def _lumps(self, slot: Slot) -> float:
        if slot.kind == "demand":
            poisson = isinstance(slot.item, Demand) and slot.item.arrivals == "poisson"
            return self._lump(slot) if poisson else 0.0
        if self.use[slot.key] <= 0.0:
            return 0.0
        lot = self.base.lot[slot.node] if slot.kind == "input" else 0.0
        return slot.gain * (self.bursts[slot.node] + lot)

    def _site_target(self, name: str) -> float:
        site = self.network.site_by_name[name]
        output = max(self.base.output[name], site.planned)
        if output <= 0.0:
            return 0.0
        lot = self.base.lot[name]
        wait = site.cover + lot / self.base.capacity[name] + site.cycle_time
        return wait * output + self.bursts[name] + lot

    def _allowance(self, name: str) -> float:
        """Residue that is kept for a by-product at most: its buffer, or what both may be apart in normal times."""
        site = self.network.site_by_name[name]
        if site.host is None or site.host_yield is None:
            return 0.0
        own, hosts = (self.bursts[x] + 2.0 * self.base.lot[x] for x in (name, site.host))
        output = max(self.base.output[name], site.planned)
        return max(site.host_buffer * output, own + site.host_yield * hosts)

    def _slack(self, lane: Lane) -> float:
        """How long the largest order of a slot may queue for the lane's own capacity."""
        if math.isinf(lane.capacity):
            return 0.0
        slot = self.network.slot_of(lane)
        burst = self._burst(slot) + self._lump(slot)
        return rules.on_grid(lane.share * burst / lane.capacity + 1.0)

    def opening_stock(self, slot: Slot) -> float:
        """What is on hand when the warm-up starts: the full target, with nothing on order."""
        policy = slot.item.policy
        if isinstance(policy, DaysOfCover):
            period, wait = _withdrawal_period(slot), 0.0
            for lane in self.network.lanes_into[slot.key]:
                days = self.lead[lane.key] + self.slack[lane.key] + policy.review
                wait += lane.share * (rules.ceil_to(days, period) if period > 0.0 else days)
            return (wait + policy.days + 0.0) * self.use[slot.key] + self.lumps[slot.key]
        if isinstance(policy, ReorderPoint):
            return max(0.0, policy.r + policy.Q)
        return policy.S

    def warmup(self) -> int:
        """Twice the longest single stage, in whole days: lanes with their review, lots with their cycle.

        Of the network as it is given, and of what carries goods to a demand: neither the structure of a measure nor
        an idle node changes it, so scenarios start from one state.
        """
        longest = 0.0
        for key, lane in self.network.lanes_by_key.items():
            if self.base.flow[key] > 0.0:
                review = self.network.slot_of(lane).item.policy.review
                longest = max(longest, _lead(lane) + review)
        for name, site in self.network.site_by_name.items():
            if self.base.output[name] > 0.0:
                longest = max(
                    longest, self.base.lot[name] / self.base.capacity[name] + site.cycle_time
                )
        return min(3650, 7 * math.ceil(2.0 * longest / 7.0))


def _tick(lane: Lane) -> float:
    return rules.TICK if rules.on_grid(lane.lead_time.mean) <= 0.0 else 0.0


def _withdrawal_period(slot: Slot) -> float:
    """The period of a demand that orders are not in step with; 0 where use counts as a flow."""
    demand = slot.item
    if not isinstance(demand, Demand) or demand.arrivals != "steady":
        return 0.0
    review = demand.policy.review
    in_step = review > 0.0 and math.fmod(review, demand.period) == 0.0
    return 0.0 if in_step else demand.period


def _withdrawal(demand: Demand) -> float:
    if demand.arrivals == "poisson":
        return 1.0 if demand.size is None else demand.size.mean
    return demand.rate * demand.period or 1e-300


def _level(policy: BaseStock | MinMax | ReorderPoint) -> float:
    return policy.r + policy.Q if isinstance(policy, ReorderPoint) else policy.S


def _lead(lane: Lane) -> float:
    return rules.on_grid(lane.order_lag) + rules.on_grid(lane.lead_time.mean)
