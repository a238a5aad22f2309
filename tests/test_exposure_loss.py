"""Losses by whom and when, against duration and in the tail; who hurts whom; whether a run has settled."""

from __future__ import annotations

import datetime as dt
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim import exposure

ONCE = {"executor": 1, "progress": False}


def chain(*, earned: float = 6.0, days: float = 20.0) -> ss.Network:
    """A mine in CN earns 1 a unit of ore; a plant in DE makes 5 parts a day of 10 ore and earns on each."""
    return ss.Network(
        name="chain",
        commodities=[
            ss.Commodity("ore", price=2.0, sector="mineral", elasticity_origins=6.0),
            ss.Commodity("part", price=20.0, sector="industry"),
        ],
        sites=[
            ss.Site("mine", country="CN", makes="ore", utilisation=0.5, lot=1.0, value_added=1.0),
            ss.Site(
                "plant",
                country="DE",
                makes="part",
                utilisation=0.5,
                lot=0.5,
                value_added=earned,
                inputs={"ore": ss.Input(2.0, policy=ss.DaysOfCover(days))},
            ),
        ],
        demands=[
            ss.Demand("use", country="DE", commodity="part", rate=5.0, policy=ss.DaysOfCover(0))
        ],
        lanes=[ss.Lane("mine", "plant", lead_time=10.0), ss.Lane("plant", "use", lead_time=1.0)],
        groups={"EU": ["DE", "FR"]},
    )


def stop(ends: float | None = None, **scenario) -> ss.Scenario:
    ban = ss.ExportBan(origin=["CN"], commodities=["ore"], ends=ends)
    return ss.Scenario(name="stop", measures=[ban], **scenario)


def compared(
    network: ss.Network, scenario: ss.Scenario, horizon: int = 200, **more
) -> ss.Comparison:
    settings = {"replications": 3, "horizon": horizon, **ONCE, **more}
    runs = ss.ensemble(network, {"base": None, "stop": scenario}, **settings)
    return ss.compare(runs["base"], runs["stop"])


# --- tails ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "expected"), [(0.8, 70.0), (0.85, 80.0), (0.9, 100.0), (0.0, 15.0)]
)
def test_the_mean_of_the_tail(level, expected):
    assert exposure.cvar([0.0] * 7 + [10.0, 40.0, 100.0], level) == pytest.approx(expected)
    weights = [7.0, 1.0, 1.0, 1.0]
    assert exposure.cvar([0.0, 10.0, 40.0, 100.0], level, weights) == pytest.approx(expected)


@settings(deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30),
    st.floats(0.0, 0.99),
    st.floats(0.0, 0.99),
)
def test_the_tail_is_the_least_of_rockafellar_and_uryasev(values, one, other):
    """min over a of a + E[(X - a)+] / (1 - level), which is reached at a sample."""
    direct = min(a + np.maximum(0.0, np.array(values) - a).mean() / (1.0 - one) for a in values)
    assert exposure.cvar(values, one) == pytest.approx(direct, rel=1e-9, abs=1e-6)
    low, high = sorted((one, other))
    assert exposure.cvar(values, low) <= exposure.cvar(values, high) + 1e-6


def test_wrong_tails_are_refused():
    with pytest.raises(ss.InvalidInput, match="level: must be from 0 to below 1"):
        exposure.cvar([1.0], 1.0)
    with pytest.raises(ss.InvalidInput, match="amounts"):
        exposure.cvar([math.nan], 0.5)
    with pytest.raises(ss.InvalidInput, match="weights"):
        exposure.cvar([1.0, 2.0], 0.5, [1.0])


# --- losses ---------------------------------------------------------------------------------------


