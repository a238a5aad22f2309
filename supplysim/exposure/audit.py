"""Are two suppliers really two? Whether those that look independent hang on the same plant further up."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.errors import Fault, InvalidInput
from supplysim.model import Network
from supplysim.model.slots import INPUT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["audit"]

LEAST = 0.2
"""A plant on which less of a supplier's output hangs is not told of."""
MOST_SOURCES = 20_000


def audit(network: Network, user: str = "", *, least: float = LEAST) -> pd.DataFrame:
    """Diversification audit: for users with several suppliers, the plants that two of them both hang on.

    ``user`` is a country or group (default: everybody). A supplier hangs on a plant by the share of its output that
    could not be made without it: of each input by its share of supply, and of all inputs the one that hangs most on it
    (they are needed together). Rows: user (slot), commodity, country, supplier and other (two of its suppliers),
    shared (the plant), its country ``where`` and commodity ``what``, ``hangs`` and ``other_hangs`` (the shares), and
    ``exposed``: the share of the user's supply that goes with it. Shares below ``least`` are left out. Worst first.

    >>> from supplysim.testing import tiny
    >>> len(audit(tiny()))
    0
    """
    import pandas as pd

    if not 0.0 < least <= 1.0:
        raise InvalidInput(
            [Fault("least", "must be a share above 0, at most 1", least)], what="audit"
        )
    t = network.tables
    if t.source_count > MOST_SOURCES:
        rule = f"at most {MOST_SOURCES} sites and stores; take a part of the network"
        raise InvalidInput([Fault("network", rule, t.source_count)], what="audit")
    places = network.countries([user]) if user else None
    hangs = _hangs(network)
    goods, country = t.commodity_names(), t.country.every()
    rows: list[tuple[Any, ...]] = []
    for slot in range(len(t.slots)):
        node = int(t.slots.node[slot])
        if places is not None and country[node] not in places:
            continue
        lanes = [row for row in t.lanes_into[slot].tolist() if t.lanes.share[row] > 0.0]
        for one, other in combinations(lanes, 2):
            pair = [hangs[int(t.lane_source[row])] for row in (one, other)]
            both = np.flatnonzero(np.minimum(*pair) >= least)
            shares = [float(t.lanes.share[row]) for row in (one, other)]
            names = [t.node_names[int(t.lane_source[row])] for row in (one, other)]
            for plant in both.tolist():
                deep = [float(x[plant]) for x in pair]
                rows.append(
                    (
                        t.slot_keys[slot],
                        goods[int(t.slots.commodity[slot])],
                        country[node],
                        *names,
                        t.node_names[plant],
                        country[plant],
                        goods[int(t.product[plant])],
                        *deep,
                        deep[0] * shares[0] + deep[1] * shares[1],
                    )
                )
    columns = ["user", "commodity", "country", "supplier", "other", "shared", "where", "what"]
    table = pd.DataFrame(rows, columns=[*columns, "hangs", "other_hangs", "exposed"])
    table.attrs["definition"] = (
        "share of a supplier's output that could not be made without the plant: supply shares along each input, the "
        "largest over inputs that are needed together"
    )
    return table.sort_values("exposed", ascending=False, kind="stable", ignore_index=True)


def _hangs(network: Network) -> Any:
    """How much of each source's output hangs on each site (through hubs, too; on itself: 1): sources x sites."""
    t, slots = network.tables, network.tables.slots
    sites, sources = len(t.sites), t.source_count
    found = np.zeros((sources, sites))
    found[np.arange(sites), np.arange(sites)] = 1.0
    weight = slots.needs * slots.criticality
    use = np.array(network.baseline().arrays.use)
    own = [
        slot
        for slot in np.argsort(slots.node, kind="stable").tolist()
        if slots.node[slot] < sources
    ]
    for _ in range(sources):  # as many rounds as the longest way has steps
        before = found.copy()
        for slot in own:
            lanes = t.lanes_into[slot]
            if not len(lanes) or use[slot] <= 0.0:
                continue
            supply = t.lanes.share[lanes] @ before[t.lane_source[lanes]]
            node = int(slots.node[slot])
            part = weight[slot] if slots.kind[slot] == INPUT else 1.0
            found[node] = np.maximum(found[node], part * supply)
        if np.abs(found - before).max(initial=0.0) <= 1e-9:
            return found
    return found
