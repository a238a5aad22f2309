"""A network from columns: its objects come into being when they are asked for, and are not kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from supplysim.model.columns import Coded, Ints, sealed
from supplysim.model.findings import Findings
from supplysim.model.given import Columns, read_rows
from supplysim.model.rows import Commodities, Demands, Inputs, Lanes, Rows, Sites, Stores
from supplysim.model.tables import Tables

if TYPE_CHECKING:
    from supplysim.model.network import Network

__all__ = ["LISTED", "Listed", "View", "read_tables", "sorted_rows", "with_tables"]

T = TypeVar("T")
KINDS: dict[str, type[Rows]] = {
    "commodities": Commodities,
    "sites": Sites,
    "inputs": Inputs,
    "stores": Stores,
    "demands": Demands,
    "lanes": Lanes,
}
LISTED = 20
"""So many faults of columns are told; the rest are counted."""


class View(Mapping[str, T]):
    """Objects by name, in order, each made when asked for."""

    def __init__(self, names: Callable[[], list[str]], make: Callable[[int], T]) -> None:
        self._read_names = names
        self._make = make

    @cached_property
    def _names(self) -> list[str]:
        return self._read_names()

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self._names)}

    def __getitem__(self, name: str) -> T:
        return self._make(self._place[name])

    def __contains__(self, name: object) -> bool:
        return name in self._place

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"<{len(self)} rows by name>"


class Listed(Sequence[T]):
    """Objects in the order in which their rows were given, each made when asked for."""

    def __init__(self, rows: Ints, make: Callable[[int], T]) -> None:
        self.rows = rows
        self._make = make

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        if isinstance(place, slice):
            return tuple(self._make(row) for row in self.rows[place].tolist())
        return self._make(int(self.rows[place]))

    def __iter__(self) -> Iterator[T]:
        for row in self.rows:  # row by row: millions of them as a list would be large
            yield self._make(int(row))

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Listed | tuple):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"<{len(self)} rows>"


# --- from columns to tables ----------------------------------------------------------------------


def read_tables(
    given: Mapping[str, Columns | None], findings: Findings
) -> tuple[Tables, dict[str, Ints]]:
    """The tables of what a user gives, and by table the sorted row of each given one."""
    rows = {name: read_rows(kind, name, given[name], findings) for name, kind in KINDS.items()}
    place = {}
    if not findings:
        for name, table in rows.items():
            order = sorted_rows(table)
            place[name] = sealed(np.argsort(order))
            if (np.diff(order) != 1).any():
                rows[name] = table.take(order)
    return Tables(**rows), place  # type: ignore[arg-type]


def sorted_rows(rows: Rows) -> Ints:
    """The order of rows by name, or by the parts of their key."""
    if isinstance(rows, Lanes):
        return np.lexsort((_rank(rows.mode), _rank(rows.target, "|"), _rank(rows.source, "|")))
    if isinstance(rows, Inputs):
        return np.lexsort((_rank(rows.commodity), _rank(rows.site, "|")))
    name: Any = rows.column("name")
    return np.argsort(_rank(name), kind="stable")


def _rank(names: Coded[str], end: str = "") -> Ints:
    """The place of each row's name among all, with what follows it in a key."""
    parts = [f"{name}{end}" for name in names.values] if end else names.values
    place = {name: i for i, name in enumerate(sorted(set(parts)))}  # joined columns name some twice
    return np.array([place[name] for name in parts], np.int64)[names.codes]


def with_tables(
    network: Network, tables: Tables, place: Mapping[str, Ints], more: Mapping[str, object]
) -> Network:
    """A network like this one with other tables, which are right, and ``more`` attributes.

    ``place`` gives the sorted row of each object in the order in which they are to be listed, by field.
    """
    made: Network = object.__new__(type(network))
    fields = {field.name: getattr(network, field.name) for field in dataclasses.fields(network)}
    made.__dict__.update({**fields, **_views(tables, place), "tables": tables, **more})
    return made


def _views(tables: Tables, place: Mapping[str, Ints]) -> dict[str, Any]:
    """The attributes of a network from columns that hold or find objects."""
    slot_keys = partial(getattr, tables, "slot_keys")
    kinds: dict[str, tuple[str, Callable[[], list[str]], Callable[[int], Any]]] = {
        "commodities": ("commodity_by_name", tables.commodity_names, tables.commodity),
        "sites": ("site_by_name", tables.site_names, tables.site),
        "stores": ("store_by_name", tables.store_names, tables.store),
        "demands": ("demand_by_name", tables.demand_names, tables.demand),
        "lanes": ("lanes_by_key", partial(getattr, tables, "lane_keys"), tables.lane),
    }
    found: dict[str, Any] = {
        "slots": View(slot_keys, tables.slot),
        "lanes_from": View(tables.source_names, tables.lanes_of_source),
        "lanes_into": View(slot_keys, tables.lanes_of_slot),
    }
    for field, (by_name, names, make) in kinds.items():
        found[field] = Listed(place[field], make)
        found[by_name] = View(names, make)
    return found