def test_losses_are_the_same_sum_however_they_are_told():
    comparison = compared(chain(), stop(60, start=dt.date(2023, 8, 15)))
    sums = []
    for count in range(1, 5):
        for by in itertools.combinations(("country", "sector", "commodity", "month"), count):
            table = exposure.losses(comparison, chain(), by=by)
            assert set(by) < set(table.columns)
            sums.append((table["loss"].sum(), table["baseline"].sum()))
    assert np.array(sums) == pytest.approx(np.array([sums[0]] * len(sums)))
    months = exposure.losses(comparison, chain(), by=["month"])["month"].tolist()
    assert months[0] == "2023-08" and months[1] == "2023-09"
    units = exposure.losses(comparison, chain(), by=["country", "commodity"], kind="use")
    whole = comparison.table()
    whole = whole[whole["kind"] == "use"]
    assert units["units"].tolist() == pytest.approx(whole["loss"].tolist())
    assert units["loss"].tolist() == pytest.approx((20.0 * whole["loss"]).tolist())


def stocks() -> float:
    """Days of use that lie downstream of the ban, finished or not, and not under way."""
    data = ss.simulate(chain(), None, horizon=1).data
    ore, parts = (float(data["opening_on_hand"].sel(slot=name)) for name in ("plant|ore", "use"))
    made = data["opening_stock"] + data["opening_in_process"]
    return ore / 10.0 + (parts + float(made.sel(site="plant"))) / 5.0


def test_losses_of_a_stop_by_hand():
    """What is under way delays the onset and its refill costs the same: 60 days less what lies there are lost."""
    comparison = compared(chain(), stop(60), horizon=400)
    table = exposure.losses(comparison, chain(), by=["country"], kind="use").set_index("country")
    lost = table.loc["DE", "loss"] / (20.0 * 5.0)
    # the first lot after the stop takes an hour, and so is late for that day's withdrawal
    assert lost == pytest.approx(60.0 - stocks() + 1.0, abs=0.1)
    assert table.loc["DE", "share"] == pytest.approx(lost / 400.0)
    assert table.loc["DE", "low"] <= table.loc["DE", "loss"] <= table.loc["DE", "high"]
    found = exposure.spells(comparison).set_index(["kind", "country"])
    row = found.loc[("use", "DE")]
    begins = stocks() + 10.0 + 1.0  # stock, and what is under way to the plant and from it
    assert row["first_short"] == pytest.approx(begins, abs=1.5)
    assert row["recovered"] == pytest.approx(60.0 + 11.0, abs=1.5)
    assert row["depth"] == pytest.approx((71.0 - begins) / 28.0, abs=0.05)
    assert row["trough"] == pytest.approx(71.0, abs=3.0)


def test_the_longer_the_worse():
    table = exposure.loss_curve(
        chain(), stop(), durations=[10, 40, 80], countries=["DE"], replications=2, **ONCE
    )
    assert table["duration"].tolist() == [10, 40, 80]
    assert table["loss"].iloc[0] == pytest.approx(0.0, abs=1e-6)
    days = table["loss"] / (6.0 * 5.0)
    assert days.tolist() == pytest.approx([0.0, 41.0 - stocks(), 81.0 - stocks()], abs=0.1)
    assert (table["cvar"] >= table["loss"] - 1e-9).all()
    by_hand = exposure.loss_curve(
        chain(),
        lambda days: stop(float(days)),
        durations=[40],
        countries=["DE"],
        after=220,
        replications=2,
        **ONCE,
    )
    assert by_hand["loss"].iloc[0] == pytest.approx(table["loss"].iloc[1], rel=0.02)


def test_measures_with_dates_last_as_long():
    ban = ss.ExportBan(
        origin=["CN"], commodities=["ore"], begins=dt.date(2023, 8, 1), decision_lag=3.0
    )
    dated = ss.Scenario(start=dt.date(2023, 7, 1), measures=[ban])
    assert exposure.lasting(dated, 30).measures[0].ends == dt.date(2023, 9, 3)


def test_wrong_curves_are_refused():
    for bad in ([0], [-3], [2.5], [], [True]):
        with pytest.raises(ss.InvalidInput, match="durations"):
            exposure.loss_curve(chain(), stop(), durations=bad, **ONCE)
    with pytest.raises(
        ss.InvalidInput, match="horizon: must be longer than the longest way, 10 days"
    ):
        exposure.loss_curve(chain(), stop(), durations=[5], after=0, **ONCE)
    comparison = compared(chain(), stop(60), horizon=60)
    with pytest.raises(ss.InvalidInput, match="by: must be some of country, sector"):
        exposure.losses(comparison, chain(), by=["land"])
    with pytest.raises(ss.InvalidInput, match="kind"):
        exposure.losses(comparison, chain(), kind="sales")


