"""Measures that spread, enlarge or spare: caps, plants, scrap, savings, recipes; and what breaks ways and demand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import supplysim as ss
from supplysim import rules, testing
from supplysim.measures import Context, Measure

DAYS = 900


def network() -> ss.Network:
    """Ore of CN (80 %) and AU (20 %) to a plant in DE; its metal (two to one) is used in DE and JP."""
    return ss.Network(
        name="chain",
        commodities=[ss.Commodity("ore", price=10.0), ss.Commodity("salt"), ss.Commodity("metal")],
        sites=[
            ss.Site("cn-mine", country="CN", makes="ore", capacity=9.0, lot=1.0),
            ss.Site("au-mine", country="AU", makes="ore", capacity=9.0, lot=1.0),
            ss.Site("salt-works", country="DE", makes="salt", capacity=9.0, lot=1.0),
            ss.Site(
                "de-plant",
                country="DE",
                makes="metal",
                capacity=4.0,
                lot=1.0,
                inputs={"ore": ss.Input(2.0, policy=ss.DaysOfCover(15.0), reaction=10.0)},
            ),
        ],
        demands=[
            ss.Demand("de-use", country="DE", commodity="metal", rate=1.0),
            ss.Demand("jp-use", country="JP", commodity="metal", rate=1.0),
            ss.Demand("de-salt", country="DE", commodity="salt", rate=1.0),
        ],
        lanes=[
            ss.Lane("cn-mine", "de-plant", share=0.8, lead_time=5.0),
            ss.Lane("au-mine", "de-plant", share=0.2, lead_time=5.0),
            ss.Lane("de-plant", "de-use", lead_time=2.0),
            ss.Lane("de-plant", "jp-use", lead_time=9.0),
            ss.Lane("salt-works", "de-salt", lead_time=1.0),
        ],
    )


def run(net: ss.Network, *measures: Measure, days: int = DAYS) -> ss.Result:
    """On both engines, which must agree."""
    scenario = ss.Scenario(measures=measures)  # type: ignore[arg-type]
    one, other = (
        ss.simulate(net, scenario, horizon=days, engine=engine, events=True)
        for engine in ("simpy", "compiled")
    )
    testing.assert_same(one, other)
    return one


def flow(result: ss.Result, lane: str, since: int, until: int = DAYS) -> float:
    """Units a day."""
    return float(result.data.shipped.sel(lane=lane)[since:until].sum()) / (until - since)


def output(result: ss.Result, site: str, since: int, until: int = DAYS) -> float:
    return float(result.data.output.sel(site=site)[since:until].sum()) / (until - since)


CN, AU = "cn-mine|de-plant|", "au-mine|de-plant|"


# --- caps ----------------------------------------------------------------------------------------


def test_a_cap_moves_what_is_above_it() -> None:
    cap = ss.ShareCap(commodities=["ore"], to=["DE"], cap=0.65, begins=100)
    found = run(network(), cap)
    assert flow(found, CN, 200) == pytest.approx(0.65 * 4.0, rel=0.02)
    assert flow(found, AU, 200) == pytest.approx(0.35 * 4.0, rel=0.02)
    assert float(found.data.unmet.sum()) == 0.0


def test_a_cap_comes_step_by_step_and_goes_with_the_measure() -> None:
    cap = ss.ShareCap(commodities=["ore"], to=["DE"], cap=0.5, begins=100, ramp=300, ends=600)
    found = run(network(), cap)
    assert flow(found, CN, 250, 310) == pytest.approx(0.65 * 4.0, rel=0.1)
    assert flow(found, CN, 420, 590) == pytest.approx(0.5 * 4.0, rel=0.03)
    assert flow(found, CN, 650) == pytest.approx(0.8 * 4.0, rel=0.03)


def test_a_cap_moves_no_more_than_others_are_qualified_for() -> None:
    net = network()
    lanes = tuple(dataclasses.replace(x, max_share=0.3) if x.key == AU else x for x in net.lanes)
    cap = ss.ShareCap(commodities=["ore"], to=["DE"], cap=0.5, begins=0)
    found = run(net.replace(lanes=lanes), cap)
    assert flow(found, CN, 200) == pytest.approx(0.7 * 4.0, rel=0.02)


# --- plants --------------------------------------------------------------------------------------


def test_a_new_plant_delivers_once_built_and_ramped_up() -> None:
    """A quarter of the ore from day 300 on, when the mine in CA begins; all of it from day 400."""
    mine = ss.NewCapacity(
        key="ca-mine", commodity="ore", country="CA", capacity=1.0, to=["DE"], build=250, ramp=100,
        share=0.25, begins=50, lead_time=5.0, investment=1e6, upkeep=3650.0,
    )  # fmt: skip
    found = run(network(), mine)
    assert flow(found, "ca-mine|de-plant|", 0, 300) == 0.0
    assert flow(found, "ca-mine|de-plant|", 450) == pytest.approx(1.0, rel=0.02)
    assert flow(found, CN, 450) == pytest.approx(0.75 * 0.8 * 4.0, rel=0.03)
    charges = mine.charges(Context(network(), None))
    assert sum(x.total(500.0) for x in charges) == pytest.approx(1e6 + 450 * 10.0)


def test_a_plant_like_another_takes_what_that_takes() -> None:
    """A second plant for JP takes its ore of the same mines, four to one, once it is built; its stocks begin empty."""
    plant = ss.NewCapacity(
        key="jp-plant", commodity="metal", country="JP", capacity=2.0, to=["JP"], like="de-plant",
        build=100, share=1.0,
    )  # fmt: skip
    found = run(network(), plant)
    assert float(found.data.received.sel(lane="cn-mine|jp-plant|")[:100].sum()) == 0.0
    assert output(found, "jp-plant", 300) == pytest.approx(1.0, rel=0.02)
    assert flow(found, "cn-mine|jp-plant|", 300) == pytest.approx(0.8 * 2.0, rel=0.03)
    assert flow(found, "de-plant|jp-use|", 300) == 0.0


def test_plants_that_are_enlarged_share_the_gain_by_what_they_have() -> None:
    more = ss.NewCapacity(commodity="ore", sites=["cn-mine", "au-mine"], capacity=2.0, build=10)
    changes = {x.target.name: x.value for x in more.primitives(Context(network(), None))}  # type: ignore[union-attr]
    assert changes == {"cn-mine": ss.Add(1.0), "au-mine": ss.Add(1.0)}
    with pytest.raises(ss.InvalidInput, match="give either sites to enlarge"):
        ss.NewCapacity(commodity="ore", capacity=2.0, build=10)


# --- scrap ---------------------------------------------------------------------------------------


def test_cohorts() -> None:
    """ODYM's example: what came in 1..10 leaves after 5 years; what is in use is the difference of the sums."""
    inflow = [float(x) for x in range(1, 11)]
    outflow = rules.cohort_outflow(inflow, [0.0] * 5 + [1.0])
    assert outflow == [0, 0, 0, 0, 0, 1, 2, 3, 4, 5]
    stock = [sum(inflow[: t + 1]) - sum(outflow[: t + 1]) for t in range(10)]
    assert stock == [1, 3, 6, 10, 15, 20, 25, 30, 35, 40]
    assert rules.cohort_outflow([2.0, 4.0, 6.0], [0.25, 0.5]) == [0.5, 2.0, 3.5]


