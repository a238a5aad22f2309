"""The compiled engine: one event loop over structured arrays, bit for bit the reference's twin.

Modules, in the order in which they build on each other: `jit` (how kernels are compiled), `codes`, `layout` (the
state), `arithmetic` (rules and draws), `queue`, `demand`, `rerouting`, `supply`, `gates`, `dispatch`,
`production`, `control`, `recording`, `loop`; `histories`, `measures` and `program` fill the arrays from plans,
`execution` runs them, `store` says where compiled code is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from supplysim.engines.trace import Trace
from supplysim.plan import Plan

if TYPE_CHECKING:
    from supplysim.engines.compiled.program import Program
    from supplysim.grouping import Groups

__all__ = ["run", "run_all"]


def run(plan: Plan, *, events: bool = False) -> Trace:
    """Run a plan from the start of its warm-up to its horizon."""
    return run_all([plan], events=events)[0]


def run_all(
    plans: Sequence[Plan], *, events: bool = False, groups: Sequence[Groups | None] = ()
) -> list[Trace]:
    """Run one replication of several plans; those that differ only in their changes share what comes before.

    With ``groups``, one for each plan, records are summed as they are made. Programs are kept while the same plans
    are run again, whatever the replication.
    """
    from supplysim.engines.compiled.histories import sharing

    traces: dict[int, Trace] = {}
    for together in sharing(plans):
        summed = groups[together[0]] if groups else None
        found = _execute([plans[i] for i in together], events, summed)
        traces |= dict(zip(together, found, strict=True))
    return [traces[i] for i in range(len(plans))]


def _execute(plans: Sequence[Plan], events: bool, groups: Groups | None) -> list[Trace]:
    from supplysim.engines.compiled.execution import execute

    program = _program(plans, groups)
    if groups is not None:
        names = {kind: list(names) for kind, names in groups.names.items()}
    else:
        net = plans[0].network
        names = {
            "site": list(net.site_by_name),
            "slot": list(net.slots),
            "demand": list(net.demand_by_name),
            "lane": list(net.lanes_by_key),
        }
    return execute(plans, program, names, events=events)


class _Programs:
    """The last few programs, by the very objects that they were made from."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: list[tuple[tuple[Any, ...], Program]] = []
        self._lock = Lock()

    def get(self, plans: Sequence[Plan], groups: Groups | None) -> Program:
        """A program for these plans, whatever their seed and replication; made once, while other threads wait."""
        from supplysim.engines.compiled.program import lower

        made_of = (groups, *(part for p in plans for part in (p.timeline, p.horizon, p.warmup)))
        with self._lock:
            for known, program in self._known:
                if len(known) == len(made_of) and all(map(_same, known, made_of)):
                    return program
            program = lower(plans, None if groups is None else groups.index)
            if not program.large:
                self._known = [(made_of, program), *self._known][: self._most]
            return program


def _same(one: object, other: object) -> bool:
    return one is other or (isinstance(one, int) and one == other)


_program = _Programs(4).get
