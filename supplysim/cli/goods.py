"""What a network is about: its goods, who makes them and who uses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from supplysim import catalogue, exposure
from supplysim.cli.show import plain_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["show_goods"]

MOST = 3


def show_goods(name: str) -> None:
    """Print a line for each commodity of a network: its yearly output, and the first countries that make and use it."""
    network = catalogue.load_network(name)
    flows = exposure.flows(network)
    made, used = (_by_country(flows, end) for end in ("origin", "importer"))
    rows = [
        (
            item.name,
            item.sector,
            f"{_rounded(sum(made.get(item.name, {}).values()))} {item.unit}",
            _first(made.get(item.name, {})),
            _first(used.get(item.name, {})),
        )
        for item in sorted(network.commodities, key=lambda item: (item.sector, item.name))
    ]
    title = f"{network.name}: {network.title}" if network.title else network.name
    columns = ("commodity", "sector", "made a year", "makers", "users")
    plain_table(title, columns, rows, right=("made a year",))


def _by_country(flows: pd.DataFrame, end: str) -> dict[str, dict[str, float]]:
    """By commodity and country at that end: units a year."""
    groups = flows.groupby("commodity")
    found: Any = {name: table.groupby(end)["quantity"].sum().to_dict() for name, table in groups}
    return dict(found)


def _rounded(value: float) -> str:
    """Four digits, without an exponent."""
    return f"{float(f'{value:.4g}'):,.15g}"


def _first(shares: Mapping[str, float]) -> str:
    total = sum(shares.values())
    if total <= 0.0:
        return ""
    largest = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    return ", ".join(f"{name} {part / total:.0%}" for name, part in largest if part > 0.005 * total)
