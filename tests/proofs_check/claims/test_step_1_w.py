"""The tools behind (A.17)-(A.24): sums with symbolic ends, exact chains and their joint laws."""

import pytest
import sympy as sp

from proofs_check.claims.lemma_a1_step_1.step_1_w import FOUR, SWAPPED, line_enumerated
from proofs_check.methods.exact_chains import (
    SYMBOLIC,
    THREE_STATES,
    chance,
    joint,
    two_states,
)
from proofs_check.methods.symbols import c, k, lam, p, t
from proofs_check.methods.triple_sums import summed, total


def test_sums_with_a_symbolic_end():
    for summand in (lam**p, p * lam ** (p - 1), lam ** (2 - p), p**2, (p + 1) / (1 - 1 / lam)):
        closed = total(summand, ((p, t),))
        for T in range(1, 5):
            direct = sum(summand.subs(p, q) for q in range(1, T + 1))
            assert sp.cancel(closed.subs(t, T) - direct) == 0
    assert total(sp.Integer(1)).subs(t, 4) == 20


def test_what_has_no_closed_form_is_refused():
    with pytest.raises(ValueError, match="no closed form for degree 0, rate 2"):
        summed(lam ** (2 * p), p, t)
    with pytest.raises(ValueError, match="polynomial times powers, got"):
        summed(sp.sin(p), p, t)


def test_chains_and_their_joint_laws():
    chain = THREE_STATES
    assert chain.pi * chain.power(1) == chain.pi
    assert sum(chain.pi) == 1
    assert len(set(chain.pi)) > 1
    small = two_states(sp.Rational(2, 3), sp.Rational(1, 5))
    # p = 2, t' = s = 1
    assert joint(small, (0, None, 1, 0), (2, 1, 1)) == chance(small, (0, 1, 0))
    assert joint(small, (0, 0, 1, 0), (2, 1, 1)) == chance(small, (0, 1, 0))
    assert joint(small, (0, 1, 1, 0), (2, 1, 1)) == 0
    assert sp.expand(sum(SYMBOLIC.pi)) == 1


def test_exchanged_ends_of_line_2_show_with_three_states():
    """Two-state chains are reversible, so that summed over i only k = 3 tells m from l."""
    exchanged = (sp.Integer(0), c / t * FOUR - c / (t * k) * SWAPPED)
    assert not line_enumerated.find(exchanged).holds
