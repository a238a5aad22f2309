"""``supplysim attach``: a company on a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from supplysim import catalogue
from supplysim.cli.show import plain_table, stdout
from supplysim.company import IN_NEED, Part, attach, parts_of, read_suppliers
from supplysim.errors import Fault, InvalidInput
from supplysim.files import save_network
from supplysim.model import DaysOfCover, Network
from supplysim.plan import make_plan

__all__ = ["attach_and_tell"]

FIRST = "jp-de-cn-2022"
"""The network to hang a company on where none is named, if it is bundled."""


def attach_and_tell(
    suppliers: Path,
    network: str | None,
    out: Path | None,
    *,
    name: str,
    country: str,
    finished_days: float,
    value: float,
) -> None:
    """Hang the company on the network, save that, and print how each part is supplied."""
    bundled = catalogue.networks()
    base = catalogue.load_network(network or (FIRST if FIRST in bundled else bundled[0]))
    made = attach(
        base, suppliers, name=name, country=country, finished_days=finished_days, value=value
    )
    make_plan(made, None, horizon=1, seed=1, replication=0, warmup=None)  # it can run
    folder = out or Path(_folder(name))
    save_network(made, folder)
    parts, _ = parts_of(*read_suppliers(suppliers))
    plain_table(
        f"{name}, {country}, on {base.name}",
        ("part", "made of", "use a day", "days of stock", "days to turn", "from", "in need from"),
        _rows(made, name, parts),
        right=("use a day", "days of stock", "days to turn"),
    )
    raised = [
        f"The {field} of {new.name} was raised by {getattr(new, field) / getattr(old, field) - 1.0:.3%} to make room."
        for old, new in zip(base.sites, made.sites, strict=False)
        for field in ("capacity", "host_yield")
        if getattr(old, field) != getattr(new, field)
    ]
    text = "\n".join(
        [
            *raised,
            f"The network is in {folder}; now run any scenario of {base.name} on it:",
            f"  supplysim run SCENARIO --network {folder}",
        ]
    )
    stdout().print(text, markup=False, soft_wrap=True)


def _folder(name: str) -> str:
    made = "".join(c if c.isalnum() or c in "._-" else "-" for c in name).strip("-.")
    if not made:
        raise InvalidInput([Fault("--out", "is required: the name makes no folder", name)])
    return made


def _rows(network: Network, name: str, parts: Sequence[Part]) -> list[tuple[str, ...]]:
    """How each part is supplied: into the plant, or into an intake of its own."""
    rows: list[tuple[str, ...]] = []
    use = network.baseline().use
    units = {commodity.name: commodity.unit for commodity in network.commodities}
    for part in parts:
        commodity = part.commodity
        intake = f"{name} {part.name}|{commodity}"
        slot = network.slots[intake if intake in network.slots else f"{name}|{commodity}"]
        lanes = network.lanes_into[slot.key]
        policy = slot.item.policy
        assert isinstance(policy, DaysOfCover)
        rows.append(
            (
                part.name,
                commodity,
                f"{use[slot.key]:.3g} {units[commodity]}",
                f"{policy.days:g}",
                f"{slot.item.reaction:g}",
                ", ".join(f"{x.source} {x.share:.0%}" for x in lanes if x.mode != IN_NEED),
                ", ".join(x.source for x in lanes if x.mode == IN_NEED),
            )
        )
    return rows
