"""Measures on trade: what they reach, and what their announcement and their start do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from supplysim.changes import Add, Cap, Change, Closed, Primitive, Recall, Target, Value
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.measures.base import Context, Measure, Names, known_commodities
from supplysim.model import Lane, Network
from supplysim.model.columns import Floats
from supplysim.model.fields import Items, LongTime, Name, Share, frozen
from supplysim.model.mix import content, origin_mix
from supplysim.model.tables import Tables
from supplysim.rules import on_grid

__all__ = ["EU", "TradeMeasure"]

EU = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)
"""Members of the European Union, whose trade policy is the Union's alone (TFEU, articles 3 and 207)."""


@frozen
class TradeMeasure(Measure):
    """A measure on what leaves ``origin`` for ``to`` (empty: everywhere abroad) of some ``commodities``.

    Between ``announced`` and the day of force the buyers aim at ``forward_buying`` more days of cover. What is under
    way on that day ``arrives``, ``returns`` to the seller or is ``seized`` (on lanes that close altogether).

    Its reach: only lanes to an ``end_use`` (the receiving node's own name, what it makes, or the sector of that), if
    any is given; of these the share ``entities`` (of the use of those whom it names) x ``coverage`` (of the customs
    line that is in scope) x ``compliance`` (of those who obey). Of the rest the share ``spillover`` is held up with it.
    What is left flows on, at most as much as in normal times: other goods, or other buyers. ``reach`` is ``direct``; or
    ``re-export``, which takes in what hubs elsewhere pass on to ``to``, to the extent that it came from ``origin``; or
    ``content``, which takes in whatever is made elsewhere for ``to`` if the controlled goods of ``origin`` in it are
    worth the share ``threshold`` of its price at least. A reach of 0 changes nothing.

    >>> from supplysim.measures import ExportBan
    >>> ExportBan(origin=["CN"], to=["JP"], commodities=["ore"], coverage=0.5).in_transit
    'arrives'
    """

    _: KW_ONLY
    origin: Annotated[Sequence[Name], Field(min_length=1), Items]
    to: Names = ()
    commodities: Annotated[Sequence[Name], Field(min_length=1), Items]
    forward_buying: LongTime = 0.0
    in_transit: Literal["arrives", "returns", "seized"] = "arrives"
    entities: Share = 1.0
    end_use: Names = ()
    coverage: Share = 1.0
    compliance: Share = 1.0
    spillover: Share = 0.0
    reach: Literal["direct", "re-export", "content"] = "direct"
    threshold: Share = 0.25

    @property
    def extent(self) -> float:
        """The share of what flows on a lane in reach that the measure stops or slows.

        >>> TradeMeasure(origin=["CN"], commodities=["ore"], coverage=0.6, spillover=0.5).extent
        0.8
        """
        scope = self.entities * self.coverage * self.compliance
        return scope + self.spillover * (1.0 - scope)

    def reached(self, network: Network) -> list[tuple[Lane, float]]:
        """The lanes in reach, in order of key, each with the share of its flow that the measure acts on (above 0)."""
        if self.extent <= 0.0:
            return []
        shares = self._shares(network) * self.extent
        t = network.tables
        return [(t.lane(row), float(shares[row])) for row in np.flatnonzero(shares > 0.0).tolist()]

    def lanes(self, network: Network) -> list[Lane]:
        """The lanes in reach, in order of key."""
        return [lane for lane, _ in self.reached(network)]

    def restrict(
        self, context: Context, value: Callable[[Lane, float], Value | None]
    ) -> list[Primitive]:
        """The gate that ``value`` gives for each lane in reach, with what comes before and at the start.

        ``value`` is asked with the lane and the share of its flow in scope, and may set a gate or a `Cap` on capacity.
        """
        changes: list[Primitive] = []
        reached = self.reached(context.network)
        for lane, share in reached:
            gate = value(lane, share)
            if gate is None:
                continue
            attribute = "capacity" if isinstance(gate, Cap) else "gate"
            changes += self.window(context, Target("lane", lane.key, attribute), gate)
            if self.in_transit != "arrives" and isinstance(gate, Closed):
                target = Target("lane", lane.key, "in_transit")
                recall = Recall(self.in_transit)
                changes.append(Change(self.in_force(context), target, self.key, recall))
        return changes + self._forward_buying(context, [lane for lane, _ in reached])

    def closing(self, context: Context) -> list[Primitive]:
        """Lanes in reach closed, or held to what of their baseline flow is not in scope."""
        flow = context.network.baseline().flow
        return self.restrict(
            context,
            lambda lane, share: Closed() if share >= 1.0 else Cap((1.0 - share) * flow[lane.key]),
        )

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names, whose policy it is, nothing in reach, besides what every measure checks."""
        network = context.network
        faults = Measure.faults(self, context) + known_commodities(self.commodities, network)
        for place, names in (("origin", self.origin), ("to", self.to)):
            try:
                network.countries(names)
            except InvalidInput as error:
                faults += [Fault(place, f.rule, f.value) for f in error.faults]
        if self.end_use:
            known = _end_uses(network)
            faults += [
                Fault("end_use", f"nobody's name, product or sector; {nearest(name, known)}", name)
                for name in self.end_use
                if name not in known
            ]
        if self.forward_buying > 0.0 and self.announced is None:
            faults.append(Fault("announced", "is required where buyers buy ahead"))
        if self.actor in EU and self.status != "hypothetical":
            rule = "is a member of the EU, whose trade policy is the Union's: make it EU, or hypothetical"
            faults.append(Fault("actor", rule, self.actor))
        if not faults and self.extent > 0.0 and not self.lanes(network):
            faults.append(Fault("origin", "no lane of the network is in reach of this measure"))
        return faults

    # --- reach -----------------------------------------------------------------------------------

    def _shares(self, network: Network) -> Floats:
        """By lane: what share of it comes from ``origin`` and goes to ``to`` in the sense of ``reach``."""
        t = network.tables
        origin, to = network.countries(self.origin), network.countries(self.to)
        country = np.array(t.country.values, dtype=str)[t.country.codes]
        from_there = t.country.each(lambda name: name in origin) > 0.0
        to_there = t.country.each(lambda name: name in to if self.to else name not in origin) > 0.0
        controlled = t.commodities.name.each(lambda name: name in self.commodities) > 0.0
        abroad = country[t.lane_source] != country[t.lane_target]
        inward = to_there[t.lane_target] & abroad & self._used_for(t)
        direct = from_there[t.lane_source] & controlled[t.product[t.lane_source]]
        if self.reach == "direct":
            return np.where(inward & direct, 1.0, 0.0)
        flow = network.baseline().arrays.flow
        sites = len(t.sites)
        marked = from_there[:sites] & controlled[t.product[:sites]]
        mix = origin_mix(t, flow, marked[:, None].astype(float))[:, 0]
        through = controlled[t.product[t.lane_source]] & ~to_there[t.lane_source]
        shares = np.where(
            inward & (direct | through), np.where(direct, 1.0, mix[t.lane_source]), 0.0
        )
        if self.reach == "content":
            price = t.commodities.price[t.product]
            worth = content(t, flow, np.where(marked, price[:sites], np.nan))
            with np.errstate(all="ignore"):
                high = np.nan_to_num(worth / price) >= max(self.threshold, 1e-12)
            elsewhere = ~from_there[t.lane_source] & ~to_there[t.lane_source]
            made = ~controlled[t.product[t.lane_source]]
            shares = np.where(inward & elsewhere & made & high[t.lane_source], 1.0, shares)
        return shares

    def _used_for(self, tables: Tables) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        if not self.end_use:
            return np.ones(len(tables.lanes), dtype=bool)
        wanted = set(self.end_use)
        used = np.array([bool(wanted & names) for names in _uses(tables)], dtype=bool)
        return used[tables.lane_target]

    def _forward_buying(self, context: Context, lanes: Sequence[Lane]) -> list[Primitive]:
        if self.announced is None or self.forward_buying <= 0.0:
            return []
        if on_grid(context.time(self.announced)) >= on_grid(self.in_force(context)):
            return []  # no time to buy ahead
        slots = {context.network.slot_of(x).key for x in lanes if x.share > 0}
        changes: list[Primitive] = []
        for slot in sorted(slots):
            target = Target("slot", slot, "cover")
            more = Add(self.forward_buying)
            changes.append(Change(context.time(self.announced), target, self.key, more))
            changes.append(Change(self.in_force(context), target, self.key, None))
        return changes


def _uses(tables: Tables) -> list[set[str]]:
    """By node: what its use may be called: its own name, what it makes or uses up, and the sector of that."""
    sector = dict(zip(tables.commodity_names(), tables.commodities.sector.every(), strict=True))
    goods = [tables.commodities.name[int(i)] for i in tables.product]
    goods += tables.demands.commodity.every()
    own = [sector[name] for name in goods[: tables.source_count]]
    own += tables.demands.sector.every()
    return [set(x) - {""} for x in zip(tables.node_names, goods, own, strict=True)]


def _end_uses(network: Network) -> set[str]:
    return set().union(*_uses(network.tables))
