"""What the claims on the conclusion of Prop. A.3 are tried on.

After two steps f_{p,i} = sum_j W v_j N_j(i), where N_j(i) counts the t' <= p with x_t' = i and
x_{t'-j+1} = x_p; N_2 are the bigram counts.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
from proofs_check.claims.cor_a2_prop_a3 import prop_a3_routes as on
from proofs_check.claims.cor_a2_prop_a3.prop_a3_routes import SYMBOLIC, eps, h1, h2, t, v_init
from proofs_check.ledger import Finding, Route, exactly
from proofs_check.ledger.compare import worst
from theory.first_steps import curriculum

Array = NDArray[np.float64]
POSITION, LONG = 12, 100_000
LAGS = range(1, 9)


def _product(j: int, **changed: sp.Expr) -> sp.Expr:
    """Coefficient of N_j in f at a fixed position, t -> infinity."""
    plan = curriculum.Curriculum(**vars(SYMBOLIC) | changed)
    return sp.expand(plan.limit().W * plan.limit_v(j))


@cache
def tokens() -> tuple[NDArray[Any], Array]:
    """Sequences of POSITION tokens of random chains, and their bigram counts at the end."""
    tokens = sim.sample_sequences(sim.Dirichlet(2), 300, POSITION, rng=3).tokens
    before, last = tokens[:, :-1] == tokens[:, -1:], tokens[:, 1:]
    return tokens, np.stack([(before & (last == i)).sum(axis=1) for i in range(2)], axis=1)


def logits(width: float, **changed: Any) -> tuple[Array, float]:
    """f at POSITION after the two steps at t = LONG, by the model of sim; and W v_2."""
    plan = curriculum.Curriculum(width, *(on.NUMBERS[x] for x in (v_init, on.w_init, h1, h2)),
                                 **changed)  # fmt: skip
    v, W = plan.second(LONG)
    model = sim.MinimalModel(v[:POSITION], W)
    return sim.logits(model, tokens()[0])[:, -1], W[0, 0] * v[1]


# (A.58) at a fixed position


def orders_symbolic(value: dict[str, int]) -> Finding:
    terms = {j: on.order_in_epsilon(x) for j in LAGS if (x := _product(j)) != 0}
    rest = sp.series(_product(2) - terms[2][0] * eps ** terms[2][1], eps, 0, 9).removeO()
    later = [power for j, (_, power) in terms.items() if j != 2]
    good = (
        terms[2][1] == value["leading"]
        and min(later) == value["next"] == on.order_in_epsilon(rest)[1]
        and set(terms) == set(range(2, 9, 2))
    )
    return exactly(
        bool(good), f"N_2: ({sp.factor(terms[2][0])}) epsilon^{terms[2][1]}; N_4 from epsilon^"
        f"{terms[4][1]}; odd lags 0; v_j is of order epsilon^j for every even j",
    )  # fmt: skip


def orders_simulated(value: dict[str, int]) -> Finding:
    """Logits of the model itself: how f and its distance from bigram counts scale in epsilon."""
    counts, sizes, rests = tokens()[1], [], []
    constant = on.numeric(on.order_in_epsilon(_product(2))[0])
    for width in (0.05, 0.1):
        f, _ = logits(width)
        sizes.append(float(np.sum(f * counts) / np.sum(counts**2)))
        rests.append(np.abs(f - constant * width**4 * counts).max())
    slopes = [float(np.log2(x[1] / x[0])) for x in (sizes, rests)]
    residual = worst([abs(slopes[0] - value["leading"]), abs(slopes[1] - value["next"])])
    return Finding(
        residual, 0.25, f"exponents {slopes[0]:.3f}, {slopes[1]:.3f} between epsilon = 0.05 and "
        f"0.1, logits at position {POSITION}, t = {LONG}",
    )  # fmt: skip


# (A.58) at all positions: what a part C r / t^2 of every v_j adds up to


def share_symbolic(value: dict[str, sp.Expr]) -> Finding:
    share, lead = sp.limit(SYMBOLIC.all_lags_share(), eps, 0), on.order_in_epsilon(_product(2))[0]
    return exactly(
        sp.simplify(share - value["share"]) == 0 and sp.expand(value.get("lead", lead) - lead) == 0,
        f"at w_init = 0 the share is {float(share.subs(on.w_init, 0)):.4f}",
    )


def share_spectral(value: dict[str, sp.Expr]) -> Finding:
    """f / (t W v_2) at the last position of one chain, by its matrix powers."""
    T, gaps = 4000, []
    v, W = on.after_second(T, 0.02)
    scale = on.numeric(value["lead"]) * 0.02**4 / W[0, 0] if "lead" in value else v[1]
    P = np.array([[0.2, 0.8], [0.4, 0.6]])
    pi, power, total = np.array([1 / 3, 2 / 3]), np.eye(2), np.zeros((2, 2))
    for j in range(T):
        total += v[j] * (T - j) / T * pi[:, None] * power
        power = power @ P
    stated = pi[:, None] * (P + on.numeric(value["share"]) * pi)
    gaps.append(np.abs(total / scale - stated).max())
    return Finding(worst(gaps), 0.02, f"a = 0.2, b = 0.6, epsilon = 0.02, T = {T} (error O(1/T))")


# Prop. 3.2: which layers decay


def decay_symbolic(value: dict[str, int]) -> Finding:
    decay = {f"decay_{x}": sp.Integer(value[x]) for x in "vW"}
    plan = curriculum.Curriculum(**vars(SYMBOLIC) | decay)
    main = on.order_in_epsilon(plan.limit_v(2))[1]
    others = [on.order_in_epsilon(x)[1] for j in LAGS if j != 2 and (x := plan.limit_v(j)) != 0]
    good = all(power >= main + 2 for power in others) and value["W"] == 1
    return exactly(
        good, f"v_2 is of order epsilon^{main}, the other lags from epsilon^{min(others)}; "
        "without decay of W its off-diagonal stays",
    )  # fmt: skip


def decay_simulated(value: dict[str, int]) -> Finding:
    width = 0.1
    f, scale = logits(width, decay_W=value["W"], decay_v=value["v"])
    # lag j of W v_j N_j: at most p times the geometric series of 3 (2 epsilon)^(j-2) / 5
    bound = POSITION * (0.6 * (2 * width) ** 2 / (1 - (2 * width) ** 2)) + 1e-2 * POSITION
    distance = float(np.abs(f / scale - tokens()[1]).max())
    return Finding(distance, bound, f"largest |f / (W v_2) - N_2|, p = {POSITION}, t = {LONG}")


# (A.68) as an inference


def inference_symbolic(value: dict[str, Any]) -> Finding:
    W, v2 = (on.order_in_epsilon(x)[1] for x in (SYMBOLIC.limit().W, SYMBOLIC.limit_v(2)))
    good = (value["W"], value["v_2"], value["f"]) == (W, v2, W + v2)
    return exactly(
        bool(good and sp.expand(value["kept"] - SYMBOLIC.limit_v(1)) == 0),
        f"orders {W}, {v2} of W and v_2; v_1 -> {SYMBOLIC.limit_v(1)}",
    )


def inference_spectral(value: dict[str, Any]) -> Finding:
    T = on.LENGTHS[-1]
    (v, W), (w, X) = (on.after_second(T, width) for width in (0.08, 0.16))
    raised = [(y[1] - y[2]) for y in (v, w)]
    slopes = [np.log2(X[0, 0] / W[0, 0]), np.log2(raised[1] / raised[0])]
    kept = T / 100 * abs(v[2] - on.numeric(value["kept"]))
    gaps = [abs(slopes[0] - value["W"]), abs(slopes[1] - value["v_2"]),
            abs(sum(slopes) - value["f"]), kept]  # fmt: skip
    return Finding(worst(gaps), 0.2, f"exponents {slopes[0]:.3f}, {slopes[1]:.3f}, T = {T}")


# the prose of p. 28 and of Sec. 3.2


def rates_symbolic(value: dict[str, Any]) -> Finding:
    first = sp.limit((t + 1) * (t + 2) / (6 * t ** value["first"]), t, sp.oo)
    second = sp.limit((t + 1) / t ** value["second"], t, sp.oo)
    larger = "second" if value["first"] > value["second"] else "first"
    good = all(x.is_finite and x != 0 for x in (first, second)) and larger == value["larger"]
    return exactly(bool(good), "W moves by eta_1 t^2 / 6, then W by eta_2 t / 8 and v_2 by eta_2 t")


def rates_spectral(value: dict[str, Any]) -> Finding:
    """Growth in t of the two gradients: the rates that keep the steps finite are its inverse."""
    a, b = (on.two_steps_by_powers(T) for T in on.LENGTHS[-2:])
    growth = [(a.W1[0, 0] - 0.4) * on.LENGTHS[-2] ** 2, (b.W1[0, 0] - 0.4) * on.LENGTHS[-1] ** 2,
              a.step_W[0, 0], b.step_W[0, 0], a.step_v[1], b.step_v[1]]  # fmt: skip
    slopes = np.log2(np.array(growth[1::2]) / np.array(growth[::2]))
    wanted = [value["first"], value["second"], value["second"]]
    measured = "second" if slopes[0] > slopes[1] + 0.5 else "first"
    residual = worst(abs(slopes - wanted)) + (measured != value["larger"])
    return Finding(residual, 0.05, "exponents " + ", ".join(f"{x:.3f}" for x in slopes))


def phases_symbolic(value: dict[str, int]) -> Finding:
    W = sp.limit((t + 1) * (t + 2) / (6 * t**2) * t ** -value["W"], t, sp.oo)
    v = sp.limit((t + 1) / (2 * t**2) * t ** -value["v"], t, sp.oo)
    good = all(x.is_finite and x != 0 for x in (W, v))
    return exactly(bool(good), "change of W: v_init h_1 B / 6, of v_1: h_1 w_init D / (2 t)")


def phases_spectral(value: dict[str, int]) -> Finding:
    a, b = (on.two_steps_by_powers(T) for T in on.LENGTHS[-2:])
    slopes = [np.log2((b.W1[0, 0] - 0.4) / (a.W1[0, 0] - 0.4)),
              np.log2((b.v1[0] - 0.7) / (a.v1[0] - 0.7))]  # fmt: skip
    residual = worst([abs(slopes[0] - value["W"]), abs(slopes[1] - value["v"])])
    return Finding(residual, 0.05, f"exponents of t: {slopes[0]:.3f}, {slopes[1]:.3f}")


def pair(symbolic: Any, kind: str, other: Any) -> tuple[Route, ...]:
    hows = {"simulation": "logits of the model of sim after both steps, sampled sequences",
            "spectral": "both steps by matrix powers"}  # fmt: skip
    return Route("symbolic", "exact limits", symbolic), Route(kind, hows[kind], other)
