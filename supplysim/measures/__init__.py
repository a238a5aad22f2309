"""What states do, as data. Each measure is the structure it needs and a list of primitive changes."""

from supplysim.measures.base import Charge, Context, Measure
from supplysim.measures.coercion import (
    ExportBan,
    ExportLicence,
    ExportQuota,
    Holiday,
    InformalStop,
)
from supplysim.measures.disruption import DemandShock, LaneDisruption, Outage
from supplysim.measures.diversification import NewCapacity, SecondSource, ShareCap
from supplysim.measures.nonmarket import Subsidy
from supplysim.measures.protection import EarlyWarning, JointPurchase, PriorityAllocation
from supplysim.measures.recycling import Recycling
from supplysim.measures.reserves import MutualAid, Reserve, SharedReserve
from supplysim.measures.sanctions import CounterMeasure, Sanction
from supplysim.measures.substitution import DemandReduction, Substitution
from supplysim.measures.tariffs import ImportBan, Tariff
from supplysim.measures.technology import TechnologyAcquisition, TechnologyProtection
from supplysim.measures.trade import TradeMeasure

__all__ = [
    "Charge",
    "Context",
    "CounterMeasure",
    "DemandReduction",
    "DemandShock",
    "EarlyWarning",
    "ExportBan",
    "ExportLicence",
    "ExportQuota",
    "Holiday",
    "ImportBan",
    "InformalStop",
    "JointPurchase",
    "LaneDisruption",
    "Measure",
    "MutualAid",
    "NewCapacity",
    "Outage",
    "PriorityAllocation",
    "Recycling",
    "Reserve",
    "Sanction",
    "SecondSource",
    "ShareCap",
    "SharedReserve",
    "Subsidy",
    "Substitution",
    "Tariff",
    "TechnologyAcquisition",
    "TechnologyProtection",
    "TradeMeasure",
]
