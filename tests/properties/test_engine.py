"""What always holds, on random networks and scenarios (the checks that users run on their own).

A few dozen examples by default; thousands under the marker `slow`.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim import testing
from supplysim.model import Slot
from supplysim.model.baseline import by_name, solve_back
from supplysim.model.findings import Findings

RUN = {"horizon": 100, "seed": 7}
QUICK = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SOME = settings(QUICK, max_examples=80)
MANY = settings(QUICK, max_examples=3000, derandomize=False)
Pair = tuple[ss.Network, ss.Scenario]


def pairs(**options: object) -> st.SearchStrategy[Pair]:
    """Networks of every kind, each with a scenario that reaches it."""
    options = {"deterministic": False, "policies": "any", "cycles": True} | options
    return testing.networks(**options).flatmap(  # type: ignore[arg-type]
        lambda network: st.tuples(st.just(network), testing.scenarios(network))
    )


CALM = testing.networks(policies="cover", deterministic=True, initial=False, cycles=True)


@SOME
@given(CALM)
def test_an_undisturbed_feasible_network_loses_nothing(network: ss.Network) -> None:
    testing.assert_stands_still(network, horizon=200)


@pytest.mark.slow
@MANY
@given(CALM)
def test_many_undisturbed_networks_lose_nothing(network: ss.Network) -> None:
    testing.assert_stands_still(network, horizon=200)


@QUICK
@given(CALM)
def test_undisturbed_flows_are_the_baseline_to_within_a_lot(network: ss.Network) -> None:
    days = 400
    run = ss.simulate(network, horizon=days)
    baseline = network.baseline()

    def own(slot: Slot) -> float:
        """What a slot orders at once by its own doing."""
        lot = baseline.lot[slot.node] * slot.gain if slot.kind == "input" else 0.0
        period = slot.item.period * slot.rate if isinstance(slot.item, ss.Demand) else 0.0
        return lot + period + slot.item.policy.review * baseline.use[slot.key]

    # orders pass on the lumps of those further down, so a few of them may lie in the window or not
    tables = network.tables
    own_by_slot = np.array([own(slot) for slot in network.slots.values()])
    bursts = solve_back(tables, own_by_slot, Findings())
    passed_on = by_name(tables.source_names(), bursts)
    for key, lane in network.lanes_by_key.items():
        slot = network.slot_of(lane)
        lumps = own(slot) + slot.gain * passed_on.get(slot.node, 0.0)
        lumps += baseline.lot.get(lane.source, 0.0)
        gap = abs(float(run.data.shipped.sel(lane=key).sum()) - baseline.flow[key] * days)
        assert gap <= 3.0 * lumps + 0.02 * baseline.flow[key] * days


@SOME
@given(pairs())
def test_goods_neither_appear_nor_vanish(pair: Pair) -> None:
    testing.assert_balanced(*pair, **RUN)


@pytest.mark.slow
@MANY
@given(pairs())
def test_many_runs_balance(pair: Pair) -> None:
    testing.assert_balanced(*pair, **RUN)


@QUICK
@given(pairs())
def test_the_same_seed_gives_the_same_log(pair: Pair) -> None:
    first, second = (ss.simulate(*pair, events=True, **RUN) for _ in range(2))
    testing.assert_same(first, second)


@QUICK
@given(pairs())
def test_no_measure_is_the_baseline(pair: Pair) -> None:
    network, scenario = pair
    calm = dataclasses.replace(scenario, measures=())
    testing.assert_same(
        ss.simulate(network, None, events=True, **RUN),
        ss.simulate(network, calm, events=True, **RUN),
    )


def idle(network: ss.Network) -> list[ss.Scenario]:
    """Measures that do nothing, on every commodity that crosses a border."""
    crossing = sorted(
        {
            (network.country(lane.source), network.product(lane.source))
            for lane in network.lanes
            if network.country(lane.source) != network.country(lane.target)
        }
    )
    found = []
    for origin, commodity in crossing[:1]:
        reach = {"origin": [origin], "commodities": [commodity], "begins": 10.0}
        huge = 1e18
        found += [
            ss.Scenario(measures=[ss.ExportQuota(amount=huge, period=7.0, **reach)]),
            ss.Scenario(measures=[ss.ExportLicence(service=ss.Fixed(0.0), **reach)]),
            ss.Scenario(
                measures=[ss.ExportLicence(service=ss.Fixed(0.0), form="general", **reach)]
            ),
        ]
    commodity = network.commodities[0].name
    users = [
        slot.country
        for slot in network.slots.values()
        if slot.commodity == commodity and slot.kind != "store"
    ]
    empty = ss.Reserve(key="r", country="FR", to=users[:1], commodity=commodity, amount=0.0)
    return [*found, ss.Scenario(measures=[empty])] if users else found


@SOME
@given(testing.networks(policies="any", cycles=True))
def test_measures_that_do_nothing_change_nothing(network: ss.Network) -> None:
    base = ss.simulate(network, None, events=True, **RUN)
    for scenario in idle(network):
        testing.assert_same(base, ss.simulate(network, scenario, events=True, **RUN))


@QUICK
@given(pairs(), st.sampled_from([0.25, 2.0, 1024.0]))
def test_quantities_scale(pair: Pair, factor: float) -> None:
    network, scenario = pair
    if any(isinstance(d.size, ss.Lognormal) for d in network.demands):
        network = network.replace(
            demands=[dataclasses.replace(d, size=None) for d in network.demands]
        )
    testing.assert_scales(network, scenario, factor, **RUN)


@QUICK
@given(
    testing.networks().flatmap(
        lambda n: st.tuples(st.just(n), testing.scenarios(n, calendar=False))
    )
)
def test_a_shift_of_all_dates_changes_nothing(pair: Pair) -> None:
    testing.assert_shift_invariant(*pair, days=14, **RUN)


@QUICK
@given(pairs())
def test_an_unconnected_node_changes_nothing(pair: Pair) -> None:
    testing.assert_ignores_unconnected(*pair, **RUN)


@QUICK
@given(pairs(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_measures_changes_nothing(pair: Pair, random: object) -> None:
    network, scenario = pair

    def mixed(items: object) -> list[object]:
        found = list(items)  # type: ignore[call-overload]
        random.shuffle(found)  # type: ignore[attr-defined]
        return found

    tables = ("commodities", "sites", "stores", "demands", "lanes")
    other = network.replace(**{name: mixed(getattr(network, name)) for name in tables})
    shuffled = dataclasses.replace(scenario, measures=mixed(scenario.measures))
    testing.assert_same(
        ss.simulate(network, scenario, events=True, **RUN),
        ss.simulate(other, shuffled, events=True, **RUN),
    )


@SOME
@given(
    rate=st.sampled_from([0.5, 1.0, 12.0, 1e6]),
    cover=st.integers(1, 60),
    transit=st.integers(1, 60),
    stop=st.integers(1, 150),
    fate=st.sampled_from(["arrives", "returns", "seized"]),
    lot=st.sampled_from([1.0, 7.0, 30.0]),
    unmet=st.sampled_from(["lost", "backlog"]),
)
def test_onset_and_loss_of_a_ban_on_random_chains(
    rate: float, cover: int, transit: int, stop: int, fate: str, lot: float, unmet: str
) -> None:
    """First short day b + t and loss x max(0, T - b); b and x max(0, T + t - b) without what is under way."""
    # stock enough at the mine for all that waits when the ban ends
    mine = ss.Site(
        "mine", country="CN", makes="ore", capacity=10 * rate, lot=lot * rate, cover=300.0
    )
    network = ss.Network(
        name="chain",
        commodities=[ss.Commodity("ore")],
        sites=[mine],
        demands=[
            ss.Demand(
                "use",
                country="DE",
                commodity="ore",
                rate=rate,
                unmet=unmet,
                policy=ss.DaysOfCover(cover),
            )
        ],
        lanes=[ss.Lane("mine", "use", lead_time=transit)],
    )
    ban = ss.ExportBan(origin=["CN"], commodities=["ore"], begins=0, ends=stop, in_transit=fate)
    run = ss.simulate(network, ss.Scenario(measures=[ban]), horizon=400)
    short = (run.data.unmet + run.data.deferred).sel(demand="use").values
    arrives = fate == "arrives"
    days = max(0, stop - cover) if arrives else max(0, stop + transit - cover)
    hit = np.flatnonzero(short)
    assert float(short.sum()) == pytest.approx(rate * days, rel=1e-9, abs=1e-12)
    assert hit.size == days
    if days:
        assert hit[0] == (cover + transit if arrives else cover)
