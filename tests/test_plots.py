"""Charts say what is in the data; the months behind them are sums and quantiles of it."""

import sys

import numpy as np
import pytest

import supplysim as ss
from supplysim import history, plots
from supplysim.errors import InvalidInput
from supplysim.testing import tiny

BAN = ss.ExportBan(
    origin=["CN"],
    commodities=["ore"],
    announced="2023-02-01",
    begins="2023-03-01",
    ends="2023-06-01",
)
RECORD = ss.History(
    title="Ore exports of CN",
    origin="CN",
    commodities=["ore"],
    unit="t",
    baseline=30,
    observations=[
        ss.Observation(month="2023-02", value=33),
        ss.Observation(month="2023-03", value=0),
        ss.Observation(month="2023-04", value=15),
    ],
)


def scenario(*measures, start="2023-01-01", record=None) -> ss.Scenario:
    import datetime as dt

    day = dt.date.fromisoformat(start) if start else None
    return ss.Scenario(
        name="stop", start=day, horizon=200, replications=4, measures=measures, history=record
    )


def runs(of: ss.Scenario) -> ss.Ensemble:
    net = tiny()
    lane = net.lanes[0]
    noisy = ss.Lane(lane.source, lane.target, lead_time=ss.Uniform(5, 15))
    return ss.ensemble(net.replace(lanes=[noisy]), of, executor=1, progress=False)


@pytest.fixture(scope="module")
def pair() -> tuple[ss.Ensemble, ss.Ensemble]:
    return runs(scenario()), runs(scenario(BAN, record=RECORD))


# --- months ---------------------------------------------------------------------------------------


def test_only_whole_months_count(pair):
    base, _ = pair
    periods = history.Periods.of(base.labels)
    assert periods.labels == tuple(f"2023-0{n}" for n in range(1, 7))  # 200 days end in July
    assert periods.starts[:2] == (0, 31) and periods.ends[1] == 59
    days = np.arange(200.0)[None, :]
    assert periods.sums(np.ones((1, 200)))[0].tolist() == [31, 28, 31, 30, 31, 30]
    assert periods.lasts(days)[0, :2].tolist() == [30, 58]


def test_without_dates_there_are_spells_of_thirty_days():
    undated = runs(scenario(start=""))
    assert history.Periods.of(undated.labels).labels[:2] == ("day 0", "day 30")


def test_monthly_exports_and_score(pair):
    base, banned = pair
    record = RECORD
    months = history.monthly_exports(banned, base, record, tiny())
    assert months["month"].tolist() == [f"2023-0{n}" for n in range(1, 7)]
    assert months["mean"][3] == 0.0 and months["mean"][0] > 0.0
    assert months["observed_index"][1:4].tolist() == [1.1, 0.0, 0.5]
    normal = base.series("shipped").values.sum(axis=(1, 2)).mean() / 200 * 365.25 / 12
    assert months["index"][0] == pytest.approx(months["mean"][0] / normal)
    nulls = history.nulls(scenario(BAN, record=record))
    assert list(nulls) == ["no licence"]  # the other null is the scenario itself
    free = {"no licence": history.monthly_exports(runs(nulls["no licence"]), base, record, tiny())}
    assert free["no licence"]["index"].min() > 0.5
    score = history.score(months, scenario(BAN, record=record), free)
    assert (score.first, score.last, score.months) == ("2023-02", "2023-04", 3)
    off = (months["index"] - months["observed_index"])[1:4]
    assert score.rms == pytest.approx(float(np.sqrt((off**2).mean())))
    assert score.better("no licence") == pytest.approx(1 - score.rms / score.null_rms["no licence"])
    assert score.observed_trough == "2023-03" and score.trough_off == 0
    assert score.volumes == ()  # six months from March are not in the run
    assert score.table()["figure"].is_unique


def test_a_history_that_cannot_be_held_against_the_runs(pair):
    base, banned = pair
    for change in ({"origin": "JP"}, {"commodities": ["metal"]}, {"to": ["Atlantis"]}):
        fields = {name: getattr(RECORD, name) for name in RECORD.__dataclass_fields__}
        other = ss.History(**(fields | change))
        with pytest.raises(InvalidInput):
            history.check_history(scenario(BAN, record=other), tiny())
        with pytest.raises(InvalidInput):
            history.monthly_exports(banned, base, other, tiny())


def test_flows_and_cover_by_month(pair):
    base, banned = pair
    flows = history.monthly_flows(base, banned)
    assert set(flows["origin"]) == {"CN"} and set(flows["destination"]) == {"DE"}
    first = banned.series("shipped").values[:, :31, :].sum(axis=(1, 2)).mean()
    assert flows["mean"][0] == pytest.approx(first)
    cover = history.monthly_cover(banned)
    on_hand = banned.series("on_hand").values
    assert cover["mean"][0] == pytest.approx(float(on_hand[:, 30, 0].mean()))
    unmet = history.monthly_unmet(ss.compare(base, banned))
    whole = ss.compare(base, banned).losses("use").values[:, :181].sum() / 4
    assert unmet["mean"].sum() == pytest.approx(whole) and whole > 0.0
    assert history.monthly_unmet(ss.compare(base, base)).empty


