"""The work of ``supplysim run``: what is asked for, and what the runs find."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from supplysim import catalogue
from supplysim.cli.show import say
from supplysim.ensemble import Comparison, Ensemble, compare, ensemble
from supplysim.errors import InvalidInput, SupplysimError
from supplysim.exposure import worst_weeks
from supplysim.history import Score, check_history, monthly_exports, nulls, score
from supplysim.model import Network
from supplysim.plan import make_plan
from supplysim.results import Result
from supplysim.running import Engine, choose, releases_gil
from supplysim.scenario import Scenario
from supplysim.simulate import simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Findings",
    "Order",
    "Past",
    "check_input",
    "prepare",
    "process_pool",
    "run_ensemble",
    "work",
    "workers_for",
]

NULL_REPLICATIONS = 5
"""The nulls hardly vary, and only their means are used."""


@dataclass(frozen=True)
class Order:
    """What to run: the scenario holds all its settings; ``bundled`` tells whether the network is ours by name."""

    scenario: Scenario
    network: Network
    bundled: bool
    engine: Engine
    workers: int


@dataclass(frozen=True)
class Past:
    """The months beside the observed ones, those of the nulls, and the score if a month could be scored."""

    months: pd.DataFrame
    null_months: Mapping[str, pd.DataFrame]
    score: Score | None


@dataclass(frozen=True)
class Findings:
    """What the runs gave; ``single`` is replication 0 of the scenario in full."""

    comparison: Comparison
    losses: pd.DataFrame
    single: Result
    past: Past | None


# --- what is asked for ---------------------------------------------------------------------------


def prepare(
    name: str,
    *,
    network: str | None,
    settings: Mapping[str, int | None],
    engine: str,
    workers: int | None,
    central: bool = False,
) -> Order:
    """Load and check everything before anything runs; ``central`` leaves nothing uncertain in the network."""
    scenario = catalogue.load_scenario(name)
    given = {key: value for key, value in settings.items() if value is not None}
    scenario = dataclasses.replace(scenario, **given)  # type: ignore[arg-type]
    beside = "" if network or name in catalogue.scenarios() else Path(name).parent
    wanted = network or scenario.network or catalogue.DEFAULT
    net = catalogue.load_network(wanted, beside=beside)
    bundled = wanted in catalogue.networks()
    if central and net.ranges:
        net, bundled = net.replace(ranges=()), False
    plan = make_plan(
        net,
        scenario,
        horizon=scenario.horizon,
        seed=scenario.seed,
        replication=0,
        warmup=scenario.warmup,
    )
    check_history(scenario, net)
    # The undisturbed runs and a repetition warm up as long, whatever structure the measures add.
    scenario = dataclasses.replace(scenario, network=wanted, warmup=plan.warmup)
    count = workers_for(workers, scenario.replications)
    return Order(scenario, net, bundled, cast("Engine", engine), count)


def workers_for(workers: int | None, replications: int) -> int:
    """How many may work side by side: by default one a core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(workers or cores or 1, replications)


def check_input(what: str) -> str:
    """Load a network or scenario with all that hangs on it, and say what it holds."""
    found = catalogue.check_file(what)
    if isinstance(found, Network):
        make_plan(found, None, horizon=1, seed=1, replication=0, warmup=None)
        counts = {"commodities": found.commodities, "sites": found.sites, "stores": found.stores}
        counts |= {"demands": found.demands, "lanes": found.lanes}
        if found.ranges:
            counts["ranges"] = found.ranges
        held = ", ".join(f"{len(items)} {kind}" for kind, items in counts.items())
        return f"OK: network {found.name}: {held}"
    held = f"{len(found.measures)} measures, {len(found.sources)} sources"
    if found.history is not None:
        held += f", {len(found.history.observations)} observed months"
    if not found.network:
        return f"OK: scenario {found.name}: {held}; it names no network to be tried on"
    beside = "" if what in catalogue.scenarios() else Path(what).parent
    network = catalogue.load_network(found.network, beside=beside)
    check_history(found, network)
    return f"OK: scenario {found.name}: {held}; fits network {network.name}"


