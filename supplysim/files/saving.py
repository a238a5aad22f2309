"""Networks to folders of tables; and files and folders that appear whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import secrets
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from supplysim.errors import Fault, InvalidInput
from supplysim.files.folder import HEAD, read_folder
from supplysim.files.places import evidence_faults, evidence_of
from supplysim.files.reading import refusing
from supplysim.files.tables import TABLES, Column, Table, cell_text
from supplysim.model import Network

__all__ = ["put_file", "save_network", "toml_text"]


def save_network(network: Network, folder: Path | str) -> None:
    """Write a network as a folder of tables, which `supplysim.load_network` reads back to an equal one.

    A folder that is there already is replaced only if it is a network's and holds nothing else.
    Refuses rows that say neither where their figures come from nor that they are assumed.

    >>> import tempfile
    >>> from supplysim.files import load_network
    >>> from supplysim.model import Commodity, Demand, Lane, Network, Site
    >>> net = Network(
    ...     name="tiny",
    ...     commodities=[Commodity("ore")],
    ...     sites=[Site("mine", country="CN", makes="ore", capacity=5.0)],
    ...     demands=[Demand("use", country="DE", commodity="ore", rate=4.0)],
    ...     lanes=[Lane("mine", "use", lead_time=30)],
    ... )
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     save_network(net, f"{parent}/tiny")
    ...     load_network(f"{parent}/tiny") == net
    True
    """
    folder = Path(folder).resolve()  # a link is kept; what it points to is replaced
    with refusing("saving a network", folder):
        faults = [*_target_faults(folder), *_unsourced(network)]
        if faults:
            raise InvalidInput(faults)
        with _replacing(folder) as fresh:
            for file, text in _texts(network).items():
                _write(fresh / file, text)
            if read_folder(fresh) != network:
                raise InvalidInput([Fault("", "would not read back to an equal network")])


def _target_faults(folder: Path) -> Iterator[Fault]:
    if not folder.parent.is_dir():
        yield Fault("", "the folder that it shall stand in does not exist")
    elif folder.exists() and not (folder / HEAD).is_file():
        yield Fault("", f"is there already and is no network folder (no {HEAD}); it is kept")
    elif folder.exists():
        known = {HEAD, *(table.file for table in TABLES.values())}
        for path in sorted(folder.iterdir()):
            if path.name not in known:
                yield Fault(
                    path.name, "is no file of a network; replacing the folder would lose it"
                )


def _unsourced(network: Network) -> Iterator[Fault]:
    for table, name, evidence in evidence_of(network):
        for fault in evidence_faults(evidence, network.sources):
            yield Fault(f"{table}.{name}.evidence.{fault.path}", fault.rule, fault.value)


# --- the text of the files -----------------------------------------------------------------------


def _texts(network: Network) -> dict[str, str]:
    head = {
        "name": network.name,
        "title": network.title,
        "description": network.description,
        "base_year": network.base_year,
        "groups": {name: list(members) for name, members in network.groups.items()},
    }
    texts = {HEAD: toml_text({key: value for key, value in head.items() if value or value == 0})}
    product = {site.name: site.makes for site in network.sites}
    product |= {store.name: store.commodity for store in network.stores}
    rows: dict[str, list[tuple[Any, dict[str, str]]]] = {
        "sources": [(source, {"key": key}) for key, source in network.sources.items()],
        "commodities": [(commodity, {}) for commodity in network.commodities],
        "sites": [(site, {}) for site in network.sites],
        "inputs": [
            (item, {"site": site.name, "commodity": name})
            for site in network.sites
            for name, item in site.inputs.items()
        ],
        "stores": [(store, {}) for store in network.stores],
        "demands": [(demand, {}) for demand in network.demands],
        "lanes": [(lane, {"commodity": product[lane.source]}) for lane in network.lanes],
        "ranges": [(item, {}) for item in network.ranges],
    }
    written = {name: table for name, table in TABLES.items() if rows[name] or name != "ranges"}
    return texts | {table.file: _csv(table, rows[name]) for name, table in written.items()}


def _csv(table: Table, rows: list[tuple[Any, dict[str, str]]]) -> str:
    """The table without columns that hold nothing but defaults; those for readers are kept."""
    columns = [
        column
        for column in table.columns.values()
        if column.asked
        or column.path[:1] == ("evidence",)
        or any(_value(column, *row) not in (None, column.default) for row in rows)
    ]
    text = io.StringIO(newline="")
    plain = csv.writer(text, lineterminator="\n")
    # before Python 3.13 the writer leaves a carriage return unquoted, at which the reader stumbles
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(column.name for column in columns)
    for item, beside in rows:
        cells = [cell_text(_value(column, item, beside)) for column in columns]
        (quoted if any("\r" in cell for cell in cells) else plain).writerow(cells)
    return text.getvalue()


def _value(column: Column, item: Any, beside: dict[str, str]) -> Any:
    if not column.path:
        return beside[column.name]
    *owners, name = column.path
    for owner in owners:
        item = getattr(item, owner)
        if item is None:  # a store without a release rule
            return None
    return getattr(item, name)


def toml_text(data: dict[str, Any]) -> str:
    """TOML that reads back to the same data, with long texts as they are meant to be read if that works.

    >>> print(toml_text({"title": "one\\ntwo"}), end="")
    title = \"\"\"
    one
    two\"\"\"
    """
    import tomli_w

    text = tomli_w.dumps(data, multiline_strings=True)
    # line ends other than \\n do not survive in a text over several lines
    return text if tomllib.loads(text) == data else tomli_w.dumps(data)


# --- whole or not at all -------------------------------------------------------------------------


def put_file(path: Path, text: str) -> None:
    """Write a file under another name, then give it its own."""
    fresh = _beside(path)
    try:
        _write(fresh, text)
        os.replace(fresh, path)  # noqa: PTH105 - atomic on every system, and known as such
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A fresh folder to fill, which takes the place of ``folder`` at the end, or goes if that fails."""
    fresh, old = _beside(folder), _beside(folder)
    fresh.mkdir()
    try:
        yield fresh
        if folder.exists():  # no system swaps two folders in one step
            folder.rename(old)
        try:
            fresh.rename(folder)
        except BaseException:
            if old.exists():
                old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:80]}.{secrets.token_hex(8)}")


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
