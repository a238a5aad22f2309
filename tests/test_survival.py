"""Time to survive, time to recover and the least loss, against cases worked by hand and against the simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim import exposure, testing
from supplysim.exposure import Cut, Stocks
from supplysim.exposure.programme import Period, Programme

QUICK = settings(deadline=None, max_examples=40)


# --- the published case ---------------------------------------------------------------------------


def shared_suppliers(capacities=(30.0, 45.0, 60.0), rates=(75.0, 50.0)) -> ss.Network:
    """Suppliers that can all serve both products."""
    whole = sum(rates)
    shares = [c / sum(capacities) for c in capacities]
    assert whole <= sum(capacities)
    return ss.Network(
        name="shared",
        commodities=[ss.Commodity("part")],
        sites=[
            ss.Site(f"s{i}", country="CN", makes="part", capacity=c, lot=1e-3)
            for i, c in enumerate(capacities, 1)
        ],
        demands=[
            ss.Demand(name, country="DE", commodity="part", rate=rate)
            for name, rate in zip("ab", rates, strict=True)
        ],
        lanes=[
            ss.Lane(f"s{i}", name, share=share, lead_time=0.0)
            for name in "ab"
            for i, share in enumerate(shares, 1)
        ],
    )


def on_hand(*amounts: float) -> Stocks:
    return Stocks(np.array(amounts), np.zeros(3), np.zeros(len(amounts)))


@pytest.mark.parametrize(
    ("off", "loss", "survive"),
    [
        ("s1", 0.0, 2.25),
        ("s2", 125_000.0, 1.285714),
        ("s3", 275_000.0, 0.9),
        ("s1 s2", 425_000.0, 0.692308),
        ("s1 s3", 575_000.0, 0.5625),
    ],
)
def test_suppliers_of_two_products(off, loss, survive):
    """Simchi-Levi et al. (2015)."""
    found = exposure.survival(
        shared_suppliers(),
        Cut(nodes=off.split()),
        recover=2.0,
        worth={"a": 5_000.0, "b": 6_500.0},
        stocks=on_hand(20.0, 25.0),
    )
    assert found.loss == pytest.approx(loss, abs=1e-6)
    assert found.survive == pytest.approx(survive, abs=1e-6)


def test_nothing_off_lasts_for_ever():
    days = Period.normal(shared_suppliers())
    found = Programme(shared_suppliers(), on_hand(20.0, 25.0)).longest([days])
    assert found.days == math.inf


@QUICK
@given(
    capacities=st.lists(st.floats(20.0, 80.0), min_size=3, max_size=3),
    stocks=st.tuples(st.floats(0.0, 200.0), st.floats(0.0, 200.0)),
    recover=st.floats(0.5, 20.0),
    off=st.sets(st.sampled_from(["s1", "s2", "s3"]), min_size=1, max_size=2),
)
def test_shared_suppliers_in_closed_form(capacities, stocks, recover, off):
    """All can serve all: what is short is need less capacity and stock, and the cheap product goes short first."""
    whole = sum(capacities)
    rates = (0.5 * whole, 0.4 * whole)
    net = shared_suppliers(tuple(capacities), rates)
    left = sum(c for i, c in enumerate(capacities, 1) if f"s{i}" not in off)
    found = exposure.survival(
        net,
        Cut(nodes=sorted(off)),
        recover=recover,
        worth={"a": 1.0, "b": 1.0},
        stocks=on_hand(*stocks),
    )
    # each product's own stock is of no use to the other
    need = [max(0.0, rate * recover - stock) for rate, stock in zip(rates, stocks, strict=True)]
    assert found.lost.sum() == pytest.approx(
        max(0.0, sum(need) - left * recover), abs=1e-5 * whole * recover
    )
    if abs(found.survive - recover) > 1e-6 * recover:
        assert (found.loss == 0.0) == (found.survive > recover)


# --- chains ---------------------------------------------------------------------------------------


def chain(**changes) -> ss.Network:
    """A mine in CN, a plant in DE that takes two units of ore a piece, and its users."""
    return ss.Network(
        name="chain",
        commodities=[ss.Commodity("ore", price=2.0), ss.Commodity("part", price=10.0)],
        sites=[
            ss.Site("mine", country="CN", makes="ore", utilisation=0.5, lot=1.0),
            ss.Site(
                "plant",
                country="DE",
                makes="part",
                utilisation=0.8,
                lot=1.0,
                inputs={"ore": ss.Input(2.0, policy=ss.DaysOfCover(20), **changes)},
            ),
        ],
        demands=[
            ss.Demand("use", country="DE", commodity="part", rate=5.0, policy=ss.DaysOfCover(8))
        ],
        lanes=[ss.Lane("mine", "plant", lead_time=30.0), ss.Lane("plant", "use", lead_time=2.0)],
    )


def test_stocks_along_a_chain_add_up():
    """20 days of ore and 30 under way, finished parts, parts under way, and 8 days with the users."""
    net = chain()
    stocks = Stocks(np.array([200.0, 40.0]), np.array([0.0, 15.0]), np.array([300.0, 10.0]))
    assert net.tables.slot_keys == ["plant|ore", "use"]
    found = exposure.survival(net, Cut(origin=["CN"]), recover=90.0, stocks=stocks)
    days = (200.0 + 300.0) / 10.0 + (15.0 + 40.0 + 10.0) / 5.0
    assert found.survive == pytest.approx(days)
    assert found.lost["use"] == pytest.approx(5.0 * (90.0 - days))
    assert found.loss == pytest.approx(50.0 * (90.0 - days))
    # one more day of any stock is one more day
    assert found.binds.loc[found.binds["kind"] == "stock", "days"].tolist() == pytest.approx([1, 1])


def test_a_plant_that_can_do_without_in_part():
    """Half of its output uses the ore, and four fifths of that are lost without: 40 % goes."""
    net = chain(needs=0.5, criticality=0.8)
    stocks = Stocks(np.zeros(2), np.zeros(2), np.zeros(2))
    found = exposure.survival(net, Cut(origin=["CN"]), recover=50.0, stocks=stocks)
    # it may begin a quarter more lots than it needs in normal times: 1.25 x 0.6 of its output
    assert found.lost["use"] == pytest.approx(50.0 * 5.0 * (1.0 - 1.25 * 0.6))


def test_when_stocks_are_whole_again():
    """The mine makes twice what is used: what ran down in 30 days is back in 30."""
    net = chain()
    stocks = Stocks(np.array([200.0, 40.0]), np.array([0.0, 15.0]), np.array([300.0, 10.0]))
    cut = Cut(nodes=["mine"])
    assert exposure.survival(net, cut, recover=30.0, stocks=stocks).loss == 0.0
    assert exposure.time_to_recover(net, cut, lasts=30.0, stocks=stocks) == pytest.approx(60.0)


def test_idle_capacity_counts_from_when_it_may_be_back():
    net = chain()
    rival = ss.Site(
        "rival", country="AU", makes="ore", idle=ss.Idle(10.0, after=10.0, delay=30.0), planned=10.0
    )
    net = net.plus(sites=[rival], lanes=[ss.Lane("rival", "plant", share=0.0, lead_time=30.0)])
    for opening, survive in ((30.0, 30.0), (40.0, math.inf), (45.0, math.inf)):
        stocks = Stocks(np.array([10.0 * opening, 0.0]), np.zeros(3), np.zeros(2))
        found = exposure.survival(net, Cut(origin=["CN"]), recover=90.0, stocks=stocks)
        assert found.survive == pytest.approx(survive)
        assert (found.loss > 0.0) == (survive < 90.0)


def test_by_products_end_with_their_host():
    net = ss.Network(
        name="host",
        commodities=[ss.Commodity("alumina"), ss.Commodity("gallium")],
        sites=[
            ss.Site("alumina", country="CN", makes="alumina", utilisation=0.8, lot=1.0),
            ss.Site(
                "gallium",
                country="CN",
                makes="gallium",
                utilisation=0.8,
                lot=0.001,
                host="alumina",
                host_yield=0.01,
                host_buffer=5.0,
            ),
        ],
        demands=[
            ss.Demand("cans", country="DE", commodity="alumina", rate=100.0),
            ss.Demand("chips", country="DE", commodity="gallium", rate=1.0),
        ],
        lanes=[
            ss.Lane("alumina", "cans", lead_time=1.0),
            ss.Lane("gallium", "chips", lead_time=1.0),
        ],
    )
    nothing = Stocks(np.zeros(2), np.zeros(2), np.zeros(2))
    found = exposure.survival(net, Cut(nodes=["alumina"]), recover=20.0, stocks=nothing)
    left = net.tables and 5.0  # days of residue that lie there
    assert found.lost["chips"] == pytest.approx(20.0 - left)
    assert found.lost["cans"] == pytest.approx(2_000.0)


# --- scenarios ------------------------------------------------------------------------------------


def test_measures_are_read_from_their_dated_changes():
    net = chain()
    stocks = Stocks(np.array([200.0, 40.0]), np.array([0.0, 15.0]), np.array([300.0, 10.0]))
    late = ss.Scenario(measures=[ss.ExportBan(origin=["CN"], commodities=["ore"], begins=40.0)])
    cut = exposure.survival(net, Cut(origin=["CN"]), recover=160.0, stocks=stocks)
    found = exposure.survival(net, late, recover=200.0, stocks=stocks)
    # the planner brings in all that the mine makes before the ban: twice the use, for 40 days
    assert found.survive == pytest.approx(40.0 + cut.survive + 40.0)
    quota = ss.ExportQuota(origin=["CN"], commodities=["ore"], amount=150.0, period=30.0)
    found = exposure.survival(net, ss.Scenario(measures=[quota]), recover=900.0, stocks=stocks)
    assert found.loss == pytest.approx(10.0 * (0.5 * 5.0 * 900.0 - 250.0 - 65.0 - 75.0), rel=0.02)
    free = exposure.survival(net, ss.Scenario(), recover=200.0, stocks=stocks)
    assert (free.survive, free.loss) == (math.inf, 0.0)


# --- against the simulation -----------------------------------------------------------------------


@QUICK
@given(st.data())
def test_no_simulation_loses_less_than_the_programme(data):
    net = data.draw(testing.networks(deterministic=True))
    node = data.draw(st.sampled_from([site.name for site in net.sites]))
    days = data.draw(st.sampled_from([20.0, 60.0, 140.0]))
    cut = Cut(nodes=[node])
    best = exposure.survival(
        net, cut, recover=days, stocks=Stocks.of(net).with_lots(net), qualified=False
    )
    lead = max(lane.lead_time.mean for lane in net.lanes)
    horizon = int(max(days, lead)) + 1
    base = ss.simulate(net, None, horizon=horizon)
    run = ss.simulate(net, cut.scenario(net, days), horizon=horizon, warmup=base.recipe.warmup)
    served = run.data["served"].isel(time=slice(0, int(days))).sum("time").to_series()
    wanted = net.tables.demands.rate * days
    worth = np.array(
        [net.commodity_by_name[d.commodity].price or 1.0 for d in net.demand_by_name.values()]
    )
    simulated = float(np.maximum(0.0, wanted - served.to_numpy()) @ worth)
    assert best.loss <= simulated * (1.0 + 1e-6) + 1e-6 * float(wanted @ worth)


@QUICK
@given(st.data())
def test_no_loss_and_outlasting_are_the_same(data):
    net = data.draw(testing.networks(deterministic=True))
    node = data.draw(st.sampled_from([site.name for site in net.sites]))
    days = data.draw(st.floats(1.0, 300.0))
    found = exposure.survival(net, Cut(nodes=[node]), recover=days, stocks=Stocks.stated(net))
    if abs(found.survive - days) > 1e-4 * days:
        assert (found.loss == 0.0) == (found.survive >= days)


def test_both_beside_each_other():
    table = exposure.survival_gap(chain(), Cut(origin=["CN"]), lasts=120.0, horizon=400)
    assert table.loc["survive", "programme"] >= table.loc["survive", "simulation"] > 40.0
    assert table.loc["loss", "simulation"] >= table.loc["loss", "programme"] > 0.0
    assert math.isfinite(table.loc["recover", "simulation"])
    assert table.attrs["binds"] in ("plant|ore", "use", "plant")


def test_measures_beside_each_other():
    stop = ss.Scenario(measures=[ss.ExportBan(origin=["CN"], commodities=["ore"], ends=120)])
    table = exposure.survival_gap(chain(), stop, lasts=300.0, horizon=400)
    same = exposure.survival_gap(chain(), Cut(origin=["CN"]), lasts=120.0, horizon=400)
    assert table.loc["survive", "simulation"] == same.loc["survive", "simulation"]
    assert table.loc["loss", "programme"] == pytest.approx(same.loc["loss", "programme"], rel=1e-6)


def test_many_cuts_at_once():
    net = shared_suppliers()
    cuts = {name: Cut(nodes=name.split()) for name in ("s1", "s2", "s1 s3")}
    table = exposure.survival_table(
        net, cuts, recover=2.0, worth={"a": 5_000.0, "b": 6_500.0}, stocks=on_hand(20.0, 25.0)
    )
    assert table["cut"].tolist() == ["s1 s3", "s2", "s1"]
    assert table["loss"].tolist() == pytest.approx([575_000.0, 125_000.0, 0.0])
    assert table["hardest"].tolist() == ["a", "a", ""]


# --- wrong questions ------------------------------------------------------------------------------


def test_wrong_questions_are_refused_with_all_that_is_wrong():
    net = chain()
    with pytest.raises(ss.InvalidInput) as caught:
        exposure.survival(
            net,
            Cut(nodes=["mien"], lanes=["a|b|"], origin=["ZZZ"], commodities=["oer"]),
            recover=9.0,
        )
    told = str(caught.value)
    assert "did you mean 'mine'?" in told and "did you mean 'ore'?" in told
    assert "ZZZ" in told and "a|b|" in told
    for bad in (math.inf, 0.0, -1.0, math.nan):
        with pytest.raises(ss.InvalidInput, match=r"recover: must be a finite number of days"):
            exposure.survival(net, Cut(origin=["CN"]), recover=bad)
    with pytest.raises(ss.InvalidInput, match="recover: is required"):
        exposure.survival(net, Cut(origin=["CN"]))
    with pytest.raises(ss.InvalidInput, match="nothing in this network is cut"):
        exposure.survival(net, Cut(origin=["JP"]), recover=9.0)
    with pytest.raises(ss.InvalidInput, match="worth"):
        exposure.survival(net, Cut(origin=["CN"]), recover=9.0, worth={"use": -1.0, "usee": 1.0})
    with pytest.raises(ss.InvalidInput, match=r"longer than the 30 days of the way mine\|plant\|"):
        exposure.survival_gap(net, Cut(origin=["CN"]), lasts=20.0, horizon=25)
