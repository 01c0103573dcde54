"""The losses (6) and (7), written out literally, against those of the software."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

import sim
from proofs_check import ledger
from proofs_check.methods.all_sequences import population_gradient
from proofs_check.methods.exact_chains import exact_probability
from sim.learning.objectives import all_sequences

Value = dict[str, int]
Loss = sim.CrossEntropy | sim.Margin
# (6): first position, how far ahead the target is, power of t; (7): power of k, sign of f_i - f_y
AVERAGE = {"first": 1, "ahead": 1, "power": 1}
MARGIN = {"power": 1, "skip_target": True, "sign": 1}


def _margin(value: Value, f: np.ndarray, y: int, delta: float) -> float:
    """Eq. (7) at one position: logits f, target y."""
    kept = [i for i in range(len(f)) if i != y or not value["skip_target"]]
    hinges = [max(0.0, delta + value["sign"] * (f[i] - f[y])) for i in kept]
    return sum(hinges) / len(f) ** value["power"]


def _per_token(loss: Loss, f: np.ndarray, y: int) -> float:
    if isinstance(loss, sim.Margin):
        return _margin(MARGIN, f, y, loss.delta)
    return float(np.log(np.exp(f).sum()) - f[y])


def _averages(value: Value, model: sim.MinimalModel, tokens: np.ndarray, loss: Loss) -> np.ndarray:
    """sum over p = first .. T of l(f_p, x_{p+ahead}) over T^power, for each sequence."""
    T, ahead = tokens.shape[1] - 1, value["ahead"]
    pairs = zip(sim.logits(model, tokens[:, :T]), tokens.tolist(), strict=True)
    positions = range(value["first"] - 1, T)
    totals = [sum(_per_token(loss, f[p], x[p + ahead]) for p in positions) for f, x in pairs]
    return np.array(totals) / T ** value["power"]


@ledger.enumeration("every sequence with its exact probability, k = 2", 1e-12)
def average_over_all(value: Value) -> Iterator[float]:
    for T, loss in ((2, sim.CrossEntropy()), (4, sim.Margin(0.4))):
        rng = np.random.default_rng(T)
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(2, 2)))
        tokens = all_sequences(2, T + 1)
        chance = [float(exact_probability(tuple(x))) for x in tokens.tolist()]
        averaged = float(chance @ _averages(value, model, tokens, loss))
        yield averaged - population_gradient(model, loss)[0]


@ledger.simulation("500 sampled sequences, as in training; k = 2, T = 20 and k = 3, T = 12", 1e-12)
def average_over_samples(value: Value) -> Iterator[float]:
    for k, T in ((2, 20), (3, 12)):
        tokens = sim.sample_sequences(sim.Dirichlet(k), 500, T + 1, k).tokens
        rng = np.random.default_rng(k)
        model = sim.MinimalModel(rng.normal(size=T) / T, rng.normal(size=(k, k)))
        for loss in (sim.CrossEntropy(), sim.Margin(1.5)):
            found = sim.loss_and_gradient(model, tokens, loss)[0]
            literal = _averages(value, model, tokens, loss).mean()
            yield (found - literal) / literal


@ledger.enumeration("logits on a grid that straddles the kink, every target, two margins", 1e-14)
def margin_on_grid(value: Value) -> Iterator[float]:
    for k in (2, 3, 4):
        f = np.array(list(product((-1.5, 0.0, 0.25, 2.0), repeat=k)))
        for y, delta in product(range(k), (0.25, 1.0)):
            targets = np.full((len(f), 1), y)
            found = sim.Margin(delta).per_position(f[:, None, :], targets)[:, 0]
            yield np.abs(found - [_margin(value, row, y, delta) for row in f]).max()


@ledger.simulation("random models, the last position of 100 random sequences", 1e-12)
def margin_of_models(value: Value) -> Iterator[float]:
    for k, T in ((2, 5), (3, 6)):
        rng = np.random.default_rng(10 + k)
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(k, k)))
        tokens = rng.integers(0, k, (50, T + 1))
        found = sim.loss_and_gradient(model, tokens, sim.Margin(0.7, at="last"))[0]
        last = zip(sim.logits(model, tokens[:, :T])[:, -1], tokens[:, -1], strict=True)
        yield found - sum(_margin(value, f, y, 0.7) for f, y in last) / 50


DEFINITION = "A definition: what is checked is that the software implements it."

CLAIMS = (
    ledger.supported("eq-6", "(6), p. 6",
        "the loss is the average over positions 1..t of predicting the next token",
        r"L(\theta)=E_{x\sim P,\,P\sim\mathrm{Dir}(\alpha)^{\otimes k}}"
        r"\Big[\frac1t\sum_{p=1}^tl(TF(x;\theta)_p,x_{p+1})\Big]",
        AVERAGE, average_over_all, average_over_samples,
        wrong=(AVERAGE | {"first": 2}, AVERAGE | {"ahead": 0}, AVERAGE | {"power": 0}),
        note=DEFINITION),
    ledger.supported("eq-7", "(7), p. 6",
        "the margin loss, with 1/k and without the target's own term",
        r"l_M(f_p,x_{p+1})=\frac1k\sum_{i\ne x_{p+1}}\max\{0,\Delta+f_{p,i}-f_{p,x_{p+1}}\}",
        MARGIN, margin_on_grid, margin_of_models,
        wrong=(MARGIN | {"power": 0}, MARGIN | {"skip_target": False}, MARGIN | {"sign": -1}),
        note=f"{DEFINITION} For k = 2 it is half the hinge loss with margin Delta."),
)  # fmt: skip