def test_scrap_of_past_years_feeds_the_plant() -> None:
    """Of 730 and 1,095 used two years and one year ago, half comes back two years later: 1 a day, then 1.5."""
    scrap = ss.Recycling(
        key="scrap", commodity="ore", country="DE", to=["DE"], collection=0.625, recovery=0.8,
        lifetime=2.0, inflow=[730.0, 1095.0], begins=0,
    )  # fmt: skip
    found = run(network(), scrap)
    assert flow(found, "scrap|de-plant|", 60, 365) == pytest.approx(1.0, rel=0.03)
    assert flow(found, "scrap|de-plant|", 430, 730) == pytest.approx(1.5, rel=0.03)
    assert flow(found, CN, 430, 730) == pytest.approx(0.8 * 2.5, rel=0.03)
    assert float(found.data.unmet.sum()) == 0.0


# --- savings and recipes -------------------------------------------------------------------------


def test_savings_lower_final_use_and_recipes() -> None:
    less = ss.DemandReduction(commodities=["ore", "metal"], share=0.25, qualification=100)
    found = run(network(), less)
    assert output(found, "de-plant", 200) == pytest.approx(0.75 * 2.0, rel=0.02)
    used = float(found.data.used.sel(slot="de-plant|ore")[200:].sum()) / 700
    assert used == pytest.approx(0.75 * 2.0 * 1.5, rel=0.02)
    assert float(found.data.unmet.sum()) == 0.0
    only = ss.DemandReduction(commodities=["metal"], to=["JP"], share=0.5)
    assert float(run(network(), only).data.wanted.sel(demand="de-use").sum()) == DAYS


def test_a_recipe_without_it_lives_through_a_stop() -> None:
    """Half without ore: in a stop of half of the ore from day 200 on nothing is lost, at the price of the yield."""
    stop = ss.Outage(sites=["cn-mine"], begins=200)
    net = network()
    net = net.replace(
        lanes=tuple(
            dataclasses.replace(x, share=0.5, max_share=0.5) if "mine" in x.key else x
            for x in net.lanes
        )
    )
    recipe = ss.Substitution(commodity="ore", share=0.5, qualification=100)
    bare, spared = (float(run(net, *x).data.unmet.sum()) for x in ((stop,), (stop, recipe)))
    assert bare > 400.0
    assert spared < 20.0


