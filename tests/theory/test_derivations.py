"""Derivations say what the modules compute, at the context length asked for."""

import pytest
import sympy as sp

from theory import derivations
from theory.normal_form import is_zero
from theory.steps import first_step, leading_constants


def test_the_expected_derivations_are_there() -> None:
    wanted = {"chain", "moments", "kernel", "lemma-3.1", "A.32", "A.33", "A.37"}
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
    from theory.prior import exact_moment

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
