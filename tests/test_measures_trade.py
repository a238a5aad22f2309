"""Measures on trade: the reach of a control, boycotts and duties, informal stops, sanctions that leak, answers."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim import exposure, rules, testing
from supplysim.changes import Add, Cap, Change, Closed, Factor, Office, Target
from supplysim.measures import Context, Measure
from supplysim.timeline import lay_out

DAYS = 400


def market(**lane: Any) -> ss.Network:
    """DE and JP buy ore of CN (60 %), RU (30 %) and AU (10 %), whose mines could make all of it."""
    mines = [
        ss.Site(f"{c.lower()}-mine", country=c, makes="ore", capacity=20.0, lot=1.0)
        for c in ("CN", "RU", "AU")
    ]
    users = [
        ss.Demand(
            f"{c.lower()}-use",
            country=c,
            commodity="ore",
            rate=2.0,
            sector="defence" if c == "JP" else "cars",
            policy=ss.DaysOfCover(20.0),
            reaction=10.0,
        )
        for c in ("DE", "JP")
    ]
    lanes = [
        ss.Lane(mine.name, user.name, share=share, lead_time=5.0, cost=10.0, **lane)
        for user in users
        for mine, share in zip(mines, (0.6, 0.3, 0.1), strict=True)
    ]
    goods = [ss.Commodity("ore", price=90.0)]
    return ss.Network(
        name="market",
        commodities=goods,
        sites=mines,
        demands=users,
        lanes=lanes,
        groups={"allies": ["DE", "JP"]},
    )


def fixed() -> ss.Network:
    """A market in which nobody else is qualified for more than he sells."""
    network = market()
    return network.replace(
        lanes=tuple(dataclasses.replace(x, max_share=x.share) for x in network.lanes)
    )


def run(network: ss.Network, *measures: Measure, days: int = DAYS) -> ss.Result:
    """On both engines, which must agree."""
    scenario = ss.Scenario(measures=measures)  # type: ignore[arg-type]
    one, other = (
        ss.simulate(network, scenario, horizon=days, engine=engine, events=True)
        for engine in ("simpy", "compiled")
    )
    testing.assert_same(one, other)
    return one


def shipped(result: ss.Result, lane: str, since: int = 0, until: int = DAYS) -> float:
    return float(result.data.shipped.sel(lane=lane)[since:until].sum())


def changes(network: ss.Network, *measures: Measure) -> list[Change]:
    return list(lay_out(network, ss.Scenario(measures=measures)).changes)  # type: ignore[arg-type]


# --- reach ---------------------------------------------------------------------------------------


def test_extent_is_what_is_in_scope_and_what_is_held_up_with_it() -> None:
    ban = ss.ExportBan(
        origin=["CN"],
        commodities=["ore"],
        entities=0.5,
        coverage=0.8,
        compliance=0.5,
        spillover=0.25,
    )
    assert ban.extent == pytest.approx(0.2 + 0.25 * 0.8)


@pytest.mark.parametrize("part", ["entities", "coverage", "compliance"])
def test_a_ban_of_part_of_the_trade_lets_the_rest_flow(part: str) -> None:
    """Three quarters of CN's flow of 1.2 a day stop; a quarter goes on, and no more than that."""
    ban = ss.ExportBan(origin=["CN"], to=["DE"], commodities=["ore"], begins=0, **{part: 0.75})
    (capped,) = changes(market(), ban)
    assert capped.target == Target("lane", "cn-mine|de-use|", "capacity")
    assert capped.value == Cap(pytest.approx(0.3))  # type: ignore[arg-type]
    found = run(fixed(), ban)
    assert shipped(found, "cn-mine|de-use|", 100) == pytest.approx(0.3 * 300, rel=0.02)
    assert shipped(found, "cn-mine|jp-use|", 100) == pytest.approx(1.2 * 300, rel=0.02)


def test_a_licence_for_part_of_the_trade_lets_the_rest_pass_unlicensed() -> None:
    licence = ss.ExportLicence(
        origin=["CN"], commodities=["ore"], coverage=0.5, pre_licensed=0.2, working_week=False
    )
    offices = [x.value for x in changes(market(), licence)]
    assert all(isinstance(x, Office) and x.pre_licensed == pytest.approx(0.6) for x in offices)


