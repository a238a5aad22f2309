"""The arithmetic of the model: small pure functions of scalars and short lists.

Both engines call these same functions, so a rule exists once. Only ``+ - * /``, comparisons, ``min``,
``max``, ``abs``, ``floor`` and ``math.sqrt, exp, log, log1p, expm1`` are used, and sums are explicit loops, so
that a compiled copy gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence, Sequence

__all__ = [
    "INCUMBENT_DAYS",
    "LONGEST_WAIT",
    "NEVER",
    "PRE_LICENSED_DAYS",
    "SMOOTHING",
    "TICK",
    "answer",
    "armington",
    "batches",
    "ceil_to",
    "cohort_outflow",
    "covers",
    "empirical",
    "exponential",
    "in_periods",
    "lognormal",
    "lot_fraction",
    "min_max",
    "normal",
    "on_grid",
    "on_grid_below",
    "order_up_to",
    "ration",
    "ration_into",
    "scarcity_price",
    "total",
    "triangular",
    "uniform_between",
    "water_fill",
    "water_fill_into",
    "whole",
    "working_time_after",
    "works",
]

TICK = 1.0 / 1048576.0
"""Days. All times are whole multiples of it (2**-20 day, 0.08 s), so that sums of times are exact."""

NEVER = 2147483648.0
"""Days. No time lies beyond it, so that every time is exact and fits in 52 bits."""

SLACK = 1e-9
"""Relative slack of every comparison of a stock with a need."""

SMOOTHING = 0.25
"""Weight of the newest look in what a lane has brought lately."""

INCUMBENT_DAYS = 30.0
"""How many days of baseline volume an incumbent may save up before new business comes first."""

PRE_LICENSED_DAYS = 30.0
"""How many days of pre-licensed flow may be saved up for one larger dispatch."""

LONGEST_WAIT = 40_000.0
"""Days after which a count of working days ends: longer than any run."""


# --- time --------------------------------------------------------------------------------------


def whole(value: float) -> float:
    """The largest whole number not above ``value``, as a float (from 2**52 on every float is whole).

    >>> whole(2.7), whole(-0.5)
    (2.0, -1.0)
    """
    if abs(value) >= 4503599627370496.0:
        return value
    return float(math.floor(value))


def on_grid(days: float) -> float:
    """The nearest multiple of `TICK`; what is beyond `NEVER` is `NEVER`.

    >>> on_grid(0.1) * 1048576
    104858.0
    >>> on_grid(math.inf) == NEVER
    True
    """
    if days >= NEVER:
        return NEVER
    return whole(days * 1048576.0 + 0.5) * TICK


def on_grid_below(days: float) -> float:
    """The largest multiple of `TICK` not above ``days``, but at least one tick.

    Lot times are rounded down: a line that must run all the time is then never too slow.

    >>> on_grid_below(1.0), on_grid_below(0.0) == TICK
    (1.0, True)
    """
    return max(TICK, whole(days * 1048576.0) * TICK)


def ceil_to(value: float, step: float) -> float:
    """``value`` rounded up to a whole multiple of ``step``, forgiving a relative 1e-9.

    >>> ceil_to(10.0, 7.0), ceil_to(14.0, 7.0)
    (14.0, 14.0)
    """
    ratio = value / step
    steps = whole(ratio)
    if ratio - steps > SLACK * max(1.0, ratio):
        steps = steps + 1.0
    return steps * step


def in_periods(days: float, period: float) -> float:
    """``days`` in whole periods, as many as withdrawals may fall into; as they are where ``period`` is 0.

    >>> in_periods(10.0, 7.0), in_periods(10.0, 0.0)
    (14.0, 10.0)
    """
    return ceil_to(days, period) if period > 0.0 else days


def working_time_after(
    time: float, days: float, week: Sequence[int], holidays: Sequence[Sequence[int]]
) -> float:
    """The moment at which ``days`` working days have passed since ``time``.

    ``week`` holds 1 where weekends are free (else 0) and the weekday of day 0 (Monday 0); ``holidays`` are
    [first, last] days.

    >>> working_time_after(0.0, 1.0, (1, 4), ())  # from Friday morning
    1.0
    >>> working_time_after(0.0, 1.5, (1, 4), ())
    3.5
    """
    left = days
    now = time
    while now - time < LONGEST_WAIT:
        day = whole(now)
        if works(day, week, holidays):
            room = day + 1.0 - now
            if left <= room:
                return now + left
            left -= room
        now = day + 1.0
    return now


def works(day: float, week: Sequence[int], holidays: Sequence[Sequence[int]]) -> bool:
    """Whether an office with this week and these holidays is open on a day.

    >>> works(1.0, (1, 4), ()), works(0.0, (1, 4), ((0, 3),))  # day 0 is a Friday
    (False, False)
    """
    if week[0] == 1 and (int(day) + week[1]) % 7 >= 5:
        return False
    for i in range(len(holidays)):
        if holidays[i][0] <= day <= holidays[i][1]:
            return False
    return True


# --- stocks and orders ---------------------------------------------------------------------------


def covers(have: float, need: float) -> bool:
    """Whether a stock is enough for a need: the only such comparison in the model.

    >>> covers(1.0 - 1e-12, 1.0), covers(0.9, 1.0)
    (True, False)
    """
    return have >= need - SLACK * need


def total(values: Sequence[float]) -> float:
    """Sum in the order given, from 0.0.

    >>> total([0.5, 0.25, 0.25])
    1.0
    """
    result = 0.0
    for value in values:
        result += value
    return result


def order_up_to(position: float, level: float) -> float:
    """What raises the inventory position to ``level`` (base stock; Snyder & Shen, ch. 4).

    >>> order_up_to(3.0, 8.0), order_up_to(9.0, 8.0)
    (5.0, 0.0)
    """
    return max(0.0, level - position)


def batches(position: float, point: float, quantity: float) -> float:
    """Whole batches that raise a position at or below ``point`` to just above it: (r, Q).

    What withdrawals leave of rounding, up to 1e-9 of a batch, is nothing.

    >>> batches(3.0, 3.0, 5.0), batches(4.0, 3.0, 5.0), batches(-3.0, 3.0, 5.0)
    (5.0, 0.0, 10.0)
    >>> batches(3.0 + 1e-12, 3.0, 5.0)
    5.0
    """
    below = (point - position) / quantity
    if below < -SLACK:
        return 0.0
    return (whole(below + SLACK) + 1.0) * quantity


def min_max(position: float, low: float, high: float) -> float:
    """What raises a position at or below ``low`` to ``high``: (s, S), forgiving 1e-9 of the difference.

    >>> min_max(2.0, 2.0, 10.0), min_max(2.5, 2.0, 10.0)
    (8.0, 0.0)
    """
    if position > low + SLACK * (high - low):
        return 0.0
    return order_up_to(position, high)


def lot_fraction(needs: float, criticality: float, missing: float) -> float:
    """Share of a lot that can be made when a share ``missing`` of one input is not there.

    ``needs`` is the share of output that uses the input, ``criticality`` the share of that output
    which is lost without it.

    >>> lot_fraction(1.0, 0.5, 0.5)
    0.75
    """
    return max(0.0, 1.0 - needs * criticality * missing)


# --- sharing -------------------------------------------------------------------------------------


def ration(available: float, claims: Sequence[float]) -> list[float]:
    """Share a stock over claims in proportion to them; the last claimant gets the remainder.

    Composes: rationing ``a + b`` gives what rationing ``a`` and then ``b`` on the rest gives.

    >>> ration(6.0, [2.0, 4.0, 6.0])
    [1.0, 2.0, 3.0]
    """
    given = [0.0] * len(claims)
    ration_into(given, available, claims)
    return given


def ration_into(given: MutableSequence[float], available: float, claims: Sequence[float]) -> None:
    """`ration`, written into ``given``.

    >>> given = [0.0, 0.0]
    >>> ration_into(given, 3.0, [2.0, 4.0])
    >>> given
    [1.0, 2.0]
    """
    wanted = total(claims)
    left = available
    enough = covers(available, wanted)
    last = _last_positive(claims)
    for i in range(len(claims)):
        claim = claims[i]
        if claim <= 0.0:
            part = 0.0
        elif enough or i == last:
            part = min(claim, left)
        else:
            part = min(claim * (available / wanted), left)
        left = left - part
        given[i] = part


def _last_positive(values: Sequence[float]) -> int:
    last = -1
    for i in range(len(values)):
        if values[i] > 0.0:
            last = i
    return last


def water_fill(amount: float, weights: Sequence[float], caps: Sequence[float]) -> list[float]:
    """Spread ``amount`` over lanes by weight, none above its cap; what none may take is left out.

    A lane that reaches its cap is set to it, and the rest is spread again over the others. Where
    no lane that has room left has a weight, those lanes weigh the same.

    >>> water_fill(10.0, [0.5, 0.5], [2.0, 100.0])
    [2.0, 8.0]
    >>> water_fill(10.0, [0.5, 0.5], [2.0, 3.0])
    [2.0, 3.0]
    """
    given = [0.0] * len(weights)
    water_fill_into(given, amount, weights, caps)
    return given


def water_fill_into(
    given: MutableSequence[float], amount: float, weights: Sequence[float], caps: Sequence[float]
) -> None:
    """`water_fill`, written into ``given``. A lane has room while it was given less than its cap.

    >>> given = [0.0, 0.0]
    >>> water_fill_into(given, 10.0, [0.5, 0.5], [2.0, 100.0])
    >>> given
    [2.0, 8.0]
    """
    count = len(weights)
    for i in range(count):
        given[i] = 0.0
    left = amount
    for _ in range(count):  # every round but the last closes a lane
        weight = 0.0
        lanes = 0
        for i in range(count):
            if given[i] < caps[i]:
                weight += weights[i]
                lanes += 1
        if lanes == 0 or left <= 0.0:
            break
        level = left
        full = False
        for i in range(count):
            if given[i] < caps[i]:
                part = level * (weights[i] / weight) if weight > 0.0 else level / lanes
                if part >= caps[i]:
                    left = left - caps[i]
                    given[i] = caps[i]
                    full = True
        if not full:
            _spread(given, level, weights, caps)
            break


def _spread(
    given: MutableSequence[float], level: float, weights: Sequence[float], caps: Sequence[float]
) -> None:
    """Give ``level`` to the lanes with room by weight; the last of them gets the remainder."""
    weight = 0.0
    lanes = 0
    last = -1
    for i in range(len(weights)):
        if given[i] < caps[i]:
            weight += weights[i]
            lanes += 1
    for i in range(len(weights)):
        if given[i] < caps[i] and (weight <= 0.0 or weights[i] > 0.0):
            last = i
    left = level
    for i in range(len(weights)):
        if given[i] < caps[i]:
            part = level * (weights[i] / weight) if weight > 0.0 else level / lanes
            if i == last:
                part = left
            given[i] = part
            left = left - part


# --- shares and prices -----------------------------------------------------------------------------


def armington(shares: Sequence[float], prices: Sequence[float], elasticity: float) -> list[float]:
    """Shares of supply when delivered prices move: proportional to share x price^-elasticity (Armington 1969).

    ``prices`` are in multiples of those that the shares belong to; 0 shares stay 0. The sum of shares is kept.

    >>> [round(x, 6) for x in armington([0.5, 0.5], [1.25, 1.0], 2.0)]
    [0.390244, 0.609756]
    """
    weights = [0.0] * len(shares)
    for i in range(len(shares)):
        if shares[i] > 0.0 and prices[i] > 0.0:
            weights[i] = shares[i] * math.exp(-elasticity * math.log(prices[i]))
    before, after = total(shares), total(weights)
    return [weight * (before / after) if after > 0.0 else 0.0 for weight in weights]


def scarcity_price(unmet: float, supply: float, demand: float, choke: float) -> float:
    """The price in multiples of the normal one when the share ``unmet`` of use is expected to go unmet.

    (1 - unmet)^(-1/(supply + demand)), with short-run elasticities as positive numbers, at most ``choke``. It
    clears the market: (1 - unmet) x price^supply = price^-demand.

    >>> round(scarcity_price(0.3, 0.1, 0.3, 100.0), 6)
    2.439242
    """
    if unmet <= 0.0 or supply + demand <= 0.0:
        return 1.0
    if unmet >= 1.0:
        return choke
    return min(choke, math.exp(-math.log(1.0 - unmet) / (supply + demand)))


def answer(price: float, elasticity: float) -> float:
    """The factor by which a quantity follows a price: price^elasticity.

    >>> round(answer(2.439242, -0.3), 4)
    0.7653
    """
    return 1.0 if price == 1.0 or elasticity == 0.0 else math.exp(elasticity * math.log(price))


def cohort_outflow(inflow: Sequence[float], lifetime: Sequence[float]) -> list[float]:
    """What leaves a stock in each period: goods of each cohort at the ages at which they die (stock-driven MFA).

    ``lifetime[a]`` is the share of a cohort that leaves ``a`` periods after it came; the rest stays for ever.

    >>> cohort_outflow([1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 1.0])
    [0.0, 0.0, 1.0, 2.0]
    """
    outflow = [0.0] * len(inflow)
    for t in range(len(inflow)):
        for age in range(min(t + 1, len(lifetime))):
            outflow[t] += inflow[t - age] * lifetime[age]
    return outflow


# --- variates by inverse transform ---------------------------------------------------------------


def uniform_between(u: float, low: float, high: float) -> float:
    """Quantile ``u`` of the uniform distribution.

    >>> uniform_between(0.25, 10.0, 20.0)
    12.5
    """
    return low + (high - low) * u


def triangular(u: float, low: float, mode: float, high: float) -> float:
    """Quantile ``u`` of the triangular distribution.

    >>> triangular(0.5, 0.0, 1.0, 2.0)
    1.0
    """
    width = high - low
    if width <= 0.0:
        return low
    if u * width <= mode - low:
        return low + math.sqrt(u * width * (mode - low))
    return high - math.sqrt((1.0 - u) * width * (high - mode))


def exponential(u: float, mean: float) -> float:
    """Quantile ``u`` of the exponential distribution.

    >>> round(exponential(0.5, 10.0), 4)
    6.9315
    """
    return -mean * math.log1p(-u)


def lognormal(u: float, mean: float, sd: float) -> float:
    """Quantile ``u`` of the lognormal distribution with this mean and standard deviation.

    >>> round(lognormal(0.5, 30.0, 10.0), 4)
    28.4605
    """
    if mean <= 0.0:
        return 0.0
    variance = math.log1p((sd / mean) * (sd / mean))
    return mean * math.exp(math.sqrt(variance) * normal(u) - 0.5 * variance)


def empirical(u: float, values: Sequence[float]) -> float:
    """Quantile ``u`` of a sorted sample, each value as likely as the next.

    >>> empirical(0.26, [1.0, 2.0, 5.0, 9.0])
    2.0
    """
    return values[min(len(values) - 1, int(u * len(values)))]


def normal(u: float) -> float:
    """Quantile ``u`` of the standard normal distribution: Wichura's algorithm AS 241 (PPND16).

    Source: M. J. Wichura (1988), Applied Statistics 37, 477-484; about 1 part in 10**16.

    >>> round(normal(0.975), 12)
    1.959963984540
    """
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _horner(r, _A) / _horner(r, _B)
    r = u if q < 0.0 else 1.0 - u
    r = math.sqrt(-math.log(r))
    if r <= 5.0:
        value = _horner(r - 1.6, _C) / _horner(r - 1.6, _D)
    else:
        value = _horner(r - 5.0, _E) / _horner(r - 5.0, _F)
    return -value if q < 0.0 else value


def _horner(x: float, coefficients: Sequence[float]) -> float:
    value = 0.0
    for c in coefficients:
        value = value * x + c
    return value


# Coefficients of AS 241, highest power first.
_A = (
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
)  # fmt: skip
_B = (
    5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0,
)  # fmt: skip
_C = (
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
    1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
    4.6303378461565452959, 1.42343711074968357734,
)  # fmt: skip
_D = (
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
    0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
    2.05319162663775882187, 1.0,
)  # fmt: skip
_E = (
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
    0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
    5.4637849111641143699, 6.6579046435011037772,
)  # fmt: skip
_F = (
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
    7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
    0.59983220655588793769, 1.0,
)  # fmt: skip
