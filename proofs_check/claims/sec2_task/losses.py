"""The losses (6) and (7), as functions written out literally, against `sim` and `theory`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from scipy.special import log_softmax

import sim
import theory
from proofs_check import ledger
from proofs_check.methods.exact_chains import exact_probability
from proofs_check.methods.exact_model import INIT, at_start, constant
from proofs_check.methods.symbols import entries
from sim.models.minimal.reference import loss_at

MARGIN_CODE = 1  # of `sim.models.minimal.reference`


def average_loss(
    losses: Sequence[Sequence[Any]], *, first: int = 1, ahead: int = 1, power: int = 1
) -> Any:
    """Eq. (6) for one sequence; `losses[p - 1][q - 1]` is that of predicting x_q at position p."""
    t = len(losses)
    return sum(losses[p - 1][p + ahead - 1] for p in range(first, t + 1)) / Fraction(t) ** power


def margin_loss(
    f: Sequence[float], y: int, delta: float, *, power: int = 1, skip: bool = True, sign: int = 1
) -> float:
    """Eq. (7) at one position: logits f, target y."""
    kept = [i for i in range(len(f)) if i != y or not skip]
    return sum(max(0.0, delta + sign * (f[i] - f[y])) for i in kept) / len(f) ** power


@ledger.simulation("cross-entropy of 500 sampled sequences; k = 2, T = 20 and k = 3, T = 12", 1e-12)
def average_of_samples(average: Callable[..., Any]) -> Iterator[float]:
    for k, T in ((2, 20), (3, 12)):
        tokens = sim.sample_sequences(sim.Dirichlet(k), 500, T + 1, k).tokens
        rng = np.random.default_rng(k)
        model = sim.MinimalModel(rng.normal(size=T) / T, rng.normal(size=(k, k)))
        found = sim.loss_and_gradient(model, tokens, sim.CrossEntropy())[0]
        chances = -log_softmax(sim.logits(model, tokens[:, :T]), axis=-1)
        rows = zip(chances, tokens, strict=True)
        literal = float(np.mean([float(average(row[:, x])) for row, x in rows]))
        yield (found - literal) / literal


def _margin_slopes(tokens: tuple[int, ...], entry: tuple[int, int]) -> list[list[Fraction]]:
    """d/dW_ml at W = v = INIT of the margin losses of predicting each x_q at each position p."""
    slopes = at_start(tokens, constant(2, 0, entry))
    return [[Fraction(f[1 - x] - f[x], 2) for x in tokens] for f in slopes]


@ledger.enumeration("gradient of the margin loss with exact probabilities, against theory", 1e-12,
                    "k = 2, T = 2, 3, 4, all hinges active, W = c 11^T, v = c 1")  # fmt: skip
def average_of_gradients(average: Callable[..., Any]) -> Iterator[float]:
    for T in (2, 3, 4):
        claimed = theory.first_step(T)[0]
        for entry in entries(2):
            mean = sum(
                float(exact_probability(x)) * float(average(_margin_slopes(x, entry)))
                for x in product(range(2), repeat=T + 1)
            )
            yield -mean / INIT - claimed[entry]


@ledger.enumeration("logits on a grid that straddles the kink, every target, two margins", 1e-14)
def margin_on_grid(margin: Callable[..., float]) -> Iterator[float]:
    for k in (2, 3, 4):
        grid = product((-1.5, 0.0, 0.25, 2.0), repeat=k)
        for f, y, delta in product(grid, range(k), (0.25, 1.0)):
            yield loss_at(np.array(f), y, MARGIN_CODE, delta)[0] - margin(f, y, delta)


@ledger.simulation("compiled loss of random models, last position of 50 random sequences", 1e-12)
def margin_of_models(margin: Callable[..., float]) -> Iterator[float]:
    for k, T in ((2, 5), (3, 6)):
        rng = np.random.default_rng(10 + k)
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(k, k)))
        tokens = rng.integers(0, k, (50, T + 1))
        found = sim.loss_and_gradient(model, tokens, sim.Margin(0.7, at="last"))[0]
        last = zip(sim.logits(model, tokens[:, :T])[:, -1], tokens[:, -1], strict=True)
        yield found - sum(margin(f, y, 0.7) for f, y in last) / 50


DEFINITION = "A definition: what is checked is that the software implements it."

CLAIMS = (
    ledger.supported("eq-6", "(6), p. 6",
        "the loss is the average over positions 1..t of predicting the next token",
        r"L(\theta)=E_{x\sim P,\,P\sim\mathrm{Dir}(\alpha)^{\otimes k}}"
        r"\Big[\frac1t\sum_{p=1}^tl(TF(x;\theta)_p,x_{p+1})\Big]",
        average_loss, average_of_gradients, average_of_samples,
        wrong=(partial(average_loss, first=2), partial(average_loss, ahead=0),
               partial(average_loss, power=0)),
        note=DEFINITION),
    ledger.supported("eq-7", "(7), p. 6",
        "the margin loss, with 1/k and without the target's own term",
        r"l_M(f_p,x_{p+1})=\frac1k\sum_{i\ne x_{p+1}}\max\{0,\Delta+f_{p,i}-f_{p,x_{p+1}}\}",
        margin_loss, margin_on_grid, margin_of_models,
        wrong=(partial(margin_loss, power=0), partial(margin_loss, skip=False),
               partial(margin_loss, sign=-1)),
        note=f"{DEFINITION} For k = 2 it is half the hinge loss with margin Delta."),
)  # fmt: skip
