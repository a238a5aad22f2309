"""The page of a country, on the command line and in Python; the shares that the docs print."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import supplysim as ss
from supplysim import exposure, plots
from supplysim.cli import app

DOCS = Path(__file__).resolve().parents[1] / "docs" / "exposure.md"


def chains() -> ss.Network:
    """Two chains from CN to DE: magnets (all from CN) and chips (a third), and chips for magnets' users."""
    return ss.Network(
        name="chains",
        commodities=[
            ss.Commodity("magnet", price=50.0, chain="magnets"),
            ss.Commodity("chip", price=1.0, chain="chips"),
            ss.Commodity("car", price=1_000.0, chain="cars"),
        ],
        sites=[
            ss.Site("cn-magnet", country="CN", makes="magnet", utilisation=0.5, lot=1.0),
            ss.Site("cn-chip", country="CN", makes="chip", utilisation=0.5, lot=1.0),
            ss.Site("jp-chip", country="JP", makes="chip", utilisation=0.5, lot=1.0),
            ss.Site(
                "de-car",
                country="DE",
                makes="car",
                utilisation=0.9,
                lot=1.0,
                inputs={
                    "magnet": ss.Input(2.0, policy=ss.DaysOfCover(30)),
                    "chip": ss.Input(30.0, policy=ss.DaysOfCover(15)),
                },
            ),
        ],
        demands=[ss.Demand("de-drivers", country="DE", commodity="car", rate=10.0)],
        lanes=[
            ss.Lane("cn-magnet", "de-car", lead_time=40.0),
            ss.Lane("cn-chip", "de-car", share=1 / 3, max_share=1 / 3, lead_time=20.0),
            ss.Lane("jp-chip", "de-car", share=2 / 3, max_share=1.0, lead_time=20.0),
            ss.Lane("de-car", "de-drivers", lead_time=2.0),
        ],
    )


@pytest.fixture(scope="module")
def found() -> exposure.Page:
    return exposure.exposure_page(chains(), "DE", "CN", days=120.0, horizon=500)


def test_a_page_by_chain(found):
    table = found.table.set_index("chain")
    assert sorted(table.index) == ["cars", "chips", "magnets"]
    assert table.loc["magnets", ["face", "look_through", "share"]].tolist() == [1.0, 1.0, 1.0]
    assert table.loc["chips", "face"] == pytest.approx(1 / 3)
    assert table.loc["cars", "hidden"] == pytest.approx((2 * 50 + 10) / 1_000.0)
    assert table.loc["magnets", "uses"] == pytest.approx(10 * 2 * 50 * 365.0)
    assert (
        70.0 < table.loc["magnets", "survive"] <= table.loc["magnets", "survive_best"] + 1.0 < 120.0
    )
    assert table.loc["magnets", "loss"] >= table.loc["magnets", "loss_best"] > 0.0
    assert table.loc["chips", "survive_best"] == math.inf  # Japan is qualified for all
    assert table.loc["cars", ["loss", "recover"]].tolist() == [0.0, 0.0]  # nothing comes directly
    assert table.loc["magnets", "hangs_on"] in ("de-car|magnet", "de-car", "de-drivers")


def test_every_number_of_a_page_leads_to_rows(found):
    rows = found.rows.set_index("lane")
    assert sorted(rows.index) == ["cn-chip|de-car|", "cn-magnet|de-car|"]
    row = rows.loc["cn-magnet|de-car|"]
    assert row["quantity"] == pytest.approx(20.0 * 365.0)
    assert (row["lead_time"], row["share"], row["confidence"]) == (40.0, 1.0, "assumed")
    assert row["cover"] >= 30.0


