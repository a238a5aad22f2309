"""Statistics over replications, block by block, so that memory does not grow with their number.

``pieces`` gives the blocks in order each time it is called, each an array of shape (replications, days, groups).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from supplysim.engines.trace import Array

__all__ = ["joined", "mean", "quantiles", "sd", "totals", "trailing"]

Pieces = Callable[[], Iterable[Array]]

CHUNK = 64 * 2**20
"""Bytes of all replications that are looked at together where that is needed, some days at a time."""


def trailing(values: Array, days: int, *, axis: int = 1, begun: bool = True) -> Array:
    """Sums over the last ``days``: of what there is while there are fewer, or 0 then if not ``begun``.

    >>> days = np.array([[1.0, 2.0, 3.0]])
    >>> trailing(days, 2).tolist(), trailing(days, 2, begun=False).tolist()
    ([[1.0, 3.0, 5.0]], [[0.0, 3.0, 5.0]])
    """
    summed = np.moveaxis(np.cumsum(values, axis=axis), axis, 0)
    found = summed.copy()
    found[days:] -= summed[:-days]
    if not begun:
        found[: days - 1] = 0.0
    return np.asarray(np.moveaxis(found, 0, axis))


def joined(pieces: Iterable[Array], count: int) -> Array:
    """Pieces with ``count`` replications in all as one array.

    Each is let go before the next: a piece in a file holds it open, and a process may open only so many.

    >>> joined([np.zeros((2, 1)), np.ones((1, 1))], 3).tolist()
    [[0.0], [0.0], [1.0]]
    """
    whole, done = np.empty((count,)), 0
    for piece in pieces:
        if not done:
            whole = np.empty((count, *piece.shape[1:]))
        whole[done : done + len(piece)] = piece
        done += len(piece)
        del piece
    return whole


def mean(pieces: Pieces) -> Array:
    """Mean over replications: days x groups.

    >>> mean(lambda: [np.zeros((2, 1, 1)), np.full((1, 1, 1), 6.0)]).tolist()
    [[2.0]]
    """
    total, count = _sum(pieces())
    return total / count


def sd(pieces: Pieces) -> Array:
    """Standard deviation over replications (n - 1): days x groups; 0 where there is only one."""
    middle = mean(pieces)
    total, count = _sum((piece - middle) ** 2 for piece in pieces())
    return np.sqrt(total / max(1, count - 1))


def _sum(pieces: Iterable[Array]) -> tuple[Array, int]:
    total, count = np.zeros(()), 0
    for piece in pieces:
        total = total + piece.sum(axis=0)
        count += len(piece)
    return total, count


def quantiles(pieces: Pieces, q: Sequence[float]) -> Array:
    """Quantiles over replications: quantile x days x groups.

    >>> quantiles(lambda: [np.zeros((1, 2, 1)), np.ones((1, 2, 1))], [0.25, 0.5]).tolist()
    [[[0.25], [0.25]], [[0.5], [0.5]]]
    """
    shapes = [piece.shape for piece in pieces()]
    days, groups = shapes[0][1:]
    count = sum(shape[0] for shape in shapes)
    step = max(1, CHUNK // max(1, 8 * groups * count))
    found = [np.empty((len(q), 0, groups))]
    for day in range(0, days, step):
        part = joined((piece[:, day : day + step] for piece in pieces()), count)
        found.append(np.asarray(np.quantile(part, q, axis=0)))
    return np.concatenate(found, axis=1)


def totals(pieces: Pieces) -> Array:
    """Sum over the days: replications x groups."""
    return np.concatenate([piece.sum(axis=1) for piece in pieces()])
