"""What no machine can hold is refused in one sentence, before anything is allocated."""

import os

import numpy as np
import pytest

import sim
from sim import checks
from sim.task import strategies

# sixteen gibibytes
PAGES = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**22}


@pytest.fixture(autouse=True)
def _known_machine(monkeypatch):
    monkeypatch.setattr(os, "sysconf", PAGES.__getitem__)


def test_the_limit_is_the_memory_of_the_machine():
    checks.memory("it", 2**31)
    words = r"^it would need 16 GiB of memory, and this machine has 16 GiB$"
    with pytest.raises(ValueError, match=words):
        checks.memory("it", 2**31 + 1024, 1)
    assert checks.histories(2, 30) == 2**30
    with pytest.raises(ValueError, match=r"k = 2 states of order 31 .* would need 32 GiB"):
        checks.histories(2, 31)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sim.Dirichlet(3, order=40), r"k = 3 states of order 40 .* need 2.72e\+11 GiB"),
        (lambda: sim.Dirichlet(2, order=10**9), r"would need 2\*\*1000000004 bytes of memory"),
        (lambda: sim.Unigram(10**6), "k = 1000000 states of order 1 .* would need 7,451 GiB"),
        (lambda: sim.DoublyStochastic(10**6), "k = 1000000 states of order 1"),
        (lambda: sim.Dirichlet(100).sample(10**7), "sampling 10000000 chains .* need 745 GiB"),
        (
            lambda: sim.sample_sequences(sim.Dirichlet(2), 10**9, 3),
            "1000000000 chains with 2 histories would need 29.8 GiB",
        ),
        (
            lambda: sim.sample_sequences(sim.Dirichlet(2), 1000, 10**8),
            "1000 sequences of length 100000000 would need 745 GiB",
        ),
        (
            lambda: sim.sample_sequences(sim.Dirichlet(2, order=20), 1, 30),
            "the stationary start over 1048576 histories would need 8,192 GiB",
        ),
        (
            lambda: sim.sample_sequences(sim.Dirichlet(2, order=13), 1000, 30),
            "start 'stationary' would take some 5e.14 operations .* use start 'uniform'",
        ),
        (lambda: strategies.ngram([[0, 1]], 2, 50), "k = 2 states of order 50"),
        (
            lambda: strategies.uniform(np.zeros((1000, 1000), int), 10**4),
            "the predictions would need 74.5 GiB",
        ),
        (
            lambda: sim.train(sim.MinimalModel.constant(100, 2), sim.Dirichlet(2), steps=1,
                              held_out=10**9),
            "1000000000 chains with 2 histories would need",
        ),
    ],
)  # fmt: skip
def test_oversized_problems_are_refused(call, words):
    with pytest.raises(ValueError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_system_that_does_not_tell_is_believed(monkeypatch):
    monkeypatch.delattr(os, "sysconf")
    checks.memory("it", 10**12)
    with pytest.raises(ValueError, match="it would need"):
        checks.memory("it", 10**15)


def test_priors_of_the_wrong_kind_are_refused():
    for call, words in (
        (
            lambda: sim.Mixture(["dirichlet"], [1.0]),
            r"priors\[0\] must be a prior such as .* 'dirichlet'",
        ),
        (lambda: sim.Mixture(sim.Dirichlet(2), [1.0]), "priors must be a sequence of priors"),
        (lambda: sim.FiniteSet("dirichlet", 3, 0), "prior must be a prior such as"),
        (lambda: sim.sample_sequences("dirichlet", 3, 4), "prior must be a prior such as"),
        (lambda: strategies.bayes([[0, 1]], "dirichlet"), "prior must be a prior such as"),
        (lambda: sim.prior_quadrature("dirichlet"), "prior must be a prior such as"),
    ):
        with pytest.raises(TypeError, match=words):
            call()
