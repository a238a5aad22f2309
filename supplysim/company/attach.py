"""A company hung on a network: a site that needs its parts, lanes from those who make them, and its customers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from supplysim.company.makers import Makers
from supplysim.company.suppliers import Part, Supplier, parts_of, read_suppliers
from supplysim.errors import Fault, InvalidInput
from supplysim.model import (
    Citation,
    Commodity,
    DaysOfCover,
    Demand,
    Evidence,
    Fixed,
    Input,
    Lane,
    Network,
    Site,
)

__all__ = ["IN_NEED", "attach"]

SOURCE = "company"
"""The source of what the company says of itself."""
SMALL = 1e-4
"""Use of a part that says no amount: this share of what its smallest source makes, so that nobody else notices."""
ROOM = 1e-3
"""A capacity that is given is raised by at most this share to make room for the company."""
UTILISATION = 0.9
"""Of the company's own plant, so that it can make up for a little of what it lost."""
STEP = 0.25
"""Days of output in a lot, and of use in a withdrawal: a stock holds one or two of these besides its days."""
SHIFT = 30.0
"""Days until orders move between suppliers that deliver already, where the company does not say."""
TURN_TO = 3
"""To how many makers elsewhere, the largest, a company turns once its own suppliers fail."""
IN_NEED = "in need"
"""The mode of these lanes."""


def attach(
    network: Network,
    suppliers: Path | str | Sequence[Supplier],
    *,
    name: str,
    country: str,
    finished_days: float = 7.0,
    value: float = 0.0,
) -> Network:
    """The network with a company on it; every scenario of the network then answers for the company, too.

    ``suppliers`` is a table (see `supplysim.Supplier` for its columns) or its rows. The company becomes a site
    ``name`` in ``country`` whose product, ``name product``, is counted in days of normal output; it holds
    ``finished_days`` of it, and customers take one a day, worth ``value`` USD. Each part is bought from the network's
    makers of its commodity in its supplier's country, in proportion to what they make; of a hub if none makes it there.

    A part whose suppliers all make it in one country is bought from the largest makers elsewhere ``qualify_days``
    after these fail. Where they are spread over countries, the others take over after ``shift_days`` (30, or
    ``qualify_days`` if less), each up to its ``max_share``, and nobody else does: a part has one such time. Parts of
    one commodity do not stand in for each other: each then goes through an intake of its own.

    The company's use comes on top of what the network has. Where no amount is given it is a ten-thousandth of what the
    smallest source makes. A given capacity (or what a host leaves of a by-product)
    that is too small by up to a thousandth is raised to fit, and its note says so.

    Raises `InvalidInput` with every row that does not fit the network.

    >>> net = Network(
    ...     name="tiny",
    ...     commodities=[Commodity("ore")],
    ...     sites=[Site("mine", country="CN", makes="ore", utilisation=0.8)],
    ...     demands=[Demand("use", country="DE", commodity="ore", rate=4.0)],
    ...     lanes=[Lane("mine", "use", lead_time=30)],
    ... )
    >>> row = Supplier("ore", "The mine", country="CN", share=1.0, stock_days=60)
    >>> attach(net, [row], name="Acme", country="DE").lanes_into["Acme|ore"][0].lead_time
    Fixed(value=30.0)
    """
    file = None
    if isinstance(suppliers, Path | str):
        file = Path(suppliers)
        rows, places = read_suppliers(file)
    else:
        rows = list(suppliers)
        places = [f"suppliers[{i}]" for i in range(len(rows))]
    parts, faults = parts_of(rows, places)
    makers = Makers(network, country)
    faults += makers.faults(parts)
    faults += _name_faults(network, name, parts)
    if faults:
        raise InvalidInput(faults, what="suppliers", file=file)
    firm = _Firm(makers, name, country, finished_days, value)
    try:
        for part in parts:
            shared = sum(other.commodity == part.commodity for other in parts) > 1
            firm.add(part, intake=shared)
        return _joined(network, firm, parts)
    except InvalidInput as error:
        raise InvalidInput(error.faults, what=f"company {name!r}", file=file) from None


