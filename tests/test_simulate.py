"""Running: determinism, users' processes, saving, what is refused before anything runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import supplysim as ss
from supplysim.errors import NotBalanced
from supplysim.results import Result
from supplysim.testing import assert_same, tiny


def test_import_is_light() -> None:
    heavy = "pandas,xarray,scipy,matplotlib,netCDF4,numba,typer,rich,tqdm,openpyxl,hypothesis,dask"
    code = f"import sys, supplysim; print([m for m in '{heavy}'.split(',') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_users_process_reads_the_state_and_makes_changes() -> None:
    seen = []

    def strike(env: Any, state: Any) -> Iterator[Any]:
        yield env.timeout(30 - env.now)
        seen.append((state.now, state.stock(site), state.capacity(site)))
        state.change(ss.Target("site", site, "capacity"), "strike", ss.Factor(0.0))
        yield env.timeout(40)
        state.change(ss.Target("site", site, "capacity"), "strike", None)

    network = tiny()
    site = network.sites[0].name
    run = ss.simulate(network, horizon=120, processes=[strike])
    made = run.data.output.sel(site=site).values
    assert seen[0][0] == 30.0
    assert seen[0][2] == network.baseline().capacity[site]
    assert made[31:70].sum() == 0.0
    assert made[70:].sum() > 0.0
    with pytest.raises(ss.InvalidInput, match="unknown"):
        ss.simulate(network, horizon=9, processes=[lambda env, state: iter([state.stock("no")])])  # type: ignore[arg-type, list-item]


def test_a_result_is_saved_and_loaded_whole(tmp_path: Path) -> None:
    run = ss.simulate(tiny(), horizon=40, events=True)
    loaded = Result.load(run.save(tmp_path / "run.nc"))
    assert_same(run, loaded)
    assert loaded.data.attrs == run.data.attrs
    assert loaded.money.equals(run.money)
    assert [p.name for p in tmp_path.iterdir()] == ["run.nc"]
    (tmp_path / "junk.nc").write_text("no data")
    with pytest.raises(ss.InvalidInput, match="not a result file"):
        Result.load(tmp_path / "junk.nc")


@pytest.mark.parametrize("record", ["shipped", "received", "on_hand", "used", "stock", "wanted"])
def test_a_tampered_result_does_not_pass_the_check(record: str) -> None:
    run = ss.simulate(tiny(), horizon=40)
    run.check()
    run.data[record][20] += 0.5
    with pytest.raises(NotBalanced, match="is broken on day"):
        run.check()


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"horizon": 0}, "from 1"),
        ({"horizon": 10.5}, "whole number"),
        ({"seed": -1}, "from 0"),
        ({"replication": 2**63}, "whole number"),
        ({"warmup": -3}, "from 0"),
        ({"engine": "simpi"}, "did you mean 'simpy'"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], rule: str) -> None:
    with pytest.raises(ss.InvalidInput, match=rule):
        ss.simulate(tiny(), **settings)


def test_a_flood_of_events_is_refused_with_what_makes_it() -> None:
    network = tiny()
    site = network.sites[0]
    fast = ss.Site(site.name, country=site.country, makes=site.makes, capacity=1e9, lot=1e-3)
    with pytest.raises(ss.TooManyEvents, match=f"site {site.name}: makes about"):
        ss.simulate(network.replace(sites=[fast]), horizon=365)