def test_a_quota_counts_what_is_in_scope() -> None:
    """Half of the trade of 2.4 a day is in scope, and a quarter of that may pass: 30 x (0.3 + 1.2) in a month."""
    quota = ss.ExportQuota(origin=["CN"], commodities=["ore"], fraction=0.25, coverage=0.5)
    amounts = [x.value.amount for x in changes(market(), quota)]  # type: ignore[union-attr]
    assert amounts == [pytest.approx(45.0)] * 2


def test_end_use_names_who_is_meant() -> None:
    for end_use in ("defence", "jp-use"):
        ban = ss.ExportBan(origin=["CN"], commodities=["ore"], end_use=[end_use])
        assert [x.target.name for x in changes(market(), ban)] == ["cn-mine|jp-use|"]
    with pytest.raises(ss.InvalidInput, match="end_use: nobody's name, product or sector"):
        changes(market(), ss.ExportBan(origin=["CN"], commodities=["ore"], end_use=["farms"]))


def hubbed() -> ss.Network:
    """Ore of CN (75 %) and AU through a hub in NL to a maker of magnets in KR for DE, and to DE itself."""
    return ss.Network(
        name="hubbed",
        commodities=[ss.Commodity("ore", price=10.0), ss.Commodity("magnet", price=100.0)],
        sites=[
            ss.Site("cn-mine", country="CN", makes="ore", utilisation=0.8, lot=1.0),
            ss.Site("au-mine", country="AU", makes="ore", utilisation=0.8, lot=1.0),
            ss.Site(
                "kr-magnet",
                country="KR",
                makes="magnet",
                utilisation=0.8,
                lot=1.0,
                inputs={"ore": ss.Input(4.0)},
            ),
        ],
        stores=[ss.Store("nl-hub", country="NL", commodity="ore", policy=ss.DaysOfCover(10.0))],
        demands=[
            ss.Demand("de-cars", country="DE", commodity="magnet", rate=1.0),
            ss.Demand("de-ore", country="DE", commodity="ore", rate=2.0),
        ],
        lanes=[
            ss.Lane("cn-mine", "nl-hub", share=0.75, lead_time=5.0),
            ss.Lane("au-mine", "nl-hub", share=0.25, lead_time=5.0),
            ss.Lane("nl-hub", "kr-magnet", lead_time=5.0),
            ss.Lane("nl-hub", "de-ore", lead_time=2.0),
            ss.Lane("kr-magnet", "de-cars", lead_time=9.0),
        ],
    )


def test_re_export_takes_in_what_hubs_pass_on_as_far_as_it_came_from_there() -> None:
    ban = {"origin": ["CN"], "to": ["DE"], "commodities": ["ore"]}
    with pytest.raises(ss.InvalidInput, match="no lane of the network is in reach"):
        changes(hubbed(), ss.ExportBan(**ban))
    (through,) = changes(hubbed(), ss.ExportBan(reach="re-export", **ban))
    assert through.target == Target("lane", "nl-hub|de-ore|", "capacity")
    assert through.value.value == pytest.approx(0.25 * 2.0)  # type: ignore[union-attr]


@pytest.mark.parametrize(("threshold", "caught"), [(0.3, True), (0.301, False)])
def test_content_takes_in_what_is_made_of_it(threshold: float, caught: bool) -> None:
    """4 units of ore at 10, three quarters of them of CN, are 30 % of a magnet's 100."""
    ban = ss.ExportBan(
        origin=["CN"], to=["DE"], commodities=["ore"], reach="content", threshold=threshold
    )
    names = {x.target.name for x in changes(hubbed(), ban)}
    assert ("kr-magnet|de-cars|" in names) == caught
    assert "nl-hub|de-ore|" in names


def test_trade_policy_of_members_is_the_union_s() -> None:
    ban = {"origin": ["CN"], "to": ["DE"], "commodities": ["ore"], "actor": "DE"}
    changes(market(), ss.ImportBan(**ban))
    with pytest.raises(ss.InvalidInput, match="whose trade policy is the Union's"):
        changes(market(), ss.ImportBan(**ban, status="possible"))


# --- imports -------------------------------------------------------------------------------------


def test_a_boycott_moves_orders_at_once_in_proportion() -> None:
    """RU and AU take over CN's 60 % three to one: 75 % and 25 %; nothing is lost, and nothing waits for a reaction."""
    ban = ss.ImportBan(origin=["CN"], to=["DE"], commodities=["ore"], begins=50)
    found = run(market(), ban)
    assert float(found.data.unmet.sum()) == 0.0
    assert shipped(found, "cn-mine|de-use|", 60) == 0.0
    assert shipped(found, "ru-mine|de-use|", 100) == pytest.approx(1.5 * 300, rel=0.02)
    assert shipped(found, "au-mine|de-use|", 100) == pytest.approx(0.5 * 300, rel=0.03)
    assert shipped(found, "cn-mine|jp-use|", 100) == pytest.approx(1.2 * 300, rel=0.02)