def _name_faults(network: Network, name: str, parts: Sequence[Part]) -> list[Fault]:
    """Names that the network has already, and a company without parts."""
    if not parts:
        return [Fault("suppliers", "must hold at least one row")]
    taken = {*network.site_by_name, *network.store_by_name, *network.demand_by_name}
    made = {name, f"{name} customers", *(f"{name} {part.name}" for part in parts)}
    faults = [Fault("name", "the network has a node of this name", x) for x in made & taken]
    goods = {f"{name} product", *(f"{name} {part.name}" for part in parts)}
    faults += [
        Fault("name", "the network has a commodity of this name", x)
        for x in goods & set(network.commodity_by_name)
    ]
    return sorted(faults, key=lambda fault: str(fault.value))


class _Firm:
    """The company as it grows part by part."""

    def __init__(
        self, makers: Makers, name: str, country: str, finished_days: float, value: float
    ) -> None:
        self.makers, self.name, self.country = makers, name, country
        self.finished_days, self.value = finished_days, value
        self.inputs: dict[str, Input] = {}
        self.commodities: list[Commodity] = []
        self.intakes: list[Site] = []
        self.lanes: list[Lane] = []

    def add(self, part: Part, *, intake: bool) -> None:
        """A part: an input of the plant, or of an intake of its own."""
        use = part.per_day or SMALL * self.makers.least(part)
        need = Input(
            use,
            policy=DaysOfCover(part.stock_days),
            reaction=_reaction(part),
            evidence=_read(f"{part.name}: stock and times to turn to others"),
        )
        target = self.name
        if intake:
            target = f"{self.name} {part.name}"
            self._take_in(part, target, need)
        else:
            self.inputs[part.commodity] = need
        for place, supplier in part.rows():
            self._buy(place, supplier, part, target)
        if part.one_country and part.qualify_days is not None:
            self._turn_to(part, target)

    def _take_in(self, part: Part, target: str, need: Input) -> None:
        """A part as a commodity of its own, counted in days of use, which the plant takes as it comes."""
        note = f"{part.name}, apart from other parts made of {part.commodity}"
        self.commodities.append(Commodity(target, unit="day", evidence=_read(note)))
        self.intakes.append(
            Site(
                target,
                country=self.country,
                makes=target,
                utilisation=0.1,
                lot=STEP,
                cover=0.0,
                inputs={part.commodity: need},
                evidence=_read(note),
            )
        )
        self.inputs[target] = Input(1.0, policy=DaysOfCover(0.0), evidence=_read(note))
        self.lanes.append(Lane(target, self.name, evidence=_read(note)))

    def _buy(self, place: str, supplier: Supplier, part: Part, target: str) -> None:
        """Lanes from the sources in a supplier's country."""
        most = supplier.max_share
        for source, weight in self.makers.sources(part.commodity, supplier.country).items():
            way, told = self.makers.way(source, part.commodity)
            if supplier.lead_days is not None:
                way, told = (Fixed(supplier.lead_days), 0.0), "time as the company says"
            self.lanes.append(
                Lane(
                    source,
                    target,
                    mode=supplier.mode,
                    share=supplier.share * weight,
                    max_share=most if most >= 1.0 else most * weight,  # from 1 on: no limit
                    lead_time=way[0],
                    order_lag=way[1],
                    evidence=_read(f"{part.name} from {supplier.supplier}; {told}"),
                )
            )

    def _turn_to(self, part: Part, target: str) -> None:
        """Lanes without a share from the largest makers elsewhere."""
        for source in self.makers.elsewhere(part)[:TURN_TO]:
            (lead_time, order_lag), told = self.makers.way(source, part.commodity)
            note = f"whom to turn to for {part.name}: a large maker elsewhere; {told}"
            self.lanes.append(
                Lane(
                    source,
                    target,
                    mode=IN_NEED,
                    share=0.0,
                    lead_time=lead_time,
                    order_lag=order_lag,
                    evidence=Evidence(source=SOURCE, confidence="assumed", note=note),
                )
            )

    def plant(self) -> Site:
        """The company's own site."""
        note = f"one plant at {UTILISATION:.0%} utilisation (70-100 %), {self.finished_days:g} days of product kept"
        return Site(
            self.name,
            country=self.country,
            makes=f"{self.name} product",
            utilisation=UTILISATION,
            lot=STEP,
            cover=self.finished_days,
            inputs=self.inputs,
            evidence=Evidence(source=SOURCE, confidence="assumed", note=note),
        )

    def product(self) -> Commodity:
        """What the company sells, counted in days of its output."""
        return Commodity(
            f"{self.name} product",
            unit="day",
            price=self.value,
            sector=self.name,
            title=f"Product of {self.name}, in days of its normal output",
            evidence=_read("a unit is a day's normal output"),
        )

    def customers(self) -> tuple[Demand, Lane]:
        """Who takes the product, and how it gets there."""
        demand = Demand(
            f"{self.name} customers",
            country=self.country,
            commodity=f"{self.name} product",
            rate=1.0,
            period=STEP,
            policy=DaysOfCover(0.0),
            sector=self.name,
            evidence=_read("one day's output a day"),
        )
        return demand, Lane(self.name, demand.name, evidence=_read("sold at the gate"))


