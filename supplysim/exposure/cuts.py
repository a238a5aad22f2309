"""What is cut: nodes, lanes and countries that give nothing for a while; or what a scenario's measures close."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from supplysim.changes import STRUCTURE, Change, Closed, Ledger, Standing, Target, Value, fold
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.exposure.programme import Period
from supplysim.measures import LaneDisruption, Measure, Outage
from supplysim.model import Network
from supplysim.scenario import Scenario
from supplysim.timeline import Timeline

__all__ = ["Cut", "periods_of"]


@dataclass(frozen=True)
class Cut:
    """What stands still from day 0: all that is named, together.

    ``nodes`` are sites that make nothing (finished goods still leave) and stores that give nothing; ``lanes`` (keys)
    carry nothing. With ``origin`` (countries or groups) nothing leaves them across a border, or only nothing ``to``
    some countries; ``commodities`` (none: all) says of what. Ways through third countries stay open.

    >>> from supplysim.testing import tiny
    >>> Cut(origin=["CN"]).lanes_off(tiny()).tolist()
    [True]
    """

    nodes: Sequence[str] = ()
    lanes: Sequence[str] = ()
    origin: Sequence[str] = ()
    to: Sequence[str] = ()
    commodities: Sequence[str] = ()

    def check(self, network: Network) -> None:
        """Refuse unknown names, all at once, and what cuts nothing."""
        t, faults = network.tables, []
        known = {
            "nodes": t.source_names(),
            "lanes": t.lane_keys,
            "commodities": t.commodity_names(),
        }
        for field, names in known.items():
            there = set(names)
            faults += [
                Fault(field, f"unknown; {nearest(name, names)}", name)
                for name in getattr(self, field)
                if name not in there
            ]
        for field in ("origin", "to"):
            try:
                network.countries(getattr(self, field))
            except InvalidInput as error:
                faults += [Fault(field, fault.rule, fault.value) for fault in error.faults]
        if (self.to or self.commodities) and not self.origin:
            faults.append(Fault("origin", "is required with to and commodities"))
        if not faults and not (self.nodes or self.lanes_off(network).any()):
            rule = "nothing in this network is cut: name nodes, lanes, or countries that ship there"
            faults.append(Fault("origin", rule, list(self.origin)))
        if faults:
            raise InvalidInput(faults, what="Cut")

    def sites_off(self, network: Network) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether each site makes nothing."""
        return np.isin(network.tables.site_names(), list(self.nodes))

    def lanes_off(self, network: Network) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether each lane carries nothing."""
        t = network.tables
        off = np.isin(t.lane_keys, list(self.lanes))
        stores = np.isin(t.store_names(), list(self.nodes))
        off |= np.append(np.zeros(len(t.sites), bool), stores)[t.lane_source]
        if not self.origin:
            return off
        country = np.array(t.country.every(), dtype=object)
        source, target = country[t.lane_source], country[t.lane_target]
        hit = np.isin(source, list(network.countries(self.origin))) & (source != target)
        if self.to:
            hit &= np.isin(target, list(network.countries(self.to)))
        if self.commodities:
            goods = np.array(t.commodity_names(), dtype=object)[t.slots.commodity[t.lane_slot]]
            hit &= np.isin(goods, list(self.commodities))
        return np.asarray(off | hit)

    def period(self, network: Network, days: float = math.inf) -> Period:
        """The days in which it is cut, for the programme."""
        normal = Period.normal(network, 0.0, days)
        return dataclasses.replace(
            normal,
            site=np.where(self.sites_off(network), 0.0, normal.site),
            lane=np.where(self.lanes_off(network), 0.0, normal.lane),
        )

    def measures(self, network: Network, days: float) -> list[Measure]:
        """The same as measures, for a simulation."""
        t = network.tables
        keys = [t.lane_keys[row] for row in np.flatnonzero(self.lanes_off(network)).tolist()]
        sites = [t.site_names()[row] for row in np.flatnonzero(self.sites_off(network)).tolist()]
        found: list[Measure] = []
        if keys:
            found.append(LaneDisruption(key="cut-lanes", lanes=keys, ends=days))
        if sites:
            found.append(Outage(key="cut-sites", sites=sites, ends=days))
        return found

    def scenario(self, network: Network, days: float) -> Scenario:
        """A scenario of these measures."""
        found: Any = self.measures(network, days)
        return Scenario(name="cut", measures=found)


# --- scenarios -----------------------------------------------------------------------------------


def periods_of(timeline: Timeline, horizon: float) -> list[Period]:
    """A scenario's days cut where its dated changes are made; what chance or need may open counts as open.

    Closed gates, capacities, demands and quotas count. Licences, inspections, delays and prices do not: the planner
    has every paper in time, so that the programme stays a bound.
    """
    dated = [c for c in timeline.changes if c.time < horizon]
    marks = sorted({0.0, *(c.time for c in dated if c.time > 0.0)})
    makers: list[Standing] = [*timeline.watches, *timeline.renewals, *timeline.attempts]
    opened = {
        change.target.name
        for maker in makers
        for change in maker.makes
        if change.key == STRUCTURE and change.value is None
    }
    standing: dict[Target, dict[str, Value]] = {}
    found, at = [], 0
    for mark, until in zip(marks, [*marks[1:], horizon], strict=True):
        while at < len(dated) and dated[at].time <= mark:
            _make(standing, dated[at])
            at += 1
        found.append(_period(timeline.network, standing, opened, mark, until - mark))
    return found


def _make(standing: dict[Target, dict[str, Value]], change: Change) -> None:
    values = standing.setdefault(change.target, {})
    if change.value is None:
        values.pop(change.key, None)
    else:
        values[change.key] = change.value


def _period(
    network: Network,
    standing: dict[Target, dict[str, Value]],
    opened: set[str],
    start: float,
    days: float,
) -> Period:
    t, base = network.tables, network.baseline()
    place = t.entity_place
    period = Period.normal(network, start, days)
    for name in opened:
        period.lane[place["lane"][name]] = 1.0
    ledgers: dict[Ledger, list[int]] = {}
    for target, values in standing.items():
        row = place[target.kind][target.name]
        if target.attribute == "gate":
            if any(isinstance(value, Closed) for value in values.values()):
                held = target.name in opened and set(values) <= {STRUCTURE}
                period.lane[row] = 1.0 if held else 0.0
            for value in values.values():
                if isinstance(value, Ledger):
                    ledgers.setdefault(value, []).append(row)
        elif (target.kind, target.attribute) == ("site", "capacity"):
            normal = base.capacity[target.name]
            period.site[row] = fold(normal, values) / normal
        elif (target.kind, target.attribute) == ("lane", "capacity"):
            normal = float(t.lanes.capacity[row])
            if math.isfinite(normal) and period.lane[row] > 0.0:
                period.lane[row] = fold(normal, values) / normal
        elif (target.kind, target.attribute) == ("demand", "rate"):
            normal = float(t.demands.rate[row])
            period.rate[row] = fold(normal, values) / normal if normal > 0.0 else 0.0
    quotas = []
    for ledger, rows in ledgers.items():
        mask = np.zeros(len(t.lanes), bool)
        mask[rows] = True
        quotas.append((mask, ledger.amount / ledger.period, ledger.amount))
    return dataclasses.replace(period, quotas=tuple(quotas))
