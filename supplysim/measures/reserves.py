"""What is held ready against a stop: reserves of one state, shared ones, and aid between states."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from supplysim.changes import Change, Closed, Ledger, Primitive, Target, Watch
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import (
    Charge,
    Context,
    Names,
)
from supplysim.measures.stockpile import OWN_RULES, Stockpile
from supplysim.model import Network, Release
from supplysim.model.countries import Country
from supplysim.model.fields import (
    FrozenMapping,
    Items,
    LongTime,
    NonNegative,
    PositiveOrInf,
    Share,
    frozen,
)

__all__ = ["MutualAid", "Reserve", "SharedReserve"]


@frozen
class Reserve(Stockpile):
    """A stock of one commodity held by ``country`` for the users in the countries ``to`` (default: its own).

    Mechanism: a store (named by ``key``) of ``amount`` units, or of ``days`` of the users' baseline use. When the
    users' pooled stock falls below ``below`` days, the reserve opens ``decision_delay`` days later and gives at most
    ``rate`` units a day; users turn to it once they judge a supplier blocked (their reaction time), up to
    ``max_share`` of their use. It closes when their stock is back above ``above`` days (default: twice ``below``).
    ``filled`` is the share that is there on day 0; the rest is bought from the users' own suppliers, in proportion to
    their use, over ``fill_days`` at least, and not while the reserve gives. ``form``, ``processing_days`` and
    ``end_use`` say what is kept and for whom; its value is financed at ``financing`` a year. An empty reserve (amount
    0) changes nothing. It is there from day 0 on, whatever ``begins`` says. Legal basis in practice: Japan's national
    stockpile (JOGMEC, 60 days or more by metal), the EU's Critical Raw Materials Act (Regulation 2024/1252, which
    coordinates what members hold: Germany has none of its own). Who: a government; release within days.

    >>> Reserve(key="jp-reserve", country="JP", commodity="gallium", days=60, below=30).filled
    1.0
    """

    _: KW_ONLY
    country: Country
    to: Names = ()
    amount: NonNegative | None = None
    days: LongTime | None = None
    type: Literal["Reserve"] = "Reserve"
    amounts: ClassVar = ("amount", "rate")

    def structure(self, network: Network) -> Network:
        """The store, its supplying lanes, and its closed lanes to the users."""
        place = "to" if self.to else "country"
        faults = self.wrong(network, self.to or (self.country,), place)
        if (self.amount is None) == (self.days is None):
            faults.append(Fault("amount", "give exactly one of amount and days"))
        if faults:
            raise InvalidInput(faults, what=f"Reserve {self.key!r}")
        slots = self.slots(network, self.to or (self.country,))
        level = self._level(network, slots)
        if level <= 0.0:
            return network
        release = Release(self.below, self.enough, delay=self.decision_delay, rate=self.rate)
        store = self.store(self.key, self.country, level, release)
        lanes = [
            *self.supply(network, self.key, slots, level),
            *self.ways(network, self.key, slots),
        ]
        return network.plus(stores=[store], lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """None of its own: the release rule is the store's (see `supplysim.timeline`)."""
        return []

    def charges(self, context: Context) -> list[Charge]:
        """The price of the money that lies in it."""
        slots = self.slots(context.bare, self.to or (self.country,))
        return self.financed(context, self._level(context.bare, slots))

    def _level(self, network: Network, slots: Sequence[str]) -> float:
        return (
            self.amount
            if self.amount is not None
            else (self.days or 0.0) * self.use(network, slots)
        )


