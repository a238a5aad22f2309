"""Stockpiles of one and of several, warnings, precedence, joint purchases; technology taken and guarded."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import supplysim as ss
from supplysim import testing
from supplysim.changes import Attempts
from supplysim.measures import Context, Measure
from supplysim.timeline import lay_out

DAYS = 600


def network(**lane: Any) -> ss.Network:
    """DE and JP use one unit of ore a day each, four fifths of it of CN and one fifth of AU, with 10 days of stock."""
    return ss.Network(
        name="allies",
        commodities=[ss.Commodity("ore", price=73.0)],
        sites=[
            ss.Site("cn-mine", country="CN", makes="ore", capacity=9.0, lot=1.0),
            ss.Site("au-mine", country="AU", makes="ore", capacity=9.0, lot=1.0),
        ],
        demands=[
            ss.Demand(
                f"{c.lower()}-use",
                country=c,
                commodity="ore",
                rate=1.0,
                sector="defence" if c == "JP" else "cars",
                policy=ss.DaysOfCover(10.0),
                reaction=8.0,
            )
            for c in ("DE", "JP")
        ],
        lanes=[
            ss.Lane(f"{m}-mine", f"{c}-use", share=share, max_share=share, lead_time=5.0, **lane)
            for c in ("de", "jp")
            for m, share in (("cn", 0.8), ("au", 0.2))
        ],
    )


def run(net: ss.Network, *measures: Measure, days: int = DAYS, **more: Any) -> ss.Result:
    """On both engines, which must agree."""
    scenario = ss.Scenario(measures=measures)  # type: ignore[arg-type]
    one, other = (
        ss.simulate(net, scenario, horizon=days, engine=engine, events=True, **more)
        for engine in ("simpy", "compiled")
    )
    testing.assert_same(one, other)
    return one


def lost(result: ss.Result, country: str) -> float:
    return float(result.data.unmet.sel(demand=f"{country}-use").sum())


def given_(result: ss.Result, store: str, country: str) -> float:
    return float(result.data.shipped.sel(lane=f"{store}|{country}-use|").sum())


BAN = ss.ExportBan(key="ban", origin=["CN"], commodities=["ore"], begins=100, ends=300)
"""160 units missing to each; stocks of ten days and what is under way cover some 12 of them."""


# --- stockpiles ----------------------------------------------------------------------------------


def test_a_shared_reserve_serves_whoever_is_short() -> None:
    """60 units in NL for both, of which each draws half; it runs dry, and is filled again after the ban."""
    pool = ss.SharedReserve(
        key="pool", members=["DE", "JP"], country="NL", commodity="ore", amount=60.0, below=6.0,
        above=7.0,
    )  # fmt: skip
    bare, helped = run(network(), BAN), run(network(), BAN, pool)
    for country in ("de", "jp"):
        assert given_(helped, "pool", country) == pytest.approx(30.0, abs=3.0)
        saved = lost(bare, country) - lost(helped, country)
        assert saved == pytest.approx(given_(helped, "pool", country), abs=3.0)
    stock = helped.data.on_hand.sel(slot="pool")
    assert float(stock[200]) == pytest.approx(0.0, abs=1.0)
    assert float(stock[-1]) > 30.0


def test_only_who_is_short_draws_on_it() -> None:
    """A ban against JP alone: JP draws all that it can use, DE nothing."""
    pool = ss.SharedReserve(
        key="pool", members=["DE", "JP"], country="NL", commodity="ore", amount=60.0, below=8.0
    )
    found = run(network(), dataclasses.replace(BAN, to=["JP"]), pool)
    assert given_(found, "pool", "de") == 0.0
    assert given_(found, "pool", "jp") == pytest.approx(60.0, abs=4.0)


def test_rights_share_the_daily_rate() -> None:
    """0.4 units a day in all: a quarter of it is DE's and three quarters JP's, whatever they ask for."""
    pool = ss.SharedReserve(
        key="pool", members=["DE", "JP"], country="NL", commodity="ore", amount=60.0, below=8.0,
        rate=0.4, rights={"DE": 0.25, "JP": 0.75},
    )  # fmt: skip
    found = run(network(), dataclasses.replace(BAN, ends=None), pool, days=240)
    days = 240 - 110
    assert given_(found, "pool", "de") == pytest.approx(0.1 * days, rel=0.1)
    assert given_(found, "pool", "jp") == pytest.approx(0.3 * days, rel=0.1)
    with pytest.raises(ss.InvalidInput, match="rights: must give each member a share"):
        run(network(), dataclasses.replace(pool, rights={"DE": 0.5}))


def test_a_reserve_and_a_shared_reserve_are_two_sources() -> None:
    own = ss.Reserve(key="own", country="JP", commodity="ore", amount=40.0, below=8.0)
    pool = ss.SharedReserve(
        key="pool", members=["DE", "JP"], country="NL", commodity="ore", amount=60.0, below=8.0
    )
    found = run(network(), BAN, own, pool)
    assert given_(found, "own", "jp") == pytest.approx(40.0, abs=3.0)
    assert given_(found, "pool", "de") + given_(found, "pool", "jp") == pytest.approx(60.0, abs=3.0)


def test_mutual_aid_helps_the_partner_as_long_as_the_giver_has_enough() -> None:
    """Each keeps 30 units. Only JP is hit: it gets its own and DE's; if both are hit, the giver comes first."""
    aid = ss.MutualAid(
        key="aid", members=["DE", "JP"], commodity="ore", days=30.0, below=8.0, keep=8.0
    )
    one = run(network(), dataclasses.replace(BAN, to=["JP"]), aid)
    assert given_(one, "aid JP", "jp") == pytest.approx(30.0, abs=3.0)
    assert given_(one, "aid DE", "jp") == pytest.approx(30.0, abs=3.0)
    both = run(network(), BAN, aid)
    assert given_(both, "aid DE", "de") > given_(both, "aid DE", "jp")
    never = dataclasses.replace(aid, keep=30.0)  # more than its users ever have
    assert given_(run(network(), BAN, never), "aid DE", "jp") == 0.0


