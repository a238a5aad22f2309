"""A network from a folder of tables or from one TOML file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from supplysim.errors import Fault, InvalidInput
from supplysim.files.folder import HEAD, read_folder
from supplysim.files.places import evidence_faults, evidence_of, relocated, toml_places
from supplysim.files.readable import validated
from supplysim.files.reading import is_folder, read_toml, refusing
from supplysim.model import Network

__all__ = ["is_network", "load_network"]


def load_network(path: Path | str) -> Network:
    """The network of a folder of tables (or its ``network.toml``), or of one ``.toml`` file.

    Refuses a broken one with everything that is wrong in all its tables, each by file, line and column.

    >>> load_network("no-such-folder")
    Traceback (most recent call last):
    ...
    supplysim.errors.InvalidInput: no-such-folder: network refused, 1 fault:
      must be a folder with network.toml and tables, or a .toml file
    """
    path = Path(path)
    if is_folder(path):
        return read_folder(path)
    if _is_head(path):
        return read_folder(path.parent)
    with refusing("network", path):
        if path.suffix != ".toml":
            rule = f"must be a folder with {HEAD} and tables, or a .toml file"
            raise InvalidInput([Fault("", rule)])
        return _read_file(path)


def is_network(path: Path) -> bool:
    """Whether a path holds a network and not a scenario: only networks have commodities.

    Whatever cannot be read is left to the loaders to refuse.
    """
    if is_folder(path) or _is_head(path):
        return True
    return path.suffix == ".toml" and "commodities" in read_toml(path)


def _is_head(path: Path) -> bool:
    return path.name == HEAD and path.with_name("commodities.csv").exists()


def _read_file(path: Path) -> Network:
    data = read_toml(path)
    try:
        network = validated(Network, data)
    except InvalidInput as error:
        raise InvalidInput(relocated(error.faults, toml_places(data))) from None
    places = toml_places(data)
    faults = [
        dataclasses.replace(fault, path=f"{places[table, name]}.evidence.{fault.path}")
        for table, name, evidence in evidence_of(network)
        for fault in evidence_faults(evidence, network.sources)
    ]
    if faults:
        raise InvalidInput(faults)
    return network
