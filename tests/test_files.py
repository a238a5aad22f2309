"""Files: what is written reads back the same, and what is wrong is told, all of it, by its place."""

import dataclasses
import datetime as dt
import json
import math
import os
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supplysim import files, testing
from supplysim.errors import InvalidInput
from supplysim.files import reading, saving
from supplysim.measures import ExportBan, ExportLicence, ExportQuota, Holiday, Outage
from supplysim.model import (
    BaseStock,
    Citation,
    Commodity,
    Days,
    Demand,
    Empirical,
    Evidence,
    Idle,
    Input,
    Lane,
    Lognormal,
    MinMax,
    Network,
    Quantity,
    Range,
    Release,
    ReorderPoint,
    Site,
    Store,
)
from supplysim.scenario import History, Observation, Scenario, Source
from supplysim.testing import ALL_MEASURES

TINY = {
    "network.toml": 'name = "tiny"\nbase_year = 2022\n',
    "sources.csv": "key,citation,url,year\nusgs,USGS,,2022\n",
    "commodities.csv": "name,unit,source,confidence\nore,t,usgs,read\nmetal,t,usgs,read\n",
    "sites.csv": (
        "name,country,makes,capacity,source,confidence,note\n"
        "mine,CN,ore,50,usgs,read,\n"
        "plant,DE,metal,9,usgs,read,\n"
    ),
    "inputs.csv": "site,commodity,per_unit,source,confidence\nplant,ore,2,usgs,read\n",
    "demands.csv": "name,country,commodity,rate,source,confidence\nuse,DE,metal,4,usgs,read\n",
    "lanes.csv": (
        "from,to,share,lead_time,source,confidence\n"
        "mine,plant,1,Fixed(30),usgs,read\n"
        "plant,use,1,3,,assumed\n"
    ),
}
QUICK = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FLOATS = st.floats(0.001, 1e30)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = st.text(string.ascii_letters + "=+-@'\".:#é€ 株", min_size=1, max_size=9).filter(
    lambda name: name == name.strip()
)


@pytest.fixture
def folder(tmp_path):
    """Make a network folder: the tiny one, with some files' texts (or None) in place of its own."""

    def make(**texts: str | bytes | None) -> Path:
        place = tmp_path / "net"
        place.mkdir()
        for name, text in (TINY | {k.replace("_", "."): v for k, v in texts.items()}).items():
            if text is not None:
                data = text if isinstance(text, bytes) else text.encode()
                (place / name).write_bytes(data)
        return place

    return make


@pytest.fixture
def toml(tmp_path):
    def make(text: str) -> Path:
        path = tmp_path / "file.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return make


