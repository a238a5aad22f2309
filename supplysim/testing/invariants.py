"""What holds for every model: run these on your own networks and scenarios.

Each takes a recipe of runs (a network, a scenario or None, and what `simulate` takes by name: ``horizon``, ``seed``,
``engine``, ...), simulates, and raises `AssertionError` naming the first thing that is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import FLOWS, LEVELS
from supplysim.errors import InvalidInput, NotBalanced
from supplysim.measures import ExportLicence, ExportQuota
from supplysim.model import Lognormal, Network
from supplysim.scenario import Scenario
from supplysim.testing.variants import (
    STRANGER,
    scaled,
    scaled_scenario,
    shifted,
    with_unconnected_node,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from supplysim.results import Result

__all__ = [
    "QUANTITIES",
    "assert_balanced",
    "assert_ignores_unconnected",
    "assert_same",
    "assert_scales",
    "assert_shift_invariant",
    "assert_stands_still",
]

QUANTITIES = tuple(name for table in (FLOWS, LEVELS) for names in table.values() for name in names)
"""The records of a run that are amounts of goods."""

COLUMNS = ("time", "kind", "entity", "quantity")


def assert_balanced(network: Network, scenario: Scenario | None = None, **run: Any) -> None:
    """Nothing appears or vanishes, and no record is negative or not a number.

    >>> from supplysim.testing import tiny
    >>> assert_balanced(tiny(), horizon=30)
    """
    try:
        result = _simulate(network, scenario, run)
        result.check()
    except NotBalanced as error:
        raise AssertionError(f"not balanced: {error}") from error
    for name in QUANTITIES:
        values = result.data[name].to_numpy()
        negative = (values < 0.0) & (name != "counted")  # a correction may go either way
        wrong = ~np.isfinite(values) | negative
        if wrong.any():
            where = _place(result.data[name], wrong)
            raise AssertionError(
                f"{where} must be a number of at least 0; found {values[wrong][0]}"
            )


def assert_same(first: Result, second: Result) -> None:
    """Two runs have the same event log (where both keep one) and the same records, bit for bit.

    The dates that days stand for may differ: day is compared with day.

    >>> from supplysim.simulate import simulate
    >>> from supplysim.testing import tiny
    >>> assert_same(simulate(tiny(), seed=1, horizon=30), simulate(tiny(), seed=2, horizon=30))
    """
    _raise_first(_event_differences(_log(first), _log(second)))
    _raise_first(_record_differences(first.data, second.data, _names(first.data, second.data)))


def assert_stands_still(network: Network, **run: Any) -> None:
    """An undisturbed run serves every demand in full, at once.

    Promised for `Fixed` lead times, steady demand, `DaysOfCover` and no ``initial`` stocks.

    >>> from supplysim.testing import tiny
    >>> assert_stands_still(tiny(), horizon=60)
    """
    data = _simulate(network, None, run).data
    for name in ("unmet", "deferred"):
        short = data[name].to_numpy() != 0.0
        if short.any():
            total = float(data[name].to_numpy()[short].sum())
            place = _place(data[name], short)
            raise AssertionError(f"undisturbed, yet {total:.6g} units {name}; first: {place}")


def assert_scales(
    network: Network, scenario: Scenario | None = None, factor: float = 2.0, **run: Any
) -> None:
    """All quantities times ``factor``, a power of two, give all records times ``factor``, bit for bit.

    Refuses with `ValueError` what rounds, since a stock that meets its target exactly may then miss it by a
    hair, and a lot more or less is made: other factors, and `Lognormal` sizes of Poisson demand.

    >>> from supplysim.testing import tiny
    >>> assert_scales(tiny(), factor=8.0, horizon=30)
    """
    if math.frexp(factor)[0] != 0.5:
        raise ValueError(f"the factor must be a power of two; found {factor}")
    for demand in network.demands:
        if demand.arrivals == "poisson" and isinstance(demand.size, Lognormal):
            raise ValueError(f"demand {demand.name!r}: Lognormal sizes do not scale bit for bit")
    first = _simulate(network, scenario, run)
    second = _simulate(scaled(network, factor), scaled_scenario(scenario, factor), run)
    _raise_first(_event_differences(_log(first), _log(second), factor))
    _raise_first(_record_differences(first.data, second.data, QUANTITIES, factor))


def assert_shift_invariant(network: Network, scenario: Scenario, days: int = 7, **run: Any) -> None:
    """A scenario that starts ``days`` later, with all its dates, gives the same run bit for bit.

    Refuses with `ValueError` what hangs on the calendar: quotas by month, quarter or year, and working weeks
    where ``days`` are not whole weeks.

    >>> import datetime as dt
    >>> from supplysim.testing import tiny
    >>> assert_shift_invariant(tiny(), Scenario(start=dt.date(2023, 7, 3)), horizon=30)
    """
    for m in scenario.measures:
        if isinstance(m, ExportQuota) and isinstance(m.period, str):
            raise ValueError(
                f"measure {m.key!r}: a calendar {m.period} does not shift with the start"
            )
        if isinstance(m, ExportLicence) and m.working_week and days % 7:
            raise ValueError(f"measure {m.key!r}: a working week shifts by 7 days, not by {days}")
    assert_same(_simulate(network, scenario, run), _simulate(network, shifted(scenario, days), run))


def assert_ignores_unconnected(
    network: Network, scenario: Scenario | None = None, **run: Any
) -> None:
    """A node without lanes changes nothing for the others, bit for bit.

    >>> from supplysim.testing import tiny
    >>> assert_ignores_unconnected(tiny(), horizon=30)
    """
    first = _simulate(network, scenario, run)
    second = _simulate(with_unconnected_node(network), scenario, run)
    events = _log(second)
    if events is not None:
        events = events[events["entity"].astype(str) != STRANGER].reset_index(drop=True)
    _raise_first(_event_differences(_log(first), events))
    data = second.data.sel(
        {dim: first.data[dim].to_numpy() for dim in _labelled(first.data) if dim in second.data}
    )
    _raise_first(_record_differences(first.data, data, _names(first.data, data)))


# --- running and comparing -----------------------------------------------------------------------


def _simulate(network: Network, scenario: Scenario | None, run: dict[str, Any]) -> Result:
    from supplysim.simulate import simulate

    return simulate(network, scenario, **{"events": True, **run})


def _log(run: Result) -> pd.DataFrame | None:
    """The event log, where one was kept."""
    try:
        return run.events
    except InvalidInput:
        return None


def _raise_first(differences: Iterator[str]) -> None:
    for difference in differences:
        raise AssertionError(difference)


def _event_differences(
    first: pd.DataFrame | None, second: pd.DataFrame | None, factor: float = 1.0
) -> Iterator[str]:
    """Where two event logs part; with a factor, quantities may be that much larger.

    What a change sets may be a share or a factor, which stay as they are.
    """
    if first is None or second is None:
        return
    shorter = min(len(first), len(second))
    wrong = np.zeros(shorter, dtype=bool)
    for column in COLUMNS:
        a = first[column].to_numpy()[:shorter]
        b = second[column].to_numpy()[:shorter]
        differs = _differs(a, b)
        if column == "quantity" and factor != 1.0:
            differs &= _differs(a * factor, b)
        wrong |= differs
    if wrong.any():
        row = int(wrong.argmax())
        yield f"event {row}: {_event(first, row)}, but {_event(second, row)}"
    elif len(first) != len(second):
        longer = first if len(first) > shorter else second
        yield f"{len(first)} events, but {len(second)}; the first more: {_event(longer, shorter)}"


def _event(events: pd.DataFrame, row: int) -> str:
    return " ".join(f"{column}={events[column].iloc[row]}" for column in COLUMNS)


def _record_differences(
    first: xr.Dataset, second: xr.Dataset, names: Sequence[str], factor: float = 1.0
) -> Iterator[str]:
    """Where ``second`` is not ``first`` times ``factor``, bit for bit."""
    for name in names:
        if name not in first or name not in second:
            yield f"{name} is recorded in one run only"
            continue
        a, b = first[name], second[name]
        if a.dims != b.dims or a.shape != b.shape:
            yield f"{name} has sizes {dict(a.sizes)}, but {dict(b.sizes)}"
            continue
        for dim in _labelled(a):
            if list(a[dim].to_numpy()) != list(b[dim].to_numpy()):
                yield f"{name} has other names along {dim}"
                return
        expected = a.to_numpy() if factor == 1.0 else a.to_numpy() * factor
        found = b.to_numpy()
        wrong = _differs(expected, found)
        if wrong.any():
            yield f"{_place(a, wrong)}: {expected[wrong][0]}, but {found[wrong][0]}"


def _differs(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Element by element; floats by their bits, so that nan is nan and -0.0 is not 0.0."""
    if a.dtype == np.float64 and b.dtype == np.float64:
        wrong = np.ascontiguousarray(a).view(np.int64) != np.ascontiguousarray(b).view(np.int64)
    else:
        wrong = a != b
    return np.asarray(wrong, dtype=bool)


def _labelled(data: xr.Dataset | xr.DataArray) -> list[str]:
    """The dimensions that name entities."""
    return [str(dim) for dim in data.dims if dim != "time" and dim in data.coords]


def _place(record: xr.DataArray, where: np.ndarray[Any, Any]) -> str:
    """The first place at which ``where`` is true: by day, as records have time first."""
    steps = []
    for dim, index in zip(record.dims, np.argwhere(where)[0], strict=True):
        label = record[dim].to_numpy()[index] if dim in record.coords else index
        steps.append(f"day {index}" if dim == "time" else f"{dim} {str(label)!r}")
    return f"{record.name} on {', '.join(steps)}"


def _names(*runs: xr.Dataset) -> list[str]:
    return list(dict.fromkeys(str(name) for data in runs for name in data.data_vars))
