"""Derivations say what the modules compute, at the context length asked for."""

import numpy as np
import pytest
import sympy as sp

from theory import notation
from theory.derivations import registry as derivations
from theory.exact import is_zero
from theory.first_steps.step_1 import first_step
from theory.kernel.leading_order import leading_constants


def test_the_expected_derivations_are_there() -> None:
    wanted = {"chain", "moments", "kernel", "lemma-3.1", "A.32", "A.33", "A.37"}
    wanted |= {"A.23", "A.25", *(f"A.{number}" for number in range(27, 52))}
    assert wanted <= set(derivations.ids())


@pytest.mark.parametrize("id", derivations.ids())
@pytest.mark.parametrize("T", [1, 9])
def test_every_derivation_can_be_read_in_three_forms(id: str, T: int) -> None:
    found = derivations.derivation(id, T=T)
    assert found.title == derivations.title(id)
    assert found.steps
    for step in found.steps:
        assert step.sentence.endswith(".")
        assert step.text
        assert "nan" not in step.text
        assert step.latex


def value(id: str, name: str, T: int = 4) -> sp.Expr:
    (found,) = [s.expression for s in derivations.derivation(id, T=T).steps if s.name == name]
    return found


def test_each_constant_is_in_its_own_derivation() -> None:
    c = leading_constants()
    assert is_zero(value("A.32", "B") - c.B)
    assert is_zero(value("A.33", "A") - c.A)
    assert is_zero(value("A.37", "D") - c.D)


def test_displayed_summand_averages_to_the_displayed_constant() -> None:
    from scipy.integrate import dblquad

    a, b = sp.symbols("a b", positive=True)
    for id, name in (("A.32", "B"), ("A.33", "A")):
        summand = sp.lambdify((a, b), derivations.derivation(id).steps[0].expression)
        number, _ = dblquad(summand, 0, 1, 0, 1, epsabs=1e-8)
        assert number == pytest.approx(float(value(id, name)), abs=1e-6)


def test_the_sum_shown_for_v_is_the_step() -> None:
    """Substituting T, j and h into the displayed formula gives -dL/dv_j / c."""
    from theory import notation as s
    from theory.chains.prior_moments import exact_moment

    formula = derivations.derivation("A.37").steps[2].expression
    for T, j in ((3, 1), (5, 4)):
        known = {s.T: T, s.j: j, sp.Symbol("D", positive=True): leading_constants().D}
        number = formula.subs(known)
        number = number.doit().replace(
            lambda e: e.func == sp.Function("h"),
            lambda e: exact_moment(0, int(e.args[0])) / 2 - 2 * exact_moment(1, int(e.args[0])),
        )
        assert float(number) == pytest.approx(first_step(T)[1][j - 1], rel=1e-12)


def test_length_changes_the_numbers() -> None:
    gW = value("lemma-3.1", "gW", T=20)
    assert float(gW[0, 1]) == pytest.approx(first_step(20)[0][0, 1], rel=1e-10)


def test_names_in_latex() -> None:
    latex = [s.latex for s in derivations.derivation("moments").steps]
    assert any(line.startswith(r"E[y^{2} \lambda^{1}] = ") for line in latex)
    assert any(line.startswith(r"E[y^{2q} \lambda^{n}] = ") for line in latex)


def test_unknown_id_and_length() -> None:
    with pytest.raises(ValueError, match=r"unknown derivation 'A\.99'; known are chain, moments"):
        derivations.derivation("A.99")
    with pytest.raises(ValueError, match="T must be an integer >= 1, got 0"):
        derivations.derivation("chain", T=0)


def test_powers_shown_are_powers() -> None:
    from theory import notation as s

    P = sp.Matrix([[s.a, 1 - s.a], [1 - s.b, s.b]])
    shown, V, inverse = (value("A.23", name) for name in ("P^n", "V", "V^(-1)"))
    beta, gamma = value("A.23", "beta"), value("A.23", "gamma")
    lam = s.a + s.b - 1
    for n in range(4):
        product = V * sp.diag(1, lam**n) * inverse
        split = (beta * lam**n + gamma) / (lam - 1)
        for form in (shown.subs(s.n, n), product, split):
            assert (form - P**n).applyfunc(sp.cancel).is_zero_matrix


