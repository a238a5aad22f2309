"""What a run leaves in its folder: figures, tables, the data, and run.toml, which repeats it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from supplysim import __version__, plots
from supplysim.cli.folder import MARK
from supplysim.cli.job import Findings, Order
from supplysim.ensemble import Ensemble
from supplysim.files import save_network, save_scenario
from supplysim.history import monthly_cover, monthly_flows, monthly_unmet
from supplysim.measures import TradeMeasure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["write_all"]

MOST_PANELS = 4


def write_all(order: Order, found: Findings, folder: Path) -> None:
    """Fill an empty folder."""
    tables = _tables(order, found)
    _write_run(order, folder)
    _write_tables(tables, folder)
    _write_figures(order, found, tables["flows"], folder / "figures")
    _write_data(found, folder / "result.nc")


def _write_run(order: Order, folder: Path) -> None:
    """The scenario with every setting; a network that is not bundled is kept beside it."""
    scenario = order.scenario
    if not order.bundled:
        save_network(order.network, folder / "network")
        scenario = dataclasses.replace(scenario, network="./network")
    path = folder / "run.toml"
    save_scenario(scenario, path)
    head = f"{MARK} {__version__}; `supplysim run run.toml` repeats the run\n"
    path.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")


# --- tables --------------------------------------------------------------------------------------


def _tables(order: Order, found: Findings) -> dict[str, pd.DataFrame]:
    units = {commodity.name: commodity.unit for commodity in order.network.commodities}
    comparison = found.comparison
    tables = {
        "losses": found.losses,
        "flows": monthly_flows(comparison.base, comparison.other),
        "stocks": monthly_cover(comparison.other),
        "unmet": monthly_unmet(comparison),
    }
    for name in ("losses", "flows", "unmet"):
        place = list(tables[name].columns).index("commodity") + 1
        unit = tables[name]["commodity"].map(lambda commodity: units.get(str(commodity), ""))
        tables[name] = tables[name].copy()
        tables[name].insert(place, "unit", unit)
    if found.past is not None:
        months = found.past.months.copy()
        for null, table in found.past.null_months.items():
            months[f"index, null: {null}"] = table["index"]
        tables["history"] = months
        if found.past.score is not None:
            tables["score"] = found.past.score.table()
    return tables


def _write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    import pandas as pd

    (folder / "tables").mkdir()
    for name, table in tables.items():
        path = folder / "tables" / f"{name}.csv"
        table.to_csv(path, index=False, float_format="%.9g", lineterminator="\n")
    with pd.ExcelWriter(folder / "tables.xlsx", engine="openpyxl") as book:
        for name, table in tables.items():
            table.to_excel(book, sheet_name=name, index=False, freeze_panes=(1, 0))
        for sheet in book.sheets.values():
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":  # a name that begins with = is a name
                        cell.data_type = "s"


# --- figures -------------------------------------------------------------------------------------


def _write_figures(order: Order, found: Findings, flows: pd.DataFrame, folder: Path) -> None:
    scenario, comparison = order.scenario, found.comparison
    folder.mkdir()
    units = {item.name: item.unit or "units" for item in order.network.commodities}
    subjects = _subjects(order, flows)
    if subjects:
        panels = plots.new_axes(len(subjects))
        for (origin, commodity), axes in zip(subjects, panels, strict=True):
            unit = units.get(commodity, "units")
            plots.flows(
                comparison,
                origin=origin,
                commodity=commodity,
                unit=unit,
                scenario=scenario,
                axes=axes,
            )
        _save(panels, folder / "flows")
        commodities = list(dict.fromkeys(commodity for _, commodity in subjects))
        panels = plots.new_axes(len(commodities))
        for commodity, axes in zip(commodities, panels, strict=True):
            plots.cover(comparison.other, commodity=commodity, scenario=scenario, axes=axes)
        _save(panels, folder / "stocks")
    _save([plots.unmet(comparison, scenario=scenario)], folder / "unmet")
    _save([plots.totals(comparison)], folder / "losses")
    if found.past is not None and scenario.history is not None:
        past = found.past
        axes = plots.history(
            past.months, scenario.history, scenario=scenario, null_months=past.null_months
        )
        _save([axes], folder / "history")


def _subjects(order: Order, flows: pd.DataFrame) -> list[tuple[str, str]]:
    """Origins and commodities to draw: what the trade measures aim at, then what changed most."""
    if flows.empty:
        return []
    aimed = [
        (origin, commodity)
        for measure in order.scenario.measures
        if isinstance(measure, TradeMeasure)
        for origin in sorted(order.network.countries(measure.origin))
        for commodity in measure.commodities
    ]
    change = (flows["mean"] - flows["undisturbed"]).abs()
    keys = [flows["origin"], flows["commodity"]]
    moved = change.groupby(keys).sum() / flows["undisturbed"].groupby(keys).sum().clip(lower=1e-9)
    ranked = [(str(key[0]), str(key[1])) for key in moved.sort_values(ascending=False).index]
    known = set(ranked)
    wanted = dict.fromkeys([key for key in aimed if key in known] or ranked)
    return list(wanted)[:MOST_PANELS]


def _save(panels: Sequence[Axes], path: Path) -> None:
    for ending in (".png", ".svg"):
        plots.save(panels[0], path.with_suffix(ending))


# --- the data ------------------------------------------------------------------------------------


def _write_data(found: Findings, path: Path) -> None:
    """One netCDF file: replication 0 in full at its root, both ensembles' daily records in groups."""
    found.single.save(path)
    comparison = found.comparison
    for group, runs in (("undisturbed", comparison.base), ("scenario", comparison.other)):
        _append(runs, path, group)


def _append(runs: Ensemble, path: Path, group: str) -> None:
    packing = {
        str(name): {"zlib": True, "complevel": 1, "shuffle": True}
        for name, values in runs.data.data_vars.items()
        if values.dtype == float
    }
    runs.data.to_netcdf(path, mode="a", group=group, engine="netcdf4", encoding=packing)