def test_what_nobody_else_is_qualified_for_is_lost_while_a_boycott_lasts() -> None:
    """RU may take up to 40 % and AU up to 20 %: 40 % of 2 a day is lost from when stocks have run out."""
    network = market()
    most = {"cn-mine": 0.6, "ru-mine": 0.4, "au-mine": 0.2}
    lanes = tuple(dataclasses.replace(x, max_share=most[x.source]) for x in network.lanes)
    ban = ss.ImportBan(origin=["CN"], to=["DE"], commodities=["ore"], begins=0)
    found = run(network.replace(lanes=lanes), ban)
    assert float(found.data.unmet[300:].sum()) == pytest.approx(0.4 * 2.0 * 100, rel=0.03)


def test_a_tariff_re_splits_on_delivered_price_and_books_duty() -> None:
    """Half of price and freight on CN's, elasticity 2: weights .6/2.25, .3, .1; duty 50 on each unit that arrives."""
    tariff = ss.Tariff(
        origin=["CN"], to=["DE"], commodities=["ore"], rate=0.5, elasticity=2.0, begins=50
    )
    weights = np.array([0.6 / 2.25, 0.3, 0.1])
    shares = weights / weights.sum()
    found = run(market(), tariff)
    for mine, share in zip(("cn", "ru", "au"), shares, strict=True):
        assert shipped(found, f"{mine}-mine|de-use|", 100) == pytest.approx(
            2.0 * share * 300, rel=0.03
        )
    money = found.money[found.money["entity"] == "cn-mine|de-use|"].set_index("account")["usd"]
    arrived = float(found.data.received.sel(lane="cn-mine|de-use|")[50:].sum())
    assert money["duty"] == pytest.approx(0.5 * 100.0 * arrived, rel=1e-9)
    assert float(found.data.unmet.sum()) == 0.0


@pytest.mark.parametrize(
    ("shares", "prices", "elasticity", "expected"),
    [
        ([0.5, 0.5], [1.25, 1.0], 2.0, [0.3902439024, 0.6097560976]),
        ([0.7, 0.2, 0.1], [1.1, 1.0, 0.9], 4.0, None),
        ([1.0], [2.0], 3.0, [1.0]),
        ([0.6, 0.4], [1.5, 1.5], 5.0, [0.6, 0.4]),
        ([0.6, 0.4], [7.0, 1.0], 0.0, [0.6, 0.4]),
    ],
)
def test_armington_shares(
    shares: list[float], prices: list[float], elasticity: float, expected: list[float] | None
) -> None:
    weights = [s * p ** (-elasticity) for s, p in zip(shares, prices, strict=True)]
    by_hand = [w / sum(weights) for w in weights]
    found = rules.armington(shares, prices, elasticity)
    assert found == pytest.approx(expected or by_hand, abs=1e-9)
    assert sum(found) == pytest.approx(1.0)


def test_two_tariffs_add_their_duties_and_multiply_their_moves() -> None:
    one = ss.Tariff(
        key="a", origin=["CN"], to=["DE"], commodities=["ore"], rate=0.2, elasticity=2.0
    )
    both = lay_out(
        market(), ss.Scenario(measures=[one, dataclasses.replace(one, key="b", rate=0.1)])
    )
    lane = [x for x in both.changes if x.target.name == "cn-mine|de-use|"]
    assert {x.value for x in lane if x.target.attribute == "duty"} == {Add(0.2), Add(0.1)}
    assert len([x for x in lane if isinstance(x.value, Factor)]) == 2


# --- informal stops ------------------------------------------------------------------------------


def test_an_informal_stop_holds_goods_at_the_seller_s_and_lets_them_go() -> None:
    """Every shipment of CN's waits 25 days from day 50 on: none leaves for 25 days, then all that was held."""
    stop = ss.InformalStop(origin=["CN"], to=["JP"], commodities=["ore"], held=25.0, begins=50)
    found = run(fixed(), stop)
    assert shipped(found, "cn-mine|jp-use|", 51, 75) == 0.0
    assert shipped(found, "cn-mine|jp-use|", 200) == pytest.approx(1.2 * 200, rel=0.05)
    assert shipped(found, "cn-mine|de-use|", 50) == pytest.approx(1.2 * 350, rel=0.02)


