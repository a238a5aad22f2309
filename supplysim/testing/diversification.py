"""Random second sources."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from supplysim.measures import Measure, SecondSource
from supplysim.model import Slot
from supplysim.testing.drawer import CAPACITY, DAYS, PART, SHARE, Drawer, Kind
from supplysim.testing.numbers import RARELY
from supplysim.testing.traits import COUNTRY

__all__ = ["KINDS"]


def _source(drawer: Drawer) -> SecondSource:
    slot = drawer.draw(st.sampled_from(drawer.reach.slots))
    return SecondSource(**drawer.window(), **_second_source(drawer, slot))


def _second_source(drawer: Drawer, slot: Slot) -> dict[str, Any]:
    """A new site for the slot's country, or new lanes from one that makes the commodity."""
    use = drawer.network.baseline().use[slot.key]
    makers = [site.name for site in drawer.reach.sites if site.makes == slot.commodity]
    if bool(makers) and drawer.draw(st.booleans()):
        where: dict[str, Any] = {"site": drawer.draw(st.sampled_from(makers))}
    else:
        capacity = (use or 1.0) * drawer.draw(CAPACITY)
        where = {"country": drawer.draw(COUNTRY), "capacity": capacity}
    return {
        "commodity": slot.commodity,
        "to": [slot.country],
        **where,
        "qualification": drawer.draw(DAYS),
        "ramp": drawer.draw(DAYS) if drawer.draw(st.booleans()) else 0.0,
        "share": drawer.draw(PART),
        "max_share": drawer.draw(SHARE),
        "lead_time": drawer.draw(drawer.wait),
        "order_lag": drawer.draw(DAYS) if drawer.draw(RARELY) else 0.0,
    }


KINDS: dict[type[Measure], Kind] = {
    SecondSource: Kind("source", _source, lambda reach: reach.slots)
}
"""How to draw each measure of this family."""
