"""Ratios against named peers, measured in one run: `python benchmarks/run.py`."""
