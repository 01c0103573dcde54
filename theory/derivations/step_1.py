"""Derivations about the first gradient step, eqs. (A.23)-(A.31) and (A.36)."""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory import notation as s
from theory.chains import chain
from theory.derivations.statement import DerivationStep as Step
from theory.first_steps import step_1 as steps
from theory.kernel.leading_order import leading_constants
from theory.kernel.two_states import integrand

_g = sp.Symbol("g", integer=True, nonnegative=True)  # a gap between two positions
# names for the three sums over positions, where writing them out would hide the structure
_ALL, _ONE, _BOTH = sp.symbols("S_0 S_1 S_2")


def power(_: int) -> list[Step]:
    """(A.23): powers of P from its eigenvectors."""
    P, lam = chain.transition(), chain.eigenvalue()
    (right,) = (P - lam * sp.eye(2)).applyfunc(sp.factor).nullspace(simplify=True)
    basis = sp.Matrix.hstack(sp.ones(2, 1), right).applyfunc(sp.factor)
    inverse = basis.inv().applyfunc(sp.factor)
    limit = sp.ones(2, 1) * chain.stationary()
    beta, gamma = (
        (-(2 - s.a - s.b) * part).applyfunc(sp.factor) for part in (sp.eye(2) - limit, limit)
    )
    return [
        Step("The eigenvalue 1 has the right eigenvector (1, 1); the other is this.", lam,
             "lambda"),
        Step("Right eigenvectors as columns, of 1 and of lambda (for b < 1).", basis, "V"),
        Step("The rows of the inverse are left eigenvectors; the first is pi, of the eigenvalue 1.",
             inverse, "V^(-1)"),
        Step("V diag(1, lambda^n) V^(-1), multiplied out.", chain.power(), "P^n"),
        Step("Its elements are (beta_ij lambda^n + gamma_ij) / (lambda - 1), with this divisor.",
             sp.expand(lam - 1), "lambda - 1"),
        Step("What stands before lambda^n.", beta, "beta"),
        Step("What does not decay: (lambda - 1) pi in each row.", gamma, "gamma"),
    ]  # fmt: skip


def step_of_v(_: int) -> list[Step]:
    """(A.36) for one chain: the step of v_j in closed form, with r = T - j + 1."""
    r = sp.Symbol("r", integer=True, positive=True)
    same = 2 * s.y**2  # pi_1^2 + pi_2^2 - 1/2
    cross = sp.Rational(1, 2) - 2 * s.y**2  # 2 pi_1 pi_2
    geometric = s.lam / (1 - s.lam) * (r - s.lam * (1 - s.lam**r) / (1 - s.lam))
    return [
        Step("A pair (p, t') with p - t' = n - 1 gains the chance that x_t' and x_{p+1} agree, "
             "less 1/2; r+1-n pairs share n = 1..r. With y = pi_1 - 1/2 the chance is this.",
             same + cross * s.lam**s.n),
        Step("The sum of (r+1-n) lambda^n over n, by summing geometric sums.", geometric, "G_r"),
        Step("T times -dE[L|P]/dv_j / c, r = T - j + 1.",
             r * (r + 1) / 2 * same + cross * geometric, "gv_j"),
    ]  # fmt: skip


