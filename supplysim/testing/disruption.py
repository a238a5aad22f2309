"""Random outages."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from supplysim.measures import Measure, Outage
from supplysim.testing.drawer import DAYS, PART, RECOVERY, SHARE, Drawer, Kind
from supplysim.testing.numbers import RARELY, durations

__all__ = ["KINDS"]

SPELL = durations(1, 90)
OBSERVED = st.lists(
    st.tuples(st.integers(0, 120).map(float), PART),
    min_size=1,
    max_size=4,
    unique_by=lambda point: point[0],
).map(sorted)


def _outage(drawer: Drawer) -> Outage:
    """Where it strikes, how hard, and how capacity comes back."""
    site = drawer.draw(st.sampled_from(drawer.reach.sites))
    scope: dict[str, Any] = {"sites": [site.name]}
    if drawer.draw(st.booleans()):
        scope = {"origin": [site.country], "commodities": [site.makes]}
    forms = ["step", "linear", "s-shaped", "observed"]
    form = drawer.draw(st.sampled_from(forms if drawer.deterministic else [*forms, "random"]))
    severity = {"severity": drawer.draw(SHARE)}
    stops = {"stops": drawer.draw(st.sampled_from(("output", "shipments", "both")))}
    if form == "observed":
        course: dict[str, Any] = {"observed": drawer.draw(OBSERVED), **drawer.window(ends=False)}
    elif form == "step":
        course = {**stops, **severity, **drawer.window()}
        if course["ends"] is not None and drawer.draw(RARELY):
            course["recovery_days"] = drawer.draw(DAYS)
    elif form == "random":
        course = {**stops, **severity, **drawer.window(), **_spells(drawer)}
    else:
        days = drawer.draw(RECOVERY)
        course = {"recovery": form, "recovery_days": days, **stops, **severity}
        course |= drawer.window(ends=True)
    return Outage(**scope, **course)


def _spells(drawer: Drawer) -> dict[str, Any]:
    """Up and down times of an outage that strikes again and again."""
    step = drawer.draw(st.sampled_from((1.0, 0.5, 7.0))) if drawer.draw(st.booleans()) else None
    return {"up": drawer.draw(SPELL), "down": drawer.draw(SPELL), "step": step}


KINDS: dict[type[Measure], Kind] = {Outage: Kind("outage", _outage, lambda reach: reach.sites)}
"""How to draw each measure of this family."""
