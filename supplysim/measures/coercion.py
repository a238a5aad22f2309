"""What a state does to cut, slow or ration its exports: bans, quotas, licences, and stops that nobody announced."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from supplysim.changes import Calendar, Inspection, Ledger, Office, Primitive
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import Context
from supplysim.measures.trade import TradeMeasure
from supplysim.model import Fixed, Lane
from supplysim.model.countries import Country
from supplysim.model.distributions import Duration
from supplysim.model.fields import (
    FrozenMap,
    FrozenMapping,
    Items,
    LongTime,
    NonNegative,
    Period,
    Share,
    Text,
    frozen,
)

__all__ = ["ExportBan", "ExportLicence", "ExportQuota", "Holiday", "InformalStop"]

YEARS_AHEAD = 101
"""How far calendar quota periods are laid out from the scenario's start."""


@frozen
class ExportBan(TradeMeasure):
    """An export stop: the lanes from ``origin`` to ``to`` are closed from ``begins`` to ``ends``.

    Mechanism: nothing is dispatched; orders wait in the seller's books, buyers turn to qualified
    rivals after their reaction time, and what waits ships when the ban ends.
    Legal basis in practice: export-control law (China's of 2020, art. 9-10: temporary control or ban, up to two years).

    >>> ban = ExportBan(origin=["CN"], to=["JP"], commodities=["gallium"], begins=90, ends=180)
    >>> ban.in_transit
    'arrives'
    """

    type: Literal["ExportBan"] = "ExportBan"

    def primitives(self, context: Context) -> list[Primitive]:
        """Closed gates; where only part is in scope, a cap on what flows a day."""
        return self.closing(context)


@frozen
class ExportQuota(TradeMeasure):
    """An export quota: a ledger per period that all the lanes in reach draw on.

    Give ``amount`` (units per period) or ``fraction`` (of the baseline flow of the lanes in reach). ``period`` is in
    days from day 0, or a calendar ``month``, ``quarter`` or ``year``. What does not fit waits in the
    books. Claims of one instant are shared in proportion to the claims, or to baseline flows
    (``rule="history"``); across time it is first come, first served.

    >>> ExportQuota(origin=["CN"], commodities=["tungsten"], fraction=0.6, period="quarter").rule
    'claims'
    """

    _: KW_ONLY
    amount: NonNegative | None = None
    fraction: NonNegative | None = None
    period: Period | Literal["month", "quarter", "year"] = 30.0
    rule: Literal["claims", "history"] = "claims"
    type: Literal["ExportQuota"] = "ExportQuota"
    amounts: ClassVar = ("amount",)

    @model_validator(mode="after")
    def _one_size(self) -> ExportQuota:
        if (self.amount is None) == (self.fraction is None):
            raise InvalidInput([Fault("amount", "give exactly one of amount and fraction")])
        return self

    def faults(self, context: Context) -> list[Fault]:
        """Calendar periods need a start date."""
        faults = TradeMeasure.faults(self, context)
        if isinstance(self.period, str) and context.start is None:
            faults.append(
                Fault("period", "a calendar period needs the scenario's start", self.period)
            )
        return faults

    def primitives(self, context: Context) -> list[Primitive]:
        """One ledger on every lane in reach."""
        marks: tuple[float, ...] = ()
        period = 30.0
        if isinstance(self.period, str):
            assert context.start is not None  # held by faults()
            months = {"month": 1, "quarter": 3, "year": 12}[self.period]
            marks = _calendar_marks(context.start, months)
            period = months * 365.25 / 12
        else:
            period = self.period
        ledger = Ledger(self.key, self._amount(context, period), period, marks, self.rule)
        return self.restrict(context, lambda lane, share: ledger)

    def _amount(self, context: Context, period: float) -> float:
        """What may pass in a period: the quota, and what of the lanes is not in scope."""
        flow = context.network.baseline().flow
        inside, outside = 0.0, 0.0
        for lane, share in self.reached(context.network):
            inside += flow[lane.key] * share
            outside += flow[lane.key] * (1.0 - share)
        amount = self.amount
        if amount is None:
            amount = (self.fraction or 0.0) * period * inside
        return amount + period * outside


