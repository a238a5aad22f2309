"""The bundled network jp-de-cn-2022: loading it, a replication of two years, a thousand of them."""

from __future__ import annotations

import statistics
import time

import supplysim as ss
from benchmarks.measure import ENGINES, Options, Section, seconds, timed

__all__ = ["run"]

TEXT = """The network of 2022, undisturbed over two years, every replication in a world of its own drawn from the ranges
of its figures: drawing, planning, running, checking and keeping included. Seconds on the wall, two workers. Loading
reads and checks the tables and solves the baseline."""


def run(options: Options) -> Section:
    """Time loading, and an ensemble on the fastest engine there is."""
    engine = ENGINES[-1]
    network = ss.load_network()
    loading = [timed(ss.load_network, time.perf_counter) for _ in range(options.rounds)]
    single = ss.simulate(network, None, horizon=730, seed=1, engine=engine, events=True)
    count = (1000 if engine == "compiled" else 4) // (10 if options.quick else 1)

    def job() -> object:
        return ss.ensemble(
            network,
            None,
            replications=count,
            horizon=730,
            engine=engine,
            executor=2,
            progress=False,
        )

    whole = timed(job, time.perf_counter)
    rows = [
        [
            f"{len(network.sites)} sites, {len(network.lanes):,} lanes, {len(network.ranges):,} ranges",
            seconds(statistics.median(loading)),
            f"{len(single.events):,}",
            seconds(whole),
            seconds(whole / count),
        ]
    ]
    header = ["network", "load and solve", "events of two years", f"{count:,} replications", "each"]
    return Section("The network of 2022", TEXT, [(header, rows)])
