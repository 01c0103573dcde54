"""Derivations about symmetric chains and the two-step curriculum, step by step."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.derivations.statement import DerivationStep as Step
from theory.first_steps import curriculum

_EPSILON = sp.Symbol("epsilon", positive=True)
_V, _W, _H1, _H2 = sp.symbols("v_init w_init h_1 h_2", positive=True)
_LAGS = (1, 2, 3, 4)


def _corollary(T: int) -> list[Step]:
    length, M = sp.symbols("T M", integer=True, positive=True)
    law = length / 16 * (sp.log(2 * length) + sp.EulerGamma - sp.Rational(7, 2))
    return [
        Step("With a = b, lambda is uniform on (-1, 1); the lag sum and the gap sum agree, so that "
             "W moves on the diagonal only, with M = floor(T/2).",
             curriculum.diagonal_step_closed(length, M), "-dL/dW_mm / c"),
        Step("For large T, up to O(log T).", law, "-dL/dW_mm / c"),
        Step(f"At T = {T}, exactly.", curriculum.diagonal_step(T), "-dL/dW_mm / c"),
        Step("v_j grows by the gap sum S_r over 2T, r = T-j+1, here with M = floor(r/2).",
             curriculum.gap_sum_closed(sp.Symbol("r", positive=True), M), "S_r"),
        Step(f"At T = {T}, exactly, j = 1.", curriculum.gap_sum(T) / (2 * T), "-dL/dv_1 / c"),
    ]  # fmt: skip


def _curriculum(T: int) -> list[Step]:
    plan = curriculum.Curriculum(_EPSILON, _V, _W, _H1, _H2)
    limit = plan.limit()
    out = [
        Step("The first step, rate h_1 / T^2, flat prior: off-diagonal of W as T grows.",
             limit.off, "W_off"),
        Step("Its diagonal exceeds it by this; v stays v_init up to O(1/T).",
             sp.factor(limit.gap), "gap"),
        Step("The second step, rate h_2 / T, a = b within epsilon of 1/2, W decayed to nothing: "
             "what is left is diagonal.", limit.W, "W"),
        Step("Its leading terms in epsilon.",
             sp.series(limit.W, _EPSILON, 0, 6).removeO(), "W"),
    ]  # fmt: skip
    for j in _LAGS:
        out.append(Step(f"v_{j} for T -> infinity, v decayed too.",
                        sp.factor(plan.limit_v(j)), f"v_{j}"))  # fmt: skip
    share = sp.limit(curriculum.Curriculum(_EPSILON).all_lags_share(), _EPSILON, 0)
    out.append(
        Step(
            "Weight of unigram counts beside the bigram counts at position T, w_init = 0, small "
            "epsilon: the part of order 1/T of each v_j, summed over T lags.",
            sp.nsimplify(sp.simplify(share)),
            "share",
        )
    )
    numbers = curriculum.Curriculum(sp.Rational(1, 10)).second(T)
    out.append(
        Step(
            f"At T = {T}, epsilon = 1/10, all other settings 1 and w_init = 0.",
            sp.Matrix(numbers[1].tolist()).evalf(12),
            "W",
        )
    )
    return out


REGISTRY: dict[str, tuple[str, Callable[[int], list[Step]]]] = {
    "cor-A.2": ("The first step with a = b, Corollary A.2, exactly", _corollary),
    "prop-A.3": ("Two steps with a curriculum, Proposition A.3, with every constant", _curriculum),
}
