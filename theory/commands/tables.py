"""Tables for the terminal: modes, constants and thresholds."""

from __future__ import annotations

import math
import sys

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory import checks
from theory.chains.constants import NAMES, exact_constants, task_constants
from theory.chains.nodes import default_nodes, net_dimension
from theory.chains.strategies import context_length, strategy_losses
from theory.commands.rounding import measured
from theory.first_steps.overtaking import overtaking_time
from theory.first_steps.step_1_any_k import step_constants
from theory.first_steps.step_2 import (
    critical_learning_rate,
    critical_rate_constant,
    required_margin,
)
from theory.kernel.mode_errors import mode_estimates
from theory.kernel.singular_modes import Modes, modes

# what the ledger calls by these names is the entry with the evidence
_FROM_K = "from theory.{} SVD of K in eqs. (A.13), (A.22): x-bilinear, x-linear-flow;"
_ROLES = "what a mode predicts alone: x-modes-predictors, at T = 100"
_PREDICTS = {
    (0, "flat"): "unigram",
    (1, "flat"): "bigram",
    (0, "doubly_stochastic"): "bigram",
    (1, "doubly_stochastic"): "unigram",
}
_LABELS = ("E sum_i pi_i^2", "E H(pi)", "entropy rate")
_SHOWN = 6  # components of v
_LONG = 3e10  # multiplications; above, a minute or so on one core


def mode_table(T: int, k: int, prior: str, seed: int = 0, *, progress: bool = False) -> str:
    """The singular modes of K: exact to rounding for two states, with errors beyond.

    What takes long is announced on stderr.
    """
    T, k = checks.integer("T", T, 1), checks.integer("k", k, 2)
    if k == 2:
        return _exact_table(T, checks.prior_name(prior))
    net_dimension(k, checks.prior_name(prior))
    work = 8.0 * default_nodes(k) * T * k**3
    if work > _LONG:
        print(
            f"averaging K over {8 * default_nodes(k)} chains with k = {k}: about "
            f"{work / _LONG:.0f} min",
            file=sys.stderr,
            flush=True,
        )
    found, errors = mode_estimates(T, k=k, prior=prior, seed=seed, progress=progress)
    lines = _heading(T, k, prior, found)
    lines[0] += f", standard errors of 8 scramblings, seed {seed}"
    for i in range(len(found.singular_values)):
        v = [measured(x, e, "+") for x, e in zip(found.v_modes[i], errors.v_modes[i], strict=True)]
        W, W_error = found.W_modes[i], errors.W_modes[i]
        lines += [
            f"mode {i + 1}: singular value "
            f"{measured(found.singular_values[i], errors.singular_values[i])}",
            "  v: " + "  ".join(v[:_SHOWN]) + ("  ..." if T > _SHOWN else ""),
            f"  W: diagonal {measured(W[0, 0], W_error[0, 0], '+')}  "
            f"off-diagonal {measured(W[0, 1], W_error[0, 1], '+')}",
        ]
    return "\n".join([*lines, _FROM_K.format("mode_estimates, the").rstrip(";")])


def _exact_table(T: int, prior: str) -> str:
    found = modes(T, prior=prior)
    lines = _heading(T, 2, prior, found)
    for i, value in enumerate(found.singular_values):
        v, W = found.v_modes[i], found.W_modes[i]
        lines += [
            f"mode {i + 1}: singular value {value:.10g}, grows by e in {1 / value:.4g} of flow "
            f"time, nearer to {_PREDICTS[i, prior]} counts",
            f"  v: {_components(v)}" + ("  ..." if T > _SHOWN else ""),
            f"  W: diagonal {W[0, 0]:+.6f}  off-diagonal {W[0, 1]:+.6f}",
        ]
    if T > 1:
        lines.append(_overtaking(T, prior))
    return "\n".join([*lines, _FROM_K.format("modes, the"), _ROLES])


def _components(v: NDArray[np.float64]) -> str:
    return "  ".join(f"{x:+.6f}" for x in v[:_SHOWN])


