"""Networks as columns: the same bits as node by node, the same network as from objects, the same refusals."""

from __future__ import annotations

import dataclasses
import math
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_by_name import ByName

import supplysim as ss
from supplysim import rules, targets, testing
from supplysim.model import columns
from supplysim.model.lazy import KINDS, LISTED
from supplysim.model.levels import levels_with_groups
from supplysim.model.rows import Ranges
from supplysim.plan import Plan, make_plan

QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
NETWORKS = testing.networks(policies="any", cycles=True)
Table = dict[str, Any]


def plan_of(network: ss.Network) -> Plan:
    return make_plan(network, None, horizon=60, seed=3, replication=1, warmup=None)


def tables_of(network: ss.Network) -> dict[str, Any]:
    """What `from_tables` takes, from a network's objects."""

    def table(items: Any, fields: Any) -> Table:
        return {name: [getattr(item, name) for item in items] for name in fields}

    needs = [(site.name, name, x) for site in network.sites for name, x in site.inputs.items()]
    inputs = table([x for _, _, x in needs], KINDS["inputs"].attributes)
    inputs |= {"site": [s for s, _, _ in needs], "commodity": [c for _, c, _ in needs]}
    kinds = ("commodities", "sites", "stores", "demands", "lanes")
    found = {kind: table(getattr(network, kind), KINDS[kind].attributes) for kind in kinds}
    return {"name": network.name, **found, "inputs": inputs}


# --- the same arithmetic -------------------------------------------------------------------------


@QUICK
@given(NETWORKS)
def test_columns_give_the_bits_of_the_naive_reference(network: ss.Network) -> None:
    plan, naive = plan_of(network), ByName(network)
    for name in ("output", "use", "flow", "capacity", "lot"):
        assert getattr(plan.baseline, name) == getattr(naive.base, name), name
    for name in ("use", "lump", "lumps", "site_target", "allowance", "lead", "slack"):
        assert getattr(plan, name) == getattr(naive, name), name
    assert plan.warmup == naive.warmup()
    for key, slot in network.slots.items():
        lanes = network.lanes_into[key]
        assert plan.opening_stock(slot) == naive.opening_stock(slot)
        if isinstance(slot.item.policy, ss.DaysOfCover):
            leads = [plan.lead[lane.key] + plan.slack[lane.key] for lane in lanes]
            target = plan.target(slot, [lane.share for lane in lanes], leads, 0.0)
            assert target == plan.opening_stock(slot)


@QUICK
@given(NETWORKS)
def test_ranks_are_places_among_all_kinds_and_names(network: ss.Network) -> None:
    plan = plan_of(network)
    names = [
        *(("site", site.name) for site in network.sites),
        *(("store", store.name) for store in network.stores),
        *(("demand", demand.name) for demand in network.demands),
        *(("slot", key) for key in network.slots),
        *(("lane", lane.key) for lane in network.lanes),
        *(("measure", f"|idle {site.name}") for site in network.sites if site.idle),
        ("record", ""),
    ]
    assert plan.rank == {entity: place for place, entity in enumerate(sorted(names))}


@given(st.floats(0.0, 4e9), st.floats(2.0**-20, 1e7))
def test_rules_on_columns_are_the_rules(value: float, step: float) -> None:
    one = np.array([value, step])
    assert targets._on_grid(one).tolist() == [rules.on_grid(value), rules.on_grid(step)]
    assert targets._ceil_to(one, np.array([step, step])).tolist() == [
        rules.ceil_to(value, step),
        rules.ceil_to(step, step),
    ]


def test_sums_run_one_by_one_in_order_of_key() -> None:
    """Ten thousand customers, whose sum pairwise or in another order has other bits."""
    rates = np.random.default_rng(1).lognormal(0.0, 4.0, 10_000)
    names = [f"use-{i}" for i in range(len(rates))]
    network = ss.Network.from_tables(
        name="star",
        commodities={"name": "ore"},
        sites={"name": "mine", "country": "CN", "makes": "ore", "utilisation": 0.5},
        demands={"name": names, "country": "DE", "commodity": "ore", "rate": rates},
        lanes={"source": "mine", "target": names},
    )
    in_order = [rates[int(name[4:])] for name in sorted(names, key=lambda name: f"{name}|")]
    assert network.baseline().output["mine"] == rules.total(in_order) != float(np.sum(rates))


def test_levels_of_a_graph_with_a_cycle() -> None:
    before, after = np.array([0, 1, 2, 2]), np.array([1, 2, 1, 3])
    level, (group,) = levels_with_groups(4, before, after)
    assert level.tolist() == [0, 1, 1, 2]
    assert group.tolist() == [1, 2]


