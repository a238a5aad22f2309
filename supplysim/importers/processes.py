"""Material flows to a network: processes become sites, stores and demands."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.importers.flows import MaterialFlows
from supplysim.importers.reading import node_name
from supplysim.model import (
    Citation,
    Commodity,
    DaysOfCover,
    Demand,
    Distribution,
    Evidence,
    Fixed,
    Input,
    Lane,
    Network,
    Site,
    Store,
)
from supplysim.model.fields import YEAR

__all__ = ["flow_network"]

SOURCE = "flows"
Out = tuple[str, str]
"""What a process gives: the process and the material."""
Market = str
"""A commodity: what certain processes give and certain others take for one and the same."""


def flow_network(
    table: MaterialFlows,
    *,
    country: str = "ZZ",
    countries: Mapping[str, str] | None = None,
    stocks: Collection[str] = (),
    losses: Collection[str] = (),
    lead_time: Distribution | float = 7.0,
    cover: float = 14.0,
    utilisation: float = 0.85,
    name: str = "flows",
) -> Network:
    """The network in which every flow of the table is a lane, and whose baseline has the table's quantities.

    What only gives is a source, what only takes a demand. What takes and gives is a site for each material that it
    gives, whose recipe is what it takes for a unit of all that it gives: what stays in it or goes to ``losses`` is in
    the recipe. A process that gives on the very goods it takes (they go where its supplier's go, too) is a store.
    Commodities are told apart by that: flows of one material are one commodity where they share a giver or a taker.

    ``stocks`` are processes in which goods stay for years, such as the use phase: what they give does not depend on
    what they take now, so they are a demand and a source. A loop of flows needs one, or it would feed itself.
    ``countries`` gives the country of a process, ``country`` that of all others. ``lead_time``, ``cover`` (days of
    stock) and ``utilisation`` are assumptions that no such table holds.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from supplysim.importers import read_flows
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "flows.csv"
    ...     _ = file.write_text("from,to,quantity\\nMine,Smelter,365\\nSmelter,Use,365\\n")
    ...     net = flow_network(read_flows(file), countries={"Mine": "CL"}, country="DE")
    >>> [round(flow, 6) for flow in net.baseline().flow.values()]
    [1.0, 1.0]
    """
    build = _Flows(table, stocks, losses)
    build.check()
    place = {**dict.fromkeys(build.processes, country), **(countries or {})}
    wait = lead_time if not isinstance(lead_time, int | float) else Fixed(float(lead_time))
    parts = _Parts(build, place, cover, utilisation)
    parts.check()
    try:
        return Network(
            name=name,
            title=f"Material flows of {table.origin}",
            base_year=table.year,
            commodities=parts.commodities(),
            sites=parts.sites(),
            stores=parts.stores(),
            demands=parts.demands(),
            lanes=parts.lanes(wait),
            sources={SOURCE: Citation(f"Material flows {table.origin}", year=table.year)},
        )
    except InvalidInput as error:
        loops = any(fault.path.startswith("cycle") for fault in error.faults)
        hint = (
            [Fault("stocks", "a loop needs a process in which goods stay; name it here")]
            if loops
            else []
        )
        raise InvalidInput([*error.faults, *hint], what="flow network") from None


class _Flows:
    """The flows summed, with stocks taken apart and losses taken out, and the markets that they make."""

    def __init__(
        self, table: MaterialFlows, stocks: Collection[str], losses: Collection[str]
    ) -> None:
        self.table, self.stocks, self.losses = table, stocks, losses
        self.processes = sorted({end for flow in table.flows for end in (flow.source, flow.target)})
        self.amount: dict[tuple[str, str, str], float] = defaultdict(float)
        self.units: dict[str, str] = {}
        for flow in table.flows:
            self.units.setdefault(flow.material, flow.unit)
            if flow.target not in losses:
                self.amount[self._gives(flow.source), self._takes(flow.target), flow.material] += (
                    flow.quantity
                )
        self.market = _markets(self.amount)

    def check(self) -> None:
        """Names of processes that are none, and materials in two units."""
        faults = [
            Fault(field, f"no such process; {nearest(name, self.processes)}", name)
            for field, names in (("stocks", self.stocks), ("losses", self.losses))
            for name in names
            if name not in self.processes
        ]
        faults += [
            Fault(
                f"{flow.place}.unit", f"must be {self.units[flow.material]}, as before", flow.unit
            )
            for flow in self.table.flows
            if flow.unit != self.units[flow.material]
        ]
        if not self.amount:
            faults.append(Fault("flows", "there are none"))
        if faults:
            raise InvalidInput(faults, what="flow network")

    def _gives(self, process: str) -> str:
        return f"{process} (out)" if process in self.stocks else process

    def _takes(self, process: str) -> str:
        return f"{process} (in)" if process in self.stocks else process


def _markets(amount: Mapping[tuple[str, str, str], float]) -> dict[Out, Market]:
    """The commodity of what each process gives: one for all that share a taker, and the takers' other givers."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = sorted({(side, p, m) for s, t, m in amount for side, p in (("out", s), ("in", t))})
    place = {end: i for i, end in enumerate(ends)}
    one = [place["out", s, m] for s, _, m in amount]
    other = [place["in", t, m] for _, t, m in amount]
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(ends), len(ends)))
    _, label = connected_components(graph, directed=False)
    given: dict[tuple[str, int], dict[str, float]] = {}
    for (source, _, material), quantity in amount.items():
        makers = given.setdefault((material, int(label[place["out", source, material]])), {})
        makers[source] = makers.get(source, 0.0) + quantity
    several = {m for m, _ in given if sum(other == m for other, _ in given) > 1}
    names = {
        key: node_name(
            key[0],
            *(["of", max(sorted(makers), key=lambda p: makers[p])] if key[0] in several else []),
        )
        for key, makers in given.items()
    }
    return {
        (process, material): names[material, int(label[i])]
        for (side, process, material), i in place.items()
        if side == "out"
    }


