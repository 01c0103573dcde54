"""(A.23): powers of the two-state transition matrix and its stationary distribution."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from proofs_check import ledger
from proofs_check.ledger.normal import vanishes
from proofs_check.methods.exact_chains import CHAINS, SYMBOLIC, letters
from proofs_check.methods.symbols import BETA, GAMMA, PI, P, a, b, lam, n

SCALE = 1 / (a + b - 2)
LEFT = sp.Matrix([[1, (1 - a) / (b - 1)], [1, 1]])
RIGHT = sp.Matrix([[b - 1, a - 1], [1 - b, b - 1]])
MIDDLE = sp.diag(1, (a + b - 1) ** n)
LINE_1 = SCALE * LEFT * MIDDLE * RIGHT
LINE_2 = SCALE * (BETA * lam**n + GAMMA)


@ledger.symbolic("induction on n", detail="P^0 = 1 and P^n P = P^(n+1), symbolic a, b and n")
def power_symbolic(value: sp.Matrix) -> bool:
    start, step = value.subs(n, 0) - sp.eye(2), value.subs(n, n + 1) - value * P
    return all(vanishes(entry.subs(letters(SYMBOLIC))) for entry in (*start, *step))


@ledger.enumeration("repeated multiplication", detail="n = 0..6, two chains, rationals compared")
def power_enumerated(value: sp.Matrix) -> Iterator[bool]:
    for chain, exponent in product(CHAINS, range(7)):
        yield value.subs(letters(chain)).subs(n, exponent) == chain.power(exponent)


Eigenvector = tuple[sp.Matrix, Any]  # a row, and the eigenvalue it is said to belong to


@ledger.symbolic("pi P = eigenvalue * pi, rational functions", detail="and pi 1 = 1, any a and b")
def pi_symbolic(value: Eigenvector) -> list[bool]:
    row, eigenvalue = value
    rest = (*(row * P - eigenvalue * row), sum(row) - 1)
    return [vanishes(entry.subs(letters(SYMBOLIC))) for entry in rest]


@ledger.spectral("left eigenvectors by LAPACK", 1e-14, "three chains, lambda of both signs")
def pi_spectral(value: Eigenvector) -> Iterator[float]:
    """Parallel to the eigenvector of the eigenvalue named, and of unit sum."""
    for x, z in ((0.3, 0.9), (0.2, 0.1), (0.85, 0.6)):
        known = {a: x, b: z, lam: x + z - 1}
        row = np.array(value[0].subs(known).tolist(), dtype=float)[0]
        eigenvalues, left = np.linalg.eig(np.array([[x, 1 - x], [1 - z, z]]).T)
        chosen = np.argmin(np.abs(eigenvalues - float(sp.sympify(value[1]).subs(known))))
        vector = left[:, chosen]
        yield from (row[0] * vector[1] - row[1] * vector[0], row.sum() - 1)


CLAIMS = (
    ledger.proved("A.23-line-1", "(A.23), line 1, p. 17", "eigendecomposition of P^n",
        r"P^n=\frac1{a+b-2}\begin{pmatrix}1&\frac{1-a}{b-1}\\1&1\end{pmatrix}"
        r"\begin{pmatrix}1&0\\0&a+b-1\end{pmatrix}^n\begin{pmatrix}b-1&a-1\\1-b&b-1\end{pmatrix}",
        LINE_1, power_symbolic, power_enumerated, wrong=[SCALE * LEFT * MIDDLE * RIGHT.T, -LINE_1],
        assume=("k = 2", "b < 1"),
        note="P is diagonalizable always, not only almost surely: the eigenvalues coincide only at "
        "a = b = 1, where P = I. This basis, though, needs b < 1."),
    ledger.proved("A.23", "(A.23), line 2, p. 17", "the n-th power of P",
        r"P^n=\frac1{a+b-2}\begin{pmatrix}(a-1)\lambda^n+b-1&(1-a)"
        r"\lambda^n+a-1\\(1-b)\lambda^n+b-1&(b-1)\lambda^n+a-1\end{pmatrix},\ \lambda=a+b-1",
        LINE_2, power_symbolic, power_enumerated,
        wrong=[SCALE * (BETA.T * lam**n + GAMMA), SCALE * (BETA * lam**n - GAMMA)],
        assume=("k = 2", "not a = b = 1"),
        note="Read as (beta_ij lambda^n + gamma_ij) / (lambda - 1), as the text says."),
    ledger.proved("A.23-pi", "below (A.23), p. 17", "the stationary distribution",
        r"\pi=\frac1{\lambda-1}(b-1,\ a-1)", (PI, 1), pi_symbolic, pi_spectral,
        wrong=[(sp.Matrix([[a - 1, b - 1]]) / (lam - 1), 1), (-PI, 1)],
        assume=("k = 2", "not a = b = 1")),
    ledger.corrected("A.23-pi-prose", "below (A.23), p. 17",
        "pi is an eigenvector of the eigenvalue 1, not of lambda",
        (r"\pi\text{ is the normalized eigenvector that corresponds to }\lambda", (PI, lam)),
        (r"\pi P=\pi:\ \pi\text{ is the left eigenvector of the eigenvalue }1", (PI, 1)),
        pi_symbolic, pi_spectral, wrong=[(PI, -1)], assume=("k = 2", "not a = b = 1"),
        note="The left eigenvector of lambda is (1, -1), which has sum 0 and cannot be a "
        "distribution; nothing after it uses the wrong word."),
)  # fmt: skip