# --- the same network ----------------------------------------------------------------------------


def test_every_field_is_a_column() -> None:
    for kind in (*KINDS.values(), Ranges):
        fields = [f.name for f in dataclasses.fields(kind.of) if f.name != "inputs"]
        assert list(kind.attributes) == fields


@QUICK
@given(NETWORKS, st.booleans())
def test_a_network_from_columns_is_the_network_from_objects(
    network: ss.Network, frames: bool
) -> None:
    given_tables = tables_of(network)
    if frames:
        made = {k: pd.DataFrame(v, dtype=object) for k, v in given_tables.items() if k != "name"}
        given_tables |= {k: frame for k, frame in made.items() if len(frame)}
    other = ss.Network.from_tables(**given_tables)
    assert other == network
    assert hash(other) == hash(network)
    assert other.replace() == network
    assert pickle.loads(pickle.dumps(other)) == network
    first, second = plan_of(network), plan_of(other)
    for name in ("tables", "lane_keys", "slot_keys", "node_names"):
        if name != "tables":
            assert getattr(other.tables, name) == getattr(network.tables, name)
    for table in (targets.Targets, type(network.baseline().arrays)):
        for field in dataclasses.fields(table):
            a, b = (
                getattr(x.arrays if table is targets.Targets else x.baseline.arrays, field.name)
                for x in (first, second)
            )
            assert a.tobytes() == b.tobytes(), field.name
    assert dict(other.slots) == network.slots
    assert dict(other.lanes_by_key) == network.lanes_by_key
    assert dict(other.lanes_into) == network.lanes_into
    assert {name: other.lanes_from[name] for name in network.lanes_from} == network.lanes_from
    assert np.array_equal(first.counted, second.counted, equal_nan=True)


@settings(QUICK, max_examples=15)
@given(NETWORKS.flatmap(lambda n: st.tuples(st.just(n), testing.scenarios(n))))
def test_runs_are_the_same(pair: tuple[ss.Network, ss.Scenario]) -> None:
    network, scenario = pair
    other = ss.Network.from_tables(**tables_of(network))
    run = {"horizon": 60, "seed": 7, "events": True}
    testing.assert_same(
        ss.simulate(network, scenario, **run),  # type: ignore[arg-type]
        ss.simulate(other, scenario, **run),  # type: ignore[arg-type]
    )


def test_the_bundled_network_with_a_reserve_from_columns() -> None:
    bundled = ss.load_network("gallium-2022")
    demand = next(slot for slot in bundled.slots.values() if slot.kind == "demand")
    (supply, *_) = bundled.lanes_into[demand.key]
    network = bundled.replace(
        stores=[
            ss.Store(
                "reserve",
                country="JP",
                commodity=demand.commodity,
                policy=ss.BaseStock(3.0),
                release=ss.Release(10.0, 20.0, rate=2.0),
            )
        ],
        lanes=[
            *bundled.lanes,
            ss.Lane(supply.source, "reserve", lead_time=9),
            ss.Lane("reserve", demand.node, share=0.0, closed=True),
        ],
    )
    head = ("groups", "sources", "title", "description", "base_year")
    other = ss.Network.from_tables(
        **tables_of(network), **{name: getattr(network, name) for name in head}
    )
    assert other == network
    timelines = [plan_of(each).timeline for each in (network, other)]
    assert timelines[0].watches == timelines[1].watches != ()
    assert timelines[0].changes == timelines[1].changes


def good() -> dict[str, Any]:
    """Two mines, a smelter and two uses."""
    return {
        "name": "good",
        "commodities": [ss.Commodity("ore"), ss.Commodity("metal")],
        "sites": {
            "name": ["m2", "m1", "smelter"],
            "country": ["CN", "AU", "DE"],
            "makes": np.array(["ore", "ore", "metal"]),
            "capacity": np.ma.masked_invalid([9.0, 9.0, np.nan]),
            "utilisation": [None, None, 0.5],
        },
        "inputs": {
            "site": ["smelter"],
            "commodity": "ore",
            "per_unit": 2,
            "policy": "DaysOfCover(20)",
        },
        "demands": {
            "name": ["b", "a"],
            "country": "JP",
            "commodity": "metal",
            "rate": np.array([1, 2]),
            "initial": [None, "Days(3, 5)"],
        },
        "lanes": {
            "source": ["m1", "m2", "smelter", "smelter"],
            "target": ["smelter", "smelter", "a", "b"],
            "share": [0.25, 0.75, 1.0, 1.0],
            "lead_time": ["Triangular(1, 2, 9)", 3, 4.0, ss.Fixed(5)],
        },
    }


