"""Many replications at once, and comparing them on common random numbers.

Modules, in the order in which they build on each other: `job` (what a worker does), `blocks` (where its records
go), `manifest` (what a folder of them belongs to), `pool` (who works), `statistics`, `runs` (`Ensemble`), `start`
(`ensemble`), `compare`, `contrast` (many scenarios, in money).
"""

from supplysim.ensemble.compare import Comparison, compare
from supplysim.ensemble.contrast import Contrast, Outcome, outcome
from supplysim.ensemble.job import KEPT
from supplysim.ensemble.runs import Ensemble
from supplysim.ensemble.start import ensemble

__all__ = [
    "KEPT",
    "Comparison",
    "Contrast",
    "Ensemble",
    "Outcome",
    "compare",
    "ensemble",
    "outcome",
]
