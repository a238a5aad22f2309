"""What ``supplysim new`` writes: a small network with comments, a scenario, and an answer to it."""

from __future__ import annotations

import re
import shutil
import tempfile
from importlib import resources
from pathlib import Path

from supplysim.errors import Fault, InvalidInput

__all__ = ["FILES", "start"]

FILES = ("network.toml", "stop.toml", "reserve.toml")


def start(name: str) -> Path:
    """Write the files into a new folder ``name``, whole or not at all; refuses one that is there already."""
    folder = Path(name).expanduser().absolute()
    rule = ""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", folder.name):
        rule = "must begin with a letter or digit, and hold letters, digits, '-', '_' and '.' alone"
    elif folder.exists():
        rule = "is there already; it is kept"
    if rule:
        raise InvalidInput([Fault("NAME", rule, name)], what="new")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as parent:
        fresh = Path(parent) / folder.name
        fresh.mkdir()
        for file in FILES:
            text = resources.files("supplysim.cli.start").joinpath(file).read_text(encoding="utf-8")
            text = text.replace("@NAME@", folder.name)
            (fresh / file).write_text(text, encoding="utf-8", newline="\n")
        shutil.move(fresh, folder)
    return folder
