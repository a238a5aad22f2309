"""The benchmarks' random networks, and the twin where there is a C compiler; no peer is needed and nothing is timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import supplysim as ss
from benchmarks import twin
from benchmarks.measure import Section, seconds
from benchmarks.networks import columns, network
from supplysim.plan import Plan, make_plan
from supplysim.running import run_plan


def _plan(net: ss.Network, horizon: int) -> Plan:
    return make_plan(net, None, horizon=horizon, seed=1, replication=0, warmup=None)


@pytest.mark.parametrize("n", [30, 47, 100])
def test_network_is_feasible_and_serves_everyone(n: int) -> None:
    net = network(n)
    base = net.baseline()
    for site in net.sites:
        assert base.output[site.name] == pytest.approx(0.8 * base.capacity[site.name])
    run = ss.simulate(net, horizon=60)
    assert float(run.data.unmet.sum()) == 0.0
    assert float(run.data.served.sum()) == pytest.approx(60 * sum(d.rate for d in net.demands))


def test_every_site_but_mines_has_five_lanes() -> None:
    net = network(60)
    into = {site.name: 0 for site in net.sites}
    for lane in net.lanes:
        if lane.target in into:
            into[lane.target] += 1
    assert sorted(set(into.values())) == [0, 5]
    assert all(into[site.name] == 5 for site in net.sites if site.inputs)


def test_columns_follow_from_size_and_seed() -> None:
    for kind, table in columns(1000, seed=3).items():
        again, other = columns(1000, seed=3)[kind], columns(1000, seed=4)[kind]
        assert all(np.array_equal(table[name], again[name]) for name in table)
        if kind != "commodities":
            assert not all(np.array_equal(table[name], other[name]) for name in table)
    with pytest.raises(ValueError, match="at least 30, got 29"):
        columns(29)


def test_twin_equals_the_simpy_engine(tmp_path: Path) -> None:
    program = twin.compile_twin(tmp_path)
    if program is None:
        pytest.skip("there is no C compiler")
    plan = _plan(network(30), 90)
    trace = run_plan(plan, "simpy", events=True)
    made = twin.run(program, plan, tmp_path, 2)
    assert twin.differences(made, trace) == []
    kinds = [kind for _, kind, _, _ in trace.events or ()]
    for kind in ("order", "ship", "arrive", "start", "made", "used", "lost"):
        assert made.counts[kind] == kinds.count(kind)
    trace.daily["lane", "book"][3, 5] += 1e-9
    assert twin.differences(made, trace) == ["lane book"]


def test_twin_refuses_what_it_lacks(tmp_path: Path) -> None:
    plan = _plan(ss.load_network("gallium-2022"), 10)
    with pytest.raises(ValueError, match="no such policies, allocation, lanes"):
        twin.export(plan, tmp_path / "plan.bin")


def test_tables() -> None:
    assert [seconds(x) for x in (12.3, 0.0123, 1.2e-5, 0.0)] == [
        "12.3 s",
        "12.3 ms",
        "12 µs",
        "0 µs",
    ]
    section = Section("T", "text", [(["", "a"], [["b", "1"]])])
    assert section.markdown() == "## T\n\ntext\n\n|  | a |\n| --- | --: |\n| b | 1 |\n"