def _calendar_marks(start: dt.date, months: int) -> tuple[float, ...]:
    """First days of the periods of so many months, from the one that holds ``start`` on."""
    first = (start.month - 1) // months * months
    marks = []
    for i in range(YEARS_AHEAD * 12 // months):
        month = first + i * months
        day = dt.date(start.year + month // 12, month % 12 + 1, 1)
        marks.append(float((day - start).days))
    return tuple(marks)


@frozen
class Holiday:
    """Days, first and last included, on which an office is closed.

    >>> Holiday(first=dt.date(2023, 9, 29), last=dt.date(2023, 10, 6)).name
    ''
    """

    _: KW_ONLY
    first: dt.date
    last: dt.date
    name: Text = ""

    @model_validator(mode="after")
    def _ordered(self) -> Holiday:
        if self.last < self.first:
            raise InvalidInput(
                [Fault("last", f"must not be before first ({self.first})", self.last)]
            )
        return self


@frozen
class ExportLicence(TradeMeasure):
    """An export licence: goods wait in the seller's stock while the application queues at an office.

    An order that finds no licence makes the seller apply: ``papers`` days to prepare (end-user
    statements and the like), then the office, ``service`` working days at one of ``desks`` (None: enough
    for all), first come first served; a share ``referred`` goes to a higher level and takes
    ``referred_delay`` working days more. ``approval`` is the chance of a yes (one number, or by
    destination country with ``"*"`` for the rest); the refused apply again. A ``single`` licence is one
    shipment: what the order book then holds, or ``size`` days of baseline use if that is more; it is
    used up together, hence relapses. A ``general`` licence frees the lane for good. Once a lane has had
    ``routine_after`` licences (None: never) its cases are routine: ``routine_service`` working days, none
    referred. A share ``pre_licensed`` of baseline flow needs none. ``per_dispatch`` files for each dispatch apart.
    Legal basis in practice: China's Export Control Law of 2020 (decision within 45 working days).

    >>> ExportLicence(
    ...     origin=["CN"], commodities=["gallium"], begins=29, service="Triangular(30, 45, 60)",
    ... ).form
    'single'
    """

    _: KW_ONLY
    papers: Duration = Fixed(0.0)
    service: Duration = Fixed(45.0)
    desks: Annotated[int, Field(gt=0)] | None = None
    referred: Share = 0.0
    referred_delay: Duration = Fixed(0.0)
    approval: Share | Annotated[Mapping[Country | Literal["*"], Share], FrozenMapping] = 1.0
    form: Literal["single", "general"] = "single"
    size: LongTime = 0.0
    routine_after: Annotated[int, Field(gt=0)] | None = None
    routine_service: Duration = Fixed(0.0)
    pre_licensed: Share = 0.0
    per_dispatch: bool = False
    working_week: bool = True
    holidays: Annotated[Sequence[Holiday], Items] = ()
    type: Literal["ExportLicence"] = "ExportLicence"

    def faults(self, context: Context) -> list[Fault]:
        """Working days and holidays need a start date."""
        faults = TradeMeasure.faults(self, context)
        if self.holidays and context.start is None:
            faults.append(Fault("holidays", "need the scenario's start"))
        return faults

    def primitives(self, context: Context) -> list[Primitive]:
        """One office on every lane in reach; what is not in scope passes as if it were licensed before."""
        chances = {"*": self.approval} if isinstance(self.approval, float | int) else self.approval
        office = Office(
            key=self.key,
            service=self.service,
            papers=self.papers,
            desks=self.desks,
            referred=self.referred,
            referred_delay=self.referred_delay,
            approval=FrozenMap({k: float(v) for k, v in chances.items() if k != "*"}),
            default_approval=float(chances.get("*", 1.0)),
            single=self.form == "single",
            size=self.size,
            routine_after=self.routine_after,
            routine_service=self.routine_service,
            pre_licensed=self.pre_licensed,
            per_dispatch=self.per_dispatch,
            calendar=self._calendar(context.start),
        )
        return self.restrict(context, lambda lane, share: _scoped(office, share))

    def _calendar(self, start: dt.date | None) -> Calendar:
        weekday = 0 if start is None else start.weekday()
        if start is None:
            return Calendar(self.working_week, weekday)
        closed = tuple(((h.first - start).days, (h.last - start).days) for h in self.holidays)
        return Calendar(self.working_week, weekday, closed)


def _scoped(office: Office, share: float) -> Office:
    if share >= 1.0:
        return office
    return dataclasses.replace(office, pre_licensed=1.0 - share * (1.0 - office.pre_licensed))


@frozen
class InformalStop(TradeMeasure):
    """Goods are held up without any published rule: at the ports of ``origin``, or of those who import them.

    Mechanism: each dispatch is stopped with the chance ``share`` and let go after ``held`` days (a duration), by its
    own draw. Nothing is announced, so nobody can buy ahead, and the state can deny it. Held ``at`` ``export``, goods
    wait in the seller's stock and are not yet in the export statistics: the buyer sees a lane that is behind, and
    turns to others after its reaction time. Held at ``import`` they are on their way, only longer: nobody knows for
    how long.

    Legal basis in practice: none; customs "inspections", as of rare earths to Japan in autumn 2010, or of goods of
    Lithuania in China from December 2021. Whoever runs customs can do it overnight. It costs the actor what its own
    exporters lose.

    >>> InformalStop(origin=["CN"], to=["JP"], commodities=["rare-earth"], held="Uniform(20, 60)").share
    1.0
    """

    _: KW_ONLY
    share: Share = 1.0
    held: Duration
    at: Literal["export", "import"] = "export"
    type: Literal["InformalStop"] = "InformalStop"

    def faults(self, context: Context) -> list[Fault]:
        """It cannot be announced."""
        faults = TradeMeasure.faults(self, context)
        if self.announced is not None or self.forward_buying > 0.0:
            faults.append(
                Fault("announced", "what is announced is no informal stop", self.announced)
            )
        return faults

    def primitives(self, context: Context) -> list[Primitive]:
        """One clearance for each dispatch, or an inspection on the way."""
        if self.share <= 0.0:
            return []
        return self.restrict(context, self._check)

    def _check(self, lane: Lane, extent: float) -> Office | Inspection:
        stopped = self.share * extent
        if self.at == "import":
            return Inspection(self.key, stopped, self.held)
        return Office(self.key, referred=stopped, referred_delay=self.held, per_dispatch=True)
