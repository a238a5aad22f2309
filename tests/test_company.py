"""A company on a network: what it is made of, what it loses, and which rows are refused."""

import dataclasses
from pathlib import Path

import pytest
from typer.testing import CliRunner

import supplysim as ss
from supplysim import company
from supplysim.cli import app
from supplysim.company import IN_NEED, Supplier, attach


def metals(**mine) -> ss.Network:
    """Metal from CN, JP and the rest of the world; DE buys from CN and JP, chips are made in JP."""
    return ss.Network(
        name="metals",
        commodities=[ss.Commodity("metal", unit="t"), ss.Commodity("chip", unit="piece")],
        sites=[
            ss.Site("cn-metal", country="CN", makes="metal", **(mine or {"utilisation": 0.5})),
            ss.Site("jp-metal", country="JP", makes="metal", utilisation=0.5),
            ss.Site("jp-metal-old", country="JP", makes="metal", utilisation=0.5),
            ss.Site("zz-metal", country="ZZ", makes="metal", utilisation=0.5),
            ss.Site(
                "jp-chip",
                country="JP",
                makes="chip",
                utilisation=0.5,
                inputs={"metal": ss.Input(0.1)},
            ),
        ],
        stores=[ss.Store("hub", country="NL", commodity="metal")],
        demands=[
            ss.Demand("de-use", country="DE", commodity="metal", rate=100.0),
            ss.Demand("de-chips", country="DE", commodity="chip", rate=50.0),
        ],
        lanes=[
            ss.Lane("cn-metal", "de-use", share=0.6, lead_time=40, order_lag=7),
            ss.Lane("jp-metal", "de-use", share=0.2, lead_time=10),
            ss.Lane("jp-metal-old", "de-use", share=0.1, lead_time=10),
            ss.Lane("hub", "de-use", share=0.1, lead_time=2),
            ss.Lane("zz-metal", "hub", lead_time=20),
            ss.Lane("jp-metal", "jp-chip", lead_time=3),
            ss.Lane("jp-chip", "de-chips", lead_time=3),
        ],
        sources={"survey": ss.Citation("A survey")},
    )


def metal(country="CN", share=1.0, **fields) -> Supplier:
    given = {"stock_days": 30.0, "supplier": f"Maker in {country}", "commodity": "metal"} | fields
    return Supplier("alloy", country=country, share=share, **given)


def lost(network: ss.Network, days: float, origin="CN", **fields) -> float:
    """Days of output that Acme's customers go without when the origin sells nothing abroad for some days."""
    ban = ss.ExportBan(
        origin=[origin], commodities=["metal"], begins=20.0, ends=20.0 + days, **fields
    )
    run = ss.simulate(network, ss.Scenario(measures=[ban]), horizon=600, seed=1, engine="simpy")
    run.check()
    return float(run.data["unmet"].sel(demand="Acme customers").sum())


# --- what is made ---------------------------------------------------------------------------------


def test_it_is_a_site_with_inputs_and_customers_of_its_own():
    net = attach(metals(), [metal()], name="Acme", country="DE", value=1000.0)
    site = net.site_by_name["Acme"]
    assert (site.country, site.makes, list(site.inputs)) == ("DE", "Acme product", ["metal"])
    assert site.inputs["metal"].policy == ss.DaysOfCover(30.0)
    demand = net.demand_by_name["Acme customers"]
    assert (demand.country, demand.rate, demand.sector) == ("DE", 1.0, "Acme")
    assert net.commodity_by_name["Acme product"].price == 1000.0
    assert net.baseline().output["Acme"] == 1.0


def test_nobody_else_notices():
    base = metals()
    net = attach(base, [metal(), metal("JP", 0.0)], name="Acme", country="DE")
    for key, flow in base.baseline().flow.items():
        assert net.baseline().flow[key] == flow
    for name, output in base.baseline().output.items():
        assert net.baseline().output[name] == pytest.approx(output, rel=1.0001e-4)
    assert net.baseline().flow["cn-metal|Acme|Maker in CN"] == pytest.approx(60.0 * 1e-4)


