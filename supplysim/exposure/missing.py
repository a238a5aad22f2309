"""What a run misses against the undisturbed one, by lane, plant and cause, up to the end of each span of days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.errors import Fault, InvalidInput
from supplysim.exposure.standing import in_the_way
from supplysim.model.slots import INPUT
from supplysim.results import Result
from supplysim.timeline import lay_out

__all__ = ["Missing", "Shares"]

KINDS = ("use", "output")
WEEKS = 28
"""Days over which lots and ships even out."""
LEVEL, FLOW = 0.1, 0.03
"""Shares of the undisturbed stock, and of the undisturbed flow, that may be missing of what is whole."""


@dataclass(frozen=True, eq=False)
class Shares:
    """Amounts that are missing at each step, by pairs of an entity and what it is missed for.

    ``entity`` and ``reason`` (a label, a slot, ...) have one row a pair, ``amount`` is steps x pairs.
    """

    entity: Any
    reason: Any
    amount: Array

    @classmethod
    def of(cls, daily: Array, reasons: Any, marks: Any, whole: Any) -> Shares:
        """Sum what is missing on days that have a reason (not below 0), since an entity was last ``whole``."""
        day, entity = np.nonzero(reasons)
        reason = reasons[day, entity]
        count = int(reasons.max(initial=0)) + 1
        pairs, place = np.unique(entity * count + reason, return_inverse=True)
        step = np.searchsorted(marks, day, side="right")
        sums = np.zeros((len(marks), len(pairs)))
        np.add.at(sums, (step, place), daily[day, entity])
        entity = pairs // count
        return cls(entity, pairs % count, since_whole(np.cumsum(sums, axis=0), whole[:, entity]))

    def at(self, step: int) -> Array:
        """What is missing by then; what was caught up is not."""
        return np.asarray(np.maximum(0.0, self.amount[step]))

    def over(self, size: int, step: int) -> Array:
        """The same summed by entity."""
        return np.bincount(self.entity, self.at(step), size).astype(float)


def since_whole(cumulated: Array, whole: Any) -> Array:
    """What came about since the last step before at whose end an entity was whole: steps x entities.

    >>> since_whole(np.array([[1.0], [3.0], [4.0]]), np.array([[False], [True], [False]])).ravel().tolist()
    [1.0, 3.0, 1.0]
    """
    found, settled = np.empty_like(cumulated), np.zeros(cumulated.shape[1])
    for step, amounts in enumerate(cumulated):
        found[step] = amounts - settled
        settled = np.where(whole[step], amounts, settled)
    return found


def settled(amounts: Sequence[float]) -> list[float]:
    """What remains of losses and gains once each made good the latest of the other before it; the sum is the same.

    >>> settled([4.0, 6.0, -7.0, 1.0])  # six of the second loss, then one of the first, are caught up
    [3.0, 0.0, 0.0, 1.0]
    """
    found, standing = [0.0] * len(amounts), list[int]()
    for step, amount in enumerate(amounts):
        left = amount
        while standing and left * found[standing[-1]] < 0.0:
            before = standing[-1]
            both = left + found[before]
            if abs(left) < abs(found[before]):
                found[before], left = both, 0.0
                break
            found[before], left = 0.0, both
            standing.pop()
        if left != 0.0:
            found[step] = left
            standing.append(step)
    return found


class Missing:
    """The two runs laid beside each other, on the network with all structure.

    With ``forget`` what a node missed before it was last whole counts no more.
    """

    def __init__(self, base: Result, run: Result, step: int, *, forget: bool = True) -> None:
        self._forget = forget
        recipe, other = run.recipe, base.recipe
        faults = [
            Fault(
                name,
                f"must be that of the undisturbed run ({getattr(other, name)})",
                getattr(recipe, name),
            )
            for name in ("horizon", "warmup", "seed", "replication")
            if getattr(recipe, name) != getattr(other, name)
        ]
        if type(step) is not int or step < 1:
            faults.append(Fault("step", "must be a whole number of days from 1 on", step))
        if faults:
            raise InvalidInput(faults, what="attribution")
        self.timeline = lay_out(recipe.network, recipe.scenario)
        self.network = self.timeline.network
        self.t = self.network.tables
        self.run, self.base = run.data, base.data
        self.days = recipe.horizon
        self.marks = np.append(np.arange(step, self.days, step), self.days)
        self.steps = len(self.marks)
        self.way = in_the_way(self.timeline, self.days)

    # --- daily records ---------------------------------------------------------------------------

    def less(self, record: str) -> Array:
        """A daily record of the undisturbed run less that of the run: days x entities, structure included."""
        run = self.run[record]
        kind = str(run.dims[1])
        names = run[kind].values.tolist()
        place = {name: i for i, name in enumerate(names)}
        found = -run.to_numpy()
        there = [place[name] for name in self.base[kind].values.tolist()]
        found[:, there] += self.base[record].to_numpy()
        return np.asarray(found)

    def _ends(self, cumulated: Any) -> Array:
        return np.asarray(cumulated[self.marks - 1])

    def _since(self, daily: Array, whole: Any) -> Array:
        return since_whole(self._ends(np.cumsum(daily, axis=0)), whole)

    @cached_property
    def whole(self) -> tuple[Any, Any]:
        """Whether each slot and each site has got over it at the end of each step (steps x slots, steps x sites).

        It has, on average over four weeks, what it would have, and uses or begins what it would, but for a small part;
        so has everybody whom it supplies. What was missing earlier has had its effects by then.
        """
        t = self.t
        if not self._forget:
            sizes = (len(t.slots), len(t.sites))
            return tuple(np.zeros((self.steps, size), bool) for size in sizes)  # type: ignore[return-value]
        way = [np.zeros((self.days, len(t.slots))) for _ in range(2)]
        for values, into in zip(self._pair("in_transit"), way, strict=True):
            np.add.at(into.T, t.lane_slot, values.T)
        slots = self._level(self._pair("on_hand"), LEVEL) & self._level(way, LEVEL)
        slots &= self._level(self._pair("used"), FLOW)
        held = [a + b for a, b in zip(self._pair("stock"), self._pair("in_process"), strict=True)]
        sites = self._level(held, LEVEL) & self._level(self._pair("started"), FLOW)
        return self._spread(slots, sites)

    def _pair(self, record: str) -> list[Array]:
        """A daily record of the undisturbed run, and what the run has less."""
        less = self.less(record)
        return [less + self.run[record].to_numpy(), less]

    def _level(self, pair: list[Array], share: float) -> Any:
        """Whether what is less is at most so much of the undisturbed, over four weeks, at the end of each step."""
        base, less = (np.cumsum(values, axis=0) for values in pair)
        last, first = self.marks - 1, self.marks - 1 - WEEKS
        before = np.maximum(first, 0)
        gone = [np.where((first >= 0)[:, None], x[before], 0.0) for x in (base, less)]
        whole: Any = less[last] - gone[1] <= share * (base[last] - gone[0])
        return whole

    def _spread(self, slots: Any, sites: Any) -> tuple[Any, Any]:
        """Who supplies one that is not whole is not whole either."""
        t = self.t
        inputs, lanes = np.flatnonzero(t.slots.kind == INPUT), np.arange(len(t.lanes))
        made = lanes[t.lane_source < len(t.sites)]
        passed = lanes[t.lane_source >= len(t.sites)]
        while True:
            before = int(slots.sum()) + int(sites.sum())
            np.logical_and.at(sites.T, t.lane_source[made], slots.T[t.lane_slot[made]])
            stores = t.slot_of_node[t.lane_source[passed]]
            np.logical_and.at(slots.T, stores, slots.T[t.lane_slot[passed]])
            slots[:, inputs] &= sites[:, t.slots.node[inputs]]
            if int(slots.sum()) + int(sites.sum()) == before:
                return slots, sites

    @property
    def _lane_whole(self) -> Any:
        return self.whole[0][:, self.t.lane_slot]

    @cached_property
    def shipped(self) -> Array:
        """Units that each lane has not carried (below 0: more), since its user was last whole, by step."""
        return self._since(self.less("shipped"), self._lane_whole)

    @cached_property
    def received(self) -> Array:
        """Units that have not come on each lane, likewise."""
        return self._since(self.less("received"), self._lane_whole)

    @cached_property
    def ordered(self) -> Array:
        """Units that have not been ordered on each lane, likewise."""
        return self._since(self.less("ordered"), self._lane_whole)

    # --- lanes -----------------------------------------------------------------------------------

    @cached_property
    def _held_days(self) -> Any:
        """Who holds a lane on each day: who shuts it, or who checks it while the source has goods to give."""
        t, way = self.t, self.way
        stock = np.hstack(
            [
                self.run["stock"].to_numpy(),
                self.run["on_hand"].to_numpy()[:, t.slot_of_node[len(t.sites) : t.source_count]],
            ]
        )
        some = stock[:, t.lane_source] > 1e-9 * np.maximum(
            1e-300, self.network.baseline().arrays.flow
        )
        chance = np.where(some & (self.run["book"].to_numpy() > 0.0), way.chance["lane"], 0)
        checked = np.where(way.gate > 0, np.where(some, way.gate, 0), chance)
        return np.where(way.shut > 0, way.shut, checked)

    @cached_property
    def held(self) -> Shares:
        """What measures hold, by lane and label."""
        daily = self.less("shipped")
        return Shares.of(daily, self._held_days, self.marks, self._lane_whole)

    @cached_property
    def taken(self) -> Shares:
        """What was seized or sent back, by lane and label."""
        gone = -(self.less("seized") + self.less("returned"))
        label = np.where(
            self.way.taken > 0, self.way.taken, np.maximum(self.way.shut, self.way.gate)
        )
        return Shares.of(gone, label, self.marks, self._lane_whole)

    @cached_property
    def slowed(self) -> Shares:
        """What is under way for longer, by lane and label: not cumulated, as it stands at the end of each step."""
        late = self._ends(-self.less("in_transit"))
        label: Any = self.way.slow[self.marks - 1]
        entity = np.flatnonzero(label.any(axis=0))
        reason = label[:, entity].max(axis=0)
        return Shares(entity, reason, late[:, entity])

    @cached_property
    def starved(self) -> Array:
        """What each lane did not carry, though it was ordered and nobody held it: steps x lanes."""
        free = np.where(self._held_days > 0, 0.0, self.less("shipped"))
        missing = self._since(free, self._lane_whole) - np.maximum(0.0, self.ordered)
        return np.asarray(np.maximum(0.0, missing))

    # --- plants ----------------------------------------------------------------------------------

    @cached_property
    def _shortest(self) -> Any:
        """The input that each site has least of, day by day, as a slot + 1 (0: all are there)."""
        t, slots = self.t, self.t.slots
        found = np.zeros((self.days, len(t.sites)), np.int64)
        least = np.ones(found.shape)
        on_hand, lot = self.run["on_hand"].to_numpy(), self.network.baseline().arrays.lot
        weight = slots.needs * slots.criticality
        for slot in np.flatnonzero(slots.kind == INPUT).tolist():
            site = int(slots.node[slot])
            there = np.minimum(1.0, on_hand[:, slot] / (slots.gain[slot] * lot[site]))
            part = 1.0 - weight[slot] * (1.0 - there)
            worse = part < np.minimum(least[:, site], 1.0 - 1e-9)
            least[worse, site] = part[worse]
            found[worse, site] = slot + 1
        return found

    @cached_property
    def _lots(self) -> Array:
        return self.less("started")

    @cached_property
    def held_down(self) -> Shares:
        """Lots not begun for want of capacity, by site and label."""
        label = self.way.capacity
        free = (label == 0) & (self._shortest == 0)
        reasons = np.where(free, self.way.chance["site"], label)
        return Shares.of(self._lots, reasons, self.marks, self.whole[1])

    @cached_property
    def short_of(self) -> Shares:
        """Lots not begun for want of an input, by site and slot + 1."""
        reasons = np.where(self.way.capacity > 0, 0, self._shortest)
        return Shares.of(self._lots, reasons, self.marks, self.whole[1])

    @cached_property
    def not_begun(self) -> Array:
        """Lots not begun on days on which neither capacity nor inputs were short: steps x sites."""
        busy = (self.way.capacity > 0) | (self.way.chance["site"] > 0) | (self._shortest > 0)
        return np.asarray(
            np.maximum(0.0, self._since(np.where(busy, 0.0, self._lots), self.whole[1]))
        )

    @cached_property
    def made_less(self) -> Array:
        """Units that each site has not made by the end of each step (below 0: more)."""
        return self._since(self.less("output"), self.whole[1])

    @cached_property
    def wanted_more(self) -> Array:
        """Units that each demand has wanted more by the end of each step."""
        return self._ends(np.cumsum(-self.less("wanted"), axis=0))

    # --- what is lost ----------------------------------------------------------------------------

    def losses(self, of: str, countries: Sequence[str]) -> tuple[Array, Array, Any]:
        """Units lost for good in each step (steps x entities), USD a unit, and the node where each loss stands."""
        if of not in KINDS:
            raise InvalidInput(
                [Fault("of", f"must be one of {', '.join(KINDS)}", of)], what="attribution"
            )
        t, sites = self.t, len(self.t.sites)
        price = np.asarray(t.commodities.price)
        if of == "use":
            daily = self.less("served")
            nodes = np.arange(t.source_count, len(t.node_names))
            goods = t.slots.commodity[t.slot_of_node[nodes]]
            worth, where = np.where(price[goods] > 0.0, price[goods], 1.0), t.slot_of_node[nodes]
        else:
            daily = self.less("output")
            nodes = np.arange(sites)
            worth, where = np.asarray(t.sites.value_added), len(t.slots) + nodes
        if countries:
            home = self.network.countries(countries)
            there = np.isin(np.array(t.country.every(), dtype=object)[nodes], list(home))
            if not there.any():
                rule = (
                    "nothing is made or used there" if of == "output" else "nothing is used there"
                )
                raise InvalidInput([Fault("countries", rule, list(countries))], what="attribution")
            daily = np.where(there, daily, 0.0)
        sums = np.add.reduceat(daily, np.append(0, self.marks[:-1]), axis=0)
        for entity in np.flatnonzero((sums < 0.0).any(axis=0) & (sums > 0.0).any(axis=0)).tolist():
            sums[:, entity] = settled(sums[:, entity].tolist())
        return sums, worth, where
