"""Time and order: SimPy's clock, with the phases that order what happens at one instant.

Every event is scheduled with an integer priority made of (phase, rank, serial), so SimPy always takes
the smallest pending (time, phase, rank, serial). Users' processes keep SimPy's own priorities 0
and 1 and therefore run before every phase of an instant.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import simpy

__all__ = ["Clock", "Phase", "Wake"]


class Phase(IntEnum):
    """What comes before what at one instant.

    Record first: at day k it closes [k-1, k) and sees the state before day k. A shut at t stops a
    dispatch at t, never an arrival. A handler may schedule any phase at the present instant; a lower phase
    made after a higher one ran is simply next.
    """

    RECORD = 0
    CHANGE = 1
    ARRIVAL = 2
    LOT_DONE = 3
    DEMAND = 4
    ORDER = 5
    DISPATCH = 6
    GATE = 7
    LOT_START = 8


Handler = Callable[[simpy.Event], None]


class Clock:
    """A SimPy environment whose events carry (phase, rank, serial)."""

    __slots__ = ("env",)

    def __init__(self, begins: float) -> None:
        self.env = simpy.Environment(initial_time=begins)

    def event(self, time: float, phase: int, rank: int, serial: int = 0) -> simpy.Event:
        """An event that happens at ``time`` exactly, in its place among those of that instant."""
        env = self.env
        event = simpy.Event(env)
        event._ok = True
        event._value = None
        # All times are multiples of 2**-20, so now + (time - now) is time.
        env.schedule(event, 2 + (phase << 96 | rank << 64 | serial), time - env.now)  # type: ignore[arg-type]
        return event

    def call(self, time: float, phase: int, rank: int, serial: int, handler: Handler) -> None:
        """Have ``handler`` called at that moment."""
        event = self.event(time, phase, rank, serial)
        event.callbacks.append(handler)


class Wake:
    """A wake-up of one entity in one phase: no data, at most one pending, waking twice is waking once."""

    __slots__ = ("_clock", "_handler", "_pending", "_phase", "_rank", "_serial")

    def __init__(
        self,
        clock: Clock,
        phase: Phase,
        rank: int,
        handler: Callable[[], object],
        serial: int = 0,
    ) -> None:
        self._clock = clock
        self._phase = int(phase)
        self._rank = rank
        self._serial = serial
        self._handler = handler
        self._pending = False

    def __call__(self) -> None:
        """Wake the entity at the present instant, unless that is due already."""
        if not self._pending:
            self._pending = True
            clock = self._clock
            clock.call(clock.env.now, self._phase, self._rank, self._serial, self._run)

    def _run(self, _: simpy.Event) -> None:
        self._pending = False
        self._handler()