def faults(load, path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        load(path)
    assert caught.value.file == str(path)
    return [str(fault) for fault in caught.value.faults]


def rich() -> Network:
    """Every kind of part, with values that are no defaults."""
    seen = Evidence("a; b", "read", 'says "so",\r\nline two\r')
    return Network(
        name="rich",
        title="=1+1",
        description="one\r\ntwo\n\ttab \x7f \u2028 \ufeff",
        base_year=0,
        groups={"EU": ("DE", "FR"), "none": ()},
        sources={"a": Citation("A, B"), "b": Citation("b", url="https://b", year=-3)},
        commodities=[
            Commodity("ore", unit="kg", price=0.1 + 0.2, evidence=seen),
            Commodity("metal"),
        ],
        sites=[
            Site("mine", country="CN", makes="ore", utilisation=1 / 3, lot=1e-7, owner="US"),
            Site("plant", country="DE", makes="metal", capacity=1e22, allocation="fifo",
                 inputs={"ore": Input(1 / 7, policy=MinMax(-1.5, 1e17, review=7), initial=Days(3, 4))},
                 host="mine", host_yield=7.5, host_buffer=0.1, idle=Idle(2, after=0, ramp=1 / 3)),
            Site("scrap", country="JP", makes="metal", planned=0.5, idle=Idle(1)),
        ],
        stores=[
            Store("hub", country="NL", commodity="ore", policy=BaseStock(1e-30), initial=7),
            Store("reserve", country="JP", commodity="metal", release=Release(3, 4, rate=0.5),
                  policy=ReorderPoint(-2, 3), initial=Quantity(0, 1)),
        ],
        demands=[
            Demand("use", country="JP", commodity="metal", rate=1e-30, arrivals="poisson",
                   size=Lognormal(3, 0.5), priority=-2, unmet="backlog", penalty=1e16),
        ],
        lanes=[
            Lane("mine", "plant", share=0.25, mode="by sea", lead_time=Empirical([9, 1, 2.5])),
            Lane("hub", "plant", share=0.75, max_share=1e9, capacity=4.5, evidence=seen),
            Lane("mine", "hub", closed=False, lead_time=2, order_lag=0.1),
            Lane("plant", "reserve", lead_time="Triangular(30, 38, 60)"),
            Lane("plant", "use"),
            Lane("reserve", "use", share=0, closed=True),
        ],
        ranges=[
            Range("how much", kind="site", name="plant", field="capacity", low=1e21, high=1e23),
            Range("how much", kind="lane", name="hub|plant|", field="capacity", low=0.1 + 0.2,
                  high=5, evidence=seen),
        ],
    )  # fmt: skip


# --- networks: round trip ------------------------------------------------------------------------


def test_rich_network_reads_back_equal(tmp_path):
    files.save_network(rich(), tmp_path / "net")
    assert files.load_network(tmp_path / "net") == rich()


@QUICK
@given(network=testing.networks(), data=st.data())
def test_any_network_reads_back_equal(tmp_path, network, data):
    evidence = st.builds(Evidence, st.just(""), st.just("assumed"), TEXTS)
    commodities = tuple(
        dataclasses.replace(
            item, title=data.draw(TEXTS), price=data.draw(FLOATS), evidence=data.draw(evidence)
        )
        for item in network.commodities
    )
    sources = data.draw(st.dictionaries(NAMES, st.builds(Citation, NAMES, url=TEXTS), max_size=3))
    network = network.replace(
        commodities=commodities, sources=sources, description=data.draw(TEXTS)
    )
    network = network.replace(ranges=data.draw(testing.ranges(network)))
    files.save_network(network, tmp_path / "net")
    assert files.load_network(tmp_path / "net") == network


@QUICK
@given(name=NAMES, rate=FLOATS, cost=FLOATS)
def test_odd_names_and_numbers_read_back_equal(tmp_path, name, rate, cost):
    network = Network(
        name=name,
        commodities=[Commodity(name)],
        sites=[Site(f"{name}1", country="CN", makes=name, utilisation=0.5)],
        demands=[Demand(f"{name}2", country="DE", commodity=name, rate=rate)],
        lanes=[Lane(f"{name}1", f"{name}2", cost=cost, lead_time=min(cost, 1e7))],
    )
    files.save_network(network, tmp_path / "net")
    assert files.load_network(tmp_path / "net") == network


def test_saving_is_deterministic_and_plain(tmp_path):
    for name in ("one", "two"):
        files.save_network(rich(), tmp_path / name)
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two
    assert not one["sites.csv"].startswith(b"\xef\xbb\xbf") and b"\r" not in one["sites.csv"]
    header = one["sites.csv"].decode().splitlines()[0].split(",")
    assert "cover" not in header  # nothing but defaults in it
    assert header[:3] == ["name", "country", "makes"]
    assert header[-4:] == ["source", "confidence", "year", "note"]
    assert one["lanes.csv"].decode().startswith("from,to,commodity,")


def test_bytes_order_mark_blank_lines_and_windows_line_ends_are_fine(folder):
    windows = ("\ufeff" + TINY["lanes.csv"].replace("\n", "\r\n\r\n")).encode()
    head = ("\ufeff" + TINY["network.toml"]).encode()
    assert len(files.load_network(folder(lanes_csv=windows, network_toml=head)).lanes) == 2


def test_stores_may_be_missing_or_without_rows(folder, tmp_path):
    place = folder()
    without = files.load_network(place)
    (place / "stores.csv").write_text("name,country,commodity,source,confidence\n")
    assert files.load_network(place) == without
    assert files.load_network(place / "network.toml") == without


# --- networks: what is refused -------------------------------------------------------------------


def test_faults_of_all_tables_come_at_once(folder):
    place = folder(
        network_toml='name = "tiny"\nbase_yaer = 2022\ngroups.EU = ["DE", "XYZ"]\n',
        sources_csv="key,citation,year\nusgs,USGS,2022.0\n",
        commodities_csv="name,unit,source,confidence\nore,t,usgs,read\nmetal,t,usgs\n",
        sites_csv=(
            "name,country,makes,capacity,utilisation,source,confidence\n"
            "mine,CN,ore,50,0.5,usgs,read\n"
            "plant,Germany,metl,,,usgs,\n"
            "mine,CN,ore,5 t,,usgs,reed\n"
        ),
        inputs_csv="site,commodity,per_unit,source,confidence\nplan,ore,0,usgs,read\nmine,ore,1,usgs,read\n",
        demands_csv="name,country,commodity,source,confidence\nuse,DE,metal,usgs,read\n",
        lanes_csv=(
            "from,to,commodity,sahre,lead_time,closed,source,confidence\n"
            "\n"
            "mine,plant,metal,1,7 days,yes,usgs;ugs,read\n"
            'plant,uses,,1,"Triangular(9,\n 1, 2)",,,read\n'
            "plant,use,,1,,,usgs,read\n"
            "plant,use,,1,,,,\n"
        ),
    )
    assert faults(files.load_network, place) == [
        "network.toml.groups.EU[1]: unknown country; use ISO 3166-1 alpha-2 (two capital letters);"
        " found 'XYZ'",
        "network.toml.base_yaer: unknown field; did you mean 'base_year'?",
        "sources.csv:2.year: must be a whole number such as 2022; found '2022.0'",
        "commodities.csv:3: must have 4 cells like the header; found 3",
        "sites.csv:2.capacity: give exactly one of capacity and utilisation",
        "sites.csv:3.confidence: is required",
        "sites.csv:3.country: unknown country; use ISO 3166-1 alpha-2 (two capital letters);"
        " found 'Germany'",
        "sites.csv:4.capacity: must be a plain number such as 0.5, without unit or thousands"
        " separator; found '5 t'",
        "sites.csv:4.confidence: must be 'read', 'derived' or 'assumed'; found 'reed'",
        "sites.csv:4.name: must be there only once; it is on line 2 already; found 'mine'",
        "inputs.csv:2.per_unit: must be above 0; found 0.0",
        "inputs.csv:2.site: unknown site; did you mean 'plant'?; found 'plan'",
        "inputs.csv:3.commodity: a site cannot use what it makes; found 'ore'",
        "demands.csv:1: the table needs this column; found 'rate'",
        "lanes.csv:1: unknown column; did you mean 'share'?; found 'sahre'",
        "lanes.csv:3.closed: must be true or false; found 'yes'",
        "lanes.csv:3.lead_time: must be written like Fixed(...) or Uniform(...) or"
        " Triangular(...); found '7 days'",
        "lanes.csv:3.commodity: must be what the lane's source makes or holds (ore); found 'metal'",
        "lanes.csv:3.source: not among the sources; did you mean 'usgs'?; found 'ugs'",
        "lanes.csv:4.lead_time: must have low <= mode <= high",
        "lanes.csv:4.source: is required, unless confidence is 'assumed'",
        "lanes.csv:7.confidence: is required",
        "lanes.csv:7.from: must be there only once; it is on line 6 already; found 'plant, use'",
    ]


@pytest.mark.parametrize("column", ["source", "confidence"])
@pytest.mark.parametrize("table", [t for t in TINY if t.endswith("csv") and t != "sources.csv"])
def test_every_table_says_where_its_figures_come_from(folder, table, column):
    header, _, rows = TINY[table].partition("\n")
    text = f"{header.replace(column, 'cover' if table == 'sites.csv' else 'note2')}\n{rows}"
    found = faults(files.load_network, folder(**{table.replace(".", "_"): text}))
    assert f"{table}:1: the table needs this column; found '{column}'" in found


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("1_000", "must be a plain number"),
        ("0x10", "must be a plain number"),
        (" 5", "must be a plain number"),
        ("٣", "must be a plain number"),
        ("nan", "must be a plain number"),
        ("-inf", "must be a plain number"),
        ("1e999", "must be a number that fits a float"),
        ("inf", "must be a finite number"),
        ("1" * 5000, "must be a number that fits a float"),
    ],
)
def test_numbers_are_read_strictly(folder, cell, rule):
    place = folder(sites_csv=TINY["sites.csv"].replace("CN,ore,50", f"CN,ore,{cell}"))
    (found,) = faults(files.load_network, place)
    assert found.startswith(f"sites.csv:2.capacity: {rule}")


