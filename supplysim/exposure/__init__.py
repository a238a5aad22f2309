"""How exposed a country is: what it depends on, how long it lasts, what it loses, and why.

>>> from supplysim import exposure
>>> from supplysim.testing import tiny
>>> exposure.origins(tiny(), "DE").loc["ore", "CN"].item()
1.0
"""

from supplysim.exposure.attribution import Attribution, attribution
from supplysim.exposure.audit import audit
from supplysim.exposure.cuts import Cut
from supplysim.exposure.leontief import FlowTable
from supplysim.exposure.leverage import Leverage, leverage
from supplysim.exposure.lookthrough import dependence, hhi, look_through
from supplysim.exposure.loss import (
    DURATIONS,
    cvar,
    in_earnest,
    lasting,
    loss_curve,
    losses,
    spells,
    worst_weeks,
)
from supplysim.exposure.page import Page, exposure_page
from supplysim.exposure.played import Played, play, survival_gap
from supplysim.exposure.power import coercive_power, power_table, quantity_left
from supplysim.exposure.risk import (
    concentration,
    dependency_indicators,
    network_supply_risk,
    supply_risk,
)
from supplysim.exposure.sensitivity import Sensitivity, answer_of, sensitivity
from supplysim.exposure.settling import mser, settled
from supplysim.exposure.static import dependence_table, flows, origins, value_added
from supplysim.exposure.stocks import Stocks
from supplysim.exposure.survival import (
    Survival,
    survival,
    survival_table,
    time_to_recover,
    time_to_survive,
)
from supplysim.exposure.uncertain import RULES, Rule

__all__ = [
    "DURATIONS",
    "RULES",
    "Attribution",
    "Cut",
    "FlowTable",
    "Leverage",
    "Page",
    "Played",
    "Rule",
    "Sensitivity",
    "Stocks",
    "Survival",
    "answer_of",
    "attribution",
    "audit",
    "coercive_power",
    "concentration",
    "cvar",
    "dependence",
    "dependence_table",
    "dependency_indicators",
    "exposure_page",
    "flows",
    "hhi",
    "in_earnest",
    "lasting",
    "leverage",
    "look_through",
    "loss_curve",
    "losses",
    "mser",
    "network_supply_risk",
    "origins",
    "play",
    "power_table",
    "quantity_left",
    "sensitivity",
    "settled",
    "spells",
    "supply_risk",
    "survival",
    "survival_gap",
    "survival_table",
    "time_to_recover",
    "time_to_survive",
    "value_added",
    "worst_weeks",
]
