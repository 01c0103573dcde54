"""What the captions say of strategies and distributions, measured."""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import xlogy

import sim
from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import worst

Array = NDArray[np.float64]

# heights of the horizontal lines, read off Fig. 3 (top, bottom) to about 0.005
LINES = {"orange": (0.184, 0.167), "green": (0.027, 0.026)}
READING = 0.025


def _gap(rule: sim.Quadrature) -> tuple[float, float]:
    """E sum_m pi_m KL(P_m || pi) and E KL(pi || uniform): unigrams' loss and their signal."""
    P, pi = rule.transition, sim.stationary_distribution(rule.transition)
    own = xlogy(P, P).sum(axis=2)
    # a state that pi leaves out can only be reached from such states, whose rows do not count
    cross = xlogy(P, np.where(pi > 0, pi, 1.0)[:, None, :]).sum(axis=2)
    loss = np.sum(pi * (own - cross), axis=1)
    signal = np.log(P.shape[2]) + xlogy(pi, pi).sum(axis=1)
    return float(rule.weights @ loss), float(rule.weights @ signal)


@cache
def _sampled(prior: sim.Prior, k: int, T: int = 100, n: int = 8000) -> dict[str, float]:
    """KL from the truth of each strategy at the last token."""
    tokens, transition = sim.sample_sequences(prior, n, T, 1)
    truth = transition[np.arange(n), tokens[:, -1]]
    guesses = {
        "uniform": sim.strategies.uniform(tokens, k),
        "unigram": sim.strategies.unigram(tokens, k),
        "bigram": sim.strategies.bigram(tokens, k),
    }
    return {
        name: float((xlogy(truth, truth) - xlogy(truth, guess[:, -1])).sum(axis=1).mean())
        for name, guess in guesses.items()
    }


THREE_STATES = sim.Dirichlet(3)
ENDS = {p: sim.Interpolated(p) for p in (0.0, 1.0)}


def lines_sampled(colours: dict[str, str]) -> Finding:
    loss = _sampled(THREE_STATES, 3)
    residual = worst(
        abs(height - loss[colours[colour]]) for colour, two in LINES.items() for height in two
    )
    return Finding(
        residual, READING, f"k = 3, T = 100: unigram {loss['unigram']:.3f}, bigram "
        f"{loss['bigram']:.3f}; lines at {LINES}",
    )  # fmt: skip


def lines_quadrature(colours: dict[str, str]) -> Finding:
    """Unigrams at T = infinity; a bigram row of k - 1 free probabilities costs k (k-1) / 2T."""
    loss = {"unigram": _gap(sim.prior_quadrature(THREE_STATES, 48))[0], "bigram": 3 * 2 / 200}
    residual = worst(
        abs(height - loss[colours[colour]]) for colour, two in LINES.items() for height in two
    )
    return Finding(
        residual, READING, f"k = 3: unigram {loss['unigram']:.4f} (T = infinity), bigram "
        f"{loss['bigram']:.4f} (leading order at T = 100)",
    )  # fmt: skip


def ends_quadrature(value: dict[str, float]) -> Finding:
    """Unigrams must lose less, and have more to tell, at the end said to be optimal."""
    ends = {p: _gap(sim.prior_quadrature(sim.Interpolated(p), 40)) for p in (0.0, 1.0)}
    best, none = ends[value["optimal"]], ends[value["uninformative"]]
    told = "; ".join(
        f"p = {p:.0f}: unigrams lose {loss:.4f}, E KL(pi || uniform) = {signal:.4f}"
        for p, (loss, signal) in ends.items()
    )
    return Finding(worst([best[0] - none[0], none[1] - best[1]]), 0.0, told)


