"""The command line, as users meet it: what it prints, what it leaves, and how it refuses."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import supplysim as ss
from supplysim import catalogue, files
from supplysim.cli import app
from supplysim.cli.folder import MARK

ROOT = Path(__file__).parent.parent

SCENARIO = """
name = "ore-licence"
title = "CN puts ore under licences"
network = "net"
start = 2023-01-01
horizon = 150
replications = 2

[[measures]]
type = "ExportLicence"
origin = ["CN"]
commodities = ["ore"]
announced = 2023-01-20
begins = 2023-02-01
forward_buying = 5
service = "Uniform(20, 50)"

[history]
title = "Ore exports of CN"
origin = "CN"
commodities = ["ore"]
unit = "t"
baseline = 30
observations = [
    {month = "2023-02", value = 0},
    {month = "2023-03", value = 12},
    {month = "2023-04", value = 40},
]
"""


def ore() -> ss.Network:
    """Ore from CN to a smelter and a user in DE."""
    return ss.Network(
        name="ore-net",
        commodities=[ss.Commodity("ore", unit="t"), ss.Commodity("=metal", unit="t")],
        sites=[
            ss.Site("mine", country="CN", makes="ore", utilisation=0.5, lot=1.0),
            ss.Site(
                "smelter",
                country="DE",
                makes="=metal",
                utilisation=0.5,
                inputs={"ore": ss.Input(1.0, policy=ss.DaysOfCover(15))},
            ),
        ],
        demands=[ss.Demand("use", country="DE", commodity="=metal", rate=1.0)],
        lanes=[ss.Lane("mine", "smelter", lead_time=7), ss.Lane("smelter", "use", lead_time=1)],
    )


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A working directory with a scenario and its network."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    files.save_network(ore(), "net")
    Path("ore.toml").write_text(SCENARIO)
    return folder


def call(*arguments: str, code: int = 0):
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "supplysim", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


# --- without running anything ---------------------------------------------------------------------


def test_alone_it_says_what_to_do_next():
    assert "supplysim run gallium-licence-2023" in call().output


def test_version():
    assert call("--version").stdout == f"supplysim {ss.__version__}\n"


def test_list():
    output = call("list").stdout
    for name in (*catalogue.networks(), *catalogue.scenarios()):
        assert name in output


def test_list_of_a_network_tells_its_goods(work):
    lines = call("list", "net").stdout.splitlines()
    metal = next(line for line in lines if "=metal" in line)
    flow = files.load_network("net").baseline()
    made = sum(flow.output[site.name] for site in ore().sites if site.makes == "=metal")
    assert f"{365 * made:,.4g} t" in metal and "DE 100%" in metal
    mined = next(line for line in lines if line.split()[:1] == ["ore"])
    assert "CN 100%" in mined and "DE 100%" in mined
    assert "did you mean 'gallium-2022'" in call("list", "galium-2022", code=2).stderr


@pytest.mark.parametrize(
    "typed, offered, withheld",
    [
        ("supplysim ru", "run", "report"),
        ("supplysim run mag", "magnet-stop", "gallium-licence-2023"),
        ("supplysim compare magnet-stop joint", "joint-reserve", "magnet-stop"),
        ("supplysim run o", "ore.toml", "net"),
        ("supplysim run sub/", "sub/other.toml", "sub/notes.txt"),
        ("supplysim list jp", "jp-de-cn-2022", "gallium-2022"),
        ("supplysim run magnet-stop --network n", "net", "ore.toml"),
        ("supplysim run magnet-stop --engine c", "compiled", "simpy"),
    ],
)
def test_a_tab_completes(work, typed, offered, withheld):
    (work / "sub").mkdir()
    for name in ("other.toml", "notes.txt"):
        (work / "sub" / name).write_text("")
    words = typed.split(" ")
    asked = {"COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv = ['supplysim']; import supplysim.cli as c; c.main()",
        ],
        env={
            **os.environ,
            **asked,
            "_SUPPLYSIM_COMPLETE": "complete_bash",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    found = done.stdout.split()
    assert offered in found and withheld not in found


def test_schema_is_json():
    assert "measures" in json.loads(call("schema").stdout)["properties"]


def test_check(work):
    assert call("check", "net").stdout == (
        "OK: network ore-net: 2 commodities, 2 sites, 0 stores, 1 demands, 2 lanes\n"
    )
    assert "1 measures, 0 sources, 3 observed months; fits network ore-net" in (
        call("check", "ore.toml").stdout
    )
    for name in (*catalogue.networks(), *catalogue.scenarios()):
        assert call("check", name).stdout.startswith("OK: ")


RANGES = [
    ss.Range("stocks", kind="input", name="smelter|ore", field="cover", low=1, high=60),
    ss.Range("use", kind="demand", name="use", field="rate", low=0.5, high=2.0),
    ss.Range("use", kind="site", name="mine", field="jobs", low=0.0, high=0.0),
]


def test_uncertain_figures_are_drawn_unless_told_not_to(work):
    files.save_network(ore().replace(ranges=RANGES), "net")
    assert "2 lanes, 3 ranges\n" in call("check", "net").stdout
    run = ("run", "ore.toml", "--workers", "1", "--replications", "4")
    result = call(*run, "--out", "drawn")
    assert "2 uncertain figures are drawn anew in each replication" in result.stdout
    assert "leaves out how uncertain the baseline is" not in result.stdout
    result = call(*run, "--central", "--out", "central")
    assert "uncertain figures" not in result.stdout
    assert "leaves out how uncertain the baseline is" in result.stdout
    one, other = (pd.read_csv(f"{name}/tables/losses.csv") for name in ("drawn", "central"))
    assert one["baseline"].tolist() != other["baseline"].tolist()
    for name in ("drawn", "central"):  # what is kept repeats the run as it was
        call("run", f"{name}/run.toml", "--out", "again", "--workers", "1")
        again = Path("again/tables/losses.csv").read_bytes()
        assert again == Path(name, "tables/losses.csv").read_bytes()


def test_check_tells_every_fault_on_its_own_line(work):
    Path("ore.toml").write_text(
        SCENARIO.replace('["CN"]', '["Chna"]').replace('["ore"]', '["or"]', 1)
    )
    told = call("check", "ore.toml", code=2).stderr.splitlines()
    assert "ore.toml" in told[0] and "2 faults" in told[0]
    assert any("measures[0].commodities" in line and "'or'" in line for line in told[1:])
    assert any("measures[0].origin" in line and "'Chna'" in line for line in told[1:])


# --- a run ----------------------------------------------------------------------------------------


def test_run_leaves_everything_and_run_toml_repeats_it(work):
    result = call("run", "ore.toml", "--seed", "7", "--workers", "1")
    folder = Path("out/ore-licence")
    assert str(folder.resolve()) in result.stdout
    assert "Losses against the undisturbed runs" in result.stdout
    assert "How far off, over the 3 observed months" in result.stdout
    tables = {"flows", "history", "losses", "score", "stocks", "unmet"}
    figures = {"flows", "history", "losses", "stocks", "unmet"}
    found = everything(folder)
    assert {f"tables/{name}.csv" for name in tables} <= found
    assert {f"figures/{name}.{end}" for name in figures for end in ("png", "svg")} <= found
    assert len(list(Path("out").iterdir())) == 1  # nothing temporary is left
    text = (folder / "run.toml").read_text()
    assert text.startswith(f"{MARK} {ss.__version__}")
    kept = files.load_scenario(folder / "run.toml")
    assert (kept.seed, kept.replications, kept.horizon) == (7, 2, 150)
    assert kept.warmup is not None

    call("run", str(folder / "run.toml"), "--out", "again", "--workers", "2")
    for name in tables:
        first, second = (Path(f) / f"tables/{name}.csv" for f in (folder, "again"))
        assert first.read_bytes() == second.read_bytes(), name
    losses = pd.read_csv(folder / "tables/losses.csv")
    assert losses.loc[losses["kind"] == "use", "loss"].iloc[0] > 0.0
    for name in figures:
        first, second = (Path(f) / f"figures/{name}.svg" for f in (folder, "again"))
        assert first.read_bytes() == second.read_bytes(), name


def test_what_is_made_up_for_later_is_listed(work):
    """Nothing is lost where customers wait; the table still tells that they did, from when, and how badly."""
    waits = dataclasses.replace(ore().demands[0], unmet="backlog")
    files.save_network(ore().replace(demands=[waits]), "waits")
    Path("stop.toml").write_text(
        'name = "stop"\nnetwork = "waits"\nhorizon = 400\nreplications = 2\n[[measures]]\n'
        'type = "ExportBan"\norigin = ["CN"]\ncommodities = ["ore"]\nbegins = 20\nends = 90\n'
    )
    lines = call("run", "stop.toml", "--workers", "1").stdout.splitlines()
    row = next(line for line in lines if line.split()[:3] == ["use", "DE", "=metal"])
    assert "0.00%" in row and "100%" in row
    table = pd.read_csv("out/stop/tables/losses.csv").set_index(["kind", "commodity"])
    assert table.loc[("use", "=metal"), "depth"] > 0.3
    assert 20 < table.loc[("use", "=metal"), "trough"] < 120


def test_the_data_can_be_read_again(work):
    xr = pytest.importorskip("xarray")
    openpyxl = pytest.importorskip("openpyxl")
    call("run", "ore.toml", "--workers", "1", "--out", "o", "--replications", "3")
    single = ss.Result.load("o/result.nc")
    single.check()
    assert single.data.attrs["replication"] == "0"
    for group in ("undisturbed", "scenario"):
        with xr.open_dataset("o/result.nc", group=group, engine="netcdf4") as data:
            assert data.sizes["replication"] == 3
            if group == "scenario":
                assert data.shipped.values[0] == pytest.approx(single.data.shipped.values)
    book = openpyxl.load_workbook("o/tables.xlsx")
    assert set(book.sheetnames) == {p.stem for p in Path("o/tables").iterdir()}
    cells = [cell for row in book["losses"].iter_rows() for cell in row]
    assert any(cell.value == "=metal" for cell in cells)
    assert all(cell.data_type != "f" for cell in cells)  # a name is no formula


def test_options_win_over_the_scenario(work):
    files.save_network(ore().replace(name="other"), "other")
    options = ["--replications", "1", "--horizon", "100", "--network", "other", "--engine", "simpy"]
    result = call("run", "ore.toml", *options, "--out", "o")
    assert "network other, 1 replications of 100 days" in result.stdout
    kept = files.load_scenario("o/run.toml")
    assert (kept.horizon, kept.replications, kept.network) == (100, 1, "./network")
    assert files.load_network("o/network").name == "other"


def test_a_scenario_without_dates_or_history(work):
    Path("stop.toml").write_text(
        'name = "stop"\nnetwork = "net"\nhorizon = 90\nreplications = 1\n'
        '[[measures]]\ntype = "ExportBan"\norigin = ["CN"]\ncommodities = ["ore"]\nbegins = 10\n'
    )
    output = call("run", "stop.toml").stdout
    assert "Losses" in output and "How far off" not in output
    assert "history" not in {path.stem for path in Path("out/stop/figures").iterdir()}


def test_a_scenario_that_does_nothing(work):
    Path("idle.toml").write_text('network = "net"\nhorizon = 40\nreplications = 1\n')
    assert "No loss of use above" in call("run", "idle.toml").stdout
    assert Path("out/idle/run.toml").exists()


def test_a_run_too_short_to_be_scored(work):
    output = call("run", "ore.toml", "--horizon", "40", "--replications", "1").stdout
    assert "covers no observed month that could be scored" in output


def test_an_earlier_run_is_replaced_and_nothing_else(work):
    call("run", "ore.toml", "--replications", "1")
    Path("out/ore-licence/tables/losses.csv").write_text("old")
    call("run", "ore.toml", "--replications", "1")
    assert Path("out/ore-licence/tables/losses.csv").read_text() != "old"
    Path("out/ore-licence/notes.txt").write_text("mine")
    told = call("run", "ore.toml", "--replications", "1", code=2).stderr
    assert "notes.txt" in told and Path("out/ore-licence/notes.txt").read_text() == "mine"


# --- refusals: exit code 2, nothing left behind ---------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-scenario"], "neither bundled nor a file"),
        (["gallium-licence-2024"], "did you mean 'gallium-licence-2023'"),
        (["ore.toml", "--network", "nowhere"], "nowhere"),
        (["ore.toml", "--horizon", "99999999"], "horizon"),
        (["ore.toml", "--engine", "fast"], "unknown engine"),
        (["ore.toml", "--out", "busy"], "no run of supplysim made it"),
        (["ore.toml", "--out", "ore.toml"], "is no folder"),
        (["ore.toml", "--out", "ore.toml/deep"], "cannot be written"),
        (["ore.toml", "--out", "."], "folder you are in"),
        (["ore.toml", "--out", "x" * 5000], "cannot be written"),
        (["net"], "refused"),
        (["ore.toml", "--replications", "0"], "replications"),
        (["ore.toml", "--seed", "x"], "seed"),
        (["ore.toml", "--unknown"], "unknown"),
    ],
)
def test_refusals(work, arguments, said):
    Path("busy").mkdir()
    Path("busy/mine.txt").write_text("mine")
    before = everything(work)
    assert said in call("run", *arguments, code=2).stderr
    assert everything(work) == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('network = "net"', "", "unknown commodity"),  # of the default network
        ('network = "net"', 'network = "gone"', "gone"),
        (
            'origin = "CN"\ncommodities = ["ore"]\nunit',
            'origin = "JP"\ncommodities = ["ore"]\nunit',
            "counts",
        ),
        ("baseline = 30", 'baseline = 30\nto = ["EUX"]', "history.to"),
        ("start = 2023-01-01", "", "start"),
        ("begins = 2023-02-01", "begins = 2023-13-01", "line"),
    ],
)
def test_bad_scenarios(work, old, new, said):
    assert old in SCENARIO
    Path("ore.toml").write_text(SCENARIO.replace(old, new))
    before = everything(work)
    assert said in call("run", "ore.toml", code=2).stderr
    assert everything(work) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(work):
    Path("locked").mkdir(mode=0o500)
    assert "cannot be written" in call("run", "ore.toml", "--out", "locked/out", code=2).stderr


def test_names_are_no_markup(work):
    Path("ore.toml").write_text(SCENARIO.replace('["CN"]', '["[red]CN"]'))
    assert "[red]CN" in call("check", "ore.toml", code=2).stderr


def test_a_failure_while_writing_leaves_nothing(work, monkeypatch):
    from supplysim.cli import files as written

    def full(*_):
        raise OSError(28, "No space left on device", "result.nc")

    monkeypatch.setattr(written, "_write_data", full)
    before = everything(work)
    told = call("run", "ore.toml", "--replications", "1", code=1).stderr
    assert "No space left on device" in told
    assert everything(work) == before


# --- as a process ---------------------------------------------------------------------------------


def test_the_first_line_comes_before_the_heavy_libraries(work):
    code = (
        "import sys, supplysim.cli\n"
        "heavy = {'pandas', 'xarray', 'matplotlib', 'scipy', 'netCDF4', 'simpy'} & set(sys.modules)\n"
        "sys.exit(' '.join(heavy) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals as on POSIX")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("wait", [0.0, 0.7])
def test_an_interrupt_leaves_no_traceback_no_files_and_no_processes(work, sent, code, wait):
    before = everything(work)
    process = subprocess.Popen(
        command("run", "ore.toml", "--replications", "5000", "--workers", "2"),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # what a shell starts in its background ignores interrupts, and so would all that it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing else runs before exec
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "undisturbed: 5000 runs" in line:
                break
        time.sleep(wait)
        if sent == signal.SIGINT:
            os.killpg(process.pid, sent)  # as a terminal does: to the workers, too
        else:
            process.send_signal(sent)
        _, rest = process.communicate(timeout=20)
        assert process.returncode == code, rest
        assert "Traceback" not in rest
        assert everything(work) == before
        with pytest.raises(ProcessLookupError):
            for _ in range(50):  # the killed need a moment to be gone
                os.killpg(process.pid, 0)
                time.sleep(0.1)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_closed_pipe_is_no_error(work):
    done = subprocess.run(
        f"{sys.executable} -m supplysim schema | head -n 1",
        shell=True,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{\n" and "Traceback" not in done.stderr


def test_a_measure_that_brings_a_new_site(work):
    Path("second.toml").write_text(
        'name = "second"\nnetwork = "net"\nhorizon = 90\nreplications = 1\n'
        '[[measures]]\ntype = "SecondSource"\nkey = "ca-ore"\ncommodity = "ore"\ncountry = "CA"\n'
        'capacity = 2.0\nto = ["DE"]\nqualification = 10\nshare = 0.5\nlead_time = 5\n'
    )
    call("run", "second.toml")
    losses = pd.read_csv("out/second/tables/losses.csv")
    new = losses[(losses["kind"] == "output") & (losses["country"] == "CA")]
    assert new["baseline"].iloc[0] == 0.0 and new["loss"].iloc[0] < 0.0


def test_build_tells_what_it_moved_and_writes_a_network(tmp_path, capsys):
    from supplysim.cli.build import build_and_tell

    build_and_tell("tests/data/figures", tmp_path / "made")
    told = capsys.readouterr().out
    assert "trade ore AU CN" in told and "Worst balances" in told
    assert ss.load_network(tmp_path / "made").name == "made"


def test_a_start_of_ones_own(work, monkeypatch):
    """What `new` writes is sound, runs, and its answer helps."""
    done = call("new", "mine")
    assert "supplysim run stop.toml" in done.stdout
    monkeypatch.chdir(work / "mine")
    for name in ("network.toml", "stop.toml", "reserve.toml"):
        assert call("check", name).stdout.startswith("OK")
        assert sum("#" in line for line in Path(name).read_text(encoding="utf-8").splitlines()) >= 2
    call("compare", "stop.toml", "reserve.toml", "--replications", "3", "--workers", "1")
    losses = pd.read_csv("out/comparison/comparison.csv").set_index("scenario")["loss"]
    assert losses["stop"] > losses["reserve"] >= 0.0
    monkeypatch.chdir(work)
    assert "is there already" in call("new", "mine", code=2).stderr
    assert "must begin with a letter" in call("new", "x y", code=2).stderr
