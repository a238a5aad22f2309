"""The work of ``supplysim report``: runs, answers and history of a scenario, told on one page."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from supplysim import catalogue
from supplysim.cli import contest
from supplysim.cli.folder import default_folder
from supplysim.cli.job import Findings, Order
from supplysim.cli.show import say
from supplysim.errors import Fault, InvalidInput
from supplysim.files.saving import put_file
from supplysim.report import Story, render
from supplysim.simulate import simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["answers_to", "claim_page", "tell"]

MADE = b'name="generator" content="supplysim'
FEW = 8
"""Replications of each answer, if the scenario has more: they are only compared."""


def answers_to(name: str) -> list[str]:
    """The bundled scenarios that extend this one.

    >>> "joint-reserve" in answers_to("magnet-stop")
    True
    """
    return [other for other in catalogue.scenarios() if catalogue.extended(other) == name]


def claim_page(out: Path | None, name: str) -> Path:
    """Where the page goes; refuses a place that cannot be written, or a file that is no page of ours."""
    path = (out or default_folder(name).with_suffix(".html")).expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") if path.exists() else nullcontext() as file:
            strange = file is not None and MADE not in file.read(400)
        rule = "is there already, and is no report; it is kept" if strange else ""
    except OSError as error:
        rule = f"cannot be written: {error.strerror}"
    if rule:
        raise InvalidInput([Fault("--out", rule, str(path))], what="report")
    return path


def tell(order: Order, found: Findings, name: str, answers: Sequence[str], path: Path) -> None:
    """Write the page, whole or not at all."""
    scenario = order.scenario
    undisturbed = dataclasses.replace(scenario, name="undisturbed", measures=(), history=None)
    base = simulate(order.network, undisturbed, figures="drawn")
    past = found.past
    story = Story(
        scenario,
        order.network,
        found.comparison,
        base,
        found.single,
        repeat=_repeat(name, order, answers),
        months=None if past is None else past.months,
        null_months=None if past is None else past.null_months,
        score=None if past is None else past.score,
        answers=_compared(order, name, answers),
    )
    say("writing the page")
    put_file(path, render(story))


def _compared(order: Order, name: str, answers: Sequence[str]) -> pd.DataFrame | None:
    if not answers:
        return None
    scenario = order.scenario
    asked = contest.prepare(
        [name, *answers],
        reference=scenario.name or Path(name).stem,
        network=scenario.network,
        settings={
            "replications": min(scenario.replications, FEW),
            "horizon": scenario.horizon,
            "seed": scenario.seed,
        },
        engine=order.engine,
        workers=order.workers,
        central=False,
    )
    return contest.work(asked).table()


def _repeat(name: str, order: Order, answers: Sequence[str]) -> str:
    s = order.scenario
    chosen = "".join(f" --answer {answer}" for answer in answers) if answers else " --no-answers"
    return (
        f"supplysim report {name} --network {s.network} --replications {s.replications} "
        f"--horizon {s.horizon} --seed {s.seed}{chosen}"
    )
