"""An ensemble: what is known of many replications, read block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from supplysim.engines.trace import Array
from supplysim.ensemble import statistics
from supplysim.ensemble.blocks import Blocks
from supplysim.ensemble.job import KEPT, MONEY
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.grouping import Groups
from supplysim.plan import Plan
from supplysim.results import calendar, labels

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Ensemble"]

KIND = {name: kind for kind, names in KEPT.items() for name in names}


class Ensemble:
    """Replications of one scenario: daily records by group (country, commodity, ...), and what they come to.

    Groups are those of `supplysim.grouping`, by kind of entity; ``labels`` describes them. Records: ``output``
    (site), ``on_hand`` (slot), ``wanted``, ``served``, ``unmet``, ``deferred``, ``recovered``, ``backlog`` (demand),
    ``shipped`` (lane). They are read from blocks in memory or in files; what a method gives
    back is small unless it says that it is whole.

    >>> import supplysim as ss
    >>> from supplysim.testing import tiny
    >>> runs = ss.ensemble(tiny(), None, replications=3, horizon=30, progress=False, executor=1)
    >>> runs.mean("served").sel(demand="DE ore").values[:3].tolist()
    [1.0, 1.0, 1.0]
    >>> runs.totals("served").values.tolist()
    [[30.0], [30.0], [30.0]]
    """

    def __init__(self, plan: Plan, groups: Groups, blocks: Blocks) -> None:
        self._plan = plan
        self._blocks = blocks
        self.groups = groups
        self.replications = blocks.count

    def __repr__(self) -> str:
        attrs = self.attrs
        return (
            f"<Ensemble {attrs['network']!r}, scenario {attrs['scenario']!r}, "
            f"{self.replications} replications of {attrs['horizon']} days>"
        )

    @property
    def attrs(self) -> dict[str, Any]:
        """Network, scenario, horizon and warm-up (days), figures and seed, as a dataset's attributes."""
        return {
            "network": self._plan.network.name,
            "scenario": self._plan.timeline.name,
            "horizon": self._plan.horizon,
            "warmup": self._plan.warmup,
            "figures": "drawn" if self._drawn else "central",
            "seed": str(self._plan.seed),
        }

    @property
    def _drawn(self) -> bool:
        return "use" in (self._blocks.record.names or ())

    @cached_property
    def labels(self) -> xr.Dataset:
        """Replications, days and dates, and the groups of every kind with their parts; no records.

        ``slot_use`` is that of the central figures; see `use` for what it is in each replication.
        """
        import xarray as xr

        coords: dict[str, Any] = {**calendar(self._plan), **self.groups.names}
        for name, values in self.groups.coords.items():
            coords[name] = (name.split("_", 1)[0], values)
        coords["replication"] = np.arange(self.replications)
        return xr.Dataset(coords=coords, attrs=self.attrs)

    # --- records by group ------------------------------------------------------------------------

    def blocks(self, record: str) -> Iterator[Array]:
        """A daily record block by block: arrays of shape (replications, days, groups), read-only in files."""
        if record not in KIND:
            raise InvalidInput([Fault("record", f"not kept; {nearest(record, KIND)}", record)])
        return (block["groups"][record] for block in self._blocks)

    def series(self, record: str) -> xr.DataArray:
        """A daily record whole: replication x time x group. Large where replications are many."""
        whole = self._joined(self.blocks(record))
        return self._label(record, whole, "replication", "time", KIND[record])

    def daily(self, record: str, groups: npt.ArrayLike) -> Array:
        """A daily record summed over chosen groups (places or a mask): replications x days."""
        return np.concatenate([block[:, :, groups].sum(axis=2) for block in self.blocks(record)])  # type: ignore[index]

    def totals(self, record: str) -> xr.DataArray:
        """A record summed over the run: replication x group."""
        values = statistics.totals(self._pieces(record))
        return self._label(record, values, "replication", KIND[record])

    def use(self, groups: npt.ArrayLike) -> Array:
        """Undisturbed use a day of chosen groups of slots (places or a mask), together, by replication."""
        which: Any = groups
        if self._drawn:
            return np.concatenate([block["use"][:, which].sum(axis=1) for block in self._blocks])
        return np.full(self.replications, self.groups.coords["slot_use"][which].sum())

    def money(self, kind: str, account: str) -> xr.DataArray:
        """USD over the run by replication and group.

        Accounts: ``goods``, ``freight``, ``duty``, ``ordering``, ``holding`` of lanes, ``holding`` of sites and slots,
        ``penalty`` of demands.
        """
        if account not in MONEY.get(kind, ()):
            known = [f"{kind} {name}" for kind, names in MONEY.items() for name in names]
            what = f"{kind} {account}"
            raise InvalidInput([Fault("account", f"not kept; {nearest(what, known)}", what)])
        name = f"{kind}_{account}"
        values = self._joined(block["money"][name] for block in self._blocks)
        return self._label(f"money_{name}", values, "replication", kind)

    # --- over replications -----------------------------------------------------------------------

    def mean(self, record: str) -> xr.DataArray:
        """Mean over replications: time x group."""
        return self._label(record, statistics.mean(self._pieces(record)), "time", KIND[record])

    def sd(self, record: str) -> xr.DataArray:
        """Standard deviation over replications (n - 1): time x group."""
        return self._label(record, statistics.sd(self._pieces(record)), "time", KIND[record])

    def quantiles(self, record: str, q: Sequence[float]) -> xr.DataArray:
        """Quantiles over replications: quantile x time x group."""
        values = statistics.quantiles(self._pieces(record), q)
        found = self._label(record, values, "quantile", "time", KIND[record])
        return found.assign_coords(quantile=list(q))

    def _joined(self, pieces: Iterable[Array]) -> Array:
        return statistics.joined(pieces, self.replications)

    def _pieces(self, record: str) -> Callable[[], Iterator[Array]]:
        return lambda: self.blocks(record)

    def _label(self, name: str, values: Array, *dims: str) -> xr.DataArray:
        import xarray as xr

        mine = {
            key: coord for key, coord in self.labels.coords.items() if set(coord.dims) <= set(dims)
        }
        return xr.DataArray(values, coords=mine, dims=dims, name=name, attrs=self.attrs)

    # --- records by entity -----------------------------------------------------------------------

    @cached_property
    def data(self) -> xr.Dataset:
        """The daily records of every entity, whole: replication x time x site | slot | demand | lane.

        ``slot_gain`` and ``slot_use`` are those of the central figures. Raises `InvalidInput` unless the ensemble was
        run with ``traces=True``.
        """
        import xarray as xr

        if "entities" not in (self._blocks.record.names or ()):
            rule = (
                "the records of single entities were not kept; run ensemble(..., traces=True), "
                "or use the records by group: series, mean, quantiles, totals"
            )
            raise InvalidInput([Fault("data", rule)], what="Ensemble")
        names = self._plan.network.tables.entity_names()
        coords = labels(self._plan, names) | {"replication": np.arange(self.replications)}
        variables = {
            record: (
                ("replication", "time", kind),
                self._joined(block["entities"][record] for block in self._blocks),
            )
            for record, kind in KIND.items()
        }
        return xr.Dataset(variables, coords=coords, attrs=self.attrs)
