"""What a folder of blocks belongs to, so that it is never mixed with another job's."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from supplysim.ensemble.blocks import write_whole
from supplysim.ensemble.job import BLOCK
from supplysim.errors import Fault, InvalidInput
from supplysim.model import Network
from supplysim.model.lazy import Listed
from supplysim.plan import Plan
from supplysim.scenario import Scenario
from supplysim.splicing import Spliced

__all__ = ["MANIFEST", "claim", "manifest"]

MANIFEST = "manifest.json"


def manifest(
    network: Network,
    scenario: Scenario | Spliced | None,
    plan: Plan,
    *,
    replications: int,
    traces: bool,
    drawn: bool,
) -> dict[str, Any]:
    """All that decides the bytes of the blocks. The engine is not among it: all give the same answer."""
    from supplysim import __version__

    given: Scenario | Spliced = scenario or Scenario()
    usual = Scenario()  # a run's settings stand by themselves, whatever the scenario's defaults are
    if isinstance(given, Scenario):
        given = replace(
            given,
            replications=usual.replications,
            horizon=usual.horizon,
            warmup=usual.warmup,
            seed=usual.seed,
        )
    return {
        "supplysim": __version__,
        "network": f"{network.name} {_digest(network)}",
        "scenario": f"{given.name or 'undisturbed'} {_digest(given)}",
        "seed": plan.seed,
        "horizon": plan.horizon,
        "warmup": plan.warmup,
        "figures": "drawn" if drawn else "central",
        "traces": traces,
        "block": BLOCK,
        "replications": replications,
    }


def _digest(thing: Network | Scenario | Spliced) -> str:
    """A fingerprint of all fields: their text names every type and every figure in full."""
    digest = hashlib.sha256()
    for field in fields(thing):
        value = getattr(thing, field.name)
        digest.update(f"{field.name}=".encode())
        for item in value if isinstance(value, Listed | tuple) else (value,):
            digest.update(f"{item!r},".encode())
    return digest.hexdigest()[:32]


def claim(folder: Path, job: dict[str, Any]) -> None:
    """Make a folder this job's, or see that it is; raises `InvalidInput` with every field that differs.

    A folder may be begun with fewer replications and hold more.
    """
    path = folder / MANIFEST
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InvalidInput([Fault("path", "must be a folder", str(folder))]) from None
    found = _read(path)
    if found is None:
        if any(not file.name.endswith(".part") for file in folder.iterdir()):
            rule = f"holds other things and no {MANIFEST}; choose a new or an empty folder"
            raise InvalidInput([Fault("path", rule, str(folder))], what="ensemble")
        found = {"replications": 0}
    else:
        faults = [
            Fault(name, f"{folder} holds runs with {found.get(name)!r}; choose another path", value)
            for name, value in job.items()
            if name != "replications" and found.get(name) != value
        ]
        if faults:
            raise InvalidInput(faults, what="ensemble")
    if job["replications"] > found["replications"]:
        text = json.dumps(job, indent=2) + "\n"
        write_whole(path, lambda file: file.write(text.encode()))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or type(found.get("replications")) is not int:
        raise InvalidInput([Fault("", "not the manifest of an ensemble")], file=path)
    return found
