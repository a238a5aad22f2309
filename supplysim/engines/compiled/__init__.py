"""The compiled engine: one event loop over structured arrays, bit for bit the reference's twin.

Modules, in the order in which they build on each other: `jit` (how kernels are compiled), `codes`, `layout` (the
state), `arithmetic` (rules and draws), `queue`, `demand`, `rerouting`, `supply`, `gates`, `dispatch`,
`production`, `control`, `recording`, `loop`; `histories`, `measures` and `program` fill the arrays from plans,
`execution` runs them, `store` says where compiled code is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from supplysim.engines.trace import Trace
from supplysim.plan import Plan

if TYPE_CHECKING:
    from supplysim.engines.compiled.program import Program
    from supplysim.grouping import Groups

__all__ = ["run", "run_all"]

T = TypeVar("T")


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
    traces: dict[int, Trace] = {}
    for together in _sharing(plans):
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
        names = plans[0].network.tables.entity_names()
    return execute(plans, program, names, events=events)


def _sharing(plans: Sequence[Plan]) -> list[list[int]]:
    """Which plans run together; looked up while the same plans are run again."""
    from supplysim.engines.compiled.histories import sharing

    draws = [(plan.seed, plan.replication) for plan in plans]
    alike = (draws.index(one) for one in draws)
    return _shared.get((*_made_of(plans), *alike), lambda: sharing(plans))


def _program(plans: Sequence[Plan], groups: Groups | None) -> Program:
    """A program for these plans, whatever their seed and replication."""
    from supplysim.engines.compiled.program import lower

    return _programs.get(
        (groups, *_made_of(plans)),
        lambda: lower(plans, None if groups is None else groups.index),
        keep=lambda program: not program.large,
    )


def _made_of(plans: Sequence[Plan]) -> tuple[object, ...]:
    return tuple(part for p in plans for part in (p.timeline, p.horizon, p.warmup))


class _Kept(Generic[T]):
    """The last few results, by the very objects that they were made from; each made once, while other threads wait."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._known: list[tuple[tuple[object, ...], T]] = []
        self._lock = Lock()

    def get(
        self,
        made_of: tuple[object, ...],
        make: Callable[[], T],
        keep: Callable[[T], bool] = lambda _: True,
    ) -> T:
        """What was made of these before, or is made now; kept if ``keep`` says so."""
        with self._lock:
            for known, result in self._known:
                if len(known) == len(made_of) and all(map(_same, known, made_of)):
                    return result
            result = make()
            if keep(result):
                self._known = [(made_of, result), *self._known][: self._most]
            return result


def _same(one: object, other: object) -> bool:
    return one is other or (isinstance(one, int) and one == other)


_programs: _Kept[Program] = _Kept()
_shared: _Kept[list[list[int]]] = _Kept()
