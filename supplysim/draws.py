"""All randomness. Draw ``n`` of a stream is a pure function of five numbers and nothing else.

The stream is (seed, replication, entity, purpose); there is no generator object and no global
state, so inserting a node, adding a measure or changing the number of workers moves no draw
of anything else. The mixing is SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable
pseudorandom number generators").
"""

from __future__ import annotations

import math
from enum import IntEnum
from hashlib import blake2b

__all__ = ["WARMING", "Purpose", "absorb", "bits", "entity", "moment", "stream", "uniform"]

_MASK = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15


class Purpose(IntEnum):
    """What a draw is for. A number once given is never used again for anything else.

    >>> Purpose.LEAD_TIME.value
    1
    """

    LEAD_TIME = 1
    INITIAL_STOCK = 2
    DEMAND_INTERVAL = 3
    DEMAND_SIZE = 4
    UP_TIME = 5
    DOWN_TIME = 6
    PAPERS = 7
    SERVICE = 8
    REFERRED = 9
    REFERRED_DELAY = 10
    APPROVAL = 11
    FIGURE = 12
    INSPECTION = 13
    HOLD = 14
    ATTEMPT_INTERVAL = 15
    ATTEMPT = 16


WARMING = 1 << 32
"""Streams on their own clock count from here in the warm-up and from 0 from day 0 on, so that the length of the
warm-up moves no draw of the run."""


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def absorb(key: int, word: int) -> int:
    """Fold one 64-bit word into a key.

    >>> absorb(0, 1) == absorb(0, 1) != absorb(0, 2)
    True
    """
    return _mix(((key ^ word) + _GOLDEN) & _MASK)


def bits(key: int, n: int) -> int:
    """The n-th 64-bit word of the stream ``key``.

    >>> bits(1234567, 0)
    6457827717110365317
    """
    return _mix((key + (n + 1) * _GOLDEN) & _MASK)


def uniform(key: int, n: int) -> float:
    """The n-th draw of the stream, uniform on (0, 1): never 0 and never 1.

    >>> uniform(absorb(absorb(absorb(absorb(0, 1), 0), 5), 2), 0)
    0.8386311940603347
    """
    return ((bits(key, n) >> 12) + 0.5) * 2.220446049250313e-16


def entity(kind: str, name: str) -> int:
    """The 64-bit identity of an entity by its kind and name, e.g. ``entity("site", "cn-gallium")``.

    >>> entity("site", "cn-gallium") != entity("site", "jp-gallium")
    True
    """
    digest = blake2b(f"{kind}|{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def stream(seed: int, replication: int, entity: int, purpose: int) -> int:
    """The key of a stream. ``seed`` and ``replication`` lie in [0, 2**63).

    >>> stream(1, 0, 5, 2)
    6765604944182421844
    """
    return absorb(absorb(absorb(absorb(0, seed), replication), entity), purpose)


def moment(time: float, count: int) -> int:
    """The draw number of the ``count``-th event of a stream on the day of ``time``.

    Streams that events drive are numbered by day, so that one event more or less today does not
    shift the draws of all later days.

    >>> moment(3.7, 2) - moment(3.2, 0)
    2
    """
    return ((math.floor(time) + 2147483648) << 20) + count
