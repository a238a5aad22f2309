"""What all measures share: who acts on what, when, with which standing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np

from supplysim.changes import Change, Primitive, Target
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model import Network, Slot
from supplysim.model.fields import (
    YEAR,
    FrozenMap,
    FrozenMapping,
    Items,
    LongTime,
    Moment,
    Name,
    NonNegative,
    Text,
    days_from,
    frozen,
)

__all__ = ["Charge", "Context", "Measure", "known_commodities", "nobody", "use_names", "users"]

Names = Annotated[Sequence[Name], Items]


@dataclass(frozen=True)
class Context:
    """What a measure is turned into changes against: the network with all structure, day 0, and all measures by key.

    >>> import datetime as dt
    >>> from supplysim.testing import tiny
    >>> Context(tiny(), dt.date(2023, 8, 1)).time(dt.date(2023, 8, 31))
    30.0
    """

    network: Network
    start: dt.date | None
    measures: Mapping[str, Measure] = FrozenMap()
    given: Network | None = None

    @property
    def bare(self) -> Network:
        """The network as it was given, without what measures build: what is built is built for those who are there."""
        return self.network if self.given is None else self.given

    def time(self, moment: float | dt.date) -> float:
        """Days from the scenario's start."""
        if self.start is None:
            if isinstance(moment, dt.date):
                raise InvalidInput([Fault("start", "is required where dates are used", moment)])
            return float(moment)
        return days_from(self.start, moment)


@dataclass(frozen=True)
class Charge:
    """What a measure costs its actor: ``usd`` once at ``time``, and ``per_day`` from then until ``until`` (days).

    >>> Charge("stock", 0.0, usd=1e6, per_day=1e3, until=100.0).total(365.0)
    1100000.0
    """

    what: str
    time: float
    usd: float = 0.0
    per_day: float = 0.0
    until: float = math.inf

    def total(self, horizon: float) -> float:
        """USD in the days [0, horizon); what is paid once before day 0 counts too.

        >>> Charge("upkeep", time=10.0, usd=5.0, per_day=2.0, until=20.0).total(15.0)
        15.0
        """
        if self.time >= horizon:
            return 0.0
        days = min(self.until, horizon) - max(self.time, 0.0)
        return self.usd + self.per_day * max(0.0, days)


