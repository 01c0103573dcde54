"""The minimal model and its loss on one sequence, as Appendix A prints them, in exact numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sympy as sp

from proofs_check.methods.symbols import Entry, k, t

INIT = 2  # the c of brute force: W = v = 2, so that logits are integers


class Model(NamedTuple):
    """sum_{t'=1}^{p-late} 1{x_t'=i} sum_{s=1}^{t'-early} v_{t'-s+offset} W[first, second].

    In matrix form `late` is what the mask cuts and M[t', s] = v_{t'-s+offset}, s <= t' - early.
    """

    offset: int = 1
    late: int = 0
    early: int = 0
    transposed: bool = False


def logits(form: Model, tokens: Sequence[int], v: Sequence[Any], W: Any) -> list[list[Any]]:
    """Eq. (A.10) term by term, entries [p, i]; v and W may be any kind of numbers."""
    out = [[0 * v[0]] * len(W) for _ in tokens]
    for last in range(1, len(tokens) + 1):
        for here in range(1, last + 1 - form.late):
            for earlier in range(1, here + 1 - form.early):
                pair = (tokens[last - 1], tokens[earlier - 1])
                row, column = pair[::-1] if form.transposed else pair
                v_lag = v[here - earlier + form.offset - 1]
                out[last - 1][tokens[here - 1]] += v_lag * W[row][column]
    return out


def lag_matrix(form: Model, v: Sequence[Any]) -> list[list[Any]]:
    """M[t', s] = v_{t'-s+offset} for s <= t' - early, and 0 where that does not exist."""

    def entry(here: int, earlier: int) -> Any:
        lag = here - earlier + form.offset - 1
        return v[lag] if earlier <= here - form.early and 0 <= lag < len(v) else 0

    places = range(len(v))
    return [[entry(here, earlier) for earlier in places] for here in places]


def matrices(form: Model, tokens: Sequence[int], v: Sequence[Any], W: Any) -> list[list[Any]]:
    """The logits mask(e W (M e)^T) e of eq. (8) as matrix products, exactly."""
    T = len(tokens)
    e = sp.Matrix(T, len(W), lambda r, q: int(tokens[r] == q))
    inside = sp.Matrix(lag_matrix(form, v))[:T, :T]
    weights = sp.Matrix(W).T if form.transposed else sp.Matrix(W)
    scores = e * weights * (inside * e).T
    mask = sp.Matrix(T, T, lambda r, q: int(bool(q <= r - form.late)))
    return (scores.multiply_elementwise(mask) * e).tolist()


def constant(size: int, level: int, raised: Entry | None = None) -> list[list[int]]:
    """W with `level` everywhere, and one more at the entry `raised`."""
    return [[level + ((m, q) == raised) for q in range(size)] for m in range(size)]


def at_start(tokens: Sequence[int], W: Any) -> list[list[int]]:
    """Logits at every position but the last token's, with v = INIT.

    They are linear in W: with W = `constant(k, 0, (m, l))` they are the slopes in W_ml.
    """
    return logits(Model(), tokens[:-1], [INIT] * (len(tokens) - 1), W)


class Loss(NamedTuple):
    """positions * sum_p states * sum_{i != x_{p+1}} max{0, sign * Delta + f_i - f_{x_{p+1}}}."""

    positions: sp.Expr = 1 / t
    states: sp.Expr = 1 / k
    sign: int = 1


def loss(form: Loss, f: Any, tokens: Sequence[int], margin: Any) -> sp.Expr:
    """Eqs. (7) and (A.11) for one sequence with logits f."""
    total = 0
    for row, target in zip(f, tokens[1:], strict=True):
        hinges = (form.sign * margin + x - row[target] for x in row)
        total += sum(max(0, x) for state, x in enumerate(hinges) if state != target)
    return form.positions.subs(t, len(f)) * form.states.subs(k, len(f[0])) * total