# --- charts ---------------------------------------------------------------------------------------


def charts(pair):
    base, banned = pair
    comparison = ss.compare(base, banned)
    of = scenario(BAN, record=RECORD)
    months = history.monthly_exports(banned, base, RECORD, tiny())
    yield plots.flows(comparison, origin="CN", commodity="ore", unit="t", scenario=of)
    yield plots.cover(banned, commodity="ore", scenario=of)
    yield plots.unmet(comparison, scenario=of)
    yield plots.totals(comparison)
    yield plots.history(months, RECORD, scenario=of, null_months={"none": months})


def test_every_chart_has_a_title_and_units_and_the_same_bytes_each_time(pair, tmp_path):
    for number, twice in enumerate(zip(charts(pair), charts(pair), strict=True)):
        axes = twice[0]
        assert axes.get_title(loc="left") and axes.get_xlabel() and axes.get_ylabel()
        for ending in ("svg", "png"):
            paths = [tmp_path / f"{number}-{i}.{ending}" for i in range(2)]
            for chart, path in zip(twice, paths, strict=True):
                plots.save(chart, path)
            first, second = (path.read_bytes() for path in paths)
            assert first == second and len(first) > 5000


def test_measures_are_marked_and_the_band_is_that_of_the_replications(pair):
    axes = next(charts(pair))
    texts = {text.get_text() for text in axes.texts}
    assert {"announced 1 Feb 2023", "begins 1 Mar 2023", "ends 1 Jun 2023"} <= texts
    assert any("5-95 % of 4 replications" in text for text in texts)
    base, banned = pair
    line = next(line for line in axes.lines if line.get_label() == "scenario")
    flows = history.monthly_flows(base, banned)
    assert np.asarray(line.get_ydata()).tolist() == flows["mean"].tolist()


def test_charts_draw_on_the_axes_they_are_given(pair):
    _, banned = pair
    first, second = plots.new_axes(2)
    assert plots.cover(banned, commodity="ore", axes=second) is second
    assert not first.lines and second.lines


def test_nothing_lost_and_nothing_dated(tmp_path):
    undated = runs(scenario(start=""))
    comparison = ss.compare(undated, undated)
    axes = plots.unmet(comparison)
    assert any("no use went unmet" in text.get_text() for text in axes.texts)
    assert axes.get_xlabel() == "days from the start"
    for chart in (axes, plots.totals(comparison), plots.cover(undated, commodity="ore")):
        plots.save(chart, tmp_path / "chart.png")


def test_no_global_state():
    assert "matplotlib.pyplot" not in sys.modules


# --- chains --------------------------------------------------------------------------------------


def test_a_chain_is_drawn_with_the_shares_of_its_makers():
    net = tiny()
    chained = net.replace(commodities=[ss.Commodity("ore", chain="metals", title="Ore")])
    axes = plots.chain(chained, "metals")
    texts = {text.get_text() for text in axes.texts}
    assert {"CN 100%", "DE 100%", "Ore"} <= texts
    assert len(axes.patches) == 3  # a maker, a user, and the ribbon between
    with pytest.raises(InvalidInput, match="did you mean 'metals'"):
        plots.chain(chained, "metal")


def test_tiers_stand_in_the_order_of_the_chain():
    """Every bar is left of what it goes into, and cut by country; an unknown commodity is refused."""
    network = ss.load_network("jp-de-cn-2022")
    axes = plots.tiers(network, "ndfeb-magnet")
    place = {text.get_text(): text.get_position() for text in axes.texts}
    assert place["rare-earth-concentrate"][0] < place["ndpr-oxide"][0] < place["ndfeb-magnet"][0]
    assert "CN 89%" in place and len(axes.patches) > 10
    with pytest.raises(InvalidInput, match="did you mean 'ndfeb-magnet'"):
        plots.tiers(network, "ndfeb-magnets")


def test_tiers_bear_circles():
    """Scrap goes back into what it came from."""
    scrap = {"metal": ss.Input(0.1, policy=ss.DaysOfCover(20))}
    loop = ss.Network(
        name="loop",
        commodities=[ss.Commodity("metal"), ss.Commodity("part")],
        sites=[
            ss.Site(
                "m", country="CN", makes="metal", utilisation=0.5, inputs={"part": ss.Input(0.1)}
            ),
            ss.Site("p", country="DE", makes="part", utilisation=0.5, inputs=scrap),
        ],
        demands=[ss.Demand("d", country="DE", commodity="part", rate=1.0)],
        lanes=[
            ss.Lane("m", "p", lead_time=3),
            ss.Lane("p", "m", lead_time=3),
            ss.Lane("p", "d", lead_time=3),
        ],
    )
    assert len(plots.tiers(loop, "part").patches) >= 2
