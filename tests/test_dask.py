"""A Dask cluster as executor: real worker processes, the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import pytest

import supplysim as ss
from supplysim.ensemble.job import BLOCK
from supplysim.testing import tiny

distributed = pytest.importorskip("distributed", reason="dask[distributed] is not installed")

RUN: dict[str, Any] = {"replications": 3 * BLOCK + 1, "seed": 3, "progress": False}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def scenario() -> ss.Scenario:
    ban = ss.ExportBan(origin=["CN"], commodities=["ore"], begins=20, ends=90)
    return ss.Scenario(name="stop", horizon=150, measures=[ban])


def network() -> ss.Network:
    lane = tiny().lanes[0]
    noisy = ss.Lane(lane.source, lane.target, lead_time=ss.Uniform(5, 15))
    return tiny().replace(lanes=[noisy])


def test_a_cluster_gives_the_bits_of_one_process(client: Any) -> None:
    pids = client.run(__import__("os").getpid)
    assert len(set(pids.values())) == 2
    executor = client.get_executor()
    assert isinstance(executor, Executor)
    cases = {"calm": None, "stop": scenario()}
    far = ss.ensemble(network(), cases, executor=executor, traces=True, **RUN)
    near = ss.ensemble(network(), cases, executor=1, traces=True, **RUN)
    for name in cases:
        assert [b.tobytes() for b in far[name]._blocks] == [b.tobytes() for b in near[name]._blocks]
        assert far[name].data.identical(near[name].data)


def test_the_engines_agree_on_a_cluster(client: Any) -> None:
    executor = client.get_executor()
    far = ss.ensemble(network(), scenario(), executor=executor, engine="compiled", **RUN)
    near = ss.ensemble(network(), scenario(), executor=1, engine="simpy", **RUN)
    assert [b.tobytes() for b in far._blocks] == [b.tobytes() for b in near._blocks]
