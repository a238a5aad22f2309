"""Technology that is taken, and what protects it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field

from supplysim.changes import STRUCTURE, Add, Attempts, Change, Factor, Primitive, Target
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.measures.base import Context, Measure, Names, known_commodities
from supplysim.model import Fixed, Lane, Network, Site
from supplysim.model.countries import Country
from supplysim.model.distributions import Duration
from supplysim.model.fields import (
    Items,
    LongTime,
    Moment,
    Name,
    Share,
    frozen,
)

__all__ = ["TechnologyAcquisition", "TechnologyProtection"]

MOST = 50
"""Successes that are laid out; more bring nothing new."""


@frozen
class TechnologyAcquisition(Measure):
    """A state has technology taken from firms of ``owner``: by theft, forced transfer or poached people.

    Mechanism: attempts at the ``dates``, or at random with an ``interval`` (a duration: exponential makes them
    Poisson), succeed with ``chance``, less what `TechnologyProtection` takes away; each attempt has its own draw,
    which protection does not change. ``absorption`` days after a success the acquirer's plant (``site``, or a new one
    named by ``key`` in ``acquirer``) can make the share ``gain`` of the victims' normal output more, at the victims'
    quality, and ``share`` of what their customers order of them moves to it, for each of up to ``successes``. It acts
    on who *owns* a plant, wherever that stands. What was taken is not given back: ``ends`` only ends the attempts. No
    attempts, or no chance, change nothing.

    Legal basis: none; it is what `TechnologyProtection` is against. Who: services and firms of the acquirer;
    absorbing takes one to three years in machinery and power chips (an assumption).

    >>> TechnologyAcquisition(
    ...     key="sic", acquirer="CN", owner=["DE", "JP"], commodities=["chip-power"],
    ...     interval="Exponential(180)", chance=0.3, absorption=360, gain=0.05, share=0.05,
    ... ).successes
    10
    """

    _: KW_ONLY
    acquirer: Country
    owner: Annotated[Sequence[Name], Field(min_length=1), Items]
    commodities: Annotated[Sequence[Name], Field(min_length=1, max_length=1), Items]
    dates: Annotated[Sequence[Moment], Items] = ()
    interval: Duration | None = None
    chance: Share
    absorption: LongTime = 360.0
    gain: Share = 0.05
    share: Share = 0.05
    successes: Annotated[int, Field(ge=1, le=MOST)] = 10
    site: Name | None = None
    lead_time: Duration = Fixed(30.0)
    type: Literal["TechnologyAcquisition"] = "TechnologyAcquisition"

    def structure(self, network: Network) -> Network:
        """The acquirer's plant, idle, and its closed lanes to the victims' customers."""
        faults = self._wrong(network)
        if faults:
            raise InvalidInput(faults, what=f"TechnologyAcquisition {self.key!r}")
        if not self._acts():
            return network
        made = self._made(network)
        sites = []
        if self.site is None:
            whole = made * self.gain * self.successes
            planned = min(whole, made * min(1.0, self.share * self.successes))
            if whole <= 0.0:
                return network
            sites = [
                Site(
                    self.key,
                    country=self.acquirer,
                    makes=self.commodities[0],
                    capacity=whole,
                    lot=7.0 * made * max(self.gain, 1e-6),
                    planned=planned,
                )
            ]
        source = self.site or self.key
        lanes = [
            Lane(
                source,
                network.slots[slot].node,
                mode=self.key if self.site else "",
                share=0.0,
                lead_time=self.lead_time,
                closed=True,
            )
            for slot in self._customers(network)
        ]
        return network.plus(sites=sites, lanes=lanes)

    def primitives(self, context: Context) -> list[Primitive]:
        """Attempts; what the n-th success brings is all that n bring together."""
        network = context.network
        if not self._acts() or (self.site is None and self.key not in network.site_by_name):
            return []
        source = self.site or self.key
        capacity = Target("site", source, "capacity")
        primitives: list[Primitive] = []
        if self.site is None:
            primitives.append(Change(-math.inf, capacity, self.key, Factor(0.0)))
        then = tuple(
            tuple(self._brought(context, source, capacity, n)) for n in range(1, self.successes + 1)
        )
        begins = self.in_force(context)
        primitives.append(
            Attempts(
                self.key,
                then=then,
                chances=self._chances(context),
                times=tuple(context.time(moment) for moment in self.dates),
                interval=self.interval,
                delay=self.absorption,
                begins=begins,
                ends=math.inf if self.ends is None else context.time(self.ends),
            )
        )
        return primitives

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names; no attempts; what must be there is not."""
        faults = Measure.faults(self, context)
        if not self.dates and self.interval is None:
            faults.append(Fault("interval", "give dates, an interval, or both"))
        return faults

    # --- victims and customers -------------------------------------------------------------------

    def _acts(self) -> bool:
        return self.chance > 0.0 and (bool(self.dates) or self.interval is not None)

    def _victims(self, network: Network) -> list[Site]:
        owner = network.countries(self.owner)
        return [
            site
            for site in network.site_by_name.values()
            if site.makes in self.commodities and (site.owner or site.country) in owner
        ]

    def _made(self, network: Network) -> float:
        output = network.baseline().output
        return math.fsum(output[site.name] for site in self._victims(network))

    def _customers(self, network: Network) -> list[str]:
        source = self.site or self.key
        slots = {
            network.slot_of(lane).key
            for site in self._victims(network)
            for lane in network.lanes_from[site.name]
            if lane.share > 0.0 and lane.target != source
        }
        return sorted(slots)

    def _brought(self, context: Context, source: str, capacity: Target, n: int) -> list[Change]:
        """What ``n`` successes bring together: capacity, open lanes, and orders."""
        network, bare = context.network, context.bare
        made = self._made(bare)
        value = Add(made * self.gain * n) if self.site else Factor(n / self.successes)
        changes = [Change(0.0, capacity, self.key, value)]
        moved = min(1.0, self.share * n)
        victims = {site.name for site in self._victims(bare)}
        mode = self.key if self.site else ""
        for slot in self._customers(bare):
            lanes = network.lanes_into[slot]
            ours = next(lane for lane in lanes if lane.source == source and lane.mode == mode)
            lost = [lane for lane in lanes if lane.source in victims and lane.share > 0.0]
            if n == 1:
                changes.append(Change(0.0, Target("lane", ours.key, "gate"), STRUCTURE, None))
            for lane in lost:
                target = Target("lane", lane.key, "share")
                changes.append(Change(0.0, target, self.key, Factor(1.0 - moved)))
            gained = math.fsum(lane.share for lane in lost) * moved
            changes.append(Change(0.0, Target("lane", ours.key, "share"), self.key, Add(gained)))
        return changes

    def _chances(self, context: Context) -> tuple[tuple[float, float], ...]:
        """The chance of success from when to when: all protections that stand then cut it."""
        network, begins = context.network, self.in_force(context)
        spans: list[tuple[float, float, float]] = []
        for key in sorted(context.measures):
            measure = context.measures[key]
            if isinstance(measure, TechnologyProtection) and measure.covers(network, self):
                ends = math.inf if measure.ends is None else context.time(measure.ends)
                spans.append((measure.in_force(context), ends, measure.cut))
        moments = {begins, *(x for span in spans for x in span[:2] if begins < x < math.inf)}
        found = []
        for moment in sorted(moments):
            chance = self.chance
            for since, until, cut in spans:
                if since <= moment < until:
                    chance = chance * (1.0 - cut)
            found.append((moment, chance))
        return tuple(found)

    def _wrong(self, network: Network) -> list[Fault]:
        faults = known_commodities(self.commodities, network)
        try:
            if not faults and not self._victims(network):
                rule = "owns no plant that makes it"
                faults.append(Fault("owner", rule, list(self.owner)))
        except InvalidInput as error:
            faults += [Fault("owner", f.rule, f.value) for f in error.faults]
        if self.site is not None:
            makers = [x.name for x in network.site_by_name.values() if x.makes in self.commodities]
            if self.site not in makers:
                rule = f"no such site makes {self.commodities[0]}; {nearest(self.site, makers)}"
                faults.append(Fault("site", rule, self.site))
            elif not faults and self.site in {x.name for x in self._victims(network)}:
                faults.append(Fault("site", "belongs to the victims", self.site))
        return faults


