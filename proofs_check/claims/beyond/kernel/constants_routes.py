"""Routes of `constants`: averages over chains by several rules, and what strategies leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.stats import qmc

import sim
import theory
from proofs_check import ledger
from proofs_check.ledger.compare import limit, worst
from proofs_check.ledger.finding import Finding, in_errors
from proofs_check.methods.sampling import mean_and_error, strategy_gaps
from sim.learning.objectives import all_sequences, sequence_probabilities
from sim.runs.measures import kl
from theory.chains.constants import NAMES

Numbers = dict[int, tuple[Any, ...]]  # sum pi^2, H(pi) and the entropy rate, by k
Losses = dict[int, dict[str, float]]  # of each strategy, by T
MANY = (8, 16, 32)  # numbers of states from which limits are read
ERRORS = 4  # standard errors beside half a unit of the last place
counted = cache(theory.strategy_losses)


@ledger.symbolic("integrals by parts", detail="polynomials in log 2 and pi^2")
def by_parts(value: Numbers) -> Finding:
    found = theory.exact_constants()
    wrong = sum(sp.expand(found[name] - x) != 0 for name, x in zip(NAMES, value[2], strict=True))
    # not exact: the antiderivatives are found by hand
    return Finding(float(wrong), 0.0, "polynomials in log 2 and pi^2, from reduction")


def _of_chains(P: np.ndarray) -> np.ndarray:
    """sum pi^2, H(pi), the entropy rate, A and B of each chain (n, k, k), as columns."""
    k = P.shape[-1]
    # pi (P - 1) = 0, with the last equation replaced by sum pi = 1
    matrix = P.swapaxes(1, 2) - np.eye(k)
    matrix[:, -1] = 1.0
    pi = np.linalg.solve(matrix, np.eye(k)[-1][None, :, None])[..., 0]
    rate = -(pi[:, :, None] * P * np.log(P)).sum(axis=(1, 2))
    ahead = np.einsum("nmi,ni->nm", P, pi) - 1 / k
    A = np.sum(pi * (1 - pi) * ahead, axis=1) / (k * (k - 1))
    B = np.mean(pi**2 * ahead, axis=1)
    return np.stack([(pi**2).sum(1), -(pi * np.log(pi)).sum(1), rate, A, B], axis=1)


@ledger.quadrature("Gauss rules over the square of (a, b)", 1e-9, "80,000 chains",
                   because="p log p at the corners, about 1 / nodes^4")  # fmt: skip
def by_gauss_rules(value: Numbers) -> np.ndarray:
    rule = sim.prior_quadrature(sim.Dirichlet(2), 200)
    return rule.weights @ _of_chains(rule.transition)[:, :3] - np.array(value[2], dtype=float)


@cache
def _sampled_constants(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard errors of the three constants over sampled chains, from sim's own pi."""
    P = sim.Dirichlet(k).sample(400_000 // k, 5)
    pi = sim.stationary_distribution(P)
    of_pi, of_rows = (-kl(p, np.zeros_like(p)) for p in (pi, P))
    rows = np.stack([np.sum(pi**2, axis=1), of_pi, np.sum(pi * of_rows, axis=1)], axis=1)
    return mean_and_error(rows)


@ledger.simulation("200,000 sampled chains")
def by_sampled_chains(value: Numbers) -> Finding:
    mean, error = _sampled_constants(2)
    return in_errors(mean, np.array(value[2], dtype=float), error, "pi by sim")


@ledger.reading("compares numbers with what is stated")
def _rounded(gaps: list[float], errors: list[float], unit: float, detail: str) -> Finding:
    """The gap that is largest against what is allowed: half a unit, and errors of an estimate."""
    allowed = unit / 2 + ERRORS * np.array(errors)
    which = int(np.argmax(np.abs(gaps) / allowed))
    reason = f"half a unit of the last place and {ERRORS} standard errors"
    return Finding(abs(gaps[which]), float(allowed[which]), detail, because=reason)


@cache
def _constants(k: int) -> theory.chains.constants.TaskConstants:
    return theory.task_constants(k, nodes=4096)


@ledger.quadrature("randomised Sobol points of theory")
def by_qmc(value: Numbers) -> Finding:
    gaps, errors, notes = [], [], []
    for k, stated in value.items():
        found = _constants(k)
        numbers = (found.sum_pi_squared, found.stationary_entropy, found.entropy_rate)
        gaps += [x - y for x, y in zip(numbers, stated, strict=True)]
        errors += [found.errors[name] for name in NAMES]
        notes.append(f"k = {k}: " + ", ".join(f"{x:.5f}" for x in numbers))
    return _rounded(gaps, errors, 1e-4, "; ".join(notes))


@cache
def _halton(k: int, points: int = 1 << 15) -> np.ndarray:
    """Averages (8, 5) over scrambled Halton points, from eight scramblings."""
    found = []
    for seed in range(8):
        sequence = qmc.Halton(k * k, scramble=True, rng=np.random.default_rng(seed))
        sizes = -np.log(sequence.random(points)).reshape(points, k, k)
        chains = sizes / sizes.sum(axis=2, keepdims=True)
        found.append(_of_chains(chains).mean(axis=0))
    return np.array(found)


@ledger.simulation("chains at scrambled Halton points")
def by_halton_points(value: Numbers) -> Finding:
    gaps, errors, notes = [], [], []
    for k, stated in value.items():
        mean, error = mean_and_error(_halton(k)[:, :3])
        gaps += list(mean - np.array(stated))
        errors += list(error)
        notes.append(f"k = {k}: " + ", ".join(f"{x:.5f}" for x in mean))
    return _rounded(gaps, errors, 1e-4, "8 scramblings of 32,768; " + "; ".join(notes))


@ledger.spectral("sums over transition counts", 5e-6, "T = 8, 100",
                 because="half a unit of the fifth decimal")  # fmt: skip
def losses_counted(value: Losses) -> Iterator[float]:
    for T, stated in value.items():
        yield from (counted(T)[name] - stated[name] for name in stated)


@cache
def _enumerated_losses(T: int = 8) -> dict[str, float]:
    tokens = all_sequences(2, T + 1)
    rule = sim.prior_quadrature(sim.Dirichlet(2), 200)
    chance = sequence_probabilities(tokens, sim.prior_quadrature(sim.Dirichlet(2), 32))
    rate = float(rule.weights @ _of_chains(rule.transition)[:, 2])
    known, target = tokens[:, :-1], tokens[:, -1]
    simple = ("uniform", "unigram", "bigram")
    guesses = {name: getattr(sim.strategies, name)(known, 2) for name in simple}
    guesses["bayes"] = sim.strategies.bayes(known, sim.Dirichlet(2))
    chosen = {name: q[np.arange(len(known)), -1, target] for name, q in guesses.items()}
    return {name: float(-chance @ np.log(q)) - rate for name, q in chosen.items()}


@ledger.enumeration("every sequence, T = 8", 5e-6, because="half a unit of the fifth decimal")
def losses_enumerated(value: Losses) -> Iterator[float]:
    for name, found in _enumerated_losses().items():
        yield found - value[8][name]


@cache
def _sampled_losses(T: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """KL(truth || strategy) at the last token of sampled sequences."""
    prior, n, few = sim.Dirichlet(2), 20_000, 300
    tokens, transition = (part[:few] for part in sim.sample_sequences(prior, n, T, 17))
    # a quadrature over 13,000 chains for each
    guess = sim.strategies.bayes(tokens, prior)[:, -1]
    bayes = kl(transition[np.arange(few), tokens[:, -1]], np.log(guess))
    rows = strategy_gaps(prior, 2, T, n, 17) | {"bayes": bayes}
    return {name: mean_and_error(row) for name, row in rows.items()}


@ledger.simulation("20,000 sequences, T = 100")
def losses_sampled(value: Losses) -> Finding:
    found = _sampled_losses(100)
    mean, error = np.transpose([found[name] for name in value[100]])
    return in_errors(mean, list(value[100].values()), error, "of these 300 for Bayes")


@ledger.spectral("sums over counts, k = 2", 1e-3, "T = 12, 25, 50, 100; log(T)^i/T removed, i <= 2",
                 because="terms in 1/T^2")  # fmt: skip
def bigram_law_counted(law: Callable[[int], float]) -> float:
    lengths = (12, 25, 50, 100)
    return limit(lengths, [T * counted(T)["bigram"] for T in lengths], 2) / law(2) - 1


@cache
def _sampled_bigram(seed: int, lengths: tuple[int, ...] = (100, 200, 400)) -> float:
    """The limit of T times what the bigram strategy leaves for k = 3, from fresh sequences."""
    held_out = [sim.HeldOut.draw(sim.Dirichlet(3), 4000, T, seed) for T in lengths]
    left = [test.baselines["bigram"] * T for test, T in zip(held_out, lengths, strict=True)]
    return limit(lengths, left, 1)


@ledger.simulation("sampled sequences, k = 3")
def bigram_law_sampled(law: Callable[[int], float]) -> Finding:
    mean, error = mean_and_error([_sampled_bigram(seed) for seed in range(10)])
    detail = f"T = 100, 200, 400 without log(T)/T and 1/T: {mean:.2f} +- {error:.2f}"
    return in_errors(mean, law(3), error, detail)


@cache
def _step_constants(k: int) -> tuple[theory.StepConstants, theory.StepConstants]:
    return theory.step_constants(k, nodes=1 << (8192 // k).bit_length() - 1, replicates=8)


def _limit_of_many(values: list[float]) -> float:
    """Limit in k from 8, 16 and 32 states, without 1/k and 1/k^2."""
    low, middle, high = values
    return (8 * high - 6 * middle + low) / 3


@ledger.quadrature("randomised Sobol points of theory")
def k_states_qmc(value: dict[str, Any]) -> Finding:
    found = {k: _step_constants(k) for k in {*value["B/A"], *MANY}}
    gaps = [found[k][0].ratio - stated for k, stated in value["B/A"].items()]
    errors = [found[k][1].ratio for k in value["B/A"]]
    notes = [f"k = {k}: {found[k][0].ratio:.4f}" for k in value["B/A"]]
    D = _limit_of_many([k**2 * found[k][0].D for k in MANY])
    ratio = _limit_of_many([k * (found[k][0].ratio - 1) for k in MANY])
    return _with_limits(value, gaps, errors, {"D": D, "ratio": ratio}, notes)


@ledger.reading("compares numbers with what is stated")
def _with_limits(
    value: dict[str, Any], gaps: list[float], errors: list[float], limits: dict[str, float],
    notes: list[str],
) -> Finding:  # fmt: skip
    """The ratios to half a unit of their last place, unless a limit is off by more than 10%."""
    detail = "; ".join(notes) + "; limits " + ", ".join(f"{x:.2f}" for x in limits.values())
    off = worst(abs(limits[name] / value[name] - 1) for name in limits)
    if off > 0.1:
        return Finding(off, 0.1, detail, because="orders beyond 1/k^2 at k = 8 to 32")
    return _rounded(gaps, errors, 1e-2, detail)


@cache
def _sampled_limits() -> dict[str, float]:
    """Limits of k^2 D and of k (B/A - 1), from chains drawn by sim."""
    D, ratio = [], []
    for k, n in zip(MANY, (200_000, 40_000, 8_000), strict=True):
        squares, _, _, A, B = _of_chains(sim.Dirichlet(k).sample(n, 3)).mean(axis=0)
        D.append(k**2 * (squares - 1 / k))
        ratio.append(k * (B / A - 1))
    inverse = 1 / np.array(MANY)
    return {name: float(np.polyfit(inverse, x, 2)[-1]) for name, x in (("D", D), ("ratio", ratio))}


@ledger.simulation("chains at scrambled Halton points, and drawn by sim for many states")
def k_states_halton(value: dict[str, Any]) -> Finding:
    gaps, errors, notes = [], [], []
    for k, stated in value["B/A"].items():
        rows = _halton(k)
        _, _, _, A, B = rows.mean(axis=0)
        spread = mean_and_error(rows[:, 4] / B - rows[:, 3] / A)[1]
        gaps.append(B / A - stated)
        errors.append(float(spread * B / A))
        notes.append(f"k = {k}: {B / A:.4f} +- {errors[-1]:.4f}")
    return _with_limits(value, gaps, errors, _sampled_limits(), notes)
