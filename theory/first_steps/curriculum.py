r"""Symmetric two-state chains (a = b) and the two-step curriculum of Prop. A.3.

With a = b the chain has pi = 1/2 and ``P^n = (1 + lambda^n s s') / 2`` in signs s = +-1 for the
states, and the kernel's integrand collapses to ``(lambda^{n+1} + s_m s_l lambda^j) / 8``. With
``m_n = E lambda^n``, ``r = T-j+1`` and ``S_r = sum_{n=1}^r (r+1-n) m_n``,

    K_jml = [S_r + s_m s_l m_j r (r+1) / 2] / (8 T).

For a uniform on [1/2 - epsilon, 1/2 + epsilon] lambda is uniform on [-2 epsilon, 2 epsilon], so
``m_n = (2 epsilon)^n / (n + 1)`` for even n and 0 for odd n; epsilon = 1/2 is Corollary A.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory import checks
from theory.kernel.leading_order import leading_constants
from theory.kernel.population import population_kernel

Array = NDArray[np.float64]
HALF = sp.Rational(1, 2)
ZERO, ONE = sp.Integer(0), sp.Integer(1)


def lambda_moment(n: int, epsilon: sp.Expr = HALF) -> sp.Expr:
    """E[lambda^n] for a = b uniform on [1/2 - epsilon, 1/2 + epsilon], exactly.

    Raises
    ------
    TypeError, ValueError
        If n is not an integer >= 0.
    """
    n = checks.integer("n", n, 0)
    return sp.Integer(0) if n % 2 else (2 * sp.sympify(epsilon)) ** n / (n + 1)


def lambda_moments(count: int, epsilon: float = 0.5) -> Array:
    """E[lambda^n] for n = 0..count in floating point, shape ``(count + 1,)``."""
    width = _width(epsilon)
    n = np.arange(checks.integer("count", count, 0) + 1)
    with np.errstate(under="ignore"):
        return np.where(n % 2 == 1, 0.0, width**n / (n + 1))


def _width(epsilon: float) -> float:
    if not 0 < epsilon <= 0.5:
        raise ValueError(f"epsilon must be in (0, 1/2], got {checks.shown(epsilon)}")
    return 2.0 * float(epsilon)


def symmetric_kernel(T: int, epsilon: float = 0.5) -> Array:
    """`theory.population_kernel` for a = b uniform on [1/2 - epsilon, 1/2 + epsilon].

    Parameters
    ----------
    T : int
        Context length, at least 1.
    epsilon : float
        Half width of the interval of a, in (0, 1/2].

    Returns
    -------
    array (T, 2, 2)
    """
    common, signed = _parts(T, epsilon)
    sign = np.array([[1.0, -1.0], [-1.0, 1.0]])
    return (common[:, None, None] + signed[:, None, None] * sign) / (8 * T)


def _parts(T: int, epsilon: float) -> tuple[Array, Array]:
    """S_r and m_j r (r+1) / 2 for j = 1..T."""
    m = lambda_moments(checks.integer("T", T, 1), epsilon)[1:]
    r = np.arange(T, 0, -1)
    with np.errstate(under="ignore"):
        return np.cumsum(np.cumsum(m))[::-1], m * r * (r + 1) / 2


def diagonal_step(T: int, epsilon: sp.Expr = HALF) -> sp.Expr:
    """-dL/dW_mm at v = 1 with a = b, exactly; the off-diagonal step is 0 for every T.

    The lag sum and the gap sum of the kernel are equal after exchanging j and n + 1, so that they
    double on the diagonal: ``sum_n m_n (T-n+1)(T-n+2) / (8 T)``.
    """
    T = checks.integer("T", T, 1)
    total = sum(lambda_moment(n, epsilon) * (T - n + 1) * (T - n + 2) for n in range(1, T + 1))
    return sp.together(sp.sympify(total) / (8 * T))


def gap_sum(r: int, epsilon: sp.Expr = HALF) -> sp.Expr:
    """S_r: -dL/dv_j = S_r / (2 T) at W = 11' with a = b, r = T-j+1; it is never negative."""
    r = checks.integer("r", r, 1)
    return sp.sympify(sum((r + 1 - n) * lambda_moment(n, epsilon) for n in range(1, r + 1)))


def odd_harmonic(M: sp.Expr) -> sp.Expr:
    """1/3 + 1/5 + ... + 1/(2M+1), by the digamma function."""
    return (sp.digamma(M + sp.Rational(3, 2)) - sp.digamma(sp.Rational(3, 2))) / 2


