"""Ranges for the figures of a given network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from supplysim.model import DaysOfCover, Network, Range
from supplysim.model.fields import LARGEST, SMALLEST

__all__ = ["ranges"]

FIGURES = ("prices", "stocks", "times")
"""Few, so that several rows rest on the same one."""
STEADY = {
    "commodity": ("price",),
    "site": ("utilisation", "cycle_time", "cover", "value_added"),
    "input": ("reaction", "holding_cost"),
    "store": ("reaction", "holding_cost"),
    "demand": ("reaction", "holding_cost", "penalty"),
    "lane": ("order_lag", "cost", "order_cost"),
}
"""Plain numbers that leave the baseline flows as they are, so that no world outgrows a capacity."""


@st.composite
def ranges(draw: st.DrawFn, network: Network, *, most: int = 6) -> tuple[Range, ...]:
    """Up to ``most`` ranges of figures of a network: times, stocks, prices, utilisation.

    No world that is drawn from them has other flows than the network.

    >>> from hypothesis import given
    >>> from supplysim.testing import tiny
    >>> @given(ranges(tiny()))
    ... def test_flows_stay(found):
    ...     world = tiny().replace(ranges=found).drawn(seed=1, replication=0)
    ...     assert world.baseline().flow == tiny().baseline().flow
    >>> test_flows_stay()
    """
    numbers = list(_numbers(network))
    chosen = draw(st.lists(st.sampled_from(numbers), max_size=most, unique=True))
    return tuple(draw(_range(*number)) for number in chosen)


@st.composite
def _range(draw: st.DrawFn, kind: str, name: str, field: str, value: float) -> Range:
    less, more = draw(st.integers(0, 8)), draw(st.integers(0, 16))
    high = min(value * (16 + more) / 16, max(value, LARGEST))
    low = value * (16 - less) / 16
    return Range(
        draw(st.sampled_from(FIGURES)),
        kind=kind,  # type: ignore[arg-type]  # one of those above
        name=name,
        field=field,
        low=low if low >= SMALLEST else value,
        high=min(high, 1.0) if field == "utilisation" else high,
    )


def _numbers(network: Network) -> Iterator[tuple[str, str, str, float]]:
    """Kind, name, field and value of what may get a range."""
    rows: list[tuple[str, str, Any]] = [
        ("commodity", item.name, item) for item in network.commodities
    ]
    rows += [("site", item.name, item) for item in network.sites]
    rows += [
        ("input", f"{site.name}|{name}", item)
        for site in network.sites
        for name, item in site.inputs.items()
    ]
    rows += [("store", item.name, item) for item in network.stores]
    rows += [("demand", item.name, item) for item in network.demands]
    rows += [("lane", item.key, item) for item in network.lanes]
    for kind, name, item in rows:
        for field in STEADY[kind]:
            if getattr(item, field) is not None:
                yield kind, name, field, getattr(item, field)
        policy = getattr(item, "policy", None)
        if isinstance(policy, DaysOfCover):
            yield kind, name, "cover", policy.days
        if kind == "lane":
            yield kind, name, "lead_time", item.lead_time.mean
