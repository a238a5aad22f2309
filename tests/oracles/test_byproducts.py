"""By-products held to their host: answers by hand, and what always holds."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim import testing
from supplysim.plan import make_plan

SOME = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def gallium(
    *, transit: float = 0.0, cycle: float = 0.0, buffer: float = 15.0, leaves: float = 0.1
) -> ss.Network:
    """Alumina for one customer, gallium out of its residue for another; a lot of each a day, half a day in line."""
    return ss.Network(
        name="gallium",
        commodities=[ss.Commodity("alumina"), ss.Commodity("gallium")],
        sites=[
            ss.Site(
                "refinery", country="CN", makes="alumina", capacity=2.0, lot=1.0, cycle_time=cycle
            ),
            ss.Site(
                "extraction",
                country="CN",
                makes="gallium",
                capacity=0.2,
                lot=0.1,
                cover=0.0,
                host="refinery",
                host_yield=leaves,
                host_buffer=buffer,
            ),
        ],
        demands=[
            ss.Demand("metal", country="CN", commodity="alumina", rate=1.0),
            ss.Demand(
                "chips", country="DE", commodity="gallium", rate=0.1, policy=ss.DaysOfCover(0.0)
            ),
        ],
        lanes=[ss.Lane("refinery", "metal"), ss.Lane("extraction", "chips", lead_time=transit)],
    )


def outage(days: float) -> ss.Scenario:
    return ss.Scenario(measures=[ss.Outage(sites=["refinery"], begins=0, ends=days)])


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
@pytest.mark.parametrize("leaves", [0.1, 0.25])
@pytest.mark.parametrize("days", [10, 15, 16, 20, 40])
def test_the_residue_that_is_kept_runs_out(days: int, leaves: float, engine: str) -> None:
    """Lots on days 0, 1, ... b - 1; then none until the host's first lot, half a day after it is back."""
    run = ss.simulate(gallium(leaves=leaves), outage(days), horizon=100, engine=engine, events=True)
    events = run.events
    starts = events[(events.kind == "start") & (events.entity == "extraction")].time.tolist()
    waits = [day for day, then in pairwise(starts) if then - day > 1.0]
    if days < 15:
        assert waits == []
    else:
        assert waits == [14.0]
        assert starts[starts.index(14.0) + 1] == days + 0.5


@pytest.mark.parametrize("cycle", [0.0, 25.0])
@pytest.mark.parametrize("transit", [0.0, 30.0])
@pytest.mark.parametrize(
    ("days", "buffer"), [(40, 15.0), (20, 15.0), (16, 15.0), (40, 39.0), (40, 0)]
)
def test_what_customers_lose_is_the_stop_less_the_buffer(
    days: int, buffer: float, transit: float, cycle: float
) -> None:
    """Pipelines of either only shift it. What site and customer hold (two days and a half) spares them a day and a
    half more than they wait for the first lots (half a day in the host's line, half a day in the site's own).
    """
    network = gallium(transit=transit, cycle=cycle, buffer=buffer)
    run = ss.simulate(network, outage(days), horizon=200)
    lost = float(run.data.unmet.sel(demand="chips").sum())
    kept = make_plan(network, None, horizon=1, seed=0, replication=0, warmup=0).allowance[
        "extraction"
    ]
    assert kept == pytest.approx(0.1 * max(buffer, 6.0))  # two lots of each, and an order of each
    spared = 1.5
    assert lost == pytest.approx(0.1 * max(0.0, days - max(buffer, 6.0) - spared), abs=1e-9)


def test_a_co_product_follows_its_leader_down_and_up() -> None:
    """Half the host's output for long: half of the by-product's."""
    network = gallium()
    half = ss.Outage(sites=["refinery"], severity=0.75, begins=0, ends=400)  # of twice the need
    run = ss.simulate(network, ss.Scenario(measures=[half]), horizon=300)
    made = run.data.output.sel(site="extraction").values
    assert made[:15].sum() == pytest.approx(1.5, abs=0.11)
    assert made[100:300].sum() == pytest.approx(10.0, abs=0.11)


