"""How the claims about several heads are looked into."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.polys.matrices import DomainMatrix

import sim
from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import relative_error, worst

Array = NDArray[np.float64]
ENTROPY = sim.CrossEntropy()
SEEDS = 10
FLOW_TIME = 180.0


def comparing(lag: int, T: int, k: int, heads: int) -> sim.MultiHeadModel:
    """Heads n that compare the token n - 1 + lag places back with the one they ask with."""
    v = np.zeros((heads, T))
    v[np.arange(heads), np.arange(heads) + lag] = 1.0
    return sim.MultiHeadModel(v, np.stack([np.eye(k)] * heads))


def every_sequence(k: int, length: int) -> NDArray[np.int64]:
    return np.array(list(itertools.product(range(k), repeat=length)))


def counted_ngrams(x: NDArray[np.int64], k: int, order: int) -> Array:
    """How often each state has followed the last `order` tokens, recounted at every position."""
    counts = np.zeros((len(x), k))
    for p in range(order - 1, len(x)):
        for t in range(order, p + 1):
            if (x[t - order : t] == x[p - order + 1 : p + 1]).all():
                counts[p, x[t]] += 1
    return counts


def counts_enumerated(lag: int) -> Finding:
    """Integers on both sides: they are equal or not."""
    gaps = []
    for k, T, heads in ((2, 7, 1), (2, 7, 2), (2, 8, 3), (3, 5, 2), (4, 5, 2)):
        tokens = every_sequence(k, T)
        found = sim.logits(comparing(lag, T, k, heads), tokens)
        gaps.append(np.abs(found - [counted_ngrams(x, k, heads) for x in tokens]).max())
    return Finding(worst(gaps), 0.0, "all sequences of k = 2, 3, 4 states, bigrams to 4-grams")


def counts_symbolic(lag: int) -> Finding:
    """One-hot vectors as symbols: the product of scores is the product of matches, term by term."""
    good = True
    for T, k, heads in ((4, 2, 1), (4, 2, 2), (4, 3, 2), (5, 2, 3)):
        X = [[sp.Symbol(f"x{t}_{state}") for state in range(k)] for t in range(T)]
        p = T - 1
        model = comparing(lag, T, k, heads)
        for i in range(k):
            logit = count = sp.Integer(0)
            for t in range(p + 1):
                logit += X[t][i] * sp.prod(_score(X, model, n, p, t) for n in range(heads))
                count += X[t][i] * sp.prod(_match(X, p - n, t - n - 1) for n in range(heads))
            good &= sp.expand(logit - count) == 0
    return exactly(good, "polynomials in the entries of the one-hot vectors, T up to 5")


def _score(X: list[list[sp.Symbol]], model: sim.MultiHeadModel, n: int, p: int, t: int) -> sp.Expr:
    v, W = model.v[n].astype(int), model.W[n].astype(int)
    states = range(model.k)
    return sum(
        v[t - s] * W[m, seen] * X[p - n][m] * X[s][seen]
        for s in range(t + 1)
        for m in states
        for seen in states
    )


def _match(X: list[list[sp.Symbol]], p: int, t: int) -> sp.Expr:
    return sum(a * b for a, b in zip(X[p], X[t], strict=True)) if t >= 0 else sp.Integer(0)


def _pair_features(x: NDArray[np.int64], k: int, heads: int) -> Iterator[int]:
    """f_1 - f_0 at the last position of each head with v = e_j and W = e_m e_l^T."""
    T = len(x)
    sign = np.where(x == 1, 1, np.where(x == 0, -1, 0))
    for n, j, m, seen in itertools.product(range(heads), range(T), range(k), range(k)):
        looked_at = [sign[t] for t in range(j, T) if x[t - j] == seen]
        yield int(x[T - 1 - n] == m) * int(sum(looked_at))


def sums_symbolic(gap: int) -> Finding:
    """Rank over the rationals of what sums of heads can be, without and with trigram counts."""
    T = 6
    tokens = every_sequence(2, T)
    features = [list(_pair_features(x, 2, 2)) for x in tokens]
    counts = [counted_ngrams(x, 2, 2)[-1] @ [-1, 1] for x in tokens]
    wider = [[*row, int(count)] for row, count in zip(features, counts, strict=True)]
    ranks = [DomainMatrix(rows, (len(rows), len(rows[0])), sp.ZZ).to_field().rank()
             for rows in (_integers(features), _integers(wider))]  # fmt: skip
    return exactly(
        ranks[1] - ranks[0] == gap,
        f"T = {T}, all sequences: rank {ranks[0]} without the counts, {ranks[1]} with them",
    )


def _integers(rows: list[list[int]]) -> list[list[sp.Integer]]:
    return [[sp.ZZ(entry) for entry in row] for row in rows]


def sums_enumerated(gap: int) -> Finding:
    """The same for three states, of the logits of models, in floating point."""
    T, k = 5, 3
    tokens = every_sequence(k, T)
    whole = np.ones((k, k))
    first = np.eye(T)[0]
    columns = []
    for n, j, m, seen in itertools.product(range(2), range(T), range(k), range(k)):
        v, W = np.array([first, first]), np.stack([whole, whole])
        v[n], W[n] = np.eye(T)[j], np.outer(np.eye(k)[m], np.eye(k)[seen])
        columns.append(_last_differences(sim.MultiHeadModel(v, W), tokens))
    features = np.stack(columns, axis=1)
    counts = _last_differences(comparing(1, T, k, 2), tokens)
    ranks = [np.linalg.matrix_rank(a) for a in (features, np.column_stack([features, counts]))]
    rest = counts - features @ np.linalg.lstsq(features, counts, rcond=None)[0]
    share = float(rest @ rest / (counts @ counts))
    return Finding(
        abs(int(ranks[1] - ranks[0]) - gap), 0.0,
        f"k = {k}, T = {T}: ranks {ranks[0]} and {ranks[1]}; the best sum misses {share:.0%} of "
        "the squares of the counts",
    )  # fmt: skip


def _last_differences(model: sim.MultiHeadModel, tokens: NDArray[np.int64]) -> Array:
    """Logits at the last position but for what all states share, flat."""
    last = sim.logits(model, tokens)[:, -1]
    return np.asarray((last[:, 1:] - last[:, :1]).ravel())


def balance_symbolic(power: int) -> Finding:
    """f is unchanged under W^1 -> s^-1 W^1 with v^1, v^2 or W^2 -> s times itself."""
    s = sp.Symbol("s", positive=True)
    factors = sp.symbols("v1 W1 v2 W2")
    term = sp.prod(factors)
    good = True
    for other in (0, 2, 3):
        scaled = list(factors)
        scaled[1] *= s ** (-power)
        scaled[other] *= s
        good &= sp.simplify(sp.prod(scaled) - term) == 0
    return exactly(good, "any two of the 2H factors of every term of every logit")


def balance_measured(power: int) -> Finding:
    residuals = []
    rng = np.random.default_rng(3)
    for loss in (ENTROPY, sim.Margin(0.5), sim.Squared(), sim.CrossEntropy(at="last")):
        for heads, normalize in ((2, "none"), (3, "length")):
            model = sim.MultiHeadModel(
                rng.normal(size=(heads, 20)), rng.normal(size=(heads, 3, 3)), normalize
            )
            tokens = sim.sample_sequences(sim.Dirichlet(3, order=2), 50, 21, 5).tokens
            gradient = sim.loss_and_gradient(model, tokens, loss)[1]
            along_v = (model.v * gradient.v).sum(axis=1)
            along_W = (model.W * gradient.W).sum(axis=(1, 2))
            residuals.append(relative_error(along_W, np.full(heads, power * along_v[0])))
            residuals.append(relative_error(along_v, np.full(heads, along_v[0])))
    return Finding(worst(residuals), 1e-10, "four losses, two and three heads, k = 3, T = 20")


def passed(run: sim.Trajectory) -> tuple[str, ...]:
    return tuple(stage.strategy for stage in sim.stage_times(run))


def started(T: int, heads: int) -> sim.MultiHeadModel:
    return sim.MultiHeadModel.constant(T, 2, heads, v=0.2, W=0.2, normalize="length")


@cache
def descended(heads: int) -> sim.Trajectory:
    """Gradient descent on the exact population loss: no noise but in the test sequences."""
    prior = sim.Dirichlet(2, order=2)
    return sim.gradient_descent(
        started(8, heads), sim.Population(prior, 8, ENTROPY, nodes=16), steps=3000,
        learning_rate=0.3, test_set=sim.HeldOut.draw(prior, 4096, 8, 0),
    )  # fmt: skip


def stages_enumerated(value: dict[int, tuple[str, ...]]) -> Finding:
    """The stages of gradient descent on the population loss."""
    wrong, notes = 0, []
    for heads, names in value.items():
        run = descended(heads)
        wrong += passed(run) != names
        notes.append(f"{heads}: {' '.join(passed(run))}")
    return Finding(float(wrong), 0.0, "T = 8, descent on the population loss; " + "; ".join(notes))


def learn(
    heads: int, seed: int, *, length: int, steps: int, batch_size: int, held_out: int
) -> sim.Trajectory:
    """SGD on chains of order two, over the flow time in which two heads pass all stages."""
    return sim.train(
        started(length, heads), sim.Dirichlet(2, order=2), steps=steps, batch_size=batch_size,
        learning_rate=FLOW_TIME / steps, held_out=held_out, rng=seed,
    )  # fmt: skip


@cache
def sampled(heads: int) -> tuple[sim.Trajectory, ...]:
    size = {"length": 30, "steps": 3000, "batch_size": 32, "held_out": 1024}
    return tuple(learn(heads, seed, **size) for seed in range(SEEDS))


def stages_sampled(value: dict[int, tuple[str, ...]]) -> Finding:
    """SGD over seeds, and what is left at the end over what the bigram rule leaves."""
    wrong, notes = 0, []
    for heads, names in value.items():
        runs = sampled(heads)
        wrong += sum(passed(run) != names for run in runs)
        ends = [run.measures["kl_truth"][-1] / run.baselines["bigram"] for run in runs]
        notes.append(f"{heads}: KL at the end {min(ends):.2f}-{max(ends):.2f} of the bigram rule's")
    return Finding(float(wrong), 0.0, f"T = 30, {SEEDS} seeds each; " + "; ".join(notes))