def test_a_country_with_several_makers_shares_by_output():
    net = attach(metals(), [metal("JP", max_share=1.5)], name="Acme", country="DE")
    shares = {lane.source: lane.share for lane in net.lanes_into["Acme|metal"]}
    assert shares == pytest.approx({"jp-metal": 25 / 35, "jp-metal-old": 10 / 35})


def test_times_are_the_networks_unless_the_company_knows_them():
    net = attach(
        metals(), [metal("CN", 0.5), metal("JP", 0.5, lead_days=12)], name="Acme", country="DE"
    )
    lanes = {lane.source: lane for lane in net.lanes_into["Acme|metal"]}
    assert (lanes["cn-metal"].lead_time, lanes["cn-metal"].order_lag) == (ss.Fixed(40), 7.0)
    assert (lanes["jp-metal"].lead_time, lanes["jp-metal"].order_lag) == (ss.Fixed(12), 0.0)
    us = attach(metals(), [metal()], name="Acme", country="US").lanes_into["Acme|metal"][0]
    assert us.lead_time == ss.Fixed(30) and "assumed" in us.evidence.note


def test_a_hub_sells_where_nobody_makes():
    net = attach(metals(), [metal("NL")], name="Acme", country="DE")
    assert [lane.source for lane in net.lanes_into["Acme|metal"]] == ["hub"]


def test_days_to_qualify_lead_to_the_largest_makers_elsewhere():
    net = attach(metals(), [metal(qualify_days=90)], name="Acme", country="DE")
    assert net.site_by_name["Acme"].inputs["metal"].reaction == 90.0
    need = [lane for lane in net.lanes_into["Acme|metal"] if lane.mode == IN_NEED]
    assert {lane.source for lane in need} == {"jp-metal", "jp-metal-old", "zz-metal"}
    assert all(lane.share == 0.0 and lane.evidence.confidence == "assumed" for lane in need)


def test_suppliers_in_several_countries_stand_in_for_each_other():
    rows = [metal("CN", 0.7, qualify_days=200), metal("JP", 0.3, max_share=0.5)]
    net = attach(metals(), rows, name="Acme", country="DE")
    assert net.site_by_name["Acme"].inputs["metal"].reaction == 30.0
    assert not [lane for lane in net.lanes if lane.mode == IN_NEED]
    most = [lane.max_share for lane in net.lanes_into["Acme|metal"] if lane.source != "cn-metal"]
    assert sum(most) == pytest.approx(0.5)


def test_parts_of_one_commodity_are_kept_apart():
    rows = [
        Supplier(
            "rod", "A", commodity="metal", country="CN", share=1.0, stock_days=10, per_day=0.001
        ),
        Supplier(
            "wire", "B", commodity="metal", country="JP", share=1.0, stock_days=50, per_day=0.002
        ),
    ]
    net = attach(metals(), rows, name="Acme", country="DE")
    assert set(net.site_by_name["Acme"].inputs) == {"Acme rod", "Acme wire"}
    assert net.baseline().use["Acme wire|metal"] == pytest.approx(0.002)
    assert lost(net, 100.0) > 70.0  # wire from JP does not make up for rods


def test_two_companies_live_on_one_network():
    net = attach(metals(), [metal()], name="Acme", country="DE")
    both = attach(net, [metal("JP")], name="Bolt", country="JP")
    assert {"Acme", "Bolt"} <= set(both.site_by_name)


def test_a_capacity_without_room_is_raised_a_little_and_says_so():
    net = attach(metals(capacity=60.0), [metal()], name="Acme", country="DE")
    site = net.site_by_name["cn-metal"]
    assert 60.0 < site.capacity < 60.0 * 1.001
    assert "raised from 60 to make room" in site.evidence.note


def test_its_range_follows():
    span = ss.Range("cap", kind="site", name="cn-metal", field="capacity", low=60.0, high=60.0)
    base = metals(capacity=60.0).replace(ranges=[span])
    net = attach(base, [metal()], name="Acme", country="DE")
    assert net.ranges[0].high == net.site_by_name["cn-metal"].capacity


