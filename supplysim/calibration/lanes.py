"""Lanes of a network: who ships to whom within the balanced flows between two places."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from supplysim.calibration.evidence import Witness
from supplysim.calibration.lookup import REST
from supplysim.calibration.parameters import Parameters
from supplysim.calibration.plants import Plants, User
from supplysim.calibration.spans import short
from supplysim.calibration.terms import HUB
from supplysim.model import Fixed, Lane
from supplysim.model.fields import YEAR

__all__ = ["Lanes", "parted"]

LEAST_LANE = 0.25
"""Where lanes from all plants of a place would carry less of their users' need than this, each plant gets users of its
own: few firms buy from every plant of a country."""
LEAST_SURGE = 1.5
"""Surges below this, too, are left to the exporter's capacity: lanes would only cut each order into small pieces."""
LEAST_DRAWN = 0.05
"""Shares of a slot's use below this are not drawn by themselves: they give way to the larger ones."""
Amounts = list[list[float]]


class Lanes:
    """The lanes between the plants, users and hubs of balanced figures; iterate to get them."""

    def __init__(self, plants: Plants, parameters: Parameters, witness: Witness) -> None:
        self.plants = plants
        self.balanced = plants.balanced
        self.parameters = parameters
        self.witness = witness

    @cached_property
    def _users(self) -> Mapping[tuple[str, str], list[User]]:
        found: dict[tuple[str, str], list[User]] = defaultdict(list)
        for user in self.plants.users():
            found[user.commodity, user.country].append(user)
        return found

    def __iter__(self) -> Iterator[Lane]:
        for (name, end), users in self._users.items():
            yield from self._into(name, end, users)

    def _into(self, name: str, end: str, users: Sequence[User]) -> Iterator[Lane]:
        """All lanes of a commodity into one place."""
        flows = {s: f for (s, e), f in sorted(self.balanced.flows[name].items()) if e == end}
        total, use = math.fsum(flows.values()), math.fsum(user.use for user in users)
        found: dict[int, list[tuple[str, str, float]]] = defaultdict(list)
        for start, flow in flows.items():
            sources = self.plants.sources(name, start)
            whole = flow / total
            amounts = parted(
                [whole * part for _, part in sources], [whole * u.use / use for u in users]
            )
            for (node, _), row in zip(sources, amounts, strict=True):
                for place, amount in enumerate(row):
                    if amount > 0.0:
                        found[place].append((start, node, amount))
        for place, user in enumerate(users):
            shares = _shares([amount for _, _, amount in found[place]])
            for (start, node, _), share in zip(found[place], shares, strict=True):
                if share > 0.0:
                    yield self._lane(user, start, node, share)

    def _surge(self, name: str, origin: str) -> float:
        """The largest flow over the usual one, where a figure names the exporter; else its capacity is the bound."""
        row = self.balanced.lookup.parameter("surge", name, origin)
        told = row is not None and row.commodity and row.country and row.value >= LEAST_SURGE
        return row.value if row is not None and told else math.inf

    def _lane(self, user: User, start: str, node: str, share: float) -> Lane:
        name, get = user.commodity, self.parameters.get
        origin, end = start.removeprefix(HUB), user.country.removeprefix(HUB)
        freight = self.balanced.lookup.commodities[name].freight
        mode = freight if origin != end or origin == REST else "road"
        at = f"{node}|{user.node}|{mode}"
        headroom = get("headroom", name, end, user.user)
        abroad = origin != end or origin == REST
        surge = self._surge(name, origin) if abroad else math.inf
        evidence, spread = self.witness.flow(name, start, user.country)
        if spread is not None and share >= LEAST_DRAWN:
            self.parameters.spans["lane", at, "share"] = (
                spread.label,
                share * spread.low,
                min(1.0, share * spread.high),
            )
        lag = get("order_lag", name, origin if abroad else "")
        time = self.parameters.lead_time(origin, end, freight, ("lane", at, "lead_time"))
        return Lane(
            node,
            user.node,
            mode=mode,
            share=share,
            max_share=short(min(1.0, share * headroom)),
            lead_time=Fixed(time),
            order_lag=lag,
            capacity=short(surge * share * user.use / YEAR),
            evidence=evidence,
        )


def parted(supplies: Sequence[float], needs: Sequence[float]) -> Amounts:
    """How much each source sends to each user, where both sum to the same.

    All users draw on all sources alike, unless that makes lanes of less than `LEAST_LANE`, as a share of all use; then
    sources and users are paired off in order, so that no more lanes are made than it takes. ``supplies`` and
    ``needs`` are shares of all use at the place.

    >>> parted([0.5, 0.25], [0.5, 0.25])
    [[0.3333333333333333, 0.16666666666666666], [0.16666666666666666, 0.08333333333333333]]
    >>> parted([0.25, 0.125], [0.125, 0.25])
    [[0.125, 0.125], [0.0, 0.125]]
    """
    whole = math.fsum(supplies)
    if len(supplies) == 1 or min(supplies) >= LEAST_LANE:
        return [[supply * need / whole for need in needs] for supply in supplies]
    amounts = [[0.0] * len(needs) for _ in supplies]
    give, take = list(supplies), list(needs)
    source = user = 0
    while source < len(give) and user < len(take):
        amount = min(give[source], take[user])
        amounts[source][user] = amount
        give[source] -= amount
        take[user] -= amount
        if give[source] <= 1e-12 and source < len(give) - 1:
            source += 1
        else:
            user += 1
    return amounts


def _shares(parts: list[float]) -> list[float]:
    """Shares of a whole with eight decimals, which sum to 1: the largest takes up the slack."""
    whole = math.fsum(parts)
    shares = [round(part / whole, 8) for part in parts]
    largest = shares.index(max(shares))
    shares[largest] = round(1.0 - math.fsum(shares[:largest] + shares[largest + 1 :]), 8)
    return shares
