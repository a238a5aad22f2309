"""Scarcity prices: the rule, what users expect, who answers, and that nothing moves while nobody goes short."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twin_check import assert_same

import supplysim as ss
from supplysim import rules, testing
from supplysim.plan import make_plan

PRICED = {"elasticity_supply": 0.1, "elasticity_demand": 0.3}


@pytest.mark.parametrize(
    ("unmet", "supply", "demand", "price"),
    [(0.3, 0.1, 0.3, 2.439242), (0.5, 0.2, 0.3, 4.0), (0.0, 0.1, 0.3, 1.0), (1.0, 0.1, 0.3, 8.0)],
)
def test_the_price_clears_the_market(
    unmet: float, supply: float, demand: float, price: float
) -> None:
    found = rules.scarcity_price(unmet, supply, demand, 8.0)
    assert found == pytest.approx(price, abs=5e-7)
    if 0.0 < unmet < 1.0:
        assert rules.answer(found, -demand) == pytest.approx(
            (1.0 - unmet) * rules.answer(found, supply), rel=1e-12
        )
    assert rules.answer(rules.scarcity_price(0.3, 0.1, 0.3, 8.0), -0.3) == pytest.approx(
        0.765286, abs=5e-7
    )


def market(**prices: float) -> ss.Network:
    """DE buys 60 % of its ore in CN and 40 % in AU, and nobody is qualified for more."""
    return ss.Network(
        name="market",
        commodities=[ss.Commodity("ore", price=100.0, **(prices or PRICED))],  # type: ignore[arg-type]
        sites=[
            ss.Site("cn", country="CN", makes="ore", capacity=3.0, lot=1.0),
            ss.Site("au", country="AU", makes="ore", capacity=0.4, lot=0.2),
        ],
        demands=[
            ss.Demand("use", country="DE", commodity="ore", rate=1.0, policy=ss.DaysOfCover(30.0))
        ],
        lanes=[
            ss.Lane("cn", "use", share=0.6, max_share=0.6, lead_time=5.0),
            ss.Lane("au", "use", share=0.4, max_share=0.6, lead_time=5.0),
        ],
    )


BAN = ss.ExportBan(key="ban", origin=["CN"], commodities=["ore"], begins=100, ends=400)


def run(network: ss.Network, scenario: ss.Scenario, days: int = 700) -> ss.Result:
    one, other = (
        ss.simulate(network, scenario, horizon=days, engine=engine, events=True)
        for engine in ("simpy", "compiled")
    )
    testing.assert_same(one, other)
    return one


def test_scarcity_saves_use_and_calls_forth_supply() -> None:
    """With prices less is wanted and more is made in AU, so less is lost; after the ban all is as before."""
    fixed = run(market(), ss.Scenario(measures=[BAN]))
    moved = run(market(), ss.Scenario(measures=[BAN], prices=True))
    wanted = moved.data.wanted.sel(demand="use")
    assert float(wanted[:100].sum()) == pytest.approx(100.0)
    assert float(wanted[200:390].mean()) < 0.85
    assert float(wanted[500:].mean()) == pytest.approx(1.0)
    assert float(moved.data.unmet.sum()) < 0.7 * float(fixed.data.unmet.sum())
    made = moved.data.output.sel(site="au")[250:390].mean()
    assert float(made) > float(fixed.data.output.sel(site="au")[250:390].mean())
    paid = [
        x.money.set_index(["entity", "account"])["usd"]["au|use|", "goods"] for x in (fixed, moved)
    ]
    assert paid[1] > 1.5 * paid[0]


def test_the_price_follows_what_is_expected_not_the_month_s_trade() -> None:
    """With 30 days of stock the ban of day 100 shows in the price only once CN's lane is judged to fail (day 130)."""
    moved = run(market(), ss.Scenario(measures=[BAN], prices=True))
    wanted = moved.data.wanted.sel(demand="use")
    first = next(day for day in range(700) if float(wanted[day]) < 1.0)
    assert 100 <= first <= 140


def test_prices_are_off_unless_asked_for_and_where_nothing_is_known() -> None:
    ban = ss.Scenario(measures=[BAN])
    priced = dataclasses.replace(ban, prices=True)
    bare = market(elasticity_origins=3.0)
    testing.assert_same(run(bare, ban), run(bare, priced))
    calm = ss.simulate(market(), ss.Scenario(prices=True), horizon=300, events=True)
    testing.assert_same(calm, ss.simulate(market(), None, horizon=300, events=True))


def test_who_is_held_back_is_in_no_market() -> None:
    """CN's own users see no scarcity when its exports are banned."""
    network = market()
    home = ss.Demand("home", country="CN", commodity="ore", rate=1.0)
    lane = ss.Lane("cn", "home", lead_time=5.0)
    network = network.replace(demands=(*network.demands, home), lanes=(*network.lanes, lane))
    plan = make_plan(
        network,
        ss.Scenario(measures=[BAN], prices=True),
        horizon=100,
        seed=1,
        replication=0,
        warmup=None,
    )
    (only,) = plan.timeline.markets
    assert (only.slots, only.sites, only.choke) == (("use",), ("au",), 10.0)


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_engines_agree(data: st.DataObject) -> None:
    network = data.draw(testing.networks(deterministic=False, policies="any", cycles=True))
    elasticity = st.sampled_from((0.0, 0.1, 0.5))
    goods = [
        dataclasses.replace(
            item,
            elasticity_supply=data.draw(elasticity),
            elasticity_demand=data.draw(elasticity),
            choke_price=data.draw(st.sampled_from((None, 1.5, 8.0))),
        )
        for item in network.commodities
    ]
    network = network.replace(commodities=goods)
    scenario = dataclasses.replace(data.draw(testing.scenarios(network)), prices=True)
    assert_same(make_plan(network, scenario, horizon=150, seed=1, replication=0, warmup=None))
