"""What is shown for the second step, against all sequences through the model of `sim`."""

from functools import cache
from itertools import product

import numpy as np
import pytest
import sympy as sp

import sim
import theory
from theory import notation
from theory.derivations import registry as derivations
from theory.derivations.logit_slopes import C_PRIME, RHO
from theory.derivations.logit_slopes import p as position
from theory.derivations.statement import DerivationStep

PAIRS = ((0.3, 0.8), (0.9, 0.65), (0.15, 0.4))
C, RHO_VALUE = 0.7, 1.9
WEIGHTS = C * np.ones((2, 2)) + (RHO_VALUE - C) * np.eye(2)


@cache
def steps(id: str) -> list[DerivationStep]:
    return derivations.derivation(id).steps


def shown(id: str, name: str) -> sp.Expr:
    return next(step.expression for step in steps(id) if step.name == name)


def number(expression: sp.Expr, chain: tuple[float, float], **whole: int) -> float:
    a, b = chain
    letters = {"j": notation.j, "n": notation.n, "T": notation.T, "p": position}
    values = {notation.a: a, notation.b: b, notation.lam: a + b - 1, C_PRIME: C, RHO: RHO_VALUE}
    values |= {letters[name]: value for name, value in whole.items()}
    return float(sp.sympify(expression).subs(values))


def matrix(chain: tuple[float, float]) -> np.ndarray:
    return np.array([[chain[0], 1 - chain[0]], [1 - chain[1], chain[1]]])


def law(chain: tuple[float, float], length: int) -> tuple[np.ndarray, np.ndarray]:
    """All sequences and their probabilities, x_1 stationary."""
    P = matrix(chain)
    tokens = np.array(list(product(range(2), repeat=length)))
    chance = theory.stationary_distribution(P)[tokens[:, 0]]
    for before, after in zip(tokens.T[:-1], tokens.T[1:], strict=True):
        chance = chance * P[before, after]
    return tokens, chance


def slope(chain: tuple[float, float], j: int, p: int, W: np.ndarray, of: int | None) -> float:
    """E[df_{p,i}/dv_j]: f is linear in v. `of` None: of the next token's logit."""
    tokens, chance = law(chain, p + 1)
    v = np.zeros(p + 1)
    v[j - 1] = 1.0
    f = sim.logits(sim.MinimalModel(v, W), tokens)[:, p - 1]
    return float(chance @ (f[:, of] if of is not None else f[np.arange(len(f)), tokens[:, p]]))


PLACES = [(j, p) for p in (1, 2, 4) for j in range(1, p + 1)]
ONES, EYE = np.ones((2, 2)), np.eye(2)


@pytest.mark.parametrize("chain", PAIRS)
@pytest.mark.parametrize(("j", "p"), PLACES)
def test_slopes_are_those_of_the_model(chain: tuple[float, float], j: int, p: int) -> None:
    place = {"j": j, "p": p}
    for i in (0, 1):
        start = number(shown("A.34", f"slope_{i + 1}"), chain, **place)
        assert start == pytest.approx(slope(chain, j, p, ONES, i), rel=1e-12)
        later = slope(chain, j, p, WEIGHTS, i)
        assert number(shown("A.40", f"slope_{i + 1}"), chain, **place) == pytest.approx(later)
        if j == 1:
            assert number(shown("A.39", f"slope_{i + 1}"), chain, p=p) == pytest.approx(later)
    start = number(shown("A.35", "slope"), chain, **place)
    assert start == pytest.approx(slope(chain, j, p, ONES, None), rel=1e-12)
    diagonal = slope(chain, j, p, EYE, None)
    assert number(shown("A.44", "J_next"), chain, **place) == pytest.approx(diagonal, rel=1e-12)
    if j == 1:
        assert number(shown("A.42", "J_next"), chain, p=p) == pytest.approx(diagonal, rel=1e-12)


@pytest.mark.parametrize("chain", PAIRS)
def test_summands_are_chances_of_events(chain: tuple[float, float]) -> None:
    j, p = 3, 5
    tokens, chance = law(chain, p + 1)
    for t in range(j, p + 1):
        now, matched = tokens[:, t - 1], tokens[:, t - j] == tokens[:, p - 1]
        for i in (0, 1):
            joint = number(shown("A.38", f"joint_{i + 1}"), chain, j=j, n=p - t)
            assert joint == pytest.approx(chance @ ((now == i) & matched), rel=1e-12)
        after = now == tokens[:, p]
        again = number(shown("A.35", "P[x_t' = x_{p+1}]"), chain, n=p - t)
        assert again == pytest.approx(chance @ after, rel=1e-12)
        for id in ("A.41", "A.43"):
            joint = number(shown(id, "joint"), chain, j=j, n=p - t)
            assert joint == pytest.approx(chance @ (after & matched), rel=1e-12)
        both = after & (now == tokens[:, p - 1])
        same = number(shown("A.42", "P[x_t' = x_{p+1} = x_p]"), chain, n=p - t)
        assert same == pytest.approx(chance @ both, rel=1e-12)