def test_infinity_is_a_lane_capacity(folder):
    lanes = "from,to,capacity,source,confidence\nmine,plant,inf,,assumed\nplant,use,7,,assumed\n"
    network = files.load_network(folder(lanes_csv=lanes))
    assert [lane.capacity for lane in network.lanes] == [math.inf, 7.0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "lanes.csv: no such file"),
        ("", "lanes.csv:1: must be a header row of at most 200 columns"),
        ("a," * 300, "lanes.csv:1: must be a header row of at most 200 columns"),
        ("from;to;share\n", "lanes.csv:1: columns must be parted by commas; found 'from;to;share'"),
        ("from,to,from\n", "lanes.csv:1: a column must be there only once; found 'from'"),
        (
            "from,to\n\na,\xe9".encode("latin-1"),
            "lanes.csv:3: must be text in UTF-8; found b'\\xe9'",
        ),
        (
            'from,to,source,confidence\n"mine,plant,,assumed\n',
            "lanes.csv:2: is not CSV: unexpected end of data",
        ),
    ],
)
def test_broken_tables(folder, text, fault):
    assert faults(files.load_network, folder(lanes_csv=text)) == [fault]


def test_a_table_that_is_a_folder_or_too_large(folder, monkeypatch):
    place = folder(lanes_csv=None)
    (place / "lanes.csv").mkdir()
    monkeypatch.setattr(reading.read_text, "__kwdefaults__", {"label": "", "limit": 10})
    found = faults(files.load_network, place)
    assert "lanes.csv: must be a file, not a folder" in found
    assert any(f.startswith("sites.csv: must be at most") for f in found)


