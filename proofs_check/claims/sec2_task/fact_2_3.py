"""Fact 2.3: the minimal model can express unigram and bigram counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import sympy as sp

import sim
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict, exactly
from proofs_check.ledger.compare import worst
from sim.learning.objectives import all_sequences


class Counting(NamedTuple):
    """v = e_(lag + 1) and W = I or 11^T count tokens i at t' >= first with x_{t'-lag} ~ x_p.

    `same` says whether the earlier token has to equal x_p (W = I) or not (W = 11^T).
    """

    lag: int
    same: bool
    first: int


PRINTED = (Counting(lag=1, same=True, first=2), Counting(lag=0, same=False, first=1))


def _count(tokens: np.ndarray, k: int, rule: Counting) -> np.ndarray:
    """The printed right-hand side, summed literally."""
    n, T = tokens.shape
    out = np.zeros((n, T, k))
    for p in range(T):
        for t in range(rule.first - 1, p + 1):
            # an index before the sequence would count nothing
            hit = np.full(n, t - rule.lag >= 0)
            if rule.same and t - rule.lag >= 0:
                hit = tokens[:, t - rule.lag] == tokens[:, p]
            out[np.arange(n), p, tokens[:, t]] += hit
    return out


def _every_sequence(value: tuple[Counting, ...]) -> Finding:
    residuals, checked = [], 0
    for k, T in ((2, 7), (3, 5), (4, 4)):
        tokens = all_sequences(k, T)
        for rule, (v, W) in zip(value, _weights(T, k), strict=True):
            model = sim.MinimalModel(v, W)
            difference = sim.logits(model, tokens) - _count(tokens, k, rule)
            residuals.append(np.abs(difference).max())
            checked += len(tokens)
    return Finding(
        worst(residuals), 0.0, f"{checked} sequences, every position and state; integers compared"
    )


def _weights(T: int, k: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The two choices of weights as printed: bigrams, unigrams."""
    return [(np.eye(T)[1], np.eye(k)), (np.eye(T)[0], np.ones((k, k)))]


def _collapse(value: tuple[Counting, ...]) -> Finding:
    """The inner sum of eq. (A.10) at a one-hot v, for any t' >= first and for each t' before."""
    score = sp.Function("w")  # W[x_p, x_s] as a function of s
    s = sp.Symbol("s", integer=True)
    good = True
    for rule, v_index, same in zip(value, (2, 1), (True, False), strict=True):

        def inner(t: sp.Expr, v_index: int = v_index) -> sp.Expr:
            total = sp.Sum(sp.KroneckerDelta(t - s + 1, v_index) * score(s), (s, 1, t))
            return sp.piecewise_fold(total.doit()).simplify()

        later = sp.Symbol("n", integer=True, nonnegative=True) + rule.first
        good &= rule.same is same and inner(later) == score(later - rule.lag)
        good &= all(inner(sp.Integer(t)) == 0 for t in range(1, rule.first))
    return exactly(
        bool(good),
        "the sum over s collapses to W[x_p, x_{t'-1}] from t' = 2 on (bigrams) and to "
        "W[x_p, x_t'] from t' = 1 on (unigrams), for symbolic t'; W = I and 11^T finish it",
    )


CLAIMS = (
    Claim(
        id="fact-2.3",
        source="Fact 2.3, p. 7; App. A, p. 15",
        title="the minimal model expresses bigram and unigram counts",
        printed=Statement(
            r"v=(0,1,0,\dots,0)^\top,\ W_k=I \Rightarrow f(E)_{p,i}=\sum_{t'=2}^p "
            r"\mathbb 1\{x_{t'}=i\}\mathbb 1\{x_{t'-1}=x_p\};\quad v=(1,0,\dots,0)^\top,\ "
            r"W_k=11^\top \Rightarrow f(E)_{p,i}=\sum_{t'=1}^p \mathbb 1\{x_{t'}=i\}",
            PRINTED,
        ),
        routes=(
            Route("symbolic", "eq. (A.10) at one-hot v, sums over Kronecker deltas", _collapse),
            Route("enumeration", "every sequence for k = 2, 3, 4 against counts", _every_sequence),
        ),
        expected=Verdict.PROVED,
        assumptions=("the logits are counts: predictions are their normalised values, "
                     "not their softmax",),
    ),
)  # fmt: skip
