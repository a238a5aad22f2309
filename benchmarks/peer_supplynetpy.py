"""SupplyNetPy's own benchmark networks, in SupplyNetPy and in supplysim.

The networks are those of its authors' benchmark for the Winter Simulation Conference 2026 (in its repository:
examples/notebooks/data/benchmark_performance.py, MIT licence; described anew here), with a fan-in of 2 and N = 50 and
500 nodes: N/5 unlimited suppliers, N/10 manufacturers, N/7 distributors, the rest retailers; (s, S) everywhere; lead
times exponential with mean 3; at each retailer one customer a day, Poisson, who wants 10 and leaves when they are not
there. Of two suppliers its default takes the first as long as it works.

What corresponds to what: a retailer is a `Demand`, a distributor a `Store`, both with `MinMax` and served in the order
of their orders; a manufacturer is a `Site` with lots of 100 that take a day. Two things differ. SupplyNetPy
sends an order when all of it is there, supplysim sends at once what is there. A manufacturer there orders raw
material when its finished stock is low; a site here keeps finished stock for the largest orders that may come at once,
and orders raw material when it uses it. `exact_case` takes both away, and all chance, and must agree to the cent;
`ample_case` takes both away and keeps the chance, of which each library has its own, and must agree on average.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import supplysim as ss

__all__ = [
    "Case",
    "ample_case",
    "exact_case",
    "ours",
    "ours_figures",
    "published_case",
    "run_theirs",
    "theirs",
    "theirs_figures",
]

FAN_IN = 2
NEVER = 1e6  # days: SupplyNetPy's buyers do not turn to others


@dataclass(frozen=True)
class Case:
    """A network of the benchmark. ``ample`` multiplies the levels of distributors and manufacturers."""

    nodes: int
    ample: int = 1
    random: bool = True
    days: int = 500
    lead: float = 3.0
    quantity: float = 10.0

    @property
    def tiers(self) -> list[list[str]]:
        """Names of suppliers, manufacturers, distributors and retailers."""
        n = self.nodes
        sizes = [n // 5, n // 10, n // 7]
        sizes.append(n - sum(sizes))
        return [[f"{letter}{i}" for i in range(k)] for letter, k in zip("SMDR", sizes, strict=True)]

    @property
    def links(self) -> list[tuple[str, str, bool]]:
        """(source, target, whether it is the target's first) of every link."""
        tiers = self.tiers
        return [
            (above[(j + t) % len(above)], target, t == 0)
            for above, tier in pairwise(tiers)
            for j, target in enumerate(tier)
            for t in range(min(FAN_IN, len(above)))
        ]


def published_case(nodes: int) -> Case:
    """As its authors time it: 500 days."""
    return Case(nodes)


def exact_case(nodes: int) -> Case:
    """Nobody upstream is ever short, and nothing is random: every figure must be the same."""
    return Case(nodes, ample=10, random=False)


def ample_case(nodes: int) -> Case:
    """Nobody upstream is ever short: figures must be the same on average."""
    return Case(nodes, ample=10)


# --- SupplyNetPy ---------------------------------------------------------------------------------


def theirs(case: Case) -> dict[str, Any]:
    """Build the network in SupplyNetPy."""
    import SupplyNetPy.Components as scm

    lead = (lambda: random.expovariate(1.0 / case.lead)) if case.random else (lambda: case.lead)
    wait = (lambda: random.expovariate(1.0)) if case.random else (lambda: 1.0)
    raw = scm.RawMaterial(
        ID="RM", name="raw", extraction_quantity=1000, extraction_time=1, mining_cost=1, cost=2
    )
    nodes = [
        node for tier in case.tiers for name in tier for node in [_their_node(case, name, raw)]
    ]
    links = [
        {"ID": f"{a} {b}", "source": a, "sink": b, "cost": 3, "lead_time": lead}
        for a, b, _ in case.links
    ]
    demands = [
        {
            "ID": f"d{name}",
            "name": name,
            "order_arrival_model": wait,
            "order_quantity_model": lambda: case.quantity,
            "demand_node": name,
        }
        for name in case.tiers[3]
    ]
    made: dict[str, Any] = scm.create_sc_net(nodes, links, demands)
    return made


def _their_node(case: Case, name: str, raw: Any) -> dict[str, Any]:
    import SupplyNetPy.Components as scm

    common: dict[str, Any] = {"ID": name, "name": name}
    if name[0] == "S":
        return common | {"node_type": "infinite_supplier", "raw_material": raw}
    common |= {"inventory_holding_cost": 0.5, "replenishment_policy": scm.SSReplenishment}
    low, high, start, capacity = _levels(case, name)
    common |= {"capacity": capacity, "initial_level": start, "policy_param": {"s": low, "S": high}}
    if name[0] == "M":
        product = scm.Product(
            ID=f"P{name}",
            name="product",
            manufacturing_cost=1,
            manufacturing_time=1,
            sell_price=15,
            raw_materials=[(raw, 1)],
            batch_size=100,
        )
        return common | {"node_type": "manufacturer", "product_sell_price": 15, "product": product}
    prices = {"D": (10, 13), "R": (13, 18)}[name[0]]
    kind = {"D": "distributor", "R": "retailer"}[name[0]]
    return common | {
        "node_type": kind,
        "product_buy_price": prices[0],
        "product_sell_price": prices[1],
    }


def _levels(case: Case, name: str) -> tuple[float, float, float, float]:
    """s, S, what is there at the start, and the most that fits."""
    low, high, start, capacity = {
        "M": (200, 800, 200, 1000),
        "D": (100, 400, 150, 500),
        "R": (40, 150, 80, 200),
    }[name[0]]
    if name[0] == "R":
        return low, high, start, capacity
    if name[0] == "M" and case.ample > 1:
        return 0, high, 1e6, 1e6  # never needs to make any
    return case.ample * low, case.ample * high, case.ample * start, case.ample * capacity


def run_theirs(network: dict[str, Any], days: int) -> dict[str, Any]:
    """Run without its log, which would cost it time."""
    import SupplyNetPy.Components as scm

    found: dict[str, Any] = scm.simulate_sc_net(network, sim_time=days, logging=False)
    return found


def theirs_figures(network: dict[str, Any]) -> dict[str, float]:
    """The figures that are compared."""
    nodes = network["nodes"]

    def total(letter: str, value: Callable[[Any], float]) -> float:
        return float(sum(value(node) for name, node in nodes.items() if name[0] == letter))

    demands = network["demands"].values()
    return {
        "wanted": float(sum(d.stats.demand_placed[1] for d in demands)),
        "served": float(sum(d.stats.fulfillment_received[1] for d in demands)),
        "holding, retailers": total("R", lambda node: node.inventory.carry_cost),
        "holding, distributors": total("D", lambda node: node.inventory.carry_cost),
        "transport to retailers": total("R", lambda node: node.stats.transportation_cost),
        "transport to distributors": total("D", lambda node: node.stats.transportation_cost),
        "bought by retailers": total("R", lambda node: node.stats.inventory_spend_cost),
        "bought by distributors": total("D", lambda node: node.stats.inventory_spend_cost),
    }


# --- supplysim -----------------------------------------------------------------------------------


def ours(case: Case) -> ss.Network:
    """Build the same network in supplysim."""
    lead = ss.Exponential(case.lead) if case.random else ss.Fixed(case.lead)
    suppliers, makers, _, retailers = case.tiers
    margin = {"S": 0.0, "M": 0.0, "D": 3.0}  # of who sells, on top of the product's price
    return ss.Network(
        name=f"SupplyNetPy {case.nodes}",
        commodities=[ss.Commodity("raw", price=2.0), ss.Commodity("product", price=10.0)],
        sites=[*map(_mine, suppliers), *map(partial(_maker, case), makers)],
        stores=[_distributor(case, name) for name in case.tiers[2]],
        demands=[_retailer(case, name) for name in retailers],
        lanes=[
            ss.Lane(a, b, share=float(first), lead_time=lead, order_cost=3.0, cost=margin[a[0]])
            for a, b, first in case.links
            if not (case.ample > 1 and b[0] == "M")
        ],
    )


def _mine(name: str) -> ss.Site:
    return ss.Site(name, country="US", makes="raw", capacity=1e7, lot=1e5, cover=1e4)


def _maker(case: Case, name: str) -> ss.Site:
    made: dict[str, Any] = {"country": "JP", "makes": "product", "allocation": "fifo"}
    if case.ample > 1:
        return ss.Site(name, **made, capacity=1e7, lot=1e5, cover=1e4)
    raw = ss.Input(1.0, policy=ss.MinMax(200.0, 800.0), reaction=NEVER)
    return ss.Site(
        name, **made, capacity=100.0, lot=100.0, cover=0.0, holding_cost=0.5, inputs={"raw": raw}
    )


def _distributor(case: Case, name: str) -> ss.Store:
    low, high, start, _ = _levels(case, name)
    return ss.Store(
        name,
        country="JP",
        commodity="product",
        policy=ss.MinMax(low, high),
        initial=ss.Quantity(start),
        allocation="fifo",
        holding_cost=0.5,
        reaction=NEVER,
    )


def _retailer(case: Case, name: str) -> ss.Demand:
    low, high, start, _ = _levels(case, name)
    arrivals: Any = {"arrivals": "poisson", "size": case.quantity} if case.random else {}
    return ss.Demand(
        name,
        country="JP",
        commodity="product",
        rate=case.quantity,
        **arrivals,
        policy=ss.MinMax(low, high),
        initial=ss.Quantity(start),
        holding_cost=0.5,
        reaction=NEVER,
    )


def ours_figures(run: Any) -> dict[str, float]:
    """The same figures from a `Result`."""
    money = run.money

    def usd(kind: str, start: str, *accounts: str, end: str = "") -> float:
        chosen = (
            (money.kind == kind)
            & money.account.isin(accounts)
            & money.entity.str.startswith(start)
            & money.entity.str.contains(rf"\|{end}" if end else "")
        )
        return float(money.usd[chosen].sum())

    return {
        "wanted": float(run.data.wanted.sum()),
        "served": float(run.data.served.sum()),
        "holding, retailers": usd("slot", "R", "holding"),
        "holding, distributors": usd("slot", "D", "holding"),
        "transport to retailers": usd("lane", "D", "ordering", end="R"),
        "transport to distributors": usd("lane", "M", "ordering", end="D"),
        "bought by retailers": usd("lane", "D", "goods", "freight", end="R"),
        "bought by distributors": usd("lane", "M", "goods", "freight", end="D"),
    }
