"""Ensembles in files: killed at any instant they go on and end in the same bytes; nothing foreign is mixed in."""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import supplysim as ss
from supplysim.ensemble import blocks as storage
from supplysim.ensemble import start
from supplysim.ensemble.blocks import write_whole
from supplysim.ensemble.job import BLOCK
from supplysim.testing import tiny

LANE = tiny().lanes[0]
NETWORK = tiny().replace(
    lanes=[ss.Lane(LANE.source, LANE.target, lead_time=ss.Uniform(5, 15))]  # so that runs differ
)
STOP = ss.Scenario(
    name="stop",
    horizon=60,
    measures=[ss.ExportBan(origin=["CN"], commodities=["ore"], begins=10, ends=50)],
)
CASES = {"calm": None, "stop": STOP}
SCRIPT = """
import sys
from test_ensemble_files import CASES, run

if __name__ == "__main__":
    run(sys.argv[1], CASES, int(sys.argv[2]), executor=int(sys.argv[3]))
"""


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run(path: Path | str, scenario: Any = STOP, replications: int = 2 * BLOCK, **more: Any) -> Any:
    settings: dict[str, Any] = {"executor": 1, "progress": False, **more}
    return ss.ensemble(NETWORK, scenario, replications=replications, path=path, **settings)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Replications that were really run, one entry each."""
    done: list[int] = []
    real = start.hand_out

    def spy(pool: Any, job: Any, tasks: Any) -> Any:
        for task, made in real(pool, job, tasks):
            done.extend(list(task[1]) * len(task[0]))
            yield task, made

    monkeypatch.setattr(start, "hand_out", spy)
    return done


# --- killed --------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_killed_at_a_random_moment_it_goes_on_to_the_same_bytes(
    tmp_path: Path, workers: int
) -> None:
    script = tmp_path / "job.py"
    script.write_text(SCRIPT)
    here = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    folder, count, kills = tmp_path / "killed", 20 * BLOCK, 0
    for _ in range(2):
        before = len(list(folder.rglob("*.npy")))
        process = subprocess.Popen(
            [sys.executable, str(script), str(folder), str(count), str(workers)],
            start_new_session=True,  # so that workers die too
            env={**os.environ, "PYTHONPATH": here},
        )
        while process.poll() is None and len(list(folder.rglob("*.npy"))) == before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0.0, 0.2))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills > 0, f"never caught at work (seed {seed})"
    assert len(list(folder.rglob("*.npy"))) < 40
    run(folder, CASES, count, executor=workers)
    run(tmp_path / "calm", CASES, count)
    assert files(folder) == files(tmp_path / "calm"), f"seed {seed}"


def test_killed_while_writing_it_leaves_no_half_file_and_sweeps_up(tmp_path: Path) -> None:
    path = tmp_path / "block-000000000.npy"
    code = f"""
