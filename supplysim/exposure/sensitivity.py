"""What moves the answer: figures and rules drawn together, and the share of the answer's variance that each explains.

Variance-based indices (Sobol 1993; estimators of Saltelli et al. 2010, *Computer Physics Communications* 181(2),
through scipy): the *first-order* index of a factor is the share of the variance that goes if it were known, the
*total* index the share that stays if all others were known. A factor is a group of figures, each drawn by itself, or a
rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.engines.trace import Array
from supplysim.ensemble.contrast import HOME
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.exposure.uncertain import Rule, rules_named
from supplysim.model import Network
from supplysim.plan import default_warmup, make_plan
from supplysim.results import Result
from supplysim.running import choose
from supplysim.scenario import Scenario
from supplysim.simulate import simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Answer", "Sensitivity", "answer_of", "sensitivity"]

Answer = Callable[[Result, Result], float]
"""A number from a run and the undisturbed run of the same world and draws."""
MOST_DIMENSIONS = 21_201
"""Of Sobol's sequence, as scipy has it."""
BOOTSTRAPS = 300


@dataclass(frozen=True)
class Sensitivity:
    """``table`` ranks the factors; ``answers`` holds the answer at every point of the two base samples.

    Columns of the table: factor, ``first`` with ``first_low`` and ``first_high``, ``total`` with ``total_low`` and
    ``total_high`` (bootstrap intervals), and ``figures`` (how many it draws; 0 for a rule), most total first. All are 0
    where the answer is the same at every point. Estimates may lie a little outside 0 to 1 where points are few.

    >>> from supplysim.model import Range
    >>> from supplysim.testing import example
    >>> network, stop, _, _ = example()
    >>> rate = Range("use", kind="demand", name="use", field="rate", low=0.5, high=1.5)
    >>> vague = network.replace(ranges=[rate])
    >>> found = sensitivity(vague, stop, answer="use", countries=["DE"], points=4, progress=False)
    >>> found.table["factor"].tolist()
    ['use']
    """

    table: pd.DataFrame
    answers: Array


def answer_of(name: str, countries: Sequence[str] = HOME) -> Answer:
    """An answer by name: what ``countries`` lose of ``value added`` or ``use`` (USD), or their ``first short`` day.

    The first short day is that on which their use first goes unmet; the end of the run where it never does.

    >>> from supplysim import simulate
    >>> from supplysim.testing import example
    >>> network, stop, _, _ = example()
    >>> base, run = (simulate(network, x, horizon=120) for x in (None, stop))
    >>> answer_of("use", ["DE"])(run, base)
    30000000.0
    """
    if name not in ("value added", "use", "first short"):
        known = ["value added", "use", "first short"]
        raise InvalidInput(
            [Fault("answer", f"unknown; {nearest(name, known)}", name)], what="sensitivity"
        )

    def answer(run: Result, base: Result) -> float:
        network = base.recipe.network
        home = network.countries(countries)
        kind, record = ("site", "output") if name == "value added" else ("demand", "served")
        there = np.isin(base.data[f"{kind}_country"].values, list(home))
        names = base.data[kind].values[there]
        if name == "first short":
            waits = [(x.data["unmet"] + x.data["backlog"]).sel(demand=names) for x in (run, base)]
            short = (waits[0].to_numpy() - waits[1].to_numpy() > 1e-6).any(axis=1)
            return float(short.argmax()) if short.any() else float(len(short))
        lost = base.data[record].sum("time").sel({kind: names}) - run.data[record].sum("time").sel(
            {kind: names}
        )
        return float(lost.to_numpy() @ _worth(network, kind, names))

    return answer


def _worth(network: Network, kind: str, names: Any) -> Array:
    if kind == "site":
        return np.array([network.site_by_name[name].value_added for name in names])
    price = {item.name: item.price or 1.0 for item in network.commodities}
    return np.array([price[network.demand_by_name[name].commodity] for name in names])


