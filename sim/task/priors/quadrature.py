"""Discrete stand-ins for priors: weights and chains that integrate smooth functions of a chain.

The stationary distribution pi = (1-b, 1-a)/(2-a-b) of a two-state chain has no limit at
a = b = 1, so plain tensor rules in (a, b) converge slowly. Splitting the square of exit
probabilities (u, w) = (1-a, 1-b) along its diagonal and setting w = u s (or u = w s) makes pi a
smooth function of s alone, and Gauss rules converge spectrally.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.task.priors import (
    Dirichlet,
    DoublyStochastic,
    FiniteSet,
    Interpolated,
    Mixture,
    Prior,
    Unigram,
)

Array = NDArray[np.float64]


class Quadrature(NamedTuple):
    """Nodes of a prior: ``weights (m,)`` summing to 1 and ``transition (m, k**order, k)``."""

    weights: Array
    transition: Array


def prior_quadrature(prior: Prior, nodes: int = 48) -> Quadrature:
    """A quadrature rule for expectations over the prior.

    Parameters
    ----------
    prior : Prior
        k = 2 and order 1: Gauss rules (spectral accuracy for alpha = 1 or other integers and the
        special families, algebraic for fractional alpha). A finite set, or a mixture of covered
        priors: exact or inherited. Dirichlet chains otherwise: scrambled Sobol points with a
        fixed seed, of which the error is only algebraic.
    nodes : int
        Gauss nodes per dimension, at least 2; the Sobol rule uses about nodes**2 points.

    Raises
    ------
    ValueError
        If no rule is known for the prior; wrap it in FiniteSet for an exact finite problem.
    """
    checks.instance("prior", prior, Prior, "a prior such as Dirichlet(k)")
    checks.integer("nodes", nodes, 2)
    rule = _rule(prior, nodes)
    return Quadrature(rule.weights / rule.weights.sum(), rule.transition)


def has_exact_rule(prior: Prior) -> bool:
    """Whether a rule converges for likelihoods too, however concentrated.

    Gauss rules (k = 2) and finite sets do; the fixed Sobol points used for more states cannot
    follow a posterior that shrinks as the context grows.
    """
    if isinstance(prior, Mixture):
        return all(has_exact_rule(part) for part in prior.priors)
    return isinstance(prior, FiniteSet) or (prior.k == 2 and prior.order == 1)


def _rule(prior: Prior, nodes: int) -> Quadrature:
    if isinstance(prior, FiniteSet):
        return Quadrature(np.full(prior.size, 1.0 / prior.size), prior.chains)
    if isinstance(prior, Mixture):
        parts = [prior_quadrature(part, nodes) for part in prior.priors]
        outer = np.asarray(prior.weights, dtype=np.float64)
        weights = [w * part.weights for w, part in zip(outer, parts, strict=True)]
        return Quadrature(np.concatenate(weights), np.concatenate([p.transition for p in parts]))
    if prior.k == 2 and prior.order == 1:
        if isinstance(prior, Dirichlet):
            return _two_state_dirichlet(prior, nodes)
        if isinstance(prior, DoublyStochastic):
            a, weight = _gauss(nodes)
            return Quadrature(weight, _two_state(a, a))
        if isinstance(prior, Unigram):
            alpha = np.broadcast_to(np.asarray(prior.alpha, dtype=np.float64), 2)
            a, weight = _jacobi(nodes, alpha[0], alpha[1])
            return Quadrature(weight, _two_state(a, 1 - a))
        if isinstance(prior, Interpolated):
            return _interpolated(prior, nodes)
    if isinstance(prior, Dirichlet) and np.ndim(prior.alpha) == 0 and prior.alpha == 1.0:
        return _sobol_flat(prior, nodes)
    raise ValueError(
        f"prior {prior!r} has no quadrature rule; use FiniteSet(prior, size, seed) for a finite set"
    )


def _two_state(a: Array, b: Array) -> Array:
    return np.stack([np.stack([a, 1 - a], axis=1), np.stack([1 - b, b], axis=1)], axis=1)


def _special() -> Any:
    # a fifth of the time to import sim, for those who integrate over no prior
    from scipy import special

    return special


def _gauss(nodes: int) -> tuple[Array, Array]:
    x, weight = _special().roots_legendre(nodes)
    return (x + 1) / 2, weight / 2


def _jacobi(nodes: int, p: float, q: float) -> tuple[Array, Array]:
    """Nodes on (0, 1) for the weight x**(p-1) (1-x)**(q-1), normalised to total weight 1."""
    x, weight = _special().roots_jacobi(nodes, q - 1, p - 1)
    return (x + 1) / 2, weight / weight.sum()


def _two_state_dirichlet(prior: Dirichlet, nodes: int) -> Quadrature:
    """Duffy's substitution on both triangles of the square of exit probabilities (u, w)."""
    stay, leave = np.broadcast_to(np.asarray(prior.alpha, dtype=np.float64), 2)
    weights: list[Array] = []
    matrices: list[Array] = []
    # rows (a, 1-a) ~ Beta(stay, leave) and (1-b, b): exit probabilities u ~ Beta(leave, stay),
    # w ~ Beta(stay, leave); the larger of the two is x, the smaller x s
    for power_x, power_s in (((leave, stay), (stay, leave)), ((stay, leave), (leave, stay))):
        x, weight_x = _special().roots_jacobi(nodes, power_x[1] - 1, leave + stay - 1)
        s, weight_s = _special().roots_jacobi(nodes, 0.0, power_s[0] - 1)
        x, s = (x + 1) / 2, (s + 1) / 2
        big, small = np.meshgrid(x, s, indexing="ij")
        weight = np.outer(weight_x, weight_s) * (1 - big * small) ** (power_s[1] - 1)
        # the powers of two from mapping (-1, 1) to (0, 1) differ between the triangles
        weight *= 0.5 ** (power_x[1] + leave + stay + power_s[0])
        u, w = (big, big * small) if not matrices else (big * small, big)
        weights.append(weight.ravel())
        matrices.append(_two_state(1 - u.ravel(), 1 - w.ravel()))
    return Quadrature(np.concatenate(weights), np.concatenate(matrices))


