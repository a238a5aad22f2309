"""Timing: peers take turns in one process, and the median of each counts.

Seconds are processor time, so that other work on the machine does not count; only what runs in several processes
is timed by the clock on the wall.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import supplysim as ss
from supplysim.plan import make_plan
from supplysim.running import Engine, run_plan

__all__ = [
    "ENGINES",
    "Options",
    "Section",
    "alone",
    "machine",
    "per_replication",
    "run_in_turn",
    "seconds",
    "timed",
]

Job = Callable[[], object]


@dataclass(frozen=True)
class Options:
    """What the command asked for: fewer and smaller runs with ``quick``."""

    quick: bool = False

    @property
    def rounds(self) -> int:
        """How often each peer has its turn."""
        return 3 if self.quick else 7


@dataclass
class Section:
    """One part of the report: what was measured, and tables of (header, rows of cells)."""

    title: str
    text: str
    tables: Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]] = ()
    notes: str = ""

    def markdown(self) -> str:
        """The section as Markdown."""
        parts = [f"## {self.title}", self.text]
        for header, rows in self.tables:
            lines = [header, ["---"] + ["--:"] * (len(header) - 1), *rows]
            parts.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
        if self.notes:
            parts.append(self.notes)
        return "\n\n".join(parts) + "\n"


def timed(job: Job, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of one call, without the collector's pauses."""
    gc.collect()
    gc.disable()
    start = clock()
    try:
        job()
        return clock() - start
    finally:
        gc.enable()


def run_in_turn(jobs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Median of what each job measures of itself, the jobs taking turns."""
    found: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            found[name].append(job())
    return {name: statistics.median(values) for name, values in found.items()}


def per_replication(
    network: ss.Network, scenario: ss.Scenario | None, engine: Engine, replications: int, **how: Any
) -> Callable[[], float]:
    """A job for `run_in_turn`: seconds a replication within an ensemble in this process."""

    def job() -> float:
        def ensemble() -> object:
            return ss.ensemble(
                network,
                scenario,
                replications=replications,
                engine=engine,
                executor=1,
                progress=False,
                **how,
            )

        return timed(ensemble) / replications

    return job


def alone(network: ss.Network, scenario: ss.Scenario | None, engine: Engine) -> Callable[[], float]:
    """A job for `run_in_turn`: seconds of one run of the engine alone, with records by entity."""
    given = scenario or ss.Scenario(horizon=365)
    plan = make_plan(
        network, scenario, horizon=given.horizon, seed=1, replication=0, warmup=given.warmup
    )
    return lambda: timed(lambda: run_plan(plan, engine))


ENGINES: tuple[Engine, ...] = ("simpy", "compiled")
"""The engines, the reference first."""


def seconds(value: float) -> str:
    """A duration for a table.

    >>> seconds(1021.7), seconds(12.3), seconds(0.0123), seconds(1.2e-5)
    ('1022 s', '12.3 s', '12.3 ms', '12 µs')
    """
    if value >= 100.0:
        return f"{value:.0f} s"
    unit, size = next((u, s) for u, s in (("s", 1.0), ("ms", 1e-3), ("µs", 0.0)) if value >= s)
    return f"{value / (size or 1e-6):.3g} {unit}"


def machine() -> str:
    """The machine and the versions, without anything that names it."""
    packages = ("numpy", "simpy", "numba", "stockpyl", "supplynetpy")
    versions = []
    for name in packages:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{platform.python_implementation()} {platform.python_version()}, supplysim {ss.__version__}, "
        + ", ".join(versions)
    )