def sensitivity(  # noqa: PLR0913 - what is drawn, what is asked, and the settings of a run, all by name
    network: Network,
    scenario: Scenario,
    *,
    answer: str | Answer = "value added",
    countries: Sequence[str] = HOME,
    factors: Mapping[str, Sequence[str] | Callable[[str], bool]] | None = None,
    rules: Sequence[str | Rule] = (),
    points: int = 64,
    replications: int = 1,
    horizon: int | None = None,
    seed: int = 1,
    level: float = 0.9,
    workers: int = 2,
    progress: bool = True,
) -> Sensitivity:
    """Draw figures and rules, run the scenario and the undisturbed network at every point, and rank what moves the
    answer.

    ``answer`` is a name (see `answer_of`) or a function of a run and its undisturbed run. ``factors`` are groups of the
    figures that have a range, by name: a list of figures, or a test of a figure's name; by default one for each first
    word of their names ("price", "cover", ...). What is in none stays as given. ``rules`` are names of `RULES`
    ("rationing", "rerouting", "orders") or own ones. There are ``points`` (a power of 2) in each of two scrambled Sobol
    samples, and a sample for each factor: points x (factors + 2) pairs of runs, each the mean of
    ``replications`` with the same draws at every point, so that chance in the runs does not count as a factor.

    >>> import supplysim as ss
    >>> from supplysim.testing import tiny
    >>> net = tiny().replace(ranges=[ss.Range("use", kind="demand", name="use", field="rate", low=0.5, high=1.5)])
    >>> stop = ss.Scenario(measures=[ss.ExportBan(origin=["CN"], commodities=["ore"], ends=60)], horizon=100)
    >>> found = sensitivity(net, stop, answer="use", countries=["DE"], points=8, progress=False)
    >>> found.table["factor"].tolist(), found.answers.shape
    (['use'], (16,))
    """
    groups = _groups(network, factors)
    chosen = rules_named(rules)
    _check(network, groups, chosen, points, replications)
    asked = answer_of(answer, countries) if isinstance(answer, str) else answer
    figures = [name for members in groups.values() for name in members]
    spans = _spans(groups, chosen)
    one, other = _samples(len(figures) + len(chosen), points, seed)
    mixed = [np.where(span[None, :], other, one) for span in spans]
    settings = _settings(network, scenario, horizon, seed)
    settings["engine"] = choose(
        "auto",
        [make_plan(network, scenario, replication=0, **settings)],
        runs=2 * replications * points * (len(spans) + 2),
    )

    def at(point: Array) -> float:
        world = network.at(dict(zip(figures, point.tolist(), strict=False)))
        for rule, quantile in zip(chosen, point[len(figures) :].tolist(), strict=True):
            world = rule.at(quantile)(world)
        values = [
            asked(
                simulate(world, scenario, replication=r, **settings),
                simulate(world, None, replication=r, **settings),
            )
            for r in range(replications)
        ]
        return float(np.mean(values))

    answers = _evaluate(at, np.concatenate([one, other, *mixed]), workers, progress)
    return _ranked(answers, points, groups, chosen, level, seed)


# --- parts ---------------------------------------------------------------------------------------


def _groups(
    network: Network, factors: Mapping[str, Sequence[str] | Callable[[str], bool]] | None
) -> dict[str, list[str]]:
    figures = network.drawing.figures
    if factors is None:
        found: dict[str, list[str]] = {}
        for name in figures:
            found.setdefault(name.split()[0], []).append(name)
        return found
    known = set(figures)
    faults, found = [], {}
    for name, members in factors.items():
        if callable(members):
            found[name] = [figure for figure in figures if members(figure)]
        else:
            found[name] = list(members)
            faults += [
                Fault(f"factors[{name!r}]", f"unknown figure; {nearest(x, known)}", x)
                for x in members
                if x not in known
            ]
        if not found[name]:
            faults.append(Fault(f"factors[{name!r}]", "has no figure that varies"))
    twice = [x for x in known if sum(x in members for members in found.values()) > 1]
    faults += [Fault("factors", "must not share a figure", name) for name in sorted(twice)]
    if faults:
        raise InvalidInput(faults, what="sensitivity")
    return found


def _check(
    network: Network,
    groups: Mapping[str, list[str]],
    rules: Sequence[Rule],
    points: int,
    replications: int,
) -> None:
    faults = []
    count = sum(map(len, groups.values())) + len(rules)
    if not count:
        faults.append(
            Fault("factors", "nothing varies: the network has no ranges, and no rules are given")
        )
    if 2 * count > MOST_DIMENSIONS:
        faults.append(
            Fault("factors", f"must have at most {MOST_DIMENSIONS // 2} figures in all", count)
        )
    if type(points) is not int or points < 2 or points & (points - 1):
        faults.append(Fault("points", "must be a power of 2: 2, 4, 8, ...", points))
    if type(replications) is not int or replications < 1:
        faults.append(Fault("replications", "must be a whole number from 1 on", replications))
    if faults:
        raise InvalidInput(faults, what="sensitivity")