def test_what_is_worked_up_first_comes_later_and_only_to_whom_it_is_for() -> None:
    slow = ss.Reserve(
        key="own", country="JP", to=["DE", "JP"], commodity="ore", amount=100.0, below=8.0,
        processing_days=40.0, form="oxide, to be reduced", end_use=["defence"],
    )  # fmt: skip
    quick = dataclasses.replace(slow, processing_days=0.0)
    late, soon = run(network(), BAN, slow), run(network(), BAN, quick)
    assert "own|de-use|" not in late.data.lane.values
    assert lost(late, "jp") - lost(soon, "jp") == pytest.approx(0.8 * 40.0, rel=0.35)


def test_a_stock_costs_the_money_that_lies_in_it() -> None:
    """30 days of 2 units a day at 73 USD: 4,380 USD at 5 %, 0.6 USD a day."""
    aid = ss.MutualAid(key="aid", members=["DE", "JP"], commodity="ore", days=30.0, upkeep=365.0)
    context = Context(aid.structure(network()), None)
    assert sum(x.total(100.0) for x in aid.charges(context)) == pytest.approx(100.0 * (1.0 + 0.6))


# --- warnings, precedence, joint purchases -------------------------------------------------------


def test_a_warning_saves_the_days_of_reaction() -> None:
    """AU could send all; whoever learns of the ban 8 days sooner loses so much less."""
    net = network()
    net = net.replace(lanes=tuple(dataclasses.replace(x, max_share=1.0) for x in net.lanes))
    net = net.replace(
        demands=tuple(
            dataclasses.replace(x, reaction=40.0, policy=ss.DaysOfCover(2.0)) for x in net.demands
        )
    )
    warned = ss.EarlyWarning(to=["DE"], commodities=["ore"], factor=0.5, begins=50)
    bare, soon = run(net, BAN), run(net, BAN, warned)
    # until then what is stuck counts as on order, so that AU is hardly asked for more than before
    assert 0.8 * 20.0 <= lost(bare, "de") - lost(soon, "de") <= 1.0 * 20.0
    assert lost(bare, "jp") == pytest.approx(lost(soon, "jp"), abs=1.0)