def test_a_by_product_without_room_gets_a_little_more_of_its_host():
    ore = ss.Site("ore", country="CN", makes="ore", utilisation=0.5)
    sites = [
        dataclasses.replace(site, host="ore", host_yield=0.6) if site.name == "cn-metal" else site
        for site in metals().sites
    ]
    base = metals()
    base = base.replace(
        commodities=(*base.commodities, ss.Commodity("ore")),
        sites=(*sites, ore),
        demands=(*base.demands, ss.Demand("ore-use", country="CN", commodity="ore", rate=100.0)),
        lanes=(*base.lanes, ss.Lane("ore", "ore-use", lead_time=1)),
    )
    site = attach(base, [metal()], name="Acme", country="DE").site_by_name["cn-metal"]
    assert 0.6 < site.host_yield < 0.6 * 1.001
    assert "host_yield raised from 0.6" in site.evidence.note


def test_a_company_too_large_for_its_source_is_refused():
    with pytest.raises(
        ss.InvalidInput, match=r"suppliers\[0\].per_day: would need a capacity of cn-metal of"
    ):
        attach(metals(capacity=60.0), [metal(per_day=1.0)], name="Acme", country="DE")


# --- what it loses --------------------------------------------------------------------------------


def test_it_lives_on_its_stocks():
    """30 days of the part and 7 of the product; lots and withdrawals add to that."""
    net = attach(metals(), [metal()], name="Acme", country="DE")
    assert lost(net, 30.0) == 0.0
    assert 100.0 - 37.0 - 2.0 <= lost(net, 100.0) <= 100.0 - 37.0


def test_qualifying_another_ends_the_loss():
    slow = attach(metals(), [metal()], name="Acme", country="DE")
    quick = attach(metals(), [metal(qualify_days=60)], name="Acme", country="DE")
    assert lost(quick, 300.0) < 60.0 < 200.0 < lost(slow, 300.0)


def test_what_others_may_deliver_bounds_the_loss():
    rows = [metal("CN", 0.7), metal("JP", 0.3, max_share=0.5)]
    net = attach(metals(), rows, name="Acme", country="DE")
    assert 0.3 * 300.0 < lost(net, 300.0) < 0.5 * 300.0


def test_a_measure_against_its_country_hits_it_and_one_against_others_does_not():
    net = attach(metals(), [metal()], name="Acme", country="DE")
    assert lost(net, 100.0, to=["DE"]) > 50.0
    japan = ss.ExportBan(origin=["CN"], to=["JP"], commodities=["metal"])
    with pytest.raises(ss.InvalidInput, match="no lane"):
        ss.simulate(net, ss.Scenario(measures=[japan]), horizon=30)


# --- files ----------------------------------------------------------------------------------------


def write(folder: Path, text: str) -> Path:
    path = folder / "suppliers.csv"
    path.write_text(text, encoding="utf-8")
    return path


HEAD = "part,commodity,supplier,country,share,stock_days,qualify_days,per_day,max_share\n"


def test_every_bad_row_is_told_at_once(tmp_path):
    path = write(
        tmp_path,
        HEAD
        + "alloy,metal,A,CN,0.5,30,,,\n"
        + "alloy,metal,B,FR,0.4,,,,0.1\n"
        + "screen,,C,JP,1,20,,,\n"
        + "ship,chp,D,JP,1,,,,\n"
        + "ship,chip,E,JP,0,5,,,\n"
        + "ship,chip,E,JP,0,6,,,\n",
    )
    with pytest.raises(ss.InvalidInput) as caught:
        attach(metals(), path, name="Acme", country="DE")
    assert [str(fault) for fault in caught.value.faults] == [
        "suppliers.csv:7.part: must be there only once; "
        "it is on line 6 already; found 'ship, E, JP'"
    ]
    path.write_text(path.read_text().replace("E,JP,0,6", "E2,JP,0,6"))
    with pytest.raises(ss.InvalidInput) as caught:
        attach(metals(), path, name="Acme", country="DE")
    told = {fault.path: fault.rule for fault in caught.value.faults}
    assert set(told) == {
        "suppliers.csv:2.share",
        "suppliers.csv:3.max_share",
        "suppliers.csv:3.country",
        "suppliers.csv:4.part",
        "suppliers.csv:5.commodity",
        "suppliers.csv:6.commodity",
        "suppliers.csv:7.commodity",
        "suppliers.csv:7.stock_days",
    }
    assert "makes metal there; it comes from CN, JP, ZZ, NL" in told["suppliers.csv:3.country"]
    assert "did you mean 'chip'?" in told["suppliers.csv:5.commodity"]
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("part;supplier\n", "commas"),
        (HEAD, "no rows"),
        (HEAD + "alloy,metal,A,China,1,30,,,\n", "two capital letters"),
        (HEAD + "alloy,metal,A,CN,60 %,30,,,\n", "plain number"),
        (HEAD + "alloy,metal,A,CN,1,-3,,,\n", "at least 0"),
        (HEAD + "alloy,metal,A,CN,1,,,,\n", "stock_days: is required"),
        (HEAD + "alloy,metal,,CN,1,3,,,\n", "supplier: is required"),
        ("part,supplier,country\nalloy,A,CN\n", "needs this column"),
    ],
)
def test_what_is_refused(tmp_path, text, told):
    with pytest.raises(ss.InvalidInput, match=told):
        attach(metals(), write(tmp_path, text), name="Acme", country="DE")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "jp-metal"}, "node of this name"),
        ({"name": "a|b"}, "1 to 80|pattern"),
        ({"country": "Germany"}, "two capital|alpha-2"),
        ({"finished_days": -1.0}, "at least 0|greater"),
    ],
)
def test_odd_companies_are_refused(fields, told):
    with pytest.raises(ss.InvalidInput, match=told):
        attach(metals(), [metal()], **({"name": "Acme", "country": "DE"} | fields))


