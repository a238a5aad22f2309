"""The model: frozen descriptions of what flows, where, how it is ordered and how long it takes."""

from supplysim.model.baseline import Baseline
from supplysim.model.countries import COUNTRIES
from supplysim.model.distributions import (
    Distribution,
    Empirical,
    Exponential,
    Fixed,
    Lognormal,
    Triangular,
    Uniform,
)
from supplysim.model.network import Citation, Network, Slot
from supplysim.model.nodes import Commodity, Demand, Evidence, Input, Lane, Site, Store
from supplysim.model.policies import (
    BaseStock,
    Days,
    DaysOfCover,
    MinMax,
    Policy,
    Quantity,
    ReorderPoint,
)
from supplysim.model.ranges import Range
from supplysim.model.standing import Idle, Release

__all__ = [
    "COUNTRIES",
    "BaseStock",
    "Baseline",
    "Citation",
    "Commodity",
    "Days",
    "DaysOfCover",
    "Demand",
    "Distribution",
    "Empirical",
    "Evidence",
    "Exponential",
    "Fixed",
    "Idle",
    "Input",
    "Lane",
    "Lognormal",
    "MinMax",
    "Network",
    "Policy",
    "Quantity",
    "Range",
    "Release",
    "ReorderPoint",
    "Site",
    "Slot",
    "Store",
    "Triangular",
    "Uniform",
]
