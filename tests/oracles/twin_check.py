"""Whether the two engines agree: the raw logs, in the order in which things happened, and every number recorded."""

from __future__ import annotations

import numpy as np

from supplysim.engines import compiled, simpy_engine
from supplysim.engines.trace import Trace
from supplysim.plan import Plan


def assert_same(plan: Plan) -> Trace:
    """Run a plan on both engines; the reference's trace, if the other's is the same bit for bit."""
    one, other = simpy_engine.run(plan, events=True), compiled.run(plan, events=True)
    assert_equal_traces(one, other)
    return one


def assert_equal_traces(one: Trace, other: Trace) -> None:
    """Compare event by event, then record by record."""
    assert one.events is not None
    assert other.events is not None
    for i, (a, b) in enumerate(zip(one.events, other.events, strict=False)):
        assert a == b, f"event {i} after {one.events[max(0, i - 5) : i]}"
    assert len(one.events) == len(other.events)
    assert_equal_records(one, other)


def assert_equal_records(one: Trace, other: Trace) -> None:
    """Daily records, opening levels and money."""
    assert one.names == other.names
    for before, after in (
        (one.daily, other.daily),
        (one.opening, other.opening),
        (one.money, other.money),
    ):
        assert before.keys() == after.keys()
        for key in before:
            assert np.array_equal(before[key], after[key]), key