def test_a_table_that_is_wrong_throughout_is_not_listed_throughout(folder):
    place = folder(lanes_csv="from,to,source,confidence\n" + "a,b,c,d\n" * 5000)
    found = faults(files.load_network, place)
    assert len(found) <= reading.MOST_FAULTS + 1
    assert found[-1].endswith("too many faults; the rest of the table was not read")


@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        (
            "sites_csv",
            TINY["sites.csv"].replace("ore,50", "ore,5"),
            "sites.csv:2.capacity: must be at least the baseline output of 8 a day; found 5.0",
        ),
        (
            "sites_csv",
            "name,country,makes,capacity,host,host_yield,source,confidence\n"
            "mine,CN,ore,50,,,usgs,read\n"
            "plant,DE,metal,9,mien,1,usgs,read\n",
            "sites.csv:3.host: unknown site; did you mean 'mine'?; found 'mien'",
        ),
        (
            "sites_csv",
            "name,country,makes,capacity,host,host_yield,source,confidence\n"
            "mine,CN,ore,50,,,usgs,read\n"
            "plant,DE,metal,9,mine,0.25,usgs,read\n",
            "sites.csv:3.host_yield: leaves 2 a day of what mine makes in normal times; "
            "must be at least the baseline output of 4 a day; found 0.25",
        ),
        (
            "sites_csv",
            "name,country,makes,capacity,idle_delay,source,confidence\n"
            "mine,CN,ore,50,,usgs,read\n"
            "plant,DE,metal,9,30,usgs,read\n",
            "sites.csv:3.idle_capacity: is required",
        ),
        (
            "sites_csv",
            "name,country,makes,capacity,idle_capacity,source,confidence\n"
            "mine,CN,ore,50,,usgs,read\n"
            "plant,DE,metal,,9,usgs,read\n",
            "sites.csv:3.capacity: must be at least the baseline output of 4 a day; found 0.0",
        ),
        (
            "lanes_csv",
            TINY["lanes.csv"].replace("mine,plant,1", "mine,plant,0.5"),
            "inputs.csv:2: slot plant|ore: shares of its lanes must sum to 1; found 0.5",
        ),
        (
            "lanes_csv",
            TINY["lanes.csv"] + "mine,use,0,3,usgs,read\n",
            "lanes.csv:4: use does not use what the source makes; found 'ore'",
        ),
        (
            "stores_csv",
            "name,country,commodity,source,confidence\nmine,CN,ore,usgs,read\n",
            "stores.csv:2: node mine: must be there only once; found 2",
        ),
        (
            "stores_csv",
            "name,country,commodity,release_below,source,confidence\nhub,CN,ore,3,usgs,read\n",
            "stores.csv:2.release_above: is required",
        ),
    ],
)
def test_faults_between_tables_stand_at_a_line(folder, table, text, expected):
    assert expected in faults(files.load_network, folder(**{table: text}))


RANGED = "figure,kind,name,field,low,high,source,confidence\n"


