"""What is uncertain beside figures: the rules that people follow, each a few ways to change a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.model import Network

__all__ = ["RULES", "Rule"]


@dataclass(frozen=True)
class Rule:
    """One rule that could be another: ``levels`` by name, each a function from a network to a network; all as likely.

    >>> from supplysim.testing import tiny
    >>> slow = Rule("mines", {"as given": lambda net: net, "fifo": lambda net: net.replace(
    ...     sites=[dataclasses.replace(site, allocation="fifo") for site in net.sites])})
    >>> slow.at(0.7)(tiny()).sites[0].allocation
    'fifo'
    """

    name: str
    levels: Mapping[str, Callable[[Network], Network]]

    def __post_init__(self) -> None:
        if len(self.levels) < 2:
            rule = "must be two or more"
            raise InvalidInput([Fault("levels", rule, list(self.levels))], what="Rule")

    def at(self, quantile: float) -> Callable[[Network], Network]:
        """The level at a quantile."""
        place = min(len(self.levels) - 1, int(quantile * len(self.levels)))
        return list(self.levels.values())[place]


def _same(network: Network) -> Network:
    return network


def _sites(**changes: Any) -> Callable[[Network], Network]:
    return lambda net: net.replace(sites=[dataclasses.replace(s, **changes) for s in net.sites])


def _buyers(change: Callable[[Any], Any]) -> Callable[[Network], Network]:
    """Change every stock that orders: inputs, stores and demands."""

    def changed(net: Network) -> Network:
        sites = [
            dataclasses.replace(site, inputs={k: change(x) for k, x in site.inputs.items()})
            for site in net.sites
        ]
        stores, demands = ([change(x) for x in items] for items in (net.stores, net.demands))
        return net.replace(sites=sites, stores=stores, demands=demands)

    return changed


def _reacting(factor: float) -> Callable[[Any], Any]:
    return lambda item: dataclasses.replace(item, reaction=item.reaction * factor)


def _reviewed(days: float) -> Callable[[Any], Any]:
    def change(item: Any) -> Any:
        policy = item.policy
        return dataclasses.replace(item, policy=dataclasses.replace(policy, review=days))

    return change


RULES = {
    "rationing": Rule(
        "rationing",
        {
            "in proportion": _sites(allocation="proportional"),
            "first come": _sites(allocation="fifo"),
            "customers first": _sites(allocation="incumbent-first"),
            "home first": _sites(allocation="domestic-first"),
        },
    ),
    "rerouting": Rule(
        "rerouting",
        {
            "as given": _same,
            "twice as fast": _buyers(_reacting(0.5)),
            "twice as slow": _buyers(_reacting(2.0)),
        },
    ),
    "orders": Rule(
        "orders",
        {"as given": _same, "at once": _buyers(_reviewed(0.0)), "weekly": _buyers(_reviewed(7.0))},
    ),
}
"""Rules that may be named: how sources ration, how fast buyers reroute, how often they order."""


def rules_named(given: Any) -> list[Rule]:
    """Rules, or names of `RULES`, as rules; refuses unknown names."""
    faults = [
        Fault("rules", f"unknown; {nearest(x, RULES)}", x)
        for x in given
        if isinstance(x, str) and x not in RULES
    ]
    if faults:
        raise InvalidInput(faults, what="sensitivity")
    return [RULES[x] if isinstance(x, str) else x for x in given]
