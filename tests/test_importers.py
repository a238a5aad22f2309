"""What analysts have already: trade statistics, input-output tables and material flows as networks."""

import dataclasses
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import supplysim as ss
from supplysim import calibration
from supplysim import importers as im
from supplysim.importers.reading import country_codes, node_name
from supplysim.model.countries import _ASSIGNED, country_name, country_rows

DATA = Path(__file__).parent / "data" / "importers"
BACI = DATA / "BACI_HS22_Y2022_V202501.csv"
PRESENT, CLASSIC = DATA / "comtrade_present.csv", DATA / "comtrade_classic.csv"


def undisturbed(network: ss.Network, days: int = 60) -> None:
    """A run in which nothing happens serves every demand in full."""
    run = ss.simulate(network, None, horizon=days, seed=1, engine="simpy")
    run.check()
    assert float(run.data["unmet"].sum()) == 0.0
    assert float(run.data["served"].sum()) > 0.0


def flow(table: im.TradeTable, exporter: str, importer: str, hs6: str = "280461") -> pd.Series:
    rows = table.flows.set_index(["hs6", "exporter", "importer"])
    return rows.loc[hs6, exporter, importer]


# --- countries ------------------------------------------------------------------------------------


def test_every_country_has_three_codes():
    codes = country_codes()
    for key in ("iso3", "numeric"):
        table = pd.DataFrame(country_rows())
        own = table[(table["iso3"] != "") & (table["numeric"] != "")]
        assert sorted(own["code"]) == sorted(_ASSIGNED.split())
        assert own[key].is_unique
        assert all(country_name(code) not in ("", code) for code in _ASSIGNED.split())
    assert [codes[x] for x in ("CHN", "156", "DE", "4", "S19")] == ["CN", "CN", "DE", "AF", "TW"]


# --- trade ----------------------------------------------------------------------------------------


def test_baci():
    table = im.read_baci(BACI)
    assert list(table.flows.columns) == [
        *("year", "hs6", "exporter", "importer", "quantity", "value", "estimated")
    ]
    assert tuple(flow(table, "CN", "DE")[["quantity", "value"]]) == (300.0, 900_000.0)
    assert flow(table, "US", "DE")["quantity"] == 100.0  # 842 is no ISO number
    assert flow(table, "FR", "DE")["value"] == 90_000.0
    assert flow(table, "CN", "DE", "010121")["quantity"] == 1.0  # keeps its zero
    assert table.left_out == {"no country: 697": 1}
    assert table.source == BACI.name


def test_a_missing_quantity_comes_from_the_value_and_says_so():
    table = im.read_baci(BACI)
    price = 2040.0 / 630.0  # thousand USD a tonne, over the flows that have both
    row = flow(table, "TW", "JP")
    assert row["quantity"] == pytest.approx(150.0 / price) and row["estimated"]
    assert not flow(table, "CN", "JP")["estimated"]


def test_codes_and_countries_choose():
    table = im.read_baci(BACI, codes=["2804"], countries=["CN", "DE"])
    assert set(table.flows["hs6"]) == {"280461"}
    assert set(table.flows["exporter"]) == {"CN", "ZZ"}
    assert flow(table, "ZZ", "DE")["quantity"] == 130.0
    assert table.left_out["within one country, or within the rest"] == 1


def test_comtrade_as_it_is_now():
    table = im.read_comtrade(PRESENT)
    assert flow(table, "CN", "DE")["quantity"] == 300.0  # what the importer says, in tonnes
    assert flow(table, "US", "DE")["value"] == 450_000.0
    row = flow(table, "CN", "JP")  # only the exporter says
    assert row["value"] == 600_000.0 and row["estimated"]
    assert row["quantity"] == pytest.approx(600_000 / (1_350_000 / 400.0))
    assert len(table.flows) == 3
    assert table.left_out == {
        "the world as a partner": 1,
        "parts of a total (by procedure, transport or second partner)": 1,
        "re-exports, re-imports and other flows": 1,
        "no product of six digits": 1,
        "the other side's report of a flow": 1,
    }


def test_comtrade_by_side():
    assert flow(im.read_comtrade(PRESENT, side="export"), "CN", "DE")["quantity"] == 320.0
    assert set(im.read_comtrade(PRESENT, side="import").flows["importer"]) == {"DE"}
    with pytest.raises(ss.InvalidInput, match="side: must be both, import or export"):
        im.read_comtrade(PRESENT, side="mirror")


