"""What holds for every measure that there is, one kind at a time, on random networks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twin_check import assert_same

import supplysim as ss
from supplysim import testing
from supplysim.measures import Measure
from supplysim.plan import make_plan

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
SEARCH = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
KINDS = pytest.mark.parametrize("kind", testing.ALL_MEASURES, ids=lambda kind: kind.__name__)
LASTING = {"TechnologyAcquisition", "Subsidy"}
"""Measures that leave the network another one for good."""


@KINDS
@settings(SEARCH, max_examples=20)
@given(data=st.data())
def test_engines_agree(kind: type[Measure], data: st.DataObject) -> None:
    """Each kind gets its share of the search, however many there are."""
    network = data.draw(testing.networks(deterministic=False, policies="any", cycles=True))
    scenario = data.draw(testing.scenarios(network, measures=[kind]))
    assert_same(make_plan(network, scenario, horizon=150, seed=1, replication=0, warmup=None))


@settings(SEARCH, max_examples=40)
@given(data=st.data())
def test_the_order_of_listing_never_matters(data: st.DataObject) -> None:
    network = data.draw(testing.networks(deterministic=False, policies="any"))
    scenario = data.draw(testing.scenarios(network, max_measures=4))
    mixed = data.draw(st.permutations(scenario.measures))
    other = dataclasses.replace(scenario, measures=tuple(mixed))
    one, two = (ss.simulate(network, x, horizon=120, events=True) for x in (scenario, other))
    testing.assert_same(one, two)


def world() -> ss.Network:
    """Mines and smelters in two countries each, with room to catch up; users in three."""
    goods = [ss.Commodity("ore", price=10.0), ss.Commodity("metal", price=50.0)]
    mines = [
        ss.Site(f"{c.lower()}-mine", country=c, makes="ore", utilisation=0.6, lot=3.0)
        for c in ("CN", "AU")
    ]
    need = ss.Input(1.5, policy=ss.DaysOfCover(12.0), reaction=10.0)
    plants = [
        ss.Site(
            f"{c.lower()}-plant",
            country=c,
            makes="metal",
            utilisation=0.6,
            lot=2.0,
            cycle_time=3.0,
            inputs={"ore": need},
        )
        for c in ("CN", "DE")
    ]
    users = [
        ss.Demand(
            f"{c.lower()}-use",
            country=c,
            commodity="metal",
            rate=1.0,
            policy=ss.DaysOfCover(15.0),
            reaction=10.0,
        )
        for c in ("DE", "JP", "CN")
    ]
    lanes = [
        ss.Lane(mine.name, plant.name, share=share, lead_time=5.0)
        for plant in plants
        for mine, share in zip(mines, (0.75, 0.25), strict=True)
    ]
    lanes += [
        ss.Lane(plant.name, user.name, share=share, lead_time=4.0)
        for user in users
        for plant, share in zip(plants, (0.75, 0.25), strict=True)
    ]
    return ss.Network(
        name="world", commodities=goods, sites=[*mines, *plants], demands=users, lanes=lanes
    )


@KINDS
@settings(SEARCH, max_examples=15)
@given(data=st.data())
def test_what_ended_long_ago_leaves_the_baseline(kind: type[Measure], data: st.DataObject) -> None:
    """In the third year after it ended, everybody is served, and lanes carry what they did."""
    if kind.__name__ in LASTING:
        pytest.skip("it leaves the network another one for good")
    network = world()
    drawn = data.draw(testing.scenarios(network, measures=[kind], calendar=False))
    over = tuple(
        m
        if m.ends is not None
        else dataclasses.replace(m, ends=float(m.begins) + m.decision_lag + 60.0)  # type: ignore[arg-type]
        for m in drawn.measures
        if not getattr(m, "observed", ())
    )
    run = ss.simulate(network, dataclasses.replace(drawn, measures=over), horizon=1300)
    last = run.data.sel(time=slice(1100, None))
    assert float(last.unmet.sum()) == 0.0
    base = network.baseline().flow
    for key, flow in base.items():
        shipped = float(last.shipped.sel(lane=key).sum())
        assert shipped == pytest.approx(flow * 200.0, rel=0.05, abs=12.0), key
    assert np.isfinite(last.on_hand.to_numpy()).all()


@settings(SEARCH, max_examples=60)
@given(data=st.data())
def test_money_is_paid_for_what_arrives(data: st.DataObject) -> None:
    """Goods and freight are what arrived at its price, whatever measures are on; where those move prices, at least
    nobody pays without having received, and there is no duty without a measure that levies it."""
    network = data.draw(testing.networks(deterministic=False, policies="any"))
    scenario = data.draw(testing.scenarios(network, max_measures=4))
    plan = make_plan(network, scenario, horizon=120, seed=1, replication=0, warmup=None)
    trace = assert_same(plan)
    moved: dict[str, set[str]] = {"price": set(), "cost": set(), "duty": set()}
    for change in plan.timeline.everything:
        if change.target.attribute in moved:
            moved[change.target.attribute].add(change.target.name)
    priced = bool(plan.timeline.markets)
    lanes = plan.network.lanes_by_key
    received = trace.daily["lane", "received"].sum(axis=0)
    for i, key in enumerate(trace.names["lane"]):
        paid = {name: float(trace.money["lane", name][i]) for name in ("goods", "freight", "duty")}
        price = plan.network.commodity_by_name[plan.network.product(lanes[key].source)].price
        if not priced and key not in moved["price"]:
            assert paid["goods"] == pytest.approx(price * received[i], rel=1e-9), key
        if key not in moved["cost"]:
            assert paid["freight"] == pytest.approx(lanes[key].cost * received[i], rel=1e-9), key
        if key not in moved["duty"] or received[i] == 0.0:
            assert paid["duty"] == 0.0
        if received[i] == 0.0:
            assert paid == {"goods": 0.0, "freight": 0.0, "duty": 0.0}
