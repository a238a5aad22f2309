"""What must hold between the parts of a network before anything is computed from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supplysim.errors import Fault, nearest
from supplysim.model.columns import Coded
from supplysim.model.findings import Findings
from supplysim.model.levels import levels
from supplysim.model.nodes import USES_OWN
from supplysim.model.tables import Tables

__all__ = ["find_faults", "find_faults_of_figures"]

ONCE = "must be there only once"


def find_faults(tables: Tables, findings: Findings) -> None:
    """Note every broken rule of names, references, shares and cycles."""
    _duplicates(tables, findings)
    _unknown_commodities(tables, findings)
    _inputs(tables, findings)
    _lane_ends(tables, findings)
    _hosts(tables, findings)
    if not findings:  # what follows reads through these references
        find_faults_of_figures(tables, findings)


def find_faults_of_figures(tables: Tables, findings: Findings) -> None:
    """Note every broken rule of shares and cycles, where names and references are right."""
    _shares(tables, findings)
    _stockless_cycles(tables, findings)


def _duplicates(tables: Tables, findings: Findings) -> None:
    for kind, names in (
        ("node", tables.node_names),
        ("commodity", tables.commodities.name.every()),
    ):
        if len(set(names)) < len(names):
            again = [Fault(f"{kind} {n}", ONCE, c) for n, c in Counter(names).items() if c > 1]
            findings.add(range(len(again)), again.__getitem__)
    lanes, inputs = tables.lanes, tables.inputs
    _repeats("lane", (lanes.source, lanes.target, lanes.mode), tables.lane_key, findings)
    _repeats("input", (inputs.site, inputs.commodity), inputs.key, findings)


def _repeats(
    kind: str, columns: Sequence[Coded[str]], key: Callable[[int], str], findings: Findings
) -> None:
    """Rows with the same key, which stand together since rows are sorted."""
    same = np.ones(max(0, len(columns[0].codes) - 1), bool)
    for column in columns:
        same &= column.codes[1:] == column.codes[:-1]
    first = np.flatnonzero(np.diff(same.astype(np.int8), prepend=0) > 0)
    last = np.flatnonzero(np.diff(same.astype(np.int8), append=0) < 0)
    times = dict(zip(first.tolist(), (last - first + 2).tolist(), strict=True))
    findings.add(first, lambda row: Fault(f"{kind} {key(row)}", ONCE, times[row]))


def _unknown_commodities(tables: Tables, findings: Findings) -> None:
    known = tables.commodity_place
    inputs, stores = len(tables.inputs), len(tables.stores)
    wanted = np.split(tables.need_commodity, [inputs, inputs + stores])
    made = tables.product[: len(tables.sites)]
    for table, name, field, column, places in (
        ("sites", tables.sites.name, "makes", tables.sites.makes, made),
        ("sites", tables.inputs.site, "inputs", tables.inputs.commodity, wanted[0]),
        ("stores", tables.stores.name, "commodity", tables.stores.commodity, wanted[1]),
        ("demands", tables.demands.name, "commodity", tables.demands.commodity, wanted[2]),
    ):
        tell = _Unknown(table, name, field, column, "commodity", known)
        findings.add(np.flatnonzero(places < 0), tell)


class _Unknown:
    """Tells of a name that stands for nothing."""

    def __init__(
        self,
        table: str,
        name: Coded[str],
        field: str,
        column: Coded[str],
        what: str,
        known: Collection[str],
    ) -> None:
        self.table, self.name, self.field = table, name, field
        self.column, self.what, self.known = column, what, known

    def __call__(self, row: int) -> Fault:
        value = self.column[row]
        path = f"{self.table}.{self.name[row]}.{self.field}"
        return Fault(path, f"unknown {self.what}; {nearest(value, self.known)}", value)


def _inputs(tables: Tables, findings: Findings) -> None:
    """Inputs that stand in a table of their own: each of a known site, which does not make it."""
    names = tables.inputs.site
    sites = tables.node_names[: len(tables.sites)]
    owner = tables.need_node[: len(tables.inputs)]
    unknown = (owner < 0) | (owner >= len(sites))
    tell = _Unknown("inputs", names, "site", names, "site", sites)
    findings.add(np.flatnonzero(unknown), tell)
    made = np.append(tables.product, -1)[np.where(unknown, -1, owner)]
    own = (made == tables.need_commodity[: len(owner)]) & (made >= 0)
    findings.add(
        np.flatnonzero(own),
        lambda i: Fault(f"sites.{names[i]}.inputs.{tables.inputs.commodity[i]}", USES_OWN),
    )


def _lane_ends(tables: Tables, findings: Findings) -> None:
    source, target, lanes = tables.lane_source, tables.lane_target, tables.lanes
    bad = np.flatnonzero((source < 0) | (target < 0) | (tables.lane_need < 0))
    if not bad.size:
        return
    sources = tables.node_names[: tables.source_count]

    def unknown(row: int) -> Fault:
        name = lanes.source[row]
        rule = f"unknown site or store; {nearest(name, sources)}"
        return Fault(f"lanes.{tables.lane_key(row)}.source", rule, name)

    def nowhere(row: int) -> Fault:
        name = lanes.target[row]
        rule = f"unknown node; {nearest(name, tables.node_names)}"
        return Fault(f"lanes.{tables.lane_key(row)}.target", rule, name)

    def useless(row: int) -> Fault:
        rule = f"{lanes.target[row]} does not use what the source makes"
        node = int(source[row])
        sites = len(tables.sites)
        made = tables.sites.makes[node] if node < sites else tables.stores.commodity[node - sites]
        return Fault(f"lanes.{tables.lane_key(row)}", rule, made)

    findings.add(bad[source[bad] < 0], unknown)
    findings.add(bad[target[bad] < 0], nowhere)
    findings.add(bad[(source[bad] >= 0) & (target[bad] >= 0)], useless)


def _hosts(tables: Tables, findings: Findings) -> None:
    """Hosts of by-products: sites that are known, and never a by-product of their own by-product."""
    sites, names = tables.sites, tables.node_names[: len(tables.sites)]
    given = sites.host.each(lambda name: name is not None) > 0.0
    tell = _Unknown("sites", sites.name, "host", sites.host, "site", names)
    findings.add(np.flatnonzero(given & (tables.host < 0)), tell)
    hosted = np.flatnonzero(tables.host >= 0)
    circle = _cycle(tables, hosted, tables.host[hosted])
    if circle:
        rule = "hosts must not lead back to the site itself"
        findings.note(Fault(f"sites.{circle[0]}.host", rule, " > ".join(circle)))


def _shares(tables: Tables, findings: Findings) -> None:
    lanes, count = tables.lanes, len(tables.slots)
    supplied = np.bincount(tables.lane_slot, minlength=count) > 0
    together = np.bincount(tables.lane_slot, lanes.share, count)

    def slot(row: int) -> str:
        return f"slot {tables.slot_keys[row]}"

    def above(row: int) -> Fault:
        rule = f"must be at least share {float(lanes.share[row])}"
        return Fault(f"lanes.{tables.lane_key(row)}.max_share", rule, float(lanes.max_share[row]))

    def shut(row: int) -> Fault:
        rule = "a closed lane must have share 0"
        return Fault(f"lanes.{tables.lane_key(row)}.closed", rule, float(lanes.share[row]))

    findings.add(
        np.flatnonzero(~supplied), lambda row: Fault(slot(row), "has no lane that supplies it")
    )
    findings.add(
        np.flatnonzero(supplied & (abs(together - 1.0) > 1e-9)),
        lambda row: Fault(slot(row), "shares of its lanes must sum to 1", float(together[row])),
    )
    findings.add(np.flatnonzero(lanes.max_share < lanes.share), above)
    findings.add(np.flatnonzero(lanes.closed & (lanes.share > 0.0)), shut)


def _stockless_cycles(tables: Tables, findings: Findings) -> None:
    """Cycles of stores only, and cycles round which nothing takes any time."""
    source, target, sites = tables.lane_source, tables.lane_target, len(tables.sites)
    store = np.zeros(len(tables.node_names), bool)
    store[sites : tables.source_count] = True
    idle = store.copy()  # a site's own time counts where its goods leave it
    idle[:sites] = tables.sites.cycle_time <= 0.0
    instant = (tables.lanes.lead_time.least + tables.lanes.order_lag <= 0.0) & idle[source]
    for rule, chosen in (
        ("a cycle of stores only holds nothing in place", store[source] & store[target]),
        ("a cycle without stock: its lanes and lots must take some time", instant),
    ):
        names = _cycle(tables, source[chosen], target[chosen])
        if names:
            findings.note(Fault(f"cycle {' > '.join(names)}", rule))


def _cycle(tables: Tables, source: NDArray[Any], target: NDArray[Any]) -> list[str]:
    """The names along one cycle of these lanes, if there is any."""
    behind = levels(len(tables.node_names), source, target) < 0
    if not behind.any():
        return []
    graph: dict[str, list[str]] = {}
    kept = behind[source] & behind[target]
    for start, end in zip(source[kept].tolist(), target[kept].tolist(), strict=True):
        graph.setdefault(tables.node_names[start], []).append(tables.node_names[end])
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    raise AssertionError("nodes behind no cycle")
