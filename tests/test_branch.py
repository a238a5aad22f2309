"""Branching: the same history, another policy from a day on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import supplysim as ss
from supplysim import testing
from supplysim.changes import Change, Office
from supplysim.rules import on_grid
from supplysim.testing import assert_same
from supplysim.testing.scenarios import answering
from supplysim.timeline import Timeline, lay_out

HORIZON = 100
RUN: dict[str, Any] = {"horizon": HORIZON, "seed": 7, "events": True}
QUICK = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(QUICK, max_examples=1500, derandomize=False)
Triple = tuple[ss.Network, ss.Scenario, ss.Scenario]
REACH: dict[str, Any] = {"origin": ["CN"], "commodities": ["ore"]}
INF = math.inf


@st.composite
def triples(draw: st.DrawFn) -> Triple:
    """A network and two policies for it: some measures in both, some changed, some under other keys."""
    network = draw(testing.networks(deterministic=False, policies="any", cycles=True))
    old, new = draw(testing.scenarios(network)), draw(testing.scenarios(network))
    common = [
        draw(st.sampled_from([m, _ending(m, old.start, 60.0), _ending(m, old.start, 120.0)]))
        for m in old.measures
        if draw(st.booleans())
    ]
    later = draw(st.booleans())
    measures = [
        dataclasses.replace(m, key=f"late-{m.key}") if later and draw(st.booleans()) else m
        for m in new.measures
    ]
    if new.start != old.start:  # dates mean other days then
        measures = [m for m in measures if not _dated(m)]
    kept = {m.key for m in common}
    measures = [*common, *(m for m in measures if m.key not in kept)]
    return network, old, dataclasses.replace(new, start=old.start, measures=answering(measures))


def _ending(measure: Any, start: dt.date | None, day: float) -> Any:
    """The measure with another end, where it can have that."""
    begins = measure.begins
    if isinstance(begins, dt.date):
        assert start is not None
        begins = float((begins - start).days)
    if begins >= day or getattr(measure, "observed", ()):
        return measure
    return dataclasses.replace(measure, ends=day)


def _dated(measure: Any) -> bool:
    moments = (measure.begins, measure.ends, measure.announced)
    calendar = isinstance(getattr(measure, "period", 0.0), str) or getattr(measure, "holidays", ())
    return any(isinstance(m, dt.date) for m in moments) or bool(calendar)


def spliced(triple: Triple, at: float) -> ss.Spliced:
    """The spliced scenario; what would build two things under one key is another test's business."""
    network, old, new = triple
    both = ss.splice(old, new, at)
    try:
        lay_out(network, both)
    except ss.InvalidInput as error:
        assume("builds something else" not in str(error))
        raise
    return both


def part(run: ss.Result, like: ss.Result, days: float = INF) -> ss.Result:
    """The run's records and events until a day, of what is there in both runs."""
    dims = ("site", "slot", "demand", "lane")
    names = {d: [x for x in like.data[d].values if x in set(run.data[d].values)] for d in dims}
    data = run.data.sel(names)
    if days < run.data.sizes["time"]:
        data = data.isel(time=slice(0, int(days)))
        data = data[[v for v in data.data_vars if "time" in data[v].dims or "opening" in str(v)]]
    known = {x for values in names.values() for x in values}
    log = run.events[run.events["entity"].isin(known) & (run.events["time"] < days)]
    return ss.Result(data, list(log.itertuples(index=False, name=None)))


def assert_same_part(first: ss.Result, second: ss.Result, days: float = INF) -> None:
    assert_same(part(first, second, days), part(second, first, days))


# --- what always holds ---------------------------------------------------------------------------

AT = st.sampled_from([0.0, 1.0, 7.5, 30.0, 50.0, 73.25])


def check_history(triple: Triple, at: float) -> None:
    """Before ``at`` the run is the old one, bit for bit; and branching is simulating the spliced scenario."""
    network, old, _ = triple
    both = spliced(triple, at)
    first = ss.simulate(network, old, **RUN)
    second = ss.branch(first, at, triple[2], events=True)
    second.check()
    assert_same_part(first, second, days=math.floor(at))
    assert first.events[first.events["time"] < at].shape[0] <= len(second.events)
    assert_same(second, ss.simulate(network, both, **RUN, warmup=first.data.attrs["warmup"]))


