"""The strategies give what they promise, and the invariants see what is wrong."""

import datetime as dt
import math
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim.measures import TradeMeasure
from supplysim.model.distributions import DISTRIBUTIONS
from supplysim.model.policies import POLICIES
from supplysim.testing import (
    ALL_MEASURES,
    QUANTITIES,
    assert_balanced,
    assert_ignores_unconnected,
    assert_same,
    assert_scales,
    assert_shift_invariant,
    assert_stands_still,
    durations,
    networks,
    scaled,
    scaled_scenario,
    scenarios,
    shifted,
    sixteenths,
    tiny,
    with_unconnected_node,
)
from supplysim.timeline import lay_out

DRAW_ONLY = settings(
    max_examples=300, phases=[Phase.generate], derandomize=True, database=None, deadline=None
)
FEW = settings(max_examples=25, derandomize=True, database=None, deadline=None)
FIND = settings(
    FEW,
    max_examples=2000,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
COUNTRIES = {"CN", "JP", "DE", "KR", "US"}


def sample(strategy, how=DRAW_ONLY):
    """Examples of a strategy, always the same ones."""
    found = []

    @how
    @given(strategy)
    def collect(value):
        found.append(value)

    collect()
    return found


@pytest.fixture(scope="module")
def drawn():
    """Two samples: what Hypothesis draws hangs on the constants of whatever modules are imported."""
    return [*sample(networks(cycles=True)), *sample(networks(policies="any", cycles=True))]


# --- networks ------------------------------------------------------------------------------------


def slots(net):
    return [slot.item for slot in net.slots.values()]


def tiers(net):
    return sum(c.name.startswith("c") for c in net.commodities)


def makers(net):
    return [sum(s.makes == c.name for s in net.sites) for c in net.commodities]


def uses(net):
    return [net.site_by_name[s].capacity for s in net.site_by_name]


def utilisations(net):
    flows = net.baseline()
    return [round(flows.output[s] / flows.capacity[s], 9) for s in net.site_by_name]


def lot_days(net):
    flows = net.baseline()
    return [s.lot / flows.output[s.name] for s in net.sites if s.lot and flows.output[s.name] > 0.0]


FEATURES = {
    **{f"{n} tiers": lambda net, n=n: tiers(net) == n for n in (1, 2, 3, 4)},
    **{f"{n} sites a commodity": lambda net, n=n: n in makers(net) for n in (1, 2, 3)},
    **{
        f"{name} lead time": lambda net, name=name: any(
            type(lane.lead_time).__name__ == name for lane in net.lanes
        )
        for name in DISTRIBUTIONS
    },
    **{
        f"{name} policy": lambda net, name=name: any(
            type(item.policy).__name__ == name for item in slots(net)
        )
        for name in POLICIES
    },
    **{
        f"{rule} allocation": lambda net, rule=rule: any(s.allocation == rule for s in net.sites)
        for rule in ("proportional", "priority", "fifo", "domestic-first", "incumbent-first")
    },
    **{
        f"review {days}": lambda net, days=days: any(
            item.policy.review == days for item in slots(net)
        )
        for days in (0, 1, 7, 14, 30)
    },
    **{
        f"period {days}": lambda net, days=days: any(d.period == days for d in net.demands)
        for days in (0.5, 1, 1.5, 7, 30)
    },
    **{
        f"unmet {what}": lambda net, what=what: any(d.unmet == what for d in net.demands)
        for what in ("lost", "backlog")
    },
    **{
        f"{n} lanes into a slot": lambda net, n=n: n in [len(x) for x in net.lanes_into.values()]
        for n in (1, 2, 3)
    },
    "all countries": lambda net: len({s.country for s in net.sites}) >= 4,
    "two demands": lambda net: len(net.demands) == 2,
    "demand for an intermediate": lambda net: len({d.commodity for d in net.demands}) == 2,
    "side branch": lambda net: any(c.name.startswith("x") for c in net.commodities),
    "made side branch": lambda net: any(s.makes[0] == "x" and s.inputs for s in net.sites),
    "shortcut": lambda net: any(set(s.inputs) >= {"c1", "c2"} for s in net.sites),
    "store": lambda net: len(net.stores) == 1,
    "store from store": lambda net: any(
        {lane.source, lane.target} <= set(net.store_by_name) for lane in net.lanes
    ),
    "recycler": lambda net: "recycler" in net.site_by_name,
    "parallel lanes": lambda net: any(lane.mode for lane in net.lanes),
    "idle lane": lambda net: any(lane.share == 0.0 for lane in net.lanes),
    "odd share": lambda net: any((lane.share * 16) % 2 == 1 for lane in net.lanes),
    "qualified for less": lambda net: any(lane.max_share < 1.0 for lane in net.lanes),
    "idle site": lambda net: 0.0 in net.baseline().output.values(),
    "planned": lambda net: any(s.planned > 0.0 for s in net.sites),
    "by-product": lambda net: any(s.host for s in net.sites),
    "by-product with no residue to spare": lambda net: any(
        s.host and s.host_yield * net.baseline().output[s.host] <= net.baseline().output[s.name]
        for s in net.sites
    ),
    "idle capacity": lambda net: any(s.idle and s.capacity for s in net.sites),
    "all idle": lambda net: any(s.idle and not (s.capacity or s.utilisation) for s in net.sites),
    "utilisation 1": lambda net: 1.0 in utilisations(net),
    "utilisation 0.5": lambda net: 0.5 in utilisations(net),
    "given capacity": lambda net: any(s.capacity for s in net.sites),
    "given utilisation": lambda net: any(s.utilisation for s in net.sites),
    "lot None": lambda net: any(s.lot is None for s in net.sites),
    "small lot": lambda net: any(days < 2 for days in lot_days(net)),
    "large lot": lambda net: any(days > 50 for days in lot_days(net)),
    "long cycle": lambda net: any(s.cycle_time > 35 for s in net.sites),
    "no cycle time": lambda net: any(s.cycle_time == 0 for s in net.sites),
    "part of a day": lambda net: any(lane.lead_time.mean % 1 > 0 for lane in net.lanes),
    "long way": lambda net: any(lane.lead_time.mean > 50 for lane in net.lanes),
    "no way": lambda net: any(lane.lead_time.mean == 0 for lane in net.lanes),
    "order lag": lambda net: any(lane.order_lag > 15 for lane in net.lanes),
    "no cover": lambda net: any(getattr(item.policy, "days", 1) == 0 for item in slots(net)),
    "much cover": lambda net: any(getattr(item.policy, "days", 0) > 55 for item in slots(net)),
    "tiny recipe": lambda net: any(i.per_unit < 1e-3 for s in net.sites for i in s.inputs.values()),
    "huge recipe": lambda net: any(i.per_unit > 100 for s in net.sites for i in s.inputs.values()),
    "partly needed": lambda net: any(
        i.needs * i.criticality < 1 for s in net.sites for i in s.inputs.values()
    ),
    "lane capacity": lambda net: any(lane.capacity < math.inf for lane in net.lanes),
    "initial days": lambda net: any(isinstance(item.initial, ss.Days) for item in slots(net)),
    "initial range": lambda net: any(
        isinstance(item.initial, ss.Quantity) and item.initial.high is not None
        for item in slots(net)
    ),
    "double orders": lambda net: any(item.double_order > 0 for item in slots(net)),
    "retained": lambda net: any(item.retain > 0 for item in slots(net)),
    "money": lambda net: (
        any(c.price for c in net.commodities) and any(lane.order_cost for lane in net.lanes)
    ),
    "penalty": lambda net: any(d.penalty for d in net.demands),
    "poisson": lambda net: any(d.arrivals == "poisson" and d.size is None for d in net.demands),
    "poisson sizes": lambda net: any(d.arrivals == "poisson" and d.size for d in net.demands),
    "steady sizes": lambda net: any(d.arrivals == "steady" and d.size for d in net.demands),
    "ranks": lambda net: (
        any(d.priority for d in net.demands) and any(lane.priority for lane in net.lanes)
    ),
}


@pytest.mark.parametrize("feature", FEATURES)
def test_networks_cover(drawn, feature):
    assert any(FEATURES[feature](net) for net in drawn)


def test_networks_stay_in_bounds(drawn):
    for net in drawn:
        flows = net.baseline()
        assert {net.country(node) for node in [*flows.output, *net.demand_by_name]} <= COUNTRIES
        assert len({d.country for d in net.demands}) == len(net.demands)
        for lanes in net.lanes_into.values():
            assert sum(lane.share for lane in lanes) == 1.0
            assert all(lane.share <= lane.max_share <= 1.0 for lane in lanes)
        for lane in net.lanes:
            assert lane.capacity >= 1.5 * flows.flow[lane.key]
        assert all(0.5 <= u <= 1.0 for u, x in zip(utilisations(net), uses(net), strict=True) if u)
        assert all(0.999 <= days <= 60.001 for days in lot_days(net))


def test_most_networks_are_plain(drawn):
    plain = [net for net in drawn if all(item.initial is None for item in slots(net))]
    wide = [net for net in drawn if all(lane.capacity == math.inf for lane in net.lanes)]
    assert len(plain) > 0.6 * len(drawn)
    assert len(wide) > 0.6 * len(drawn)


def test_options_leave_things_out():
    strategy = networks(
        max_tiers=2,
        max_sites=2,
        deterministic=True,
        policies="cover",
        several_sources=False,
        stores=False,
        initial=False,
    )
    for net in sample(strategy):
        assert tiers(net) <= 2
        assert max(makers(net)) <= 2
        assert not net.stores
        assert "recycler" not in net.site_by_name
        assert all(lane.share == 1.0 for lane in net.lanes)
        assert all(isinstance(lane.lead_time, ss.Fixed) for lane in net.lanes)
        assert all(d.arrivals == "steady" and d.size is None for d in net.demands)
        assert all(isinstance(item.policy, ss.DaysOfCover) for item in slots(net))
        assert all(item.initial is None for item in slots(net))


def test_simplest_network():
    net = find(networks(cycles=True), lambda net: True, settings=FIND)
    assert (len(net.sites), len(net.stores), len(net.demands), len(net.lanes)) == (1, 0, 1, 1)
    assert net.lanes[0].lead_time == ss.Fixed(0.0)
    assert net.sites[0] == ss.Site("c1-a", country="CN", makes="c1", utilisation=0.5, cover=0.0)


@pytest.mark.parametrize(
    ("feature", "sites", "lanes"),
    [
        ("2 tiers", 2, 2),
        ("store", 2, 4),
        ("odd share", 1, 3),
        ("poisson", 1, 1),
    ],
)
def test_networks_shrink(feature, sites, lanes):
    net = find(networks(max_tiers=3), FEATURES[feature], settings=FIND)
    assert len(net.sites) <= sites
    assert len(net.demands) == 1
    assert len(net.lanes) <= lanes


def test_loops_come_back_to_the_same_commodity(drawn):
    loops = [net for net in drawn if "recycler" in net.site_by_name]
    for net in loops:
        makes = net.site_by_name["recycler"].makes
        (used,) = net.site_by_name["recycler"].inputs
        (outlet,) = net.lanes_from["recycler"]
        assert makes in net.site_by_name[outlet.target].inputs
        assert net.site_by_name[outlet.target].makes == used


def test_numbers_are_readable():
    assert all((x * 16).is_integer() and 1.5 <= x <= 4 for x in sample(sixteenths(1.5, 4)))
    families = {type(d) for d in sample(durations())}
    assert {f.__name__ for f in families} == set(DISTRIBUTIONS)
    assert {type(d) for d in sample(durations(deterministic=True))} == {ss.Fixed}


# --- scenarios -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def border():
    """A network with a border to cross, sites, users and a store."""
    return ss.Network(
        name="border",
        commodities=[ss.Commodity("ore"), ss.Commodity("metal")],
        sites=[
            ss.Site("mine", country="CN", makes="ore", utilisation=0.5),
            ss.Site(
                "smelter", country="JP", makes="metal", utilisation=0.5, inputs={"ore": ss.Input(2)}
            ),
        ],
        stores=[ss.Store("hub", country="KR", commodity="metal")],
        demands=[ss.Demand("use", country="DE", commodity="metal", rate=1.0)],
        lanes=[
            ss.Lane("mine", "smelter", lead_time=7),
            ss.Lane("smelter", "hub", lead_time=7),
            ss.Lane("hub", "use", lead_time=7),
        ],
    )


@pytest.fixture(scope="module")
def played(border):
    """Scenarios of every kind, and more of each measure by itself: what they cover must not hang on luck."""
    mixed = sample(scenarios(border), settings(DRAW_ONLY, max_examples=400))
    single = [sample(scenarios(border, measures=[kind])) for kind in ALL_MEASURES]
    return [*mixed, *(scenario for found in single for scenario in found)]


def of(scenario, kind):
    return [m for m in scenario.measures if isinstance(m, kind)]


def has(kind, test):
    return lambda scenario: any(test(m) for m in of(scenario, kind))


TRADE = (ss.ExportBan, ss.ExportQuota, ss.ExportLicence)
LICENCE = ss.ExportLicence
SCENARIO_FEATURES = {
    **{kind.__name__: has(kind, lambda m: True) for kind in ALL_MEASURES},
    **{f"{n} measures": lambda s, n=n: len(s.measures) == n for n in (0, 1, 2, 3)},
    "same kind twice": lambda s: len({type(m) for m in s.measures}) < len(s.measures),
    "dates": lambda s: any(isinstance(m.begins, dt.date) for m in s.measures),
    "days": lambda s: any(isinstance(m.begins, float) for m in s.measures),
    "part of a day": lambda s: any(
        isinstance(m.begins, float) and m.begins % 1 for m in s.measures
    ),
    "no end": lambda s: any(m.ends is None for m in s.measures),
    "end": lambda s: any(m.ends is not None for m in s.measures),
    "announced": lambda s: any(m.announced is not None for m in s.measures),
    **{
        f"in transit {fate}": has(TRADE, lambda m, fate=fate: m.in_transit == fate)
        for fate in ("arrives", "returns", "seized")
    },
    "to somewhere": has(TRADE, lambda m: m.to),
    "to anywhere": has(TRADE, lambda m: not m.to),
    "more origins": has(TRADE, lambda m: len(m.origin) > 1),
    "more goods": has(TRADE, lambda m: len(m.commodities) > 1),
    **{
        f"{form} licence": has(LICENCE, lambda m, form=form: m.form == form)
        for form in ("single", "general")
    },
    **{
        f"{desks} desks": has(LICENCE, lambda m, desks=desks: m.desks == desks)
        for desks in (None, 1, 2)
    },
    "approval": has(LICENCE, lambda m: isinstance(m.approval, float) and m.approval < 1),
    "approval by country": has(LICENCE, lambda m: not isinstance(m.approval, float)),
    "referral": has(LICENCE, lambda m: m.referred > 0),
    "pre-licensed": has(LICENCE, lambda m: m.pre_licensed > 0),
    "routine": has(LICENCE, lambda m: m.routine_after is not None),
    "per dispatch": has(LICENCE, lambda m: m.per_dispatch),
    "working week": has(LICENCE, lambda m: m.working_week),
    "holidays": has(LICENCE, lambda m: m.holidays),
    "amount": has(ss.ExportQuota, lambda m: m.amount is not None),
    "fraction": has(ss.ExportQuota, lambda m: m.fraction is not None),
    "history": has(ss.ExportQuota, lambda m: m.rule == "history"),
    **{
        f"period {period}": has(ss.ExportQuota, lambda m, period=period: m.period == period)
        for period in (1.0, 7.0, 30.0, "month", "quarter", "year")
    },
    **{
        f"{form} recovery": has(ss.Outage, lambda m, form=form: m.recovery == form)
        for form in ("step", "linear", "s-shaped")
    },
    "observed": has(ss.Outage, lambda m: m.observed),
    "random": has(ss.Outage, lambda m: m.up is not None and m.step is None),
    "random steps": has(ss.Outage, lambda m: m.step is not None),
    **{
        f"stops {what}": has(ss.Outage, lambda m, what=what: m.stops == what)
        for what in ("output", "shipments", "both")
    },
    "by origin": has(ss.Outage, lambda m: m.origin),
    "by site": has(ss.Outage, lambda m: m.sites),
    "held elsewhere": has(ss.Reserve, lambda m: m.to),
    "reserve in days": has(ss.Reserve, lambda m: m.days),
    "reserve in units": has(ss.Reserve, lambda m: m.amount),
    "reserve rate": has(ss.Reserve, lambda m: m.rate < math.inf),
    "empty reserve": has(ss.Reserve, lambda m: m.filled == 0),
    "new site": has(ss.SecondSource, lambda m: m.country),
    "old site": has(ss.SecondSource, lambda m: m.site),
    "ramp": has(ss.SecondSource, lambda m: m.ramp > 0),
    "moved share": has(ss.SecondSource, lambda m: m.share > 0),
    "for a store": has(ss.SecondSource, lambda m: m.to == ("KR",)),
}


@pytest.mark.parametrize("feature", SCENARIO_FEATURES)
def test_scenarios_cover(played, feature):
    assert any(SCENARIO_FEATURES[feature](scenario) for scenario in played)


def test_scenarios_overlap(played):
    spans = [
        [(m.begins, m.ends or math.inf) for m in s.measures if isinstance(m.begins, float)]
        for s in played
        if s.start is None
    ]
    assert any(a[0] < b[0] < a[1] for span in spans for a in span for b in span)


@settings(DRAW_ONLY, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_scenario_can_be_laid_out(data):
    net = data.draw(networks(cycles=True))
    lay_out(net, data.draw(scenarios(net)))


def test_without_borders_no_trade_measure():
    net = tiny()
    net = net.replace(demands=(ss.Demand("use", country="CN", commodity="ore", rate=1.0),))
    kinds = {type(m) for s in sample(scenarios(net)) for m in s.measures}
    assert {ss.Outage, ss.Reserve, ss.SecondSource} <= kinds
    assert not any(issubclass(kind, TradeMeasure | ss.CounterMeasure) for kind in kinds)


def test_nothing_to_act_on_gives_the_empty_scenario():
    net = ss.Network(name="empty", commodities=[])
    assert all(s.measures == () for s in sample(scenarios(net), FEW))


def test_scenario_options(border):
    for s in sample(scenarios(border, deterministic=True, calendar=False, max_measures=2)):
        assert s.start is None
        assert len(s.measures) <= 2
        for m in of(s, LICENCE):
            assert m.approval == 1.0
            assert m.referred == 0.0
            assert not m.working_week
            assert isinstance(m.service, ss.Fixed)
        assert all(m.up is None for m in of(s, ss.Outage))
    only = sample(scenarios(border, measures=[ss.Reserve]), FEW)
    assert {type(m) for s in only for m in s.measures} == {ss.Reserve}


def test_scenarios_shrink(border):
    found = find(scenarios(border), lambda s: bool(of(s, LICENCE)), settings=FIND)
    (licence,) = found.measures
    assert (found.start, licence.begins, licence.ends) == (None, 0.0, None)
    assert licence.service == ss.Fixed(0.0)


# --- the same model told otherwise ---------------------------------------------------------------


@FEW
@given(networks(cycles=True), st.sampled_from((0.5, 8.0)))
def test_scaled_networks_flow_in_proportion(net, factor):
    old, new = net.baseline(), scaled(net, factor).baseline()
    for name in ("output", "use", "flow", "lot", "capacity"):
        a, b = getattr(old, name), getattr(new, name)
        if name == "lot":  # an idle site's plain lot follows its own capacity
            assert b == pytest.approx({key: value * factor for key, value in a.items()})
        else:
            assert b == {key: value * factor for key, value in a.items()}
    assert scaled(scaled(net, factor), 1 / factor).lanes == net.lanes


def test_scaled_money_is_the_same():
    net = tiny().replace(
        commodities=(ss.Commodity("ore", price=8.0),),
        demands=(
            ss.Demand(
                "use",
                country="DE",
                commodity="ore",
                rate=1.0,
                arrivals="poisson",
                size=ss.Triangular(1, 2, 3),
                policy=ss.MinMax(2, 6),
                initial=ss.Quantity(1, 2),
                penalty=4.0,
            ),
        ),
    )
    new = scaled(net, 2.0)
    use = new.demands[0]
    assert new.commodities[0].price == 4.0
    assert (use.rate, use.size, use.policy) == (2.0, ss.Triangular(2, 4, 6), ss.MinMax(4, 12))
    assert (use.initial, use.penalty) == (ss.Quantity(2, 4), 2.0)
    assert scaled(tiny(), 2.0).demands[0].size is None


def test_poisson_customers_of_one_unit_scale():
    (use,) = tiny().demands
    net = tiny().replace(
        demands=(
            ss.Demand("use", country=use.country, commodity="ore", rate=1, arrivals="poisson"),
        )
    )
    assert scaled(net, 3.0).demands[0].size == ss.Fixed(3.0)


def test_scaled_scenario(border):
    measures = [
        ss.ExportQuota(key="a", origin=["CN"], commodities=["ore"], amount=3.0),
        ss.ExportQuota(key="b", origin=["CN"], commodities=["ore"], fraction=0.5),
        ss.Reserve(key="c", country="DE", commodity="metal", days=9.0, rate=5.0),
        ss.SecondSource(
            key="d", country="US", commodity="metal", to=["DE"], capacity=1.0, cost=6.0
        ),
    ]
    a, b, c, d = scaled_scenario(ss.Scenario(measures=measures), 2.0).measures
    assert (a.amount, b.fraction, c.days, c.rate, d.capacity, d.cost) == (6, 0.5, 9, 10, 2, 3)
    assert scaled_scenario(None, 2.0) is None


def test_shifted():
    day = dt.date(2023, 7, 3)
    licence = LICENCE(
        origin=["CN"],
        commodities=["ore"],
        begins=day,
        ends=40.0,
        holidays=[ss.Holiday(first=day, last=day)],
    )
    later = shifted(ss.Scenario(start=day, measures=[licence]), 10)
    assert later.start == later.measures[0].begins == dt.date(2023, 7, 13)
    assert later.measures[0].ends == 40.0
    assert later.measures[0].holidays[0].last == dt.date(2023, 7, 13)


# --- invariants ----------------------------------------------------------------------------------


@FEW
@given(networks(deterministic=True, policies="cover", initial=False))
def test_undisturbed_networks_stand_still(net):
    assert_stands_still(net, horizon=90)


@settings(FEW, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_invariants_hold(data):
    net = data.draw(networks(cycles=True))
    scenario = data.draw(scenarios(net))
    assert_balanced(net, scenario, horizon=90)
    assert_scales(net, scenario, 4.0, horizon=90)
    assert_ignores_unconnected(net, scenario, horizon=90)


@settings(FEW, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_runs_shift_with_the_start(data):
    net = data.draw(networks(max_tiers=2))
    scenario = data.draw(scenarios(net, measures=[ss.ExportBan, LICENCE, ss.Outage]))
    assert_shift_invariant(net, scenario, 14, horizon=90)


def test_what_cannot_hold_is_refused(border):
    start = dt.date(2023, 7, 3)
    quota = ss.ExportQuota(origin=["CN"], commodities=["ore"], fraction=0.5, period="month")
    with pytest.raises(ValueError, match="calendar month"):
        assert_shift_invariant(border, ss.Scenario(start=start, measures=[quota]))
    licence = LICENCE(origin=["CN"], commodities=["ore"])
    with pytest.raises(ValueError, match="working week"):
        assert_shift_invariant(border, ss.Scenario(measures=[licence]), 3)
    with pytest.raises(ValueError, match="power of two; found 10"):
        assert_scales(border, factor=10.0)
    sizes = ss.Demand(
        "use", country="DE", commodity="ore", rate=1, arrivals="poisson", size=ss.Lognormal(1, 1)
    )
    with pytest.raises(ValueError, match="Lognormal"):
        assert_scales(tiny().replace(demands=(sizes,)), factor=2.0)


def test_standing_still_names_who_does_not():
    late = ss.Demand(
        "use",
        country="DE",
        commodity="ore",
        rate=1.0,
        unmet="backlog",
        policy=ss.ReorderPoint(0, 1),
    )
    with pytest.raises(AssertionError, match=r"units deferred; first: deferred on day \d, demand"):
        assert_stands_still(tiny().replace(demands=(late,)), horizon=30)


def test_same_tells_runs_apart(border):
    ban = ss.ExportBan(origin=["CN"], commodities=["ore"], begins=10)
    a = ss.simulate(border, horizon=60, events=True)
    b = ss.simulate(border, ss.Scenario(measures=[ban]), horizon=60, events=True)
    assert_same(a, a)
    with pytest.raises(AssertionError, match="event "):
        assert_same(a, b)
    quiet = ss.simulate(border, ss.Scenario(measures=[ban]), horizon=60)
    with pytest.raises(AssertionError, match=r"on day [1-4]\d, "):
        assert_same(a, quiet)
    with pytest.raises(AssertionError, match="sizes"):
        assert_same(quiet, ss.simulate(border, horizon=50))
    with pytest.raises(AssertionError, match="other names along site"):
        assert_same(fake(output=[[1.0]]), fake(output=[[1.0]], site=["smelter"]))


def fake(*, output, site=("mine",), events=None, broken=False):
    """A result with one record that matters."""
    data = {"output": (("time", "site"), np.array(output, dtype=float))}
    data |= {
        name: (("time", "site"), np.zeros((len(output), len(site))))
        for name in QUANTITIES
        if name != "output"
    }

    def check():
        if broken:
            raise ss.NotBalanced("site 'mine': leaks")

    columns = ["time", "kind", "entity", "quantity"]
    return SimpleNamespace(
        data=xr.Dataset(data, coords={"time": range(len(output)), "site": list(site)}),
        events=pd.DataFrame(events or [], columns=columns),
        check=check,
    )


@pytest.fixture
def engine(monkeypatch):
    """Replace simulate by one that hands out prepared results in turn."""

    def prepare(*results):
        module = ModuleType("supplysim.simulate")
        queue = iter(results)
        module.simulate = lambda *args, **kwargs: next(queue)
        monkeypatch.setitem(sys.modules, "supplysim.simulate", module)

    return prepare


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (fake(output=[[1.0]], broken=True), "leaks"),
        (fake(output=[[1.0], [-1.0]]), "output on day 1, site 'mine' must be .* found -1"),
        (fake(output=[[math.nan]]), "found nan"),
    ],
)
def test_balance_is_told(engine, result, message):
    engine(result)
    with pytest.raises(AssertionError, match=message):
        assert_balanced(tiny())


def test_scaling_is_told(engine):
    engine(fake(output=[[1.0], [3.0]]), fake(output=[[2.0], [6.0]]))
    assert_scales(tiny(), factor=2.0)
    engine(fake(output=[[1.0], [3.0]]), fake(output=[[2.0], [6.0 + 1e-15]]))
    with pytest.raises(
        AssertionError, match=r"output on day 1, site 'mine': 6.0, but 6.0000000000"
    ):
        assert_scales(tiny(), factor=2.0)


def test_scaled_events_may_hold_shares(engine):
    def run(made, time=1.0):
        events = [(0.0, "change", "lane", 0.5), (time, "made", "mine", made)]
        return fake(output=[[made]], events=events)

    engine(run(1.0), run(2.0))
    assert_scales(tiny(), factor=2.0)
    engine(run(1.0), run(2.0, time=1.5))
    with pytest.raises(AssertionError, match=r"event 1: time=1.0 .* but time=1.5"):
        assert_scales(tiny(), factor=2.0)


def test_strangers_that_matter_are_told(engine):
    names = ("mine", "unconnected")
    engine(fake(output=[[1.0]]), fake(output=[[1.0, 9.0]], site=names))
    assert_ignores_unconnected(tiny())
    engine(fake(output=[[1.0]]), fake(output=[[2.0, 9.0]], site=names))
    with pytest.raises(AssertionError, match=r"1.0, but 2.0"):
        assert_ignores_unconnected(tiny())


def test_a_missing_event_is_told():
    rows = [(0.0, "made", "mine", 1.0), (1.0, "made", "mine", 1.0)]
    a, b = fake(output=[[1.0]], events=rows), fake(output=[[1.0]], events=rows[:1])
    with pytest.raises(AssertionError, match=r"2 events, but 1; the first more: time=1.0"):
        assert_same(a, b)


def test_zero_has_a_sign():
    with pytest.raises(AssertionError, match=r"0.0, but -0.0"):
        assert_same(fake(output=[[0.0]]), fake(output=[[-0.0]]))


def test_an_unconnected_node_leaves_the_baseline_alone(border):
    old, new = border.baseline(), with_unconnected_node(border).baseline()
    assert old.flow == new.flow
    assert set(new.output) - set(old.output) == {"unconnected"}


def test_importing_supplysim_does_not_import_hypothesis():
    code = "import supplysim, sys; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
