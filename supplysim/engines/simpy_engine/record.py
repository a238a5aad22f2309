"""Daily records and money (phase 0): what happened each day, and how things stood at its end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from supplysim.engines.simpy_engine.context import Context
from supplysim.engines.trace import FLOWS, LEVELS, Array, Trace

__all__ = ["Recorder"]


class Recorder:
    """Collects one row a day for every kind of entity."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.entities: dict[str, Sequence[object]] = {
            "site": list(ctx.all.sites.values()),
            "slot": list(ctx.all.slots.values()),
            "demand": list(ctx.all.demands.values()),
            "lane": list(ctx.all.lanes.values()),
        }
        self.rows: dict[tuple[str, str], list[list[float]]] = {
            (kind, name): [] for table in (FLOWS, LEVELS) for kind in table for name in table[kind]
        }
        self.opening: dict[tuple[str, str], Array] = {}

    def open(self) -> None:
        """Day 0 begins: forget the warm-up's flows and money, note the states."""
        now = self.ctx.env.now
        for kind, entities in self.entities.items():
            for name in FLOWS[kind]:
                self._take(entities, name)
            for name in LEVELS[kind]:
                self.opening[kind, name] = np.array(self._levels(kind, name))
        self._accrue(now)
        everything = self.ctx.all
        costs = [source.costs for source in everything.sources.values()]
        costs += [slot.costs for slot in everything.slots.values()]
        costs += [lane.costs for lane in everything.lanes.values()]
        costs += [demand.costs for demand in everything.demands.values()]
        for item in costs:
            item.holding, item.since = 0.0, now
        for demand in everything.demands.values():
            demand.penalty = 0.0
        for lane in everything.lanes.values():
            lane.goods = lane.freight = lane.duty = lane.ordering = 0.0

    def close_day(self) -> None:
        """Day k begins: record [k-1, k)."""
        for kind, entities in self.entities.items():
            for name in FLOWS[kind]:
                self.rows[kind, name].append(self._take(entities, name))
            for name in LEVELS[kind]:
                self.rows[kind, name].append(self._levels(kind, name))

    def trace(self) -> Trace:
        """The finished record."""
        self._accrue(self.ctx.env.now)
        everything = self.ctx.all
        names = {
            "site": list(everything.sites),
            "slot": list(everything.slots),
            "demand": list(everything.demands),
            "lane": list(everything.lanes),
        }
        lanes, sources = everything.lanes.values(), everything.sources
        demands = everything.demands.values()
        money = {
            ("lane", "goods"): [lane.goods for lane in lanes],
            ("lane", "freight"): [lane.freight for lane in lanes],
            ("lane", "duty"): [lane.duty for lane in lanes],
            ("lane", "ordering"): [lane.ordering for lane in lanes],
            ("lane", "holding"): [lane.costs.holding for lane in lanes],
            ("slot", "holding"): [
                slot.costs.holding if slot.source is None else slot.source.costs.holding
                for slot in everything.slots.values()
            ],
            ("site", "holding"): [sources[name].costs.holding for name in everything.sites],
            ("demand", "penalty"): [d.penalty + d.costs.holding for d in demands],
        }
        return Trace(
            names=names,
            daily={
                key: np.array(rows).reshape(len(rows), len(names[key[0]]))
                for key, rows in self.rows.items()
            },
            opening=self.opening,
            money={key: np.array(values) for key, values in money.items()},
            events=self.ctx.events,
        )

    def _take(self, entities: Sequence[object], name: str) -> list[float]:
        """Today's flows, set back to zero."""
        row = []
        for entity in entities:
            value = getattr(entity, name)
            row.append(value)
            if value != 0.0:
                setattr(entity, name, 0.0)
        return row

    def _levels(self, kind: str, name: str) -> list[float]:
        everything = self.ctx.all
        if kind == "site":
            if name == "stock":
                return [site.source.stock for site in everything.sites.values()]
            return [site.in_process for site in everything.sites.values()]
        if kind == "slot":
            return [slot.stock for slot in everything.slots.values()]
        if kind == "demand":
            return [demand.backlog for demand in everything.demands.values()]
        if name == "book":
            return [lane.book + lane.lag for lane in everything.lanes.values()]
        return [lane.transit for lane in everything.lanes.values()]

    def _accrue(self, now: float) -> None:
        """Bring every holding and waiting cost up to now."""
        everything = self.ctx.all
        for source in everything.sources.values():
            source.costs.accrue(now, source.stock)
        for slot in everything.slots.values():
            slot.costs.accrue(now, slot.on_hand)
        for lane in everything.lanes.values():
            lane.costs.accrue(now, lane.transit)
        for demand in everything.demands.values():
            demand.costs.accrue(now, demand.backlog)
