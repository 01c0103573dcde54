"""The losses (6) and (7) summed literally, against the software's."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

import sim
from proofs_check.claims.sec2_task.remark_2_1_routes import exact_probability
from proofs_check.ledger import Finding
from proofs_check.ledger.compare import worst
from sim.learning.objectives import all_sequences

Array = NDArray[np.float64]


def loss_average_enumerated(value: dict[str, int]) -> Finding:
    """Eq. (6) literally, probabilities by theory's nodes, against the population loss."""
    residuals = []
    for T, loss in ((2, sim.CrossEntropy()), (4, sim.Margin(0.4))):
        rng = np.random.default_rng(T)
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(2, 2)))
        found = sim.Population(sim.Dirichlet(2), T, loss).bind(model)(model.v, model.W)[0]
        tokens = all_sequences(2, T + 1)
        chance = np.array([float(exact_probability(tuple(map(int, x)), "stationary"))
                           for x in tokens])  # fmt: skip
        literal = _literal_average(value, model, tokens, loss)
        residuals.append(abs(float(chance @ literal) - found))
    return Finding(worst(residuals), 1e-12, "every sequence with its exact probability, k = 2")


def _literal_average(
    value: dict[str, int], model: sim.MinimalModel, tokens: NDArray[np.integer], loss: object
) -> Array:
    """sum over p = first .. T of l(f_p, x_{p+ahead}) over T^power, for each sequence."""
    T = tokens.shape[1] - 1
    f = sim.logits(model, tokens[:, :T])
    total = np.zeros(len(tokens))
    for p in range(value["first"], T + 1):
        target = tokens[:, p - 1 + value["ahead"]]
        hit = f[np.arange(len(tokens)), p - 1, target]
        if isinstance(loss, sim.Margin):
            hinge = np.maximum(0, loss.delta + f[:, p - 1] - hit[:, None])
            total += (hinge.sum(axis=1) - loss.delta) / f.shape[2]
        else:
            total += np.log(np.exp(f[:, p - 1]).sum(axis=1)) - hit
    return total / T ** value["power"]


def loss_average_sampled(value: dict[str, int]) -> Finding:
    """The loss that training uses, on sampled batches, against the literal average."""
    residuals = []
    for k, T in ((2, 20), (3, 12)):
        tokens = sim.sample_sequences(sim.Dirichlet(k), 500, T + 1, k).tokens
        rng = np.random.default_rng(k)
        model = sim.MinimalModel(rng.normal(size=T) / T, rng.normal(size=(k, k)))
        for loss in (sim.CrossEntropy(), sim.Margin(1.5)):
            found = sim.loss_and_gradient(model, tokens, loss)[0]
            literal = _literal_average(value, model, tokens, loss).mean()
            residuals.append(abs(found - literal) / abs(literal))
    return Finding(worst(residuals), 1e-12, "k = 2, T = 20 and k = 3, T = 12, 500 sequences each")


def _literal_margin(value: dict[str, int], f: Array, y: int, delta: float) -> float:
    k = len(f)
    kept = [i for i in range(k) if i != y or not value["skip_target"]]
    hinges = [max(0.0, delta + value["sign"] * (f[i] - f[y])) for i in kept]
    return sum(hinges) / k ** value["power"]


def margin_enumerated(value: dict[str, int]) -> Finding:
    """Logits on a grid that straddles the kink, every target, k = 2, 3, 4."""
    residuals = []
    for k in (2, 3, 4):
        f = np.array(list(product((-1.5, 0.0, 0.25, 2.0), repeat=k)))
        for y, delta in product(range(k), (0.25, 1.0)):
            targets = np.full((len(f), 1), y)
            found = sim.Margin(delta).per_position(f[:, None, :], targets)[:, 0]
            literal = [_literal_margin(value, row, y, delta) for row in f]
            residuals.append(np.abs(found - literal).max())
    return Finding(worst(residuals), 1e-14, "a grid of logits, every target, two margins")


def margin_sampled(value: dict[str, int]) -> Finding:
    """The compiled loss of a random model, at the last position, against the literal formula."""
    residuals = []
    for k, T in ((2, 5), (3, 6)):
        rng = np.random.default_rng(10 + k)
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(k, k)))
        tokens = rng.integers(0, k, (50, T + 1))
        found = sim.loss_and_gradient(model, tokens, sim.Margin(0.7, at="last"))[0]
        f = sim.logits(model, tokens[:, :T])[:, -1]
        literal = np.mean([_literal_margin(value, row, int(y), 0.7)
                           for row, y in zip(f, tokens[:, -1], strict=True)])  # fmt: skip
        residuals.append(abs(found - float(literal)))
    return Finding(worst(residuals), 1e-12, "100 random sequences through the kernel")
