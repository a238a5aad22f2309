"""supplysim: what is lost when a state cuts, slows or distorts a flow of minerals, chips or batteries.

>>> import supplysim as ss
>>> sorted(ss.COUNTRIES)[:3]
['AA', 'AD', 'AE']
"""

from supplysim.errors import (
    Fault,
    InvalidInput,
    NotBalanced,
    SupplysimError,
    TooManyEvents,
)
from supplysim.model import (
    COUNTRIES,
    Baseline,
    BaseStock,
    Citation,
    Commodity,
    Days,
    DaysOfCover,
    Demand,
    Empirical,
    Evidence,
    Exponential,
    Fixed,
    Input,
    Lane,
    Lognormal,
    MinMax,
    Network,
    Quantity,
    Release,
    ReorderPoint,
    Site,
    Store,
    Triangular,
    Uniform,
)

__version__ = "0.1.0"

__all__ = [
    "COUNTRIES",
    "BaseStock",
    "Baseline",
    "Citation",
    "Commodity",
    "Days",
    "DaysOfCover",
    "Demand",
    "Empirical",
    "Evidence",
    "Exponential",
    "Fault",
    "Fixed",
    "Input",
    "InvalidInput",
    "Lane",
    "Lognormal",
    "MinMax",
    "Network",
    "NotBalanced",
    "Quantity",
    "Release",
    "ReorderPoint",
    "Site",
    "Store",
    "SupplysimError",
    "TooManyEvents",
    "Triangular",
    "Uniform",
]
