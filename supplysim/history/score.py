"""How far the simulated months are off the observed ones, in figures with the marks to reach."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from supplysim.errors import Fault, InvalidInput
from supplysim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Score", "Volume", "score"]

BETTER = 0.2
INSIDE = 0.7
VOLUME = 0.2
MONTHS_OFF = 1
"""The marks: RMS error so much below each null's, months inside the band, volume, trough (months)."""


@dataclass(frozen=True)
class Volume:
    """Exports over some months from the begin of the measures: the observed months, and the same simulated.

    >>> Volume(months=6, counted=6, observed=100.0, simulated=150.0).off
    0.5
    """

    months: int
    counted: int
    observed: float
    simulated: float

    @property
    def off(self) -> float:
        """Simulated over observed, less one."""
        return self.simulated / self.observed - 1.0 if self.observed > 0.0 else math.inf


@dataclass(frozen=True)
class Score:
    """How near the months came. ``rms`` is of the monthly index, in normal months.

    Scored are the observed months from that of the announcement on (``months`` of them, from ``first`` to
    ``last``). ``inside`` is the share of them within the band of the replications; that band knows nothing
    of how uncertain the observed baseline is. Troughs are the first months of least exports since the begin;
    ``trough_off`` is in months, to the nearest of equally low observed months.

    >>> none = {"no licence": 0.7}
    >>> found = Score("2023-08", "2024-07", 12, 0.4, none, 0.75, (), "2023-08", "2023-09", 1)
    >>> round(found.better("no licence"), 3)
    0.429
    """

    first: str
    last: str
    months: int
    rms: float
    null_rms: Mapping[str, float]
    inside: float
    volumes: tuple[Volume, ...]
    observed_trough: str
    simulated_trough: str
    trough_off: int

    def better(self, null: str) -> float:
        """By how much the RMS error is below that of a null (share)."""
        other = self.null_rms[null]
        return 1.0 - self.rms / other if other > 0.0 else -math.inf

    def table(self) -> pd.DataFrame:
        """One row a figure: what, value, the mark to reach, and whether it was."""
        import pandas as pd

        rows: list[tuple[str, float | str, str, bool | None]] = [
            ("RMS error of the monthly index, in normal months", self.rms, "", None)
        ]
        for null, value in self.null_rms.items():
            rows.append((f"RMS error of the null: {null}", value, "", None))
            rule = f"at least {BETTER:.0%}"
            better = self.better(null)
            rows.append(
                (f"RMS error lower than the null by: {null}", better, rule, better >= BETTER)
            )
        rule = f"at least {INSIDE:.0%}"
        rows.append(("months inside the 90 % band", self.inside, rule, self.inside >= INSIDE))
        for volume in self.volumes:
            name = f"volume over {volume.months} months off the observed by"
            rows.append((name, volume.off, f"within {VOLUME:.0%}", abs(volume.off) <= VOLUME))
        met = self.trough_off <= MONTHS_OFF
        rows.append(("month of the trough, observed", self.observed_trough, "", None))
        rule = f"within {MONTHS_OFF} month"
        rows.append(("month of the trough, simulated", self.simulated_trough, rule, met))
        return pd.DataFrame(rows, columns=["figure", "value", "mark", "met"])


def score(
    months: pd.DataFrame, scenario: Scenario, null_months: Mapping[str, pd.DataFrame] | None = None
) -> Score:
    """Score the months that `monthly_exports` gave, against those of the nulls.

    Refuses a scenario without dated measures, and a run that covers no observed month after its announcement.

    >>> from supplysim import history, load_network, load_scenario
    >>> from supplysim import ensemble
    >>> licence = load_scenario("gallium-licence-2023")
    >>> network = load_network("gallium-2022")
    >>> quick = {"horizon": licence.horizon, "replications": 1, "seed": 1, "executor": 1, "progress": False}
    >>> base, runs = (ensemble(network, x, **quick) for x in (None, licence))
    >>> months = history.monthly_exports(runs, base, licence.history, network)
    >>> score(months, licence).first
    '2023-07'
    """
    announced, begins = _dates(scenario)
    scored = months[(months["month"] >= announced) & months["observed"].notna()]
    after = months[(months["month"] >= begins)]
    seen = after[after["observed"].notna()]
    if scored.empty or seen.empty:
        rule = f"no observed month from {begins} on is within the run"
        raise InvalidInput([Fault("history.observations", rule)], what="history")
    inside = scored["observed_index"].between(scored["index_low"], scored["index_high"])
    lowest = seen.loc[seen["observed"] == seen["observed"].min(), "month"]
    trough = str(seen["month"].iloc[int(seen["mean"].to_numpy().argmin())])
    return Score(
        first=str(scored["month"].iloc[0]),
        last=str(scored["month"].iloc[-1]),
        months=len(scored),
        rms=_rms(scored, months),
        null_rms={name: _rms(scored, other) for name, other in (null_months or {}).items()},
        inside=float(inside.mean()),
        volumes=tuple(_volume(after, n) for n in (6, 12) if _volume(after, n).counted),
        observed_trough=str(lowest.iloc[0]),
        simulated_trough=trough,
        trough_off=min(abs(_number(trough) - _number(str(month))) for month in lowest),
    )


def _dates(scenario: Scenario) -> tuple[str, str]:
    """The months of the first announcement and of the first begin among the measures."""
    measures = scenario.measures
    if scenario.start is None or not measures:
        rule = "a history is scored on the measures of a scenario with a start date"
        raise InvalidInput([Fault("measures", rule)], what="history")

    def month(moment: float | dt.date) -> str:
        if isinstance(moment, dt.date):
            return f"{moment:%Y-%m}"
        assert scenario.start is not None
        return f"{scenario.start + dt.timedelta(days=math.floor(moment)):%Y-%m}"

    begins = min(month(m.begins) for m in measures)
    told = [month(m.begins if m.announced is None else m.announced) for m in measures]
    return min([begins, *told]), begins


def _rms(scored: pd.DataFrame, simulated: pd.DataFrame) -> float:
    """Root mean square of simulated less observed index over the scored months."""
    index = simulated.set_index("month")["index"].reindex(scored["month"])
    off = index.to_numpy() - scored["observed_index"].to_numpy()
    return math.sqrt(float((off * off).mean()))


def _volume(after: pd.DataFrame, months: int) -> Volume:
    first = after.iloc[:months]
    seen = first[first["observed"].notna()]
    whole = len(first) == months
    return Volume(
        months,
        len(seen) if whole else 0,
        float(seen["observed"].sum()),
        float(seen["mean"].sum()),
    )


def _number(month: str) -> int:
    return 12 * int(month[:4]) + int(month[5:])