def test_held_at_import_goods_have_left() -> None:
    stop = ss.InformalStop(
        origin=["CN"], to=["JP"], commodities=["ore"], held=25.0, begins=50, at="import"
    )
    found = run(market(), stop)
    arrived = found.data.received.sel(lane="cn-mine|jp-use|")
    assert shipped(found, "cn-mine|jp-use|", 51, 75) > 0.0
    assert float(arrived[56:80].sum()) == 0.0


def test_what_is_announced_is_no_informal_stop() -> None:
    stop = ss.InformalStop(origin=["CN"], commodities=["ore"], held=5.0, announced=0, begins=9)
    with pytest.raises(ss.InvalidInput, match="announced: what is announced is no informal stop"):
        changes(market(), stop)


# --- sanctions -----------------------------------------------------------------------------------


def sanction(**terms: Any) -> ss.Sanction:
    given = {"via": ["KZ", "AE"], "leak": 0.5, "leak_delay": 40.0, "extra_days": 10.0}
    return ss.Sanction(
        key="ru", origin=["RU"], to=["DE", "JP"], commodities=["ore"], begins=50, **(given | terms)
    )


@pytest.mark.parametrize("seizure", [0.0, 0.4])
def test_a_leak_brings_its_share_of_what_was_banned_less_what_is_seized(seizure: float) -> None:
    """30 % of 2 a day to each is banned; half of that may leak, and (1 - seizure) of the leak arrives."""
    found = run(fixed(), sanction(seizure=seizure), days=1500)
    late = found.data.sel(time=slice(500, None))
    leaks = [x for x in late.lane.values.tolist() if x.startswith("ru ")]
    assert len(leaks) == 4
    sent = float(late.shipped.sel(lane=leaks).sum())
    arrived = float(late.received.sel(lane=leaks).sum())
    assert sent == pytest.approx(0.5 * 0.3 * 4.0 * 1000, rel=0.03)
    parcels = int((late.shipped.sel(lane=leaks).to_numpy() > 0).sum())
    error = 3.0 * math.sqrt(max(1.0, parcels * seizure * (1.0 - seizure))) * sent / parcels
    assert arrived == pytest.approx((1.0 - seizure) * sent, abs=error + 3.0)
    assert shipped(found, "ru-mine|de-use|", 60, 1500) == 0.0


def test_leaked_goods_keep_their_origin() -> None:
    found = run(fixed(), sanction())
    late = exposure.origins(found, "DE", days=(250, 400)).loc["ore"]
    assert late["RU"] == pytest.approx(0.15 / 0.85, rel=0.05)
    assert late.sum() == pytest.approx(1.0)
    assert "KZ" not in late.index


def test_a_leak_is_dearer_and_ends_with_the_sanction() -> None:
    found = run(fixed(), sanction(mark_up=0.5, ends=200))
    leaks = [x for x in found.data.lane.values.tolist() if x.startswith("ru ") and "use" in x]
    assert float(found.data.shipped.sel(lane=leaks)[:90].sum()) == 0.0
    assert float(found.data.shipped.sel(lane=leaks)[201:].sum()) == 0.0
    assert shipped(found, "ru-mine|de-use|", 300) == pytest.approx(0.6 * 100, rel=0.1)
    money = found.money[(found.money["entity"].isin(leaks)) & (found.money["account"] == "freight")]
    arrived = float(found.data.received.sel(lane=leaks).sum())
    assert float(money["usd"].sum()) == pytest.approx(arrived * (10.0 + 45.0), rel=1e-9)


def test_faults_of_sanctions() -> None:
    with pytest.raises(ss.InvalidInput, match="via: a leak goes through some country"):
        changes(market(), sanction(via=[]))
    with pytest.raises(ss.InvalidInput, match="via: is the origin or takes part"):
        changes(market(), sanction(via=["JP"]))


# --- subsidies -----------------------------------------------------------------------------------


def subsidy(**terms: Any) -> ss.Subsidy:
    given = {"price_cut": 0.5, "elasticity": 4.0, "floor": 0.5, "patience": 60.0, "ends": 400}
    return ss.Subsidy(key="dump", origin=["CN"], commodities=["ore"], begins=20, **(given | terms))


def output(result: ss.Result, site: str, since: int, until: int) -> float:
    return float(result.data.output.sel(site=site)[since:until].sum())