def ends_sampled(value: dict[str, float]) -> Finding:
    """How much of the loss of guessing uniformly the unigram rule saves, T = 100."""
    saved, told = {}, []
    for p, prior in ENDS.items():
        loss = _sampled(prior, 2)
        saved[p] = loss["uniform"] - loss["unigram"]
        told.append(f"p = {p:.0f}: uniform {loss['uniform']:.3f}, unigram {loss['unigram']:.3f}")
    return Finding(saved[value["uninformative"]] - saved[value["optimal"]], 0.0, "; ".join(told))


def _claimed_limit(name: str, k: int) -> Array:
    return np.eye(k) if name == "identity" else np.full((k, k), 1 / k)


def doubly_stochastic_sampled(name: str) -> Finding:
    """Rows of P^n for large n, for random doubly stochastic chains."""
    residuals = []
    for k in (2, 3, 4):
        chains = sim.DoublyStochastic(k).sample(50, k)
        chains = 0.9 * chains + 0.1 / k  # doubly stochastic too, and bounded away from periodic
        power = np.linalg.matrix_power(chains, 400)
        residuals.append(np.abs(power - _claimed_limit(name, k)).max())
    return Finding(worst(residuals), 1e-10, "150 chains, k = 2, 3, 4, P^400")


def doubly_stochastic_symbolic(name: str) -> Finding:
    """Is every row of the claim left unchanged by a generic doubly stochastic P, k = 3?"""
    p = sp.symbols("p1:5")
    P = sp.Matrix(
        [
            [p[0], p[1], 1 - p[0] - p[1]],
            [p[2], p[3], 1 - p[2] - p[3]],
            [1 - p[0] - p[2], 1 - p[1] - p[3], p[0] + p[1] + p[2] + p[3] - 1],
        ]
    )
    claim = sp.eye(3) if name == "identity" else sp.ones(3, 3) / 3
    return exactly(sp.expand(claim * P - claim) == sp.zeros(3, 3), "pi P = pi, k = 3")


def _share_closed(uniform_gap: float, soft: float, best: float) -> float:
    return (uniform_gap - soft) / (uniform_gap - best)


def _softmax_loss(truth: Array, guess: Array, weights: Array) -> float:
    """Least average of KL(truth || softmax(a guess)) over the factor a."""

    def loss(a: float) -> float:
        e = np.exp(a * guess)
        q = e / e.sum(axis=-1, keepdims=True)
        return float(np.sum(weights * (xlogy(truth, truth) - xlogy(truth, q)).sum(axis=-1)))

    return float(minimize_scalar(loss, bounds=(0.1, 10.0), method="bounded").fun)


def softmax_sampled(share: float) -> Finding:
    """softmax(a x) of bigram frequencies x at the best a, between the unigram and bigram losses."""
    n, shares = 8000, []
    for k in (2, 3):
        prior = THREE_STATES if k == 3 else sim.Dirichlet(2)
        tokens, transition = sim.sample_sequences(prior, n, 100, 1)
        truth = transition[np.arange(n), tokens[:, -1]]
        frequency = sim.strategies.ngram(tokens, k, 1, 1e-9)[:, -1]
        soft = _softmax_loss(truth, frequency, np.full(n, 1 / n))
        loss = _sampled(prior, k)
        shares.append(_share_closed(loss["unigram"], soft, loss["bigram"]))
    return Finding(
        share - min(shares), 0.0,
        f"T = 100: {', '.join(f'{100 * s:.0f}%' for s in shares)} of the gap between unigram and "
        "bigram closed, k = 2, 3",
    )  # fmt: skip


def softmax_quadrature(share: float) -> Finding:
    """The same at T = infinity, k = 2: the frequencies are P, and the bigram loss is 0."""
    rule = sim.prior_quadrature(sim.Dirichlet(2), 40)
    pi = sim.stationary_distribution(rule.transition)
    soft = _softmax_loss(rule.transition, rule.transition, rule.weights[:, None] * pi)
    found = _share_closed(_gap(rule)[0], soft, 0.0)
    return Finding(share - found, 0.0, f"T = infinity: {100 * found:.1f}% of the gap closed, k = 2")
