"""Random supply networks of any size, as columns or as objects.

Five tiers of equal size, from mines to final goods, of three commodities each. A site of a higher tier takes all three
of the tier below, two of them from two suppliers and one from a single one: five lanes into every site, 4.2 lanes a
site in all. Every supplier has nearly as many customers as its neighbours and none has no customer, so that
``utilisation`` gives every site a capacity. Each site of the last tier has one steady demand.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

import supplysim as ss

__all__ = ["Columns", "columns", "network"]

Columns = dict[str, dict[str, Any]]
"""Tables by kind, columns by field; a scalar stands for a whole column."""
Places = npt.NDArray[np.int64]

TIERS = 5
KINDS = 3  # commodities a tier
SHARES = ((0.6, 0.4), (0.7, 0.3), (1.0,))  # of the suppliers of each kind
POLICIES = np.array([ss.DaysOfCover(days) for days in range(10, 31)], dtype=object)
COUNTRIES = np.array(["AU", "BE", "CN", "DE", "FR", "JP", "KR", "NL", "TW", "US"])


def columns(n: int, seed: int = 1) -> Columns:
    """A network of ``n`` sites (30 at least) as columns of NumPy arrays: no object for each site.

    Keys: ``commodities``, ``sites``, ``inputs``, ``demands``, ``lanes``. Rates are in units a day, times in days.

    >>> tables = columns(1000)
    >>> len(tables["sites"]["name"]), len(tables["lanes"]["source"]), len(tables["inputs"]["site"])
    (1000, 4200, 2400)
    """
    if n < 2 * TIERS * KINDS:
        raise ValueError(f"n must be at least {2 * TIERS * KINDS}, got {n}")
    rng = np.random.default_rng(seed)
    bounds = [n * tier // TIERS for tier in range(TIERS + 1)]
    tiers = [np.arange(bounds[tier], bounds[tier + 1]) for tier in range(TIERS)]
    names = _named("s", n)
    makes = np.concatenate(
        [KINDS * tier + np.arange(len(t)) % KINDS for tier, t in enumerate(tiers)]
    )
    wares = _named("c", TIERS * KINDS)
    source, target, share = _lanes(tiers, rng)
    last = tiers[-1]
    users = _named("d", len(last))
    lead_time = rng.integers(1, 31, len(source) + len(last)).astype(float)
    return {
        "commodities": {"name": wares, "price": 1.0},
        "sites": {
            "name": names,
            "country": rng.choice(COUNTRIES, n),
            "makes": wares[makes],
            "utilisation": 0.8,
            "cover": 14.0,
        },
        "inputs": _inputs(tiers, names, wares, rng),
        "demands": {
            "name": users,
            "country": rng.choice(COUNTRIES, len(last)),
            "commodity": wares[makes[last]],
            "rate": rng.uniform(5.0, 15.0, len(last)),
        },
        "lanes": {
            "source": np.concatenate([names[source], names[last]]),
            "target": np.concatenate([names[target], users]),
            "share": np.concatenate([share, np.ones(len(last))]),
            "lead_time": lead_time,
        },
    }


def _named(letter: str, count: int) -> npt.NDArray[np.str_]:
    """Names that sort as they are numbered."""
    digits = len(str(count - 1))
    return np.char.add(letter, np.char.zfill(np.arange(count).astype(str), digits))


def _lanes(
    tiers: list[Places], rng: np.random.Generator
) -> tuple[Places, Places, npt.NDArray[np.float64]]:
    """Source, target and share of every lane between sites."""
    found = []
    for below, tier in pairwise(tiers):
        for kind, shares in enumerate(SHARES):
            makers = below[kind::KINDS]
            first = rng.permutation(len(tier)) % len(makers)
            for number, part in enumerate(shares):
                source = makers[(first + number) % len(makers)]
                found.append((source, tier, np.full(len(tier), part)))
    source, target, share = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return source, target, share


def _inputs(
    tiers: list[Places], names: npt.NDArray[Any], wares: npt.NDArray[Any], rng: np.random.Generator
) -> dict[str, Any]:
    """What each site of a higher tier takes: about a fifth of a unit of each of three commodities."""
    buyers = np.concatenate(tiers[1:])
    below = np.concatenate([np.full(len(t), tier) for tier, t in enumerate(tiers[1:])])
    return {
        "site": np.concatenate([names[buyers]] * KINDS),
        "commodity": np.concatenate([wares[KINDS * below + kind] for kind in range(KINDS)]),
        "per_unit": rng.uniform(0.1, 0.3, KINDS * len(buyers)),
        "policy": POLICIES[rng.integers(10, 31, KINDS * len(buyers)) - 10],
    }


def network(n: int, seed: int = 1) -> ss.Network:
    """The same network as objects, for small ``n``.

    >>> net = network(30)
    >>> len(net.sites), len(net.lanes)
    (30, 126)
    """
    tables = columns(n, seed)
    inputs: dict[str, dict[str, ss.Input]] = {}
    for row in _rows(tables["inputs"]):
        use = ss.Input(row["per_unit"], policy=row["policy"])
        inputs.setdefault(row["site"], {})[row["commodity"]] = use
    return ss.Network(
        name=f"random-{n}",
        commodities=[ss.Commodity(**row) for row in _rows(tables["commodities"])],
        sites=[
            ss.Site(**row, inputs=inputs.get(row["name"], {})) for row in _rows(tables["sites"])
        ],
        demands=[ss.Demand(**row) for row in _rows(tables["demands"])],
        lanes=[ss.Lane(**row) for row in _rows(tables["lanes"])],
    )


def _rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows as dictionaries of plain Python values."""
    length = max(len(column) for column in table.values() if isinstance(column, np.ndarray))
    plain = [
        column.tolist() if isinstance(column, np.ndarray) else [column] * length
        for column in table.values()
    ]
    return [dict(zip(table, row, strict=True)) for row in zip(*plain, strict=True)]