def _spans(groups: Mapping[str, list[str]], rules: Sequence[Rule]) -> list[Any]:
    """Which coordinates belong to each factor."""
    sizes = [len(members) for members in groups.values()] + [1] * len(rules)
    ends = np.cumsum(sizes)
    places = np.arange(int(ends[-1]))
    return [(places >= end - size) & (places < end) for size, end in zip(sizes, ends, strict=True)]


def _samples(dimensions: int, points: int, seed: int) -> tuple[Array, Array]:
    """Two independent samples of one scrambled Sobol sequence."""
    from scipy.stats import qmc

    both = qmc.Sobol(2 * dimensions, scramble=True, rng=seed).random(points)
    return both[:, :dimensions], both[:, dimensions:]


def _settings(
    network: Network, scenario: Scenario, horizon: int | None, seed: int
) -> dict[str, Any]:
    """All worlds run and warm up as long."""
    warmup = scenario.warmup if scenario.warmup is not None else default_warmup(network)
    return {"horizon": horizon or scenario.horizon, "seed": seed, "warmup": warmup}


def _evaluate(at: Callable[[Array], float], points: Array, workers: int, progress: bool) -> Array:
    from tqdm import tqdm

    with ThreadPoolExecutor(max(1, workers)) as pool:
        made = tqdm(pool.map(at, points), total=len(points), disable=not progress, desc="points")
        values = np.array(list(made))
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        at_point = f"point {int(wrong[0])} of {len(points)}"
        rule = f"must be a finite number everywhere; it is not at {at_point}"
        raise InvalidInput([Fault("answer", rule, float(values[wrong[0]]))], what="sensitivity")
    return values


def _ranked(
    answers: Array,
    points: int,
    groups: Mapping[str, list[str]],
    rules: Sequence[Rule],
    level: float,
    seed: int,
) -> Sensitivity:
    import pandas as pd

    names = [*groups, *(rule.name for rule in rules)]
    values = answers.reshape(len(names) + 2, 1, points)
    count = [len(members) for members in groups.values()] + [0] * len(rules)
    both = values[:2].ravel()
    columns: dict[str, Any] = {"factor": names}
    if math.isclose(float(np.ptp(both)), 0.0, abs_tol=1e-12 * max(1.0, float(np.abs(both).max()))):
        zeros = np.zeros(len(names))
        columns |= dict.fromkeys(("first", "first_low", "first_high"), zeros)
        columns |= dict.fromkeys(("total", "total_low", "total_high"), zeros)
    else:
        for name, (index, low, high) in _indices(values, level, seed).items():
            columns |= {name: index, f"{name}_low": low, f"{name}_high": high}
    table = pd.DataFrame({**columns, "figures": count})
    table = table.sort_values("total", ascending=False, kind="stable", ignore_index=True)
    table.attrs["definition"] = (
        f"Sobol indices of {points} points, bootstrap intervals of {level:.0%}"
    )
    return Sensitivity(table, both)


def _indices(values: Array, level: float, seed: int) -> dict[str, tuple[Array, Array, Array]]:
    """First and total indices with percentile bootstrap intervals, from samples A, B and one for each factor."""
    from scipy.stats import sobol_indices

    # scipy takes no single factor: one more, which changes nothing, is put beside them
    values = np.concatenate([values, values[:1]])
    points = values.shape[2]

    def both(sample: Array) -> Array:
        func: Any = {"f_A": sample[0], "f_B": sample[1], "f_AB": sample[2:]}
        found = sobol_indices(func=func, n=points)
        return np.stack([np.ravel(found.first_order)[:-1], np.ravel(found.total_order)[:-1]])

    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):  # a sample drawn again may be all the same
        middle = both(values)
        again = np.stack(
            [both(values[:, :, rng.integers(0, points, points)]) for _ in range(BOOTSTRAPS)]
        )
    ends = np.nanquantile(again, [0.5 - level / 2.0, 0.5 + level / 2.0], axis=0)
    return {
        name: (middle[at], ends[0, at], ends[1, at]) for at, name in enumerate(("first", "total"))
    }
