"""Has a run settled? Where its transient ends, and whether what comes after still drifts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble import Ensemble
from supplysim.errors import Fault, InvalidInput

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["mser", "settled"]

DRIFT = 0.02
"""The change between the first and the last third, as a share of the mean, that counts as none."""
EARLY = 0.1
"""The share of the run in which a transient may end and the run still count as settled from the start."""


def mser(series: Sequence[float] | Array, batch: int = 5) -> int:
    """How many values at the start of a series are transient: the cut that leaves the most certain mean.

    MSER-5 (White 1997, *Simulation* 69(6): 323-334): batch means of ``batch`` values; the cut d of the first half
    that makes the sum of squares after it, over the square of their number, least. 0 if there is no transient.

    >>> mser([10.0] * 20 + [1.0, 1.2, 0.8, 1.0] * 20)
    20
    """
    values = np.asarray(series, dtype=float)
    if batch < 1 or values.ndim != 1 or len(values) < 4 * batch or not np.isfinite(values).all():
        rule = f"must be at least {4 * max(1, batch)} finite numbers"
        raise InvalidInput([Fault("series", rule, len(values))], what="mser")
    means = values[: len(values) // batch * batch].reshape(-1, batch).mean(axis=1)
    count = len(means)
    after = np.arange(count, 0, -1)
    total, squares = (np.cumsum(x[::-1])[::-1] for x in (means, means**2))
    spread = np.maximum(0.0, squares - total**2 / after) / after**2
    cut = int(np.argmin(spread[: count // 2 + 1] + 1e-12 * abs(spread[0])))
    return cut * batch if spread[cut] < spread[0] * (1.0 - 1e-9) else 0


def settled(
    runs: Ensemble, *, records: Sequence[str] = ("output", "on_hand", "served")
) -> pd.DataFrame:
    """Whether an undisturbed ensemble is in a steady state after its warm-up, by record and group.

    Columns: record, group, ``transient`` (days, `mser` of the mean over replications), ``drift`` (the mean of the last
    third less that of the first, as a share of the whole mean) and ``settled`` (a transient of at most a tenth of the
    run and a drift of at most 2 %). Worst drift first. Where it is not, give the runs a longer ``warmup``.

    >>> from supplysim.testing import example
    >>> settled(example()[2])["settled"].all().item()
    True
    """
    import pandas as pd

    rows = []
    for record in records:
        means = runs.mean(record)
        names = means[means.dims[1]].values
        for at, name in enumerate(names):
            daily = means.values[:, at]
            whole = float(daily.mean())
            third = len(daily) // 3
            drift = 0.0
            if whole > 0.0:
                drift = float(daily[-third:].mean() - daily[:third].mean()) / whole
            cut = mser(daily) if whole > 0.0 else 0
            fine = abs(drift) <= DRIFT and cut <= EARLY * len(daily)
            rows.append((record, str(name), cut, drift, fine))
    table = pd.DataFrame(rows, columns=["record", "group", "transient", "drift", "settled"])
    return table.sort_values("drift", key=abs, ascending=False, ignore_index=True)
