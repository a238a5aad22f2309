"""Random scenarios for a given network, whose measures are in reach of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from supplysim.measures import (
    ExportBan,
    ExportLicence,
    ExportQuota,
    Holiday,
    Measure,
    Outage,
    Reserve,
    SecondSource,
)
from supplysim.model import Fixed, Lane, Network, Slot
from supplysim.scenario import AnyMeasure, Scenario
from supplysim.testing.numbers import RARELY, durations, sixteenths
from supplysim.testing.traits import COUNTRIES, COUNTRY, SHARES

__all__ = ["ALL_MEASURES", "scenarios"]

ALL_MEASURES: tuple[type[Measure], ...] = (
    ExportBan,
    Outage,
    ExportQuota,
    ExportLicence,
    Reserve,
    SecondSource,
)
"""The measures that `scenarios` draws, simplest first."""

PREFIX = {
    ExportBan: "ban",
    Outage: "outage",
    ExportQuota: "quota",
    ExportLicence: "licence",
    Reserve: "reserve",
    SecondSource: "source",
}
START = st.dates(dt.date(2022, 1, 1), dt.date(2024, 12, 31))
BEGINS = st.integers(0, 100)
LENGTH = st.none() | st.integers(1, 200)
DAYS = sixteenths(0, 60)
SHARE = st.sampled_from(SHARES)
PART = st.sampled_from(SHARES[::-1])  # 0 is simplest
WAIT = {fixed: durations(0, 60, deterministic=fixed) for fixed in (True, False)}
QUOTA = sixteenths(0, 1.5)
RECOVERY = sixteenths(1, 60)
STOCK = sixteenths(0, 120)
RATE = sixteenths(0.25, 4)
CAPACITY = sixteenths(0.25, 2)
SPELL = durations(1, 90)
IN_TRANSIT = st.sampled_from(("arrives", "returns", "seized"))
PERIODS: tuple[float | str, ...] = (30.0, 7.0, 1.0, 45.5)
OBSERVED = st.lists(
    st.tuples(st.integers(0, 120).map(float), PART),
    min_size=1,
    max_size=4,
    unique_by=lambda point: point[0],
).map(sorted)


@st.composite
def scenarios(
    draw: st.DrawFn,
    network: Network,
    *,
    max_measures: int = 3,
    measures: Sequence[type[Measure]] = ALL_MEASURES,
    deterministic: bool = False,
    calendar: bool = True,
) -> Scenario:
    """Scenarios of up to ``max_measures`` overlapping measures that `lay_out` accepts on ``network``.

    ``measures`` are the types to draw from; trade measures appear only where a lane crosses a border, and
    `Outage` only where there is a site. ``deterministic`` leaves out what is drawn: spread durations, referrals,
    chances of approval, random outages. Without ``calendar`` there are no dates, holidays, working weeks or
    calendar periods, so that nothing depends on the weekday or the month.

    >>> from hypothesis import find
    >>> from supplysim.testing import tiny
    >>> bans = scenarios(tiny(), measures=[ExportBan])
    >>> found = find(bans, lambda scenario: len(scenario.measures) == 2)
    >>> [(measure.key, measure.origin, measure.begins) for measure in found.measures]
    [('ban-1', ('CN',), 0.0), ('ban-2', ('CN',), 0.0)]
    """
    start = draw(st.none() | START) if calendar else None
    reach = _Reach(network, start, deterministic=deterministic, calendar=calendar)
    kinds = reach.possible(measures)
    drawn = draw(st.lists(_measures(reach, kinds), max_size=max_measures if kinds else 0))
    return Scenario(
        name="random",
        start=start,
        measures=tuple(
            dataclasses.replace(measure, key=f"{PREFIX[type(measure)]}-{i + 1}")
            for i, measure in enumerate(drawn)
        ),
    )


class _Reach:
    """What there is to act on in a network."""

    def __init__(
        self, network: Network, start: dt.date | None, *, deterministic: bool, calendar: bool
    ) -> None:
        self.network = network
        self.start = start
        self.deterministic = deterministic
        self.calendar = calendar
        self.crossing = [
            lane
            for lane in network.lanes_by_key.values()
            if network.country(lane.source) != network.country(lane.target)
        ]
        self.sites = list(network.site_by_name.values())
        self.slots = list(network.slots.values())
        self.users = [slot for slot in self.slots if slot.kind != "store"]

    def possible(self, measures: Sequence[type[Measure]]) -> list[type[Measure]]:
        """Those of the measures that have something to act on."""
        needs: dict[type[Measure], Sequence[object]] = {
            Outage: self.sites,
            Reserve: self.users,
            SecondSource: self.slots,
        }
        return [kind for kind in measures if needs.get(kind, self.crossing)]


@st.composite
def _measures(draw: st.DrawFn, reach: _Reach, kinds: Sequence[type[Measure]]) -> AnyMeasure:
    return _Drawer(draw, reach).measure(draw(st.sampled_from(kinds)))


class _Drawer:
    """Draws one measure that is in reach; its key comes later, by its place among the others."""

    def __init__(self, draw: st.DrawFn, reach: _Reach) -> None:
        self.draw = draw
        self.reach = reach
        self.network = reach.network
        self.start = reach.start
        self.deterministic = reach.deterministic
        self.wait = WAIT[reach.deterministic]

    def measure(self, kind: type[Measure]) -> AnyMeasure:
        """One measure of a kind, with its dates."""
        if kind is Outage:
            return self.outage()
        if kind is Reserve:
            return Reserve(**self.reserve(self.draw(st.sampled_from(self.reach.users))))
        if kind is SecondSource:
            slot = self.draw(st.sampled_from(self.reach.slots))
            return SecondSource(**self.window(), **self.second_source(slot))
        lane = self.draw(st.sampled_from(self.reach.crossing))
        common = self.trade(lane)
        if kind is ExportQuota:
            return ExportQuota(**common, **self.quota(lane))
        if kind is ExportLicence:
            return ExportLicence(**common, **self.licence(lane))
        return ExportBan(**common)

    def window(self, *, ends: bool | None = None) -> dict[str, Any]:
        """``begins`` and ``ends``, in days or in dates; ``ends`` forces or forbids an end."""
        begins = self.draw(BEGINS)
        length = self.draw(LENGTH) if ends is None else self.draw(st.integers(1, 200))
        last = None if length is None or ends is False else begins + length
        if self.start is not None and self.draw(st.booleans()):
            first = self.start + dt.timedelta(days=begins)
            return {
                "begins": first,
                "ends": None if last is None else self.start + dt.timedelta(days=last),
            }
        offset = self.draw(PART) if self.draw(RARELY) else 0.0
        return {"begins": begins + offset, "ends": None if last is None else last + offset}

    # --- trade -----------------------------------------------------------------------------------

    def trade(self, lane: Lane) -> dict[str, Any]:
        """Origin, destination, goods and dates of a measure that has this lane in reach."""
        seller, buyer = self.network.country(lane.source), self.network.country(lane.target)
        one_only = self.draw(st.booleans())
        others = [code for code in COUNTRIES if code not in (seller, buyer)]
        more = st.sampled_from(others)
        goods = {self.network.product(lane.source)}
        if self.draw(RARELY):
            goods.add(self.draw(st.sampled_from(list(self.network.commodity_by_name))))
        origin = [seller]
        to = [buyer] if one_only else []
        if self.draw(RARELY):
            (to if one_only and self.draw(st.booleans()) else origin).append(self.draw(more))
        window = self.window()
        return {
            "origin": origin,
            "to": to,
            "commodities": sorted(goods),
            "in_transit": self.draw(IN_TRANSIT),
            **window,
            **self.announcement(window["begins"]),
        }

    def announcement(self, begins: float | dt.date) -> dict[str, Any]:
        """Mostly none; else some days ahead, not before day 0, and perhaps with forward buying."""
        if not self.draw(RARELY):
            return {}
        ahead = self.draw(st.integers(0, 60))
        bought = {"forward_buying": self.draw(DAYS)}
        if isinstance(begins, dt.date):
            assert self.start is not None  # dates are drawn only with a start
            return {"announced": max(self.start, begins - dt.timedelta(days=ahead)), **bought}
        return {"announced": max(0.0, begins - ahead), **bought}

    def quota(self, lane: Lane) -> dict[str, Any]:
        """Amount or fraction, period and rule."""
        months = ("month", "quarter", "year") if self.start is not None else ()
        period = self.draw(st.sampled_from((*PERIODS, *months)))
        size = self.draw(QUOTA)
        if self.draw(st.booleans()):
            days = period if isinstance(period, float) else 30.0
            amount = {"amount": size * days * self.network.baseline().flow[lane.key]}
        else:
            amount = {"fraction": size}
        rule = self.draw(st.sampled_from(("claims", "history")))
        return {"period": period, "rule": rule, **amount}

    def licence(self, lane: Lane) -> dict[str, Any]:
        """The office: times, desks, chances, form."""
        chance: dict[str, Any] = {}
        if not self.deterministic and self.draw(st.booleans()):
            buyer = {self.network.country(lane.target): self.draw(SHARE), "*": self.draw(SHARE)}
            chance = {
                "approval": buyer if self.draw(st.booleans()) else self.draw(SHARE),
                "referred": self.draw(PART),
                "referred_delay": self.draw(self.wait),
            }
        return {
            "papers": self.draw(self.wait),
            "service": self.draw(self.wait),
            "desks": self.draw(st.sampled_from((None, 1, 2))),
            "form": self.draw(st.sampled_from(("single", "general"))),
            "size": self.draw(DAYS),
            "pre_licensed": self.draw(PART) if self.draw(RARELY) else 0.0,
            "routine_after": self.draw(st.sampled_from((None, 1, 3))),
            "routine_service": self.draw(self.wait),
            "per_dispatch": self.draw(RARELY),
            "working_week": self.reach.calendar and self.draw(st.booleans()),
            "holidays": self.holidays(),
            **chance,
        }

    def holidays(self) -> list[Holiday]:
        """Mostly none; else one of up to ten days."""
        if self.start is None or not self.draw(RARELY):
            return []
        first = self.start + dt.timedelta(days=self.draw(BEGINS))
        last = first + dt.timedelta(days=self.draw(st.integers(0, 9)))
        return [Holiday(first=first, last=last)]

    # --- the others ------------------------------------------------------------------------------

    def outage(self) -> Outage:
        """Where it strikes, how hard, and how capacity comes back."""
        site = self.draw(st.sampled_from(self.reach.sites))
        scope: dict[str, Any] = {"sites": [site.name]}
        if self.draw(st.booleans()):
            scope = {"origin": [site.country], "commodities": [site.makes]}
        forms = ["step", "linear", "s-shaped", "observed"]
        form = self.draw(st.sampled_from(forms if self.deterministic else [*forms, "random"]))
        severity = {"severity": self.draw(SHARE)}
        stops = {"stops": self.draw(st.sampled_from(("output", "shipments", "both")))}
        if form == "observed":
            course: dict[str, Any] = {"observed": self.draw(OBSERVED), **self.window(ends=False)}
        elif form == "step":
            course = {**stops, **severity, **self.window()}
            if course["ends"] is not None and self.draw(RARELY):
                course["recovery_days"] = self.draw(DAYS)
        elif form == "random":
            course = {**stops, **severity, **self.window(), **self.spells()}
        else:
            days = self.draw(RECOVERY)
            course = {"recovery": form, "recovery_days": days, **stops, **severity}
            course |= self.window(ends=True)
        return Outage(**scope, **course)

    def spells(self) -> dict[str, Any]:
        """Up and down times of an outage that strikes again and again."""
        step = self.draw(st.sampled_from((1.0, 0.5, 7.0))) if self.draw(st.booleans()) else None
        return {"up": self.draw(SPELL), "down": self.draw(SPELL), "step": step}

    def reserve(self, slot: Slot) -> dict[str, Any]:
        """A stock for the users in the slot's country: own, or held for them elsewhere."""
        elsewhere = self.draw(RARELY)
        days = self.draw(STOCK)
        use = self.network.baseline().use[slot.key]
        below = self.draw(DAYS)
        return {
            "country": self.draw(COUNTRY) if elsewhere else slot.country,
            "to": (slot.country,) if elsewhere else (),
            "commodity": slot.commodity,
            **({"days": days} if self.draw(st.booleans()) else {"amount": days * use}),
            "below": below,
            "above": below + self.draw(DAYS) if self.draw(st.booleans()) else None,
            "decision_delay": self.draw(DAYS) if self.draw(RARELY) else 0.0,
            **({"rate": (use or 1.0) * self.draw(RATE)} if self.draw(RARELY) else {}),
            "max_share": self.draw(SHARE),
            "filled": self.draw(SHARE),
            "lead_time": self.draw(self.wait) if self.draw(RARELY) else Fixed(2.0),
        }

    def second_source(self, slot: Slot) -> dict[str, Any]:
        """A new site for the slot's country, or new lanes from one that makes the commodity."""
        use = self.network.baseline().use[slot.key]
        makers = [site.name for site in self.reach.sites if site.makes == slot.commodity]
        if bool(makers) and self.draw(st.booleans()):
            where: dict[str, Any] = {"site": self.draw(st.sampled_from(makers))}
        else:
            capacity = (use or 1.0) * self.draw(CAPACITY)
            where = {"country": self.draw(COUNTRY), "capacity": capacity}
        return {
            "commodity": slot.commodity,
            "to": [slot.country],
            **where,
            "qualification": self.draw(DAYS),
            "ramp": self.draw(DAYS) if self.draw(st.booleans()) else 0.0,
            "share": self.draw(PART),
            "max_share": self.draw(SHARE),
            "lead_time": self.draw(self.wait),
            "order_lag": self.draw(DAYS) if self.draw(RARELY) else 0.0,
        }
