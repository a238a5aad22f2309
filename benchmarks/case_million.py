"""More than a million sites and five million lanes, once."""

from __future__ import annotations

from benchmarks.case_size import apart
from benchmarks.measure import Options, Section, seconds

__all__ = ["SITES", "TEXT", "run", "section"]

SITES = 1_200_000
"""With 4.2 lanes a site, 5,040,000 lanes."""
TEXT = """A random network of 1,200,000 sites and 5,040,000 lanes (five into every site that uses anything), made from
columns by `Network.from_tables`, undisturbed for a year of weekly lots, with records by group, on one core."""


def run(options: Options) -> Section:
    """Measure it; a tenth of it with ``quick``."""
    return section(apart(SITES // 10 if options.quick else SITES, "compiled"))


def section(found: dict[str, float]) -> Section:
    """The table of what `case_size.measure` found."""
    row = [seconds(found["build"]), seconds(found["run"]), f"{found['memory'] / 1000:.2f} GB"]
    header = ["", "build", "lay out and run", "largest memory"]
    return Section("A million sites", TEXT, [(header, [["a year", *row]])])