def test_comtrade_as_it_was():
    table = im.read_comtrade(CLASSIC)
    assert flow(table, "CN", "DE")["quantity"] == 300.0 and len(table.flows) == 2
    assert set(table.flows["year"]) == {2016}


def test_latin_1_and_cells_beyond_the_header(tmp_path):
    path = tmp_path / "trade.csv"
    text = PRESENT.read_text().replace("China", "Curaçao")
    rows = text.splitlines()
    path.write_text("\n".join([rows[0], *(row + "," for row in rows[1:])]), encoding="latin-1")
    assert flow(im.read_comtrade(path), "CN", "DE")["quantity"] == 300.0


def test_shares_sum_to_one():
    table = im.read_baci(BACI)
    for by in ("importer", "exporter"):
        found = im.shares(table, by)
        assert found.groupby(["hs6", by])["share"].sum().to_numpy() == pytest.approx(1.0)
    found = im.shares(table).set_index(["hs6", "exporter", "importer"])["share"]
    assert found["280461", "CN", "DE"] == pytest.approx(300.0 / 430.0)
    with pytest.raises(ss.InvalidInput, match="by: must be one of"):
        im.shares(table, "product")


def test_a_trade_network_has_the_tables_flows_and_runs():
    net = im.trade_network(im.read_baci(BACI), names={"280461": "silicon", "260300": "copper ore"})
    flows = net.baseline().flow
    assert flows["CN silicon|DE silicon use|"] * 365 == pytest.approx(300.0)
    assert flows["AU copper ore|DE copper ore use|"] * 365 == pytest.approx(10_000.0)
    assert net.commodity_by_name["silicon"].hs == "280461" and net.base_year == 2022
    undisturbed(net)


def test_a_ban_stops_it():
    net = im.trade_network(im.read_baci(BACI, codes=["280461"]))
    ban = ss.ExportBan(origin=["CN"], to=["DE"], commodities=["hs280461"])
    run = ss.simulate(net, ss.Scenario(measures=[ban]), horizon=200, engine="simpy")
    assert float(run.data["unmet"].sel(demand="DE hs280461 use").sum()) > 0.0


def test_figures_are_read_by_a_calibration(tmp_path):
    figures = im.trade_figures(im.read_baci(BACI), {"280461": "metal", "260300": "ore"})
    folder = tmp_path / "figures"
    folder.mkdir()
    source = Path(__file__).parent / "data" / "figures"
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with (folder / "sources.csv").open("a") as file:
        file.write("trade,A trade table,,2022\n")
    figures.to_csv(folder / "trade.csv", index=False)
    read = calibration.read_figures(folder).trade
    by_ends = {(row.commodity, row.exporter, row.importer): row for row in read}
    assert by_ends["metal", "CN", "DE"].quantity == 300.0
    assert by_ends["metal", "TW", "JP"].evidence.confidence == "derived"
    assert len(read) == 6


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("2022,156,276,280461,", "22,156,276,280461,"), ":2.t: must be a year"),
        (("        300.000", "a lot"), ":2.q: must be a number; found 'a lot'"),
        (("        300.000", "-3"), ":2.q: must be a number from 0 on"),
        (("        300.000", "inf"), ":2.q: must be a number from 0 on"),
        ((",        300.000", ""), ":2.: must have at least 6 cells"),
        (("t,i,j,k,v,q", "t,i,j,k,v"), ":1.q: the table needs this column"),
    ],
)
def test_bad_cells_are_told_with_their_line(tmp_path, change, told):
    path = tmp_path / BACI.name
    path.write_text(BACI.read_text().replace(*change, 1))
    with pytest.raises(ss.InvalidInput) as caught:
        im.read_baci(path, country_table=DATA / "country_codes_V202501.csv")
    assert f"{BACI.name}{told}" in str(caught.value)


def test_odd_files_are_refused(tmp_path):
    for path, rule in ((tmp_path / "none.csv", "no such file"), (tmp_path, "ordinary file")):
        with pytest.raises(ss.InvalidInput, match=rule):
            im.read_baci(path)


def test_a_year_must_be_there():
    table = im.read_baci(BACI)
    with pytest.raises(ss.InvalidInput, match="must be one of 2022; found 2021"):
        im.trade_network(table, year=2021)
    with pytest.raises(ss.InvalidInput, match="no quantity of these products"):
        im.trade_network(table, names={"999999": "x"})


# --- input-output tables --------------------------------------------------------------------------


