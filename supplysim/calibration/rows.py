"""The rows of figure tables: each is one figure, with its unit, its range and its evidence."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field

from supplysim.files.tables import Column, Table, table_of
from supplysim.model import Citation, Evidence
from supplysim.model.countries import Country
from supplysim.model.fields import Name, NonNegative, Positive, Share, Text, frozen

__all__ = [
    "PARAMETERS",
    "TABLES",
    "WORLD",
    "Figure",
    "Firm",
    "Group",
    "Host",
    "Hub",
    "Material",
    "Parameter",
    "Production",
    "Published",
    "Recipe",
    "Region",
    "Route",
    "Trade",
    "Use",
]

WORLD = "WORLD"
"""The country of a figure that speaks of all countries together."""
Label = Annotated[str, Field(max_length=80, pattern=r"^[^|,;]*$")]
"""A name, or nothing: all of them."""
Place = Literal["WORLD"] | Country


@frozen
class Material:
    """A commodity: what it is called, how it is counted and shipped, which codes and controls name it."""

    name: Name
    _: KW_ONLY
    title: Text
    chain: Name
    sector: Literal["mineral", "semiconductor", "battery", "product"]
    stage: Literal["ore", "refined", "material", "part", "product"]
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    freight: Literal["sea", "air"] = "sea"
    hs: Text = ""
    cn: Text = ""
    jp: Text = ""
    controls: Text = ""
    source: Text = ""
    note: Text = ""


@frozen
class Figure:
    """What every figure carries: its ``unit``, a plausible range where one is known, and its evidence."""

    _: KW_ONLY
    unit: Text
    low: float | None = None
    high: float | None = None
    evidence: Evidence


@frozen
class Production(Figure):
    """What a country makes in a year. Each ``process`` (recycled, synthetic, ...) becomes a site of its own."""

    _: KW_ONLY
    commodity: Name
    country: Place
    process: Label = ""
    quantity: NonNegative


@frozen
class Trade(Figure):
    """A flow from one country to another, a year; or its share of imports, of all use, or of exports."""

    _: KW_ONLY
    commodity: Name
    exporter: Country
    importer: Country
    quantity: NonNegative


@frozen
class Use(Figure):
    """What a country uses in a year: ``total``, or a final use by name."""

    _: KW_ONLY
    commodity: Name
    country: Place
    use: Name
    quantity: NonNegative


@frozen
class Recipe(Figure):
    """How much of ``input`` goes into a unit of ``product``, on average over all its output."""

    _: KW_ONLY
    product: Name
    process: Label = ""
    country: Country | Literal[""] = ""
    input: Name
    quantity: Positive
    needs: Share = 1.0
    criticality: Share = 1.0


PARAMETERS = {
    "price": "USD/{unit}",
    "value_added_share": "share",
    "jobs": "people/({unit}/yr)",
    "utilisation": "share",
    "idle": "{unit}/yr",
    "restart_delay": "days",
    "restart_ramp": "days",
    "cycle_time": "days",
    "cover_made": "days",
    "cover": "days",
    "review": "days",
    "reaction": "days",
    "headroom": "1",
    "order_lag": "days",
    "surge": "1",
    "elasticity_supply": "1",
    "elasticity_demand": "1",
    "elasticity_origins": "1",
    "choke_price": "1",
    "recycling_rate": "1",
    "substitution_index": "1",
}
"""Parameters and their units, in terms of the unit of their commodity."""


@frozen
class Parameter(Figure):
    """One number of a commodity; blank ``commodity``, ``country`` or ``user`` means all, the most specific row wins."""

    _: KW_ONLY
    commodity: Label = ""
    country: Country | Literal[""] = ""
    user: Label = ""
    parameter: Name
    value: NonNegative


@frozen
class Host(Figure):
    """The most of a by-product that a unit of its host's output can give."""

    _: KW_ONLY
    commodity: Name
    country: Country | Literal[""] = ""
    process: Label = ""
    host: Name
    quantity: Positive


@frozen
class Firm(Figure):
    """A firm among those that make a commodity in a country: its share of their output and its stocks.

    ``cover_factor`` multiplies the days of cover of its inputs; ``owner`` is its owner's country.
    """

    _: KW_ONLY
    commodity: Name
    country: Country
    process: Label = ""
    firm: Name
    share: Positive
    cover_factor: Positive = 1.0
    owner: Country | Literal[""] = ""


@frozen
class Hub(Figure):
    """A country that passes a commodity on without using it."""

    _: KW_ONLY
    commodity: Name
    country: Country
    quantity: NonNegative = 1.0


@frozen
class Published(Figure):
    """A dependence share that others have published, to compare with."""

    _: KW_ONLY
    commodity: Name
    importer: Label
    origin: Label
    measure: Text
    value: Share


@frozen
class Region:
    """The region that a country's freight times are those of."""

    country: Country
    _: KW_ONLY
    region: Name


@frozen
class Route(Figure):
    """Days from door to door between two regions (or countries), either way."""

    _: KW_ONLY
    origin: Name
    destination: Name
    mode: Literal["sea", "air", "domestic"]
    days: NonNegative


@frozen
class Group:
    """A named list of countries, parted by ``;``."""

    group: Name
    _: KW_ONLY
    members: Text


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        table_of(Citation, "sources", ("key",), (Column("key"),), optional=True),
        table_of(Material, "commodities", ("name",), optional=True),
        table_of(
            Production, "production", ("commodity", "country", "process", "source"), optional=True
        ),
        table_of(
            Trade, "trade", ("commodity", "exporter", "importer", "unit", "source"), optional=True
        ),
        table_of(Use, "use", ("commodity", "country", "use", "source"), optional=True),
        table_of(Recipe, "recipes", ("product", "process", "country", "input"), optional=True),
        table_of(
            Parameter, "parameters", ("commodity", "country", "user", "parameter"), optional=True
        ),
        table_of(Host, "hosts", ("commodity", "country", "process"), optional=True),
        table_of(Firm, "firms", ("commodity", "country", "process", "firm"), optional=True),
        table_of(Hub, "hubs", ("commodity", "country"), optional=True),
        table_of(
            Published,
            "published",
            ("commodity", "importer", "origin", "measure", "source"),
            optional=True,
        ),
        table_of(Region, "regions", ("country",), optional=True),
        table_of(
            Route,
            "routes",
            ("from", "to", "mode"),
            renamed={"origin": "from", "destination": "to"},
            optional=True,
        ),
        table_of(Group, "groups", ("group",), optional=True),
    )
}
"""Every table of a folder of figures; all may be left out. Two sources may speak of one flow: the key holds them."""
