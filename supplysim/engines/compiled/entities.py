"""Entities as arrays: filled column by column from the tables of the network and of the plan."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from supplysim import draws, rules
from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.pools import Pools, rows
from supplysim.model import BaseStock, Days, DaysOfCover, MinMax, ReorderPoint
from supplysim.model.columns import Times
from supplysim.model.slots import DEMAND, INPUT, POLICIES, STORE
from supplysim.model.tables import Tables
from supplysim.plan import DUST, Plan
from supplysim.targets import on_grid_below

__all__ = ["fill"]

Arrays = dict[str, Any]
ALLOCATIONS = {
    "proportional": c.PROPORTIONAL,
    "priority": c.PRIORITY,
    "fifo": c.FIFO,
    "domestic-first": c.DOMESTIC_FIRST,
    "incumbent-first": c.INCUMBENT_FIRST,
}
RULES = {
    DaysOfCover: c.DAYS_OF_COVER,
    BaseStock: c.BASE_STOCK,
    MinMax: c.MIN_MAX,
    ReorderPoint: c.REORDER_POINT,
}


def fill(plan: Plan, pools: Pools, arrays: Arrays) -> None:
    """Make the tables of sources, sites, slots, demands and lanes, and the links between them."""
    arrays["sources"] = _sources(plan)
    arrays["sites"] = _sites(plan)
    arrays["slots"] = _slots(plan, pools)
    arrays["demands"] = _demands(plan, pools)
    arrays["lanes"] = _lanes(plan, pools)
    into = plan.network.tables.lanes_into
    arrays["links"] = rows("links", len(into.rows))
    _set(arrays["links"], len(into.rows), lane=into.rows)


def _set(table: Any, count: int, **columns: Any) -> None:
    """Fill the first ``count`` rows; a table has one row at least, used or not."""
    for name, values in columns.items():
        table[name][:count] = values


def _ranks(plan: Plan, kind: str, count: int) -> Any:
    return plan.first_rank[kind] + np.arange(count)


def _sources(plan: Plan) -> Any:
    """Sites, then stores; the lanes out of one stand together, since lanes are sorted by key."""
    t = plan.network.tables
    sites, stores, count = len(t.sites), len(t.stores), t.source_count
    slots = t.slot_of_node
    table = rows("sources", count)
    _set(
        table,
        count,
        rank=np.concatenate([_ranks(plan, "site", sites), _ranks(plan, "store", stores)]),
        stock=np.concatenate(
            [plan.arrays.opening_output, plan.arrays.opening_stock[slots[sites:count]]]
        ),
        cost_rate=np.concatenate([t.sites.holding_cost, t.stores.holding_cost]),
        cost_since=float(-plan.warmup),
        retry_at=-math.inf,
        site=np.where(np.arange(count) < sites, np.arange(count), -1),
        slot=np.where(np.arange(count) < sites, -1, slots[:count]),
        allocation=np.concatenate(
            [
                t.sites.allocation.each(ALLOCATIONS.__getitem__),
                t.stores.allocation.each(ALLOCATIONS.__getitem__),
            ]
        ),
        lanes=np.diff(t.lanes_from.starts),
    )
    starts = t.lanes_from.starts[:-1]
    some = np.flatnonzero(np.diff(t.lanes_from.starts))
    table["first"][some] = t.lanes_from.rows[starts[some]]
    return table


def _sites(plan: Plan) -> Any:
    t, flows = plan.network.tables, plan.baseline.arrays
    count = len(t.sites)
    table = rows("sites", count)
    inputs = np.flatnonzero(t.slots.kind == INPUT)
    first = np.full(count, len(t.slots))
    np.minimum.at(first, t.slots.node[inputs], inputs)  # those of one site stand together
    _set(
        table,
        count,
        rank=_ranks(plan, "site", count),
        lot=flows.lot,
        target=plan.arrays.site_target,
        capacity=flows.capacity,
        base_capacity=flows.capacity,
        cycle=t.sites.cycle_time,
        allowance=plan.arrays.opening_allowance,
        most_allowance=plan.arrays.allowance,
        host_yield=np.nan_to_num(t.sites.host_yield),
        host=t.host,
        guest=-1,
        next_guest=-1,
        first=first,
        slots=np.bincount(t.slots.node[inputs], minlength=count),
    )
    for i in reversed(
        np.flatnonzero(t.host >= 0).tolist()
    ):  # a host's by-products, in order of rank
        host = table[t.host[i]]
        table[i].next_guest, host.guest = host.guest, i
    return table


def _slots(plan: Plan, pools: Pools) -> Any:
    t, targets = plan.network.tables, plan.arrays
    slots, count = t.slots, len(t.slots)
    table = rows("slots", count)
    is_store = slots.kind == STORE
    review = slots.review
    rule = np.array([RULES[policy] for policy in POLICIES])
    _set(
        table,
        count,
        rank=_ranks(plan, "slot", count),
        use=targets.use,
        lump=targets.lump,
        dust=DUST * targets.lump,
        lumps=targets.lumps,
        gain=slots.gain,
        base_gain=slots.gain,
        reaction=slots.reaction,
        base_reaction=slots.reaction,
        retain=slots.retain,
        double_order=slots.double_order,
        needs=slots.needs,
        criticality=slots.criticality,
        review=review,
        step=np.where(review > 0.0, on_grid_below(review), 0.0),
        period=targets.period,
        policy=rule[slots.rule],
        level=slots.low,
        batch=np.nan_to_num(slots.high),
        source=np.where(is_store, slots.node, -1),
        site=np.where(slots.kind == INPUT, slots.node, -1),
        demand=np.where(slots.kind == DEMAND, slots.node - t.source_count, -1),
        on_hand=np.where(is_store, 0.0, targets.opening_stock),
        cost_rate=np.where(is_store, 0.0, slots.holding_cost),
        cost_since=float(-plan.warmup),
        first=t.lanes_into.starts[:-1],
        lanes=np.diff(t.lanes_into.starts),
        initial_stream=-1,
    )
    for i in np.flatnonzero(slots.initial.each(lambda x: x is not None) > 0.0).tolist():
        stock, row = slots.initial[i], table[i]
        row.initial, row.initial_low = c.INITIAL_FIXED, stock.low
        row.initial_unit = targets.use[i] if isinstance(stock, Days) else 1.0
        if stock.high is not None:
            row.initial, row.initial_high = c.INITIAL_RANGE, stock.high
            row.initial_stream = pools.stream("slot", t.slot_keys[i], draws.Purpose.INITIAL_STOCK)
    return table


def _demands(plan: Plan, pools: Pools) -> Any:
    t = plan.network.tables
    demands, count = t.demands, len(t.demands)
    lost = demands.unmet.each(lambda unmet: unmet == "lost") > 0.0
    table = rows("demands", count)
    names = t.demand_names()
    _set(
        table,
        count,
        rank=_ranks(plan, "demand", count),
        rate=demands.rate,
        base_rate=demands.rate,
        period=demands.period,
        step=on_grid_below(demands.period),
        slot=t.slot_of_node[t.source_count :],
        amounts=_distributions(pools, demands.size),
        size_mean=np.nan_to_num(demands.size.mean),
        intervals=[pools.stream("demand", x, draws.Purpose.DEMAND_INTERVAL) for x in names],
        sizes=[pools.stream("demand", x, draws.Purpose.DEMAND_SIZE) for x in names],
        poisson=demands.arrivals.each(lambda how: how == "poisson"),
        lost=lost,
        owed_penalty=np.where(lost, demands.penalty, 0.0),
        cost_rate=np.where(lost, 0.0, demands.penalty),
        cost_since=float(-plan.warmup),
    )
    return table


def _lanes(plan: Plan, pools: Pools) -> Any:
    t, targets, flow = plan.network.tables, plan.arrays, plan.baseline.arrays.flow
    lanes, count = t.lanes, len(t.lanes)
    table = rows("lanes", count)
    for name in ("head", "tail", "newest", "oldest", "retained", "lead_stream"):
        table[name] = -1
    for name in ("capacity", "share", "max_share", "cost", "order_cost", "order_lag", "closed"):
        table[name][:count] = getattr(lanes, name)
    lump = targets.lump[t.lane_slot]
    price = t.commodities.price[t.product[t.lane_source]]
    # an incumbent may save up so much, and its one lump; who is no customer in normal times has no right
    right = np.where(flow > 0.0, rules.INCUMBENT_DAYS * flow + lump, 0.0)
    _set(
        table,
        count,
        rank=_ranks(plan, "lane", count),
        source=t.lane_source,
        slot=t.lane_slot,
        flow=flow,
        dust=DUST * lump,
        planned=targets.lead,
        slack=targets.slack,
        right=right,
        most_right=right,
        right_at=float(-plan.warmup),
        cost_since=float(-plan.warmup),
        free_at=-math.inf,
        price=price,
        base_price=price,
        base_cost=lanes.cost,
        cost_rate=lanes.holding_cost,
        split=lanes.share,
        base_share=lanes.share,
        base_capacity=lanes.capacity,
        lead=_distributions(pools, lanes.lead_time),
        tier=_tiers(t),
    )
    for i in np.flatnonzero(lanes.lead_time.codes >= 0).tolist():
        table["lead_stream"][i] = pools.stream("lane", t.lane_key(i), draws.Purpose.LEAD_TIME)
    return table


def _distributions(pools: Pools, times: Times) -> Any:
    """The row of each distribution (-1: none); those that are fixed share one for each value."""
    fixed, code = np.unique(times.fixed, return_inverse=True)
    place = np.array([-1 if math.isnan(x) else pools.fixed(x) for x in fixed.tolist()], np.int64)
    drawn = np.array([pools.distribution(x) for x in times.values] or [0], np.int64)
    return np.where(times.codes >= 0, drawn[times.codes], place[code]) if len(place) else []


def _tiers(t: Tables) -> Any:
    """The tier of each lane, where its source serves tier by tier: abroad after home, or by priority."""
    domestic = np.concatenate(
        [
            rows_.allocation.each(lambda rule: rule == "domestic-first") > 0.0
            for rows_ in (t.sites, t.stores)
        ]
    )
    places = {name: place for place, name in enumerate(dict.fromkeys(t.country.values))}
    country = t.country.each(places.__getitem__)  # its codes may name a country twice
    abroad = country[t.lane_source] != country[t.lane_target]
    users = t.lane_target - t.source_count
    padded = np.concatenate([t.demands.priority, [0]])
    of_user = np.where(users >= 0, padded[np.maximum(users, -1)], 0)
    _, first = np.unique(t.lanes.priority, return_inverse=True)
    _, second = np.unique(of_user, return_inverse=True)
    by_priority = first * (second.max(initial=0) + 1) + second
    return np.where(domestic[t.lane_source], abroad, by_priority)
