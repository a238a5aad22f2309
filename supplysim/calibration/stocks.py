"""Stocks as figures state them: days that stand on hand on average, not days beyond what orders and lots need.

A `DaysOfCover` of d days holds more than d on average: half of what one order brings, one lot's need, and what
customers may call for at once. A plant's finished stock does so, too. What a figure states is therefore lessened by
these days, down to 0; where they are more than the figure, the network holds more than was stated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supplysim.calibration.parameters import Spans
from supplysim.calibration.spans import short
from supplysim.model import DaysOfCover, Network
from supplysim.model.slot import Slot

__all__ = ["Held", "held", "lessened"]

ROUNDS = 200
"""As often as bursts are passed on at most; chains are far shorter."""


@dataclass(frozen=True)
class Held:
    """Days of use (or output) that are on hand beyond the days of cover, on average."""

    slots: Mapping[str, float]
    sites: Mapping[str, float]


def held(network: Network) -> Held:
    """What each slot and plant of a network holds beyond its days of cover.

    A slot: half a review's use, and half a lot and a burst of what its node gives on; for a demand half a period. A
    plant's finished stock: a burst, a lot, and what its line takes for one. A burst is what customers order at once,
    passed on from them (docs/model.md, targets): a mean over customers, weighted with what flows to them.
    """
    baseline = network.baseline()
    lots = {
        name: _share(baseline.lot[name], baseline.output[name]) for name in network.site_by_name
    }
    bursts = dict.fromkeys(network.lanes_from, 0.0)
    slot_of = {key: network.slot_of(lane) for key, lane in network.lanes_by_key.items()}
    for _ in range(ROUNDS):
        ordered = {key: _ordered(slot, bursts, lots) for key, slot in slot_of.items()}
        found = {source: _mean(network, source, ordered.__getitem__) for source in bursts}
        if all(abs(found[name] - bursts[name]) < 1e-9 for name in found):
            break
        bursts = found
    slots = {}
    for key, slot in network.slots.items():
        own = bursts.get(slot.node, 0.0) + lots.get(slot.node, 0.0) / 2.0
        period = slot.item.period if slot.kind == "demand" else 0.0  # type: ignore[union-attr]
        slots[key] = _review(slot) / 2.0 + (period / 2.0 if slot.kind == "demand" else own)
    sites = {
        name: bursts[name] + lots[name] + _share(baseline.lot[name], baseline.capacity[name])
        for name in network.site_by_name
    }
    return Held(slots, sites)


def _ordered(slot: Slot, bursts: Mapping[str, float], lots: Mapping[str, float]) -> float:
    """What a slot may order at once, in days of its use."""
    if slot.kind == "demand":
        return _review(slot) + slot.item.period  # type: ignore[union-attr]
    return _review(slot) + bursts[slot.node] + lots.get(slot.node, 0.0)


def _review(slot: Slot) -> float:
    return slot.item.policy.review


def _mean(network: Network, source: str, number: Any) -> float:
    """A number of a source's lanes, weighted with their flows."""
    flow = network.baseline().flow
    lanes = [lane.key for lane in network.lanes_from[source]]
    total = sum(flow[key] for key in lanes)
    return _share(sum(flow[key] * number(key) for key in lanes), total)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 0.0


def lessened(parts: dict[str, list[Any]], network: Network, spans: Spans) -> dict[str, list[Any]]:
    """The parts of a network with days of cover that make it hold on average what they state; spans move along."""
    beyond = held(network)

    def policy(item: DaysOfCover, key: str) -> DaysOfCover:
        return dataclasses.replace(item, days=short(max(0.0, item.days - beyond.slots[key])))

    sites = [
        dataclasses.replace(
            site,
            cover=short(max(0.0, site.cover - beyond.sites[site.name])),
            inputs={
                name: dataclasses.replace(need, policy=policy(need.policy, f"{site.name}|{name}"))
                for name, need in site.inputs.items()
            },
        )
        for site in parts["sites"]
    ]
    changed: dict[str, list[Any]] = {"sites": sites}
    for kind in ("stores", "demands"):
        changed[kind] = [
            dataclasses.replace(node, policy=policy(node.policy, node.name)) for node in parts[kind]
        ]
    for (kind, name, field), (figure, low, high) in list(spans.items()):
        if field == "cover":
            less = beyond.sites[name] if kind == "site" else beyond.slots[name]
            spans[kind, name, field] = (figure, max(0.0, low - less), max(0.0, high - less))
    return parts | changed
