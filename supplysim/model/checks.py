"""What must hold between the parts of a network before anything is computed from it."""

from __future__ import annotations

from collections import Counter
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from supplysim.errors import Fault, nearest
from supplysim.model.nodes import Lane

if TYPE_CHECKING:
    from supplysim.model.network import Network

__all__ = ["structure_faults"]


def structure_faults(network: Network) -> list[Fault]:
    """Every broken rule of names, references, shares and cycles."""
    faults = _duplicates(network) + _unknown_commodities(network) + _lane_ends(network)
    if faults:  # what follows reads through these references
        return faults
    return _shares(network) + _stockless_cycles(network)


def _duplicates(network: Network) -> list[Fault]:
    nodes = [site.name for site in network.sites]
    nodes += [store.name for store in network.stores]
    nodes += [demand.name for demand in network.demands]
    named = {
        "node": nodes,
        "commodity": [c.name for c in network.commodities],
        "lane": [lane.key for lane in network.lanes],
    }
    return [
        Fault(f"{kind} {name}", "must be there only once", count)
        for kind, names in named.items()
        for name, count in Counter(names).items()
        if count > 1
    ]


def _unknown_commodities(network: Network) -> list[Fault]:
    known = {c.name for c in network.commodities}
    used = [
        *((f"sites.{s.name}.makes", s.makes) for s in network.sites),
        *((f"sites.{s.name}.inputs", name) for s in network.sites for name in s.inputs),
        *((f"stores.{s.name}.commodity", s.commodity) for s in network.stores),
        *((f"demands.{d.name}.commodity", d.commodity) for d in network.demands),
    ]
    return [
        Fault(path, f"unknown commodity; {nearest(name, known)}", name)
        for path, name in used
        if name not in known
    ]


def _lane_ends(network: Network) -> list[Fault]:
    makers = {s.name: s.makes for s in network.sites} | {
        s.name: s.commodity for s in network.stores
    }
    takers = {s.name: set(s.inputs) for s in network.sites}
    takers |= {store.name: {store.commodity} for store in network.stores}
    takers |= {demand.name: {demand.commodity} for demand in network.demands}
    faults = []
    for lane in network.lanes:
        path = f"lanes.{lane.key}"
        if lane.source not in makers:
            hint = nearest(lane.source, makers)
            faults.append(Fault(f"{path}.source", f"unknown site or store; {hint}", lane.source))
        if lane.target not in takers:
            hint = nearest(lane.target, takers)
            faults.append(Fault(f"{path}.target", f"unknown node; {hint}", lane.target))
        elif lane.source in makers and makers[lane.source] not in takers[lane.target]:
            rule = f"{lane.target} does not use what the source makes"
            faults.append(Fault(path, rule, makers[lane.source]))
    return faults


def _shares(network: Network) -> list[Fault]:
    faults = []
    for key, lanes in network.lanes_into.items():
        if not lanes:
            faults.append(Fault(f"slot {key}", "has no lane that supplies it"))
            continue
        together = sum(lane.share for lane in lanes)
        if abs(together - 1.0) > 1e-9:
            faults.append(Fault(f"slot {key}", "shares of its lanes must sum to 1", together))
        faults += [
            Fault(
                f"lanes.{lane.key}.max_share",
                f"must be at least share {lane.share}",
                lane.max_share,
            )
            for lane in lanes
            if lane.max_share < lane.share
        ]
        faults += [
            Fault(f"lanes.{lane.key}.closed", "a closed lane must have share 0", lane.share)
            for lane in lanes
            if lane.closed and lane.share > 0.0
        ]
    return faults


def _stockless_cycles(network: Network) -> list[Fault]:
    """Cycles of stores only, and cycles round which nothing takes any time."""
    stores = set(network.store_by_name)
    idle = {name for name, site in network.site_by_name.items() if site.cycle_time <= 0.0}

    def through_stores(lane: Lane) -> bool:
        return lane.source in stores and lane.target in stores

    def instant(lane: Lane) -> bool:
        # a site's own time counts where its goods leave it
        return lane.lead_time.least + lane.order_lag <= 0.0 and (
            lane.source in stores or lane.source in idle
        )

    faults = []
    for rule, chosen in (
        ("a cycle of stores only holds nothing in place", through_stores),
        ("a cycle without stock: its lanes and lots must take some time", instant),
    ):
        graph: dict[str, list[str]] = {}
        for lane in network.lanes_by_key.values():
            if chosen(lane):
                graph.setdefault(lane.source, []).append(lane.target)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            faults.append(Fault(f"cycle {' > '.join(reversed(error.args[1]))}", rule))
    return faults
