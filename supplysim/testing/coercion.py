"""Random bans, quotas and licences."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from supplysim.measures import ExportBan, ExportLicence, ExportQuota, Holiday, Measure
from supplysim.model import Lane
from supplysim.testing.drawer import BEGINS, DAYS, PART, SHARE, Drawer, Kind, Reach
from supplysim.testing.numbers import RARELY, sixteenths

__all__ = ["KINDS"]

QUOTA = sixteenths(0, 1.5)
PERIODS: tuple[float | str, ...] = (30.0, 7.0, 1.0, 45.5)


def _crossing(reach: Reach) -> list[Lane]:
    return reach.crossing


def _a_lane(drawer: Drawer) -> Lane:
    return drawer.draw(st.sampled_from(drawer.reach.crossing))


def _ban(drawer: Drawer) -> ExportBan:
    return ExportBan(**drawer.trade(_a_lane(drawer)))


def _some_quota(drawer: Drawer) -> ExportQuota:
    lane = _a_lane(drawer)
    return ExportQuota(**drawer.trade(lane), **_quota(drawer, lane))


def _some_licence(drawer: Drawer) -> ExportLicence:
    lane = _a_lane(drawer)
    return ExportLicence(**drawer.trade(lane), **_licence(drawer, lane))


def _quota(drawer: Drawer, lane: Lane) -> dict[str, Any]:
    """Amount or fraction, period and rule."""
    months = ("month", "quarter", "year") if drawer.start is not None else ()
    period = drawer.draw(st.sampled_from((*PERIODS, *months)))
    size = drawer.draw(QUOTA)
    if drawer.draw(st.booleans()):
        days = period if isinstance(period, float) else 30.0
        amount = {"amount": size * days * drawer.network.baseline().flow[lane.key]}
    else:
        amount = {"fraction": size}
    rule = drawer.draw(st.sampled_from(("claims", "history")))
    return {"period": period, "rule": rule, **amount}


def _licence(drawer: Drawer, lane: Lane) -> dict[str, Any]:
    """The office: times, desks, chances, form."""
    chance: dict[str, Any] = {}
    if not drawer.deterministic and drawer.draw(st.booleans()):
        buyer = {drawer.network.country(lane.target): drawer.draw(SHARE), "*": drawer.draw(SHARE)}
        chance = {
            "approval": buyer if drawer.draw(st.booleans()) else drawer.draw(SHARE),
            "referred": drawer.draw(PART),
            "referred_delay": drawer.draw(drawer.wait),
        }
    return {
        "papers": drawer.draw(drawer.wait),
        "service": drawer.draw(drawer.wait),
        "desks": drawer.draw(st.sampled_from((None, 1, 2))),
        "form": drawer.draw(st.sampled_from(("single", "general"))),
        "size": drawer.draw(DAYS),
        "pre_licensed": drawer.draw(PART) if drawer.draw(RARELY) else 0.0,
        "routine_after": drawer.draw(st.sampled_from((None, 1, 3))),
        "routine_service": drawer.draw(drawer.wait),
        "per_dispatch": drawer.draw(RARELY),
        "working_week": drawer.reach.calendar and drawer.draw(st.booleans()),
        "holidays": _holidays(drawer),
        **chance,
    }


def _holidays(drawer: Drawer) -> list[Holiday]:
    """Mostly none; else one of up to ten days."""
    if drawer.start is None or not drawer.draw(RARELY):
        return []
    first = drawer.start + dt.timedelta(days=drawer.draw(BEGINS))
    last = first + dt.timedelta(days=drawer.draw(st.integers(0, 9)))
    return [Holiday(first=first, last=last)]


KINDS: dict[type[Measure], Kind] = {
    ExportBan: Kind("ban", _ban, _crossing),
    ExportQuota: Kind("quota", _some_quota, _crossing),
    ExportLicence: Kind("licence", _some_licence, _crossing),
}
"""How to draw each measure of this family."""
