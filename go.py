"""Run or test supplysim from a bare checkout: nothing but Python 3.11 or newer is needed.

    python3 go.py run gallium-licence-2023    any supplysim command (run, list, ...)
    python3 go.py test                        every check; further arguments go to pytest
    python3 go.py docs                        the site, into build/site; --no-notebooks: quickly
    python3 go.py notebooks [NAME ...]        run all or some, into build/notebooks

The first call makes `.venv` beside this file and installs the pinned, hashed packages of
`requirements/`; later calls find it ready. Delete `.venv` whenever you like. pip takes its
settings from the machine, as always. Messages go to stderr: a command's output can be piped.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "go.json"  # tells what is installed; it exists only while that is whole
# A virtual environment is tied to the Python and the folder that it was made for.
MADE_FOR = " ".join([sys.version, sys.base_prefix, str(ROOT)])


def main() -> NoReturn:
    """Find a Python, set up what the command needs, and hand over to it."""
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    say(" ".join(arguments))  # at once: a first setup takes a while
    if sys.version_info < (3, 11):  # noqa: UP036 - this file has to say so itself
        use_newer_python()
    if arguments[0] == "test":
        set_up("dev")
        sys.exit(test(arguments[1:]))
    if arguments[0] in ("docs", "notebooks"):
        set_up("dev")
        make = {"docs": docs, "notebooks": notebooks}[arguments[0]]
        sys.exit(make(arguments[1:]))
    set_up("run")
    hand_over([str(BIN / "supplysim"), *arguments], environment())


def say(text: str) -> None:
    """Tell the user, now and not when a buffer is full."""
    print("go.py:", text, file=sys.stderr, flush=True)


def use_newer_python() -> NoReturn:
    """Start again under a Python that is new enough, if the machine has one."""
    for name in ("python3.13", "python3.12", "python3.11"):
        found = shutil.which(name)
        # Tried, not trusted: a version manager's stand-in may have nothing behind it.
        if found and subprocess.call([found, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            hand_over([found, str(Path(__file__).resolve()), *sys.argv[1:]], dict(os.environ))
    version = sys.version.split()[0]
    sys.exit(
        f"go.py: supplysim needs Python 3.11 or newer; this is {version}, and no newer is here"
    )


def hand_over(command: "list[str]", env: "dict[str, str]") -> NoReturn:
    """Become the command, so that signals and the exit code are its own (Windows cannot)."""
    if os.name == "nt":
        sys.exit(subprocess.call(command, env=env))
    os.execve(command[0], command, env)


def environment() -> "dict[str, str]":
    """The caller's environment, with .venv active and no other Python's settings."""
    foreign = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
    env = {name: value for name, value in os.environ.items() if name not in foreign}
    path = os.pathsep.join([str(BIN), env.get("PATH", os.defpath)])
    return {**env, "PATH": path, "VIRTUAL_ENV": str(VENV)}


def set_up(kind: str) -> None:
    """Make .venv hold `requirements/<kind>.txt` and the project; quick when it does already."""
    stamp = read_stamp()
    if stamp.get(kind) == fingerprint(kind):
        return
    start = time.monotonic()
    say(f"setting up {VENV}; this is done once and may take a minute or two")
    STAMP.unlink(missing_ok=True)  # if stopped from here on, the next call starts afresh
    if not stamp:
        make_venv()
    pip = find_pip()
    # --no-compile: most modules are never imported; Python compiles those that are.
    lock = f"requirements/{kind}.txt"
    install(pip, "--no-compile", "--only-binary=:all:", "--require-hashes", "-r", lock)
    install(pip, "--no-deps", "--no-build-isolation", "--editable", ".")
    done = ("run", "dev") if kind == "dev" else ("run",)  # dev.txt holds all of run.txt
    stamp = {"made for": MADE_FOR, **{name: fingerprint(name) for name in done}}
    STAMP.write_text(json.dumps(stamp), encoding="utf-8")
    say(f"ready after {time.monotonic() - start:.0f} s")


def read_stamp() -> "dict[str, str]":
    """What .venv holds; empty when there is none, or a half-made or a foreign one."""
    try:
        stamp = dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
    return stamp if stamp.get("made for") == MADE_FOR and PYTHON.exists() else {}


def fingerprint(kind: str) -> str:
    """A digest of all that decides what is installed."""
    files = (ROOT / "pyproject.toml", ROOT / "requirements" / f"{kind}.txt", Path(__file__))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def make_venv() -> None:
    """Make an empty .venv; without pip where ensurepip is missing, as in Debian's python3."""
    for options in (["--clear"], ["--clear", "--without-pip"]):
        if quiet([sys.executable, "-m", "venv", *options, str(VENV)]):
            return
    give_up()