class Table:
    """A table as pymrio holds it, for what needs no pymrio."""

    def __init__(self, z, y, regions, sectors, unit="M USD"):
        rows = pd.MultiIndex.from_product([regions, sectors], names=["region", "sector"])
        categories = pd.MultiIndex.from_product([regions, ["all"]], names=["region", "category"])
        self.Z = pd.DataFrame(np.array(z, float), index=rows, columns=rows)
        self.Y = pd.DataFrame(np.array(y, float), index=rows, columns=categories)
        self.unit = pd.DataFrame({"unit": unit}, index=rows)
        self.name = "made"


def outputs(made: im.SectorNetwork) -> np.ndarray:
    found = made.network.baseline().output
    return np.array([found[node_name(*key)] * 365.0 for key in made.output.index])


def test_miller_and_blair():
    """Z = [[150, 500], [200, 100]], x = [1000, 2000] (Miller & Blair, Input-Output Analysis, ch. 2)."""
    io = Table([[150, 500], [200, 100]], [[350], [1700]], ["US"], ["one", "two"])
    made = im.read_mrio(io)
    assert outputs(made) == pytest.approx([1000 - 150, 2000 - 100], rel=1e-12)
    inputs = made.network.site_by_name["US one"].inputs
    assert inputs["two"].per_unit == pytest.approx(200 / 850)  # of .2 a unit, net of .15
    # the Leontief inverse: what one more unit of final demand for the first sector calls for
    leontief = np.linalg.inv(np.eye(2) - np.array([[0.15, 0.25], [0.2, 0.05]]))
    network = made.network.replace(
        demands=[
            ss.Demand(
                d.name,
                country="US",
                commodity=d.commodity,
                rate=d.rate + (d.commodity == "one") / 365.0,
            )
            for d in made.network.demands
        ]
    )
    gross = np.array([network.baseline().output[f"US {s}"] * 365 for s in ("one", "two")])
    gross /= 1.0 - np.array([0.15, 0.05])  # with their own use again
    assert gross - np.array([1000, 2000]) == pytest.approx(leontief[:, 0], rel=1e-6)
    assert leontief[:, 0] == pytest.approx([1.25412541, 0.2640264])


THREE = """16.1 5.1 1.8 3.2 4.3 .4 3.1 2.8 4.9|2.4 8 3.2 .1 3.2 1.6 1.2 3.9 11.5|.9 .5 4 0 .1 .3 0 .4 .5
1.1 1.9 .2 18 13.2 6.1 9 3.1 8.9|.3 2.8 .1 6.1 28.1 6.3 2.1 2.5 25.6|0 .1 .3 4.1 3.2 8.9 .2 0 1.8
1.2 4.2 .3 4.1 1.2 .6 29 19.5 17.9|1.3 1.1 0 3.2 4.8 2.6 5.1 29.1 24.1|2.1 1.4 3 4.1 3.1 3.9 11.3 8.1 51.3"""
FINAL = """21.5 6.1 8.4|16.2 1.9 5.1|11 .5 .8|7.5 29.5 14.2|8.9 24.9 16.9
1.2 18.5 4.9|9.2 17.9 51.2|7.9 10.1 38.5|25.1 35.2 68.4"""


def leather() -> Table:
    """Three countries, three sectors: the example table of decompr (Quast & Kummritz)."""
    z = [row.split() for row in THREE.replace("\n", "|").split("|")]
    y = [row.split() for row in FINAL.replace("\n", "|").split("|")]
    return Table(z, y, ["ARG", "TUR", "DEU"], ["agriculture", "textile, leather", "transport"])


def test_several_countries_share_a_sector():
    made = im.read_mrio(leather())
    x = np.array([77.7, 58.3, 19, 112.7, 124.6, 43.2, 156.3, 127.8, 217])
    own = leather().Z.to_numpy().diagonal()
    assert outputs(made) == pytest.approx(x - own, rel=1e-12)
    assert made.cut.empty
    net = made.network
    assert net.site_by_name["DEU transport"].country == "DE"
    lanes = net.lanes_into["DEU transport|agriculture"]
    assert {lane.source: lane.share for lane in lanes} == pytest.approx(
        {
            "ARG agriculture": 4.9 / 31.7,
            "TUR agriculture": 8.9 / 31.7,
            "DEU agriculture": 17.9 / 31.7,
        }
    )
    abroad = net.lanes_into["DEU intake of transport|transport"]
    assert {lane.source for lane in abroad} == {"ARG transport", "TUR transport"}
    assert net.commodity_by_name["textile leather"].unit == "M USD"
    undisturbed(net)