def test_columns_may_be_scalars_masked_mixed_and_in_any_order() -> None:
    network = ss.Network.from_tables(**good())
    assert [site.name for site in network.sites] == ["m2", "m1", "smelter"]
    assert network.sites[2].inputs == {"ore": ss.Input(2.0, policy=ss.DaysOfCover(20.0))}
    assert [site.capacity for site in network.sites] == [9.0, 9.0, None]
    assert network.sites[0] == ss.Site("m2", country="CN", makes="ore", capacity=9.0)
    assert network.baseline().output == {"m1": 1.5, "m2": 4.5, "smelter": 3.0}
    assert network.lanes_by_key["m1|smelter|"].lead_time == ss.Triangular(1, 2, 9)
    assert network.lanes[-1].lead_time == ss.Fixed(5)
    assert network.demand_by_name["a"].initial == ss.Days(3, 5)
    assert network.lanes[1:3] == tuple(network.lanes)[1:3]
    assert "m3" not in network.site_by_name
    assert network.product("m1") == "ore"
    assert network.split("m1", [0.5, 0.5], {}).baseline().output["m1-1"] == 0.75
    ss.simulate(network, horizon=30).check()


def test_the_columns_given_may_change_afterwards() -> None:
    tables = good()
    share = tables["lanes"]["share"] = np.array([0.25, 0.75, 1.0, 1.0])
    network = ss.Network.from_tables(**tables)
    share[:] = 0.0
    assert network.lanes[0].share == 0.25
    with pytest.raises(ValueError, match="read-only"):
        network.tables.lanes.share[0] = 7.0


def test_a_large_network_is_laid_out_without_its_objects(monkeypatch: Any) -> None:
    count = 3000
    users = np.repeat(np.arange(count), 5)
    network_tables = {
        "name": "wide",
        "commodities": {"name": ["a", "b"]},
        "sites": {
            "name": [f"s{i}" for i in range(2 * count)],
            "country": "CN",
            "makes": np.repeat(["a", "b"], count),
            "utilisation": 0.9,
        },
        "inputs": {
            "site": [f"s{i}" for i in range(count, 2 * count)],
            "commodity": "a",
            "per_unit": 1.0,
        },
        "demands": {"name": "use", "country": "DE", "commodity": "b", "rate": 1000.0},
        "lanes": {
            "source": [f"s{(i * 7919 + k) % count}" for k, i in enumerate(users)]
            + [f"s{i}" for i in range(count, 2 * count)],
            "target": [f"s{count + i}" for i in users] + ["use"] * count,
            "share": [0.2] * len(users) + [1.0 / count] * count,
            "lead_time": np.arange(len(users) + count) % 17 + 1.0,
        },
    }
    made: list[type] = []

    def counting(cls: type, values: dict[str, Any]) -> Any:
        made.append(cls)
        return object.__new__(cls)

    for module in ("columns", "rows", "tables"):
        monkeypatch.setattr(f"supplysim.model.{module}.made", counting)
    network = ss.Network.from_tables(**network_tables)
    plan = plan_of(network)
    assert made == []
    assert plan.arrays.opening_stock.shape == (count + 1,)
    assert columns.made is counting


# --- the same refusals ---------------------------------------------------------------------------

