"""supplysim: what is lost when a state cuts, slows or distorts a flow of minerals, chips or batteries.

>>> import supplysim as ss
>>> sorted(ss.COUNTRIES)[:3]
['AA', 'AD', 'AE']
"""

from supplysim.catalogue import check_file, load_network, load_scenario
from supplysim.changes import Add, Cap, Change, Closed, Factor, Target
from supplysim.company import Supplier, attach, read_suppliers
from supplysim.ensemble import Comparison, Ensemble, compare, ensemble
from supplysim.errors import (
    Fault,
    InvalidInput,
    NotBalanced,
    SupplysimError,
    TooManyEvents,
)
from supplysim.files import save_network, save_scenario, scenario_schema
from supplysim.measures import (
    ExportBan,
    ExportLicence,
    ExportQuota,
    Holiday,
    Outage,
    Reserve,
    SecondSource,
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
    Idle,
    Input,
    Lane,
    Lognormal,
    MinMax,
    Network,
    Quantity,
    Range,
    Release,
    ReorderPoint,
    Site,
    Store,
    Triangular,
    Uniform,
)
from supplysim.results import Result
from supplysim.scenario import History, Observation, Scenario, Source
from supplysim.simulate import branch, simulate
from supplysim.splicing import Spliced, splice

__version__ = "0.1.0"

__all__ = [
    "COUNTRIES",
    "Add",
    "BaseStock",
    "Baseline",
    "Cap",
    "Change",
    "Citation",
    "Closed",
    "Commodity",
    "Comparison",
    "Days",
    "DaysOfCover",
    "Demand",
    "Empirical",
    "Ensemble",
    "Evidence",
    "Exponential",
    "ExportBan",
    "ExportLicence",
    "ExportQuota",
    "Factor",
    "Fault",
    "Fixed",
    "History",
    "Holiday",
    "Idle",
    "Input",
    "InvalidInput",
    "Lane",
    "Lognormal",
    "MinMax",
    "Network",
    "NotBalanced",
    "Observation",
    "Outage",
    "Quantity",
    "Range",
    "Release",
    "ReorderPoint",
    "Reserve",
    "Result",
    "Scenario",
    "SecondSource",
    "Site",
    "Source",
    "Spliced",
    "Store",
    "Supplier",
    "SupplysimError",
    "Target",
    "TooManyEvents",
    "Triangular",
    "Uniform",
    "attach",
    "branch",
    "check_file",
    "compare",
    "ensemble",
    "load_network",
    "load_scenario",
    "read_suppliers",
    "save_network",
    "save_scenario",
    "scenario_schema",
    "simulate",
    "splice",
]
