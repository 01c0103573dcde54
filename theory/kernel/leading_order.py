r"""The constants of K at large T (Lemma 3.1), exact for two states.

They come from the monomials of the kernel's integrand: one without powers of lambda in j or n
counts all pairs, one power sums to 1/(1 - lambda), two give O(log T).
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory import checks
from theory.chains.prior_moments import exact_moment
from theory.kernel.two_states import terms


@dataclass(frozen=True)
class LeadingConstants:
    """Large-T constants of the first step for two states, exact SymPy numbers.

    ``-dL/dW_ml / c = (T+1)(T+2)/6 * M_ml + T * N_ml + T log T * L_ml + o(T)`` and, with
    ``r = T-j+1``, ``-dL/dv_j / c = (1/T) [r(r+1)/2 * D + r * v_next + r log r * v_log + o(r)]``,
    where M, N, L have one diagonal and one off-diagonal value.

    Attributes
    ----------
    A, B : SymPy numbers
        Off-diagonal and diagonal of M.
    D : SymPy number
        2 (A + B), because the sum of all entries of K counts the same pairs twice.
    W_next_diagonal, W_next_off_diagonal, v_next : the limits N and v_next; ``oo`` where the
        remainder grows faster, as T log T
    W_log_diagonal, W_log_off_diagonal, v_log : 0 under the flat prior
    """

    A: sp.Expr
    B: sp.Expr
    D: sp.Expr
    W_next_diagonal: sp.Expr
    W_next_off_diagonal: sp.Expr
    v_next: sp.Expr
    W_log_diagonal: sp.Expr
    W_log_off_diagonal: sp.Expr
    v_log: sp.Expr

    @property
    def ratio(self) -> sp.Expr:
        """B / A; ``nan`` where both vanish (a = b)."""
        return sp.nan if self.A == 0 else self.B / self.A


def leading_constants(prior: str = "flat") -> LeadingConstants:
    """The large-T constants of Lemma 3.1 for two states: eqs. (A.31)-(A.33) and (A.37), derived.

    Parameters
    ----------
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    LeadingConstants

    Raises
    ------
    ValueError
        If the prior is unknown.
    """
    checks.prior_name(prior)
    same, cross = (_leading(l, prior) for l in (0, 1))  # noqa: E741
    zero = sp.Integer(0)
    # v_j keeps a fixed lag, so only the sums over n diverge with T; the lag terms cancel over l.
    if prior == "flat":
        logs = (zero, zero, zero)
        along = 2 * (_single(0, gap=True) + _single(1, gap=True))
        near = (_next(0), _next(1), sp.expand(along))
    else:
        along = 2 * (_log_weight(0, gap_only=True) + _log_weight(1, gap_only=True))
        logs = (_log_weight(0) / 2, _log_weight(1) / 2, along)
        near = tuple(zero if c == 0 else sp.oo * sp.sign(c) for c in logs)
    return LeadingConstants(cross, same, sp.expand(2 * (same + cross)), *near, *logs)


def _leading(l: int, prior: str) -> sp.Expr:  # noqa: E741
    chosen = [t for t in terms(0, l) if not t.lag and not t.gap]
    return sp.expand(
        sum(sp.Rational(t.coefficient) * exact_moment(t.q, t.shift, prior) for t in chosen)
    )


def _next(l: int) -> sp.Expr:  # noqa: E741
    # (1/T) sum over j, n of (T-j+1-n) lambda^n tends to (T/2) / (1 - lambda); so for lambda^(j-1).
    return sp.expand((_single(l, gap=True) + _single(l, gap=False)) / 2)


def _single(l: int, *, gap: bool) -> sp.Expr:  # noqa: E741
    """Flat E[g / (1 - lambda)], g the coefficient of lambda^n (gap) or of lambda^(j-1) alone."""
    chosen = [t for t in terms(0, l) if (t.gap, t.lag) == (int(gap), int(not gap))]
    return sum(
        (sp.Rational(t.coefficient) * exact_moment(t.q, t.shift, resolvent=1) for t in chosen),
        sp.Integer(0),
    )


def _log_weight(l: int, *, gap_only: bool = False) -> sp.Expr:  # noqa: E741
    """Coefficient of log T in the sum over powers of lambda of single-power terms when a = b.

    Then y = 0, and sum_{n < N} E[lambda^(n+shift)] is half a harmonic sum: (log N)/2.
    """
    chosen = [t for t in terms(0, l) if t.q == 0 and (t.gap + t.lag == 1)]
    kept = [t for t in chosen if t.gap or not gap_only]
    return sum((sp.Rational(t.coefficient) / 2 for t in kept), sp.Integer(0))
