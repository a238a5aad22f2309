"""Charts of ensembles. Each function draws on the `matplotlib.axes.Axes` it is given, or on new ones, and returns them.

No global state: figures are made and saved through matplotlib's objects, never through pyplot. Colours
are those of Okabe and Ito, which colour-blind readers can tell apart. Bands hold 5 to 95 per cent of the
replications (``level=0.9``) and nothing else: not the uncertainty of the figures that the network is built from.
"""

from supplysim.plots.chains import chain, flow_map
from supplysim.plots.charts import cover, flows, history, totals, unmet
from supplysim.plots.contrasts import contrast
from supplysim.plots.exposures import (
    attribution,
    dependence,
    leverage,
    loss_curve,
    page,
    ranking,
    sensitivity,
    survival,
)
from supplysim.plots.style import COLOURS, new_axes, save
from supplysim.plots.tiers import tiers

__all__ = [
    "COLOURS",
    "attribution",
    "chain",
    "contrast",
    "cover",
    "dependence",
    "flow_map",
    "flows",
    "history",
    "leverage",
    "loss_curve",
    "new_axes",
    "page",
    "ranking",
    "save",
    "sensitivity",
    "survival",
    "tiers",
    "totals",
    "unmet",
]