def test_a_company_without_parts_is_refused():
    with pytest.raises(ss.InvalidInput, match="at least one row"):
        attach(metals(), [], name="Acme", country="DE")


def test_the_template_fits_the_gallium_network_and_reads_back(tmp_path):
    net = attach(
        ss.load_network("gallium-2022"),
        write(tmp_path, company.template()),
        name="Acme",
        country="DE",
    )
    ss.save_network(net, tmp_path / "net")
    again = ss.load_network(tmp_path / "net")
    assert again == net and again.sources["company"].citation


def test_the_gallium_licence_answers_for_the_company(tmp_path):
    row = Supplier(
        "metal", "Trader", commodity="gallium", country="CN", share=1.0, stock_days=30, per_day=0.2
    )
    net = attach(ss.load_network("gallium-2022"), [row], name="Acme", country="DE")
    scenario = ss.load_scenario("gallium-licence-2023")
    run = ss.simulate(net, scenario, engine="simpy", horizon=500)
    unmet = run.data["unmet"].sel(demand="Acme customers")
    assert float(unmet.sum()) > 30.0  # it keeps the least of all, and buys nowhere else
    assert float(unmet[:212].sum()) == 0.0  # the licence begins on day 212


# --- the command ----------------------------------------------------------------------------------


def call(*arguments: str, code: int = 0):
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def test_the_command_leaves_a_network_that_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("suppliers.csv").write_text(call("attach", "--template").stdout)
    told = call(
        "attach", "suppliers.csv", "--name", "Acme", "--country", "DE", "--network", "gallium-2022"
    )
    assert "supplysim run SCENARIO --network Acme" in told.stdout
    assert "gaas-wafer" in told.stdout and "0.2 kg" in told.stdout
    assert call("check", "Acme").stdout.startswith("OK: network gallium-2022 with Acme")
    args = ["--network", "Acme", "--replications", "1", "--horizon", "400", "--workers", "1"]
    assert "Acme product" in call("run", "gallium-licence-2023", *args).stdout


def test_the_command_tells_what_it_made_room_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ss.save_network(metals(capacity=60.0), "net")
    Path("s.csv").write_text(HEAD + "alloy,metal,A,CN,1,30,,,\n")
    told = call("attach", "s.csv", "--name", "Acme", "--country", "DE", "--network", "net").stdout
    assert "The capacity of cn-metal was raised by 0.010% to make room." in told


def test_the_command_refuses_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_text(HEAD + "alloy,,A,CN,1,30,,,\n")
    assert "--name, --country" in call("attach", "s.csv", code=2).stderr
    args = ["--name", "Acme", "--country", "DE", "--network", "gallium-2022"]
    assert "s.csv:2.part" in call("attach", "s.csv", *args, code=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["s.csv"]
