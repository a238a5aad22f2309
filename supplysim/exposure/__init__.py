"""How exposed a country is: what it depends on, how long it lasts, what it loses, and why.

>>> from supplysim import exposure
>>> from supplysim.testing import tiny
>>> exposure.origins(tiny(), "DE").loc["ore", "CN"].item()
1.0
"""

from supplysim.exposure.attribution import Attribution, attribution
from supplysim.exposure.cuts import Cut
from supplysim.exposure.played import Played, play, survival_gap
from supplysim.exposure.power import coercive_power, power_table, quantity_left
from supplysim.exposure.static import dependence_table, flows, origins, value_added
from supplysim.exposure.stocks import Stocks
from supplysim.exposure.survival import (
    Survival,
    survival,
    survival_table,
    time_to_recover,
    time_to_survive,
)

__all__ = [
    "Attribution",
    "Cut",
    "Played",
    "Stocks",
    "Survival",
    "attribution",
    "coercive_power",
    "dependence_table",
    "flows",
    "origins",
    "play",
    "power_table",
    "quantity_left",
    "survival",
    "survival_gap",
    "survival_table",
    "time_to_recover",
    "time_to_survive",
    "value_added",
]
