"""An input-output table and what follows from its Leontief inverse: who earns what in whose product, however far up.

Sources: Miller and Blair (2009), *Input-Output Analysis*, 2nd ed., chapters 2 and 12; Koopman, Wang and Wei (2014),
*American Economic Review* 104(2) (value added in exports); Antras and Chor (2013), *Econometrica* 81(6), and Miller and
Temurshoev (2017), *Economic Systems Research* 29(4) (upstreamness); Inomata and Hanaka (2024), *Structural Change and
Economic Dynamics* 68 (frequency beside volume).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.exposure.static import flows
from supplysim.model import Network
from supplysim.model.columns import Floats

if TYPE_CHECKING:
    import pandas as pd

    from supplysim.results import Result

__all__ = ["FlowTable"]

LARGEST = 12_000
"""Rows beyond which a dense inverse would take more than a gigabyte."""


@dataclass(frozen=True, eq=False)
class FlowTable:
    """Flows between rows, each a (region, sector), in money a year.

    ``z`` (rows x rows) is what a column takes of a row to make its product, ``y`` (rows x regions) final use,
    ``output`` (rows) what is made in all; ``regions`` name the columns of ``y``. Rows without output are allowed if
    nothing flows into them. Refused with all that is wrong: shapes that do not fit, numbers below 0 in ``z`` or that
    are not finite, rows that do not add up to their output, columns that take more than they make, two rows of one
    name.

    >>> table = FlowTable.of_table([("A", "food"), ("A", "steel")], [[150, 500], [200, 100]], output=[1000, 2000])
    >>> table.leontief.round(8).values.tolist()
    [[1.25412541, 0.330033], [0.2640264, 1.12211221]]
    """

    rows: Sequence[tuple[str, str]]
    regions: Sequence[str]
    z: Floats
    y: Floats
    output: Floats

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise InvalidInput(faults, what="FlowTable")

    @classmethod
    def of_table(
        cls,
        rows: Sequence[tuple[str, str]],
        z: Any,
        y: Any = None,
        *,
        regions: Sequence[str] = (),
        output: Any = None,
    ) -> FlowTable:
        """From numbers: ``y`` has a column a region (default: all of a row's final use at home), or give ``output``.

        ``regions`` default to those of the rows, in order of appearance.
        """
        z = np.asarray(z, dtype=float)
        named = list(regions) or list(dict.fromkeys(region for region, _ in rows))
        if y is None:
            if output is None:
                raise InvalidInput([Fault("y", "give y or output")], what="FlowTable")
            left = np.asarray(output, dtype=float) - z.sum(axis=1)
            y = np.zeros((len(rows), len(named)))
            y[np.arange(len(rows)), [named.index(region) for region, _ in rows]] = left
        y = np.asarray(y, dtype=float)
        made = z.sum(axis=1) + y.sum(axis=1) if output is None else np.asarray(output, dtype=float)
        return cls(tuple(rows), tuple(named), z, y, made)

    @classmethod
    def of_pymrio(cls, io: Any) -> FlowTable:
        """From an input-output system as pymrio has it (its ``Z`` and ``Y``)."""
        regions = [str(r) for r in dict.fromkeys(io.Z.index.get_level_values(0))]
        final = io.Y.T.groupby(level=0, sort=False).sum().T.reindex(columns=regions, fill_value=0.0)
        rows = [(str(region), str(sector)) for region, sector in io.Z.index]
        return cls.of_table(rows, io.Z.to_numpy(float), final.to_numpy(float), regions=regions)

    @classmethod
    def of_network(
        cls, network: Network | Result, days: tuple[int, int] | None = None
    ) -> FlowTable:
        """A row for each country and commodity that is made there, in USD a year at the network's prices.

        Flows are seen through stores (hubs); of a run, as they were in some ``days`` (see `flows`). Commodities without
        a price make nothing and are left out, so nothing can be said of them: refused if all are.
        """
        table = flows(network, days)
        table = table[table["value"] > 0.0]
        rows = sorted(set(zip(table["origin"], table["commodity"], strict=True)))
        place = {row: i for i, row in enumerate(rows)}
        regions = sorted({*table["origin"], *table["importer"]})
        z, y = np.zeros((len(rows), len(rows))), np.zeros((len(rows), len(regions)))
        at = {region: i for i, region in enumerate(regions)}
        for item in table.itertuples():
            row = place[str(item.origin), str(item.commodity)]
            if item.user == "":
                y[row, at[str(item.importer)]] += item.value
            elif (item.importer, item.user) in place:
                z[row, place[str(item.importer), str(item.user)]] += item.value
            else:  # a plant whose own product has no price: what it takes ends there
                y[row, at[str(item.importer)]] += item.value
        return cls.of_table(rows, z, y, regions=regions)

    # --- matrices --------------------------------------------------------------------------------

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """A: what a unit of each column's output takes directly of each row."""
        return self._square(self._a)

    @cached_property
    def leontief(self) -> pd.DataFrame:
        """L = (I - A)^-1: what must be made of each row, in all, for a unit of each column's final use."""
        return self._square(self._l)

    @cached_property
    def value_added_shares(self) -> pd.DataFrame:
        """VB: the share of a unit of each column that was earned in each row; columns sum to 1."""
        return self._square(self._vb)

    @cached_property
    def value_added(self) -> pd.Series[float]:
        """What each row earns: its output less what it takes."""
        import pandas as pd

        return pd.Series(self.output - self.z.sum(axis=0), index=self._index, name="value added")

    @cached_property
    def exports(self) -> pd.Series[float]:
        """What each row sells to other regions, for use in production or finally."""
        import pandas as pd

        home = np.array([region for region, _ in self.rows], dtype=object)
        abroad = np.where(home[:, None] != home[None, :], self.z, 0.0).sum(axis=1)
        final = np.where(
            home[:, None] != np.array(self.regions, dtype=object)[None, :], self.y, 0.0
        )
        return pd.Series(abroad + final.sum(axis=1), index=self._index, name="exports")

    def value_added_in_exports(self) -> pd.DataFrame:
        """VB diag(E): what each row earns in each column's exports."""
        return self._square(self._vb * self.exports.to_numpy())

    def foreign_value_added_in_exports(self) -> pd.Series[float]:
        """What other regions earn in each row's exports."""
        import pandas as pd

        home = np.array([region for region, _ in self.rows], dtype=object)
        foreign = home[:, None] != home[None, :]
        values = np.where(foreign, self._vb, 0.0).sum(axis=0) * self.exports.to_numpy()
        return pd.Series(values, index=self._index, name="foreign value added in exports")

    def value_added_in_final_use(self) -> pd.DataFrame:
        """VBY: what each row earns in the final use of each region."""
        import pandas as pd

        return pd.DataFrame(self._vb @ self.y, index=self._index, columns=list(self.regions))

    # --- positions -------------------------------------------------------------------------------

    def upstreamness(self) -> pd.Series[float]:
        """How many steps each row's output is from final use, on average, counting the last (at least 1).

        (I - B)^-1 1 with B the share of each row's output that goes to each column (Antras and Chor 2013). Value added
        times upstreamness, summed, is total output.
        """
        import pandas as pd

        with np.errstate(all="ignore"):
            shares = np.where(self.output[:, None] > 0.0, self.z / self.output[:, None], 0.0)
        steps = np.linalg.solve(np.eye(len(self.rows)) - shares, np.ones(len(self.rows)))
        return pd.Series(steps, index=self._index, name="upstreamness")

    def downstreamness(self) -> pd.Series[float]:
        """How many steps of production stand in each row's output, on average: the column sums of L (at least 1)."""
        import pandas as pd

        return pd.Series(self._l.sum(axis=0), index=self._index, name="downstreamness")

    def pass_through(self, region: str) -> pd.Series[float]:
        """How often each row's chains pass through a region: purchases made there for a unit, traced all the way up.

        A dollar of output is followed to one of its inputs (as likely as that is large) or to what was earned, again
        and again: the expected number of times that it buys in the region is the sum of (L - I) over its
        rows. Value added says how much ends there; this says how often it could be stopped there (the idea of
        pass-through frequency, Inomata and Hanaka 2024, in expectation over all chains).

        >>> chain = FlowTable.of_table([("X", "ore"), ("Y", "metal"), ("X", "part")],
        ...     [[0, 90, 0], [0, 0, 90], [0, 0, 0]], output=[90, 90, 100])
        >>> chain.pass_through("X").round(3).tolist()  # a part buys metal of Y, which buys ore of X
        [0.0, 1.0, 0.9]
        """
        import pandas as pd

        at = self.at(region)
        visits = (self._l - np.eye(len(self.rows)))[at].sum(axis=0)
        return pd.Series(visits, index=self._index, name=f"passes through {region}")

    def at(self, *regions: str) -> Any:
        """The places of the rows of some regions; refuses unknown ones."""
        known = {region for region, _ in self.rows} | set(self.regions)
        faults = [
            Fault("region", f"unknown; {nearest(name, known)}", name)
            for name in regions
            if name not in known
        ]
        if faults:
            raise InvalidInput(faults, what="FlowTable")
        return np.flatnonzero([region in regions for region, _ in self.rows])

    # --- parts -----------------------------------------------------------------------------------

    @cached_property
    def _a(self) -> Floats:
        with np.errstate(all="ignore"):
            return np.where(self.output > 0.0, self.z / self.output, 0.0)

    @cached_property
    def _l(self) -> Floats:
        try:
            found = np.linalg.inv(np.eye(len(self.rows)) - self._a)
        except np.linalg.LinAlgError:
            rule = "has no Leontief inverse: some rows live on each other alone"
            raise InvalidInput([Fault("z", rule)], what="FlowTable") from None
        return np.asarray(found)

    @cached_property
    def _vb(self) -> Floats:
        return np.asarray((1.0 - self._a.sum(axis=0))[:, None] * self._l)

    @cached_property
    def _index(self) -> pd.MultiIndex:
        import pandas as pd

        return pd.MultiIndex.from_tuples(list(self.rows), names=["region", "sector"])

    def _square(self, values: Floats) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(values, index=self._index, columns=self._index)

    def _faults(self) -> Any:
        count = len(self.rows)
        shapes = {"z": (count, count), "y": (count, len(self.regions)), "output": (count,)}
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values.shape != shape:
                yield Fault(name, f"must have the shape {shape}", values.shape)
                return
            if not np.isfinite(values).all() or (name != "y" and (values < 0.0).any()):
                yield Fault(name, "must be finite numbers" + (", from 0 on" if name != "y" else ""))
                return
        if not 0 < count <= LARGEST:
            yield Fault("rows", f"must be from 1 to {LARGEST}: aggregate first", count)
            return
        if len(set(self.rows)) < count:
            yield Fault("rows", "must not name one (region, sector) twice")
        used, sold = self.z.sum(axis=0), self.z.sum(axis=1) + self.y.sum(axis=1)
        for at, (row, made) in enumerate(zip(self.rows, self.output.tolist(), strict=True)):
            name = " ".join(row)
            if used[at] > made * (1.0 + 1e-9):
                yield Fault(f"column {name}", f"takes more ({used[at]:.6g}) than it makes", made)
            if abs(sold[at] - made) > 1e-6 * max(made, float(sold[at]), 1e-300):
                yield Fault(f"row {name}", f"sells {sold[at]:.6g}, not what it makes", made)
