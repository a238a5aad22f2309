"""Ten thousand replications: one worker against two."""

from __future__ import annotations

import time

import supplysim as ss
from benchmarks.measure import ENGINES, Options, Section, run_in_turn, seconds, timed

__all__ = ["run"]

TEXT = """The bundled network under the gallium licence over two years, many replications, with one worker and
with two; seconds on the wall."""


def run(options: Options) -> Section:
    """Time the ensemble on the fastest engine there is."""
    engine = ENGINES[-1]
    network = ss.load_network("gallium-2022")
    scenario = ss.load_scenario("gallium-licence-2023")
    full = 10_000 if engine == "compiled" else 20
    count = full // 10 if options.quick else full

    def job(workers: int) -> object:
        return ss.ensemble(
            network,
            scenario,
            replications=count,
            horizon=730,
            engine=engine,
            executor=workers,
            progress=False,
        )

    rounds = 1  # minutes each
    jobs = {str(n): lambda n=n: timed(lambda: job(n), time.perf_counter) for n in (1, 2)}
    found = run_in_turn(jobs, rounds)
    rows = [
        [workers, seconds(value), seconds(value / count), f"{found['1'] / value:.2f}"]
        for workers, value in found.items()
    ]
    header = [f"workers, {engine} engine, {count:,} replications", "all", "each", "speed-up"]
    return Section("Workers", TEXT, [(header, rows)])