import os, signal
from pathlib import Path
from supplysim.ensemble.blocks import write_whole
def write(file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
write_whole(Path({str(path)!r}), write)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode != 0
    assert not path.exists() and len(files(tmp_path)) == 1
    write_whole(path, lambda file: file.write(b"whole"))
    assert files(tmp_path) == {path.name: b"whole"}


# --- going on ------------------------------------------------------------------------------------


def test_what_is_there_is_not_run_again(tmp_path: Path, counted: list[int]) -> None:
    first = run(tmp_path)
    assert counted == list(range(2 * BLOCK))
    again = run(tmp_path)
    assert len(counted) == 2 * BLOCK
    assert again.series("served").identical(first.series("served"))
    in_memory = ss.ensemble(NETWORK, STOP, replications=2 * BLOCK, executor=1, progress=False)
    assert in_memory.series("on_hand").identical(first.series("on_hand"))


def test_replications_are_added_within_the_same_blocks(tmp_path: Path, counted: list[int]) -> None:
    run(tmp_path / "grown", replications=BLOCK + 1)
    more = run(tmp_path / "grown", replications=2 * BLOCK + 1)
    assert counted == list(range(2 * BLOCK + 1))
    few = run(tmp_path / "grown", replications=2)
    assert few.replications == 2 and len(counted) == 2 * BLOCK + 1
    assert np.array_equal(few.series("served"), more.series("served")[:2])
    run(tmp_path / "at once", replications=2 * BLOCK + 1)
    assert files(tmp_path / "grown") == files(tmp_path / "at once")


def test_only_what_is_missing_of_several_scenarios_is_run(
    tmp_path: Path, counted: list[int]
) -> None:
    run(tmp_path, CASES)
    (tmp_path / "stop" / "block-000000004.npy").unlink()
    del counted[:]
    run(tmp_path, CASES)
    assert counted == [4, 5, 6, 7]
    run(tmp_path / "alone", STOP)
    alone = files(tmp_path / "alone")
    assert {name: files(tmp_path / "stop")[name] for name in alone} == alone


def test_the_settings_of_a_scenario_are_not_part_of_it(tmp_path: Path, counted: list[int]) -> None:
    import dataclasses

    run(tmp_path)
    run(tmp_path, dataclasses.replace(STOP, replications=7, seed=9), seed=1)
    assert len(counted) == 2 * BLOCK


# --- refused -------------------------------------------------------------------------------------


def test_a_folder_of_other_runs_is_refused_with_what_differs(tmp_path: Path) -> None:
    run(tmp_path)
    kept = files(tmp_path)
    cases: dict[str, dict[str, Any]] = {
        "seed": {"seed": 2},
        "horizon": {"horizon": 100},
        "warmup": {"warmup": 3},
        "traces": {"traces": True},
        "scenario": {"scenario": None, "horizon": 60},
    }
    for field, change in cases.items():
        with pytest.raises(ss.InvalidInput, match=rf"refused, 1 fault:\n  {field}: .*holds runs"):
            run(tmp_path, **change)
    with pytest.raises(ss.InvalidInput, match="network: "):
        other = NETWORK.replace(name="other")
        ss.ensemble(other, STOP, replications=8, path=tmp_path, progress=False)
    assert files(tmp_path) == kept


def test_another_version_of_the_package_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    path = tmp_path / "manifest.json"
    text = json.loads(path.read_text())
    path.write_text(json.dumps(text | {"supplysim": "0.0.1"}))
    with pytest.raises(ss.InvalidInput, match=r"supplysim: .*'0\.0\.1'"):
        run(tmp_path)


def test_damage_is_named(tmp_path: Path) -> None:
    run(tmp_path)
    block = tmp_path / "block-000000004.npy"
    whole = block.read_bytes()
    for wrong in (whole[:-8], b"", b"junk", whole.replace(b"served", b"swerve")):
        block.write_bytes(wrong)
        with pytest.raises(ss.InvalidInput, match=r"block-000000004\.npy.*\n.*delete the file"):
            run(tmp_path)
    block.unlink()
    run(tmp_path)
    assert block.read_bytes() == whole
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(ss.InvalidInput, match="not the manifest"):
        run(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ss.InvalidInput, match=r"no manifest\.json; choose a new or an empty"):
        run(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ss.InvalidInput, match="must be a folder"):
        run(tmp_path / "file")


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden", "a\\b"])
def test_a_scenario_cannot_name_a_folder_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ss.InvalidInput, match="names a folder"):
        run(tmp_path / "in", {name: STOP})
    assert not list(tmp_path.iterdir())


# --- memory --------------------------------------------------------------------------------------


def test_what_is_large_goes_to_files_that_go_with_the_ensemble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.tempfile, "tempdir", str(tmp_path))
    settings: dict[str, Any] = {"replications": 2 * BLOCK, "executor": 1, "progress": False}
    small = ss.ensemble(NETWORK, STOP, **settings)
    assert not files(tmp_path)
    monkeypatch.setattr(start, "IN_MEMORY", 30_000)
    large = ss.ensemble(NETWORK, STOP, **settings)
    assert len(files(tmp_path)) == 2
    assert isinstance(next(iter(large._blocks)), np.memmap)
    table = ss.compare(small, large).table()
    assert not table["loss"].any()
    del large
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_no_more_blocks_are_under_way_than_there_is_room_for() -> None:
    from concurrent.futures import Executor, Future

    from supplysim.ensemble.pool import Pool, hand_out

    class Lazy(Executor):
        most = 0
        waiting: int = 0

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result([])
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            return future

    lazy = Lazy()
    tasks = [((0,), range(first, first + BLOCK)) for first in range(0, 400, BLOCK)]
    seen = []
    job: Any = None
    for task, _ in hand_out(Pool(lazy, 7), job, tasks):
        lazy.waiting -= 1
        seen.append(task)
    assert sorted(seen, key=lambda task: task[1].start) == tasks and lazy.most <= 7


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ss.InvalidInput, match="holds other things"):
        run(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_several_scenarios_do_not_go_into_the_folder_of_one(tmp_path: Path) -> None:
    run(tmp_path)
    before = sorted(file.name for file in tmp_path.iterdir())
    with pytest.raises(ss.InvalidInput, match="holds runs of one scenario"):
        run(tmp_path, {"a": STOP, "b": STOP})
    assert sorted(file.name for file in tmp_path.iterdir()) == before
