"""Ensembles of networks with ranges: every replication in its own world, the same for all scenarios."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import supplysim as ss
from supplysim.ensemble.job import BLOCK
from supplysim.history import monthly_cover
from supplysim.history.monthly import daily_cover
from supplysim.testing import tiny

RUN: dict[str, Any] = {"replications": BLOCK + 2, "seed": 3, "progress": False, "horizon": 200}
RECORDS = ("output", "on_hand", "wanted", "served", "unmet", "shipped")


def span(kind: Any, name: str, field: str, low: float, high: float, figure: str = "") -> ss.Range:
    return ss.Range(figure or field, kind=kind, name=name, field=field, low=low, high=high)


def network(*ranges: ss.Range) -> ss.Network:
    """Ore from CN to a user in DE, whose use, stock and price are uncertain."""
    return ss.Network(
        name="uncertain",
        commodities=[ss.Commodity("ore", price=10.0)],
        sites=[ss.Site("mine", country="CN", makes="ore", utilisation=0.5, lot=5)],
        demands=[ss.Demand("use", country="DE", commodity="ore", rate=2.0)],
        lanes=[ss.Lane("mine", "use", lead_time=ss.Triangular(10, 12, 20))],
        ranges=ranges,
    )


RANGES = (
    span("demand", "use", "rate", 1.0, 4.0),
    span("demand", "use", "cover", 5.0, 60.0),
    span("commodity", "ore", "price", 5.0, 50.0),
    span("lane", "mine|use|", "lead_time", 8.0, 40.0),
)
NETWORK = network(*RANGES)
BAN = ss.Scenario(
    name="ban",
    measures=[ss.ExportBan(origin=["CN"], commodities=["ore"], begins=20, ends=110)],
    horizon=200,
)
SOURCE = ss.Scenario(
    name="second",
    measures=[
        *BAN.measures,
        ss.SecondSource(
            key="au", commodity="ore", country="AU", capacity=3.0, to=["DE"], qualification=30
        ),
        ss.Reserve(key="stock", country="DE", commodity="ore", days=20, below=5),
    ],
    horizon=200,
)


def bytes_of(runs: ss.Ensemble) -> list[bytes]:
    return [block.tobytes() for block in runs._blocks]


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
@pytest.mark.parametrize("scenario", [None, BAN, SOURCE])
def test_a_replication_is_the_run_of_its_number(engine: Any, scenario: Any) -> None:
    run = RUN | {"replications": 3}
    runs = ss.ensemble(NETWORK, scenario, engine=engine, executor=1, traces=True, **run)
    for replication in range(3):
        given = {"seed": 3, "horizon": 200, "replication": replication, "engine": engine}
        one = ss.simulate(NETWORK, scenario, figures="drawn", **given)
        assert one.data.attrs["warmup"] == runs.attrs["warmup"]
        for name in RECORDS:
            assert np.array_equal(one.data[name].values, runs.data[name].values[replication]), name
        for kind, account in (("lane", "goods"), ("demand", "penalty"), ("slot", "holding")):
            paid = float(one.data[f"money_{kind}_{account}"].sum())
            assert float(runs.money(kind, account)[replication].sum()) == pytest.approx(paid)
        world = NETWORK.drawn(3, replication)
        other = ss.simulate(world, scenario, warmup=runs.attrs["warmup"], **given)
        assert other.data.identical(one.data)


def test_scenarios_share_their_worlds_and_workers_do_not_matter() -> None:
    cases = {"calm": None, "ban": BAN, "second": SOURCE}
    one = ss.ensemble(NETWORK, cases, executor=1, **RUN)
    two = ss.ensemble(NETWORK, cases, executor=2, **RUN)
    for name, runs in one.items():
        assert bytes_of(runs) == bytes_of(two[name])
        assert bytes_of(runs) == bytes_of(ss.ensemble(NETWORK, cases[name], executor=1, **RUN))
        assert runs.totals("wanted").equals(one["calm"].totals("wanted"))
    assert len(set(one["calm"].totals("wanted").values.ravel().tolist())) == RUN["replications"]
    rates = [NETWORK.drawn(3, r).demands[0].rate for r in range(RUN["replications"])]
    assert one["calm"].totals("wanted").values[:, 0] == pytest.approx(np.array(rates) * 200)
    lost = ss.compare(one["calm"], one["ban"]).losses("use").sum("time").values.ravel()
    assert (lost > 0.0).all() and len(set(lost.tolist())) == RUN["replications"]


def test_prices_and_cover_are_those_of_the_world() -> None:
    runs = ss.ensemble(NETWORK, None, executor=1, **RUN)
    worlds = [NETWORK.drawn(3, r) for r in range(RUN["replications"])]
    single = {"horizon": RUN["horizon"], "seed": RUN["seed"], "figures": "drawn"}
    alone = [ss.simulate(NETWORK, None, replication=r, **single) for r in range(len(worlds))]
    received = np.array([float(run.data["received"].sum()) for run in alone])
    prices = np.array([world.commodities[0].price for world in worlds])
    assert runs.money("lane", "goods").values[:, 0] == pytest.approx(prices * received)
    rates = np.array([world.demands[0].rate for world in worlds])
    assert runs.use([0]) == pytest.approx(rates)
    ((_, _, cover),) = daily_cover(runs)
    assert cover * rates[:, None] == pytest.approx(runs.series("on_hand").values[:, :, 0])
    assert len(monthly_cover(runs))
    central = ss.ensemble(NETWORK, None, executor=1, figures="central", **RUN)
    assert central.use([0]).tolist() == [2.0] * RUN["replications"]


def test_central_figures_are_those_of_the_network_without_ranges() -> None:
    bare = network()
    central = ss.ensemble(NETWORK, BAN, executor=1, figures="central", **RUN)
    drawn = ss.ensemble(bare, BAN, executor=1, figures="drawn", **RUN)
    assert bytes_of(central) == bytes_of(drawn)
    assert central.attrs["figures"] == drawn.attrs["figures"] == "central"
    one, two = (ss.simulate(x, BAN, seed=3) for x in (NETWORK, bare))
    assert one.data.identical(two.data)
    with pytest.raises(ss.InvalidInput, match="did you mean 'central'"):
        ss.ensemble(NETWORK, BAN, figures="centre", **RUN)  # type: ignore[call-overload]
    with pytest.raises(ss.InvalidInput, match="did you mean 'drawn'"):
        ss.simulate(NETWORK, BAN, figures="drwn")  # type: ignore[arg-type]


def test_worlds_and_central_figures_are_not_compared() -> None:
    run = RUN | {"replications": 2, "executor": 1}
    central = ss.ensemble(NETWORK, None, figures="central", **run)
    drawn = ss.ensemble(NETWORK, BAN, **run)
    assert drawn.attrs["figures"] == "drawn"
    with pytest.raises(ss.InvalidInput, match=r"figures: must be the same in both \(central\)"):
        ss.compare(central, drawn)


def test_it_goes_on_in_the_same_worlds_and_in_no_other(tmp_path: Path) -> None:
    run = RUN | {"executor": 1}
    path = tmp_path / "runs"
    ss.ensemble(NETWORK, BAN, path=path, **run | {"replications": 3})
    whole = ss.ensemble(NETWORK, BAN, path=path, **run)
    assert bytes_of(whole) == bytes_of(ss.ensemble(NETWORK, BAN, **run))
    assert json.loads((path / "manifest.json").read_text())["figures"] == "drawn"
    with pytest.raises(ss.InvalidInput, match="figures"):
        ss.ensemble(NETWORK, BAN, path=path, figures="central", **run)
    wider = network(*RANGES[:3], span("lane", "mine|use|", "lead_time", 8.0, 41.0))
    with pytest.raises(ss.InvalidInput, match="network"):
        ss.ensemble(wider, BAN, path=path, **run)


def test_a_folder_of_one_network_from_columns_takes_no_other(tmp_path: Path) -> None:
    def made(rate: float) -> ss.Network:
        return ss.Network.from_tables(
            name="columns",
            commodities={"name": ["ore"]},
            sites={"name": ["mine"], "country": "CN", "makes": "ore", "utilisation": 0.5},
            demands={"name": ["use"], "country": "DE", "commodity": "ore", "rate": rate},
            lanes={"source": ["mine"], "target": "use", "lead_time": 9.0},
            ranges=[span("demand", "use", "rate", 0.5, 9.0)],
        )

    run = RUN | {"executor": 1, "path": tmp_path / "runs"}
    ss.ensemble(made(2.0), None, **run)
    ss.ensemble(made(2.0), None, **run)
    with pytest.raises(ss.InvalidInput, match="network"):
        ss.ensemble(made(3.0), None, **run)


def test_a_run_in_a_world_branches_in_that_world() -> None:
    run = ss.simulate(NETWORK, BAN, seed=3, replication=4, figures="drawn")
    assert run.recipe.network == NETWORK.drawn(3, 4)
    lifted = ss.branch(run, at=60, scenario=None)
    again = ss.simulate(
        NETWORK,
        ss.splice(BAN, None, 60),
        horizon=200,
        seed=3,
        replication=4,
        figures="drawn",
        warmup=run.recipe.warmup,
    )
    assert lifted.data.identical(again.data)
    assert float(lifted.data.unmet.sum()) < float(run.data.unmet.sum())


def test_a_world_that_cannot_be_stops_the_ensemble() -> None:
    net = network(span("demand", "use", "rate", 2.0, 40.0)).replace(
        sites=[ss.Site("mine", country="CN", makes="ore", capacity=20.0)]
    )
    with pytest.raises(ss.InvalidInput, match=r"as drawn for replication \d+ with seed 3"):
        ss.ensemble(net, BAN, executor=2, **RUN | {"replications": 40})


def test_a_scenario_that_would_build_something_else_in_a_world_is_refused() -> None:
    """A reserve buys from whoever delivers in normal times: here from a lane that only worlds use."""
    bare = network()
    net = bare.replace(
        sites=[*bare.sites, ss.Site("pit", country="AU", makes="ore", capacity=9.0)],
        lanes=[*bare.lanes, ss.Lane("pit", "use", share=0.0)],
        ranges=[span("lane", "pit|use|", "share", 0.0, 0.4)],
    )
    assert ss.ensemble(net, BAN, executor=1, **RUN).totals("shipped").values[:, 0].all()
    with pytest.raises(ss.InvalidInput, match=r"'second' in replication 0 refused[^|]*'pit\|stock"):
        ss.ensemble(net, SOURCE, executor=1, **RUN)
    assert ss.ensemble(net, SOURCE, executor=1, figures="central", **RUN)


def test_a_lane_keeps_its_room_where_more_is_shipped():
    """Capacity is given for the central flow: twice of it stays twice, whatever rate is drawn."""
    net = tiny()
    demand, lane = net.demands[0], net.lanes[0]
    flow = net.baseline().flow[lane.key]
    wide = net.replace(
        lanes=[dataclasses.replace(lane, capacity=2.0 * flow)],
        ranges=[
            ss.Range(
                "use",
                kind="demand",
                name=demand.name,
                field="rate",
                low=0.0,
                high=9.0 * demand.rate,
            )
        ],
    )
    for replication in range(5):
        world = wide.drawn(1, replication)
        drawn = world.lanes_by_key[lane.key]
        assert drawn.capacity == pytest.approx(2.0 * world.baseline().flow[lane.key])
        assert world.lanes[0] == drawn


def test_a_by_product_takes_what_a_world_makes_it_need():
    """Half as much of the host's product is used as was thought: its by-product is not refused for it."""
    net = ss.Network(
        name="hosted",
        commodities=[ss.Commodity("alumina"), ss.Commodity("gallium")],
        sites=[
            ss.Site("smelter", country="CN", makes="alumina", utilisation=0.9),
            ss.Site(
                "liquor",
                country="CN",
                makes="gallium",
                utilisation=0.9,
                host="smelter",
                host_yield=0.1,
            ),
        ],
        demands=[
            ss.Demand("metal", country="CN", commodity="alumina", rate=100.0),
            ss.Demand("chips", country="CN", commodity="gallium", rate=9.0),
        ],
        lanes=[ss.Lane("smelter", "metal", lead_time=2), ss.Lane("liquor", "chips", lead_time=2)],
        ranges=[span("demand", "metal", "rate", 20.0, 101.0)],
    )
    worlds = [net.drawn(1, replication) for replication in range(6)]
    yields = [world.site_by_name["liquor"].host_yield for world in worlds]
    for world, found in zip(worlds, yields, strict=True):
        assert found == max(0.1, 9.0 / world.demand_by_name["metal"].rate)
    assert max(yields) > 0.1
