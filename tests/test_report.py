"""The report: what it says, that it needs nothing from outside, and how a browser shows it."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

import supplysim as ss
from supplysim.cli import app
from supplysim.report import Story
from supplysim.testing import tiny

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

SCENARIO = """
name = "stop"
title = "Ore <b>stops</b> & more"
description = "A test's scenario."
network = "./net"
article = ["A5"]
start = 2023-01-01
horizon = 200
replications = 3

[[sources]]
key = "law"
citation = "A law, & its <i>notice</i>"
url = "https://example.org/law"

[[measures]]
type = "ExportBan"
key = "stop-ore"
origin = ["CN"]
commodities = ["ore"]
ends = 2023-05-01
sources = ["law"]
reasons = { ends = "four months, <script>alert(1)</script>" }
"""
ANSWER = """
extends = "stop.toml"
name = "stored"

[[measures]]
type = "Reserve"
key = "reserve"
country = "DE"
commodity = "ore"
days = 60
actor = "Germany"
"""


def network() -> ss.Network:
    return ss.Network(
        name="net",
        commodities=[
            ss.Commodity("ore", price=2.0),
            ss.Commodity("part", price=20.0, sector="industry"),
        ],
        sites=[
            ss.Site("mine", country="CN", makes="ore", utilisation=0.5, lot=1.0, value_added=1.0),
            ss.Site(
                "au-mine", country="AU", makes="ore", utilisation=0.9, lot=1.0, value_added=1.0
            ),
            ss.Site(
                "plant",
                country="DE",
                makes="part",
                utilisation=0.8,
                lot=1.0,
                value_added=6.0,
                inputs={"ore": ss.Input(2.0, policy=ss.DaysOfCover(15))},
            ),
        ],
        demands=[ss.Demand("use", country="DE", commodity="part", rate=5.0)],
        lanes=[
            ss.Lane("mine", "plant", share=0.8, lead_time=10.0),
            ss.Lane("au-mine", "plant", share=0.2, max_share=0.3, lead_time=10.0),
            ss.Lane("plant", "use", lead_time=1.0),
        ],
        ranges=[
            ss.Range("cover", kind="input", name="plant|ore", field="cover", low=5.0, high=30.0)
        ],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a network, a scenario, one that answers it, and the page."""
    place = tmp_path_factory.mktemp("report")
    ss.save_network(network(), place / "net")
    (place / "stop.toml").write_text(SCENARIO, encoding="utf-8")
    (place / "stored.toml").write_text(ANSWER, encoding="utf-8")
    asked = [
        "report",
        "stop.toml",
        "--answer",
        "stored.toml",
        "--workers",
        "1",
        "--out",
        "page.html",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for _ in range(2):  # again over its own page
            done = CliRunner().invoke(app, asked)
            assert done.exit_code == 0, done.output
    return place


@pytest.fixture(scope="module")
def page(folder) -> str:
    return (folder / "page.html").read_text(encoding="utf-8")


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))


def test_it_gives_the_answer_in_three_sentences(page):
    answer = page.split('<div class="answer">')[1].split("</div>")[0]
    said = re.findall(r"<p>(.*?)</p>", answer, re.DOTALL)
    assert len(said) == 3
    assert re.search(
        r"Germany loses .* USD of value added over 200 days, [\d.]+% of normal", said[0]
    )
    assert "It is felt" in said[1] and "2023" in said[1]
    assert "stop-ore" in said[2] and "ore of China" in said[2]


def test_the_map_shows_the_weeks_without_ore(page):
    """While China sells none, Germany's ore is Australian: the picture's text says so."""
    told = re.search(r'aria-label="(Flows of ore[^"]*)"', page)
    assert told and "Then most of it comes from Australia." in told.group(1)


def test_it_has_all_that_an_office_asks(page):
    for name in ("answer", "flows", "stocks", "losses", "why", "help", "assumptions", "repeat"):
        assert f'<section id="{name}">' in page
    said = text(page)
    assert "four months" in said and "A law, &amp; its" in said
    assert "stored" in said and "Germany" in said
    assert (
        "supplysim report stop.toml --network ./net --replications 3 --horizon 200 --seed 1" in said
    )


def test_what_files_say_is_text_and_no_markup(page):
    assert "<script" not in page and "<b>stops" not in page and "<i>notice" not in page
    assert "Ore &lt;b&gt;stops&lt;/b&gt; &amp; more" in page


