"""How exposed a country is: what it depends on, how long it lasts, what it loses, and why.

>>> from supplysim import exposure
>>> from supplysim.testing import tiny
>>> exposure.origins(tiny(), "DE").loc["ore", "CN"].item()
1.0
"""

from supplysim.exposure.static import dependence_table, flows, origins, value_added

__all__ = ["dependence_table", "flows", "origins", "value_added"]
