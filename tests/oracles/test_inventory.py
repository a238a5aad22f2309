"""Single-item inventory theory: base stock, EOQ, (r, Q), (s, S) and a serial system, against closed formulas.

Sources: L. V. Snyder and Z.-J. M. Shen, Fundamentals of Supply Chain Theory (2nd ed. 2019), ch. 3, 4 and 6
(one-for-one base stock, EOQ example 3.1, (r, Q), (s, S), serial systems); Y.-S. Zheng and A. Federgruen
1991, Operations Research 39, 654-665 (the (s, S) test set); A. K. Erlang 1917 and C. Palm 1938 (what is on
order is Poisson, or truncated Poisson, whatever the lead times' distribution); A. Clark and H. Scarf
1960, Management Science 6, 475-490.

How a textbook's periods map on the engine's phases. The engine runs arrival, demand, order at one instant,
so what is ordered after the demand of day k comes, with a lead time of L days, just before the demand of
day k + L: L days' demand lie between an order and the inventory level it decides. A textbook period that
orders first, receives at once, and pays for what is left after the demand is therefore a lane of one day;
the level that is paid for stands unchanged from one withdrawal to the next, so money booked by event is the
textbook's cost at the end of a period. With Poisson arrivals within the period instead, a lane of
lead time 0 and a review at whole days gives the same model, read off the records at each day's end.

A day is whatever unit makes runs short: ``UNITS`` textbook time units go into one day where events are
random, and money per day is divided by it.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from inventory_shop import Floats, agrees, shop
from scipy import stats

import supplysim as ss
from supplysim.balance import check_balance
from supplysim.engines.trace import Trace
from supplysim.plan import make_plan
from supplysim.running import run_plan

SLOT, LANE = "use", "mine|use|"


def runs(
    network: ss.Network, measure: Callable[[Trace], float], days: int, times: int, seed: int = 7
) -> Floats:
    """What ``measure`` makes of so many independent replications."""
    plan = make_plan(network, None, horizon=days, seed=seed, replication=0, warmup=None)
    values = []
    for i in range(times):
        plan = dataclasses.replace(plan, replication=i)
        trace = run_plan(plan, "simpy")
        if i == 0:
            check_balance(plan, trace)
        values.append(measure(trace))
    return np.array(values)


def spent(trace: Trace) -> float:
    """Ordering, holding and penalty over the run."""
    money = trace.money
    return float(
        money["lane", "ordering"].sum()
        + money["slot", "holding"].sum()
        + money["lane", "holding"].sum()
        + money["demand", "penalty"].sum()
    )


# --- one-for-one base stock ----------------------------------------------------------------------

RATE = 30.0
"""Single units a day; lead times are fractions of a day, so a short run holds many of them."""


def lead_times(kind: str, mean: float) -> Any:
    return {
        "fixed": ss.Fixed(mean),
        "exponential": ss.Exponential(mean),
        "uniform": ss.Uniform(0.0, 2.0 * mean),
    }[kind]


@pytest.mark.parametrize(
    ("level", "mean", "kind", "days"),
    [
        *[(8, 6.0, kind, 75) for kind in ("fixed", "exponential", "uniform")],
        (4, 2.5, "exponential", 45),
        (11, 7.0, "uniform", 30),
    ],
)
def test_base_stock_with_backorders(level: int, mean: float, kind: str, days: int) -> None:
    """On order is Poisson (Palm), so a unit is served at once with the chance that fewer than S are."""
    exact = float(stats.poisson.cdf(level - 1, mean))
    if (level, mean) == (8, 6.0):
        assert exact == pytest.approx(0.743980, abs=5e-7)
    network = shop(
        RATE,
        ss.BaseStock(level),
        lead_times(kind, mean / RATE),
        arrivals="poisson",
        unmet="backlog",
    )

    def served_at_once(trace: Trace) -> float:
        late = trace.daily["demand", "deferred"].sum()
        return 1.0 - float(late / trace.daily["demand", "wanted"].sum())

    agrees(runs(network, served_at_once, days=days, times=30), exact)


def erlang_b(servers: int, load: float) -> float:
    """Chance that all servers are busy: the truncated Poisson distribution's last term."""
    return float(stats.poisson.pmf(servers, load) / stats.poisson.cdf(servers, load))


