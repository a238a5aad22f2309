"""Who supplies whom, by hand; hubs keep the mix of their origins."""

from __future__ import annotations

import math

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


def test_a_run_is_seen_through_hubs_by_what_they_received():
    """Ore of CN stops on day 0; what the hub gives in the last months is all of AU."""
    ban = ss.ExportBan(origin=["CN"], commodities=["ore"])
    run = ss.simulate(hubbed(), ss.Scenario(measures=[ban]), horizon=400)
    before, late = exposure.origins(hubbed(), "DE"), exposure.origins(run, "DE", days=(300, 400))
    assert late.loc["ore", "CN"] == 0.0 if "CN" in late else True
    assert late.loc["ore", "AU"] == pytest.approx(1.0 - late.loc["ore", "DE"])
    assert before.loc["ore", "CN"] == pytest.approx(0.15)
    whole = exposure.flows(run)
    assert set(whole["origin"]) == {"AU", "CN", "DE"}  # what was under way or in the hub still came
    with pytest.raises(ss.InvalidInput, match="days"):
        exposure.flows(run, days=(5, 5))


@pytest.mark.parametrize(
    ("share", "elasticity", "loss"),
    [(0.3, 6.0, 0.071335), (0.6, 6.0, 0.183258), (0.9, 6.0, 0.460517), (0.6, 2.0, 0.916291)],
)
def test_coercive_power_is_that_of_a_ces_nest(share, elasticity, loss):
    """Closed form; and the same by the price index of a nest whose goods cost 1, of which one goes."""
    assert exposure.coercive_power(share, elasticity) == pytest.approx(loss, abs=5e-7)
    index = (1.0 - share) ** (1.0 / (1.0 - elasticity))
    assert exposure.coercive_power(share, elasticity) == pytest.approx(math.log(index), rel=1e-12)


@pytest.mark.parametrize(("share", "elasticity", "left"), [(0.6, 6.0, 0.5), (0.3, 2.0, 0.0)])
def test_what_is_left_of_a_nest_is_its_quantity_index(share, elasticity, left):
    r = (elasticity - 1.0) / elasticity
    expected = (share * left**r + 1.0 - share) ** (1.0 / r)
    assert exposure.quantity_left(share, elasticity, left) == pytest.approx(expected, rel=1e-12)
    assert exposure.quantity_left(share, elasticity, 1.0) == pytest.approx(1.0, rel=1e-12)


def test_coercive_power_is_undefined_where_nothing_can_be_done_without():
    with pytest.raises(ss.InvalidInput, match="elasticity: must be above 1"):
        exposure.coercive_power(0.5, 1.0)
    with pytest.raises(ss.InvalidInput, match="share: must be from 0 to below 1"):
        exposure.coercive_power(1.0, 6.0)


def test_power_by_commodity_takes_the_network_s_shares_and_elasticities():
    network = hubbed()
    goods = [ss.Commodity("ore", price=2.0, elasticity_origins=3.0), network.commodities[1]]
    table = exposure.power_table(network.replace(commodities=goods), "DE", "CN").set_index(
        "commodity"
    )
    assert table.loc["ore", "share"] == pytest.approx(0.15)
    assert table.loc["ore", "power"] == pytest.approx(exposure.coercive_power(0.15, 3.0))
    assert math.isnan(table.loc["metal", "power"])