def _heading(T: int, k: int, prior: str, found: Modes) -> list[str]:
    return [f"K for T = {T}, k = {k}, {prior} prior: rank {len(found.singular_values)}"]


def _overtaking(T: int, prior: str) -> str:
    time = overtaking_time(T, prior=prior)
    when = "never" if time is None else f"at flow time {time:.6g}"
    return f"v = c 1, W = c 11': v_2 overtakes v_1 {when} (theory.overtaking_time, x-overtaking)"


def constant_table(k: int, prior: str, T: int | None = None, seed: int = 0) -> str:
    """Constants of the task and of Lemma 3.1, and what each strategy leaves, in nats.

    Parameters
    ----------
    k : int
        Number of states, at least 2.
    prior : str
        "flat" or "doubly_stochastic".
    T : int, optional
        A finite context length, for two states only.
    seed : int
        Of the randomised points for k > 2.
    """
    k = checks.integer("k", k, 2)
    if T is not None and k != 2:
        raise ValueError(f"k must be 2 for the strategies at a finite length, got {k}")
    if T is not None and context_length(T) > 100:
        print(f"summing over the counts of {T} tokens: about "
              f"{10 * (T / 200) ** 4:.0f} s", file=sys.stderr, flush=True)  # fmt: skip
    found = task_constants(k, prior, seed=seed)
    numbers = found.sum_pi_squared, found.stationary_entropy, found.entropy_rate
    exact = [f"  {sp.sstr(x)}" for x in exact_constants(prior).values()] if k == 2 else [""] * 3
    lines = [f"k = {k}, {prior} prior, nats" + (f", seed {seed}" if k > 2 else "")]
    for label, value, name, closed in zip(_LABELS, numbers, NAMES, exact, strict=True):
        lines.append(f"  {label:<24}{measured(value, found.errors[name]):<18}{closed}".rstrip())
    step, step_errors = step_constants(k, prior, seed=seed)
    for label, x, e in zip(("A", "B", "D", "B/A"), step, step_errors, strict=True):
        if math.isfinite(x):
            lines.append(f"  {label + ' of Lemma 3.1':<24}{measured(x, e)}")
    finite = {} if T is None else strategy_losses(T, prior)
    head = "  KL from the truth       T = infinity"
    lines.append(head + (f"      T = {T}" if finite else ""))
    for name in ("uniform", "unigram", "bigram", "bayes"):
        limit = measured(found.kl.get(name, 0.0), found.kl_errors.get(name, 0.0))
        last = f"{finite[name]:.10g}" if finite else ""
        if name != "bayes" or finite:
            lines.append(f"    {name:<22}{limit:<18}{last}".rstrip())
    lines += [
        "from theory.task_constants (x-constants-closed, x-constants-k) and theory.step_constants",
        "(Lemma 3.1, eqs. (A.32), (A.33), (A.37); x-k-states)",
    ]
    if finite:
        lines.append("and theory.strategy_losses, which sums over counts (x-constants-strategies)")
    return "\n".join(lines)


def threshold_table(lengths: tuple[int, ...]) -> str:
    """Critical learning rates of the second step, one context length a line."""
    constant = float(critical_rate_constant())
    lines = [
        f"C = {constant:.10g}",
        f"{'T':>8}  {'critical rate':>16}  {'over C/T^3':>12}  {'Delta/c^2 needed':>16}",
    ]
    for T in lengths:
        rate = critical_learning_rate(checks.integer("--length", T, 1))
        if rate is None:
            lines.append(f"{T:>8}  {'none':>16}")
        else:
            margin = required_margin(T, 1.0, rate)
            lines.append(
                f"{T:>8}  {rate:>16.10g}  {rate * T**3 / constant:>12.6f}  {margin:>16.8g}"
            )
    lines += [
        "critical rate from theory.critical_learning_rate, C from theory.critical_rate_constant,",
        "Delta from theory.required_margin: eqs. (A.44) to (A.51), corrected as in the ledger",
    ]
    return "\n".join(lines)
