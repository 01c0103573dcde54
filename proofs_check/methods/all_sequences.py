"""Population losses of two states over all sequences, with the actual hinge, and steps from them.

All 2**(T + 1) sequences are enumerated, each with its probability under a prior.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

import sim
import theory
from sim.learning.objectives import all_sequences, sequence_probabilities
from sim.models.model import Gradient
from sim.task.losses import Loss

Array = NDArray[np.float64]
HINGE = "all 2^(T+1) sequences with the hinge"
FLAT = sim.Dirichlet(2)


def population_gradient(
    model: sim.MinimalModel, loss: Loss, prior: sim.Prior = FLAT
) -> tuple[float, Gradient]:
    """The population loss of a model and its gradient in (v, W)."""
    return sim.Population(prior, model.T, loss).bind(model)(model.v, model.W)


def enumerated_margin(
    v: ArrayLike, W: ArrayLike, prior: sim.Prior = FLAT
) -> tuple[float, Array, Array]:
    """Population margin loss minus its value at W = 0, and -dL/dv, -dL/dW.

    The hinge max(0, .) is taken as it stands; Delta is above the largest difference of logits, so
    that every hinge is active, as (A.14) asks.
    """
    model = sim.MinimalModel(np.asarray(v), np.asarray(W))
    largest = np.abs(model.W).max() * np.abs(model.v).sum() * model.T
    evaluate = sim.Population(prior, model.T, sim.Margin(1.0 + 2.0 * float(largest))).bind(model)
    value, gradient = evaluate(model.v, model.W)
    # copies, since the next call would overwrite the gradient
    result = value, -gradient.v.copy(), -gradient.W.copy()
    origin = evaluate(model.v, np.zeros_like(model.W))[0]
    return result[0] - origin, result[1], result[2]


@cache
def enumerated_step(T: int, prior: sim.Prior = FLAT) -> tuple[Array, Array]:
    """-dL/dW and -dL/dv per unit c at W = c 11^T, v = c 1; linear in c with all hinges active."""
    c = 0.5
    _, step_v, step_W = enumerated_margin(np.full(T, c), np.full((2, 2), c), prior)
    return step_W / c, step_v / c


@cache
def _flat_sequences(T: int) -> sim.Population:
    """The sequences and their probabilities, which are found once for each T."""
    return sim.Population(FLAT, T, sim.Margin(1.0))


def two_enumerated_steps(T: int, c: float, eta: float, share: float = 1.001) -> Array:
    """v after two steps of descent on the margin loss from W = c 11^T, v = c 1.

    Delta is `share` of the margin that keeps every hinge active on the way.
    """
    loss = sim.Margin(share * theory.required_margin(T, c, eta))
    base = _flat_sequences(T)
    objective = sim.Sample(base.tokens, 2, loss, base.weights)
    evaluate = objective.bind(sim.MinimalModel.constant(T, 2, v=c, W=c))
    v, W = np.full(T, c), np.full((2, 2), c)
    for _ in range(2):
        gradient = evaluate(v, W)[1]
        v, W = v - eta * gradient.v, W - eta * gradient.W
    return v


def relabelled(chains: Array) -> Array:
    """Chains (n, k, k) with their states in every order, one order after the other."""
    orders = [list(order) for order in permutations(range(chains.shape[-1]))]
    return np.concatenate([chains[:, order][:, :, order] for order in orders])


def symmetric_population(k: int, T: int, loss: Loss) -> sim.Sample:
    """All sequences of k states under a prior that is by construction invariant under relabelling.

    It is the average over the orders of the states of a quadrature of the flat prior.
    """
    rule = sim.prior_quadrature(sim.Dirichlet(k), 8)
    orbit = relabelled(rule.transition)
    orders = len(orbit) // len(rule.weights)
    tokens = all_sequences(k, T + 1)
    symmetric = sim.Quadrature(np.tile(rule.weights / orders, orders), orbit)
    chances = sequence_probabilities(tokens, symmetric)
    return sim.Sample(tokens, k, loss, chances)
