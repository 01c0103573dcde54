"""Quadrature over chains of two states whose rows are independent Dirichlet draws.

In the exit probabilities u = 1 - a and w = 1 - b the prior is Beta(leave, stay) times
Beta(stay, leave). The stationary distribution pi = (w, u) / (u + w) has no limit at u = w = 0, and
the density is singular at the sides of the square where a concentration is below 1.
"""

from __future__ import annotations

import numpy as np

from sim.task.priors.rules import (
    Array,
    Quadrature,
    from_exits,
    half_beta,
    jacobi,
    special,
    two_state,
)

# of both concentrations, from which on next to nothing of the prior is near u = w = 0
CONCENTRATED = 24.0


def two_state_dirichlet(nodes: int, stay: float, leave: float) -> Quadrature:
    """A rule whose error falls exponentially with `nodes`, for all concentrations."""
    if stay == leave == 1.0:
        return _flat(nodes)
    if stay + leave >= CONCENTRATED:
        parts = [_product(jacobi(nodes, leave, stay), jacobi(nodes, stay, leave))]
    else:
        parts = _four_quarters(nodes, stay, leave)
    weights, u, w = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Quadrature(weights / weights.sum(), from_exits(u, w))


def _product(one: tuple[Array, Array], other: tuple[Array, Array]) -> tuple[Array, Array, Array]:
    """Weights, u and w of a product rule."""
    u, w = np.meshgrid(one[0], other[0], indexing="ij")
    return np.outer(one[1], other[1]).ravel(), u.ravel(), w.ravel()


def _four_quarters(nodes: int, stay: float, leave: float) -> list[tuple[Array, Array, Array]]:
    """Rules for the square cut at u = 1/2 and w = 1/2.

    Each quarter has its singular factors in the weight of a Gauss-Jacobi rule, and what is left is
    smooth. At u = w = 0 that takes Duffy's substitution: with x the larger and x s the smaller of
    the two, pi is a smooth function of s alone.
    """
    near_0 = {"u": half_beta(nodes, leave, stay), "w": half_beta(nodes, stay, leave)}
    near_1 = {"u": _mirrored(near_0["w"]), "w": _mirrored(near_0["u"])}
    parts = [
        _product(near_1["u"], near_0["w"]),
        _product(near_0["u"], near_1["w"]),
        _product(near_1["u"], near_1["w"]),
    ]
    for u_is_larger, power, other in ((True, stay, leave), (False, leave, stay)):
        # x has the weight x**(stay + leave - 1), s the weight s**(power - 1)
        x, weight_x = half_beta(nodes, stay + leave, power)
        s, weight_s = jacobi(nodes, power, 1.0)
        big, small = np.meshgrid(x, s, indexing="ij")
        small = big * small
        weight = np.outer(weight_x, weight_s / power) * (1 - small) ** (other - 1)
        u, w = (big, small) if u_is_larger else (small, big)
        parts.append((weight.ravel(), u.ravel(), w.ravel()))
    return parts


def _mirrored(rule: tuple[Array, Array]) -> tuple[Array, Array]:
    return 1 - rule[0], rule[1]


def _flat(nodes: int) -> Quadrature:
    """Duffy's substitution on both triangles of the square of exit probabilities (u, w).

    Plain tensor rules in (a, b) converge slowly. Splitting the square along its diagonal and
    setting w = u s (or u = w s) makes pi a smooth function of s alone, and Gauss rules converge
    spectrally.
    """
    x, weight_x = special().roots_jacobi(nodes, 0.0, 1.0)
    s, weight_s = special().roots_jacobi(nodes, 0.0, 0.0)
    big, small = np.meshgrid((x + 1) / 2, (s + 1) / 2, indexing="ij")
    weight = (np.outer(weight_x, weight_s) * 0.125).ravel()
    big, small = big.ravel(), (big * small).ravel()
    return Quadrature(
        np.concatenate([weight, weight]),
        np.concatenate([two_state(1 - big, 1 - small), two_state(1 - small, 1 - big)]),
    )
