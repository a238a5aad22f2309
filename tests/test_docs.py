"""The site builds without a warning, its links lead somewhere, and its code runs.

In a page, a block of `python` runs in one namespace with the others of that page, `sh` in a shell, and `toml` that
begins with `# file: NAME` is written to that file first, all in an empty folder and in the order of the page.
"""

import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import supplysim as ss

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(python|sh|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if BLOCK.search(page.read_text(encoding="utf-8"))
    and page.name != "importing.md"  # tests/test_importers.py runs it, on files that it makes
]


def blocks(page: Path) -> list[tuple[int, str, str]]:
    """Of each block: the line that it begins at, its language, its text."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start()) + 2, m[1], m[2]) for m in BLOCK.finditer(text)]


def commands(folder: Path) -> dict[str, str]:
    """An environment in which `supplysim` is the checkout's."""
    script = folder / "supplysim"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m supplysim "$@"\n')
    script.chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)])
    python = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PATH": path, "PYTHONPATH": python, "MPLBACKEND": "agg"}


PLAY = """
import json, subprocess, sys
from pathlib import Path

names = {}
for line, language, text in json.loads(sys.stdin.read()):
    if language == "python":
        exec(compile(text, f"<block of line {line}>", "exec"), names)
    elif language == "sh":
        subprocess.run(["sh", "-euc", text], check=True, stdout=subprocess.DEVNULL)
    elif text.startswith("# file: "):
        Path(text.split("\\n", 1)[0].removeprefix("# file: ")).write_text(text, encoding="utf-8")
"""


@pytest.mark.skipif(os.name == "nt", reason="the pages' commands are for a POSIX shell")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_runs(page, tmp_path, tmp_path_factory):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PLAY],
        input=json.dumps(blocks(page)),
        cwd=tmp_path,
        env=commands(tmp_path_factory.mktemp("bin")),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_readmes_commands_run(tmp_path, tmp_path_factory):
    """All but those that set the checkout up; what `go.py` hands on goes to `supplysim` here."""
    lines = [
        line.replace("python3 go.py", "supplysim")
        for _, language, text in blocks(ROOT / "README.md")
        if language == "sh"
        for line in text.splitlines()
        if not re.match(r"python3 go.py (test|docs|notebooks)\b", line)
    ]
    assert len(lines) > 8
    subprocess.run(
        ["sh", "-euxc", "\n".join(lines)],
        cwd=tmp_path,
        env=commands(tmp_path_factory.mktemp("bin")),
        timeout=1800,
        check=True,
    )


MODULES = (
    "supplysim",
    *(f"supplysim.{name}" for name in ("calibration", "catalogue", "changes", "company", "draws")),
    *(f"supplysim.{name}" for name in ("ensemble", "errors", "exposure", "files", "history")),
    *(f"supplysim.{name}" for name in ("importers", "measures", "model", "plan", "plots")),
    *(f"supplysim.{name}" for name in ("report", "results", "rules", "testing", "timeline")),
)


def test_every_public_name_has_an_example():
    """In its docstring, where the doctests run it; types without a name of their own (unions) have none."""
    bare = []
    for path in MODULES:
        module = importlib.import_module(path)
        for name in module.__all__:
            thing = getattr(module, name)
            named = inspect.isclass(thing) or inspect.isroutine(thing)
            if named and ">>>" not in (inspect.getdoc(thing) or ""):
                bare.append(f"{path}.{name}")
    assert not bare


# --- the site ---------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path_factory):
    """The site as built with warnings as errors; notebooks are not run, `tests/test_notebooks.py` does."""
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    options = ["-W", "--keep-going", "-q", "-E", "-D", "nb_execution_mode=off"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            *options,
            "-d",
            str(folder / "trees"),
            "docs",
            str(folder / "html"),
        ],
        cwd=ROOT,
        env=commands(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


class Page(HTMLParser):
    """The places that a page has, and the references that it makes."""

    def __init__(self, path: Path):
        super().__init__()
        self.places: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("link", "img", "script", "iframe", "source"):
            self.loads += [given[name] for name in ("href", "src") if given.get(name)]


def test_the_site(site):
    """Built without a warning; links lead somewhere, nothing is fetched, and every public name has its place."""
    check_links(site)
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in (site / "reference").glob("*.html")
    )
    for name in ss.__all__:
        assert re.search(rf'id="supplysim(\.\w+)*\.{name}"', text), name


def check_links(site):
    pages = {path: Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 40
    wrong = []
    for path, page in pages.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                outside = parts.scheme not in ("http", "https", "mailto", "data")
                if outside or (link in page.loads and parts.scheme != "data"):
                    wrong.append(f"{path.relative_to(site)}: {link}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            known = pages.get(target)
            if not target.exists() or (
                parts.fragment and known and unquote(parts.fragment) not in known.places
            ):
                wrong.append(f"{path.relative_to(site)}: {link}")
    assert not wrong, "\n".join(wrong)
