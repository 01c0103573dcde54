"""Modes of the population kernel estimated from sampled sequences, and what a mode predicts."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from tqdm import tqdm

import sim
import theory
from sim.runs.measures import kl, log_softmax

Array = NDArray[np.float64]
PRIORS: dict[str, sim.Prior] = {
    "flat": sim.Dirichlet(2),
    "doubly_stochastic": sim.DoublyStochastic(2),
}
BATCHES = 10
SHARED = np.full((2, 2), 0.5)  # 11'/2 and I - 11'/2 span the W that feel the kernel
OWN = np.eye(2) - SHARED


def sampled_columns(prior: str, T: int, n: int, seed: int = 0) -> list[Array]:
    """K's columns (T, 2) along 11'/2 and I - 11'/2 from each batch of n sequences in all.

    They are minus the gradient of the margin loss in v at W = 11'/2 and at W = I - 11'/2.
    """
    rows = []
    for child in np.random.SeedSequence(seed).spawn(BATCHES):
        tokens = sim.sample_sequences(PRIORS[prior], n // BATCHES, T + 1, child).tokens
        columns = [
            -sim.loss_and_gradient(sim.MinimalModel(np.zeros(T), W), tokens, sim.Margin(1.0))[1].v
            for W in (SHARED, OWN)
        ]
        rows.append(np.stack(columns, axis=1))
    return rows


def sampled_mode(prior: str, mode: int, T: int, n: int) -> tuple[Array, Array]:
    """v and W of a mode of K estimated from sequences, its largest entry of v positive."""
    columns = np.mean(sampled_columns(prior, T, n), axis=0)
    u, _, w = np.linalg.svd(columns, full_matrices=False)
    sign = np.sign(u[np.argmax(np.abs(u[:, mode])), mode])
    return sign * u[:, mode], sign * (w[mode, 0] * SHARED + w[mode, 1] * OWN) * np.sqrt(2)


@cache
def sampled_singular_values(prior: str, T: int, n: int, seed: int = 0) -> tuple[Array, Array]:
    """Singular values of K estimated from sequences, with their jackknife errors."""
    rows = sampled_columns(prior, T, n, seed)
    left_out = [(sum(rows) - row) / (BATCHES - 1) for row in rows]
    values = np.array([np.linalg.svd(matrix, compute_uv=False) for matrix in left_out])
    spread = np.sum((values - values.mean(axis=0)) ** 2, axis=0)
    whole = np.linalg.svd(np.mean(rows, axis=0), compute_uv=False)
    return whole, np.sqrt((BATCHES - 1) / BATCHES * spread)


@cache
def explained(prior: str, mode: int, T: int = 100) -> dict[str, float]:
    """Share of KL(strategy || uniform) that the mode's logits remove at their best scale."""
    found = theory.modes(T, prior=prior)
    return explained_by(found.v_modes[mode], found.W_modes[mode], prior)


def explained_by(v: Array, W: Array, prior: str) -> dict[str, float]:
    """Share of KL(strategy || uniform) that the logits of v and W remove at their best scale."""
    test = sim.HeldOut.draw(PRIORS[prior], 4000, len(v), 1)
    model = sim.MinimalModel(v, W)
    last = sim.logits(model, test.context)[:, -1]
    last /= np.sqrt(np.mean((last - last.mean(axis=1, keepdims=True)) ** 2))
    shares = {}
    for name in ("unigram", "bigram"):
        guess = test.predictions[name]
        best = minimize_scalar(
            lambda scale, guess=guess: kl(guess, log_softmax(scale * last)).mean(), (0.0, 1.0)
        )
        shares[name] = 1 - best.fun / float(kl(guess, np.full_like(guess, -np.log(2))).mean())
    return shares


def sampled_modes(
    length: int, sampled_lengths: list[int], samples: int, seed: int, *, progress: bool = False
) -> dict[str, Array]:
    """All of the above for both priors.

    Returns
    -------
    dict of str to ndarray
        ``values`` and ``errors`` of the singular values, shape (priors, sampled lengths, 2);
        ``columns`` of the flat prior's K at `length`, shape (length, 2); ``unigram`` and
        ``bigram``, the shares explained at `length`, shape (priors, modes).
    """
    jobs = [(prior, T) for prior in PRIORS for T in sampled_lengths]
    found = [
        sampled_singular_values(prior, T, samples, seed)
        for prior, T in tqdm(jobs, disable=not progress, leave=False)
    ]
    shape = (len(PRIORS), len(sampled_lengths), 2)
    shares = [[explained(prior, mode, length) for mode in (0, 1)] for prior in PRIORS]
    return {
        "values": np.reshape([values for values, _ in found], shape),
        "errors": np.reshape([errors for _, errors in found], shape),
        "columns": np.mean(sampled_columns("flat", length, samples, seed), axis=0),
        **{name: np.array([[share[name] for share in row] for row in shares])
           for name in ("unigram", "bigram")},
    }  # fmt: skip
