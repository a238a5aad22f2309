"""The command line: ``supplysim run``, ``compare``, ``exposure``, ``list``, ``check``, ``schema``.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 failed, 2 an input was refused (nothing
is written then), 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from supplysim.cli.guard import Guarded
from supplysim.cli.options import (
    Central,
    EngineName,
    Horizon,
    Network,
    NetworkName,
    Out,
    Replications,
    ScenarioName,
    ScenarioNames,
    Seed,
    Workers,
)
from supplysim.cli.show import plain_table, say, stdout

__all__ = ["app", "main"]

app = typer.Typer(
    name="supplysim",
    cls=Guarded,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

NEXT = """\
What do countries lose when a state cuts, slows or distorts a flow of goods? Try:

  supplysim list                        the bundled networks and scenarios
  supplysim list jp-de-cn-2022          the goods of a network, who makes and who uses them
  supplysim run gallium-licence-2023    simulate one: who loses what, when, how sure
  supplysim compare A B C               several on the same draws: what would help, at what cost
  supplysim exposure DE JP --on CN      how exposed is a country to another, chain by chain?
  supplysim report magnet-stop          one page on a scenario, to be read and printed
  supplysim check FILE                  is this network or scenario sound?
  supplysim new NAME                    a small commented network and scenario to start your own from
  supplysim attach SUPPLIERS.csv        hang your own company on a network (--template: an example)
  supplysim schema                      JSON Schema of a scenario file, for your editor
  supplysim run --help                  all options
  supplysim --install-completion        let the tab key complete commands and names"""


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a letter that the terminal lacks is no reason to stop
            stream.reconfigure(errors="replace")
    if hasattr(signal, "SIGTERM"):  # tidy up as on an interrupt
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app()
    except SystemExit as leaving:
        _leave(leaving.code)
        raise


def _leave(code: object) -> None:
    """End now if workers were killed: the thread that reads their answers may wait for half of one for ever."""
    job = sys.modules.get("supplysim.cli.job")
    if job is not None and job.abandoned:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code if isinstance(code, int) else 1)


def _version(wanted: bool) -> None:
    if wanted:
        from supplysim import __version__

        typer.echo(f"supplysim {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What is lost when a state cuts, slows or distorts a flow of minerals, chips or batteries?"""
    if context.invoked_subcommand is None:
        typer.echo(NEXT)


@app.command()
def run(  # noqa: PLR0913 - the options of a command
    scenario: ScenarioName,
    network: Network = None,
    replications: Replications = None,
    horizon: Horizon = None,
    seed: Seed = None,
    engine: EngineName = "auto",
    central: Central = False,
    workers: Workers = None,
    out: Out = None,
    report: Annotated[
        bool, typer.Option("--report", help="Leave report.html, the page, in the folder, too.")
    ] = False,
) -> None:
    """Simulate a scenario against the undisturbed network: who loses what, when it starts and ends.

    Leaves figures, the data (result.nc, tables as csv and xlsx) and run.toml, which repeats the run, in a folder.
    """
    say(f"supplysim run {scenario}")  # at once: what follows imports heavy libraries
    from supplysim.cli import job
    from supplysim.cli import report as told
    from supplysim.cli.files import write_all
    from supplysim.cli.folder import building, claim, default_folder

    order = job.prepare(
        scenario,
        network=network,
        settings={"replications": replications, "horizon": horizon, "seed": seed},
        engine=engine,
        central=central,
        workers=workers,
    )
    name = order.scenario.name or Path(scenario).stem
    if network:  # beside the run on the scenario's own network, not in its place
        name += f"-{Path(network).stem}"
    folder = claim(out or default_folder(name))
    told.header(order)
    found = job.work(order)
    say(f"writing {folder}")
    with building(folder) as fresh:
        write_all(order, found, fresh)
        if report:
            from supplysim.cli.telling import answers_to, tell

            tell(order, found, scenario, answers_to(scenario), fresh / "report.html")
    told.findings(order, found)
    stdout().print(f"\nEverything is in {folder}", markup=False, highlight=False, soft_wrap=True)


