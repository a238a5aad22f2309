"""Moving the shares of orders from some suppliers to others, as far as these are qualified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from supplysim import rules
from supplysim.changes import Change, Factor, Target
from supplysim.measures.base import Context, Measure
from supplysim.model import Lane

__all__ = ["DEFAULT_ELASTICITY", "moved", "moving", "repriced"]

DEFAULT_ELASTICITY = 3.0
"""Of substitution between origins where a commodity gives none: about the median of estimates at the level of goods
(Feenstra, Luck, Obstfeld & Russ 2018, "In search of the Armington elasticity")."""


def repriced(
    lanes: Sequence[Lane], prices: Mapping[str, float], elasticity: float
) -> dict[str, float]:
    """New shares of the lanes into one slot when delivered prices are these multiples of before (by key; else 1)."""
    before = [lane.share for lane in lanes]
    wanted = rules.armington(before, [prices.get(lane.key, 1.0) for lane in lanes], elasticity)
    caps = [max(x.share, x.max_share) if x.share > 0.0 else 0.0 for x in lanes]
    return _by_key(lanes, rules.water_fill(rules.total(before), wanted, caps))


def moved(lanes: Sequence[Lane], left: Mapping[str, float]) -> dict[str, float]:
    """New shares of the lanes into one slot when some (by key) may keep no more than these.

    The others take over in proportion to their shares, none above what it is qualified for (``max_share``); what
    nobody can take over stays where it was.
    """
    before = [lane.share for lane in lanes]
    kept = [min(lane.share, left.get(lane.key, lane.share)) for lane in lanes]
    lost = rules.total([old - new for old, new in zip(before, kept, strict=True)])
    weights = [0.0 if lane.key in left else lane.share for lane in lanes]
    room = [
        0.0 if lane.key in left or lane.share <= 0.0 else max(0.0, lane.max_share - lane.share)
        for lane in lanes
    ]
    taken = rules.water_fill(lost, weights, room)
    rest = max(0.0, lost - rules.total(taken))
    stays = [
        rest * ((old - new) / lost) if lost > 0.0 else 0.0
        for old, new in zip(before, kept, strict=True)
    ]
    return _by_key(lanes, [a + b + c for a, b, c in zip(kept, taken, stays, strict=True)])


def moving(
    measure: Measure, context: Context, lanes: Sequence[Lane], shares: Mapping[str, float]
) -> list[Change]:
    """The changes that give the lanes of one slot these shares while a measure is in force."""
    changes: list[Change] = []
    for lane in lanes:
        if lane.share > 0.0 and shares[lane.key] != lane.share:
            factor = Factor(shares[lane.key] / lane.share)
            changes += measure.window(context, Target("lane", lane.key, "share"), factor)
    return changes


def _by_key(lanes: Sequence[Lane], shares: Sequence[float]) -> dict[str, float]:
    return {lane.key: share for lane, share in zip(lanes, shares, strict=True)}
