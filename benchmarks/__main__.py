"""Measure supplysim against its peers: `python -m benchmarks [--quick] [--out FILE] [names ...]`.

Names: engines, supplynetpy, stockpyl, twin, size, workers, bundled; all by default. And million: half an hour, 8 GB of
memory. Prints the tables; unless quick, they take their places in docs/performance.md. The peers have to be
installed once, beside supplysim:

    .venv/bin/pip install --require-hashes -r requirements/bench.txt
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import os
import sys
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measure import Options, Section, machine

ROOT = Path(__file__).resolve().parents[1]
CASES = ("engines", "supplynetpy", "stockpyl", "twin", "size", "workers", "bundled")
LONG = ("million",)
PEERS = {"supplynetpy": "SupplyNetPy", "stockpyl": "stockpyl"}
HEAD = """# Performance

Made by `python -m benchmarks`; nothing here is typed by hand. In each section peers take turns in one run, and medians
count. Seconds are processor time of one core, except under *Workers*; ratios carry over to other machines better.
"""
MARK = "<!-- {name} -->\n"


def main() -> int:
    """Run the cases that are asked for."""
    arguments = _arguments()
    missing = [n for n in arguments.names if n in PEERS and find_spec(PEERS[n]) is None]
    if missing:
        print(f"{' and '.join(missing)} must be installed first:", file=sys.stderr)
        print("  .venv/bin/pip install --require-hashes -r requirements/bench.txt", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")  # peers warn about their own settings
    options = Options(quick=arguments.quick)
    measured = {}
    for name in arguments.names:
        section: Section = importlib.import_module(f"benchmarks.case_{name}").run(options)
        when = f"\n*{dt.date.today()}, {machine()}*\n"
        measured[name] = section.markdown().rstrip() + "\n" + when
        print(measured[name], flush=True)
    out = arguments.out or (None if arguments.quick else ROOT / "docs" / "performance.md")
    if out is not None:
        _write(out, _page(_read(out) | measured))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", default=[], help="what to measure")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller runs")
    parser.add_argument("--out", type=Path, help="write the tables to this file")
    arguments = parser.parse_args()
    arguments.names = arguments.names or list(CASES)
    known = (*CASES, *LONG)
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return arguments


def _read(path: Path) -> dict[str, str]:
    """The sections of a page by case; what has no mark is made anew."""
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    marks = {name: MARK.format(name=name) for name in (*CASES, *LONG)}
    places = sorted((text.index(mark), name) for name, mark in marks.items() if mark in text)
    if not places:
        return {}
    ends = [*(place for place, _ in places[1:]), len(text)]
    return {
        name: text[place + len(marks[name]) : end].strip() + "\n"
        for (place, name), end in zip(places, ends, strict=True)
    }


def _page(sections: dict[str, str]) -> str:
    """All sections in order."""
    known = [name for name in (*CASES, *LONG) if name in sections]
    return "\n".join([HEAD, *(MARK.format(name=name) + sections[name] for name in known)])


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".md")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(path)


if __name__ == "__main__":
    sys.exit(main())