def check_structure(triple: Triple) -> None:
    """What the new policy builds, present and closed, changes nothing for anybody else."""
    network, old, _ = triple
    first = ss.simulate(network, old, **RUN)
    assert_same_part(first, ss.simulate(network, spliced(triple, HORIZON), **RUN))


def check_unbegun(triple: Triple) -> None:
    """From day 0 on nothing of the old policy is left but closed structure."""
    network, _, new = triple
    first = ss.simulate(network, new, **RUN)
    assert_same_part(first, ss.simulate(network, spliced(triple, 0.0), **RUN))


@QUICK
@given(triples(), AT)
def test_before_the_branch_the_run_is_the_old_one(triple: Triple, at: float) -> None:
    check_history(triple, at)


@QUICK
@given(triples())
def test_structure_that_is_closed_changes_nothing(triple: Triple) -> None:
    check_structure(triple)


@QUICK
@given(triples())
def test_from_day_0_on_it_is_the_new_run(triple: Triple) -> None:
    check_unbegun(triple)


@QUICK
@given(triples(), AT)
def test_a_scenario_spliced_with_itself_is_itself(triple: Triple, at: float) -> None:
    network, old, _ = triple
    run = ss.simulate(network, old, **RUN)
    assert_same(run, ss.branch(run, at, old, events=True))


@QUICK
@given(triples(), AT, AT)
def test_each_moment_has_one_change_of_a_key_on_a_target(
    triple: Triple, first: float, second: float
) -> None:
    network, old, new = triple
    at, again = sorted((first, second))
    spliced(triple, at)
    timeline = lay_out(network, ss.splice(ss.splice(old, new, at), old, again))
    places = [(on_grid(max(c.time, -1.0)), c.target, c.key) for c in timeline.changes]
    assert len(places) == len(set(places))
    for items in (timeline.watches, timeline.renewals):
        spans = sorted((repr(item.makes), item.begins, item.ends) for item in items)  # type: ignore[attr-defined]
        for (key, _, ends), (other, begins, _) in itertools.pairwise(spans):
            assert key != other or ends <= begins


@QUICK
@given(triples(), AT)
def test_going_back_at_once_changes_nothing(triple: Triple, at: float) -> None:
    network, old, new = triple
    spliced(triple, at)
    there = ss.splice(old, new, at)
    assert ss.splice(there, old, at).stages == ss.splice(old, old, at).stages
    run = ss.simulate(network, old, **RUN)
    assert_same_part(run, ss.simulate(network, ss.splice(there, old, at), **RUN))


@pytest.mark.slow
@MANY
@given(triples(), AT)
def test_many_branches(triple: Triple, at: float) -> None:
    check_history(triple, at)
    check_structure(triple)
    check_unbegun(triple)


# --- cases by hand -------------------------------------------------------------------------------


def net(**demand: Any) -> ss.Network:
    """One mine, 30 days away, and a user with 20 days of cover who takes one unit a day."""
    given = {"rate": 1.0, "policy": ss.DaysOfCover(20.0)} | demand
    return ss.Network(
        name="one lane",
        commodities=[ss.Commodity("ore")],
        sites=[ss.Site("mine", country="CN", makes="ore", capacity=100.0, lot=1.0, cover=100.0)],
        demands=[ss.Demand("use", country="DE", commodity="ore", **given)],
        lanes=[ss.Lane("mine", "use", lead_time=30)],
    )


def scenario(*measures: Any, **more: Any) -> ss.Scenario:
    return ss.Scenario(measures=measures, **more)


def forked(old: Any, at: float, new: Any, network: ss.Network | None = None) -> ss.Result:
    run = ss.simulate(network or net(), old, horizon=400)
    return ss.branch(run, at, new, events=True)


def lost(run: ss.Result) -> float:
    return float(run.data.unmet.sum())


def changes(timeline: Timeline, attribute: str) -> list[tuple[float, str, object]]:
    return [(c.time, c.key, c.value) for c in timeline.changes if c.target.attribute == attribute]


BAN = ss.ExportBan(**REACH, begins=10)


def test_a_ban_lifted_at_day_60_costs_50_days_less_20_of_stock() -> None:
    run = forked(scenario(BAN), 60, None)
    assert lost(run) == 30.0
    short = np.flatnonzero(run.data.unmet.values)
    assert (short[0], short[-1]) == (60, 89)  # 10 + 30 + 20, until what leaves on day 60 is there
    assert_same(run, forked(scenario(BAN), 60, scenario(dataclasses.replace(BAN, ends=60))))


