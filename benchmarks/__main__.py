"""Measure supplysim against its peers: `python -m benchmarks [--quick] [--out FILE] [names ...]`.

Names: engines, supplynetpy, stockpyl, twin, size, workers; all by default. Prints the tables; all of
them together, unless quick, go to docs/performance.md. The peers have to be installed once, beside supplysim:

    .venv/bin/pip install --require-hashes -r requirements/bench.txt
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measure import Options, Section, machine

ROOT = Path(__file__).resolve().parents[1]
CASES = ("engines", "supplynetpy", "stockpyl", "twin", "size", "workers")
PEERS = {"supplynetpy": "SupplyNetPy", "stockpyl": "stockpyl"}
HEAD = """# Performance

Made by `python -m benchmarks`, all in one run; nothing here is typed by hand. Peers take turns, and medians count.
Seconds are processor time of one core, except under *Workers*; ratios carry over to other machines better.

Machine: {machine}
"""


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
    parts = [HEAD.format(machine=machine())]
    print(parts[0])
    for name in arguments.names:
        section: Section = importlib.import_module(f"benchmarks.case_{name}").run(options)
        parts.append(section.markdown())
        print(parts[-1], flush=True)
    whole = set(arguments.names) == set(CASES) and not arguments.quick
    out = arguments.out or (ROOT / "docs" / "performance.md" if whole else None)
    if out is not None:
        _write(out, "\n".join(parts))
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
    unknown = sorted(set(arguments.names) - set(CASES))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(CASES)}")
    return arguments


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".md")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(path)


if __name__ == "__main__":
    sys.exit(main())
