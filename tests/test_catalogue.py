"""The catalogue: bundled names, and paths in their place."""

from pathlib import Path

import pytest

from supplysim import catalogue, files
from supplysim.errors import InvalidInput
from supplysim.testing import tiny


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A catalogue of one network and one scenario, laid out like a checkout."""
    here = tmp_path / "supplysim" / "catalogue"
    (tmp_path / "scenarios").mkdir()
    here.mkdir(parents=True)
    files.save_network(tiny(), here / "ore-2022")
    (here / "unfinished").mkdir()
    (tmp_path / "scenarios" / "stop.toml").write_text('name = "stop"\nnetwork = "ore-2022"\n')
    monkeypatch.setattr(catalogue, "_HERE", here)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path


@pytest.mark.parametrize("name", catalogue.networks())
def test_every_bundled_network_is_sound(name, tmp_path):
    network = catalogue.load_network(name)
    assert network.name == name
    files.save_network(network, tmp_path / name)
    assert files.load_network(tmp_path / name) == network


@pytest.mark.parametrize("name", catalogue.scenarios())
def test_every_bundled_scenario_plays_on_its_network(name, tmp_path):
    scenario = catalogue.check_file(name)
    assert scenario.name == name and scenario.network in catalogue.networks()
    files.save_scenario(scenario, tmp_path / "s.toml")
    assert files.load_scenario(tmp_path / "s.toml") == scenario


def test_names(bundle):
    assert catalogue.networks() == ("ore-2022",)
    assert catalogue.scenarios() == ("stop",)
    assert catalogue.load_network("ore-2022") == tiny()
    assert catalogue.load_scenario("stop").name == "stop"
    assert catalogue.check_file("ore-2022") == tiny()
    assert catalogue.check_file("stop").name == "stop"
    assert catalogue.scenario_path("stop") == bundle / "scenarios" / "stop.toml"


def test_scenarios_of_an_installed_package_stand_inside_it(bundle):
    inside = bundle / "supplysim" / "scenarios"
    (bundle / "scenarios").rename(inside)
    assert catalogue.scenario_path("stop") == inside / "stop.toml"


def test_paths(bundle):
    other = tiny().replace(name="other")
    files.save_network(other, Path("ore-2022"))
    assert catalogue.load_network("ore-2022") == tiny()  # the bundled one
    assert catalogue.load_network("./ore-2022") == other
    assert catalogue.load_network(Path("ore-2022")) == other
    Path("mine.toml").write_text('name = "mine"\nnetwork = "./ore-2022"\n')
    assert catalogue.load_scenario("mine.toml").name == "mine"
    assert catalogue.check_file("mine.toml").name == "mine"
    assert catalogue.load_network("./ore-2022", beside=Path.cwd()) == other


def test_a_scenario_names_its_network_relative_to_itself(bundle, monkeypatch):
    files.save_network(tiny(), Path("net"))
    path = Path("mine.toml").absolute()
    path.write_text('network = "net"\n')
    monkeypatch.chdir("/")
    assert catalogue.check_file(path).network == "net"
    assert catalogue.load_network("net", beside=path.parent) == tiny()


@pytest.mark.parametrize(
    ("load", "name", "hint"),
    [
        (catalogue.load_network, "ore-2023", "'ore-2022'"),
        (catalogue.network_path, "ore-2023", "'ore-2022'"),
        (catalogue.load_scenario, "stopp", "'stop'"),
        (catalogue.scenario_path, "stopp", "'stop'"),
        (catalogue.check_file, "stopp", "'stop'"),
        (catalogue.check_file, "x" * 5000, "known: ore-2022, stop"),
        (catalogue.load_network, "a\0b", "known: ore-2022"),
        (catalogue.network_path, "unfinished", "known: ore-2022"),
    ],
)
def test_unknown_names_get_a_hint(bundle, load, name, hint):
    with pytest.raises(InvalidInput) as caught:
        load(name)
    (fault,) = caught.value.faults
    assert hint in fault.rule and fault.value == name


def test_a_scenario_with_an_unknown_network(bundle):
    Path("mine.toml").write_text('network = "ore-2021"\n')
    with pytest.raises(InvalidInput, match="did you mean 'ore-2022'") as caught:
        catalogue.check_file("mine.toml")
    assert caught.value.file == "mine.toml"
    assert caught.value.faults[0].path == "network"
