"""What is held ready against a stop: reserves."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from supplysim.changes import Primitive
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import Context, Measure, Names, known_commodities, users
from supplysim.model import BaseStock, Fixed, Lane, Network, Quantity, Release, Store
from supplysim.model.countries import Country
from supplysim.model.distributions import Duration
from supplysim.model.fields import (
    LongTime,
    Name,
    NonNegative,
    PositiveOrInf,
    Share,
    frozen,
)

__all__ = ["Reserve"]


@frozen
class Reserve(Measure):
    """A stock of one commodity held by ``country`` for the users in the countries ``to`` (default: its own).

    Mechanism: a store (named by ``key``) of ``amount`` units, or of ``days`` of the users' baseline use.
    When the users' pooled stock falls below ``below`` days, the reserve opens ``decision_delay`` days later
    and gives at most ``rate`` units a day; users turn to it once they judge a supplier blocked (their
    reaction time), up to ``max_share`` of their use.
    It closes when their stock is back above ``above`` days (default: twice ``below``). ``filled`` is the share that
    is there on day 0; the rest is bought from the users' own suppliers, in proportion to their use, over
    ``fill_days`` at least, and not while the reserve gives.
    An empty reserve (amount 0) changes nothing. Legal basis in practice: Japan's national
    stockpile (JOGMEC, 60 days or more by metal), the EU's Critical Raw Materials Act (Regulation 2024/1252).

    >>> Reserve(key="jp-reserve", country="JP", commodity="gallium", days=60, below=30).filled
    1.0
    """

    _: KW_ONLY
    country: Country
    commodity: Name
    to: Names = ()
    amount: NonNegative | None = None
    days: LongTime | None = None
    below: LongTime = 30.0
    above: LongTime | None = None
    decision_delay: LongTime = 0.0
    rate: PositiveOrInf = math.inf
    max_share: NonNegative = 1.0
    filled: Share = 1.0
    fill_days: Annotated[float, Field(gt=0.0, le=36_525.0)] = 365.0
    lead_time: Duration = Fixed(2.0)
    holding_cost: NonNegative = 0.0
    type: Literal["Reserve"] = "Reserve"
    amounts: ClassVar = ("amount", "rate")
    unit_prices: ClassVar = ("holding_cost",)

    def structure(self, network: Network) -> Network:
        """The store, its supplying lanes, and its closed lanes to the users."""
        self._check(network)
        slots = self._slots(network)
        level = self._level(network, slots)
        if level <= 0.0:
            return network
        store = Store(
            self.key,
            country=self.country,
            commodity=self.commodity,
            policy=BaseStock(level, review=1.0),
            initial=Quantity(level * self.filled),
            holding_cost=self.holding_cost,
            release=Release(
                self.below,
                2.0 * self.below if self.above is None else self.above,
                delay=self.decision_delay,
                rate=self.rate,
            ),
        )
        lanes = [*self._supply(network, slots, level), *self._release(network, slots)]
        return network.plus(stores=[store], lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """None of its own: the release rule is the store's (see `supplysim.timeline`)."""
        return []

    def _level(self, network: Network, slots: list[str]) -> float:
        if self.amount is not None:
            return self.amount
        use = network.baseline().use
        return (self.days or 0.0) * math.fsum(use[slot] for slot in slots)

    def _supply(self, network: Network, slots: list[str], level: float) -> list[Lane]:
        """Lanes into the reserve from its users' suppliers, by what they deliver in normal times."""
        flow: dict[str, float] = {}
        example: dict[str, Lane] = {}
        for slot in slots:
            for lane in network.lanes_into[slot]:
                if lane.share > 0.0 and lane.source != self.key:
                    amount = network.baseline().flow[lane.key]
                    flow[lane.source] = flow.get(lane.source, 0.0) + amount
                    example.setdefault(lane.source, lane)
        together = math.fsum(flow.values())
        shares = {
            source: amount / together if together > 0.0 else 1.0 / len(flow)
            for source, amount in flow.items()
        }
        return [
            Lane(
                source,
                self.key,
                share=shares[source],
                capacity=shares[source] * level / self.fill_days,
                lead_time=example[source].lead_time,
                order_lag=example[source].order_lag,
                cost=example[source].cost,
            )
            for source in sorted(flow)
            if shares[source] > 0.0  # who sends nothing in normal times cannot fill a reserve
        ]

    def _release(self, network: Network, slots: list[str]) -> list[Lane]:
        return [
            Lane(
                self.key,
                network.slots[slot].node,
                share=0.0,
                max_share=self.max_share,
                lead_time=self.lead_time,
                closed=True,
            )
            for slot in slots
        ]

    def _slots(self, network: Network) -> list[str]:
        to = network.countries(self.to or (self.country,))
        return [
            slot.key
            for slot in users(network, [self.commodity], to)
            if slot.kind != "store" and slot.node != self.key
        ]

    def _check(self, network: Network) -> None:
        faults = [
            Fault("commodity", f.rule, f.value)
            for f in known_commodities((self.commodity,), network)
        ]
        if (self.amount is None) == (self.days is None):
            faults.append(Fault("amount", "give exactly one of amount and days"))
        if self.above is not None and self.above < self.below:
            faults.append(Fault("above", f"must be at least below ({self.below})", self.above))
        try:
            if not faults and not self._slots(network):
                faults.append(Fault("to", "nobody there uses the commodity", list(self.to)))
        except InvalidInput as error:
            faults += [Fault("to", f.rule, f.value) for f in error.faults]
        if faults:
            raise InvalidInput(faults, what=f"Reserve {self.key!r}")
