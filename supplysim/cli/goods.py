"""What a network is about: its goods, who makes them and who uses them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from supplysim import catalogue
from supplysim.cli.show import plain_table
from supplysim.model import Network

__all__ = ["show_goods"]

YEAR = 365.0
MOST = 3


def show_goods(name: str) -> None:
    """Print a line for each commodity of a network: its yearly output, and the first countries that make and use it."""
    network = catalogue.load_network(name)
    made, used = _by_country(network)
    rows = [
        (
            item.name,
            item.sector,
            f"{_rounded(YEAR * sum(made[item.name].values()))} {item.unit}",
            _first(made[item.name]),
            _first(used[item.name]),
        )
        for item in sorted(network.commodities, key=lambda item: (item.sector, item.name))
    ]
    title = f"{network.name}: {network.title}" if network.title else network.name
    columns = ("commodity", "sector", "made a year", "makers", "users")
    plain_table(title, columns, rows, right=("made a year",))


def _by_country(
    network: Network,
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """By commodity and country: output a day, and use a day by plants and final users."""
    flow = network.baseline()
    made: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    used: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for site in network.sites:
        made[site.makes][site.country] += flow.output[site.name]
        for commodity, recipe in site.inputs.items():
            used[commodity][site.country] += recipe.per_unit * flow.output[site.name]
    for demand in network.demands:
        used[demand.commodity][demand.country] += demand.rate
    return made, used


def _rounded(value: float) -> str:
    """Four digits, without an exponent."""
    return f"{float(f'{value:.4g}'):,.15g}"


def _first(shares: Mapping[str, float]) -> str:
    total = sum(shares.values())
    if total <= 0.0:
        return ""
    largest = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    return ", ".join(f"{name} {part / total:.0%}" for name, part in largest if part > 0.005 * total)
