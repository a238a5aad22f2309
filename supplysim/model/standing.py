"""What a node does by itself when things stay bad: a reserve that opens, idle capacity that restarts."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY

from pydantic import model_validator

from supplysim.model.fields import Course, LongTime, Positive, PositiveOrInf, frozen

__all__ = ["Idle", "Release"]


@frozen
class Release:
    """When a reserve opens: its users' pooled stock falls below ``below`` days of baseline use.

    It opens ``delay`` days after (the decision), gives at most ``rate`` units a day in all, and closes when
    the pooled stock is back above ``above`` days.

    >>> Release(30.0, 60.0, delay=7.0).rate
    inf
    """

    below: LongTime
    above: LongTime
    _: KW_ONLY
    delay: LongTime = 0.0
    rate: PositiveOrInf = math.inf

    @model_validator(mode="after")
    def _ordered(self) -> Release:
        if self.above < self.below:
            raise ValueError("must have below <= above")
        return self


@frozen
class Idle:
    """Capacity that stands still until what the site owes calls for it: a furnace, a mothballed mine.

    ``capacity`` is in units a day. When the site owes its customers, beyond the stock that it has, more than
    ``backlog`` days of its baseline output for ``after`` days on end, its owner decides to restart it: nothing comes
    for ``delay`` days, then it ramps up over ``ramp`` days, in ten equal steps, or daily ones if these are fewer. When
    the site has owed less for ``after`` days, it stops at once, or the restart is called off.

    >>> Idle(0.5, delay=120.0).ramp
    90.0
    """

    capacity: Positive
    _: KW_ONLY
    after: LongTime = 30.0
    backlog: LongTime = 7.0
    delay: LongTime = 90.0
    ramp: Course = 90.0