def test_value_added_closes_the_recipe():
    made = im.read_mrio(leather())
    net = made.network
    spent = sum(need.per_unit for need in net.site_by_name["TUR transport"].inputs.values())
    assert net.site_by_name["TUR transport"].value_added == pytest.approx(1e6 * (1.0 - spent))


def test_small_flows_are_cut_and_outputs_stay():
    whole, some = im.read_mrio(leather()), im.read_mrio(leather(), least=0.02)
    assert len(some.network.lanes) < len(whole.network.lanes)
    assert outputs(some) == pytest.approx(whole.output.to_numpy(), rel=1e-12)
    assert set(some.cut["why"]) == {"small"}
    cut = some.cut.set_index(["region", "sector", "to_region", "to_sector"])["amount"]
    assert cut["ARG", "agriculture", "TUR", "transport"] == 0.4  # of 43.2
    assert ("ARG", "agriculture", "DEU", "transport") not in cut.index  # 4.9 of 217


def test_flows_below_zero_are_told():
    io = leather()
    io.Y.iloc[0, 1] = -3.0
    made = im.read_mrio(io)
    assert made.cut[
        ["region", "sector", "to_region", "to_sector", "amount", "why"]
    ].to_numpy().tolist() == [["ARG", "agriculture", "TUR", "", -3.0, "below zero"]]
    assert outputs(made)[0] == pytest.approx(77.7 - 16.1 - 6.1 - 3.0)


def test_what_a_table_lacks_is_told():
    io = Table([[0.0]], [[1.0]], ["RoW"], ["all"])
    with pytest.raises(ss.InvalidInput, match=r"countries.RoW: is required"):
        im.read_mrio(io)
    assert im.read_mrio(io, countries={"RoW": "ZZ"}).network.sites[0].country == "ZZ"
    with pytest.raises(ss.InvalidInput, match="unknown country"):
        im.read_mrio(io, countries={"RoW": "World"})
    io.Y = None
    with pytest.raises(ss.InvalidInput, match="needs Z and Y"):
        im.read_mrio(io)
    with pytest.raises(ss.InvalidInput, match="US all: final demand at home"):
        im.read_mrio(Table([[5.0]], [[-5.0]], ["US"], ["all"]))


def test_pymrios_own_table():
    pymrio = pytest.importorskip("pymrio", reason="pymrio is an extra")
    io = pymrio.load_test()
    countries = dict(zip(io.get_regions(), ["DE", "JP", "CN", "US", "KR", "ZZ"], strict=True))
    made = im.read_mrio(io, countries=countries)
    x = io.Z.to_numpy().sum(axis=1) + io.Y.to_numpy().sum(axis=1)
    assert outputs(made) + np.diag(io.Z) == pytest.approx(x, rel=1e-12)
    assert len(made.network.sites) == 2 * 48 and made.cut.empty
    undisturbed(made.network, days=30)


# --- material flows -------------------------------------------------------------------------------

CHOICE = {"stocks": ["Use phase"], "losses": ["Slag", "Landfill"]}


def amounts(network: ss.Network) -> dict[tuple[str, str], float]:
    return {
        (lane.source, lane.target): round(network.baseline().flow[lane.key] * 365.0, 9)
        for lane in network.lanes
    }


def test_material_flows_have_the_tables_quantities():
    net = im.flow_network(
        im.read_flows(DATA / "flows.csv", year=2022), countries={"Mining": "CL"}, **CHOICE
    )
    assert amounts(net) == {
        ("Mining", "Refining"): 100.0,
        ("Refining", "Fabrication"): 90.0,
        ("Scrap yard", "Fabrication"): 30.0,
        ("Fabrication", "Use phase (in)"): 120.0,
        ("Use phase (out)", "Scrap yard"): 40.0,
    }
    (recipe,) = net.site_by_name["Refining"].inputs.values()
    assert recipe.per_unit == pytest.approx(100 / 90)  # slag is in the recipe
    assert {site.name: site.country for site in net.sites}["Mining"] == "CL"
    assert net.commodities[0].unit == "kt"
    undisturbed(net)


def test_primary_and_scrap_are_one_commodity():
    net = im.flow_network(im.read_flows(DATA / "flows.csv", year=2022), **CHOICE)
    makes = {site.name: site.makes for site in net.sites}
    assert makes["Refining"] == makes["Scrap yard"] == "copper of Refining"
    assert makes["Mining"] == "copper of Mining"


