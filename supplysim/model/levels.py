"""The order in which a network can be solved: who has to be known before whom."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from supplysim.model.columns import Ints
from supplysim.model.spans import Spans

__all__ = ["levels", "levels_with_groups"]


def levels(count: int, before: NDArray[Any], after: NDArray[Any]) -> Ints:
    """The level of each of ``count`` nodes: one above the highest of those before it; -1 behind a cycle.

    >>> levels(4, np.array([0, 0, 1]), np.array([1, 2, 2]))
    array([0, 1, 2, 0])
    """
    found = np.full(count, -1)
    waiting = np.bincount(after, minlength=count)
    spans = Spans.of(before, count)
    front, depth = np.flatnonzero(waiting == 0), 0
    while front.size:
        found[front] = depth
        reached, times = np.unique(after[spans.of_all(front)], return_counts=True)
        waiting[reached] -= times
        front, depth = reached[waiting[reached] == 0], depth + 1
    return found


def levels_with_groups(
    count: int, before: NDArray[Any], after: NDArray[Any]
) -> tuple[Ints, list[Ints]]:
    """The level of each node, where the members of a cycle share one; and the members of each cycle."""
    found = levels(count, before, after)
    if not (found < 0).any():
        return found, []
    from scipy.sparse import coo_array  # only networks with cycles pay for it
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(before), np.int8), (before, after)), shape=(count, count))
    number, label = connected_components(graph, connection="strong")
    apart = label[before] != label[after]
    of_label = levels(number, label[before][apart], label[after][apart])
    members = Spans.of(label, number)
    together = np.flatnonzero(np.diff(members.starts) > 1)
    return of_label[label], [members[group] for group in together.tolist()]
