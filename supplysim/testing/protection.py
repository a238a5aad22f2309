"""Random reserves, shared ones, aid, warnings, precedence and joint purchases."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from supplysim.measures import (
    EarlyWarning,
    JointPurchase,
    Measure,
    MutualAid,
    PriorityAllocation,
    Reserve,
    SharedReserve,
)
from supplysim.model import Fixed, Slot
from supplysim.testing.drawer import DAYS, PART, RATE, SHARE, Drawer, Kind
from supplysim.testing.numbers import RARELY, sixteenths
from supplysim.testing.traits import COUNTRIES, COUNTRY

__all__ = ["KINDS"]

STOCK = sixteenths(0, 120)


def _some_reserve(drawer: Drawer) -> Reserve:
    return Reserve(**_reserve(drawer, drawer.draw(st.sampled_from(drawer.reach.users))))


def _reserve(drawer: Drawer, slot: Slot) -> dict[str, Any]:
    """A stock for the users in the slot's country: own, or held for them elsewhere."""
    elsewhere = drawer.draw(RARELY)
    days = drawer.draw(STOCK)
    use = drawer.network.baseline().use[slot.key]
    below = drawer.draw(DAYS)
    return {
        "country": drawer.draw(COUNTRY) if elsewhere else slot.country,
        "to": (slot.country,) if elsewhere else (),
        "commodity": slot.commodity,
        **({"days": days} if drawer.draw(st.booleans()) else {"amount": days * use}),
        "below": below,
        "above": below + drawer.draw(DAYS) if drawer.draw(st.booleans()) else None,
        "decision_delay": drawer.draw(DAYS) if drawer.draw(RARELY) else 0.0,
        **({"rate": (use or 1.0) * drawer.draw(RATE)} if drawer.draw(RARELY) else {}),
        "max_share": drawer.draw(SHARE),
        "filled": drawer.draw(SHARE),
        "lead_time": drawer.draw(drawer.wait) if drawer.draw(RARELY) else Fixed(2.0),
    }


def _stock(drawer: Drawer, slot: Slot) -> dict[str, Any]:
    """What shared reserves and mutual aid have in common with a reserve."""
    drawn = _reserve(drawer, slot)
    return {x: drawn[x] for x in drawn if x not in ("country", "to", "amount", "days", "rate")}


def _partners(drawer: Drawer, slot: Slot) -> list[str]:
    others = [code for code in COUNTRIES if code != slot.country]
    return [slot.country, drawer.draw(st.sampled_from(others))]


def _shared(drawer: Drawer) -> SharedReserve:
    slot = drawer.draw(st.sampled_from(drawer.reach.users))
    members = _partners(drawer, slot)
    use = drawer.network.baseline().use[slot.key]
    split: Any = dict.fromkeys(members, 0.5)
    rate: dict[str, Any] = (
        {"rate": (use or 1.0) * drawer.draw(RATE)} if drawer.draw(st.booleans()) else {}
    )
    rights: Any = drawer.draw(st.sampled_from(("need", "baseline", split)))
    return SharedReserve(
        **_stock(drawer, slot),
        **rate,
        members=members,
        country=drawer.draw(COUNTRY),
        days=drawer.draw(STOCK),
        rights=rights,
        **drawer.window(),
    )


def _aid(drawer: Drawer) -> MutualAid:
    slot = drawer.draw(st.sampled_from(drawer.reach.users))
    use = drawer.network.baseline().use[slot.key]
    rate: dict[str, Any] = (
        {"partner_rate": (use or 1.0) * drawer.draw(RATE)} if drawer.draw(st.booleans()) else {}
    )
    return MutualAid(
        **_stock(drawer, slot),
        **rate,
        members=_partners(drawer, slot),
        days=drawer.draw(STOCK),
        keep=drawer.draw(DAYS),
        **drawer.window(),
    )


def _warning(drawer: Drawer) -> EarlyWarning:
    slot = drawer.draw(st.sampled_from(drawer.reach.slots))
    goods = [slot.commodity] if drawer.draw(st.booleans()) else []
    factor = drawer.draw(SHARE)
    return EarlyWarning(to=[slot.country], commodities=goods, factor=factor, **drawer.window())


def _priority(drawer: Drawer) -> PriorityAllocation:
    slot = drawer.draw(st.sampled_from(drawer.reach.users))
    upstream = drawer.draw(st.booleans())
    return PriorityAllocation(first=[slot.node], upstream=upstream, **drawer.window())


def _joint(drawer: Drawer) -> JointPurchase:
    slot = drawer.draw(st.sampled_from(drawer.reach.users))
    return JointPurchase(
        members=_partners(drawer, slot),
        country=drawer.draw(COUNTRY),
        commodity=slot.commodity,
        share=drawer.draw(PART),
        max_share=drawer.draw(SHARE),
        lead_time=drawer.draw(drawer.wait),
        qualification=drawer.draw(DAYS),
        discount=drawer.draw(st.sampled_from((0.0, 0.25))),
        **drawer.window(),
    )


KINDS: dict[type[Measure], Kind] = {
    Reserve: Kind("reserve", _some_reserve, lambda reach: reach.users),
    SharedReserve: Kind("pool", _shared, lambda reach: reach.users),
    MutualAid: Kind("aid", _aid, lambda reach: reach.users),
    EarlyWarning: Kind("warning", _warning, lambda reach: reach.slots),
    PriorityAllocation: Kind("first", _priority, lambda reach: reach.users),
    JointPurchase: Kind("joint", _joint, lambda reach: reach.users),
}
"""How to draw each measure of this family."""
