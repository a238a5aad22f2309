"""A licence office as a queue: M/M/1, M/M/c, M/D/1, M/G/1, and Little's law.

Sources: A. K. Erlang 1917 (the waiting chance C of M/M/c), F. Pollaczek 1930 and A. Khinchine 1932 (M/G/1:
Wq = lambda E[S^2] / 2 (1 - rho)), J. Kiefer and J. Wolfowitz 1955 (the recursion of waiting times of any G/G/c,
first come first served), J. D. C. Little 1961 (L = lambda W).

Each unit demanded (Poisson) is ordered at once (``BaseStock(0)``) and needs a licence of its own
(``per_dispatch``); the goods are there and travel no time, so a unit is owed from its application to its
grant. What is owed costs 1 a unit and day: the penalty over the run is the integral of the number in the
office, booked by another part of the engine than the log from which waiting times come.

Queues at load .8 converge slowly: about two million applications make three standard errors 2 %. These runs are
marked slow. The quick tests are stricter where it counts: given the times of the applications and the
services drawn, every single grant must come when the recursion says, and both inputs must have the mean and
the shape that the theory assumes. Together they leave no room for another mean.
"""

from __future__ import annotations

import dataclasses
import heapq
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import supplysim as ss
from supplysim import draws
from supplysim.balance import check_balance
from supplysim.engines.trace import Trace
from supplysim.plan import Plan, make_plan
from supplysim.running import run_plan

Floats = npt.NDArray[np.float64]
LANE = "mine|use|"


def office(
    rate: float, service: Any, desks: int | None, days: int, *, begins: float = 0.0, warmup: int = 7
) -> Plan:
    """Applications come at ``rate`` a day; the queue starts empty at ``begins``."""
    network = ss.Network(
        name="licence office",
        commodities=[ss.Commodity("ore")],
        sites=[
            ss.Site(
                "mine",
                country="CN",
                makes="ore",
                capacity=1e5 * rate,
                lot=500.0 * rate,
                cover=2000.0,
            )
        ],
        demands=[
            ss.Demand(
                "use",
                country="DE",
                commodity="ore",
                rate=rate,
                arrivals="poisson",
                unmet="backlog",
                policy=ss.BaseStock(0),
                reaction=1e6,
                penalty=1.0,
            )
        ],
        lanes=[ss.Lane("mine", "use")],
    )
    licence = ss.ExportLicence(
        key="office",
        origin=["CN"],
        commodities=["ore"],
        begins=begins,
        service=service,
        desks=desks,
        per_dispatch=True,
        working_week=False,
    )
    scenario = ss.Scenario(measures=[licence])
    return make_plan(network, scenario, horizon=days, seed=2, replication=0, warmup=warmup)


# --- the formulas --------------------------------------------------------------------------------


def erlang_c(desks: int, load: float) -> float:
    """Chance to wait in M/M/c with offered load a = lambda / mu."""
    busy = stats.poisson.pmf(desks, load) / stats.poisson.cdf(desks, load)  # Erlang B
    return float(busy / (1.0 - load / desks * (1.0 - busy)))


def wait_mmc(rate: float, mean: float, desks: int) -> float:
    return erlang_c(desks, rate * mean) / (desks / mean - rate)


def wait_mg1(rate: float, mean: float, second: float) -> float:
    """Pollaczek-Khinchine, from the first two moments of the service time."""
    return rate * second / 2.0 / (1.0 - rate * mean)


def test_formulas() -> None:
    assert wait_mmc(0.8, 1.0, 1) == pytest.approx(4.0)
    assert 0.8 * (wait_mmc(0.8, 1.0, 1) + 1.0) == pytest.approx(4.0)  # L
    assert erlang_c(2, 1.5) == pytest.approx(9.0 / 14.0)
    assert wait_mmc(1.5, 1.0, 2) == pytest.approx(9.0 / 7.0)
    assert erlang_c(10, 8.0) == pytest.approx(0.409180, abs=5e-7)
    assert wait_mmc(40.0, 0.2, 10) == pytest.approx(0.0409180, abs=5e-8)
    assert wait_mg1(0.8, 1.0, 1.0) == pytest.approx(2.0)
    assert wait_mg1(0.8, 1.0, 2.0) == pytest.approx(4.0)


# --- application by application ------------------------------------------------------------------


def logged(trace: Trace, kind: str) -> Floats:
    assert trace.events is not None
    return np.array([time for time, what, name, _ in trace.events if what == kind and name == LANE])


def services(plan: Plan, applied: Floats, service: Any) -> Floats:
    """The service times behind a log, drawn again: numbered by day, in the order of the applications."""
    key = draws.stream(
        plan.seed,
        plan.replication,
        draws.entity("licence", f"office|{LANE}"),
        draws.Purpose.SERVICE,
    )
    found, day, count = [], -1, 0
    for time in applied:
        count = count + 1 if math.floor(time) == day else 0
        day = math.floor(time)
        found.append(service.quantile(draws.uniform(key, draws.moment(time, count))))
    return np.array(found)


