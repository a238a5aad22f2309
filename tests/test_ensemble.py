"""Ensembles: the same answer for any number of workers; paired comparison on common draws."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import supplysim as ss


def network() -> ss.Network:
    return ss.Network(
        name="two",
        commodities=[ss.Commodity("ore")],
        sites=[ss.Site("mine", country="CN", makes="ore", capacity=10, lot=5)],
        demands=[
            ss.Demand(
                name,
                country=country,
                commodity="ore",
                rate=2,
                arrivals="poisson",
                policy=ss.DaysOfCover(cover),
            )
            for name, country, cover in (("jp", "JP", 40), ("de", "DE", 15))
        ],
        lanes=[
            ss.Lane("mine", "jp", lead_time=7),
            ss.Lane("mine", "de", lead_time=ss.Triangular(30, 38, 60)),
        ],
    )


BAN = ss.Scenario(
    name="ban",
    measures=[ss.ExportBan(origin=["CN"], commodities=["ore"], begins=20, ends=110)],
    horizon=250,
)
RUN = {"replications": 5, "seed": 3, "progress": False}


def test_workers_and_executors_do_not_change_the_answer() -> None:
    one = ss.ensemble(network(), BAN, executor=1, **RUN)
    two = ss.ensemble(network(), BAN, executor=2, **RUN)
    with ThreadPoolExecutor(3) as pool:
        three = ss.ensemble(network(), BAN, executor=pool, **RUN)
    assert one.data.identical(two.data)
    assert one.data.identical(three.data)


def test_a_replication_is_the_simulation_of_that_number() -> None:
    runs = ss.ensemble(network(), BAN, executor=1, **RUN)
    alone = ss.simulate(network(), BAN, seed=3, replication=4)
    assert np.array_equal(runs.data.served[4], alone.data.served)
    assert not np.array_equal(runs.data.served[3], alone.data.served)


def test_comparison_pairs_draws_and_finds_loss_onset_and_recovery() -> None:
    base = ss.ensemble(network(), None, executor=1, horizon=250, **RUN)
    hit = ss.ensemble(network(), BAN, executor=1, **RUN)
    table = ss.compare(base, hit).table().set_index(["kind", "country"])
    use = table.loc["use"]
    # stocks, not their own, decide: JP has more cover, DE more goods under way
    assert use.loc["DE", "first_short"] > 20 + 30
    assert use.loc["JP", "first_short"] > 20 + 40
    assert use.loc["DE", "loss"] == pytest.approx(2 * (90 - 15), rel=0.25)
    assert use.loc["JP", "loss"] == pytest.approx(2 * (90 - 40), rel=0.25)
    assert (use.low <= use.loss).all() and (use.loss <= use.high).all()
    assert (use.mean_low <= use.loss).all() and (use.loss <= use.mean_high).all()
    assert use.loc["JP", "recovered"] >= 110 + 7
    calm = ss.compare(base, base).table()
    assert (calm.loss == 0).all() and calm.first_short.isna().all()


def test_what_does_not_belong_together_is_refused() -> None:
    base = ss.ensemble(network(), None, executor=1, horizon=250, **RUN)
    other = ss.ensemble(network(), BAN, executor=1, horizon=100, **(RUN | {"seed": 4}))
    with pytest.raises(ss.InvalidInput, match=r"horizon(.|\n)*seed"):
        ss.compare(base, other)
    with pytest.raises(ss.InvalidInput, match="replications"):
        ss.ensemble(network(), BAN, replications=0)
    with pytest.raises(ss.InvalidInput, match="executor"):
        ss.ensemble(network(), BAN, executor=0)
