"""Beyond the paper: where the init scale enters the critical learning rate, and where not."""

from __future__ import annotations

from itertools import product

import numpy as np

import theory
from proofs_check import ledger
from proofs_check.ledger.compare import worst
from proofs_check.methods.all_sequences import two_enumerated_steps
from theory.first_steps.step_2 import second_step

SCALES = (0.01, 0.3, 3.0)
T = 11  # short enough for all sequences, long enough for a threshold


def _stated(power: float, c: float) -> float:
    return float(theory.critical_learning_rate(T) or np.nan) * c**power


@ledger.spectral("two steps with the exact kernel")
def by_kernel(power: float) -> ledger.Finding:
    """v_2 leads after two steps 1% above the stated rate, and not 1% below."""
    wrong = []
    for c, share in product(SCALES, (0.99, 1.01)):
        if (np.argmax(second_step(T, c, share * _stated(power, c))[1]) == 1) != (share > 1):
            wrong.append((c, share))
    return ledger.Finding(float(len(wrong)), 0.0, f"T = {T}, c in {SCALES}: wrong at {wrong}")


@ledger.enumeration("two steps with the hinge, all sequences")
def by_hinges(power: float) -> ledger.Finding:
    """The same with the actual loss; and Delta just below the margin is too small."""
    wrong, gaps, closed = [], [], []
    for c, share in product(SCALES, (0.99, 1.01)):
        eta = share * _stated(power, c)
        v = two_enumerated_steps(T, c, eta) / c
        if (np.argmax(v) == 1) != (share > 1):
            wrong.append((c, share))
        linear = second_step(T, c, eta)[1] / c
        gaps.append(np.abs(v / linear - 1).max())
        closed.append(np.abs(two_enumerated_steps(T, c, eta, 0.98) / c / linear - 1).max())
    residual = worst([float(len(wrong)), float(min(closed) <= 1e-6), *gaps])
    detail = f"at 0.98 of the margin v is off by {min(closed):.1e} or more"
    return ledger.Finding(residual, 1e-10, f"T = {T}, wrong at {wrong}; {detail}")


CLAIMS = (
    ledger.supported("x-threshold-init", "beyond the paper",
        "the critical learning rate does not depend on the init scale, the margin does",
        r"\eta_{crit}(T,c)=\eta_{crit}(T)\,c^0,\quad\Delta\ge "
        r"c^2\max_{ml}(1+\eta G_{ml})\sum_j(T-j+1)(1+\eta S_j)", 0.0, by_kernel, by_hinges,
        wrong=(1.0, -0.1), assume=("k = 2, flat prior", "W = c 11^T, v = c 1"),
        needs="lemma-3.1-step-2",
        note="The bound on Delta is attained, by constant sequences. At the critical rate it grows "
        "as c^2 T^2 / 2."),
)  # fmt: skip
