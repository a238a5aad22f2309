"""Rows by owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supplysim.model.columns import Ints, sealed

__all__ = ["Spans"]


@dataclass(frozen=True)
class Spans:
    """Rows by owner, each owner's in order: ``rows[starts[owner]:starts[owner + 1]]``.

    >>> spans = Spans.of(np.array([1, 0, 1]), 3)
    >>> spans[1], spans[2], spans.of_all(np.array([1, 0]))
    (array([0, 2]), array([], dtype=int64), array([0, 2, 1]))
    """

    starts: Ints
    rows: Ints

    @classmethod
    def of(cls, owner: NDArray[np.integer[Any]], count: int) -> Spans:
        """The rows of each of ``count`` owners, from the owner of each row."""
        starts = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(owner, minlength=count), out=starts[1:])
        return cls(sealed(starts), sealed(np.argsort(owner, kind="stable")))

    def __getitem__(self, owner: int) -> Ints:
        first, end = self.starts[owner : owner + 2].tolist()
        return self.rows[first:end]

    def of_all(self, owners: NDArray[np.integer[Any]]) -> Ints:
        """The rows of several owners, one owner after another."""
        first = self.starts[owners]
        counts = self.starts[owners + 1] - first
        ends = np.cumsum(counts)
        places = np.arange(ends[-1] if ends.size else 0)
        places += np.repeat(first - (ends - counts), counts)
        found: Ints = self.rows[places]
        return found
