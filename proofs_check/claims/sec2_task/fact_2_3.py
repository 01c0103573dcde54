"""Fact 2.3: the minimal model can express unigram and bigram counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from sim.learning.objectives import all_sequences


class Counting(NamedTuple):
    """v = e_(lag + 1) and W = I or 11^T count tokens i at t' >= first with x_{t'-lag} ~ x_p.

    `same` says whether the earlier token has to equal x_p (W = I) or not (W = 11^T).
    """

    lag: int
    same: bool
    first: int


BIGRAMS, UNIGRAMS = Counting(lag=1, same=True, first=2), Counting(lag=0, same=False, first=1)


def _count(tokens: np.ndarray, k: int, rule: Counting) -> np.ndarray:
    """The printed right-hand side, summed literally."""
    n, T = tokens.shape
    out = np.zeros((n, T, k))
    for p in range(T):
        # from lag on: an index before the sequence would count nothing
        for t in range(max(rule.first - 1, rule.lag), p + 1):
            same = tokens[:, t - rule.lag] == tokens[:, p]
            out[np.arange(n), p, tokens[:, t]] += same if rule.same else 1
    return out


@ledger.enumeration("every sequence for k = 2, 3, 4 against counts, in integers, T = 7, 5, 4")
def by_sequences(value: tuple[Counting, Counting]) -> Iterator[float]:
    for k, T in ((2, 7), (3, 5), (4, 4)):
        tokens = all_sequences(k, T)
        weights = (np.eye(T)[1], np.eye(k)), (np.eye(T)[0], np.ones((k, k)))
        for rule, (v, W) in zip(value, weights, strict=True):
            found = sim.logits(sim.MinimalModel(v, W), tokens)
            yield np.abs(found - _count(tokens, k, rule)).max()


def _inner_sum(t: sp.Expr, position: int, score: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    """The inner sum of eq. (A.10) at v = e_position, over the scores W[x_p, x_s]."""
    s = sp.Symbol("s", integer=True)
    total = sp.Sum(sp.KroneckerDelta(t - s + 1, position) * score(s), (s, 1, t))
    return sp.piecewise_fold(total.doit()).simplify()


def _identity(s: sp.Expr) -> sp.Expr:
    """W[x_p, x_s] of W = I: 1{x_s = x_p}."""
    return sp.KroneckerDelta(sp.Function("x")(s), sp.Symbol("x_p"))


def _ones(s: sp.Expr) -> sp.Expr:
    """W[x_p, x_s] of W = 11^T."""
    return sp.Integer(1)


@ledger.symbolic("eq. (A.10) at one-hot v, sums over Kronecker deltas",
                 detail="for W = I the sum over s collapses to 1{x_{t'-1} = x_p} from t' = 2 on "
                 "(bigrams), for W = 11^T to 1 from t' = 1 on (unigrams), for symbolic t'; any "
                 "k")  # fmt: skip
def by_collapse(value: tuple[Counting, Counting]) -> Iterator[bool]:
    for rule, position, score in zip(value, (2, 1), (_identity, _ones), strict=True):
        later = sp.Symbol("n", integer=True, nonnegative=True) + rule.first
        stated = (_identity if rule.same else _ones)(later - rule.lag)
        yield _inner_sum(later, position, score) == stated
        for t in range(1, rule.first):
            yield _inner_sum(sp.Integer(t), position, score) == 0


CLAIMS = (
    ledger.proved("fact-2.3", "Fact 2.3, p. 7; App. A, p. 15",
        "the minimal model expresses bigram and unigram counts",
        r"v=(0,1,0,\dots,0)^\top,\ W_k=I \Rightarrow f(E)_{p,i}=\sum_{t'=2}^p \mathbb "
        r"1\{x_{t'}=i\}\mathbb 1\{x_{t'-1}=x_p\};\quad v=(1,0,\dots,0)^\top,\ "
        r"W_k=11^\top \Rightarrow f(E)_{p,i}=\sum_{t'=1}^p \mathbb 1\{x_{t'}=i\}",
        (BIGRAMS, UNIGRAMS), by_collapse, by_sequences,
        wrong=((BIGRAMS._replace(lag=2), UNIGRAMS), (BIGRAMS._replace(first=3), UNIGRAMS),
               (BIGRAMS, UNIGRAMS._replace(same=True))),
        assume="the logits are counts: predictions are their normalised values, not their softmax"),
)  # fmt: skip
