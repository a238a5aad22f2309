"""Where compiled code is kept between runs: a folder named by a hash of all that it is made of.

A change in any kernel, rule or library gives another folder, so that old code is never taken for new. This module does
not import the compiler: it only tells whether it would have to work.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

__all__ = ["folder", "is_loaded", "is_ready"]

HERE = Path(__file__).parent
SOURCES = (*sorted(HERE.glob("*.py")), HERE.parents[1] / "rules.py", HERE.parents[1] / "draws.py")


@cache
def folder() -> Path:
    """The folder of this code, on this Python, with these libraries."""
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update(source.read_bytes())
    for package in ("numba", "llvmlite", "numpy"):
        digest.update(version(package).encode())
    digest.update(f"{platform.python_version()} {platform.machine()} {HERE}".encode())
    return user_cache_path("supplysim", appauthor=False) / "kernels" / digest.hexdigest()[:24]


def is_loaded() -> bool:
    """Whether the engine is ready in this very process."""
    execution = sys.modules.get("supplysim.engines.compiled.execution")
    return execution is not None and execution.kernel.cache_info().currsize > 0


def is_ready() -> bool:
    """Whether the engine starts without compiling."""
    return next(folder().glob("**/*.nbi"), None) is not None
