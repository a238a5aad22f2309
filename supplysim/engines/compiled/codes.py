"""Numbers that stand for names in the structured arrays."""

from __future__ import annotations

from supplysim.engines.trace import FLOWS, LEVELS

# phases, see the reference's `clock.Phase`
RECORD, CHANGE, ARRIVAL, LOT_DONE, DEMAND, ORDER, DISPATCH, GATE, LOT_START = range(9)

# kinds of event
(
    DUE,
    WATCH,
    WATCH_ENDS,
    RENEWAL_THEN,
    RENEWAL_OTHERWISE,
    LEDGER_RENEWS,
    COUNT_STOCK,
    COUNT_AFRESH,
    ARRIVES,
    LINE_DONE,
    LOT_FINISHED,
    WITHDRAWAL,
    CUSTOMER,
    RIPENS,
    RETRY,
    REVIEW,
    SOURCE_LOOKS,
    JUDGED,
    HANDED_IN,
    DECIDED,
    SUCCESS,
    MARKET,
    MARKET_ENDS,
) = range(23)

# values of a contribution
NOTHING, FACTOR, ADD, CAP, CLOSED, LEDGER, OFFICE, INSPECTION, RETURNS, SEIZED = range(10)

# attributes that changes act on
(
    LANE_GATE,
    LANE_SHARE,
    LANE_CAPACITY,
    LANE_DELAY,
    LANE_PRICE,
    LANE_COST,
    LANE_DUTY,
    LANE_PRECEDENCE,
    LANE_IN_TRANSIT,
    SITE_CAPACITY,
    SLOT_COVER,
    SLOT_REACTION,
    SLOT_GAIN,
    DEMAND_RATE,
) = range(14)

STOCK, OWED, OUTPUT = range(3)
"""What a watch observes."""
DAYS_OF_COVER, BASE_STOCK, MIN_MAX, REORDER_POINT = range(4)
PROPORTIONAL, PRIORITY, FIFO, DOMESTIC_FIRST, INCUMBENT_FIRST = range(5)
FIXED, UNIFORM, TRIANGULAR, EXPONENTIAL, LOGNORMAL, EMPIRICAL = range(6)
NO_INITIAL, INITIAL_FIXED, INITIAL_RANGE = range(3)

LOGGED = (
    ("lost", "demand"),
    ("owed", "demand"),
    ("used", "demand"),
    ("recovered", "demand"),
    ("order", "lane"),
    ("cancel", "lane"),
    ("ship", "lane"),
    ("arrive", "lane"),
    ("blocked", "lane"),
    ("unblocked", "lane"),
    ("apply", "lane"),
    ("grant", "lane"),
    ("refuse", "lane"),
    ("returned", "lane"),
    ("seized", "lane"),
    ("start", "site"),
    ("made", "site"),
    ("succeeded", "measure"),
)
"""What the event log holds, in order of code: kind of event, kind of entity."""
(
    LOST,
    OWED,
    USED,
    RECOVERED,
    ORDERED,
    CANCEL,
    SHIP,
    ARRIVE,
    BLOCKED,
    UNBLOCKED,
    APPLY,
    GRANT,
    REFUSE,
    RETURNED,
    SEIZE,
    START,
    MADE,
    SUCCEEDED,
) = range(len(LOGGED))

VARIABLES = tuple(
    (kind, name) for kind in FLOWS for table in (FLOWS, LEVELS) for name in table[kind]
)
"""The daily records in the order in which they stand in the buffer."""
