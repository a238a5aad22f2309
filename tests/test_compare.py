"""Scenarios beside one another: valued by hand, and on the command line."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import supplysim as ss
from supplysim.cli import app
from supplysim.plots import contrast


def chain(value_added: float = 0.0) -> ss.Network:
    """A mine in CN sells one unit a day, at 73 USD, to DE, who has 20 days of stock."""
    return ss.Network(
        name="chain",
        commodities=[ss.Commodity("ore", price=73.0)],
        sites=[
            ss.Site(
                "mine", country="CN", makes="ore", capacity=4.0, lot=1.0, value_added=value_added
            )
        ],
        demands=[
            ss.Demand("use", country="DE", commodity="ore", rate=1.0, policy=ss.DaysOfCover(20.0))
        ],
        lanes=[ss.Lane("mine", "use", lead_time=30.0)],
    )


BAN = ss.ExportBan(
    key="ban",
    origin=["CN"],
    commodities=["ore"],
    begins=0,
    ends=90,
    actor="CN",
    legal_basis="a law",
)
RESERVE = ss.Reserve(
    key="stock", country="DE", commodity="ore", amount=30.0, below=15.0, lead_time=1.0, upkeep=365.0,
    actor="DE", legal_basis="another law", status="possible",
)  # fmt: skip


def compared(network: ss.Network, home: tuple[str, ...] = ("DE",)) -> ss.Contrast:
    scenarios = {
        "ban": ss.Scenario(name="ban", measures=[BAN]),
        "helped": ss.Scenario(name="helped", measures=[BAN, RESERVE]),
    }
    runs = ss.ensemble(
        network, {"": None, **scenarios}, replications=2, horizon=365, seed=1, progress=False
    )
    outcomes = {
        name: ss.outcome(ss.compare(runs[""], runs[name]), network, home) for name in scenarios
    }
    return ss.Contrast(network, scenarios, outcomes, {"helped": "ban"}, 365)


def test_losses_costs_and_what_a_dollar_saves() -> None:
    """90 - 20 days are lost; 30 units of stock save 30; it costs 1 USD a day and 5 % of its value a year."""
    table = compared(chain()).table().set_index("scenario")
    assert table.loc["ban", "loss"] == pytest.approx(70.0 * 73.0)
    assert table.loc["ban", "share"] == pytest.approx(70.0 / 365.0)
    assert table.loc["ban", "cost"] == 0.0
    assert (table.loc["ban", "loss_low"], table.loc["ban", "loss_high"]) == (70.0 * 73.0,) * 2
    saved = table.loc["ban", "loss"] - table.loc["helped", "loss"]
    assert saved == pytest.approx(30.0 * 73.0, rel=0.02)
    cost = 365.0 + 0.05 * 30.0 * 73.0
    assert table.loc["helped", "cost"] == pytest.approx(cost)
    assert table.loc["helped", "avoided"] == pytest.approx(saved)
    assert table.loc["helped", "per_dollar"] == pytest.approx(saved / cost)
    assert table.loc["helped", "decides"] == "DE"
    assert table.loc["helped", "legal_basis"] == "another law"
    assert table.loc["helped", "reference"] == "ban"
    assert math.isnan(table.loc["ban", "avoided"])


def test_starts_ends_and_effect_are_days_by_hand() -> None:
    """Use stops on day 50 (20 days of stock, 30 under way) and is back on day 120."""
    table = compared(chain()).table().set_index("scenario")
    assert table.loc["ban", "starts"] == pytest.approx(50.0, abs=1.0)
    assert table.loc["ban", "ends"] == pytest.approx(120.0 + 27.0, abs=2.0)
    assert 50.0 <= table.loc["helped", "effect"] <= 53.0


def test_value_added_counts_where_the_network_has_it() -> None:
    """The mine earns 10 USD a unit; what it does not sell is lost to CN."""
    found = compared(chain(value_added=10.0), home=("CN",))
    assert found.outcomes["ban"].kind == "value added"
    row = found.table().set_index("scenario").loc["ban"]
    assert 0.0 < row["loss"] <= 10.0 * 90.0
    assert row["use CN"] == 0.0
    assert found.outcomes["ban"].lost(["DE"], "use").mean() == pytest.approx(70.0 * 73.0)


def test_a_reference_must_be_compared() -> None:
    found = compared(chain())
    with pytest.raises(ss.InvalidInput, match="references"):
        ss.Contrast(found.network, found.scenarios, found.outcomes, {"ban": "bann"}, 365)


def test_the_chart_shows_every_scenario_once() -> None:
    axes = contrast(compared(chain()).table())
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["helped (answers ban)", "ban"]
    assert "million USD" in axes.get_xlabel()


BASE = """
name = "ban"
network = "net"
horizon = 200
replications = 2
[[measures]]
type = "ExportBan"
origin = ["CN"]
commodities = ["ore"]
begins = 0
ends = 90
"""
CHILD = """
extends = "ban"
[[measures]]
type = "Reserve"
country = "DE"
commodity = "ore"
amount = 30.0
below = 15.0
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    ss.save_network(chain(), tmp_path / "net")
    (tmp_path / "ban.toml").write_text(BASE)
    (tmp_path / "helped.toml").write_text(CHILD)
    return tmp_path


def test_the_command_leaves_a_table_a_figure_and_the_scenarios(folder: Path) -> None:
    done = CliRunner().invoke(app, ["compare", "ban.toml", "helped.toml", "--out", "both"])
    assert done.exit_code == 0, done.output
    left = {str(x.relative_to(folder / "both")) for x in (folder / "both").rglob("*")}
    assert {
        "comparison.csv",
        "comparison.xlsx",
        "comparison.png",
        "comparison.svg",
        "run.toml",
    } <= left
    table = pd.read_csv(folder / "both" / "comparison.csv").set_index("scenario")
    assert table.loc["ban", "loss"] == pytest.approx(70.0 * 73.0)
    assert table.loc["helped", "reference"] == "ban"
    again = ss.load_scenario(folder / "both" / "scenarios" / "helped.toml")
    assert [m.key for m in again.measures] == ["ExportBan", "Reserve"]
    assert "Who decides" in done.output


def test_refused_inputs_are_told_all_at_once_and_leave_nothing(folder: Path) -> None:
    asked = ["compare", "ban.toml", "bann.toml", "--reference", "nobody", "--out", "both"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    told = done.output + (done.stderr if done.stderr_bytes else "")
    assert "bann.toml" in told
    assert "nobody" in told
    assert not (folder / "both").exists()
