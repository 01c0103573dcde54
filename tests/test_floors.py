"""What `.ci/run` installs as the lowest versions is what setup.cfg allows."""

from configparser import ConfigParser
from pathlib import Path

HERE = Path(__file__).parent


def lines(text):
    return [line for line in map(str.strip, text.splitlines()) if line and line[0] != "#"]


def test_the_lowest_versions_are_those_of_setup_cfg():
    setup = ConfigParser(interpolation=None)
    setup.read(HERE.parent / "setup.cfg")
    extras = setup["options.extras_require"]
    allowed = lines(setup["options"]["install_requires"] + extras["sweep"] + extras["test"])
    pinned = lines((HERE / "floors.txt").read_text())
    assert pinned == [*(line.replace(">=", "==") for line in allowed), "pyparsing==3.1"]
