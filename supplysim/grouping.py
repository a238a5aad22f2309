"""Entities summed by country and commodity: what remains of a run when there are too many of either to keep.

======= ======================================================== ============================
kind    one group for each                                       named, for instance
======= ======================================================== ============================
site    country, commodity made                                  ``CN gallium``
slot    kind of slot, country, commodity                         ``input DE gallium``
demand  country, commodity                                       ``DE rf-chip``
lane    origin, kind of source, destination, slot's kind, goods  ``CN site DE input gallium``
======= ======================================================== ============================

The source group and the slot group of a lane follow from its own, so groups keep the books of goods as entities do.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from supplysim.model.slots import KINDS
from supplysim.plan import Plan

__all__ = ["Groups", "aggregate", "group"]

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[Any]

PARTS = {
    "site": ("country", "commodity"),
    "slot": ("kind", "country", "commodity"),
    "demand": ("country", "commodity"),
    "lane": ("origin", "source_kind", "destination", "slot_kind", "commodity"),
}
"""What makes a group, by kind of entity; the coordinates are called ``site_country`` and so on."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which entities are summed into which group.

    By kind of entity: ``names`` of the groups, sorted by their parts; ``index``, the group of each entity, entities in
    the order of a trace (sorted by name). ``coords`` describe the groups: their parts (``lane_origin``), ``slot_use``
    (units a day that the slots get ready for), and the groups at a lane's ends, ``lane_source`` (of sites, or of
    slots for stores) and ``lane_slot``.
    """

    names: Mapping[str, list[str]]
    index: Mapping[str, npt.NDArray[np.int64]]
    coords: Mapping[str, npt.NDArray[Any]]

    def sums(self, kind: str, values: Array) -> Array:
        """Sum over each group, along the last axis; entity by entity in their order, starting from 0.0.

        >>> groups = Groups({"site": ["JP", "CN"]}, {"site": np.array([1, 0, 1])}, {})
        >>> groups.sums("site", np.array([[1.0, 2.0, 4.0], [0.0, 1.0, 1.0]])).tolist()
        [[2.0, 5.0], [1.0, 1.0]]
        """
        count = len(self.names[kind])
        days = math.prod(values.shape[:-1])
        # bincount adds one value after another, each into its bin: exactly the sums that are promised
        bins = np.arange(days)[:, None] * count + self.index[kind]
        found = np.bincount(bins.ravel(), weights=values.ravel(), minlength=days * count)
        return np.asarray(found, dtype=np.float64).reshape(*values.shape[:-1], count)


def group(plan: Plan) -> Groups:
    """The groups of a plan's network; they do not depend on the replication."""
    t = plan.network.tables
    country = (t.country.codes, t.country.values)
    goods = t.commodity_names()
    kinds = (np.where(np.arange(len(t.node_names)) < len(t.sites), 0, 1), ("site", "store"))
    slots = t.slots
    parts: dict[str, list[tuple[Ints, Sequence[str]]]] = {
        "site": [_at(country, np.arange(len(t.sites))), (t.product[: len(t.sites)], goods)],
        "slot": [(slots.kind, KINDS), _at(country, slots.node), (slots.commodity, goods)],
        "demand": [
            _at(country, np.arange(t.source_count, len(t.node_names))),
            (t.need_commodity[len(t.need_commodity) - len(t.demands) :], goods),
        ],
        "lane": [
            _at(country, t.lane_source),
            _at(kinds, t.lane_source),
            _at(country, t.lane_target),
            (slots.kind[t.lane_slot], KINDS),
            (slots.commodity[t.lane_slot], goods),
        ],
    }
    names, index, coords = {}, {}, {}
    for kind, columns in parts.items():
        found, index[kind] = _distinct(columns)
        names[kind] = [" ".join(key) for key in found]
        for i, part in enumerate(PARTS[kind]):
            coords[f"{kind}_{part}"] = _text([key[i] for key in found])
        if kind == "lane":
            coords["lane_source"] = _text([_source(*key) for key in found])
            coords["lane_slot"] = _text([f"{slot} {to} {what}" for _, _, to, slot, what in found])
    groups = Groups(names, index, coords)
    coords["slot_use"] = groups.sums("slot", plan.arrays.use)
    return groups


def _at(column: tuple[Ints, Sequence[str]], rows: Ints) -> tuple[Ints, Sequence[str]]:
    codes, values = column
    return codes[rows], values


def _distinct(columns: Sequence[tuple[Ints, Sequence[str]]]) -> tuple[list[tuple[str, ...]], Ints]:
    """The different rows of several coded columns, sorted by what they say, and the place of each row."""
    combined = np.zeros(len(columns[0][0]), np.int64)
    for codes, values in columns:
        combined = combined * len(values) + codes
    numbers, code = np.unique(combined, return_inverse=True)
    keys = []
    for number in numbers.tolist():
        key: tuple[str, ...] = ()
        left = number
        for _, values in reversed(columns):
            left, which = divmod(left, len(values))
            key = (values[which], *key)
        keys.append(key)
    found = sorted(set(keys))
    place = {key: i for i, key in enumerate(found)}
    table = np.array([place[key] for key in keys], np.int64)
    return found, table[code] if keys else np.zeros(0, np.int64)


def _source(origin: str, kind: str, destination: str, slot: str, commodity: str) -> str:
    """The group that a lane's goods come from: of sites, or of the slots of stores."""
    return f"{origin} {commodity}" if kind == "site" else f"store {origin} {commodity}"


def _text(values: Sequence[str]) -> npt.NDArray[Any]:
    return np.array(values, dtype=object)


class Records(Protocol):
    """The shape of a `Trace`, which stands above this layer."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    names: dict[str, list[str]]
    daily: dict[tuple[str, str], Array]
    opening: dict[tuple[str, str], Array]
    money: dict[tuple[str, str], Array]


T = TypeVar("T", bound=Records)


def aggregate(trace: T, groups: Groups) -> T:
    """The same trace by group: every daily value, opening level and amount of money is a sum over entities.

    Events stay as they are.
    """
    return dataclasses.replace(
        trace,
        names={kind: list(names) for kind, names in groups.names.items()},
        daily=_summed(trace.daily, groups),
        opening=_summed(trace.opening, groups),
        money=_summed(trace.money, groups),
    )


def _summed(table: Mapping[tuple[str, str], Array], groups: Groups) -> dict[tuple[str, str], Array]:
    return {key: groups.sums(key[0], values) for key, values in table.items()}