@frozen
class SharedReserve(Stockpile):
    """One stock of a commodity, kept in ``country``, on which all ``members`` draw: Japan and Germany, say.

    Mechanism: as a `Reserve`, but each member's users open it for themselves alone, when their own pooled stock falls
    below ``below`` days. ``rate`` units a day are given in all; ``rights`` says how members share them: by ``need``
    (in proportion to what they ask for), by ``baseline`` use, or each its fixed share (a table member -> share; what
    one leaves is not for the others). A reserve and a shared reserve together are two sources, each opened by its own
    rule. Without a ``rate`` rights do not bind, and whoever comes first is served.

    Legal basis in practice: none yet between Japan and Germany; the model is the oil stocks under the IEA's agreement
    of 1974. The EU's Critical Raw Materials Act (Regulation 2024/1252) foresees coordination of stocks. Who: the
    governments, by treaty (years).

    >>> SharedReserve(
    ...     key="pool", members=["JP", "DE"], country="NL", commodity="gallium", days=60, rate=0.1,
    ...     rights="baseline",
    ... ).below
    30.0
    """

    _: KW_ONLY
    members: Annotated[Sequence[Country], Field(min_length=1), Items]
    country: Country
    amount: NonNegative | None = None
    days: LongTime | None = None
    rights: Literal["need", "baseline"] | Annotated[Mapping[Country, Share], FrozenMapping] = "need"
    type: Literal["SharedReserve"] = "SharedReserve"
    amounts: ClassVar = ("amount", "rate")

    def structure(self, network: Network) -> Network:
        """The store, its supplying lanes, and its closed lanes to all members' users."""
        faults = self.wrong(network, self.members, "members")
        if (self.amount is None) == (self.days is None):
            faults.append(Fault("amount", "give exactly one of amount and days"))
        if not isinstance(self.rights, str):
            strange = sorted(set(self.rights) ^ set(self.members))
            faults += [Fault("rights", "must give each member a share", x) for x in strange]
            if math.fsum(self.rights.values()) > 1.0 + 1e-9:
                faults.append(Fault("rights", "shares must sum to 1 at most", dict(self.rights)))
        if faults:
            raise InvalidInput(faults, what=f"SharedReserve {self.key!r}")
        slots = self.slots(network, self.members)
        level = self._level(network, slots)
        if level <= 0.0:
            return network
        store = self.store(self.key, self.country, level, OWN_RULES)
        lanes = [
            *self.supply(network, self.key, slots, level),
            *self.ways(network, self.key, slots),
        ]
        return network.plus(stores=[store], lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """A watch on each member's users, and ledgers for the daily rate."""
        network = context.network
        if self.key not in network.store_by_name:
            return []
        supply = [Target("lane", lane.key, "gate") for lane in network.lanes_into[self.key]]
        primitives: list[Primitive] = []
        for member in sorted(set(self.members)):
            slots = self.slots(context.bare, [member])
            if not slots:
                continue
            gates = [
                Target("lane", lane.key, "gate")
                for lane in network.lanes_from[self.key]
                if network.slot_of(lane).key in slots
            ]
            if not math.isinf(self.rate):
                ledger = self._ledger(member)
                primitives += [Change(-math.inf, gate, self.key, ledger) for gate in gates]
            key = f"{self.key}|{member}"
            primitives.append(self.opened_by(context, key, slots, gates, supply))
        return primitives

    def charges(self, context: Context) -> list[Charge]:
        """The price of the money that lies in it."""
        return self.financed(
            context, self._level(context.bare, self.slots(context.bare, self.members))
        )

    def _ledger(self, member: str) -> Ledger:
        if isinstance(self.rights, str):
            rule: Literal["claims", "history"] = (
                "history" if self.rights == "baseline" else "claims"
            )
            return Ledger(self.key, self.rate, period=1.0, rule=rule)
        return Ledger(f"{self.key}|{member}", self.rate * self.rights[member], period=1.0)

    def _level(self, network: Network, slots: Sequence[str]) -> float:
        return (
            self.amount
            if self.amount is not None
            else (self.days or 0.0) * self.use(network, slots)
        )


@frozen
class MutualAid(Stockpile):
    """Each of the ``members`` keeps a stock for its own users, and helps the others' out of it.

    Mechanism: each member holds ``days`` of its own users' use. It opens for them when their pooled stock falls below
    ``below`` days, and for another member's users when theirs does, unless its own users are below ``keep`` days
    themselves. At most ``partner_rate`` units a day go abroad from each (``rate``: to its own). What is given is
    bought again as for a `Reserve`.

    Legal basis in practice: solidarity agreements, such as those for gas under Regulation 2017/1938; for minerals
    none yet. Who: the governments (months to agree, days to act: ``decision_delay``).

    >>> MutualAid(key="aid", members=["JP", "DE"], commodity="gallium", days=60, keep=20).partner_rate
    inf
    """

    _: KW_ONLY
    members: Annotated[Sequence[Country], Field(min_length=2), Items]
    days: LongTime
    keep: LongTime = 15.0
    partner_rate: PositiveOrInf = math.inf
    type: Literal["MutualAid"] = "MutualAid"
    amounts: ClassVar = ("rate", "partner_rate")

    def structure(self, network: Network) -> Network:
        """A store in each member, its supplying lanes, and closed lanes to all members' users."""
        faults = self.wrong(network, self.members, "members")
        if faults:
            raise InvalidInput(faults, what=f"MutualAid {self.key!r}")
        stores, lanes = [], []
        everyone = self.slots(network, self.members)
        for member in sorted(set(self.members)):
            slots = self.slots(network, [member])
            level = self.days * self.use(network, slots)
            if level <= 0.0:
                continue
            name = self._name(member)
            stores.append(self.store(name, member, level, OWN_RULES))
            lanes += [
                *self.supply(network, name, slots, level),
                *self.ways(network, name, everyone),
            ]
        return network.plus(stores=stores, lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """A watch on each member's users for each stock, one on what the giver's own have left, and ledgers."""
        network = context.network
        primitives: list[Primitive] = []
        for giver in sorted(set(self.members)):
            if self._name(giver) in network.store_by_name:
                for member in sorted(set(self.members)):
                    primitives += self._aid(context, giver, member)
        return primitives

    def charges(self, context: Context) -> list[Charge]:
        """The price of the money that lies in all of them."""
        network = context.bare
        return self.financed(
            context, self.days * self.use(network, self.slots(network, self.members))
        )

    def _aid(self, context: Context, giver: str, member: str) -> list[Primitive]:
        network, name = context.network, self._name(giver)
        slots, own = (self.slots(context.bare, [x]) for x in (member, giver))
        if not slots:
            return []
        supply = [Target("lane", lane.key, "gate") for lane in network.lanes_into[name]]
        gates = [
            Target("lane", lane.key, "gate")
            for lane in network.lanes_from[name]
            if network.slot_of(lane).key in slots
        ]
        key = f"{self.key}|{giver}|{member}"
        primitives: list[Primitive] = [self.opened_by(context, key, slots, gates, supply)]
        rate = self.rate if giver == member else self.partner_rate
        if not math.isinf(rate):
            rule = f"{self.key}|{giver}|{'own' if giver == member else 'abroad'}"
            primitives += [
                Change(-math.inf, gate, self.key, Ledger(rule, rate, period=1.0)) for gate in gates
            ]
        if giver != member and self.keep > 0.0:
            kept = f"{key}|keep"
            primitives.append(
                Watch(
                    kept,
                    tuple(own),
                    level=self.keep,
                    back=self.keep,
                    then=tuple(Change(0.0, gate, kept, Closed()) for gate in gates),
                    otherwise=tuple(Change(0.0, gate, kept, None) for gate in gates),
                )
            )
        return primitives

    def _name(self, member: str) -> str:
        return f"{self.key} {member}"
