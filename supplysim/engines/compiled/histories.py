"""What several scenarios have in common: the changes, watches, renewals and attempts before they first differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from supplysim import rules
from supplysim.changes import Attempts, Change, Market, Renewal, Watch
from supplysim.plan import Plan

__all__ = ["Histories", "Part", "compare", "sharing"]


@dataclass
class Part:
    """Some of a timeline's primitives, each with its serial among those that could tie with it."""

    changes: list[Change] = field(default_factory=list)
    watches: list[tuple[Watch, int]] = field(default_factory=list)
    renewals: list[tuple[Renewal, int]] = field(default_factory=list)
    attempts: list[tuple[Attempts, int]] = field(default_factory=list)
    markets: list[tuple[Market, int]] = field(default_factory=list)

    def __len__(self) -> int:
        actors = len(self.watches) + len(self.renewals) + len(self.attempts) + len(self.markets)
        return len(self.changes) + actors


@dataclass(frozen=True)
class Histories:
    """The common part, until when it holds (days), and what each plan has of its own from then on."""

    until: float
    common: Part
    own: list[Part]


def sharing(plans: Sequence[Plan]) -> list[list[int]]:
    """Which plans run together: those that differ in nothing but changes, of which some part is the same."""
    together: list[list[int]] = []
    for i, plan in enumerate(plans):
        for others in together:
            known = [plans[k] for k in others]
            if _alike(known[0], plan) and compare([*known, plan]).until > -plan.warmup:
                others.append(i)
                break
        else:
            together.append([i])
    return together


def _alike(one: Plan, other: Plan) -> bool:
    same = ("seed", "replication", "horizon", "warmup")
    return all(getattr(one, name) == getattr(other, name) for name in same) and (
        one.network is other.network or one.network == other.network
    )


def compare(plans: Sequence[Plan]) -> Histories:
    """Split the timelines of plans that differ in nothing else."""
    timelines = [plan.timeline for plan in plans]
    parts = [
        Part(
            list(t.changes),
            t.numbered_watches,
            t.numbered_renewals,
            t.numbered_attempts,
            t.numbered_markets,
        )
        for t in timelines
    ]
    first = parts[0]
    same = 0
    while all(same < len(part.changes) for part in parts) and all(
        part.changes[same] == first.changes[same] for part in parts
    ):
        same += 1
    times = [part.changes[same].time for part in parts if same < len(part.changes)]
    watches = [item for item in first.watches if all(item in part.watches for part in parts)]
    renewals = [item for item in first.renewals if all(item in part.renewals for part in parts)]
    attempts = [item for item in first.attempts if all(item in part.attempts for part in parts)]
    markets = [item for item in first.markets if all(item in part.markets for part in parts)]
    own = [
        Part(
            part.changes[same:],
            [item for item in part.watches if item not in watches],
            [item for item in part.renewals if item not in renewals],
            [item for item in part.attempts if item not in attempts],
            [item for item in part.markets if item not in markets],
        )
        for part in parts
    ]
    for part in own:
        times += [float(math.ceil(watch.begins)) for watch, _ in part.watches]
        times += [renewal.begins for renewal, _ in part.renewals]
        times += [item.begins for item, _ in part.attempts]
        times += [item.begins for item, _ in part.markets]
    until = min((rules.on_grid(time) for time in times), default=math.inf)
    return Histories(until, Part(first.changes[:same], watches, renewals, attempts, markets), own)