def starts(applied: Floats, service: Floats, desks: int | None) -> Floats:
    """When each application gets a desk: Kiefer and Wolfowitz' recursion (Lindley's for one desk)."""
    if desks is None:
        return applied
    free = [-math.inf] * desks
    begins = []
    for time, length in zip(applied, service, strict=True):
        at = max(time, heapq.heappop(free))
        heapq.heappush(free, at + length)
        begins.append(at)
    return np.array(begins)


QUEUES = [
    (0.8, ss.Exponential(1.0), 1),
    (0.8, ss.Fixed(1.0), 1),
    (0.8, ss.Uniform(0.2, 1.8), 1),
    (1.5, ss.Exponential(1.0), 2),
    (8.0, ss.Exponential(1.0), 10),
    (2.4, ss.Lognormal(1.0, 1.5), 3),
    (1.05, ss.Exponential(1.0), 1),  # overloaded: no mean, but the same recursion
    (5.0, ss.Triangular(0.5, 1.0, 1.5), None),
]
SCALE = 40.0
"""Services of mean 1 take 1/40 day."""


def scaled(service: Any) -> Any:
    values = {
        field.name: getattr(service, field.name) / SCALE for field in dataclasses.fields(service)
    }
    return type(service)(**values)


@pytest.mark.parametrize(("rate", "service", "desks"), QUEUES)
def test_every_grant_comes_when_the_recursion_says(
    rate: float, service: Any, desks: int | None
) -> None:
    days = math.ceil(6000 / (rate * SCALE))
    plan = office(rate * SCALE, scaled(service), desks, days)
    trace = run_plan(plan, "simpy", events=True)
    check_balance(plan, trace)
    applied, granted = logged(trace, "apply"), logged(trace, "grant")
    length = services(plan, applied, scaled(service))
    due = np.sort(starts(applied, length, desks) + length)
    due = due[: len(granted)]
    # times stand on a grid of 2**-20 day; each service is rounded to it, so a busy period adds up half ticks
    assert granted == pytest.approx(due, abs=2.0**-21 * (len(applied) + 1))
    assert len(applied) >= 5000
    # applications come as a Poisson process, and nothing else was drawn than what was asked for
    gaps = np.diff(applied) * rate * SCALE
    assert abs(gaps.mean() - 1.0) <= 3.0 / math.sqrt(len(gaps))
    assert stats.kstest(gaps, "expon").pvalue > 0.001
    assert abs(stats.spearmanr(gaps[1:], gaps[:-1]).statistic) <= 3.0 / math.sqrt(len(gaps))
    if not isinstance(service, ss.Fixed):
        levels = [stats.kstest(length, _cdf(scaled(service))).pvalue]
        assert min(levels) > 0.001
        assert abs(stats.spearmanr(gaps, length[1:]).statistic) <= 3.0 / math.sqrt(len(gaps))
    # Little's law: number in the office, as booked, against the time in it, as logged
    ends = np.concatenate([granted, np.full(len(applied) - len(granted), float(days))])
    inside = ends.sum() - applied.sum()
    assert float(trace.money["demand", "penalty"].sum()) == pytest.approx(inside, rel=1e-9)


def _cdf(service: Any) -> Any:
    """The distribution function, from scipy, of what the model calls the same."""
    if isinstance(service, ss.Exponential):
        return stats.expon(scale=service.average).cdf
    if isinstance(service, ss.Uniform):
        return stats.uniform(service.low, service.high - service.low).cdf
    if isinstance(service, ss.Triangular):
        width = service.high - service.low
        return stats.triang((service.mode - service.low) / width, service.low, width).cdf
    sigma = math.sqrt(math.log1p((service.sd / service.average) ** 2))
    return stats.lognorm(sigma, scale=service.average * math.exp(-sigma * sigma / 2.0)).cdf


def test_two_lanes_share_one_office() -> None:
    """Their applications queue together, first come first served, though each lane has draws of its own."""
    one = office(0.9 * SCALE, ss.Fixed(1.0 / SCALE), 2, 150)
    network = one.network
    (use,) = network.demands
    other = dataclasses.replace(use, name="other", rate=0.7 * SCALE)
    network = network.replace(
        demands=[use, other], lanes=[*network.lanes, ss.Lane("mine", "other")]
    )
    licence = ss.ExportLicence(
        key="office",
        origin=["CN"],
        commodities=["ore"],
        service=1.0 / SCALE,
        desks=2,
        per_dispatch=True,
        working_week=False,
    )
    scenario = ss.Scenario(measures=[licence])
    plan = make_plan(network, scenario, horizon=150, seed=4, replication=0, warmup=7)
    trace = run_plan(plan, "simpy", events=True)
    assert trace.events is not None
    applied = np.array([t for t, what, _, _ in trace.events if what == "apply"])
    granted = np.array([t for t, what, _, _ in trace.events if what == "grant"])
    length = np.full(len(applied), 1.0 / SCALE)
    due = np.sort(starts(applied, length, 2) + length)[: len(granted)]
    assert granted == pytest.approx(due, abs=2.0**-21 * len(applied))
    inside = granted.sum() + 150.0 * (len(applied) - len(granted)) - applied.sum()
    assert float(trace.money["demand", "penalty"].sum()) == pytest.approx(inside, rel=1e-9)