def test_a_loop_needs_a_stock():
    table = im.read_flows(DATA / "loop.csv")
    with pytest.raises(ss.InvalidInput, match="a loop needs a process in which goods stay"):
        im.flow_network(table)
    undisturbed(im.flow_network(table, stocks=["Use"]))


def test_what_passes_goods_on_is_a_store(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("from,to,quantity\nMine,Trader,10\nMine,Plant,5\nTrader,Plant,8\n")
    net = im.flow_network(im.read_flows(path))
    assert [store.name for store in net.stores] == ["Trader"]
    assert amounts(net) == {
        ("Mine", "Trader"): 8.0,
        ("Mine", "Trader material kept"): 2.0,
        ("Mine", "Plant"): 5.0,
        ("Trader", "Plant"): 8.0,
    }
    path.write_text("from,to,quantity\nMine,Trader,10\nMine,Plant,5\nTrader,Plant,18\n")
    with pytest.raises(ss.InvalidInput, match="passes on more material than it takes"):
        im.flow_network(im.read_flows(path))


def test_several_materials_and_products(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(
        "from,to,material,quantity,unit\nA,Plant,ore,30,t\nB,Plant,coke,12,t\n"
        "Plant,X,steel,20,t\nPlant,Y,gas,4,GJ\n"
    )
    net = im.flow_network(im.read_flows(path))
    assert amounts(net)["A", "Plant steel"] == pytest.approx(30 * 20 / 24)
    assert amounts(net)["A", "Plant gas"] == pytest.approx(30 * 4 / 24)
    assert {c.name: c.unit for c in net.commodities} == {
        "ore": "t",
        "coke": "t",
        "steel": "t",
        "gas": "GJ",
    }


def test_flodym():
    table = im.read_flodym(DATA / "flodym", year=2022)
    assert {(f.source, f.target, f.material, f.quantity) for f in table.flows} == {
        ("sysenv", "metal making", "copper", 100.0),
        ("sysenv", "metal making", "gold", 1.0),
        ("metal making", "fabrication", "copper", 90.0),
        ("metal making", "fabrication", "gold", 1.0),
        ("fabrication", "use phase", "copper", 65.0),
        ("fabrication", "use phase", "copper", 25.0),
        ("fabrication", "use phase", "gold", 1.0),
    }
    net = im.flow_network(table)
    used = {demand.commodity: demand.rate * 365.0 for demand in net.demands}
    assert used == pytest.approx({"copper of fabrication": 90.0, "gold of fabrication": 1.0})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from,to\na,b\n", "f.csv:1.quantity: the table needs this column"),
        ("from,to,quantity\na,a,1\n", "f.csv:2.to: must be another process"),
        ("from,to,quantity\n,b,1\n", "f.csv:2.from: is required"),
        ("from,to,quantity\na,b,much\n", "f.csv:2.quantity: must be a number"),
        ("from,to,quantity,year\na,b,1,22\n", "f.csv:2.year: must be a year"),
        ("from,to,quantity,year\na,b,1,2021\na,b,1,2022\n", "year: must be one of 2021, 2022"),
    ],
)
def test_bad_flows_are_told(tmp_path, text, told):
    path = tmp_path / "f.csv"
    path.write_text(text)
    with pytest.raises(ss.InvalidInput) as caught:
        im.read_flows(path)
    assert told in str(caught.value)


def test_bad_choices_are_told(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("from,to,quantity,unit\na,b,1,t\na,c,1,kg\n")
    with pytest.raises(ss.InvalidInput) as caught:
        im.flow_network(im.read_flows(path), stocks=["bb"])
    assert "stocks: no such process" in str(caught.value) and "f.csv:3.unit: must be t" in str(
        caught.value
    )
    (tmp_path / "one.csv").write_text("Time,value\n2022,1\n")
    with pytest.raises(ss.InvalidInput, match=r"one\.csv: must be called"):
        im.read_flodym(tmp_path)


# --- the page about it ----------------------------------------------------------------------------

PAGE = (Path(__file__).parent.parent / "docs" / "importing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python ?(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_has_an_example_of_each():
    assert len(BLOCKS) == 4


@pytest.mark.parametrize(("needs", "block"), BLOCKS, ids=range(len(BLOCKS)))
def test_the_page_runs(needs, block, tmp_path, monkeypatch):
    if needs:
        pytest.importorskip(needs, reason=f"{needs} is an extra")
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.chdir(tmp_path / "data")
    exec(compile(block, "docs/importing.md", "exec"), {})


def test_the_page_tells_every_column():
    for field in dataclasses.fields(ss.Supplier):
        assert f"`{field.name}`" in PAGE