def test_by_products_of_one_host_have_each_their_own_allowance() -> None:
    network = gallium()
    vanadium = dataclasses.replace(
        network.sites[1], name="vanadium", makes="vanadium", host_buffer=25.0
    )
    wants = dataclasses.replace(network.demands[1], name="steel", commodity="vanadium")
    both = network.replace(
        commodities=[*network.commodities, ss.Commodity("vanadium")],
        sites=[*network.sites, vanadium],
        demands=[*network.demands, wants],
        lanes=[*network.lanes, ss.Lane("vanadium", "steel")],
    )
    lost = ss.simulate(both, outage(40), horizon=100).data.unmet.sum("time")
    assert float(lost.sel(demand="chips")) == pytest.approx(0.1 * (40 - 15 - 1.5))
    assert float(lost.sel(demand="steel")) == pytest.approx(0.1 * (40 - 25 - 1.5))


def site(network: ss.Network, name: str, **fields: object) -> ss.Network:
    return network.replace(
        sites=[
            dataclasses.replace(item, **fields) if item.name == name else item  # type: ignore[arg-type]
            for item in network.sites
        ]
    )


@pytest.mark.parametrize(
    ("name", "fields", "told"),
    [
        ("extraction", {"host": "refinary"}, "sites.extraction.host: unknown site; .*refinery"),
        ("extraction", {"host": "metal"}, "sites.extraction.host: unknown site"),
        ("extraction", {"host": "extraction"}, "must not lead back .*'extraction > extraction'"),
        (
            "refinery",
            {"host": "extraction", "host_yield": 10.0},
            "must not lead back to the site itself",
        ),
        ("extraction", {"host_yield": None}, "host_yield: give host and host_yield together"),
        ("extraction", {"host": None}, "host: give host and host_yield together"),
        ("extraction", {"host_yield": 0.0}, "greater than 0"),
        ("extraction", {"host_buffer": -1.0}, "greater than or equal to 0"),
        (
            "extraction",
            {"host_yield": 0.05},
            "leaves 0.05 a day of what refinery makes in normal times; must be at least the "
            "baseline output of 0.1 a day",
        ),
    ],
)
def test_what_is_refused(name: str, fields: dict[str, object], told: str) -> None:
    with pytest.raises(ss.InvalidInput, match=told):
        site(gallium(), name, **fields)


def test_a_host_may_stand_in_another_country() -> None:
    assert site(gallium(), "refinery", country="AU").baseline().output["extraction"] == 0.1


def test_columns_refuse_a_host_without_yield() -> None:
    with pytest.raises(ss.InvalidInput, match=r"sites\[1\].host_yield: give host"):
        ss.Network.from_tables(
            name="n",
            commodities={"name": ["ore"]},
            sites={
                "name": ["a", "b"],
                "country": "CN",
                "makes": "ore",
                "capacity": 1.0,
                "host": [None, "a"],
            },
        )


def test_firms_of_a_by_product_share_its_residue() -> None:
    network = gallium()
    firms = network.split("extraction", [0.25, 0.75], {})
    assert [firm.host_yield for firm in firms.sites[1:]] == pytest.approx([0.025, 0.075])
    run = ss.simulate(firms, outage(40), horizon=100)
    whole = ss.simulate(network, outage(40), horizon=100)
    lost, expected = (float(x.data.unmet.sel(demand="chips").sum()) for x in (run, whole))
    assert lost == pytest.approx(expected)
    with pytest.raises(ss.InvalidInput, match="is the host of extraction"):
        network.split("refinery", [0.5, 0.5], {})


@SOME
@given(
    testing.networks(policies="any", cycles=True).flatmap(
        lambda network: st.tuples(st.just(network), testing.scenarios(network))
    )
)
def test_a_by_product_never_outruns_its_host(pair: tuple[ss.Network, ss.Scenario]) -> None:
    network, scenario = pair
    run = ss.simulate(network, scenario, horizon=150, seed=7)
    most = make_plan(network, None, horizon=1, seed=0, replication=0, warmup=0).opening_allowance
    for item in network.sites:
        if item.host is not None and item.host_yield is not None:
            begun = np.cumsum(run.data.started.sel(site=item.name).values)
            left = item.host_yield * np.cumsum(run.data.output.sel(site=item.host).values)
            assert (begun <= (most[item.name] + left) * (1.0 + 1e-9)).all()