def _interpolated(prior: Interpolated, nodes: int) -> Quadrature:
    """Gauss in x between the points where clipping of y sets in; clipped mass becomes atoms."""
    p, half = prior.p, prior.half_width
    cuts = {0.0, 1.0}
    if p != 0.5:
        cuts |= {(level - p) / (1 - 2 * p) for level in (half, 1 - half)}
    grid, weight = _gauss(nodes)
    rule: list[tuple[Array, Array, Array]] = []
    for low, high in pairwise(sorted(cut for cut in cuts if 0.0 <= cut <= 1.0)):
        x = low + (high - low) * grid
        mu = x + p * (1 - 2 * x)
        bottom, top = np.maximum(0.0, mu - half), np.minimum(1.0, mu + half)
        spread = (top - bottom) / (2 * half)
        y = bottom[:, None] + (top - bottom)[:, None] * grid
        inner = (high - low) * np.outer(weight * spread, weight)
        rule.append((np.repeat(x, nodes), y.ravel(), inner.ravel()))
        for atom, mass in ((0.0, half - mu), (1.0, mu + half - 1)):
            clipped = (high - low) * weight * np.maximum(0.0, mass) / (2 * half)
            rule.append((x, np.full_like(x, atom), clipped))
    x, y, w = (np.concatenate(parts) for parts in zip(*rule, strict=True))
    keep = w > 0
    x, y, w = x[keep], y[keep], w[keep]
    matrices = np.concatenate([_two_state(x, 1 - y), _two_state(y, 1 - x)])
    return Quadrature(np.concatenate([w, w]) / 2, matrices)


def _sobol_flat(prior: Dirichlet, nodes: int) -> Quadrature:
    # scipy.stats alone would double the time to import sim
    from scipy.stats import qmc

    rows, k = prior.k**prior.order, prior.k
    exponent = int(np.ceil(2 * np.log2(nodes)))
    cube = qmc.Sobol(rows * (k - 1), rng=0).random_base2(exponent).reshape(-1, rows, k - 1)
    # order statistics of k - 1 uniforms cut the unit interval into a flat Dirichlet vector
    cuts = np.sort(cube, axis=2)
    edges = np.concatenate(
        [np.zeros_like(cuts[..., :1]), cuts, np.ones_like(cuts[..., :1])], axis=2
    )
    return Quadrature(np.full(len(cube), 1.0 / len(cube)), np.diff(edges, axis=2))