def test_ranges_are_a_table_that_may_be_missing(folder, tmp_path):
    place = folder(ranges_csv=RANGED + "times,lane,mine|plant|,lead_time,20,60,,assumed\n")
    network = files.load_network(place)
    (found,) = network.ranges
    assert (found.figure, found.low, found.high) == ("times", 20.0, 60.0)
    files.save_network(network, tmp_path / "again")
    assert files.load_network(tmp_path / "again") == network
    files.save_network(network.replace(ranges=()), tmp_path / "again")
    assert not (tmp_path / "again/ranges.csv").exists()


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("t,lane,mine|plant,lead_time,20,60,,assumed", "ranges.csv:2.name: unknown lane; did you"),
        ("t,site,mine,capacity,60,90,,assumed", "ranges.csv:2: must hold what the row gives, 50"),
        ("t,site,mine,capacty,40,90,,assumed", "ranges.csv:2.field: is no number of a site that"),
        ("t,site,mine,capacity,0,90,,assumed", "ranges.csv:2.low: must be above 0"),
        ("t,site,mine,capacity,60,20,,assumed", "ranges.csv:2: must have low <= high"),
        ("t,mine,mine,capacity,40,60,,assumed", "ranges.csv:2.kind: must be 'site', 'input',"),
        ("t,site,mine,capacity,40,,,assumed", "ranges.csv:2.high: is required"),
        ("t,site,mine,capacity,40,60,usgs,red", "ranges.csv:2.confidence: must be"),
        ("t,site,mine,capacity,40,60,usg,read", "ranges.csv:2.source: not among the sources"),
        ("t,site,mine,cover,4,60,,assumed\nu,site,mine,cover,4,60,,assumed", "ranges.csv:3.kind"),
    ],
)
def test_faults_of_ranges_stand_at_a_line(folder, row, fault):
    (told,) = faults(files.load_network, folder(ranges_csv=f"{RANGED}{row}\n"))
    assert told.startswith(fault), told


def test_what_is_no_network_folder(tmp_path, folder):
    assert faults(files.load_network, tmp_path) == [
        "holds no network: neither network.toml nor any of its tables"
    ]
    place = folder()
    assert "folder with network.toml" in faults(files.load_network, place / "lanes.csv")[0]
    assert "folder with network.toml" in faults(files.load_network, tmp_path / ("x" * 999))[0]
    assert "no such file" in faults(files.load_network, tmp_path / "none.toml")[0]


# --- networks in one file ------------------------------------------------------------------------

ONE_FILE = """
name = "tiny"
[[commodities]]
name = "ore"
[[commodities]]
name = "metal"
[[sites]]
name = "mine"
country = "CN"
makes = "ore"
capacity = 50
[[sites]]
name = "plant"
country = "DE"
makes = "metal"
utilisation = 0.8
[sites.inputs.ore]
per_unit = 2
policy = "DaysOfCover(45, review=7)"
[[demands]]
name = "use"
country = "DE"
commodity = "metal"
rate = 4
[[lanes]]
source = "mine"
target = "plant"
lead_time = "Triangular(7, 11, 16)"
capacity = inf
[[lanes]]
source = "plant"
target = "use"
evidence = { source = "x", confidence = "read" }
[[ranges]]
figure = "times at sea"
kind = "lane"
name = "mine|plant|"
field = "lead_time"
low = 8
high = 30
[sources.x]
citation = "X"
"""


def test_a_network_in_one_file(toml):
    network = files.load_network(toml(ONE_FILE))
    assert network.site_by_name["plant"].inputs["ore"].policy.review == 7
    assert network.lanes[0].capacity == math.inf
    assert network.ranges[0].high == 30.0


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("capacity = 50", "capacity = 5", "sites[0].capacity: must be at least the baseline output"),
        ('target = "plant"', 'target = "plan"', "lanes[0].target: unknown node; did you mean 'plant'?"),
        ('source = "x"', 'source = "y"', "lanes[1].evidence.source: not among the sources"),
        ("capacity = inf", "capacity = nan", "lanes[0].capacity: must be a number that fits a float"),
        ("capacity = inf", "capacity = 1e999", "lanes[0].capacity: must be a number that fits"),
        ("rate = 4", "rate = inf", "demands[0].rate: must be a finite number"),
        ("rate = 4", 'rate = "4"', "demands[0].rate: must be a number; found '4'"),
        ("per_unit = 2", "per_units = 2", "sites[1].inputs.ore.per_unit: is required"),
        ("per_unit = 2", "per_unit = 2\nneed = 1", "sites[1].inputs.ore.need: unknown field; did you"),
        ("low = 8", "low = 12", "ranges[0]: must hold what the row gives, 11.3333; found (12.0, 30.0)"),
        ("low = 8", "low = 31", "ranges[0]: must have low <= high"),
        ('field = "lead_time"', 'field = "leadtime"', "ranges[0].field: is no number of a lane that"),
        ("high = 30", 'high = 30\nevidence = { source = "y" }', "ranges[0].evidence.source: not among"),
        ("[[demands]]", "[demands]", "demands: must be a list"),
        ('name = "tiny"', "", "name: is required"),
    ],
)  # fmt: skip
def test_faults_of_a_network_in_one_file(toml, old, new, fault):
    found = faults(files.load_network, toml(ONE_FILE.replace(old, new, 1)))
    assert found[0].startswith(fault)