def diagonal_step_closed(T: sp.Expr, M: sp.Expr) -> sp.Expr:
    """`diagonal_step` for epsilon = 1/2 as an expression in T and M = floor(T/2)."""
    H = odd_harmonic(M)
    return ((T + 2) * (T + 3) * H - (2 * T + 5) * M + M * (M + 2)) / (8 * T)


def gap_sum_closed(r: sp.Expr, M: sp.Expr) -> sp.Expr:
    """`gap_sum` for epsilon = 1/2 as an expression in r and M = floor(r/2)."""
    return (r + 2) * odd_harmonic(M) - M


def excess(epsilon: sp.Expr) -> sp.Expr:
    """E[lambda / (1 - lambda)], the sum of all moments; infinite at epsilon = 1/2."""
    width = 2 * sp.sympify(epsilon)
    return sp.atanh(width) / width - 1


@dataclass(frozen=True)
class Limit:
    """What the two steps of Prop. A.3 tend to as T -> infinity, exact SymPy numbers.

    Attributes
    ----------
    off, diagonal : entries of W after the first step
    gap : diagonal - off = v_init h1 (B - A) / 6
    W : diagonal of W after the second step, v_init h2 excess / 8
    spread : coefficient C of the part ``C r / T^2`` of v_j after the second step that every lag
        has; it vanishes for one lag and adds up to order 1 over T lags
    """

    off: sp.Expr
    diagonal: sp.Expr
    gap: sp.Expr
    W: sp.Expr
    spread: sp.Expr


@dataclass(frozen=True)
class Curriculum:
    """Two steps of gradient descent on the margin loss with every hinge active, Prop. A.3.

    Step 1 with rate ``h1 / T^2`` on the flat prior from W = w_init 11', v = v_init 1; step 2 with
    rate ``h2 / T`` on a = b within epsilon of 1/2, where weights are multiplied by 1 - decay
    (not by 1 - rate * decay) before the gradient is subtracted.

    Parameters
    ----------
    epsilon : SymPy number
        In (0, 1/2).
    v_init, w_init, h1, h2 : numbers or SymPy expressions
    decay_W, decay_v : weight decay of the second and of the first layer
    """

    epsilon: sp.Expr
    v_init: sp.Expr = ONE
    w_init: sp.Expr = ZERO
    h1: sp.Expr = ONE
    h2: sp.Expr = ONE
    decay_W: sp.Expr = ONE
    decay_v: sp.Expr = ONE

    def first(self, T: int) -> tuple[Array, Array]:
        """v (T,) and W (2, 2) after the first step, at finite T (eqs. A.59, A.60)."""
        v, W = np.full(T, float(self.v_init)), np.full((2, 2), float(self.w_init))
        return _descend(population_kernel(T), v, W, float(self.h1) / T**2)

    def second(self, T: int) -> tuple[Array, Array]:
        """v (T,) and W (2, 2) after the second step, at finite T (eqs. A.61 to A.67)."""
        v, W = self.first(T)
        kernel = symmetric_kernel(T, float(self.epsilon))
        dv, dW = _descend(kernel, v, W, float(self.h2) / T)
        return dv - float(self.decay_v) * v, dW - float(self.decay_W) * W

    def limit(self) -> Limit:
        """The weights for T -> infinity, with both decays equal to 1 where they matter."""
        known = leading_constants()
        off, diagonal = (self.w_init + self.v_init * self.h1 * c / 6 for c in (known.A, known.B))
        total = excess(self.epsilon)
        return Limit(
            off,
            diagonal,
            sp.expand(diagonal - off),
            (1 - self.decay_W) * diagonal + self.v_init * self.h2 * total / 8,
            self.h2 * (off + diagonal) * total / 4,
        )

    def limit_v(self, j: int) -> sp.Expr:
        """v_j after the second step for fixed j and T -> infinity."""
        moment = lambda_moment(checks.integer("j", j, 1), self.epsilon)
        return (1 - self.decay_v) * self.v_init + self.h2 * self.limit().gap * moment / 8

    def all_lags_share(self) -> sp.Expr:
        """Weight of unigram counts against bigram counts in the logits at position T -> infinity.

        There f_i / T tends to W v_2 pi_m (P_mi + share * pi_i) up to higher powers of epsilon:
        summing ``C r / T^2`` over the lags of T positions gives C T / 3.
        """
        return self.limit().spread / 3 / self.limit_v(2)


def _descend(kernel: Array, v: Array, W: Array, rate: float) -> tuple[Array, Array]:
    step_v = np.einsum("jml,ml->j", kernel, W)
    return v + rate * step_v, W + rate * np.einsum("jml,j->ml", kernel, v)
