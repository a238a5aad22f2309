"""The rows of a network by kind, attribute by attribute: what is read from objects, or given as columns.

An attribute of rows that were given as objects is read from them when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from supplysim.model.columns import Coded, Column, Floats, Ints, Plain, Times, made
from supplysim.model.nodes import Commodity, Demand, Input, Lane, Site, Store
from supplysim.model.ranges import Range

__all__ = [
    "Attribute",
    "Commodities",
    "Demands",
    "Inputs",
    "Lanes",
    "Ranges",
    "Rows",
    "Sites",
    "Stores",
]

T = TypeVar("T")


class Attribute(Generic[T]):
    """One attribute of all rows: how it is kept (`make`), and what one reads of it (`read`)."""

    def __init__(
        self, make: Callable[[Sequence[Any]], Column], read: Callable[[Any], T], kind: type
    ) -> None:
        self.make = make
        self.read = read
        self.kind = kind

    def __set_name__(self, owner: type[Rows], name: str) -> None:
        self.name = name
        owner.attributes = {**owner.attributes, name: self}

    @overload
    def __get__(self, rows: None, owner: type) -> Attribute[T]: ...
    @overload
    def __get__(self, rows: Rows, owner: type) -> T: ...
    def __get__(self, rows: Rows | None, owner: type) -> Attribute[T] | T:
        return self if rows is None else self.read(rows.column(self.name))


def _numbers() -> Attribute[Floats]:
    return Attribute(lambda values: Plain.of(values, float), lambda c: c.array, float)


def _whole() -> Attribute[Ints]:
    return Attribute(lambda values: Plain.of(values, np.int64), lambda c: c.array, int)


def _truths() -> Attribute[NDArray[np.bool_]]:
    return Attribute(lambda values: Plain.of(values, bool), lambda c: c.array, bool)


def _coded() -> Attribute[Coded[Any]]:
    return Attribute(Coded.of, lambda c: c, object)


def _times() -> Attribute[Times]:
    return Attribute(Times.of, lambda c: c, Times)


class Rows:
    """Rows of one kind; see its attributes. Numbers that are not given are NaN."""

    of: ClassVar[type]
    attributes: ClassVar[Mapping[str, Attribute[Any]]] = {}

    def __init__(
        self, count: int, columns: Mapping[str, Column] | None = None, items: Sequence[Any] = ()
    ) -> None:
        self._count = count
        self._columns = dict(columns or {})
        self._items = items
        self._before: Self | None = None
        self._anew: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return self._count

    def as_given(self, row: int) -> bool:
        """Whether a row was given as an object, and is still as it was."""
        if self._before is not None:
            return row not in self._anew and self._before.as_given(row)
        return bool(self._items)

    def column(self, name: str) -> Column:
        """One column, as it is kept."""
        if name not in self._columns:
            values = [getattr(item, name) for item in self._items]
            self._columns[name] = self.attributes[name].make(values)
        return self._columns[name]

    def take(self, order: NDArray[np.integer[Any]]) -> Rows:
        """These rows, of columns that are all there, in this order."""
        columns = {name: column.take(order) for name, column in self._columns.items()}
        return type(self)(len(order), columns)

    def joined(self, other: Self) -> Self:
        """These rows, then the others."""
        columns = {
            name: type(column).join([column, other.column(name)])  # type: ignore[list-item]
            for name in {*self.attributes, *self._columns}
            for column in [self.column(name)]
        }
        return type(self)(len(self) + len(other), columns)

    def values(self, row: int) -> dict[str, Any]:
        """The fields of a row's object."""
        return {name: self.column(name)[row] for name in self.attributes}

    def changed(self, columns: Mapping[str, Column], rows: Iterable[int]) -> Self:
        """The same with other values in some columns of some ``rows``; the others keep their objects."""
        every = {*self.attributes, *self._columns}
        other = type(self)(self._count, {name: self.column(name) for name in every} | {**columns})
        other._before, other._anew = self, frozenset(rows)
        return other

    def item(self, row: int) -> Any:
        """A row's object: the one it came from, or one made for the occasion."""
        if self._before is not None and row not in self._anew:
            return self._before.item(row)
        return self._items[row] if self._items else made(self.of, self.values(row))


