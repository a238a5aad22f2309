"""What passes through hubs keeps where it came from: mixes of origins, by steady flows."""

from __future__ import annotations

import numpy as np

from supplysim.model.columns import Floats
from supplysim.model.slots import INPUT
from supplysim.model.tables import Tables

__all__ = ["content", "origin_mix"]


def origin_mix(tables: Tables, flow: Floats, own: Floats) -> Floats:
    """What each source gives, in terms of what sites are: ``own`` by site, shape (sites, marks) -> (sources, marks).

    A store's is the mix of what it receives, by ``flow`` (units a day by lane), through other stores, too.
    """
    sites, sources = len(tables.sites), tables.source_count
    mix = np.zeros((sources, own.shape[1]))
    mix[:sites] = own
    if sources == sites:
        return mix
    source, target = tables.lane_source.astype(np.int64), tables.lane_target.astype(np.int64)
    into = np.zeros((sources - sites, sources))
    inward = (target >= sites) & (target < sources)
    np.add.at(into, (target[inward] - sites, source[inward]), flow[inward])
    total = into.sum(axis=1, keepdims=True)
    into = np.divide(into, total, out=np.zeros_like(into), where=total > 0.0)
    known = into[:, :sites] @ mix[:sites]
    mix[sites:] = np.linalg.solve(np.eye(sources - sites) - into[:, sites:], known)
    return mix


def content(tables: Tables, flow: Floats, held: Floats) -> Floats:
    """USD of marked goods in a unit of what each source gives, through recipes and stores: shape (sources,).

    ``held`` is a site's own price where what it makes is marked, else NaN; ``flow`` is in units a day by lane.
    """
    from scipy.sparse import csr_array, eye_array
    from scipy.sparse.linalg import spsolve

    sources, sites = tables.source_count, len(tables.sites)
    fixed = np.zeros(sources)
    marked = ~np.isnan(held)
    fixed[:sites][marked] = held[marked]
    slot = tables.lane_slot
    node = tables.slots.node[slot]
    inner = node < sources
    inner &= ~np.append(marked, np.zeros(sources - sites + 1, bool))[np.minimum(node, sources)]
    received = np.zeros(len(tables.slots))
    np.add.at(received, slot, flow)
    with np.errstate(all="ignore"):
        share = np.where(received[slot] > 0.0, flow / received[slot], 0.0)
    gain = np.where(tables.slots.kind == INPUT, tables.slots.gain, 1.0)[slot]
    places = (node[inner], tables.lane_source[inner])
    passed = csr_array((share[inner] * gain[inner], places), shape=(sources, sources))
    found: Floats = spsolve((eye_array(sources) - passed).tocsc(), fixed)
    return found
