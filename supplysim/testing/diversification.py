"""Random second sources, plants, scrap, caps, savings and new recipes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from supplysim.measures import (
    DemandReduction,
    Measure,
    NewCapacity,
    Recycling,
    SecondSource,
    ShareCap,
    Substitution,
)
from supplysim.model import Distribution, Fixed, Slot, Uniform
from supplysim.testing.drawer import CAPACITY, DAYS, PART, SHARE, Drawer, Kind, Reach
from supplysim.testing.numbers import RARELY
from supplysim.testing.traits import COUNTRY

__all__ = ["KINDS"]

LIFETIMES: st.SearchStrategy[Distribution] = st.sampled_from(
    (Fixed(2.0), Fixed(0.0), Uniform(1.0, 4.0))
)


def _source(drawer: Drawer) -> SecondSource:
    slot = drawer.draw(st.sampled_from(drawer.reach.slots))
    return SecondSource(**drawer.window(), **_second_source(drawer, slot))


def _second_source(drawer: Drawer, slot: Slot) -> dict[str, Any]:
    """A new site for the slot's country, or new lanes from one that makes the commodity."""
    use = drawer.network.baseline().use[slot.key]
    makers = [site.name for site in drawer.reach.sites if site.makes == slot.commodity]
    if bool(makers) and drawer.draw(st.booleans()):
        where: dict[str, Any] = {"site": drawer.draw(st.sampled_from(makers))}
    else:
        capacity = (use or 1.0) * drawer.draw(CAPACITY)
        where = {"country": drawer.draw(COUNTRY), "capacity": capacity}
    return {
        "commodity": slot.commodity,
        "to": [slot.country],
        **where,
        "qualification": drawer.draw(DAYS),
        "ramp": drawer.draw(DAYS) if drawer.draw(st.booleans()) else 0.0,
        "share": drawer.draw(PART),
        "max_share": drawer.draw(SHARE),
        "lead_time": drawer.draw(drawer.wait),
        "order_lag": drawer.draw(DAYS) if drawer.draw(RARELY) else 0.0,
    }


def _supplying(drawer: Drawer, slot: Slot) -> dict[str, Any]:
    return {
        "commodity": slot.commodity,
        "to": [slot.country],
        "country": drawer.draw(COUNTRY),
        "ramp": drawer.draw(DAYS) if drawer.draw(st.booleans()) else 0.0,
        "max_share": drawer.draw(SHARE),
        "lead_time": drawer.draw(drawer.wait),
    }


def _new_capacity(drawer: Drawer) -> NewCapacity:
    slot = drawer.draw(st.sampled_from(drawer.reach.slots))
    use = drawer.network.baseline().use[slot.key] or 1.0
    common = {
        "build": drawer.draw(DAYS),
        "capacity": use * drawer.draw(CAPACITY),
        **drawer.window(),
    }
    makers = [site.name for site in drawer.reach.sites if site.makes == slot.commodity]
    if bool(makers) and drawer.draw(st.booleans()):
        some = st.lists(st.sampled_from(makers), min_size=1, max_size=2, unique=True)
        sites = drawer.draw(some)
        return NewCapacity(commodity=slot.commodity, sites=sites, **common)
    like = drawer.draw(st.none() | st.sampled_from(makers)) if makers else None
    share = drawer.draw(PART)
    return NewCapacity(**_supplying(drawer, slot), like=like, share=share, **common)


def _recycling(drawer: Drawer) -> Recycling:
    slot = drawer.draw(st.sampled_from(drawer.reach.slots))
    return Recycling(
        **_supplying(drawer, slot),
        **drawer.window(),
        collection=drawer.draw(SHARE),
        recovery=drawer.draw(SHARE),
        lifetime=drawer.draw(LIFETIMES),
        build=drawer.draw(DAYS),
        share=drawer.draw(st.none() | PART),
    )


def _saving(drawer: Drawer, slot: Slot) -> dict[str, Any]:
    return {
        "to": [slot.country],
        "share": drawer.draw(SHARE),
        "qualification": drawer.draw(DAYS),
        "ramp": drawer.draw(DAYS) if drawer.draw(st.booleans()) else 0.0,
        **drawer.window(),
    }


def _demand_reduction(drawer: Drawer) -> DemandReduction:
    slot = drawer.draw(st.sampled_from(drawer.reach.users))
    return DemandReduction(commodities=[slot.commodity], **_saving(drawer, slot))


def _substitution(drawer: Drawer) -> Substitution:
    slot = drawer.draw(st.sampled_from(_inputs(drawer.reach)))
    output = drawer.network.baseline().output
    made = sorted({x.makes for x in drawer.reach.sites if output[x.name] > 0.0} - {slot.commodity})
    upstream = [x for x in made if x < drawer.network.site_by_name[slot.node].makes]
    by = drawer.draw(st.none() | st.sampled_from(upstream)) if upstream else None
    penalty = drawer.draw(st.sampled_from((0.0, 0.25)))
    return Substitution(
        commodity=slot.commodity, by=by, yield_penalty=penalty, **_saving(drawer, slot)
    )


def _inputs(reach: Reach) -> list[Slot]:
    return [slot for slot in reach.slots if slot.kind == "input"]


def _share_cap(drawer: Drawer) -> ShareCap:
    slot = drawer.draw(st.sampled_from(drawer.reach.slots))
    return ShareCap(
        commodities=[slot.commodity],
        to=[slot.country],
        cap=drawer.draw(SHARE),
        ramp=drawer.draw(DAYS) if drawer.draw(st.booleans()) else 0.0,
        **drawer.window(),
    )


KINDS: dict[type[Measure], Kind] = {
    SecondSource: Kind("source", _source, lambda reach: reach.slots),
    NewCapacity: Kind("plant", _new_capacity, lambda reach: reach.slots),
    Recycling: Kind("scrap", _recycling, lambda reach: reach.slots),
    ShareCap: Kind("cap", _share_cap, lambda reach: reach.slots),
    DemandReduction: Kind("saving", _demand_reduction, lambda reach: reach.users),
    Substitution: Kind("recipe", _substitution, _inputs),
}
"""How to draw each measure of this family."""
