"""Routes of `modes`: laws of the singular values, what modes predict, when v_2 overtakes v_1."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

import sim
import theory
from proofs_check import ledger
from proofs_check.experiments.sampled_modes import PRIORS, explained, sampled_singular_values
from proofs_check.ledger.compare import worst

FINITE_T = 0.1  # how far the laws are off at T = 400, with room


def _stated(value: dict[str, Any], T: int) -> np.ndarray:
    """The stated singular values at T: prefactor, power of T, and (a = b) the logarithm's part."""
    constants, powers = (np.array(value[name], dtype=float) for name in ("constants", "powers"))
    law = constants * T**powers
    if "shift" in value:
        L = np.log(T) + float(value["shift"])
        law[1] *= np.sqrt(L**2 - 2 * L / 3 + 2 / 9)
    return np.asarray(law)


@ledger.spectral("closed kernel at T = 10^5")
def law_spectral(value: dict[str, Any], prior: str) -> ledger.Finding:
    T = 100_000
    found, before = (theory.modes(length, prior=prior).singular_values for length in (T, T // 2))
    ratio = found / _stated(value, T) - 1
    slope = np.log2(found / before)
    off = slope - np.log2(_stated(value, T) / _stated(value, T // 2))
    slopes = f"slopes d log sigma / d log T = {slope[0]:.4f}, {slope[1]:.4f}"
    detail = f"closed form at T = {T}: relative gaps {ratio[0]:.1e}, {ratio[1]:.1e}; {slopes}"
    return ledger.Finding(worst(np.abs([*ratio, *off])), 2e-3, detail)


@ledger.simulation("sampled gradients")
def law_sampled(value: dict[str, Any], prior: str) -> ledger.Finding:
    T = 400
    found, error = sampled_singular_values(prior, T, 20_000)
    law = _stated(value, T)
    pulls = (found - theory.modes(T, prior=prior).singular_values) / error
    away = f"which is {pulls[0]:+.1f}, {pulls[1]:+.1f} standard errors from the closed form"
    detail = f"20,000 sequences, T = {T}: {found[0]:.2f}, {found[1]:.3f}, {away}; 4.5 of them and "
    detail += "the law's own 10% at this T are allowed"
    return ledger.Finding(worst(np.abs(found / law - 1) - 4.5 * error / law), FINITE_T, detail)


@cache
def _cosines(prior: str, mode: int, T: int = 100) -> dict[str, float]:
    """Cosine of the expected logit with pi_i - 1/2 (unigram) and with P_mi - 1/2 (bigram)."""
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
    logit = np.einsum("jcmi,jcim->cmi", before, after) / pi[:, :, None]
    centred = logit[:, :, 0] - logit.mean(axis=2)
    weight = weights[:, None] * pi

    def cosine(target: np.ndarray) -> float:
        size = np.sum(weight * centred**2) * np.sum(weight * target**2)
        return float(np.sum(weight * centred * target) / np.sqrt(size or 1.0))

    return {"unigram": cosine(pi[:, :1] - 0.5), "bigram": cosine(P[:, :, 0] - 0.5)}


Mode = tuple[str, int]  # prior and number
Roles = dict[str, tuple[str, ...]]  # what each mode predicts as, by prior


def _roles(value: Roles, found: dict[Mode, dict[str, float]], what: str) -> ledger.Finding:
    """Whether the strategy that each mode is nearest to is the stated one."""
    wrong, notes = 0, []
    for (prior, mode), near in found.items():
        wrong += max(near, key=near.__getitem__) != value[prior][mode]
        notes.append(f"{prior} mode {mode + 1}: {near['unigram']:.2f}, {near['bigram']:.2f}")
    return ledger.Finding(float(wrong), 0.0, f"T = 100, {what}: " + "; ".join(notes))


@ledger.spectral("expected logits chain by chain")
def role_spectral(value: Roles) -> ledger.Finding:
    # with a = b the unigram strategy has nothing to say, and only the first mode can be judged
    judged = (("flat", 0), ("flat", 1), ("doubly_stochastic", 0))
    found = {(prior, mode): _cosines(prior, mode) for prior, mode in judged}
    return _roles(value, found, "cosines with unigram, bigram")


@ledger.simulation("KL at the best scale")
def role_sampled(value: Roles) -> ledger.Finding:
    found = {(prior, mode): explained(prior, mode) for prior in PRIORS for mode in (0, 1)}
    what = "share of KL(unigram | bigram strategy || uniform) removed at the best scale"
    return _roles(value, found, f"4000 sequences, {what}")


@ledger.spectral("root of the exact flow", 1e-4, "law at T = 10^5, number at T = 12, T = 2..39")
def overtaking_spectral(value: dict[str, Any]) -> Iterator[float]:
    T = 100_000
    yield T ** float(value["power"]) * (theory.overtaking_time(T) or np.nan) / float(value["C"]) - 1
    yield (theory.overtaking_time(12) or np.nan) / value["T12"] - 1
    never = [T for T in range(2, 40) if theory.overtaking_time(T) is None]
    yield float(never != list(range(2, value["first_T"])))


@cache
def _enumerated_lead(T: int) -> tuple[np.ndarray, np.ndarray]:
    """Flow times and v_2 - v_1 in flow of the margin loss over all sequences, v = W = 0.1."""
    model = sim.MinimalModel.constant(T, 2, v=0.1, W=0.1)
    objective = sim.Population(sim.Dirichlet(2), T, sim.Margin(1e3), nodes=16)
    times = np.linspace(0.0, 3.0, 151)
    run = sim.gradient_flow(model, objective, t_span=(0.0, 3.0), t_eval=times, rtol=1e-9)
    return times, run.v[:, 1] - run.v[:, 0]


@ledger.enumeration("flow of the loss over all sequences")
def overtaking_enumerated(value: dict[str, Any]) -> ledger.Finding:
    """When v_2 - v_1 changes sign at T = 12, and that it does not at T = 9."""
    times, lead = _enumerated_lead(12)
    after = int(np.argmax(lead > 0))
    share = lead[after - 1] / (lead[after - 1] - lead[after])
    found = times[after - 1] + share * (times[after] - times[after - 1])
    leads = {9: bool(np.any(_enumerated_lead(9)[1] > 0)), 12: after > 0}
    wrong = any(leads[T] != (value["first_T"] <= T) for T in leads)
    detail = f"T = 12: at {found:.5f}; T = 9: v_1 still ahead at time 3"
    return ledger.Finding(worst([abs(found / value["T12"] - 1), float(wrong)]), 1e-4, detail)