@cache
def sums() -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Sums over 1 <= s <= t' <= p <= T of 1, of lambda^(p-t') and of lambda^(p-s).

    A gap g = p - t' is shared by (T-g)(T-g+1)/2 triples, g = p - s by (g+1)(T-g).
    """
    counts = ((s.T - _g) * (s.T - _g + 1) / 2, (_g + 1) * (s.T - _g))
    plain = sp.factor(sp.summation(counts[0], (_g, 0, s.T - 1)))
    return plain, _weighed(counts[0]), _weighed(counts[1])


def _weighed(count: sp.Expr) -> sp.Expr:
    """Sum over g = 0..T-1 of count * lambda^g: a geometric sum and its derivatives."""
    z = sp.Symbol("z", positive=True)
    term = (1 - z**s.T) / (1 - z)
    total = sp.Integer(0)
    for (power_of_g,), coefficient in sorted(sp.Poly(count, _g).terms()):
        part = term
        for _ in range(power_of_g):
            part = z * sp.diff(part, z)
        total += coefficient * part
    return sp.factor(sp.simplify(total)).subs(z, s.lam)


def _structure(m: int, l: int) -> sp.Expr:  # noqa: E741
    """The mean over (s, t', p) of a chain's gradient, in S_0, S_1, S_2: `integrand`, summed."""
    lag, gap = sp.symbols("lag gap")
    terms = sp.expand(integrand(m, l)).subs({s.lam ** (s.j - 1): lag, s.lam**s.n: gap})
    poly = sp.Poly(sp.expand(terms.subs(s.lam**s.j, s.lam * lag)), lag, gap)
    return sum(
        coefficient.factor() * (_ALL, _ONE, _BOTH)[powers[0] + powers[1]]
        for powers, coefficient in poly.terms()
    )


def conditional(m: int, l: int) -> sp.Expr:  # noqa: E741
    """-dE[L | P]/dW_ml / c at W = c 11', v = c 1, in y, lambda and T."""
    names = dict(zip((_ALL, _ONE, _BOTH), sums(), strict=True))
    return _structure(m, l).subs(names) / s.T


def gradient(_: int) -> list[Step]:
    """(A.25): the gradient for one chain, its sums over positions in closed form."""
    plain, one, both = sums()
    return [
        Step("The sum of 1 over s <= t' <= p <= T.", plain, "S_0"),
        Step("The sum of lambda^(p-t'), and equally of lambda^(t'-s): reversing time exchanges the "
             "two gaps.", one, "S_1"),
        Step("The sum of lambda^(p-s).", both, "S_2"),
        *(Step(f"T times -dE[L|P]/dW_{m + 1}{l + 1} / c for one chain, y = pi_1 - 1/2.",
               _structure(m, l), f"gW_{m + 1}{l + 1}")
          for m in range(2) for l in range(2)),  # noqa: E741
    ]  # fmt: skip


def entry(m: int, l: int, T: int) -> list[Step]:  # noqa: E741
    """(A.27)-(A.30): one entry of the first step of W."""
    name = f"gW_{m + 1}{l + 1}"
    terms = _structure(m, l)
    y = sp.factor(chain.stationary()[0] - sp.Rational(1, 2))
    out = [
        Step("pi_1 - 1/2 in terms of a and b.", y, "y"),
        *(Step(f"What multiplies {symbol} / T, the {what}.",
               sp.factor(terms.coeff(symbol).subs(s.lam, s.a + s.b - 1).subs(s.y, y)),
               f"{name}[{symbol}]")
          for symbol, what in ((_ALL, "term of leading order"), (_ONE, "terms with one gap"),
                               (_BOTH, "term with both gaps"))),
        Step(f"Averaged over a and b, at T = {T}.", sp.Float(steps.first_step(T)[0][m, l]), name),
    ]  # fmt: skip
    if T <= 6:
        out.append(Step(f"The same, exactly, at T = {T}.", steps.first_step_W(T)[m, l], name))
    return out


def leading(T: int) -> list[Step]:
    """(A.31): the leading order of the first step of W, and what it leaves."""
    c = leading_constants()
    gW = steps.first_step(T)[0]
    count = sums()[0] / s.T
    return [
        Step("The part that does not decay is counted for all s <= t' <= p, over T.", count,
             "S_0 / T"),
        *(Step(f"It is averaged over chains, for W_{m + 1}{l + 1}.",
               sp.factor(_structure(m, l).coeff(_ALL)))
          for m in range(2) for l in range(2)),  # noqa: E741
        Step("The average on the diagonal.", c.B, "B"),
        Step("The average off the diagonal.", c.A, "A"),
        Step("What remains on the diagonal, divided by T, tends to this.", c.W_next_diagonal,
             "N_diagonal"),
        Step("What remains off the diagonal, divided by T, tends to this.",
             c.W_next_off_diagonal, "N_off"),
        *(Step(f"The remainder {where} at T = {T}.",
               sp.Float(gW[0, l] - float(count.subs(s.T, T) * constant)), name)
          for l, constant, where, name in (  # noqa: E741
              (0, c.B, "on the diagonal", "R_diagonal"), (1, c.A, "off it", "R_off"))),
    ]  # fmt: skip
