"""Bytes from outside to text and TOML data, with bounds on size, depth and time."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from supplysim.errors import Fault, InvalidInput
from supplysim.model.fields import path_of

__all__ = [
    "MOST_FAULTS",
    "at",
    "exists",
    "is_folder",
    "parse_toml",
    "read_text",
    "read_toml",
    "refusing",
]

CSV_LIMIT = 64 * 2**20
TOML_LIMIT = 4 * 2**20
DEEPEST = 32
MOST_FAULTS = 1000
"""So many faults of one file are listed; the rest of a file that is wrong throughout helps nobody."""

# Python's parser takes quadratic time over a dotted key, so a long one is refused before it sees it.
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_DOTTED = re.compile(rf"(?<![\w\\-])(?:{_PART}){{{DEEPEST}}}")


@contextmanager
def refusing(what: str, file: Path) -> Iterator[None]:
    """Whatever is refused inside is refused as ``what`` of this file."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(error.faults, what=what, file=file) from None


def at(label: str, line: int) -> str:
    """A line as a path: of the file ``label`` in a folder, or of the only file there is.

    >>> at("lanes.csv", 5), at("", 5)
    ('lanes.csv:5', 'line 5')
    """
    return f"{label}:{line}" if label else f"line {line}"


def is_folder(path: Path) -> bool:
    """Whether there is a folder at a path, however odd the path is."""
    try:
        return path.is_dir()
    except OSError:  # too long for a name, or not ours to look at
        return False


def exists(path: Path) -> bool:
    """Whether there is anything at a path, however odd the path is."""
    try:
        return path.exists()
    except OSError:
        return False


def read_text(path: Path, *, label: str = "", limit: int = CSV_LIMIT) -> str:
    """The text of an ordinary file of at most ``limit`` bytes in UTF-8; a byte order mark is dropped."""
    try:
        if path.is_dir():
            raise InvalidInput([Fault(label, "must be a file, not a folder")])
        if not path.is_file():  # a pipe or a device could block for ever
            rule = "must be an ordinary file" if path.exists() else "no such file"
            raise InvalidInput([Fault(label, rule)])
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InvalidInput([Fault(label, f"cannot be read: {error.strerror}")]) from None
    if len(data) > limit:
        raise InvalidInput([Fault(label, f"must be at most {limit / 2**20:g} MiB large")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bad = data[error.start : error.start + 1]
        raise InvalidInput([Fault(at(label, line), "must be text in UTF-8", bad)]) from None


def read_toml(path: Path, *, label: str = "") -> dict[str, Any]:
    """The data of a TOML file."""
    return parse_toml(read_text(path, label=label, limit=TOML_LIMIT), label=label)


def parse_toml(text: str, *, label: str = "") -> dict[str, Any]:
    """The data of a TOML text; refuses deep nesting, and numbers that are none.

    >>> parse_toml("share = nan")
    Traceback (most recent call last):
    ...
    supplysim.errors.InvalidInput: input refused, 1 fault:
      share: must be a number that fits a float
    """
    if found := _DOTTED.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InvalidInput([Fault(at(label, line), f"a key must have at most {DEEPEST} parts")])
    try:
        data = tomllib.loads(text, parse_float=_float)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput([_syntax(str(error), label)]) from None
    except RecursionError:
        raise InvalidInput([Fault(label, "nested too deep")]) from None
    except ValueError:  # Python bounds the digits of an integer
        raise InvalidInput([Fault(label, "holds a number with too many digits")]) from None
    faults = list(islice(_misfits(data, ()), MOST_FAULTS))
    if faults:
        prefix = f"{label}." if label else ""
        raise InvalidInput([Fault(f"{prefix}{fault.path}", fault.rule) for fault in faults])
    return data


def _float(text: str) -> float:
    value = float(text)
    # 1e999 must not pass for inf, which some fields allow; `_misfits` then tells where it stands
    return math.nan if math.isinf(value) and "inf" not in text else value


def _syntax(message: str, label: str) -> Fault:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    if found is None:
        return Fault(label, f"is not TOML: {message}")
    rule, line, column = found.groups()
    return Fault(at(label, int(line)), f"is not TOML: {rule} (column {column})")


def _misfits(value: object, where: tuple[int | str, ...]) -> Iterator[Fault]:
    """Numbers that are none, and the places where nesting gets too deep."""
    if isinstance(value, dict | list):
        if len(where) >= DEEPEST:
            yield Fault(path_of(where[:3]), f"nested deeper than {DEEPEST} levels")
            return
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for step, item in items:
            if isinstance(item, dict | list | float):
                yield from _misfits(item, (*where, step))
    elif isinstance(value, float) and math.isnan(value):
        yield Fault(path_of(where), "must be a number that fits a float")
