"""Sanctions that leak, and the lawful answers to coercion."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field

from supplysim.changes import STRUCTURE, Change, Closed, Inspection, Primitive, Target
from supplysim.errors import Fault, InvalidInput
from supplysim.measures.base import Context, Measure, Names
from supplysim.measures.coercion import ExportBan
from supplysim.measures.tariffs import ImportBan, Tariff
from supplysim.measures.trade import TradeMeasure
from supplysim.model import BaseStock, Fixed, Lane, Network, Quantity, Store
from supplysim.model.countries import Country
from supplysim.model.fields import Items, LongTime, Name, NonNegative, Share, frozen

__all__ = ["CounterMeasure", "Sanction"]

HUB_DAYS = 14.0
"""Days of its trade that a leak's middleman keeps."""


@frozen
class Sanction(ImportBan):
    """Importers ``to`` ban the goods of ``origin``; some come all the same, through third countries ``via``.

    Mechanism: an `ImportBan`. ``leak_delay`` days after it is in force, middlemen in each country of ``via`` pass on
    what they buy in ``origin``: together at most the share ``leak`` of what was banned, ``extra_days`` later than the
    direct way, dearer by the share ``mark_up`` of the price, each shipment ``seizure`` likely to be seized at the
    border. So (1 - seizure) x leak of the banned flow arrives at most. Buyers turn to them when their old supplier
    has failed them for their reaction time. The middleman's goods keep their origin: `supplysim.exposure.origins` of
    the run sees through.

    Legal basis in practice: the EU by unanimous Council regulation under TFEU article 215 (Regulation 833/2014 on
    Russia, whose articles 12 and 12g are against circumvention), weeks from proposal to force; Japan by the Foreign
    Exchange and Foreign Trade Act, articles 16 and 52. A leak of 0 makes it an import ban.

    >>> Sanction(
    ...     key="russia", origin=["RU"], to=["JP", "DE"], commodities=["palladium"], via=["KZ", "AE"],
    ...     leak=0.2, leak_delay=90, extra_days=30, mark_up=0.15, seizure=0.1,
    ... ).leak
    0.2
    """

    _: KW_ONLY
    to: Annotated[Sequence[Name], Field(min_length=1), Items]
    via: Annotated[Sequence[Country], Items] = ()
    leak: Share = 0.0
    leak_delay: LongTime = 60.0
    extra_days: LongTime = 30.0
    mark_up: NonNegative = 0.0
    seizure: Share = 0.0
    type: Literal["Sanction"] = "Sanction"  # type: ignore[assignment]

    def faults(self, context: Context) -> list[Fault]:
        """A leak needs countries that it goes through, which take no part in the ban."""
        faults = ImportBan.faults(self, context)
        if self.leak > 0.0 and not self.via:
            faults.append(Fault("via", "a leak goes through some country; give one at least"))
        try:
            inside = context.network.countries((*self.to, *self.origin))
        except InvalidInput:
            return faults  # told before
        faults += [
            Fault("via", "is the origin or takes part in the ban itself", country)
            for country in self.via
            if country in inside
        ]
        return faults

    def structure(self, network: Network) -> Network:
        """A middleman for each commodity in each country on the way, with its lanes, all closed."""
        stores, lanes = [], []
        for via, goods, banned in self._leaks(network):
            store, ways = self._middleman(network, via, goods, banned)
            stores.append(store)
            lanes += ways
        return network.plus(stores=stores, lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """The ban; then the leak's lanes open, under search."""
        changes = ImportBan.primitives(self, context)
        opens = self.in_force(context) + self.leak_delay
        ends = math.inf if self.ends is None else context.time(self.ends)
        network = context.network
        for name in sorted({self._name(via, goods) for via, goods, _ in self._leaks(context.bare)}):
            inward, outward = network.lanes_into[name], network.lanes_from[name]
            gates = [Target("lane", lane.key, "gate") for lane in (*inward, *outward)]
            # a lane with a share cannot be built closed
            changes += [
                Change(-math.inf, gate, STRUCTURE, Closed()) for gate in gates[: len(inward)]
            ]
            if ends <= opens:
                continue
            changes += [Change(opens, gate, STRUCTURE, None) for gate in gates]
            if self.ends is not None:
                changes += [Change(ends, gate, STRUCTURE, Closed()) for gate in gates]
            if self.seizure > 0.0:
                search = Inspection(self.key, self.seizure, fate="seized")
                changes += [Change(opens, gate, self.key, search) for gate in gates[len(inward) :]]
        return changes

    def _leaks(self, network: Network) -> list[tuple[str, str, list[tuple[Lane, float]]]]:
        """Country on the way, commodity, and the lanes that are banned with their extents."""
        if self.leak <= 0.0:
            return []
        flow = network.baseline().flow
        by_goods: dict[str, list[tuple[Lane, float]]] = {}
        for lane, extent in self.reached(network):
            if flow[lane.key] > 0.0 and lane.source in network.site_by_name:
                by_goods.setdefault(network.product(lane.source), []).append((lane, extent))
        return [
            (via, goods, banned)
            for goods, banned in sorted(by_goods.items())
            for via in sorted(self.via)
        ]

    def _name(self, via: str, goods: str) -> str:
        return f"{self.key} {via} {goods}"

    def _middleman(
        self, network: Network, via: str, goods: str, banned: Sequence[tuple[Lane, float]]
    ) -> tuple[Store, list[Lane]]:
        base, name = network.baseline(), self._name(via, goods)
        price = network.commodity_by_name[goods].price
        from_, to = dict[str, float](), dict[str, tuple[Lane, float]]()
        for lane, extent in banned:
            carried = self.leak / len(self.via) * extent * base.flow[lane.key]
            from_[lane.source] = from_.get(lane.source, 0.0) + carried
            before = to[lane.target][1] if lane.target in to else 0.0
            to[lane.target] = (lane, before + carried)
        whole = math.fsum(from_.values())
        store = Store(
            name,
            country=via,
            commodity=goods,
            policy=BaseStock((HUB_DAYS + self.extra_days) * whole),
            initial=Quantity(0.0),
        )
        lanes = [
            Lane(source, name, share=carried / whole, lead_time=Fixed(self.extra_days))
            for source, carried in sorted(from_.items())
        ]
        lanes += [
            Lane(
                name,
                target,
                share=0.0,
                max_share=min(1.0, carried / base.use[network.slot_of(lane).key]),
                lead_time=lane.lead_time,
                order_lag=lane.order_lag,
                capacity=carried,
                cost=lane.cost + self.mark_up * price,
                closed=True,
            )
            for target, (lane, carried) in sorted(to.items())
        ]
        return store, lanes


@frozen
class CounterMeasure(Measure):
    """The lawful answer to a coercive measure (``answers``, its key), in force after the law's own delays.

    Mechanism: ``by`` answer ``against`` with a ``tariff`` of ``rate`` or an ``import-ban`` on what they buy of
    ``commodities`` there, or with an ``export-ban`` on what they sell. ``begins`` is not given: the examination
    starts on the day on which the coercion is in force, and the answer acts ``examination`` + ``determination`` +
    ``engagement`` days later, unless ``ends`` comes first. It hurts the coercer, and the actor's own buyers or
    sellers: see the losses of both.

    Legal basis: the EU's anti-coercion instrument, Regulation 2023/2675: an examination by the Commission, normally
    of up to four months (120 days); determination of coercion by the Council, within 8 to 10 weeks (56 days); then
    the Commission seeks an end by talks, and may take response measures (60 days: an assumption, the Regulation sets
    no least time). Actor: the EU, for Germany alone only hypothetical. Japan has no such instrument; it may use the
    Customs Tariff Act, article 6 (retaliatory duties).

    >>> CounterMeasure(
    ...     answers="ban", by=["DE"], against=["CN"], commodities=["polysilicon"], rate=0.5
    ... ).delay
    236.0
    """

    _: KW_ONLY
    answers: Name
    by: Annotated[Sequence[Name], Field(min_length=1), Items]
    against: Annotated[Sequence[Name], Field(min_length=1), Items]
    commodities: Annotated[Sequence[Name], Field(min_length=1), Items]
    instrument: Literal["tariff", "import-ban", "export-ban"] = "tariff"
    rate: NonNegative = 0.0
    elasticity: NonNegative | None = None
    end_use: Names = ()
    examination: LongTime = 120.0
    determination: LongTime = 56.0
    engagement: LongTime = 60.0
    type: Literal["CounterMeasure"] = "CounterMeasure"

    @property
    def delay(self) -> float:
        """Days from the coercion to the answer."""
        return self.examination + self.determination + self.engagement

    def in_force(self, context: Context) -> float:
        """The day on which what it answers is in force, and the law's delays."""
        answered = context.measures.get(self.answers)
        if answered is None or answered is self or isinstance(answered, CounterMeasure):
            return context.time(self.begins) + self.delay  # a fault says why
        return answered.in_force(context) + self.delay + self.decision_lag

    def faults(self, context: Context) -> list[Fault]:
        """It answers a measure of the scenario; what it does must itself be right."""
        answered = context.measures.get(self.answers)
        # coercion that is over before the answer is due goes unanswered, which is no fault
        faults = [f for f in Measure.faults(self, context) if f.path != "decision_lag"]
        if answered is None:
            faults.append(Fault("answers", "no measure of the scenario has this key", self.answers))
        elif answered is self or isinstance(answered, CounterMeasure):
            faults.append(
                Fault("answers", "answers a measure that is no answer itself", self.answers)
            )
        told = {"origin": "against", "to": "by"}
        if self.instrument == "export-ban":
            told = {"origin": "by", "to": "against"}
        inner = dataclasses.replace(self._inner(context), ends=None).faults(context)
        seen = {(f.path, f.rule) for f in faults}
        found = [Fault(told.get(f.path, f.path), f.rule, f.value) for f in inner]
        return faults + [f for f in found if (f.path, f.rule) not in seen]

    def primitives(self, context: Context) -> list[Primitive]:
        """Those of the instrument, from its own day on."""
        if self.ends is not None and context.time(self.ends) <= self.in_force(context):
            return []
        return self._inner(context).primitives(context)

    def _inner(self, context: Context) -> TradeMeasure:
        kinds: dict[str, type[TradeMeasure]] = {
            "tariff": Tariff,
            "import-ban": ImportBan,
            "export-ban": ExportBan,
        }
        selling = self.instrument == "export-ban"
        terms = (
            {"rate": self.rate, "elasticity": self.elasticity}
            if self.instrument == "tariff"
            else {}
        )
        return kinds[self.instrument](
            key=self.key,
            origin=self.by if selling else self.against,
            to=self.against if selling else self.by,
            commodities=self.commodities,
            end_use=self.end_use,
            begins=self.in_force(context),
            ends=None if self.ends is None else context.time(self.ends),
            actor=self.actor,
            status=self.status,
            **terms,  # type: ignore[arg-type]
        )
