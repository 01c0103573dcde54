"""A cache of its own for every test of experiments, and no other processes."""

import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("ICL_MARKOV_CACHE", str(tmp_path))
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)
    return tmp_path