def test_who_comes_first_loses_less_and_others_more() -> None:
    """CN's mine makes half of what is asked of it: with precedence defence (JP) gets all of its share."""
    fire = ss.Outage(key="fire", sites=["cn-mine"], severity=1.0 - 0.8 / 9.0, begins=100, ends=300)
    first = ss.PriorityAllocation(origin=["CN"], first=["defence"], begins=0)
    bare, ranked = run(network(), fire), run(network(), fire, first)
    assert lost(bare, "jp") > 50.0
    assert lost(ranked, "jp") == 0.0
    together = lost(bare, "de") + lost(bare, "jp")
    assert lost(ranked, "de") == pytest.approx(together, rel=0.1)


def test_upstream_precedence_reaches_who_supplies_them() -> None:
    net = ss.Network(
        name="tiers",
        commodities=[ss.Commodity("ore"), ss.Commodity("metal")],
        sites=[
            ss.Site("mine", country="DE", makes="ore", capacity=9.0),
            *(
                ss.Site(x, country="DE", makes="metal", capacity=9.0, inputs={"ore": ss.Input(1.0)})
                for x in ("a", "b")
            ),
        ],
        demands=[
            ss.Demand("army", country="DE", commodity="metal", rate=1.0),
            ss.Demand("shop", country="DE", commodity="metal", rate=1.0),
        ],
        lanes=[
            ss.Lane("mine", "a"), ss.Lane("mine", "b"), ss.Lane("a", "army"), ss.Lane("b", "shop")
        ],
    )  # fmt: skip
    first = ss.PriorityAllocation(first=["army"])
    laid = lay_out(net, ss.Scenario(measures=[first])).changes
    assert {x.target.name for x in laid} == {"a|army|", "mine|a|"}
    direct = dataclasses.replace(first, upstream=False)
    laid = lay_out(net, ss.Scenario(measures=[direct])).changes
    assert {x.target.name for x in laid} == {"a|army|"}


def test_a_joint_purchase_shares_what_each_could_get() -> None:
    """JP buys of CN alone, DE of AU alone. When CN stops, a joint book lets JP have of AU's what is bought together."""
    net = network()
    shares = {"cn-mine|jp-use|": 1.0, "au-mine|de-use|": 1.0}
    lanes = tuple(
        dataclasses.replace(x, share=1.0, max_share=1.0) for x in net.lanes if x.key in shares
    )
    net = net.replace(lanes=lanes)
    joint = ss.JointPurchase(
        key="joint", members=["DE", "JP"], country="DE", commodity="ore", share=0.5,
        qualification=30, lead_time=1.0,
    )  # fmt: skip
    bare, together = run(net, BAN), run(net, BAN, joint)
    assert lost(together, "jp") < 0.6 * lost(bare, "jp")
    assert float(together.data.shipped.sel(lane="joint|de-use|")[60:100].sum()) == pytest.approx(
        20.0, abs=2.0
    )


# --- technology ----------------------------------------------------------------------------------


def theft(**terms: Any) -> ss.TechnologyAcquisition:
    given = {"dates": [50.0, 150.0], "chance": 1.0, "absorption": 20.0, "gain": 0.3, "share": 0.3}
    given |= {"acquirer": "KR", "owner": ["AU"]}
    return ss.TechnologyAcquisition(key="theft", commodities=["ore"], **(given | terms))  # type: ignore[arg-type]


def flow(result: ss.Result, lane: str, since: int, until: int) -> float:
    return float(result.data.shipped.sel(lane=lane)[since:until].sum()) / (until - since)