class _Parts:
    """The parts of the network."""

    def __init__(
        self, flows: _Flows, place: Mapping[str, str], cover: float, utilisation: float
    ) -> None:
        self.place, self.cover, self.utilisation = place, cover, utilisation
        self.units = flows.units
        self.material = {flows.market[s, m]: m for s, _, m in flows.amount}
        self.taken: dict[str, dict[Market, float]] = defaultdict(lambda: defaultdict(float))
        self.given: dict[str, dict[Market, float]] = defaultdict(lambda: defaultdict(float))
        self.bought: dict[tuple[str, Market], dict[str, float]] = defaultdict(dict)
        for (source, target, material), quantity in sorted(flows.amount.items()):
            good = flows.market[source, material]
            self.given[source][good] += quantity
            self.taken[target][good] += quantity
            self.bought[target, good][source] = quantity

    def check(self) -> None:
        """What passes goods on cannot pass on more than it takes."""
        faults = [
            Fault(
                process, f"passes on more {good} than it takes; is it one of stocks?", goods[good]
            )
            for process, goods in self.given.items()
            for good in self.stored(process)
            if goods[good] > self.taken[process][good] * (1.0 + 1e-9)
        ]
        if faults:
            raise InvalidInput(faults, what="flow network")

    def commodities(self) -> list[Commodity]:
        """One for each market."""
        return [
            Commodity(
                good,
                unit=self.units[m],
                sector=m,
                evidence=_evidence("derived", f"{m}, told apart by who gives and takes it"),
            )
            for good, m in sorted(self.material.items())
        ]

    def stored(self, process: str) -> list[Market]:
        """What a process passes on as it is."""
        return [good for good in self.given.get(process, {}) if good in self.taken.get(process, {})]

    def sites(self) -> list[Site]:
        """What makes something."""
        made = []
        for process, goods in self.given.items():
            own = self._made(process)
            whole = math.fsum(goods[good] for good in own)
            for good in own:
                inputs = {
                    what: Input(
                        quantity / whole,
                        policy=DaysOfCover(self.cover),
                        evidence=_evidence(
                            "derived",
                            f"{quantity:.6g} for {whole:.6g} a year; {self.cover:g} days assumed",
                        ),
                    )
                    for what, taken in self.taken.get(process, {}).items()
                    if (quantity := self._rest(process, what, taken)) > 0.0
                }
                made.append(
                    Site(
                        self._giver(process, good),
                        country=self._country(process),
                        makes=good,
                        utilisation=self.utilisation,
                        inputs=inputs,
                        evidence=_evidence(
                            "assumed", f"utilisation {self.utilisation:g} (0.6-0.95)"
                        ),
                    )
                )
        return made

    def stores(self) -> list[Store]:
        """What passes something on."""
        return [
            Store(
                self._giver(process, good),
                country=self._country(process),
                commodity=good,
                policy=DaysOfCover(self.cover),
                evidence=_evidence("assumed", f"{self.cover:g} days of stock"),
            )
            for process in self.given
            for good in self.stored(process)
        ]

    def demands(self) -> list[Demand]:
        """What only takes; and of a store what it takes and does not give on."""
        made = []
        for process, goods in self.taken.items():
            for good, quantity in goods.items():
                rest = self._rest(process, good, quantity)
                if rest > 0.0 and not self._made(process):
                    made.append(
                        Demand(
                            self._taker(process, good),
                            country=self._country(process),
                            commodity=good,
                            rate=rest / YEAR,
                            policy=DaysOfCover(self.cover),
                            sector=process[:80],
                            evidence=_evidence(
                                "derived",
                                f"{rest:.6g} a year; {self.cover:g} days of stock assumed",
                            ),
                        )
                    )
        return made

    def lanes(self, wait: Distribution) -> list[Lane]:
        """The flows."""
        made = []
        for (target, good), sources in self.bought.items():
            whole = math.fsum(sources.values())
            for end in self._ends(target, good, whole):
                made += [
                    Lane(
                        self._giver(source, good),
                        end,
                        share=quantity / whole,
                        lead_time=wait,
                        evidence=_evidence("derived", f"{quantity:.6g} a year; time assumed"),
                    )
                    for source, quantity in sources.items()
                ]
        return made

    def _ends(self, target: str, good: Market, whole: float) -> Sequence[str]:
        """The nodes that take a process's part of a market."""
        ends = [self._giver(target, good)] if good in self.stored(target) else []
        if self._rest(target, good, whole) > 0.0:
            made = self._made(target)
            ends += [self._giver(target, g) for g in made] or [self._taker(target, good)]
        return ends

    def _made(self, process: str) -> list[Market]:
        """What a process makes from something else, or from nothing."""
        kept = self.stored(process)
        return [good for good in self.given.get(process, {}) if good not in kept]

    def _rest(self, process: str, good: Market, taken: float) -> float:
        """What a process takes of some goods and does not pass on; less than a billionth is nothing."""
        rest = taken - self.given.get(process, {}).get(good, 0.0)
        return rest if rest > 1e-9 * taken else 0.0

    def _giver(self, process: str, good: Market) -> str:
        return node_name(process, *([good] if len(self.given[process]) > 1 else []))

    def _taker(self, process: str, good: Market) -> str:
        more = [good] if len(self.taken[process]) > 1 or process in self.given else []
        return node_name(process, *more, *(["kept"] if process in self.given else []))

    def _country(self, process: str) -> str:
        whole = process.removesuffix(" (in)").removesuffix(" (out)")
        return self.place.get(process) or self.place[whole]


def _evidence(confidence: str, note: str) -> Evidence:
    return Evidence(source=SOURCE, confidence=confidence, note=note)  # type: ignore[arg-type]