BAD: list[tuple[str, str, Any, str]] = [
    ("lanes", "share", [0.25, 0.75, 1.0], r"lanes.share: must have one value, or 4 as source has; found 3"),
    ("lanes", "share", [[0.25], [0.75], [1.0], [1.0]], "cannot be read|valid number"),
    ("lanes", "share", np.ones((4, 1)), "lanes.share: must have one dimension"),
    ("lanes", "share", [0.25, 0.5, 1.0, 1.0], r"slot smelter\|ore: shares of its lanes must sum to 1; found 0.75"),
    ("lanes", "share", [0.25, math.nan, 1.0, 1.0], r"lanes\[1\].share: input should be a finite number; found nan"),
    ("lanes", "share", [0.25, None, 1.0, 1.0], r"lanes\[1\].share: input should be a valid number"),
    ("lanes", "share", ["0.25", "0.75", "1", "1"], r"lanes\[0\].share: input should be a valid number"),
    ("lanes", "share", [True, True, True, True], r"lanes\[0\].share: input should be a valid number"),
    ("lanes", "share", -1.0, r"lanes.share: input should be greater than or equal to 0; found -1.0"),
    ("lanes", "share", {"a": 1}, "lanes.share: input should be a valid number"),
    ("lanes", "max_share", 0.5, r"lanes.m2\|smelter\|.max_share: must be at least share 0.75; found 0.5"),
    ("lanes", "closed", [False, True, False, False], r"lanes.m2\|smelter\|.closed: a closed lane must have share 0"),
    ("lanes", "closed", [0, 1, 0, 0], r"lanes\[0\].closed: input should be a valid boolean"),
    ("lanes", "priority", [0.0, 1.0, 0.0, 0.0], r"lanes\[0\].priority: input should be a valid integer"),
    ("lanes", "priority", [0, 1, 0, 10**40], r"lanes\[3\].priority: input should be less than"),
    ("lanes", "lead_time", [1.0, 2.0, -3.0, 1.0], r"lanes\[2\].lead_time"),
    ("lanes", "lead_time", [1.0, 2.0, 1e8, 1.0], r"lanes\[2\].lead_time: must be at most 1e\+07 days"),
    ("lanes", "lead_time", ["Fixed(1)", "exec('x')", 1, 1], r"lanes\[1\].lead_time: unknown name 'exec'"),
    ("lanes", "cost", [0.0, 1e-40, 0.0, 0.0], r"lanes\[1\].cost: must be 0 or at least 1e-30"),
    ("lanes", "source", ["m1", "m3", "smelter", "smelter"], r"m3\|smelter\|.source: unknown site or store; known: m1"),
    ("lanes", "source", ["m1", "m1", "smelter", "smelter"], r"lane m1\|smelter\|: must be there only once; found 2"),
    ("lanes", "source", ["m1", "m 2 ", "smelter", "smelter"], r"lanes\[1\].source: string should match"),
    ("lanes", "source", ["m1", "smelter", "smelter", "smelter"], r"lanes\[1\]: a lane must join two different nodes"),
    ("lanes", "source", [["x"], "m2", "smelter", "smelter"], r"lanes\[0\].source: input should be a valid string"),
    ("lanes", "target", ["smelter", "nowhere", "a", "b"], r"nowhere\|.target: unknown node"),
    ("lanes", "target", ["a", "smelter", "a", "b"], r"lanes.m1\|a\|: a does not use what the source makes"),
    ("lanes", "speed", 7, "lanes.speed: unknown column"),
    ("sites", "country", ["CN", "AU", "Germany"], r"sites\[2\].country: unknown country"),
    ("sites", "country", "XQ1", "sites.country: unknown country"),
    ("sites", "name", ["m1", "m1", "smelter"], "node m1: must be there only once; found 2"),
    ("sites", "makes", ["ore", "oar", "metal"], "sites.m1.makes: unknown commodity; did you mean 'ore'"),
    ("sites", "makes", ["ore", "ore", "ore"], "sites.smelter.inputs.ore: a site cannot use what it makes"),
    ("sites", "utilisation", 0.5, r"sites\[0\].capacity: give exactly one of capacity and utilisation"),
    ("sites", "capacity", [9.0, math.nan, 3.0], r"sites\[1\].capacity: input should be a finite number"),
    ("sites", "capacity", [9.0, 1.0, None], "sites.m1.capacity: must be at least the baseline output of 1.5"),
    ("sites", "allocation", ["fifo", "fifo", "lifo"], r"sites\[2\].allocation: input should be 'proportional'"),
    ("inputs", "site", ["smelt"], r"inputs.smelt.site: unknown site"),
    ("inputs", "site", ["smelter", "smelter"], r"input smelter\|ore: must be there only once; found 2"),
    ("inputs", "commodity", "oar", "sites.smelter.inputs: unknown commodity"),
    ("inputs", "commodity", ["a|b"], r"inputs\[0\].commodity: string should match"),
    ("inputs", "policy", "DaysOfCovr(3)", "inputs.policy: unknown name 'DaysOfCovr'; did you mean"),
    ("demands", "size", [0.0, 1.0], r"demands\[0\].size: must have a mean above 0"),
    ("demands", "rate", [1.0, math.inf], r"demands\[1\].rate: input should be a finite number"),
    ("demands", "initial", [None, (5, 3)], r"demands\[1\].initial: must have low <= high"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "values", "message"), BAD)
def test_bad_columns_are_refused_with_row_and_rule(
    table: str, column: str, values: Any, message: str
) -> None:
    tables = good()
    tables[table][column] = values
    with pytest.raises(ss.InvalidInput, match=message):
        ss.Network.from_tables(**tables)


def test_a_missing_column_is_named() -> None:
    tables = good()
    del tables["demands"]["rate"]
    with pytest.raises(ss.InvalidInput, match=r"demands\.rate: is required"):
        ss.Network.from_tables(**tables)


