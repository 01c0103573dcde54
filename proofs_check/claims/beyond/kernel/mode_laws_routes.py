"""Routes of `x_modes`: laws of the singular values, what modes predict, when v_2 overtakes v_1."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

import sim
import theory
from proofs_check.claims.beyond.kernel.modes_routes import OWN, SHARED
from proofs_check.claims.common import PRIORS
from proofs_check.ledger import Finding
from proofs_check.ledger.compare import worst
from sim.runs.measures import kl, log_softmax

Array = NDArray[np.float64]
BATCHES = 10
FINITE_T = 0.1  # how far the laws are off at T = 400, with room


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


@cache
def sampled_singular_values(prior: str, T: int, n: int, seed: int = 0) -> tuple[Array, Array]:
    """Singular values of K estimated from sequences, with their jackknife errors."""
    rows = sampled_columns(prior, T, n, seed)
    left_out = [(sum(rows) - row) / (BATCHES - 1) for row in rows]
    values = np.array([np.linalg.svd(matrix, compute_uv=False) for matrix in left_out])
    spread = np.sum((values - values.mean(axis=0)) ** 2, axis=0)
    whole = np.linalg.svd(np.mean(rows, axis=0), compute_uv=False)
    return whole, np.sqrt((BATCHES - 1) / BATCHES * spread)


def stated_law(value: dict[str, Any], T: int) -> Array:
    """The stated singular values at T: prefactor, power of T, and (a = b) the logarithm's part."""
    out = []
    for constant, power in zip(value["constants"], value["powers"], strict=True):
        out.append(float(constant) * T ** float(power))
    if "shift" in value:
        L = np.log(T) + float(value["shift"])
        out[1] *= np.sqrt(L**2 - 2 * L / 3 + 2 / 9)
    return np.array(out)


