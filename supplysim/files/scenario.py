"""Scenarios from and to TOML files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from supplysim.errors import Fault, InvalidInput
from supplysim.files.inheritance import Find, beside, merged, own_paths
from supplysim.files.readable import validated
from supplysim.files.reading import is_folder, parse_toml, read_toml, refusing
from supplysim.files.saving import put_file, toml_text
from supplysim.files.tables import cell_text
from supplysim.model.distributions import DISTRIBUTIONS
from supplysim.model.policies import POLICIES, STOCKS
from supplysim.scenario import Scenario

__all__ = ["load_scenario", "save_scenario"]


def load_scenario(path: Path | str, *, find: Find = beside) -> Scenario:
    """The scenario of a TOML file, or every fault in it by its path, like ``measures[0].begins``.

    A file with ``extends = "other"`` starts from that scenario, which ``find`` gives (default: the file of that name
    beside it): what it gives replaces what the other says; its measures are added, or replace those of the same
    ``key``; ``without = ["key"]`` leaves some out. Title, description, article and history are never inherited.

    >>> load_scenario("no-such-file.toml")
    Traceback (most recent call last):
    ...
    supplysim.errors.InvalidInput: no-such-file.toml: scenario refused, 1 fault:
      no such file
    """
    path = Path(path)
    data = merged(path, find)
    with refusing("scenario", path):
        try:
            return validated(Scenario, data)
        except InvalidInput as error:
            own = read_toml(path).get("measures", [])
            raise InvalidInput(own_paths(error, data, own)) from None


def save_scenario(scenario: Scenario, path: Path | str) -> None:
    """Write a scenario as a TOML file without its defaults, in place of what is there.

    `load_scenario` reads it back to an equal one.

    >>> import tempfile
    >>> from supplysim.measures import ExportBan
    >>> ban = ExportBan(origin=["CN"], commodities=["gallium"], begins=29)
    >>> stop = Scenario(name="stop", measures=[ban])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_scenario(stop, f"{folder}/stop.toml")
    ...     load_scenario(f"{folder}/stop.toml") == stop
    True
    """
    path = Path(path).resolve()
    with refusing("saving a scenario", path):
        if is_folder(path) or not is_folder(path.parent):
            raise InvalidInput([Fault("", "must be a file in a folder that exists")])
        text = toml_text(_plain(scenario))
        if validated(Scenario, parse_toml(text)) != scenario:
            raise InvalidInput([Fault("", "would not read back to an equal scenario")])
        put_file(path, text)


_NOTED = (*DISTRIBUTIONS.values(), *POLICIES.values(), *STOCKS.values())


def _plain(value: Any) -> Any:
    """TOML data of a value: objects as tables without their defaults, durations in notation."""
    if isinstance(value, _NOTED):
        text = cell_text(value)
        return text if "(" in text else float(text)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field for field in dataclasses.fields(value) if field.init]
        items = {field.name: getattr(value, field.name) for field in fields}
        # a measure begins with its type, which is never left out
        tag = {"type": items["type"]} if "type" in items else {}
        kept = {f.name: items[f.name] for f in fields if items[f.name] != f.default}
        return {name: _plain(item) for name, item in (tag | kept).items()}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
