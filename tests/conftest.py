"""House rules for all tests: numbers that leave the numbers raise, figures need no screen."""

import os

# before anything imports matplotlib
os.environ.setdefault("MPLBACKEND", "agg")

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _loud_floating_point():
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """Tests neither read nor fill the user's cache of results."""
    os.environ["ICL_MARKOV_CACHE"] = str(tmp_path_factory.mktemp("cache"))
