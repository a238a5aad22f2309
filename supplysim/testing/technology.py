"""Random acquisitions of technology, and protection against them."""

from __future__ import annotations

from hypothesis import strategies as st

from supplysim.measures import Measure, TechnologyAcquisition, TechnologyProtection
from supplysim.model import Site
from supplysim.testing.drawer import DAYS, SHARE, Drawer, Kind, Reach
from supplysim.testing.numbers import durations
from supplysim.testing.traits import COUNTRY

__all__ = ["KINDS"]

INTERVALS = {fixed: durations(5, 60, deterministic=fixed) for fixed in (True, False)}
DATES = st.lists(st.integers(0, 120).map(float), min_size=1, max_size=3)


def _acquisition(drawer: Drawer) -> TechnologyAcquisition:
    victim: Site = drawer.draw(st.sampled_from(_sellers(drawer.reach)))
    makers = [
        x.name
        for x in drawer.reach.sites
        if x.makes == victim.makes and x.country != victim.country
    ]
    site = drawer.draw(st.none() | st.sampled_from(makers)) if makers else None
    random = drawer.draw(st.booleans())
    return TechnologyAcquisition(
        acquirer=drawer.draw(COUNTRY),
        owner=[victim.country],
        commodities=[victim.makes],
        dates=() if random else drawer.draw(DATES),
        interval=drawer.draw(INTERVALS[drawer.deterministic]) if random else None,
        chance=1.0 if drawer.deterministic else drawer.draw(SHARE),
        absorption=drawer.draw(DAYS),
        gain=drawer.draw(SHARE),
        share=drawer.draw(SHARE),
        successes=drawer.draw(st.integers(1, 4)),
        site=site,
        lead_time=drawer.draw(drawer.wait),
        **drawer.window(),
    )


def _protection(drawer: Drawer) -> TechnologyProtection:
    victim: Site = drawer.draw(st.sampled_from(drawer.reach.sites))
    return TechnologyProtection(owner=[victim.country], cut=drawer.draw(SHARE), **drawer.window())


def _sellers(reach: Reach) -> list[Site]:
    return [site for site in reach.sites if site.owner in (None, site.country)]


KINDS: dict[type[Measure], Kind] = {
    TechnologyAcquisition: Kind("theft", _acquisition, _sellers),
    TechnologyProtection: Kind("guard", _protection, lambda reach: reach.sites),
}
"""How to draw each measure of this family."""
