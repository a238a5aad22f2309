"""Random feasible networks: drawn in relative terms, then scaled by their own baseline flows."""

from __future__ import annotations

import dataclasses
import math
import string
from typing import Literal, TypeVar

from hypothesis import strategies as st

from supplysim.model import (
    Baseline,
    BaseStock,
    Commodity,
    Days,
    DaysOfCover,
    Demand,
    Fixed,
    Idle,
    Input,
    Lane,
    MinMax,
    Network,
    Policy,
    Quantity,
    ReorderPoint,
    Site,
    Store,
)
from supplysim.testing.numbers import RARELY
from supplysim.testing.traits import (
    COUNTRIES,
    FEATURES,
    Goods,
    Hub,
    Loop,
    Plant,
    Slot,
    Tier,
    Use,
    Way,
    traits,
)

__all__ = ["networks", "tiny"]

Owner = TypeVar("Owner", Input, Store, Demand)


def tiny() -> Network:
    """One mine in CN, one demand in DE, one lane: what `networks` shrink to.

    >>> tiny().baseline().flow
    {'mine|use|': 1.0}
    """
    return Network(
        name="tiny",
        commodities=(Commodity("ore"),),
        sites=(Site("mine", country="CN", makes="ore", utilisation=0.5),),
        demands=(Demand("use", country="DE", commodity="ore", rate=1.0),),
        lanes=(Lane("mine", "use", lead_time=Fixed(7.0)),),
    )


@st.composite
def networks(
    draw: st.DrawFn,
    *,
    max_tiers: int = 4,
    max_sites: int = 3,
    deterministic: bool = False,
    policies: Literal["cover", "any"] = "any",
    several_sources: bool = True,
    stores: bool = True,
    cycles: bool = False,
    initial: bool = True,
) -> Network:
    """Networks that are accepted and whose capacities carry their baseline flow.

    Up to ``max_tiers`` commodities in a row (and side branches), each made by up to ``max_sites`` sites.
    ``deterministic`` leaves only `Fixed` lead times and steady demand; ``policies="cover"`` only `DaysOfCover`,
    ``"any"`` all four, with levels that hold the lead time's use and a lot. ``several_sources`` gives slots up to
    three lanes (some idle), ``stores`` puts hubs in between, ``cycles`` adds a recycler now and then, ``initial``
    starts some stocks elsewhere than where the warm-up leaves them.

    An undisturbed run of ``networks(deterministic=True, policies="cover", initial=False)`` loses nothing.

    >>> from hypothesis import given, settings
    >>> @given(networks(max_tiers=2))
    ... @settings(max_examples=5)
    ... def test_lines_carry_their_baseline(network):
    ...     flows = network.baseline()
    ...     for site in network.sites:
    ...         assert flows.output[site.name] <= flows.capacity[site.name] * (1 + 1e-9)
    >>> test_lines_carry_their_baseline()
    """
    wanted = (*FEATURES, "initial") if initial else FEATURES
    strategies = traits(
        frozenset(name for name in wanted if draw(RARELY)),
        deterministic=deterministic,
        policies=policies,
        several=several_sources,
        hubs=stores,
        max_sites=max_sites,
    )
    draft = _Draft()
    draft.add_goods("c1", [], draw(strategies.goods[0]))
    for tier in draw(st.lists(strategies.tier, max_size=max_tiers - 1)):
        draft.add_tier(tier)
    for use in draw(strategies.uses):
        draft.add_use(use)
    if cycles:
        draft.add_loop(draw(strategies.loop))
    return draft.finished()