@frozen
class TechnologyProtection(Measure):
    """Technology of firms of ``owner`` is guarded: attempts on it succeed less often by the share ``cut``.

    Mechanism: while in force, the chance of every `TechnologyAcquisition` against these owners (and ``commodities``,
    if any are given) is multiplied by 1 - ``cut``; several multiply. Where nobody attempts anything, it changes
    nothing.

    Legal basis in practice: Japan's Economic Security Promotion Act of 2022 (secret patents, protection of core
    technologies), Unfair Competition Prevention Act; the EU's Trade Secrets Directive 2016/943, screening of foreign
    investment (Regulation 2019/452; in Germany by the Aussenwirtschaftsverordnung, within two to four months a case),
    export control of technology (2021/821). Who: governments and the firms. It costs ``upkeep``; how much it cuts is
    an assumption of the user.

    >>> TechnologyProtection(owner=["DE", "JP"], cut=0.6, begins=180, upkeep=5e7).cut
    0.6
    """

    _: KW_ONLY
    owner: Annotated[Sequence[Name], Field(min_length=1), Items]
    commodities: Names = ()
    cut: Share
    type: Literal["TechnologyProtection"] = "TechnologyProtection"

    def faults(self, context: Context) -> list[Fault]:
        """Unknown names."""
        faults = Measure.faults(self, context)
        faults += known_commodities(self.commodities, context.network)
        try:
            context.network.countries(self.owner)
        except InvalidInput as error:
            faults += [Fault("owner", f.rule, f.value) for f in error.faults]
        return faults

    def primitives(self, context: Context) -> list[Primitive]:
        """None of its own: acquisitions look for it."""
        return []

    def covers(self, network: Network, acquisition: TechnologyAcquisition) -> bool:
        """Whether it guards all that an acquisition is after."""
        guarded = network.countries(self.owner)
        goods = set(acquisition.commodities)
        return network.countries(acquisition.owner) <= guarded and (
            not self.commodities or goods <= set(self.commodities)
        )
