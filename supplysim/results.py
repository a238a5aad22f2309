"""The result of one run: labelled daily data, money, the event log, and the check that nothing leaks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.balance import Books, check_balance, strict_gains
from supplysim.engines.trace import FLOWS, LEVELS, Array, Trace
from supplysim.errors import Fault, InvalidInput
from supplysim.model import Network
from supplysim.plan import Plan
from supplysim.scenario import Scenario
from supplysim.splicing import Spliced

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from supplysim.engines.simpy_engine import Process

__all__ = ["Recipe", "Result"]


@dataclass(frozen=True)
class Recipe:
    """All that a run follows from: the network as given, the scenario, and the settings of `simulate`.

    >>> from supplysim import simulate
    >>> from supplysim.testing import tiny
    >>> recipe = simulate(tiny(), horizon=30, seed=4).recipe
    >>> recipe.horizon, recipe.seed
    (30, 4)
    """

    network: Network
    scenario: Scenario | Spliced | None
    horizon: int
    warmup: int
    seed: int
    replication: int
    processes: tuple[Process, ...] = ()


class Result:
    """One run, read-only.

    ``data`` holds daily flows (sums over day k) and levels (as they stand at its end) by site, slot,
    demand and lane; ``money`` what each entity paid; ``events`` the log, if it was asked for;
    ``recipe`` what it follows from.

    >>> from supplysim import simulate
    >>> from supplysim.testing import tiny
    >>> run = simulate(tiny(), horizon=30)
    >>> run.data["served"].sum().item()
    30.0
    >>> run.check()  # nothing appears or vanishes
    """

    def __init__(
        self,
        data: xr.Dataset,
        events: list[tuple[float, str, str, float]] | None,
        recipe: Recipe | None = None,
    ) -> None:
        self.data = data
        self._events = events
        self._recipe = recipe

    @classmethod
    def from_trace(cls, plan: Plan, trace: Trace, recipe: Recipe | None = None) -> Result:
        """Label an engine's arrays; raises `NotBalanced` if goods appear or vanish."""
        check_balance(plan, trace)
        return cls(_dataset(plan, trace), trace.events, recipe)

    @property
    def recipe(self) -> Recipe:
        """The network, the scenario and the settings of this run. They are not saved with it."""
        if self._recipe is None:
            rule = "is not kept in a file; simulate the network and scenario again"
            raise InvalidInput([Fault("recipe", rule)], what="Result")
        return self._recipe

    @cached_property
    def events(self) -> pd.DataFrame:
        """The event log in canonical order: time (days), kind, entity, quantity."""
        import pandas as pd

        if self._events is None:
            raise InvalidInput(
                [Fault("events", "were not logged; run with events=True")], what="Result"
            )
        return pd.DataFrame(sorted(self._events), columns=["time", "kind", "entity", "quantity"])

    @cached_property
    def money(self) -> pd.DataFrame:
        """USD over the run by kind of entity, entity and account.

        Accounts: ``goods``, ``freight`` and ``duty`` on arrival, ``ordering`` per order, ``holding`` per unit and
        day, ``penalty``.
        """
        import pandas as pd

        rows = [
            (kind, str(entity), account, float(value))
            for name, array in self.data.data_vars.items()
            if str(name).startswith("money_")
            for kind, account in [str(name).split("_")[1:3]]
            for entity, value in zip(array[kind].values, array.values, strict=True)
        ]
        return pd.DataFrame(rows, columns=["kind", "entity", "account", "usd"])

    def check(self) -> None:
        """Check mass balance by node, lane and demand; raises `NotBalanced` with what breaks it.

        Runs on every simulation; call it on a result that was loaded or changed.
        """
        arrays: dict[tuple[str, str], Array] = {}
        opening: dict[tuple[str, str], Array] = {}
        for table in (FLOWS, LEVELS):
            for kind, names in table.items():
                for name in names:
                    arrays[kind, name] = self.data[name].values
        for kind, names in LEVELS.items():
            for name in names:
                opening[kind, name] = self.data[f"opening_{name}"].values
        _books(self.data).check(arrays, opening)

    def save(self, path: str | Path) -> Path:
        """Write netCDF-4, whole or not at all."""
        target = Path(path)
        dataset = self.data.copy()
        if self._events is not None:
            log = self.events
            for column in ("time", "quantity"):
                dataset[f"event_{column}"] = ("event", log[column].to_numpy(dtype=float))
            for column in ("kind", "entity"):
                dataset[f"event_{column}"] = ("event", log[column].to_numpy(dtype=object))
        packing = {
            name: {"zlib": True} for name, v in dataset.data_vars.items() if v.dtype == float
        }
        handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".nc")
        os.close(handle)
        try:
            dataset.to_netcdf(temporary, engine="netcdf4", encoding=packing)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        finally:
            Path(temporary).unlink(missing_ok=True)
        return target

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read what `save` wrote."""
        import xarray as xr

        try:
            with xr.open_dataset(path, engine="netcdf4", decode_times=False) as opened:
                dataset = opened.load()
        except OSError as error:
            raise InvalidInput([Fault("", f"not a result file ({error})")], file=path) from None
        log = None
        columns = ["event_time", "event_kind", "event_entity", "event_quantity"]
        if "event_time" in dataset:
            rows = zip(*(dataset[name].values.tolist() for name in columns), strict=True)
            log = [(float(t), str(k), str(e), float(q)) for t, k, e, q in rows]
            dataset = dataset.drop_vars(columns)
        return cls(dataset, log)

    def __repr__(self) -> str:
        attrs = self.data.attrs
        return (
            f"<Result {attrs['network']!r}, scenario {attrs['scenario']!r}, {attrs['horizon']} days, "
            f"seed {attrs['seed']}, replication {attrs['replication']}>"
        )


# --- labelling -----------------------------------------------------------------------------------


def _dataset(plan: Plan, trace: Trace) -> xr.Dataset:
    import xarray as xr

    variables: dict[str, Any] = {}
    for (kind, name), values in trace.daily.items():
        variables[name] = (("time", kind), values)
    for (kind, name), values in trace.opening.items():
        variables[f"opening_{name}"] = (kind, values)
    for (kind, account), values in trace.money.items():
        variables[f"money_{kind}_{account}"] = (kind, values)
    data = xr.Dataset(variables, coords=labels(plan, trace.names))
    data.attrs = {
        "network": plan.network.name,
        "scenario": plan.timeline.name,
        "horizon": plan.horizon,
        "warmup": plan.warmup,
        "seed": str(plan.seed),
        "replication": str(plan.replication),
    }
    return data


def calendar(plan: Plan) -> dict[str, Any]:
    """Coordinates of time: days from the start, and the dates they are where the start has one."""
    days = np.arange(plan.horizon)
    if plan.timeline.start is None:
        return {"time": days}
    first = np.datetime64(plan.timeline.start)
    dates = np.array([str(first + int(day)) for day in days], dtype=object)
    return {"time": days, "date": ("time", dates)}


def labels(plan: Plan, names: Mapping[str, list[str]]) -> dict[str, Any]:
    """Coordinates: days and dates, and for each entity its country, commodity and place in the network."""
    net = plan.network
    coords: dict[str, Any] = {**calendar(plan), **names}
    sites = [net.site_by_name[name] for name in names["site"]]
    coords["site_country"] = ("site", _text(site.country for site in sites))
    coords["site_commodity"] = ("site", _text(site.makes for site in sites))
    slots = [net.slots[key] for key in names["slot"]]
    coords["slot_country"] = ("slot", _text(slot.country for slot in slots))
    coords["slot_commodity"] = ("slot", _text(slot.commodity for slot in slots))
    coords["slot_node"] = ("slot", _text(slot.node for slot in slots))
    coords["slot_kind"] = ("slot", _text(slot.kind for slot in slots))
    coords["slot_gain"] = ("slot", strict_gains(plan))
    coords["slot_use"] = ("slot", np.array([plan.use[slot.key] for slot in slots]))
    demands = [net.demand_by_name[name] for name in names["demand"]]
    coords["demand_country"] = ("demand", _text(d.country for d in demands))
    coords["demand_commodity"] = ("demand", _text(d.commodity for d in demands))
    lanes = [net.lanes_by_key[key] for key in names["lane"]]
    coords["lane_source"] = ("lane", _text(lane.source for lane in lanes))
    coords["lane_slot"] = ("lane", _text(net.slot_of(lane).key for lane in lanes))
    coords["lane_origin"] = ("lane", _text(net.country(lane.source) for lane in lanes))
    coords["lane_destination"] = ("lane", _text(net.country(lane.target) for lane in lanes))
    coords["lane_commodity"] = ("lane", _text(net.product(lane.source) for lane in lanes))
    return coords


def _text(values: Any) -> np.ndarray[Any, Any]:
    return np.array(list(values), dtype=object)


def _books(data: xr.Dataset) -> Books:
    """Whose books a dataset holds."""
    text = {
        name: [str(x) for x in data[name].values]
        for name in ("lane_source", "lane_slot", "slot_node")
    }
    return Books.of_names(
        {kind: [str(x) for x in data[kind].values] for kind in FLOWS},
        text["lane_source"],
        text["lane_slot"],
        [float(x) for x in data["slot_gain"].values],
        text["slot_node"],
    )
