"""The pictures that matter look as they did: each is drawn anew and held beside one that somebody looked at.

Data are made by hand or by certain runs (fixed times, no chance but drawn figures), so that they are the same on any
machine. After a wanted change draw them again, and look at each:
`SUPPLYSIM_NEW_IMAGES=1 pytest tests/test_plot_images.py`.
"""

import os
from pathlib import Path

import pandas as pd
import pytest

import supplysim as ss
from supplysim import exposure, history, plots

KEPT = Path(__file__).parent / "images"
NEW = bool(os.environ.get("SUPPLYSIM_NEW_IMAGES"))
NEAR = 3.0
"""RMS of grey levels (0 to 255): room for letters drawn elsewhere, none for a line that moved (last test)."""
STOP = ss.ExportBan(
    key="stop",
    origin=["CN"],
    to=["DE"],
    commodities=["ore"],
    begins="2023-03-01",
    ends="2023-06-01",
)


def network() -> ss.Network:
    """Ore of China and Australia for a German smelter, metal for makers in Germany and Japan."""
    return ss.Network(
        name="images",
        commodities=[
            ss.Commodity("ore", unit="t", price=2_000_000.0, sector="mineral"),
            ss.Commodity("metal", unit="t", price=9_000_000.0, sector="product"),
        ],
        sites=[
            ss.Site(
                "cn-mine",
                country="CN",
                makes="ore",
                utilisation=0.5,
                lot=0.5,
                value_added=1_500_000.0,
            ),
            ss.Site(
                "au-mine",
                country="AU",
                makes="ore",
                utilisation=0.5,
                lot=0.5,
                value_added=1_500_000.0,
            ),
            ss.Site(
                "smelter",
                country="DE",
                makes="metal",
                utilisation=0.5,
                lot=0.25,
                value_added=3_000_000.0,
                inputs={"ore": ss.Input(2.0, policy=ss.DaysOfCover(20), reaction=40.0)},
            ),
        ],
        demands=[
            ss.Demand(
                "de-makers", country="DE", commodity="metal", rate=1.0, policy=ss.DaysOfCover(10)
            ),
            ss.Demand(
                "jp-makers", country="JP", commodity="metal", rate=0.5, policy=ss.DaysOfCover(30)
            ),
        ],
        lanes=[
            ss.Lane("cn-mine", "smelter", share=0.75, max_share=0.8, lead_time=30.0),
            ss.Lane("au-mine", "smelter", share=0.25, max_share=0.4, lead_time=40.0),
            ss.Lane("smelter", "de-makers", lead_time=3.0),
            ss.Lane("smelter", "jp-makers", lead_time=35.0),
        ],
        ranges=[
            ss.Range("stock", kind="input", name="smelter|ore", field="cover", low=5.0, high=40.0)
        ],
    )


def scenario(*measures, name: str = "stop") -> ss.Scenario:
    import datetime as dt

    return ss.Scenario(
        name=name, start=dt.date(2023, 1, 1), horizon=360, replications=6, measures=measures
    )


@pytest.fixture(scope="module")
def made():
    """Everything that the pictures are of."""
    net, stop = network(), scenario(STOP)
    reserve = ss.Reserve(key="reserve", country="DE", commodity="ore", days=60, below=20)
    answer = scenario(STOP, reserve, name="reserve")
    settings = {"executor": 1, "progress": False, "engine": "simpy"}
    runs = {s.name: ss.ensemble(net, s, **settings) for s in (scenario(name="calm"), stop, answer)}
    return net, stop, answer, runs


def pictures(made):
    net, stop, answer, runs = made
    comparison = ss.compare(runs["calm"], runs["stop"])
    base, run = (
        ss.simulate(net, x, horizon=360, engine="simpy") for x in (scenario(name="calm"), stop)
    )
    before, after = exposure.flows(base), exposure.flows(run, (100, 128))
    outcomes = {
        s.name: ss.outcome(ss.compare(runs["calm"], runs[s.name]), net) for s in (stop, answer)
    }
    contrast = ss.Contrast(
        net, {"stop": stop, "reserve": answer}, outcomes, {"reserve": "stop"}, 360
    )
    days = [30, 90, 180, 360]
    curve = pd.DataFrame(
        {"duration": days, "loss": [0.0, 2e6, 9e6, 3e7], "loss_low": [0.0, 1.5e6, 8e6, 2.7e7]}
        | {
            "loss_high": [0.0, 2.5e6, 1e7, 3.3e7],
            "low": [0.0, 1e6, 6e6, 2e7],
            "high": [0.0, 4e6, 1.4e7, 4e7],
        }
        | {"cvar": [0.0, 5e6, 1.6e7, 4.4e7], "share": [0.0, 0.01, 0.03, 0.08]}
    )
    record = ss.History(
        title="Ore of China",
        origin="CN",
        commodities=["ore"],
        unit="t",
        baseline=66,
        observations=[
            ss.Observation(month=f"2023-{m:02}", value=v) for m, v in ((2, 66), (4, 0), (8, 90))
        ],
    )
    months = history.monthly_exports(runs["stop"], runs["calm"], record, net)
    yield "flow-map", plots.flow_map(before, after, "ore", when="in April")
    yield "tiers", plots.tiers(net, "metal")
    yield "cover", plots.cover(runs["stop"], commodity="ore", scenario=stop)
    yield "loss-curve", plots.loss_curve(curve)
    yield "leverage", plots.leverage(exposure.leverage(comparison, net, sender="CN", target="DE"))
    yield "attribution", plots.attribution(exposure.attribution(base, run, of="use"))
    yield "contrast", plots.contrast(contrast.table())
    yield "history", plots.history(months, record, scenario=stop, null_months={"none": months})


@pytest.fixture(scope="module")
def drawn(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for name, axes in pictures(made):
        plots.save(axes, folder / f"{name}.png", dpi=60)
        if NEW:
            KEPT.mkdir(exist_ok=True)
            plots.save(axes, KEPT / f"{name}.png", dpi=60)
    return folder


NAMES = [
    "flow-map",
    "tiers",
    "cover",
    "loss-curve",
    "leverage",
    "attribution",
    "contrast",
    "history",
]


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_as_it_did(drawn, name):
    from matplotlib.testing.compare import compare_images

    assert (KEPT / f"{name}.png").stat().st_size < 60_000
    found = compare_images(str(KEPT / f"{name}.png"), str(drawn / f"{name}.png"), tol=NEAR)
    assert found is None, found


def test_a_moved_line_is_seen(tmp_path):
    """The tolerance is no blindfold: one end of a line, a tenth of the picture higher, is outside."""
    from matplotlib.testing.compare import compare_images

    axes = plots.new_axes()[0]
    axes.plot([0, 1], [0, 1])
    plots.save(axes, tmp_path / "one.png", dpi=60)
    axes.lines[0].set_ydata([0.1, 1])
    plots.save(axes, tmp_path / "other.png", dpi=60)
    one, other = str(tmp_path / "one.png"), str(tmp_path / "other.png")
    assert compare_images(one, other, tol=NEAR) is not None
