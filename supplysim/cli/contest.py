"""The work of ``supplysim compare``: many scenarios on common random numbers, one table and one figure."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from supplysim import __version__, catalogue, plots
from supplysim.cli.folder import MARK
from supplysim.cli.job import Order, process_pool, run_ensemble, workers_for
from supplysim.cli.show import plain_table, say, stdout
from supplysim.ensemble import Contrast, compare, outcome
from supplysim.errors import Fault, InvalidInput
from supplysim.files import save_scenario
from supplysim.model import Network
from supplysim.plan import default_warmup, make_plan
from supplysim.plots.style import usd
from supplysim.running import Engine, choose, releases_gil
from supplysim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contest", "prepare", "show", "work", "write"]

NOTE = """\
Loss of value added in JP and DE (of final use where the network has no value added), with the interval of its mean;
then by country. starts, ends: days on which the last 28 days fall 1 % short, and no longer do. cost: of the measures
beyond the scenario that is answered; avoided: of its loss; effect: the day from which that shows."""


@dataclass(frozen=True)
class Contest:
    """What is compared: scenarios by name with the same settings, and what each is measured against."""

    orders: Mapping[str, Order]
    undisturbed: Order
    references: Mapping[str, str]

    @property
    def network(self) -> Network:
        """The network of all of them."""
        return self.undisturbed.network


def prepare(
    names: Sequence[str],
    *,
    reference: str | None,
    network: str | None,
    settings: Mapping[str, int | None],
    engine: str,
    workers: int | None,
    central: bool,
) -> Contest:
    """Load and check everything before anything runs, with every fault at once."""
    scenarios, faults = dict[str, Scenario](), list[Fault]()
    for name in dict.fromkeys(names):
        try:
            scenario = catalogue.load_scenario(name)
        except InvalidInput as error:
            faults += [
                dataclasses.replace(f, path=f"{name}: {f.path}".rstrip(": ")) for f in error.faults
            ]
            continue
        scenarios[scenario.name or Path(name).stem] = scenario
    if reference is not None and reference not in scenarios:
        faults.append(Fault("--reference", "must be one of those compared", reference))
    wanted = {network or s.network or catalogue.DEFAULT for s in scenarios.values()}
    if len(wanted) > 1:
        rule = "scenarios of different networks; compare them on one with --network"
        faults.append(Fault("network", rule, sorted(wanted)))
    if faults:
        raise InvalidInput(faults, what="compare")
    place = wanted.pop() if wanted else catalogue.DEFAULT
    beside = "" if network or place in catalogue.networks() else Path(names[0]).parent
    net = catalogue.load_network(place, beside=beside)
    if central:
        net = net.replace(ranges=())
    given = {key: value for key, value in settings.items() if value is not None}
    common = {
        "horizon": max(s.horizon for s in scenarios.values()),
        "replications": max(s.replications for s in scenarios.values()),
        "seed": min(s.seed for s in scenarios.values()),
        "warmup": default_warmup(net),
    } | given
    same = {
        name: dataclasses.replace(s, name=name, network=place, history=None, **common)  # type: ignore[arg-type]
        for name, s in scenarios.items()
    }
    chosen = _engine(net, same, engine, common)
    count = workers_for(workers, common["replications"])
    orders = {name: Order(s, net, not central, chosen, count) for name, s in same.items()}
    calm = Scenario(name="undisturbed", network=place, **common)  # type: ignore[arg-type]
    say(
        f"{len(same)} scenarios and the undisturbed network, {common['replications']} replications of each"
    )
    return Contest(
        orders, Order(calm, net, not central, chosen, count), _references(names, same, reference)
    )


def _engine(
    network: Network, scenarios: Mapping[str, Scenario], engine: str, common: Mapping[str, int]
) -> Engine:
    plans = [
        make_plan(
            network,
            scenario,
            horizon=common["horizon"],
            seed=common["seed"],
            replication=0,
            warmup=common["warmup"],
        )
        for scenario in scenarios.values()
    ]
    runs = (1 + len(plans)) * common["replications"]
    return choose(cast("Engine", engine), plans, runs=runs)


def _references(
    names: Sequence[str], scenarios: Mapping[str, Scenario], reference: str | None
) -> dict[str, str]:
    """Each is measured against the one given, else against what it extends, where that is compared, too."""
    if reference is not None:
        return {name: reference for name in scenarios if name != reference}
    found = {}
    for given, name in zip(dict.fromkeys(names), scenarios, strict=True):
        parent = catalogue.extended(given)
        if parent in scenarios:
            found[name] = parent
    return found


# --- the runs ------------------------------------------------------------------------------------


def work(contest: Contest) -> Contrast:
    """Run all of them, one after another beside the undisturbed network on the same draws."""
    calm = contest.undisturbed
    outcomes = {}
    with (
        nullcontext(calm.workers)
        if releases_gil(calm.engine)
        else process_pool(calm.workers) as pool
    ):
        base = run_ensemble(calm, calm.scenario, pool, "undisturbed")
        for name, order in contest.orders.items():
            runs = run_ensemble(order, order.scenario, pool, name)
            outcomes[name] = outcome(compare(base, runs), contest.network)
    scenarios = {name: order.scenario for name, order in contest.orders.items()}
    return Contrast(contest.network, scenarios, outcomes, contest.references, calm.scenario.horizon)


# --- what it leaves ------------------------------------------------------------------------------


def write(contest: Contest, table: pd.DataFrame, folder: Path) -> None:
    """The table as csv and xlsx, the figure as png and svg, the scenarios as they were run."""
    table.to_csv(folder / "comparison.csv", index=False, float_format="%.9g", lineterminator="\n")
    table.to_excel(folder / "comparison.xlsx", index=False, freeze_panes=(1, 0))
    axes = plots.contrast(table)
    for ending in ("png", "svg"):
        plots.save(axes, folder / f"comparison.{ending}")
    (folder / "scenarios").mkdir()
    for name, order in contest.orders.items():
        save_scenario(order.scenario, folder / "scenarios" / f"{name}.toml")
    head = f"{MARK} {__version__}; these scenarios were compared, see scenarios/\n"
    names = "".join(f"# {name}\n" for name in contest.orders)
    (folder / "run.toml").write_text(head + names, encoding="utf-8", newline="\n")


def show(table: pd.DataFrame) -> None:
    """Print it."""
    columns = (
        *("scenario", "loss", "90 % interval", "JP", "DE", "CN", "use JP+DE"),
        *("starts", "ends", "cost", "avoided", "per USD", "effect"),
    )
    rows = []
    unit, word = usd(float(table["loss"].abs().max()))
    for row in table.to_dict("records"):
        low, high = row["loss_low"] / unit, row["loss_high"] / unit
        rows.append(
            (
                row["scenario"],
                f"{row['loss'] / unit:,.2f}",
                f"{low:,.2f} to {high:,.2f}",
                *(f"{row[f'value added {x}'] / unit:,.2f}" for x in ("JP", "DE", "CN")),
                f"{(row['use JP'] + row['use DE']) / unit:,.2f}",
                *(_days(row[x]) for x in ("starts", "ends")),
                *(
                    "" if math.isnan(row[x]) else f"{row[x] / unit:,.3f}"
                    for x in ("cost", "avoided")
                ),
                "" if math.isnan(row["per_dollar"]) else f"{row['per_dollar']:,.1f}",
                _days(row["effect"]),
            )
        )
    title = f"Losses against the undisturbed network, {word} at normal prices"
    plain_table(title, columns, rows, right=columns[1:])
    stdout().print(NOTE, markup=False)
    told = [
        (r["scenario"], r["decides"], r["legal_basis"], r["status"])
        for r in table.to_dict("records")
    ]
    plain_table("Who decides", ("scenario", "who", "legal basis", "status"), told)


def _days(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0f}"
