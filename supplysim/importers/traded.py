"""What a table of trade becomes: shares, figures for a calibration, a network of lanes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from supplysim.errors import Fault, InvalidInput
from supplysim.importers.trade import TradeTable
from supplysim.model import (
    Citation,
    Commodity,
    DaysOfCover,
    Demand,
    Distribution,
    Evidence,
    Fixed,
    Lane,
    Network,
    Site,
)

if TYPE_CHECKING:
    import pandas as pd
from supplysim.model.fields import YEAR

__all__ = ["shares", "trade_figures", "trade_network"]

SOURCE = "trade"


def shares(
    table: TradeTable,
    by: Literal["importer", "exporter"] = "importer",
    of: Literal["quantity", "value"] = "quantity",
) -> pd.DataFrame:
    """Who supplies whom: each flow as a share of its importer's imports (or of its exporter's exports).

    Columns year, hs6, exporter, importer, share. Flows of unknown quantity have none and count for nothing.

    >>> import pandas as pd
    >>> flows = {"year": 2022, "hs6": "280461", "exporter": "CN", "importer": ["DE", "JP"]}
    >>> flows |= {"quantity": [300.0, 200.0], "value": [9e5, 6e5], "estimated": False}
    >>> table = TradeTable(pd.DataFrame(flows), {}, "made up")
    >>> shares(table, by="exporter")["share"].tolist()
    [0.6, 0.4]
    """
    for name, given, known in (
        ("by", by, ("importer", "exporter")),
        ("of", of, ("quantity", "value")),
    ):
        if given not in known:
            raise InvalidInput(
                [Fault(name, f"must be one of {', '.join(known)}", given)], what="shares"
            )
    flows = table.flows
    whole = flows.groupby(["year", "hs6", by])[of].transform("sum")
    return flows[["year", "hs6", "exporter", "importer"]].assign(share=flows[of] / whole)


def trade_figures(
    table: TradeTable, names: Mapping[str, str], *, source: str = SOURCE
) -> pd.DataFrame:
    """The flows as the rows of a ``trade.csv`` that `supplysim.calibration` reads.

    ``names`` gives the commodity of each product code; several codes of one commodity are summed, others left out.
    Quantities are tonnes a year. Save with ``.to_csv("trade.csv", index=False)``.

    >>> import pandas as pd
    >>> flows = {"year": 2022, "hs6": "280461", "exporter": "CN", "importer": ["DE", "JP"]}
    >>> flows |= {"quantity": [300.0, 200.0], "value": [9e5, 6e5], "estimated": False}
    >>> table = TradeTable(pd.DataFrame(flows), {}, "made up")
    >>> trade_figures(table, {"280461": "silicon"})[["exporter", "importer", "quantity"]].values.tolist()
    [['CN', 'DE', 300.0], ['CN', 'JP', 200.0]]
    """
    import pandas as pd

    rows = _by_commodity(table.flows, names)
    return pd.DataFrame(
        {
            "commodity": rows["commodity"],
            "exporter": rows["exporter"],
            "importer": rows["importer"],
            "quantity": rows["quantity"],
            "year": rows["year"],
            "unit": "t/yr",
            "confidence": rows["estimated"].map({True: "derived", False: "read"}),
            "low": "",
            "high": "",
            "source": source,
            "note": [_note(*row) for row in zip(rows["hs6"], rows["estimated"], strict=True)],
        }
    )


def _note(codes: str, estimated: bool) -> str:
    return f"HS {codes}" + ("; some of it from the value, at the mean price" if estimated else "")


def trade_network(
    table: TradeTable,
    *,
    names: Mapping[str, str] | None = None,
    year: int | None = None,
    name: str = "trade",
    lead_time: Distribution | float = 30.0,
    cover: float = 30.0,
    utilisation: float = 0.8,
) -> Network:
    """A network that runs: by commodity a site for each exporter, a demand for each importer, and the lanes between.

    The demands are the imports (what a country makes for itself is in no trade table), in tonnes a day of ``year``
    (which may be left out if the table has only one). ``names`` gives commodities by product code; without it each
    product is one, called ``hs`` and its code. ``lead_time``, ``cover`` (days of stock of the importers) and
    ``utilisation`` of the exporters are assumptions that no trade table holds.

    >>> import pandas as pd
    >>> flows = {"year": 2022, "hs6": "280461", "exporter": "CN", "importer": ["DE", "JP"]}
    >>> flows |= {"quantity": [300.0, 200.0], "value": [9e5, 6e5], "estimated": False}
    >>> table = TradeTable(pd.DataFrame(flows), {}, "made up")
    >>> [demand.country for demand in trade_network(table, names={"280461": "silicon"}).demands]
    ['DE', 'JP']
    """
    flows = _of_year(table, year)
    year = int(flows["year"].iloc[0])
    goods = {code: f"hs{code}" for code in flows["hs6"]} if names is None else names
    rows = _by_commodity(flows[flows["quantity"] > 0.0], goods)
    if rows.empty:
        rule = "hold no quantity of these products"
        raise InvalidInput([Fault("flows", rule)], what="trade network")
    wait = Fixed(float(lead_time)) if isinstance(lead_time, int | float) else lead_time
    makes = rows[["commodity", "exporter"]].drop_duplicates().itertuples(index=False)
    return Network(
        name=name,
        title=f"Trade of {', '.join(sorted(set(rows['commodity']))[:5])}, {year}",
        base_year=year,
        commodities=[_commodity(str(good), part) for good, part in rows.groupby("commodity")],
        sites=[_exporter(str(good), str(origin), utilisation) for good, origin in makes],
        demands=[
            _importer(str(good), str(country), float(part["quantity"].sum()), cover)
            for (good, country), part in rows.groupby(["commodity", "importer"])
        ],
        lanes=[_lane(row, wait) for row in rows.to_dict("records")],
        sources={SOURCE: Citation(f"Trade table {table.source}", year=year)},
    )


def _by_commodity(flows: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Flows of known quantity by commodity, codes of one commodity together, and their shares of its imports."""
    named = flows.assign(commodity=flows["hs6"].map(dict(names)))
    named = named.dropna(subset=["commodity", "quantity"])
    found = named.groupby(["commodity", "exporter", "importer", "year"], as_index=False).agg(
        {"quantity": "sum", "value": "sum", "estimated": "any", "hs6": _codes}
    )
    whole = found.groupby(["commodity", "importer", "year"])["quantity"].transform("sum")
    return found.assign(share=found["quantity"] / whole)


