"""Groups: sums of entities in their order, to the bit, that keep the books as entities do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim.balance import check_balance
from supplysim.engines import compiled
from supplysim.engines.trace import Trace
from supplysim.errors import NotBalanced
from supplysim.grouping import Groups, aggregate, group
from supplysim.plan import Plan, make_plan
from supplysim.running import run_plan, run_plans
from supplysim.testing import networks, scenarios


def plan_of(network: ss.Network, scenario: ss.Scenario | None = None, days: int = 60) -> Plan:
    return make_plan(network, scenario, horizon=days, seed=1, replication=0, warmup=7)


@pytest.fixture(scope="module")
def bundled() -> tuple[Plan, Trace]:
    plan = plan_of(
        ss.load_network("gallium-2022"), ss.load_scenario("gallium-licence-2023"), days=120
    )
    return plan, run_plan(plan, "simpy")


def one_after_another(values: Any, index: Any, count: int) -> Any:
    """What the compiled engine does: add each entity to its group, from 0.0."""
    found = np.zeros((len(values), count))
    for entity, place in enumerate(index):
        found[:, place] += values[:, entity]
    return found


def test_groups_are_sums_in_the_order_of_entities_to_the_bit(bundled: tuple[Plan, Trace]) -> None:
    plan, trace = bundled
    groups = group(plan)
    summed = aggregate(trace, groups)
    for table in ("daily", "opening", "money"):
        for (kind, name), values in getattr(trace, table).items():
            rows = values.reshape(-1, values.shape[-1])
            due = one_after_another(rows, groups.index[kind], len(groups.names[kind]))
            assert np.array_equal(getattr(summed, table)[kind, name].reshape(due.shape), due)
    assert summed.names == groups.names


def test_groups_say_where_and_what(bundled: tuple[Plan, Trace]) -> None:
    plan, trace = bundled
    groups = group(plan)
    net = plan.network
    assert {kind: len(index) for kind, index in groups.index.items()} == {
        kind: len(names) for kind, names in trace.names.items()
    }
    for i, key in zip(groups.index["lane"], trace.names["lane"], strict=True):
        lane = net.lanes_by_key[key]
        assert groups.coords["lane_origin"][i] == net.country(lane.source)
        assert groups.coords["lane_destination"][i] == net.country(lane.target)
        assert groups.coords["lane_commodity"][i] == net.product(lane.source)
        slot = groups.index["slot"][trace.names["slot"].index(net.slot_of(lane).key)]
        assert groups.coords["lane_slot"][i] == groups.names["slot"][slot]
        kind = groups.coords["lane_source_kind"][i]
        home = "site" if kind == "site" else "slot"
        place = groups.index[home][trace.names[home].index(lane.source)]
        assert groups.coords["lane_source"][i] == groups.names[home][place]
    use = sum(plan.use.values())
    assert groups.coords["slot_use"].sum() == pytest.approx(use)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_groups_keep_the_books_as_entities_do(data: st.DataObject) -> None:
    network = data.draw(networks())
    scenario = data.draw(st.none() | scenarios(network))
    plan = plan_of(network, scenario, days=30)
    (trace,) = run_plans([plan], "simpy", records="group")
    check_balance(plan, trace, group(plan))


@pytest.mark.parametrize("record", ["shipped", "received", "used", "deferred"])
def test_a_tampered_group_does_not_pass_the_check(record: str, bundled: tuple[Plan, Trace]) -> None:
    plan, trace = bundled
    groups = group(plan)
    summed = aggregate(trace, groups)
    check_balance(plan, summed, groups)
    kind = next(kind for kind, name in summed.daily if name == record)
    busiest = int(trace.daily[kind, record].sum(axis=0).argmax())
    summed.daily[kind, record][20, groups.index[kind][busiest]] += 1e3
    with pytest.raises(NotBalanced, match="is broken on day"):
        check_balance(plan, summed, groups)


def test_no_entities_make_no_groups() -> None:
    groups = Groups({"lane": []}, {"lane": np.array([], dtype=np.int64)}, {})
    assert groups.sums("lane", np.zeros((5, 0))).shape == (5, 0)


def test_given_groups_are_used() -> None:
    plans = [plan_of(ss.load_network("gallium-2022"), days=10)]
    groups = group(plans[0])
    by_hand = aggregate(run_plans(plans, "auto")[0], groups)
    (given_groups,) = run_plans(plans, "auto", records="group", groups=[groups])
    for key, values in by_hand.daily.items():
        assert np.array_equal(given_groups.daily[key], values)


def test_the_compiled_engine_sums_as_it_records() -> None:
    """Bit for bit what summing the records of entities gives: the same additions in the same order."""
    network = ss.load_network("gallium-2022")
    scenario = ss.load_scenario("gallium-licence-2023")
    plan = make_plan(network, scenario, horizon=300, seed=3, replication=1, warmup=None)
    groups = group(plan)
    by_entity = aggregate(compiled.run(plan), groups)
    (summed,) = compiled.run_all([plan], groups=[groups])
    for table in ("daily", "opening", "money"):
        for key, values in getattr(by_entity, table).items():
            assert np.array_equal(values, getattr(summed, table)[key]), key
    assert summed.names == by_entity.names