def test_sums_over_positions_and_the_gradient_they_make() -> None:
    """Each closed form against the triple sum, and the prior's average against the step."""
    from theory import notation as s
    from theory.derivations import step_1 as step_1
    from theory.first_steps.step_1 import first_step_W

    for T in (1, 2, 5):
        triples = [(p, q, r) for p in range(T) for q in range(p + 1) for r in range(q + 1)]
        gaps = ([0] * len(triples), [p - q for p, q, _ in triples], [p - r for p, _, r in triples])
        for closed, exponents in zip(step_1.sums(), gaps, strict=True):
            direct = sum(s.lam**e for e in exponents)
            assert sp.cancel(closed.subs(s.T, T) - direct) == 0
        for m, l in ((0, 0), (0, 1), (1, 0), (1, 1)):  # noqa: E741
            here = sp.Poly(sp.cancel(step_1.conditional(m, l).subs(s.T, T)), s.y, s.lam)
            mean = averaged(here)
            assert is_zero(mean - first_step_W(T)[m, l])


def averaged(polynomial: sp.Poly) -> sp.Expr:
    from theory.chains.prior_moments import exact_moment

    return sum(
        coefficient * exact_moment(q // 2, n)
        for (q, n), coefficient in polynomial.terms()
        if q % 2 == 0
    )


@pytest.mark.parametrize(
    ("id", "m", "l"), [("A.27", 0, 0), ("A.28", 0, 1), ("A.29", 1, 0), ("A.30", 1, 1)]
)
def test_entries_of_the_step_show_what_is_averaged(id: str, m: int, l: int) -> None:  # noqa: E741
    from theory import notation as s
    from theory.derivations import step_1 as step_1

    name = f"gW_{m + 1}{l + 1}"
    a, b, T = sp.Rational(2, 3), sp.Rational(1, 5), 4
    y, lam = (1 - b) / (2 - a - b) - sp.Rational(1, 2), a + b - 1
    found = 0
    for symbol, total in zip(("S_0", "S_1", "S_2"), step_1.sums(), strict=True):
        factor = value(id, f"{name}[{symbol}]").subs({s.a: a, s.b: b})
        found += factor * total.subs({s.T: T, s.lam: lam}) / T
    assert found == step_1.conditional(m, l).subs({s.T: T, s.y: y, s.lam: lam})


def test_leading_order_and_its_remainder() -> None:
    c, T = leading_constants(), 100
    step = first_step(T)[0]
    lead = (T + 1) * (T + 2) / 6
    assert float(value("A.31", "R_diagonal", T)) == pytest.approx(step[0, 0] - lead * float(c.B))
    assert float(value("A.31", "R_off", T)) == pytest.approx(step[0, 1] - lead * float(c.A))
    assert is_zero(value("A.31", "N_diagonal") - c.W_next_diagonal)


def test_step_of_v_for_one_chain_is_the_sum_over_pairs():
    a, b, T = 0.3, 0.85, 7
    P = np.array([[a, 1 - a], [1 - b, b]])
    pi = np.array([1 - b, 1 - a]) / (2 - a - b)
    expression = derivations.derivation("A.36").steps[-1].expression
    known = {notation.y: pi[0] - 0.5, notation.lam: a + b - 1}
    for j in range(1, T + 1):
        direct = 0.0
        for p in range(j, T + 1):
            for t in range(j, p + 1):
                again = np.linalg.matrix_power(P, p + 1 - t)
                direct += pi @ np.diag(again) - 0.5
        r = next(x for x in expression.free_symbols if x.name == "r")
        assert float(expression.subs(known | {r: T - j + 1})) == pytest.approx(direct, rel=1e-12)
