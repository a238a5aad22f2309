"""Runs every test against a known answer again and writes docs/validation.md: ``python docs/make_validation.py``.

Nothing is typed by hand: pytest tells each comparison that held, with the values on both sides. Six minutes.
"""

from __future__ import annotations

import ast
import atexit
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

# Assertions are compiled with a hook, which caches of earlier test runs lack.
sys.pycache_prefix = tempfile.mkdtemp(prefix="validation-")
atexit.register(shutil.rmtree, sys.pycache_prefix, ignore_errors=True)

import pytest  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
PARTS = {
    "The engine": (
        "tests/oracles/test_chain.py",
        "tests/oracles/test_inventory.py",
        "tests/oracles/test_disruptions.py",
        "tests/oracles/test_queues.py",
        "tests/oracles/test_supplynetpy.py",
        "tests/oracles/test_byproducts.py",
        "tests/oracles/test_idle.py",
        "tests/test_prices.py",
    ),
    "Exposure": (
        "tests/test_exposure_static.py",
        "tests/test_exposure.py",
        "tests/test_exposure_loss.py",
        "tests/test_survival.py",
    ),
    "Balancing figures": ("tests/test_calibration.py",),
}
NUMBER = re.compile(r"\d")
MOST, WIDE = 3, 90
HEAD = (ROOT / "docs" / "validation-notes.md").read_text(encoding="utf-8")


class Heard:
    """What pytest tells: each comparison that held, by test."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.lines: dict[str, list[str]] = {}
        self.outcomes: dict[tuple[str, str], list[str]] = defaultdict(list)

    def pytest_assertion_pass(self, item: pytest.Item, lineno: int, orig: str, expl: str) -> None:
        """Keep a comparison of numbers that the test's own file makes."""
        file, name = self._place(item.nodeid)
        if file not in self.lines:
            self.lines[file] = (ROOT / file).read_text(encoding="utf-8").splitlines()
        lines = self.lines[file]
        begin = orig.split("\n", 1)[0].strip()
        here = lineno <= len(lines) and begin in lines[lineno - 1]
        if here and any(sign in orig for sign in ("==", "<", "approx")) and NUMBER.search(expl):
            self.held[file, name][" ".join(orig.split("#", maxsplit=1)[0].split())].append(expl)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count cases."""
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[self._place(report.nodeid)].append(report.outcome)

    @staticmethod
    def _place(node: str) -> tuple[str, str]:
        file, _, name = node.partition("::")
        return file, name.partition("[")[0]


def plain(text: str) -> str:
    """Values as they are read: no types of numpy, no line breaks, not too long, safe in a table."""
    text = re.sub(r"np\.\w+\(([^()]*)\)", r"\1", text.split("\n", 1)[0])
    text = re.sub(r"(\d\.\d{7})\d+", r"\1", text)
    text = text if len(text) <= WIDE else text[: WIDE - 3] + "..."
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"


def section(file: str, heard: Heard) -> list[str]:
    """A file's tests as a table."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    told = (ast.get_docstring(tree) or file).split("\n\n")
    lines = ["", f"### {told[0].splitlines()[0].rstrip('.')}", ""]
    lines += ["\n".join([*told[0].splitlines()[1:], *told[1:]]).strip(), ""]
    lines += ["| case | found == known | cases |", "|---|---|---|"]
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or (file, node.name) not in heard.outcomes:
            continue
        bad = [x for x in heard.outcomes[file, node.name] if x != "passed"]
        said = node.name.removeprefix("test_").replace("_", " ")
        claims = list(heard.held.get((file, node.name), {}).values())[:MOST]
        if not claims and not bad:
            continue  # refusals and the like
        shown = "<br>".join(plain(max(values, key=telling)) for values in claims)
        cases = len(heard.outcomes[file, node.name])
        lines.append(
            f"| {said} | {shown} | {cases if not bad else f'{cases}, {len(bad)} ' + bad[0].upper()} |"
        )
    return lines


def telling(found: str) -> tuple[bool, bool, int]:
    """How much a comparison says: a tolerance, more than zeros, and short."""
    return "±" in found, bool(re.search(r"[1-9]", found.split("==", maxsplit=1)[0])), -len(found)


def main() -> int:
    """Run, write, and fail where a test does."""
    heard = Heard()
    files = [file for group in PARTS.values() for file in group]
    options = ["-q", "-n0", "-p", "no:cacheprovider", "-o", "enable_assertion_pass_hook=true"]
    code = pytest.main(
        [*(str(ROOT / file) for file in files), "--rootdir", str(ROOT), *options], plugins=[heard]
    )
    passed = sum(x == "passed" for found in heard.outcomes.values() for x in found)
    lines = [HEAD, f"{passed} cases of {len(heard.outcomes)} tests passed."]
    for title, group in PARTS.items():
        lines += ["", f"## {title}"]
        for file in group:
            lines += section(file, heard)
    (ROOT / "docs" / "validation.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