def test_a_ban_that_would_have_begun_before_begins_at_the_branch() -> None:
    late = forked(None, 100, scenario(dataclasses.replace(BAN, ends=160)))
    assert_same(late, forked(None, 100, scenario(dataclasses.replace(BAN, begins=100, ends=160))))
    assert lost(late) == 40.0
    # and what is over by then never was
    assert lost(forked(None, 100, scenario(dataclasses.replace(BAN, ends=90)))) == 0.0


def test_a_longer_ban_goes_on() -> None:
    short, long = (dataclasses.replace(BAN, ends=ends) for ends in (90, 150))
    assert_same(
        forked(scenario(short), 60, scenario(long)), forked(scenario(long), 60, scenario(long))
    )


@pytest.mark.parametrize(("begins", "arrived"), [(30, 30.0), (50, 0.0)])
def test_what_is_under_way_is_seized_on_the_day_a_measure_begins_and_on_no_other(
    begins: float, arrived: float
) -> None:
    seizing = dataclasses.replace(BAN, begins=begins, in_transit="seized")
    run = forked(None, 50, scenario(seizing))
    assert float(run.data.received[50:].sum()) == arrived
    before = ss.simulate(net(), scenario(seizing), horizon=400)
    assert float(before.data.seized.sum()) == 30.0
    assert float(ss.branch(before, begins + 1, None).data.seized.sum()) == 30.0


def test_an_announcement_is_taken_back() -> None:
    ban = dataclasses.replace(BAN, announced=10, begins=100, forward_buying=40.0)
    run = forked(scenario(ban), 50, None)
    stock = run.data.on_hand.sel(slot="use").values
    assert stock[49] > 40.0
    assert stock[-1] == ss.simulate(net(), horizon=400).data.on_hand.sel(slot="use").values[-1]
    assert lost(run) == 0.0


def test_a_fire_put_out_early_recovers_from_then_on() -> None:
    fire = ss.Outage(sites=["mine"], begins=0, ends=200, recovery="linear", recovery_days=10)
    timeline = lay_out(net(), ss.splice(scenario(fire), None, 60))
    steps = changes(timeline, "capacity")
    assert steps[0] == (0.0, "Outage", ss.Factor(0.0))
    assert [time for time, _, _ in steps[1:]] == [61.0 + day for day in range(10)]
    assert steps[5][2] == ss.Factor(0.5)
    assert steps[-1][2] is None
    # a recovery that is under way is not started anew
    over = dataclasses.replace(fire, ends=55)
    alone = changes(lay_out(net(), scenario(over)), "capacity")
    assert changes(lay_out(net(), ss.splice(scenario(over), None, 60)), "capacity") == alone


def test_a_fire_that_lasts_longer_is_one_fire() -> None:
    fire = ss.Outage(
        sites=["mine"], severity=0.5, begins=0, ends=100, recovery="linear", recovery_days=20
    )
    longer = dataclasses.replace(fire, ends=150)
    both = lay_out(net(), ss.splice(scenario(fire), scenario(longer), 60))
    alone = changes(lay_out(net(), scenario(longer)), "capacity")
    assert changes(both, "capacity") == [alone[0], (60.0, "Outage", ss.Factor(0.5)), *alone[1:]]


def test_an_observed_outage_ends_at_once() -> None:
    seen = ss.Outage(sites=["mine"], observed=[(0.0, 0.0), (300.0, 0.9)])
    steps = changes(lay_out(net(), ss.splice(scenario(seen), None, 60.5)), "capacity")
    assert steps[-1] == (60.5, "Outage", None)
    assert steps[-2][0] == 60.0


def test_chance_strikes_until_the_branch_and_anew_after_it() -> None:
    strikes = ss.Outage(sites=["mine"], up=20.0, down=5.0, stops="both")
    fixed = ss.Outage(sites=["mine"], begins=0, ends=90, stops="both")
    stopped = lay_out(net(), ss.splice(scenario(strikes), scenario(fixed), 72))
    assert [(r.begins, r.ends) for r in stopped.renewals] == [(0.0, 72.0)]
    # down from 70 to 75: the end of that strike at 72 must not open what the other closes
    run = forked(scenario(strikes), 72, scenario(fixed))
    assert float(run.data.shipped[70:90].sum()) == 0.0
    assert float(run.data.shipped[90:].sum()) > 0.0
    begun = lay_out(net(), ss.splice(scenario(fixed), scenario(strikes), 72))
    assert [(r.begins, r.ends) for r in begun.renewals] == [(72.0, INF)]
    made = forked(scenario(fixed), 72, scenario(strikes)).data.shipped.values[:, 0]
    assert made[72:92].sum() > 0.0
    assert made[92:97].sum() == 0.0


