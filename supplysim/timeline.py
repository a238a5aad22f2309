"""A scenario laid out on a network: the structure it needs, and its changes merged and sorted.

This is all that an engine ever learns of a scenario.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from dataclasses import dataclass

from supplysim.changes import STRUCTURE, Change, Closed, Ledger, Primitive, Renewal, Target, Watch
from supplysim.errors import Fault, InvalidInput
from supplysim.measures import Context
from supplysim.model import Network
from supplysim.scenario import Scenario

__all__ = ["Timeline", "lay_out"]


@dataclass(frozen=True)
class Timeline:
    """The network with all structure, and what happens to it: changes by time, watches, renewals."""

    network: Network
    name: str
    start: dt.date | None
    changes: tuple[Change, ...]
    watches: tuple[Watch, ...]
    renewals: tuple[Renewal, ...]


def lay_out(network: Network, scenario: Scenario | None) -> Timeline:
    """Turn the scenario's measures into structure and primitives; refuse it with every fault.

    Measures are taken in order of key, so the order of listing does not matter.
    """
    start = None if scenario is None else scenario.start
    measures = [] if scenario is None else list(enumerate(scenario.measures))
    measures.sort(key=lambda item: item[1].key)
    faults: list[Fault] = []
    for place, measure in measures:
        try:
            network = measure.structure(network)
        except InvalidInput as error:
            faults += _at(place, error.faults)
    context = Context(network, start)
    primitives: list[Primitive] = []
    for place, measure in measures:
        found = measure.faults(context)
        faults += _at(place, found)
        if not found and not faults:
            primitives += measure.primitives(context)
    if faults:
        name = "" if scenario is None else scenario.name
        raise InvalidInput(faults, what=f"Scenario {name!r} on network {network.name!r}")
    primitives += _release_rules(network)
    return Timeline(
        network=network,
        name="" if scenario is None else scenario.name,
        start=start,
        changes=tuple(sorted((p for p in primitives if isinstance(p, Change)), key=_order)),
        watches=tuple(sorted((p for p in primitives if isinstance(p, Watch)), key=lambda w: w.key)),
        renewals=tuple(
            sorted((p for p in primitives if isinstance(p, Renewal)), key=lambda r: r.key)
        ),
    )


def _at(place: int, faults: list[Fault] | tuple[Fault, ...]) -> list[Fault]:
    return [dataclasses.replace(f, path=f"measures[{place}].{f.path}".rstrip(".")) for f in faults]


def _order(change: Change) -> tuple[float, Target, str]:
    return (change.time, change.target, change.key)


def _release_rules(network: Network) -> list[Primitive]:
    """Reserves: closed until a watch on their users' pooled stock opens them, at most so much a day.

    While a reserve gives it does not buy, or it would compete with those whom it serves.
    """
    primitives: list[Primitive] = []
    for name, store in network.store_by_name.items():
        rule = store.release
        if rule is None:
            continue
        key = f"|store {name}"  # the sign keeps it apart from every measure's key
        gates = [Target("lane", lane.key, "gate") for lane in network.lanes_from[name]]
        supply = [Target("lane", lane.key, "gate") for lane in network.lanes_into[name]]
        slots = tuple(sorted({network.slot_of(lane).key for lane in network.lanes_from[name]}))
        primitives += [Change(-math.inf, gate, STRUCTURE, Closed()) for gate in gates]
        if not math.isinf(rule.rate):
            ledger = Ledger(key, rule.rate, period=1.0)
            primitives += [Change(-math.inf, gate, key, ledger) for gate in gates]
        opening = [Change(0.0, gate, STRUCTURE, None) for gate in gates]
        pausing = [Change(0.0, gate, key, Closed()) for gate in supply]
        closing = [Change(0.0, gate, STRUCTURE, Closed()) for gate in gates]
        resuming = [Change(0.0, gate, key, None) for gate in supply]
        primitives.append(
            Watch(
                key,
                slots,
                below=rule.below,
                above=rule.above,
                delay=rule.delay,
                then=(*opening, *pausing),
                otherwise=(*closing, *resuming),
            )
        )
    return primitives
