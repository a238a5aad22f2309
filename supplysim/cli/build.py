"""``supplysim build`` and ``supplysim figures``: from figures to a network of one's own."""

from __future__ import annotations

import shutil
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from supplysim import calibration, catalogue
from supplysim.cli.folder import building
from supplysim.cli.show import plain_table, stdout
from supplysim.errors import Fault, InvalidInput
from supplysim.files import save_network

__all__ = ["build_and_tell", "copy_figures"]

SHOWN = 12


def build_and_tell(figures: str, out: Path) -> None:
    """Build the network of some figures, save it, and print what balancing moved most."""
    folder = Path(figures)
    if not folder.exists():
        folder = catalogue.figures_path(figures)
    network, balanced = calibration.build_network(folder)
    save_network(network, out)
    moves, worst = balanced.moves(), balanced.worst()
    told = moves.head(SHOWN).to_dict("records")
    plain_table(
        "Moved most",
        ("figure", "given", "balanced", "sd moved", "confidence", "source"),
        [(m["name"], *_moved(m), m["confidence"], m["source"]) for m in told],
        right=("given", "balanced", "sd moved"),
    )
    plain_table(
        "Worst balances",
        ("balance", "missed by", "sd", "sd missed"),
        [
            (b["name"], _short(b["imbalance"]), _short(b["sd"]), f"{b['sigmas']:+.1f}")
            for b in worst.head(SHOWN).to_dict("records")
        ],
        right=("missed by", "sd", "sd missed"),
    )
    text = f"{len(network.sites)} sites, {len(network.lanes)} lanes, {len(moves)} figures"
    unused = len(balanced.system.unused)
    text += f" ({unused} more speak of nothing here)" if unused else ""
    stdout().print(f"{network.name}: {text}\nThe network is in {out}", markup=False, soft_wrap=True)


def copy_figures(network: str, out: Path) -> None:
    """Copy a bundled network's figures to a new folder, which appears whole or not at all."""
    source = catalogue.figures_path(network)
    if out.exists():
        rule = "is there already; choose another folder"
        raise InvalidInput([Fault("out", rule, str(out))], what="figures")
    with building(out.absolute()) as fresh:
        shutil.copytree(source, fresh, dirs_exist_ok=True)
    text = f"The figures are in {out}; change or add rows, then: supplysim build {out} --out FOLDER"
    stdout().print(text, markup=False, soft_wrap=True)


def _moved(move: dict[Hashable, Any]) -> tuple[str, str, str]:
    return _short(move["given"]), _short(move["reconciled"]), f"{move['sigmas']:+.1f}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"
