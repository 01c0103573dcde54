"""What the repaired construction of Prop. 2.2 counts, where, how fast, and footnote 1."""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from proofs_check.claims.sec2_task.prop_2_2_routes import (
    REPAIRED,
    SIZES,
    Counting,
    against,
    build,
    counts,
    matches,
    outputs,
)
from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import worst
from sim.learning.objectives import all_sequences
from sim.models.transformer.construction import two_layer_transformer

Array = NDArray[np.float64]


def run_counting(rule: Counting) -> Finding:
    """The repaired weights without a begin symbol against the claimed counts, normalised."""
    residuals = [against(outputs(REPAIRED, k, T), counts(k, T, rule)) for k, T in SIZES]
    return Finding(worst(residuals), 1e-10, "every sequence, k = 2, T = 6 and k = 3, T = 4")


def counting_hard(rule: Counting) -> Finding:
    """Hard attention in integers: which j <= i have the previous token x_i, position 1 its own."""
    good, checked = True, 0
    for k, T in ((2, 8), (4, 4)):
        tokens = all_sequences(k, T)
        previous = np.concatenate([tokens[:, :1], tokens[:, :-1]], axis=1)
        for i in range(T):
            hit = previous[:, : i + 1] == tokens[:, [i]]
            count = np.stack([(hit & (tokens[:, : i + 1] == m)).sum(axis=1) for m in range(k)], 1)
            good &= bool(np.array_equal(count, counts(k, T, rule)[:, i]))
        checked += len(tokens)
    return Finding(0.0 if good else 1.0, 0.0, f"{checked} sequences, every position, integers")


def run_new_token(strategy: str) -> Finding:
    """At a token not left before, against frequencies of states, or uniform."""
    residuals = []
    for k, T in SIZES:
        new = counts(k, T, Counting(0, 1)).sum(axis=-1) == 0
        tokens = all_sequences(k, T)
        seen = np.cumsum(np.eye(k)[tokens], axis=1) / np.arange(1, T + 1)[:, None]
        claimed = seen if strategy == "unigram" else np.full_like(seen, 1 / k)
        residuals.append(np.abs(outputs(REPAIRED, k, T) - claimed)[new].max())
    return Finding(worst(residuals), 1e-10, "every sequence, k = 2, T = 6 and k = 3, T = 4")


def new_token_algebra(strategy: str) -> Finding:
    """No match means equal scores: the average of x_1 .. x_i."""
    i = sp.Symbol("i", integer=True, positive=True)
    scores = sp.Integer(0)
    share = sp.exp(scores) / sp.Sum(sp.exp(scores), (sp.Symbol("j"), 1, i)).doit()
    weight_of_each_position = {"unigram": 1 / i, "uniform": None}[strategy]
    return exactly(
        list(matches(REPAIRED)) == [("token", "previous")] and share == weight_of_each_position,
        f"each position of the prefix gets {share}",
    )


def rate_run(value: dict[str, int]) -> Finding:
    """Error times exp(rate s) at equally spaced s = c / sqrt(d): a polynomial of this degree.

    Then the differences of one order more vanish against those of the order itself.
    """
    sharpness = (10.0, 15.0, 20.0, 25.0)
    k, T = SIZES[0]
    limit = counts(k, T, Counting(0, 1))
    errors = [against(outputs(REPAIRED, k, T, s), limit) for s in sharpness]
    scaled = np.array(errors) * np.exp(value["rate"] * np.array(sharpness))
    top = np.abs(np.diff(scaled, value["power"])).min()
    above = np.abs(np.diff(scaled, value["power"] + 1)).max()
    return Finding(
        float(above / top), 0.01,
        f"worst error over every sequence, k = 2, T = 6: {', '.join(f'{e:.1e}' for e in errors)} "
        "at s = 10, 15, 20, 25; differences compared",
    )  # fmt: skip


def rate_symbolic(value: dict[str, int]) -> Finding:
    """Both layers on x = (1, 2, 1), to first order in E = exp(-s), s = c / sqrt(d)."""
    E, s = sp.symbols("E s", positive=True)
    # how much of state 1 the previous-token block holds at positions 1, 2, 3
    held = (sp.Integer(1), 1 / (1 + E), 2 * E / (1 + 2 * E))
    # softmax weights over that of position 1; exp(-s) E^0 is E itself at position 3
    weights = (sp.Integer(1), sp.exp(s * (held[1] - 1)), E * sp.exp(s * held[2]))
    error = weights[1] / sum(weights) - sp.Rational(1, 2)
    first = sp.simplify(sp.diff(error, E).subs(E, 0))
    good = error.subs(E, 0) == 0 and value["rate"] == 1 and sp.degree(first, s) == value["power"]
    return Finding(0.0 if good else 1.0, 0.0, f"error = ({sp.sstr(first)}) exp(-s) + ...")


def _footnote_readout(kind: str, k: int, a: float, b: float) -> Array:
    """P = (b [1 and 1^T], 0, a I) with the product outer (all ones) or inner (the number k)."""
    first = b * (np.ones((k, k)) if kind == "outer" else k * np.eye(k))
    return np.hstack([first, np.zeros((k, k)), a * np.eye(k)])


def footnote_run(kind: str) -> Finding:
    a, b, residuals = 1.7, -0.6, []
    for k, T in SIZES:
        model = build(REPAIRED, k, T)
        changed = model._replace(P=_footnote_readout(kind, k, a, b))
        for x in all_sequences(k, T):
            straight = a * two_layer_transformer(x, model) + b
            residuals.append(np.abs(two_layer_transformer(x, changed) - straight).max())
    return Finding(worst(residuals), 1e-12, "a = 1.7, b = -0.6, every sequence")


def footnote_symbolic(kind: str) -> Finding:
    """P applied to (e_x, e_previous, output) block by block."""
    k = 3
    a, b = sp.symbols("a b")
    output = sp.Matrix(sp.symbols("x1:4"))
    first = sp.ones(k, 1) * sp.ones(1, k) if kind == "outer" else k * sp.eye(k)
    good = all(
        sp.expand(b * first * sp.eye(k)[:, m] + a * output - (a * output + b * sp.ones(k, 1)))
        == sp.zeros(k, 1)
        for m in range(k)
    )
    return exactly(good, "a x + b in every coordinate, whatever the current token; k = 3")
