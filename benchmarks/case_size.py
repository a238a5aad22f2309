"""Cost against size: one run each of ever larger networks, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import supplysim as ss
from benchmarks.measure import ENGINES, Options, Section, seconds
from benchmarks.networks import columns
from supplysim.running import Engine

__all__ = ["apart", "measure", "run"]

TEXT = """Random networks (five lanes into every site, weekly lots), undisturbed for a year: time to build the network,
time to lay out and run it once, and the largest memory of the process (imports included), each size in a process of
its own."""
SIZES: dict[Engine, list[int]] = {
    "simpy": [100, 300, 1000],
    "compiled": [100, 1000, 10_000, 100_000],
}
SCRIPT = "import json; from benchmarks.case_size import measure; print(json.dumps(measure({n}, {engine!r})))"


def run(options: Options) -> Section:
    """Measure every size on every engine there is, and fit the exponent of time."""
    tables = []
    for engine in ENGINES:
        sizes = SIZES[engine][: 2 if options.quick else None]
        found = [apart(n, engine) for n in sizes]
        rows = [
            [f"{n:,}", seconds(one["build"]), seconds(one["run"]), f"{one['memory']:.0f} MB"]
            for n, one in zip(sizes, found, strict=True)
        ]
        slope = np.polyfit(np.log(sizes), np.log([one["run"] for one in found]), 1)[0]
        rows.append([f"exponent {slope:.2f}", "", "", ""])
        tables.append(([f"sites, {engine} engine", "build", "run", "memory"], rows))
    return Section("Size", TEXT, tables)


def apart(n: int, engine: Engine) -> dict[str, float]:
    """`measure`, in a process of its own."""
    command = [sys.executable, "-c", SCRIPT.format(n=n, engine=engine)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def measure(n: int, engine: Engine) -> dict[str, float]:
    """Seconds to build and to run one network, and the peak memory of this process in MB."""
    small = _network(30)
    ss.simulate(small, horizon=1, engine=engine)  # imports, compiles
    start = time.process_time()
    net = _network(n)
    built = time.process_time()
    _run(net, engine)
    done = time.process_time()
    return {"build": built - start, "run": done - built, "memory": _peak_memory()}


def _peak_memory() -> float:
    """The largest resident memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: its getrusage would count the parent from before exec, too
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(peak.split()[1]) * 1024 / 1e6
    import resource

    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / 1e6 if sys.platform == "darwin" else largest * 1024 / 1e6


def _network(n: int) -> ss.Network:
    tables: dict[str, Any] = columns(n)
    return ss.Network.from_tables(name=f"random-{n}", **tables)


def _run(net: ss.Network, engine: Engine) -> None:
    """One year; an ensemble of one keeps records by group, which is what a large network needs."""
    ss.ensemble(
        net,
        None,
        replications=1,
        horizon=365,
        engine=engine,
        executor=1,
        progress=False,
        max_events=10**11,  # the usual limit stops at some ten thousand sites
    )
