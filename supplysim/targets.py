"""What nodes get ready for: targets, lots, planned times and opening stocks, as columns.

Targets hold the largest burst of orders that may come at once, so that an undisturbed feasible network
serves every demand in full (network calculus: a stock of burst plus rate times delay never runs dry).

Sums run one by one in order of key; all else is arithmetic row by row, with the bits of the same
arithmetic on single numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from supplysim import rules
from supplysim.model import BaseStock, DaysOfCover, MinMax, ReorderPoint
from supplysim.model.baseline import Flows, solve_back
from supplysim.model.columns import Floats, sealed
from supplysim.model.findings import Findings
from supplysim.model.slots import DEMAND, INPUT, POLICIES, Slots
from supplysim.model.tables import Tables

__all__ = ["Targets", "find_targets", "longest_stage", "on_grid_below", "withdrawal"]

LEAST = 1e-300
"""The lump of what is never used, so that it can be divided by."""
COVER, LEVEL, BAND, BATCH = (
    POLICIES.index(policy) for policy in (DaysOfCover, BaseStock, MinMax, ReorderPoint)
)


@dataclass(frozen=True)
class Targets:
    """Arrays in the order of the tables' rows; times in days, quantities in units.

    By slot: ``use`` (a day) that it gets ready for, ``lump`` (one order or withdrawal), ``lumps`` (what its target
    holds besides days of use), ``period`` (of withdrawals that orders are not in step with, else 0), ``opening_stock``.
    By site: ``site_target`` and ``opening_output`` of finished stock; for a by-product the ``allowance`` that its
    host's residue may grow to, and ``opening_allowance`` (0 for others). By lane: ``lead``, the mean time from order to
    receipt, and ``slack``, what a lane's own capacity (or the order of one day) may add.
    """

    use: Floats
    lump: Floats
    lumps: Floats
    period: Floats
    opening_stock: Floats
    site_target: Floats
    opening_output: Floats
    allowance: Floats
    opening_allowance: Floats
    lead: Floats
    slack: Floats


def find_targets(tables: Tables, flows: Flows) -> Targets:
    """The targets of a network with this baseline."""
    lanes, slots = tables.lanes, tables.slots
    with np.errstate(all="ignore"):  # rows to which a formula does not apply are replaced
        use = _use(tables, flows)
        lump = _lump(tables, flows, use)
        burst = _burst(slots, use, lump)
        bursts = solve_back(tables, burst, Findings())
        lumps = _lumps(tables, flows, use, lump, bursts)
        lead, mean = _lead(tables), _on_grid(lanes.lead_time.mean)
        # demand comes before dispatch: what travels no time is there just after the day's demand
        tick = np.where(mean <= 0.0, rules.TICK, 0.0)
        slack = tick + _slack(tables, burst + lump)
        period = _period(tables)
        opening = _opening_stock(tables, use, lumps, period, lead + slack)
        target = _site_target(tables, flows, bursts)
        ready = (flows.output[: len(tables.sites)] > 0.0) | (np.diff(tables.inputs_of.starts) > 0)
        output = np.where(ready, target, 0.0)
        allowance, opened = _allowance(tables, flows, bursts)
    found = (use, lump, lumps, period, opening, target, output, allowance, opened, lead, slack)
    return Targets(*map(sealed, found))


def longest_stage(tables: Tables, flows: Flows) -> float:
    """The longest single stage in days that carries goods to a demand: a lane with its review, or a lot."""
    review = tables.slots.review[tables.lane_slot]
    stages = (_lead(tables) + review)[flows.flow > 0.0]
    busy = flows.lot / flows.capacity + tables.sites.cycle_time
    made = busy[flows.output[: len(tables.sites)] > 0.0]
    return float(max(stages.max(initial=0.0), made.max(initial=0.0)))


def withdrawal(tables: Tables) -> Floats:
    """How much each demand takes at once."""
    demands = tables.demands
    one = np.where(np.isnan(demands.size.mean), 1.0, demands.size.mean)
    steady = demands.rate * demands.period
    return np.where(_poisson(tables), one, np.where(steady != 0.0, steady, LEAST))


def _poisson(tables: Tables) -> Any:
    return tables.demands.arrivals.each(lambda how: how == "poisson") > 0.0


# --- slots ---------------------------------------------------------------------------------------


def _of_nodes(tables: Tables, sites: Floats, demands: Floats) -> Floats:
    """A number of each slot's node: its site's, its demand's, or 0 for a store."""
    values = np.concatenate([sites, np.zeros(len(tables.stores)), demands])
    return values[tables.slots.node]


def _use(tables: Tables, flows: Flows) -> Floats:
    """Baseline use, or what a site that stands ready plans for."""
    planned = _of_nodes(tables, tables.sites.planned, np.zeros(len(tables.demands)))
    return np.maximum(flows.use, tables.slots.gain * planned)


def _lump(tables: Tables, flows: Flows, use: Floats) -> Floats:
    """One withdrawal, one lot's need, or for a store its level or a week's flow."""
    slots = tables.slots
    own = _of_nodes(tables, flows.lot, withdrawal(tables))
    level = np.where(slots.rule == COVER, 0.0, _level(slots))
    week = 7.0 * use
    stored = np.where(level != 0.0, level, np.where(week != 0.0, week, LEAST))
    return np.where(
        slots.kind == DEMAND, own, np.where(slots.kind == INPUT, slots.gain * own, stored)
    )