LOST = [
    (3, 4.0, "fixed", 60),
    (3, 4.0, "exponential", 80),
    (2, 3.0, "uniform", 50),
    (1, 0.7, "fixed", 40),
    *[
        pytest.param(8, 6.0, kind, 1000, marks=pytest.mark.slow)
        for kind in ("fixed", "exponential", "uniform")
    ],
]


@pytest.mark.parametrize(("level", "mean", "kind", "days"), LOST)
def test_base_stock_with_lost_sales(level: int, mean: float, kind: str, days: int) -> None:
    """What is on order is an Erlang loss system: its blocking is the chance of a stock-out, for any lead times."""
    exact = erlang_b(level, mean)
    if (level, mean) == (8, 6.0):
        assert exact == pytest.approx(0.121876, abs=5e-7)
    network = shop(
        RATE, ss.BaseStock(level), lead_times(kind, mean / RATE), arrivals="poisson", unmet="lost"
    )

    def lost(trace: Trace) -> float:
        return float(trace.daily["demand", "unmet"].sum() / trace.daily["demand", "wanted"].sum())

    agrees(runs(network, lost, days=days, times=24), exact)


# --- economic order quantity ---------------------------------------------------------------------


def eoq_cost(quantity: float, fixed: float, holding: float, demand: float) -> float:
    return fixed * demand / quantity + holding * quantity / 2.0


def test_eoq_formula() -> None:
    best = math.sqrt(2.0 * 8.0 * 1300.0 / 0.225)
    assert best == pytest.approx(304.046780, abs=5e-7)
    assert eoq_cost(best, 8.0, 0.225, 1300.0) == pytest.approx(68.410526, abs=5e-7)
    assert eoq_cost(250.0, 8.0, 0.225, 1300.0) == pytest.approx(69.725)


def eoq_run(
    quantity: float,
    fixed: float,
    holding: float,
    demand: float,
    steps: int,
    lead: int,
    early: int,
    unit: float,
) -> float:
    """Cost a year of (r, Q) with one withdrawal of Q / steps a day; quantities in units of ``unit``."""
    step = quantity / steps
    year = demand / step  # days
    point = (lead - 1 + early) * step if lead else 0.0
    network = shop(
        step / unit,
        ss.ReorderPoint(point / unit, quantity / unit),
        lead,
        order_cost=fixed,
        holding_cost=holding * unit / year,
    )
    horizon = 10 * steps  # whole cycles
    plan = make_plan(network, None, horizon=horizon, seed=1, replication=0, warmup=steps)
    trace = run_plan(plan, "simpy")
    check_balance(plan, trace)
    assert trace.daily["demand", "unmet"].sum() == 0.0
    return spent(trace) * year / horizon


EOQ = [
    (304.046780, 8.0, 0.225, 1300.0),
    (250.0, 8.0, 0.225, 1300.0),
    (400.0, 8.0, 0.225, 1300.0),
    (60.0, 25.0, 3.0, 730.0),
]


