"""Random reserves."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from supplysim.measures import Measure, Reserve
from supplysim.model import Fixed, Slot
from supplysim.testing.drawer import DAYS, RATE, SHARE, Drawer, Kind
from supplysim.testing.numbers import RARELY, sixteenths
from supplysim.testing.traits import COUNTRY

__all__ = ["KINDS"]

STOCK = sixteenths(0, 120)


def _some_reserve(drawer: Drawer) -> Reserve:
    return Reserve(**_reserve(drawer, drawer.draw(st.sampled_from(drawer.reach.users))))


def _reserve(drawer: Drawer, slot: Slot) -> dict[str, Any]:
    """A stock for the users in the slot's country: own, or held for them elsewhere."""
    elsewhere = drawer.draw(RARELY)
    days = drawer.draw(STOCK)
    use = drawer.network.baseline().use[slot.key]
    below = drawer.draw(DAYS)
    return {
        "country": drawer.draw(COUNTRY) if elsewhere else slot.country,
        "to": (slot.country,) if elsewhere else (),
        "commodity": slot.commodity,
        **({"days": days} if drawer.draw(st.booleans()) else {"amount": days * use}),
        "below": below,
        "above": below + drawer.draw(DAYS) if drawer.draw(st.booleans()) else None,
        "decision_delay": drawer.draw(DAYS) if drawer.draw(RARELY) else 0.0,
        **({"rate": (use or 1.0) * drawer.draw(RATE)} if drawer.draw(RARELY) else {}),
        "max_share": drawer.draw(SHARE),
        "filled": drawer.draw(SHARE),
        "lead_time": drawer.draw(drawer.wait) if drawer.draw(RARELY) else Fixed(2.0),
    }


KINDS: dict[type[Measure], Kind] = {
    Reserve: Kind("reserve", _some_reserve, lambda reach: reach.users)
}
"""How to draw each measure of this family."""
