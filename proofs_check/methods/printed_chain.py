"""The two-state chain as Appendix A prints it, (A.9) and (A.22): its rows and their prior."""

from __future__ import annotations

from itertools import product

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from proofs_check.methods.symbols import a, b


@ledger.symbolic("row sums, free entries, Dirichlet density", 0.0, "the density of Dir(1, 1) is 1")
def chain_symbolic(value: sp.Matrix) -> list[bool]:
    x, alpha = sp.symbols("x alpha", positive=True)
    density = sp.gamma(2 * alpha) / sp.gamma(alpha) ** 2 * (x * (1 - x)) ** (alpha - 1)
    rows = [sp.expand(sum(value.row(r)) - 1) == 0 for r in range(2)]
    return [*rows, list(value.diagonal()) == [a, b], density.subs(alpha, 1) == 1]


@ledger.quadrature("the prior of sim, node by node", 1e-14, "every node, and moments up to a^3 b^3")
def chain_by_quadrature(value: sp.Matrix) -> list[float]:
    rule = sim.prior_quadrature(sim.Dirichlet(2))
    x, z = rule.transition[:, 0, 0], rule.transition[:, 1, 1]
    printed = [np.broadcast_to(sp.lambdify((a, b), e)(x, z), x.shape) for e in value]
    nodes = np.abs(np.stack(printed, 1).reshape(-1, 2, 2) - rule.transition).max()
    powers = list(product(range(4), repeat=2))
    return [nodes, *(rule.weights @ (x**r * z**q) - 1 / ((r + 1) * (q + 1)) for r, q in powers)]