@app.command("report")
def report_(  # noqa: PLR0913 - the options of a command
    scenario: ScenarioName,
    answer: Annotated[
        list[str] | None,
        typer.Option(help="A scenario that answers it; default: the bundled ones that extend it."),
    ] = None,
    answers: Annotated[
        bool, typer.Option("--answers/--no-answers", help="Whether to run what would help.")
    ] = True,
    network: Network = None,
    replications: Replications = None,
    horizon: Horizon = None,
    seed: Seed = None,
    engine: EngineName = "auto",
    workers: Workers = None,
    out: Annotated[Path | None, typer.Option(help="The page; default: out/NAME.html.")] = None,
) -> None:
    """Write one page on a scenario: the answer, flows, stocks, losses, why, what would help, and every assumption."""
    say(f"supplysim report {scenario}")
    from supplysim.cli import job, telling

    helpers = (answer or telling.answers_to(scenario)) if answers else []
    order = job.prepare(
        scenario,
        network=network,
        settings={"replications": replications, "horizon": horizon, "seed": seed},
        engine=engine,
        workers=workers,
    )
    page = telling.claim_page(out, order.scenario.name or Path(scenario).stem)
    found = job.work(order)
    telling.tell(order, found, scenario, helpers, page)
    stdout().print(f"The page is {page}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def compare(  # noqa: PLR0913 - the options of a command
    scenarios: ScenarioNames,
    reference: Annotated[
        str | None,
        typer.Option(help="Measure all against this one; default: what each extends, if given."),
    ] = None,
    network: Network = None,
    replications: Replications = None,
    horizon: Horizon = None,
    seed: Seed = None,
    engine: EngineName = "auto",
    central: Central = False,
    workers: Workers = None,
    out: Out = None,
) -> None:
    """Compare scenarios on the same draws: loss, start and end, cost, loss avoided per dollar, who decides.

    Leaves comparison.csv, .xlsx, .png and .svg and the scenarios in a folder.
    """
    say(f"supplysim compare {' '.join(scenarios)}")
    from supplysim.cli import contest
    from supplysim.cli.folder import building, claim, default_folder

    order = contest.prepare(
        scenarios,
        reference=reference,
        network=network,
        settings={"replications": replications, "horizon": horizon, "seed": seed},
        engine=engine,
        workers=workers,
        central=central,
    )
    folder = claim(out or default_folder("comparison"))
    table = contest.work(order).table()
    say(f"writing {folder}")
    with building(folder) as fresh:
        contest.write(order, table, fresh)
    contest.show(table)
    stdout().print(f"\nEverything is in {folder}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def exposure(
    countries: Annotated[
        list[str] | None, typer.Argument(help="Countries or groups; default: DE and JP.")
    ] = None,
    on: Annotated[str, typer.Option(help="The country or group that they depend on.")] = "CN",
    days: Annotated[float, typer.Option(help="How long what comes from there stops.")] = 90.0,
    network: Network = None,
    horizon: Annotated[int, typer.Option(min=1, help="Days that are simulated.")] = 540,
    out: Out = None,
) -> None:
    """One page a country: by chain, how dependent it is, how long it lasts, what it loses, what it hangs on.

    With --out, leaves the pages, a figure of each, and the rows of the network behind them in a folder.
    """
    say(f"supplysim exposure {' '.join(countries or [])}".rstrip())
    from supplysim.cli import page
    from supplysim.cli.folder import building, claim

    folder = None if out is None else claim(out)
    pages = page.work(countries or ["DE", "JP"], on, days, network, horizon)
    for name, found in pages.items():
        page.show(name, on, days, found)
    stdout().print(page.NOTE, markup=False)
    if folder is not None:
        with building(folder) as fresh:
            page.write(pages, on, days, fresh)
        stdout().print(f"\nEverything is in {folder}", markup=False, soft_wrap=True)


