"""Many replications at once, and comparing them on common random numbers."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.errors import Fault, InvalidInput
from supplysim.model import Network
from supplysim.plan import Plan, make_plan
from supplysim.results import check_balance, labels
from supplysim.scenario import Scenario
from supplysim.simulate import Engine, run_plan

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["Comparison", "Ensemble", "compare", "ensemble"]

KEPT = {
    "site": ("output",),
    "slot": ("on_hand",),
    "demand": ("wanted", "served", "unmet", "deferred", "recovered", "backlog"),
    "lane": ("shipped", "received"),
}
"""The daily records of each replication that an ensemble keeps, by kind of entity."""

WINDOW = 28
"""Days over which output, which comes in lots, is compared when looking for its first short day."""


class Ensemble:
    """Replications of one scenario. ``data`` has the kept daily records, dims replication x time x entity."""

    def __init__(self, data: xr.Dataset) -> None:
        self.data = data

    def __repr__(self) -> str:
        attrs = self.data.attrs
        return (
            f"<Ensemble {attrs['network']!r}, scenario {attrs['scenario']!r}, "
            f"{self.data.sizes['replication']} replications of {attrs['horizon']} days>"
        )


def ensemble(
    network: Network,
    scenario: Scenario | None = None,
    *,
    replications: int | None = None,
    horizon: int | None = None,
    seed: int | None = None,
    warmup: int | None = None,
    engine: Engine = "auto",
    executor: Executor | int | None = None,
    progress: bool | str = True,
) -> Ensemble:
    """Simulate ``replications`` times, in processes, with a progress bar.

    Each replication is a pure function of (network, scenario, seed, its number), so the answer does not depend on the
    number of workers or the order in which they finish. ``executor`` is None (a process for each core), a
    number of processes (1: none besides this one), or any `concurrent.futures.Executor`. ``progress`` may be a
    label for the bar. Defaults of ``replications``, ``horizon`` and ``seed`` are the scenario's.
    """
    given = scenario or Scenario(horizon=365)
    count = given.replications if replications is None else replications
    if type(count) is not int or count < 1:
        raise InvalidInput([Fault("replications", "must be a whole number from 1", count)])
    plan = make_plan(
        network,
        scenario,
        horizon=given.horizon if horizon is None else horizon,
        seed=given.seed if seed is None else seed,
        replication=0,
        warmup=given.warmup if warmup is None else warmup,
    )
    job = (network, scenario, plan.horizon, plan.seed, plan.warmup, engine)
    label = progress if isinstance(progress, str) else plan.timeline.name or "undisturbed"
    records: list[dict[tuple[str, str], Array]] = [{}] * count
    with _pool(executor, count) as pool:
        for number, record in _finished(pool, job, count, label, bool(progress)):
            records[number] = record
    return Ensemble(_dataset(plan, records))


def _replicate(job: tuple[Any, ...], numbers: Sequence[int]) -> list[dict[tuple[str, str], Array]]:
    """Run some replications and keep what an ensemble keeps; this is what workers do."""
    network, scenario, horizon, seed, warmup, engine = job
    found = []
    for number in numbers:
        plan = make_plan(
            network, scenario, horizon=horizon, seed=seed, replication=number, warmup=warmup
        )
        trace = run_plan(plan, engine)
        check_balance(plan, trace)
        found.append({(k, name): trace.daily[k, name] for k in KEPT for name in KEPT[k]})
    return found


@contextmanager
def _pool(executor: Executor | int | None, count: int) -> Iterator[Executor | None]:
    """The executor to use: the caller's own, or processes that end with the block."""
    if isinstance(executor, Executor):
        yield executor
        return
    workers = _cores() if executor is None else executor
    if type(workers) is not int or workers < 1:
        raise InvalidInput(
            [Fault("executor", "must be None, an Executor or a number from 1", workers)]
        )
    workers = min(workers, count)
    if workers == 1:
        yield None
        return
    pool = ProcessPoolExecutor(workers)
    try:
        yield pool
    except BaseException:  # an interrupt should not wait for what is still queued
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _finished(
    pool: Executor | None, job: tuple[Any, ...], count: int, label: str, progress: bool
) -> Iterator[tuple[int, dict[tuple[str, str], Array]]]:
    """Numbered records as they come in, with a bar."""
    from tqdm import tqdm

    with tqdm(total=count, desc=label, unit="run", disable=not progress, mininterval=0.2) as bar:
        if pool is None:
            for number in range(count):
                yield number, _replicate(job, [number])[0]
                bar.update()
            return
        waiting: dict[Future[Any], int] = {
            pool.submit(_replicate, job, [number]): number for number in range(count)
        }
        for future in as_completed(waiting):
            yield waiting[future], future.result()[0]
            bar.update()


def _dataset(plan: Plan, records: list[dict[tuple[str, str], Array]]) -> xr.Dataset:
    import xarray as xr

    net = plan.network
    names = {
        "site": list(net.site_by_name),
        "slot": list(net.slots),
        "demand": list(net.demand_by_name),
        "lane": list(net.lanes_by_key),
    }
    coords = labels(plan, names) | {"replication": np.arange(len(records))}
    coords["demand_country"] = ("demand", _column(net.demand_by_name, "country"))
    coords["demand_commodity"] = ("demand", _column(net.demand_by_name, "commodity"))
    variables = {
        name: (("replication", "time", kind), np.stack([record[kind, name] for record in records]))
        for kind in KEPT
        for name in KEPT[kind]
    }
    data = xr.Dataset(variables, coords=coords)
    data.attrs = {
        "network": net.name,
        "scenario": plan.timeline.name,
        "horizon": plan.horizon,
        "warmup": plan.warmup,
        "seed": str(plan.seed),
    }
    return data


