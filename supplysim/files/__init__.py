"""Networks and scenarios as files: a folder of CSV tables, or TOML. All of it works on paths.

A network folder holds ``network.toml`` (name, title, description, base_year, groups) and the tables
``sources``, ``commodities``, ``sites``, ``inputs``, ``stores``, ``demands``, ``lanes`` and, where figures are
uncertain, ``ranges`` as ``.csv``: UTF-8, commas, a header row whose columns are the fields of the classes in
`supplysim.model`, an empty cell for a default. Every row says where its figures come from (``source``,
``confidence``, ``note``: an `supplysim.model.Evidence`); a lane's ends are therefore ``from`` and ``to``. A small
network may be one TOML file instead. A scenario is a TOML file.

Bundled names are resolved one layer above, in `supplysim.catalogue`.
"""

from supplysim.files.check import check_file
from supplysim.files.network import load_network
from supplysim.files.saving import save_network
from supplysim.files.scenario import load_scenario, save_scenario
from supplysim.files.schema import scenario_schema

__all__ = [
    "check_file",
    "load_network",
    "load_scenario",
    "save_network",
    "save_scenario",
    "scenario_schema",
]
