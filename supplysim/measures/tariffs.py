"""What a state does to its own imports: bans, boycotts and duties."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Literal

from supplysim.changes import Add, Primitive, Target
from supplysim.measures.base import Context
from supplysim.measures.shares import DEFAULT_ELASTICITY, moved, moving, repriced
from supplysim.measures.trade import TradeMeasure
from supplysim.model import Lane
from supplysim.model.fields import NonNegative, frozen

__all__ = ["ImportBan", "Tariff"]


@frozen
class ImportBan(TradeMeasure):
    """An import stop, or a boycott: the countries ``to`` buy nothing more of ``commodities`` from ``origin``.

    Mechanism: the lanes in reach are closed, as by an `ExportBan`; but it is the buyers' own law, so they do not wait
    for what will not come: at once they spread their orders over their other suppliers in proportion to their shares,
    none above what it is qualified for (``max_share``). What nobody else is qualified for waits in the old books, and
    is lost or late until the ban ends. A boycott that only some join has a ``compliance`` or ``entities`` below 1.

    Legal basis in practice: the EU by a Council decision and regulation under TFEU article 215 (weeks to months, all
    members agreeing), or by the rules for imports, Regulation 2015/478; Japan by its Foreign Exchange and Foreign
    Trade Act, article 52 (a cabinet decision); China by its Foreign Trade Law, articles 15-17 (Ministry of Commerce).
    It costs its actor what its own users lose, which the run shows.

    >>> ImportBan(origin=["CN"], to=["DE"], commodities=["polysilicon"], compliance=0.5).extent
    0.5
    """

    type: Literal["ImportBan"] = "ImportBan"

    def primitives(self, context: Context) -> list[Primitive]:
        """Closed gates (caps where only part is in scope), and shares that move at once."""
        return self.closing(context) + self._leaving(context)

    def _leaving(self, context: Context) -> list[Primitive]:
        changes: list[Primitive] = []
        for lanes, extents in by_slot(self, context):
            left = {
                lane.key: (1.0 - extents[lane.key]) * lane.share
                for lane in lanes
                if lane.key in extents
            }
            changes += moving(self, context, lanes, moved(lanes, left))
        return changes


@frozen
class Tariff(TradeMeasure):
    """A duty of ``rate`` (0.25: a quarter of price and freight) on what ``to`` buys of ``commodities`` from ``origin``.

    Mechanism: duty is booked on what arrives; delivered prices rise, and from the day of force the buyers' shares
    move as in Armington (1969): in proportion to share x delivered price^-elasticity, none above what it is qualified
    for. ``elasticity`` of substitution between origins is the commodity's ``elasticity_origins`` if not given, or 3
    where it has none. What is out of scope pays nothing. Two duties on one lane add; their moves of shares multiply.

    Legal basis in practice: the EU by Regulation 2016/1036 (dumping) or 2016/1037 (subsidies), by the Commission with
    the members: provisional duties 7 to 8 months after a complaint is taken up, definitive ones within 14; against
    coercion by Regulation 2023/2675 (see `CounterMeasure`). Japan by its Customs Tariff Act, articles 6-9. Revenue
    goes to the actor; what users pay more is in the run's money.

    >>> Tariff(origin=["CN"], to=["DE"], commodities=["electric-car"], rate=0.353).elasticity is None
    True
    """

    _: KW_ONLY
    rate: NonNegative
    elasticity: NonNegative | None = None
    type: Literal["Tariff"] = "Tariff"

    def primitives(self, context: Context) -> list[Primitive]:
        """Duties on lanes, and shares that follow delivered prices."""
        if self.rate <= 0.0:
            return []
        changes: list[Primitive] = []
        for lanes, extents in by_slot(self, context):
            duty = {key: self.rate * extent for key, extent in extents.items()}
            for key, rate in duty.items():
                changes += self.window(context, Target("lane", key, "duty"), Add(rate))
            goods = context.network.commodity_by_name[context.network.product(lanes[0].source)]
            elasticity = self.elasticity
            if elasticity is None:
                elasticity = goods.elasticity_origins
            if elasticity is None:
                elasticity = DEFAULT_ELASTICITY
            prices = {key: 1.0 + rate for key, rate in duty.items()}
            changes += moving(self, context, lanes, repriced(lanes, prices, elasticity))
        return changes + self._forward_buying(context, self.lanes(context.network))


def by_slot(measure: TradeMeasure, context: Context) -> list[tuple[list[Lane], dict[str, float]]]:
    """By slot that a measure reaches: all lanes into it, and the extents of those in reach by key."""
    network = context.network
    extents: dict[str, dict[str, float]] = {}
    for lane, extent in measure.reached(network):
        extents.setdefault(network.slot_of(lane).key, {})[lane.key] = extent
    return [(network.lanes_into[slot], found) for slot, found in sorted(extents.items())]
