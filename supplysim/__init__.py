"""supplysim: what is lost when a state cuts, slows or distorts a flow of minerals, chips or batteries."""

from supplysim.errors import (
    Fault,
    InvalidInput,
    NotBalanced,
    SupplysimError,
    TooManyEvents,
)

__version__ = "0.1.0"

__all__ = ["Fault", "InvalidInput", "NotBalanced", "SupplysimError", "TooManyEvents"]
