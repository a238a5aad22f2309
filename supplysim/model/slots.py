"""The stocks that order, as columns: inputs, stores and demands in one table, by key."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from supplysim.model.columns import Coded, Codes, Floats, Ints, Plain, sealed
from supplysim.model.policies import BaseStock, DaysOfCover, MinMax, Policy, ReorderPoint

if TYPE_CHECKING:
    from supplysim.model.tables import Tables

__all__ = ["DEMAND", "INPUT", "KINDS", "STORE", "Slots"]

INPUT, STORE, DEMAND = 0, 1, 2
KINDS = ("input", "store", "demand")
POLICIES = (DaysOfCover, BaseStock, MinMax, ReorderPoint)
"""The order of `Slots.rule`."""


class Slots:
    """Every stock that orders, sorted by key. Times in days, quantities in the commodity's unit."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __len__(self) -> int:
        return len(self._tables.need_node)

    def redrawn(self, tables: Tables) -> Slots:
        """The slots of tables with the same names and references, but other figures."""
        other = Slots(tables)
        for name in ("order", "kind", "node", "commodity"):
            other.__dict__[name] = getattr(self, name)
        return other

    @cached_property
    def order(self) -> Ints:
        """The place of each slot among the needs: inputs, then stores, then demands."""
        t = self._tables
        heads = [f"{name}|" for name in t.node_names[: len(t.sites)]]
        heads += t.node_names[len(t.sites) :]
        rank = np.empty(len(heads), np.int64)
        rank[sorted(range(len(heads)), key=heads.__getitem__)] = np.arange(len(heads))
        return sealed(np.lexsort((t.need_commodity, rank[t.need_node])))

    @cached_property
    def kind(self) -> NDArray[np.int8]:
        """`INPUT`, `STORE` or `DEMAND`."""
        t = self._tables
        counts = [len(t.inputs), len(t.stores), len(t.demands)]
        return sealed(np.repeat(np.array([INPUT, STORE, DEMAND], np.int8), counts)[self.order])

    @cached_property
    def node(self) -> Codes:
        """The slot's owner among all nodes."""
        return sealed(self._tables.need_node[self.order])

    @cached_property
    def commodity(self) -> Codes:
        """What is kept there, among all commodities."""
        return sealed(self._tables.need_commodity[self.order])

    @cached_property
    def gain(self) -> Floats:
        """Units needed per unit of the node's throughput: the recipe's, 1 for a store, 0 for a demand."""
        t = self._tables
        return self._of_needs(t.inputs.per_unit, np.ones(len(t.stores)), np.zeros(len(t.demands)))

    @cached_property
    def rate(self) -> Floats:
        """Final use a day."""
        t = self._tables
        return self._of_needs(np.zeros(len(t.inputs)), np.zeros(len(t.stores)), t.demands.rate)

    @cached_property
    def needs(self) -> Floats:
        """Share of output that uses the input (1 for others)."""
        return self._of_inputs("needs", 1.0)

    @cached_property
    def criticality(self) -> Floats:
        """Share of that output which is lost without the input (1 for others)."""
        return self._of_inputs("criticality", 1.0)

    @cached_property
    def reaction(self) -> Floats:
        """Days without delivery after which the slot turns to its other lanes."""
        return self._plain("reaction")

    @cached_property
    def double_order(self) -> Floats:
        """Share of what is placed anew that stays in the old book."""
        return self._plain("double_order")

    @cached_property
    def retain(self) -> Floats:
        """Share of what moved that stays with the new supplier."""
        return self._plain("retain")

    @cached_property
    def holding_cost(self) -> Floats:
        """USD per unit and day."""
        return self._plain("holding_cost")

    @cached_property
    def policy(self) -> Coded[Policy]:
        """The policy objects."""
        return self._coded("policy")

    @cached_property
    def initial(self) -> Coded[Any]:
        """What is really on hand on day 0: `Days`, `Quantity` or None."""
        return self._coded("initial")

    @cached_property
    def rule(self) -> NDArray[np.int8]:
        """The kind of policy, by place in `POLICIES`."""
        return sealed(self.policy.each(lambda p: POLICIES.index(type(p))).astype(np.int8))

    @cached_property
    def review(self) -> Floats:
        """Days between orders; 0 is continuous review."""
        return self.policy.each(lambda policy: policy.review)

    @cached_property
    def low(self) -> Floats:
        """The policy's first number: days of cover, S of a base stock, s or r."""
        return self.policy.each(_first)

    @cached_property
    def high(self) -> Floats:
        """The policy's second number: S of (s, S), Q of (r, Q), else NaN."""
        return self.policy.each(_second)

    def _of_needs(self, inputs: Floats, stores: Floats, demands: Floats) -> Floats:
        return sealed(np.concatenate([inputs, stores, demands])[self.order])

    def _of_inputs(self, name: str, otherwise: float) -> Floats:
        t = self._tables
        others = np.full(len(t.stores) + len(t.demands), otherwise)
        return self._of_needs(getattr(t.inputs, name), others, others[:0])

    def _plain(self, name: str) -> Floats:
        columns: Any = [rows.column(name) for rows in self._tables.needs]
        return Plain.join(columns).take(self.order).array

    def _coded(self, name: str) -> Coded[Any]:
        columns: Any = [rows.column(name) for rows in self._tables.needs]
        return Coded.join(columns).take(self.order)


def _first(policy: Policy) -> float:
    match policy:
        case DaysOfCover():
            return policy.days
        case BaseStock():
            return policy.S
        case MinMax():
            return policy.s
        case ReorderPoint():
            return policy.r


def _second(policy: Policy) -> float:
    match policy:
        case MinMax():
            return policy.S
        case ReorderPoint():
            return policy.Q
        case _:
            return math.nan
