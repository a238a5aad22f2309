"""Two ensembles on common random numbers: what a scenario costs, replication by replication."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble.runs import Ensemble
from supplysim.ensemble.statistics import trailing
from supplysim.errors import Fault, InvalidInput

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["WINDOW", "Comparison", "compare", "mean_between"]

WINDOW = 28
"""Days over which output, which comes in lots, is compared when looking for its first short day."""

KINDS = {"use": ("demand", "served"), "output": ("site", "output")}
"""What is compared: the kind of entity and its daily record."""

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Read = Callable[[Ensemble], Iterator[Array]]


class Comparison:
    """What a scenario costs against a baseline, replication by replication on the same draws.

    >>> from supplysim.testing import example
    >>> _, _, base, runs = example()
    >>> table = Comparison(base, runs).table()
    >>> table[table["kind"] == "use"][["country", "commodity", "loss"]].round(1).values.tolist()
    [['DE', 'ore', 30.0]]
    """

    def __init__(self, base: Ensemble, other: Ensemble) -> None:
        self.base = base
        self.other = other

    def losses(self, kind: str) -> xr.DataArray:
        """Daily paired losses (base - other) of ``use`` or ``output`` by country and commodity.

        Dims replication x time x group; ``group`` is ``country commodity``. Whole, hence large where replications
        are many; `table` goes block by block.
        """
        import xarray as xr

        values = np.concatenate([base - other for base, other in self.records(kind)])
        coords = self.other.labels.coords
        named = {name: coords[name] for name in ("replication", "time", "date") if name in coords}
        dims = ("replication", "time", "group")
        return xr.DataArray(values, coords={**named, "group": self.groups(kind)}, dims=dims)

    def table(self, level: float = 0.9) -> pd.DataFrame:
        """Losses by kind, country and commodity over the run.

        ``baseline`` and ``loss`` are means over replications in the commodity's unit; ``mean_low`` and ``mean_high``
        bound the mean loss (paired t interval); ``low`` and ``high`` hold a share ``level`` of the replications.
        ``first_short`` and ``recovered`` are median days from the start among the replications that
        fall short (``short_runs`` is their share); not a number where none does or where it does not recover.
        For use, a day is short when more goes unmet or waits than in the baseline; for output, when
        the last 28 days made less than 99 % of what they make in the baseline.
        """
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for kind in KINDS:
            found = self._outcomes(kind)
            for i, group in enumerate(self.groups(kind)):
                country, commodity = group.split(" ", 1)
                whole = float(found.baseline[:, i].mean())
                row = {"kind": kind, "country": country, "commodity": commodity, "baseline": whole}
                row |= _spread(found.loss[:, i], whole, level)
                rows.append(row | _spell(found.first[:, i], found.back[:, i]))
        return pd.DataFrame(rows)

    def _outcomes(self, kind: str) -> Outcomes:
        """Totals and spells of every replication, taken block by block."""
        parts = [
            (base.sum(axis=1), (base - other).sum(axis=1), *_ends(short))
            for (base, other), short in zip(self.records(kind), self._short(kind), strict=True)
        ]
        return Outcomes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _short(self, kind: str) -> Iterator[Flags]:
        """Whether each day is a short one: replications x days x groups, block by block."""
        if kind == "output":
            for base, other in self.records(kind):
                yield trailing(other, WINDOW, begun=False) < 0.99 * trailing(
                    base, WINDOW, begun=False
                )
            return
        waiting = self._pairs("demand", _gone_short)
        for (before, after), (use, _) in zip(waiting, self.records(kind), strict=True):
            yield after - before > 1e-6 * use.mean(axis=1, keepdims=True)

    def records(self, kind: str) -> Iterator[tuple[Array, Array]]:
        """Daily ``use`` or ``output`` of both, block by block: replications x days x groups."""
        if kind not in KINDS:
            raise InvalidInput([Fault("kind", f"must be one of {', '.join(KINDS)}", kind)])
        entity, record = KINDS[kind]
        return self._pairs(entity, lambda runs: runs.blocks(record))

    def _pairs(self, entity: str, read: Read) -> Iterator[tuple[Array, Array]]:
        """Both ensembles block by block, on the same groups: a measure may bring a plant where there was none."""
        names = self._names(entity)
        place = {name: i for i, name in enumerate(names)}
        columns = [
            [place[name] for name in runs.groups.names[entity]] for runs in (self.base, self.other)
        ]
        for pair in zip(read(self.base), read(self.other), strict=True):
            base, other = (
                _spread_out(block, into, len(names))
                for block, into in zip(pair, columns, strict=True)
            )
            yield base, other

    def _names(self, entity: str) -> list[str]:
        return sorted({*self.base.groups.names[entity], *self.other.groups.names[entity]})

    def groups(self, kind: str) -> list[str]:
        """What is compared, in order: ``country commodity``."""
        return self._names(KINDS[kind][0])


@dataclass(frozen=True)
class Outcomes:
    """By replication and group: units over the run, the first short day, and the day after the last."""

    baseline: Array
    loss: Array
    first: Array
    back: Array


def compare(base: Ensemble, other: Ensemble) -> Comparison:
    """Pair two ensembles on their common random numbers (same seed, horizon, warm-up, figures and replications).

    Raises `InvalidInput` where they do not belong together.

    >>> from supplysim.testing import example
    >>> _, _, base, runs = example()
    >>> float(compare(base, runs).losses("use").sum()) > 0.0
    True
    """
    settings = [{**runs.attrs, "replications": runs.replications} for runs in (base, other)]
    faults = [
        Fault(name, f"must be the same in both ({settings[0][name]})", settings[1][name])
        for name in ("horizon", "seed", "warmup", "figures", "replications")
        if settings[0][name] != settings[1][name]
    ]
    if faults:
        raise InvalidInput(faults, what="compare")
    return Comparison(base, other)


def _gone_short(runs: Ensemble) -> Iterator[Array]:
    """What went unmet each day, or waits at its end."""
    pairs = zip(runs.blocks("unmet"), runs.blocks("backlog"), strict=True)
    return (unmet + backlog for unmet, backlog in pairs)


def _spread_out(block: Array, columns: list[int], count: int) -> Array:
    wide = np.zeros((*block.shape[:2], count))
    wide[:, :, columns] = block
    return wide


def _ends(short: Flags) -> tuple[Array, Array]:
    """The first short day (infinite: none), and the day after the last (infinite: not in the run)."""
    days = short.shape[1]
    any_short = short.any(axis=1)
    first = np.where(any_short, short.argmax(axis=1), np.inf)
    back = (days - short[:, ::-1].argmax(axis=1)).astype(float)
    return first, np.where(any_short & (back < days), back, np.inf)


def _spread(amounts: Array, whole: float, level: float) -> dict[str, float]:
    """Mean with its paired t interval, and the band that holds ``level`` of the replications."""
    mean, mean_low, mean_high = mean_between(amounts, level)
    low, high = (float(x) for x in np.quantile(amounts, [0.5 - level / 2.0, 0.5 + level / 2.0]))
    return {
        "loss": mean,
        "share": mean / whole if whole > 0.0 else 0.0,
        "mean_low": mean_low,
        "mean_high": mean_high,
        "low": low,
        "high": high,
    }


def mean_between(amounts: Array, level: float) -> tuple[float, float, float]:
    """A mean over replications with its t interval: mean, low, high."""
    from scipy.special import stdtrit

    mean, half = float(amounts.mean()), 0.0
    if amounts.size > 1:
        error = float(amounts.std(ddof=1)) / math.sqrt(amounts.size)
        half = float(stdtrit(amounts.size - 1, 0.5 + level / 2.0)) * error
    return mean, mean - half, mean + half


def _spell(first: Array, back: Array) -> dict[str, float]:
    """First short day and day of recovery: medians over the replications that fall short."""
    fell = np.isfinite(first)
    recovered = float(np.median(back[fell])) if fell.any() else math.nan
    return {
        "first_short": float(np.median(first[fell])) if fell.any() else math.nan,
        "recovered": math.nan if math.isinf(recovered) else recovered,
        "short_runs": float(fell.mean()),
    }
