"""Checking a file of either kind, with all that hangs on it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from supplysim.errors import Fault, InvalidInput
from supplysim.files.inheritance import Find, beside
from supplysim.files.network import is_network, load_network
from supplysim.files.reading import exists, is_folder, refusing
from supplysim.files.scenario import load_scenario
from supplysim.model import Network
from supplysim.scenario import Scenario
from supplysim.timeline import lay_out

__all__ = ["check_file"]


def _beside(network: str, folder: Path) -> Path:
    place = folder / network
    if not exists(place):
        raise InvalidInput([Fault("", "no such file or folder", network)])
    return place


def check_file(
    path: Path | str, *, find: Find = _beside, find_scenario: Find = beside
) -> Network | Scenario:
    """Load a network or scenario, whichever it is; a scenario is laid out on its network, too.

    ``find`` gives the path of the network that a scenario in a folder names, ``find_scenario`` that of a scenario
    that it extends.

    >>> check_file("no-such-file.toml")
    Traceback (most recent call last):
    ...
    supplysim.errors.InvalidInput: no-such-file.toml: file refused, 1 fault:
      no such file
    """
    path = Path(path)
    with refusing("file", path):
        if not is_folder(path) and path.suffix != ".toml":
            raise InvalidInput([Fault("", "must be a folder of tables or a .toml file")])
        holds_network = is_network(path)
    if holds_network:
        return load_network(path)
    scenario = load_scenario(path, find=find_scenario)
    if scenario.network:
        network = _network(path, scenario, find)
        with refusing(f"scenario on network {network.name!r}", path):
            lay_out(network, scenario)
    return scenario


def _network(path: Path, scenario: Scenario, find: Find) -> Network:
    try:
        place = find(scenario.network, path.parent)
    except InvalidInput as error:
        faults = [dataclasses.replace(fault, path="network") for fault in error.faults]
        raise InvalidInput(faults, what="scenario", file=path) from None
    return load_network(place)
