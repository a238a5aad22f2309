"""The bundled network jp-de-cn-2022: its figures, its balance, its size."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import shutil
from pathlib import Path

import pytest

import supplysim as ss
from supplysim import calibration, exposure
from supplysim.calibration.figures import ASSUMPTION, Figures, read_figures
from supplysim.calibration.rows import PARAMETERS, TABLES
from supplysim.catalogue import figures_path, networks
from supplysim.plan import make_plan

NAME = "jp-de-cn-2022"
# fmt: off
ASKED = [
    "gallium", "germanium", "flake-graphite", "synthetic-graphite", "anode",
    "rare-earth-concentrate", "ndpr-oxide", "dytb-oxide", "ndfeb-magnet", "lithium-ore",
    "lithium-carbonate", "lithium-hydroxide", "cobalt-ore", "cobalt", "nickel-ore", "nickel",
    "manganese-ore", "manganese-refined", "silicon-metal", "polysilicon", "fluorspar",
    "hydrogen-fluoride", "tungsten", "antimony", "neon", "palladium", "silicon-wafer",
    "photoresist", "specialty-gas", "wafer-legacy", "wafer-leading", "wafer-power",
    "chip-legacy", "chip-leading", "chip-power", "gaas-chip", "gan-chip", "ge-part",
    "cathode-nmc", "cathode-lfp", "separator", "electrolyte", "cell-nmc", "cell-lfp", "pack",
    "electric-car", "combustion-car", "industrial-electronics", "machinery", "wind-turbine",
    "solar-module", "defence",
]
# fmt: on
DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(scope="module")
def network() -> ss.Network:
    return ss.load_network(NAME)


@pytest.fixture(scope="module")
def figures() -> Figures:
    return read_figures(figures_path(NAME))


# --- figures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [name for name in TABLES if name != "sources"])
def test_every_row_has_a_source_a_year_a_unit_and_a_range_where_it_is_assumed(figures, table):
    rows = getattr(figures, table)
    units = {item.name: item.unit for item in figures.commodities}
    for row in rows:
        evidence = getattr(row, "evidence", None)
        if evidence is None:  # commodities, regions, groups: no figures
            continue
        keys = [key.strip() for key in evidence.source.split(";")]
        assert all(key == ASSUMPTION or key in figures.sources for key in keys), row
        assert evidence.year is not None and 1990 <= evidence.year <= 2026, row
        if evidence.confidence == "assumed":
            assert row.low is not None and row.high is not None and row.low <= row.high, row
        if evidence.confidence != "read":
            assert evidence.note, row
        subject = getattr(row, "commodity", "") or getattr(row, "product", "")
        if table in ("production", "use"):
            assert row.unit == f"{units[subject]}/yr"
        elif table == "recipes":
            assert row.unit == f"{units[row.input]}/{units[row.product]}"
        elif table == "parameters" and subject:
            assert row.unit == PARAMETERS[row.parameter].format(unit=units[subject])


def test_every_source_is_cited_with_an_address_or_a_year(figures):
    assert all(
        source.citation and (source.url or source.year) for source in figures.sources.values()
    )
    assert len(figures.sources) > 100


def test_the_chains_are_all_there(network):
    names = {item.name for item in network.commodities}
    assert set(ASKED) <= names and len(names) >= 35
    makers = {(site.makes, site.country) for site in network.sites}
    users = {(slot.commodity, slot.country) for slot in network.slots.values()}
    for chain in {item.chain for item in network.commodities}:
        own = {item.name for item in network.commodities if item.chain == chain}
        for country in ("JP", "DE", "CN"):
            assert any((name, country) in makers | users for name in own), (chain, country)
    suppliers = {site.country for site in network.sites}
    asked = "US KR TW AU CL AR CD ID PH MY VN CA BE PL HU RU BR ZA MM ZZ"
    assert set(asked.split()) <= suppliers


def test_codes_prices_and_values_are_given(network):
    for item in network.commodities:
        assert item.price > 0.0 and item.title, item.name
    coded = [item for item in network.commodities if item.hs]
    assert len(coded) >= 0.8 * len(network.commodities)
    assert sum(bool(item.controls) for item in network.commodities) >= 15
    for site in network.sites:
        inputs = sum(
            network.commodity_by_name[name].price * need.per_unit
            for name, need in site.inputs.items()
        )
        assert inputs <= 1.05 * network.commodity_by_name[site.makes].price, site.name
    assert sum(site.jobs > 0 for site in network.sites) >= 0.8 * len(network.sites)


def test_what_real_supply_has(network):
    hosts = {
        site.makes: network.site_by_name[site.host].makes for site in network.sites if site.host
    }
    assert hosts["gallium"] == "alumina" and hosts["germanium"] == "zinc"
    assert hosts["dytb-oxide"] == "ndpr-oxide"
    assert any(site.idle for site in network.sites)
    assert network.stores and {store.country for store in network.stores} <= {
        "NL",
        "BE",
        "HK",
        "SG",
    }
    assert any(site.owner and site.owner != site.country for site in network.sites)
    parts = [need for site in network.sites for need in site.inputs.values()]
    assert any(need.needs < 1.0 for need in parts)
    firms = [site for site in network.sites if site.makes == "gaas-wafer" and site.country == "JP"]
    assert len({site.inputs["gallium"].policy.days for site in firms}) == 3


# --- balance -------------------------------------------------------------------------------------


def test_the_network_is_what_the_figures_give(network):
    """Solvers differ in the last digits from machine to machine, so values are compared, not bytes."""
    built, _ = calibration.build_network(figures_path(NAME))
    assert {site.name for site in built.sites} == {site.name for site in network.sites}
    assert {lane.key for lane in built.lanes} == {lane.key for lane in network.lanes}
    ours, theirs = network.baseline(), built.baseline()
    for name, output in ours.output.items():
        assert output == pytest.approx(theirs.output[name], rel=1e-3), name
    for kind in ("commodities", "sites", "stores", "demands", "lanes", "ranges"):
        pairs = zip(by_key(built, kind), by_key(network, kind), strict=True)
        for ours_, theirs_ in pairs:
            assert numbers(ours_) == pytest.approx(numbers(theirs_), rel=2e-3, abs=2e-3), theirs_


def by_key(network: ss.Network, kind: str) -> list[object]:
    return sorted(getattr(network, kind), key=lambda item: getattr(item, "key", "") or item.name)


def numbers(item: object) -> list[float]:
    """Every number of a row, those of its policy, lead time and inputs with it, in order."""
    found = []
    for field in dataclasses.fields(item):  # type: ignore[arg-type]
        value = getattr(item, field.name)
        if isinstance(value, float) and value < 1e300:
            found.append(value)
        elif field.name == "inputs":
            found += [number for name in sorted(value) for number in numbers(value[name])]
        elif dataclasses.is_dataclass(value) and field.name != "evidence":
            found += numbers(value)
    return found


def test_the_baseline_agrees_with_what_was_read(network, figures):
    fit = calibration.fit(network, figures)
    read = fit[(fit["confidence"] == "read") & fit["kind"].isin(["production", "trade"])]
    within = read["off"].abs() <= 0.1
    assert within.mean() >= 0.8, read[~within].to_string()
    assert len(read) >= 60


def test_china_s_part_is_near_what_was_published(network, figures):
    """World shares of production: the Commission, the IEA and USGS have more than this (of gallium without scrap)."""
    flows = exposure.flows(network)
    for name, share in {
        "gallium": 0.75,
        "anode": 0.85,
        "ndfeb-magnet": 0.85,
        "cell-lfp": 0.9,
    }.items():
        made = flows[flows["commodity"] == name].groupby("origin")["quantity"].sum()
        assert made["CN"] / made.sum() > share, name


def test_undisturbed_worlds_serve_every_demand(network):
    runs = ss.ensemble(network, None, replications=8, horizon=730, seed=1, progress=False)
    assert float(runs.totals("unmet").sum()) == 0.0


def test_value_added_is_sane(network):
    """No sector earns more than its output, and the three countries earn what such sectors do."""
    table = exposure.value_added(network)
    assert (table["value_added"] <= table["output"]).all()
    total = table.groupby("country")["value_added"].sum()
    assert 1e11 < total["JP"] < 1e12 and 1e11 < total["DE"] < 1e12 and 3e11 < total["CN"] < 4e12
    assert (table["jobs"] >= 0.0).all()


def test_two_years_stay_within_the_events(network):
    plan = make_plan(network, None, horizon=730, seed=1, replication=0, warmup=None)
    run = ss.simulate(network, None, horizon=730, seed=1, events=True, engine="compiled")
    assert len(run.events) <= 1_200_000
    assert plan.warmup <= 400


def test_it_is_bundled_and_the_default(network):
    assert NAME in networks()
    assert ss.load_network() == network


# --- the pages -----------------------------------------------------------------------------------


def test_the_pages_on_the_data_are_up_to_date(network, figures):
    spec = importlib.util.spec_from_file_location("make_data", DOCS / "make_data.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, text in script.pages(network, figures).items():
        found = (DOCS / "data" / name).read_text(encoding="utf-8")
        assert found == text, f"docs/data/{name} is old; run: python docs/make_data.py"
    for chain in script.CHAINS:
        assert (DOCS / "data" / f"{chain}.png").stat().st_size > 10_000


def test_the_example_of_the_docs_adds_a_commodity(tmp_path):
    """The rows of docs/figures.md, as they stand, in a folder of their own beside the bundled figures."""
    text = (DOCS / "figures.md").read_text(encoding="utf-8")
    block = re.search(r"```\n(sources\.csv .*?)```", text, re.DOTALL)
    assert block is not None
    shutil.copytree(figures_path(NAME), tmp_path / "my-figures")
    folder = tmp_path / "my-figures" / "gadgets"
    folder.mkdir()
    path = folder / "none"
    for line in block[1].splitlines():
        name, _, rest = line.partition(" ")
        path = folder / name if name else path
        with path.open("a", encoding="utf-8") as file:
            file.write(rest.strip() + "\n")
    network, _ = calibration.build_network(tmp_path / "my-figures")
    gadget = network.site_by_name["jp-gadget"]
    assert gadget.inputs["chip-legacy"].per_unit == pytest.approx(0.000002, rel=0.1)
    assert {"jp-gadget-sales", "de-gadget-sales"} <= set(network.demand_by_name)
