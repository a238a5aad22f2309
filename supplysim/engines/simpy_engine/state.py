"""The state of a run: what is where, by entity. Handlers in the sibling modules change it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from supplysim import draws, rules
from supplysim.changes import STRUCTURE, Closed, Inspection, Value
from supplysim.model import Demand, Lane, Site, Slot
from supplysim.plan import DUST, Plan

if TYPE_CHECKING:
    from supplysim.engines.simpy_engine.clock import Wake
    from supplysim.engines.simpy_engine.gates import InspectionState, LedgerState, LicenceState

__all__ = ["DemandState", "LaneState", "SiteState", "SlotState", "SourceState", "Stream", "build"]


class Stream:
    """Draws of one entity for one purpose; events that others cause are numbered by day."""

    __slots__ = ("_count", "_day", "_key")

    def __init__(self, plan: Plan, entity: tuple[str, str], purpose: draws.Purpose) -> None:
        self._key = draws.stream(plan.seed, plan.replication, draws.entity(*entity), purpose)
        self._day = -math.inf
        self._count = 0

    def restart(self, at: int) -> None:
        """Number the draws of a stream on its own clock from here on."""
        self._count = at

    def next(self) -> float:
        """The next uniform draw of a stream that runs on its own clock."""
        u = draws.uniform(self._key, self._count)
        self._count += 1
        return u

    def at(self, time: float) -> float:
        """The next uniform draw of the day of ``time``."""
        day = math.floor(time)
        if day != self._day:
            self._day, self._count = day, 0
        u = draws.uniform(self._key, draws.moment(time, self._count))
        self._count += 1
        return u


@dataclass(eq=False, slots=True)
class Costs:
    """Money of one entity: ``rate`` USD per unit and day on a level that changes at events."""

    rate: float
    since: float
    holding: float = 0.0

    def accrue(self, now: float, level: float) -> None:
        """Book the level's cost up to now; to be called just before the level changes."""
        if self.rate > 0.0:
            self.holding += self.rate * level * (now - self.since)
            self.since = now


@dataclass(eq=False, slots=True)
class LaneState:
    """One lane: its book (orders not yet dispatched), what is under way, its gates and its record."""

    key: str
    rank: int
    lane: Lane
    source: SourceState
    slot: SlotState
    flow: float
    dust: float
    planned: float
    slack: float
    leads: Stream
    costs: Costs
    base_price: float
    price: float
    cost: float
    share: float
    capacity: float
    delay: float = 0.0
    duty_rate: float = 0.0
    precedence: float = 0.0
    values: dict[str, dict[str, Value]] = field(default_factory=dict)
    closed: bool = False
    ledgers: list[LedgerState] = field(default_factory=list)
    licences: list[LicenceState] = field(default_factory=list)
    inspections: list[InspectionState] = field(default_factory=list)
    inspected: dict[Inspection, InspectionState] = field(default_factory=dict)
    # goods and orders
    lag: float = 0.0
    lagging: int = 0
    book: float = 0.0
    orders: deque[list[float]] = field(default_factory=deque)
    at_gate: float = 0.0
    transit: float = 0.0
    shipments: dict[int, tuple[float, float]] = field(default_factory=dict)
    free_at: float = -math.inf
    order_serial: int = 0
    ship_serial: int = 0
    # how the buyer sees it
    split: float = 0.0
    behind_since: float | None = None
    behind_serial: int = 0
    blocked: bool = False
    doubled: float = 0.0
    allowance: float = 0.0
    allowance_at: float | None = None
    shift: float = 0.0
    streak: float = 0.0
    streak_since: float = 0.0
    # incumbent-first: volume it may claim before new business
    most_right: float = 0.0
    right: float = 0.0
    right_at: float = 0.0
    arrived: float = 0.0  # ever
    # today's flows and money
    ordered: float = 0.0
    shipped: float = 0.0
    received: float = 0.0
    returned: float = 0.0
    seized: float = 0.0
    goods: float = 0.0
    freight: float = 0.0
    duty: float = 0.0
    ordering: float = 0.0

    @property
    def behind(self) -> bool:
        """Whether a dispatch has left its book non-empty."""
        return self.behind_since is not None


