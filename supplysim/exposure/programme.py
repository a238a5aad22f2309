"""The best that could be done: a linear programme of what a network can deliver while parts of it stand still.

One planner who foresees everything moves stocks, capacities and flows so that the least is lost (Simchi-Levi et al.
2015, *Interfaces* 45(5): 375-390, with recipes and routes). Within a period everything may happen in any order and
nothing takes time, so no real course of events, and no simulation, loses less.

Variables of a period are lots begun, output, what is missing of inputs that a plant can do without in part, flows, and
use served. The stocks that everything is drawn from are multiplied by ``scale``. For periods of known length it is 1.
Where the last period is open, all variables count per day of it: then ``scale`` is one over its length, and
the longest time is the smallest scale, which keeps the programme linear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.exposure.rows import Rows
from supplysim.exposure.stocks import Stocks
from supplysim.model import Network
from supplysim.model.columns import Floats, Ints
from supplysim.model.slots import DEMAND, INPUT
from supplysim.targets import find_targets

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Period", "Programme", "Solution"]

EVER = 1e-6
"""A scale below which (longer than 2,700 years) a network is said to last for ever."""
MOMENT = 1.001e-3
"""Days, a minute and a half, that count as none when stocks are whole again."""


@dataclass(frozen=True, eq=False)
class Period:
    """Some days in which capacities stay as they are: shares of normal, by site, lane and demand.

    ``start`` and ``days`` say when and for how long (infinite: open); a lane whose share is 0 carries nothing.
    ``quotas`` are (mask of lanes, units a day, units at once) that these may carry together.
    """

    start: float
    days: float
    site: Floats
    lane: Floats
    rate: Floats
    quotas: Sequence[tuple[Any, float, float]] = ()

    @classmethod
    def normal(cls, network: Network, start: float = 0.0, days: float = math.inf) -> Period:
        """Everything works but lanes that are closed in the network itself."""
        t = network.tables
        open_lanes = np.where(np.asarray(t.lanes.closed), 0.0, 1.0)
        return cls(start, days, np.ones(len(t.sites)), open_lanes, np.ones(len(t.demands)))


@dataclass(frozen=True, eq=False)
class Solution:
    """What a programme comes to: units ``lost`` by demand, USD ``value`` of them, ``days`` of the open period.

    ``stock`` is by slot, ``capacity`` by site, what another unit of stock (or a day's capacity) would change: USD less
    lost, or days longer.
    """

    lost: Floats
    value: float
    days: float
    stock: Floats
    capacity: Floats


class Programme:
    """The programme of a network with some opening ``stocks``, solved for periods that follow each other.

    No lane carries more than ``max_share`` of its user's normal use, unless ``qualified`` is False.
    """

    def __init__(self, network: Network, stocks: Stocks, *, qualified: bool = True) -> None:
        self.network, self.stocks, self.qualified = network, stocks, qualified
        self._t = network.tables
        self._base = network.baseline().arrays
        targets = find_targets(self._t, self._base)
        self._use = _positive(targets.use)
        t = self._t
        hosted = np.maximum(t.host, 0)
        being = stocks.finished[hosted] * np.where(t.host >= 0, t.sites.host_yield, 0.0)
        guests = np.flatnonzero(t.host >= 0)
        self._residue = (targets.allowance + being)[guests] / self._size[guests]

    # --- questions -------------------------------------------------------------------------------

    def least_loss(self, periods: Sequence[Period], worth: Floats) -> Solution:
        """What must be lost at least in these periods, at ``worth`` USD a unit by demand."""
        wanted = [self._wanted(period, period.days) for period in periods]
        total = np.sum(wanted, axis=0)
        upper = [self._upper(p, p.days, use) for p, use in zip(periods, wanted, strict=True)]
        rows = self._rows(periods)
        self._let_wait(rows, wanted, upper)
        costs = np.zeros((len(periods), self._width))
        costs[:, self._part("served")] = -worth * self._size[self._part("served")]
        limits = np.concatenate(upper) / self._sizes(len(periods))
        found = rows.solve(costs.ravel(), np.zeros(len(limits)), limits, scale=(1.0, 1.0))
        served = np.zeros(len(total))
        for at in range(len(periods)):
            served += (found.x[:-1] * self._sizes(len(periods)))[self._part("served", at)]
        lost = np.maximum(0.0, total - served)
        lost[lost <= 1e-7 * total] = 0.0
        return Solution(lost, float(lost @ worth), math.nan, *self._prices(found, periods, 1.0))

    def longest(self, periods: Sequence[Period]) -> Solution:
        """For how long of the last, open period everything wanted is served, and in all before it, too.

        Idle capacity comes back after its delays: what is ready within the time that is found counts.
        """
        nothing = np.zeros(len(self._t.demands))
        ready, counted = self._idle_from(periods[-1].start), 0.0
        while True:
            found = self._open(periods, np.where(ready <= counted, ready, math.inf))
            if found is None:  # not even for a moment
                none = np.zeros(len(self._use)), np.zeros(len(self._t.sites))
                return Solution(nothing, 0.0, 0.0, *none)
            scale = float(found.x[-1])
            days = math.inf if scale < EVER else 1.0 / scale
            later = ready[(ready > counted) & (ready <= days * (1.0 + 1e-9))]
            if not later.size or math.isinf(days):
                break
            counted = float(later.min())
        gain = days if math.isfinite(days) else 0.0
        return Solution(nothing, 0.0, days, *self._prices(found, periods, gain))

    def refill(self, periods: Sequence[Period], lost: Floats) -> float:
        """Days of the last, open period until all stocks are what they were; before it ``lost`` units are given up."""
        never = np.full(len(self._t.sites), math.inf)
        found = self._open(periods, never, lost=lost)
        if found is None or found.x[-1] < EVER:
            return math.inf
        days = 1.0 / float(found.x[-1])
        return days if days > MOMENT else 0.0

    # --- variables -------------------------------------------------------------------------------

    @cached_property
    def _partial(self) -> Ints:
        """Inputs without which a lot goes ahead in part."""
        slots = self._t.slots
        inputs = slots.kind == INPUT
        return np.flatnonzero(inputs & (slots.needs * slots.criticality < 1.0))

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        sites, lanes, demands = len(self._t.sites), len(self._t.lanes), len(self._t.demands)
        sizes = {"begun": sites, "made": sites, "missing": len(self._partial), "flow": lanes}
        found, first = {}, 0
        for name, size in {**sizes, "served": demands}.items():
            found[name] = (first, first + size)
            first += size
        return found

    @cached_property
    def _width(self) -> int:
        return max(end for _, end in self._places.values())

    def _part(self, name: str, period: int = 0) -> slice:
        first, end = self._places[name]
        return slice(period * self._width + first, period * self._width + end)

    @cached_property
    def _size(self) -> Floats:
        """A day's worth of each variable, by which it is scaled: units run from grams to billions of pieces."""
        t, base = self._t, self._base
        made = np.where(
            base.output[: len(t.sites)] > 0.0, base.output[: len(t.sites)], base.capacity
        )
        flow = self._use[t.lane_slot]
        return np.concatenate(
            [made, made, self._use[self._partial], flow, _positive(t.demands.rate)]
        )

    @cached_property
    def _row_size(self) -> Floats:
        return np.concatenate([self._use, self._size[self._part("made")]])

    def _wanted(self, period: Period, days: float) -> Floats:
        return np.asarray(self._t.demands.rate * period.rate * days)

    def _upper(self, period: Period, days: float, served: Floats) -> Floats:
        """The most of each variable in ``days`` of a period."""
        t, lanes = self._t, self._t.lanes
        active = np.where(t.all_idle, 0.0, self._base.capacity)
        begun = period.site * active * days
        if math.isfinite(period.days):
            back = period.start + period.days - np.maximum(period.start, self._idle_from(0.0))
            begun += period.site * t.sites.idle_capacity * np.clip(back, 0.0, period.days)
        most = np.maximum(lanes.share, lanes.max_share)
        bound = self.qualified & (most < 1.0)
        flow = np.where(bound, most * self._use[t.lane_slot] * days, np.inf)
        with np.errstate(invalid="ignore"):
            room = np.where(np.isinf(lanes.capacity), np.inf, lanes.capacity * period.lane * days)
        flow = np.where(period.lane > 0.0, np.minimum(flow, room), 0.0)
        free = np.full(len(begun) + len(self._partial), np.inf)
        return np.concatenate([begun, free, flow, served])

    def _idle_from(self, start: float) -> Floats:
        """Days from ``start`` on after which a site's idle capacity may be back; infinite where it has none."""
        rules = self._t.sites.idle
        wait = rules.each(lambda idle: math.inf if idle is None else idle.after + idle.delay)
        return np.maximum(0.0, wait - start)

    # --- constraints -----------------------------------------------------------------------------

    @cached_property
    def _drain(self) -> csr_array:
        """What each stock loses by a period's variables: rows are slots, then sites' finished goods."""
        t, slots = self._t, self._t.slots
        count, sites, lanes = len(slots), np.arange(len(t.sites)), np.arange(len(t.lanes))
        stock_of = np.concatenate([count + sites, t.slot_of_node[len(sites) : t.source_count]])
        inputs, ends = (np.flatnonzero(slots.kind == kind) for kind in (INPUT, DEMAND))
        return self._matrix(
            count + len(sites),
            (t.lane_slot, "flow", lanes, -1.0),
            (stock_of[t.lane_source], "flow", lanes, 1.0),
            (count + sites, "made", sites, -1.0),
            (inputs, "begun", slots.node[inputs], slots.gain[inputs]),
            (self._partial, "missing", np.arange(len(self._partial)), -1.0),
            (ends, "served", slots.node[ends] - t.source_count, 1.0),
            rows=self._row_size,
        )

    @cached_property
    def _recipes(self) -> csr_array:
        """What holds in each period, as rows that must be at most 0.

        made <= begun - weight x missing / gain; missing <= gain x begun; made <= begun.
        """
        t, slots, some = self._t, self._t.slots, self._partial
        weight = (slots.needs * slots.criticality)[some]
        gain, node, at = slots.gain[some], slots.node[some], np.arange(len(some))
        sites, second, third = np.arange(len(t.sites)), len(some), 2 * len(some)
        return self._matrix(
            third + len(sites),
            (at, "made", node, 1.0),
            (at, "begun", node, -1.0),
            (at, "missing", at, weight / gain),
            (second + at, "missing", at, 1.0),
            (second + at, "begun", node, -gain),
            (third + sites, "made", sites, 1.0),
            (third + sites, "begun", sites, -1.0),
            rows=np.concatenate(
                [self._size[: len(sites)][node], self._use[some], self._size[: len(sites)]]
            ),
        )

    @cached_property
    def _hosting(self) -> csr_array:
        """By-products take what their hosts leave: made - yield x made of the host, drawn from the residue there."""
        t = self._t
        guests = np.flatnonzero(t.host >= 0)
        at = np.arange(len(guests))
        return self._matrix(
            len(guests),
            (at, "made", guests, 1.0),
            (at, "made", t.host[guests], -t.sites.host_yield[guests]),
            rows=self._size[guests],
        )

    def _matrix(self, count: int, *parts: tuple[Any, str, Any, Any], rows: Floats) -> csr_array:
        """Entries (rows, variable, places, values) as a matrix, with its rows and columns scaled."""
        from scipy.sparse import coo_array, diags_array

        at = np.concatenate([part[0] for part in parts])
        columns = np.concatenate([self._places[part[1]][0] + np.asarray(part[2]) for part in parts])
        values = np.concatenate([np.broadcast_to(part[3], len(part[0])) for part in parts])
        found = coo_array((values, (at, columns)), shape=(count, self._width))
        return (diags_array(1.0 / rows) @ found @ diags_array(self._size)).tocsr()

    # --- solving ---------------------------------------------------------------------------------

    def _rows(self, periods: Sequence[Period], *, whole_again: bool = False) -> Rows:
        """What holds whatever is asked: stocks, recipes, residues and quotas."""
        from scipy.sparse import block_diag, hstack

        count = len(periods)
        rows = Rows(self._width * count)
        held = np.concatenate([self.stocks.on_hand + self.stocks.under_way, self.stocks.finished])
        for at in range(count):
            left = self._width * (count - at - 1)
            for drain, has in (
                (self._drain, held / self._row_size),
                (self._hosting, self._residue),
            ):
                again = whole_again and at == count - 1 and drain is self._drain
                until = [drain] * (at + 1) + ([_empty(drain.shape[0], left)] if left else [])
                rows.at_most(hstack(until, format="csr"), per_scale=0.0 if again else has)
        rows.at_most(block_diag([self._recipes] * count, format="csr"))
        for at, period in enumerate(periods):
            for mask, a_day, burst in period.quotas:
                lanes = self._part("flow", at).start + np.flatnonzero(mask)
                together = rows.pick(lanes).multiply(self._sizes(count)[lanes][:, None]).sum(axis=0)
                known = math.isfinite(period.days)
                amount = burst + a_day * period.days if known else burst
                rows.at_most(_one(together), limit=0.0 if known else a_day, per_scale=amount)
        return rows

    def _let_wait(self, rows: Rows, wanted: list[Floats], upper: list[Floats]) -> None:
        """What is backlogged may be served in a later period, never in an earlier one."""
        waits = np.flatnonzero(self._t.demands.unmet.each(lambda how: how == "backlog"))
        if len(wanted) == 1 or not waits.size:
            return
        size = self._size[self._part("served")][waits]
        for at in range(len(wanted)):
            upper[at][self._part("served")][waits] = np.inf
            until: Any = sum(
                rows.pick(self._part("served", q).start + waits) for q in range(at + 1)
            )
            rows.at_most(until, limit=np.sum(wanted[: at + 1], axis=0)[waits] / size)

    def _open(self, periods: Sequence[Period], ready: Floats, lost: Floats | None = None) -> Any:
        """Solve for the length of the last period; with ``lost``, for stocks to be whole again at its end."""
        count, last = len(periods), len(periods) - 1
        lengths = [p.days for p in periods[:-1]] + [1.0]
        wanted = [self._wanted(p, days) for p, days in zip(periods, lengths, strict=True)]
        upper = [
            self._upper(p, days, use) for p, days, use in zip(periods, lengths, wanted, strict=True)
        ]
        rows = self._rows(periods, whole_again=lost is not None)
        self._let_back(rows, periods[-1], upper[-1], ready, last)
        limits = np.concatenate(upper) / self._sizes(count)
        before = self._width * last  # what happens before counts per day of the open period, too
        finite = np.flatnonzero(np.isfinite(limits[:before]) & (limits[:before] > 0.0))
        if before:
            rows.at_most(rows.pick(finite), per_scale=limits[finite])
            served: Any = sum(rows.pick(_range(self._part("served", at))) for at in range(last))
            given_up = 0.0 if lost is None else lost
            total = (np.sum(wanted[:-1], axis=0) - given_up) / self._size[self._part("served")]
            rows.equal(served, per_scale=total)
            limits[finite] = np.inf
        lower = np.zeros(len(limits))
        lower[self._part("served", last)] = limits[self._part("served", last)]
        most, cost = (1e9, 1.0) if lost is None else (1e3, -1.0)
        return rows.solve(np.zeros(len(limits)), lower, limits, scale=(0.0, most), cost=cost)

    def _let_back(self, rows: Rows, period: Period, upper: Floats, ready: Floats, at: int) -> None:
        """Idle capacity that is back ``ready`` days into an open period."""
        back = np.flatnonzero(np.isfinite(ready) & (period.site > 0.0))
        extra = (period.site * self._t.sites.idle_capacity)[back]
        upper[: len(ready)][back] += extra
        size = self._size[: len(ready)][back]
        begun = self._part("begun", at).start + back
        limit = upper[: len(ready)][back] / size
        rows.at_most(rows.pick(begun), limit=limit, per_scale=-ready[back] * extra / size)

    def _prices(self, found: Any, periods: Sequence[Period], gain: float) -> tuple[Floats, Floats]:
        """What one unit more of each stock, and a unit a day more of each capacity, would change."""
        count, slots, sites = len(periods), len(self._use), len(self._t.sites)
        stocks = np.zeros(slots)
        step = len(self._row_size) + self._hosting.shape[0]
        for at in range(count):
            stocks -= found.ineqlin.marginals[at * step : at * step + slots]
        capacity = np.zeros(sites)
        for at, period in enumerate(periods):
            days = period.days if math.isfinite(period.days) else gain
            capacity -= found.upper.marginals[self._part("begun", at)] * days
        return gain * stocks / self._use, gain * capacity / self._size[:sites]

    def _sizes(self, count: int) -> Floats:
        return np.tile(self._size, count)


def _positive(values: Floats) -> Floats:
    """What scales: 1 where there is nothing to scale by."""
    return np.where(values > 0.0, values, 1.0)


def _empty(rows: int, columns: int) -> csr_array:
    from scipy.sparse import csr_array

    return csr_array((rows, columns))


def _one(row: Any) -> csr_array:
    from scipy.sparse import csr_array

    return csr_array(np.asarray(row).reshape(1, -1))


def _range(part: slice) -> Ints:
    return np.arange(part.start, part.stop)