@pytest.mark.parametrize(("lead", "early"), [(0, 0), (4, 0), (4, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("steps", [8, 40, 100])
@pytest.mark.parametrize(("quantity", "fixed", "holding", "demand"), EOQ)
def test_eoq_by_simulation(
    quantity: float,
    fixed: float,
    holding: float,
    demand: float,
    steps: int,
    lead: int,
    early: int,
) -> None:
    """With withdrawals of w the stock steps through Q, Q - w, ..., w (or Q - w, ..., 0): Q/2 + w/2 (or - w/2).

    A lane of lead time 0 refills just after the withdrawal that takes the last; with a lead time goods come
    just before the withdrawal that needs them, or a day earlier where the reorder point is one w higher
    (``early``). So the exact cost is the EOQ formula's plus or minus h w / 2, whatever w.
    """
    step = quantity / steps
    above = lead == 0 or early == 1
    exact = eoq_cost(quantity, fixed, holding, demand) + holding * step * (0.5 if above else -0.5)
    # in units of one withdrawal, so that no rounding hides or makes a difference
    found = eoq_run(quantity, fixed, holding, demand, steps, lead, early, unit=step)
    assert found == pytest.approx(exact, rel=1e-9)
    continuous = eoq_cost(quantity, fixed, holding, demand)
    assert abs(found - continuous) <= holding * step / 2.0 * (1.0 + 1e-9)


@pytest.mark.parametrize(
    ("quantity", "steps", "lead"),
    [
        (250.0, 40, 0),
        (304.046780, 40, 4),
        (304.046780, 100, 0),
        (304.046780, 100, 4),
    ],
)
def test_eoq_in_its_own_units(quantity: float, steps: int, lead: int) -> None:
    """The same where withdrawals are no exact binary fractions: rounding must not cost an order."""
    step = quantity / steps
    exact = eoq_cost(quantity, 8.0, 0.225, 1300.0) + 0.225 * step / 2.0
    found = eoq_run(quantity, 8.0, 0.225, 1300.0, steps, lead, 1, unit=1.0)
    assert found == pytest.approx(exact, rel=1e-9)


def test_eoq_is_the_cheapest_quantity() -> None:
    """In simulation too: one withdrawal fewer or more in a batch costs more, as the formula says."""
    fixed, holding, demand = 8.0, 0.225, 1300.0
    best = math.sqrt(2.0 * fixed * demand / holding)
    step = best / 40
    costs = [
        eoq_run(n * step, fixed, holding, demand, n, lead=3, early=1, unit=step)
        for n in (30, 38, 39, 40, 41, 42, 55)
    ]
    assert min(costs) == costs[3]


# --- (r, Q) --------------------------------------------------------------------------------------

UNITS = 20.0


def one_period_cost(
    levels: npt.ArrayLike, sizes: Floats, chances: Floats, holding: float, penalty: float
) -> Floats:
    """G(y): holding and backorders when y is there and one lead time's demand is taken."""
    left = np.asarray(levels, float)[:, None] - sizes[None, :]
    costs = holding * np.maximum(left, 0.0) + penalty * np.maximum(-left, 0.0)
    return np.asarray(costs @ chances, float)


def r_q_cost(
    r: int, q: int, rate: float, lead: float, holding: float, penalty: float, fixed: float
) -> float:
    """Positions r + 1..r + Q are equally likely; each costs G(y), each Q units an order."""
    sizes = np.arange(0, 400)
    chances = stats.poisson.pmf(sizes, rate * lead)
    costs = one_period_cost(np.arange(r + 1, r + q + 1), sizes * 1.0, chances, holding, penalty)
    return float((fixed * rate + costs.sum()) / q)


@pytest.mark.parametrize(
    ("r", "q", "rate", "lead", "holding", "penalty", "fixed", "days"),
    [
        (3, 5, 1.5, 2.0, 20.0, 150.0, 100.0, 30),
        (2, 8, 1.5, 2.0, 20.0, 150.0, 100.0, 30),
        (9, 12, 3.0, 2.5, 1.0, 9.0, 20.0, 30),
        (-2, 6, 2.0, 1.0, 4.0, 7.0, 30.0, 45),
    ],
)
def test_r_q(
    r: int,
    q: int,
    rate: float,
    lead: float,
    holding: float,
    penalty: float,
    fixed: float,
    days: int,
) -> None:
    exact = r_q_cost(r, q, rate, lead, holding, penalty, fixed)
    if (r, q) == (3, 5):
        assert exact == pytest.approx(107.923581, abs=5e-7)
        around = [r_q_cost(r + i, q + j, rate, lead, 20.0, 150.0, 100.0) for i, j in NEXT]
        assert exact < min(around)
    network = shop(
        rate * UNITS,
        ss.ReorderPoint(r, q),
        lead / UNITS,
        order_cost=fixed,
        arrivals="poisson",
        unmet="backlog",
        holding_cost=holding * UNITS,
        penalty=penalty * UNITS,
    )
    agrees(runs(network, lambda trace: spent(trace) / (days * UNITS), days=days, times=30), exact)


NEXT = [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, 1), (1, -1)]


# --- (s, S) --------------------------------------------------------------------------------------


def s_s_cost(
    s: int, up_to: int, chances: Floats, holding: float, penalty: float, fixed: float
) -> float:
    """Renewal formula: cost of a cycle over its length; m(j) is how often the position is S - j."""
    steps = up_to - s
    visits = np.zeros(steps)
    visits[0] = 1.0 / (1.0 - chances[0])
    for j in range(1, steps):
        part = sum(chances[i] * visits[j - i] for i in range(1, min(j, len(chances) - 1) + 1))
        visits[j] = part / (1.0 - chances[0])
    sizes = np.arange(len(chances)) * 1.0
    costs = one_period_cost(up_to - np.arange(steps), sizes, chances, holding, penalty)
    return float((fixed + (visits * costs).sum()) / visits.sum())


S_S = [
    (4, 10, 6.0, 1.0, 4.0, 5.0, 8.034112, 300),
    (6, 40, 10.0, 1.0, 9.0, 64.0, 35.022, 150),
    (2, 9, 6.0, 1.0, 4.0, 5.0, None, 450),
    (-3, 8, 4.0, 2.0, 1.5, 6.0, None, 400),
    (14, 30, 15.0, 0.5, 6.0, 12.0, None, 200),
]


@pytest.mark.parametrize(
    ("s", "up_to", "mean", "holding", "penalty", "fixed", "published", "days"), S_S
)
def test_s_s_by_money(
    s: int,
    up_to: int,
    mean: float,
    holding: float,
    penalty: float,
    fixed: float,
    published: float | None,
    days: int,
) -> None:
    """One withdrawal a day of a Poisson size, lead time one day (a textbook's 0), money by event.

    Sizes are 2000 equally likely quantiles; the exact cost is computed for these, and is the published
    one to four digits.
    """
    quantiles = stats.poisson.ppf((np.arange(2000) + 0.5) / 2000, mean)
    count = Counter(int(x) for x in quantiles)
    chances = np.array([count.get(j, 0) / 2000 for j in range(max(count) + 1)])
    exact = s_s_cost(s, up_to, chances, holding, penalty, fixed)
    if published is not None:
        assert exact == pytest.approx(published, rel=1e-3)
    network = shop(
        float(quantiles.mean()),
        ss.MinMax(s, up_to),
        1.0,
        order_cost=fixed,
        size=ss.Empirical(quantiles.tolist()),
        unmet="backlog",
        holding_cost=holding,
        penalty=penalty,
    )
    agrees(runs(network, lambda trace: spent(trace) / days, days=days, times=30), exact)


@pytest.mark.parametrize(
    ("s", "up_to", "mean", "holding", "penalty", "fixed", "published", "days"), S_S[:4]
)
def test_s_s_by_records(
    s: int,
    up_to: int,
    mean: float,
    holding: float,
    penalty: float,
    fixed: float,
    published: float | None,
    days: int,
) -> None:
    """Poisson arrivals during the day, reviewed at its start, received at once, paid for at its end."""
    chances = stats.poisson.pmf(np.arange(120), mean)
    exact = s_s_cost(s, up_to, chances, holding, penalty, fixed)
    if published is not None:
        assert exact == pytest.approx(published, abs=5e-7 if published < 10 else 5e-4)
        around = [s_s_cost(s + i, up_to + j, chances, holding, penalty, fixed) for i, j in NEXT]
        assert exact < min(around)
    network = shop(
        mean,
        ss.MinMax(s, up_to, review=1.0),
        0.0,
        order_cost=fixed,
        arrivals="poisson",
        unmet="backlog",
    )

    def cost(trace: Trace) -> float:
        kept = holding * trace.daily["slot", "on_hand"].mean()
        owed = penalty * trace.daily["demand", "backlog"].mean()
        return float(kept + owed + trace.money["lane", "ordering"].sum() / days)

    agrees(runs(network, cost, days=days, times=30), exact)


# --- a serial system (Clark and Scarf) -----------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Serial:
    """Three stages, downstream first: echelon holding costs, lead times, echelon levels; normal demand."""

    holding: tuple[float, float, float]
    leads: tuple[int, int, int]
    levels: tuple[float, float, float]
    penalty: float
    mean: float = 5.0
    sd: float = 1.0


STEP = 0.01
GRID = np.arange(-200.0, 60.0 + STEP / 2.0, STEP)


def serial_cost(system: Serial) -> float:
    """Expected cost a period: each stage's echelon stock costs its echelon rate, shortages p + all rates.

    With D the demand over a stage's lead time: C1(y) = E[h1 (y - D) + (p + h1 + h2 + h3) (D - y)+], and
    stage j adds C_j(y) = E[h_j (y - D) + C_(j-1)(min(S_(j-1), y - D))]. On a grid of 0.01.
    """
    levels = GRID
    charge = system.penalty + sum(system.holding)
    below = charge * np.maximum(-levels, 0.0)
    for j in range(3):
        mean = system.leads[j] * system.mean
        sd = math.sqrt(system.leads[j]) * system.sd
        sizes = np.arange(math.floor((mean - 8.0 * sd) / STEP), math.ceil((mean + 8.0 * sd) / STEP))
        weights = stats.norm.pdf(sizes * STEP, mean, sd) * STEP
        cost = system.holding[j] * levels + below
        value = np.convolve(cost, weights, mode="valid")
        # value[i] belongs to the level whose largest demand leads to levels[i]
        levels = levels[: len(value)] + sizes[-1] * STEP
        if j < 2:
            after = GRID[np.searchsorted(GRID, levels[0]) :]
            below = np.interp(np.minimum(after, system.levels[j]), levels, value)
            levels = after
    return float(np.interp(system.levels[2], levels, value))


TEXTBOOK = Serial((3.0, 2.0, 2.0), (1, 1, 2), (6.4909, 12.0176, 22.7055), 37.12)


def test_serial_formula() -> None:
    first = 5.0 + stats.norm.ppf(41.12 / 44.12)
    assert first == pytest.approx(6.490881, abs=5e-7)
    assert serial_cost(TEXTBOOK) == pytest.approx(47.660, abs=1e-2)
    for j in range(3):
        for off in (-0.3, 0.3):
            levels = list(TEXTBOOK.levels)
            levels[j] += off
            other = dataclasses.replace(TEXTBOOK, levels=tuple(levels))
            assert serial_cost(other) > serial_cost(TEXTBOOK)


@pytest.mark.parametrize(
    "system",
    [
        TEXTBOOK,
        dataclasses.replace(TEXTBOOK, levels=(8.0, 15.0, 24.0)),
        Serial((1.0, 0.5, 0.25), (2, 1, 1), (22.0, 32.0, 43.0), 9.0, mean=9.0, sd=2.5),
        Serial((0.5, 2.0, 0.5), (1, 3, 2), (10.0, 33.0, 49.0), 15.0, mean=7.0, sd=1.5),
    ],
)
def test_serial_system(system: Serial) -> None:
    """Local base stocks are differences of echelon levels; goods under way cost their source's local rate."""
    local = np.diff([0.0, *system.levels])
    rates = np.cumsum(system.holding[::-1])[
        ::-1
    ]  # local rate of a stage: its echelon and all above
    sizes = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    sizes = system.mean + system.sd * sizes / sizes.std()
    names = ["use", "middle", "upper"]
    network = ss.Network(
        name="serial",
        commodities=[ss.Commodity("ore")],
        sites=[ss.Site("mine", country="CN", makes="ore", capacity=1e5, lot=1000.0, cover=2000.0)],
        stores=[
            ss.Store(
                name,
                country="CN",
                commodity="ore",
                policy=ss.BaseStock(float(local[j])),
                reaction=1e6,
                holding_cost=float(rates[j]),
            )
            for j, name in ((1, "middle"), (2, "upper"))
        ],
        demands=[
            ss.Demand(
                "use",
                country="CN",
                commodity="ore",
                rate=float(sizes.mean()),
                size=ss.Empirical(sizes.tolist()),
                unmet="backlog",
                policy=ss.BaseStock(float(local[0])),
                reaction=1e6,
                holding_cost=float(rates[0]),
                penalty=system.penalty,
            )
        ],
        lanes=[
            ss.Lane(
                source,
                names[j],
                lead_time=system.leads[j],
                holding_cost=float(rates[j + 1]) if j < 2 else 0.0,
            )
            for j, source in enumerate(["middle", "upper", "mine"])
        ],
    )
    days = 400
    agrees(
        runs(network, lambda trace: spent(trace) / days, days=days, times=25), serial_cost(system)
    )
