"""A scenario: a named, dated list of measures with its provenance, and what was really observed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from supplysim.errors import Fault, InvalidInput
from supplysim.measures import (
    CounterMeasure,
    DemandReduction,
    DemandShock,
    EarlyWarning,
    ExportBan,
    ExportLicence,
    ExportQuota,
    ImportBan,
    InformalStop,
    JointPurchase,
    LaneDisruption,
    MutualAid,
    NewCapacity,
    Outage,
    PriorityAllocation,
    Recycling,
    Reserve,
    Sanction,
    SecondSource,
    ShareCap,
    SharedReserve,
    Subsidy,
    Substitution,
    Tariff,
    TechnologyAcquisition,
    TechnologyProtection,
)
from supplysim.model.countries import Country
from supplysim.model.fields import Items, Name, NonNegative, Positive, Text, frozen

__all__ = ["AnyMeasure", "History", "Observation", "Scenario", "Source"]

AnyMeasure = Annotated[
    # coercion and trade
    ExportBan
    | ExportQuota
    | ExportLicence
    | InformalStop
    | ImportBan
    | Tariff
    | Subsidy
    | Sanction
    | CounterMeasure
    # disruption, diversification, protection
    | Outage
    | SecondSource
    | Reserve
    | DemandShock
    | LaneDisruption
    | NewCapacity
    | ShareCap
    | Recycling
    | DemandReduction
    | Substitution
    | SharedReserve
    | MutualAid
    | EarlyWarning
    | PriorityAllocation
    | JointPurchase
    | TechnologyAcquisition
    | TechnologyProtection,
    Field(discriminator="type"),
]
"""Any measure; ``type`` tells which."""


def _month(text: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise ValueError("must be a month like 2023-07")
    return text


Month = Annotated[str, AfterValidator(_month)]


@frozen
class Source:
    """A publication that the scenario's figures come from.

    >>> Source("usgs", citation="Mineral Commodity Summaries 2024", year=2024).key
    'usgs'
    """

    key: Name
    _: KW_ONLY
    citation: Text
    url: Text = ""
    year: int | None = None


@frozen
class Observation:
    """One month's observed volume, with where it was published.

    >>> Observation(month="2023-08", value=0.0, source="customs").month
    '2023-08'
    """

    month: Month
    value: NonNegative
    source: Text = ""


@frozen
class History:
    """What customs counted: monthly exports of ``commodities`` from ``origin`` to ``to`` (empty: all abroad).

    ``lag`` is so many days after dispatch that they count it (0: as it leaves; imports: as it
    arrives). ``baseline`` is a normal month's volume, by which observed and simulated months become indices;
    ``baseline_low`` and ``baseline_high`` are what sources put it at.

    >>> seen = [Observation(month="2023-08", value=0.0), Observation(month="2023-09", value=20.0)]
    >>> History(title="Ore of China", origin="CN", commodities=["ore"], baseline=30.0, observations=seen).unit
    ''
    """

    _: KW_ONLY
    title: Text
    origin: Country
    to: Annotated[Sequence[Name], Items] = ()
    commodities: Annotated[Sequence[Name], Field(min_length=1), Items]
    unit: Text = ""
    lag: Annotated[float, Field(ge=0.0, le=365.0)] = 0.0
    baseline: Positive
    baseline_low: Positive | None = None
    baseline_high: Positive | None = None
    baseline_reason: Text = ""
    observations: Annotated[Sequence[Observation], Field(min_length=1), Items]


@frozen
class Scenario:
    """What happens, from day 0 (``start``) on. ``Scenario()`` is the undisturbed network.

    ``network`` names the network it is meant for; ``horizon`` (days), ``replications`` and ``seed`` are the defaults
    of a run. With ``prices``, scarcity moves the prices of commodities that carry elasticities, and use and supply
    answer. ``article`` lists the clauses of the agreement (A1-A15) that it plays out. Measures without a key get
    their type as key; keys must differ.

    >>> stop = Scenario(
    ...     name="stop", measures=[ExportBan(origin=["CN"], commodities=["gallium"], ends=90)]
    ... )
    >>> stop.measures[0].key
    'ExportBan'
    """

    _: KW_ONLY
    name: Annotated[str, Field(max_length=80)] = ""
    title: Text = ""
    description: Text = ""
    article: Annotated[Sequence[str], Items] = ()
    network: Annotated[str, Field(max_length=1000)] = ""
    start: dt.date | None = None
    horizon: Annotated[int, Field(gt=0, le=36_525)] = 730
    warmup: Annotated[int, Field(ge=0, le=36_525)] | None = None
    replications: Annotated[int, Field(gt=0, le=1_000_000)] = 30
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    sources: Annotated[Sequence[Source], Items] = ()
    measures: Annotated[Sequence[AnyMeasure], Items] = ()
    prices: bool = False
    history: History | None = None
    version: Literal[1] = 1

    @model_validator(mode="after")
    def _named(self) -> Scenario:
        named = tuple(
            m if m.key else dataclasses.replace(m, key=type(m).__name__) for m in self.measures
        )
        faults = [
            Fault(f"measures, key {key!r}", "must differ from the others; give each its own key", n)
            for key, n in Counter(m.key for m in named).items()
            if n > 1
        ]
        known = {source.key for source in self.sources}
        faults += [
            Fault(f"measures[{i}].sources", "not among the scenario's sources", key)
            for i, measure in enumerate(named)
            for key in measure.sources
            if key not in known
        ]
        faults += [
            Fault("article", "must be a clause A1 to A15", clause)
            for clause in self.article
            if not re.fullmatch(r"A([1-9]|1[0-5])", clause)
        ]
        if faults:
            raise InvalidInput(faults, what=f"Scenario {self.name!r}")
        object.__setattr__(self, "measures", named)
        return self