# --- who hurts whom -------------------------------------------------------------------------------


def test_the_day_at_which_reserves_turn_it():
    """The sender loses 10 a day from the start, the target 30 from day 30 on: even at day 45, in money."""
    found = exposure.leverage(compared(chain(), stop()), chain(), sender="CN", target="DE")
    assert found.turns.loc["absolute", "day"] == pytest.approx(45.0, abs=3.0)
    # relative to what each has: both lose all that they have, the target from day 30 on, so it never turns
    assert math.isnan(found.turns.loc["relative", "day"])
    assert found.turns.loc["absolute", "runs"] == 1.0
    table = found.table.set_index("day")
    assert table.loc[20, "ratio"] == 0.0
    assert table.loc[190, "ratio"] == pytest.approx(3.0 * (190 - 30) / 190, abs=0.15)
    assert table.loc[190, "ratio_low"] <= table.loc[190, "ratio"] <= table.loc[190, "ratio_high"]
    assert table.loc[190, "relative"] == pytest.approx((190 - 30) / 190, abs=0.05)
    assert found.power.loc[0, "commodity"] == "ore"


def test_more_stock_turns_it_later_and_less_worth_never():
    later = exposure.leverage(
        compared(chain(days=50.0), stop()), chain(days=50.0), sender="CN", target="DE"
    )
    assert later.turns.loc["absolute", "day"] == pytest.approx(90.0, abs=4.0)
    poor = chain(earned=0.5)
    never = exposure.leverage(compared(poor, stop()), poor, sender="CN", target="DE")
    assert never.turns.loc["absolute", "runs"] == 0.0


def test_the_other_way_round():
    """DE stops buying: the sender of the boycott loses its parts, the target its ore."""
    boycott = ss.Scenario(measures=[ss.ImportBan(origin=["CN"], to=["DE"], commodities=["ore"])])
    found = exposure.leverage(compared(chain(), boycott), chain(), sender="EU", target="CN")
    assert found.table["target"].iloc[-1] > 0.0


def test_nobody_loses():
    calm = compared(chain(), ss.Scenario(), horizon=60)
    found = exposure.leverage(calm, chain(), sender="CN", target="DE")
    assert found.table["ratio"].isna().all() and found.turns["runs"].tolist() == [0.0, 0.0]


def test_wrong_pairs_are_refused():
    comparison = compared(chain(), stop(60), horizon=60)
    with pytest.raises(ss.InvalidInput, match="sender: unknown country"):
        exposure.leverage(comparison, chain(), sender="CHN", target="DE")
    with pytest.raises(ss.InvalidInput, match="must not be the sender"):
        exposure.leverage(comparison, chain(), sender="DE", target="EU")
    short = compared(chain(), stop(), horizon=9)
    with pytest.raises(ss.InvalidInput, match="must be longer than the 10 days of the way"):
        exposure.leverage(short, chain(), sender="CN", target="DE")


# --- settling -------------------------------------------------------------------------------------


def test_where_a_transient_ends():
    rng = np.random.default_rng(1)
    noise = rng.normal(0.0, 1.0, 1_000)
    assert exposure.mser(noise) <= 50
    falling = noise + np.concatenate([np.linspace(40.0, 0.0, 200), np.zeros(800)])
    assert 120 <= exposure.mser(falling) <= 260
    assert exposure.mser(np.ones(100)) == 0
    with pytest.raises(ss.InvalidInput, match="at least 20 finite numbers"):
        exposure.mser([1.0] * 19)


def test_a_run_that_has_settled_and_one_that_has_not():
    runs = ss.ensemble(chain(), None, replications=2, horizon=400, **ONCE)
    assert exposure.settled(runs)["settled"].all()
    fading = ss.Scenario(measures=[ss.DemandShock(demands=["use"], change=-0.8, begins=200)])
    other = ss.ensemble(chain(), fading, replications=2, horizon=400, **ONCE)
    found = exposure.settled(other, records=["served"])
    assert not found["settled"].any() and found["drift"].iloc[0] < -0.5
