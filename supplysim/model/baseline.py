"""The steady flow of a network: final demand traced back through shares and recipes.

Every node's throughput is ``x[n] = sum over its out-lanes of share * need of the target``, a linear system that is
triangular where the network has no cycle. It is solved node by node in topological order, with a
dense solve only inside a cycle, and sums in sorted order, so that the bits depend neither on the
order of rows nor on nodes elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from supplysim.errors import Fault

if TYPE_CHECKING:
    from supplysim.model.network import Network, Slot

__all__ = ["Baseline", "solve_back", "steady_flow"]


@dataclass(frozen=True)
class Baseline:
    """The undisturbed steady state, per day in each commodity's unit.

    ``output`` by site or store, ``use`` by slot key, ``flow`` by lane key; ``capacity`` and ``lot`` by site.
    """

    output: Mapping[str, float]
    use: Mapping[str, float]
    flow: Mapping[str, float]
    capacity: Mapping[str, float]
    lot: Mapping[str, float]


def steady_flow(network: Network) -> tuple[Baseline, list[Fault]]:
    """Solve the baseline; the faults name every site whose output exceeds its capacity."""
    faults: list[Fault] = []

    def constant(slot: Slot) -> float:
        return slot.rate

    output = solve_back(network, constant, faults)
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
        else:
            faults.append(
                Fault(
                    f"sites.{name}.utilisation",
                    "says nothing without baseline output; give capacity",
                )
            )
            capacity[name] = 1.0
        if need > capacity[name] * (1.0 + 1e-9):
            rule = f"must be at least the baseline output of {need:.6g} a day"
            faults.append(Fault(f"sites.{name}.capacity", rule, capacity[name]))
        lot[name] = site.lot if site.lot is not None else 7.0 * (need or capacity[name])
    return Baseline(output, use, flow, capacity, lot), faults


def solve_back(
    network: Network, constant: Callable[[Slot], float], faults: list[Fault]
) -> dict[str, float]:
    """Solve ``x[n] = sum_lanes share * (constant(slot) + gain(slot) * x[slot's node])`` for all sources.

    Used for flows (constant = final demand) and for order bursts (constant = what a slot adds of its
    own). A cycle through which one unit calls for one unit or more has no answer and is a fault.
    """
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
            _solve_cycle(network, group, x, faults)
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


def _solve_cycle(
    network: Network, group: list[str], x: dict[str, float], faults: list[Fault]
) -> None:
    import numpy as np

    place = {name: i for i, name in enumerate(group)}
    matrix = np.zeros((len(group), len(group)))
    for name in group:
        for lane in network.lanes_from[name]:
            slot = network.slot_of(lane)
            if slot.kind != "demand" and slot.node in place:
                matrix[place[name], place[slot.node]] += lane.share * slot.gain
    if max(abs(np.linalg.eigvals(matrix))) >= 1.0 - 1e-9:
        rule = "a cycle must not need one unit or more of itself to make one unit"
        faults.append(Fault(f"cycle {' > '.join(group)}", rule))
        return
    solved = np.linalg.solve(np.eye(len(group)) - matrix, np.array([x[name] for name in group]))
    for name, value in zip(group, solved, strict=True):
        x[name] = float(value)
