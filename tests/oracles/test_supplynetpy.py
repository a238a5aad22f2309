"""The case in SupplyNetPy's README, figure for figure, and others by a loop that follows its log.

Source: github.com/SupplyChainSimulation/SupplyNetPy, README and example with its printed log (MIT licence; nothing
copied). An infinite supplier, a distributor with (s, S) = (100, 150) that starts with 50, one customer a day
for 10 units from day 0 on, lead time 2, 20 days.

Their timing, from the log: at time 0 the distributor orders before the first customer comes (100 units, from
50 up to 150); later it looks after each customer, at the instant (at 4: down to 100, order 50); goods come
before the customer of their day; the run covers [0, 20), so customers come on days 0 to 19. How each
figure maps on ours:

==================================  ======================================================================
theirs                              ours
==================================  ======================================================================
distributor, initial level 50       a `Store` with ``initial=50`` (counted on day 0, in the change phase)
customers                           a `Demand` without stock of its own: ``BaseStock(0)``, lead time 0
order at 0 before the customer      the store ranks before the demand among what orders at one instant
inventory_carry_cost 410            holding of the store: .2 x the integral of its stock over [0, 20)
inventory_spend_cost 25000          goods on the supplier's lane: what has *arrived* (250) at 100
transportation_cost 25              ``order_cost`` of that lane: 5 an *order*, for all 5 orders
revenue 21000                       what the customers pay on arrival: price 100 + margin 5 (lane ``cost``)
node_cost 25435, profit -4435       carry + spend + transport; revenue less that
inventory_level 100                 stock of the store at the end of day 19
demand_placed (by site) [5, 300]    orders of the store: 5 (days 0, 4, 9, 14, 19), of 300 units in all
fulfillment_received [4, 250]       arrivals at the store: the order of day 19 is still under way
demand_received, _fulfilled 20, 200 wanted, served; in 20 customers
==================================  ======================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import supplysim as ss


@dataclass(frozen=True)
class Case:
    """A distributor as SupplyNetPy's example has it."""

    low: float = 100.0
    high: float = 150.0
    start: float = 50.0
    holding: float = 0.2
    buy: float = 100.0
    sell: float = 105.0
    transport: float = 5.0
    lead: int = 2
    demand: float = 10.0
    days: int = 20


@dataclass
class Figures:
    """What SupplyNetPy prints."""

    carry: float = 0.0
    spend: float = 0.0
    transport: float = 0.0
    revenue: float = 0.0
    level: float = 0.0
    orders: int = 0
    ordered: float = 0.0
    deliveries: int = 0
    received: float = 0.0
    customers: int = 0
    served: float = 0.0

    @property
    def profit(self) -> float:
        return self.revenue - self.carry - self.spend - self.transport


README = Figures(
    carry=410.0,
    spend=25000.0,
    transport=25.0,
    revenue=21000.0,
    level=100.0,
    orders=5,
    ordered=300.0,
    deliveries=4,
    received=250.0,
    customers=20,
    served=200.0,
)


def theirs(case: Case) -> Figures:
    """The log's timing as a loop (for runs without shortage)."""
    found = Figures(level=case.start)
    position = case.start
    due: dict[int, list[float]] = {}

    def look(day: int) -> None:
        nonlocal position
        if position <= case.low:
            amount = case.high - position
            due.setdefault(day + case.lead, []).append(amount)
            position = case.high
            found.orders += 1
            found.ordered += amount
            found.transport += case.transport

    look(0)
    for day in range(case.days):
        for amount in due.pop(day, []):
            found.level += amount
            found.deliveries += 1
            found.received += amount
            found.spend += case.buy * amount
        assert found.level >= case.demand
        found.level -= case.demand
        position -= case.demand
        found.customers += 1
        found.served += case.demand
        found.revenue += case.sell * case.demand
        look(day)
        found.carry += case.holding * found.level
    return found


def ours(case: Case) -> Figures:
    network = ss.Network(
        name="SupplyNetPy README",
        commodities=[ss.Commodity("product", price=case.buy)],
        sites=[
            ss.Site("S1", country="DE", makes="product", capacity=1e5, lot=1000.0, cover=1000.0)
        ],
        stores=[
            ss.Store(
                "D1",
                country="DE",
                commodity="product",
                policy=ss.MinMax(case.low, case.high),
                initial=case.start,
                holding_cost=case.holding,
                reaction=1e6,
            )
        ],
        demands=[
            ss.Demand(
                "d1",
                country="DE",
                commodity="product",
                rate=case.demand,
                unmet="backlog",
                policy=ss.BaseStock(0),
                reaction=1e6,
            )
        ],
        lanes=[
            ss.Lane("S1", "D1", lead_time=case.lead, order_cost=case.transport),
            ss.Lane("D1", "d1", lead_time=0, cost=case.sell - case.buy),
        ],
    )
    run = ss.simulate(network, horizon=case.days, warmup=0, events=True)
    usd = run.money.set_index(["kind", "entity", "account"]).usd
    supply = run.events[run.events.entity == "S1|D1|"]
    orders, arrivals = supply[supply.kind == "order"], supply[supply.kind == "arrive"]
    sold = run.data.served.sel(demand="d1")
    return Figures(
        carry=usd["slot", "D1", "holding"],
        spend=usd["lane", "S1|D1|", "goods"],
        transport=usd["lane", "S1|D1|", "ordering"],
        revenue=usd["lane", "D1|d1|", "goods"] + usd["lane", "D1|d1|", "freight"],
        level=float(run.data.on_hand.sel(slot="D1")[-1]),
        orders=len(orders),
        ordered=float(orders.quantity.sum()),
        deliveries=len(arrivals),
        received=float(arrivals.quantity.sum()),
        customers=int((sold > 0).sum()),
        served=float(sold.sum()),
    )


def test_readme_case_to_the_cent() -> None:
    found = ours(Case(holding=0.25))
    assert found.carry == 2050.0 * 0.25  # the integral itself, without a rounded 0.2
    found = ours(Case())
    assert round(found.carry, 9) == 410.0  # 0.2 is no binary fraction
    found.carry = round(found.carry, 9)
    assert found == README
    assert found.profit == -4435.0
    assert theirs(Case()).profit == pytest.approx(-4435.0)


@pytest.mark.parametrize(
    "case",
    [
        Case(),
        Case(days=60),
        Case(low=37.0, high=90.0, start=80.0, lead=3, demand=7.0, days=45),
        Case(low=37.0, high=90.0, start=14.0, lead=1, demand=7.0, days=46, transport=11.0),
        Case(low=5.0, high=6.0, start=9.0, lead=1, demand=1.0, days=31, buy=3.0, sell=8.0),
        Case(low=40.0, high=41.0, start=40.0, lead=9, demand=4.0, days=50, holding=1.5),
        Case(low=60.0, high=260.0, start=250.0, lead=5, demand=11.0, days=100),
    ],
)
def test_other_cases_follow_their_timing(case: Case) -> None:
    found, exact = ours(case), theirs(case)
    for name in Figures.__dataclass_fields__:
        assert getattr(found, name) == pytest.approx(getattr(exact, name), rel=1e-12), name
    assert found.profit == pytest.approx(exact.profit, rel=1e-12)
