"""A folder of figures to a network: what ``supplysim build`` does."""

from __future__ import annotations

import os
from dataclasses import KW_ONLY, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from supplysim.calibration.balance import Balanced, balance
from supplysim.calibration.figures import read_figures
from supplysim.calibration.network import build
from supplysim.errors import Fault, InvalidInput
from supplysim.files.folder import Head
from supplysim.files.readable import validated
from supplysim.files.reading import is_folder, read_toml, refusing
from supplysim.model import Network
from supplysim.model.countries import Country
from supplysim.model.fields import frozen

__all__ = ["HEAD", "build_network"]

HEAD = "figures.toml"
"""What the network is called and about."""


def build_network(folder: str | os.PathLike[str]) -> tuple[Network, Balanced]:
    """Read the figures of a folder, balance them, and build their network; also returns the balanced figures.

    The folder holds ``figures.toml`` (name, title, description, base_year; ``focus``, the countries that the network is
    about, see `balance`) and the tables of `supplysim.calibration.rows`, in folders of their own if that helps, one a
    chain. Raises `InvalidInput` with all faults of the tables; or where no quantities obey all balances; or with the
    parameters that are missing.

    >>> from supplysim import catalogue
    >>> network, balanced = build_network(catalogue.figures_path("jp-de-cn-2022"))
    >>> network.name
    'jp-de-cn-2022'
    """
    path = Path(folder)
    if not is_folder(path):
        raise InvalidInput([Fault("", "no such folder")], what="figures", file=path)
    head = _head(path)
    balanced = balance(read_figures(path), focus=head.focus)
    with refusing("figures", path):
        network = build(
            balanced,
            name=head.name,
            title=head.title,
            description=head.description,
            base_year=head.base_year,
        )
    return network, balanced


@frozen
class _Head(Head):
    """What ``figures.toml`` says: of the network, and which countries it is about."""

    _: KW_ONLY
    focus: Annotated[tuple[Country, ...], Field(strict=False)] = ()


def _head(folder: Path) -> _Head:
    with refusing("figures", folder):
        data = read_toml(folder / HEAD, label=HEAD)
        try:
            return validated(_Head, data)
        except InvalidInput as error:
            faults = [replace(fault, path=f"{HEAD}.{fault.path}") for fault in error.faults]
            raise InvalidInput(faults) from None
