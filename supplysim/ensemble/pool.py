"""Who works: this process, its threads, other processes, or any executor; and how work is handed out."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass

from supplysim.ensemble.job import Block, Job, Task, run_block
from supplysim.errors import Fault, InvalidInput

__all__ = ["Pool", "hand_out", "workers"]

UNDER_WAY = 128 * 2**20
"""Bytes of records that may be under way between workers and this process."""


@dataclass(frozen=True)
class Pool:
    """An executor (None: this process itself), and how many blocks may be under way at once."""

    executor: Executor | None
    window: int


@contextmanager
def workers(
    executor: Executor | int | None, *, jobs: int, threads: bool, size: int
) -> Iterator[Pool]:
    """The workers to use: the caller's own, or threads or processes that end with the block.

    ``jobs`` is the number of blocks to run, ``size`` the bytes that one brings back.
    """
    count = _cores() if executor is None else executor
    room = max(1, UNDER_WAY // max(1, size))
    if isinstance(count, Executor):
        yield Pool(count, max(2 * _cores(), min(room, 256)))
        return
    if type(count) is not int or count < 1:
        raise InvalidInput(
            [Fault("executor", "must be None, an Executor or a number from 1", count)]
        )
    count = min(count, jobs)
    if count <= 1:
        yield Pool(None, 1)
        return
    pool = ThreadPoolExecutor(count) if threads else ProcessPoolExecutor(count)
    try:
        yield Pool(pool, max(2 * count, min(room, 256)))
    except BaseException:  # an interrupt should not wait for what is still queued
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def hand_out(
    pool: Pool, job: Job, tasks: Iterable[Task]
) -> Generator[tuple[Task, list[Block]], None, None]:
    """Each task and its blocks, as they come in; the rest is cancelled if the caller stops."""
    if pool.executor is None:
        for task in tasks:
            yield task, run_block(job, *task)
        return
    waiting: dict[Future[list[Block]], Task] = {}
    try:
        for task in tasks:
            if len(waiting) >= pool.window:
                yield from _some(waiting)
            waiting[pool.executor.submit(run_block, job, *task)] = task
        while waiting:
            yield from _some(waiting)
    finally:
        for future in waiting:
            future.cancel()


def _some(waiting: dict[Future[list[Block]], Task]) -> Iterator[tuple[Task, list[Block]]]:
    """What has come in, waiting for one at least; nothing holds on to it here."""
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        yield waiting.pop(future), future.result()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
