"""Splitting one site into a cohort of firms with unequal stocks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model.nodes import Input, Lane, Site
from supplysim.model.policies import DaysOfCover, Quantity
from supplysim.model.ranges import Range

if TYPE_CHECKING:
    from supplysim.model.network import Network

__all__ = ["split_site"]


def split_site(
    network: Network, name: str, shares: Sequence[float], covers: Mapping[str, Sequence[float]]
) -> Network:
    """See `Network.split`."""
    _check(network, name, shares, covers)
    site = network.site_by_name[name]
    lot = network.baseline().lot[name]
    firms = [
        dataclasses.replace(
            site,
            name=f"{name}-{i + 1}",
            capacity=None if site.capacity is None else site.capacity * share,
            lot=lot * share,
            planned=site.planned * share,
            idle=site.idle and dataclasses.replace(site.idle, capacity=site.idle.capacity * share),
            jobs=site.jobs * share,
            host_yield=None if site.host_yield is None else site.host_yield * share,
            inputs={
                key: _with_cover(item, covers[key][i]) if key in covers else _part(item, share)
                for key, item in site.inputs.items()
            },
        )
        for i, share in enumerate(shares)
    ]
    lanes: list[Lane] = []
    for lane in network.lanes:
        if lane.source == name:
            lanes += [
                dataclasses.replace(
                    lane,
                    source=firm.name,
                    share=lane.share * share,
                    max_share=lane.max_share * share,
                    capacity=lane.capacity * share,
                )
                for firm, share in zip(firms, shares, strict=True)
            ]
        elif lane.target == name:
            lanes += [
                dataclasses.replace(lane, target=firm.name, capacity=lane.capacity * share)
                for firm, share in zip(firms, shares, strict=True)
            ]
        else:
            lanes.append(lane)
    others = [s for s in network.sites if s.name != name]
    ranges = tuple(_ranges(network, name, firms, shares))
    return network.replace(sites=(*others, *firms), lanes=tuple(lanes), ranges=ranges)


DIVIDED = {
    "site": ("capacity", "lot", "planned", "jobs"),
    "lane": ("share", "max_share", "capacity"),
}
"""The fields of a site, and of a lane that leaves it, of which each firm has its part."""


def _ranges(
    network: Network, name: str, firms: Sequence[Site], shares: Sequence[float]
) -> Iterator[Range]:
    """What was uncertain of the site is so of each firm, and moves together, since it is one figure."""
    for item in network.ranges:
        here = item.name.split("|")
        ends = here[:2] if item.kind == "lane" else here[:1]
        if item.kind not in ("site", "input", "lane") or name not in ends:
            yield item
            continue
        divided = DIVIDED.get(item.kind, ()) if ends[0] == name else ("capacity",)
        for firm, share in zip(firms, shares, strict=True):
            part = share if item.field in divided else 1.0
            low, high = item.low * part, item.high * part
            if item.kind == "input" and item.field == "cover":
                low, high = _around(item, network.site_by_name[name], firm, here[1])
            there = "|".join(
                [firm.name if place == name else place for place in ends] + here[len(ends) :]
            )
            yield dataclasses.replace(item, name=there, low=low, high=high)


def _around(item: Range, site: Site, firm: Site, commodity: str) -> tuple[float, float]:
    """The range of a firm's days of cover: in proportion to that of the pooled stock."""
    pooled, own = (s.inputs[commodity].policy for s in (site, firm))
    assert isinstance(pooled, DaysOfCover) and isinstance(own, DaysOfCover)  # it has a range
    if pooled.days <= 0.0:
        return min(item.low, own.days), max(item.high, own.days)
    part = own.days / pooled.days
    return min(item.low * part, own.days), max(item.high * part, own.days)


def _part(item: Input, share: float) -> Input:
    """The firm's part of what is given in units; days stay as they are."""
    policy, initial = item.policy, item.initial
    if not isinstance(policy, DaysOfCover):
        levels = {
            name: getattr(policy, name) * share
            for name in ("s", "S", "r", "Q")
            if hasattr(policy, name)
        }
        policy = dataclasses.replace(policy, **levels)
    if isinstance(initial, Quantity):
        high = None if initial.high is None else initial.high * share
        initial = Quantity(initial.low * share, high)
    return dataclasses.replace(item, policy=policy, initial=initial)


def _with_cover(item: Input, days: float) -> Input:
    review = item.policy.review
    return dataclasses.replace(item, policy=DaysOfCover(days, review=review), initial=None)


def _check(
    network: Network, name: str, shares: Sequence[float], covers: Mapping[str, Sequence[float]]
) -> None:
    faults = []
    if name not in network.site_by_name:
        hint = nearest(name, network.site_by_name)
        raise InvalidInput([Fault("site", f"unknown site; {hint}", name)], what="split")
    if not shares or min(shares) <= 0.0 or abs(sum(shares) - 1.0) > 1e-9:
        faults.append(Fault("shares", "must be above 0 and sum to 1", list(shares)))
    site: Site = network.site_by_name[name]
    for guest in network.sites:
        if guest.host == name:
            rule = f"is the host of {guest.name}, which must have one host"
            faults.append(Fault("site", rule, name))
    for key, days in covers.items():
        if key not in site.inputs:
            faults.append(
                Fault(f"covers.{key}", f"unknown input; {nearest(key, site.inputs)}", key)
            )
        elif len(days) != len(shares):
            faults.append(Fault(f"covers.{key}", f"must have {len(shares)} values", list(days)))
    if faults:
        raise InvalidInput(faults, what="split")
