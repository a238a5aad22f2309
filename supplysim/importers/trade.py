"""Trade statistics: tables of BACI and UN Comtrade to one tidy table of flows between countries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from supplysim.errors import Fault, InvalidInput
from supplysim.importers.reading import Notes, country_codes, country_of, read_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["REST", "TradeTable", "read_baci", "read_comtrade"]

REST = "ZZ"
"""The rest of the world: all countries that are not kept apart."""
MOST_FLOWS = 2_000_000
"""Flows of one table; more do not make a network that anybody reads."""
KEY = ["year", "hs6", "exporter", "importer"]


@dataclass(frozen=True, eq=False)
class TradeTable:
    """Flows between countries.

    ``flows`` has the columns year, hs6 (text of six digits), exporter and importer (ISO alpha-2, ``ZZ``: the rest),
    quantity (t; not a number where nothing is known), value (USD) and estimated (whether some of the quantity comes
    from the value, at the mean price of that product and year). ``left_out`` counts rows of the file by the reason for
    which they are not in it. ``source`` is the file's name.

    >>> import pandas as pd
    >>> flows = {"year": 2022, "hs6": "280461", "exporter": "CN", "importer": ["DE", "JP"]}
    >>> flows |= {"quantity": [300.0, 200.0], "value": [9e5, 6e5], "estimated": False}
    >>> table = TradeTable(pd.DataFrame(flows), {}, "made up")
    >>> table.flows[["exporter", "importer", "quantity"]].values.tolist()
    [['CN', 'DE', 300.0], ['CN', 'JP', 200.0]]
    """

    flows: pd.DataFrame
    left_out: Mapping[str, int]
    source: str


@dataclass(frozen=True)
class _Flow:
    year: int
    hs6: str
    exporter: str
    importer: str
    quantity: float | None
    value: float | None


def read_baci(
    path: Path | str,
    *,
    countries: Collection[str] = (),
    codes: Collection[str] = (),
    country_table: Path | str | None = None,
) -> TradeTable:
    """The flows of a BACI file (``BACI_HS22_Y2022_V202501.csv``: columns t, i, j, k, v, q).

    Only products that begin with one of ``codes`` are read (empty: all); other ``countries`` than these become ``ZZ``
    (empty: none does). Numbers of countries are looked up in ``country_table``, the ``country_codes_V*.csv`` of the
    same download (looked for beside the file), then in ISO 3166-1. Thousand USD become USD.

    Raises `InvalidInput` with file and line of every cell that cannot be read.

    >>> import tempfile
    >>> lines = "t,i,j,k,v,q\\n2022,156,276,280461,900,300\\n2022,156,392,280461,600,200\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "BACI_HS22_Y2022_V202501.csv"
    ...     _ = file.write_text(lines)
    ...     table = read_baci(file)
    >>> table.flows[["exporter", "importer", "quantity"]].values.tolist()
    [['CN', 'DE', 300.0], ['CN', 'JP', 200.0]]
    """
    path = Path(path)
    notes = Notes(path)
    known = country_codes() | _country_table(path, country_table)
    headings = {name: (name,) for name in "tijkvq"}
    found = []
    for line, (year, exporter, importer, product, value, quantity) in read_rows(
        path, headings, "tijkvq", notes
    ):
        hs6 = product.strip("'").zfill(6)
        if codes and not hs6.startswith(tuple(codes)):
            continue
        worth = notes.number(line, "v", value)
        places = _places(known, exporter, importer, notes)
        if places is None:
            continue
        when = _year(line, "t", year, notes)
        thousands = None if worth is None else 1000.0 * worth
        found.append(_Flow(when, hs6, *places, notes.number(line, "q", quantity), thousands))
        _check_size(found, path)
    return _table(found, countries, notes)


def _country_table(path: Path, given: Path | str | None) -> dict[str, str]:
    """Two-letter codes by BACI's numbers."""
    beside = sorted(path.parent.glob("country_codes_V*.csv"))
    if given is None and not beside:
        return {}
    place = Path(given) if given is not None else beside[-1]
    notes = Notes(place)
    headings = {"code": ("countrycode",), "iso2": ("countryiso2", "iso2digitalpha")}
    standard = country_codes()
    rows = read_rows(place, headings, ("code", "iso2"), notes)
    return {code.lstrip("0"): iso2 for _, (code, iso2) in rows if standard.get(iso2) == iso2}


COMTRADE = {
    "year": ("refyear", "year"),
    "flow": ("flowcode", "tradeflow", "flowdesc", "tradeflowcode"),
    "reporter": ("reporteriso", "reportercode"),
    "partner": ("partneriso", "partnercode"),
    "product": ("cmdcode", "commoditycode"),
    "weight": ("netwgt", "netweightkg"),
    "value": ("primaryvalue", "tradevalueus"),
    "partner2": ("partner2code", "2ndpartnercode"),
    "customs": ("customscode", "customsproccode"),
    "transport": ("motcode", "modeoftransportcode"),
}
"""Fields by their headings in the present and in the classic downloads."""
ASKED = ("year", "flow", "reporter", "partner", "product", "value")
IMPORT, EXPORT = ("m", "import", "imports", "1"), ("x", "export", "exports", "2")
TOTALS = {"partner2": ("", "0"), "customs": ("", "C00"), "transport": ("", "0")}