def _codes(values: pd.Series[str]) -> str:
    return ";".join(sorted(set(values)))


def _commodity(good: str, rows: pd.DataFrame) -> Commodity:
    codes = sorted({code for text in rows["hs6"] for code in text.split(";")})
    price = float(rows["value"].sum() / rows["quantity"].sum())
    return Commodity(
        good, price=price, hs=";".join(codes), evidence=_evidence("derived", "value / quantity")
    )


def _exporter(good: str, origin: str, utilisation: float) -> Site:
    evidence = _evidence("assumed", f"utilisation {utilisation:g} (0.6-0.95)")
    return Site(
        f"{origin} {good}", country=origin, makes=good, utilisation=utilisation, evidence=evidence
    )


def _importer(good: str, country: str, whole: float, cover: float) -> Demand:
    return Demand(
        f"{country} {good} use",
        country=country,
        commodity=good,
        rate=whole / YEAR,
        policy=DaysOfCover(cover),
        evidence=_evidence(
            "derived", f"imports of {whole:.6g} t a year; {cover:g} days of stock assumed"
        ),
    )


def _lane(row: Mapping[Hashable, Any], wait: Distribution) -> Lane:
    good = row["commodity"]
    return Lane(
        f"{row['exporter']} {good}",
        f"{row['importer']} {good} use",
        share=float(row["share"]),
        lead_time=wait,
        evidence=_evidence("derived", _note(row["hs6"], row["estimated"])),
    )


def _of_year(table: TradeTable, year: int | None) -> pd.DataFrame:
    years = sorted(set(table.flows["year"]))
    if year is None and len(years) == 1:
        year = years[0]
    if year not in years:
        rule = f"must be one of {', '.join(map(str, years)) or 'none: the table is empty'}"
        raise InvalidInput([Fault("year", rule, year)], what="trade network")
    return table.flows[table.flows["year"] == year]


def _evidence(confidence: Literal["read", "derived", "assumed"], note: str) -> Evidence:
    return Evidence(source=SOURCE, confidence=confidence, note=note)
