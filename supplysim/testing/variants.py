"""The same model told otherwise: in other units, at another date, among strangers."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TypeVar, overload

from supplysim.model import (
    BaseStock,
    Commodity,
    Days,
    DaysOfCover,
    Demand,
    Fixed,
    Input,
    Lane,
    MinMax,
    Network,
    Policy,
    Quantity,
    Range,
    ReorderPoint,
    Site,
    Store,
)
from supplysim.model.distributions import stretched
from supplysim.scenario import AnyMeasure, Scenario

__all__ = ["STRANGER", "scaled", "scaled_scenario", "shifted", "with_unconnected_node"]

STRANGER = "unconnected"
Owner = TypeVar("Owner", Input, Store, Demand)


# --- other units ---------------------------------------------------------------------------------


def scaled(network: Network, factor: float) -> Network:
    """The network with all quantities times ``factor`` and all prices divided by it: kg for tonnes.

    Recipes, shares, times, days of cover and amounts of money stay as they are. Sizes of steady demand stay too,
    since they only tell how a rate is spread; those of Poisson demand are units, so they scale.

    >>> from supplysim.testing import tiny
    >>> scaled(tiny(), 8.0).baseline().capacity
    {'mine': 16.0}
    """
    return network.replace(
        commodities=tuple(
            dataclasses.replace(item, price=item.price / factor) for item in network.commodities
        ),
        sites=tuple(_site(site, factor) for site in network.sites),
        stores=tuple(_store(store, factor) for store in network.stores),
        demands=tuple(_demand(demand, factor) for demand in network.demands),
        lanes=tuple(_lane(lane, factor) for lane in network.lanes),
        ranges=tuple(_range(item, factor) for item in network.ranges),
    )


@overload
def scaled_scenario(scenario: Scenario, factor: float) -> Scenario: ...
@overload
def scaled_scenario(scenario: None, factor: float) -> None: ...
@overload
def scaled_scenario(scenario: Scenario | None, factor: float) -> Scenario | None: ...
def scaled_scenario(scenario: Scenario | None, factor: float) -> Scenario | None:
    """The scenario for a `scaled` network: what its measures hold of goods times ``factor``.

    >>> from supplysim.measures import Reserve
    >>> stock = Reserve(key="r", country="DE", commodity="ore", amount=3.0)
    >>> scaled_scenario(Scenario(measures=[stock]), 2.0).measures[0].amount
    6.0
    """
    if scenario is None:
        return None
    measures = tuple(_measure(measure, factor) for measure in scenario.measures)
    return dataclasses.replace(scenario, measures=measures)


QUANTITIES = {"capacity", "lot", "planned", "rate"}
PRICES = {"price", "value_added", "holding_cost", "penalty", "cost"}


def _range(item: Range, factor: float) -> Range:
    """The range of a number that scales with quantities, against them, or not at all."""
    if item.field in QUANTITIES:
        return dataclasses.replace(item, low=item.low * factor, high=item.high * factor)
    if item.field in PRICES:
        return dataclasses.replace(item, low=item.low / factor, high=item.high / factor)
    return item


def _site(site: Site, factor: float) -> Site:
    idle = site.idle
    if idle is not None:
        idle = dataclasses.replace(idle, capacity=idle.capacity * factor)
    return dataclasses.replace(
        site,
        idle=idle,
        capacity=_times(site.capacity, factor),
        lot=_times(site.lot, factor),
        planned=site.planned * factor,
        value_added=site.value_added / factor,
        holding_cost=site.holding_cost / factor,
        inputs={name: _stock(item, factor) for name, item in site.inputs.items()},
    )


def _store(store: Store, factor: float) -> Store:
    release = store.release
    if release is not None:
        release = dataclasses.replace(release, rate=release.rate * factor)
    return dataclasses.replace(_stock(store, factor), release=release)


def _demand(demand: Demand, factor: float) -> Demand:
    size = demand.size
    if demand.arrivals == "poisson":
        size = stretched(Fixed(1.0) if size is None else size, factor)
    return dataclasses.replace(
        _stock(demand, factor),
        rate=demand.rate * factor,
        size=size,
        penalty=demand.penalty / factor,
    )


def _lane(lane: Lane, factor: float) -> Lane:
    return dataclasses.replace(
        lane,
        capacity=lane.capacity * factor,
        cost=lane.cost / factor,
        holding_cost=lane.holding_cost / factor,
    )


def _stock(owner: Owner, factor: float) -> Owner:
    return dataclasses.replace(
        owner,
        policy=_policy(owner.policy, factor),
        initial=_initial(owner.initial, factor),
        holding_cost=owner.holding_cost / factor,
    )


def _policy(policy: Policy, factor: float) -> Policy:
    match policy:
        case DaysOfCover():
            return policy
        case BaseStock():
            return dataclasses.replace(policy, S=policy.S * factor)
        case MinMax():
            return dataclasses.replace(policy, s=policy.s * factor, S=policy.S * factor)
        case ReorderPoint():
            return dataclasses.replace(policy, r=policy.r * factor, Q=policy.Q * factor)


def _initial(initial: Days | Quantity | None, factor: float) -> Days | Quantity | None:
    if isinstance(initial, Quantity):
        return Quantity(initial.low * factor, _times(initial.high, factor))
    return initial


def _measure(measure: AnyMeasure, factor: float) -> AnyMeasure:
    changes: dict[str, object] = {
        name: _scaled(getattr(measure, name), factor) for name in measure.amounts
    }
    changes |= {name: _scaled(getattr(measure, name), 1.0 / factor) for name in measure.unit_prices}
    return dataclasses.replace(measure, **changes)  # type: ignore[arg-type]


def _scaled(value: float | Sequence[float] | None, factor: float) -> object:
    """A field that holds one amount, several, or none."""
    if isinstance(value, Sequence):
        return tuple(item * factor for item in value)
    return _times(value, factor)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


# --- another date, other company -----------------------------------------------------------------


def shifted(scenario: Scenario, days: int) -> Scenario:
    """The scenario with its start, all dates of its measures and all holidays ``days`` days later.

    What is given in days from the start moves along by itself. What hangs on the calendar (quota periods of
    a month or more, working weeks unless ``days`` are whole weeks) does not.

    >>> from supplysim.measures import ExportBan
    >>> ban = ExportBan(origin=["CN"], commodities=["ore"], begins=dt.date(2023, 8, 1))
    >>> later = shifted(Scenario(start=dt.date(2023, 7, 3), measures=[ban]), 7)
    >>> later.start.isoformat(), later.measures[0].begins.isoformat()
    ('2023-07-10', '2023-08-08')
    """
    move = dt.timedelta(days=days)
    return dataclasses.replace(
        scenario,
        start=None if scenario.start is None else scenario.start + move,
        measures=tuple(_moved(measure, move) for measure in scenario.measures),
    )


def _moved(measure: AnyMeasure, move: dt.timedelta) -> AnyMeasure:
    changes: dict[str, object] = {
        name: moment + move
        for name in ("begins", "ends", "announced")
        if isinstance(moment := getattr(measure, name), dt.date)
    }
    holidays = getattr(measure, "holidays", ())
    if holidays:
        changes["holidays"] = tuple(
            dataclasses.replace(h, first=h.first + move, last=h.last + move) for h in holidays
        )
    return dataclasses.replace(measure, **changes)  # type: ignore[arg-type]


def with_unconnected_node(network: Network) -> Network:
    """The network and one site more (`STRANGER`) of a commodity of its own, without any lane.

    >>> from supplysim.testing import tiny
    >>> [site.name for site in with_unconnected_node(tiny()).sites]
    ['mine', 'unconnected']
    """
    return network.replace(
        commodities=(*network.commodities, Commodity(STRANGER)),
        sites=(*network.sites, Site(STRANGER, country="CN", makes=STRANGER, capacity=1.0)),
    )