# --- networks: saving ----------------------------------------------------------------------------


def test_saving_replaces_a_network_and_nothing_else(tmp_path, folder):
    place = folder()
    files.save_network(rich(), place)
    assert files.load_network(place) == rich()
    (place / "notes.txt").write_text("mine")
    assert "notes.txt" in faults(lambda path: files.save_network(rich(), path), place)[0]
    other = tmp_path / "other"
    other.mkdir()
    assert "no network folder" in faults(lambda path: files.save_network(rich(), path), other)[0]
    missing = tmp_path / "a" / "b"
    assert "does not exist" in faults(lambda path: files.save_network(rich(), path), missing)[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net", "other"]


def test_saving_follows_a_link(tmp_path, folder):
    place, link = folder(), tmp_path / "link"
    link.symlink_to(place, target_is_directory=True)
    files.save_network(rich(), link)
    assert link.is_symlink() and files.load_network(place) == rich()


@pytest.mark.parametrize("step", ["write", "swap"])
def test_a_failed_saving_leaves_the_old_network(folder, tmp_path, monkeypatch, step):
    place = folder()
    before = files.load_network(place)
    whole, calls = (saving._write, Path.rename), []

    def failing_write(path, text):
        calls.append(path)
        if len(calls) == 4:
            raise OSError("disk full")
        whole[0](path, text)

    def failing_rename(self, target):
        calls.append(self)
        if len(calls) == 2:
            raise OSError("busy")
        return whole[1](self, target)

    if step == "write":
        monkeypatch.setattr(saving, "_write", failing_write)
    else:
        monkeypatch.setattr(Path, "rename", failing_rename)
    with pytest.raises(OSError, match=r"disk full|busy"):
        files.save_network(rich(), place)
    monkeypatch.undo()
    assert files.load_network(place) == before
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_saving_asks_for_sources_and_for_what_can_be_read_back(tmp_path):
    network = rich()
    bare = [
        dataclasses.replace(network.commodities[0], evidence=Evidence(confidence="read")),
        dataclasses.replace(network.commodities[1], evidence=Evidence("a;c", "derived")),
    ]
    place = tmp_path / "net"
    assert faults(
        lambda path: files.save_network(network.replace(commodities=bare), path), place
    ) == [
        "commodities.ore.evidence.source: is required, unless confidence is 'assumed'",
        "commodities.metal.evidence.source: not among the sources; known: a, b; found 'c'",
    ]
    long = dataclasses.replace(network.lanes[0], lead_time=Empirical(list(range(1000))))
    network = network.replace(
        lanes=(long, *network.lanes[1:]), sources={**network.sources, "": Citation("x")}
    )
    found = faults(lambda path: files.save_network(network, path), place)
    assert found[0] == "sources.csv:2.key: is required"
    assert found[1].startswith("lanes.csv:2.lead_time: must be at most 2000 characters")
    assert not any(tmp_path.iterdir())


# --- scenarios -----------------------------------------------------------------------------------


def full() -> Scenario:
    """Every kind of value that a scenario can hold."""
    return Scenario(
        name="full",
        title='a "title"',
        description="one\ntwo\r\nthree\ttab",
        article=["A1", "A15"],
        network="../net",
        start=dt.date(2023, 7, 3),
        warmup=0,
        seed=2**63 - 1,
        sources=[Source("a", citation="A", year=1999)],
        measures=[
            ExportLicence(
                origin=["CN"],
                commodities=["ore"],
                begins=dt.date(2023, 8, 1),
                ends=math.pi * 100,
                service="Triangular(30, 45, 60)",
                papers=1 / 3,
                approval={"*": 0.5, "JP": 1.0},
                holidays=[Holiday(first=dt.date(2023, 9, 29), last=dt.date(2023, 10, 6))],
                sources=["a"],
                reasons={"service": "law"},
                working_week=False,
            ),
            ExportQuota(key="q", origin=["CN"], commodities=["ore"], amount=0, period="quarter"),
            Outage(sites=["mine"], observed=[(0, 0.5), (7.5, 1)]),
        ],
        history=History(
            title="h",
            origin="CN",
            commodities=["ore"],
            baseline=3,
            observations=[Observation("2023-07", value=0.0, source="a")],
        ),
    )


def test_full_scenario_reads_back_equal(tmp_path):
    path = tmp_path / "full.toml"
    files.save_scenario(full(), path)
    assert files.load_scenario(path) == full()
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    assert data["start"] == dt.date(2023, 7, 3)
    licence = data["measures"][0]
    assert next(iter(licence)) == "type"
    assert licence["service"] == "Triangular(30, 45, 60)" and licence["papers"] == 1 / 3
    assert "in_transit" not in licence and "horizon" not in data
    again = tmp_path / "again.toml"
    files.save_scenario(files.load_scenario(path), again)
    assert again.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.toml", "full.toml"]


@QUICK
@given(data=st.data())
def test_any_scenario_reads_back_equal(tmp_path, data):
    scenario = data.draw(testing.scenarios(data.draw(testing.networks(max_tiers=2))))
    scenario = dataclasses.replace(scenario, description=data.draw(TEXTS))
    files.save_scenario(scenario, tmp_path / "s.toml")
    assert files.load_scenario(tmp_path / "s.toml") == scenario


def test_saving_a_scenario_needs_a_place(tmp_path):
    for path in (tmp_path, tmp_path / "a" / "b.toml"):
        found = faults(lambda path: files.save_scenario(full(), path), path)
        assert found == ["must be a file in a folder that exists"]


def test_a_failed_saving_leaves_the_old_scenario(tmp_path, monkeypatch):
    path = tmp_path / "s.toml"
    files.save_scenario(Scenario(name="old"), path)

    def failing(*_):
        raise OSError("busy")

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="busy"):
        files.save_scenario(full(), path)
    assert files.load_scenario(path).name == "old"
    assert list(tmp_path.iterdir()) == [path]


