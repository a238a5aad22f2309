"""A seven-node assembly system in stockpyl and in supplysim, over 1000 periods of one day.

The structure and the lead times are those of figure 1 of Rosling (1989), which stockpyl carries as
``rosling_figure_1``. Demand has the mean and the range of his (0 to 10), but is 0 or 10, so that a day's demand is one
lot. Every node follows a local base-stock policy. Nodes 2 to 7 hold enough for the largest demand of their lead time,
node 1 does not: its customers wait.

What corresponds to what: a node is a `Site` whose inputs stand under ``BaseStock``. stockpyl puts goods together when
they arrive, supplysim when a lot is wanted: while nothing runs out the same quantity is held, here as parts and there
as goods, so a node's holding cost is laid on its parts (half on each of two). Node 1 is a `Site` that
holds nothing of its own and a `Demand` with the base stock; its day of lead time lies after the assembly
instead of before. stockpyl gets the very demands that supplysim drew.
"""

from __future__ import annotations

from typing import Any

import supplysim as ss

__all__ = ["PERIODS", "ours", "ours_costs", "theirs", "theirs_costs"]

PERIODS = 1000
SUPPLIERS = {1: (2, 3), 2: (5,), 3: (4,), 4: (6, 7), 5: (), 6: (), 7: ()}
LEAD = {1: 1, 2: 1, 3: 3, 4: 2, 5: 4, 6: 1, 7: 2}
LOT = 10.0
SIZES = (0.0, LOT)
BASE = {1: 8.0} | {node: LOT * (LEAD[node] + 1) for node in range(2, 8)}
HOLDING = {1: 8.0, 2: 3.0, 3: 4.0, 4: 2.0, 5: 1.0, 6: 0.5, 7: 0.75}
STOCKOUT = 40.0
CAPACITY = 100.0 * LOT  # a day: far above what is needed
NEVER = 1e6


# --- stockpyl ------------------------------------------------------------------------------------


def theirs(demands: list[float]) -> Any:
    """The system in stockpyl, with these demands period by period."""
    from stockpyl.supply_chain_network import network_from_edges

    return network_from_edges(
        edges=[(below, node) for node, many in SUPPLIERS.items() for below in many],
        node_order_in_lists=list(SUPPLIERS),
        shipment_lead_time=list(LEAD.values()),
        local_holding_cost=list(HOLDING.values()),
        in_transit_holding_cost=0,
        stockout_cost=[STOCKOUT, 0, 0, 0, 0, 0, 0],
        demand_type={node: "D" if node == 1 else None for node in SUPPLIERS},
        demand_list={node: demands if node == 1 else None for node in SUPPLIERS},
        policy_type="BS",
        base_stock_level=list(BASE.values()),
    )


def run_theirs(network: Any, periods: int) -> None:
    """Run without its progress bar and its consistency checks, which would cost it time."""
    from stockpyl.sim import simulation

    simulation(network, periods, progress_bar=False, consistency_checks="N")


def theirs_costs(network: Any, periods: int) -> dict[str, float]:
    """Holding cost of each node, and what waiting customers cost, over the run."""
    costs = {
        f"holding, node {node.index}": float(
            sum(state.holding_cost_incurred for state in node.state_vars[:periods])
        )
        for node in sorted(network.nodes, key=lambda node: node.index)
    }
    states = network.get_node_from_index(1).state_vars[:periods]
    return costs | {"stockout": float(sum(state.stockout_cost_incurred for state in states))}


# --- supplysim -----------------------------------------------------------------------------------


def ours() -> ss.Network:
    """The system in supplysim; sources buy from mines that are never short."""
    sources = [node for node, many in SUPPLIERS.items() if not many]
    lanes = [
        ss.Lane(f"node{below}", f"node{node}", lead_time=ss.Fixed(LEAD[node] if node > 1 else 0))
        for node, many in SUPPLIERS.items()
        for below in many
    ]
    lanes += [
        ss.Lane(f"mine{node}", f"node{node}", lead_time=ss.Fixed(LEAD[node])) for node in sources
    ]
    lanes.append(ss.Lane("node1", "customers", lead_time=ss.Fixed(LEAD[1])))
    made = [f"part{node}" for node in SUPPLIERS] + [f"ore{node}" for node in sources]
    return ss.Network(
        name="assembly",
        commodities=[ss.Commodity(name) for name in made],
        sites=[*map(_site, SUPPLIERS), *map(_mine, sources)],
        demands=[_customers()],
        lanes=lanes,
    )


def _site(node: int) -> ss.Site:
    many = [f"part{below}" for below in SUPPLIERS[node]] or [f"ore{node}"]
    rate = HOLDING[node] / len(many) if node > 1 else 0.0
    # node 1 keeps its stock as finished goods, after the lane to its customers
    stock = BASE[node] if node > 1 else 2.0 * LOT
    need = ss.Input(1.0, policy=ss.BaseStock(stock), holding_cost=rate, reaction=NEVER)
    return ss.Site(
        f"node{node}",
        country="JP",
        makes=f"part{node}",
        capacity=CAPACITY,
        lot=LOT,
        cover=0.0,
        inputs=dict.fromkeys(many, need),
    )


def _mine(node: int) -> ss.Site:
    return ss.Site(
        f"mine{node}", country="JP", makes=f"ore{node}", capacity=1e3, lot=1e5, cover=1e4
    )


def _customers() -> ss.Demand:
    return ss.Demand(
        "customers",
        country="JP",
        commodity="part1",
        rate=sum(SIZES) / len(SIZES),
        size=ss.Empirical(SIZES),
        unmet="backlog",
        policy=ss.BaseStock(BASE[1]),
        holding_cost=HOLDING[1],
        penalty=STOCKOUT,
        reaction=NEVER,
    )


def ours_costs(run: Any) -> dict[str, float]:
    """The same costs from a `Result`."""
    usd = run.money.set_index(["kind", "entity", "account"]).usd
    costs = {"holding, node 1": float(usd["slot", "customers", "holding"])}
    for node in range(2, 8):
        many = [f"part{below}" for below in SUPPLIERS[node]] or [f"ore{node}"]
        costs[f"holding, node {node}"] = sum(
            float(usd["slot", f"node{node}|{name}", "holding"]) for name in many
        )
    return costs | {"stockout": float(usd["demand", "customers", "penalty"])}
