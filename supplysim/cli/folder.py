"""The folder of a run: it appears whole or not at all, and replaces nothing but an earlier run."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from supplysim.errors import Fault, InvalidInput

__all__ = ["MARK", "building", "claim", "default_folder"]

MARK = "# made by supplysim"
"""How a run.toml begins; a folder with one is an earlier run."""

OURS = re.compile(
    r"run\.toml|result\.nc|tables\.xlsx|tables(/[\w-]+\.csv)?|figures(/[\w-]+\.(png|svg))?"
    r"|network(/\w+\.(csv|toml))?"
    r"|report\.html|comparison\.(csv|xlsx|png|svg)|scenarios(/[\w.-]+\.toml)?"
    r"|(exposure|rows)(-[\w-]+)?\.(csv|png|svg)"
)


def default_folder(name: str) -> Path:
    """Where a run of this name goes, in the current directory.

    >>> default_folder("a licence/2023").as_posix()
    'out/a-licence-2023'
    """
    return Path("out") / (re.sub(r"[^\w.-]+", "-", name).strip("-.") or "scenario")


def claim(folder: Path) -> Path:
    """The absolute path of the folder; refuses one that cannot be made, or that holds anything but a run."""
    try:
        target = folder.expanduser().resolve()
        rule = _objection(target)
        if rule is None:
            made = _make_parents(target)
            try:
                probe = _beside(target)
                probe.mkdir()
                probe.rmdir()
            finally:
                _remove(made)
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a null character
        rule = f"cannot be written: {getattr(error, 'strerror', None) or error}"
    if rule is not None:
        raise InvalidInput([Fault("--out", rule, str(folder))], what="run")
    return target


def _objection(target: Path) -> str | None:
    if not target.exists():
        return None
    if not target.is_dir():
        return "is there already, and is no folder"
    if target == Path.cwd():
        return "is the folder you are in"
    found = sorted(path.relative_to(target).as_posix() for path in target.rglob("*"))
    if not found:
        return None
    if "run.toml" not in found or not _marked(target / "run.toml"):
        return "is there already and not empty, and no run of supplysim made it; it is kept"
    strange = [name for name in found if not OURS.fullmatch(name)]
    if strange:
        return f"holds what no run made ({strange[0]}), which would be lost; move it away"
    return None


def _marked(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline(200).startswith(MARK)


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """A fresh folder to fill beside ``target``; it takes its place at the end, or goes if anything fails."""
    made = _make_parents(target)
    fresh, old = _beside(target), _beside(target)
    done = False
    try:
        fresh.mkdir()
        yield fresh
        if target.exists():  # no system swaps two folders in one step
            target.rename(old)
        try:
            fresh.rename(target)
            done = True
        except BaseException:
            if old.exists():
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if not done:
            _remove(made)


def _make_parents(target: Path) -> list[Path]:
    """Make the folders above; those that were missing, the deepest first."""
    missing = [parent for parent in target.parents if not parent.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:  # gone, or someone put something there
            return


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:80]}.{secrets.token_hex(8)}")
