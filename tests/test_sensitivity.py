"""Sobol indices of figures and rules, against answers whose variances are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

import supplysim as ss
from supplysim import exposure
from supplysim.exposure import RULES, Rule

QUIET = {"progress": False, "workers": 1}
CALM = ss.Scenario(horizon=2, warmup=0)


def users(bounds: dict[str, tuple[float, float]]) -> ss.Network:
    """One mine, and users whose rates (1) lie between these bounds."""
    return ss.Network(
        name="users",
        commodities=[ss.Commodity("ore")],
        sites=[ss.Site("mine", country="CN", makes="ore", utilisation=0.5)],
        demands=[ss.Demand(name, country="DE", commodity="ore", rate=1.0) for name in bounds],
        lanes=[ss.Lane("mine", name, lead_time=1.0) for name in bounds],
        ranges=[
            ss.Range(f"rate {name}", kind="demand", name=name, field="rate", low=low, high=high)
            for name, (low, high) in bounds.items()
        ],
    )


def variance(low: float, high: float, mode: float = 1.0) -> float:
    """Of a triangular distribution."""
    return (low**2 + high**2 + mode**2 - low * high - low * mode - high * mode) / 18.0


def rates(run: ss.Result) -> dict[str, float]:
    return {demand.name: demand.rate for demand in run.recipe.network.demands}


def each(names: str) -> dict[str, list[str]]:
    return {name: [f"rate {name}"] for name in names}


# --- known answers --------------------------------------------------------------------------------


def test_of_a_sum_each_term_explains_its_variance():
    bounds = {"a": (0.4, 1.6), "b": (0.7, 1.3), "c": (0.9, 1.1)}
    found = exposure.sensitivity(
        users(bounds),
        CALM,
        answer=lambda run, base: 2.0 * rates(run)["a"] + 3.0 * rates(run)["b"] + rates(run)["c"],
        factors=each("abc"),
        points=128,
        **QUIET,
    )
    parts = {"a": 4.0 * variance(0.4, 1.6), "b": 9.0 * variance(0.7, 1.3), "c": variance(0.9, 1.1)}
    whole = sum(parts.values())
    assert found.table["factor"].tolist() == ["a", "b", "c"]
    for row in found.table.itertuples():
        share = parts[row.factor] / whole
        assert row.first == pytest.approx(share, abs=0.06)
        assert row.total == pytest.approx(share, abs=0.06)
        assert row.total_low <= row.total <= row.total_high


def test_of_a_product_the_rest_is_interaction():
    """Var(XY) = mx2 vy + my2 vx + vx vy for independent factors."""
    bounds = {"a": (0.0, 2.0), "b": (0.0, 2.0)}
    v = variance(0.0, 2.0)
    found = exposure.sensitivity(
        users(bounds),
        CALM,
        answer=lambda run, base: rates(run)["a"] * rates(run)["b"],
        factors=each("ab"),
        points=128,
        **QUIET,
    ).table
    whole = 2.0 * v + v * v
    assert found["first"].to_numpy() == pytest.approx(np.full(2, v / whole), abs=0.08)
    assert found["total"].to_numpy() == pytest.approx(np.full(2, (v + v * v) / whole), abs=0.08)


def test_a_group_is_drawn_one_by_one():
    """Two equal terms in a group against one beside it: two thirds of the variance."""
    bounds = dict.fromkeys("abc", (0.5, 1.5))
    found = exposure.sensitivity(
        users(bounds),
        CALM,
        answer=lambda run, base: sum(rates(run).values()),
        factors={"pair": lambda name: name in ("rate a", "rate b"), "one": ["rate c"]},
        points=128,
        **QUIET,
    ).table.set_index("factor")
    assert found.loc["pair", "first"] == pytest.approx(2 / 3, abs=0.06)
    assert found.loc["one", "total"] == pytest.approx(1 / 3, abs=0.06)
    assert found["figures"].to_dict() == {"pair": 2, "one": 1}


def test_what_cannot_matter_does_not():
    bounds = {"a": (0.5, 1.5), "b": (0.5, 1.5)}
    found = exposure.sensitivity(
        users(bounds),
        CALM,
        answer=lambda run, base: rates(run)["a"],
        factors=each("ab"),
        points=64,
        **QUIET,
    ).table.set_index("factor")
    assert found.loc["b", "total"] == 0.0 and found.loc["a", "total"] == pytest.approx(1.0, abs=0.1)
    constant = exposure.sensitivity(
        users(bounds), CALM, answer=lambda run, base: 7.0, points=8, **QUIET
    )
    assert constant.table["total"].tolist() == [0.0] and set(constant.answers) == {7.0}


def test_rules_stand_beside_figures():
    """An answer of 0 or 1 by a rule of two levels, and a rate: variances 1/4 and that of the rate."""
    bounds = {"a": (0.0, 2.0)}
    rule = Rule(
        "half",
        {
            "as given": lambda net: net,
            "renamed": lambda net: net.replace(title="renamed"),
        },
    )
    found = exposure.sensitivity(
        users(bounds),
        CALM,
        answer=lambda run, base: rates(run)["a"] + float(run.recipe.network.title == "renamed"),
        rules=[rule],
        points=128,
        **QUIET,
    ).table.set_index("factor")
    whole = 0.25 + variance(0.0, 2.0)
    assert found.loc["half", "first"] == pytest.approx(0.25 / whole, abs=0.06)
    assert found.loc["rate", "first"] == pytest.approx(variance(0.0, 2.0) / whole, abs=0.06)


def test_every_rule_gives_a_network_that_runs():
    net = users({"a": (0.5, 1.5), "b": (0.5, 1.5)})
    for rule in RULES.values():
        for place in range(len(rule.levels)):
            world = rule.at((place + 0.5) / len(rule.levels))(net)
            assert float(ss.simulate(world, None, horizon=5).data["unmet"].sum()) == 0.0
    assert {site.allocation for site in RULES["rationing"].at(0.4)(net).sites} == {"fifo"}


# --- real answers ---------------------------------------------------------------------------------


def test_stocks_move_what_a_stop_costs():
    net = users({"a": (0.8, 1.2)})
    net = net.replace(
        ranges=[
            *net.ranges,
            ss.Range("cover a", kind="demand", name="a", field="cover", low=2.0, high=40.0),
        ]
    )
    stop = ss.Scenario(
        measures=[ss.ExportBan(origin=["CN"], commodities=["ore"], ends=60)], horizon=120
    )
    settings = {"countries": ["DE"], "points": 32, **QUIET}
    found = exposure.sensitivity(net, stop, answer="use", **settings)
    assert found.table["factor"].tolist() == ["cover", "rate"]
    again = exposure.sensitivity(net, stop, answer="use", **{**settings, "workers": 2})
    assert found.table.equals(again.table)
    day = exposure.sensitivity(net, stop, answer="first short", **settings)
    assert day.table["factor"].iloc[0] == "cover"
    assert 3.0 <= day.answers.min() < day.answers.max() <= 41.0


def test_quantiles_of_a_network():
    net = users({"a": (0.4, 1.6), "b": (0.7, 1.3)})
    assert net.at({}).demands == net.demands
    low = net.at({"rate a": 0.0})
    assert [d.rate for d in low.demands] == [0.4, 1.0]
    with pytest.raises(ss.InvalidInput, match=r"did you mean 'rate a'.*"):
        net.at({"rate aa": 0.5})
    with pytest.raises(ss.InvalidInput, match="must be a number from 0 to 1"):
        net.at({"rate a": 1.5})


# --- wrong questions ------------------------------------------------------------------------------


def test_wrong_questions():
    net = users({"a": (0.5, 1.5)})
    bare = net.replace(ranges=[])
    with pytest.raises(ss.InvalidInput, match="points: must be a power of 2"):
        exposure.sensitivity(net, CALM, points=12, **QUIET)
    with pytest.raises(ss.InvalidInput, match="nothing varies"):
        exposure.sensitivity(bare, CALM, **QUIET)
    with pytest.raises(ss.InvalidInput, match="did you mean 'rate a'"):
        exposure.sensitivity(net, CALM, factors={"x": ["rat a"]}, **QUIET)
    with pytest.raises(ss.InvalidInput, match="must not share a figure"):
        exposure.sensitivity(net, CALM, factors={"x": ["rate a"], "y": ["rate a"]}, **QUIET)
    with pytest.raises(ss.InvalidInput, match="has no figure that varies"):
        exposure.sensitivity(net, CALM, factors={"x": lambda name: False}, **QUIET)
    with pytest.raises(ss.InvalidInput, match="rules: unknown; did you mean 'rationing'"):
        exposure.sensitivity(net, CALM, rules=["ratoning"], **QUIET)
    with pytest.raises(ss.InvalidInput, match="answer: unknown; did you mean 'value added'"):
        exposure.sensitivity(net, CALM, answer="value-added", **QUIET)
    with pytest.raises(
        ss.InvalidInput, match="must be a finite number everywhere; it is not at point 0"
    ):
        exposure.sensitivity(net, CALM, answer=lambda run, base: math.nan, points=2, **QUIET)
    with pytest.raises(ss.InvalidInput, match="two or more"):
        Rule("one", {"as given": lambda network: network})
