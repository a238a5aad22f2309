"""Figures that are not known well: the range of one, and which fields of a network may have one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY
from typing import Any, Literal

from pydantic import model_validator

from supplysim.model.fields import Name, NonNegative, Text, frozen
from supplysim.model.nodes import Evidence

__all__ = ["ROWS", "Range", "still_there"]

ROWS = {
    "commodity": "commodities",
    "demand": "demands",
    "input": "inputs",
    "lane": "lanes",
    "site": "sites",
    "store": "stores",
}
"""The rows of each kind, as tables call them."""


@frozen
class Range:
    """The range of one uncertain number of a network, from which each replication of an ensemble draws.

    ``figure`` names what is uncertain. All ranges of one figure are drawn with one uniform number, so that rows which
    rest on the same assumption are high together and low together. ``kind`` and ``name`` say whose number it is: the
    name of a site, store, demand or commodity, an input's ``site|commodity``, or a lane's ``source|target|mode``.
    ``field`` is any number of that row except a priority; the ``cover`` of an input, store or demand is that of its
    `DaysOfCover`, and a lane's ``lead_time`` is the mean of its distribution, which is stretched as a whole.

    ``low`` and ``high`` are in the field's unit. What is drawn follows the triangular distribution between
    them whose mode is the number that the row has, which must therefore lie between them.

    >>> Range("stocks in JP", kind="input", name="wafers|gallium", field="cover", low=30, high=90).key
    'input|wafers|gallium|cover'
    """

    figure: Name
    _: KW_ONLY
    kind: Literal["site", "input", "store", "demand", "lane", "commodity"]
    name: Text
    field: Text
    low: NonNegative
    high: NonNegative
    evidence: Evidence = Evidence()

    @property
    def key(self) -> str:
        """The number that it is about: ``kind|name|field``."""
        return f"{self.kind}|{self.name}|{self.field}"

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high:
            raise ValueError("must have low <= high")
        return self


def still_there(ranges: Sequence[Range], changes: Mapping[str, Any]) -> Iterator[Range]:
    """The ranges whose rows are among the new ``sites``, ``lanes``, ... of a network, where those change."""
    names: dict[str, set[str]] = {}
    for item in ranges:
        field = "sites" if item.kind == "input" else ROWS[item.kind]
        if field not in changes:
            yield item
            continue
        if item.kind not in names:
            names[item.kind] = set(_names(item.kind, changes[field]))
        if item.name in names[item.kind]:
            yield item


def _names(kind: str, rows: Any) -> Iterator[str]:
    for row in rows:
        if kind == "input":
            yield from (f"{row.name}|{commodity}" for commodity in row.inputs)
        else:
            yield row.key if kind == "lane" else row.name
