"""Random outages, disruptions of lanes, and shocks to demand."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from supplysim.measures import DemandShock, LaneDisruption, Measure, Outage
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


def _course(drawer: Drawer) -> dict[str, Any]:
    """Dates, and how it comes back."""
    form = drawer.draw(st.sampled_from(("step", "linear", "s-shaped")))
    if form == "step":
        return drawer.window()
    return {"recovery": form, "recovery_days": drawer.draw(RECOVERY), **drawer.window(ends=True)}


def _lane_disruption(drawer: Drawer) -> LaneDisruption:
    lane = drawer.draw(st.sampled_from(drawer.reach.crossing))
    ends = {x: [drawer.network.country(getattr(lane, x))] for x in ("source", "target")}
    scope: dict[str, Any] = {"lanes": [lane.key]}
    if drawer.draw(st.booleans()):
        scope = {"origin": ends["source"], "to": ends["target"]}
        scope["both_ways"] = drawer.draw(st.booleans())
    if drawer.draw(RARELY):
        course: dict[str, Any] = {"observed": drawer.draw(OBSERVED), **drawer.window(ends=False)}
    else:
        course = {"severity": drawer.draw(SHARE), **_course(drawer)}
    extra: dict[str, Any] = {"extra_days": drawer.draw(DAYS), "extra_cost": drawer.draw(PART)}
    return LaneDisruption(**scope, **extra, **course)


def _demand_shock(drawer: Drawer) -> DemandShock:
    name = drawer.draw(st.sampled_from(drawer.reach.demands))
    change = drawer.draw(st.sampled_from((0.0, 0.5, -0.25, -1.0)))
    return DemandShock(demands=[name], change=change, **_course(drawer))


KINDS: dict[type[Measure], Kind] = {
    Outage: Kind("outage", _outage, lambda reach: reach.sites),
    LaneDisruption: Kind("strait", _lane_disruption, lambda reach: reach.crossing),
    DemandShock: Kind("shock", _demand_shock, lambda reach: reach.demands),
}
"""How to draw each measure of this family."""
