"""Rows of a linear programme that are gathered one after another, and its solution by HiGHS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.errors import SupplysimError
from supplysim.model.columns import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Rows"]

INFEASIBLE = 2
"""HiGHS's word for it, as scipy numbers it."""


class Rows:
    """``matrix @ x <= limit + per_scale * scale``, for ``width`` variables x and one more, the scale.

    >>> from scipy.sparse import csr_array
    >>> rows = Rows(1)
    >>> rows.at_most(csr_array([[1.0]]), limit=3.0, per_scale=1.0)
    >>> found = rows.solve(np.array([-1.0]), np.zeros(1), np.full(1, np.inf), scale=(1.0, 1.0))
    >>> found.x.tolist()
    [4.0, 1.0]
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._upper: list[tuple[csr_array, Floats, Floats]] = []
        self._equal: list[tuple[csr_array, Floats, Floats]] = []

    def at_most(
        self, matrix: csr_array, limit: float | Floats = 0.0, per_scale: float | Floats = 0.0
    ) -> None:
        """Rows that must not exceed a limit."""
        self._upper.append(self._block(matrix, limit, per_scale))

    def equal(
        self, matrix: csr_array, limit: float | Floats = 0.0, per_scale: float | Floats = 0.0
    ) -> None:
        """Rows that must come to a limit."""
        self._equal.append(self._block(matrix, limit, per_scale))

    def pick(self, columns: Any) -> csr_array:
        """A matrix that reads these variables, one a row."""
        from scipy.sparse import csr_array

        count = len(columns)
        ones = (np.ones(count), (np.arange(count), np.asarray(columns)))
        return csr_array(ones, shape=(count, self.width))

    def solve(
        self,
        costs: Floats,
        lower: Floats,
        upper: Floats,
        *,
        scale: tuple[float, float],
        cost: float = 0.0,
    ) -> Any:
        """The least cost, with ``cost`` for the scale, which comes last in ``x``; None if nothing is feasible."""
        from scipy import optimize

        linprog: Any = optimize.linprog  # its stubs know no sparse matrices, which it takes
        most, limit = self._joined(self._upper)
        same, value = self._joined(self._equal)
        bounds = np.column_stack([np.append(lower, scale[0]), np.append(upper, scale[1])])
        found = linprog(
            np.append(costs, cost),
            A_ub=most,
            b_ub=limit,
            A_eq=same,
            b_eq=value,
            bounds=bounds,
            method="highs",
        )
        if found.status == INFEASIBLE:
            return None
        if not found.success:
            raise SupplysimError(f"the linear programme was not solved: {found.message}")
        return found

    @staticmethod
    def _block(matrix: csr_array, limit: Any, per_scale: Any) -> tuple[csr_array, Floats, Floats]:
        count = matrix.shape[0]
        return matrix, np.broadcast_to(limit, count), np.broadcast_to(per_scale, count)

    @staticmethod
    def _joined(blocks: list[tuple[csr_array, Floats, Floats]]) -> tuple[Any, Any]:
        from scipy.sparse import csr_array, hstack, vstack

        if not blocks:
            return None, None
        column = csr_array(-np.concatenate([per for _, _, per in blocks])[:, None])
        matrix = hstack([vstack([m for m, _, _ in blocks]), column], format="csr")
        return matrix, np.concatenate([limit for _, limit, _ in blocks])
