"""What every handler needs: the clock, the plan, the state, the log."""

from __future__ import annotations

from supplysim.engines.simpy_engine.clock import Clock
from supplysim.engines.simpy_engine.state import Entities, build
from supplysim.engines.trace import Event
from supplysim.plan import Plan

__all__ = ["Context"]


class Context:
    """One run in progress."""

    __slots__ = ("all", "clock", "env", "events", "plan")

    def __init__(self, plan: Plan, log: bool) -> None:
        self.plan = plan
        self.clock = Clock(float(-plan.warmup))
        self.env = self.clock.env
        self.all: Entities = build(plan)
        self.events: list[Event] | None = [] if log else None

    def log(self, kind: str, entity: str, quantity: float) -> None:
        """Note an event, if the log is wanted and the warm-up is over."""
        if self.events is not None and self.env.now >= 0.0:
            self.events.append((self.env.now, kind, entity, quantity))