def test_each_success_brings_capacity_and_orders() -> None:
    """AU sells 0.2 to each; 30 % of that goes over on day 70, 60 % from day 170 on."""
    found = run(network(), theft())
    assert flow(found, "theft|de-use|", 0, 70) == 0.0
    assert flow(found, "theft|de-use|", 90, 170) == pytest.approx(0.3 * 0.2, rel=0.1)
    assert flow(found, "theft|de-use|", 250, 600) == pytest.approx(0.6 * 0.2, rel=0.05)
    assert flow(found, "au-mine|de-use|", 250, 600) == pytest.approx(0.4 * 0.2, rel=0.05)
    assert flow(found, "cn-mine|de-use|", 250, 600) == pytest.approx(0.8, rel=0.02)


def test_protection_thins_successes_and_counts_from_its_day() -> None:
    guard = ss.TechnologyProtection(key="guard", owner=["AU"], cut=1.0, begins=100)
    found = run(network(), theft(), guard)
    assert flow(found, "theft|de-use|", 250, 600) == pytest.approx(0.3 * 0.2, rel=0.05)
    half = dataclasses.replace(guard, cut=0.5, ends=300)
    (attempts,) = lay_out(
        network(), ss.Scenario(measures=[theft(), half, dataclasses.replace(half, key="more")])
    ).attempts
    assert isinstance(attempts, Attempts)
    assert attempts.chances == ((0.0, 1.0), (100.0, 0.25), (300.0, 1.0))


def test_it_is_the_owner_who_counts() -> None:
    net = network()
    owned = dataclasses.replace(net.site_by_name["cn-mine"], owner="AU")
    net = net.replace(sites=(owned, net.site_by_name["au-mine"]))
    built = theft().structure(net).site_by_name["theft"]
    assert built.capacity == pytest.approx(10 * 0.3 * 2.0)
    with pytest.raises(ss.InvalidInput, match="owner: owns no plant that makes it"):
        theft(owner=["CN"]).structure(net)


def test_an_acquirer_s_own_plant_grows() -> None:
    found = run(network(), theft(acquirer="CN", site="cn-mine", share=0.5))
    assert flow(found, "cn-mine|de-use|theft", 250, 600) == pytest.approx(0.2, rel=0.05)
    assert flow(found, "au-mine|de-use|", 250, 600) == 0.0


# --- what does nothing ---------------------------------------------------------------------------


def idle(net: ss.Network) -> list[Measure]:
    """Every measure of the family in a setting that does nothing."""
    slot = next(x for x in net.slots.values() if x.kind != "store")
    members = [slot.country, "NO"]
    goods = slot.commodity
    found: list[Measure] = [
        ss.Reserve(key="own", country=slot.country, commodity=goods, amount=0.0),
        ss.SharedReserve(key="pool", members=members, country="NO", commodity=goods, days=0.0),
        ss.MutualAid(key="aid", members=members, commodity=goods, days=0.0),
        ss.EarlyWarning(key="warning", to=[slot.country], factor=1.0),
        ss.JointPurchase(key="joint", members=members, country="NO", commodity=goods, share=0.0),
    ]
    if net.sites:
        site = net.sites[0]
        victim: dict[str, Any] = {"owner": [site.owner or site.country]}
        found.append(ss.TechnologyProtection(key="guard", cut=1.0, **victim))
        found.append(
            ss.TechnologyAcquisition(
                key="theft",
                acquirer="NO",
                commodities=[site.makes],
                chance=0.0,
                dates=[5.0],
                **victim,
            )
        )
    return found


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    testing.networks(policies="any", deterministic=False, cycles=True).filter(
        lambda net: any(x.kind != "store" for x in net.slots.values())
    )
)
def test_settings_that_do_nothing_change_nothing(net: ss.Network) -> None:
    calm = ss.simulate(net, None, horizon=100, events=True)
    scenario = ss.Scenario(measures=idle(net))  # type: ignore[arg-type]
    testing.assert_same(calm, ss.simulate(net, scenario, horizon=100, events=True))
