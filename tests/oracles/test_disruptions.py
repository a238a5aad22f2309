"""Inventory under supply that fails at random: EOQ with disruptions, a Markov supplier, an alternating renewal.

Sources: L. V. Snyder and Z.-J. M. Shen, Fundamentals of Supply Chain Theory (2nd ed. 2019), ch. 9: EOQ with
disruptions (E. Berk and A. Arreola-Risa 1994, Naval Research Logistics 41, 129-132) and base stock under a Markov
supplier (example 9.3); the alternating renewal supplier is derived below.

The outage stops shipments: what is ordered waits in the book, and leaves at the instant the supplier is back.

*Periods.* In example 9.3 a period is order, receipt if the supplier is up, demand, cost of what is left; a
lane of one day is that model (see test_inventory): a day's order leaves if the lane is open at that instant,
and comes before the next day's demand. An exponential duration rounded up to whole days (``step=1``) is
geometric: P(longer than m) = exp(-m / mean), so mean = -1 / ln(1 - alpha) makes a chance alpha a day.

*Withdrawals.* Theory has continuous demand. With withdrawals of w every p the EOQ case has an exact cost of its
own, derived in `discrete_cost`, which tends to the textbook's as p shrinks; the simulation is held to it with
few withdrawals a cycle, so that enough cycles fit. For the alternating renewal supplier the textbook
formula is exact for every p that divides the stock, since outages start at a uniform phase of the period:
the chance that more than j withdrawals fall into a down time X is E[exp(-mu (U + j p))], U uniform on (0, p),
and these sum to exp(-mu n) / (mu p) beyond the first n / p.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from inventory_shop import Floats, agrees, shop
from scipy import integrate, optimize

import supplysim as ss
from supplysim import draws, rules
from supplysim.balance import check_balance
from supplysim.engines.trace import Trace
from supplysim.plan import Plan, make_plan
from supplysim.running import run_plan


def strikes(up: float, down: float, step: float | None = None) -> ss.Scenario:
    """Shipments stop at random; the first up time starts well before day 0, so day 0 is any day."""
    outage = ss.Outage(
        sites=["mine"],
        stops="shipments",
        up=ss.Exponential(up),
        down=ss.Exponential(down),
        step=step,
        begins=-WARMUP,
    )
    return ss.Scenario(measures=[outage])


WARMUP = 70


def runs(plan: Plan, measure: Callable[[Trace], float], times: int) -> Floats:
    """What ``measure`` makes of so many independent replications."""
    values = []
    for i in range(times):
        trace = run_plan(dataclasses.replace(plan, replication=i), "simpy")
        if i == 0:
            check_balance(plan, trace)
        values.append(measure(trace))
    return np.array(values)


# --- EOQ with disruptions ------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Eoq:
    """Rates are per year: ``fail`` ends an up time, ``repair`` a down time."""

    fixed: float
    holding: float
    penalty: float
    demand: float
    fail: float
    repair: float

    def cost(self, quantity: float) -> float:
        """Cost a year with continuous demand (Berk and Arreola-Risa)."""
        rate, time = self.fail + self.repair, quantity / self.demand
        down = self.fail / rate * (1.0 - math.exp(-rate * time))
        cost = self.fixed + self.holding * quantity * time / 2.0
        cost += self.penalty * self.demand * down / self.repair
        return cost / (time + down / self.repair)

    def discrete_cost(self, quantity: float, steps: int) -> float:
        """The same with a withdrawal of w = Q / steps every p = w / d.

        A cycle starts with Q on hand, either at a withdrawal (order and receipt at once) or when the supplier
        is back, X after the last withdrawal; X is exponential, so X mod p does not depend on floor(X / p), the
        number of withdrawals lost. The next withdrawal comes U later: p, or p - (X mod p). The supplier is up at
        the start; steps - 1 periods after U it may be down.
        """
        p, rate = quantity / steps / self.demand, self.fail + self.repair

        def over_phase(value: Callable[[float], float]) -> float:
            """E[value(p - X mod p)]."""
            total, _ = integrate.quad(
                lambda x: value(p - x) * self.repair * math.exp(-self.repair * x), 0.0, p
            )
            return float(total / -math.expm1(-self.repair * p))

        def down(wait: float) -> float:
            return self.fail / rate * -math.expm1(-rate * (wait + (steps - 1) * p))

        downs = (down(p), over_phase(down))
        waits = (p, over_phase(lambda u: u))
        late = downs[0] / (1.0 + downs[0] - downs[1])  # share of cycles that start at a recovery
        lost = quantity / steps / math.expm1(self.repair * p)
        cost = time = 0.0
        for share, chance, wait in zip((1.0 - late, late), downs, waits, strict=True):
            held = quantity * wait + quantity * p * (steps - 1) / 2.0
            cost += share * (self.fixed + self.holding * held + self.penalty * chance * lost)
            time += share * (wait + (steps - 1) * p + chance / self.repair)
        return cost / time


TEXTBOOK = Eoq(8.0, 0.225, 5.0, 1300.0, 1.5, 14.0)


def test_eoq_with_disruptions_formula() -> None:
    best = optimize.minimize_scalar(
        TEXTBOOK.cost, bounds=(300.0, 2000.0), method="bounded", options={"xatol": 1e-7}
    )
    assert best.x == pytest.approx(772.8111, abs=5e-4)
    assert best.fun == pytest.approx(173.950003, abs=5e-7)
    gaps = [TEXTBOOK.discrete_cost(best.x, n) - best.fun for n in (100, 1000, 10_000)]
    assert abs(gaps[2]) < 2e-4 * best.fun
    for coarse, fine in itertools.pairwise(gaps):
        assert fine == pytest.approx(coarse / 10.0, rel=0.05)  # the gap shrinks with p


@pytest.mark.parametrize(
    ("case", "quantity", "steps", "cycles"),
    [
        (TEXTBOOK, 772.8111, 3, 1500),
        (Eoq(20.0, 0.5, 1.2, 900.0, 6.0, 4.0), 300.0, 2, 1000),
        (Eoq(20.0, 0.5, 1.2, 900.0, 6.0, 4.0), 150.0, 4, 1100),
        (Eoq(5.0, 2.0, 0.5, 100.0, 1.0, 1.0), 40.0, 5, 150),
        pytest.param(TEXTBOOK, 772.8111, 24, 4500, marks=pytest.mark.slow),
    ],
)
def test_eoq_with_disruptions(case: Eoq, quantity: float, steps: int, cycles: int) -> None:
    """In units of one withdrawal; a day holds eight."""
    step = quantity / steps
    year = case.demand / step / 8.0  # days
    network = shop(
        8.0,
        ss.ReorderPoint(0.0, float(steps)),
        0.0,
        order_cost=case.fixed,
        period=0.125,
        holding_cost=case.holding * step / year,
        penalty=case.penalty * step,
    )
    days = math.ceil(cycles * steps / 8.0)
    plan = make_plan(
        network,
        strikes(year / case.fail, year / case.repair),
        horizon=days,
        seed=3,
        replication=0,
        warmup=WARMUP,
    )

    def cost(trace: Trace) -> float:
        accounts = [("lane", "ordering"), ("slot", "holding"), ("demand", "penalty")]
        return float(sum(trace.money[account].sum() for account in accounts)) * year / days

    agrees(runs(plan, cost, 25), case.discrete_cost(quantity, steps))


# --- base stock under a Markov supplier ----------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Markov:
    """A supplier that fails with chance ``fail`` a period and recovers with chance ``repair``."""

    holding: float
    penalty: float
    demand: float
    fail: float
    repair: float

    def cost(self, level: float) -> float:
        """Sum over n, how many periods the supplier has been down: pi_n (h (S - (n+1) d)+ + p (...)+)."""
        total = 0.0
        chance = self.repair / (self.fail + self.repair)
        for n in range(5000):
            left = level - (n + 1) * self.demand
            total += chance * (self.holding * max(left, 0.0) + self.penalty * max(-left, 0.0))
            chance *= 1.0 - self.repair
            if n == 0:
                chance = self.fail * self.repair / (self.fail + self.repair)
        return total

    def plan(self, level: float, days: int) -> Plan:
        network = shop(
            self.demand,
            ss.BaseStock(level),
            1.0,
            unmet="backlog",
            holding_cost=self.holding,
            penalty=self.penalty,
        )
        up, down = (-1.0 / math.log1p(-chance) for chance in (self.fail, self.repair))
        scenario = strikes(up, down, step=1.0)
        return make_plan(network, scenario, horizon=days, seed=5, replication=0, warmup=WARMUP)


EXAMPLE = Markov(0.25, 3.0, 2000.0, 0.04, 0.25)


def test_markov_supplier_formula() -> None:
    assert EXAMPLE.cost(8000.0) == pytest.approx(79375.0 / 29.0)
    assert EXAMPLE.cost(2000.0) == pytest.approx(96000.0 / 29.0)
    levels = [2000.0 * n for n in range(1, 12)]
    assert min(levels, key=EXAMPLE.cost) == 8000.0


def down_before(trace: Trace) -> npt.NDArray[np.int64]:
    """For how many days in a row nothing has left, up to the day before (what arrives today left then)."""
    open_ = trace.daily["lane", "shipped"][:, 0] > 0.0
    last = np.maximum.accumulate(np.where(open_, np.arange(len(open_)), -1))
    return np.concatenate([[0], (np.arange(len(open_)) - last)[:-1]])


@pytest.mark.parametrize(
    ("case", "level"),
    [
        (EXAMPLE, 8000.0),
        (EXAMPLE, 2000.0),
        (Markov(1.0, 4.0, 10.0, 0.2, 0.4), 25.0),
        (Markov(2.0, 3.0, 7.0, 0.5, 0.7), 10.0),
    ],
)
def test_markov_supplier_day_by_day(case: Markov, level: float) -> None:
    """Whatever the outages: after n days down the level is S - (n + 1) d, exactly; money is the sum of that."""
    days = 4000
    trace = run_plan(case.plan(level, days), "simpy")
    since = int(np.argmax(trace.daily["lane", "shipped"][:, 0] > 0.0)) + 1
    net = trace.daily["slot", "on_hand"][:, 0] - trace.daily["demand", "backlog"][:, 0]
    n = down_before(trace)
    assert net[since:] == pytest.approx((level - (n + 1) * case.demand)[since:])
    cost = case.holding * np.maximum(net, 0.0) + case.penalty * np.maximum(-net, 0.0)
    money = trace.money["slot", "holding"].sum() + trace.money["demand", "penalty"].sum()
    assert money == pytest.approx(cost.sum())
    # the outages form the Markov chain: chances to fail and to recover, within 3.5 standard errors
    down = n[since:] > 0
    for state, chance in ((False, case.fail), (True, case.repair)):
        before = down[:-1] == state
        changed = float((down[1:] != state)[before].mean())
        error = math.sqrt(chance * (1.0 - chance) / before.sum())
        assert abs(changed - chance) <= 3.5 * error


@pytest.mark.parametrize(
    ("case", "level", "days", "times"),
    [
        (Markov(1.0, 4.0, 10.0, 0.2, 0.4), 50.0, 1900, 30),
        (Markov(2.0, 3.0, 7.0, 0.5, 0.7), 10.0, 2000, 30),
        pytest.param(EXAMPLE, 8000.0, 36000, 52, marks=pytest.mark.slow),
        pytest.param(EXAMPLE, 2000.0, 36000, 78, marks=pytest.mark.slow),
    ],
)
def test_markov_supplier(case: Markov, level: float, days: int, times: int) -> None:
    plan = case.plan(level, days)

    def cost(trace: Trace) -> float:
        money = trace.money["slot", "holding"].sum() + trace.money["demand", "penalty"].sum()
        return float(money) / days

    agrees(runs(plan, cost, times), case.cost(level))


# --- alternating renewal supplier ----------------------------------------------------------------


def lost_share(cover: float, fail: float, repair: float) -> float:
    """What is lost of all demand: the part of a down time beyond the stock, over a cycle."""
    return math.exp(-repair * cover) / repair / (1.0 / fail + 1.0 / repair)


def test_alternating_renewal_formula() -> None:
    assert lost_share(0.25, 0.2, 2.0) == pytest.approx(0.0551392, abs=5e-8)


def renewal(cover: float, fail: float, repair: float, steps: int, periods: float) -> Plan:
    """A stock of ``cover`` in ``steps`` withdrawals, eight withdrawals a day."""
    scale = steps / (8.0 * cover)  # days for one unit of time
    return make_plan(
        shop(8.0, ss.BaseStock(float(steps)), 0.0, period=0.125),
        strikes(scale / fail, scale / repair),
        horizon=math.ceil(periods * scale),
        seed=12,
        replication=0,
        warmup=WARMUP,
    )


RENEWALS = [(0.25, 0.2, 2.0, 1), (0.25, 0.2, 2.0, 5), (1.0, 2.0, 1.0, 1), (2.0, 1.0, 0.5, 3)]


@pytest.mark.parametrize(("cover", "fail", "repair", "steps"), RENEWALS)
def test_alternating_renewal_withdrawal_by_withdrawal(
    cover: float, fail: float, repair: float, steps: int
) -> None:
    """In every down time, drawn again here, the first n / p withdrawals are served, all others lost, and no more."""
    plan = renewal(cover, fail, repair, steps, 3000.0)
    scale = steps / (8.0 * cover)
    key = draws.entity("measure", plan.timeline.renewals[0].key)
    streams = [
        draws.stream(plan.seed, plan.replication, key, purpose)
        for purpose in (draws.Purpose.UP_TIME, draws.Purpose.DOWN_TIME)
    ]
    time, strike = -float(WARMUP), 0
    lost: list[int] = []
    while time < plan.horizon:
        up, down = (
            rules.on_grid(ss.Exponential(scale / rate).quantile(draws.uniform(stream, strike)))
            for rate, stream in zip((fail, repair), streams, strict=True)
        )
        shut, back = time + up, time + up + down
        # a shut comes before the withdrawal of its instant, and an opening does too, but refills after it
        inside = range(math.ceil(shut * 8.0), math.ceil(back * 8.0))
        lost += [k for k in inside[steps:] if 0 <= k < 8 * plan.horizon]
        time, strike = back, strike + 1
    trace = run_plan(plan, "simpy", events=True)
    assert trace.events is not None
    assert [t for t, what, _, _ in trace.events if what == "lost"] == [k / 8.0 for k in lost]
    assert trace.daily["demand", "unmet"].sum() == len(lost)


@pytest.mark.parametrize(
    ("cover", "fail", "repair", "steps", "periods", "times"),
    [
        (0.5, 4.0, 0.5, 1, 1500, 30),
        (1.0, 2.0, 0.5, 2, 1900, 30),
        pytest.param(0.25, 0.2, 2.0, 1, 18000, 48, marks=pytest.mark.slow),
    ],
)
def test_alternating_renewal(
    cover: float, fail: float, repair: float, steps: int, periods: int, times: int
) -> None:
    def lost(trace: Trace) -> float:
        return float(trace.daily["demand", "unmet"].sum() / trace.daily["demand", "wanted"].sum())

    plan = renewal(cover, fail, repair, steps, periods)
    agrees(runs(plan, lost, times), lost_share(cover, fail, repair))
