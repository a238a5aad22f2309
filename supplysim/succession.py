"""What passes from one stage of a spliced scenario to the next: what goes on, ends, begins.

A measure whose primitives are the same in both stages goes on. One that is gone ends as if its ``ends`` were
that moment; what it leaves behind (a recovery, a ramp) takes its course. One that is new and has begun by
then begins at that moment: what it would have in force is made then. A key has one contribution to a target:
the after-effects of a measure give way where another of the same key speaks.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from supplysim.changes import STRUCTURE, Change, Primitive, Recall, Standing, Target, Value
from supplysim.measures import Context, Measure
from supplysim.model import Network
from supplysim.rules import on_grid

__all__ = ["Stage", "succeed"]

AGAIN = "|again"
"""Ends the key under which a measure acts where something random of the same key has just ended."""

Place = tuple[Target, str]
Entity = tuple[str, str]


@dataclass(frozen=True)
class Stage:
    """One scenario laid out: since when it holds, the network with its own structure, its measures by key.

    ``primitives`` are those of its measures on the network with the structure of all stages.
    """

    since: float
    network: Network
    measures: Mapping[str, Measure]
    primitives: Mapping[str, list[Primitive]]


@dataclass(frozen=True)
class _Part:
    """A measure in force: as it was laid out, and as it acts here, under which key."""

    measure: Measure
    laid: list[Primitive]
    acts: list[Primitive]
    key: str


def succeed(stages: Sequence[Stage], context: Context) -> list[Primitive]:
    """The primitives of scenarios that hold one after the other. ``context`` has the structure of all."""
    if len(stages) == 1:
        return [act for key in sorted(stages[0].primitives) for act in stages[0].primitives[key]]
    settled: list[Primitive] = []
    going: dict[str, _Part] = {}
    present: dict[Entity, float] = {}
    for stage in stages:
        for key in sorted(going):
            if stage.primitives.get(key) != going[key].laid:
                settled += _ended(going.pop(key), stage.since, context)
        context = dataclasses.replace(context, measures=stage.measures)
        begun = [
            _begun(stage.measures[key], stage.primitives[key], stage.since, present, settled)
            for key in sorted(stage.measures)
            if key not in going
        ]
        settled = _give_way(settled, [act for part in begun for act in part.acts])
        going |= {part.measure.key: part for part in begun}
        for entity in _entities(stage.network):
            present.setdefault(entity, stage.since)
    return _postponed(settled + [act for part in going.values() for act in part.acts], present)


def _ended(part: _Part, at: float, context: Context) -> list[Primitive]:
    """What a measure was until ``at``, and what it still does when it ends then."""
    history = [act for act in _changes(part.acts) if _when(act) < at]
    standing = [
        dataclasses.replace(act, ends=min(act.ends, at))
        for act in _standing(part.acts)
        if act.begins < at
    ]
    measure = part.measure
    if on_grid(measure.in_force(context)) >= at:
        return [*history, *standing, *_undone(history, at)]
    over = measure.ends is not None and on_grid(context.time(measure.ends)) <= at
    ended = part.laid if over else measure.until(at).primitives(context)
    after = _renamed([c for c in _changes(ended) if _when(c) >= at], measure.key, part.key)
    return [*history, *standing, *after]


def _undone(history: list[Change], at: float) -> list[Change]:
    """A measure that never began takes back what its announcement did; what it built stays as built."""
    built = {_place(c): c.value for c in history if math.isinf(c.time)}
    announced = {_place(c) for c in history if not math.isinf(c.time)}
    return [Change(at, *place, built.get(place)) for place in sorted(announced)]


def _begun(
    measure: Measure,
    laid: list[Primitive],
    at: float,
    present: Mapping[Entity, float],
    settled: list[Primitive],
) -> _Part:
    """A measure that acts from ``at`` on. What it did before and would be in force is done at ``at``.

    A recall belongs to the moment when a measure begins; if that is past, nothing is recalled.
    """
    acts: list[Change] = []
    net: dict[Place, Value | None] = {}
    known = {_place(c) for c in _changes(settled)}
    for change in sorted(_changes(laid), key=_when):
        place, built = _place(change), math.isinf(change.time)
        if _when(change) >= at:
            acts.append(change)
            if _when(change) == at:
                net.pop(place, None)
        elif built and _entity(change.target) not in present:
            acts.append(change)
            known.add(place)
        elif not isinstance(change.value, Recall) and not (built and place in known):
            net[place] = change.value  # what was built before stands as it was left
    acts += [
        Change(at, *place, value)
        for place, value in net.items()
        if value is not None or place in known or place[1] == STRUCTURE
    ]
    standing = [
        dataclasses.replace(act, begins=max(act.begins, at))
        for act in _standing(laid)
        if act.ends > at
    ]
    # what is random ends in an engine's own order at that instant, so it must not share a contribution
    taken = {_place(c) for s in _standing(settled) for c in s.makes}
    clash = any(_place(c) in taken for c in acts)
    key = measure.key + AGAIN if clash else measure.key
    return _Part(measure, laid, [*_renamed(acts, measure.key, key), *standing], key)


def _give_way(settled: list[Primitive], begun: list[Primitive]) -> list[Primitive]:
    """After-effects of ended measures last until a measure of the same key speaks on the same target."""
    speaks: dict[Place, float] = {}
    for change in _changes(begun):
        place = _place(change)
        speaks[place] = min(_when(change), speaks.get(place, math.inf))
    touched = {_place(c) for c in _changes(settled)}
    cleared: list[Primitive] = []
    for act in _standing(begun):
        for place in sorted({_place(c) for c in act.makes} & touched):
            speaks[place] = on_grid(act.begins)
            cleared.append(Change(act.begins, *place, None))
    kept = [
        p
        for p in settled
        if not isinstance(p, Change) or _when(p) < speaks.get(_place(p), math.inf)
    ]
    return kept + cleared


def _postponed(primitives: list[Primitive], present: Mapping[Entity, float]) -> list[Primitive]:
    """Measures reach what a later scenario builds when that scenario holds, not before.

    What is built closed from the start would else stand under quotas and licences that it never had.
    """
    kept: list[Primitive] = [p for p in primitives if not isinstance(p, Change)]
    waiting: dict[Place, Change] = {}
    for change in sorted(_changes(primitives), key=_when):
        since = present[_entity(change.target)]
        if math.isinf(change.time) or _when(change) >= since:
            if _when(change) == since:
                waiting.pop(_place(change), None)
            kept.append(change)
        elif not isinstance(change.value, Recall):
            waiting[_place(change)] = dataclasses.replace(change, time=since)
    return kept + [change for change in waiting.values() if change.value is not None]


def _changes(primitives: Iterable[Primitive]) -> list[Change]:
    return [p for p in primitives if isinstance(p, Change)]


def _standing(primitives: Iterable[Primitive]) -> list[Standing]:
    return [p for p in primitives if not isinstance(p, Change)]


def _renamed(changes: list[Change], key: str, other: str) -> list[Change]:
    if key == other:
        return changes
    return [dataclasses.replace(c, key=other) if c.key == key else c for c in changes]


def _when(change: Change) -> float:
    """The moment at which engines make a change."""
    return change.time if math.isinf(change.time) else on_grid(change.time)


def _place(change: Change) -> Place:
    return (change.target, change.key)


def _entity(target: Target) -> Entity:
    return (target.kind, target.name)


def _entities(network: Network) -> list[Entity]:
    tables: dict[str, Iterable[str]] = {
        "lane": network.lanes_by_key,
        "site": network.site_by_name,
        "slot": network.slots,
        "demand": network.demand_by_name,
    }
    return [(kind, name) for kind, table in tables.items() for name in table]
