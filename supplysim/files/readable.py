"""Data from TOML to objects, and pydantic's errors as faults that a reader can act on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import types
import typing
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import pydantic

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.files.reading import MOST_FAULTS
from supplysim.model.fields import path_of

__all__ = ["hints", "options", "reword", "validated"]

T = TypeVar("T")
Trail = tuple[int | str, ...]

_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
_MISSING = {"missing", "missing_argument", "missing_keyword_only_argument"}
_WORDS = {
    "Value error, ": "",
    "Input should be": "must be",
    "String should": "must",
    "Value should": "must",
    "List should": "must",
    "Tuple should": "must",
    " after validation": "",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "greater than": "above",
    "less than": "below",
    "a valid dictionary": "a table",
    "an object": "a table",
    "a valid array": "a list",
    "a valid tuple": "a list",
    "a valid integer": "a whole number",
    "a valid ": "a ",
}
_NAME_PATTERN = "^[^\\s|,;]"


def validated(kind: type[T], data: Mapping[str, Any]) -> T:
    """Build ``kind`` from TOML data, or refuse it with every fault.

    Validated as JSON: strict mode takes a list for a tuple and a text for a date only there.

    >>> from supplysim.model import Lane
    >>> validated(Lane, {"source": "mine", "target": "plant", "lead_time": 30}).lead_time
    Fixed(value=30.0)
    """
    try:
        adapter: pydantic.TypeAdapter[T] = _adapter(kind)  # type: ignore[arg-type]  # lru_cache's
        return adapter.validate_json(json.dumps(data, default=_iso))
    except pydantic.ValidationError as error:
        raise InvalidInput(_faults(error, kind, data), what=kind.__name__) from None


@lru_cache
def _adapter(kind: type) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(kind)


def _iso(value: object) -> str:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise TypeError(f"no TOML value: {value!r}")


def reword(rule: str) -> str:
    """A rule in our words.

    >>> reword("Input should be a valid number")
    'must be a number'
    """
    if _NAME_PATTERN in rule:
        return "must be 1 to 80 characters, without | , ; and without spaces at its ends"
    for theirs, ours in _WORDS.items():
        rule = rule.replace(theirs, ours).replace(theirs[:1].lower() + theirs[1:], ours)
    return rule


@dataclasses.dataclass(frozen=True)
class _Found:
    """One error: where in the data, of which type, said how; ``branch`` if of one branch of a union."""

    trail: Trail
    type: str
    rule: str
    value: object
    branch: bool
    cause: InvalidInput | None


def _faults(error: pydantic.ValidationError, kind: type, data: Mapping[str, Any]) -> list[Fault]:
    items = error.errors(include_url=False)
    found = [_found(item, kind, data) for item in items[:MOST_FAULTS]]
    inner = {f.trail[:n] for f in found for n in range(len(f.trail))}
    # Where another branch of the union got further in, "must be a number" is noise.
    found = [f for f in found if not (f.branch and f.type.endswith("_type") and f.trail in inner)]
    faults: list[Fault] = []
    joined: dict[Trail, int] = {}
    for f in found:
        path = path_of(f.trail)
        if f.cause is not None:
            faults += [Fault(_join(path, c.path), reword(c.rule), c.value) for c in f.cause.faults]
        elif f.branch and f.trail in joined:
            other = faults[joined[f.trail]]
            rule = f"{other.rule}, or {f.rule.removeprefix('must be ')}"
            faults[joined[f.trail]] = dataclasses.replace(other, rule=rule)
        else:
            joined[f.trail] = len(faults)
            faults.append(Fault(path, f.rule, f.value))
    if len(items) > MOST_FAULTS:
        faults.append(Fault("", f"and {len(items) - MOST_FAULTS} faults more"))
    return faults


def _found(item: Any, kind: type, data: Mapping[str, Any]) -> _Found:
    named = item["type"] in _UNKNOWN | _MISSING
    trail, branch = _trail(item["loc"], data, keep_last=named)
    cause = item.get("ctx", {}).get("error")
    rule, value = reword(item["msg"]), item["input"]
    if item["type"] in _UNKNOWN:
        rule = f"unknown field; {nearest(str(trail[-1]), _fields(kind, trail[:-1], data))}"
        value = None
    elif item["type"] in _MISSING:
        rule, value = "is required", None
    elif item["type"].startswith("union_tag"):
        known = [str(_tag(option)) for option in _at(kind, trail, data)]
        tag = value.get("type") if isinstance(value, dict) else None
        rule = f"unknown type; {nearest(str(tag), known)}"
        if tag is None:
            rule = f"is required; one of {', '.join(sorted(known))}"
        trail, value = (*trail, "type"), tag
    if isinstance(value, dict | list):
        value = None
    cause = cause if isinstance(cause, InvalidInput) else None
    return _Found(trail, item["type"], rule, value, branch, cause)


def _trail(location: Trail, data: object, *, keep_last: bool) -> tuple[Trail, bool]:
    """The steps of a location that lead through the data, and whether there were others.

    Others are pydantic's own names for the branches of a union, and the tag of a measure.
    """
    trail: list[int | str] = []
    tagged = branch = False
    for place, step in enumerate(location):
        if isinstance(data, dict) and not tagged and data.get("type") == step:
            tagged = True
        elif (isinstance(data, dict) and step in data) or (
            isinstance(data, list) and isinstance(step, int) and step < len(data)
        ):
            trail.append(step)
            data, tagged = data[step], False  # type: ignore[index]
        elif keep_last and place == len(location) - 1:
            trail.append(step)
        else:
            branch = True
    return tuple(trail), branch


def _join(left: str, right: str) -> str:
    if not left or not right or right.startswith("["):
        return left + right
    return f"{left}.{right}"


def _fields(kind: Any, trail: Trail, data: object) -> list[str]:
    names = [f.name for c in _at(kind, trail, data) if dataclasses.is_dataclass(c) for f in _own(c)]
    return list(dict.fromkeys(names))


def _own(cls: Any) -> list[Any]:
    return [field for field in dataclasses.fields(cls) if field.init]


def _at(kind: Any, trail: Trail, data: Any) -> list[Any]:
    """The types that a value at this place may have."""
    found = _tagged(options(kind), data)
    for step in trail:
        inside: list[Any] = []
        for option in found:
            if dataclasses.is_dataclass(option):
                inside += options(hints(option).get(str(step), object))  # type: ignore[arg-type]
            elif arguments := typing.get_args(option):
                inside += options(arguments[0 if isinstance(step, int) else -1])
        data = data[step]
        found = _tagged(inside, data)
    return found


def _tagged(found: list[Any], data: object) -> list[Any]:
    """Of the classes of a union, the one that the data say they are."""
    tag = data.get("type") if isinstance(data, dict) else None
    return [option for option in found if _tag(option) == tag] or found


def _tag(option: Any) -> object:
    fields = getattr(option, "__dataclass_fields__", {})
    return fields["type"].default if "type" in fields else None


def options(hint: Any) -> list[Any]:
    """The types that a hint allows, without annotations, unions taken apart."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return options(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return [option for part in typing.get_args(hint) for option in options(part)]
    return [hint]


@lru_cache
def hints(cls: type) -> dict[str, Any]:
    """The types of a dataclass's fields, with their annotations."""
    return typing.get_type_hints(cls, include_extras=True)
