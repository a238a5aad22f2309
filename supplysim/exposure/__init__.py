"""How exposed a country is: what it depends on, how long it lasts, what it loses, and why.

>>> from supplysim import exposure
>>> from supplysim.testing import tiny
>>> exposure.origins(tiny(), "DE").loc["ore", "CN"].item()
1.0
"""

from supplysim.exposure.power import coercive_power, power_table, quantity_left
from supplysim.exposure.static import dependence_table, flows, origins, value_added

__all__ = [
    "coercive_power",
    "dependence_table",
    "flows",
    "origins",
    "power_table",
    "quantity_left",
    "value_added",
]