TYPES = sorted(kind.__name__ for kind in ALL_MEASURES)
BAN = '[[measures]]\ntype = "ExportBan"\norigin = ["CN"]\ncommodities = ["ore"]\n'
QUOTA = BAN.replace("Ban", "Quota") + "amount = 3\n"
LICENCE = BAN.replace("Ban", "Licence")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("horizont = 3", ["horizont: unknown field; did you mean 'horizon'?"]),
        ("horizon = 0\nseed = 1.5", ["horizon: must be above 0; found 0",
                                     "seed: must be a whole number; found 1.5"]),
        ("start = 2023-13-01", ["line 1: is not TOML: Expected newline or end of document after a"
                                " statement (column 13)"]),
        ("start = 'soon'", ["start: must be a date in the format YYYY-MM-DD, input is too short;"
                            " found 'soon'"]),
        ("\nname =\n", ["line 2: is not TOML: Invalid value (column 7)"]),
        ("name = 'a'\nname = 'b'", ["is not TOML: Cannot overwrite a value (at end of document)"]),
        ("horizon = nan", ["horizon: must be a number that fits a float"]),
        ("seed = " + "1" * 5000, ["holds a number with too many digits"]),
        ("a = " + "[" * 50 + "]" * 50, ["a[0][0]: nested deeper than 32 levels"]),
        ("a = " + "[" * 50_000, ["nested too deep"]),
        ("a." * 50_000 + "b = 1", ["line 1: a key must have at most 32 parts"]),
        ("measures = 3", ["measures: must be a list; found 3"]),
        ("measures = [3]", ["measures[0]: must be a table; found 3"]),
        ('[[measures]]\ntype = "ExportBann"',
         ["measures[0].type: unknown type; did you mean 'ExportBan'?; found 'ExportBann'"]),
        ("[[measures]]\norigin = ['CN']",
         ["measures[0].type: is required; one of " + ", ".join(TYPES)]),
        (BAN + "begin = 3", ["measures[0].begin: unknown field; did you mean 'begins'?"]),
        (BAN + 'begins = "2023-8-1"', ["measures[0].begins: must be a date like 2023-08-01, or a"
                                       " number of days; found '2023-8-1'"]),
        (BAN + "begins = 2023-08-01T10:00:00", ["measures[0].begins: must be a date like 2023-08-01,"
                                                " or a number of days; found '2023-08-01T10:00:00'"]),
        (BAN + "ExportBan = 1", ["measures[0].ExportBan: unknown field; known: actor, announced,"
                                 " begins, commodities, compliance, coverage, decision_lag, end_use, ..."]),
        (QUOTA + "fraction = 1", ["measures[0].amount: give exactly one of amount and fraction"]),
        (QUOTA + 'period = "week"', ["measures[0].period: must be a number, or 'month', 'quarter' or"
                                     " 'year'; found 'week'"]),
        (QUOTA + "period = -1", ["measures[0].period: must be above 0, or 'month', 'quarter' or"
                                 " 'year'; found -1"]),
        (LICENCE + "approval = 'often'", ["measures[0].approval: must be a number, or a table; found"
                                          " 'often'"]),
        (LICENCE + "approval = 2", ["measures[0].approval: must be at most 1, or a table; found 2"]),
        (LICENCE + "approval = {CN = 3, XYZ = 1}",
         ["measures[0].approval.CN: must be at most 1; found 3",
          "measures[0].approval.XYZ: unknown country; use ISO 3166-1 alpha-2 (two capital letters),"
          " or '*'; found 'XYZ'"]),
        (LICENCE + "service = 'Triangular(5, 1, 2)'",
         ["measures[0].service: must have low <= mode <= high"]),
        (LICENCE + "holidays = [{from = 2023-01-01, last = 2023-01-02}]",
         ["measures[0].holidays[0].first: is required",
          "measures[0].holidays[0].from: unknown field; known: first, last, name"]),
        (LICENCE + "holidays = [{first = 2023-01-03, last = 2023-01-02}]",
         ["measures[0].holidays[0].last: must not be before first (2023-01-03); found"
          " datetime.date(2023, 1, 2)"]),
        (BAN + BAN, ["measures, key 'ExportBan': must differ from the others; give each its own key;"
                     " found 2"]),
    ],
)  # fmt: skip
def test_faults_of_scenarios(toml, text, expected):
    assert faults(files.load_scenario, toml(text)) == expected


