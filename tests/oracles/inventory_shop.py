"""What the oracle tests of inventories share: one shop, and when an estimate agrees with theory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

import supplysim as ss

Floats = npt.NDArray[np.float64]


def shop(
    rate: float, policy: Any, lead: Any, *, order_cost: float = 0.0, **demand: Any
) -> ss.Network:
    """A mine that is never short, one lane, one demand under the policy to be checked."""
    return ss.Network(
        name="shop",
        commodities=[ss.Commodity("ore")],
        sites=[
            ss.Site(
                "mine",
                country="CN",
                makes="ore",
                capacity=1e5 * rate,
                lot=500.0 * rate,
                cover=5000.0,
            )
        ],
        demands=[
            ss.Demand(
                "use",
                country="DE",
                commodity="ore",
                rate=rate,
                policy=policy,
                reaction=1e6,
                **demand,
            )
        ],
        lanes=[ss.Lane("mine", "use", lead_time=lead, order_cost=order_cost)],
    )


def agrees(values: Floats, exact: float) -> None:
    """Within three standard errors, and these are small enough that an error of 2 % would show."""
    mean, error = float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
    print(f"  {mean:.6f} against {exact:.6f}, standard error {error:.6f} ({error / exact:.2%})")
    assert 3.0 * error <= 0.02 * exact
    assert abs(mean - exact) <= 3.0 * error
