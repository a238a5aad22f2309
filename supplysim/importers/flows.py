"""Material-flow tables: who passes how much of what to whom in a year, from one CSV file or from flodym."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from supplysim.errors import Fault, InvalidInput
from supplysim.importers.reading import Notes, plain, read_rows

__all__ = ["Flow", "MaterialFlows", "read_flodym", "read_flows"]

MOST_FLOWS = 100_000


@dataclass(frozen=True)
class Flow:
    """``quantity`` of a material from one process to another in a year; ``place`` is its row or file."""

    source: str
    target: str
    material: str
    quantity: float
    unit: str
    place: str


@dataclass(frozen=True)
class MaterialFlows:
    """The flows of one year. ``left_out`` counts rows by the reason for which they are not in it.

    >>> MaterialFlows((), year=2022, left_out={}, origin="flows.csv").year
    2022
    """

    flows: tuple[Flow, ...]
    year: int | None
    left_out: Mapping[str, int]
    origin: str


HEADINGS = {
    "from": ("from", "fromprocess", "source", "origin"),
    "to": ("to", "toprocess", "target", "destination"),
    "material": ("material", "element", "substance", "good", "commodity"),
    "quantity": ("quantity", "value", "amount"),
    "unit": ("unit",),
    "year": ("year", "time"),
}


def read_flows(path: Path | str, *, year: int | None = None) -> MaterialFlows:
    """The flows of a CSV file with the columns from, to, quantity, and if they matter material, unit and year.

    ``year`` chooses one of several. Rows of one flow are summed. Raises `InvalidInput` with file and line of
    every bad row.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "flows.csv"
    ...     _ = file.write_text("from,to,quantity\\nMine,Smelter,10\\nSmelter,Use,8\\n")
    ...     table = read_flows(file)
    >>> [flow.quantity for flow in table.flows]
    [10.0, 8.0]
    """
    path = Path(path)
    notes = Notes(path)
    found: list[tuple[int | None, Flow]] = []
    for line, cells in read_rows(path, HEADINGS, ("from", "to", "quantity"), notes):
        row = dict(zip(HEADINGS, cells, strict=True))
        when = _when(line, row["year"], notes)
        amount = notes.number(line, "quantity", row["quantity"])
        for field in ("from", "to"):
            if not row[field]:
                notes.refuse(line, field, "is required")
        if row["from"] and row["from"] == row["to"]:
            notes.refuse(line, "to", "must be another process", row["to"])
        if not amount:
            notes.leave_out("without quantity")
            continue
        material, unit = row["material"] or "material", row["unit"] or "t"
        place = f"{path.name}:{line}"
        found.append((when, Flow(row["from"], row["to"], material, amount, unit, place)))
        if len(found) > MOST_FLOWS:
            notes.refuse(line, "", f"is one flow too many: at most {MOST_FLOWS:,}")
            break
    notes.check("flows")
    return _of_year(found, year, notes)


def read_flodym(
    folder: Path | str,
    *,
    year: int | None = None,
    names: Mapping[str, tuple[str, str]] | None = None,
    material: str = "Element",
    unit: str = "t",
) -> MaterialFlows:
    """The flows of a folder that flodym's ``export_mfa_flows_to_csv`` wrote: a CSV file a flow, dimensions and value.

    A file's name tells the ends of the flow: ``a => b`` is saved as ``a__b``, ``a_to_b`` as it is; ``names`` gives
    those of other files (by name without ``.csv``). The dimension ``material`` tells materials apart, if it is there;
    over all others but the time it is summed. Stocks are not needed: what goes in and what comes out are flows.

    >>> read_flodym("no such folder")
    Traceback (most recent call last):
    ...
    supplysim.errors.InvalidInput: no such folder: flodym export refused, 1 fault:
      must be a folder
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidInput([Fault("", "must be a folder")], what="flodym export", file=folder)
    notes = Notes(folder)
    found: list[tuple[int | None, Flow]] = []
    headings = {"time": ("time", "year"), "material": (plain(material),), "value": ("value", "0")}
    for path in sorted(folder.glob("*.csv")):
        ends = (names or {}).get(path.stem) or _ends(path.stem)
        if ends is None:
            rule = "must be called like from__to.csv or from_to_to.csv, or stand in names"
            notes.faults.append(Fault(path.name, rule))
            continue
        here = Notes(path)
        for line, (time, what, value) in read_rows(path, headings, ("value",), here):
            amount = here.number(line, "value", value)
            if amount:
                flow = Flow(*ends, what or "material", amount, unit, f"{path.name}:{line}")
                found.append((_when(line, time, here), flow))
            else:
                notes.leave_out("without quantity")
        notes.faults += here.faults
    if not found and not notes.faults:
        notes.faults.append(Fault("", "holds no flows"))
    notes.check("flodym export")
    return _of_year(found, year, notes)


def _ends(stem: str) -> tuple[str, str] | None:
    for mark in ("__", "_to_"):
        parts = stem.split(mark)
        if len(parts) == 2 and all(parts):
            return parts[0].replace("_", " "), parts[1].replace("_", " ")
    return None


def _when(line: int, text: str, notes: Notes) -> int | None:
    if not text:
        return None
    if not (text.isdigit() and len(text) == 4):
        notes.refuse(line, "year", "must be a year such as 2022", text)
        return None
    return int(text)


def _of_year(
    found: Collection[tuple[int | None, Flow]], year: int | None, notes: Notes
) -> MaterialFlows:
    years = sorted({when for when, _ in found if when is not None})
    if year is None and len(years) == 1:
        year = years[0]
    if (year is None and years) or (year is not None and year not in years):
        rule = f"must be one of {', '.join(map(str, years)) or 'none: no row has one'}"
        raise InvalidInput([Fault("year", rule, year)], what="flows", file=notes.path)
    kept = tuple(flow for when, flow in found if year is None or when in (None, year))
    others = len(found) - len(kept)
    if others:
        notes.left_out["of other years"] = others
    return MaterialFlows(kept, year, dict(notes.left_out), notes.path.name)