def test_twenty_faults_are_told_and_the_rest_counted() -> None:
    names = [f"n{i}" for i in range(100)]
    with pytest.raises(ss.InvalidInput) as caught:
        ss.Network.from_tables(
            name="bad",
            commodities={"name": "ore"},
            sites={"name": names, "country": "CN", "makes": "ore", "capacity": -np.arange(100.0)},
        )
    assert len(caught.value.faults) == LISTED + 1
    assert "sites[3].capacity: input should be greater than 0; found -3.0" in str(caught.value)
    assert "and 80 more faults" in str(caught.value)


BROKEN = st.sampled_from([-1.0, 1e-35, 1e31, math.nan, math.inf, None, "x", True, 7])


@settings(QUICK, max_examples=200)
@given(testing.networks(max_tiers=2), st.data())
def test_what_objects_refuse_columns_refuse(network: ss.Network, data: st.DataObject) -> None:
    """One value anywhere replaced by a bad one: refused, or not, either way."""
    tables = tables_of(network)
    kind = data.draw(st.sampled_from(["sites", "demands", "lanes"]))
    column = data.draw(st.sampled_from(list(tables[kind])))
    row = data.draw(st.integers(0, len(tables[kind][column]) - 1))
    value = data.draw(BROKEN)
    if (kind, column) == ("sites", "name") and isinstance(value, str):
        # A renamed site keeps its inputs: they stand in a table of their own, which names it.
        owner = tables["inputs"]["site"]
        owner[:] = [value if site == tables[kind][column][row] else site for site in owner]
    tables[kind][column][row] = value
    refused = []
    for build in (
        lambda: ss.Network.from_tables(**tables),
        lambda: network.replace(
            **{
                kind: [
                    dataclasses.replace(item, **({column: value} if i == row else {}))
                    for i, item in enumerate(getattr(network, kind))
                ]
            }
        ),
    ):
        try:
            build()
            refused.append(None)
        except ss.InvalidInput as error:
            refused.append(sorted(fault.rule for fault in error.faults))
    assert refused[0] == refused[1]


def test_a_cycle_too_large_to_solve_is_refused_not_tried(monkeypatch: Any) -> None:
    monkeypatch.setattr("supplysim.model.baseline.LARGEST_CYCLE", 2)
    names = ["a", "b", "c"]
    with pytest.raises(ss.InvalidInput, match=r"cycle through .: at most 2 nodes may"):
        ss.Network.from_tables(
            name="ring",
            commodities={"name": names},
            sites={"name": names, "country": "CN", "makes": names, "capacity": 9.0},
            inputs={"site": names, "commodity": ["c", "a", "b"], "per_unit": 0.5},
            demands={"name": "use", "country": "DE", "commodity": "a", "rate": 1.0},
            lanes={"source": ["c", "a", "b", "a"], "target": [*names, "use"], "lead_time": 1.0},
        )


def test_a_network_grows_as_if_it_had_been_given_whole() -> None:
    """`plus` is `replace` with more rows, tables and baseline alike, and keeps the order in which rows were given."""
    for network in (testing.tiny(), ss.load_network("gallium-2022")):
        user = network.demands[0]
        plant = ss.Site(
            "a-plant",
            country="AU",
            makes=user.commodity,
            capacity=2.0,
            planned=1.0,
            inputs={},
        )
        hub = ss.Store("zz-hub", country="NL", commodity=user.commodity, policy=ss.BaseStock(2.0))
        lanes = [
            ss.Lane("a-plant", user.name, share=0.0, mode="new", lead_time="Triangular(1, 2, 3)"),
            ss.Lane("a-plant", "zz-hub", share=1.0),
            ss.Lane("zz-hub", user.name, share=0.0, closed=True),
        ]
        grown = network.plus(sites=[plant], stores=[hub], lanes=lanes)
        whole = network.replace(
            sites=(*network.sites, plant),
            stores=(*network.stores, hub),
            lanes=(*network.lanes, *lanes),
        )
        assert grown == whole
        assert whole == grown
        assert grown.tables.lane_keys == whole.tables.lane_keys
        assert list(grown.slots.items()) == list(whole.slots.items())
        assert grown.lanes_into[user.name] == whole.lanes_into[user.name]
        for name in ("output", "use", "flow"):
            one, other = (getattr(x.baseline().arrays, name) for x in (grown, whole))
            assert np.array_equal(one, other)
        again = grown.plus(sites=[dataclasses.replace(plant, name="b-plant")])
        assert [site.name for site in again.sites][-2:] == ["a-plant", "b-plant"]
        with pytest.raises(ss.InvalidInput, match="a-plant"):
            grown.plus(sites=[plant])
