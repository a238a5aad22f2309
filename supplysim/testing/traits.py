"""What a random network is drawn as, before its flows are known: plain records in relative terms.

Lots are in days of output, lane capacities in multiples of flow, sources in places modulo their number. So every
record has the same shape whatever the others are, and Hypothesis can drop or simplify one alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from supplysim.model import Distribution
from supplysim.model.nodes import Allocation
from supplysim.testing.numbers import RARELY, durations, grid, mostly, sixteenths

__all__ = [
    "COUNTRIES",
    "FEATURES",
    "Goods",
    "Hub",
    "Loop",
    "Need",
    "Plant",
    "Slot",
    "Tier",
    "Traits",
    "Use",
    "Way",
    "traits",
]

PolicyKind = Literal["cover", "base stock", "min max", "reorder point"]
Initial = tuple[Literal["days", "quantity"], float, float | None]

COUNTRIES = ("CN", "JP", "DE", "KR", "US")
FEATURES = ("money", "partial", "capped", "surge", "ranks", "planned", "hosted", "idle")
"""What a network either has in many places or nowhere: examples stay small and still meet all."""

COUNTRY = st.sampled_from(COUNTRIES)
PLACE = st.integers(0, 11)
SHARES = tuple(1.0 - k / 16 for k in range(17))  # 1 is simplest
SHARE = st.sampled_from(SHARES)
SOME_SHARE = mostly(0.0, SHARES)
MONEY = mostly(0.0, grid(0, 16))
RANK = st.integers(0, 2)
COVER = sixteenths(0, 60)
CYCLE_TIME = sixteenths(0, 40)
# days of output; the ends, where trouble lives, come more often than chance would have it
LOT: SearchStrategy[float | None] = mostly(None, (*grid(1, 60), *(1.0, 60.0) * 100))
RATE = sixteenths(1, 16)
GAIN = sixteenths(0.25, 0.75)
PART = st.integers(0, 16)
ROOM = mostly(math.inf, grid(1.5, 4))
ORDER_LAG = mostly(0.0, grid(0, 20))
LEAD_TIME = {fixed: durations(deterministic=fixed) for fixed in (False, True)}
SIZE = st.none() | durations(1, 8, lognormal=False)  # see `assert_scales`
ALLOCATION: SearchStrategy[Allocation] = st.sampled_from(
    ("proportional", "priority", "fifo", "domestic-first", "incumbent-first")
)
PER_UNIT = st.sampled_from((1.0, 0.5, 2.0, 0.0625, 16.0, 0.1, 10.0, 0.01, 100.0, 1e-3, 1e-4, 1e3))
UTILISATION = st.sampled_from(
    [
        (part, as_capacity)
        for as_capacity in (False, True)
        for part in (0.5, 0.75, 1.0, 0.625, 0.875, 0.9375, 1.0)
    ]
)
REVIEW = st.sampled_from((0.0, 1.0, 7.0, 14.0, 30.0))
REACTION = st.sampled_from((30.0, 60.0, 14.0, 7.0, 1.0, 0.0))
IDLE = st.none() | st.tuples(
    RATE,
    st.sampled_from((0.0, 1.0, 3.0, 10.0, 0.5)),
    st.sampled_from((0.0, 1.0, 0.25, 4.0)),
    st.sampled_from((0.0, 1.0, 7.0, 20.0, 2.5)),
    st.sampled_from((0.0, 1.0, 7.0, 3.5)),
)
HOST = st.none() | st.tuples(PLACE, PART, mostly(30.0, grid(0, 60)))
PERIOD = st.sampled_from((1.0, 7.0, 30.0, 0.5, 1.5, 3.5))
KINDS: tuple[PolicyKind, ...] = ("cover", "base stock", "min max", "reorder point")
POLICY = st.sampled_from([(kind, step) for kind in KINDS for step in (1, 7, 30, 2, 5, 14)])


@dataclass(frozen=True)
class Way:
    """A lane from one of the possible sources; ``part`` is its share in sixteenths, as far as any are left."""

    source: int
    part: int
    spare: int
    lead_time: Distribution
    order_lag: float
    room: float = math.inf
    cost: float = 0.0
    order_cost: float = 0.0
    holding_cost: float = 0.0
    priority: int = 0


@dataclass(frozen=True)
class Slot:
    """How a stock orders (``policy``: kind, and days of use in a batch), and over which lanes."""

    ways: list[Way]
    days: float
    review: float
    reaction: float
    policy: tuple[PolicyKind, int] = ("cover", 1)
    initial: Initial | None = None
    double_order: float = 0.0
    retain: float = 0.0
    holding_cost: float = 0.0


@dataclass(frozen=True)
class Need:
    """One input of a recipe."""

    per_unit: float
    slot: Slot
    needs: float = 1.0
    criticality: float = 1.0


@dataclass(frozen=True)
class Plant:
    """A site: ``utilisation``, and whether given as capacity; ``lot`` in days of output; when idle, ``standby`` is
    its capacity and ``planned`` the share of that to be ready for. ``host``: which of the sites before it is its host,
    how many sixteenths more residue there is than it needs, and for how many days that is kept. ``idle``: capacity in
    days of output, and the days of `supplysim.Idle`.
    """

    country: str
    utilisation: tuple[float, bool]
    lot: float | None
    cycle_time: float
    cover: float
    allocation: Allocation
    recipe: tuple[Need, ...]
    standby: float = 1.0
    planned: float = 0.0
    host: tuple[int, int, float] | None = None
    idle: tuple[float, float, float, float, float] | None = None
    value_added: float = 0.0
    holding_cost: float = 0.0


@dataclass(frozen=True)
class Hub:
    """A store between makers and users."""

    country: str
    allocation: Allocation
    slot: Slot


@dataclass(frozen=True)
class Use:
    """Final use of the ``commodity``-th last commodity."""

    country: str
    commodity: int
    rate: float
    period: float
    unmet: Literal["lost", "backlog"]
    slot: Slot
    arrivals: Literal["steady", "poisson"] = "steady"
    size: Distribution | None = None
    priority: int = 0
    penalty: float = 0.0


@dataclass(frozen=True)
class Goods:
    """Who makes a commodity, the hubs that hold it, and its price."""

    plants: list[Plant]
    hubs: list[Hub]
    price: float = 0.0


@dataclass(frozen=True)
class Tier:
    """A commodity made of the one before, of a side branch (itself perhaps made) and of the last but one."""

    goods: Goods
    side: Goods | None
    made: bool
    shortcut: bool


@dataclass(frozen=True)
class Loop:
    """A recycler beside one lane, taking over a part of its share."""

    place: int
    part: int
    gain: float
    plant: Plant


class Traits:
    """The strategies of all records, for one choice of options and features."""

    def __init__(
        self,
        features: frozenset[str],
        *,
        deterministic: bool,
        policies: Literal["cover", "any"],
        several: bool,
        hubs: bool,
        max_sites: int,
    ) -> None:
        self.features = features
        self.deterministic = deterministic
        self.max_sites = max_sites
        self.policies = policies
        self.slot = self._slot(self._way(), 3 if several else 1)
        self.uses = st.lists(self._use(), min_size=1, max_size=2)
        hub = st.builds(Hub, country=COUNTRY, allocation=ALLOCATION, slot=self.slot)
        none: SearchStrategy[list[Hub]] = st.just([])
        some = st.lists(hub, min_size=1, max_size=2)
        self.hubs = RARELY.flatmap(lambda yes: some if yes else none) if hubs else none
        self.goods = [self._goods(inputs) for inputs in range(4)]
        self.tier = self._tier()
        self.loop = st.none() | st.builds(
            Loop, place=PLACE, part=st.integers(1, 16), gain=GAIN, plant=self._plant(1)
        )

    def _when(self, feature: str, **fields: SearchStrategy[Any]) -> dict[str, SearchStrategy[Any]]:
        """The fields of a feature, where it is chosen; else their defaults stand."""
        return fields if feature in self.features else {}

    def _way(self) -> SearchStrategy[Way]:
        return st.builds(
            Way,
            source=PLACE,
            part=PART,
            spare=PART,
            lead_time=LEAD_TIME[self.deterministic],
            order_lag=ORDER_LAG,
            **self._when("capped", room=ROOM),
            **self._when("money", cost=MONEY, order_cost=MONEY, holding_cost=MONEY),
            **self._when("ranks", priority=RANK),
        )

    def _slot(self, way: SearchStrategy[Way], most: int) -> SearchStrategy[Slot]:
        fields = {} if self.policies == "cover" else {"policy": POLICY}
        high = st.none() if self.deterministic else st.none() | COVER  # a range is drawn from
        initial = st.none() | st.tuples(st.sampled_from(("days", "quantity")), COVER, high)
        return st.builds(
            Slot,
            ways=st.lists(way, min_size=1, max_size=most),
            days=COVER,
            review=REVIEW,
            reaction=REACTION,
            **fields,
            **self._when("initial", initial=initial),
            **self._when("surge", double_order=SOME_SHARE, retain=SOME_SHARE),
            **self._when("money", holding_cost=MONEY),
        )

    def _use(self) -> SearchStrategy[Use]:
        chance = {
            "arrivals": st.sampled_from(("steady", "poisson")),
            "size": SIZE,
        }
        return st.builds(
            Use,
            country=COUNTRY,
            commodity=PLACE,
            rate=RATE,
            period=PERIOD,
            unmet=st.sampled_from(("lost", "backlog")),
            slot=self.slot,
            **({} if self.deterministic else chance),
            **self._when("ranks", priority=RANK),
            **self._when("money", penalty=MONEY),
        )

    def _plant(self, inputs: int) -> SearchStrategy[Plant]:
        partial = self._when("partial", needs=SHARE, criticality=SHARE)
        need = st.builds(Need, per_unit=PER_UNIT, slot=self.slot, **partial)
        return st.builds(
            Plant,
            country=COUNTRY,
            utilisation=UTILISATION,
            lot=LOT,
            cycle_time=CYCLE_TIME,
            cover=COVER,
            allocation=ALLOCATION,
            recipe=st.tuples(*[need] * inputs),
            **self._when("planned", standby=RATE, planned=SHARE),
            **self._when("hosted", host=HOST),
            **self._when("idle", idle=IDLE),
            **self._when("money", value_added=MONEY, holding_cost=MONEY),
        )

    def _goods(self, inputs: int) -> SearchStrategy[Goods]:
        plants = st.lists(self._plant(inputs), min_size=1, max_size=self.max_sites)
        price = self._when("money", price=MONEY)
        return st.builds(Goods, plants=plants, hubs=self.hubs, **price)

    def _tier(self) -> SearchStrategy[Tier]:
        @st.composite
        def tier(draw: st.DrawFn) -> Tier:
            sided, made, shortcut = draw(RARELY), draw(st.booleans()), draw(RARELY)
            side = draw(self.goods[made]) if sided else None
            return Tier(draw(self.goods[1 + sided + shortcut]), side, made, shortcut)

        return tier()


@cache
def traits(
    features: frozenset[str],
    *,
    deterministic: bool,
    policies: Literal["cover", "any"],
    several: bool,
    hubs: bool,
    max_sites: int,
) -> Traits:
    """`Traits`, made once for each choice: strategies take longer to make than to draw from."""
    return Traits(
        features,
        deterministic=deterministic,
        policies=policies,
        several=several,
        hubs=hubs,
        max_sites=max_sites,
    )