def queue_of(service: float, **more: Any) -> ss.ExportLicence:
    return ss.ExportLicence(
        **REACH, begins=10, service=ss.Fixed(service), desks=1, working_week=False, **more
    )


def test_a_licence_that_goes_on_keeps_its_queue() -> None:
    licence, other = queue_of(60.0), queue_of(80.0)
    tariff = ss.ExportQuota(**REACH, amount=1e9, begins=0)
    run = forked(scenario(licence), 50, scenario(licence, tariff))
    assert lost(run) == lost(ss.simulate(net(), scenario(licence), horizon=400))
    grants = run.events[run.events["kind"] == "grant"]["time"].tolist()
    assert grants[0] == 70.0
    # with an end it is another measure, but the same office
    ending = forked(scenario(licence), 50, scenario(dataclasses.replace(licence, ends=300)))
    assert ending.events[ending.events["kind"] == "grant"]["time"].tolist()[0] == 70.0
    # another office starts afresh with what waits
    anew = forked(scenario(licence), 50, scenario(other))
    assert anew.events[anew.events["kind"] == "grant"]["time"].tolist()[0] == 130.0
    gates = changes(lay_out(net(), ss.splice(scenario(licence), scenario(other), 50)), "gate")
    assert [(time, type(value)) for time, _, value in gates] == [(10.0, Office), (50.0, Office)]


def reserve(**more: Any) -> ss.Reserve:
    given = {"amount": 100.0, "below": 10.0, "lead_time": 1.0} | more
    return ss.Reserve(key="stock", country="DE", commodity="ore", **given)


def test_a_new_reserve_is_used_after_the_branch() -> None:
    ban = dataclasses.replace(BAN, ends=150)
    run = forked(scenario(ban), 80, scenario(ban, reserve()))
    plain = ss.simulate(net(), scenario(ban), horizon=400)
    assert lost(plain) == 120.0  # short from day 60 to 180
    # 20 days of cover and one of lead time at once on day 80, then one a day until the mine is open again
    assert float(run.data.shipped.sel(lane="stock|use|").sum()) == 21.0 + 70.0
    assert lost(run) == 120.0 - 91.0
    assert float(run.data.unmet[81:171].sum()) == 0.0
    given = run.data.shipped.sel(lane="stock|use|").values
    assert given[:80].sum() == 0.0
    assert run.data.received.sel(lane="mine|stock|").values[:180].sum() == 0.0


def test_a_reserve_given_up_keeps_what_it_holds() -> None:
    ban = dataclasses.replace(BAN, ends=150)
    run = forked(scenario(ban, reserve(filled=0.5)), 70, scenario(ban))
    held = run.data.on_hand.sel(slot="stock").values
    assert held[69] < held[40]
    assert (held[70:] == held[69]).all()
    for lane in ("stock|use|", "mine|stock|"):
        assert float(run.data.shipped.sel(lane=lane)[70:].sum()) == 0.0


def source(**more: Any) -> ss.SecondSource:
    return ss.SecondSource(
        key="far", commodity="ore", country="CA", capacity=2.0, to=["DE"], share=0.5, **more
    )


def test_a_second_source_that_is_given_up_sells_no_more() -> None:
    run = forked(scenario(source(begins=20)), 100, None)
    sold = run.data.shipped.sel(lane="far|use|").values
    assert sold[20:100].sum() > 30.0
    assert sold[100:].sum() == 0.0
    assert float(run.data.ordered.sel(lane="mine|use|")[200:].mean()) == 1.0
    unready = forked(scenario(source(qualification=200.0)), 100, None)
    assert float(unready.data.shipped.sel(lane="far|use|").sum()) == 0.0
    assert float(unready.data.output.sel(site="far").sum()) == 0.0


def test_a_second_source_that_would_have_been_qualified_is_at_the_branch() -> None:
    run = forked(None, 100, scenario(source(qualification=50.0, ramp=10.0)))
    assert float(run.data.shipped.sel(lane="far|use|")[:100].sum()) == 0.0
    assert float(run.data.shipped.sel(lane="far|use|")[100:].sum()) > 100.0