@app.command("list")
def list_(network: NetworkName = None) -> None:
    """List the bundled networks and scenarios; or the goods of one network, with who makes and who uses them."""
    from supplysim import catalogue

    if network is not None:
        from supplysim.cli.goods import show_goods

        show_goods(network)
        return

    networks = [(name, catalogue.load_network(name)) for name in catalogue.networks()]
    rows = [(name, str(len(n.sites)), str(len(n.lanes)), n.title) for name, n in networks]
    plain_table("Networks", ("name", "sites", "lanes", "title"), rows)
    scenarios = [(name, catalogue.load_scenario(name)) for name in catalogue.scenarios()]
    lines = [(name, " ".join(s.article), s.network, s.title) for name, s in scenarios]
    plain_table("Scenarios", ("name", "clauses", "network", "title"), lines)
    typer.echo("Run one with: supplysim run NAME")


@app.command()
def check(
    what: Annotated[str, typer.Argument(help="A bundled name, a network's folder, or a file.")],
) -> None:
    """Check a network or a scenario: prints OK with counts, or everything that is wrong with it."""
    from supplysim.cli.job import check_input

    typer.echo(check_input(what))


@app.command()
def build(
    figures: Annotated[
        str, typer.Argument(help="A folder of figures, or a bundled network's name.")
    ],
    out: Annotated[
        Path, typer.Option(help="The folder of the network; only a network is replaced.")
    ],
) -> None:
    """Balance figures and build their network; tells what it had to move, and by how much."""
    say(f"supplysim build {figures}")
    from supplysim.cli.build import build_and_tell

    build_and_tell(figures, out)


@app.command()
def figures(
    network: Annotated[str, typer.Argument(help="A bundled network.")],
    out: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
) -> None:
    """Copy the figures behind a bundled network, to change or add rows and build one's own."""
    from supplysim.cli.build import copy_figures

    copy_figures(network, out)


@app.command()
def attach(
    suppliers: Annotated[
        Path | None, typer.Argument(help="A CSV file: one row a part and supplier.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the company is called in tables.")] = "",
    country: Annotated[str, typer.Option(help="Where its plant stands: JP, DE, ...")] = "",
    network: Network = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the network; only a network is replaced.")
    ] = None,
    finished_days: Annotated[
        float, typer.Option(min=0.0, help="Days of its own product that it keeps.")
    ] = 7.0,
    value: Annotated[float, typer.Option(min=0.0, help="What it sells, in USD a day.")] = 0.0,
    template: Annotated[
        bool, typer.Option("--template", help="Print an example of the CSV file, and stop.")
    ] = False,
) -> None:
    """Hang a company on a network by its suppliers; every scenario then answers for it with --network FOLDER."""
    from supplysim.cli.company import attach_and_tell
    from supplysim.company import template as example

    if template:
        typer.echo(example(), nl=False)
        return
    asked = {"SUPPLIERS": suppliers, "--name": name, "--country": country}
    missing = [option for option, given in asked.items() if not given]
    if suppliers is None or missing:
        raise typer.BadParameter(
            f"give {', '.join(missing)} (or --template for an example of the table)"
        )
    say(f"supplysim attach {suppliers}")
    attach_and_tell(
        suppliers,
        network,
        out,
        name=name,
        country=country,
        finished_days=finished_days,
        value=value,
    )


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="A folder that is not there yet.")],
) -> None:
    """Write a small commented network, a scenario and an answer to it, to start your own from."""
    from supplysim.cli.start import start

    folder = start(name)
    typer.echo(
        f"In {folder}: network.toml, stop.toml, reserve.toml; each says what its lines mean. Next:\n"
        f"  cd {name}\n  supplysim check network.toml\n  supplysim run stop.toml\n"
        "  supplysim compare stop.toml reserve.toml"
    )


@app.command()
def schema() -> None:
    """Print the JSON Schema of a scenario file."""
    import json

    from supplysim.files import scenario_schema

    typer.echo(json.dumps(scenario_schema(), indent=2))