def law_spectral(value: dict[str, Any], prior: str) -> Finding:
    """Ratio to the law at T = 10^5, and the power from its logarithmic slope there."""
    T = 100_000
    found = theory.modes(T, prior=prior).singular_values
    before = theory.modes(T // 2, prior=prior).singular_values
    ratio = found / stated_law(value, T) - 1
    growth = np.log2(found / before) - np.log2(stated_law(value, T) / stated_law(value, T // 2))
    fitted = np.log2(found / before)
    return Finding(
        worst([*np.abs(ratio), *np.abs(growth)]), 2e-3,
        f"closed form at T = {T}: relative gaps {ratio[0]:.1e}, {ratio[1]:.1e}; slopes "
        f"d log sigma / d log T = {fitted[0]:.4f}, {fitted[1]:.4f}",
    )  # fmt: skip


def law_sampled(value: dict[str, Any], prior: str) -> Finding:
    T = 400
    found, error = sampled_singular_values(prior, T, 20_000)
    law = stated_law(value, T)
    exact = theory.modes(T, prior=prior).singular_values
    pulls = (found - exact) / error
    return Finding(
        worst(np.abs(found / law - 1) - 4.5 * error / law), FINITE_T,
        f"20,000 sequences, T = {T}: {found[0]:.2f}, {found[1]:.3f}, which is {pulls[0]:+.1f}, "
        f"{pulls[1]:+.1f} standard errors from the closed form; 4.5 of them and the law's own "
        "10% at this T are allowed",
    )  # fmt: skip


@cache
def expected_logits(prior: str, mode: int, T: int = 100) -> tuple[Array, Array, Array, Array]:
    """Weights (c, m), centred expected logit of state 1, and the truth's and pi's share of it."""
    found = theory.modes(T, prior=prior)
    v, W = found.v_modes[mode], found.W_modes[mode]
    weights, P = theory.quadrature((60, 8), prior)
    pi = theory.stationary_distribution(P)
    powers = [np.broadcast_to(np.eye(2), P.shape)]
    for _ in range(T - 1):
        powers.append(powers[-1] @ P)
    # sum over n <= T - j of P(x_{t'} = i | x_T = m), up to the factor pi_m
    after = np.cumsum(powers, axis=0)[::-1]
    before = np.einsum("j,ml,cl,jcli->jcmi", v, W, pi, np.array(powers))
    joint = np.einsum("jcmi,jcim->cmi", before, after)
    logit = joint / pi[:, :, None]
    centred = logit[:, :, 0] - logit.mean(axis=2)
    return weights[:, None] * pi, centred, P[:, :, 0] - 0.5, (pi[:, :1] - 0.5) + 0 * centred


def role_spectral(value: dict[str, tuple[str, ...]]) -> Finding:
    """Cosine of the expected logit with P_mi - 1/2 (bigram) and with pi_i - 1/2 (unigram)."""
    notes, wrong = [], 0
    # with a = b the unigram strategy has nothing to say, and only the first mode can be judged
    for prior, mode in (("flat", 0), ("flat", 1), ("doubly_stochastic", 0)):
        weight, logit, bigram, unigram = expected_logits(prior, mode)

        def cosine(target: Array, weight: Array = weight, logit: Array = logit) -> float:
            size = np.sum(weight * logit**2) * np.sum(weight * target**2)
            return float(np.sum(weight * logit * target) / np.sqrt(size or 1.0))

        found = {"bigram": cosine(bigram), "unigram": cosine(unigram)}
        wrong += max(found, key=lambda name: found[name]) != value[prior][mode]
        notes.append(f"{prior} mode {mode + 1}: {found['unigram']:.2f}, {found['bigram']:.2f}")
    return Finding(float(wrong), 0.0, "T = 100, cosines with unigram, bigram: " + "; ".join(notes))


@cache
def explained(prior: str, mode: int, T: int = 100) -> dict[str, float]:
    """Share of KL(strategy || uniform) that the mode's logits remove at their best scale."""
    found = theory.modes(T, prior=prior)
    test = sim.HeldOut.draw(PRIORS[prior], 4000, T, 1)
    model = sim.MinimalModel(found.v_modes[mode], found.W_modes[mode])
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


def role_sampled(value: dict[str, tuple[str, ...]]) -> Finding:
    notes, wrong = [], 0
    for prior in PRIORS:
        for mode in (0, 1):
            found = explained(prior, mode)
            wrong += max(found, key=lambda name: found[name]) != value[prior][mode]
            notes.append(f"{prior} mode {mode + 1}: {found['unigram']:.2f}, {found['bigram']:.2f}")
    return Finding(
        float(wrong), 0.0,
        "4000 sequences, T = 100, share of KL(unigram | bigram strategy || uniform) removed at "
        "the best scale: " + "; ".join(notes),
    )  # fmt: skip


def overtaking_spectral(value: dict[str, Any]) -> Finding:
    """The law at T = 10^5, the number at T = 12, and none below the first T."""
    T = 100_000
    law = T ** float(value["power"]) * theory.overtaking_time(T) / float(value["C"]) - 1
    never = [T for T in range(2, 40) if theory.overtaking_time(T) is None]
    number = theory.overtaking_time(12) / value["T12"] - 1
    wrong = never != list(range(2, value["first_T"]))
    return Finding(
        worst([abs(law), abs(number), float(wrong)]), 1e-4,
        f"relative gap {law:.1e} at T = {T}; never at T = 2..{never[-1]}; t(12) by {number:.0e}",
    )  # fmt: skip


@cache
def enumerated_lead(T: int) -> tuple[Array, Array]:
    """Flow times and v_2 - v_1 in flow of the margin loss over all sequences, v = W = 0.1."""
    model = sim.MinimalModel.constant(T, 2, v=0.1, W=0.1)
    objective = sim.Population(sim.Dirichlet(2), T, sim.Margin(1e3), nodes=16)
    times = np.linspace(0.0, 3.0, 151)
    run = sim.gradient_flow(model, objective, t_span=(0.0, 3.0), t_eval=times, rtol=1e-9)
    return times, run.v[:, 1] - run.v[:, 0]


def overtaking_enumerated(value: dict[str, Any]) -> Finding:
    """When v_2 - v_1 changes sign at T = 12, and that it does not at T = 9."""
    times, lead = enumerated_lead(12)
    after = int(np.argmax(lead > 0))
    share = lead[after - 1] / (lead[after - 1] - lead[after])
    found = times[after - 1] + share * (times[after] - times[after - 1])
    leads = {9: bool(np.any(enumerated_lead(9)[1] > 0)), 12: after > 0}
    wrong = any(leads[T] != (value["first_T"] <= T) for T in leads)
    return Finding(
        worst([abs(found / value["T12"] - 1), float(wrong)]), 1e-4,
        f"T = 12: at {found:.5f}; T = 9: v_1 still ahead at time 3",
    )  # fmt: skip
