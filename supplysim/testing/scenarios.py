"""Random scenarios for a given network, whose measures are in reach of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from hypothesis import strategies as st

from supplysim.measures import CounterMeasure, ExportBan, Measure, Outage
from supplysim.model import Network
from supplysim.scenario import AnyMeasure, Scenario
from supplysim.testing import coercion, disruption, diversification, protection, technology
from supplysim.testing.drawer import START, Drawer, Kind, Reach

__all__ = ["ALL_MEASURES", "answering", "scenarios"]

KINDS: dict[type[Measure], Kind] = {
    **coercion.KINDS,
    **disruption.KINDS,
    **diversification.KINDS,
    **protection.KINDS,
    **technology.KINDS,
}
ALL_MEASURES: tuple[type[Measure], ...] = tuple(
    sorted(KINDS, key=lambda kind: (kind not in (ExportBan, Outage), kind is not ExportBan))
)
"""The measures that `scenarios` draws, simplest first."""


@st.composite
def scenarios(
    draw: st.DrawFn,
    network: Network,
    *,
    max_measures: int = 3,
    measures: Sequence[type[Measure]] = ALL_MEASURES,
    deterministic: bool = False,
    calendar: bool = True,
) -> Scenario:
    """Scenarios of up to ``max_measures`` overlapping measures that `lay_out` accepts on ``network``.

    ``measures`` are the types to draw from; trade measures appear only where a lane crosses a border, and
    `Outage` only where there is a site. ``deterministic`` leaves out what is drawn: spread durations, referrals,
    chances of approval, random outages. Without ``calendar`` there are no dates, holidays, working weeks or
    calendar periods, so that nothing depends on the weekday or the month.

    >>> from hypothesis import find
    >>> from supplysim.testing import tiny
    >>> bans = scenarios(tiny(), measures=[ExportBan])
    >>> found = find(bans, lambda scenario: len(scenario.measures) == 2)
    >>> [(measure.key, measure.origin, measure.begins) for measure in found.measures]
    [('ban-1', ('CN',), 0.0), ('ban-2', ('CN',), 0.0)]
    """
    start = draw(st.none() | START) if calendar else None
    reach = Reach(network, start, deterministic=deterministic, calendar=calendar)
    kinds = [kind for kind in measures if KINDS[kind].needs(reach)]
    drawn = draw(st.lists(_measures(reach, kinds), max_size=max_measures if kinds else 0))
    named = [
        dataclasses.replace(measure, key=f"{KINDS[type(measure)].prefix}-{i + 1}")
        for i, measure in enumerate(drawn)
    ]
    return Scenario(name="random", start=start, measures=tuple(answering(named)))


def answering(measures: Sequence[AnyMeasure]) -> list[AnyMeasure]:
    """Answers to coercion answer the first measure that is none; without one they are left out."""
    others = [m.key for m in measures if not isinstance(m, CounterMeasure)]
    return [
        dataclasses.replace(m, answers=others[0]) if isinstance(m, CounterMeasure) else m
        for m in measures
        if others or not isinstance(m, CounterMeasure)
    ]


@st.composite
def _measures(draw: st.DrawFn, reach: Reach, kinds: Sequence[type[Measure]]) -> AnyMeasure:
    kind = draw(st.sampled_from(kinds))
    return KINDS[kind].draw(Drawer(draw, reach))