def test_a_scenario_is_an_ordinary_file_of_moderate_size(tmp_path):
    assert faults(files.load_scenario, tmp_path) == ["must be a file, not a folder"]
    large = tmp_path / "large.toml"
    large.write_text("#" * (reading.TOML_LIMIT + 1))
    assert faults(files.load_scenario, large) == ["must be at most 4 MiB large"]
    large.write_bytes(b"a = 1\nb = '\xff'")
    assert faults(files.load_scenario, large) == ["line 2: must be text in UTF-8; found b'\\xff'"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    assert faults(files.load_scenario, tmp_path / "pipe.toml") == ["must be an ordinary file"]


# --- schema, check -------------------------------------------------------------------------------


def test_schema_is_json_and_says_what_the_classes_say():
    schema = files.scenario_schema()
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema
    text = json.dumps(schema)
    for word in ("$defs", "prefixItems", "discriminator", '"null"', ">>>"):
        assert word not in text
    assert schema["$schema"].startswith("http://json-schema.org/")
    own = {"extends", "without"}
    assert set(schema["properties"]) == set(Scenario.__dataclass_fields__) | own
    ban = schema["definitions"]["ExportBan"]
    assert set(ban["properties"]) == {field.name for field in dataclasses.fields(ExportBan)}
    assert ban["required"] == ["type", "origin", "commodities"]
    assert ban["description"].startswith("An export stop")
    assert "dates or days" in ban["properties"]["begins"]["description"]
    named = [part["$ref"] for part in schema["properties"]["measures"]["items"]["oneOf"]]
    assert "#/definitions/ExportBan" in named


def test_schema_accepts_what_can_be_saved(tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    schema = files.scenario_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    files.save_scenario(full(), tmp_path / "full.toml")
    data = tomllib.loads((tmp_path / "full.toml").read_text(encoding="utf-8"))
    data = json.loads(json.dumps(data, default=lambda date: date.isoformat()))
    jsonschema.Draft7Validator(schema).validate(data)
    data["measures"][0]["begin"] = 3
    assert list(jsonschema.Draft7Validator(schema).iter_errors(data))


def test_check_file_tells_kinds_apart_and_tries_scenarios(folder, toml, tmp_path):
    place = folder()
    assert files.check_file(place) == files.check_file(place / "network.toml")
    assert isinstance(files.check_file(toml(ONE_FILE)), Network)
    good = 'network = "net"\n' + BAN
    assert isinstance(files.check_file(toml(good)), Scenario)
    path = toml(good.replace('["ore"]', '["oar"]'))
    assert faults(files.check_file, path) == [
        "measures[0].commodities: unknown commodity; did you mean 'ore'?; found 'oar'"
    ]
    path = toml(good.replace('"net"', '"nett"'))
    assert faults(files.check_file, path) == ["network: no such file or folder; found 'nett'"]
    assert "folder of tables or a .toml" in faults(files.check_file, place / "lanes.csv")[0]
    (place / "lanes.csv").unlink()
    with pytest.raises(InvalidInput, match="no such file") as caught:
        files.check_file(toml(good))
    assert caught.value.file == str(place)


def test_files_load_without_heavy_libraries():
    code = "import sys, supplysim.files; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "scipy", "xarray", "tomli_w", "hypothesis"} & set(run.stdout.split())
