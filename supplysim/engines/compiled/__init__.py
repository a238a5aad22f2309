"""The compiled engine: one event loop over structured arrays, bit for bit the reference's twin.

Modules, in the order in which they build on each other: `jit` (how kernels are compiled), `codes`, `layout` (the
state), `arithmetic` (rules and draws), `queue`, `demand`, `rerouting`, `supply`, `gates`, `dispatch`,
`production`, `control`, `recording`, `loop`; `measures` and `program` fill the arrays from a plan, `execution` runs them.
"""

from __future__ import annotations

from supplysim.engines.compiled.execution import execute
from supplysim.engines.compiled.program import Program, lower
from supplysim.engines.trace import Trace
from supplysim.plan import Plan

__all__ = ["Program", "execute", "lower", "run"]


def run(plan: Plan, *, events: bool = False) -> Trace:
    """Run a plan from the start of its warm-up to its horizon."""
    return execute(plan, lower(plan), events=events)