def test_a_second_line_draws_on_the_substitute() -> None:
    """Half of the metal of salt from day 100 on, one for one: 2 of salt a day, and half the ore."""
    recipe = ss.Substitution(
        key="salty", commodity="ore", by="salt", share=0.5, qualification=100, yield_penalty=0.0
    )
    found = run(network(), recipe)
    assert output(found, "salty de-plant", 400) == pytest.approx(1.0, rel=0.03)
    assert output(found, "de-plant", 400) == pytest.approx(1.0, rel=0.03)
    assert flow(found, "salt-works|salty de-plant|", 400) == pytest.approx(2.0, rel=0.03)
    assert flow(found, "salt-works|salty de-plant|", 0, 100) == 0.0


# --- ways and demand -----------------------------------------------------------------------------


def test_a_closed_way_loses_what_stocks_do_not_cover() -> None:
    """The way to JP is shut for 50 days; its user has 10 days of stock, what is under way arrives."""
    strait = ss.LaneDisruption(origin=["DE"], to=["JP"], begins=100, ends=150, both_ways=False)
    found = run(network(), strait)
    lost = found.data.unmet.sum("time")
    assert float(lost.sel(demand="jp-use")) == pytest.approx(50.0 - 10.0, abs=2.0)
    assert float(lost.sel(demand="de-use")) == 0.0


def test_a_longer_way_costs_once() -> None:
    """14 days more without a limit of capacity: a transient loss only, and dearer for as long as it lasts."""
    around = ss.LaneDisruption(
        lanes=["de-plant|jp-use|"],
        severity=0.0,
        extra_days=14.0,
        extra_cost=7.0,
        begins=100,
        ends=500,
    )
    found = run(network(), around)
    assert float(found.data.unmet[200:].sum()) == 0.0
    money = found.money[(found.money["entity"] == "de-plant|jp-use|")].set_index("account")["usd"]
    assert money["freight"] == pytest.approx(7.0 * 400, rel=0.05)


def test_what_narrows_lets_part_through_and_recovers() -> None:
    narrow = ss.LaneDisruption(
        lanes=[CN, AU], severity=0.5, begins=100, ends=200, recovery="linear", recovery_days=100
    )
    found = run(network(), narrow)
    assert flow(found, CN, 110, 200) == pytest.approx(0.5 * 3.2, rel=0.05)
    assert flow(found, CN, 400) == pytest.approx(3.2, rel=0.05)


def test_a_shock_to_demand_wears_off() -> None:
    boom = ss.DemandShock(
        demands=["de-use"], change=0.5, begins=100, ends=200, recovery="linear", recovery_days=100
    )
    wanted = run(network(), boom).data.wanted.sel(demand="de-use")
    assert float(wanted[100:200].sum()) == pytest.approx(150.0)
    assert float(wanted[200:300].sum()) == pytest.approx(100.0 + 25.0, abs=1.0)
    assert float(wanted[300:].sum()) == pytest.approx(DAYS - 300)


# --- what does nothing ---------------------------------------------------------------------------


def idle(net: ss.Network) -> list[Measure]:
    """Every measure of the family in a setting that does nothing."""
    slot = next(iter(net.slots.values()))
    to: dict[str, Any] = {"commodity": slot.commodity, "to": [slot.country]}
    many: dict[str, Any] = {"commodities": [slot.commodity], "to": [slot.country]}
    found: list[Measure] = [
        ss.ShareCap(key="cap", cap=1.0, **many),
        ss.Recycling(
            key="scrap", country="NO", collection=0.0, recovery=1.0, lifetime=ss.Fixed(1.0), **to
        ),
    ]
    users = [x for x in net.slots.values() if x.kind != "store"]
    own = {"commodities": [users[0].commodity], "to": [users[0].country]}
    found.append(ss.DemandReduction(key="less", share=0.0, **own))
    inputs = [x for x in net.slots.values() if x.kind == "input"]
    if inputs:
        found.append(ss.Substitution(key="recipe", commodity=inputs[0].commodity, share=0.0))
    if net.demands:
        found.append(ss.DemandShock(key="boom", demands=[net.demands[0].name], change=0.0))
    if net.lanes:
        lane = net.lanes[0].key
        found.append(ss.LaneDisruption(key="way", lanes=[lane], severity=0.0, begins=10, ends=20))
    return found


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(testing.networks(policies="any", deterministic=False, cycles=True))
def test_settings_that_do_nothing_change_nothing(net: ss.Network) -> None:
    calm = ss.simulate(net, None, horizon=100, events=True)
    scenario = ss.Scenario(measures=idle(net))  # type: ignore[arg-type]
    testing.assert_same(calm, ss.simulate(net, scenario, horizon=100, events=True))
