"""The compiled engine against the SimPy engine, which is the specification."""

from __future__ import annotations

import supplysim as ss
from benchmarks.measure import Options, Section, alone, per_replication, run_in_turn, seconds
from benchmarks.networks import network

__all__ = ["run"]

TEXT = """Seconds of a run alone, and of a replication within an ensemble in one process, planning, checking of mass
balance, sums by group and keeping of records included: the bundled network under the gallium licence of 2023
over its own horizon, and a random network (five lanes into every site, weekly lots) undisturbed for a year."""


def run(options: Options) -> Section:
    """Time both engines on both networks."""
    gallium = ss.load_network("gallium-2022")
    licence = ss.load_scenario("gallium-licence-2023")
    size = 100 if options.quick else 500
    cases = {
        "gallium-2022, gallium-licence-2023": (gallium, licence),
        f"random, {size} sites": (network(size), None),
    }
    rows = []
    for title, (net, scenario) in cases.items():
        runs = 20 if options.quick else 100
        jobs = {
            "simpy alone": alone(net, scenario, "simpy"),
            "compiled alone": alone(net, scenario, "compiled"),
            "simpy": per_replication(net, scenario, "simpy", 1),
            "compiled": per_replication(net, scenario, "compiled", runs),
        }
        found = run_in_turn(jobs, options.rounds)
        for how, what in (("run alone", " alone"), ("within an ensemble", "")):
            ours, reference = found[f"compiled{what}"], found[f"simpy{what}"]
            ratio = f"{reference / ours:.0f}"
            rows.append([f"{title}, {how}", seconds(reference), seconds(ours), ratio])
    return Section("Engines", TEXT, [(["", "SimPy engine", "compiled engine", "ratio"], rows)])
