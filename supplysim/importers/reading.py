"""Large tables of others, row by row, with the line of each."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.files.reading import MOST_FAULTS, at
from supplysim.model.countries import COUNTRIES, country_rows

__all__ = [
    "Notes",
    "check_country",
    "country_codes",
    "country_of",
    "node_name",
    "plain",
    "read_rows",
]

Headings = Mapping[str, Sequence[str]]
"""For each field the headings that it may have, plain (see `plain`)."""


class Notes:
    """What is wrong with rows, and how many of them were left out for which reason."""

    def __init__(self, path: Path) -> None:
        self.path, self.faults, self.left_out = path, list[Fault](), dict[str, int]()

    def refuse(self, line: int, field: str, rule: str, value: object = None) -> None:
        """Note a fault; the first thousand are told."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(f"{at(self.path.name, line)}.{field}", rule, value))

    def leave_out(self, reason: str) -> None:
        """Count a row that is right, and not wanted."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def check(self, what: str) -> None:
        """Refuse the file if anything is wrong."""
        if self.faults:
            raise InvalidInput(self.faults, what=what, file=self.path)

    def number(self, line: int, field: str, text: str) -> float | None:
        """A number that is not below 0, or None where the cell says that there is none."""
        if text in ("", "NA", "NaN", "nan", "N/A", "NULL"):
            return None
        try:
            value = float(text)
        except ValueError:
            self.refuse(line, field, "must be a number", text)
            return None
        if not 0.0 <= value < float("inf"):
            self.refuse(line, field, "must be a number from 0 on", text)
            return None
        return value


def plain(heading: str) -> str:
    """A heading without case, spaces and signs.

    >>> plain("Trade Value (US$)")
    'tradevalueus'
    """
    return re.sub(r"[^a-z0-9]", "", heading.lower())


def read_rows(
    path: Path, headings: Headings, asked: Sequence[str], notes: Notes
) -> Iterator[tuple[int, list[str]]]:
    """The cells of some fields, in their order, with the line of each row; a field that is not there is blank.

    The file may be of any size: it is never held as a whole. Text that is no UTF-8 is read as Latin-1, as some
    statistics offices write it; cells beyond the header are theirs, too, and dropped.
    """
    if not path.is_file():
        rule = "must be an ordinary file" if path.exists() else "no such file"
        raise InvalidInput([Fault("", rule)], what="table", file=path)
    with path.open(encoding=_encoding(path), newline="") as file:
        reader = csv.reader(file)
        try:
            header = [plain(cell) for cell in next(reader, [])]
            columns = [
                next((header.index(h) for h in hs if h in header), -1) for hs in headings.values()
            ]
            for field, column in zip(headings, columns, strict=True):
                if field in asked and column < 0:
                    rule = (
                        f"the table needs this column, called one of {', '.join(headings[field])}"
                    )
                    notes.refuse(1, field, rule)
            notes.check("table")
            least = max(columns) + 1
            for cells in reader:
                if len(cells) >= least:
                    yield reader.line_num, [cells[c].strip() if c >= 0 else "" for c in columns]
                elif cells:
                    notes.refuse(
                        reader.line_num, "", f"must have at least {least} cells", len(cells)
                    )
        except csv.Error as error:
            notes.refuse(reader.line_num, "", f"is not CSV: {error}")
    notes.check("table")


def _encoding(path: Path) -> str:
    """UTF-8 if all of it is, else Latin-1, in which everything is something."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while part := file.read(1 << 20):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8-sig"


def country_codes() -> dict[str, str]:
    """Two-letter codes by two-letter, three-letter and numeric codes, those of UN trade statistics among them.

    ISO 3166-1, with the numbers by which UN Comtrade and BACI mean CH, FR, IN, IT, NO, US, and TW ("Other Asia, not
    elsewhere specified").

    >>> codes = country_codes()
    >>> codes["DEU"], codes["276"], codes["842"], codes["JP"]
    ('DE', 'DE', 'US', 'JP')
    """
    found = {code: code for code in COUNTRIES}
    for row in country_rows():
        for key in (row["iso3"], row["numeric"].lstrip("0")):
            if key:
                found[key] = row["code"]
    return found


def country_of(codes: Mapping[str, str], text: str) -> str | None:
    """The country that a code means; numbers may have leading zeros."""
    return codes.get(text.lstrip("0") if text.isdigit() else text.upper())


def node_name(*parts: str) -> str:
    """A name that a network takes, of parts that may hold anything.

    >>> node_name("DE", "Motor vehicles, trailers | parts")
    'DE Motor vehicles trailers parts'
    """
    words = re.sub(r"[|,;\s]+", " ", " ".join(parts)).split()
    return " ".join(words)[:80].strip()


def check_country(code: str, path: str) -> list[Fault]:
    """A fault, if a code is none of a country."""
    if code in COUNTRIES:
        return []
    rule = f"unknown country; use ISO 3166-1 alpha-2 ({nearest(code.upper(), COUNTRIES)})"
    return [Fault(path, rule, code)]