def _level(slots: Slots) -> Floats:
    """Up to where a policy with fixed levels orders."""
    return np.where(
        slots.rule == BATCH,
        slots.low + slots.high,
        np.where(slots.rule == BAND, slots.high, slots.low),
    )


def _burst(slots: Slots, use: Floats, lump: Floats) -> Floats:
    """What a slot may order at once by its own doing: a withdrawal or lot, a review's use, a batch."""
    lumpy = (slots.kind == DEMAND) | ((slots.kind == INPUT) & (use > 0.0))
    burst = slots.review * use + np.where(lumpy, lump, 0.0)
    batch = np.where(slots.rule == BAND, slots.high - slots.low, 0.0)
    return burst + np.where(slots.rule == BATCH, slots.high, batch)


def _lumps(tables: Tables, flows: Flows, use: Floats, lump: Floats, bursts: Floats) -> Floats:
    slots, none = tables.slots, np.zeros(len(tables.demands))
    lot = _of_nodes(tables, flows.lot, none)
    passed_on = slots.gain * (np.append(bursts, none)[slots.node] + lot)
    drawn = _of_nodes(tables, np.zeros(len(tables.sites)), _poisson(tables).astype(float)) > 0.0
    return np.where(
        slots.kind == DEMAND, np.where(drawn, lump, 0.0), np.where(use <= 0.0, 0.0, passed_on)
    )


def _period(tables: Tables) -> Floats:
    """The period of a demand that orders are not in step with; 0 where use counts as a flow."""
    steady = np.where(_poisson(tables), 0.0, tables.demands.period)
    period = _of_nodes(tables, np.zeros(len(tables.sites)), steady)
    review = tables.slots.review
    in_step = (review > 0.0) & (np.fmod(review, period) == 0.0)
    return np.where(in_step, 0.0, period)


def _opening_stock(
    tables: Tables, use: Floats, lumps: Floats, period: Floats, lead: Floats
) -> Floats:
    """What is on hand when the warm-up starts: the full target, with nothing on order."""
    slots, slot = tables.slots, tables.lane_slot
    days = lead + slots.review[slot]
    # with single withdrawals, as many as fit into the wait must be covered
    waited = np.where(period[slot] > 0.0, _ceil_to(days, period[slot]), days)
    wait = np.bincount(slot, tables.lanes.share * waited, len(slots))  # one by one, in order
    target = (wait + slots.low) * use + lumps
    level = np.where(slots.rule == BATCH, np.maximum(0.0, _level(slots)), _level(slots))
    return np.where(slots.rule == COVER, target, level)


# --- sites and lanes -----------------------------------------------------------------------------


def _site_target(tables: Tables, flows: Flows, bursts: Floats) -> Floats:
    sites = tables.sites
    output = np.maximum(flows.output[: len(sites)], sites.planned)
    wait = sites.cover + flows.lot / flows.capacity + sites.cycle_time
    return np.where(output > 0.0, wait * output + bursts[: len(sites)] + flows.lot, 0.0)


def _allowance(tables: Tables, flows: Flows, bursts: Floats) -> tuple[Floats, Floats]:
    """How much residue of its host a by-product finds at most, and when the warm-up starts.

    Its buffer, but at least what the host may fall behind the by-product in normal times: orders of either come in
    bursts, and a line may be a lot ahead or behind them. A run starts without the lots that the host would have in its
    cycle time: what they will leave is there as well.
    """
    sites, host = tables.sites, tables.host
    output = np.maximum(flows.output[: len(sites)], sites.planned)
    lumps = bursts[: len(sites)] + 2.0 * flows.lot
    least = lumps + sites.host_yield * np.append(lumps, 0.0)[host]
    most = np.where(host >= 0, np.maximum(sites.host_buffer * output, least), 0.0)
    under_way = np.where(host >= 0, output * np.append(sites.cycle_time, 0.0)[host], 0.0)
    return most, most + under_way


def _lead(tables: Tables) -> Floats:
    return _on_grid(tables.lanes.order_lag) + _on_grid(tables.lanes.lead_time.mean)


def _slack(tables: Tables, burst: Floats) -> Floats:
    """How long the largest order of a slot may queue for the lane's own capacity."""
    lanes = tables.lanes
    queue = _on_grid(lanes.share * burst[tables.lane_slot] / lanes.capacity + 1.0)
    return np.where(np.isinf(lanes.capacity), 0.0, queue)


# --- rules on columns ----------------------------------------------------------------------------


def _on_grid(days: Floats) -> Floats:
    """`rules.on_grid` row by row."""
    return np.where(days >= rules.NEVER, rules.NEVER, np.floor(days * 1048576.0 + 0.5) * rules.TICK)


def on_grid_below(days: Floats) -> Floats:
    """`rules.on_grid_below` row by row."""
    return np.maximum(rules.TICK, np.floor(days * 1048576.0) * rules.TICK)


def _ceil_to(values: Floats, steps: Floats) -> Floats:
    """`rules.ceil_to` row by row."""
    ratio = values / steps
    whole = np.floor(ratio)
    up = ratio - whole > rules.SLACK * np.maximum(1.0, ratio)
    return np.where(up, whole + 1.0, whole) * steps
