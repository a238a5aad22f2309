"""What happens next: wake-ups of the present instant in one small heap, the future in bins.

The smallest pending (time, phase, rank, serial) is always taken. The three last are one integer, the *order*. A bin
holds the events of some hours in a list; when the clock reaches it, they move to the heap of near events.
What would happen at the horizon or after is not kept: nothing looks at it.
"""

from __future__ import annotations

from typing import Any

from supplysim.engines.compiled import codes as c
from supplysim.engines.compiled.jit import jit
from supplysim.engines.compiled.layout import (
    World,
    bin_of,
    event,
    ledger,
    logged,
    near,
    order_of,
    site,
    slot,
    source,
    waking,
)

SERIAL_BITS = 35
RANK_BITS = 24
SERIALS = (1 << SERIAL_BITS) - 1
RANKS = (1 << RANK_BITS) - 1


@jit
def place(phase: int, rank: int, serial: int) -> int:
    """The order of an event among those of one instant."""
    return (phase << (RANK_BITS + SERIAL_BITS)) | (rank << SERIAL_BITS) | serial


@jit
def rank_in(order: int) -> int:
    """The rank in an order."""
    return (order >> SERIAL_BITS) & RANKS


# --- wake-ups ------------------------------------------------------------------------------------


@jit
def wake(w: World, order: int) -> None:
    """Have an entity woken at this instant; its order tells which."""
    i = w.wakes_n
    w.wakes_n = i + 1
    while i > 0:
        above = (i - 1) >> 1
        if waking(w, above).order <= order:
            break
        waking(w, i).order = waking(w, above).order
        i = above
    waking(w, i).order = order


@jit
def next_wake(w: World) -> int:
    """Take the first wake-up off the heap."""
    first = waking(w, 0).order
    n = w.wakes_n - 1
    w.wakes_n = n
    order = waking(w, n).order
    i = 0
    while True:
        below = 2 * i + 1
        if below >= n:
            break
        if below + 1 < n and waking(w, below + 1).order < waking(w, below).order:
            below += 1
        if waking(w, below).order >= order:
            break
        waking(w, i).order = waking(w, below).order
        i = below
    waking(w, i).order = order
    return first


@jit
def _rouse(w: World, entity: Any, phase: int, serial: int) -> None:
    """Wake an entity, unless that is due already: waking twice is waking once."""
    if entity.awake == 0:
        entity.awake = 1
        wake(w, place(phase, entity.rank, serial))


@jit
def wake_source(w: World, i: int) -> None:
    """A source looks at its books in the dispatch phase of this instant."""
    _rouse(w, source(w, i), c.DISPATCH, 0)


@jit
def wake_slot(w: World, i: int) -> None:
    """A slot orders in the order phase of this instant."""
    _rouse(w, slot(w, i), c.ORDER, 0)


@jit
def wake_site(w: World, i: int) -> None:
    """A site tries to start a lot in the last phase of this instant; where its line is busy, the end will wake it."""
    if site(w, i).in_line <= 0.0:
        _rouse(w, site(w, i), c.LOT_START, 0)


@jit
def wake_ledger(w: World, i: int) -> None:
    """A quota settles its claims in the gate phase of this instant."""
    _rouse(w, ledger(w, i), c.GATE, i)


# --- events --------------------------------------------------------------------------------------


@jit
def new_event(w: World, time: float, order: int, kind: int, a: int) -> int:
    """A fresh event, not yet due; the caller fills in what else it carries."""
    i = w.free_event
    if i >= 0:
        w.free_event = event(w, i).next
    else:
        i = w.events_n
        w.events_n = i + 1
        if w.events_room - w.events_n < w.reserve:
            w.full = 1
    e = event(w, i)
    e.time = time
    e.order = order
    e.kind = kind
    e.a = a
    return i


@jit
def free_event(w: World, i: int) -> None:
    """Give an event's row back."""
    event(w, i).next = w.free_event
    w.free_event = i


@jit
def put(w: World, i: int) -> None:
    """Make an event due."""
    e = event(w, i)
    if e.time >= w.horizon:
        return
    number = int((e.time - w.begins) * w.per_day)
    if number <= w.bin:
        _push(w, e.time, e.order, i)
    else:
        b = bin_of(w, number)
        e.next = b.node
        b.node = i


@jit
def schedule(w: World, time: float, order: int, kind: int, a: int) -> None:
    """Have something happen that needs no more than its kind and one index."""
    if time < w.horizon:
        put(w, new_event(w, time, order, kind, a))


@jit
def _push(w: World, time: float, order: int, node: int) -> None:
    i = w.near_n
    w.near_n = i + 1
    while i > 0:
        above = (i - 1) >> 1
        p = near(w, above)
        if p.time < time or (p.time == time and p.order <= order):
            break
        q = near(w, i)
        q.time = p.time
        q.order = p.order
        q.node = p.node
        i = above
    q = near(w, i)
    q.time = time
    q.order = order
    q.node = node


@jit
def next_event(w: World) -> int:
    """Take the first near event off the heap."""
    first = near(w, 0).node
    n = w.near_n - 1
    w.near_n = n
    last = near(w, n)
    time, order, node = last.time, last.order, last.node
    i = 0
    while True:
        below = 2 * i + 1
        if below >= n:
            break
        p = near(w, below)
        if below + 1 < n:
            r = near(w, below + 1)
            if r.time < p.time or (r.time == p.time and r.order < p.order):
                below += 1
                p = r
        if p.time > time or (p.time == time and p.order >= order):
            break
        q = near(w, i)
        q.time = p.time
        q.order = p.order
        q.node = p.node
        i = below
    q = near(w, i)
    q.time = time
    q.order = order
    q.node = node
    return first


@jit
def open_bin(w: World) -> bool:
    """Move the events of the next bin that has any to the near heap; False if there is none."""
    number = w.bin + 1
    while number < w.bins_n and bin_of(w, number).node < 0:
        number += 1
    if number >= w.bins_n:
        return False
    w.bin = number
    i = bin_of(w, number).node
    bin_of(w, number).node = -1
    while i >= 0:
        e = event(w, i)
        following = e.next
        _push(w, e.time, e.order, i)
        i = following
    return True


# --- orders in books, and the log ------------------------------------------------------------------


@jit
def check_orders(w: World) -> None:
    """Whether there is room for what one handler may put into books, recalled shipments included."""
    if w.orders_room - w.orders_n < w.reserve + w.recalls * w.most_shipments:
        w.full = 1


@jit
def new_order(w: World, ordered_at: float, amount: float) -> int:
    """A fresh entry for a book."""
    i = w.free_order
    if i >= 0:
        w.free_order = order_of(w, i).next
    else:
        i = w.orders_n
        w.orders_n = i + 1
        check_orders(w)
    o = order_of(w, i)
    o.ordered_at = ordered_at
    o.amount = amount
    o.next = -1
    o.before = -1
    return i


@jit
def free_order(w: World, i: int) -> None:
    """Give a book entry's row back."""
    order_of(w, i).next = w.free_order
    w.free_order = i


@jit
def log(w: World, kind: int, entity: int, quantity: float) -> None:
    """Note an event, if the log is wanted and the warm-up is over."""
    if w.logging == 1 and w.now >= 0.0:
        row = logged(w, w.log_n)
        row.time = w.now
        row.kind = kind
        row.entity = entity
        row.quantity = quantity
        w.log_n += 1
        if w.log_room - w.log_n < w.reserve:
            w.full = 1
