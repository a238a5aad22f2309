"""Scenarios that extend others."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import supplysim as ss

BASE = """
name = "base"
title = "A ban"
description = "..."
article = ["A5"]
network = "net"
start = 2023-01-01
horizon = 500
[[sources]]
key = "law"
citation = "A law"
[[measures]]
type = "ExportBan"
key = "ban"
origin = ["CN"]
commodities = ["ore"]
begins = 2023-02-01
sources = ["law"]
[[measures]]
type = "Reserve"
country = "JP"
commodity = "ore"
days = 30.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.toml").write_text(BASE)
    return tmp_path


def load(folder: Path, text: str, name: str = "child") -> ss.Scenario:
    (folder / f"{name}.toml").write_text(text)
    return ss.load_scenario(folder / f"{name}.toml")


def test_a_child_adds_replaces_and_leaves_out(folder: Path) -> None:
    child = load(
        folder,
        """
        extends = "base"
        title = "A shorter ban, and a warning"
        horizon = 300
        without = ["Reserve"]
        [[sources]]
        key = "paper"
        citation = "A paper"
        [[measures]]
        type = "ExportBan"
        key = "ban"
        origin = ["CN"]
        commodities = ["ore"]
        ends = 90
        [[measures]]
        type = "EarlyWarning"
        to = ["JP"]
        factor = 0.5
        sources = ["paper", "law"]
        """,
    )
    assert child.name == "child"
    assert (child.title, child.description, child.article) == (
        "A shorter ban, and a warning",
        "",
        (),
    )
    assert (child.network, child.start, child.horizon) == ("net", dt.date(2023, 1, 1), 300)
    assert [m.key for m in child.measures] == ["ban", "EarlyWarning"]
    assert child.measures[0].ends == 90.0
    assert [s.key for s in child.sources] == ["law", "paper"]


def test_chains_and_what_is_written(folder: Path) -> None:
    load(folder, 'extends = "base"\nhorizon = 300', "middle")
    last = load(folder, 'extends = "middle"\nwithout = ["ban"]', "last")
    assert (last.horizon, [m.key for m in last.measures]) == (300, ["Reserve"])
    ss.save_scenario(last, folder / "whole.toml")
    assert "extends" not in (folder / "whole.toml").read_text()
    assert ss.load_scenario(folder / "whole.toml") == last


def test_what_was_observed_is_not_inherited() -> None:
    parent = ss.load_scenario("gallium-licence-2023")
    assert parent.history is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('extends = "child"', ["extends: goes round in a circle; found 'child > child'"]),
        ('extends = "bas"', ["extends: neither bundled nor a file or folder"]),
        ("extends = 3", ["extends: must be the name of a scenario; found 3"]),
        ('without = ["ban"]', ["without: is for a scenario that extends another"]),
        (
            'extends = "base"\nwithout = ["bann"]',
            ["without: no measure of the extended scenario has this key; did you mean 'ban'?"],
        ),
        (
            'extends = "base"\n[[measures]]\ntype = "Outage"\nsites = ["a"]\nseverity = 2.0',
            ["measures[0].severity: must be at most 1; found 2.0"],
        ),
        (
            'extends = "base"\n[[measures]]\ntype = "ExportBan"\nkey = "ban"\norigin = []',
            ["measures[0].origin", "measures[0].commodities: is required"],
        ),
    ],
)
def test_faults(folder: Path, text: str, told: list[str]) -> None:
    with pytest.raises(ss.InvalidInput) as error:
        load(folder, text)
    assert "child.toml" in str(error.value)
    for part in told:
        assert part in str(error.value)


def test_a_fault_of_the_parent_is_told_of_the_parent(folder: Path) -> None:
    (folder / "base.toml").write_text(BASE + "holidays = 3\n")
    with pytest.raises(ss.InvalidInput, match=r"base\.toml.*\n.*measures\[1\]\.holidays"):
        load(folder, 'extends = "base"')