def find_pip() -> "list[str]":
    """The pip of .venv, or else an outer pip told to work on .venv (22.3 and newer can)."""
    inner = [str(PYTHON), "-m", "pip"]
    outer = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    for pip in (inner, outer):
        if quiet([*pip, "--version"]):
            return pip
    give_up()


def quiet(command: "list[str]") -> bool:
    """Run a command that may fail; tell whether it did not."""
    return (
        subprocess.run(command, env=environment(), capture_output=True, check=False).returncode == 0
    )


def give_up() -> NoReturn:
    """Tell what the machine lacks."""
    sys.exit(
        f"go.py: {sys.executable} cannot make {VENV} with pip in it. Is the folder writable? "
        "If so, install this Python's venv package (Debian, Ubuntu: apt install python3-venv)."
    )


def install(pip: "list[str]", *arguments: str) -> None:
    """Run `pip install`, showing a line for each package, and all that pip said if it fails."""
    options = ["--disable-pip-version-check", "--no-user", "--progress-bar=off"]
    said = []
    with subprocess.Popen(
        [*pip, "install", *options, *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            if line.startswith(("Collecting ", "Processing ")):
                say("  " + line.split()[1].rpartition("/")[2])
            elif line.startswith(("Installing ", "WARNING: Retrying")):
                say("  " + line[:60].rstrip() + " ...")
    if process.returncode:
        sys.exit("".join(said) + "go.py: pip could not install the packages; it says why above")


def test(pytest_arguments: "list[str]") -> int:
    """Run every check, also after one has failed, and tell at the end which did."""
    python = [str(PYTHON), "-m"]
    checks = {
        "lint": [*python, "ruff", "check"],
        "format": [*python, "ruff", "format", "--check"],
        "types": [*python, "mypy"],
        "imports": [str(BIN / "lint-imports"), "--no-logo"],
        # A few processes, not one a core of a big machine; the user's own -n comes later and wins.
        "tests": [*python, "pytest", "-n", "auto", "--maxprocesses=4", *pytest_arguments],
    }
    report = []
    for name, command in checks.items():
        say(f"{name}: {' '.join([Path(command[0]).name, *command[1:]])}")
        start = time.monotonic()
        code = subprocess.call(command, cwd=ROOT, env=environment())
        report.append(
            (code, f"{'FAILED' if code else 'passed'}  {name:8}{time.monotonic() - start:6.1f} s")
        )
    for _, line in report:
        say(line)
    return int(any(code for code, _ in report))


def docs(options: "list[str]") -> int:
    """Build the site, warnings as errors; notebooks that did not change are not run again."""
    quickly = ["-D", "nb_execution_mode=off"] if "--no-notebooks" in options else []
    given = [option for option in options if option != "--no-notebooks"]
    site = ROOT / "build" / "site"
    sphinx = [str(PYTHON), "-m", "sphinx", "-W", "--keep-going", "-q", *quickly, *given]
    say("building the site" + ("" if quickly else "; it runs the notebooks, which takes minutes"))
    code = subprocess.call([*sphinx, "docs", str(site)], cwd=ROOT, env=environment())
    say("the site did not build" if code else f"open {site / 'index.html'}")
    return code


def notebooks(names: "list[str]") -> int:
    """Run notebooks as they stand and keep them, with their outputs, beside the tree."""
    folder = ROOT / "build" / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [ROOT / "notebooks" / f"{Path(name).stem}.ipynb" for name in names]
    paths = paths or sorted((ROOT / "notebooks").glob("*.ipynb"))
    failed = 0
    for path in paths:
        say(f"{path.stem} ...")
        start = time.monotonic()
        run = [str(PYTHON), "-m", "jupyter", "execute", "--kernel_name=python3"]
        out = folder / path.name
        code = subprocess.call([*run, f"--output={out}", str(path)], cwd=folder, env=environment())
        say(f"{'FAILED' if code else 'done  '}  {out}  {time.monotonic() - start:.0f} s")
        failed += code != 0
    return int(failed > 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say("interrupted; the next call does what is missing")
        sys.exit(130)