@dataclass(eq=False, slots=True)
class SourceState:
    """What can be shipped from a site or a store, and the lanes that leave it."""

    name: str
    rank: int
    kind: str
    country: str
    allocation: str
    out: list[LaneState] = field(default_factory=list)
    stock: float = 0.0
    costs: Costs = field(default_factory=lambda: Costs(0.0, 0.0))
    slot: SlotState | None = None
    site: SiteState | None = None
    wake: Wake = None  # type: ignore[assignment]
    retry_at: float = -math.inf


@dataclass(eq=False, slots=True)
class SlotState:
    """One stock that orders. A store's slot and its source share the stock of the source."""

    key: str
    rank: int
    slot: Slot
    use: float
    lump: float
    dust: float
    gain: float
    reaction: float
    lanes: list[LaneState]
    source: SourceState | None = None
    site: SiteState | None = None
    demand: DemandState | None = None
    wake: Wake = None  # type: ignore[assignment]
    on_hand: float = 0.0
    target: float = 0.0
    cover: float = 0.0
    values: dict[str, dict[str, Value]] = field(default_factory=dict)
    retry_due: bool = False
    used: float = 0.0
    counted: float = 0.0
    costs: Costs = field(default_factory=lambda: Costs(0.0, 0.0))

    @property
    def stock(self) -> float:
        """What is on hand (units)."""
        return self.on_hand if self.source is None else self.source.stock


@dataclass(eq=False, slots=True)
class SiteState:
    """Production: the line, the lots in process, the capacity of the moment."""

    name: str
    rank: int
    site: Site
    lot: float
    target: float
    base_capacity: float
    capacity: float
    source: SourceState
    slots: list[SlotState] = field(default_factory=list)
    wake: Wake = None  # type: ignore[assignment]
    values: dict[str, Value] = field(default_factory=dict)
    # a by-product: what the host's residue allows; a host: its by-products
    allowance: float = 0.0
    most_allowance: float = 0.0
    guests: list[SiteState] = field(default_factory=list)
    in_process: float = 0.0
    in_line: float = 0.0
    line_ends: float = 0.0
    work_left: float = 0.0
    work_since: float = 0.0
    line_serial: int = 0
    lots: int = 0
    produced: float = 0.0  # ever
    output: float = 0.0
    started: float = 0.0


@dataclass(eq=False, slots=True)
class DemandState:
    """Final use: its clock, its backlog and what it got."""

    name: str
    rank: int
    demand: Demand
    slot: SlotState
    rate: float
    intervals: Stream
    sizes: Stream
    # arrivals at random: what is left until the next, in units of mean demand, since when, how often set
    left: float = 0.0
    since: float = 0.0
    serial: int = 0
    values: dict[str, Value] = field(default_factory=dict)
    backlog: float = 0.0
    wanted: float = 0.0
    served: float = 0.0
    unmet: float = 0.0
    deferred: float = 0.0
    recovered: float = 0.0
    penalty: float = 0.0
    costs: Costs = field(default_factory=lambda: Costs(0.0, 0.0))


@dataclass(eq=False, slots=True)
class Entities:
    """Everything with a state, by name, in sorted order."""

    sources: dict[str, SourceState] = field(default_factory=dict)
    sites: dict[str, SiteState] = field(default_factory=dict)
    slots: dict[str, SlotState] = field(default_factory=dict)
    demands: dict[str, DemandState] = field(default_factory=dict)
    lanes: dict[str, LaneState] = field(default_factory=dict)


