"""Random bans, quotas, licences, duties, subsidies, sanctions and answers to them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from supplysim.measures import (
    CounterMeasure,
    ExportBan,
    ExportLicence,
    ExportQuota,
    Holiday,
    ImportBan,
    InformalStop,
    Measure,
    Sanction,
    Subsidy,
    Tariff,
)
from supplysim.model import Lane
from supplysim.testing.drawer import BEGINS, DAYS, PART, SHARE, Drawer, Kind, Reach
from supplysim.testing.numbers import RARELY, sixteenths
from supplysim.testing.traits import COUNTRIES

__all__ = ["KINDS"]

QUOTA = sixteenths(0, 1.5)
RATES = sixteenths(0, 1)
ELASTICITY = st.none() | sixteenths(0, 8)
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


def _import_ban(drawer: Drawer) -> ImportBan:
    return ImportBan(**drawer.trade(_a_lane(drawer)))


def _tariff(drawer: Drawer) -> Tariff:
    common = drawer.trade(_a_lane(drawer))
    return Tariff(**common, rate=drawer.draw(RATES), elasticity=drawer.draw(ELASTICITY))


def _informal(drawer: Drawer) -> InformalStop:
    common = drawer.trade(_a_lane(drawer))
    for name in ("announced", "forward_buying"):
        common.pop(name, None)
    share = 1.0 if drawer.deterministic else drawer.draw(SHARE)
    at: Any = drawer.draw(st.sampled_from(("export", "import")))
    return InformalStop(**common, share=share, held=drawer.draw(drawer.wait), at=at)


def _sanction(drawer: Drawer) -> Sanction:
    lane = _a_lane(drawer)
    common = drawer.trade(lane)
    common["to"] = common["to"] or [drawer.network.country(lane.target)]
    taken = {*common["origin"], *common["to"]}
    ways = [code for code in COUNTRIES if code not in taken]
    return Sanction(
        **common,
        via=drawer.draw(st.lists(st.sampled_from(ways), min_size=1, max_size=2, unique=True)),
        leak=drawer.draw(SHARE),
        leak_delay=drawer.draw(DAYS),
        extra_days=drawer.draw(DAYS),
        mark_up=drawer.draw(RATES),
        seizure=0.0 if drawer.deterministic else drawer.draw(PART),
    )


def _subsidy(drawer: Drawer) -> Subsidy:
    site = drawer.draw(st.sampled_from(drawer.reach.sites))
    window = drawer.window()
    return Subsidy(
        **window,
        origin=[site.country],
        commodities=[site.makes],
        price_cut=drawer.draw(st.sampled_from((0.5, 0.25, 0.0, 0.9))),
        elasticity=drawer.draw(ELASTICITY),
        exit=drawer.draw(st.booleans()),
        floor=drawer.draw(SHARE),
        patience=float(drawer.draw(st.integers(1, 60))),
        reopening=drawer.draw(st.none() | DAYS),
        ramp=drawer.draw(DAYS),
    )


def _counter(drawer: Drawer) -> CounterMeasure:
    """Whose measure it answers is known when there are others."""
    lane = _a_lane(drawer)
    seller, buyer = (drawer.network.country(x) for x in (lane.source, lane.target))
    instrument: Any = drawer.draw(st.sampled_from(("tariff", "import-ban", "export-ban")))
    selling = instrument == "export-ban"
    return CounterMeasure(
        answers="?",
        by=[seller if selling else buyer],
        against=[buyer if selling else seller],
        commodities=[drawer.network.product(lane.source)],
        instrument=instrument,
        rate=drawer.draw(RATES) if instrument == "tariff" else 0.0,
        examination=drawer.draw(DAYS),
        determination=0.0,
        engagement=drawer.draw(DAYS),
    )


KINDS: dict[type[Measure], Kind] = {
    ExportBan: Kind("ban", _ban, _crossing),
    ExportQuota: Kind("quota", _some_quota, _crossing),
    ExportLicence: Kind("licence", _some_licence, _crossing),
    InformalStop: Kind("stop", _informal, _crossing),
    ImportBan: Kind("boycott", _import_ban, _crossing),
    Tariff: Kind("tariff", _tariff, _crossing),
    Subsidy: Kind("subsidy", _subsidy, lambda reach: reach.sites),
    Sanction: Kind("sanction", _sanction, _crossing),
    CounterMeasure: Kind("counter", _counter, _crossing),
}
"""How to draw each measure of this family."""
