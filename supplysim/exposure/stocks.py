"""What a network has on hand and under way when something happens."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from supplysim.errors import Fault, InvalidInput
from supplysim.model import Days, DaysOfCover, Network, Quantity
from supplysim.model.columns import Floats
from supplysim.simulate import simulate

if TYPE_CHECKING:
    from supplysim.results import Result

__all__ = ["Stocks"]


@dataclass(frozen=True, eq=False)
class Stocks:
    """Units on hand by slot, finished (or being finished) by site, and under way into each slot.

    The order is that of the network's slot keys and site names. ``residue`` is what by-products find of their hosts.

    >>> from supplysim.testing import tiny
    >>> Stocks.of(tiny()).under_way.tolist()
    [7.0]
    """

    on_hand: Floats
    finished: Floats
    under_way: Floats

    @classmethod
    def of(cls, network: Network, run: Result | None = None) -> Stocks:
        """As an undisturbed run has them on day 0, after its warm-up; ``run`` is one of this network, if there is."""
        data = (run or simulate(network, None, horizon=1)).data
        if list(data["slot"].values) != network.tables.slot_keys:
            rule = "must be a run of this network, without what measures build"
            raise InvalidInput([Fault("run", rule)], what="Stocks")
        under_way = np.zeros(len(network.tables.slots))
        np.add.at(under_way, network.tables.lane_slot, data["opening_in_transit"].to_numpy())
        return cls(
            data["opening_on_hand"].to_numpy(),
            data["opening_stock"].to_numpy() + data["opening_in_process"].to_numpy(),
            under_way,
        )

    @classmethod
    def stated(cls, network: Network) -> Stocks:
        """As the network states them: ``initial`` or days of cover, finished goods, and what lanes carry in their time.

        >>> from supplysim.testing import tiny
        >>> stocks = Stocks.stated(tiny())
        >>> stocks.on_hand.tolist(), stocks.under_way.tolist()
        ([10.0], [7.0])
        """
        t, base = network.tables, network.baseline().arrays
        on_hand = np.array(
            [_stated(t.slots.initial[i], t.slots.policy[i], u) for i, u in enumerate(base.use)]
        )
        under_way = np.zeros(len(t.slots))
        np.add.at(under_way, t.lane_slot, base.flow * t.lanes.lead_time.mean)
        output = base.output[: len(t.sites)]
        return cls(on_hand, output * (t.sites.cover + t.sites.cycle_time), under_way)

    def with_lots(self, network: Network) -> Stocks:
        """A lot more of finished goods at every site: what production in lots may be ahead of a steady flow."""
        return dataclasses.replace(self, finished=self.finished + network.baseline().arrays.lot)

    def days(self, network: Network) -> Floats:
        """What each slot has on hand, in days of its normal use (not a number where there is none)."""
        use = network.baseline().arrays.use
        with np.errstate(all="ignore"):
            return np.where(use > 0.0, self.on_hand / use, np.nan)


def _stated(initial: object, policy: object, use: float) -> float:
    match initial:
        case Quantity():
            return initial.low
        case Days():
            return initial.low * use
    if isinstance(policy, DaysOfCover):
        return policy.days * use
    return float(getattr(policy, "S", getattr(policy, "r", 0.0)))
