"""SupplyNetPy on its own benchmark networks."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable

import supplysim as ss
from benchmarks import peer_supplynetpy as peer
from benchmarks.measure import (
    ENGINES,
    Options,
    Section,
    per_replication,
    run_in_turn,
    seconds,
    timed,
)

__all__ = ["run"]

TEXT = """SupplyNetPy's own benchmark networks (fan-in 2, 50 and 500 nodes, (s, S) policies, 500 days, its log off), in
both libraries; seconds a replication. Building the network is not counted for SupplyNetPy, laying out the plan is for
supplysim."""
NOTES = """Do both compute the same? *Exact*: nothing is random and nobody upstream is short; all figures must be equal.
*Ample*: with chance, of which each library draws its own, and nobody upstream short; means must agree within three
standard errors, but for the customer whom SupplyNetPy sends to every retailer at time 0. *Published*: supplysim serves
more, since it ships at once what is there, where SupplyNetPy waits until the whole order is there, and since its
manufacturers hold stock for the largest orders that may come together."""
FIGURES = [
    "50 nodes",
    "exact, both",
    "ample, SupplyNetPy",
    "ample, supplysim",
    "published, SupplyNetPy",
    "published, supplysim",
]


def run(options: Options) -> Section:
    """Compare figures on the small network, then time both sizes."""
    sizes = [50] if options.quick else [50, 500]
    times = [_time(nodes, options) for nodes in sizes]
    header = ["nodes", "SupplyNetPy", *(f"{engine} engine" for engine in ENGINES), "ratio, last"]
    exact = _exact()
    count = 5 if options.quick else 40
    means = [_means(case(50), count) for case in (peer.ample_case, peer.published_case)]
    rows = [[name, value, *means[0][name], *means[1][name]] for name, value in exact.items()]
    return Section("SupplyNetPy", TEXT, [(header, times), (FIGURES, rows)], NOTES)


def _time(nodes: int, options: Options) -> list[str]:
    case = peer.published_case(nodes)
    network = peer.ours(case)

    def theirs() -> float:
        made = peer.theirs(case)
        return timed(lambda: peer.run_theirs(made, case.days))

    jobs: dict[str, Callable[[], float]] = {"SupplyNetPy": theirs}
    for engine in ENGINES:
        many = 1 if engine == "simpy" else 50
        jobs[engine] = per_replication(network, None, engine, many, horizon=case.days, warmup=0)
    found = run_in_turn(jobs, options.rounds)
    last = list(found.values())[-1]
    return [str(nodes), *map(seconds, found.values()), f"{found['SupplyNetPy'] / last:.1f}"]


def _theirs(case: peer.Case, seed: int) -> dict[str, float]:
    random.seed(seed)
    network = peer.theirs(case)
    peer.run_theirs(network, case.days)
    return peer.theirs_figures(network)


def _ours(case: peer.Case, number: int) -> dict[str, float]:
    run = ss.simulate(peer.ours(case), horizon=case.days, warmup=0, replication=number)
    return peer.ours_figures(run)


def _exact() -> dict[str, str]:
    case = peer.exact_case(50)
    theirs, ours = _theirs(case, 0), _ours(case, 0)
    for name, value in theirs.items():
        if abs(ours[name] - value) > 0.005:
            raise AssertionError(f"{name}: {ours[name]} against SupplyNetPy's {value}")
    return {name: f"{value:.2f}" for name, value in theirs.items()}


def _means(case: peer.Case, count: int) -> dict[str, list[str]]:
    """Both libraries' means with their standard errors."""
    runs = [[make(case, number) for number in range(count)] for make in (_theirs, _ours)]
    return {name: [_mean([one[name] for one in ones]) for ones in runs] for name in runs[0][0]}


def _mean(values: list[float]) -> str:
    error = statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.fmean(values):.0f} ± {error:.0f}"
