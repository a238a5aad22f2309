"""Ensembles: the same answer for any number of workers; paired comparison on common draws."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
import pytest

import supplysim as ss
from supplysim.ensemble import statistics
from supplysim.ensemble.job import BLOCK
from supplysim.ensemble.pool import workers
from supplysim.running import releases_gil


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
RUN: dict[str, Any] = {"replications": 5, "seed": 3, "progress": False}


def bytes_of(runs: ss.Ensemble) -> list[bytes]:
    return [block.tobytes() for block in runs._blocks]


def test_workers_and_executors_do_not_change_the_answer() -> None:
    one = ss.ensemble(network(), BAN, executor=1, traces=True, **RUN)
    two = ss.ensemble(network(), BAN, executor=2, traces=True, **RUN)
    with ThreadPoolExecutor(3) as pool:
        three = ss.ensemble(network(), BAN, executor=pool, traces=True, **RUN)
    assert bytes_of(one) == bytes_of(two) == bytes_of(three)
    assert one.data.identical(two.data)


class Backwards(Executor):
    """Does the last submitted first."""

    def __init__(self) -> None:
        self.queue: list[Any] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.queue.append((future, fn, args))
        if len(self.queue) == 3:
            for late, work, given in reversed(self.queue):
                late.set_result(work(*given))
        return future


def test_the_order_in_which_workers_finish_does_not_matter() -> None:
    run = RUN | {"replications": 3 * BLOCK}
    first = ss.ensemble(network(), BAN, executor=1, **run)
    last = ss.ensemble(network(), BAN, executor=Backwards(), **run)
    assert bytes_of(first) == bytes_of(last)
    assert first.mean("served").identical(last.mean("served"))


def test_a_replication_is_the_simulation_of_that_number() -> None:
    runs = ss.ensemble(network(), BAN, executor=1, traces=True, **RUN)
    alone = ss.simulate(network(), BAN, seed=3, replication=4)
    for name in ("output", "on_hand", "served", "shipped"):
        assert np.array_equal(runs.data[name][4], alone.data[name])
    assert not np.array_equal(runs.data.served[3], alone.data.served)
    assert (
        runs.series("served")
        .sel(replication=4, demand="DE ore")
        .identical(runs.series("served").sel(replication=4)[:, 0])
    )
    assert np.array_equal(runs.series("served")[4], alone.data.served)  # one demand a country
    goods = alone.money.query("account == 'goods'").usd.sum()
    assert float(runs.money("lane", "goods")[4].sum()) == pytest.approx(goods)


def test_several_scenarios_are_the_same_run_together_or_alone() -> None:
    cases = {"calm": None, "ban": BAN}
    both = ss.ensemble(network(), cases, executor=1, **RUN)
    assert list(both) == list(cases)
    listed = ss.ensemble(network(), list(cases.values()), executor=2, **RUN)
    for i, (name, given) in enumerate(cases.items()):
        alone = ss.ensemble(network(), given, executor=1, horizon=250, **RUN)
        assert bytes_of(both[name]) == bytes_of(alone) == bytes_of(listed[i])
    assert both["ban"].attrs["horizon"] == 250 and both["calm"].attrs["horizon"] == 250


def test_settings_of_several_scenarios_must_agree_or_be_given() -> None:
    long = ss.Scenario(name="long", horizon=300)
    with pytest.raises(ss.InvalidInput, match=r"horizon: differs.*250, 300"):
        ss.ensemble(network(), [BAN, long], **RUN)
    made = ss.ensemble(network(), [BAN, long], horizon=20, executor=1, **RUN)
    assert [runs.attrs["horizon"] for runs in made] == [20, 20]
    for wrong in ({}, [], "ban", [BAN, "ban"]):
        with pytest.raises(ss.InvalidInput, match="scenario"):
            ss.ensemble(network(), wrong, **RUN)  # type: ignore[call-overload]


def test_statistics_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "CHUNK", 5_000)  # a few days at a time
    runs = ss.ensemble(network(), BAN, executor=1, **(RUN | {"replications": 2 * BLOCK + 1}))
    for record in ("served", "backlog", "on_hand", "shipped", "output"):
        whole = runs.series(record)
        close = {"rtol": 1e-12, "atol": 1e-12}
        np.testing.assert_allclose(runs.mean(record), whole.mean("replication"), **close)
        np.testing.assert_allclose(runs.sd(record), whole.std("replication", ddof=1), **close)
        np.testing.assert_allclose(runs.totals(record), whole.sum("time"), **close)
        found = runs.quantiles(record, [0.05, 0.5])
        assert np.array_equal(found, whole.quantile([0.05, 0.5], "replication"))
        assert np.array_equal(runs.daily(record, [0]), whole[:, :, 0])
    one = ss.ensemble(network(), BAN, executor=1, **(RUN | {"replications": 1}))
    assert not one.sd("served").any()
    with pytest.raises(ss.InvalidInput, match="did you mean 'served'"):
        runs.mean("serve")
    with pytest.raises(ss.InvalidInput, match="lane goods"):
        runs.money("lane", "good")


@pytest.mark.parametrize(
    "take",
    [
        statistics.mean,
        statistics.sd,
        statistics.totals,
        lambda pieces: statistics.quantiles(pieces, [0.5]),
        lambda pieces: statistics.joined(pieces(), 20),
    ],
)
def test_statistics_let_go_of_each_block(take: Any) -> None:
    """A block in a file holds it open; thousands would be too many."""
    alive: list[Any] = []

    def pieces() -> Iterator[Any]:
        for _ in range(10):
            piece = np.zeros((2, 3, 1))
            alive.append(weakref.ref(piece))
            assert sum(ref() is not None for ref in alive) <= 3
            yield piece
            del piece

    take(pieces)


def test_entities_are_kept_on_request_only() -> None:
    runs = ss.ensemble(network(), BAN, executor=1, **RUN)
    with pytest.raises(ss.InvalidInput, match="traces=True"):
        _ = runs.data
    assert "slot_use" in runs.labels.coords and runs.labels.sizes["replication"] == 5


def test_an_error_in_a_worker_ends_the_run_and_cancels_the_rest() -> None:
    class Broken(Executor):
        made: ClassVar[list[Future[Any]]] = []

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.made.append(Future())
            if len(self.made) == 3:
                self.made[0].set_exception(KeyboardInterrupt())
            return self.made[-1]

    with pytest.raises(KeyboardInterrupt):
        ss.ensemble(network(), BAN, executor=Broken(), **(RUN | {"replications": 3 * BLOCK}))
    assert [future.cancelled() for future in Broken.made] == [False, True, True]


def test_engines_that_leave_the_lock_alone_get_threads() -> None:
    with workers(2, jobs=5, threads=True, size=1) as pool:
        assert isinstance(pool.executor, ThreadPoolExecutor)
    with workers(8, jobs=1, threads=True, size=1) as pool:
        assert pool.executor is None
    assert releases_gil("compiled") and not releases_gil("simpy")


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
