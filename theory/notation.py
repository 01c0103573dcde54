"""The SymPy symbols used everywhere in `theory`, with the assumptions every derivation relies on.

``a, b``      diagonal of the two-state transition matrix, uniform on (0, 1) under the flat prior.
``y``         stationary mass of state 1 minus one half, in (-1/2, 1/2).
``lam``       second eigenvalue of the chain, ``a + b - 1``, in (-1, 1).
``j``         lag, counted from 1 as in the paper (``v_1`` is the current token).
``n``         number of steps between the attended position t' and the current one p.
``T``         context length.
``log_two``   the generator standing for log 2 in normal forms.
"""

from __future__ import annotations

import sympy as sp

a, b = sp.symbols("a b", positive=True)
y = sp.Symbol("y", real=True)
lam = sp.Symbol("lambda", real=True)
j = sp.Symbol("j", integer=True, positive=True)
T = sp.Symbol("T", integer=True, positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
q = sp.Symbol("q", integer=True, nonnegative=True)
u = sp.Symbol("u", positive=True)
log_two = sp.Symbol("ell", positive=True)

# Stand-ins for lambda**(j-1) and lambda**n: they make the kernel's integrand a polynomial, which
# is what lets one table of coefficients feed the exact and the float evaluation alike.
lam_lag = sp.Symbol("Lambda_j", real=True)
lam_gap = sp.Symbol("Lambda_n", real=True)
