"""The files that a bare checkout is set up from agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pins(kind: str) -> dict[str, str]:
    """The pinned version of each package in a requirements file."""
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)", text, re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0].lower() for requirement in requirements}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_what_runs_is_pinned(project):
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["build"]
    assert names(wanted) <= pins("run").keys()


def test_what_tests_is_pinned(project):
    extras = dict(project["project"]["optional-dependencies"])
    del extras["mrio"]  # pymrio brings 180 MB for one test, which is skipped without it
    wanted = names([requirement for extra in extras.values() for requirement in extra])
    wanted -= {"supplysim"}
    assert wanted <= pins("dev").keys()


def test_dev_holds_all_of_run():
    assert pins("run").items() <= pins("dev").items()


@pytest.mark.parametrize("kind", ["run", "dev"])
def test_requirements_name_no_host(kind):
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)