def test_pages_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ss.save_network(chains(), tmp_path / "net")
    asked = ["exposure", "DE", "--on", "CN", "--network", "net", "--days", "60", "--out", "pages"]
    for _ in range(2):  # again into its own folder
        done = CliRunner().invoke(app, asked)
        assert done.exit_code == 0, done.output
    assert "DE on CN: dependence" in done.output and "magnets" in done.output
    names = sorted(path.name for path in (tmp_path / "pages").iterdir())
    assert names == [
        "exposure-DE.csv",
        "exposure-DE.png",
        "exposure-DE.svg",
        "rows-DE.csv",
        "run.toml",
    ]
    table = pd.read_csv(tmp_path / "pages" / "exposure-DE.csv")
    assert set(table["chain"]) == {"cars", "chips", "magnets"}
    for asked, told in (
        (["exposure", "XX", "YY", "--network", "net"], "XX"),
        (["exposure", "JP", "--on", "DE", "--network", "net"], "ships nothing to JP"),
        (["exposure", "DE", "--on", "DE", "--network", "net"], "must not be the importer"),
        (
            ["exposure", "DE", "--network", "net", "--horizon", "80"],
            "must be a whole number of days above 90",
        ),
    ):
        refused = CliRunner().invoke(app, asked)
        assert refused.exit_code == 2
        assert told in refused.output


def test_every_exposure_has_its_picture(found, tmp_path):
    net = chains()
    stop = ss.Scenario(
        measures=[ss.ExportBan(key="stop", origin=["CN"], commodities=["magnet"], ends=150)]
    )
    net = net.replace(
        ranges=[
            ss.Range(
                "cover", kind="input", name="de-car|magnet", field="cover", low=10.0, high=60.0
            )
        ]
    )
    base = ss.simulate(net, None, horizon=300)
    run = ss.simulate(net, stop, horizon=300, warmup=base.recipe.warmup)
    quick = {"executor": 1, "progress": False, "replications": 2}
    runs = ss.ensemble(net, {"base": None, "stop": stop}, horizon=300, **quick)
    drawn = {
        "page": plots.page(found),
        "dependence": plots.dependence(exposure.dependence(net, "DE", "CN")),
        "hhi": plots.ranking(exposure.hhi(net, "DE"), "look_through"),
        "causes": plots.ranking(
            exposure.attribution(base, run).by("cause", "goods"), "value", names="cause,goods"
        ),
        "survival": plots.survival(exposure.survival(net, exposure.Cut(origin=["CN"]), recover=90)),
        "attribution": plots.attribution(exposure.attribution(base, run)),
        "leverage": plots.leverage(
            exposure.leverage(
                ss.compare(runs["base"], runs["stop"]), net, sender="CN", target="DE", kind="use"
            )
        ),
        "loss_curve": plots.loss_curve(
            exposure.loss_curve(
                net, stop, durations=[30, 120], countries=["DE"], kind="use", after=60, **quick
            )
        ),
        "sensitivity": plots.sensitivity(
            exposure.sensitivity(
                net, stop, answer="use", countries=["DE"], points=4, workers=1, progress=False
            )
        ),
    }
    for name, axes in drawn.items():
        assert axes.get_title(loc="left"), name
        for ending in ("png", "svg"):
            plots.save(axes, tmp_path / f"{name}.{ending}")
            assert (tmp_path / f"{name}.{ending}").stat().st_size > 2_000


def test_a_ranking_of_nothing_is_refused():
    with pytest.raises(ss.InvalidInput, match="did you mean 'step'"):
        plots.ranking(exposure.hhi(chains(), "DE"), "steps")


def test_the_shares_that_the_docs_print():
    lines = (
        DOCS.read_text(encoding="utf-8").split("## Published shares beside ours")[1].splitlines()
    )
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "%" in line]
    assert len(rows) >= 10
    net = ss.load_network("jp-de-cn-2022")
    for commodity, who, of, _, ours, *_ in rows:
        shares = exposure.origins(net, who, imports_only=of == "import")
        assert f"{shares.loc[commodity, 'CN']:.0%}" == ours, (commodity, who)
