"""Deterministic chains under a stop or a lasting delay: exact day of onset and exact loss.

Theory: conservation of goods along a chain with constant demand (derived; no source needed), and Little's
law for the lasting delay (J. D. C. Little 1961, Operations Research 9, 383-387). Let arrivals stop for T days and
let the stocks downstream be worth b days. Goods under way delay the onset by the transit time t, and
the refill costs the same t again, so the first short day is b + t and x * max(0, T - b) is lost, whatever t is.
Where goods under way are returned or seized the onset comes t days earlier and the refill still takes t:
first short day b, loss x * max(0, T + t - b).

A lane of lead time 0 brings an order after the demand of the same instant ("a textbook lead time of 0 is
demand-before-order"), so the target holds that day's use besides the b days; the loss is the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import supplysim as ss

START = 40


def chain(
    days: float,
    transit: float,
    rate: float = 3.0,
    reaction: float = 1e6,
    **demand: Any,
) -> ss.Network:
    """A mine that is never short, one lane, one steady use a day."""
    return ss.Network(
        name="chain",
        commodities=[ss.Commodity("ore")],
        sites=[
            ss.Site("mine", country="CN", makes="ore", capacity=50.0 * rate, lot=rate, cover=1000.0)
        ],
        demands=[
            ss.Demand(
                "use",
                country="DE",
                commodity="ore",
                rate=rate,
                policy=ss.DaysOfCover(days),
                reaction=reaction,
                **demand,
            )
        ],
        lanes=[ss.Lane("mine", "use", lead_time=transit)],
    )


def ban(length: float, in_transit: str = "arrives", begins: float = START) -> ss.Scenario:
    measure = ss.ExportBan(
        origin=["CN"],
        commodities=["ore"],
        begins=begins,
        ends=begins + length,
        in_transit=in_transit,  # type: ignore[arg-type]
    )
    return ss.Scenario(measures=[measure])


def short(run: ss.Result, demand: str = "use") -> tuple[float, int | None]:
    """What was not served when it was wanted, and the first day of it."""
    lost = (run.data.unmet + run.data.deferred).sel(demand=demand).values
    days = np.flatnonzero(lost > 0.0)
    return float(lost.sum()), int(days[0]) if len(days) else None


CASES = [
    *itertools.product([1, 2, 5, 12.5, 20], [1, 2, 7, 30], [1, 3, 13, 45]),
    *[(2.25, 3, 9), (0, 4, 6), (0, 1, 1), (9, 100, 9), (9, 100, 10), (60, 3, 61)],
]


@pytest.mark.parametrize("reaction", [1e6, 4.0])
@pytest.mark.parametrize(("days", "transit", "length"), CASES)
def test_a_stop_costs_what_the_buffer_does_not_cover(
    days: float, transit: int, length: int, reaction: float
) -> None:
    rate = 3.0
    horizon = int(START + length + 3 * transit + days + 40)
    network = chain(days, transit, rate, reaction)
    run = ss.simulate(network, ban(length), horizon=horizon)
    lost, first = short(run)
    assert lost == pytest.approx(rate * max(0.0, length - days), rel=1e-9, abs=1e-9)
    assert first == (START + transit + int(days) if length > days else None)
    # at the end everything is as it was: stock of b days, t days under way, no orders open
    assert float(run.data.on_hand[-1].sum()) == pytest.approx(rate * days)
    assert float(run.data.in_transit[-1].sum()) == pytest.approx(rate * transit)
    assert float(run.data.book[-1].sum()) == 0.0


@pytest.mark.parametrize("fate", ["seized", "returns"])
@pytest.mark.parametrize(("days", "transit", "length"), CASES)
def test_losing_what_is_under_way_costs_the_transit_time_too(
    days: float, transit: int, length: int, fate: str
) -> None:
    rate = 3.0
    horizon = int(START + length + 3 * transit + days + 40)
    run = ss.simulate(chain(days, transit, rate), ban(length, fate), horizon=horizon)
    lost, first = short(run)
    gap = length + transit
    assert lost == pytest.approx(rate * max(0.0, gap - days), rel=1e-9, abs=1e-9)
    assert first == (START + int(days) if gap > days else None)
    what = {"seized": "seized", "returns": "returned"}
    for name in what.values():
        expected = rate * transit if name == what[fate] else 0.0
        assert float(run.data[name].sum()) == pytest.approx(expected)
        assert float(run.data[name][START].sum()) == pytest.approx(expected)


@pytest.mark.parametrize("fate", ["arrives", "seized", "returns"])
@pytest.mark.parametrize(("days", "length"), [(1, 1), (4, 3), (4, 4), (4, 9), (2.5, 30)])
def test_a_lead_time_of_zero_is_demand_before_order(days: float, length: int, fate: str) -> None:
    run = ss.simulate(chain(days, 0), ban(length, fate), horizon=START + length + 60)
    lost, first = short(run)
    # the stock at the end of a day holds the next day's use: one day more to go, one more until the refill
    assert float(run.data.on_hand[START - 1].sum()) == pytest.approx(3.0 * (days + 1))
    assert lost == pytest.approx(3.0 * max(0.0, length - days), abs=1e-9)
    assert first == (START + 1 + int(days) if length > days else None)


@pytest.mark.parametrize(
    ("days", "transit", "length"), [(3, 2, 8), (5, 7, 30), (6, 3, 6), (0, 4, 9)]
)
def test_what_is_owed_is_deferred_and_recovered(days: float, transit: int, length: int) -> None:
    """With a backlog the same amount is late, and all of it is served when supply is back."""
    network = chain(days, transit, unmet="backlog")
    run = ss.simulate(network, ban(length), horizon=START + length + 3 * transit + 60)
    late, first = short(run)
    # first come, first served: the order that the refill meets was ordered in full, so it covers every backlog
    assert late == pytest.approx(3.0 * max(0.0, length - days), abs=1e-9)
    assert first == (START + transit + int(days) if length > days else None)
    assert float(run.data.recovered.sum()) == pytest.approx(late)
    assert float(run.data.backlog[-1].sum()) == 0.0
    assert float(run.data.served.sum()) == pytest.approx(float(run.data.wanted.sum()))


@pytest.mark.parametrize(("share", "days", "length"), [(0.4, 5, 30), (0.75, 2.5, 11), (1.0, 3, 8)])
def test_an_outage_of_a_site_without_stock_is_a_stop_too(
    share: float, days: float, length: int
) -> None:
    """A site at full capacity without cover loses ``severity`` of T days: severity * T - b."""
    network = ss.Network(
        name="outage",
        commodities=[ss.Commodity("ore")],
        sites=[ss.Site("mine", country="CN", makes="ore", capacity=8.0, lot=0.5, cover=0.0)],
        demands=[
            ss.Demand("use", country="DE", commodity="ore", rate=8.0, policy=ss.DaysOfCover(days))
        ],
        lanes=[ss.Lane("mine", "use", lead_time=3)],
    )
    fire = ss.Outage(sites=["mine"], severity=share, begins=START, ends=START + length)
    run = ss.simulate(network, ss.Scenario(measures=[fire]), horizon=START + length + 60)
    lost, _ = short(run)
    finished = float(run.data.stock[START - 1].sum() + run.data.in_process[START - 1].sum())
    finished -= 8.0  # just before the day's order it has to hold that order
    # what is missing, less the finished stock and the buffer; to within a lot in the line
    exact = 8.0 * (share * length - days) - finished
    assert lost == pytest.approx(max(0.0, exact), abs=2 * 0.5 + 8.0 * 1e-3)


# --- a longer chain ------------------------------------------------------------------------------


def long_chain(
    cover: tuple[float, float, float],
    transit: tuple[int, int],
    lot_days: int,
    cycle: float,
    per_unit: float = 0.5,
    rate: float = 4.0,
) -> ss.Network:
    """mine -> plant -> use; a lot of the plant is so many days of use and takes a quarter of that."""
    return ss.Network(
        name="long chain",
        commodities=[ss.Commodity("ore"), ss.Commodity("chip")],
        sites=[
            ss.Site("mine", country="CN", makes="ore", capacity=500.0, lot=1.0, cover=3000.0),
            ss.Site(
                "plant",
                country="DE",
                makes="chip",
                capacity=4.0 * rate,
                lot=lot_days * rate,
                cycle_time=cycle,
                cover=cover[1],
                inputs={"ore": ss.Input(per_unit, policy=ss.DaysOfCover(cover[0]), reaction=1e6)},
            ),
        ],
        demands=[
            ss.Demand(
                "use",
                country="DE",
                commodity="chip",
                rate=rate,
                policy=ss.DaysOfCover(cover[2]),
                reaction=1e6,
            )
        ],
        lanes=[
            ss.Lane("mine", "plant", lead_time=transit[0]),
            ss.Lane("plant", "use", lead_time=transit[1]),
        ],
    )


@pytest.mark.parametrize("length", [10, 25, 60, 150])
@pytest.mark.parametrize(
    ("cover", "transit", "lot_days", "cycle"),
    [
        ((5, 2, 3), (4, 2), 1, 0.0),
        ((10, 0, 1), (20, 1), 1, 6.0),
        ((0, 14, 10), (7, 3), 2, 2.5),
        ((30, 3, 0), (3, 9), 3, 10.0),
    ],
)
def test_a_stop_at_the_head_of_a_longer_chain(
    cover: tuple[float, float, float],
    transit: tuple[int, int],
    lot_days: int,
    cycle: float,
    length: int,
) -> None:
    """Loss = x * max(0, T - B), B = all that is downstream less what the flow itself needs.

    At the instant the last shipment has come in, let S be what is downstream, in units of the final
    product: input stock in whole lots, lots in process, finished, under way, and on hand. It serves S/x days. The
    next shipment comes T days later, and its first lot needs line + cycle + transit, in whole days since
    use is daily; so B = S/x - ceil(line + cycle + transit).
    """
    rate, per_unit = 4.0, 0.5
    network = long_chain(cover, transit, lot_days, cycle, per_unit, rate)
    lot = lot_days * rate
    line = lot / (4.0 * rate)
    horizon = START + length + 400
    run = ss.simulate(network, ban(length), horizon=horizon, events=True)
    cut = START + transit[0]  # no arrival of ore at or after it, until cut + length
    arrivals = run.events.query("kind == 'arrive' and entity == 'mine|plant|'").time.to_numpy()
    if not length > 30:  # an order in every gap, so the stop is felt from its first day on
        assert not ((arrivals >= cut) & (arrivals < cut + length)).any()
    d = run.data.isel(time=cut - 1)
    ore = float(d.on_hand.sel(slot="plant|ore"))
    lots = np.floor(ore / (per_unit * lot) + 1e-9)
    downstream = lots * lot + sum(
        float(x)
        for x in (
            d.in_process.sel(site="plant"),
            d.stock.sel(site="plant"),
            d.in_transit.sel(lane="plant|use|"),
            d.on_hand.sel(slot="use"),
        )
    )
    back = arrivals[arrivals >= cut].min()
    assert back == cut + length
    ready = length + np.ceil(line + cycle) + transit[1]
    left = ore - lots * per_unit * lot  # an unfinished lot's input waits for the next arrival
    assert left < per_unit * lot
    lost, first = short(run)
    exact = rate * max(0.0, ready - downstream / rate)
    assert lost == pytest.approx(exact, abs=1e-6)
    assert first == (cut + int(downstream / rate + 1e-9) if exact > 0 else None)


# --- a lasting delay -----------------------------------------------------------------------------


def slower(days: float, begins: float = START) -> Any:
    def process(env: Any, state: Any) -> Iterator[Any]:
        yield env.timeout(begins - env.now)
        state.change(ss.Target("lane", "mine|use|", "delay"), "longer way", ss.Add(days))

    return process


@pytest.mark.parametrize("reaction", [10.0, 45.0])
@pytest.mark.parametrize(
    ("days", "transit", "delay"), [(5, 3, 20), (10, 30, 12), (3, 1, 60), (20, 10, 20), (1, 8, 2)]
)
def test_a_lasting_delay_costs_once(days: float, transit: int, delay: int, reaction: float) -> None:
    """The gap of d days costs d - b once; until the target follows, each round trip costs it again, then nothing."""
    rate = 3.0
    network = chain(days, transit, rate, reaction)
    run = ss.simulate(network, horizon=1200, processes=[slower(delay)])
    unmet = run.data.unmet.sel(demand="use").values
    lost, first = short(run)
    if delay <= days:
        assert lost == 0.0
    else:
        assert first == START + transit + days
        # at least the first gap; at most d - b per round trip until the target has followed
        trip = transit + delay
        learnt = reaction + 2 * trip
        assert lost >= rate * (delay - days)
        assert lost <= rate * (delay - days) * np.ceil((learnt + trip) / trip)
        assert unmet[int(START + learnt + trip) :].sum() == 0.0
        # Little's law: flow x time = goods under way
        assert run.data.in_transit.values[-365:].mean() == pytest.approx(rate * trip)
        assert run.data.on_hand.values[-365:].min() == pytest.approx(rate * days)


@pytest.mark.parametrize(("days", "transit", "delay"), [(5, 3, 20), (10, 30, 12), (3, 1, 60)])
def test_a_target_fixed_at_the_old_lead_time_starves_for_ever(
    days: float, transit: int, delay: int
) -> None:
    """BaseStock(S) is taken literally: S units go round once per transit + delay, so S / (t + d) a day at most."""
    level = 3.0 * (days + transit)
    network = chain(days, transit)
    (use,) = network.demands
    import dataclasses

    network = network.replace(demands=[dataclasses.replace(use, policy=ss.BaseStock(level))])
    trip = transit + delay
    horizon = 40 * trip + START + trip
    run = ss.simulate(network, horizon=horizon, processes=[slower(delay)])
    served = run.data.served.values[START + trip :].sum() / (40 * trip)
    assert served == pytest.approx(level / trip, rel=1e-9)


@pytest.mark.parametrize("form", ["general", "single", "per dispatch"])
@pytest.mark.parametrize(("days", "transit", "delay"), [(30, 5, 25), (8, 3, 20), (6, 10, 45)])
def test_a_licence_that_always_comes_is_a_delay(
    days: float, transit: int, delay: int, form: str
) -> None:
    rate = 3.0
    licence = ss.ExportLicence(
        origin=["CN"],
        commodities=["ore"],
        begins=START,
        service=delay,
        working_week=False,
        form="general" if form == "general" else "single",
        per_dispatch=form == "per dispatch",
    )
    network = chain(days, transit, rate, reaction=30.0)
    run = ss.simulate(network, ss.Scenario(measures=[licence]), horizon=1500)
    lost, first = short(run)
    unmet = run.data.unmet.sel(demand="use").values
    if form == "general":  # one gap of d days, as if banned for d days
        assert lost == pytest.approx(rate * max(0.0, delay - days))
    if form != "single":
        assert (lost > 0.0) == (delay > days)
    if lost > 0.0:
        # the first licence covers the first day's order; all others wait for the second
        assert first == START + transit + days + (1 if delay <= days else 0)
        assert lost >= rate * (delay - days)
    # single licences bring goods in ever larger shipments until the target has followed
    trips = 12 if form == "single" else 4
    assert unmet[int(START + 30 + trips * (transit + delay)) :].sum() == 0.0
    if form == "per dispatch":
        # what queues is one day's order for d days
        assert run.data.book.values[-300:].mean() == pytest.approx(rate * delay)
