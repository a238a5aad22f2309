"""The ranges of a built network: every number that rests on an assumed figure varies as that figure does."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from supplysim.calibration.figures import ASSUMPTION
from supplysim.calibration.parameters import Spans
from supplysim.model import Evidence, Range

__all__ = ["ranges", "short"]


KINDS = {
    "commodities": "commodity",
    "sites": "site",
    "stores": "store",
    "demands": "demand",
    "lanes": "lane",
}


def ranges(parts: Mapping[str, list[Any]], spans: Spans) -> list[Range]:
    """The ranges of a network's parts, by kind, name and field."""
    values = {key: value for kind, items in parts.items() for key, value in _fields(kind, items)}
    return [_range(key, spans[key], values[key]) for key in sorted(spans)]


def short(value: float) -> float:
    """Six significant digits: more would only look exact."""
    return float(f"{value:.6g}")


Field = tuple[str, str, str]


def _fields(kind: str, items: list[Any]) -> Iterator[tuple[Field, float]]:
    """Every number that may have a range, by kind, name and field."""
    for item in items:
        name = item.key if kind == "lanes" else item.name
        own = {f.name: getattr(item, f.name) for f in dataclasses.fields(item)}
        numbers = {n: v for n, v in own.items() if isinstance(v, float)}
        if kind in ("demands", "stores"):
            numbers["cover"] = item.policy.days
        if kind == "lanes":
            numbers["lead_time"] = item.lead_time.mean
        yield from (((KINDS[kind], name, field), value) for field, value in numbers.items())
        for key, need in own.get("inputs", {}).items():
            at = f"{name}|{key}"
            yield ("input", at, "cover"), need.policy.days
            yield ("input", at, "per_unit"), need.per_unit
            yield ("input", at, "reaction"), need.reaction


def _range(key: Field, span: tuple[str, float, float], value: float) -> Range:
    """A range around a value, which rounding may have moved to its edge."""
    kind, name, field = key
    figure, low, high = span
    top = 1.0 if field in ("share", "utilisation") else math.inf
    evidence = Evidence(ASSUMPTION, "assumed", "as the figure that it rests on")
    return Range(
        figure,
        kind=kind,  # type: ignore[arg-type]
        name=name,
        field=field,
        low=min(short(low), value),
        high=max(min(short(high), top), value),
        evidence=evidence,
    )