class _Draft:
    """A network being built: bare nodes and lanes, and by name the traits that they are to get."""

    def __init__(self) -> None:
        self.tiers = 1
        self.commodities: dict[str, Commodity] = {}
        self.sources: dict[str, list[str]] = {}
        self.sites: dict[str, Site] = {}
        self.stores: dict[str, Store] = {}
        self.demands: dict[str, Demand] = {}
        self.lanes: dict[str, Lane] = {}
        self.plants: dict[str, Plant] = {}
        self.hubs: dict[str, Hub] = {}
        self.uses: dict[str, Use] = {}
        self.slots: dict[str, Slot] = {}
        self.ways: dict[str, Way] = {}

    # --- who supplies whom -----------------------------------------------------------------------

    def add_tier(self, tier: Tier) -> None:
        """One more commodity, made of the last one."""
        self.tiers += 1
        last, before = f"c{self.tiers - 1}", f"c{self.tiers - 2}"
        inputs = [last]
        if tier.side is not None:
            side = f"x{self.tiers - 1}"
            self.add_goods(
                side, [before] if tier.made and before in self.sources else [], tier.side
            )
            inputs.append(side)
        if tier.shortcut and before in self.sources:
            inputs.append(before)
        self.add_goods(f"c{self.tiers}", inputs, tier.goods)

    def add_goods(self, made: str, inputs: list[str], goods: Goods) -> None:
        """The makers and hubs of a commodity; one hub may supply the next."""
        names = [f"{made}-{letter}" for letter in string.ascii_lowercase]
        self.commodities[made] = Commodity(made, price=goods.price)
        self.sources[made] = []
        for name, plant in zip(names, goods.plants, strict=False):
            self.add_plant(name, made, inputs, plant)
            self.sources[made].append(name)
        for i, hub in enumerate(goods.hubs):
            name = f"{made}-hub-{i + 1}"
            self.stores[name] = Store(name, country=hub.country, commodity=made)
            self.hubs[name] = hub
            self.add_slot(name, name, made, hub.slot)
            self.sources[made].append(name)

    def add_plant(self, name: str, made: str, inputs: list[str], plant: Plant) -> None:
        """A site, as yet without any limit."""
        recipe = dict(zip(inputs, plant.recipe, strict=False))
        self.plants[name] = plant
        self.sites[name] = Site(
            name,
            country=plant.country,
            makes=made,
            capacity=1e30,
            inputs={key: Input(need.per_unit) for key, need in recipe.items()},
        )
        for key, need in recipe.items():
            self.add_slot(f"{name}|{key}", name, key, need.slot)

    def add_use(self, use: Use) -> None:
        """A demand: the first of the last commodity, the second of any, in another country."""
        goods = list(self.sources)
        country = use.country
        for other in self.demands.values():
            if other.country == country:
                country = COUNTRIES[(COUNTRIES.index(country) + 1) % len(COUNTRIES)]
        commodity = goods[-1 - use.commodity % len(goods)] if self.demands else goods[-1]
        name = f"use-{len(self.demands) + 1}"
        self.demands[name] = Demand(name, country=country, commodity=commodity, rate=use.rate)
        self.uses[name] = use
        self.add_slot(name, name, commodity, use.slot)

    def add_slot(self, key: str, target: str, commodity: str, slot: Slot) -> None:
        """Lanes into a stock, with shares that sum to 1 exactly; ways from one source get modes."""
        self.slots[key] = slot
        sources = self.sources[commodity]
        left, parts = 16, []
        for way in slot.ways[1:]:
            parts.append(min(way.part, left))
            left -= parts[-1]
        modes = {source: iter(("", "air", "rail")) for source in sources}
        for way, part in zip(slot.ways, [left, *parts], strict=True):
            source = sources[way.source % len(sources)]
            self.add_lane(Lane(source, target, mode=next(modes[source]), share=part / 16), way)

    def add_lane(self, lane: Lane, way: Way) -> None:
        """A lane and what it is to be like."""
        self.lanes[lane.key] = lane
        self.ways[lane.key] = way

    def add_loop(self, loop: Loop | None) -> None:
        """A site that makes a commodity back from what is made of it, with a gain below 1 round the loop."""
        lanes = [x for x in self.lanes.values() if x.source in self.sites and x.share > 0.0]
        lanes = [x for x in lanes if x.target in self.sites]
        if loop is None or not lanes:
            return
        lane = lanes[loop.place % len(lanes)]
        maker, old = self.sites[lane.target], self.sites[lane.source].makes
        (need,) = loop.plant.recipe
        name, key = "recycler", f"recycler|{maker.makes}"
        self.plants[name] = loop.plant
        self.slots[key] = need.slot
        self.sites[name] = Site(
            name,
            country=loop.plant.country,
            makes=old,
            capacity=1e30,
            cycle_time=1.0,  # a loop has to take some time
            inputs={maker.makes: Input(loop.gain / maker.inputs[old].per_unit)},
        )
        moved = min(loop.part / 16, lane.share)
        way = need.slot.ways[0]
        self.lanes[lane.key] = dataclasses.replace(lane, share=lane.share - moved)
        self.add_lane(Lane(name, maker.name, share=moved), way)
        self.add_lane(Lane(maker.name, name), way)

    # --- how, once the flows are known -----------------------------------------------------------

    def finished(self) -> Network:
        """The network with all traits, scaled by its own baseline."""
        bare = Network(
            name="random",
            commodities=tuple(self.commodities.values()),
            sites=tuple(self.sites.values()),
            stores=tuple(self.stores.values()),
            demands=tuple(self.demands.values()),
            lanes=tuple(self.lanes.values()),
        )
        flows = bare.baseline()
        return bare.replace(
            sites=tuple(self.site(site, flows) for site in bare.sites),
            stores=tuple(self.store(store, flows) for store in bare.stores),
            demands=tuple(self.demand(demand) for demand in bare.demands),
            lanes=tuple(self.lane(lane, flows) for lane in bare.lanes),
        )

    def lane(self, lane: Lane, flows: Baseline) -> Lane:
        """Times, limits and costs of a lane."""
        way, flow = self.ways[lane.key], flows.flow[lane.key]
        return dataclasses.replace(
            lane,
            max_share=max(lane.share, 1.0 - way.spare / 16),
            lead_time=way.lead_time,
            order_lag=way.order_lag,
            capacity=way.room * flow if flow > 0.0 else math.inf,
            cost=way.cost,
            order_cost=way.order_cost,
            holding_cost=way.holding_cost,
            priority=way.priority,
        )

    def site(self, site: Site, flows: Baseline) -> Site:
        """Line, lots, stocks and inputs of a site; one that is idle has a capacity of its own."""
        plant, output = self.plants[site.name], flows.output[site.name]
        utilisation, as_capacity = plant.utilisation
        capacity: float | None = output / utilisation if output > 0.0 else plant.standby
        as_capacity = as_capacity or output <= 0.0
        ready = plant.planned or float(plant.idle is not None)
        planned = ready * plant.standby if output <= 0.0 else 0.0
        base = output or planned or plant.standby
        idle = _idle(plant, base)
        if idle is not None and output <= 0.0 and plant.utilisation[1]:
            capacity = None  # all of it stands still
        lot = (plant.lot or 7.0) * base
        inputs = {}
        for need, (name, item) in zip(plant.recipe, site.inputs.items(), strict=False):
            partial = dataclasses.replace(item, needs=need.needs, criticality=need.criticality)
            gain = item.per_unit
            inputs[name] = self.stocked(partial, f"{site.name}|{name}", gain * output, gain * lot)
        return dataclasses.replace(
            self.hosted(site, flows),
            idle=idle,
            capacity=capacity if as_capacity else None,
            utilisation=None if as_capacity else utilisation,
            lot=None if plant.lot is None else lot,
            cycle_time=site.cycle_time + plant.cycle_time,
            cover=plant.cover,
            allocation=plant.allocation,
            planned=planned,
            value_added=plant.value_added,
            holding_cost=plant.holding_cost,
            inputs=inputs,
        )

    def hosted(self, site: Site, flows: Baseline) -> Site:
        """A by-product, if the plant is to be one: of a site before it, so that hosts never form a circle."""
        place, output = self.plants[site.name].host, flows.output[site.name]
        before = list(self.sites)[: list(self.sites).index(site.name)]
        if place is None or not before:
            return site
        which, spare, buffer = place
        host = before[which % len(before)]
        made = flows.output[host]
        if output > 0.0 and made <= 0.0:
            return site
        ratio = output / made if output > 0.0 else 1.0
        return dataclasses.replace(
            site, host=host, host_yield=ratio * (1.0 + spare / 16), host_buffer=buffer
        )

    def store(self, store: Store, flows: Baseline) -> Store:
        """Ordering and allocation of a hub."""
        use = flows.use[store.name]
        store = dataclasses.replace(store, allocation=self.hubs[store.name].allocation)
        return self.stocked(store, store.name, use, 7.0 * use)

    def demand(self, demand: Demand) -> Demand:
        """When customers come, how much they take, and what becomes of those turned away."""
        use = self.uses[demand.name]
        demand = dataclasses.replace(
            demand,
            arrivals=use.arrivals,
            period=use.period,
            size=use.size,
            unmet=use.unmet,
            priority=use.priority,
            penalty=use.penalty,
        )
        return self.stocked(demand, demand.name, demand.rate, demand.rate * demand.period)

    def stocked(self, owner: Owner, key: str, use: float, lump: float) -> Owner:
        """What inputs, stores and demands have in common: how they keep themselves supplied."""
        slot = self.slots[key]
        return dataclasses.replace(
            owner,
            policy=_policy(slot, use, lump),
            reaction=slot.reaction,
            initial=_initial(slot, use),
            double_order=slot.double_order,
            retain=slot.retain,
            holding_cost=slot.holding_cost,
        )


def _idle(plant: Plant, output: float) -> Idle | None:
    if plant.idle is None:
        return None
    part, after, backlog, delay, ramp = plant.idle
    return Idle(part * output, after=after, backlog=backlog, delay=delay, ramp=ramp)


def _policy(slot: Slot, use: float, lump: float) -> Policy:
    """An ordering rule; fixed levels hold the use of the longest way's mean time and one lump."""
    longest = max(way.order_lag + way.lead_time.mean for way in slot.ways)
    level = (longest + slot.review + slot.days) * use + lump
    kind, days = slot.policy
    step = days * (use or 1.0)
    match kind:
        case "cover":
            return DaysOfCover(slot.days, slot.review)
        case "base stock":
            return BaseStock(level, slot.review)
        case "min max":
            return MinMax(level, level + step, slot.review)
        case "reorder point":
            return ReorderPoint(level, step, slot.review)


def _initial(slot: Slot, use: float) -> Days | Quantity | None:
    if slot.initial is None:
        return None
    kind, low, more = slot.initial
    high = None if more is None else low + more
    if kind == "days":
        return Days(low, high)
    return Quantity(low * use, None if high is None else high * use)
