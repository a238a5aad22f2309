"""Networks: what is refused, what the baseline is, how cohorts split."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

import supplysim as ss


def chain(**mine: object) -> ss.Network:
    fields: dict[str, object] = {"country": "CN", "makes": "ore", "utilisation": 0.8} | mine
    return ss.Network(
        name="chain",
        commodities=[ss.Commodity("ore"), ss.Commodity("metal")],
        sites=[
            ss.Site("mine", **fields),  # type: ignore[arg-type]
            ss.Site(
                "smelter",
                country="DE",
                makes="metal",
                capacity=10.0,
                inputs={"ore": ss.Input(2.5)},
            ),
        ],
        demands=[ss.Demand("use", country="DE", commodity="metal", rate=4.0)],
        lanes=[ss.Lane("mine", "smelter", lead_time=30), ss.Lane("smelter", "use")],
    )


def test_the_baseline_traces_demand_back_through_recipes() -> None:
    baseline = chain().baseline()
    assert baseline.output == {"mine": 10.0, "smelter": 4.0}
    assert baseline.use == {"smelter|ore": 10.0, "use": 4.0}
    assert baseline.flow == {"mine|smelter|": 10.0, "smelter|use|": 4.0}
    assert baseline.capacity["mine"] == 12.5
    assert baseline.lot == {"mine": 70.0, "smelter": 28.0}


def test_a_cycle_of_gain_below_one_is_solved_and_above_is_refused() -> None:
    def loop(gain: float) -> ss.Network:
        return ss.Network(
            name="loop",
            commodities=[ss.Commodity("a"), ss.Commodity("b")],
            sites=[
                ss.Site("A", country="CN", makes="a", capacity=99, inputs={"b": ss.Input(0.5)}),
                ss.Site("B", country="CN", makes="b", capacity=99, inputs={"a": ss.Input(gain)}),
            ],
            demands=[ss.Demand("use", country="DE", commodity="a", rate=3.0)],
            lanes=[
                ss.Lane("A", "B", lead_time=1),
                ss.Lane("B", "A", lead_time=1),
                ss.Lane("A", "use", lead_time=1),
            ],
        )

    assert loop(0.5).baseline().output["A"] == pytest.approx(4.0)
    with pytest.raises(ss.InvalidInput, match="one unit or more of itself"):
        loop(2.0)


def test_every_fault_of_a_network_is_listed_at_once() -> None:
    with pytest.raises(ss.InvalidInput) as caught:
        ss.Network(
            name="bad",
            commodities=[ss.Commodity("ore"), ss.Commodity("ore")],
            sites=[ss.Site("mine", country="CN", makes="oar", capacity=1)],
            demands=[ss.Demand("use", country="DE", commodity="ore", rate=1)],
            lanes=[ss.Lane("mne", "use"), ss.Lane("mine", "nowhere")],
        )
    text = str(caught.value)
    assert len(caught.value.faults) == 4
    for part in ("only once", "did you mean 'ore'", "did you mean 'mine'", "unknown node"):
        assert part in text


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: chain(country="XQ1"), "unknown country"),
        (lambda: chain(utilisation=float("nan")), "finite"),
        (lambda: chain(utilisation=None, capacity=float("inf")), "finite"),
        (lambda: chain(utilisation=None, capacity=-1.0), "greater than 0"),
        (lambda: chain(capacity=20.0), "exactly one of capacity and utilisation"),
        (lambda: chain(utilisation=None, capacity=9.0), "at least the baseline output of 10"),
        (lambda: chain().replace(lanes=chain().lanes[:1]), "no lane that supplies it"),
        (
            lambda: chain().replace(
                lanes=[dataclasses.replace(chain().lanes[0], share=0.5), chain().lanes[1]]
            ),
            "must sum to 1",
        ),
        (lambda: ss.Lane("a", "b", lead_time="Triangular(9, 3, 4)"), "low <= mode <= high"),  # type: ignore[arg-type]
        (lambda: ss.Lane("a", "b", lead_time="exec('x')"), "unknown name 'exec'"),  # type: ignore[arg-type]
        (lambda: ss.Input(1.0, policy="DaysOfCovr(3)"), "did you mean 'DaysOfCover'"),  # type: ignore[arg-type]
        (lambda: ss.MinMax(5.0, 5.0), "s < S"),
        (lambda: ss.Commodity(7), "valid string"),  # type: ignore[arg-type]
    ],
)
def test_bad_objects_are_refused_with_the_rule(make: object, rule: str) -> None:
    with pytest.raises(ss.InvalidInput, match=rule):
        make()  # type: ignore[operator]


def test_a_cycle_without_stock_is_refused() -> None:
    with pytest.raises(ss.InvalidInput, match="cycle without stock"):
        ss.Network(
            name="loop",
            commodities=[ss.Commodity("a"), ss.Commodity("b")],
            sites=[
                ss.Site("A", country="CN", makes="a", capacity=99, inputs={"b": ss.Input(0.5)}),
                ss.Site("B", country="CN", makes="b", capacity=99, inputs={"a": ss.Input(0.5)}),
            ],
            demands=[ss.Demand("use", country="DE", commodity="a", rate=3.0)],
            lanes=[ss.Lane("A", "B"), ss.Lane("B", "A"), ss.Lane("A", "use")],
        )


def test_objects_are_frozen_equal_and_picklable() -> None:
    network = chain()
    assert pickle.loads(pickle.dumps(network)) == network == chain()
    with pytest.raises(dataclasses.FrozenInstanceError):
        network.sites[0].cover = 3.0  # type: ignore[misc]
    with pytest.raises(TypeError, match="frozen"):
        network.sites[1].inputs["ore"] = ss.Input(1.0)  # type: ignore[index]


def test_split_makes_a_cohort_with_the_same_flows_and_unequal_stocks() -> None:
    cohort = chain().split("smelter", [0.25, 0.75], {"ore": [10.0, 60.0]})
    baseline = cohort.baseline()
    assert baseline.output["smelter-1"] == 1.0
    assert baseline.output["smelter-2"] == 3.0
    assert baseline.output["mine"] == 10.0
    assert cohort.site_by_name["smelter-2"].inputs["ore"].policy == ss.DaysOfCover(60.0)
    ban = ss.ExportBan(origin=["CN"], commodities=["ore"], begins=0, ends=400)
    run = ss.simulate(cohort, ss.Scenario(measures=[ban]), horizon=300)
    last = {
        name: int(run.data.started.sel(site=name).values.nonzero()[0][-1])
        for name in ("smelter-1", "smelter-2")
    }
    assert 40 <= last["smelter-2"] - last["smelter-1"] <= 60  # the firm with less stock stops first
    with pytest.raises(ss.InvalidInput, match="sum to 1"):
        chain().split("smelter", [0.5, 0.6], {})
