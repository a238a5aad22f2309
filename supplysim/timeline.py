"""A scenario laid out on a network: the structure it needs, and its changes merged and sorted.

This is all that an engine ever learns of a scenario, spliced or not.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, TypeVar

import numpy as np

from supplysim.changes import (
    STRUCTURE,
    Attempts,
    Change,
    Closed,
    Factor,
    Ledger,
    Market,
    Primitive,
    Renewal,
    Standing,
    Target,
    Watch,
)
from supplysim.errors import Fault, InvalidInput
from supplysim.measures import Context, Measure, TradeMeasure
from supplysim.model import Network
from supplysim.model.slots import STORE
from supplysim.scenario import Scenario
from supplysim.splicing import Spliced
from supplysim.succession import Stage, succeed

__all__ = ["Timeline", "lay_out"]

RAMP_STEPS = 10
"""Steps in which idle capacity comes back: each is a change that every plan lays out."""

Actor = TypeVar("Actor", Watch, Renewal, Attempts)
RENEWALS, ATTEMPTS = 1 << 20, 1 << 21
"""Serials of renewals, and of attempts, begin here: after those of the watches of the same key."""


@dataclass(frozen=True)
class Timeline:
    """The network with all structure, and what happens to it: changes by time, watches, renewals.

    >>> from supplysim.testing import tiny
    >>> lay_out(tiny(), None).changes
    ()
    """

    network: Network
    name: str
    start: dt.date | None
    changes: tuple[Change, ...]
    watches: tuple[Watch, ...]
    renewals: tuple[Renewal, ...]
    attempts: tuple[Attempts, ...] = ()
    markets: tuple[Market, ...] = ()

    @cached_property
    def numbered_watches(self) -> list[tuple[Watch, int]]:
        """Watches, each with its serial: several of one key have one rank, and take turns as they are listed."""
        return _numbered(self.watches, 0)

    @cached_property
    def numbered_renewals(self) -> list[tuple[Renewal, int]]:
        """Renewals, each with its serial: they come after the watches of their key."""
        return _numbered(self.renewals, RENEWALS)

    @cached_property
    def numbered_attempts(self) -> list[tuple[Attempts, int]]:
        """Attempts, each with its serial: they come after the renewals of their key."""
        return _numbered(self.attempts, ATTEMPTS)

    @cached_property
    def numbered_markets(self) -> list[tuple[Market, int]]:
        """Markets, each with its serial."""
        return [(market, place) for place, market in enumerate(self.markets)]

    @property
    def varied_recipes(self) -> frozenset[str]:
        """Inputs that may take more or less into a unit than their recipe says."""
        changed = {x.target.name for x in self.everything if x.target.attribute == "gain"}
        return frozenset(changed.union(*(market.slots for market in self.markets)))

    @property
    def everything(self) -> Iterator[Change]:
        """All changes that may ever be made, by whatever."""
        yield from self.changes
        makers: list[Standing] = [*self.watches, *self.renewals, *self.attempts]
        for maker in makers:
            yield from maker.makes


def _numbered(items: Sequence[Actor], first: int) -> list[tuple[Actor, int]]:
    serials: dict[str, Iterator[int]] = {}
    return [(item, next(serials.setdefault(item.key, count(first)))) for item in items]


def lay_out(network: Network, scenario: Scenario | Spliced | None) -> Timeline:
    """Turn the scenario's measures into structure and primitives; refuse it with every fault.

    Measures are taken in order of key, so the order of listing does not matter. Each scenario of a spliced
    one must be valid by itself; the structure of all of them is there, closed, from the start.

    >>> from supplysim.measures import ExportBan
    >>> from supplysim.testing import tiny
    >>> ban = ExportBan(origin=["CN"], commodities=["ore"], begins=30, ends=60)
    >>> [(change.time, change.target.name) for change in lay_out(tiny(), Scenario(measures=[ban])).changes]
    [(30.0, 'mine|use|'), (60.0, 'mine|use|')]
    """
    given = Scenario() if scenario is None else scenario
    pieces = given.stages if isinstance(given, Spliced) else ((-math.inf, given),)
    own = [_own_network(network, piece) for _, piece in pieces]
    whole = own[0] if len(own) == 1 else _joint_network(network, [piece for _, piece in pieces])
    context = Context(whole, given.start, given=network)
    stages = []
    for (since, piece), there in zip(pieces, own, strict=True):
        measures = {measure.key: measure for measure in piece.measures}
        there_too = dataclasses.replace(context, measures=measures)
        laid = {key: measure.primitives(there_too) for key, measure in measures.items()}
        stages.append(Stage(since, there, measures, laid))
    primitives = succeed(stages, context) + _release_rules(whole, stages)
    primitives += _restart_rules(whole)
    changes = [p for p in primitives if isinstance(p, Change)]
    watches = [p for p in primitives if isinstance(p, Watch)]
    renewals = [p for p in primitives if isinstance(p, Renewal)]
    attempts = [p for p in primitives if isinstance(p, Attempts)]
    return Timeline(
        network=whole,
        name=given.name,
        start=given.start,
        changes=tuple(sorted(changes, key=_order)),
        watches=tuple(sorted(watches, key=lambda w: (w.key, w.begins))),
        renewals=tuple(sorted(renewals, key=lambda r: (r.key, r.begins))),
        attempts=tuple(sorted(attempts, key=lambda a: (a.key, a.begins))),
        markets=tuple(_markets(whole, pieces, stages, context)),
    )


def _own_network(network: Network, scenario: Scenario) -> Network:
    """The network with the structure of one scenario; raises every fault of its measures."""
    measures = sorted(enumerate(scenario.measures), key=lambda item: item[1].key)
    what = f"Scenario {scenario.name!r} on network {network.name!r}"
    faults: list[Fault] = []
    parts: list[Built] = []
    for place, measure in measures:
        try:
            parts.append(built(network, measure.structure(network)))
        except InvalidInput as error:
            faults += _at(place, error.faults)
    whole = _together(network, parts, what)
    by_key = {measure.key: measure for _, measure in measures}
    context = Context(whole, scenario.start, by_key, network)
    for place, measure in measures:
        faults += _at(place, measure.faults(context))
    if faults:
        raise InvalidInput(faults, what=what)
    return whole


def _joint_network(network: Network, scenarios: Sequence[Scenario]) -> Network:
    """The network with the structure of all scenarios; what they build under one key must be the same."""
    variants: dict[str, list[Measure]] = {}
    for scenario in scenarios:
        for measure in scenario.measures:
            known = variants.setdefault(measure.key, [])
            if measure not in known:
                known.append(measure)
    faults: list[Fault] = []
    parts: list[Built] = []
    for key in sorted(variants):
        found = [built(network, measure.structure(network)) for measure in variants[key]]
        found = [part for part in found if any(part.values())]
        if any(part != found[0] for part in found):
            rule = "builds something else in each of the spliced scenarios; give each its own key"
            faults.append(Fault(f"measures, key {key!r}", rule))
        parts += found[:1]
    what = f"splice on network {network.name!r}"
    if faults:
        raise InvalidInput(faults, what=what)
    return _together(network, parts, what)


Built = dict[str, list[Any]]
"""What a measure builds: sites, stores, demands and lanes."""


def built(network: Network, other: Network) -> Built:
    """What one network has more than another."""
    if other is network:
        return {}
    before, after = network.tables.entity_place, other.tables.entity_place
    make = {"site": other.tables.site, "store": other.tables.store}
    make |= {"demand": other.tables.demand, "lane": other.tables.lane}
    return {
        f"{kind}s": [item(after[kind][name]) for name in sorted(after[kind].keys() - before[kind])]
        for kind, item in make.items()
    }


def _together(network: Network, parts: Sequence[Built], what: str) -> Network:
    """The network with all that measures build; two may not build one thing."""
    more: Built = {}
    for part in parts:
        for kind, items in part.items():
            more.setdefault(kind, []).extend(items)
    names = Counter(getattr(x, "name", None) or x.key for items in more.values() for x in items)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        rule = "is built by two measures; give each its own key"
        raise InvalidInput([Fault("measures", rule, name) for name in twice], what=what)
    return network.plus(**more)


def _at(place: int, faults: list[Fault] | tuple[Fault, ...]) -> list[Fault]:
    return [dataclasses.replace(f, path=f"measures[{place}].{f.path}".rstrip(".")) for f in faults]


def _order(change: Change) -> tuple[float, Target, str]:
    return (change.time, change.target, change.key)


def _release_rules(network: Network, stages: Sequence[Stage]) -> list[Primitive]:
    """Reserves: closed until a watch on their users' pooled stock opens them, at most so much a day.

    While a reserve gives it does not buy, or it would compete with those whom it serves. Where no scenario has
    it (any more), it neither gives nor buys, and keeps what it holds.
    """
    primitives: list[Primitive] = []
    stores = network.tables.stores
    reserves = np.flatnonzero(stores.release.each(lambda rule: rule is not None))
    for row in reserves.tolist():
        name, rule = stores.name[row], stores.release[row]
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
        watch = Watch(
            key,
            slots,
            level=rule.below,
            back=rule.above,
            delay=rule.delay,
            then=(*opening, *pausing),
            otherwise=(*closing, *resuming),
        )
        spells = _spells(name, stages)
        primitives += _supply_by_spells(supply, spells)
        primitives += [
            dataclasses.replace(watch, begins=max(0.0, begins), ends=ends)
            for begins, ends in spells
        ]
    return primitives


PRICED = 90.0
"""Days that users look ahead where prices move."""
CHOKE = 10.0
"""The highest price, in multiples of the normal one, of a commodity that gives none (an assumption)."""


def _markets(
    network: Network,
    pieces: Sequence[tuple[float, Scenario]],
    stages: Sequence[Stage],
    context: Context,
) -> Iterator[Market]:
    """One market for each commodity with elasticities: its users and makers outside the countries that are held back.

    These are the origins of trade measures that do something; where there are none, everybody is in it.
    """
    ends = [*(since for since, _ in pieces[1:]), math.inf]
    spells = [
        (max(0.0, since), end)
        for (since, piece), end in zip(pieces, ends, strict=True)
        if piece.prices and end > 0.0
    ]
    if not spells:
        return
    inside = _held_back(stages, context)
    t = network.tables
    country = t.country.every()
    for goods in network.commodities:
        supply, demand = goods.elasticity_supply or 0.0, goods.elasticity_demand or 0.0
        if (
            goods.elasticity_supply is None
            or goods.elasticity_demand is None
            or supply + demand <= 0.0
        ):
            continue
        place, held = t.commodity_place[goods.name], inside.get(goods.name, frozenset())
        slots = [
            t.slot_keys[row]
            for row in np.flatnonzero(t.slots.commodity == place).tolist()
            if country[t.slots.node[row]] not in held and t.slots.kind[row] != STORE
        ]
        makers = np.flatnonzero(t.product[: len(t.sites)] == place).tolist()
        sites = [t.sites.name[row] for row in makers if country[row] not in held]
        for begins, end in spells if slots else ():
            yield Market(
                f"|price {goods.name}",
                tuple(slots),
                tuple(sites),
                supply,
                demand,
                goods.choke_price or CHOKE,
                horizon=PRICED,
                begins=begins,
                ends=end,
            )


def _held_back(stages: Sequence[Stage], context: Context) -> dict[str, frozenset[str]]:
    """By commodity: the countries whose sales abroad some measure restricts."""
    found: dict[str, frozenset[str]] = {}
    for stage in stages:
        for key, measure in stage.measures.items():
            if isinstance(measure, TradeMeasure) and stage.primitives[key]:
                origin = context.network.countries(measure.origin)
                for goods in measure.commodities:
                    found[goods] = found.get(goods, frozenset()) | origin
    return found


def _restart_rules(network: Network) -> list[Primitive]:
    """Idle capacity: a watch on what the site owes restarts it, step by step, and stops it again.

    It belongs to the network and goes on whatever the scenario. It multiplies what is active, so that an outage
    of the site stops it as well; where nothing is active, the idle capacity is the base and at first none of it counts.
    """
    primitives: list[Primitive] = []
    tables, capacity = network.tables, network.baseline().arrays.capacity
    for row in np.flatnonzero(tables.sites.idle_capacity > 0.0).tolist():
        name, rule, base = tables.sites.name[row], tables.sites.idle[row], capacity.item(row)
        key, target = f"|idle {name}", Target("site", name, "capacity")
        active = 0.0 if tables.all_idle[row] else base
        still = Factor(0.0) if active == 0.0 else None
        steps = max(1, min(RAMP_STEPS, math.ceil(rule.ramp)))
        then = [
            Change(
                rule.delay + rule.ramp * step / steps,
                target,
                key,
                Factor((active + rule.capacity * step / steps) / base),
            )
            for step in range(1, steps + 1)
        ]
        if still is not None:
            primitives.append(Change(-math.inf, target, key, still))
        watch = Watch(
            key,
            (name,),
            level=rule.backlog,
            back=rule.backlog,
            then=tuple(then),
            otherwise=(Change(0.0, target, key, still),),
            observable="owed",
            for_days=rule.after,
        )
        primitives.append(watch)
    return primitives


def _spells(store: str, stages: Sequence[Stage]) -> list[tuple[float, float]]:
    """The times [begins, ends) in which the scenario of the moment has a store; the warm-up alone does not count."""
    spells: list[tuple[float, float]] = []
    ends = [*(stage.since for stage in stages[1:]), math.inf]
    for stage, until in zip(stages, ends, strict=True):
        if store not in stage.network.store_by_name:
            continue
        if spells and spells[-1][1] == stage.since:
            spells[-1] = (spells[-1][0], until)
        else:
            spells.append((stage.since, until))
    return [(begins, ends) for begins, ends in spells if ends > 0.0]


def _supply_by_spells(
    gates: Sequence[Target], spells: Sequence[tuple[float, float]]
) -> list[Change]:
    """What supplies a reserve is closed outside the times in which it is there."""
    shut = [-math.inf, *(ends for _, ends in spells if not math.isinf(ends))]
    opened = [begins for begins, _ in spells]
    times = {time: Closed() for time in shut} | dict.fromkeys(opened)
    return [
        Change(time, gate, STRUCTURE, value)
        for gate in gates
        for time, value in times.items()
        if not (math.isinf(time) and value is None)  # there from the start: open as built
    ]
