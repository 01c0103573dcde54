"""Beyond the paper: the even/odd pattern of v, its law, and the same in trained weights."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.claims.common import PRIORS
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict
from proofs_check.ledger.compare import worst
from theory.kernel.lag_pattern import chain_lag_constants, lag_constant

Array = NDArray[np.float64]
START = sim.MinimalModel.constant(100, 2, v=0.02, W=0.0)
QUARTER, TWELFTH = sp.Rational(1, 4), sp.Rational(1, 12)


def _derived(value: dict[str, Any]) -> Finding:
    """Both ends of the law of lambda, and delta_j exactly for a = b."""
    law = theory.parity_law()
    good = (law.power, law.even, law.odd) == (value["power"], value["even"], value["odd"])
    for j in range(1, 13):
        stated = value["symmetric_odd"] if j % 2 else value["symmetric_even"]
        good &= lag_constant(j, "doubly_stochastic") * (j + 1) == stated
    # expanding at the ends of (-1, 1) is an argument about limits, not a decision
    return Finding(float(not good), 0.0, "expansion at lambda = 1 and -1; a = b exactly, j <= 12")


@cache
def _averaged(prior: str, count: int) -> Array:
    weights, P = theory.quadrature((500, 6) if prior == "flat" else 60, prior)
    return weights @ chain_lag_constants(P, count)


def _from_powers(value: dict[str, Any]) -> Finding:
    """j^power delta_j from matrix powers under quadrature, its 1/j term extrapolated away.

    In single chains delta_j is delta_1 lambda^(j-1).
    """
    delta = _averaged("flat", 403)

    def scaled(j: int) -> float:
        return float(delta[j - 1] * j ** value["power"])

    # j and 3j have the same parity
    even, odd = ((3 * scaled(3 * j) - scaled(j)) / 2 for j in (134, 133))
    delta = _averaged("doubly_stochastic", 41)
    lag = np.arange(1, 42)
    stated = np.where(lag % 2, float(value["symmetric_odd"]), float(value["symmetric_even"]))
    chains = sim.Dirichlet(2).sample(200, 0)
    single = chain_lag_constants(chains, 12)
    eigenvalue = np.trace(chains, axis1=1, axis2=2) - 1
    gaps = [
        worst(np.abs(single - single[:, :1] * eigenvalue[:, None] ** np.arange(12)).ravel()),
        abs(even - float(value["even"])),
        abs(odd - float(value["odd"])),
        worst(np.abs(delta * (lag + 1) - stated)),
    ]
    return Finding(worst(gaps), 2e-4, f"j up to 400: even {even:.5f}, odd {odd:.5f}; a = b j <= 41")


def contrasts(v: Array) -> Array:
    """v_j less the mean of its neighbours, for j = 2, 3, ..., along the last axis."""
    return v[..., 1:-1] - (v[..., :-2] + v[..., 2:]) / 2


def _trained(value: dict[str, Any]) -> Finding:
    """Signs after 300 steps of cross-entropy; sizes after 30 of the margin loss with a = b.

    There v_j has moved by r(r+1)/(2T) delta_j times the integral of W's identity part, beside
    what all lags have alike.
    """
    wrong = 0
    for prior, even, odd in (
        ("flat", value["even"], value["odd"]),
        ("doubly_stochastic", value["symmetric_even"], value["symmetric_odd"]),
    ):
        signs = _signs(prior)
        wrong += int(np.any(signs != np.sign(float(even - odd)) * (-1.0) ** np.arange(8)))
    rows = [_sizes(seed) for seed in range(12)]
    error = np.std(rows, axis=0, ddof=1) / np.sqrt(len(rows))
    lag = np.arange(1, 11)
    stated = np.where(lag % 2, float(value["symmetric_odd"]), float(value["symmetric_even"]))
    pulls = np.abs(np.mean(rows, axis=0) - contrasts(stated / (lag + 1))) / error
    return Finding(
        worst(pulls) if not wrong else np.inf, 4.5,
        f"T = 100, 8 signs in each of 2 runs, 8 sizes from {len(rows)} runs; in standard errors",
    )  # fmt: skip


@cache
def _signs(prior: str) -> Array:
    run = sim.train(START, PRIORS[prior], steps=300, record_every=300, held_out=1, rng=3)
    return np.sign(contrasts(run.v[-1])[:8])


@cache
def _sizes(seed: int) -> Array:
    run = sim.train(
        START, sim.DoublyStochastic(2), steps=30, batch_size=256, loss=sim.Margin(1e3),
        rng=seed, record_every=1, held_out=1,
    )  # fmt: skip
    own = np.trace(run.W, axis1=1, axis2=2) - run.W.sum(axis=(1, 2)) / 2
    r = 100 - np.arange(10)
    moved = (run.v[-1] - run.v[0])[:10] / (r * (r + 1) / 200)
    return contrasts(moved) / float(np.sum(own[:-1]) * (run.time[1] - run.time[0]))


CLAIMS = (
    Claim(
        id="x-even-odd",
        source="beyond the paper",
        title="pull on v_j: j^-2 with 5/12 (even), -1/12 (odd); a = b: 1/(4(j+1)) on even j only",
        printed=Statement(
            r"K_{j11}-K_{j12}=\frac{(T-j+1)(T-j+2)}{2T}(B-A+\delta_j)+\ldots,\quad j^2\delta_j\to"
            r"\tfrac5{12}\ (j\text{ even}),\ -\tfrac1{12}\ (j\text{ odd});\quad "
            r"a=b:\ \delta_j=\tfrac1{4(j+1)}\ (j\text{ even}),\ 0\ (j\text{ odd})",
            {
                "power": 2,
                "even": 5 * TWELFTH,
                "odd": -TWELFTH,
                "symmetric_even": QUARTER,
                "symmetric_odd": sp.Integer(0),
            },
        ),
        routes=(
            Route("symbolic", "both ends of the law of lambda", _derived),
            Route("spectral", "matrix powers under quadrature", _from_powers),
            Route("simulation", "v after short training", _trained),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("k = 2", "flat prior, or a = b uniform"),
        depends_on=("text-A.51-parity",),
        note="In one chain delta_j = delta_1 lambda^(j-1): it alternates exactly if lambda < 0. "
        "Averaged, chains near lambda = 1 give 1/6 j^-2 to all lags and those near -1 give "
        "(-1)^j 1/4 j^-2. With a = b both ends weigh the same, and odd lags feel nothing.",
    ),
)
