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
LINE = 64
"""The record that every kernel takes first."""


def _dtype(*groups: str) -> np.dtype[Any]:
    """A record type from groups such as ``"f8 stock price"``: a type, then the fields that have it."""
    fields = [(name, group.split()[0]) for group in groups for name in group.split()[1:]]
    packed: Any = np.dtype(fields, align=True)
    size = packed.itemsize
    if size > 4 * LINE:  # long rows begin with a cache line each
        size += -size % LINE
    names = packed.names
    kept: Any = {"names": names, "formats": [packed[x] for x in names], "itemsize": size}
    kept["offsets"] = [packed.fields[x][1] for x in names]
    return np.dtype((np.record, np.dtype(kept)))


# --- entities: cache lines of 64 bytes, what events touch most first --------------------------------

LANE = _dtype(
    "f8 book transit lag at_gate ordered shipped received",
    "i4 group",
    "u1 closed blocked behind recallable",
    "f8 dust capacity delay cost_rate returned seized",
    "i8 source slot",
    "i8 head tail shipments ship_serial lead lead_stream",
    "i4 ledgers licences inspections",
    "u1 dutied traded",
    "f8 goods freight ordering price cost order_cost order_lag doubled",
    "f8 planned slack shift streak share split cost_since cost_held",
    """f8 flow right right_at most_right free_at behind_since streak_since
    max_share allowance allowance_at base_share base_capacity""",
    "i8 rank order_serial behind_serial",
    """i4 gates gates_n shares shares_n capacities capacities_n delays delays_n retained
    prices prices_n costs costs_n duties duties_n precedences precedences_n lagging newest oldest tier""",
    "u1 limited",
    "f8 duty duty_rate precedence base_price base_cost arrived",
)
SOURCE = _dtype(
    "f8 stock cost_rate cost_since cost_held retry_at",
    "i8 rank first lanes site slot allocation",
    "u1 awake gated ranked",
)
SLOT = _dtype(
    "f8 on_hand used counted use target dust",
    "i8 source",
    "i4 group",
    "u1 awake retry_due",
    "f8 review gain cost_rate needs criticality",
    "i8 rank first lanes",
    "i8 policy site demand",
    """f8 lump cover cost_since cost_held step period level batch lumps reaction retain double_order
    initial_low initial_high initial_unit base_gain base_reaction""",
    "i8 review_number",
    "i4 covers covers_n gains gains_n reactions reactions_n initial initial_stream",
)
SITE = _dtype(
    "f8 lot target capacity in_process in_line output started",
    "i4 group",
    "u1 awake",
    "i8 rank first slots line_serial lots",
    "f8 cycle base_capacity work_left work_since produced allowance most_allowance host_yield",
    "i8 host guest next_guest",
    "i4 capacities capacities_n",
)
DEMAND = _dtype(
    """f8 rate base_rate period step left since backlog wanted served unmet deferred recovered
    owed_penalty penalty cost_rate cost_since cost_held size_mean""",
    "i8 rank serial number slot group amounts intervals sizes",
    "i4 rates rates_n",
    "u1 poisson lost",
)

# --- what measures bring ---------------------------------------------------------------------------

CELL = _dtype("f8 value", "i8 kind ref")
CHANGE = _dtype("f8 value time", "i8 attribute entity cell kind ref")
DUE = _dtype("f8 time", "i8 order")
LEDGER = _dtype(
    "f8 amount period left",
    "i8 rank serial first lanes marks marks_n",
    "u1 awake started history",
)
PASS = _dtype("f8 claim", "i8 ledger lane", "u1 claimed active")
OFFICE = _dtype(
    "f8 referred least_days pre_licensed",
    """i8 rank counter serial desks seated seats room routine_after working_week weekday holidays
    holidays_n service papers referred_delay routine_service""",
    "u1 single per_dispatch calendar",
)
LICENCE = _dtype(
    "f8 entitled applied not_before free free_at chance",
    "i8 open_applications granted generation office lane streams",
    "u1 active general",
)
INSPECTION = _dtype("f8 share", "i8 hold stops holds", "u1 seizes")
WATCH = _dtype(
    "f8 per_day level back hold delay begins ends day since due",
    "i8 rank serial observable names names_n made then then_n otherwise otherwise_n",
    "i8 past window looks",
    "u1 acting",
)
RENEWAL = _dtype(
    "f8 ends step time back",
    "i8 rank serial up down up_stream down_stream then then_n otherwise otherwise_n",
)
ATTEMPTS = _dtype(
    "f8 ends delay drawn",
    "i8 rank serial key interval intervals luck times times_n made chances chances_n",
    "i8 then then_n successes",
)

MARKET = _dtype(
    "f8 supply demand choke horizon period step ends price",
    "i8 rank serial number slots slots_n paces terms terms_n",
)
PACE = _dtype("f8 rate seen")
TERM = _dtype("f8 elasticity", "i8 attribute entity cell")

# --- chance, time, records -------------------------------------------------------------------------

DISTRIBUTION = _dtype("i8 kind", "f8 a b c average", "i8 first count")
STREAM = _dtype("f8 day", "u8 entity purpose key", "i8 count")
EVENT = _dtype("f8 time", "i8 order", "f8 x y z", "i4 kind a b next before after")  # a cache line
ORDER = _dtype("f8 ordered_at amount", "i8 next before")
HEAP = _dtype("f8 time", "i8 order node")
WAKE = _dtype("i8 order")
BIN = _dtype("i4 node")
LINK = _dtype("i8 lane")
LOG = _dtype("f8 time quantity", "i8 kind entity")
VALUE = _dtype("f8 x")

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
    "inspections": INSPECTION,
    "watches": WATCH,
    "pasts": VALUE,
    "renewals": RENEWAL,
    "attempts": ATTEMPTS,
    "markets": MARKET,
    "paces": PACE,
    "terms": TERM,
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
    "scratch_a": np.dtype("f8"),
    "scratch_b": np.dtype("f8"),
    "scratch_c": np.dtype("f8"),
    "scratch_d": np.dtype("f8"),
    "picked": np.dtype("i8"),
    "floats": np.dtype("f8"),
    "numbers": np.dtype("i8"),
}
"""Every array of a run by the name of the field that holds its address."""

WORLD = _dtype(
    "f8 now begins horizon per_day until",
    "u1 logging full state",
    "u8 seed replication",
    "i8 " + " ".join(TABLES),
    """i8 days day immediate_n first_due dues_n first_watch watches_n first_renewal renewals_n
    first_attempt attempts_n first_market markets_n
    sources_n sites_n slots_n lanes_n demands_n streams_n
    site_groups slot_groups demand_groups lane_groups site_rank store_rank slot_rank
    bin bins_n near_n wakes_n events_n events_room orders_n orders_room log_n log_room
    reserve recalls most_shipments free_event free_order make make_n""",
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
inspection = table("inspections", INSPECTION)
watch = table("watches", WATCH)
past = table("pasts", VALUE)
renewal = table("renewals", RENEWAL)
attempt = table("attempts", ATTEMPTS)
market = table("markets", MARKET)
pace_of = table("paces", PACE)
term = table("terms", TERM)
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