def test_dumping_moves_shares_and_rivals_under_their_floor_close() -> None:
    """Delivered price 55 of 100: weights .6 x .55^-4 = 6.557 against .4; rivals keep 5.8 % and close."""
    found = run(market(), subsidy(), days=900)
    left = 0.1 / (0.6 * 0.55**-4.0 + 0.4)
    assert shipped(found, "au-mine|de-use|", 30, 80) == pytest.approx(2.0 * left * 50, abs=2.0)
    assert output(found, "ru-mine", 150, 900) == 0.0
    assert output(found, "au-mine", 150, 900) == 0.0
    kept = run(market(), subsidy(exit=False), days=900)
    assert output(kept, "ru-mine", 600, 900) > 0.0


def test_rivals_come_back_slowly_if_at_all() -> None:
    found = run(market(), subsidy(reopening=100.0, ramp=200.0), days=1200)
    assert output(found, "ru-mine", 200, 499) == 0.0
    assert output(found, "ru-mine", 900, 1200) == pytest.approx(1.2 * 300, rel=0.1)


def test_a_squeeze_after_exit_bites() -> None:
    """A ban of CN's ore after the dumping: with rivals gone nobody can stand in."""
    ban = ss.ExportBan(origin=["CN"], commodities=["ore"], begins=450, ends=750)
    gone, there = (
        float(run(market(), subsidy(exit=x), ban, days=900).data.unmet.sum()) for x in (True, False)
    )
    assert there < 60.0
    assert gone > 900.0


def test_a_subsidy_is_paid_on_all_sales() -> None:
    context = Context(market(), None)
    (charge,) = subsidy().charges(context)
    assert charge.per_day == pytest.approx(0.5 * 90.0 * 0.6 * 4.0)
    assert charge.total(1000.0) == pytest.approx(charge.per_day * 380.0)


# --- answers -------------------------------------------------------------------------------------


def test_an_answer_comes_after_the_law_s_own_delays() -> None:
    ban = ss.ExportBan(key="ban", origin=["CN"], to=["DE"], commodities=["ore"], begins=30)
    answer = ss.CounterMeasure(
        key="eu", answers="ban", by=["DE"], against=["RU"], commodities=["ore"], rate=0.5
    )
    laid = [x for x in changes(market(), ban, answer) if x.key == "eu"]
    assert {x.time for x in laid} == {30.0 + 120.0 + 56.0 + 60.0}
    assert any(x.target == Target("lane", "ru-mine|de-use|", "duty") for x in laid)
    shut = dataclasses.replace(answer, instrument="export-ban", by=["RU"], against=["DE"], rate=0.0)
    laid = [x for x in changes(market(), ban, shut) if x.key == "eu"]
    assert [(x.target.name, x.value) for x in laid] == [("ru-mine|de-use|", Closed())]


def test_faults_of_answers() -> None:
    answer = ss.CounterMeasure(
        key="eu", answers="bann", by=["DE"], against=["Atlantis"], commodities=["ore"], rate=0.5
    )
    with pytest.raises(ss.InvalidInput) as told:
        changes(market(), answer)
    assert "answers: no measure of the scenario has this key" in str(told.value)
    assert "against: unknown country" in str(told.value)


# --- what does nothing ---------------------------------------------------------------------------


def idle(network: ss.Network) -> list[Measure]:
    """Every trade measure in a setting that does nothing, on something that crosses a border."""
    lane = next(x for x in network.lanes if network.country(x.source) != network.country(x.target))
    origin, to = ([network.country(x)] for x in (lane.source, lane.target))
    reach: dict[str, Any] = {
        "origin": origin,
        "to": to,
        "commodities": [network.product(lane.source)],
        "begins": 10.0,
    }
    by = {"by": to, "against": origin, "commodities": reach["commodities"]}
    return [
        ss.ExportBan(key="ban", coverage=0.0, **reach),
        ss.ExportQuota(key="quota", amount=0.0, entities=0.0, **reach),
        ss.ExportLicence(key="licence", compliance=0.0, **reach),
        ss.ImportBan(key="boycott", compliance=0.0, **reach),
        ss.Tariff(key="tariff", rate=0.0, **reach),
        ss.InformalStop(key="stop", share=0.0, held=20.0, **reach),
        ss.InformalStop(key="port", share=0.0, held=20.0, at="import", **reach),
        ss.Subsidy(key="aid", origin=origin, commodities=reach["commodities"], price_cut=0.0),
        ss.Sanction(key="leak", coverage=0.0, leak=0.5, via=["NO"], **reach),
        ss.CounterMeasure(key="eu", answers="ban", rate=0.0, **by),
    ]


