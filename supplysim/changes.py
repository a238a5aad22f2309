"""The closed set of primitives that engines know. Every measure is made of these and nothing else.

A `Change` sets, or takes away, one key's contribution to one attribute of one entity; effective values are
folded from the baseline value anew at each change, in sorted key order (`fold`). Gates stand on lanes.
A `Watch` makes changes when stocks run low or debts pile up, a `Renewal` when chance strikes, `Attempts` when one
of them succeeds; a `Market` moves a commodity's price, and what answers to it, as users expect to go short.

======= ============== =================================================================
kind    attribute      values
======= ============== =================================================================
lane    ``gate``       `Closed`, `Ledger`, `Office`, `Inspection`
lane    ``share``      `Factor`, `Add`, `Cap`
lane    ``capacity``   `Factor`, `Add`, `Cap` (units per day)
lane    ``delay``      `Factor`, `Add`, `Cap` (days on top of the lead time, base 0)
lane    ``price``      `Factor`, `Add`, `Cap` (USD a unit, base the commodity's; booked as goods on receipt)
lane    ``cost``       `Factor`, `Add`, `Cap` (USD a unit, booked as freight on receipt)
lane    ``duty``       `Factor`, `Add`, `Cap` (share of price and cost, base 0; booked as duty on receipt)
lane    ``precedence`` `Factor`, `Add`, `Cap` (base 0; a source serves its highest lanes first, its rule within them)
lane    ``in_transit`` `Recall`, once, for what is under way at that instant
site    ``capacity``   `Factor`, `Add`, `Cap` (units per day)
slot    ``cover``      `Factor`, `Add`, `Cap` (days on top of the policy's, base 0)
slot    ``reaction``   `Factor`, `Add`, `Cap` (days until a lane that is behind is judged blocked)
slot    ``gain``       `Factor`, `Add`, `Cap` (units that go into one unit of output; inputs of sites only)
demand  ``rate``       `Factor`, `Add`, `Cap` (units per day)
======= ============== =================================================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from supplysim import rules
from supplysim.errors import Fault, InvalidInput
from supplysim.model import Distribution, Fixed

__all__ = [
    "ALWAYS_OPEN",
    "RETAINED",
    "STRUCTURE",
    "Add",
    "Attempts",
    "Calendar",
    "Cap",
    "Change",
    "Closed",
    "Factor",
    "Inspection",
    "Ledger",
    "Market",
    "Office",
    "Primitive",
    "Recall",
    "Renewal",
    "Standing",
    "Target",
    "Value",
    "Watch",
    "fold",
]


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One attribute of one entity, e.g. ``Target("lane", "cn-ga|jp-wafer|sea", "gate")``.

    >>> Target("site", "cn-gallium", "capacity").attribute
    'capacity'
    """

    kind: Literal["lane", "site", "slot", "demand"]
    name: str
    attribute: str

    def __post_init__(self) -> None:
        if self.attribute not in ATTRIBUTES.get(self.kind, ()):
            known = ", ".join(f"{k}.{a}" for k, names in ATTRIBUTES.items() for a in names)
            rule = f"no such attribute; known: {known}"
            raise InvalidInput([Fault(f"{self.kind}.{self.attribute}", rule)], what="Target")


ATTRIBUTES = {
    "lane": (
        "gate",
        "share",
        "capacity",
        "delay",
        "price",
        "cost",
        "duty",
        "precedence",
        "in_transit",
    ),
    "site": ("capacity",),
    "slot": ("cover", "reaction", "gain"),
    "demand": ("rate",),
}


# --- values --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Factor:
    """Multiplies the baseline value.

    >>> Factor(0.5).value
    0.5
    """

    value: float


@dataclass(frozen=True, slots=True)
class Add:
    """Adds to the value, after all factors.

    >>> Add(2.0).value
    2.0
    """

    value: float


@dataclass(frozen=True, slots=True)
class Cap:
    """Bounds the value from above, last of all.

    >>> Cap(100.0).value
    100.0
    """

    value: float


@dataclass(frozen=True, slots=True)
class Closed:
    """A gate that nothing passes.

    >>> Closed() == Closed()
    True
    """


