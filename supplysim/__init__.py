"""supplysim: what is lost when a state cuts, slows or distorts a flow of minerals, chips or batteries."""

__version__ = "0.1.0"

__all__ = []