def test_factors_of_the_markov_property_are_powers() -> None:
    chain = PAIRS[1]
    for name, whole, exponent in (("P^(j-1)", {"j": 4}, 3), ("P^n", {"n": 2}, 2)):
        found = shown("A.43", name).applyfunc(lambda e, w=whole: sp.Float(number(e, chain, **w)))
        wanted = np.linalg.matrix_power(matrix(chain), exponent)
        assert np.array(found.tolist(), dtype=float) == pytest.approx(wanted, rel=1e-12)


def test_parts_of_the_split_are_shown() -> None:
    chain, place = PAIRS[0], {"j": 2, "p": 4}
    for i in ("1", "2"):
        assert number(shown("A.38", f"S_{i}"), chain, **place) == pytest.approx(
            slope(chain, 2, 4, ONES, int(i) - 1)
        )
    assert number(shown("A.41", "S_next"), chain, **place) == pytest.approx(
        slope(chain, 2, 4, ONES, None)
    )


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("T", [1, 4, 6])
def test_diagonal_part_of_one_chain_is_the_gradient(seed: int, T: int) -> None:
    """(A.45), corrected, and (A.46): -dL/dv at W = I, by all sequences with the hinge."""
    prior = sim.FiniteSet(sim.Dirichlet(2), 1, seed=seed)
    chain = tuple(np.diag(prior.chains[0]))
    model = sim.MinimalModel(np.zeros(T), EYE)
    found = -sim.Population(prior, T, sim.Margin(100.0)).bind(model)(model.v, model.W)[1].v
    first = number(shown("A.45", "T (K_111 + K_122)"), chain, T=T)
    assert first == pytest.approx(T * found[0], rel=1e-11)
    terms = [number(shown("A.45", "p-th term"), chain, p=p) for p in range(1, T + 1)]
    assert sum(terms) == pytest.approx(T * found[0], rel=1e-11)
    for j in range(1, T + 1):
        each = number(shown("A.46", "T (K_j11 + K_j22)"), chain, T=T, j=j)
        assert each == pytest.approx(T * found[j - 1], rel=1e-11)


def test_leading_orders_are_approached() -> None:
    T = 4000
    K = theory.population_kernel(T)
    for j, id in ((1, "A.47"), (2, "A.48"), (3, "A.48"), (4, "A.48")):
        r = T - j + 1
        diagonal = (K[j - 1, 0, 0] + K[j - 1, 1, 1]) * 2 * T / (r * (r + 1))
        assert float(shown(id, f"d_{j}")) == pytest.approx(diagonal, rel=3e-3)
    common = 2 * T * theory.first_step(T)[1][0] / (T * (T + 1))
    assert float(shown("A.49", "D")) == pytest.approx(common, rel=3e-3)


def test_summands_average_to_the_constants() -> None:
    weights, chains = theory.quadrature(40)
    a, b = chains[:, 0, 0], chains[:, 1, 1]
    letters = (notation.a, notation.b, notation.lam, notation.j)
    for id, j, name in (
        ("A.47", 1, "d_1"),
        ("A.48", 2, "d_2"),
        ("A.48", 4, "d_4"),
        ("A.49", 1, "D"),
    ):
        summand = derivations.derivation(id).steps[0].expression
        mean = weights @ sp.lambdify(letters, summand)(a, b, a + b - 1, j)
        assert mean == pytest.approx(float(shown(id, name)), rel=1e-9)


def test_the_second_step_is_put_together_from_its_parts() -> None:
    """(A.45) and (A.49): v after two steps at T = 5 from S_j, d_j, c', rho."""
    from theory.first_steps.step_2 import second_step

    T, c, eta = 5, 0.3, 0.4
    K = theory.population_kernel(T)
    W1, v1 = (c * (1 + eta * part) for part in theory.first_step(T))
    change = shown("A.45", "v_j^(2) - v_j^(1)")
    S, d = (sp.Symbol(name) for name in ("S_j", "d_j"))
    for j in range(T):
        values = {S: K[j].sum(), d: K[j, 0, 0] + K[j, 1, 1], C_PRIME: W1[0, 1], RHO: W1[0, 0],
                  sp.Symbol("eta", positive=True): eta}  # fmt: skip
        found = v1[j] + float(change.subs(values))
        assert found == pytest.approx(second_step(T, c, eta)[1][j], rel=1e-12)
