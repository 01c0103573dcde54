"""Routes of `modes`: laws of the singular values, what modes predict, when v_2 overtakes v_1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

import sim
import theory
from proofs_check import ledger
from proofs_check.experiments.sampled_modes import (
    PRIORS,
    explained_by,
    sampled_mode,
    sampled_singular_values,
)
from proofs_check.ledger.compare import limit
from proofs_check.ledger.finding import Finding, in_errors
from proofs_check.methods.geometric_kernel import geometric_kernel, geometric_modes

Law = Callable[[float], list[Any]]  # T -> both singular values, to leading order
LONG = (12_500, 25_000, 50_000, 100_000)
MIDDLE = (200, 400, 800, 1600)


@ledger.spectral("closed kernel at T = 12,500 to 100,000, and theory's law", 5e-6,
                 "ratio to the law, its log(T)^2/T, log(T)/T and 1/T parts removed",
                 because="parts in 1/T^2, with logarithms")  # fmt: skip
def law_spectral(law: Law, prior: str) -> Iterator[float]:
    stated = np.array([law(T) for T in LONG], dtype=float)
    found = np.array([theory.modes(T, prior=prior).singular_values for T in LONG])
    for ratio in (found / stated).T:
        yield limit(LONG, ratio, 2) - 1
    yield from np.ravel(theory.singular_value_law(np.array(LONG), prior) / stated - 1)


@ledger.quadrature("geometric sums of the powers of each chain, T = 200 to 1600", 1e-3,
                   "ratio to the law, its log(T)^2/T, log(T)/T and 1/T parts removed",
                   because="parts in 1/T^2, with logarithms")  # fmt: skip
def law_by_sums(law: Law, prior: str) -> Iterator[float]:
    stated = np.array([law(T) for T in MIDDLE], dtype=float)
    found = np.array([geometric_modes(T, prior)[0] for T in MIDDLE])
    for ratio in (found / stated).T:
        yield limit(MIDDLE, ratio, 2) - 1


@ledger.simulation("sampled gradients, 20,000 sequences")
def law_sampled(law: Law, prior: str) -> Finding:
    """At T = 400, beside what the ratio to the law is there by geometric sums."""
    T = 400
    found, error = sampled_singular_values(prior, T, 20_000)
    # the law's next order, as much as the sums say it is
    stated = np.array([law(x) for x in MIDDLE], dtype=float)
    sums = np.array([geometric_modes(x, prior)[0] for x in MIDDLE])
    limits = [limit(MIDDLE, ratio, 2) for ratio in (sums / stated).T]
    expected = sums[MIDDLE.index(T)] / limits
    detail = f"T = {T}: {found[0]:.2f} +- {error[0]:.2f}, {found[1]:.3f} +- {error[1]:.3f}"
    return in_errors(found, expected, error, detail)


@cache
def _cosines(prior: str, mode: int, T: int = 100) -> dict[str, float]:
    """Cosine of the expected logit with pi_i - 1/2 (unigram) and with P_mi - 1/2 (bigram)."""
    found = theory.modes(T, prior=prior)
    v, W = found.v_modes[mode], found.W_modes[mode]
    weights, P = theory.quadrature((60, 8), prior=prior)
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


Roles = dict[str, tuple[str, ...]]  # what each mode predicts as, by prior


@ledger.spectral("expected logits chain by chain", detail="T = 100: the larger of two cosines")
def role_spectral(value: Roles) -> Iterator[bool]:
    # with a = b the unigram strategy has nothing to say, and only the first mode can be judged
    for prior, mode in (("flat", 0), ("flat", 1), ("doubly_stochastic", 0)):
        near = _cosines(prior, mode)
        yield max(near, key=near.__getitem__) == value[prior][mode]


@cache
def _explained(prior: str, mode: int) -> dict[str, float]:
    return explained_by(*sampled_mode(prior, mode, 100, 20_000), prior)


@ledger.simulation("modes from sampled gradients, KL at their best scale",
                   detail="T = 100: the strategy of which more is explained on 4000 "
                   "sequences")  # fmt: skip
def role_sampled(value: Roles) -> Iterator[bool]:
    for prior in PRIORS:
        for mode in (0, 1):
            shares = _explained(prior, mode)
            yield max(shares, key=shares.__getitem__) == value[prior][mode]


@ledger.spectral("root of the exact flow of theory", 2e-6, "T = 2..39, 12, and 12,500 to 100,000",
                 because="half a unit of the last place stated at T = 12")  # fmt: skip
def overtaking_spectral(value: dict[str, Any]) -> Iterator[float]:
    scaled = [(theory.overtaking_time(T) or np.nan) * T ** float(value["power"]) for T in LONG]
    yield limit(LONG, scaled, 2) / float(value["C"]) - 1
    yield float(theory.critical_rate_constant()) / float(value["C"]) - 1
    yield (theory.overtaking_time(12) or np.nan) / value["T12"] - 1
    never = [T for T in range(2, 40) if theory.overtaking_time(T) is None]
    yield float(never != list(range(2, value["first_T"])))


def _crossing(T: int) -> float:
    """When v_2 - v_1 of the linear flow from v = W = 1 first is positive; inf if never."""
    values, u, w = geometric_modes(T)
    K = geometric_kernel(T)
    ahead = np.einsum("rml,ml->r", w, K[1] - K[0]) / values
    along_v, along_W = u.sum(axis=0), w.sum(axis=(1, 2))

    def lead(t: float) -> float:
        x = values * t
        return float((2 * np.sinh(x / 2) ** 2 * along_v + np.sinh(x) * along_W) @ ahead)

    times = np.geomspace(1e-3 / T**3, 100.0 / values[0], 2000)
    after = int(np.argmax([lead(t) > 0 for t in times]))
    if after == 0:
        return np.inf
    low, high = times[after - 1 : after + 1]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if lead(middle) > 0 else (middle, high)
    return float(low)


@cache
def _enumerated_lead(T: int, begin: float, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Flow times and v_2 - v_1 in flow of the margin loss over all sequences, v = W = 0.1."""
    model = sim.MinimalModel.constant(T, 2, v=0.1, W=0.1)
    objective = sim.Population(sim.Dirichlet(2), T, sim.Margin(1e3), nodes=16)
    times = np.array([0.0, *np.linspace(begin, end, 51)])
    run = sim.gradient_flow(model, objective, t_span=(0.0, end), t_eval=times, rtol=1e-11)
    return times, run.v[:, 1] - run.v[:, 0]


@ledger.enumeration("flow of the loss over all sequences at T = 9, 12; sums over lags, T to 1600",
                    1e-3, "and never for T < first_T, up to 100 / sigma_1",
                    because="parts of the law in 1/T^2 at T = 200 to 1600")  # fmt: skip
def overtaking_enumerated(value: dict[str, Any]) -> Iterator[float]:
    """The number at T = 12 is held to half a unit of its last place."""
    times, lead = _enumerated_lead(12, 2.7, 2.75)
    after = int(np.argmax(lead > 0))
    share = lead[after - 1] / (lead[after - 1] - lead[after])
    found = times[after - 1] + share * (times[after] - times[after - 1])
    yield float(round(found, 5) != value["T12"])
    yield float(np.any(_enumerated_lead(9, 0.01, 3.0)[1] > 0) != (value["first_T"] <= 9))
    scaled = [_crossing(T) * T ** float(value["power"]) for T in MIDDLE]
    yield limit(MIDDLE, scaled, 2) / float(value["C"]) - 1
    never = [T for T in range(2, 20) if np.isinf(_crossing(T))]
    yield float(never != list(range(2, value["first_T"])))
