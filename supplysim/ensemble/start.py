"""Running ensembles: what is asked for, and getting it done."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from pathlib import Path
from typing import Any, TypedDict, Unpack, overload

from supplysim.ensemble.blocks import IN_MEMORY, Blocks, missing
from supplysim.ensemble.job import BLOCK, Job, Worlds
from supplysim.ensemble.manifest import MANIFEST, claim, manifest
from supplysim.ensemble.pool import hand_out, workers
from supplysim.ensemble.runs import Ensemble
from supplysim.errors import Fault, InvalidInput
from supplysim.grouping import group
from supplysim.model import Network
from supplysim.plan import MAX_EVENTS, Plan, make_plan
from supplysim.running import Engine, choose, releases_gil
from supplysim.scenario import Scenario
from supplysim.simulate import UNDISTURBED_DAYS, Figures, are_drawn
from supplysim.splicing import Spliced

__all__ = ["Settings", "ensemble"]


class Settings(TypedDict, total=False):
    """What `ensemble` takes by name."""

    replications: int | None
    horizon: int | None
    seed: int | None
    warmup: int | None
    engine: Engine
    figures: Figures
    executor: Executor | int | None
    path: str | os.PathLike[str] | None
    traces: bool
    progress: bool | str
    max_events: int


@overload
def ensemble(
    network: Network, scenario: Scenario | Spliced | None = None, **settings: Unpack[Settings]
) -> Ensemble: ...
@overload
def ensemble(
    network: Network,
    scenario: Mapping[str, Scenario | Spliced | None],
    **settings: Unpack[Settings],
) -> dict[str, Ensemble]: ...
@overload
def ensemble(
    network: Network, scenario: Sequence[Scenario | Spliced | None], **settings: Unpack[Settings]
) -> list[Ensemble]: ...
def ensemble(  # noqa: PLR0913 - the settings of a run, all by name
    network: Network,
    scenario: Scenario
    | Spliced
    | Mapping[str, Scenario | Spliced | None]
    | Sequence[Scenario | Spliced | None]
    | None = None,
    *,
    replications: int | None = None,
    horizon: int | None = None,
    seed: int | None = None,
    warmup: int | None = None,
    engine: Engine = "auto",
    figures: Figures = "drawn",
    executor: Executor | int | None = None,
    path: str | os.PathLike[str] | None = None,
    traces: bool = False,
    progress: bool | str = True,
    max_events: int = MAX_EVENTS,
) -> Ensemble | dict[str, Ensemble] | list[Ensemble]:
    """Simulate one scenario (None: undisturbed) or several ``replications`` times, with a progress bar.

    Several scenarios, a mapping or a sequence, give as many ensembles in a dict or list, run together on the same
    draws. Each replication is a pure function of (network, scenario, seed, its number), so nothing depends on the
    workers or on the order in which they finish. ``replications``, ``horizon`` (days), ``seed`` and ``warmup``
    (days) default to the scenarios', which must then agree; undisturbed, the horizon is 365.

    Where the network has ranges, each replication runs in a world of its own, `Network.drawn`, which is the same for
    all scenarios; ``figures="central"`` takes all figures as the network gives them.

    ``executor`` is None (a worker for each core), a number of workers (1: none besides this process), or any
    `concurrent.futures.Executor`, such as that of a Dask cluster: ``Client(...).get_executor()``. Workers are threads
    where the engine lets them run side by side, else processes.

    What is kept is daily records by group, see `Ensemble`; with ``traces`` also those of every entity, for
    ``.data``. More than 256 MB go to temporary files. With ``path``, a folder, every finished block of replications
    is kept there (of several scenarios, in a folder each): a run that was stopped, in whatever way, goes on where
    it stopped, and replications can be added. A folder of other runs is refused. ``progress`` may be a label for the
    bar. Runs of more than ``max_events`` events are refused. ``engine`` is ``"simpy"``, ``"compiled"`` or ``"auto"``,
    the one that is done sooner.

    >>> import supplysim as ss
    >>> from supplysim.testing import tiny
    >>> stop = ss.ExportBan(origin=["CN"], commodities=["ore"], begins=10, ends=70)
    >>> cases = {"calm": None, "stop": ss.Scenario(measures=[stop], horizon=120)}
    >>> runs = ss.ensemble(tiny(), cases, replications=2, executor=1, progress=False)
    >>> table = ss.compare(runs["calm"], runs["stop"]).table()
    >>> float(table[table["kind"] == "use"]["loss"].iloc[0])
    50.0
    """
    scenarios = _listed(scenario)
    count, settings = _settings(
        list(scenarios.values()),
        {"replications": replications, "horizon": horizon, "seed": seed, "warmup": warmup},
    )
    plans = tuple(
        make_plan(network, s, replication=0, max_events=max_events, **settings)
        for s in scenarios.values()
    )
    chosen = choose(engine, plans, runs=count)
    drawn = are_drawn(figures, network)
    worlds = Worlds(network, tuple(scenarios.values()), max_events) if drawn else None
    job = Job(plans, tuple(group(plan) for plan in plans), chosen, traces, worlds)
    folders = _folders(scenario, list(scenarios), path)
    for folder, (given, plan) in zip(
        folders, zip(scenarios.values(), plans, strict=True), strict=True
    ):
        if folder is not None:
            terms = manifest(network, given, plan, replications=count, traces=traces, drawn=drawn)
            claim(folder, terms)
    layouts = job.layouts()
    spill = count * sum(record.itemsize for record in layouts) > IN_MEMORY
    stores = [
        Blocks(record, count, folder, spill=spill)
        for record, folder in zip(layouts, folders, strict=True)
    ]
    label = progress if isinstance(progress, str) else _label(plans)
    _run(job, stores, executor, label if progress else "")
    made = [Ensemble(*parts) for parts in zip(plans, job.groups, stores, strict=True)]
    if isinstance(scenario, Mapping):
        return dict(zip(scenarios, made, strict=True))
    return made[0] if scenario is None or isinstance(scenario, Scenario | Spliced) else made


def _run(job: Job, stores: Sequence[Blocks], executor: Executor | int | None, label: str) -> None:
    """Run what is missing, and put it where it belongs; an empty label shows no bar."""
    from tqdm import tqdm

    tasks = list(missing(stores))
    left = sum(len(which) * len(numbers) for which, numbers in tasks)
    total = sum(store.count for store in stores)
    bar = tqdm(
        total=total,
        initial=total - left,
        desc=label,
        unit="run",
        disable=not label,
        mininterval=0.2,
    )
    size = BLOCK * sum(store.record.itemsize for store in stores)
    hands = workers(executor, jobs=len(tasks), threads=releases_gil(job.engine), size=size)
    with bar, hands as pool, closing(hand_out(pool, job, tasks)) as work:
        for (which, numbers), blocks in work:
            for i, block in zip(which, blocks, strict=True):
                stores[i].put(numbers, block)
            bar.update(len(which) * len(numbers))


# --- what is asked for ---------------------------------------------------------------------------


def _listed(scenario: Any) -> dict[str, Scenario | Spliced | None]:
    """Scenarios by name; those of a sequence are called by their place."""
    if scenario is None or isinstance(scenario, Scenario | Spliced):
        return {"": scenario}
    if isinstance(scenario, Mapping):
        found = dict(scenario)
    elif isinstance(scenario, Sequence) and not isinstance(scenario, str):
        found = {str(place): item for place, item in enumerate(scenario)}
    else:
        rule = "must be a Scenario, None, or a mapping or sequence of these"
        raise InvalidInput([Fault("scenario", rule, scenario)], what="ensemble")
    faults = [
        Fault(f"scenario[{name!r}]", "must be a Scenario or None", item)
        for name, item in found.items()
        if item is not None and not isinstance(item, Scenario | Spliced)
    ]
    if not found:
        faults = [Fault("scenario", "must be one at least", scenario)]
    if faults:
        raise InvalidInput(faults, what="ensemble")
    return found


def _settings(
    scenarios: Sequence[Scenario | Spliced | None], given: Mapping[str, int | None]
) -> tuple[int, dict[str, Any]]:
    """Replications, and the other settings: those given, else the scenarios', which must agree."""
    found, faults = dict[str, Any](), []
    own = [s for s in scenarios if s is not None] or [Scenario(horizon=UNDISTURBED_DAYS)]
    for name, value in given.items():
        defaults = list(dict.fromkeys(getattr(scenario, name) for scenario in own))
        found[name] = defaults[0] if value is None else value
        if value is None and len(defaults) > 1:
            faults.append(Fault(name, "differs between the scenarios; say which", defaults))
    count = found.pop("replications")
    if type(count) is not int or not 1 <= count <= 10_000_000:
        rule = "must be a whole number from 1 to 10000000"
        faults.append(Fault("replications", rule, count))
    if faults:
        raise InvalidInput(faults, what="ensemble")
    return count, found


def _folders(
    scenario: Any, names: Sequence[str], path: str | os.PathLike[str] | None
) -> list[Path | None]:
    """A folder for each scenario, or None; of several, within ``path`` by name."""
    if path is None:
        return [None] * len(names)
    if scenario is None or isinstance(scenario, Scenario | Spliced):
        return [Path(path)]
    rule = (
        "with a path, a scenario's name names a folder: letters, digits, spaces, and _ . - inside"
    )
    faults = [
        Fault("scenario", rule, name)
        for name in names
        if not re.fullmatch(r"\w([\w .-]{0,98}\w)?", str(name))
    ]
    if (Path(path) / MANIFEST).exists():
        faults.append(Fault("path", "holds runs of one scenario; choose another", str(path)))
    if faults:
        raise InvalidInput(faults, what="ensemble")
    return [Path(path) / name for name in names]


def _label(plans: Sequence[Plan]) -> str:
    if len(plans) > 1:
        return f"{len(plans)} scenarios"
    return plans[0].timeline.name or "undisturbed"
