"""A folder of figures to a network: what ``supplysim build`` does."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from supplysim.calibration.balance import Balanced, balance
from supplysim.calibration.figures import read_figures
from supplysim.calibration.network import build
from supplysim.errors import Fault, InvalidInput
from supplysim.files.folder import Head
from supplysim.files.readable import validated
from supplysim.files.reading import is_folder, read_toml, refusing
from supplysim.model import Network

__all__ = ["HEAD", "build_network"]

HEAD = "figures.toml"
"""What the network is called: name, title, description, base_year."""


def build_network(folder: str | os.PathLike[str]) -> tuple[Network, Balanced]:
    """Read the figures of a folder, balance them, and build their network; also returns the balanced figures.

    The folder holds ``figures.toml`` (name, title, description, base_year) and the tables of
    `supplysim.calibration.rows`, in folders of their own if that helps, one a chain. Raises `InvalidInput` with all
    faults of the tables; or where no quantities obey all balances; or with the parameters that are missing.
    """
    path = Path(folder)
    if not is_folder(path):
        raise InvalidInput([Fault("", "no such folder")], what="figures", file=path)
    head = _head(path)
    balanced = balance(read_figures(path))
    with refusing("figures", path):
        network = build(
            balanced,
            name=head.name,
            title=head.title,
            description=head.description,
            base_year=head.base_year,
        )
    return network, balanced


def _head(folder: Path) -> Head:
    with refusing("figures", folder):
        data = read_toml(folder / HEAD, label=HEAD)
        try:
            return validated(Head, data)
        except InvalidInput as error:
            faults = [replace(fault, path=f"{HEAD}.{fault.path}") for fault in error.faults]
            raise InvalidInput(faults) from None
