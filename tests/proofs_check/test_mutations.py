"""A slip in the code of `theory` or `sim` is noticed: some claim loses its verdict.

A few slips are tried on some of the claims that rest on the function, in every run of the tests.
All of them, on all claims: ``pytest -m mutations tests/proofs_check/test_mutations.py``.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from proofs_check import CLAIMS
from proofs_check.ledger.trace import functions_reached

RUN = Path(__file__).parent / "slipped.py"


class Slip(NamedTuple):
    """A change of one function's source."""

    function: str
    old: str
    new: str

    @property
    def module(self):
        return self.function.rpartition(".")[0]


THEORY = [
    # signs
    Slip("theory.kernel.two_states._polynomial", "step[m, i] - half", "step[m, i] + half"),
    Slip("theory.chains.prior_moments.exact_pair", "parity = -1 if", "parity = 1 if not"),
    Slip("theory.first_steps.step_2.critical_learning_rate", "KG[1] - KG[rivals]",
         "KG[1] + KG[rivals]"),
    # factors
    Slip("theory.chains.prior_moments.moments", "(2 * q + 1)) * 0.25**q", "(2 * q + 1)) * 0.5**q"),
    Slip("theory.first_steps.step_2.critical_rate_constant", "return 24 *", "return 12 *"),
    Slip("theory.kernel.escape.escape_law", "math.log(2 * threshold", "math.log(threshold"),
    Slip("theory.stages.plateau.plateau_start", "(2.0 * checks", "(1.0 * checks"),
    # indices
    Slip("theory.kernel.two_states._assemble", "np.arange(T, 0, -1)", "np.arange(T - 1, -1, -1)"),
    Slip("theory.first_steps.step_2.diagonal_constant", "t.lag * (j - 1)", "t.lag * j"),
    Slip("theory.ngrams.origin.ngram_kernel", "((sequences[:, p + 1] ==", "((sequences[:, p] =="),
]  # fmt: skip
SIM = [
    Slip("sim.learning.objectives.sequence_probabilities", "[:, history, following]",
         "[:, following, history]"),
    Slip("sim.task.priors.rules.two_state", "np.stack([1 - b, b], axis=1)",
         "np.stack([b, 1 - b], axis=1)"),
    Slip("sim.kernels.chains.sample", "transition[q, history[lane], i]",
         "transition[q, i, history[lane]]"),
    Slip("sim.kernels.counts.ngram", "count[history, token] += 1.0",
         "count[token, history] += 1.0"),
    Slip("sim.kernels._losses._margin", "zero - slopes, slope", "slopes, slope"),
]  # fmt: skip
SAMPLE = [THEORY[0], THEORY[1], THEORY[8], SIM[0]]
# claims on which a slip of the sample is tried
TRIED = 5


def verified(slip, *claims):
    """The exit status of `verify` with a slip, and what it printed; -1 if it broke down."""
    environment = dict(os.environ)
    if slip.module.startswith("sim.kernels._"):
        # compiled into the kernels of other files
        environment["ICL_MARKOV_NUMBA_CACHE"] = "0"
    done = subprocess.run(
        [sys.executable, str(RUN), slip.module, slip.old, slip.new, *claims],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    # a traceback ends with 1 as well
    broken = "statement" not in done.stdout
    return -1 if broken else done.returncode, done.stdout + done.stderr


def resting_on(function):
    """Ids of the claims of which a route rests on a function, and that need no training runs."""
    return [
        claim.id
        for claim in CLAIMS
        if not claim.records
        and any(
            function in functions_reached(route.compute, [claim.standing.value])
            for route in claim.routes
        )
    ]


@pytest.mark.parametrize("slip", SAMPLE, ids=lambda slip: slip.function)
def test_a_slip_is_noticed_by_claims_that_rest_on_the_function(slip):
    claims = resting_on(slip.function)
    assert claims
    status, printed = verified(slip, *claims[:TRIED])
    assert status == 1, printed


@pytest.mark.mutations
@pytest.mark.parametrize("slip", [*THEORY, *SIM], ids=lambda slip: slip.function)
def test_a_slip_is_noticed_by_the_whole_ledger(slip):
    status, printed = verified(slip)
    assert status == 1, printed


def test_without_a_slip_nothing_is_noticed():
    same = SAMPLE[0]._replace(new=SAMPLE[0].old)
    status, printed = verified(same, "A.32", "A.50")
    assert status == 0, printed
