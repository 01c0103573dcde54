"""Routes of `ngrams`: what several heads can count, what flow conserves, stages of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product

import numpy as np
import sympy as sp
from sympy.polys.matrices import DomainMatrix

import sim
from proofs_check import ledger
from proofs_check.experiments.ngram_runs import ENTROPY, learn, started
from proofs_check.ledger.compare import relative_error

Tokens = np.ndarray
Weights = Callable[[int, int, int], sim.MultiHeadModel]  # of T, k and the number of heads
Names = dict[int, tuple[str, ...]]  # of the stages, by the number of heads
SEEDS = 10


def comparing(T: int, k: int, heads: int, *, lag: int = 1) -> sim.MultiHeadModel:
    """Heads n that compare the token n - 1 + lag places back with the one they ask with."""
    v = np.zeros((heads, T))
    v[np.arange(heads), np.arange(heads) + lag] = 1.0
    return sim.MultiHeadModel(v, np.stack([np.eye(k)] * heads))


@ledger.reading("lists the sequences")
def _every_sequence(k: int, length: int) -> Tokens:
    return np.array(list(product(range(k), repeat=length)))


def _counted(x: Tokens, k: int, order: int) -> np.ndarray:
    """How often each state has followed the last `order` tokens, recounted at every position."""
    counts = np.zeros((len(x), k))
    for p in range(order - 1, len(x)):
        for t in range(order, p + 1):
            if (x[t - order : t] == x[p - order + 1 : p + 1]).all():
                counts[p, x[t]] += 1
    return counts


@ledger.enumeration("logits on all sequences against recounted n-grams", 0.0, "bigrams to 4-grams")
def counts_enumerated(weights: Weights) -> Iterator[bool]:
    for k, T, heads in ((2, 7, 1), (2, 7, 2), (2, 8, 3), (3, 5, 2), (4, 5, 2)):
        tokens = _every_sequence(k, T)
        found = sim.logits(weights(T, k, heads), tokens)
        yield np.array_equal(found, [_counted(x, k, heads) for x in tokens])


@ledger.symbolic("products of scores of symbolic one-hot vectors", detail="polynomials",
                 scope="T = 4, 5, k = 2, 3, up to three heads")  # fmt: skip
def counts_symbolic(weights: Weights) -> Iterator[bool]:
    """The product of scores is the product of matches, term by term."""
    for T, k, heads in ((4, 2, 1), (4, 2, 2), (4, 3, 2), (5, 2, 3)):
        X = [sp.Matrix(k, 1, sp.symbols(f"x{t}_:{k}")) for t in range(T)]
        model, p = weights(T, k, heads), T - 1
        difference = sp.zeros(k, 1)
        for t in range(T):
            scores = sp.prod(_score(X, model, n, p, t) for n in range(heads))
            matches = sp.prod(X[p - n].dot(X[t - n - 1]) if t > n else 0 for n in range(heads))
            difference += X[t] * (scores - matches)
        yield difference.expand() == sp.zeros(k, 1)


def _score(X: list[sp.Matrix], model: sim.MultiHeadModel, n: int, p: int, t: int) -> sp.Expr:
    """What head n says at position p of the token t, from eq. (8)."""
    v, W = model.v[n].astype(int), sp.Matrix(model.W[n].astype(int))
    return sum((v[t - s] * (X[p - n].T * W * X[s])[0] for s in range(t + 1)), sp.Integer(0))


def _pair_features(x: Tokens, k: int, heads: int) -> Iterator[int]:
    """f_1 - f_0 at the last position of each head with v = e_j and W = e_m e_l^T."""
    T = len(x)
    sign = np.where(x == 1, 1, np.where(x == 0, -1, 0))
    for n, j, m, seen in product(range(heads), range(T), range(k), range(k)):
        looked_at = [sign[t] for t in range(j, T) if x[t - j] == seen]
        yield int(x[T - 1 - n] == m) * int(sum(looked_at))


def _exact_rank(rows: list[list[int]]) -> int:
    entries = [[sp.ZZ(entry) for entry in row] for row in rows]
    return int(DomainMatrix(entries, (len(rows), len(rows[0])), sp.ZZ).to_field().rank())


@ledger.symbolic("rank over the rationals, k = 2")
def sums_symbolic(gap: int) -> ledger.Finding:
    T = 6
    features = [(x, list(_pair_features(x, 2, 2))) for x in _every_sequence(2, T)]
    alone = _exact_rank([row for _, row in features])
    wider = _exact_rank([[*row, int(_counted(x, 2, 2)[-1] @ [-1, 1])] for x, row in features])
    detail = f"T = {T}, all sequences: rank {alone} without the counts, {wider} with them"
    return ledger.exactly(wider - alone == gap, detail)


@ledger.enumeration("rank of logits of models, k = 3")
def sums_enumerated(gap: int) -> ledger.Finding:
    """The same for three states, of the logits of models, in floating point."""
    T, k = 5, 3
    tokens = _every_sequence(k, T)
    columns = []
    for n, j, m, seen in product(range(2), range(T), range(k), range(k)):
        v, W = np.eye(T)[[0, 0]], np.ones((2, k, k))
        v[n], W[n] = np.eye(T)[j], np.outer(np.eye(k)[m], np.eye(k)[seen])
        columns.append(_last_differences(sim.MultiHeadModel(v, W), tokens))
    features, counts = np.stack(columns, axis=1), _last_differences(comparing(T, k, 2), tokens)
    alone, wider = (np.linalg.matrix_rank(a) for a in (features, np.c_[features, counts]))
    rest = counts - features @ np.linalg.lstsq(features, counts, rcond=None)[0]
    share = float(rest @ rest / (counts @ counts))
    missed = f"the best sum misses {share:.0%} of the squares of the counts"
    detail = f"k = {k}, T = {T}: ranks {alone} and {wider}; {missed}"
    return ledger.Finding(abs(int(wider - alone) - gap), 0.0, detail)


def _last_differences(model: sim.MultiHeadModel, tokens: Tokens) -> np.ndarray:
    """Logits at the last position but for what all states share, flat."""
    last = sim.logits(model, tokens)[:, -1]
    return np.asarray((last[:, 1:] - last[:, :1]).ravel())


@ledger.symbolic("scaling symmetry of the logits", detail="any two factors of each term of a logit")
def balance_symbolic(power: int) -> Iterator[bool]:
    """f is unchanged under W^1 -> s^-1 W^1 with v^1, v^2 or W^2 -> s times itself."""
    s = sp.Symbol("s", positive=True)
    first, *others = sp.symbols("W1 v1 v2 W2")
    for other in others:
        scaled = (s ** (-power) * first) * (s * other)
        yield sp.simplify(scaled - first * other) == 0


@ledger.simulation("Euler's identities on batches", 1e-10, "four losses, 2 and 3 heads, k = 3")
def balance_measured(power: int) -> Iterator[float]:
    rng = np.random.default_rng(3)
    tokens = sim.sample_sequences(sim.Dirichlet(3, order=2), 50, 21, 5).tokens
    losses = (ENTROPY, sim.Margin(0.5), sim.Squared(), sim.CrossEntropy(at="last"))
    for loss, (heads, normalize) in product(losses, ((2, "none"), (3, "length"))):
        v, W = rng.normal(size=(heads, 20)), rng.normal(size=(heads, 3, 3))
        gradient = sim.loss_and_gradient(sim.MultiHeadModel(v, W, normalize), tokens, loss)[1]
        along_v, along_W = (v * gradient.v).sum(axis=1), (W * gradient.W).sum(axis=(1, 2))
        yield relative_error(along_W, np.full(heads, power * along_v[0]))
        yield relative_error(along_v, np.full(heads, along_v[0]))


def _passed(run: sim.Trajectory) -> tuple[str, ...]:
    return tuple(stage.strategy for stage in sim.stage_times(run))


@cache
def _descended(heads: int) -> sim.Trajectory:
    """Gradient descent on the exact population loss: no noise but in the test sequences."""
    prior = sim.Dirichlet(2, order=2)
    return sim.gradient_descent(
        started(8, heads), sim.Population(prior, 8, ENTROPY, nodes=16), steps=3000,
        learning_rate=0.3, test_set=sim.HeldOut.draw(prior, 4096, 8, 0),
    )  # fmt: skip


@ledger.enumeration("descent on the exact population loss, T = 8", detail="names of the stages")
def stages_enumerated(value: Names) -> Iterator[bool]:
    return (_passed(_descended(heads)) == names for heads, names in value.items())


@cache
def _learned(heads: int) -> tuple[sim.Trajectory, ...]:
    run = partial(learn, heads, length=30, steps=3000, batch_size=32, held_out=1024)
    return tuple(run(seed) for seed in range(SEEDS))


@ledger.simulation("SGD over seeds, T = 30")
def stages_sampled(value: Names) -> ledger.Finding:
    wrong, notes = 0, []
    for heads, names in value.items():
        runs = _learned(heads)
        wrong += sum(_passed(run) != names for run in runs)
        ends = [run.measures["kl_truth"][-1] / run.baselines["bigram"] for run in runs]
        notes.append(f"{heads}: KL at the end {min(ends):.2f}-{max(ends):.2f} of the bigram rule's")
    return ledger.Finding(float(wrong), 0.0, f"T = 30, {SEEDS} seeds each; " + "; ".join(notes))
