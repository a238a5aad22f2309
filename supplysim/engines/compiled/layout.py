"""The state of a run as structured arrays: one row an entity, one field a variable.

Fields are named as in the reference engine's `state` module. Times are days, quantities the commodities' own
units. Indices count within a kind, in order of rank; -1 is none. Lanes are sorted by key, so those that leave one
source stand together, as do the inputs of one site among the slots.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from supplysim.engines.compiled.jit import doubles, integers, pairs, table

World = Any
"""The record that every kernel takes first."""

I4, I8, F8, U8, U1 = "i4", "i8", "f8", "u8", "u1"


def _dtype(**fields: str) -> np.dtype[Any]:
    """A record type from ``type="field field ..."``, wide fields first so that nothing is padded."""
    pairs_ = [(name, kind) for kind, names in fields.items() for name in names.split()]
    return np.dtype((np.record, np.dtype(pairs_, align=True)))


# --- entities ------------------------------------------------------------------------------------

LANE = _dtype(
    f8="""book transit lag dust at_gate capacity flow right right_at most_right free_at
    ordered shipped received returned seized goods freight ordering
    cost_rate cost_since cost_held price cost order_cost order_lag delay
    share split max_share doubled behind_since allowance allowance_at
    planned slack shift streak streak_since base_share base_capacity""",
    i8="rank ship_serial order_serial behind_serial shipments lagging",
    i4="""source slot group head tail newest oldest lead lead_stream tier ledgers licences
    gates gates_n shares shares_n capacities capacities_n delays delays_n retained""",
    u1="closed blocked behind limited recallable",
)
SOURCE = _dtype(
    f8="stock cost_rate cost_since cost_held retry_at",
    i8="rank",
    i4="first lanes site slot allocation",
    u1="awake",
)
SLOT = _dtype(
    f8="""on_hand use lump dust target cover used counted cost_rate cost_since cost_held
    gain review step period level batch lumps reaction retain double_order needs criticality
    initial_low initial_high initial_unit""",
    i8="rank review_number",
    i4="source site demand group first lanes policy covers covers_n initial initial_stream",
    u1="awake retry_due",
)
SITE = _dtype(
    f8="""lot target capacity base_capacity in_process in_line work_left work_since output started
    cycle""",
    i8="rank line_serial lots",
    i4="group first slots capacities capacities_n",
    u1="awake",
)
DEMAND = _dtype(
    f8="""rate base_rate period step left since backlog wanted served unmet deferred recovered
    owed_penalty penalty cost_rate cost_since cost_held size_mean""",
    i8="rank serial number",
    i4="slot group size intervals sizes rates rates_n",
    u1="poisson lost",
)

# --- what measures bring ---------------------------------------------------------------------------

CELL = _dtype(f8="value", i4="kind ref")
CHANGE = _dtype(f8="value", i4="attribute entity cell kind ref")
DUE = _dtype(f8="time", i8="order", i4="change")
LEDGER = _dtype(
    f8="amount period left", i8="rank serial", i4="first lanes marks marks_n", u1="awake started history"
)
PASS = _dtype(f8="claim", i4="ledger lane", u1="claimed active")
OFFICE = _dtype(
    f8="referred size pre_licensed",
    i8="rank serial desks seated seats room routine_after working_week weekday holidays holidays_n",
    i4="service papers referred_delay routine_service",
    u1="single per_dispatch calendar",
)
LICENCE = _dtype(
    f8="entitled applied not_before free free_at chance",
    i8="open_applications granted generation",
    i4="office lane streams",
    u1="active general",
)
WATCH = _dtype(
    f8="use below above delay begins ends day due",
    i8="rank slots slots_n",
    i4="then then_n otherwise otherwise_n",
    u1="acting",
)
RENEWAL = _dtype(
    f8="begins ends step time back",
    i8="rank",
    i4="up down up_stream down_stream then then_n otherwise otherwise_n",
)

# --- chance, time, records -------------------------------------------------------------------------

DISTRIBUTION = _dtype(f8="a b c mean", i8="first count", i4="kind")
STREAM = _dtype(f8="day", u8="entity purpose key", i8="count")
EVENT = _dtype(f8="time x y z", i8="order c", i4="kind a b next before after")
ORDER = _dtype(f8="ordered_at amount", i4="next before")
HEAP = _dtype(f8="time", i8="order", i4="node")
WAKE = _dtype(i8="order")
BIN = _dtype(i4="node")
LINK = _dtype(i4="lane")
LOG = _dtype(f8="time quantity", i4="kind entity")
VALUE = _dtype(f8="x")

TABLES: dict[str, np.dtype[Any]] = {
    "lanes": LANE,
    "sources": SOURCE,
    "slots": SLOT,
    "sites": SITE,
    "demands": DEMAND,
    "links": LINK,
    "cells": CELL,
    "changes": CHANGE,
    "dues": DUE,
    "ledgers": LEDGER,
    "passes": PASS,
    "offices": OFFICE,
    "licences": LICENCE,
    "watches": WATCH,
    "renewals": RENEWAL,
    "distributions": DISTRIBUTION,
    "streams": STREAM,
    "events": EVENT,
    "orders": ORDER,
    "near": HEAP,
    "wakes": WAKE,
    "bins": BIN,
    "log": LOG,
    "records": VALUE,
    "opening": VALUE,
    "seats": VALUE,
    "scratch_a": np.dtype(F8),
    "scratch_b": np.dtype(F8),
    "scratch_c": np.dtype(F8),
    "scratch_d": np.dtype(F8),
    "picked": np.dtype(I8),
    "floats": np.dtype(F8),
    "numbers": np.dtype(I8),
}
"""Every array of a run by the name of the field that holds its address."""

WORLD = _dtype(
    f8="now begins horizon per_day until",
    u8="seed replication",
    i8=" ".join(TABLES)
    + """ days day dues_n watches_n renewals_n sources_n sites_n slots_n lanes_n demands_n streams_n
    site_groups slot_groups demand_groups lane_groups
    site_rank store_rank slot_rank measure_rank
    bin bins_n near_n wakes_n events_n events_room orders_n orders_room log_n log_room seats_reserve
    reserve recalls most_shipments free_event free_order""",
    u1="logging full started",
)

lane = table("lanes", LANE)
source = table("sources", SOURCE)
slot = table("slots", SLOT)
site = table("sites", SITE)
demand = table("demands", DEMAND)
link = table("links", LINK)
cell = table("cells", CELL)
change = table("changes", CHANGE)
due = table("dues", DUE)
ledger = table("ledgers", LEDGER)
claim_on = table("passes", PASS)
office = table("offices", OFFICE)
licence = table("licences", LICENCE)
watch = table("watches", WATCH)
renewal = table("renewals", RENEWAL)
distribution = table("distributions", DISTRIBUTION)
stream = table("streams", STREAM)
event = table("events", EVENT)
order_of = table("orders", ORDER)
near = table("near", HEAP)
waking = table("wakes", WAKE)
bin_of = table("bins", BIN)
logged = table("log", LOG)
record = table("records", VALUE)
opening = table("opening", VALUE)
seat = table("seats", VALUE)
scratch_a = doubles("scratch_a")
scratch_b = doubles("scratch_b")
scratch_c = doubles("scratch_c")
scratch_d = doubles("scratch_d")
floats = doubles("floats")
picked = integers("picked")
numbers = integers("numbers")
number_pairs = pairs("numbers")
