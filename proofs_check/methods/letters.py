"""The paper's letters in the proof of Lemma A.1: a two-state chain, lags and positions."""

from __future__ import annotations

import sympy as sp

from theory.chains.chain import transition
from theory.notation import a, b

lam = sp.Symbol("lambda")
j, n, p, t = sp.symbols("j n p t", integer=True)  # n = p - t'
CP, GAP = sp.symbols("c_prime gap")  # c' and rho - c' of W = c' 11^T + (rho - c') I
HALF = sp.Rational(1, 2)
CROSS = (a - 1) * (b - 1)

P = transition()
PI = ((b - 1) / (lam - 1), (a - 1) / (lam - 1))
# (A.23): P^n = (beta lambda^n + gamma) / (lambda - 1)
BETA = sp.Matrix([[a - 1, 1 - a], [1 - b, b - 1]])
GAMMA = sp.Matrix([[b - 1, a - 1], [b - 1, a - 1]])
