"""A ready example, small enough to be understood at a glance."""

from __future__ import annotations

import datetime as dt

from supplysim.ensemble import Ensemble, ensemble
from supplysim.measures import ExportBan
from supplysim.model import Commodity, Network
from supplysim.scenario import Scenario
from supplysim.testing.networks import tiny

__all__ = ["example"]


def example() -> tuple[Network, Scenario, Ensemble, Ensemble]:
    """`tiny` with a price, a ban of forty days, and two runs each without it and with it: to try a function on.

    >>> network, stop, base, runs = example()
    >>> [measure.key for measure in stop.measures], base.replications
    (['ban'], 2)
    """
    network = tiny().replace(commodities=[Commodity("ore", unit="t", price=1e6)])
    ban = ExportBan(
        key="ban",
        origin=["CN"],
        commodities=["ore"],
        begins=dt.date(2023, 1, 21),
        ends=dt.date(2023, 3, 2),
    )
    start = dt.date(2023, 1, 1)
    calm, stop = (
        Scenario(name=name, start=start, horizon=120, replications=2, measures=measures)
        for name, measures in (("calm", ()), ("stop", (ban,)))
    )
    base, runs = (ensemble(network, case, executor=1, progress=False) for case in (calm, stop))
    return network, stop, base, runs
