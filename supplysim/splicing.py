"""One policy until a day, another from then on: scenarios in stages."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydantic

from supplysim import rules
from supplysim.errors import Fault, InvalidInput
from supplysim.measures import Context
from supplysim.model import Network
from supplysim.model.fields import Moment, faults_of
from supplysim.scenario import Scenario

__all__ = ["Spliced", "day_of", "splice"]

Stages = tuple[tuple[float, Scenario], ...]

UNDISTURBED = Scenario(horizon=365)
"""What None stands for, with the horizon of an undisturbed run."""
NOWHERE = Network(name="none", commodities=())
MOMENT: pydantic.TypeAdapter[float | dt.date] = pydantic.TypeAdapter(Moment)


@dataclass(frozen=True, slots=True)
class Spliced:
    """Scenarios one after the other; made by `splice`, and run like any scenario.

    ``stages`` are pairs (days from the start, the scenario that holds from then on); the first holds from before
    the warm-up on. The start is common to all; ``horizon``, ``warmup``, ``replications`` and ``seed``, the
    defaults of a run, are the first scenario's.

    >>> from supplysim.scenario import Scenario
    >>> made = splice(Scenario(horizon=100), Scenario(horizon=100), at=30.0)
    >>> type(made).__name__
    'Spliced'
    """

    stages: Stages

    @property
    def name(self) -> str:
        """The scenarios' names, with the days from which they hold."""
        (_, first), *others = self.stages
        return " | ".join([_name(first), *(f"day {at:g}: {_name(other)}" for at, other in others)])

    @property
    def start(self) -> dt.date | None:
        """The date of day 0."""
        return self.stages[0][1].start

    @property
    def horizon(self) -> int:
        """Days that a run covers if not told otherwise."""
        return self.stages[0][1].horizon

    @property
    def warmup(self) -> int | None:
        """Days that run unrecorded before day 0, if the scenario says so."""
        return self.stages[0][1].warmup

    @property
    def replications(self) -> int:
        """Replications of an ensemble if not told otherwise."""
        return self.stages[0][1].replications

    @property
    def seed(self) -> int:
        """The seed if not told otherwise."""
        return self.stages[0][1].seed


def splice(
    old: Scenario | Spliced | None, new: Scenario | Spliced | None, at: float | dt.date | str
) -> Spliced:
    """The scenario ``old`` until ``at``, and ``new`` from then on (None: undisturbed).

    ``at`` is a date or days from the start. A measure that both have goes on, with its state; one of the old alone
    ends at ``at``, and what it leaves behind takes its course; one of the new alone that has begun
    by then begins at ``at``. Both must have the same start, or the new one none.

    >>> from supplysim.measures import ExportBan
    >>> ban = ExportBan(origin=["CN"], commodities=["ore"])
    >>> lifted = splice(Scenario(name="ban", measures=[ban]), None, at=60)
    >>> lifted.name
    'ban | day 60: undisturbed'

    What is spliced again forgets the stages that are never reached.

    >>> splice(lifted, Scenario(name="quota"), at=30).name
    'ban | day 30: quota'
    """
    before, after = _stages(old), _stages(new)
    start = _common_start(before, after[0][1].start)
    day = day_of(at, start)
    until = [*(since for since, _ in after[1:]), math.inf]
    stages = [(since, piece) for since, piece in before if since < day]
    stages += [
        (max(since, day), piece)
        for (since, piece), end in zip(after, until, strict=True)
        if end > day
    ]
    return Spliced(tuple((since, _dated(piece, start)) for since, piece in stages))


def day_of(at: float | dt.date | str, start: dt.date | None) -> float:
    """A date or a number of days as days from the start, on the time grid.

    >>> day_of("2023-08-01", dt.date(2023, 7, 3))
    29.0
    """
    try:
        day = rules.on_grid(Context(NOWHERE, start).time(MOMENT.validate_python(_plain(at))))
        faults = [] if day >= 0.0 else [Fault("", "must not be before the start", at)]
    except pydantic.ValidationError as error:
        faults = faults_of(error)
    except InvalidInput as error:  # a date, but no start
        faults = [Fault("", f"{f.path} {f.rule}", f.value) for f in error.faults]
    if faults:
        raise InvalidInput([dataclasses.replace(f, path="at") for f in faults], what="splice")
    return day


def _plain(at: Any) -> Any:
    """A number out of an array as a plain one."""
    return at.item() if isinstance(at, np.generic) else at


def _stages(scenario: Scenario | Spliced | None) -> Stages:
    if isinstance(scenario, Spliced):
        return scenario.stages
    return ((-math.inf, UNDISTURBED if scenario is None else scenario),)


def _common_start(old: Stages, new: dt.date | None) -> dt.date | None:
    """The date of day 0: the old scenario's; where that has no date and no measure, the new one's."""
    start = old[0][1].start
    if new in (None, start):
        return start
    if start is None and not any(piece.measures for _, piece in old):
        return new
    rule = f"must be the old scenario's ({start}), or be left out"
    raise InvalidInput([Fault("start", rule, new)], what="splice")


def _dated(scenario: Scenario, start: dt.date | None) -> Scenario:
    return scenario if scenario.start == start else dataclasses.replace(scenario, start=start)


def _name(scenario: Scenario) -> str:
    return scenario.name or ("unnamed" if scenario.measures else "undisturbed")