def crosses(network: ss.Network) -> bool:
    countries = {network.country(x.source) for x in network.lanes}
    lanes = (x for x in network.lanes if network.country(x.source) != network.country(x.target))
    return next(lanes, None) is not None and "NO" not in countries


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(testing.networks(policies="any", deterministic=False, cycles=True).filter(crosses))
def test_settings_that_do_nothing_change_nothing(network: ss.Network) -> None:
    calm = ss.simulate(network, None, horizon=100, events=True)
    scenario = ss.Scenario(measures=idle(network))  # type: ignore[arg-type]
    testing.assert_same(calm, ss.simulate(network, scenario, horizon=100, events=True))


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_a_leak_that_never_opens_changes_nothing_for_others(data: st.DataObject) -> None:
    """A leak that opens after the run: all is as without it, but for the middlemen alone."""
    network = data.draw(testing.networks(policies="cover", deterministic=True).filter(crosses))
    lane = next(x for x in network.lanes if network.country(x.source) != network.country(x.target))
    terms: dict[str, Any] = {
        "key": "ban",
        "origin": [network.country(lane.source)],
        "to": [network.country(lane.target)],
        "commodities": [network.product(lane.source)],
        "begins": 10.0,
    }
    without = ss.Sanction(**terms)
    late = ss.Sanction(via=["NO"], leak=0.5, leak_delay=1000.0, **terms)
    one, other = (
        ss.simulate(network, ss.Scenario(measures=[x]), horizon=100) for x in (without, late)
    )
    for name in ("served", "unmet", "output"):
        kind = one.data[name].dims[1]
        assert np.array_equal(one.data[name], other.data[name].sel({kind: one.data[kind]}))


# --- together ------------------------------------------------------------------------------------


def test_two_bans_close_while_any_of_them_stands() -> None:
    first, second = (
        ss.ExportBan(key=key, origin=["CN"], to=["DE"], commodities=["ore"], begins=a, ends=b)
        for key, a, b in (("a", 100, 160), ("b", 130, 190))
    )
    found = run(fixed(), first, second)
    assert shipped(found, "cn-mine|de-use|", 100, 190) == 0.0
    assert shipped(found, "cn-mine|de-use|", 190, 260) > 0.0


def test_a_dispatch_needs_both_quotas_and_no_ban() -> None:
    terms: dict[str, Any] = {"origin": ["CN"], "to": ["DE"], "commodities": ["ore"], "begins": 0}
    wide = ss.ExportQuota(key="wide", amount=30.0, period=30.0, **terms)
    narrow = ss.ExportQuota(key="narrow", amount=12.0, period=30.0, **terms)
    ban = ss.ExportBan(key="ban", **terms | {"begins": 200})
    found = run(fixed(), wide, narrow, ban)
    months = [shipped(found, "cn-mine|de-use|", k, k + 30) for k in range(0, 180, 30)]
    assert max(months) <= 12.0 + 1e-9
    assert months[2] == pytest.approx(12.0)
    assert shipped(found, "cn-mine|de-use|", 200) == 0.0


def test_of_two_bans_of_part_the_stricter_holds() -> None:
    half, most = (
        ss.ExportBan(
            key=f"b{part}", origin=["CN"], to=["DE"], commodities=["ore"], coverage=part, begins=0
        )
        for part in (0.5, 0.75)
    )
    found = run(fixed(), half, most)
    assert shipped(found, "cn-mine|de-use|", 100) == pytest.approx(0.25 * 1.2 * 300, rel=0.02)


def test_a_ban_and_a_licence_of_part_hold_both() -> None:
    """Half of the flow may pass a day; of that what has its licence, which here comes after 20 days and stays."""
    ban = ss.ExportBan(
        key="ban", origin=["CN"], to=["DE"], commodities=["ore"], coverage=0.5, begins=0
    )
    licence = ss.ExportLicence(
        key="licence", origin=["CN"], to=["DE"], commodities=["ore"], begins=0, service=20.0,
        form="general", working_week=False,
    )  # fmt: skip
    found = run(fixed(), ban, licence)
    assert shipped(found, "cn-mine|de-use|", 0, 19) == 0.0
    assert shipped(found, "cn-mine|de-use|", 100) == pytest.approx(0.5 * 1.2 * 300, rel=0.02)