@frozen
class Measure:
    """Common fields. ``key`` names the measure among those of a scenario (default: its type).

    ``begins`` and ``ends`` are dates or days from the scenario's start; without ``ends`` it stays. It is in force
    ``decision_lag`` days after ``begins``: what its actor's law needs to decide, where ``begins`` is when the actor
    sets out to (default: 0, ``begins`` is the day of force). ``announced`` is when others learn of it. ``actor`` (who
    decides), ``legal_basis`` and ``status`` are for the reader. It costs its actor ``investment`` USD at ``begins`` and
    ``upkeep`` USD a year while in force, besides what a measure adds by its nature. ``reasons`` says for a parameter
    why it has its value; ``sources`` are keys of the scenario's sources.

    >>> from supplysim.measures import Outage
    >>> Outage(sites=["jp-chip"], begins=30, ends=59, actor="Japan").status
    'hypothetical'
    """

    _: KW_ONLY
    key: Name | Literal[""] = ""
    begins: Moment = 0.0
    ends: Moment | None = None
    announced: Moment | None = None
    decision_lag: LongTime = 0.0
    investment: NonNegative = 0.0
    upkeep: NonNegative = 0.0
    actor: Text = ""
    legal_basis: Text = ""
    status: Literal["in force", "possible", "hypothetical"] = "hypothetical"
    reasons: Annotated[Mapping[str, Text], FrozenMapping] = FrozenMap()
    sources: Annotated[Sequence[str], Items] = ()
    amounts: ClassVar[tuple[str, ...]] = ()
    """Its fields that are amounts of goods: in kilograms, not tonnes, they are a thousand times as large."""
    unit_prices: ClassVar[tuple[str, ...]] = ()
    """Its fields that are USD per unit of goods."""

    def structure(self, network: Network) -> Network:
        """The network with what this measure needs in it, closed until used.

        It is asked of the network as it was given: no measure builds on what another one has built, so that the
        order in which they are laid out does not matter.
        """
        return network

    def in_force(self, context: Context) -> float:
        """The day from which the measure acts: ``begins`` and the time to decide."""
        return context.time(self.begins) + self.decision_lag

    def charges(self, context: Context) -> list[Charge]:
        """What it costs its actor. Nothing for a measure that ends before it is in force."""
        begins = self.in_force(context)
        ends = math.inf if self.ends is None else context.time(self.ends)
        charges = []
        if self.investment > 0.0:
            charges.append(Charge("investment", context.time(self.begins), self.investment))
        if self.upkeep > 0.0 and ends > begins:
            charges.append(Charge("upkeep", begins, per_day=self.upkeep / YEAR, until=ends))
        return charges

    def until(self, moment: float) -> Measure:
        """The same measure, ended ``moment`` days from the scenario's start.

        It must have begun before. Only what follows from its end is asked of it.
        """
        return dataclasses.replace(self, ends=moment)

    def primitives(self, context: Context) -> list[Primitive]:
        """The dated changes that this measure is made of."""
        raise TypeError(f"{type(self).__name__} must say what it changes")

    def faults(self, context: Context) -> list[Fault]:
        """What is wrong with the measure on this network: order of dates, unknown names."""
        faults = []
        try:
            begins = context.time(self.begins)
            if self.ends is not None and context.time(self.ends) <= begins:
                faults.append(Fault("ends", f"must be after begins ({self.begins})", self.ends))
            elif self.ends is not None and context.time(self.ends) <= self.in_force(context):
                rule = f"is over before it is in force ({self.decision_lag} days after begins)"
                faults.append(Fault("decision_lag", rule, self.ends))
            if self.announced is not None and context.time(self.announced) > begins:
                rule = f"must not be after begins ({self.begins})"
                faults.append(Fault("announced", rule, self.announced))
        except InvalidInput as error:
            faults += error.faults
        fields = [field.name for field in dataclasses.fields(self)]
        faults += [
            Fault("reasons", f"unknown parameter; {nearest(name, fields)}", name)
            for name in self.reasons
            if name not in fields
        ]
        return faults

    def window(self, context: Context, target: Target, value: object) -> list[Change]:
        """``value`` on ``target`` from the day it is in force to ``ends``."""
        changes = [Change(self.in_force(context), target, self.key, value)]  # type: ignore[arg-type]
        if self.ends is not None:
            changes.append(Change(context.time(self.ends), target, self.key, None))
        return changes


def users(
    network: Network, commodities: Collection[str], to: Collection[str] | None = None
) -> list[Slot]:
    """The slots that keep some ``commodities``, in the countries ``to`` (None: all), in order of key.

    >>> from supplysim.testing import tiny
    >>> [slot.key for slot in users(tiny(), ["ore"])]
    ['use']
    """
    t = network.tables
    wanted = [t.commodity_place[name] for name in commodities if name in t.commodity_place]
    found = np.isin(t.slots.commodity, wanted)
    if to is not None:
        found &= (t.country.each(lambda name: name in to) > 0.0)[t.slots.node]
    return [t.slot(row) for row in np.flatnonzero(found).tolist()]


def nobody(
    network: Network, commodities: Collection[str], field: str, to: Collection[str]
) -> Fault:
    """The fault of a measure for users in countries ``to``, the field of that name, where there are none.

    >>> from supplysim.testing import tiny
    >>> nobody(tiny(), ["ore"], "to", ["JP"]).rule
    'nobody there uses it; it is used in DE'
    """
    places = sorted({slot.country for slot in users(network, commodities) if slot.kind != "store"})
    told = ", ".join(places) if places else "no country of this network"
    return Fault(field, f"nobody there uses it; it is used in {told}", list(to))


def use_names(network: Network, slot: Slot) -> set[str]:
    """What the use of a slot may be called: its node, what that makes or uses up, and the sector of it."""
    if slot.kind == "input":
        goods = network.site_by_name[slot.node].makes
        return {slot.node, goods, network.commodity_by_name[goods].sector} - {""}
    sector = network.demand_by_name[slot.node].sector if slot.kind == "demand" else ""
    return {slot.node, slot.commodity, sector} - {""}


def known_commodities(names: Sequence[str], network: Network) -> list[Fault]:
    """A fault for every commodity that the network does not have."""
    return [
        Fault("commodities", f"unknown commodity; {nearest(name, network.commodity_by_name)}", name)
        for name in names
        if name not in network.commodity_by_name
    ]
