"""Runs by month, and beside what customs counted: how near the simulation came, against two nulls.

Shipments count on the day they are dispatched, as customs of the exporter counts them. All
volumes are in the commodity's own unit.
"""

from supplysim.history.exports import check_history, monthly_exports, nulls
from supplysim.history.monthly import Periods, monthly_cover, monthly_flows, monthly_unmet, spread
from supplysim.history.score import Score, Volume, score

__all__ = [
    "Periods",
    "Score",
    "Volume",
    "check_history",
    "monthly_cover",
    "monthly_exports",
    "monthly_flows",
    "monthly_unmet",
    "nulls",
    "score",
    "spread",
]
