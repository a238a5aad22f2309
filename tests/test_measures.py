"""Single cases that once went wrong: what measures do together, and at their edges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import supplysim as ss
from supplysim.testing import tiny

REACH: dict[str, Any] = {"origin": ["CN"], "commodities": ["ore"]}


def net(**demand: Any) -> ss.Network:
    settings = {"rate": 1.0, "policy": ss.DaysOfCover(20.0)} | demand
    return ss.Network(
        name="one lane",
        commodities=[ss.Commodity("ore")],
        sites=[ss.Site("mine", country="CN", makes="ore", capacity=100.0, lot=1.0)],
        demands=[ss.Demand("use", country="DE", commodity="ore", **settings)],
        lanes=[ss.Lane("mine", "use", lead_time=30)],
    )


def run(network: ss.Network, *measures: Any, horizon: int = 400, **more: Any) -> ss.Result:
    return ss.simulate(network, ss.Scenario(measures=measures), horizon=horizon, **more)


def test_two_quotas_charge_only_what_passes_both() -> None:
    ban = ss.ExportBan(**REACH, begins=0, ends=30)
    monthly = ss.ExportQuota(key="q1", **REACH, to=["DE"], amount=12, period=30, begins=30)
    daily = ss.ExportQuota(key="q2", **REACH, amount=12, period=1, begins=30)
    result = run(net(), ban, monthly, daily, horizon=60)
    assert float(result.data.shipped[30:60].sum()) == pytest.approx(12.0)


def test_a_second_source_that_ends_before_it_is_qualified_makes_and_ships_nothing() -> None:
    source = ss.SecondSource(
        key="late",
        commodity="ore",
        country="CA",
        capacity=5.0,
        to=["DE"],
        begins=0,
        qualification=100,
        share=0.5,
        ends=50,
    )
    result = run(net(), ss.ExportBan(**REACH), source)
    assert float(result.data.shipped.sel(lane="late|use|").sum()) == 0.0
    assert float(result.data.output.sel(site="late").sum()) == 0.0
    assert float(result.data.opening_stock.sel(site="late")) == 0.0


def test_what_a_measure_adds_moves_no_draw() -> None:
    """The warm-up is that of the network as given, and customers come as they would have come."""
    network = net(arrivals="poisson")
    idle = ss.SecondSource(
        key="far", commodity="ore", country="CA", capacity=5.0, to=["DE"], begins=500, lead_time=200
    )
    calm, other = run(network, horizon=90), run(network, idle, horizon=90)
    assert other.data.attrs["warmup"] == calm.data.attrs["warmup"]
    assert other.data.wanted.values.tolist() == calm.data.wanted.values.tolist()
    longer = run(network, horizon=90, warmup=210)
    assert longer.data.wanted.values.tolist() == calm.data.wanted.values.tolist()


def test_routine_cases_are_answered_faster() -> None:
    licence: dict[str, Any] = {**REACH, "service": 40.0, "working_week": False, "begins": 0}
    slow = run(net(), ss.ExportLicence(**licence))
    fast = run(net(), ss.ExportLicence(**licence, routine_after=1, routine_service=2.0))
    assert fast.data.shipped[:40].values.tolist() == slow.data.shipped[:40].values.tolist()
    assert float(fast.data.unmet.sum()) < float(slow.data.unmet.sum())


def test_a_reserve_fills_without_starving_those_it_serves() -> None:
    network = net(policy=ss.DaysOfCover(5.0))
    mine = ss.Site("mine", country="CN", makes="ore", capacity=1.6, lot=1.0, cover=20.0)
    reserve = ss.Reserve(
        key="r", country="DE", commodity="ore", days=180, filled=0.0, below=2.0, fill_days=720
    )
    result = run(network.replace(sites=[mine]), reserve, horizon=900)
    assert float(result.data.unmet.sum()) == 0.0
    assert float(result.data.on_hand.sel(slot="r")[-1]) == pytest.approx(180.0)


def test_customers_at_random_come_back_when_the_rate_does() -> None:
    target = ss.Target("demand", "use", "rate")

    def pause(env: Any, state: Any) -> Iterator[Any]:
        yield env.timeout(20 - env.now)
        state.change(target, "pause", ss.Factor(0.0))
        yield env.timeout(20)
        state.change(target, "pause", None)

    wanted = ss.simulate(net(arrivals="poisson"), horizon=80, processes=[pause]).data.wanted.values
    assert wanted[20:40].sum() == 0.0
    assert wanted[40:].sum() > 20.0


def test_an_observed_outage_stays_where_it_was_last_seen() -> None:
    outage = ss.Outage(sites=["mine"], observed=[(0.0, 0.0), (10.0, 0.005)])
    result = run(net(), outage, horizon=300)
    made = result.data.output.sel(site="mine").values
    assert made[100:].sum() == pytest.approx(0.5 * 200, abs=2.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ss.Lane("a", "b", lead_time=1e305),
        lambda: ss.Site("a", country="CN", makes="ore", capacity=5e-324),
        lambda: ss.ExportQuota(**REACH, amount=1.0, period=1e-9),
        lambda: ss.SecondSource(commodity="ore", to=["DE"], country="CA", capacity=1.0, ramp=1e9),
        lambda: ss.Lognormal(1.0, 1e200),
        lambda: ss.ExportBan(**REACH, key="|structure"),
    ],
)
def test_absurd_numbers_and_reserved_keys_are_refused(make: Any) -> None:
    with pytest.raises(ss.InvalidInput):
        make()


def test_a_reserve_is_not_filled_by_who_sends_nothing() -> None:
    network = ss.Network(
        name="idle",
        commodities=[ss.Commodity("ore")],
        sites=[ss.Site(name, country="CN", makes="ore", capacity=10.0) for name in ("a", "b")],
        demands=[
            ss.Demand("idle", country="DE", commodity="ore", rate=0.0),
            ss.Demand("use", country="DE", commodity="ore", rate=1.0),
        ],
        lanes=[ss.Lane("a", "use"), ss.Lane("b", "idle")],
    )
    reserve = ss.Reserve(key="stock", country="DE", commodity="ore", days=10.0, below=5.0)
    run = ss.simulate(network, ss.Scenario(measures=[reserve]), horizon=30)
    assert [str(x) for x in run.data.lane.values if "|stock|" in x] == ["a|stock|"]


def test_a_ban_that_is_announced_when_it_begins_leaves_no_time_to_buy_ahead():
    """Two changes of one key on one target at one instant would leave it to chance which holds."""
    from supplysim.timeline import lay_out

    ban = ss.ExportBan(
        origin=["CN"], commodities=["ore"], announced=10.0, begins=10.0, ends=20.0, forward_buying=5
    )
    timeline = lay_out(tiny(), ss.Scenario(measures=[ban], horizon=50))
    assert [change for change in timeline.changes if change.target.attribute == "cover"] == []
