"""Run one simulation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from supplysim.engines.trace import Trace
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model import Network
from supplysim.plan import Plan, make_plan
from supplysim.scenario import Scenario

if TYPE_CHECKING:
    from supplysim.engines.simpy_engine import Process
    from supplysim.results import Result

__all__ = ["Engine", "run_plan", "simulate"]

Engine = Literal["auto", "simpy"]
"""Which engine runs; ``auto`` is free to choose, since all give the same answer."""

UNDISTURBED_DAYS = 365


def simulate(
    network: Network,
    scenario: Scenario | None = None,
    *,
    horizon: int | None = None,
    seed: int | None = None,
    replication: int = 0,
    warmup: int | None = None,
    engine: Engine = "auto",
    events: bool = False,
    processes: Iterable[Process] = (),
) -> Result:
    """Simulate a network under a scenario (None: undisturbed) once.

    ``horizon`` is in days from the scenario's start (default: the scenario's, else 365), ``seed`` and ``replication``
    fix all draws, ``warmup`` days run unrecorded before day 0 (default: twice the longest stage).
    With ``events=True`` every event is logged. ``processes`` are users' own SimPy processes,
    generator functions ``process(env, state)`` that read the `State` and make primitive changes.

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
    from supplysim.results import Result

    plan = make_plan(
        network,
        scenario,
        horizon=_default(horizon, scenario, "horizon", UNDISTURBED_DAYS),
        seed=_default(seed, scenario, "seed", 1),
        replication=replication,
        warmup=warmup if warmup is not None or scenario is None else scenario.warmup,
    )
    return Result.from_trace(plan, run_plan(plan, engine, events, processes))


def run_plan(
    plan: Plan, engine: Engine, events: bool = False, processes: Iterable[Process] = ()
) -> Trace:
    """Run a plan on the engine asked for."""
    if engine not in ("auto", "simpy"):
        rule = f"unknown engine; {nearest(str(engine), ['auto', 'simpy'])}"
        raise InvalidInput([Fault("engine", rule, engine)], what="run")
    from supplysim.engines import simpy_engine

    return simpy_engine.run(plan, events=events, processes=processes)


def _default(value: int | None, scenario: Scenario | None, name: str, otherwise: int) -> int:
    if value is not None:
        return value
    return otherwise if scenario is None else int(getattr(scenario, name))
