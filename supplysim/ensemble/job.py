"""The work of one worker: a block of replications, and the record that is kept of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from supplysim.engines.trace import Trace
from supplysim.errors import Fault, InvalidInput
from supplysim.grouping import Groups, aggregate
from supplysim.model import Network
from supplysim.plan import Plan, make_plan
from supplysim.running import Engine, run_plans
from supplysim.scenario import Scenario
from supplysim.splicing import Spliced

__all__ = ["BLOCK", "KEPT", "MONEY", "Block", "Job", "Task", "Worlds", "layout", "run_block"]

KEPT = {
    "site": ("output",),
    "slot": ("on_hand",),
    "demand": ("wanted", "served", "unmet", "deferred", "recovered", "backlog"),
    "lane": ("shipped",),
}
"""The daily records of each replication that an ensemble keeps, by kind of entity."""

MONEY = {
    "site": ("holding",),
    "slot": ("holding",),
    "demand": ("penalty",),
    "lane": ("goods", "freight", "duty", "ordering", "holding"),
}
"""The accounts of each replication that an ensemble keeps, by kind of entity."""

BLOCK = 4
"""Replications in a block: 0-3, 4-7, ... however many workers there are, or replications in all. Few, so that all
cores have work; not one, so that a job costs little beside its runs."""

Block = npt.NDArray[Any]
"""Records of some replications in a row, shape (replications,), of the type that `layout` gives."""

Task = tuple[tuple[int, ...], range]
"""Which scenarios (by place in the job), and which replications: some of one block."""


@dataclass(frozen=True)
class Job:
    """What all replications of one or several scenarios have in common; ``traces``: keep each entity's records too.

    A plan depends on the replication only in that number, so one plan for each scenario says it all; unless figures
    are drawn, as ``worlds`` says. Groups depend on names alone, which all worlds share.
    """

    plans: tuple[Plan, ...]
    groups: tuple[Groups, ...]
    engine: Engine
    traces: bool
    worlds: Worlds | None = None

    def layouts(self) -> list[np.dtype[Any]]:
        """The type of a record, for each scenario."""
        pairs = zip(self.plans, self.groups, strict=True)
        drawn = self.worlds is not None
        return [layout(plan, groups, self.traces, drawn=drawn) for plan, groups in pairs]

    def plans_of(self, which: Sequence[int], number: int) -> list[Plan]:
        """The plans of one replication of some scenarios, all in the same world."""
        plans = [replace(self.plans[i], replication=number) for i in which]
        if self.worlds is None:
            return plans
        return self.worlds.plans([self.worlds.scenarios[i] for i in which], plans)


@dataclass(frozen=True)
class Worlds:
    """What differs by replication: figures of ``network``, on which all ``scenarios`` are then laid out."""

    network: Network
    scenarios: tuple[Scenario | Spliced | None, ...]
    max_events: int

    def plans(
        self, scenarios: Sequence[Scenario | Spliced | None], central: Sequence[Plan]
    ) -> list[Plan]:
        """The plans of scenarios in the world of a replication; all else is as in the ``central`` ones."""
        network = self.network.drawn(central[0].seed, central[0].replication)
        return [self._plan(network, *pair) for pair in zip(scenarios, central, strict=True)]

    def _plan(self, network: Network, scenario: Scenario | Spliced | None, central: Plan) -> Plan:
        plan = make_plan(
            network,
            scenario,
            horizon=central.horizon,
            seed=central.seed,
            replication=central.replication,
            warmup=central.warmup,
            max_events=self.max_events,
        )
        one, other = (p.network.tables.entity_names() for p in (plan, central))
        if one != other:
            strange = sorted({x for k in one for x in {*one[k]} ^ {*other[k]}})
            rule = (
                "the scenario needs other nodes or lanes in this world than with the central figures, so "
                "replications cannot be put together; let no range reach 0 there, or run figures='central'"
            )
            what = f"Scenario {plan.timeline.name!r} in replication {plan.replication}"
            raise InvalidInput([Fault("ranges", rule, strange[:3])], what=what)
        return plan


def layout(plan: Plan, groups: Groups, traces: bool, *, drawn: bool = False) -> np.dtype[Any]:
    """The record of a replication: ``groups`` (daily, days x groups), ``money`` by group, and if asked ``entities``.

    Where figures are ``drawn``, also ``use``, what each group of slots uses a day in the undisturbed world.

    >>> from supplysim.grouping import group
    >>> from supplysim.plan import make_plan
    >>> from supplysim.testing import tiny
    >>> plan = make_plan(tiny(), None, horizon=30, seed=1, replication=0, warmup=None)
    >>> layout(plan, group(plan), False)["groups"]["served"].shape
    (30, 1)
    """
    counts = {kind: len(names) for kind, names in groups.names.items()}
    money = [
        (f"{kind}_{account}", "<f8", (counts[kind],)) for kind in MONEY for account in MONEY[kind]
    ]
    fields: list[Any] = [("groups", _daily(plan.horizon, counts)), ("money", money)]
    if drawn:
        fields.append(("use", "<f8", (counts["slot"],)))
    if traces:
        entities = {kind: len(index) for kind, index in groups.index.items()}
        fields.append(("entities", _daily(plan.horizon, entities)))
    return np.dtype(fields)


def _daily(days: int, counts: Mapping[str, int]) -> list[Any]:
    return [(name, "<f8", (days, counts[kind])) for kind in KEPT for name in KEPT[kind]]


def run_block(job: Job, which: Sequence[int], numbers: range) -> list[Block]:
    """Run some replications of some scenarios, together; this is what workers do."""
    layouts = job.layouts()
    blocks = [np.empty(len(numbers), layouts[i]) for i in which]  # every field is filled below
    groups = [job.groups[i] for i in which]
    for place, number in enumerate(numbers):
        plans = job.plans_of(which, number)
        if job.worlds is not None:
            for block, plan, group in zip(blocks, plans, groups, strict=True):
                block["use"][place] = group.sums("slot", plan.arrays.use)
        traces = _traces(plans, groups, job)
        for block, (whole, grouped) in zip(blocks, traces, strict=True):
            for kind, names in KEPT.items():
                for name in names:
                    block["groups"][name][place] = grouped.daily[kind, name]
                    if job.traces:
                        block["entities"][name][place] = whole.daily[kind, name]
            for kind, accounts in MONEY.items():
                for account in accounts:
                    block["money"][f"{kind}_{account}"][place] = grouped.money[kind, account]
    return blocks


def _traces(
    plans: Sequence[Plan], groups: Sequence[Groups], job: Job
) -> Iterator[tuple[Trace, Trace]]:
    """One replication of each scenario: by entity where that is kept, and by group."""
    if not job.traces:
        made = run_plans(plans, job.engine, records="group", groups=groups)
        yield from zip(made, made, strict=True)
        return
    made = run_plans(plans, job.engine)
    for trace, group in zip(made, groups, strict=True):
        yield trace, aggregate(trace, group)
