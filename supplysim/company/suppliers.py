"""What a company knows of its suppliers: the rows of ``suppliers.csv``, put together part by part."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from supplysim.errors import Fault, InvalidInput
from supplysim.files.reading import at
from supplysim.files.sheet import read_sheet
from supplysim.files.tables import table_of
from supplysim.model.countries import Country
from supplysim.model.fields import LongTime, Name, NonNegative, Positive, Share, frozen

__all__ = ["Part", "Supplier", "parts_of", "read_suppliers", "template"]

MODE = 40
"""Characters of a supplier's name that its lanes carry."""


@frozen
class Supplier:
    """One supplier of one part.

    ``part`` is the company's name for it, ``commodity`` the network's (blank: the same). ``country`` is where the
    supplier's plant stands, ``share`` its share of what the company uses. ``stock_days`` is how many days of the part
    lie in the company's own store, ``qualify_days`` how long it takes until a supplier outside this list could deliver
    (blank: never); they belong to the part, so one of its rows is enough, and all that are given must agree.

    Optional: ``per_day`` is the company's use of the part in the commodity's unit (blank: next to nothing),
    ``lead_days`` the time from order to receipt (blank: as the network has it), ``max_share`` the most that this
    supplier could deliver when others fail, as a share of the use, ``shift_days`` how long it takes to move orders
    between suppliers of this list.

    >>> Supplier("wafers", "Maker A", country="JP", share=0.6, stock_days=45, qualify_days=270).max_share
    1.0
    """

    part: Name
    supplier: Annotated[str, Field(min_length=1, max_length=200)]
    _: KW_ONLY
    commodity: Annotated[str, Field(max_length=80)] = ""
    country: Country
    share: Share
    stock_days: LongTime | None = None
    qualify_days: LongTime | None = None
    per_day: Positive | None = None
    lead_days: LongTime | None = None
    max_share: NonNegative = 1.0
    shift_days: LongTime | None = None

    @property
    def mode(self) -> str:
        """What tells the supplier's lanes from those of another one in the same country."""
        return self.supplier.replace("|", "/")[:MODE].strip()


@dataclass(frozen=True)
class Part:
    """A part with all its suppliers, and where each of their rows stands.

    >>> rows = [Supplier("chips", "Maker A", country="TW", share=1.0, stock_days=20)]
    >>> parts, _ = parts_of(rows, ["row 1"])
    >>> parts[0].name, parts[0].stock_days
    ('chips', 20.0)
    """

    name: str
    commodity: str
    suppliers: tuple[Supplier, ...]
    places: tuple[str, ...]
    stock_days: float
    qualify_days: float | None
    shift_days: float | None
    per_day: float | None

    @property
    def countries(self) -> frozenset[str]:
        """Where its suppliers make it."""
        return frozenset(supplier.country for supplier in self.suppliers)

    @property
    def one_country(self) -> bool:
        """Whether one state can cut it off."""
        return len(self.countries) == 1

    def rows(self) -> Iterator[tuple[str, Supplier]]:
        """Its suppliers, each with the place of its row."""
        return zip(self.places, self.suppliers, strict=True)


def template() -> str:
    """An example of the table, to fill in: one row a part and supplier.

    >>> template().splitlines()[1]
    'wafers,gaas-wafer,Maker A,JP,0.6,45,270,,,,'
    """
    return (
        "part,commodity,supplier,country,share,stock_days,qualify_days,per_day,lead_days,max_share,shift_days\n"
        "wafers,gaas-wafer,Maker A,JP,0.6,45,270,,,,\n"
        "wafers,gaas-wafer,Maker B,DE,0.4,,,,,0.7,30\n"
        "metal,gallium,Trader C,CN,1,30,180,0.2,50,,\n"
    )


def read_suppliers(path: Path | str) -> tuple[list[Supplier], list[str]]:
    """The rows of a supplier table, and the file and line of each; refused whole, with every bad row.

    Rows are named by file and line in whatever is refused later.

    >>> import tempfile
    >>> from supplysim.company import template
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "suppliers.csv"
    ...     _ = file.write_text(template())
    ...     rows, places = read_suppliers(file)
    >>> rows[0].part, len(places)
    ('wafers', 3)
    """
    path = Path(path)
    if path.suffix != ".csv":
        raise InvalidInput([Fault("", "must be a .csv file")], what="suppliers", file=path)
    table = table_of(Supplier, path.stem, ("part", "supplier", "country"))
    sheet = read_sheet(path.parent, table)
    faults = sheet.faults
    if not sheet.rows and not faults:
        faults = [Fault(table.file, "holds no rows")]
    if faults:
        raise InvalidInput(faults, what="suppliers", file=path)
    return [row.item for row in sheet.rows], [at(table.file, row.line) for row in sheet.rows]


def parts_of(
    suppliers: Sequence[Supplier], places: Sequence[str]
) -> tuple[list[Part], list[Fault]]:
    """The parts in the order in which they first appear, and what their rows contradict each other in.

    >>> stock = {"stock_days": 20.0}
    >>> rows = [Supplier("chips", x, country=x, share=y, **stock) for x, y in (("TW", 0.7), ("JP", 0.3))]
    >>> parts, faults = parts_of(rows, ["row 1", "row 2"])
    >>> len(parts[0].suppliers), faults
    (2, [])
    """
    rows: dict[str, list[tuple[str, Supplier]]] = {}
    for place, supplier in zip(places, suppliers, strict=True):
        rows.setdefault(supplier.part, []).append((place, supplier))
    faults: list[Fault] = []
    return [_part(name, found, faults) for name, found in rows.items()], faults


def _part(name: str, rows: Sequence[tuple[str, Supplier]], faults: list[Fault]) -> Part:
    place = rows[0][0]
    stock = _agreed(rows, "stock_days", faults)
    if stock is None:
        rule = f"is required in one row of {name}; 0 if none is kept"
        faults.append(Fault(f"{place}.stock_days", rule))
    together = math.fsum(supplier.share for _, supplier in rows)
    if abs(together - 1.0) > 1e-9:
        rule = f"the shares of all suppliers of {name} must sum to 1"
        faults.append(Fault(f"{place}.share", rule, together))
    faults += [
        Fault(f"{here}.max_share", f"must be at least share {row.share:g}", row.max_share)
        for here, row in rows
        if row.max_share < row.share
    ]
    first: dict[tuple[str, str], str] = {}
    for here, row in rows:
        there = first.setdefault((row.mode, row.country), here)
        if there != here:
            rule = f"is a supplier of {name} in {row.country} already in {there} (told apart by {MODE} characters)"
            faults.append(Fault(f"{here}.supplier", rule, row.supplier))
    return Part(
        name,
        _agreed(rows, "commodity", faults) or name,
        tuple(supplier for _, supplier in rows),
        tuple(here for here, _ in rows),
        stock or 0.0,
        _agreed(rows, "qualify_days", faults),
        _agreed(rows, "shift_days", faults),
        _agreed(rows, "per_day", faults),
    )


def _agreed(rows: Sequence[tuple[str, Supplier]], field: str, faults: list[Fault]) -> Any:
    """What the rows of a part that say anything say together."""
    said = None
    for place, supplier in rows:
        value = getattr(supplier, field)
        if value is None or value == "":
            continue
        if said is None:
            said = place, value
        elif value != said[1]:
            rule = f"must agree within a part: {said[0]} says {said[1]!r}"
            faults.append(Fault(f"{place}.{field}", rule, value))
    return None if said is None else said[1]
