"""The library of scenarios: every clause is played out, every file says why, and what it says happens."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from scipy import stats

import supplysim as ss
from supplysim import catalogue
from supplysim.ensemble import Outcome

NAMES = catalogue.scenarios()
HOME = ("JP", "DE")

More, Less, Same = 1, -1, 0
EXPECTED: dict[str, tuple[str, str, int]] = {
    # scenario: (its reference or undisturbed, what is lost, more or less of it or the same)
    "anti-coercion": ("boycott-of-german-goods", "output DE solar-module", Less),
    "antimony-2024": ("", "output CN antimony", More),
    "battery-stop": ("", "output DE electric-car", More),
    "boycott-of-german-goods": ("", "output DE machinery", More),
    "cap-65": ("", "output JP ndfeb-magnet", Less),
    "closed-strait": ("", "output TW chip-leading", More),
    "decoupling": ("cap-65", "value added", More),
    "defence-priority": ("worst-case", "output DE defence", Less),
    "early-warning": ("magnet-stop", "use", Less),
    "ev-duties": ("", "output DE electric-car", Less),
    "fab-fire": ("", "output JP wafer-legacy", Same),
    "friend-shoring": ("magnet-stop-later", "value added", Less),
    "gallium-licence-2023": ("", "output CN gallium", More),
    "graphite-licence-2023": ("", "output CN flake-graphite", More),
    "joint-reserve": ("magnet-stop", "value added", Less),
    "legacy-chip-stop": ("", "output CN chip-legacy", More),
    "magnet-stop": ("", "value added", More),
    "magnet-stop-later": ("", "value added", More),
    "magnets-2025": ("", "output JP ndfeb-magnet", Less),
    "march-2023": ("worst-case", "value added", Less),
    "naka-fire-2021": ("", "output JP chip", More),
    "photoresist-controls": ("", "output CN wafer-legacy", More),
    "polysilicon-squeeze": ("", "output DE polysilicon", More),
    "power-chip-guard": ("power-chip-theft", "output JP wafer-power", Less),
    "power-chip-theft": ("", "output JP wafer-power", More),
    "russia-sanctions": ("", "output RU palladium", More),
    "worst-case": ("", "value added", More),
}
"""What each file's text says: of which loss there is more or less, against what it answers or undisturbed."""
LUCK = {"power-chip-guard": 16}
"""Replications of what hangs on chance more than on figures; others take 4."""


def test_every_clause_has_a_scenario() -> None:
    told = {clause for name in NAMES for clause in catalogue.load_scenario(name).article}
    assert told == {f"A{i}" for i in range(1, 16)}


def test_every_scenario_says_what_to_expect() -> None:
    episodes = {name for name in NAMES if catalogue.load_scenario(name).history is not None}
    assert set(EXPECTED) | episodes == set(NAMES)
    assert len(NAMES) >= 18


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_is_sound_and_says_why(name: str) -> None:
    scenario = catalogue.check_file(name)
    assert isinstance(scenario, ss.Scenario)
    assert scenario.name == name
    assert scenario.title
    assert "What to look at" in scenario.description
    assert scenario.sources
    for source in scenario.sources:
        assert source.citation
    for measure in scenario.measures:
        assert measure.reasons, measure.key
        assert measure.sources or measure.status == "hypothetical" or measure.legal_basis, (
            measure.key
        )


@functools.cache
def network(name: str) -> ss.Network:
    return catalogue.load_network(name)


@functools.cache
def runs(name: str, net: str, horizon: int, replications: int) -> ss.Ensemble:
    """An ensemble of a scenario, or undisturbed; all on the same draws."""
    scenario = catalogue.load_scenario(name) if name else None
    return ss.ensemble(
        network(net),
        scenario,
        replications=replications,
        horizon=horizon,
        seed=1,
        warmup=None if net == catalogue.DEFAULT else 120,
        progress=False,
    )


@functools.cache
def lost(name: str, net: str, horizon: int, replications: int, what: str) -> np.ndarray[Any, Any]:
    """By replication, what a scenario loses of the undisturbed, as a share."""
    if not name:
        return np.zeros(replications)
    compared = ss.compare(
        runs("", net, horizon, replications), runs(name, net, horizon, replications)
    )
    kind, _, group = what.partition(" ")
    if group and kind in ("use", "output"):
        place = compared.groups(kind).index(group)
        pairs = [(a[:, :, place], (a - b)[:, :, place]) for a, b in compared.records(kind)]
        whole, gone = (np.concatenate(x).sum(axis=1) for x in zip(*pairs, strict=True))
        return np.asarray(gone / whole)
    found: Outcome = ss.outcome(compared, network(net))
    return np.asarray(found.lost(HOME, what) / found.normal(HOME, what))


def check(name: str, replications: int, longest: int) -> None:
    reference, what, expected = EXPECTED[name]
    scenario = catalogue.load_scenario(name)
    horizon = min(longest, scenario.horizon)
    terms = (scenario.network, horizon, replications, what)
    change = lost(name, *terms) - lost(reference, *terms)
    error = stats.t.ppf(0.95, replications - 1) * change.std(ddof=1) / np.sqrt(replications)
    low, high = change.mean() - error, change.mean() + error
    if expected == More:
        assert low > 0.0, (low, high)
    elif expected == Less:
        assert high < 0.0, (low, high)
    else:
        assert abs(change.mean()) < 0.005, (low, high)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_a_scenario_says_happens(name: str) -> None:
    """Paired, with a 90 % interval of the mean that leaves 0 out; few replications."""
    check(name, replications=LUCK.get(name, 4), longest=1460)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_a_scenario_says_happens_in_many_worlds(name: str) -> None:
    check(name, replications=60, longest=1460)


def test_extended_scenarios_name_what_they_answer() -> None:
    answers = {name: catalogue.extended(name) for name in NAMES if catalogue.extended(name)}
    assert answers
    for name, parent in answers.items():
        if EXPECTED[name][0]:
            assert EXPECTED[name][0] == parent
