"""What ``supplysim exposure`` prints and leaves: one page a country."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from supplysim import __version__, catalogue, plots
from supplysim.cli.folder import MARK
from supplysim.cli.show import plain_table, say
from supplysim.errors import Fault, InvalidInput
from supplysim.exposure import Page, exposure_page

__all__ = ["NOTE", "show", "work", "write"]

MILLION = 1e6
DEPENDS = ("chain", "uses", "direct", "in all", "hidden", "most dependent", "lanes")
STOPPED = ("chain", "lasts", "best", "whole again", "loss", "best ", "hangs on")
NOTE = """\
uses: of the chain's commodities, in production and finally, million USD a year; direct: share of that which comes from
there; in all: share that was earned there, through all tiers; hidden: the difference; lanes: the rows of the network
that the stop is about (--out lists them). lasts: days until use somewhere goes unmet (best: with a planner who
foresees it); whole again: days until stocks are back; loss: of use, million USD (best: what nobody could avoid while
it lasts); hangs on: the stock or plant that binds first. One run, figures as given; ∞: not within the run."""


def work(
    countries: Sequence[str], on: str, days: float, network: str | None, horizon: int
) -> dict[str, Page]:
    """Make the pages; every fault of all of them is told before anything is simulated."""
    net = catalogue.load_network(network or catalogue.DEFAULT)
    faults: list[Fault] = []
    for name in (*countries, on):
        try:
            net.countries([name])
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput(faults, what="exposure")
    pages = {}
    for name in dict.fromkeys(countries):
        say(f"{name} on {on}: programmes and runs, some seconds")
        pages[name] = exposure_page(net, name, on, days=days, horizon=horizon)
    return pages


def show(name: str, on: str, days: float, page: Page) -> None:
    """Print one."""
    rows = page.table.to_dict("records")
    lanes = page.rows["chain"].value_counts()
    depends = [
        (
            row["chain"],
            f"{row['uses'] / MILLION:,.0f}",
            *(_share(row[column]) for column in ("face", "look_through", "hidden")),
            f"{row['most']} {_share(row['share'])}" if row["most"] else "",
            str(lanes.get(row["chain"], 0)),
        )
        for row in rows
    ]
    stopped = [
        (
            row["chain"],
            *(_days(row[column]) for column in ("survive", "survive_best", "recover")),
            *(f"{row[column] / MILLION:,.1f}" for column in ("loss", "loss_best")),
            row["hangs_on"],
        )
        for row in rows
    ]
    plain_table(f"{name} on {on}: dependence", DEPENDS, depends, right=(*DEPENDS[1:5], "lanes"))
    title = f"{name}: if all that comes directly from {on} stops for {days:g} days"
    plain_table(title, STOPPED, stopped, right=STOPPED[1:6])


def write(pages: Mapping[str, Page], on: str, days: float, folder: Path) -> None:
    """Tables as csv, a figure of each page, and what was asked."""
    for name, page in pages.items():
        for kind, table in (("exposure", page.table), ("rows", page.rows)):
            table.to_csv(
                folder / f"{kind}-{name}.csv", index=False, float_format="%.9g", lineterminator="\n"
            )
        axes = plots.page(page)
        for ending in ("png", "svg"):
            plots.save(axes, folder / f"exposure-{name}.{ending}")
    head = f"{MARK} {__version__}; supplysim exposure {' '.join(pages)} --on {on} --days {days:g}\n"
    (folder / "run.toml").write_text(head, encoding="utf-8", newline="\n")


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0%}"


def _days(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.0f}"
