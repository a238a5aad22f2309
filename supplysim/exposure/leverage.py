"""Who hurts whom: what the target of a measure loses beside what its sender loses, as time passes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble import Comparison
from supplysim.ensemble.contrast import worth_of
from supplysim.errors import Fault, InvalidInput
from supplysim.exposure.power import power_table
from supplysim.model import Network

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Leverage", "leverage"]

DUST = 1e-9


@dataclass(frozen=True)
class Leverage:
    """How the losses of a target compare with those of a sender, up to each day.

    ``table`` has a row a day: ``target`` and ``sender`` (USD lost until then, means over replications), ``ratio``
    (target over sender; infinite while only the target loses, not a number while neither does), ``ratio_low`` and
    ``ratio_high`` (they hold the level of the replications), and the same relative to what each has undisturbed until
    then (``relative``, ``relative_low``, ``relative_high``).

    ``turns`` says when it turns: rows ``absolute`` and ``relative``, columns ``day`` (median of the first day from
    which the target has lost more than the sender for good; until then the sender pays more, since the target lives on
    stocks), ``low`` and ``high``, ``runs`` (the share of replications in which it turns at all) and ``last`` (the
    ratio at the end). ``power`` is the static companion: what withholding each commodity could do in a world of smooth
    substitution (`power_table`).

    >>> from supplysim import compare
    >>> from supplysim.testing import example
    >>> network, _, base, runs = example()
    >>> found = leverage(compare(base, runs), network, sender="CN", target="DE", kind="use")
    >>> found.table.columns.tolist()[:3]
    ['day', 'sender', 'target']
    """

    table: pd.DataFrame
    turns: pd.DataFrame
    power: pd.DataFrame


def leverage(
    comparison: Comparison,
    network: Network,
    *,
    sender: str,
    target: str,
    kind: str = "output",
    level: float = 0.9,
) -> Leverage:
    """Target loss over sender loss against time, in value added (``kind="use"``: final use at prices).

    ``sender`` and ``target`` are countries or groups, in either direction: what China does to Germany, or Japan and
    Germany ("G") to China. The sender loses what its plants no longer make for the target. Raises `InvalidInput`
    for unknown countries, for a sender that is also a target, and for a run shorter than the way between them.

    >>> from supplysim import compare
    >>> from supplysim.testing import example
    >>> network, _, base, runs = example()
    >>> found = leverage(compare(base, runs), network, sender="CN", target="DE")
    >>> len(found.table) == len(runs.labels["time"])
    True
    """
    import pandas as pd

    places = _places(comparison, network, sender, target)
    worth = worth_of(network, kind)
    groups = [name.split(" ", 1) for name in comparison.groups(kind)]
    value = np.array([worth(*group) for group in groups])
    weights = [
        value * np.array([country in members for country, _ in groups]) for members in places
    ]
    lost, normal = _daily(comparison, kind, weights)
    sums = [np.cumsum(x, axis=1) for x in lost]
    until = [np.cumsum(x, axis=1) for x in normal]
    relative = [a / np.maximum(b, 1e-300) for a, b in zip(sums, until, strict=True)]
    dust = [DUST * x[:, -1:] for x in until]
    table = pd.DataFrame({"day": np.arange(sums[0].shape[1])})
    table["sender"], table["target"] = sums[0].mean(axis=0), sums[1].mean(axis=0)
    turns = {}
    for name, pair, least in (
        ("absolute", sums, dust),
        ("relative", relative, [DUST * np.ones((1, 1))] * 2),
    ):
        column = "ratio" if name == "absolute" else name
        ratio = _ratio(pair[1], pair[0], least)
        mean = _ratio(
            pair[1].mean(axis=0)[None], pair[0].mean(axis=0)[None], [x.mean() for x in least]
        )
        table[column] = mean[0]
        ends = _quantiles(ratio, level)
        table[f"{column}_low"], table[f"{column}_high"] = ends
        turns[name] = _turn(pair[1] - pair[0], least[1], level) | {"last": float(mean[0, -1])}
    table.attrs["definition"] = (
        f"cumulated losses of {kind}, USD: {target} (target) over {sender} (sender)"
    )
    static = (
        power_table(network, target, sender) if sender not in network.groups else pd.DataFrame()
    )
    return Leverage(table, pd.DataFrame.from_dict(turns, orient="index"), static)


def _places(
    comparison: Comparison, network: Network, sender: str, target: str
) -> tuple[frozenset[str], frozenset[str]]:
    faults, found = [], []
    for field, name in (("sender", sender), ("target", target)):
        try:
            found.append(network.countries([name]))
        except InvalidInput as error:
            faults += [Fault(field, fault.rule, fault.value) for fault in error.faults]
    if not faults and found[0] & found[1]:
        faults.append(Fault("target", "must not be the sender, too", sorted(found[0] & found[1])))
    if not faults:
        t, country = network.tables, network.tables.country.every()
        ways = [
            float(t.lanes.lead_time.mean[row])
            for row in range(len(t.lanes))
            if country[t.lane_source[row]] in found[0] and country[t.lane_target[row]] in found[1]
        ]
        horizon = int(comparison.other.attrs["horizon"])
        if ways and horizon <= min(ways):
            rule = f"must be longer than the {min(ways):g} days of the way: the target could lose nothing yet"
            faults.append(Fault("horizon", rule, horizon))
    if faults:
        raise InvalidInput(faults, what="leverage")
    return found[0], found[1]


def _daily(
    comparison: Comparison, kind: str, weights: list[Array]
) -> tuple[list[Array], list[Array]]:
    """Losses and undisturbed amounts a day of sender and target: replications x days."""
    lost: list[list[Array]] = [[], []]
    normal: list[list[Array]] = [[], []]
    for base, other in comparison.records(kind):
        for at, weight in enumerate(weights):
            normal[at].append(base @ weight)
            lost[at].append((base - other) @ weight)
    return [np.concatenate(x) for x in lost], [np.concatenate(x) for x in normal]


def _ratio(over: Array, under: Array, least: Any) -> Array:
    """Target over sender: not a number while neither loses, infinite while the target alone does."""
    some, other = over > least[1], under > least[0]
    with np.errstate(all="ignore"):
        found = np.where(other, over / under, np.where(some, np.inf, np.nan))
    return np.asarray(np.where(other & ~some, np.maximum(0.0, found), found))


def _quantiles(values: Array, level: float) -> tuple[Array, Array]:
    """Bounds over the replications that have a ratio; sorting puts what is infinite last."""
    ordered = np.sort(values, axis=0)  # not a number comes last of all
    counts = np.sum(~np.isnan(values), axis=0)
    found = []
    for q in (0.5 - level / 2.0, 0.5 + level / 2.0):
        at = np.clip(np.ceil(q * counts).astype(int) - 1, 0, len(values) - 1)
        found.append(np.where(counts > 0, ordered[at, np.arange(values.shape[1])], np.nan))
    return found[0], found[1]


def _turn(more: Array, least: Array, level: float) -> dict[str, float]:
    """The first day from which the target has lost more for good, over the replications in which there is one."""
    ahead = more > least
    days = ahead.shape[1]
    behind = np.where(ahead.all(axis=1), -1, days - 1 - (~ahead)[:, ::-1].argmax(axis=1))
    first = behind + 1
    turned = first < days
    if not turned.any():
        return {"day": math.nan, "low": math.nan, "high": math.nan, "runs": 0.0}
    low, middle, high = np.quantile(first[turned], [0.5 - level / 2.0, 0.5, 0.5 + level / 2.0])
    return {
        "day": float(middle),
        "low": float(low),
        "high": float(high),
        "runs": float(turned.mean()),
    }