def read_comtrade(
    path: Path | str,
    *,
    countries: Collection[str] = (),
    codes: Collection[str] = (),
    side: Literal["both", "import", "export"] = "both",
) -> TradeTable:
    """The flows of a UN Comtrade download, with its present headings or the classic ones.

    Countries report what they import and what they export. ``side`` chooses; ``both`` takes what the importer says and,
    where it says nothing, what the exporter does. Re-exports and re-imports are in these already and left out, and so
    are totals over products or partners, and rows that split a total by customs procedure, transport or second partner.
    ``countries`` and ``codes`` as for `read_baci`. Kilograms become tonnes.

    >>> read_comtrade("no such file.csv")
    Traceback (most recent call last):
    ...
    supplysim.errors.InvalidInput: no such file.csv: table refused, 1 fault:
      no such file
    """
    if side not in ("both", "import", "export"):
        rule = "must be both, import or export"
        raise InvalidInput([Fault("side", rule, side)], what="read_comtrade")
    path = Path(path)
    notes = Notes(path)
    known = country_codes()
    reports: dict[str, list[_Flow]] = {"import": [], "export": []}
    for line, cells in read_rows(path, COMTRADE, ASKED, notes):
        row = dict(zip(COMTRADE, cells, strict=True))
        kind = _kind(row, notes)
        hs6 = row["product"].strip("'")
        if kind is None or (codes and not hs6.startswith(tuple(codes))):
            continue
        if len(hs6) != 6 or not hs6.isdigit():
            notes.leave_out("no product of six digits")
            continue
        places = _places(known, row["reporter"], row["partner"], notes)
        if places is None:
            continue
        weight = notes.number(line, "weight", row["weight"])
        tonnes = None if not weight else weight / 1000.0  # 0 stands for unknown there
        ends = places if kind == "export" else (places[1], places[0])
        value = notes.number(line, "value", row["value"])
        reports[kind].append(
            _Flow(_year(line, "year", row["year"], notes), hs6, *ends, tonnes, value)
        )
        _check_size(reports[kind], path)
    return _table(list(_one_side(reports, side, notes)), countries, notes)


def _kind(row: Mapping[str, str], notes: Notes) -> str | None:
    """Whether a row is an import or an export; None if it is a part of another row."""
    flow = row["flow"].lower()
    if flow not in (*IMPORT, *EXPORT):
        notes.leave_out("re-exports, re-imports and other flows")
        return None
    for field, totals in TOTALS.items():
        if row[field] not in totals:
            notes.leave_out("parts of a total (by procedure, transport or second partner)")
            return None
    return "import" if flow in IMPORT else "export"


def _one_side(reports: Mapping[str, list[_Flow]], side: str, notes: Notes) -> Iterator[_Flow]:
    first, second = ("export", "import") if side == "export" else ("import", "export")
    yield from reports[first]
    told = {(f.year, f.hs6, f.exporter, f.importer) for f in reports[first]}
    for flow in reports[second]:
        if side == "both" and (flow.year, flow.hs6, flow.exporter, flow.importer) not in told:
            yield flow
        else:
            notes.leave_out("the other side's report of a flow")


# --- what both share -----------------------------------------------------------------------------


def _places(known: Mapping[str, str], one: str, other: str, notes: Notes) -> tuple[str, str] | None:
    """The two countries of a flow, unless one is none."""
    found = [country_of(known, code) for code in (one, other)]
    for code, place in zip((one, other), found, strict=True):
        if place is None:
            world = code in ("0", "W00", "WLD", "World")
            notes.leave_out("the world as a partner" if world else f"no country: {code}")
            return None
    return found[0], found[1]  # type: ignore[return-value]


def _year(line: int, field: str, text: str, notes: Notes) -> int:
    if not (text.isdigit() and len(text) == 4):
        notes.refuse(line, field, "must be a year such as 2022", text)
        return 0
    return int(text)


def _check_size(found: Collection[_Flow], path: Path) -> None:
    if len(found) > MOST_FLOWS:
        rule = f"holds more than {MOST_FLOWS:,} flows of what is asked for; give codes"
        raise InvalidInput([Fault("", rule)], what="trade table", file=path)


def _table(found: list[_Flow], countries: Collection[str], notes: Notes) -> TradeTable:
    import pandas as pd

    notes.check("trade table")
    columns = [*KEY, "quantity", "value"]
    flows = pd.DataFrame([[getattr(f, c) for c in columns] for f in found], columns=columns)
    flows = flows.astype({"quantity": float, "value": float})
    if countries:
        for end in ("exporter", "importer"):
            flows[end] = flows[end].where(flows[end].isin(list(countries)), REST)
    inside = flows["exporter"] == flows["importer"]
    if inside.any():
        notes.left_out["within one country, or within the rest"] = int(inside.sum())
    flows = _priced(flows[~inside])
    summed = flows.groupby(KEY, as_index=False).agg(
        {"quantity": _all_known, "value": "sum", "estimated": "any"}
    )
    unknown = int(summed["quantity"].isna().sum())
    if unknown:
        notes.left_out["flows without quantity and price (kept with none)"] = unknown
    return TradeTable(summed, dict(notes.left_out), notes.path.name)


def _all_known(values: pd.Series) -> float:
    """The sum, unless one of it is unknown."""
    return float(values.sum(skipna=False))


def _priced(flows: pd.DataFrame) -> pd.DataFrame:
    """Quantities that are missing, at the mean price of the product in the year."""
    both = flows[flows["quantity"].gt(0.0) & flows["value"].gt(0.0)]
    sums = both.groupby(["year", "hs6"])[["quantity", "value"]].sum()
    price = (sums["value"] / sums["quantity"]).rename("price").reset_index()
    made = flows.merge(price, on=["year", "hs6"], how="left")
    missing = made["quantity"].isna() & made["price"].notna() & made["value"].notna()
    made["estimated"] = missing
    made.loc[missing, "quantity"] = made["value"] / made["price"]
    return made.drop(columns="price")
