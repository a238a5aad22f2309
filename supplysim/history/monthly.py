"""Daily records of an ensemble, summed by month: flows over borders, days of cover, unmet demand."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble import Comparison, Ensemble

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["Periods", "monthly_cover", "monthly_flows", "monthly_unmet", "spread"]

SPELL = 30
"""Days of a period where a run has no dates."""


@dataclass(frozen=True)
class Periods:
    """The whole calendar months of a run; where it has no dates, whole spells of 30 days.

    ``starts`` and ``ends`` are days of the run, half-open. Months that the run covers in part are left out.

    >>> from supplysim.testing import example
    >>> Periods.of(example()[2].labels).labels[:2]
    ('2023-01', '2023-02')
    """

    labels: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, data: xr.Dataset) -> Periods:
        """The periods of a run's ``data`` or an ensemble's ``labels``."""
        days = int(data.sizes["time"])
        if "date" not in data.coords:
            starts = range(0, days - SPELL + 1, SPELL)
            labels = tuple(f"day {start}" for start in starts)
            return cls(labels, tuple(starts), tuple(start + SPELL for start in starts))
        found: dict[str, list[int]] = {}
        for day, date in enumerate(data["date"].values):
            found.setdefault(str(date)[:7], []).append(day)
        whole = {month: in_it for month, in_it in found.items() if len(in_it) == _length(month)}
        starts_of = tuple(in_it[0] for in_it in whole.values())
        return cls(tuple(whole), starts_of, tuple(in_it[-1] + 1 for in_it in whole.values()))

    def sums(self, daily: Array) -> Array:
        """Sums by period; from replication x time to replication x period."""
        zero = np.zeros((daily.shape[0], 1))
        summed = np.concatenate([zero, np.cumsum(daily, axis=1)], axis=1)
        sums: Array = summed[:, list(self.ends)] - summed[:, list(self.starts)]
        # a difference of sums leaves dust where nothing flowed
        dust = 1e-9 * np.abs(summed[:, -1:])
        return np.where(np.abs(sums) <= dust, 0.0, sums)

    def lasts(self, daily: Array) -> Array:
        """The state at the end of each period; from replication x time to replication x period."""
        return np.asarray(daily[:, [end - 1 for end in self.ends]])


def _length(month: str) -> int:
    return calendar.monthrange(int(month[:4]), int(month[5:]))[1]


def spread(values: Array, level: float = 0.9) -> dict[str, Array]:
    """Mean over replications, and the band that holds a share ``level`` of them, by column.

    >>> {name: x.tolist() for name, x in spread(np.array([[0.0], [1.0], [2.0]]), 0.5).items()}
    {'mean': [1.0], 'low': [0.5], 'high': [1.5]}
    """
    low, high = np.quantile(values, [0.5 - level / 2.0, 0.5 + level / 2.0], axis=0)
    return {"mean": values.mean(axis=0), "low": low, "high": high}


def monthly_flows(base: Ensemble, runs: Ensemble, level: float = 0.9) -> pd.DataFrame:
    """What crossed borders by month, origin, destination and commodity, in the commodity's unit.

    ``undisturbed`` is the mean of ``base``; the rest is of ``runs``.

    >>> from supplysim.testing import example
    >>> _, _, base, runs = example()
    >>> monthly_flows(base, runs)[["origin", "destination"]].drop_duplicates().values.tolist()
    [['CN', 'DE']]
    """
    import pandas as pd

    periods = Periods.of(runs.labels)
    keys, values = _abroad(runs, periods)
    known, normal = _abroad(base, periods)
    before = dict(zip(known, normal.mean(axis=0), strict=True))
    none = np.zeros(len(periods.labels))
    undisturbed = [before.get(key, none) for key in keys]
    months = len(periods.labels)
    columns: dict[str, Any] = {"month": list(periods.labels) * len(keys)}
    for at, name in enumerate(("origin", "destination", "commodity")):
        columns[name] = np.repeat([key[at] for key in keys], months)
    columns["undisturbed"] = np.concatenate(undisturbed) if keys else none[:0]
    columns |= {name: x.reshape(-1) for name, x in spread(values, level).items()}
    return pd.DataFrame(columns)


def _abroad(runs: Ensemble, periods: Periods) -> tuple[list[tuple[str, str, str]], Array]:
    """Shipments over borders by origin, destination and commodity: replication x these x period, block by block."""
    data = runs.labels
    places = ("lane_origin", "lane_destination", "lane_commodity")
    rows = [tuple(map(str, row)) for row in zip(*(data[x].values for x in places), strict=True)]
    keys: Any = sorted({row for row in rows if row[0] != row[1]})
    at = {key: place for place, key in enumerate(keys)}
    groups = [i for i, row in enumerate(rows) if row in at]
    into = [at[rows[i]] for i in groups]
    spans = list(zip(periods.starts, periods.ends, strict=True))
    parts = [np.zeros((0, len(keys), len(spans)))]
    for block in runs.blocks("shipped"):
        sums = np.zeros((len(block), len(keys), len(spans)))
        for month, (first, last) in enumerate(spans):
            moved = block[:, first:last, :].sum(axis=1)
            for place, group in zip(into, groups, strict=True):
                sums[:, place, month] += moved[:, group]
        parts.append(sums)
    return keys, np.concatenate(parts)


def monthly_cover(runs: Ensemble, level: float = 0.9) -> pd.DataFrame:
    """Stocks of users at the end of each month, in days of their undisturbed use, by country and commodity.

    Pooled over a country's plants and final users; a pooled stock hides the first firm to run out.

    >>> from supplysim.testing import example
    >>> monthly_cover(example()[3]).columns.tolist()
    ['month', 'country', 'commodity', 'mean', 'low', 'high']
    """
    import pandas as pd

    periods = Periods.of(runs.labels)
    tables = []
    for country, commodity, daily in daily_cover(runs):
        columns: dict[str, Any] = {
            "month": periods.labels,
            "country": country,
            "commodity": commodity,
            **spread(periods.lasts(daily), level),
        }
        tables.append(pd.DataFrame(columns))
    return _stacked(tables, ["month", "country", "commodity"])


def daily_cover(runs: Ensemble, commodity: str = "") -> Iterator[tuple[str, str, Array]]:
    """Country, commodity, and days of cover: replication x time. Stores for resale or in reserve are left out."""
    data = runs.labels
    use = data["slot_use"].values
    keys = list(zip(data["slot_country"].values, data["slot_commodity"].values, strict=True))
    held = [kind != "store" and used > 0.0 for kind, used in zip(_kinds(data), use, strict=True)]
    for key in sorted({key for key, counts in zip(keys, held, strict=True) if counts}):
        if commodity and key[1] != commodity:
            continue
        slots = [i for i, other in enumerate(keys) if other == key and held[i]]
        days: Array = runs.daily("on_hand", slots) / runs.use(slots)[:, None]
        yield str(key[0]), str(key[1]), days


def _kinds(data: xr.Dataset) -> list[str]:
    return [str(kind) for kind in data["slot_kind"].values]


def monthly_unmet(comparison: Comparison, level: float = 0.9) -> pd.DataFrame:
    """Use lost by month against the undisturbed runs, by country and commodity, in the commodity's unit.

    Only what lost something in some replication; what is made up later counts as negative loss.

    >>> from supplysim import compare
    >>> from supplysim.testing import example
    >>> _, _, base, runs = example()
    >>> monthly_unmet(compare(base, runs))["country"].unique().tolist()
    ['DE']
    """
    import pandas as pd

    lost = comparison.losses("use")
    periods = Periods.of(comparison.other.labels)
    tables = []
    for i, group in enumerate(lost["group"].values):
        country, commodity = str(group).split(" ", 1)
        values = periods.sums(lost.values[:, :, i])
        if values.any():
            columns: dict[str, Any] = {"month": periods.labels, "country": country}
            columns |= {"commodity": commodity, **spread(values, level)}
            tables.append(pd.DataFrame(columns))
    return _stacked(tables, ["month", "country", "commodity"])


def _stacked(tables: list[pd.DataFrame], keys: list[str]) -> pd.DataFrame:
    import pandas as pd

    if not tables:
        return pd.DataFrame(columns=[*keys, "mean", "low", "high"])
    return pd.concat(tables, ignore_index=True)