@dataclass(frozen=True, slots=True, order=True)
class Ledger:
    """A gate that lets ``amount`` units pass per period, shared by all lanes that carry its key.

    Claims of one instant are settled together: in full if they fit, else in proportion to the
    claims (``claims``) or to baseline flows (``history``). ``marks`` are the starts of periods in days;
    where there are none, periods start at multiples of ``period``. Several of one key settle in sorted order.

    >>> Ledger("quota", 500.0, period=90.0).rule
    'claims'
    """

    key: str
    amount: float
    period: float = 30.0
    marks: tuple[float, ...] = ()
    rule: Literal["claims", "history"] = "claims"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days an office works. ``weekday`` is that of day 0 (Monday 0); holidays are [first, last] days.

    >>> Calendar(working_week=True, weekday=4, holidays=((10, 12),)).holidays
    ((10, 12),)
    """

    working_week: bool = False
    weekday: int = 0
    holidays: tuple[tuple[int, int], ...] = ()

    def works(self, day: int) -> bool:
        """Whether the office is open on this day."""
        return rules.works(day, (int(self.working_week), self.weekday), self.holidays)

    def after(self, time: float, days: float) -> float:
        """The moment at which ``days`` working days have passed since ``time``.

        >>> Calendar(working_week=True, weekday=4).after(0.0, 1.0)  # Friday morning
        1.0
        """
        if not self.working_week and not self.holidays:
            return time + days
        week = (int(self.working_week), self.weekday)
        return rules.working_time_after(time, days, week, self.holidays)


ALWAYS_OPEN = Calendar()


@dataclass(frozen=True, slots=True)
class Office:
    """A gate that needs a licence, from an office where applications queue.

    An application takes ``papers`` days to prepare, then ``service`` working days at one of ``desks`` (None: as
    many as needed), first come first served; a share ``referred`` takes ``referred_delay`` working days
    more. It is approved with the chance of its destination (``approval``, else ``default_approval``). A
    ``single`` licence covers what the order book then needs, at least ``size`` days of baseline flow,
    and is used up with it; otherwise it is general: free from then on. After ``routine_after`` licences on a
    lane its cases are routine: ``routine_service`` at the desk, nothing referred. A share ``pre_licensed`` of
    baseline flow passes anyway. ``per_dispatch`` files one application for each dispatch.

    >>> Office("mofcom", service=Fixed(45.0), desks=10, referred=0.5).single
    True
    """

    key: str
    service: Distribution = Fixed(0.0)
    papers: Distribution = Fixed(0.0)
    desks: int | None = None
    referred: float = 0.0
    referred_delay: Distribution = Fixed(0.0)
    approval: Mapping[str, float] = field(default_factory=dict)
    default_approval: float = 1.0
    single: bool = True
    size: float = 0.0
    routine_after: int | None = None
    routine_service: Distribution = Fixed(0.0)
    pre_licensed: float = 0.0
    per_dispatch: bool = False
    calendar: Calendar = ALWAYS_OPEN


@dataclass(frozen=True, slots=True)
class Inspection:
    """A gate at which a random ``share`` of shipments, each by its own draw, is stopped.

    ``held``: it travels ``hold`` days longer. ``seized``: it is lost to both sides as it is dispatched. Several
    gates on one lane are passed in order of key: holds add up, and what any of them seizes is gone.

    >>> Inspection("customs", 0.2, hold=Fixed(14.0)).fate
    'held'
    """

    key: str
    share: float
    hold: Distribution = Fixed(0.0)
    fate: Literal["held", "seized"] = "held"


@dataclass(frozen=True, slots=True)
class Recall:
    """What is under way goes back to the source (``returns``) or is lost to both sides (``seized``).

    >>> Recall("seized").fate
    'seized'
    """

    fate: Literal["returns", "seized"]


Value = Factor | Add | Cap | Closed | Ledger | Office | Inspection | Recall


def fold(base: float, contributions: Mapping[str, Value]) -> float:
    """The effective value: factors, then additions, then caps, each in sorted key order; never below 0.

    >>> fold(10.0, {"fire": Factor(0.5), "new-line": Add(2.0), "law": Cap(6.0)})
    6.0
    """
    value = base
    ordered = [contributions[key] for key in sorted(contributions)]
    for item in ordered:
        if isinstance(item, Factor):
            value = value * item.value if item.value != 0.0 else 0.0  # nothing of infinity, too
    for item in ordered:
        if isinstance(item, Add):
            value = value + item.value
    for item in ordered:
        if isinstance(item, Cap):
            value = min(value, item.value)
    return max(0.0, value)


# --- primitives ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """At ``time`` days, ``key``'s contribution to ``target`` becomes ``value`` (None: is taken away).

    >>> Change(30.0, Target("site", "mine", "capacity"), "strike", Factor(0.5)).value
    Factor(value=0.5)
    """

    time: float
    target: Target
    key: str
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """When an observable has been past ``level`` for ``for_days`` days, make the changes ``then``.

    Looked at once a day, in the change phase, from day ``begins`` to ``ends``. The changes, in order of time, are made
    ``delay`` and their own time in days after that look, each at the first look by then. From the first of them on,
    ``otherwise`` is made (at once, whatever its times) when the observable has been on the other side of ``back``
    for ``for_days`` days; what is still to come is dropped. ``names`` are pooled. Observables:

    ``stock``: what slots have, in days of the use they get ready for; past the level when below.
    ``owed``: what sites owe on open lanes beyond their stock, in days of output; past the level when above.
    ``output``: what sites have made in the last ``for_days`` days (a whole number, at least 1) as a share of what
    they get ready for; past the level when below. The average is over these days, so nothing else has to hold.

    >>> low = Change(0.0, Target("lane", "reserve|use|", "gate"), "reserve")
    >>> Watch("reserve", ("use",), level=20.0, back=40.0, then=(low,), otherwise=()).observable
    'stock'
    """

    key: str
    names: tuple[str, ...]
    level: float
    back: float
    then: tuple[Change, ...]
    otherwise: tuple[Change, ...]
    delay: float = 0.0
    begins: float = 0.0
    ends: float = math.inf
    observable: Literal["stock", "owed", "output"] = "stock"
    for_days: float = 0.0

    @property
    def makes(self) -> tuple[Change, ...]:
        """All changes that it may make."""
        return self.then + self.otherwise

    @property
    def hold(self) -> float:
        """For how many days a condition must hold."""
        return 0.0 if self.observable == "output" else self.for_days

    @property
    def window(self) -> int:
        """Over how many days output is averaged (0: the observable is no average)."""
        return max(1, math.ceil(self.for_days)) if self.observable == "output" else 0


@dataclass(frozen=True, slots=True)
class Renewal:
    """Chance that strikes again and again: ``up`` days, changes ``then``, ``down`` days, changes ``otherwise``.

    Durations are drawn in the engine, from the stream of ``key``, so that one timeline serves all
    replications. With ``step`` they are rounded up to whole steps: an exponential becomes geometric.

    >>> stop, go = (Change(0.0, Target("site", "mine", "capacity"), "strike", x) for x in (Factor(0.0), None))
    >>> Renewal("strike", up=Fixed(300.0), down=Fixed(20.0), then=(stop,), otherwise=(go,)).begins
    0.0
    """

    key: str
    up: Distribution
    down: Distribution
    then: tuple[Change, ...]
    otherwise: tuple[Change, ...]
    begins: float = 0.0
    ends: float = math.inf
    step: float = 0.0

    @property
    def makes(self) -> tuple[Change, ...]:
        """All changes that it may make."""
        return self.then + self.otherwise


@dataclass(frozen=True, slots=True)
class Attempts:
    """Attempts that may succeed, each by its own draw; the n-th success makes the n-th list of changes, for good.

    They come at the moments ``times`` and, where an ``interval`` is given, again and again after it, counted from
    ``begins``; none is made before ``begins``, nor at or after ``ends`` (what an earlier success brings still comes).
    ``chances`` are pairs (since when, chance of success) in order of time; before the first it is 0. What a success
    brings is made ``delay`` days after the attempt. Successes beyond the last list bring nothing.

    >>> gain = Change(0.0, Target("site", "mine", "capacity"), "theft", Factor(1.5))
    >>> Attempts("theft", ((gain,),), chances=((0.0, 0.3),), times=(90.0, 180.0)).times
    (90.0, 180.0)
    """

    key: str
    then: tuple[tuple[Change, ...], ...]
    chances: tuple[tuple[float, float], ...]
    times: tuple[float, ...] = ()
    interval: Distribution | None = None
    delay: float = 0.0
    begins: float = 0.0
    ends: float = math.inf

    @property
    def makes(self) -> tuple[Change, ...]:
        """All changes that it may make."""
        return tuple(change for success in self.then for change in success)


@dataclass(frozen=True, slots=True)
class Market:
    """The price of one commodity among users who share one fate, and how they and makers answer.

    Every ``every`` days (multiples, from day 0 on) users reckon what share ``D`` of their use in the next ``horizon``
    days will go unmet: what their stocks, the lanes that work and what blocked lanes still bring do not cover. The
    price becomes (1 - D)^(-1/(supply + demand)) of the normal one, at most ``choke``. Users then take price^-demand
    of what they took (the ``gain`` of inputs, the ``rate`` of demands), ``sites`` can make price^supply of their
    capacity, and what arrives on lanes into ``slots`` costs so much more. While D is 0 nothing changes.

    >>> Market("ore", slots=("use",), sites=("mine",), supply=0.1, demand=0.3, choke=10.0).every
    7.0
    """

    key: str
    slots: tuple[str, ...]
    sites: tuple[str, ...]
    supply: float
    demand: float
    choke: float
    horizon: float = 90.0
    every: float = 7.0
    begins: float = 0.0
    ends: float = math.inf


Standing = Watch | Renewal | Attempts
"""What makes changes in the course of a run, from ``begins`` to ``ends``."""
Primitive = Change | Standing
"""What measures are made of. Markets are the network's own (see `supplysim.timeline`)."""

STRUCTURE = "|structure"
"""The key under which a lane that is built closed is `Closed`; taking it away opens the lane.

Like all keys of the library's own it holds a sign that no measure's key may hold.
"""
RETAINED = "|retained"
"""The key under which a slot's own moves of share stand, when it stays with a new supplier."""
