"""Reconciling inconsistent figures into a balanced network.

Production, trade and use from different sources never agree. `build_network` reads tables of figures, each with its
unit, range and source, finds the quantities that add up and move the figures least (`reconcile`), and makes the
network of these quantities. What it moved, by how many standard deviations, and which balance was worst:
`Balanced.moves` and `Balanced.worst`.

>>> import numpy as np
>>> from scipy.sparse import csr_array, eye_array
>>> from supplysim import calibration
>>> problem = calibration.Problem(  # what goes in, 100, should come out, 90: the better known one moves less
...     measured=eye_array(2).tocsr(),
...     values=np.array([100.0, 90.0]),
...     sd=np.array([3.0, 4.0]),
...     balances=csr_array(np.array([[1.0, -1.0]])),
...     totals=np.zeros(1),
...     lower=np.zeros(2),
...     upper=np.full(2, np.inf),
... )
>>> calibration.reconcile(problem).x.round(6)
array([96.4, 96.4])
"""

from supplysim.calibration.balance import Balanced, balance
from supplysim.calibration.figures import Figures, read_figures
from supplysim.calibration.fit import fit
from supplysim.calibration.folder import build_network
from supplysim.calibration.network import build
from supplysim.calibration.reconcile import Problem, Reconciled, reconcile

__all__ = [
    "Balanced",
    "Figures",
    "Problem",
    "Reconciled",
    "balance",
    "build",
    "build_network",
    "fit",
    "read_figures",
    "reconcile",
]