class Commodities(Rows):
    """Commodities by name; `price` in USD per unit."""

    of = Commodity
    name = _coded()
    unit = _coded()
    sector = _coded()
    price = _numbers()
    title = _coded()
    chain = _coded()
    hs = _coded()
    cn = _coded()
    jp = _coded()
    controls = _coded()
    elasticity_supply = _numbers()
    elasticity_demand = _numbers()
    elasticity_origins = _numbers()
    choke_price = _numbers()
    recycling_rate = _numbers()
    substitution_index = _numbers()
    evidence = _coded()


class Sites(Rows):
    """Sites by name; `capacity` in units a day, `lot` in units, `cycle_time` and `cover` in days."""

    of = Site
    name = _coded()
    country = _coded()
    makes = _coded()
    capacity = _numbers()
    utilisation = _numbers()
    lot = _numbers()
    cycle_time = _numbers()
    cover = _numbers()
    allocation = _coded()
    planned = _numbers()
    value_added = _numbers()
    jobs = _numbers()
    holding_cost = _numbers()
    owner = _coded()
    host = _coded()
    host_yield = _numbers()
    host_buffer = _numbers()
    idle = _coded()
    evidence = _coded()

    @property
    def idle_capacity(self) -> Floats:
        """Units a day that stand still in normal times."""
        return self.idle.each(lambda idle: 0.0 if idle is None else idle.capacity)


class Inputs(Rows):
    """Inputs by `site`, then `commodity` (which stand beside the fields of the object)."""

    of = Input
    per_unit = _numbers()
    policy = _coded()
    reaction = _numbers()
    initial = _coded()
    needs = _numbers()
    criticality = _numbers()
    double_order = _numbers()
    retain = _numbers()
    holding_cost = _numbers()
    evidence = _coded()

    @property
    def site(self) -> Coded[str]:
        """The name of each input's site."""
        column: Coded[str] = self.column("site")  # type: ignore[assignment]
        return column

    @property
    def commodity(self) -> Coded[str]:
        """The name of each input's commodity."""
        column: Coded[str] = self.column("commodity")  # type: ignore[assignment]
        return column

    def key(self, row: int) -> str:
        """The key of an input: ``site|commodity``."""
        return f"{self.site[row]}|{self.commodity[row]}"


class Stores(Rows):
    """Stores by name."""

    of = Store
    name = _coded()
    country = _coded()
    commodity = _coded()
    policy = _coded()
    reaction = _numbers()
    initial = _coded()
    allocation = _coded()
    release = _coded()
    double_order = _numbers()
    retain = _numbers()
    holding_cost = _numbers()
    evidence = _coded()


class Demands(Rows):
    """Demands by name; `rate` in units a day, `period` in days, `size` in units."""

    of = Demand
    name = _coded()
    country = _coded()
    commodity = _coded()
    rate = _numbers()
    arrivals = _coded()
    period = _numbers()
    size = _times()
    unmet = _coded()
    policy = _coded()
    reaction = _numbers()
    initial = _coded()
    priority = _whole()
    sector = _coded()
    double_order = _numbers()
    retain = _numbers()
    holding_cost = _numbers()
    penalty = _numbers()
    evidence = _coded()


class Lanes(Rows):
    """Lanes by key; `lead_time` and `order_lag` in days, `capacity` in units a day."""

    of = Lane
    source = _coded()
    target = _coded()
    mode = _coded()
    share = _numbers()
    max_share = _numbers()
    lead_time = _times()
    order_lag = _numbers()
    capacity = _numbers()
    cost = _numbers()
    order_cost = _numbers()
    holding_cost = _numbers()
    priority = _whole()
    closed = _truths()
    evidence = _coded()


class Ranges(Rows):
    """Ranges as they were given; `low` and `high` in the unit of the `field`."""

    of = Range
    figure = _coded()
    kind = _coded()
    name = _coded()
    field = _coded()
    low = _numbers()
    high = _numbers()
    evidence = _coded()
