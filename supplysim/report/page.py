"""The page: sections, pictures and tables put into the template."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from supplysim import __version__, exposure, plots
from supplysim.history.score import BETTER, INSIDE, MONTHS_OFF, VOLUME
from supplysim.model.countries import country_name
from supplysim.report.pictures import Picture, picture
from supplysim.report.story import Story

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["render"]

MILLION = 1e6
MOST_NAMED = 3


@dataclass(frozen=True)
class Table:
    """``columns`` and ``rows`` of text; columns in ``numbers`` are set right."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: frozenset[int] = frozenset()


def render(story: Story) -> str:
    """The whole page as HTML; everything that comes from names and files is escaped.

    >>> from supplysim import compare, simulate
    >>> from supplysim.testing import example
    >>> network, stop, base, runs = example()
    >>> calm, cut = (simulate(network, x, horizon=120) for x in (None, stop))
    >>> page = render(Story(stop, network, compare(base, runs), calm, cut, repeat="supplysim report stop"))
    >>> page[:15], "https://" in page
    ('<!doctype html>', False)
    """
    import jinja2

    world = jinja2.Environment(
        loader=jinja2.PackageLoader("supplysim.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    goods, table = _goods(story), exposure.flows(story.base)
    before = table[table["commodity"].isin(goods)]
    return world.get_template("page.html").render(
        story=story,
        version=__version__,
        maps=list(_maps(story, goods, before)),
        codes=_codes(story, before),
        stocks=list(_stocks(story, goods, before)),
        totals=_totals(story),
        losses=_losses(story),
        spells=_spells(story),
        why=_why(story),
        causes=_causes(story),
        answers=_answers(story),
        history=_history(story),
        marks=_marks(story),
        counts=Table(
            ("goods", "read", "derived", "assumed"),
            [(name, *map(str, counts)) for name, *counts in story.counts],
            frozenset({1, 2, 3}),
        ),
        grounds=_grounds(story),
    )


# --- pictures ------------------------------------------------------------------------------------


def _goods(story: Story) -> list[str]:
    """What the measures are about, as far as it is in the network: at most three."""
    known = story.network.commodity_by_name
    named = [x for m in story.scenario.measures for x in getattr(m, "commodities", ())]
    if not named:
        held = story.why.by("goods")
        named = held[held["value"] > 0.0]["goods"].tolist()
    return [name for name in dict.fromkeys(named) if name in known][:3]


def _maps(story: Story, goods: Sequence[str], before: pd.DataFrame) -> Iterator[Picture]:
    for name in goods:
        low, high = story.emptiest(name)
        after = exposure.flows(story.run, (low, high))
        axes = plots.flow_map(before, after, name, when=f"{story.day(low)} to {story.day(high)}")
        shares = after[after["commodity"] == name].groupby("origin")["quantity"].sum()
        most = "" if shares.empty else country_name(str(shares.idxmax()))
        largest = f" Then most of it comes from {most}." if most else ""
        text = (
            f"Flows of {name} from makers to users by country, undisturbed and in the four weeks in which least "
            f"arrives at home.{largest}"
        )
        yield picture(
            axes,
            text,
            f"{name}: who supplies whom, undisturbed and in the four weeks in which least arrives at home.",
        )


def _codes(story: Story, before: pd.DataFrame) -> str:
    """What the letters in the charts mean."""
    codes = sorted({*before["origin"], *before["importer"], *story.home})
    return ", ".join(f"{code} {country_name(code)}" for code in codes)


def _stocks(story: Story, goods: Sequence[str], before: pd.DataFrame) -> Iterator[Picture]:
    for name in goods:
        users = set(before[before["commodity"] == name]["importer"])
        at_home = [country for country in story.home if country in users]
        axes = plots.cover(
            story.comparison.other, commodity=name, countries=at_home, scenario=story.scenario
        )
        where = " and ".join(map(country_name, at_home)) or "all countries"
        text = f"Days of normal use that users of {name} hold in {where}, by week, with the band of nine runs in ten."
        yield picture(axes, text, f"{name}: how long users' stocks last.")


def _totals(story: Story) -> Picture:
    axes = plots.totals(story.comparison)
    lines = [f"{row[0]} {row[1]} {row[2]}" for row in _losses(story).rows[:5]]
    text = "Losses over the whole run by country and commodity. Largest in USD: " + "; ".join(lines)
    return picture(axes, text, "Losses over the run, by country and commodity.")


def _why(story: Story) -> Picture | None:
    if not (story.why.ends["value"] > 0.0).any():
        return None
    causes = story.why.by("cause").head(4)
    said = "; ".join(f"{c}: {s:.0%}" for c, s in zip(causes["cause"], causes["share"], strict=True))
    text = f"Flow diagram from causes over what they held to what was lost. Shares of the losses: {said}."
    return picture(plots.attribution(story.why), text, "Where what was lost began.")


def _history(story: Story) -> Picture | None:
    record = story.scenario.history
    if story.months is None or record is None:
        return None
    axes = plots.history(
        story.months, record, scenario=story.scenario, null_months=story.null_months
    )
    text = f"{record.title}: simulated index by month with its band, beside the observed one and the nulls."
    return picture(axes, text, "Simulated beside observed; 1 is a normal month.")


# --- tables --------------------------------------------------------------------------------------


def _losses(story: Story) -> Table:
    rows = [
        (
            country_name(row["country"]),
            row["sector"] or "other",
            f"{row['loss'] / MILLION:,.1f}",
            f"{row['low'] / MILLION:,.1f} to {row['high'] / MILLION:,.1f}",
            f"{row['share']:.2%}",
        )
        for row in story.losses.to_dict("records")
    ]
    return Table(
        ("country", "sector", "lost, m USD", "nine runs in ten", "of normal"),
        rows,
        frozenset({2, 3, 4}),
    )


def _spells(story: Story) -> Table:
    rows = [
        (
            row["kind"],
            f"{row['commodity']}, {country_name(row['country'])}",
            _day(story, row["first_short"]),
            _day(story, row["trough"]),
            f"{row['depth']:.0%}",
            _day(story, row["recovered"]),
        )
        for row in story.spells.to_dict("records")
    ]
    return Table(
        ("", "of what", "short from", "worst at", "missing then", "back"), rows, frozenset({4})
    )


def _day(story: Story, day: float) -> str:
    return "not in the run" if math.isnan(day) or math.isinf(day) else story.day(day)


def _causes(story: Story) -> Table:
    table = story.why.by("cause", "origin", "goods").head(10)
    rows = [
        (
            row["cause"],
            ", ".join(filter(None, (row["goods"], country_name(row["origin"])))),
            f"{row['value'] / MILLION:,.1f}",
            f"{row['share']:.1%}",
        )
        for row in table.to_dict("records")
        if abs(row["share"]) >= 0.001
    ]
    return Table(("cause", "what it held", "m USD", "of all losses"), rows, frozenset({2, 3}))


def _answers(story: Story) -> Table | None:
    table = story.answers
    if table is None:
        return None
    table = table[table["reference"] != ""].sort_values("avoided", ascending=False)
    rows = [
        (
            row["scenario"],
            f"{row['avoided'] / MILLION:,.1f}",
            f"{row['avoided_low'] / MILLION:,.1f} to {row['avoided_high'] / MILLION:,.1f}",
            f"{row['cost'] / MILLION:,.1f}",
            "" if math.isnan(row["per_dollar"]) else f"{row['per_dollar']:,.2f}",
            row["decides"],
        )
        for row in table.to_dict("records")
    ]
    columns = (
        "answer",
        "loss avoided, m USD",
        "interval of the mean",
        "cost, m USD",
        "per dollar",
        "who decides",
    )
    return Table(columns, rows, frozenset({1, 2, 3, 4})) if rows else None


def _grounds(story: Story) -> Table:
    rows = []
    for ground in story.grounds:
        more = f" and {len(ground.what) - MOST_NAMED} more" if len(ground.what) > MOST_NAMED else ""
        what = ", ".join(ground.what[:MOST_NAMED]) + more
        evidence = ground.evidence
        rows.append(
            (
                ground.good,
                what,
                evidence.confidence,
                evidence.note,
                evidence.source.replace(";", "; "),
            )
        )
    return Table(("good", "what", "known", "how", "source"), rows)


def _marks(story: Story) -> list[str]:
    """How far the simulation is off what was observed, against marks that were fixed before."""
    score = story.score
    if score is None:
        return []
    found = [f"RMS error {score.rms:.2f} of a normal month, {score.first} to {score.last}."]
    for name in score.null_rms:
        met = "met" if score.better(name) >= BETTER else "MISSED"
        found.append(
            f"{score.better(name):+.0%} against “{name}” (mark: {BETTER:.0%} better): {met}."
        )
    met = "met" if score.inside >= INSIDE else "MISSED"
    found.append(f"{score.inside:.0%} of months inside the band (mark: {INSIDE:.0%}): {met}.")
    for volume in score.volumes:
        met = "met" if abs(volume.off) <= VOLUME else "MISSED"
        found.append(
            f"Volume of {volume.months} months {volume.off:+.0%} (mark: within {VOLUME:.0%}): {met}."
        )
    met = "met" if score.trough_off <= MONTHS_OFF else "MISSED"
    found.append(f"Trough {score.simulated_trough}, observed {score.observed_trough}: {met}.")
    return found
