"""From balanced flows to a network: plants, their recipes, stocks, routes and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from supplysim.calibration.balance import Balanced
from supplysim.calibration.evidence import Witness
from supplysim.calibration.figures import ASSUMPTION
from supplysim.calibration.lanes import Lanes
from supplysim.calibration.parameters import Parameters
from supplysim.calibration.plants import Plant, Plants, User
from supplysim.calibration.spans import ranges, short
from supplysim.calibration.stocks import lessened
from supplysim.calibration.terms import HUB
from supplysim.errors import InvalidInput
from supplysim.model import (
    Citation,
    Commodity,
    DaysOfCover,
    Demand,
    Idle,
    Input,
    Network,
    Site,
    Store,
)
from supplysim.model.fields import YEAR

__all__ = ["build"]

ELASTICITIES = ("elasticity_supply", "elasticity_demand", "elasticity_origins", "choke_price")
CITED = Citation("Assumed for this network; the reason and the range stand in the row's note")


def build(
    balanced: Balanced,
    *,
    name: str,
    title: str = "",
    description: str = "",
    base_year: int | None = None,
) -> Network:
    """The network of balanced figures: a site for each maker (or firm of it), final use, and hub.

    Capacities follow from utilisation, so the undisturbed network stands still. Raises `InvalidInput` with every
    parameter and route that no figure gives.

    >>> from supplysim import calibration, catalogue
    >>> figures = calibration.read_figures(catalogue.figures_path("jp-de-cn-2022"))
    >>> len(build(calibration.balance(figures), name="mine").commodities)
    58
    """
    builder = Builder(balanced, base_year)
    parts = builder.parts()
    stated = Network(name=name, **cast("Any", parts))
    spans = builder.parameters.spans
    parts = lessened(parts, stated, spans)
    figures = balanced.figures
    return Network(
        name=name,
        title=title,
        description=description,
        base_year=base_year,
        groups={g.group: [c.strip() for c in g.members.split(";")] for g in figures.groups},
        sources={**figures.sources, ASSUMPTION: CITED},
        ranges=ranges(parts, spans),
        **cast("Any", parts),
    )


class Builder:
    """Makes the parts of a network; notes what is missing on the way."""

    def __init__(self, balanced: Balanced, base_year: int | None) -> None:
        self.balanced = balanced
        self.lookup = balanced.lookup
        self.values = balanced.values
        self.parameters = Parameters(balanced.lookup)
        self.witness = Witness(balanced, base_year)
        self.plants = Plants(balanced)
        self.prices = {name: self._price(name) for name in self.lookup.commodities}

    def parts(self) -> dict[str, list[Any]]:
        """Commodities, sites, stores, demands and lanes, with stocks as stated."""
        made: dict[str, list[Any]] = {
            "commodities": [self._commodity(name) for name in sorted(self.lookup.commodities)],
            "sites": [self._site(plant) for plant in self.plants.all],
            "stores": [self._store(user) for user in self.plants.hubs()],
            "demands": [self._demand(user) for user in self.plants.final()],
            "lanes": list(Lanes(self.plants, self.parameters, self.witness)),
        }
        if self.parameters.missing:
            raise InvalidInput(self.parameters.missing.values(), what="figures")
        return made

    # --- rows ------------------------------------------------------------------------------------

    def _price(self, name: str) -> float:
        return self.parameters.get("price", name, at=("commodity", name, "price"))

    def _commodity(self, name: str) -> Commodity:
        item, known = self.lookup.commodities[name], self.parameters.maybe
        return Commodity(
            name,
            unit=item.unit,
            sector=item.sector,
            chain=item.chain,
            title=item.title,
            price=self.prices[name],
            hs=item.hs,
            cn=item.cn,
            jp=item.jp,
            controls=item.controls,
            **{field: known(field, name) for field in ELASTICITIES},
            recycling_rate=known("recycling_rate", name),
            substitution_index=known("substitution_index", name),
            evidence=self.witness.commodity(name),
        )

    def _site(self, plant: Plant) -> Site:
        product, country, process = plant.maker
        get, at = self.parameters.get, plant.name
        inputs = self._inputs(plant)
        left = self.prices[product] - sum(
            self.prices[name] * item.per_unit for name, item in inputs.items()
        )
        share = get(
            "value_added_share",
            product,
            country,
            process,
            at=("site", at, "value_added"),
            factor=max(0.0, left),
        )
        output = self.plants.output(plant)
        return Site(
            at,
            country=country,
            makes=product,
            utilisation=get(
                "utilisation", product, country, process, at=("site", at, "utilisation")
            ),
            inputs=inputs,
            cycle_time=get("cycle_time", product, country, process, at=("site", at, "cycle_time")),
            cover=get("cover_made", product, country, process, at=("site", at, "cover")),
            allocation="proportional" if country == "CN" else "incumbent-first",
            idle=self._idle(plant),
            **self._host(plant),
            value_added=short(share),
            jobs=short(
                get(
                    "jobs",
                    product,
                    country,
                    process,
                    default=0.0,
                    at=("site", at, "jobs"),
                    factor=output,
                )
            ),
            owner=(plant.firm.owner or None) if plant.firm else None,
            evidence=self.witness.maker(plant.maker, plant.firm),
        )

    def _idle(self, plant: Plant) -> Idle | None:
        """What stands still and could come back, after its restart delay and ramp."""
        product, country, process = plant.maker
        row = self.lookup.parameter("idle", product, country, process)
        if row is None or row.value <= 0.0:
            return None
        alike = [p for p in self.plants.all if p.maker[:2] == plant.maker[:2]]
        if row.user:  # a figure of one process, else of all that the country has
            alike = [p for p in alike if p.maker == plant.maker]
        part = self.plants.output(plant) / sum(self.plants.output(p) for p in alike)
        delay, ramp = (
            self.parameters.get(f"restart_{part}", product, country, process)
            for part in ("delay", "ramp")
        )
        return Idle(short(row.value * part / YEAR), delay=delay, ramp=ramp)

    def _host(self, plant: Plant) -> dict[str, Any]:
        """The plant whose residue a by-product is made of: the largest that makes its host's commodity there."""
        product, country, process = plant.maker
        for row in self.balanced.figures.hosts:
            if (row.commodity, row.process) != (product, process) or row.country not in (
                "",
                country,
            ):
                continue
            hosts = [p for p in self.plants.all if p.maker[:2] == (row.host, country)]
            if hosts:
                largest = max(hosts, key=self.plants.output)
                whole = sum(self.plants.output(p) for p in hosts) / self.plants.output(largest)
                part = row.quantity * whole * plant.share
                taken = self.plants.output(plant) / self.plants.output(largest)
                return {"host": largest.name, "host_yield": short(max(part, taken) * 1.0001)}
        return {}

    def _inputs(self, plant: Plant) -> Mapping[str, Input]:
        product, country, process = plant.maker
        made = self.values["make", *plant.maker]
        found = {}
        for name, row in self.lookup.inputs[plant.maker].items():
            use = self.values.get(("need", name, country, product, process), 0.0)
            if use <= 0.0:
                continue
            at = f"{plant.name}|{name}"
            per_unit = short(use / made)
            self.parameters.note(
                ("input", at, "per_unit"), row, f"recipe {product} {name}", row.quantity, per_unit
            )
            factor = plant.firm.cover_factor if plant.firm else 1.0
            found[name] = Input(
                per_unit,
                policy=self._policy(name, country, product, ("input", at, "cover"), factor),
                reaction=self._reaction(name, country, product, ("input", at, "reaction")),
                needs=row.needs,
                criticality=row.criticality,
                evidence=self.witness.recipe(plant.maker, name, row, per_unit),
            )
        return found

    def _policy(
        self, name: str, country: str, user: str, at: tuple[str, str, str], factor: float = 1.0
    ) -> DaysOfCover:
        days = self.parameters.get("cover", name, country, user, at=at, factor=factor)
        return DaysOfCover(days, review=self.parameters.get("review", name, country, user))

    def _reaction(self, name: str, country: str, user: str, at: tuple[str, str, str]) -> float:
        return self.parameters.get("reaction", name, country, user, at=at)

    def _demand(self, user: User) -> Demand:
        at = user.node
        self._note_use(user)
        return Demand(
            at,
            country=user.country,
            commodity=user.commodity,
            rate=short(user.use / YEAR),
            period=7.0,
            policy=self._policy(user.commodity, user.country, user.user, ("demand", at, "cover")),
            reaction=self._reaction(
                user.commodity, user.country, user.user, ("demand", at, "reaction")
            ),
            sector=self.lookup.commodities[user.commodity].sector,
            evidence=self.witness.final(user.commodity, user.country, user.user),
        )

    def _note_use(self, user: User) -> None:
        for row in self.balanced.figures.use:
            if (row.commodity, row.country, row.use) == (user.commodity, user.country, user.user):
                label = f"use {row.commodity} {row.country} {row.use}"
                at = ("demand", user.node, "rate")
                self.parameters.note(at, row, label, row.quantity, user.use / YEAR)

    def _store(self, user: User) -> Store:
        country = user.country.removeprefix(HUB)
        return Store(
            user.node,
            country=country,
            commodity=user.commodity,
            policy=self._policy(user.commodity, country, "hub", ("store", user.node, "cover")),
            reaction=self._reaction(
                user.commodity, country, "hub", ("store", user.node, "reaction")
            ),
            allocation="incumbent-first",
            evidence=self.witness.hub(user.commodity, country),
        )
