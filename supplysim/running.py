"""Running plans: which engine, and that nothing leaves it unbalanced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from supplysim.balance import check_balance
from supplysim.engines.compiled import store
from supplysim.engines.trace import Trace
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.grouping import Groups, aggregate, group
from supplysim.plan import Plan

if TYPE_CHECKING:
    from supplysim.engines.simpy_engine import Process

__all__ = ["Engine", "choose", "releases_gil", "run_plan", "run_plans"]

Engine = Literal["auto", "simpy", "compiled"]
"""Which engine runs; ``auto`` is free to choose, since all give the same answer."""

EVENTS_A_SECOND = 60_000.0
"""About what the SimPy engine does."""
TO_LOAD = 3.0
"""Seconds of simulation from which on it pays to load the compiled engine."""
TO_COMPILE = 60.0
"""Seconds of simulation from which on it pays to compile it first."""


def choose(
    engine: Engine, plans: Sequence[Plan], *, runs: int = 1, processes: Sequence[Process] = ()
) -> Literal["simpy", "compiled"]:
    """The engine that will run: the one asked for, or the one that is done sooner.

    Users' own processes are SimPy's. Else the compiled engine runs if it is loaded already, or if the work is worth
    loading it, or compiling it where that has not been done on this machine.
    """
    if engine not in ("auto", "simpy", "compiled"):
        rule = f"unknown engine; {nearest(str(engine), ['auto', 'simpy', 'compiled'])}"
        raise InvalidInput([Fault("engine", rule, engine)], what="run")
    if processes and engine == "compiled":
        rule = "users' own processes run on the SimPy engine only"
        raise InvalidInput([Fault("engine", rule, engine)], what="run")
    if engine != "auto":
        return engine
    if processes:
        return "simpy"
    if store.is_loaded():
        return "compiled"
    seconds = runs * sum(plan.expected_events for plan in plans) / EVENTS_A_SECOND
    return "compiled" if seconds > (TO_LOAD if store.is_ready() else TO_COMPILE) else "simpy"


def run_plan(
    plan: Plan, engine: Engine, events: bool = False, processes: Iterable[Process] = ()
) -> Trace:
    """Run a plan on the engine asked for."""
    processes = tuple(processes)
    if choose(engine, [plan], processes=processes) == "compiled":
        from supplysim.engines import compiled

        return compiled.run(plan, events=events)
    from supplysim.engines import simpy_engine

    return simpy_engine.run(plan, events=events, processes=processes)


def run_plans(
    plans: Sequence[Plan],
    engine: Engine,
    *,
    records: Literal["entity", "group"] = "entity",
    groups: Sequence[Groups] = (),
) -> list[Trace]:
    """Run one replication of several scenarios, given as plans, and check that goods balance.

    With ``records="group"`` the traces hold sums over groups of entities: those of ``groups``, one for each plan,
    or else of `group`.
    """
    sums = [None] * len(plans) if records == "entity" else (groups or [group(p) for p in plans])
    if choose(engine, plans) == "compiled":
        from supplysim.engines import compiled

        traces = compiled.run_all(plans, groups=sums)
        for plan, trace, summed in zip(plans, traces, sums, strict=True):
            check_balance(plan, trace, summed)
        return traces
    traces = [run_plan(plan, "simpy") for plan in plans]
    for plan, trace in zip(plans, traces, strict=True):
        check_balance(plan, trace)
    return [
        trace if summed is None else aggregate(trace, summed)
        for trace, summed in zip(traces, sums, strict=True)
    ]


def releases_gil(engine: Engine) -> bool:
    """Whether threads of one process run this engine side by side; where not, it takes processes."""
    return engine == "compiled"
