"""Scenarios that extend others: a policy package is a few lines on top of what it answers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.files.readable import validated
from supplysim.files.reading import exists, is_folder, read_toml, refusing
from supplysim.scenario import Scenario

__all__ = ["Find", "beside", "merged", "own_paths", "parent"]

Find = Callable[[str, Path], Path]
"""The path of what a file in a folder names."""
OWN = ("extends", "without")
NOT_INHERITED = ("name", "title", "description", "article", "history")
"""What is said of a scenario alone; what was observed under a policy is no history of another."""


def beside(name: str, folder: Path) -> Path:
    """The file of a name beside another file."""
    for place in (folder / name, folder / f"{name}.toml"):
        if exists(place) and not is_folder(place):
            return place
    raise InvalidInput([Fault("", "no such file", name)])


def parent(path: Path, find: Find = beside) -> Path | None:
    """The file that the scenario of a file extends, if any."""
    with refusing("scenario", path):
        return _parent(read_toml(path), path, find)


def merged(path: Path, find: Find = beside, before: Sequence[Path] = ()) -> dict[str, Any]:
    """The data of a file on top of those that it extends; only what is its own can be wrong here.

    Fields that it gives replace the parent's; its measures come after the parent's, or in place of those of the same
    key; ``without`` leaves some of the parent's out. Sources come together.
    """
    with refusing("scenario", path):
        data = read_toml(path)
        place = _parent(data, path, find)
        if place is None:
            if "without" in data:
                raise InvalidInput([Fault("without", "is for a scenario that extends another")])
            return data
        chain = [*before, path.resolve()]
        if place.resolve() in chain:
            told = " > ".join(x.stem for x in (*chain, place))
            raise InvalidInput([Fault("extends", "goes round in a circle", told)])
    above = merged(place, find, chain)
    with refusing("scenario", place):
        validated(Scenario, above)
    with refusing("scenario", path):
        return _on_top(above, data, path)


def _parent(data: Mapping[str, Any], path: Path, find: Find) -> Path | None:
    name = data.get("extends")
    if name is None:
        return None
    if not isinstance(name, str) or not name:
        raise InvalidInput([Fault("extends", "must be the name of a scenario", name)])
    try:
        return find(name, path.parent)
    except InvalidInput as error:
        faults = [dataclasses.replace(fault, path="extends") for fault in error.faults]
        raise InvalidInput(faults) from None


def _on_top(above: Mapping[str, Any], data: dict[str, Any], path: Path) -> dict[str, Any]:
    kept = {name: value for name, value in above.items() if name not in NOT_INHERITED}
    own = {name: value for name, value in data.items() if name not in OWN}
    measures = _measures(
        above.get("measures", []), own.get("measures", []), data.get("without", [])
    )
    sources = _by_key(above.get("sources", []), own.get("sources", []))
    whole = {"name": path.stem, **kept, **own}
    if measures:
        whole["measures"] = measures
    if sources:
        whole["sources"] = sources
    return whole


def _measures(above: Any, own: Any, without: Any) -> Any:
    if not isinstance(own, list):
        return own  # refused when it is read
    left_out = without if isinstance(without, list) else [without]
    known = [_key(item) for item in above]
    faults = [
        Fault(
            "without",
            f"no measure of the extended scenario has this key; {nearest(str(x), known)}",
            x,
        )
        for x in left_out
        if x not in known
    ]
    if faults:
        raise InvalidInput(faults)
    return _by_key([item for item in above if _key(item) not in left_out], own)


def _by_key(above: Any, own: Any) -> Any:
    """Those above, each in its place or what replaces it, then what is new."""
    if not isinstance(own, list):
        return own
    anew = {_key(item): item for item in own}
    replaced = [anew.get(_key(item), item) for item in above]
    known = {_key(item) for item in above}
    return [*replaced, *(item for item in own if _key(item) not in known)]


def _key(item: Any) -> Any:
    """A measure is called by its type where it has no key of its own."""
    return item.get("key", item.get("type")) if isinstance(item, Mapping) else None


def own_paths(error: InvalidInput, data: Mapping[str, Any], own: Any) -> list[Fault]:
    """Faults of merged data by where they stand in the file itself."""
    measures = data.get("measures", [])
    if not isinstance(own, list) or not isinstance(measures, list):
        return list(error.faults)
    places = {_key(item): place for place, item in enumerate(own)}

    def moved(match: re.Match[str]) -> str:
        place = int(match.group(1))
        item = measures[place] if place < len(measures) else None
        return f"measures[{places.get(_key(item), place)}]"

    return [
        dataclasses.replace(fault, path=re.sub(r"^measures\[(\d+)\]", moved, fault.path))
        for fault in error.faults
    ]
