"""stockpyl on a seven-node assembly system over 1000 periods."""

from __future__ import annotations

from collections.abc import Callable

import supplysim as ss
from benchmarks import peer_stockpyl as peer
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

TEXT = """A seven-node assembly system (the structure and lead times of Rosling 1989, figure 1, which stockpyl
carries), local base-stock policies, random demand, 1000 periods; seconds a replication. Progress bar and consistency
checks of stockpyl are off; the check of mass balance in supplysim is on. Both get the same demands, and every cost
must be equal to the cent."""


def run(options: Options) -> Section:
    """Compare all costs, then time both."""
    network = peer.ours()
    result = ss.simulate(network, horizon=peer.PERIODS, warmup=0)
    demands = [float(value) for value in result.data.wanted.values[:, 0]]

    def theirs() -> float:
        made = peer.theirs(demands)
        return timed(lambda: peer.run_theirs(made, peer.PERIODS))

    jobs: dict[str, Callable[[], float]] = {"stockpyl": theirs}
    for engine in ENGINES:
        many = 1 if engine == "simpy" else 100
        jobs[engine] = per_replication(network, None, engine, many, horizon=peer.PERIODS, warmup=0)
    found = run_in_turn(jobs, options.rounds)
    last = list(found.values())[-1]
    header = ["", *("stockpyl" if name == "stockpyl" else f"{name} engine" for name in found)]
    times = ["a replication", *map(seconds, found.values()), f"{found['stockpyl'] / last:.1f}"]
    costs = _costs(demands, peer.ours_costs(result))
    return Section(
        "stockpyl",
        TEXT,
        [([*header, "ratio, last"], [times]), (["cost", "stockpyl", "supplysim"], costs)],
    )


def _costs(demands: list[float], ours: dict[str, float]) -> list[list[str]]:
    made = peer.theirs(demands)
    peer.run_theirs(made, peer.PERIODS)
    rows = []
    for name, value in peer.theirs_costs(made, peer.PERIODS).items():
        if abs(ours[name] - value) > 0.005:
            raise AssertionError(f"{name}: {ours[name]} against stockpyl's {value}")
        rows.append([name, f"{value:.2f}", f"{ours[name]:.2f}"])
    return rows
