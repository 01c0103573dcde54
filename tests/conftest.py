"""House rules for all tests: numbers that leave the numbers raise, figures need no screen."""

import os

# before anything imports matplotlib
os.environ.setdefault("MPLBACKEND", "agg")

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Workers take whole files, except where a test says what it belongs to."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture(autouse=True)
def _loud_floating_point():
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """Tests neither read nor fill the user's cache of results."""
    os.environ["ICL_MARKOV_CACHE"] = str(tmp_path_factory.mktemp("cache"))
