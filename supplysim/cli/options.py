"""What commands have in common: their options, and the names that a tab completes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Central",
    "EngineName",
    "Horizon",
    "Network",
    "NetworkName",
    "Out",
    "Replications",
    "ScenarioName",
    "ScenarioNames",
    "Seed",
    "Workers",
]


def _scenarios(incomplete: str) -> list[str]:
    """Bundled scenarios, and TOML files, that begin like this."""
    from supplysim import catalogue

    return [*_like(catalogue.scenarios(), incomplete), *_paths(incomplete, folders=False)]


def _networks(incomplete: str) -> list[str]:
    """Bundled networks, and TOML files and folders, that begin like this."""
    from supplysim import catalogue

    return [*_like(catalogue.networks(), incomplete), *_paths(incomplete, folders=True)]


def _like(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _paths(incomplete: str, *, folders: bool) -> list[str]:
    """TOML files in reach of what was typed; the folders on the way end in a slash."""
    head, _, begin = incomplete.rpartition("/")
    within = Path(head or ("/" if incomplete.startswith("/") else "."))
    prefix = f"{head}/" if "/" in incomplete else ""
    try:
        entries = sorted(within.iterdir())
    except OSError:
        return []
    found = []
    for entry in entries:
        if not entry.name.startswith(begin) or (entry.name.startswith(".") and not begin):
            continue
        if entry.suffix == ".toml":
            found.append(prefix + entry.name)
        elif entry.is_dir():
            network = folders and (entry / "network.toml").is_file()
            found.append(prefix + entry.name + ("" if network else "/"))
    return found


def _engines(incomplete: str) -> list[str]:
    return _like(("auto", "compiled", "simpy"), incomplete)


ScenarioName = Annotated[
    str, typer.Argument(help="A bundled scenario, or a TOML file.", autocompletion=_scenarios)
]
ScenarioNames = Annotated[
    list[str],
    typer.Argument(help="Bundled scenarios, or TOML files.", autocompletion=_scenarios),
]
NetworkName = Annotated[
    str | None,
    typer.Argument(help="A bundled network, folder or file.", autocompletion=_networks),
]
Network = Annotated[
    str | None,
    typer.Option(
        help="A bundled network, folder or file, in place of the scenario's.",
        autocompletion=_networks,
    ),
]
Replications = Annotated[int | None, typer.Option(min=1, help="How many runs of each kind.")]
Horizon = Annotated[int | None, typer.Option(min=1, help="Days from the scenario's start.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Fixes all draws.")]
EngineName = Annotated[
    str,
    typer.Option(help="auto, simpy or compiled; the answer is the same.", autocompletion=_engines),
]
Central = Annotated[
    bool,
    typer.Option("--central", help="Take uncertain figures as they are given; do not draw them."),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Folder for the results; default: out/NAME. Only an earlier run is replaced."
    ),
]
