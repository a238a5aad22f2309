"""Hypothesis strategies and invariants, to run on your own models (``pip install supplysim[testing]``).

`networks` draws random feasible networks, `scenarios` random measures that are in reach of a given
network, `ranges` ranges of its figures. The ``assert_...`` functions are properties that always hold; each
simulates and raises `AssertionError` with what it found.

>>> from hypothesis import given, settings, strategies as st
>>> @given(st.data())
... @settings(max_examples=5)
... def test_every_scenario_can_be_laid_out(data):
...     network = data.draw(networks(max_tiers=2))
...     lay_out(network, data.draw(scenarios(network)))
>>> from supplysim.timeline import lay_out
>>> test_every_scenario_can_be_laid_out()
"""

try:
    import hypothesis as _needed  # noqa: F401
except ModuleNotFoundError:
    told = "supplysim.testing needs hypothesis: pip install hypothesis (or -e '.[testing]' in a checkout)"
    raise ModuleNotFoundError(told) from None

from supplysim.testing.examples import example
from supplysim.testing.invariants import (
    QUANTITIES,
    assert_balanced,
    assert_ignores_unconnected,
    assert_same,
    assert_scales,
    assert_shift_invariant,
    assert_stands_still,
)
from supplysim.testing.networks import networks, tiny
from supplysim.testing.numbers import durations, sixteenths
from supplysim.testing.scenarios import ALL_MEASURES, scenarios
from supplysim.testing.uncertain import ranges
from supplysim.testing.variants import (
    scaled,
    scaled_scenario,
    shifted,
    with_unconnected_node,
)

__all__ = [
    "ALL_MEASURES",
    "QUANTITIES",
    "assert_balanced",
    "assert_ignores_unconnected",
    "assert_same",
    "assert_scales",
    "assert_shift_invariant",
    "assert_stands_still",
    "durations",
    "example",
    "networks",
    "ranges",
    "scaled",
    "scaled_scenario",
    "scenarios",
    "shifted",
    "sixteenths",
    "tiny",
    "with_unconnected_node",
]
