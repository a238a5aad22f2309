"""Who supplies whom, by hand; hubs keep the mix of their origins."""

from __future__ import annotations

import pytest

import supplysim as ss
from supplysim import exposure
from supplysim.testing import tiny


def hubbed() -> ss.Network:
    """Ore of CN (30) and AU (70) through a hub in NL to DE, which also digs 100 itself; metal made of it in DE."""
    return ss.Network(
        name="hubbed",
        commodities=[ss.Commodity("ore", price=2.0), ss.Commodity("metal", price=10.0)],
        sites=[
            ss.Site("cn-ore", country="CN", makes="ore", utilisation=0.9),
            ss.Site("au-ore", country="AU", makes="ore", utilisation=0.9),
            ss.Site("de-ore", country="DE", makes="ore", utilisation=0.9, value_added=1.5, jobs=7),
            ss.Site(
                "de-metal",
                country="DE",
                makes="metal",
                utilisation=0.9,
                inputs={"ore": ss.Input(2.0)},
            ),
        ],
        stores=[
            ss.Store("nl-hub", country="NL", commodity="ore"),
            ss.Store("be-hub", country="BE", commodity="ore"),
        ],
        demands=[ss.Demand("de-cars", country="DE", commodity="metal", rate=100.0)],
        lanes=[
            ss.Lane("cn-ore", "nl-hub", share=0.3, lead_time=30),
            ss.Lane("au-ore", "nl-hub", share=0.7, lead_time=30),
            ss.Lane("nl-hub", "be-hub", lead_time=2),
            ss.Lane("be-hub", "de-metal", share=0.5, lead_time=2),
            ss.Lane("de-ore", "de-metal", share=0.5, lead_time=2),
            ss.Lane("de-metal", "de-cars", lead_time=2),
        ],
    )


def test_hubs_keep_the_mix_of_origins():
    table = exposure.origins(hubbed(), "DE")
    assert table.loc["ore"].to_dict() == pytest.approx({"AU": 0.35, "CN": 0.15, "DE": 0.5})
    assert table.loc["metal", "DE"] == pytest.approx(1.0)
    imports = exposure.origins(hubbed(), "DE", imports_only=True)
    assert imports.loc["ore"].to_dict() == pytest.approx({"AU": 0.7, "CN": 0.3})
    assert "metal" not in imports.index


def test_flows_are_seen_from_maker_to_user():
    table = exposure.flows(hubbed())
    row = table[(table["commodity"] == "ore") & (table["origin"] == "CN")].iloc[0]
    assert (row["importer"], row["user"]) == ("DE", "metal")
    assert row["quantity"] == pytest.approx(0.15 * 200.0 * 365.0)
    assert row["value"] == pytest.approx(2.0 * row["quantity"])


def test_dependence_of_several_importers_and_groups():
    table = exposure.dependence_table(hubbed(), ["DE"], "CN")
    assert table.loc["ore"].to_dict() == pytest.approx({"DE use": 0.15, "DE imports": 0.3})
    grouped = hubbed().replace(groups={"EU": ("DE", "NL", "BE")})
    assert exposure.origins(grouped, "EU").loc["ore", "CN"] == pytest.approx(0.15)


def test_value_added_and_jobs_by_country_and_sector():
    table = exposure.value_added(hubbed()).set_index("country")
    assert table.loc["DE", "value_added"] == pytest.approx(100.0 * 365.0 * 1.5)
    assert table.loc["DE", "jobs"] == 7


def test_a_country_that_uses_nothing_is_refused():
    with pytest.raises(ss.InvalidInput, match="uses nothing in this network"):
        exposure.origins(tiny(), "BR")
    with pytest.raises(ss.InvalidInput, match="unknown country or group"):
        exposure.origins(tiny(), "EUR")
