"""The C twin: what plain C makes of the same model on the same machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import twin
from benchmarks.measure import Options, Section, alone, per_replication, run_in_turn, seconds
from benchmarks.networks import network
from supplysim.plan import make_plan
from supplysim.running import run_plan

__all__ = ["run"]

TEXT = """The core of the model (lots, days of cover, proportional allocation, fixed lead times) in plain C, compiled
with `-O3 -ffp-contract=off`, on the random network, undisturbed for a year; its daily records of every entity must be
the SimPy engine's bit for bit. Time of the run alone, records by entity included; a replication within an ensemble also
checks mass balance, sums by group and keeps the records."""


def run(options: Options) -> Section:
    """Check that records are equal, then time."""
    size = 100 if options.quick else 500
    net = network(size)
    plan = make_plan(net, None, horizon=365, seed=1, replication=0, warmup=None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = twin.compile_twin(folder)
        if program is None:
            return Section("C", TEXT, notes="There is no C compiler on this machine.")
        first = twin.run(program, plan, folder, 1)
        unequal = twin.differences(first, run_plan(plan, "simpy"))
        if unequal:
            raise AssertionError(f"not equal to the SimPy engine: {', '.join(unequal)}")

        def c() -> float:
            return sorted(twin.run(program, plan, folder, 5).seconds)[2]

        jobs = {
            "C": c,
            "compiled": alone(net, None, "compiled"),
            "simpy": alone(net, None, "simpy"),
            "ensemble": per_replication(net, None, "compiled", 20, horizon=365),
        }
        found = run_in_turn(jobs, options.rounds)
    names = {
        "C": "C twin",
        "compiled": "compiled engine",
        "simpy": "SimPy engine",
        "ensemble": "a replication of an ensemble, compiled",
    }
    rows = [[names[k], seconds(value), f"{value / found['C']:.1f}"] for k, value in found.items()]
    events = first.counts["events"]
    notes = f"{events} events a run, warm-up included; the twin needs {1e9 * found['C'] / events:.0f} ns for each."
    return Section(f"C, {size} sites", TEXT, [(["", "a run", "times C"], rows)], notes)
