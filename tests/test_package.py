"""What stands about the package outside its code: one version, one licence, nothing missing."""

import re
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _declared() -> str:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["metadata"]["version"]


@pytest.mark.parametrize("room", ["sim", "theory", "proofs_check"])
def test_the_version_is_that_of_setup_cfg(room):
    assert import_module(room).__version__ in (_declared(), "not installed")


@pytest.mark.parametrize("command", ["theory", "sim", "check"])
def test_every_command_prints_the_version(command, capsys):
    from proofs_check.commands.icl_markov import main

    with pytest.raises(SystemExit) as stop:
        main([command, "--version"])
    assert stop.value.code == 0
    assert re.fullmatch(rf"icl-markov ({_declared()}|not installed)\n", capsys.readouterr().out)


def test_the_citation_names_this_version():
    assert f"\nversion: {_declared()}\n" in (ROOT / "CITATION.cff").read_text()


def test_every_public_name_has_a_page():
    for room in ("sim", "theory", "proofs_check"):
        page = (ROOT / "docs" / "api" / f"{room}.md").read_text()
        listed = re.findall(r"^   ([A-Za-z_]+)$", page, flags=re.MULTILINE)
        assert sorted(listed) == sorted(import_module(room).__all__)


def test_the_source_distribution_has_what_it_needs_to_be_tested_and_cited():
    named = (ROOT / "MANIFEST.in").read_text().split()
    for wanted in ("CHANGELOG.md", "CITATION.cff", "docs", "tests", "benchmarks", ".ci"):
        assert wanted in named
        assert (ROOT / wanted).exists()
