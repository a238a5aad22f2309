"""The switch between compiled and plain, and how kernels reach their arrays.

A kernel gets the world as one record. Its fields hold the run's numbers and, for each table, the address
of a structured array; `table` makes the function that gives row ``i`` of one. So a call passes a single pointer,
whatever the size of the state, and compiles fast. With ``NUMBA_DISABLE_JIT=1`` the same functions run as
plain Python on the same arrays.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

__all__ = [
    "COMPILED",
    "Plain",
    "doubles",
    "integers",
    "jit",
    "kept",
    "pairs",
    "rule",
    "table",
    "typeof",
]

F = TypeVar("F", bound=Callable[..., Any])
typeof = numba.typeof
ADDRESS = ir.IntType(64)
COMPILED = not numba.config.DISABLE_JIT
OPTIONS = {"_nrt": False, "nogil": True, "error_model": "numpy"}
"""Kernels allocate nothing (no reference counts), release the GIL, and divide as IEEE does. No fastmath."""


def jit(function: F) -> F:
    """A kernel: compiled with what calls it, when the engine first runs."""
    made: F = numba.njit(**OPTIONS)(function)
    return made


def rule(function: F, **compiled: Callable[..., Any]) -> F:
    """A compiled copy of a rule that both engines share; ``compiled`` are the copies of the rules it calls."""
    names = {**function.__globals__, **compiled}
    copy: Any = types.FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    return jit(copy) if COMPILED else function


def kept(function: F, folder: Path) -> F:
    """A kernel that Python calls: compiled code is kept in ``folder`` where that can be written."""
    if not COMPILED:
        return function
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return jit(function)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)  # read once, when the function is wrapped
    try:
        made: F = numba.njit(cache=True, **OPTIONS)(function)
    finally:
        numba.config.CACHE_DIR = before
    return made


class Plain:
    """The world where nothing is compiled: the record's fields, and the arrays themselves."""

    __slots__ = ("arrays", "record")

    def __init__(self, record: Any, arrays: dict[str, Any]) -> None:
        object.__setattr__(self, "record", record)
        object.__setattr__(self, "arrays", arrays)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.record, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.record, name, value)


def table(name: str, dtype: np.dtype[Any]) -> Callable[[Any, int], Any]:
    """The function ``row(world, i)`` of the structured array whose address is in the field ``name``."""
    if not COMPILED:
        return lambda w, i: w.arrays[name][i]
    record = numba.from_dtype(dtype)

    @intrinsic  # type: ignore[untyped-decorator]
    def row(context: Any, w: Any, i: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            offset = builder.mul(args[1], ir.Constant(ADDRESS, dtype.itemsize))
            address = builder.add(_address(builder, w, args[0], name), offset)
            return builder.inttoptr(address, context.get_value_type(record))

        return record(w, numba.int64), generate

    made: Callable[[Any, int], Any] = row
    return made


def _address(builder: Any, world: Any, pointer: Any, name: str) -> Any:
    """Code that loads the address of an array from the world."""
    member = cgutils.get_record_member(builder, pointer, world.offset(name), ADDRESS)
    return builder.load(member)


def _view(name: str, scalar: Any, dimensions: int) -> Callable[[Any, int, int], Any]:
    kind = numba.types.Array(scalar, dimensions, "C")

    @intrinsic  # type: ignore[untyped-decorator]
    def view(context: Any, w: Any, first: Any, count: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            word, pair = ir.Constant(ADDRESS, 8), ir.Constant(ADDRESS, 16)
            start = _address(builder, w, args[0], name)
            start = builder.add(start, builder.mul(args[1], word))
            array = make_array(kind)(context, builder)
            populate_array(
                array,
                data=builder.inttoptr(start, array.data.type),
                shape=[args[2], ir.Constant(ADDRESS, 2)][:dimensions],
                strides=[word] if dimensions == 1 else [pair, word],
                itemsize=word,
                meminfo=None,
            )
            return array._getvalue()

        return kind(w, numba.int64, numba.int64), generate

    made: Callable[[Any, int, int], Any] = view
    return made


def doubles(name: str) -> Callable[[Any, int, int], Any]:
    """The function ``view(world, first, count)`` of an array of floats, for rules that take sequences."""
    if not COMPILED:
        return lambda w, first, count: w.arrays[name][first : first + count]
    return _view(name, numba.float64, 1)


def integers(name: str) -> Callable[[Any, int, int], Any]:
    """The same of an array of 64-bit integers."""
    if not COMPILED:
        return lambda w, first, count: w.arrays[name][first : first + count]
    return _view(name, numba.int64, 1)


def pairs(name: str) -> Callable[[Any, int, int], Any]:
    """The same of an array of pairs of 64-bit integers; ``first`` counts integers."""
    if not COMPILED:
        return lambda w, first, count: w.arrays[name][first : first + 2 * count].reshape(-1, 2)
    return _view(name, numba.int64, 2)
