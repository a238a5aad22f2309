"""What measures bring, as arrays: contributions, changes, quotas, offices, watches and renewals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np

from supplysim import draws, rules
from supplysim.changes import (
    RETAINED,
    STRUCTURE,
    Add,
    Cap,
    Change,
    Closed,
    Factor,
    Inspection,
    Ledger,
    Market,
    Office,
    Recall,
    Renewal,
    Target,
    Value,
    Watch,
)
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.histories import Histories
from supplysim.engines.compiled.pools import Pools, rows
from supplysim.engines.compiled.queue import place
from supplysim.plan import APPLICATIONS, Plan

__all__ = ["Measures"]

T = TypeVar("T")
ATTRIBUTES = {
    ("lane", "gate"): c.LANE_GATE,
    ("lane", "share"): c.LANE_SHARE,
    ("lane", "capacity"): c.LANE_CAPACITY,
    ("lane", "delay"): c.LANE_DELAY,
    ("lane", "price"): c.LANE_PRICE,
    ("lane", "cost"): c.LANE_COST,
    ("lane", "duty"): c.LANE_DUTY,
    ("lane", "precedence"): c.LANE_PRECEDENCE,
    ("lane", "in_transit"): c.LANE_IN_TRANSIT,
    ("site", "capacity"): c.SITE_CAPACITY,
    ("slot", "cover"): c.SLOT_COVER,
    ("slot", "reaction"): c.SLOT_REACTION,
    ("slot", "gain"): c.SLOT_GAIN,
    ("demand", "rate"): c.DEMAND_RATE,
}
OBSERVABLES = {"stock": c.STOCK, "owed": c.OWED, "output": c.OUTPUT}
FIELDS = {"gate": "gates", "share": "shares", "capacity": "capacities", "delay": "delays"}
FIELDS |= {"price": "prices", "cost": "costs", "duty": "duties", "precedence": "precedences"}
FIELDS |= {"cover": "covers", "reaction": "reactions", "gain": "gains", "rate": "rates"}
LICENCE_DRAWS = (
    draws.Purpose.PAPERS,
    draws.Purpose.SERVICE,
    draws.Purpose.REFERRED,
    draws.Purpose.REFERRED_DELAY,
    draws.Purpose.APPROVAL,
)


class Measures:
    """Collects what a timeline may ever do, so that every contribution has its place."""

    def __init__(self, plan: Plan, histories: Histories, pools: Pools) -> None:
        self.plan = plan
        self.pools = pools
        parts = [histories.common, *histories.own]
        self.parts = parts
        self.changes: list[Change] = [change for part in parts for change in part.changes]
        self.due = len(self.changes)
        self.watches = [item for part in parts for item in part.watches]
        self.renewals = [item for part in parts for item in part.renewals]
        self.attempts = [item for part in parts for item in part.attempts]
        self.markets = [item for part in parts for item in part.markets]
        self.lists: list[tuple[int, int]] = []
        actors: list[Watch | Renewal] = [item for item, _ in self.watches]
        actors += [item for item, _ in self.renewals]
        lists = [made for actor in actors for made in (actor.then, actor.otherwise)]
        lists += [made for item, _ in self.attempts for made in item.then]
        for changes in lists:
            self.lists.append((len(self.changes), len(changes)))
            self.changes += changes
        self.terms = [self._terms_of(market) for market, _ in self.markets]
        self.longest = max([1, *(count for _, count in self.lists), *map(len, self.terms)])
        self.offices: list[Office] = []
        self._seen: dict[int, int] = {}
        self.immediate = 0
        self._cells()
        self._gates()

    def _cells(self) -> None:
        """Rows for contributions: by target, in order of key."""
        t = self.plan.network.tables
        keys: dict[Target, set[str]] = {}
        for change in self.changes:
            if change.target.attribute != "in_transit":
                keys.setdefault(change.target, set()).add(change.key)
        for (market, _), terms in zip(self.markets, self.terms, strict=True):
            for target, _ in terms:
                keys.setdefault(target, set()).add(market.key)
        for row in np.flatnonzero(t.lanes.closed).tolist():
            keys.setdefault(Target("lane", t.lane_key(row), "gate"), set()).add(STRUCTURE)
        for row in np.flatnonzero(t.slots.retain[t.lane_slot] > 0.0).tolist():
            keys.setdefault(Target("lane", t.lane_key(row), "share"), set()).add(RETAINED)
        self.blocks: dict[Target, tuple[int, int]] = {}
        self.cells: dict[tuple[Target, str], int] = {}
        for target in sorted(keys):
            self.blocks[target] = (len(self.cells), len(keys[target]))
            for key in sorted(keys[target]):
                self.cells[target, key] = len(self.cells)

    def _gates(self) -> None:
        """Rows for (quota, lane) and (office, lane), those of one quota together."""
        quotas = {id(x.value): x.value for x in self.changes if isinstance(x.value, Ledger)}
        self.ledgers = sorted(set(quotas.values()))
        passes, licences, inspections = set(), set(), dict[tuple[Inspection, int], None]()
        for change in self.changes:
            if isinstance(change.value, Ledger):
                passes.add((self._place(self.ledgers, change.value), self._lane(change)))
            elif isinstance(change.value, Office):
                licences.add((self._place(self.offices, change.value), self._lane(change)))
            elif isinstance(change.value, Inspection):
                inspections[change.value, self._lane(change)] = None
        self.passes = {pair: i for i, pair in enumerate(sorted(passes))}
        self.licences = {pair: i for i, pair in enumerate(sorted(licences))}
        self.inspections = {pair: i for i, pair in enumerate(inspections)}

    def _lane(self, change: Change) -> int:
        return self.index["lane"][change.target.name]

    @property
    def index(self) -> dict[str, dict[str, int]]:
        """The place of each entity in its table, by kind and name."""
        return self.plan.network.tables.entity_place

    def _place(self, known: list[T], value: T) -> int:
        """The row of a quota or office: one for each value (looked up by identity first)."""
        if id(value) not in self._seen:
            if value not in known:
                known.append(value)
            self._seen[id(value)] = known.index(value)
        return self._seen[id(value)]

    # --- tables ----------------------------------------------------------------------------------

    def fill(self, arrays: dict[str, Any]) -> None:
        """Make the tables, and tell the entities where their contributions stand."""
        for target, (first, count) in self.blocks.items():
            row = arrays[f"{target.kind}s"][self.index[target.kind][target.name]]
            setattr(row, FIELDS[target.attribute], first)
            setattr(row, f"{FIELDS[target.attribute]}_n", count)
        self._fill_cells(arrays)
        self._fill_changes(arrays)
        self._fill_quotas(arrays)
        self._fill_offices(arrays)
        self._fill_inspections(arrays)
        self._fill_actors(arrays)

    def _fill_cells(self, arrays: dict[str, Any]) -> None:
        cells = arrays["cells"] = rows("cells", len(self.cells))
        for (target, key), i in self.cells.items():
            lane = self.index["lane"].get(target.name) if target.kind == "lane" else None
            if lane is not None and key == RETAINED:
                arrays["lanes"]["retained"][lane] = i
            if lane is not None and key == STRUCTURE and arrays["lanes"]["closed"][lane]:
                cells["kind"][i] = c.CLOSED

    def _fill_changes(self, arrays: dict[str, Any]) -> None:
        table = arrays["changes"] = rows("changes", len(self.changes))
        for row, change in zip(table, self.changes, strict=False):
            target = change.target
            row.attribute = ATTRIBUTES[target.kind, target.attribute]
            row.entity = self.index[target.kind][target.name]
            row.kind, row.value, row.ref = self._value(change)
            row.time = change.time
            if isinstance(change.value, Recall):
                arrays["lanes"]["recallable"][row.entity] = 1
            elif target.attribute != "in_transit":
                row.cell = self.cells[target, change.key]
        self._fill_dues(arrays)

    def _fill_dues(self, arrays: dict[str, Any]) -> None:
        """When each change of the timeline is due; the first ``immediate`` are when the warm-up begins."""
        dues = arrays["dues"] = rows("dues", self.due)
        before: dict[int, int] = {}
        at = iter(dues)
        for part in self.parts:
            serials = dict(before)
            for change in part.changes:
                due = next(at)
                if change.time <= -self.plan.warmup:
                    self.immediate += 1
                    continue
                rank = self.plan.rank[change.target.kind, change.target.name]
                serials[rank] = serials.get(rank, 0) + 1
                due.time = rules.on_grid(change.time)
                due.order = place(c.CHANGE, rank, serials[rank])
            if part is self.parts[0]:
                before = serials

    def _value(self, change: Change) -> tuple[int, float, int]:
        value: Value | None = change.value
        match value:
            case None:
                return c.NOTHING, 0.0, -1
            case Factor():
                return c.FACTOR, value.value, -1
            case Add():
                return c.ADD, value.value, -1
            case Cap():
                return c.CAP, value.value, -1
            case Closed():
                return c.CLOSED, 0.0, -1
            case Recall():
                return (c.RETURNS if value.fate == "returns" else c.SEIZED), 0.0, -1
            case Ledger():
                return c.LEDGER, 0.0, self.passes[self._seen[id(value)], self._lane(change)]
            case Office():
                return c.OFFICE, 0.0, self.licences[self._seen[id(value)], self._lane(change)]
            case Inspection():
                return c.INSPECTION, 0.0, self.inspections[value, self._lane(change)]

    def _fill_quotas(self, arrays: dict[str, Any]) -> None:
        table = arrays["ledgers"] = rows("ledgers", len(self.ledgers))
        for row, ledger in zip(table, self.ledgers, strict=False):
            row.rank = self.plan.rank["measure", ledger.key]
            row.amount = ledger.amount
            row.period = rules.on_grid_below(ledger.period)
            row.marks, row.marks_n = len(self.pools.floats), len(ledger.marks)
            self.pools.floats += [rules.on_grid(mark) for mark in ledger.marks]
            row.history = ledger.rule == "history"
        passes = arrays["passes"] = rows("passes", len(self.passes))
        for (ledger_, lane), i in self.passes.items():
            passes[i].ledger, passes[i].lane = ledger_, lane
            arrays["sources"][arrays["lanes"][lane].source].gated = 1
            if table[ledger_].lanes == 0:
                table[ledger_].first = i
            table[ledger_].lanes += 1

    def _fill_offices(self, arrays: dict[str, Any]) -> None:
        table = arrays["offices"] = rows("offices", len(self.offices))
        seats, keys = 0, [office.key for office in self.offices]
        for row, office in zip(table, self.offices, strict=False):
            self._fill_office(row, office)
            row.counter = keys.index(office.key)
            row.serial = APPLICATIONS
            row.seats = seats
            row.room = min(office.desks or 1, 64)
            seats += row.room
        arrays["seats"] = rows("seats", int(seats))
        t = self.plan.network.tables
        licences = arrays["licences"] = rows("licences", len(self.licences))
        for (office_, lane), i in self.licences.items():
            row, terms = licences[i], self.offices[office_]
            row.office, row.lane = office_, lane
            country = t.country[t.lane_target[lane]]
            row.chance = terms.approval.get(country, terms.default_approval)
            entity = f"{terms.key}|{t.lane_key(lane)}"
            streams = [self.pools.stream("licence", entity, x) for x in LICENCE_DRAWS]
            row.streams = streams[0]

    def _fill_office(self, row: Any, office: Office) -> None:
        row.rank = self.plan.rank["measure", office.key]
        row.least_days = office.size
        for name in ("referred", "pre_licensed", "single", "per_dispatch"):
            setattr(row, name, getattr(office, name))
        for name in ("service", "papers", "referred_delay", "routine_service"):
            setattr(row, name, self.pools.distribution(getattr(office, name)))
        row.desks = -1 if office.desks is None else office.desks
        row.routine_after = -1 if office.routine_after is None else office.routine_after
        calendar = office.calendar
        row.calendar = calendar.working_week or bool(calendar.holidays)
        row.working_week, row.weekday = calendar.working_week, calendar.weekday
        row.holidays, row.holidays_n = len(self.pools.numbers), len(calendar.holidays)
        self.pools.numbers += [day for holiday in calendar.holidays for day in holiday]

    def _fill_inspections(self, arrays: dict[str, Any]) -> None:
        table = arrays["inspections"] = rows("inspections", len(self.inspections))
        for (gate, lane), i in self.inspections.items():
            row, entity = table[i], f"{gate.key}|{self.plan.network.tables.lane_key(lane)}"
            row.share, row.seizes = gate.share, gate.fate == "seized"
            if row.seizes:
                arrays["lanes"]["recallable"][lane] = 1  # what is sent may be lost
            row.hold = self.pools.distribution(gate.hold)
            row.stops = self.pools.stream("inspection", entity, draws.Purpose.INSPECTION)
            row.holds = self.pools.stream("inspection", entity, draws.Purpose.HOLD)

    def _fill_actors(self, arrays: dict[str, Any]) -> None:
        lists = iter(self.lists)
        table = arrays["watches"] = rows("watches", len(self.watches))
        pasts = 0
        for row, (watch, serial) in zip(table, self.watches, strict=False):
            row.rank, row.serial = self.plan.rank["measure", watch.key], serial
            row.per_day = self.plan.per_day(watch)
            row.observable = OBSERVABLES[watch.observable]
            for name in ("level", "back", "hold", "delay", "begins", "ends", "window"):
                setattr(row, name, getattr(watch, name))
            row.names, row.names_n = len(self.pools.numbers), len(watch.names)
            kind = "slot" if watch.observable == "stock" else "site"
            self.pools.numbers += [self.index[kind][name] for name in watch.names]
            row.then, row.then_n = next(lists)
            row.otherwise, row.otherwise_n = next(lists)
            row.past = pasts
            pasts += watch.window
        arrays["pasts"] = rows("pasts", pasts)
        table = arrays["renewals"] = rows("renewals", len(self.renewals))
        for row, (renewal, serial) in zip(table, self.renewals, strict=False):
            row.rank, row.serial = self.plan.rank["measure", renewal.key], serial
            row.time = rules.on_grid(renewal.begins)
            row.ends = rules.on_grid(renewal.ends)
            row.step = renewal.step
            row.up = self.pools.distribution(renewal.up)
            row.down = self.pools.distribution(renewal.down)
            row.up_stream = self.pools.stream("measure", renewal.key, draws.Purpose.UP_TIME)
            row.down_stream = self.pools.stream("measure", renewal.key, draws.Purpose.DOWN_TIME)
            row.then, row.then_n = next(lists)
            row.otherwise, row.otherwise_n = next(lists)

        self._fill_attempts(arrays, lists)
        self._fill_markets(arrays)

    def _terms_of(self, market: Market) -> list[tuple[Target, float]]:
        """What follows a market's price, each with its elasticity, in the reference's order."""
        network = self.plan.network
        terms: list[tuple[Target, float]] = []
        for key in market.slots:
            slot = network.slots[key]
            final = slot.kind == "demand"
            target = Target("demand", slot.node, "rate") if final else Target("slot", key, "gain")
            terms.append((target, -market.demand))
        terms += [(Target("site", site, "capacity"), market.supply) for site in market.sites]
        for key in market.slots:
            lanes = network.lanes_into[key]
            terms += [(Target("lane", lane.key, "price"), 1.0) for lane in lanes]
        return terms

    def _fill_markets(self, arrays: dict[str, Any]) -> None:
        table = arrays["markets"] = rows("markets", len(self.markets))
        terms = arrays["terms"] = rows("terms", sum(map(len, self.terms)))
        paces, at = 0, 0
        for row, (market, serial), own in zip(table, self.markets, self.terms, strict=False):
            row.rank, row.serial = self.plan.rank["measure", market.key], serial
            for name in ("supply", "demand", "choke", "horizon", "ends"):
                setattr(row, name, getattr(market, name))
            row.period, row.step = market.every, rules.on_grid_below(market.every)
            row.number = math.ceil(market.begins / row.step)
            row.slots, row.slots_n = len(self.pools.numbers), len(market.slots)
            self.pools.numbers += [self.index["slot"][key] for key in market.slots]
            row.paces, row.terms, row.terms_n = paces, at, len(own)
            for target, elasticity in own:
                entry = terms[at]
                entry.attribute = ATTRIBUTES[target.kind, target.attribute]
                entry.entity = self.index[target.kind][target.name]
                entry.cell = self.cells[target, market.key]
                entry.elasticity = elasticity
                if target.kind == "lane":
                    arrays["lanes"]["traded"][entry.entity] = 1
                    paces += 1
                at += 1
        arrays["paces"] = rows("paces", paces)

    def _fill_attempts(self, arrays: dict[str, Any], lists: Iterator[tuple[int, int]]) -> None:
        table = arrays["attempts"] = rows("attempts", len(self.attempts))
        pools = self.pools
        for row, (item, serial) in zip(table, self.attempts, strict=False):
            row.rank, row.serial = self.plan.rank["measure", item.key], serial
            row.key = self.plan.measure_keys.index(item.key)
            begins, row.ends = rules.on_grid(item.begins), rules.on_grid(item.ends)
            row.delay = rules.on_grid(item.delay)
            row.drawn = math.inf if item.interval is None else begins
            row.interval = -1 if item.interval is None else pools.distribution(item.interval)
            row.intervals = pools.stream("measure", item.key, draws.Purpose.ATTEMPT_INTERVAL)
            row.luck = pools.stream("measure", item.key, draws.Purpose.ATTEMPT)
            times = [x for x in sorted(map(rules.on_grid, item.times)) if x >= begins]
            row.times, row.times_n = len(pools.floats), len(times)
            pools.floats += times
            row.chances, row.chances_n = len(pools.floats), len(item.chances)
            pools.floats += [x for pair in item.chances for x in pair]
            row.then, row.then_n = len(pools.numbers), len(item.then)
            pools.numbers += [x for _ in item.then for x in next(lists)]

    def ranges(self) -> list[dict[str, int]]:
        """Where the changes, watches and renewals of each part stand in the tables."""
        found = []
        at = {
            "first_due": 0,
            "first_watch": 0,
            "first_renewal": 0,
            "first_attempt": 0,
            "first_market": 0,
        }
        for part in self.parts:
            sizes = {
                "dues_n": len(part.changes),
                "watches_n": len(part.watches),
                "renewals_n": len(part.renewals),
                "attempts_n": len(part.attempts),
                "markets_n": len(part.markets),
            }
            found.append(at | sizes)
            at = {name: at[name] + size for name, size in zip(at, sizes.values(), strict=True)}
        return found
