"""The bundled networks and scenarios, by name; a name that is not bundled is taken as a path.

Networks are folders of this package, one each. Scenarios stand in ``supplysim/scenarios`` of an installed
package and in the folder ``scenarios`` at the top of a checkout.
"""

from __future__ import annotations

from pathlib import Path

from supplysim import files
from supplysim.errors import Fault, InvalidInput, nearest
from supplysim.files.inheritance import beside, parent
from supplysim.files.reading import exists
from supplysim.model import Network
from supplysim.scenario import Scenario

__all__ = [
    "DEFAULT",
    "check_file",
    "extended",
    "figures_path",
    "load_network",
    "load_scenario",
    "network_path",
    "networks",
    "scenario_path",
    "scenarios",
]

DEFAULT = "jp-de-cn-2022"
"""The network of whoever names none."""
_HERE = Path(__file__).resolve().parent


def networks() -> tuple[str, ...]:
    """The names of the bundled networks, sorted.

    >>> networks()[:2]
    ('fluorides-2019', 'gallium-2022')
    """
    return tuple(sorted(path.parent.name for path in _HERE.glob("*/network.toml")))


def scenarios() -> tuple[str, ...]:
    """The names of the bundled scenarios, sorted.

    >>> "gallium-licence-2023" in scenarios()
    True
    """
    return tuple(sorted(path.stem for path in _scenario_folder().glob("*.toml")))


def network_path(name: str) -> Path:
    """The folder of a bundled network.

    >>> network_path("galium")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    supplysim.errors.InvalidInput: network refused, 1 fault:
      no bundled network has this name; ...; found 'galium'
    """
    if name not in networks():
        rule = f"no bundled network has this name; {nearest(name, networks())}"
        raise InvalidInput([Fault("", rule, name)], what="network")
    return _HERE / name


def figures_path(name: str) -> Path:
    """The folder of the figures that a bundled network was built from; see `supplysim.calibration`.

    >>> (figures_path("jp-de-cn-2022") / "graphite" / "trade.csv").is_file()
    True
    """
    known = sorted(path.parent.name for path in _HERE.glob("figures/*/figures.toml"))
    if name not in known:
        rule = f"no bundled network built from figures has this name; {nearest(name, known)}"
        raise InvalidInput([Fault("", rule, name)], what="figures")
    return _HERE / "figures" / name


def scenario_path(name: str) -> Path:
    """The file of a bundled scenario.

    >>> scenario_path("magnet-stop").name
    'magnet-stop.toml'
    """
    if name not in scenarios():
        rule = f"no bundled scenario has this name; {nearest(name, scenarios())}"
        raise InvalidInput([Fault("", rule, name)], what="scenario")
    return _scenario_folder() / f"{name}.toml"


def load_network(name_or_path: Path | str = DEFAULT, *, beside: Path | str = "") -> Network:
    """A bundled network by its name, or the network of a folder or file; by default ``jp-de-cn-2022``.

    A relative path is taken from the folder ``beside`` (default: where you are). To reach a folder that is
    named like a bundled network, write ``./name`` or give a `pathlib.Path`.

    >>> network = load_network("gallium-2022")
    >>> len(network.sites), len(network.lanes)
    (41, 151)
    """
    return files.load_network(_find_network(name_or_path, Path(beside)))


def load_scenario(name_or_path: Path | str) -> Scenario:
    """A bundled scenario by its name, or the scenario of a file; the same rules as for networks.

    >>> load_scenario("joint-reserve").title
    'Joint reserve and mutual aid of Japan and Germany against the magnet stop'
    """
    if isinstance(name_or_path, str) and name_or_path in scenarios():
        return files.load_scenario(scenario_path(name_or_path), find=_find_scenario)
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and not exists(path):
        raise _unknown("scenario", name_or_path, scenarios())
    return files.load_scenario(path, find=_find_scenario)


def check_file(name_or_path: Path | str) -> Network | Scenario:
    """Load and return a network or scenario, bundled or not; a scenario is tried on its network, too.

    >>> type(check_file("gallium-2022")).__name__, type(check_file("magnet-stop")).__name__
    ('Network', 'Scenario')
    """
    if isinstance(name_or_path, str):
        if name_or_path in networks():
            return files.load_network(network_path(name_or_path))
        if name_or_path in scenarios():
            path = scenario_path(name_or_path)
            return files.check_file(path, find=_find_network, find_scenario=_find_scenario)
        if not exists(Path(name_or_path)):
            raise _unknown("network or scenario", name_or_path, (*networks(), *scenarios()))
    return files.check_file(name_or_path, find=_find_network, find_scenario=_find_scenario)


def extended(name_or_path: Path | str) -> str:
    """The name of the scenario that a bundled one, or that of a file, extends; empty if it extends none.

    >>> extended("joint-reserve"), extended("magnet-stop")
    ('magnet-stop', '')
    """
    bundled = isinstance(name_or_path, str) and name_or_path in scenarios()
    path = scenario_path(str(name_or_path)) if bundled else Path(name_or_path)
    place = parent(path, _find_scenario)
    return "" if place is None else place.stem


def _find_scenario(name: str, folder: Path) -> Path:
    """A file beside the one that names it, else a bundled scenario."""
    try:
        return beside(name, folder)
    except InvalidInput:
        if name in scenarios():
            return scenario_path(name)
        raise _unknown("scenario", name, scenarios()) from None


def _find_network(name_or_path: Path | str, folder: Path) -> Path:
    if isinstance(name_or_path, str) and name_or_path in networks():
        return network_path(name_or_path)
    path = folder / name_or_path
    if isinstance(name_or_path, str) and not exists(path):
        raise _unknown("network", name_or_path, networks())
    return path


def _unknown(what: str, name: str, known: tuple[str, ...]) -> InvalidInput:
    rule = f"neither bundled nor a file or folder; {nearest(name, known)}"
    return InvalidInput([Fault("", rule, name)], what=what)


def _scenario_folder() -> Path:
    installed = _HERE.parent / "scenarios"
    return installed if installed.is_dir() else _HERE.parent.parent / "scenarios"