# --- means ---------------------------------------------------------------------------------------


def with_controls(values: Floats, controls: Floats) -> tuple[float, float]:
    """Mean and standard error, by regression on controls whose mean is known to be 0 (control variates)."""
    design = np.column_stack([np.ones(len(values)), controls])
    fitted, *_ = np.linalg.lstsq(design, values, rcond=None)
    left = values - design @ fitted
    spread = left @ left / (len(values) - design.shape[1])
    return float(fitted[0]), float(math.sqrt(spread * np.linalg.inv(design.T @ design)[0, 0]))


def agrees(what: str, mean: float, error: float, exact: float) -> None:
    """Within three standard errors, and these are small enough that an error of 2 % would show."""
    print(
        f"  {what} {mean:.6f} against {exact:.6f}, standard error {error:.6f} ({error / exact:.2%})"
    )
    assert 3.0 * error <= 0.02 * exact
    assert abs(mean - exact) <= 3.0 * error


TIMES = 60
SLOW = pytest.mark.slow
MEANS = [
    # rate, service, desks, waiting time, whether to hold the wait (or the time in all) to 2 %, thousands in all
    (2.0, ss.Exponential(1.0), 4, wait_mmc(2.0, 1.0, 4), False, 30),
    (0.3, ss.Fixed(1.0), 1, wait_mg1(0.3, 1.0, 1.0), False, 30),
    (0.4, ss.Uniform(0.2, 1.8), 1, wait_mg1(0.4, 1.0, 1.0 + 1.6**2 / 12.0), False, 30),
    pytest.param(0.8, ss.Exponential(1.0), 1, 4.0, True, 1900, marks=SLOW),
    pytest.param(0.8, ss.Fixed(1.0), 1, 2.0, True, 800, marks=SLOW),
    pytest.param(1.5, ss.Exponential(1.0), 2, 9.0 / 7.0, True, 1700, marks=SLOW),
    pytest.param(8.0, ss.Exponential(1.0), 10, 5.0 * 0.0409180, False, 300, marks=SLOW),
]


@pytest.mark.parametrize(("rate", "service", "desks", "exact", "strict", "thousands"), MEANS)
def test_mean_times(
    rate: float, service: Any, desks: int, exact: float, strict: bool, thousands: int
) -> None:
    """Mean wait, time in the office, and number in it, in units of the mean service time.

    Controls: the realised means of gaps and services, which `with_controls` takes out and which must
    themselves be right. With ten desks the wait is a sixth of the time, so only the latter is held to 2 %
    (the wait would take six million applications); the wait is still held to three standard errors.
    """
    days = math.ceil(thousands * 1000 / TIMES / (rate * SCALE))
    settling = 20 if strict else 6  # days of 40 services each to forget the empty start
    plan = office(rate * SCALE, scaled(service), desks, days, begins=-settling, warmup=settling + 1)
    rows, controls = [], []
    for i in range(TIMES):
        one = dataclasses.replace(plan, replication=i)
        trace = run_plan(one, "simpy", events=True)
        applied = logged(trace, "apply")
        length = services(one, applied, scaled(service))
        inside = float(trace.money["demand", "penalty"].sum())
        each = inside / len(applied) * SCALE  # Little's law
        rows.append((each, each - float(length.mean()) * SCALE, inside / days))
        controls.append((len(applied) / days / (rate * SCALE) - 1.0, length.mean() * SCALE - 1.0))
    values, known = np.array(rows), np.array(controls)
    for column in known.T:
        error = column.std(ddof=1) / math.sqrt(TIMES)
        assert abs(column.mean()) <= 3.0 * error + 1e-5  # the grid of times
        assert 3.0 * error <= 0.02
    known = known[:, :1] if isinstance(service, ss.Fixed) else known
    agrees("time", *with_controls(values[:, 0], known), exact + 1.0)
    agrees("number", *with_controls(values[:, 2], known), rate * (exact + 1.0))
    wait, error = with_controls(values[:, 1], known)
    if strict:
        agrees("wait", wait, error, exact)
    print(f"  wait {wait:.6f} against {exact:.6f}, standard error {error:.6f}")
    assert abs(wait - exact) <= 3.0 * error
