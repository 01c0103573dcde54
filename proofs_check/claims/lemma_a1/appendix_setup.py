"""Set-up of Appendix A: the chain, the model and its loss, (A.9)-(A.12) and (A.15)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.lemma_a1 import appendix_start
from proofs_check.methods import long_contexts
from proofs_check.methods.all_sequences import population_gradient
from proofs_check.methods.exact_chains import SYMBOLIC, chance, prior_mean
from proofs_check.methods.exact_model import Loss, Model, constant, logits, loss, matrices
from proofs_check.methods.printed_chain import chain_by_quadrature, chain_symbolic
from proofs_check.methods.sampling import mean_and_error
from proofs_check.methods.symbols import P, a, b, k, t
from sim.learning.objectives import all_sequences
from theory.exact import is_zero
from theory.notation import lam, y

SHAPES = ((2, 4), (3, 3))  # states and length
ALL_ACTIVE = 7  # keeps every hinge active at W = 11^T, v = 1 up to t = 3

# (A.10): the model


@ledger.reading("the printed sums, term by term")
def printed_sums(form: Model, tokens: Any, v: Any, W: Any) -> Any:
    return logits(form, tokens, v, W)


@ledger.reading("the printed products of matrices")
def printed_matrices(form: Model, tokens: Any, v: Any, W: Any) -> Any:
    return matrices(form, tokens, v, W)


@ledger.reading("the printed sum of hinges, for one sequence")
def printed_loss(form: Loss, f: Any, tokens: Any, margin: Any) -> sp.Expr:
    return loss(form, f, tokens, margin)


@ledger.reading("one loss, averaged in the stated order")
def averaged_in(order: str, T: int) -> sp.Expr:
    return population(Loss(), T, order)


@ledger.symbolic("matrix form against sums", detail="symbolic v and W; every sequence",
                 scope="k = 2, t = 4 and k = 3, t = 3")  # fmt: skip
def model_symbolic(value: Model, read: Any, other: Any) -> Iterator[bool]:
    """The statement read in one form against the true model in the other."""
    v = sp.symbols("v1:7")
    for size, T in SHAPES:
        W = sp.Matrix(size, size, sp.symbols(f"W:{size * size}")).tolist()
        for tokens in product(range(size), repeat=T):
            found, true = read(value, tokens, v, W), other(Model(), tokens, v, W)
            # None where SymPy cannot tell, as of an expression that vanishes only here and there
            yield bool(sp.expand(sp.Matrix(found) - sp.Matrix(true)).is_zero_matrix)


@ledger.enumeration("every sequence against sim.logits", 0.0,
                    "43 sequences, every position; integers")  # fmt: skip
def model_enumerated(value: Model, read: Any) -> Iterator[bool]:
    rng = np.random.default_rng(5)
    for size, T in SHAPES:
        v, W = rng.integers(-5, 6, T), rng.integers(-5, 6, (size, size))
        tokens = all_sequences(size, T)
        known = sim.logits(sim.MinimalModel(v.astype(np.float64), W.astype(np.float64)), tokens)
        # an index past either end of v reads a weight no statement may use
        padded = [*map(int, v), 10**6, -(10**6)]
        for row, f in zip(tokens.tolist(), known, strict=True):
            yield np.array_equal(np.array(read(value, row, padded, W.tolist()), dtype=float), f)


SUMS = (model_symbolic.given(read=printed_sums, other=matrices),
        model_enumerated.given(read=printed_sums))  # fmt: skip
MATRIX_FORM = (model_symbolic.given(read=printed_matrices, other=logits),
               model_enumerated.given(read=printed_matrices))  # fmt: skip


# (A.11): the loss of a sequence


def population(form: Loss, T: int, order: str = "conditional means") -> sp.Expr:
    """The population loss at W = 11^T, v = 1 over all sequences; exact.

    `order` says what is averaged over the prior: the conditional means (A.15), the probability of
    each sequence, or the chain itself.
    """
    every = list(product(range(2), repeat=T + 1))
    chances = [chance(SYMBOLIC, e) for e in every]
    outputs = (logits(Model(), e[:-1], [1] * T, constant(2, 1)) for e in every)
    losses = [printed_loss(form, f, e, ALL_ACTIVE) for f, e in zip(outputs, every, strict=True)]
    if order == "sequences":
        chances = [prior_mean(x) for x in chances]
    inner = sum(x * weight for x, weight in zip(losses, chances, strict=True))
    if order == "sequences":
        return sp.expand(inner)
    if order == "conditional means":
        return sp.expand(prior_mean(inner))
    return sp.expand(inner).subs({y: 0, lam: 0})  # E a = E b = 1/2


@ledger.symbolic("population loss against the exact kernel",
                 detail="over QQ[log 2] at W = 11^T, v = 1", scope="t <= 3")  # fmt: skip
def loss_symbolic(value: Loss) -> list[bool]:
    """The kernel gives Delta (k - 1) / k less the sum of its entries."""
    largest = sp.Rational(ALL_ACTIVE, 2)
    return [is_zero(population(value, T) - largest + sum(theory.first_step_v(T)))
            for T in (1, 2, 3)]  # fmt: skip


@ledger.enumeration("every sequence against sim's hinge loss", 1e-12,
                    "113 sequences, some hinges active and some not")  # fmt: skip
def loss_enumerated(value: Loss) -> Iterator[float]:
    rng = np.random.default_rng(8)
    for size, T in SHAPES:
        v, W = rng.integers(-3, 4, T), rng.integers(-3, 4, (size, size))
        model = sim.MinimalModel(v.astype(np.float64), W.astype(np.float64))
        tokens = all_sequences(size, T + 1)
        for row, f in zip(tokens, sim.logits(model, tokens[:, :-1]), strict=True):
            known = sim.loss_and_gradient(model, row[None], sim.Margin(2.0))[0]
            yield float(printed_loss(value, f.tolist(), row, 2.0)) - known


@ledger.symbolic("(A.11) on the logits of (A.10)", detail="t positions, exactly one target each",
                 scope="t = 2, 3, 5")  # fmt: skip
def length_symbolic(extra: int) -> Iterator[bool]:
    """Whether (A.11) has a target for each of the t rows of logits, and none is left."""
    for T in (2, 3, 5):
        tokens = (0,) * (T + extra)
        f = logits(Model(), tokens[:T], [1] * T, constant(2, 1))
        try:
            loss(Loss(), f, tokens, ALL_ACTIVE)
            yield True
        except ValueError:
            yield False


@ledger.enumeration("evaluate the loss", detail="sim's loss of t = 2, 3, 5 positions")
def length_enumerated(extra: int) -> Iterator[bool]:
    """Whether the loss of t positions can be evaluated on sequences of t + extra tokens."""
    for T in (2, 3, 5):
        model, tokens = sim.MinimalModel.constant(T, 2, v=1.0), all_sequences(2, T + extra)
        try:
            sim.loss_and_gradient(model, tokens, sim.Margin(1.0))
            yield True
        except ValueError:
            yield False


# (A.12), (A.15): the population loss


def _ones_loss(prior: sim.Prior, T: int, margin: float) -> float:
    """Population loss of sim at W = 11^T, v = 1."""
    model = sim.MinimalModel.constant(T, 2, v=1.0, W=1.0)
    return population_gradient(model, sim.Margin(margin), prior)[0]


@ledger.quadrature("mean over chains of the stated prior against the exact kernel", 1e-12,
                   "what the loss falls by at W = 11^T, v = 1; t = 2, 4, 6")  # fmt: skip
def population_by_quadrature(alpha: float) -> Iterator[float]:
    rule = sim.prior_quadrature(sim.Dirichlet(2, alpha))
    for T in (2, 4, 6):
        stated = theory.first_step(T, prior=(rule.weights, rule.transition))[1].sum()
        yield stated - theory.first_step(T)[1].sum()


@ledger.simulation("fresh chains and sequences against powers of single chains")
def population_by_sampling(alpha: float) -> ledger.Finding:
    T, n = 6, 100_000
    tokens = sim.sample_sequences(sim.Dirichlet(2, alpha), n, T + 1, 3).tokens
    f = sim.logits(sim.MinimalModel.constant(T, 2, v=1.0, W=1.0), tokens[:, :-1])
    right = np.take_along_axis(f, tokens[:, 1:, None], 2)[..., 0]
    mean, error = mean_and_error((f.sum(2) - 2 * right).mean(1) / 2)
    exact = -sum(long_contexts.mean_kernel(lag, T).sum() for lag in range(1, T + 1))
    return ledger.in_errors(mean, exact, error, "t = 6, 100,000 chains")


@ledger.symbolic("exact averages in two orders", detail="over QQ[log 2]", scope="t = 2, 3")
def order_symbolic(value: str) -> list[bool]:
    return [is_zero(averaged_in(value, T) - population(Loss(), T, "sequences"))
            for T in (2, 3)]  # fmt: skip


@ledger.enumeration("sim's population loss", 1e-13, "less Delta / 2, t = 2, 3")
def order_enumerated(value: str) -> Iterator[float]:
    for T in (2, 3):
        margin = 7.0 + T * T
        known = _ones_loss(sim.Dirichlet(2), T, margin) - margin / 2
        yield float(averaged_in(value, T)) - ALL_ACTIVE / 2 - known


CLAIMS = (
    ledger.proved("A.9", 15, "two states: P has two free entries, uniform",
        r"P=\begin{pmatrix}a&1-a\\1-b&b\end{pmatrix},\ a,b\sim U(0,1)",
        P, chain_symbolic, chain_by_quadrature, also={"A.22": 17},
        wrong=[sp.Matrix([[a, 1 - a], [b, 1 - b]]), sp.Matrix([[a, 1 - b], [1 - a, b]])],
        assume="rows of P from Dir(1, 1)"),
    ledger.supported("A.10", 15, "the logits as sums",
        r"f(e)_{p,i}=\sum_{t'=1}^p\mathbb "
        r"1\{x_{t'}=i\}\sum_{s=1}^{t'}v_{t'-s+1}e_{x_p}^\top W_ke_{x_s}", Model(), *SUMS,
        wrong=[Model(offset=2), Model(late=1), Model(early=1), Model(transposed=True)]),
    ledger.supported("A.10-matrix", "above (A.10), p. 15", "the same in matrix form",
        r"f(e)=\mathrm{mask}(eW_k(Me)^\top)e,\ M_{t's}=v_{t'-s+1}\ (s\le t')",
        Model(), *MATRIX_FORM, wrong=[Model(offset=2), Model(late=1), Model(transposed=True)],
        note="The mask keeps t' <= p."),
    ledger.supported("A.11", 15, "the loss of a sequence: mean of the margin loss",
        r"L=\frac1t\sum_{p=1}^tl_M(f(e)_{p,:},x_{p+1}),\ l_M=\frac1k\sum_{i\ne x_{p+1}}"
        rf"\max\{{0,{appendix_start.HINGE}\}}", Loss(), loss_symbolic, loss_enumerated,
        wrong=[Loss(states=1 / (k - 1)), Loss(sign=-1)]),
    ledger.corrected("A.11-prose", "above (A.11), p. 15",
        "the loss is the mean over positions, not the sum",
        (r"\text{total loss: sum of the losses across all positions}", Loss(sp.Integer(1))),
        (r"\text{mean of the losses across all positions}", Loss()), loss_symbolic, loss_enumerated,
        wrong=[Loss(1 / (t + 1))], note="(A.11) itself, (6) and everything after it divide by t."),
    ledger.corrected("A.11-length", "Setup, p. 15",
        "the loss needs one token more than the context",
        (r"x=(x_1,\dots,x_t)", 0),
        (r"x=(x_1,\dots,x_t,x_{t+1})", 1), length_symbolic, length_enumerated, wrong=[2],
        note="(A.11) asks for x_{t+1}, the target of the last of t positions."),
    ledger.supported("A.12", 15, "the population loss, Dirichlet parameter 1",
        r"\mathcal "
        r"L=E_{x\sim P,\ P\sim\mathrm{Dir}(\alpha)^{\otimes k}}L(f(e),e),\ \alpha=(1,\dots,1)",
        1.0, population_by_quadrature, population_by_sampling, wrong=[2.0, 0.5],
        assume=("k = 2", "x_1 stationary"),
        note="Where x_1 comes from is said only below (A.21): from the stationary law."),
    *appendix_start.ON_THE_LOGITS,
    ledger.supported("A.15", 16, "the mean over chains of conditional means",
        r"E_{x,P}[L]=E_P[E_x[L|P]]", "conditional means", order_symbolic, order_enumerated,
        wrong=["the mean chain"], assume="k = 2"),
    *appendix_start.ON_THE_GRADIENT,
)  # fmt: skip