def _column(table: Mapping[str, Any], field: str) -> Any:
    return np.array([getattr(item, field) for item in table.values()], dtype=object)


# --- comparing -----------------------------------------------------------------------------------


class Comparison:
    """What a scenario costs against a baseline, replication by replication on the same draws."""

    def __init__(self, base: Ensemble, other: Ensemble) -> None:
        self.base = base
        self.other = other

    def losses(self, kind: str) -> xr.DataArray:
        """Daily paired losses (base - other) of ``use`` or ``output`` by country and commodity.

        Dims replication x time x group; ``group`` is ``country commodity``.
        """
        base, other = self._paired(kind)
        return base - other

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
        for kind in ("use", "output"):
            baseline, other = self._paired(kind)
            losses = baseline - other
            short = self._short(kind)
            for i, group in enumerate(losses["group"].values):
                country, commodity = str(group).split(" ", 1)
                amounts = losses[:, :, i].values.sum(axis=1)
                whole = float(baseline[:, :, i].values.sum(axis=1).mean())
                row = {"kind": kind, "country": country, "commodity": commodity, "baseline": whole}
                rows.append({**row, **_spread(amounts, whole, level), **_spell(short[:, :, i])})
        return pd.DataFrame(rows)

    def _short(self, kind: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether each day is a short one, by replication, day and group."""
        if kind == "use":
            before, after = (short.values for short in self._paired("short"))
            size = self._paired("use")[0].values.mean(axis=1, keepdims=True)
            return np.asarray(after - before > 1e-6 * size)
        base, other = (_trailing(output.values) for output in self._paired("output"))
        return np.asarray(other < 0.99 * base)

    def _paired(self, kind: str) -> tuple[xr.DataArray, xr.DataArray]:
        """Both ensembles by the same groups: a measure may bring a plant where there was none."""
        import xarray as xr

        base, other = (_grouped(runs, kind) for runs in (self.base, self.other))
        return xr.align(base, other, join="outer", fill_value=0.0)


def compare(base: Ensemble, other: Ensemble) -> Comparison:
    """Pair two ensembles on their common random numbers (same seed, horizon, warm-up and replications).

    Raises `InvalidInput` where they do not belong together.
    """
    faults = []
    for name in ("horizon", "seed", "warmup"):
        if base.data.attrs[name] != other.data.attrs[name]:
            faults.append(
                Fault(
                    name,
                    f"must be the same in both ({base.data.attrs[name]})",
                    other.data.attrs[name],
                )
            )
    if base.data.sizes["replication"] != other.data.sizes["replication"]:
        faults.append(
            Fault("replications", "must be the same in both", other.data.sizes["replication"])
        )
    if faults:
        raise InvalidInput(faults, what="compare")
    return Comparison(base, other)


def _grouped(runs: Ensemble, kind: str) -> xr.DataArray:
    """Daily sums by country and commodity: use served, output made, or what went short."""
    import xarray as xr

    data = runs.data
    entity = "site" if kind == "output" else "demand"
    values = {
        "use": lambda: data.served.values,
        "output": lambda: data.output.values,
        "short": lambda: data.unmet.values + data.backlog.values,
    }[kind]()
    countries = data[f"{entity}_country"].values
    commodities = data[f"{entity}_commodity"].values
    groups = [f"{a} {b}" for a, b in zip(countries, commodities, strict=True)]
    names = sorted(set(groups))
    sums = np.zeros((*values.shape[:2], len(names)))
    for i, group in enumerate(groups):
        sums[:, :, names.index(group)] += values[:, :, i]
    coords = {"replication": data.replication.values, "time": data.time.values, "group": names}
    return xr.DataArray(sums, coords=coords, dims=("replication", "time", "group"))


def _trailing(values: Array) -> Array:
    """Sums over the last `WINDOW` days; before there are so many, nothing is short."""
    summed = np.cumsum(values, axis=1)
    trailing = summed.copy()
    trailing[:, WINDOW:] -= summed[:, :-WINDOW]
    trailing[:, : WINDOW - 1] = 0.0
    return np.asarray(trailing)


def _spread(amounts: Array, whole: float, level: float) -> dict[str, float]:
    """Mean with its paired t interval, and the band that holds ``level`` of the replications."""
    from scipy.special import stdtrit

    mean = float(amounts.mean())
    half = 0.0
    if amounts.size > 1:
        error = float(amounts.std(ddof=1)) / math.sqrt(amounts.size)
        half = float(stdtrit(amounts.size - 1, 0.5 + level / 2.0)) * error
    low, high = (float(x) for x in np.quantile(amounts, [0.5 - level / 2.0, 0.5 + level / 2.0]))
    return {
        "loss": mean,
        "share": mean / whole if whole > 0.0 else 0.0,
        "mean_low": mean - half,
        "mean_high": mean + half,
        "low": low,
        "high": high,
    }


def _spell(short: np.ndarray[Any, np.dtype[np.bool_]]) -> dict[str, float]:
    """First short day and day of recovery: medians over the replications that have them."""
    days = short.shape[1]
    firsts, backs = [], []
    for run in short:
        hit = np.flatnonzero(run)
        if hit.size:
            firsts.append(float(hit[0]))
            backs.append(float(hit[-1] + 1) if hit[-1] + 1 < days else math.inf)
    back = float(np.median(backs)) if backs else math.nan
    return {
        "first_short": float(np.median(firsts)) if firsts else math.nan,
        "recovered": math.nan if math.isinf(back) else back,
        "short_runs": len(firsts) / short.shape[0],
    }