# --- the runs ------------------------------------------------------------------------------------


def work(order: Order) -> Findings:
    """Run the scenario, the undisturbed network on the same draws, and the nulls of a history."""
    scenario, network = order.scenario, order.network
    order = dataclasses.replace(order, engine=_engine(order))
    single = simulate(network, scenario, engine=order.engine, figures="drawn")
    undisturbed = dataclasses.replace(scenario, name="undisturbed", measures=(), history=None)
    with (
        nullcontext(order.workers)
        if releases_gil(order.engine)
        else process_pool(order.workers) as pool
    ):
        base = run_ensemble(order, undisturbed, pool, "undisturbed", traces=True)
        runs = run_ensemble(order, scenario, pool, "scenario", traces=True)
        past = None if scenario.history is None else _past(order, base, runs, pool)
    comparison = compare(base, runs)
    return Findings(comparison, worst_weeks(comparison), single, past)


def _engine(order: Order) -> Engine:
    """One engine for all runs of the job: the scenario, the undisturbed network, and the nulls of a history."""
    scenario = order.scenario
    settings = {name: getattr(scenario, name) for name in ("horizon", "seed", "warmup")}
    plan = make_plan(order.network, scenario, replication=0, **settings)
    return choose(order.engine, [plan], runs=3 * scenario.replications)


def _past(order: Order, base: Ensemble, runs: Ensemble, pool: Executor | int) -> Past:
    scenario, network, history = order.scenario, order.network, order.scenario.history
    assert history is not None
    months = monthly_exports(runs, base, history, network)
    null_months = {}
    few = min(NULL_REPLICATIONS, scenario.replications)
    for name, null in nulls(scenario).items():
        made = run_ensemble(
            order, dataclasses.replace(null, replications=few), pool, f"null: {name}"
        )
        null_months[name] = monthly_exports(made, base, history, network)
    try:
        marks = score(months, scenario, null_months)
    except InvalidInput:  # the run covers no month that could be scored, which is no fault
        marks = None
    return Past(months, null_months, marks)


def run_ensemble(
    order: Order, scenario: Scenario, pool: Executor | int, label: str, *, traces: bool = False
) -> Ensemble:
    """One ensemble, with a bar on a terminal and a line elsewhere; result.nc needs ``traces``."""
    start = time.monotonic()
    bar = sys.stderr.isatty()
    if not bar:
        say(f"{label}: {scenario.replications} runs")
    try:
        made = ensemble(
            order.network,
            scenario,
            engine=order.engine,
            executor=pool,
            traces=traces,
            progress=label if bar else False,
        )
    except BrokenProcessPool:
        raise SupplysimError(
            "a worker process was killed, perhaps for lack of memory; "
            "try fewer --workers or --replications"
        ) from None
    if not bar:
        say(f"{label}: done in {time.monotonic() - start:.0f} s")
    return made


abandoned = False
"""Whether the workers were killed at work. Python would wait for their answers when it ends: see `main`."""


@contextmanager
def process_pool(workers: int) -> Iterator[Executor | int]:
    """One pool for all ensembles; on an interrupt its processes end at once and without a word."""
    global abandoned  # noqa: PLW0603 - told to `main`, which is past every return value
    if workers == 1:
        yield 1
        return
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, initializer=_hush)
    try:
        with _deaf():
            pool.submit(_hush).result()  # starts the workers
        yield pool
    except (KeyboardInterrupt, SystemExit):
        abandoned = True
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
        raise
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def _hush() -> None:
    """Leave an interrupt from the keyboard to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _deaf() -> Iterator[None]:
    """Ignore interrupts for the moment in which workers start, since they inherit this."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)
