"""Figures with ranges: what is refused, how they are drawn, and that the worlds are those of the objects."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim import rules, testing
from supplysim.model.drawing import Drawn, _fields
from supplysim.model.ranges import ROWS
from supplysim.testing.variants import scaled

MANY = 400
QUICK = settings(max_examples=40, deadline=None)
UNCERTAIN = testing.networks(max_tiers=3, cycles=True).flatmap(
    lambda network: testing.ranges(network).map(lambda found: network.replace(ranges=found))
)


def span(kind: Any, name: str, field: str, low: float, high: float, figure: str = "f") -> ss.Range:
    return ss.Range(figure, kind=kind, name=name, field=field, low=low, high=high)


def network(*ranges: ss.Range, **more: Any) -> ss.Network:
    """Two mines, a smelter with two inputs, a hub and a user; every number that may be given is given."""
    fields: dict[str, Any] = {
        "name": "net",
        "commodities": [
            ss.Commodity(
                "ore",
                price=10.0,
                elasticity_supply=0.3,
                elasticity_demand=0.4,
                elasticity_origins=2.0,
                choke_price=4.0,
                recycling_rate=0.2,
                substitution_index=0.9,
            ),
            ss.Commodity("flux"),
            ss.Commodity("metal"),
        ],
        "sites": [
            ss.Site("mine-b", country="CN", makes="ore", utilisation=0.5),
            ss.Site("mine-a", country="AU", makes="ore", capacity=90.0, lot=2.0, planned=1.0),
            ss.Site(
                "pit",
                country="DE",
                makes="flux",
                utilisation=0.5,
                jobs=20.0,
                host="mine-b",
                host_yield=0.5,
            ),
            ss.Site(
                "smelter",
                country="DE",
                makes="metal",
                utilisation=0.5,
                cycle_time=3.0,
                value_added=7.0,
                holding_cost=0.1,
                inputs={
                    "ore": ss.Input(2.5, policy=ss.DaysOfCover(40, review=7)),
                    "flux": ss.Input(0.1, policy=ss.BaseStock(9.0), needs=0.8, criticality=0.5),
                },
            ),
        ],
        "stores": [ss.Store("hub", country="NL", commodity="metal", double_order=0.1)],
        "demands": [ss.Demand("use", country="DE", commodity="metal", rate=4.0, penalty=2.0)],
        "lanes": [
            ss.Lane("smelter", "hub", lead_time=2),
            ss.Lane("hub", "use", lead_time=ss.Lognormal(5, 2)),
            ss.Lane("pit", "smelter", lead_time=ss.Empirical([1, 2, 6]), capacity=30.0, cost=1.0),
            ss.Lane("mine-b", "smelter", share=0.75, lead_time=ss.Triangular(30, 38, 60)),
            ss.Lane("mine-a", "smelter", share=0.25, max_share=0.3, order_lag=2.0, order_cost=5.0),
        ],
        "ranges": ranges,
    }
    return ss.Network(**fields | more)


def rebuilt(world: ss.Network) -> ss.Network:
    """The same network from its objects, all of it checked."""
    return ss.Network(
        **{
            field.name: tuple(value) if not isinstance(value, str | dict | int | None) else value
            for field in dataclasses.fields(ss.Network)
            for value in [getattr(world, field.name)]
        }
    )


def assert_same_network(world: ss.Network, other: ss.Network) -> None:
    """The same objects in the same order, and the same baseline, bit for bit."""
    assert world == other
    for field in dataclasses.fields(type(world.baseline().arrays)):
        one, two = (getattr(x.baseline().arrays, field.name) for x in (world, other))
        assert one.tobytes() == two.tobytes(), field.name
    assert dict(world.slots) == dict(other.slots)


# --- how figures are drawn -----------------------------------------------------------------------


def test_draws_are_triangular_and_stay_within_their_bounds() -> None:
    net = network(span("input", "smelter|ore", "cover", 30.0, 90.0))
    covers = [
        net.drawn(1, r).site_by_name["smelter"].inputs["ore"].policy.days  # type: ignore[union-attr]
        for r in range(MANY)
    ]
    assert 30.0 < min(covers) < 36.0 and 80.0 < max(covers) < 90.0
    assert np.mean(covers) == pytest.approx((30.0 + 40.0 + 90.0) / 3.0, abs=1.5)
    assert net.drawn(1, 3) == net.drawn(1, 3) != net.drawn(2, 3)
    policy = net.drawn(1, 0).site_by_name["smelter"].inputs["ore"].policy
    assert policy.review == 7.0


def test_what_rests_on_one_figure_moves_together() -> None:
    net = network(
        span("site", "smelter", "cycle_time", 1.0, 9.0, "how slow"),
        span("lane", "smelter|hub|", "lead_time", 2.0, 20.0, "how slow"),
        span("site", "pit", "jobs", 10.0, 40.0, "another"),
    )
    worlds = [net.drawn(1, r) for r in range(50)]
    cycle, lead, jobs = (
        np.array([read(world) for world in worlds])
        for read in (
            lambda w: w.site_by_name["smelter"].cycle_time,
            lambda w: w.lanes_by_key["smelter|hub|"].lead_time.mean,
            lambda w: w.site_by_name["pit"].jobs,
        )
    )
    assert np.argsort(cycle).tolist() == np.argsort(lead).tolist() != np.argsort(jobs).tolist()


def test_a_draw_depends_on_no_other_range_nor_on_their_order() -> None:
    one = span("site", "pit", "jobs", 10.0, 40.0, "jobs")
    two = span("commodity", "ore", "price", 5.0, 40.0, "price")
    three = span("lane", "hub|use|", "lead_time", 4.0, 9.0, "time")
    alone = network(one).drawn(1, 5).site_by_name["pit"].jobs
    assert alone != 20.0
    assert network(one, two, three).drawn(1, 5).site_by_name["pit"].jobs == alone
    assert network(two, one, three).drawn(1, 5) == network(three, two, one).drawn(1, 5)


def test_a_network_without_ranges_is_its_own_world_and_so_is_a_world() -> None:
    assert network().drawn(1, 0) == network()
    net = network(span("site", "pit", "jobs", 10.0, 40.0))
    world = net.drawn(1, 0)
    assert world.ranges == () and world.drawn(1, 1) is world
    still = network(span("site", "pit", "jobs", 20.0, 20.0))
    assert still.drawing.figures == [] and still.drawn(1, 0) == network()


@pytest.mark.parametrize("kind", ROWS)
def test_every_number_can_be_drawn_and_nothing_else_moves(kind: str) -> None:
    net = network()
    drawn = set()
    fields = _fields(getattr(net.tables, ROWS[kind]))
    for name, item in rows_of(net, kind).items():
        for field in fields:
            value = number(item, field, kind)
            if value is None or value == np.inf:
                continue
            high = 1.0 if field in AT_MOST_1 else 1.2 * value + 0.1
            ranged = net.replace(ranges=(span(kind, name, field, 0.8 * value, high),))
            world = ranged.drawn(3, 1)
            assert_same_network(world, rebuilt(world))
            changed = differences(net, world)
            if field in ("share", "max_share") and item.share == 1.0:  # it is 1 again
                continue
            drawn.add(field)
            assert (name, holder(kind, field)) in changed, (name, field)
            if field != "capacity":  # lanes keep their room over what they then carry
                changed = {c for c in changed if c[1] != "capacity"}
            if field == "share":  # the others of the slot move, too
                assert {f for _, f in changed} <= {"share", "max_share"}
            else:
                assert len(changed) == 1, (name, field, changed)
    assert drawn == set(fields)


AT_MOST_1 = {
    *("utilisation", "share", "needs", "criticality", "double_order", "retain"),
    *("recycling_rate", "substitution_index"),
}


def rows_of(net: ss.Network, kind: str) -> dict[str, Any]:
    """The objects of a kind by name or key."""
    if kind == "input":
        return {f"{s.name}|{name}": item for s in net.sites for name, item in s.inputs.items()}
    if kind == "lane":
        return dict(net.lanes_by_key)
    return {item.name: item for item in getattr(net, ROWS[kind])}


def number(item: Any, field: str, kind: str) -> float | None:
    """What is to be drawn of a row."""
    if holder(kind, field) == "policy":
        return item.policy.days if isinstance(item.policy, ss.DaysOfCover) else None
    value = getattr(item, field)
    return value.mean if field == "lead_time" else value


def holder(kind: str, field: str) -> str:
    return "policy" if field == "cover" and kind not in ("site", "commodity", "lane") else field


def differences(one: ss.Network, other: ss.Network) -> set[tuple[str, str]]:
    """Names of rows, and the fields in which they differ."""
    return {
        (name, field.name)
        for kind in ROWS
        for name, item in rows_of(one, kind).items()
        for field in dataclasses.fields(item)
        if field.name != "inputs"
        and getattr(item, field.name) != getattr(rows_of(other, kind)[name], field.name)
    }


@pytest.mark.parametrize(
    "distribution",
    [
        ss.Fixed(0.0),
        ss.Fixed(8.0),
        ss.Uniform(2, 6),
        ss.Triangular(30, 38, 60),
        ss.Exponential(9),
        ss.Lognormal(9, 4),
        ss.Empirical([1, 2, 6]),
    ],
)
def test_a_lead_time_is_stretched_as_a_whole(distribution: Any) -> None:
    lane = ss.Lane("mine-b", "smelter", share=1.0, lead_time=distribution)
    lanes = [lane, *(x for x in network().lanes if "mine" not in x.key)]
    mean = distribution.mean
    net = network(span("lane", lane.key, "lead_time", 0.5 * mean, 2.0 * mean + 1.0), lanes=lanes)
    for replication in range(20):
        found = net.drawn(1, replication).lanes_by_key[lane.key].lead_time
        assert type(found) is type(distribution)
        assert 0.5 * mean < found.mean < 2.0 * mean + 1.0
        if mean > 0.0:
            ratio = found.mean / mean
            assert found.quantile(0.3) == pytest.approx(ratio * distribution.quantile(0.3))


def test_shares_sum_to_one_again_and_who_carries_is_qualified() -> None:
    net = network(span("lane", "mine-a|smelter|", "share", 0.05, 0.9))
    ratios = set()
    for replication in range(50):
        world = net.drawn(1, replication)
        shares = [lane.share for lane in world.lanes_into["smelter|ore"]]
        assert sum(shares) == pytest.approx(1.0, abs=1e-12)
        lane = world.lanes_by_key["mine-a|smelter|"]
        assert lane.max_share == max(0.3, lane.share)
        assert world.baseline().output["mine-a"] == pytest.approx(lane.share * 10.0)
        ratios.add(round(lane.share, 6))
    assert len(ratios) == 50


def test_utilisation_moves_the_capacity_and_not_the_flow() -> None:
    net = network(span("site", "mine-b", "utilisation", 0.4, 1.0))
    world = net.drawn(1, 0)
    assert world.baseline().output == net.baseline().output
    used = world.site_by_name["mine-b"].utilisation
    assert used is not None and 0.4 < used < 1.0
    assert world.baseline().capacity["mine-b"] == 7.5 / used


def test_a_world_that_cannot_be_is_refused_with_its_number() -> None:
    net = network(span("demand", "use", "rate", 4.0, 4000.0, "use of metal"))
    with pytest.raises(ss.InvalidInput) as caught:
        for replication in range(50):
            net.drawn(7, replication)
    text = str(caught.value)
    assert "sites.mine-a.capacity: must be at least the baseline output" in text
    assert "these figures were drawn: use of metal" in text
    assert f"as drawn for replication {replication} with seed 7" in text
    with pytest.raises(ss.InvalidInput, match="replication: must be a whole number"):
        net.drawn(7, -1)


@QUICK
@given(UNCERTAIN, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_a_world_is_the_network_of_its_objects(net: ss.Network, seed: int, r: int) -> None:
    world = net.drawn(seed, r)
    assert_same_network(world, rebuilt(world))
    assert world.baseline().flow == net.baseline().flow
    assert pickle.loads(pickle.dumps(net)).drawn(seed, r) == world


@settings(QUICK, max_examples=15)
@given(UNCERTAIN)
def test_runs_in_a_world_are_balanced_and_the_same_from_its_objects(net: ss.Network) -> None:
    world = net.drawn(1, 2)
    run: dict[str, Any] = {"horizon": 60, "seed": 1, "replication": 2, "events": True}
    reference = ss.simulate(world, engine="simpy", **run)
    testing.assert_same(reference, ss.simulate(rebuilt(world), engine="simpy", **run))
    testing.assert_same(reference, ss.simulate(world, engine="compiled", **run))


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        (("site", "mine", "jobs", 0, 1), "ranges.site|mine|jobs.name: unknown site; did you mean"),
        (("lane", "hub|use", "cost", 0, 1), "unknown lane; did you mean 'hub|use|'?"),
        (("input", "smelter", "cover", 0, 90), "unknown input; did you mean"),
        (("site", "pit", "job", 0, 1), "is no number of a site that can be drawn; did you mean"),
        (("site", "pit", "country", 0, 1), "is no number of a site that can be drawn"),
        (("lane", "hub|use|", "priority", 0, 1), "is no number of a lane that can be drawn"),
        (("input", "smelter|flux", "cover", 0, 90), "smelter|flux gives no cover"),
        (("site", "pit", "capacity", 0, 90), "pit gives no capacity"),
        (("site", "pit", "jobs", 0, 5), "must hold what the row gives, 20; found (0.0, 5.0)"),
        (("lane", "hub|use|", "lead_time", 5.5, 9), "lead_time: must hold what the row gives, 5"),
        (("lane", "hub|use|", "capacity", 5.5, 9), "capacity: must hold what the row gives, inf"),
        (("site", "pit", "utilisation", 0.0, 2.0), "utilisation.high: input should be less than"),
        (("input", "smelter|ore", "per_unit", 0.0, 3.0), "per_unit.low: input should be greater"),
        (("input", "smelter|ore", "cover", 0.0, 1e8), "cover.high: input should be less than"),
    ],
)
def test_bad_ranges_are_refused(item: Any, fault: str) -> None:
    with pytest.raises(ss.InvalidInput) as caught:
        network(span(*item))
    assert fault in str(caught.value)


def test_all_faults_of_ranges_are_told_at_once() -> None:
    good = span("site", "pit", "jobs", 0.0, 90.0)
    with pytest.raises(ss.InvalidInput) as caught:
        network(good, good, span("site", "pot", "jobs", 0, 1), span("site", "pit", "lot", 0, 1))
    told = [str(fault) for fault in caught.value.faults]
    assert told[0] == "range site|pit|jobs: must be there only once; found 2"
    assert len(told) == 3
    with pytest.raises(ss.InvalidInput, match="low <= high"):
        span("site", "pit", "jobs", 2.0, 1.0)


def test_a_closed_lane_and_a_time_of_nothing_cannot_be_drawn() -> None:
    closed = ss.Lane("mine-a", "smelter", mode="air", share=0.0, closed=True)
    never = ss.Lane("mine-a", "smelter", mode="sea", share=0.0, lead_time=ss.Uniform(0, 0))
    lanes = (*network().lanes, closed, never)
    with pytest.raises(ss.InvalidInput, match="closed lane must have share 0"):
        network(span("lane", closed.key, "share", 0.0, 0.5), lanes=lanes)
    with pytest.raises(ss.InvalidInput, match="cannot be stretched"):
        network(span("lane", never.key, "lead_time", 0.0, 0.5), lanes=lanes)


# --- what is done to networks --------------------------------------------------------------------


def test_a_cohort_has_the_ranges_of_its_site() -> None:
    net = network(
        span("site", "smelter", "utilisation", 0.4, 0.6),
        span("site", "smelter", "cycle_time", 1.0, 9.0),
        span("site", "mine-a", "capacity", 80.0, 100.0),
        span("site", "mine-a", "lot", 1.0, 4.0),
        span("input", "smelter|ore", "cover", 20.0, 80.0),
        span("input", "smelter|ore", "per_unit", 2.0, 3.0),
        span("lane", "mine-a|smelter|", "share", 0.2, 0.3),
        span("lane", "pit|smelter|", "capacity", 20.0, 60.0),
        span("lane", "smelter|hub|", "lead_time", 1.0, 4.0),
        span("demand", "use", "penalty", 1.0, 4.0),
    )
    cohort = net.split("smelter", [0.7, 0.3], {"ore": [20.0, 60.0]})
    found = {item.key: (item.low, item.high) for item in cohort.ranges}
    assert len(found) == 7 * 2 + 3
    assert found["site|smelter-2|utilisation"] == (0.4, 0.6)
    assert found["input|smelter-1|ore|cover"] == (10.0, 40.0)
    assert found["input|smelter-2|ore|cover"] == (30.0, 120.0)
    assert found["lane|pit|smelter-2||capacity"] == (6.0, 18.0)
    assert found["lane|mine-a|smelter-2||share"] == (0.2, 0.3)
    assert {item.figure for item in cohort.ranges} == {"f"}
    mines = net.split("mine-a", [0.5, 0.5], {})
    found = {item.key: (item.low, item.high) for item in mines.ranges}
    assert found["site|mine-a-1|capacity"] == (40.0, 50.0)
    assert found["site|mine-a-2|lot"] == (0.5, 2.0)
    assert found["lane|mine-a-2|smelter||share"] == (0.1, 0.15)
    for split in (cohort, mines):
        together = split.drawn(1, 0).baseline()
        assert together.output["mine-b"] == pytest.approx(
            net.drawn(1, 0).baseline().output["mine-b"]
        )


def test_ranges_of_what_is_taken_away_go_with_it() -> None:
    net = network(
        span("commodity", "ore", "price", 5.0, 40.0),
        span("lane", "mine-a|smelter|", "share", 0.2, 0.3),
        span("site", "mine-a", "capacity", 80.0, 100.0),
        span("input", "smelter|flux", "per_unit", 0.05, 0.3),
    )
    lanes = [
        dataclasses.replace(lane, share=1.0)
        for lane in net.lanes
        if lane.source not in ("mine-a", "pit")
    ]
    sites = [
        dataclasses.replace(site, inputs={k: v for k, v in site.inputs.items() if k != "flux"})
        for site in net.sites
        if site.name not in ("mine-a", "pit")
    ]
    left = net.replace(sites=sites, lanes=lanes)
    assert [item.key for item in left.ranges] == ["commodity|ore|price"]
    assert net.replace(title="other").ranges == net.ranges
    with pytest.raises(ss.InvalidInput, match="unknown lane"):
        net.replace(sites=sites, lanes=lanes, ranges=net.ranges)


def test_ranges_come_in_other_units_too() -> None:
    net = network(
        span("site", "mine-a", "capacity", 80.0, 100.0),
        span("commodity", "ore", "price", 5.0, 40.0),
        span("input", "smelter|ore", "cover", 20.0, 80.0),
    )
    assert scaled(net, 8.0).drawn(1, 4) == scaled(net.drawn(1, 4), 8.0)


def test_ranges_as_columns() -> None:
    net = network(span("lane", "hub|use|", "cost", 0.0, 2.0, "freight"))
    tables: dict[str, Any] = {
        "name": "net",
        "commodities": {"name": ["ore"], "price": 2.0},
        "sites": {"name": ["b", "a"], "country": "CN", "makes": "ore", "utilisation": 0.8},
        "demands": {"name": ["use"], "country": "DE", "commodity": "ore", "rate": 4.0},
        "lanes": {"source": ["b", "a"], "target": "use", "share": [0.75, 0.25], "lead_time": 30.0},
    }
    table = {
        "figure": ["time", "price"],
        "kind": ["lane", "commodity"],
        "name": ["b|use|", "ore"],
        "field": ["lead_time", "price"],
        "low": [20.0, 1.0],
        "high": [60.0, 5.0],
    }
    other = ss.Network.from_tables(**tables, ranges=table)
    same = ss.Network.from_tables(**tables, ranges=other.ranges)
    assert other == same == rebuilt(other)
    world = other.drawn(1, 0)
    assert_same_network(world, rebuilt(rebuilt(other).drawn(1, 0)))
    assert [site.name for site in world.sites] == ["b", "a"]
    with pytest.raises(ss.InvalidInput, match=r"ranges\[1\]: must have low <= high"):
        ss.Network.from_tables(**tables, ranges=table | {"low": [20.0, 9.0]})
    with pytest.raises(ss.InvalidInput, match=r"ranges.kind|ranges\[0\].kind"):
        ss.Network.from_tables(**tables, ranges=table | {"kind": ["lanes", "commodity"]})
    assert net.ranges[0].evidence.confidence == "assumed"


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 1.0, exclude_min=True, exclude_max=True),
            st.floats(0.0, 1e6),
            st.floats(1e-3, 1e6),
            st.floats(0.0, 1.0),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_columns_are_drawn_as_the_rule_has_it_bit_for_bit(rows: list[tuple[float, ...]]) -> None:
    lows = [low for _, low, _, _ in rows]
    highs = [low + width for _, low, width, _ in rows]
    modes = [
        min(high, low + part * width)
        for (_, low, width, part), high in zip(rows, highs, strict=True)
    ]
    drawn = Drawn("sites", "cover", [], list(range(len(rows))), lows, modes, highs)
    uniforms = [u for u, _, _, _ in rows]
    found = drawn.values(np.array(uniforms))
    for value, u, low, mode, high in zip(found, uniforms, lows, modes, highs, strict=True):
        assert value == min(high, max(low, rules.triangular(u, low, mode, high)))
