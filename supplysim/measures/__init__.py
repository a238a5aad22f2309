"""What states do, as data. Each measure is the structure it needs and a list of primitive changes."""

from supplysim.measures.base import Context, Measure, TradeMeasure
from supplysim.measures.coercion import ExportBan, ExportLicence, ExportQuota, Holiday
from supplysim.measures.disruption import Outage
from supplysim.measures.diversification import SecondSource
from supplysim.measures.protection import Reserve

__all__ = [
    "Context",
    "ExportBan",
    "ExportLicence",
    "ExportQuota",
    "Holiday",
    "Measure",
    "Outage",
    "Reserve",
    "SecondSource",
    "TradeMeasure",
]
