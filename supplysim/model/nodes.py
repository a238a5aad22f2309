"""The parts of a network: what flows, where it is made, kept and used, and how it gets there.

Quantities are in the commodity's own unit, times in days, money in USD of the network's base year.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field, model_validator

from supplysim.errors import Fault, InvalidInput
from supplysim.model.countries import Country
from supplysim.model.distributions import Amount, Duration, Fixed
from supplysim.model.fields import (
    FrozenMap,
    FrozenMapping,
    LongTime,
    Name,
    NonNegative,
    Period,
    Positive,
    PositiveOrInf,
    Share,
    Text,
    frozen,
)
from supplysim.model.policies import DaysOfCover, InitialStock, OrderPolicy
from supplysim.model.standing import Idle, Release

__all__ = [
    "USES_OWN",
    "Allocation",
    "Commodity",
    "Demand",
    "Evidence",
    "Input",
    "Lane",
    "Site",
    "Store",
]

Allocation = Literal["proportional", "priority", "fifo", "domestic-first", "incumbent-first"]
"""How a source shares what it has over the orders in its books (see `supplysim.Site`)."""
Priority = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)]
"""A place in a queue: the lowest number first."""
USES_OWN = "a site cannot use what it makes"


@frozen
class Evidence:
    """Where a row's figures come from.

    ``source`` names one or more keys of the network's sources, parted by ``;``. ``confidence`` is ``read``
    (seen in the source), ``derived`` (arithmetic on read figures, given in ``note``) or ``assumed``
    (the reason in ``note``, how far off it may be in the network's ranges). ``year`` is the year that the figures
    speak of.

    >>> Evidence(source="usgs", confidence="read", year=2022).confidence
    'read'
    """

    source: Text = ""
    confidence: Literal["read", "derived", "assumed"] = "assumed"
    note: Text = ""
    year: int | None = None


@frozen
class Commodity:
    """What flows: a mineral, a chip, a cell.

    ``price`` is in USD per ``unit``; ``sector`` groups commodities in tables, ``chain`` those of one supply chain.
    ``hs``, ``cn`` and ``jp`` are its codes in the Harmonized System (6 digits), the EU's Combined Nomenclature (8) and
    Japan's statistics (9), ``controls`` the export control lists that name it; several are parted by ``;``.

    Short-run elasticities (positive numbers): ``elasticity_supply`` and ``elasticity_demand`` to price,
    ``elasticity_origins`` of substitution between origins (Armington); ``choke_price`` is the price, in multiples of
    the normal one, beyond which nothing is bought. ``recycling_rate`` is the end-of-life recycling input rate,
    ``substitution_index`` the EU's for supply risk (0-1, 1: no substitute). None: not known.

    >>> Commodity("gallium", unit="t", sector="mineral", price=250_000.0).unit
    't'
    """

    name: Name
    _: KW_ONLY
    unit: Annotated[str, Field(min_length=1, max_length=40)] = "t"
    sector: Annotated[str, Field(max_length=80)] = ""
    price: NonNegative = 0.0
    title: Text = ""
    chain: Annotated[str, Field(max_length=80)] = ""
    hs: Text = ""
    cn: Text = ""
    jp: Text = ""
    controls: Text = ""
    elasticity_supply: NonNegative | None = None
    elasticity_demand: NonNegative | None = None
    elasticity_origins: NonNegative | None = None
    choke_price: Annotated[float, Field(gt=1.0)] | None = None
    recycling_rate: Share | None = None
    substitution_index: Share | None = None
    evidence: Evidence = Evidence()


@frozen
class Input:
    """One input of a site's recipe, and how the site keeps it in stock.

    ``per_unit`` units go into one unit of output. ``policy`` rules the orders; after ``reaction`` days
    without delivery the slot turns to its other lanes, leaving the share ``double_order`` of what
    it places anew in the old book; ``retain`` of what moved stays with the new supplier afterwards.
    ``needs`` is the share of output that uses the input, ``criticality`` the share of that output lost
    without it. ``initial`` is the real stock on day 0. ``holding_cost`` is USD per unit and day.

    >>> Input(3.0e-5, policy=DaysOfCover(45), reaction=60.0).needs
    1.0
    """

    per_unit: Positive
    _: KW_ONLY
    policy: OrderPolicy = DaysOfCover(30.0)
    reaction: LongTime = 30.0
    initial: InitialStock = None
    needs: Share = 1.0
    criticality: Share = 1.0
    double_order: Share = 0.0
    retain: Share = 0.0
    holding_cost: NonNegative = 0.0
    evidence: Evidence = Evidence()


@frozen
class Site:
    """A plant (or the plants of one kind in a country) that makes one commodity, lot by lot.

    Exactly one of ``capacity`` (units per day) and ``utilisation`` (baseline output / capacity) is
    given, or neither where all capacity is ``idle`` (see `Idle`). A lot (``lot`` units; None is one week of baseline
    output) keeps the line busy lot/capacity days and is in stock ``cycle_time`` days later. The site aims at ``cover``
    days of finished stock. ``allocation`` shares stock over the books: ``proportional`` to claims, by ``priority``
    (lowest number first), ``fifo`` by age of order, ``domestic-first``, or ``incumbent-first`` (customers'
    baseline volumes before new business). ``planned`` is the output to be ready for where the baseline gives none;
    with idle capacity one of the two must be above 0. ``value_added`` is USD per unit, ``jobs`` people at baseline
    output; ``owner`` is the owner's country, if not the plant's: trade measures act on the plant, technology
    measures on the owner.

    A by-product has a ``host``, the site whose residue it is made of (gallium: alumina). Each unit that the host
    makes allows ``host_yield`` units of it; short of that its lots wait. Residue that is not taken up is kept: up to
    ``host_buffer`` days of baseline output, at least what lots and orders of both need to run undisturbed.
    A co-product (fixed ratio, led by one) is a by-product without inputs.

    >>> Site("cn-gallium", country="CN", makes="gallium", capacity=1.9).cover
    14.0
    """

    name: Name
    _: KW_ONLY
    country: Country
    makes: Name
    capacity: Positive | None = None
    utilisation: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    inputs: Annotated[Mapping[Name, Input], FrozenMapping] = FrozenMap()
    lot: Positive | None = None
    cycle_time: LongTime = 0.0
    cover: LongTime = 14.0
    allocation: Allocation = "proportional"
    planned: NonNegative = 0.0
    value_added: NonNegative = 0.0
    jobs: NonNegative = 0.0
    holding_cost: NonNegative = 0.0
    owner: Country | None = None
    host: Name | None = None
    host_yield: Positive | None = None
    host_buffer: LongTime = 30.0
    idle: Idle | None = None
    evidence: Evidence = Evidence()

    @model_validator(mode="after")
    def _consistent(self) -> Site:
        faults = []
        unknown = self.capacity is None and self.utilisation is None
        twice = self.capacity is not None and self.utilisation is not None
        if twice or (unknown and self.idle is None):
            faults.append(Fault("capacity", "give exactly one of capacity and utilisation"))
        if self.makes in self.inputs:
            faults.append(Fault(f"inputs.{self.makes}", USES_OWN))
        if (self.host is None) != (self.host_yield is None):
            missing = "host" if self.host is None else "host_yield"
            faults.append(Fault(missing, "give host and host_yield together, or neither"))
        if faults:
            raise InvalidInput(faults, what="Site")
        return self


@frozen
class Store:
    """A warehouse, a hub or a state reserve: holds one commodity and passes it on.

    With ``release`` it is a reserve: the lanes that leave it stay closed until the rule opens them.

    >>> Store("jp-reserve", country="JP", commodity="gallium", policy="BaseStock(3)").policy.S
    3.0
    """

    name: Name
    _: KW_ONLY
    country: Country
    commodity: Name
    policy: OrderPolicy = DaysOfCover(30.0)
    reaction: LongTime = 30.0
    initial: InitialStock = None
    allocation: Allocation = "proportional"
    release: Release | None = None
    double_order: Share = 0.0
    retain: Share = 0.0
    holding_cost: NonNegative = 0.0
    evidence: Evidence = Evidence()


@frozen
class Demand:
    """Final use of a commodity in a country, ``rate`` units a day on average.

    ``steady``: one withdrawal every ``period`` days, of ``rate * period`` or of a drawn ``size`` scaled to
    that mean; ``poisson``: arrivals at random, each of one ``size`` (default 1 unit). What cannot be
    served is ``lost`` or waits as ``backlog``. ``penalty`` is USD per unit lost, or per unit and day
    owed. Demands of lower ``priority`` number are served first where sources allocate by priority.

    >>> Demand("de-rf-chips", country="DE", commodity="rf-chip", rate=50_000).unmet
    'lost'
    """

    name: Name
    _: KW_ONLY
    country: Country
    commodity: Name
    rate: NonNegative
    arrivals: Literal["steady", "poisson"] = "steady"
    period: Period = 1.0
    size: Amount | None = None
    unmet: Literal["lost", "backlog"] = "lost"
    policy: OrderPolicy = DaysOfCover(10.0)
    reaction: LongTime = 30.0
    initial: InitialStock = None
    priority: Priority = 0
    sector: Annotated[str, Field(max_length=80)] = ""
    double_order: Share = 0.0
    retain: Share = 0.0
    holding_cost: NonNegative = 0.0
    penalty: NonNegative = 0.0
    evidence: Evidence = Evidence()

    @model_validator(mode="after")
    def _consistent(self) -> Demand:
        if self.size is not None and self.size.mean <= 0.0:
            raise InvalidInput([Fault("size", "must have a mean above 0", self.size)])
        return self


@frozen
class Lane:
    """The way from a source (site or store) to a user (site, store or demand).

    ``share`` of the user's orders goes this way in normal times; shares into one slot sum to 1.
    ``max_share`` is how much of the baseline use is qualified to come this way when others fail.
    ``lead_time`` runs from dispatch to receipt, ``order_lag`` from order to readiness for dispatch. ``capacity`` is
    units per day. ``cost`` is USD per unit, ``order_cost`` USD per order. ``mode`` tells parallel lanes apart.

    >>> Lane("cn-gallium", "de-wafer", share=0.7, lead_time="Triangular(30, 38, 60)").key
    'cn-gallium|de-wafer|'
    """

    source: Name
    target: Name
    _: KW_ONLY
    mode: Annotated[str, Field(max_length=40, pattern=r"^[^|]*$")] = ""
    share: Share = 1.0
    max_share: NonNegative = 1.0
    lead_time: Duration = Fixed(0.0)
    order_lag: LongTime = 0.0
    capacity: PositiveOrInf = math.inf
    cost: NonNegative = 0.0
    order_cost: NonNegative = 0.0
    holding_cost: NonNegative = 0.0
    priority: Priority = 0
    closed: bool = False
    evidence: Evidence = Evidence()

    @property
    def key(self) -> str:
        """The lane's identity: ``source|target|mode``."""
        return f"{self.source}|{self.target}|{self.mode}"

    @model_validator(mode="after")
    def _consistent(self) -> Lane:
        if self.source == self.target:
            raise ValueError("a lane must join two different nodes")
        return self