def _reaction(part: Part) -> float:
    """Days without delivery until orders go elsewhere."""
    if part.one_country and part.qualify_days is not None:
        return part.qualify_days
    shift = SHIFT if part.shift_days is None else part.shift_days
    return shift if part.qualify_days is None else min(shift, part.qualify_days)


def _read(note: str) -> Evidence:
    return Evidence(source=SOURCE, confidence="read", note=note)


# --- joining -------------------------------------------------------------------------------------


def _joined(network: Network, firm: _Firm, parts: Sequence[Part]) -> Network:
    demand, sold = firm.customers()
    told = "\n".join(f"- {part.name}: {part.commodity}" for part in parts)
    added: dict[str, object] = {
        "name": f"{network.name} with {firm.name}",
        "description": f"{network.description.rstrip()}\n\nWith {firm.name}, {firm.country}:\n{told}\n".lstrip(),
        "commodities": (*network.commodities, *firm.commodities, firm.product()),
        "demands": (*network.demands, demand),
        "lanes": (*network.lanes, *firm.lanes, sold),
        "sources": {**network.sources, SOURCE: Citation("What the company says of itself")},
    }
    own = (*firm.intakes, firm.plant())
    need = _need(network, (*network.sites, *own), added)
    raised = _raised(network, need, parts, firm.makers)
    sites = tuple(_roomier(site, raised) for site in network.sites)
    ranges = tuple(
        dataclasses.replace(span, high=max(span.high, raised.get((span.name, span.field), 0.0)))
        if span.kind == "site"
        else span
        for span in network.ranges
    )
    return network.replace(sites=(*sites, *own), ranges=ranges, **added)


def _need(
    network: Network, sites: Sequence[Site], added: Mapping[str, object]
) -> Mapping[str, float]:
    """What each site makes with the company there, as if neither capacity nor a host's residue bound it."""
    made = network.baseline().output
    free = []
    for site in sites:
        if site.capacity is not None and made.get(site.name, 0.0) > 0.0:
            site = dataclasses.replace(site, capacity=None, utilisation=1.0)  # noqa: PLW2901
        free.append(dataclasses.replace(site, host=None, host_yield=None))
    return network.replace(sites=tuple(free), ranges=(), **added).baseline().output


def _raised(
    network: Network, need: Mapping[str, float], parts: Sequence[Part], makers: Makers
) -> dict[tuple[str, str], float]:
    """Capacities and yields, by site and field, that have to grow a little; refuses to let one grow much."""
    wanted = [
        (site, "capacity", site.capacity, need[site.name])
        for site in network.sites
        if site.capacity is not None
    ]
    wanted += [
        (site, "host_yield", site.host_yield, need[site.name] / need[site.host])
        for site in network.sites
        if site.host is not None and site.host_yield is not None and need[site.host] > 0.0
    ]
    raised, faults = {}, []
    for site, field, given, least in wanted:
        if least > given:
            raised[site.name, field] = least
        if least > given * (1.0 + ROOM):
            rule = f"would need a {field} of {site.name} of {least:.6g}, above its {given:.6g}"
            faults.append(Fault(makers.blame(site.name, parts), rule))
    if faults:
        raise InvalidInput(faults, what="company")
    return raised


def _roomier(site: Site, raised: Mapping[tuple[str, str], float]) -> Site:
    """The site with what has to grow, which its note tells."""
    for field in ("capacity", "host_yield"):
        if (site.name, field) in raised:
            before = getattr(site, field)
            note = (
                f"{site.evidence.note}; {field} raised from {before:.9g} to make room for a company"
            )
            evidence = dataclasses.replace(site.evidence, note=note.lstrip("; "))
            new = {field: raised[site.name, field], "evidence": evidence}
            site = dataclasses.replace(site, **new)  # type: ignore[arg-type]
    return site
