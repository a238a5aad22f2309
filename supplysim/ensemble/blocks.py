"""Where the records of replications are: blocks in memory, or files of one block each."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from supplysim.ensemble.job import BLOCK, Block, Task
from supplysim.errors import Fault, InvalidInput

__all__ = ["IN_MEMORY", "Blocks", "missing", "write_whole"]

IN_MEMORY = 256 * 2**20
"""Bytes of records, over all scenarios, beyond which they go to files."""


class Blocks:
    """The records of replications 0 to ``count`` of one scenario, a block at a time.

    Without a folder they are in memory or, if ``spill``, in a temporary folder that goes with this object. A
    file holds a block as one array of records, is written whole or not at all, and is read through a memory map.
    """

    def __init__(
        self, record: np.dtype[Any], count: int, folder: Path | None = None, *, spill: bool = False
    ) -> None:
        self.record = record
        self.count = count
        self._memory: dict[int, Block] = {}
        if folder is None and spill:
            folder = Path(tempfile.mkdtemp(prefix="supplysim-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.folder = folder

    def __iter__(self) -> Iterator[Block]:
        """The blocks in order; the last may be cut short."""
        for first in range(0, self.count, BLOCK):
            yield self._get(first)[: self.count - first]

    def stored(self, first: int) -> int:
        """How many replications there are of the block that begins with ``first``."""
        if self.folder is None:
            return len(self._memory.get(first, ()))
        return len(self._get(first)) if self._file(first).exists() else 0

    def put(self, numbers: range, records: Block) -> None:
        """Keep a block, or the rest of one that was begun with fewer replications."""
        first = numbers.start // BLOCK * BLOCK
        if numbers.start > first:
            records = np.concatenate([self._get(first)[: numbers.start - first], records])
        if self.folder is None:
            self._memory[first] = records
        else:
            write_whole(self._file(first), lambda file: np.save(file, records, allow_pickle=False))

    def _file(self, first: int) -> Path:
        assert self.folder is not None
        return self.folder / f"block-{first:09}.npy"

    def _get(self, first: int) -> Block:
        if self.folder is None:
            return self._memory[first]
        path = self._file(first)
        try:
            block: Block = np.load(path, mmap_mode="r", allow_pickle=False)
            fits = block.dtype == self.record and block.ndim == 1 and 0 < len(block) <= BLOCK
        except (OSError, ValueError, EOFError):
            fits = False
        if not fits:
            rule = "not a block of these runs, or damaged; delete the file to run it again"
            raise InvalidInput([Fault("", rule)], file=path, what="block")
        return block


def missing(stores: Sequence[Blocks]) -> Iterator[Task]:
    """What is to be run yet of several scenarios, block by block; scenarios together where they can."""
    count = stores[0].count
    for first in range(0, count, BLOCK):
        end = min(first + BLOCK, count)
        rest: dict[range, list[int]] = {}
        for i, store in enumerate(stores):
            rest.setdefault(range(min(first + store.stored(first), end), end), []).append(i)
        yield from ((tuple(which), numbers) for numbers, which in rest.items() if numbers)


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under another name, then give it its own: it is there whole or not at all, whatever happens.

    Two that write the same file do not disturb each other: the name is their own, the content the same.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".part")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o644)
        try:
            fresh.replace(path)
        except FileNotFoundError:  # another was done first, and swept up
            if not path.exists():
                raise
        _sync(path.parent)
    finally:
        fresh.unlink(missing_ok=True)
    for left in path.parent.glob(f"{path.name}.*.part"):  # by one that was killed
        left.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make a new name last, where folders can be synced."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
