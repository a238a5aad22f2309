"""The steady flow of a network: final demand traced back through shares and recipes.

Every node's throughput is ``x[n] = sum over its out-lanes of share * need of the target``, a linear system that is
triangular where the network has no cycle. It is solved level by level in topological order, with a
dense solve only inside a cycle, and sums one by one in sorted order, so that the bits depend neither on the
order of rows nor on nodes elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from supplysim.errors import Fault
from supplysim.model.columns import Floats, Ints, sealed
from supplysim.model.findings import Findings
from supplysim.model.levels import levels_with_groups
from supplysim.model.slots import DEMAND

if TYPE_CHECKING:
    from supplysim.model.tables import Tables

__all__ = ["Baseline", "Flows", "solve_back", "steady_flow"]


LARGEST_CYCLE = 5000
"""Nodes: a cycle is solved as a dense system, which takes the cube of their number in time."""


@dataclass(frozen=True)
class Flows:
    """The baseline as arrays, in the order of the tables' rows.

    ``output`` is by source, ``use`` by slot, ``flow`` by lane, ``capacity`` and ``lot`` by site. The capacity of a site
    all of which is idle is the idle one.
    """

    output: Floats
    use: Floats
    flow: Floats
    capacity: Floats
    lot: Floats


@dataclass(frozen=True, eq=False)
class Baseline:
    """The undisturbed steady state, per day in each commodity's unit.

    ``output`` by site or store, ``use`` by slot key, ``flow`` by lane key; ``capacity`` and ``lot`` by site. The same
    as arrays is in ``arrays``.

    >>> from supplysim.testing import tiny
    >>> flow = tiny().baseline()
    >>> flow.output["mine"], flow.capacity["mine"], flow.flow["mine|use|"]
    (1.0, 2.0, 1.0)
    """

    tables: Tables
    arrays: Flows

    @cached_property
    def output(self) -> dict[str, float]:
        """Throughput of each site and store."""
        return by_name(self.tables.node_names[: self.tables.source_count], self.arrays.output)

    @cached_property
    def use(self) -> dict[str, float]:
        """Use of each slot."""
        return by_name(self.tables.slot_keys, self.arrays.use)

    @cached_property
    def flow(self) -> dict[str, float]:
        """Flow of each lane."""
        return by_name(self.tables.lane_keys, self.arrays.flow)

    @cached_property
    def capacity(self) -> dict[str, float]:
        """Capacity of each site."""
        return by_name(self.tables.node_names[: len(self.tables.sites)], self.arrays.capacity)

    @cached_property
    def lot(self) -> dict[str, float]:
        """Lot of each site, in units."""
        return by_name(self.tables.node_names[: len(self.tables.sites)], self.arrays.lot)


def by_name(names: Sequence[str], values: Floats) -> dict[str, float]:
    """An array as a dict by name."""
    return dict(zip(names, values.tolist(), strict=True))


def steady_flow(tables: Tables, findings: Findings) -> Baseline:
    """Solve the baseline; the findings name every site whose output exceeds its capacity."""
    slots, sites, lanes = tables.slots, tables.sites, tables.lanes
    with np.errstate(over="ignore", invalid="ignore"):  # absurd sizes end as faults of capacity
        output = solve_back(tables, slots.rate, findings)
        through = np.append(output, np.zeros(len(tables.demands)))[slots.node]
        use = np.where(slots.kind == DEMAND, slots.rate, slots.gain * through)
        flow = lanes.share * use[tables.lane_slot]
        need = np.maximum(output[: len(sites)], sites.planned)
        capacity = np.where(np.isnan(sites.capacity), need / sites.utilisation, sites.capacity)
        none = tables.all_idle
        capacity[none] = sites.idle_capacity[none]
        mute = np.isnan(sites.capacity) & ~none & ~(need > 0.0)
        capacity[mute] = 1.0
        active = np.where(none, 0.0, capacity)
        most = active + sites.idle_capacity
        small = output[: len(sites)] > active * (1.0 + 1e-9)
        small |= need > most * (1.0 + 1e-9)
        timeless = (sites.idle_capacity > 0.0) & ~(need > 0.0)
        week = 7.0 * np.where(need != 0.0, need, capacity)
        lot = np.where(np.isnan(sites.lot), week, sites.lot)
        left = sites.host_yield * np.append(output[: len(sites)], 0.0)[tables.host]
        starved = (tables.host >= 0) & (output[: len(sites)] > left * (1.0 + 1e-9))

    def says_nothing(row: int) -> Fault:
        rule = "says nothing without baseline output; give capacity"
        return Fault(f"sites.{sites.name[row]}.utilisation", rule)

    def too_small(row: int) -> Fault:
        rule = f"must be at least the baseline output of {need[row]:.6g} a day"
        return Fault(f"sites.{sites.name[row]}.capacity", rule, float(active[row]))

    def no_planned(row: int) -> Fault:
        rule = "must be above 0 where there is idle capacity but no baseline output"
        return Fault(f"sites.{sites.name[row]}.planned", rule, float(sites.planned[row]))

    def too_much(row: int) -> Fault:
        rule = (
            f"leaves {left[row]:.6g} a day of what {sites.host[row]} makes in normal times; "
            f"must be at least the baseline output of {output[row]:.6g} a day"
        )
        return Fault(f"sites.{sites.name[row]}.host_yield", rule, float(sites.host_yield[row]))

    findings.add(np.flatnonzero(mute), says_nothing)
    findings.add(np.flatnonzero(timeless), no_planned)
    findings.add(np.flatnonzero(small), too_small)
    findings.add(np.flatnonzero(starved), too_much)
    return Baseline(tables, Flows(*map(sealed, (output, use, flow, capacity, lot))))


def solve_back(tables: Tables, constant: Floats, findings: Findings) -> Floats:
    """Solve ``x[n] = sum_lanes share * (constant[slot] + gain[slot] * x[slot's node])`` for all sources.

    Used for flows (constant = final demand) and for order bursts (constant = what a slot adds of its
    own). A cycle through which one unit calls for one unit or more has no answer and is a fault.
    """
    slots, share, source = tables.slots, tables.lanes.share, tables.lane_source
    gain, user = slots.gain[tables.lane_slot], slots.node[tables.lane_slot]
    passed_on = (share > 0.0) & (user < tables.source_count)
    level, groups = levels_with_groups(tables.source_count, user[passed_on], source[passed_on])
    deep = level[source]
    order = np.argsort(deep, kind="stable")  # within a level lanes stay in order of key
    bounds = np.searchsorted(deep[order], np.arange(level.max(initial=-1) + 2))
    x = np.zeros(len(tables.node_names))  # zero for demands, and for what is not solved yet
    waiting: dict[int, list[Ints]] = {}
    for group in groups:
        waiting.setdefault(int(level[group[0]]), []).append(group)
    for depth, (first, end) in enumerate(pairwise(bounds.tolist())):
        rows = order[first:end]
        part = share[rows]
        # two terms a lane, added one by one: a reduction would sum in another order
        terms = np.stack(
            (part * constant[tables.lane_slot[rows]], part * gain[rows] * x[user[rows]])
        )
        np.add.at(x, np.repeat(source[rows], 2), terms.T.ravel())
        for group in waiting.get(depth, ()):
            _solve_cycle(tables, group, x, findings)
    return x[: tables.source_count]


def _solve_cycle(tables: Tables, group: Ints, x: Floats, findings: Findings) -> None:
    """Replace what the members of a cycle pass on from elsewhere by what they make in all."""
    if len(group) > LARGEST_CYCLE:
        rule = f"at most {LARGEST_CYCLE} nodes may depend on each other in a circle"
        findings.note(Fault(f"cycle through {tables.node_names[group[0]]}", rule, len(group)))
        return
    members = sorted(group.tolist(), key=tables.node_names.__getitem__)
    place = {node: i for i, node in enumerate(members)}
    slots = tables.slots
    matrix = np.zeros((len(members), len(members)))
    for node in members:
        for lane in tables.lanes_from[node].tolist():
            slot = int(tables.lane_slot[lane])
            user = place.get(int(slots.node[slot]))
            if user is not None:
                matrix[place[node], user] += tables.lanes.share[lane] * slots.gain[slot]
    if max(abs(np.linalg.eigvals(matrix))) >= 1.0 - 1e-9:
        rule = "a cycle must not need one unit or more of itself to make one unit"
        names = " > ".join(tables.node_names[node] for node in members)
        findings.note(Fault(f"cycle {names}", rule))
        return
    x[members] = np.linalg.solve(np.eye(len(members)) - matrix, x[members])
