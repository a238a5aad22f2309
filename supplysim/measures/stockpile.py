"""What all stockpiles have in common: where goods come from, whom they are for, when they open, what they cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, ClassVar

from pydantic import Field

from supplysim.changes import STRUCTURE, Change, Closed, Target, Watch
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import (
    Charge,
    Context,
    Measure,
    Names,
    known_commodities,
    nobody,
    use_names,
    users,
)
from supplysim.model import BaseStock, Fixed, Lane, Network, Quantity, Release, Store
from supplysim.model.distributions import Duration
from supplysim.model.fields import (
    YEAR,
    LongTime,
    Name,
    NonNegative,
    PositiveOrInf,
    Share,
    Text,
    frozen,
)

__all__ = ["OWN_RULES", "Stockpile"]

OWN_RULES = Release(0.0, 0.0)
"""A store that no stock opens by itself: its measure's own watches do."""


@frozen
class Stockpile(Measure):
    """What all stockpiles of one ``commodity`` have in common.

    A stock opens ``decision_delay`` days after its users' pooled stock has fallen below ``below`` days and closes
    when that is back above ``above`` days (default: twice ``below``). Users turn to it once they judge a supplier
    blocked (their reaction time), up to ``max_share`` of their use; ``end_use`` (node, product or sector) says who is
    eligible. ``form`` says in which form of material it is kept; what must be worked up first comes
    ``processing_days`` after it is called for, and ``lead_time`` on the way. ``filled`` is the share that is there on
    day 0; the rest, and what is given, is bought from the users' own suppliers, in proportion to their use, over
    ``fill_days`` at least, and not while it gives. It costs the share ``financing`` of its value a year (default 5 %:
    an assumption about what states and banks ask), and ``holding_cost`` USD a unit and day, which is in the run's
    money.
    """

    _: KW_ONLY
    commodity: Name
    below: LongTime = 30.0
    above: LongTime | None = None
    decision_delay: LongTime = 0.0
    rate: PositiveOrInf = math.inf
    max_share: NonNegative = 1.0
    filled: Share = 1.0
    fill_days: Annotated[float, Field(gt=0.0, le=36_525.0)] = 365.0
    lead_time: Duration = Fixed(2.0)
    form: Text = ""
    processing_days: LongTime = 0.0
    end_use: Names = ()
    holding_cost: NonNegative = 0.0
    financing: Share = 0.05
    unit_prices: ClassVar = ("holding_cost",)

    @property
    def enough(self) -> float:
        """Days of the users' stock at which it closes."""
        return 2.0 * self.below if self.above is None else self.above

    def slots(self, network: Network, to: Sequence[str]) -> list[str]:
        """Those it is held for, in order of key."""
        wanted = set(self.end_use)
        return [
            slot.key
            for slot in users(network, [self.commodity], network.countries(to))
            if slot.kind != "store" and (not wanted or wanted & use_names(network, slot))
        ]

    def store(self, name: str, country: str, level: float, release: Release) -> Store:
        """Where the stock lies; at ``level`` it is full."""
        return Store(
            name,
            country=country,
            commodity=self.commodity,
            policy=BaseStock(level, review=1.0),
            initial=Quantity(level * self.filled),
            holding_cost=self.holding_cost,
            release=release,
        )

    def supply(self, network: Network, name: str, slots: Sequence[str], level: float) -> list[Lane]:
        """Lanes into the stock from its users' suppliers, by what they deliver in normal times."""
        flow: dict[str, float] = {}
        example: dict[str, Lane] = {}
        for slot in slots:
            for lane in network.lanes_into[slot]:
                if lane.share > 0.0 and lane.source != name:
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
                name,
                share=shares[source],
                capacity=shares[source] * level / self.fill_days,
                lead_time=example[source].lead_time,
                order_lag=example[source].order_lag,
                cost=example[source].cost,
            )
            for source in sorted(flow)
            if shares[source] > 0.0  # who sends nothing in normal times cannot fill a reserve
        ]

    def ways(self, network: Network, name: str, slots: Sequence[str]) -> list[Lane]:
        """Closed lanes from the stock to those it is held for."""
        return [
            Lane(
                name,
                network.slots[slot].node,
                share=0.0,
                max_share=self.max_share,
                lead_time=self.lead_time,
                order_lag=self.processing_days,
                closed=True,
            )
            for slot in slots
        ]

    def use(self, network: Network, slots: Sequence[str]) -> float:
        """What those it is held for use a day in normal times."""
        use = network.baseline().use
        return math.fsum(use[slot] for slot in slots)

    def financed(self, context: Context, level: float) -> list[Charge]:
        """The price of the money that lies in a stock."""
        price = context.network.commodity_by_name[self.commodity].price
        per_day = self.financing * price * level / YEAR
        ends = math.inf if self.ends is None else context.time(self.ends)
        own = Measure.charges(self, context)
        return (
            [*own, Charge("financing", 0.0, per_day=per_day, until=ends)] if per_day > 0.0 else own
        )

    def opened_by(
        self,
        context: Context,
        key: str,
        slots: Sequence[str],
        gates: Sequence[Target],
        supply: Sequence[Target],
    ) -> Watch:
        """Some lanes of a stock open while these users have little; it does not buy while it gives."""
        return Watch(
            key,
            tuple(sorted(slots)),
            level=self.below,
            back=self.enough,
            then=(
                *(Change(0.0, gate, STRUCTURE, None) for gate in gates),
                *(Change(0.0, gate, key, Closed()) for gate in supply),
            ),
            otherwise=(
                *(Change(0.0, gate, STRUCTURE, Closed()) for gate in gates),
                *(Change(0.0, gate, key, None) for gate in supply),
            ),
            delay=self.decision_delay,
            begins=max(0.0, self.in_force(context)),
            ends=math.inf if self.ends is None else context.time(self.ends),
        )

    def wrong(self, network: Network, to: Sequence[str], place: str) -> list[Fault]:
        """What is wrong with it in this network; ``place`` names the field that ``to`` stands in."""
        faults = [
            Fault("commodity", f.rule, f.value)
            for f in known_commodities((self.commodity,), network)
        ]
        if self.above is not None and self.above < self.below:
            faults.append(Fault("above", f"must be at least below ({self.below})", self.above))
        try:
            if not faults and not self.slots(network, to):
                faults.append(nobody(network, [self.commodity], place, to))
        except InvalidInput as error:
            faults += [Fault(place, f.rule, f.value) for f in error.faults]
        return faults
