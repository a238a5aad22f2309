"""Weighted least squares under balances: from figures that disagree to values that add up.

The method of material-flow analysis (Cencic 2016, Nonlinear data reconciliation in material flow analysis with
software STAN, Sustainable Environment Research 26, 291-298; Narasimhan and Jordache 2000, Data Reconciliation and
Gross Error Detection, chapter 3): of all values that obey the balances and bounds, those that move the measurements
least, each move counted in its own standard deviations. Solved by Clarabel, an interior-point solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.errors import Fault, InvalidInput
from supplysim.model.columns import Floats

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse

    Matrix = sparse.csr_array | sparse.csc_array

__all__ = ["Problem", "Reconciled", "reconcile"]

_DUST = 1e-9
"""How little an unmeasured variable is held to 0, in units of its scale: enough to be determined."""


@dataclass(frozen=True)
class Problem:
    """What is known: measurements, balances and bounds on ``n`` variables x.

    ``measured @ x`` was measured as ``values``, give or take ``sd`` (each above 0); ``balances @ x`` is ``totals``;
    ``lower <= x <= upper``. Shapes: measured (m, n), values and sd (m), balances (b, n), totals (b), bounds (n).

    >>> from scipy.sparse import csr_array
    >>> each, same = csr_array(np.eye(2)), csr_array([[1.0, -1.0]])
    >>> free = np.zeros(1), np.zeros(2), np.full(2, 99.0)
    >>> known = Problem(each, np.array([10.0, 12.0]), np.ones(2), same, *free)
    >>> reconcile(known).x.round(3).tolist()
    [11.0, 11.0]
    """

    measured: Any
    values: Floats
    sd: Floats
    balances: Any
    totals: Floats
    lower: Floats
    upper: Floats
    measurement_names: Sequence[str] = ()
    balance_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        (m, n), (b, k) = self.measured.shape, self.balances.shape
        shapes = {
            "balances": (k, n),
            "values": (len(self.values), m),
            "sd": (len(self.sd), m),
            "totals": (len(self.totals), b),
            "lower": (len(self.lower), n),
            "upper": (len(self.upper), n),
        }
        faults = [
            Fault(name, f"must have {want} columns or entries", found)
            for name, (found, want) in shapes.items()
            if found != want
        ]
        if not faults and not np.all(np.asarray(self.sd) > 0.0):
            faults.append(
                Fault("sd", "must be above 0; leave out what is not measured", min(self.sd))
            )
        if not faults and np.any(np.asarray(self.lower) > np.asarray(self.upper)):
            faults.append(Fault("lower", "must not be above upper"))
        if faults:
            raise InvalidInput(faults, what="reconciliation")


@dataclass(frozen=True)
class Reconciled:
    """The values ``x`` that obey all balances, and what it took.

    >>> from scipy.sparse import csr_array
    >>> each, same = csr_array(np.eye(2)), csr_array([[1.0, -1.0]])
    >>> free = np.zeros(1), np.zeros(2), np.full(2, 99.0)
    >>> known = Problem(each, np.array([10.0, 12.0]), np.ones(2), same, *free)
    >>> reconcile(known).moves().columns.tolist()
    ['name', 'given', 'sd', 'reconciled', 'moved', 'sigmas']
    """

    problem: Problem
    x: Floats

    @property
    def fitted(self) -> Floats:
        """What the measurements would have been."""
        return np.asarray(self.problem.measured @ self.x)

    @property
    def sigmas(self) -> Floats:
        """How far each measurement was moved, in its standard deviations."""
        return (self.fitted - self.problem.values) / self.problem.sd

    @property
    def cost(self) -> float:
        """The sum of squares of all moves: chi-square with as many degrees of freedom as balances to close."""
        return float(self.sigmas @ self.sigmas)

    def moves(self) -> pd.DataFrame:
        """Each measurement as given and as reconciled, the furthest moved first.

        Columns: name, given, sd, reconciled, moved, sigmas.
        """
        import pandas as pd

        problem = self.problem
        table = pd.DataFrame(
            {
                "name": problem.measurement_names or [str(i) for i in range(len(problem.values))],
                "given": problem.values,
                "sd": problem.sd,
                "reconciled": self.fitted,
                "moved": self.fitted - problem.values,
                "sigmas": self.sigmas,
            }
        )
        return table.sort_values("sigmas", key=np.abs, ascending=False, ignore_index=True)

    @cached_property
    def _prior(self) -> tuple[Floats, Floats]:
        """What the balances miss by before reconciliation, and the standard deviation of that."""
        from scipy.sparse.linalg import splu

        problem = self.problem
        weighted = _weighted(problem)
        normal = (weighted.T @ weighted).tocsc()
        scale = np.sqrt(np.maximum(normal.diagonal(), 1e-300))
        normal = normal + _diagonal(np.where(normal.diagonal() > 0.0, 1e-12 * scale * scale, 1.0))
        solve = splu(normal.tocsc()).solve
        x = solve(weighted.T @ (problem.values / problem.sd))
        balances = problem.balances.tocsc()
        spread = solve(balances.T.toarray())
        variance = np.asarray(balances.multiply(spread.T).sum(axis=1)).ravel()
        return balances @ x - problem.totals, np.sqrt(np.maximum(variance, 0.0))

    def balances(self) -> pd.DataFrame:
        """Each balance as the figures left it, the worst first: columns name, imbalance, sd, sigmas.

        ``imbalance`` is what the best estimate from the measurements alone misses by, ``sd`` how much of that their
        uncertainty allows for.
        """
        import pandas as pd

        missed, sd = self._prior
        count = len(self.problem.totals)
        table = pd.DataFrame(
            {
                "name": self.problem.balance_names or [str(i) for i in range(count)],
                "imbalance": missed,
                "sd": sd,
                "sigmas": np.divide(missed, sd, out=np.zeros(count), where=sd > 0.0),
            }
        )
        return table.sort_values("sigmas", key=np.abs, ascending=False, ignore_index=True)


def reconcile(problem: Problem) -> Reconciled:
    """The values that obey the balances and bounds and move the measurements least.

    A variable that nothing measures is set by the balances; what they leave open is as near to 0 as may be.
    Raises `InvalidInput` where no values obey all balances within the bounds.

    A pipe that splits and joins again, measured six times with equal accuracy (Narasimhan and Jordache 2000,
    example 1.1):

    >>> from scipy.sparse import csr_array, eye_array
    >>> balances = [[1, -1, -1, 0, 0, 0], [0, 1, 0, -1, 0, 0], [0, 0, 1, 0, -1, 0], [0, 0, 0, 1, 1, -1]]
    >>> problem = Problem(
    ...     measured=eye_array(6).tocsr(),
    ...     values=np.array([101.91, 64.45, 34.65, 64.20, 36.44, 98.88]),
    ...     sd=np.ones(6),
    ...     balances=csr_array(np.array(balances, float)),
    ...     totals=np.zeros(4),
    ...     lower=np.zeros(6),
    ...     upper=np.full(6, np.inf),
    ... )
    >>> reconcile(problem).x.round(2)
    array([100.22,  64.5 ,  35.72,  64.5 ,  35.72, 100.22])
    """
    import clarabel
    from scipy import sparse

    n = problem.measured.shape[1]
    scale = _scale(problem)
    weighted = _weighted(problem) @ _diagonal(scale)
    # Least squares as a cone of residuals, so that the squares are never formed: r = W x - v, minimise r.r
    rows = weighted.shape[0]
    none = sparse.csc_array((n, n))
    quadratic = (
        sparse.block_diag([_diagonal(np.full(n, _DUST)), _diagonal(np.ones(rows))], format="csc")
        if n
        else none
    )
    lower, upper = problem.lower / scale, problem.upper / scale
    low, high = np.flatnonzero(np.isfinite(lower)), np.flatnonzero(np.isfinite(upper))
    balances, totals = _even(problem.balances @ _diagonal(scale), problem.totals)
    unit = sparse.eye_array(n, format="csr")
    equal = sparse.block_array(
        [[balances, None], [weighted, -sparse.eye_array(rows, format="csr")]]
    )
    bounds = sparse.vstack([unit[high], -unit[low]])
    bounds = sparse.hstack([bounds, sparse.csr_array((bounds.shape[0], rows))])
    right = np.concatenate([totals, problem.values / problem.sd, upper[high], -lower[low]])
    cones = [clarabel.ZeroConeT(equal.shape[0]), clarabel.NonnegativeConeT(bounds.shape[0])]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    solver = clarabel.DefaultSolver(
        sparse.csc_matrix(quadratic),
        np.zeros(n + rows),
        sparse.csc_matrix(sparse.vstack([equal, bounds])),
        right,
        cones,
        settings,
    )
    solution = solver.solve()
    if str(solution.status) not in ("Solved", "AlmostSolved"):
        rule = f"no values obey all balances within the bounds ({solution.status})"
        raise InvalidInput([Fault("balances", rule)], what="reconciliation")
    x = np.clip(np.array(solution.x[:n]) * scale, problem.lower, problem.upper)
    return Reconciled(problem, x)


def _diagonal(values: Floats) -> Any:
    from scipy import sparse

    return sparse.diags_array(values, format="csr")


def _weighted(problem: Problem) -> Any:
    """The measurements in units of their standard deviations."""
    return _diagonal(1.0 / problem.sd) @ problem.measured


def _scale(problem: Problem) -> Floats:
    """A size for each variable, so that tonnes and kilograms weigh alike in the solver.

    It is the spread of what is measured. What nobody measures gets the largest size that its balances allow it, so
    that holding it to 0 ever so slightly moves nothing else.
    """
    from scipy import sparse

    weighted = _weighted(problem)
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel())
    scale: Floats = 1.0 / np.maximum(norms, 1e-300)
    open_ = norms == 0.0
    if not open_.any():
        return scale
    entries = abs(problem.measured).tocsr()
    shown = sparse.diags_array(np.abs(problem.values)) @ (entries > 0.0).astype(float)
    sizes = np.asarray(shown.max(axis=0).todense()).ravel()
    balances = abs(problem.balances).tocsr()
    for _ in range(
        len(problem.totals) + 1
    ):  # from balance to balance, as far as they hang together
        largest = np.asarray((balances @ sparse.diags_array(sizes)).max(axis=1).todense()).ravel()
        inverse = balances.astype(float).copy()
        inverse.data = 1.0 / inverse.data
        reach = np.asarray((sparse.diags_array(largest) @ inverse).max(axis=0).todense()).ravel()
        found = np.where(open_, np.maximum(sizes, reach), sizes)
        if np.array_equal(found, sizes):
            break
        sizes = found
    found = np.maximum(sizes, 1.0)
    return np.asarray(np.where(open_, found, scale))


def _even(matrix: Any, right: Floats) -> tuple[Any, Floats]:
    """Rows of size 1."""
    largest = (
        np.asarray(abs(matrix).max(axis=1).todense()).ravel() if matrix.shape[0] else np.ones(0)
    )
    factor = 1.0 / np.where(largest > 0.0, largest, 1.0)
    return _diagonal(factor) @ matrix, factor * right
