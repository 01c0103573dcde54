"""Summands split into what stays and what dies out."""

import pytest
import sympy as sp

from proofs_check.methods.leading_terms import per_gap, settled
from proofs_check.methods.symbols import lam, n
from theory.notation import y


def test_a_summand_is_split_and_the_rest_bounded():
    limit, bound = settled(3 * y**2 * lam - y * lam ** (n + 1) / 2 + 2 * lam**n, (n,))
    assert limit == 3 * y**2 * lam
    assert bound == sp.Rational(9, 4)
    assert per_gap(bound) == sp.Rational(9, 2)


def test_a_gap_that_is_not_summed_stays():
    j = sp.Symbol("j", integer=True, positive=True)
    assert settled(lam**j + lam**n, (n,)).limit == lam**j


@pytest.mark.parametrize("summand", [1 / lam, sp.sin(y), n * lam**n])
def test_what_is_not_bounded_is_refused(summand):
    with pytest.raises(ValueError, match="summand must"):
        settled(summand, (n,))
