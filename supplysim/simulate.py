"""Run one simulation, or go on from one under another policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model import Network
from supplysim.plan import MAX_EVENTS, default_warmup, make_plan
from supplysim.results import Recipe, Result
from supplysim.running import Engine, run_plan
from supplysim.scenario import Scenario
from supplysim.splicing import Spliced, day_of, splice

if TYPE_CHECKING:
    from supplysim.engines.simpy_engine import Process

__all__ = ["Figures", "are_drawn", "branch", "simulate"]

Figures = Literal["drawn", "central"]
"""Figures that have a range: drawn by each replication, or as the network gives them."""
UNDISTURBED_DAYS = 365


def simulate(  # noqa: PLR0913 - the settings of a run, all by name
    network: Network,
    scenario: Scenario | Spliced | None = None,
    *,
    horizon: int | None = None,
    seed: int | None = None,
    replication: int = 0,
    warmup: int | None = None,
    engine: Engine = "auto",
    events: bool = False,
    figures: Figures = "central",
    processes: Iterable[Process] = (),
    max_events: int = MAX_EVENTS,
) -> Result:
    """Simulate a network under a scenario (None: undisturbed) once.

    ``horizon`` is in days from the scenario's start (default: the scenario's, else 365), ``seed`` and ``replication``
    fix all draws, ``warmup`` days run unrecorded before day 0 (default: twice the longest stage).
    ``figures="drawn"`` runs in the world that this replication of an ensemble has, where every figure with a range
    was drawn from it (see `Network.drawn`); the default takes them as the network gives them.
    With ``events=True`` every event is logged. ``processes`` are users' own SimPy processes,
    generator functions ``process(env, state)`` that read the `State` and make primitive changes.
    Runs of more than ``max_events`` are refused. ``engine`` is ``"simpy"``, ``"compiled"`` or ``"auto"``, the one that
    is done sooner: the answer is the same.

    Raises `InvalidInput` with every fault of an input, `TooManyEvents`, and `NotBalanced` if goods were to
    appear or vanish, in which case no result is returned.

    >>> import supplysim as ss
    >>> net = ss.Network(
    ...     name="tiny",
    ...     commodities=[ss.Commodity("ore")],
    ...     sites=[ss.Site("mine", country="CN", makes="ore", capacity=100, lot=1)],
    ...     demands=[ss.Demand("use", country="DE", commodity="ore", rate=1, policy=ss.DaysOfCover(20))],
    ...     lanes=[ss.Lane("mine", "use", lead_time=30)],
    ... )
    >>> ban = ss.ExportBan(origin=["CN"], commodities=["ore"], begins=0, ends=90)
    >>> run = ss.simulate(net, ss.Scenario(measures=[ban]), horizon=365)
    >>> float(run.data.unmet.sum())  # 90 days of stop less 20 days of stock
    70.0
    """
    processes = tuple(processes)
    seed = _default(seed, scenario, "seed", 1)
    if warmup is None and scenario is not None:
        warmup = scenario.warmup
    if are_drawn(figures, network):  # whatever is drawn, all replications warm up as long
        warmup = default_warmup(network) if warmup is None else warmup
        network = network.drawn(seed, replication)
    plan = make_plan(
        network,
        scenario,
        horizon=_default(horizon, scenario, "horizon", UNDISTURBED_DAYS),
        seed=seed,
        replication=replication,
        warmup=warmup,
        max_events=max_events,
    )
    recipe = Recipe(
        network, scenario, plan.horizon, plan.warmup, plan.seed, plan.replication, processes
    )
    return Result.from_trace(plan, run_plan(plan, engine, events, processes), recipe)


def branch(
    run: Result,
    at: float | dt.date | str,
    scenario: Scenario | Spliced | None,
    *,
    engine: Engine = "auto",
    events: bool = False,
) -> Result:
    """The same history as ``run`` until ``at`` (a date, or days from the start), another policy from then on.

    What ``scenario`` (None: undisturbed) and the run's own have in common goes on; what the run's alone has ends
    at ``at``; what the new one alone has begins, if it has begun by then: see `splice`. The answer is, bit for bit,
    that of simulating the run's network (as drawn, if it was) under the spliced scenario, with the run's seed,
    replication, horizon, warm-up and processes. A result that was loaded from a file has no recipe to branch from.

    >>> import supplysim as ss
    >>> net = ss.Network(
    ...     name="tiny",
    ...     commodities=[ss.Commodity("ore")],
    ...     sites=[ss.Site("mine", country="CN", makes="ore", capacity=100, lot=1)],
    ...     demands=[ss.Demand("use", country="DE", commodity="ore", rate=1, policy=ss.DaysOfCover(20))],
    ...     lanes=[ss.Lane("mine", "use", lead_time=30)],
    ... )
    >>> ban = ss.ExportBan(origin=["CN"], commodities=["ore"])
    >>> banned = ss.simulate(net, ss.Scenario(measures=[ban]), horizon=365)
    >>> lifted = ss.branch(banned, at=60, scenario=None)
    >>> float(banned.data.unmet.sum()), float(lifted.data.unmet.sum())  # 60 days less 20 of stock
    (315.0, 40.0)
    """
    anything: object = run
    if not isinstance(anything, Result):
        raise InvalidInput([Fault("run", "must be the Result of simulate", run)], what="branch")
    recipe = run.recipe
    spliced = splice(recipe.scenario, scenario, at)
    if day_of(at, spliced.start) >= recipe.horizon:
        rule = f"must be before the run's horizon of {recipe.horizon} days"
        raise InvalidInput([Fault("at", rule, at)], what="branch")
    return simulate(
        recipe.network,
        spliced,
        horizon=recipe.horizon,
        seed=recipe.seed,
        replication=recipe.replication,
        warmup=recipe.warmup,
        engine=engine,
        events=events,
        processes=recipe.processes,
    )


def are_drawn(figures: Figures, network: Network) -> bool:
    """Whether worlds differ: drawn figures are asked for, and there are some; refuses what it does not know.

    >>> from supplysim.testing import tiny
    >>> are_drawn("drawn", tiny())
    False
    """
    anything: object = network
    if figures not in ("drawn", "central"):
        rule = f"unknown; {nearest(str(figures), ['drawn', 'central'])}"
        raise InvalidInput([Fault("figures", rule, figures)], what="run")
    return figures == "drawn" and isinstance(anything, Network) and bool(anything.ranges)


def _default(
    value: int | None, scenario: Scenario | Spliced | None, name: str, otherwise: int
) -> int:
    if value is not None:
        return value
    return otherwise if scenario is None else int(getattr(scenario, name))
