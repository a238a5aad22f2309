"""What analysts have already, as networks: trade statistics, input-output tables, material-flow tables.

Everything here only reads; nothing is fetched. What a reader leaves out, it counts and tells.
"""

from supplysim.importers.flows import MaterialFlows, read_flodym, read_flows
from supplysim.importers.mrio import SectorNetwork, read_mrio
from supplysim.importers.processes import flow_network
from supplysim.importers.trade import TradeTable, read_baci, read_comtrade
from supplysim.importers.traded import shares, trade_figures, trade_network

__all__ = [
    "MaterialFlows",
    "SectorNetwork",
    "TradeTable",
    "flow_network",
    "read_baci",
    "read_comtrade",
    "read_flodym",
    "read_flows",
    "read_mrio",
    "shares",
    "trade_figures",
    "trade_network",
]