def build(plan: Plan) -> Entities:
    """The state in which the warm-up starts: stocks full, nothing on order or under way."""
    all_ = Entities()
    now = float(-plan.warmup)
    net = plan.network
    for kind, table in (("site", net.site_by_name), ("store", net.store_by_name)):
        for name, node in table.items():
            rank = plan.rank[kind, name]
            source = SourceState(name, rank, kind, node.country, node.allocation)
            source.costs = Costs(node.holding_cost, now)
            all_.sources[name] = source
    all_.sources = dict(sorted(all_.sources.items()))
    for name, site in net.site_by_name.items():
        _build_site(plan, all_, name, site)
    for state in all_.sites.values():
        if state.site.host is not None:
            all_.sites[state.site.host].guests.append(state)
    for key, slot in net.slots.items():
        _build_slot(plan, all_, key, slot, now)
    for key, lane in net.lanes_by_key.items():
        _build_lane(plan, all_, key, lane, now)
    for slot_state in all_.slots.values():
        for lane_state in slot_state.lanes:
            lane_state.split = lane_state.share
        opening = plan.opening_stock(slot_state.slot)
        if slot_state.source is not None:
            slot_state.source.stock = opening
        else:
            slot_state.on_hand = opening
    return all_


def _build_site(plan: Plan, all_: Entities, name: str, site: Site) -> None:
    source = all_.sources[name]
    source.stock = plan.opening_output(name)
    capacity = plan.baseline.capacity[name]
    source.site = all_.sites[name] = SiteState(
        name,
        plan.rank["site", name],
        site,
        lot=plan.baseline.lot[name],
        target=plan.site_target[name],
        base_capacity=capacity,
        capacity=capacity,
        source=source,
        allowance=plan.opening_allowance[name],
        most_allowance=plan.allowance[name],
    )


def _build_slot(plan: Plan, all_: Entities, key: str, slot: Slot, now: float) -> None:
    lump = plan.lump[key]
    state = SlotState(
        key,
        plan.rank["slot", key],
        slot,
        plan.use[key],
        lump,
        dust=DUST * lump,
        gain=slot.gain,
        reaction=slot.item.reaction,
        lanes=[],
    )
    state.costs = Costs(slot.item.holding_cost, now)
    all_.slots[key] = state
    if slot.kind == "input":
        state.site = all_.sites[slot.node]
        state.site.slots.append(state)
    elif slot.kind == "store":
        state.source = all_.sources[slot.node]
        state.source.slot = state
        state.costs = Costs(0.0, now)  # the source carries the store's holding cost
    else:
        demand = slot.item
        assert isinstance(demand, Demand)
        entity = ("demand", slot.node)
        state.demand = all_.demands[slot.node] = DemandState(
            slot.node,
            plan.rank[entity],
            demand,
            state,
            rate=demand.rate,
            intervals=Stream(plan, entity, draws.Purpose.DEMAND_INTERVAL),
            sizes=Stream(plan, entity, draws.Purpose.DEMAND_SIZE),
            costs=Costs(demand.penalty if demand.unmet == "backlog" else 0.0, now),
        )


def _build_lane(plan: Plan, all_: Entities, key: str, lane: Lane, now: float) -> None:
    source = all_.sources[lane.source]
    slot = all_.slots[plan.network.slot_of(lane).key]
    flow = plan.baseline.flow[key]
    # an incumbent may save up so much, and its one lump; who is no customer in normal times has no right
    most_right = rules.INCUMBENT_DAYS * flow + slot.lump if flow > 0.0 else 0.0
    price = plan.network.commodity_by_name[plan.network.product(lane.source)].price
    state = LaneState(
        key,
        plan.rank["lane", key],
        lane,
        source,
        slot,
        flow=flow,
        dust=slot.dust,
        planned=plan.lead[key],
        slack=plan.slack[key],
        leads=Stream(plan, ("lane", key), draws.Purpose.LEAD_TIME),
        costs=Costs(lane.holding_cost, now),
        base_price=price,
        price=price,
        cost=lane.cost,
        share=lane.share,
        capacity=lane.capacity,
        closed=lane.closed,
        most_right=most_right,
        right=most_right,
        right_at=now,
    )
    if lane.closed:
        state.values["gate"] = {STRUCTURE: Closed()}
    all_.lanes[key] = state
    source.out.append(state)
    slot.lanes.append(state)
