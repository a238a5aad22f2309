"""Reconciliation against theory and known truths; figures to a network that stands still."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, eye_array

import supplysim as ss
from supplysim import calibration, exposure
from supplysim.calibration import Problem, reconcile
from supplysim.calibration.rows import TABLES
from supplysim.calibration.stocks import held

MADE = Path(__file__).parent / "data" / "figures"
PIPES = np.array(
    [[1, -1, -1, 0, 0, 0], [0, 1, 0, -1, 0, 0], [0, 0, 1, 0, -1, 0], [0, 0, 0, 1, 1, -1]], float
)


def problem(values, sd, balances=PIPES, totals=None, lower=None, upper=None, measured=None):
    n = balances.shape[1]
    return Problem(
        measured=eye_array(n).tocsr() if measured is None else csr_array(measured),
        values=np.asarray(values, float),
        sd=np.asarray(sd, float),
        balances=csr_array(balances),
        totals=np.zeros(len(balances)) if totals is None else np.asarray(totals, float),
        lower=np.zeros(n) if lower is None else np.asarray(lower, float),
        upper=np.full(n, np.inf) if upper is None else np.asarray(upper, float),
    )


# --- theory --------------------------------------------------------------------------------------


def closed_form(values, sd, balances, totals):
    """x = m - S A' (A S A')^-1 (A m - b): what textbooks give where no bound is touched."""
    spread = np.diag(np.square(sd))
    gain = spread @ balances.T @ np.linalg.pinv(balances @ spread @ balances.T)
    return values - gain @ (balances @ values - totals)


def test_the_worked_example_of_narasimhan_and_jordache():
    """Example 1.1: flow through a heat exchanger with a bypass, all meters of equal variance."""
    found = reconcile(problem([101.91, 64.45, 34.65, 64.20, 36.44, 98.88], np.ones(6)))
    assert found.x == pytest.approx([100.22, 64.50, 35.72, 64.50, 35.72, 100.22], abs=0.005)
    table = found.moves()
    assert table["sigmas"].abs().is_monotonic_decreasing
    assert table["name"].iloc[0] == "0"
    assert abs(table["moved"]).max() == pytest.approx(1.69, abs=0.01)


@settings(deadline=None)
@given(
    st.lists(st.floats(10.0, 100.0), min_size=6, max_size=6),
    st.lists(st.floats(0.5, 5.0), min_size=6, max_size=6),
)
def test_agrees_with_the_closed_form_where_no_bound_is_touched(values, sd):
    free = np.full(6, -np.inf)
    found = reconcile(problem(values, sd, lower=free))
    want = closed_form(np.array(values), np.array(sd), PIPES, np.zeros(4))
    assert found.x == pytest.approx(want, abs=1e-5)
    assert PIPES @ found.x == pytest.approx(np.zeros(4), abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(3, 6))
def test_a_known_truth_is_found_again(seed, size):
    """A made trade matrix, measured with noise: what is exact stays, what is noisy gets better on average."""
    draw = np.random.default_rng(seed)
    flows = draw.uniform(1.0, 100.0, (size, size))
    truth = np.concatenate([flows.ravel(), flows.sum(axis=1), flows.sum(axis=0)])
    rows = []
    for i in range(size):
        row, column = np.zeros(truth.size), np.zeros(truth.size)
        row[i * size : (i + 1) * size], row[size * size + i] = 1.0, -1.0
        column[i : size * size : size], column[size * size + size + i] = 1.0, -1.0
        rows += [row, column]
    balances = np.array(rows)
    exact = reconcile(problem(truth, 0.05 * truth, balances))
    assert exact.x == pytest.approx(truth, rel=1e-6)
    sd = 0.1 * truth
    errors = []
    for _ in range(20):
        noisy = truth + sd * draw.standard_normal(truth.size)
        found = reconcile(problem(noisy, sd, balances))
        assert balances @ found.x == pytest.approx(np.zeros(len(balances)), abs=1e-4)
        errors.append([np.mean(((x - truth) / sd) ** 2) for x in (noisy, found.x)])
    before, after = np.mean(errors, axis=0)
    assert after < before


def test_bounds_hold_and_what_nobody_measures_follows():
    balances = np.array([[1.0, -1.0, -1.0]])
    measured = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = reconcile(problem([10.0, 4.0], [1.0, 1.0], balances, measured=measured))
    assert found.x == pytest.approx([10.0, 4.0, 6.0], abs=1e-6)
    over = reconcile(problem([10.0, 13.0], [1.0, 1.0], balances, measured=measured))
    assert over.x == pytest.approx([11.5, 11.5, 0.0], abs=1e-6)  # the third may not be negative
    capped = problem([10.0, 4.0], [1, 1], balances, measured=measured, upper=[9.0, 9.0, 9.0])
    assert reconcile(capped).x == pytest.approx([9.0, 4.0, 5.0], abs=1e-6)


def test_the_worst_balance_is_named_with_its_uncertainty():
    given = problem([100.0, 60.0, 20.0, 60.0, 20.0, 80.0], np.full(6, 3.0))
    table = reconcile(given).balances()
    worst = table.iloc[0]
    assert (worst["name"], worst["imbalance"]) == ("0", pytest.approx(20.0))
    assert worst["sd"] == pytest.approx(3.0 * np.sqrt(3.0))
    assert table["imbalance"].iloc[1:].abs().max() < 1e-6


def test_what_cannot_be_is_refused():
    with pytest.raises(ss.InvalidInput, match="no values obey all balances"):
        reconcile(problem([1.0], [1.0], np.array([[1.0]]), totals=[5.0], upper=[4.0]))
    with pytest.raises(ss.InvalidInput, match=r"sd: must be above 0"):
        problem([1.0], [0.0], np.array([[1.0]]))
    with pytest.raises(ss.InvalidInput, match=r"values: must have 1"):
        problem([1.0, 2.0], [1.0], np.array([[1.0]]))


# --- figures -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    return calibration.build_network(MADE)


def test_figures_become_a_network_that_stands_still(made):
    network, balanced = made
    assert network.name == "made"
    run = ss.simulate(network, None, horizon=200, seed=3)
    assert float(run.data["unmet"].sum()) == 0.0
    output = network.baseline().output
    for (kind, *rest), value in balanced.values.items():
        if kind == "make":
            commodity, country, process = rest
            found = sum(
                output[site.name] * 365.0
                for site in network.sites
                if (site.makes, site.country) == (commodity, country)
                and ("recycled" in site.name) == (process == "recycled")
            )
            assert found == pytest.approx(value, rel=1e-5), rest


def test_figures_that_disagree_end_between_them(made):
    _, balanced = made
    moves = balanced.moves().set_index("name")
    both = moves.loc["trade ore AU CN"]
    assert sorted(both["given"]) == [760.0, 800.0]
    assert 760.0 < both["reconciled"].iloc[0] < 800.0
    assert moves.loc["recipe metal in JP part", "reconciled"] == pytest.approx(0.008, rel=0.05)
    assert moves.loc["trade metal CN DE (use share)", "reconciled"] == pytest.approx(0.2, abs=0.02)


def test_firms_hubs_and_origins(made):
    network, _ = made
    lean, stocked = (network.site_by_name[f"jp-part-{firm}"] for firm in ("lean", "stocked"))
    days = [firm.inputs["metal"].policy.days for firm in (lean, stocked)]
    assert days[0] > 0.0 and days[1] - days[0] == pytest.approx(90.0 - 30.0)
    assert lean.inputs["metal"].per_unit == stocked.inputs["metal"].per_unit
    assert network.baseline().output["jp-part-lean"] == pytest.approx(
        2 / 3 * network.baseline().output["jp-part-stocked"]
    )
    assert network.site_by_name["de-part-all"].owner == "CN"
    assert network.store_by_name["nl-metal-hub"].country == "NL"
    assert exposure.origins(network, "DE").loc["metal", "CN"] == pytest.approx(
        1.0
    )  # through NL, too
    row = network.lanes_by_key["nl-metal-hub|de-part-all|sea"]
    assert row.share == pytest.approx(0.8, abs=0.02)


def test_every_row_of_the_network_has_evidence(made):
    network, _ = made
    for items in (network.commodities, network.sites, network.demands, network.lanes):
        for item in items:
            assert item.evidence.source, item
            assert item.evidence.note or item.evidence.confidence == "read", item
    network_keys = set(network.sources)
    assert {k for lane in network.lanes for k in lane.evidence.source.split(";")} <= network_keys


def edited(folder, table, change):
    """A copy of the made figures with one table changed."""
    shutil.copytree(MADE, folder)
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    rows = change(rows)
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.mark.parametrize(
    ("table", "row", "rule"),
    [
        ("production", {"unit": "kg/yr"}, r"production.csv:2.unit: must be t/yr; found 'kg/yr'"),
        ("production", {"year": ""}, r"production.csv:2.year: is required"),
        ("production", {"source": "surveyy"}, r"did you mean 'survey'"),
        ("production", {"commodity": "orr"}, r"unknown commodity; did you mean 'ore'"),
        ("production", {"confidence": "assumed", "note": "x"}, r"needs a range"),
        ("production", {"low": "1100", "high": "1200"}, r"must lie within low and high"),
        ("production", {"country": "XX1"}, r"production.csv:2.country"),
        ("recipes", {"input": "metal"}, r"recipes.csv:2.input: a product cannot go into itself"),
        ("parameters", {"parameter": "utilization"}, r"did you mean 'utilisation'"),
        ("trade", {"unit": "share"}, r"must be t/yr or import share"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(tmp_path, table, row, rule):
    def change(rows):
        rows[0] |= row
        return rows

    folder = edited(tmp_path / "figures", table, change)
    with pytest.raises(ss.InvalidInput, match=rule):
        calibration.read_figures(folder)


def test_all_faults_are_told_at_once(tmp_path):
    def change(rows):
        for row in rows:
            row["unit"] = "kg/yr"
        return rows

    folder = edited(tmp_path / "figures", "production", change)
    with pytest.raises(ss.InvalidInput) as refused:
        calibration.read_figures(folder)
    assert len(refused.value.faults) == 9


def test_missing_parameters_and_routes_are_told_at_once(tmp_path):
    folder = edited(tmp_path / "figures", "parameters", lambda rows: rows[:1])
    (folder / "routes.csv").unlink()
    with pytest.raises(ss.InvalidInput) as refused:
        calibration.build_network(folder)
    told = "\n".join(str(fault) for fault in refused.value.faults)
    assert "no figure for 'price'" in told and "no route by sea" in told


def test_a_new_commodity_is_rows_and_nothing_else(tmp_path):
    """Gadgets: a product of parts and metal, made in JP and used in JP and DE."""
    folder = tmp_path / "figures"
    shutil.copytree(MADE, folder)
    rows = {
        "commodities": "gadget,Gadget,made,product,product,piece,air,850000,survey,\n",
        "production": "gadget,JP,,1000,2022,piece/yr,read,,,survey,\n",
        "use": "gadget,JP,sale,600,2022,piece/yr,read,,,survey,\n"
        "gadget,DE,sale,400,2022,piece/yr,read,,,survey,\n",
        "recipes": "gadget,,,part,2,1,1,2022,piece/piece,read,,,survey,\n",
        "parameters": "gadget,,,price,200,2022,USD/piece,read,,,survey,\n",
    }
    for table, text in rows.items():
        with (folder / f"{table}.csv").open("a", encoding="utf-8") as file:
            file.write(text)
    network, _ = calibration.build_network(folder)
    assert network.site_by_name["jp-gadget"].inputs["part"].per_unit == pytest.approx(2.0, rel=0.1)
    assert {"jp-gadget-sale", "de-gadget-sale"} <= set(network.demand_by_name)
    run = ss.simulate(network, None, horizon=120, seed=1)
    assert float(run.data["unmet"].sum()) == 0.0


def test_every_table_may_be_left_out_but_commodities(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ss.InvalidInput, match="holds no figures"):
        calibration.read_figures(tmp_path / "empty")
    assert all(table.optional for table in TABLES.values())


def test_tables_can_stand_in_folders_by_chain(tmp_path, made):
    folder = tmp_path / "figures"
    folder.mkdir()
    shutil.copytree(MADE, folder / "one")
    shutil.move(folder / "one" / "figures.toml", folder)
    assert calibration.build_network(folder)[0] == made[0]


def test_the_baseline_is_set_beside_the_figures(made):
    network, balanced = made
    table = calibration.fit(network, balanced.figures).set_index("name")
    moves = balanced.moves().set_index("name")
    for name in ("production metal CN", "use part ZZ cars", "recipe ore in CN metal"):
        assert table.loc[name, "baseline"] == pytest.approx(moves.loc[name, "reconciled"], rel=1e-4)
    assert table.loc["trade metal hub:NL DE", "baseline"] == pytest.approx(190.0, rel=0.03)
    read = table[(table["confidence"] == "read") & table["kind"].isin(["production", "trade"])]
    assert (read["off"].abs() < 0.1).mean() > 0.8


def test_what_is_assumed_has_a_range_that_the_ensemble_draws_from(made):
    network, _ = made
    ranges = {item.key: item for item in network.ranges}
    cover = ranges["input|de-part-all|metal|cover"]
    mode = network.site_by_name["de-part-all"].inputs["metal"].policy.days
    assert cover.high - mode == pytest.approx(45.0 - 30.0)  # as the figure, less what orders add
    assert cover.low == pytest.approx(max(0.0, mode - 10.0))
    assert "input|jp-part-lean|metal|cover" not in ranges  # read, not assumed
    rate = ranges["demand|zz-part-cars|rate"]
    demand = network.demand_by_name["zz-part-cars"]
    assert rate.low / demand.rate == pytest.approx(10000 / 22000, rel=1e-4)
    assert "site|cn-metal|utilisation" in ranges and "site|jp-metal|cycle_time" in ranges
    flow = ranges["lane|jp-metal|jp-part-lean|road|share"]  # no figure speaks of it
    assert flow.high == pytest.approx(1.0)
    worlds = [network.drawn(1, r) for r in range(3)]
    rates = {world.demand_by_name["zz-part-cars"].rate for world in worlds}
    assert len(rates) == 3
    runs = ss.ensemble(
        network, None, replications=4, horizon=150, seed=1, progress=False, executor=1
    )
    assert float(runs.totals("unmet").sum()) == 0.0


def test_what_nobody_measures_pulls_at_nothing():
    """A slack of millions, beside a by-product of thousands: the host's room must not draw the by-product up."""
    balances = np.array([[1.0, -0.05, 1.0]])  # by-product + spare = 0.05 x host
    measured = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = reconcile(problem([6e5, 8e7], [3e4, 1e6], balances, measured=measured))
    assert found.x == pytest.approx([6e5, 8e7, 0.05 * 8e7 - 6e5], rel=1e-6)


def test_what_is_on_hand_is_what_was_stated_or_as_little_as_orders_allow(made):
    network, _ = made
    beyond = held(network)
    run = ss.simulate(network, None, horizon=364, seed=1)
    use, output = network.baseline().use, network.baseline().output
    stated = {"cn-part|metal": 30.0, "de-part-all|metal": 30.0, "jp-part-lean|metal": 30.0}
    stated |= {"jp-part-stocked|metal": 90.0, "de-part-cars": 30.0, "nl-metal-hub": 30.0}
    for key, days in stated.items():
        mean = float(run.data["on_hand"].sel(slot=key).mean()) / use[key]
        least = network.slots[key].item.policy.days == 0.0
        want = beyond.slots[key] if least else days
        assert mean == pytest.approx(want, rel=0.15), (key, least)
    for site in network.sites:
        mean = float(run.data["stock"].sel(site=site.name).mean()) / output[site.name]
        assert mean == pytest.approx(site.cover + beyond.sites[site.name], rel=0.35), site.name