def test_it_needs_nothing_from_outside(page):
    assert not re.findall(r"<(?:link|img|iframe|object|embed|script|base)\b", page)
    references = re.findall(r"""(?:href|src|srcset)\s*=\s*["']([^"']*)|url\(([^)]*)\)""", page)
    assert all((a or b).strip("'\"").startswith("#") for a, b in references)
    assert "@import" not in page and len(page) < 3_000_000


def test_every_picture_has_a_text_in_its_place(page):
    pictures = re.findall(r"<svg[^>]*>", page)
    assert len(pictures) >= 4
    for head in pictures:
        told = re.search(r'role="img" aria-label="([^"]{30,})"', head)
        assert told, head


def test_a_file_that_is_no_page_is_kept(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "mine.html").write_text("my notes", encoding="utf-8")
    done = CliRunner().invoke(app, ["report", "stop.toml", "--out", "mine.html"])
    assert done.exit_code == 2 and "no report; it is kept" in done.output
    assert (folder / "mine.html").read_text(encoding="utf-8") == "my notes"


def test_a_run_may_leave_its_page(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for _ in range(2):
        done = CliRunner().invoke(
            app, ["run", "stop.toml", "--report", "--workers", "1", "--out", "run"]
        )
        assert done.exit_code == 0, done.output
    assert "<section id=" in (folder / "run" / "report.html").read_text(encoding="utf-8")


# --- in a browser ---------------------------------------------------------------------------------

LOOK = """
<script>
const wrong = [];
addEventListener("error", event => wrong.push("error: " + event.message));
addEventListener("load", () => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) wrong.push("the page is wider than the window");
  const sections = [...document.querySelectorAll("section, header")].map(x => x.getBoundingClientRect());
  sections.sort((a, b) => a.top - b.top).forEach((box, at) => {
    if (at && box.top < sections[at - 1].bottom - 1) wrong.push("sections overlap");
  });
  for (const box of document.querySelectorAll("figure, .wide, h1, h2, p, li, pre")) {
    const seen = box.getBoundingClientRect();
    if (seen.left < -1 || seen.right > wide + 1) wrong.push(box.tagName + " is cut off");
  }
  for (const svg of document.querySelectorAll("svg")) {
    const edge = svg.getBoundingClientRect();
    if (edge.width < 200 || edge.height < 80) wrong.push("a picture is too small");
  }
  document.title = "LOOKED " + wide + " " + (wrong.join("; ") || "nothing wrong");
});
</script>
"""


@pytest.mark.skipif(BROWSER is None, reason="no browser here (Debian: apt-get install chromium)")
@pytest.mark.parametrize("width", [500, 820, 1400])
def test_a_browser_shows_it_whole(folder, page, width, tmp_path):
    looked = tmp_path / "looked.html"
    looked.write_text(page.replace("</head>", LOOK + "</head>"), encoding="utf-8")
    command = [
        *(
            str(BROWSER),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'user'}",
        ),
        *(
            f"--window-size={width},1200",
            "--virtual-time-budget=5000",
            "--dump-dom",
            looked.as_uri(),
        ),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    title = re.search(r"<title>(LOOKED[^<]*)", done.stdout)
    assert title, done.stderr[-2000:]
    assert title.group(1).endswith("nothing wrong"), title.group(1)


def test_what_is_made_up_for_later_is_told():
    """Customers who wait lose nothing in the end; the page still says that they waited, when and how badly."""
    network = tiny()
    demand = dataclasses.replace(network.demands[0], unmet="backlog")
    network = network.replace(
        demands=[demand], commodities=[ss.Commodity("ore", unit="t", price=1e6)]
    )
    ban = ss.ExportBan(origin=["CN"], commodities=["ore"], begins=20, ends=70)
    stop = ss.Scenario(measures=[ban], horizon=365, replications=2)
    base, runs = (
        ss.ensemble(network, x, horizon=365, replications=2, executor=1, progress=False)
        for x in (None, stop)
    )
    calm, cut = (ss.simulate(network, x, horizon=365) for x in (None, stop))
    story = Story(stop, network, ss.compare(base, runs), calm, cut, repeat="")
    assert "next to no final use" in story.sentences[0]
    assert (
        "ore of Germany from day 37 on (100% missing in the worst four weeks)" in story.sentences[2]
    )