def test_three_policies_one_after_the_other() -> None:
    old, quota = scenario(BAN, name="ban"), ss.ExportQuota(**REACH, amount=0.0)
    run = forked(old, 60, None)
    again = ss.branch(run, 70, scenario(BAN, quota, name="both"))
    assert again.data.attrs["scenario"] == "ban | day 60: undisturbed | day 70: both"
    assert_same_part(ss.branch(run, 0, None, events=True), ss.branch(run, 0, None, events=True))
    third = ss.branch(again, 60, ss.splice(None, scenario(BAN, quota, name="both"), 70))
    assert_same(again, third)
    assert float(again.data.shipped[70:].sum()) == 0.0
    assert float(again.data.shipped[60:70].sum()) > 0.0


# --- what is refused, and what a result knows ----------------------------------------------------


def test_dates_are_those_of_the_start() -> None:
    start = dt.date(2023, 7, 3)
    run = ss.simulate(net(), scenario(BAN, start=start), horizon=100)
    for at in ("2023-08-01", dt.date(2023, 8, 1), 29):
        assert ss.branch(run, at, None).recipe.scenario.stages[1][0] == 29.0  # type: ignore[union-attr]
    undisturbed = ss.simulate(net(), horizon=100)
    dated = ss.branch(undisturbed, "2023-08-01", scenario(BAN, start=start))
    assert dated.data["date"].values[0] == "2023-07-03"


@pytest.mark.parametrize(
    ("at", "new", "rule"),
    [
        (100, None, "at: must be before the run's horizon of 100 days; found 100"),
        (-1, None, "at: must not be before the start; found -1"),
        ("2023-06-01", None, "at: must not be before the start"),
        ("soon", None, "at: must be a date like 2023-08-01"),
        (math.nan, None, "at: must be a date or a number"),
        (None, None, "at: must be a date or a number"),
        (50, ss.Scenario(start=dt.date(2023, 7, 4)), "start: must be the old scenario's"),
        (50, scenario(dataclasses.replace(BAN, commodities=("tin",))), "unknown commodity"),
        (50, scenario(reserve(below=5.0)), "key 'stock': builds something else"),
    ],
)
def test_bad_branches_are_refused(at: Any, new: Any, rule: str) -> None:
    old = scenario(BAN, reserve(filled=0.5), start=dt.date(2023, 7, 3))
    run = ss.simulate(net(), old, horizon=100)
    with pytest.raises(ss.InvalidInput, match=rule):
        ss.branch(run, at, new)


def test_a_date_needs_a_start() -> None:
    with pytest.raises(ss.InvalidInput, match="at: start is required where dates are used"):
        ss.splice(scenario(BAN), None, "2023-08-01")


def test_a_loaded_result_has_no_recipe(tmp_path: Path) -> None:
    run = ss.simulate(net(), scenario(BAN), horizon=40, seed=3, replication=2)
    recipe = run.recipe
    assert (recipe.seed, recipe.replication, recipe.horizon) == (3, 2, 40)
    assert (recipe.network, recipe.warmup) == (net(), run.data.attrs["warmup"])
    with pytest.raises(AttributeError):
        run.recipe = recipe  # type: ignore[misc]
    loaded = ss.Result.load(run.save(tmp_path / "run.nc"))
    with pytest.raises(ss.InvalidInput, match="recipe: is not kept in a file"):
        ss.branch(loaded, 20, None)


def test_users_processes_are_part_of_the_history() -> None:
    def strike(env: Any, state: Any) -> Iterator[Any]:
        yield env.timeout(20 - env.now)
        state.change(ss.Target("lane", "mine|use|", "gate"), "strike", ss.Closed())

    run = ss.simulate(net(), horizon=100, processes=[strike])
    assert_same(run, ss.branch(run, 50, None))


def test_an_ensemble_takes_a_spliced_scenario() -> None:
    both = ss.splice(scenario(BAN), None, 60)
    how = {"replications": 2, "horizon": 120, "executor": 1, "progress": False}
    runs = ss.ensemble(net(), both, traces=True, **how)
    one = ss.simulate(net(), both, horizon=120, replication=1)
    assert runs.data.served[1].values.tolist() == one.data.served.values.tolist()
    assert isinstance(lay_out(net(), both).changes[0], Change)
