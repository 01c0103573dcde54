"""Prop. A.3, what its proof concludes (A.58) = (A.68), and the prose on it.

After two steps f_{p,i} = sum_j W v_j N_j(i), where N_j(i) counts the t' <= p with x_t' = i and
x_{t'-j+1} = x_p; N_2 are the bigram counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from proofs_check.ledger.compare import relative_error
from proofs_check.methods import two_steps
from proofs_check.methods.long_contexts import matrix_powers
from proofs_check.methods.two_steps import SYMBOLIC, eps, order_in_epsilon, t, v_init

EXACT, LOGITS = "exact limits", "logits of the model of sim after both steps, sampled sequences"
POWERS = "both steps by matrix powers"
POSITION, LONG = 12, 10**7
LIMIT = SYMBOLIC.limit()


def product(j: int) -> sp.Expr:
    """Coefficient of N_j in f at a fixed position, t -> infinity."""
    return sp.expand(LIMIT.W * SYMBOLIC.limit_v(j))


@cache
def sampled() -> tuple[np.ndarray, np.ndarray]:
    """Sequences of POSITION tokens of random chains, and their bigram counts at the end."""
    tokens = sim.sample_sequences(sim.Dirichlet(2), 300, POSITION, rng=3).tokens
    before, last = tokens[:, :-1] == tokens[:, -1:], tokens[:, 1:]
    return tokens, np.stack([(before & (last == i)).sum(axis=1) for i in range(2)], axis=1)


def logits(width: float) -> tuple[np.ndarray, float]:
    """f at POSITION after the two steps at t = LONG, by the model of sim; and W v_2.

    The weights are sums over the powers of single chains.
    """
    v, W = two_steps.at_long_context(LONG, width, POSITION)
    return sim.logits(sim.MinimalModel(v, W), sampled()[0])[:, -1], W[0, 0] * v[1]


def _finite(*growths: sp.Expr) -> bool:
    """Whether each has a limit as t grows that is neither 0 nor infinite."""
    limits = [sp.limit(growth, t, sp.oo) for growth in growths]
    return all(limit.is_finite and limit != 0 for limit in limits)


@ledger.symbolic(EXACT, detail="lags to 8, of which the odd ones are 0; v_j is of order epsilon^j")
def orders_symbolic(value: dict[str, int]) -> list[bool]:
    orders = {n: order_in_epsilon(x)[1] for n in range(1, 9) if (x := product(n)) != 0}
    constant, order = order_in_epsilon(product(2))
    rest = sp.series(product(2) - constant * eps**order, eps, 0, 9).removeO()
    later = [order_in_epsilon(rest)[1], min(orders[n] for n in (4, 6, 8))]
    return [len(orders) == 4, order == value["leading"], *(x == value["next"] for x in later)]


@ledger.simulation(LOGITS, 0.05,
                   f"exponents between epsilon = 0.05 and 0.1 at position {POSITION}, t "
                   f"= {LONG}", because="the next order adds 12/5 epsilon^2 to either")  # fmt: skip
def orders_simulated(value: dict[str, int]) -> list[float]:
    """Logits of the model itself: how f and its distance from bigram counts scale in epsilon."""
    counts, scaling = sampled()[1], []
    for width in (0.05, 0.1):
        f, stated = logits(width)[0], two_steps.numeric(LEAD) * width**4 * counts
        scaling.append([np.sum(f * counts), np.abs(f - stated).max()])
    first, second = np.log2(scaling[1]) - np.log2(scaling[0])
    return [first - value["leading"], second - value["next"]]


@ledger.symbolic(EXACT, 0.0, "a part C r / t^2 of every v_j adds up to the share of unigram counts")
def share_symbolic(value: dict[str, sp.Expr]) -> list[bool]:
    share, lead = sp.limit(SYMBOLIC.all_lags_share(), eps, 0), order_in_epsilon(product(2))[0]
    return [sp.simplify(share - value["share"]) == 0,
            sp.expand(value.get("lead", lead) - lead) == 0]  # fmt: skip


@ledger.spectral(
    POWERS,
    3e-3,
    "a = 0.2, b = 0.6, epsilon = 0.02, extrapolated in 1/T",
    because="the next order adds 12/5 epsilon^2, 1e-3, to W and to v",
)
def share_spectral(value: dict[str, sp.Expr]) -> float:
    """f / (t W v_2) at the last position of one chain, by its matrix powers."""
    width, P, pi = 0.02, np.array([[0.2, 0.8], [0.4, 0.6]]), np.array([1 / 3, 2 / 3])

    def per_position(T: int) -> np.ndarray:
        v, W = two_steps.after_second(T, width)
        scale = two_steps.numeric(value["lead"]) * width**4 / W[0, 0] if "lead" in value else v[1]
        left = np.arange(T, 0, -1) / T
        return np.einsum("j,m,jmi->mi", v * left, pi, matrix_powers(P, T)) / scale

    stated = pi[:, None] * (P + two_steps.numeric(value["share"]) * pi)
    return relative_error(two_steps.extrapolated(per_position), stated)


@ledger.symbolic(EXACT, detail="orders in epsilon of W and v_2, and the limit of v_1")
def inference_symbolic(value: dict[str, sp.Expr]) -> list[bool]:
    W, v_2 = (order_in_epsilon(x)[1] for x in (LIMIT.W, SYMBOLIC.limit_v(2)))
    kept = sp.expand(value["kept"] - SYMBOLIC.limit_v(1)) == 0
    return [kept, value["W"] == W, value["v_2"] == v_2, value["f"] == W + v_2]


@ledger.spectral(POWERS, 0.12, "exponents between epsilon = 0.08 and 0.16, extrapolated in 1/T",
                 because="the next order adds 12/5 epsilon^2 to W and to either")  # fmt: skip
def inference_spectral(value: dict[str, sp.Expr]) -> list[float]:
    (v, W), (wider_v, wider_W) = (two_steps.limit_after_second(width) for width in (0.08, 0.16))
    first = np.log2(wider_W[0, 0] / W[0, 0])
    second = np.log2((wider_v[1] - wider_v[2]) / (v[1] - v[2]))
    kept = float(v[2]) - two_steps.numeric(value["kept"])
    return [first - value["W"], second - value["v_2"], first + second - value["f"], kept]


def exponents(of: Callable[[two_steps.Steps, int], tuple[float, ...]]) -> np.ndarray:
    """Powers of t with which quantities grow, extrapolated from two doublings of t."""
    logs = [np.log2(of(two_steps.by_powers(T), T)) for T in two_steps.LENGTHS]
    first, second = np.diff(logs, axis=0)
    return np.asarray(2 * second - first)


@ledger.symbolic(
    EXACT, detail="positions counted: triples for the first step, pairs for the second"
)
def rates_symbolic(value: dict[str, sp.Expr]) -> list[bool]:
    """B, E lambda^2 and E[lambda / (1 - lambda)], which multiply the counts, are not 0."""
    first, second = value["first"], value["second"]
    finite = _finite(two_steps.TRIPLES / t**first, two_steps.PAIRS / t**second)
    present = LIMIT.W != 0 and SYMBOLIC.limit_v(2) != 0 and LIMIT.gap != 0
    return [finite, present, ("second" if first > second else "first") == value["larger"]]


@ledger.spectral(POWERS, 0.02, "growth in t of gradients: rates that keep steps finite undo it",
                 because="corrections of order log(T) / T^2 to exponents")  # fmt: skip
def rates_spectral(value: dict[str, sp.Expr]) -> list[float]:
    slopes = exponents(
        lambda steps, T: (T**2 * (steps.W1[0, 0] - two_steps.W_INIT), steps.step_W[0, 0],
                          steps.step_v[1]))  # fmt: skip
    larger = "second" if round(slopes[0]) > round(slopes[1]) else "first"
    gaps = slopes - [value["first"], value["second"], value["second"]]
    return [float(larger != value["larger"]), *gaps]


@ledger.symbolic(EXACT, detail="change of W: v_init h_1 B / 6, of v_1: h_1 w_init D / (2 t)")
def phases_symbolic(value: dict[str, int]) -> bool:
    """Rate h_1 / t^2 times the triples and pairs of positions that add up."""
    W, v = (count / t**2 for count in (two_steps.TRIPLES, two_steps.PAIRS))
    return _finite(W * t ** -value["W"], v * t ** -value["v"])


@ledger.spectral(POWERS, 0.02, "exponents of t with which W and v_1 change",
                 because="corrections of order log(T) / T^2 to exponents")  # fmt: skip
def phases_spectral(value: dict[str, int]) -> list[float]:
    W, v = exponents(
        lambda steps, _: (steps.W1[0, 0] - two_steps.W_INIT, steps.v1[0] - two_steps.V_INIT)
    )
    return [W - value["W"], v - value["v"]]


BOTH = (*two_steps.SETTING, "weight decay 1, not multiplied by the rate, of W and of v",
        "v_init != 0")  # fmt: skip
FORMULA = r"f(e)_{p,i}=O(\epsilon^4)\sum_{t'=1}^p1\{x_{t'}=i\}1\{x_p=x_{t'-1}\}+O(\epsilon^6)"
LEAD = two_steps.h2**2 * v_init * two_steps.DIAG / 36  # of the bigram counts, over epsilon^4
SHARE = {"share": sp.Rational(2, 3) * (1 + 2 * two_steps.CONST / two_steps.DIAG), "lead": LEAD}
ORDERS = {"W": 2, "v_2": 2, "f": 4, "kept": 0}
RATES = {"first": 2, "second": 1, "larger": "second"}

CLAIMS = (
    ledger.proved("prop-A.3-fixed-position", "Proposition A.3, (A.58), p. 26",
        "at a fixed position two steps give bigram counts up to epsilon^2",
        FORMULA, {"leading": 4, "next": 6}, orders_symbolic, orders_simulated,
        wrong=[{"leading": 5, "next": 6}, {"leading": 4, "next": 5}],
        assume=(*BOTH, "p fixed, t -> infinity; O(.) is the exact order"),
        needs=("A.66", "A.67-power", "A.67-offset"),
        note="The orders are right although those of W (epsilon) and v_2 (epsilon^3) are not: both "
        "are 2. f = K epsilon^4 (1 + 12/5 epsilon^2) (N_2 + 12/5 epsilon^2 N_4) + O(epsilon^8) "
        "with K = h_1 h_2^2 v_init^2 (B - A) / 216."),
    ledger.corrected("prop-A.3", "Proposition A.3, (A.58), p. 26",
        "at positions p of order t the logits hold unigram counts as well",
        (FORMULA + r",\ p\le t\to\infty", {"share": 0}),
        (r"\frac{f(e)_{t,i}}t\to\frac{h_1h_2^2v_{init}^2(B-A)}{216}\epsilon^4"
         r"\pi_m\left[P_{mi}+\frac23\left(1+\frac{2c'}{\rho-c'}\right)\pi_i\right]+O(\epsilon^6),\ "
         r"m=x_t,\ c'=w_{init}+\frac{v_{init}h_1A}6,\ \rho-c'=\frac{v_{init}h_1(B-A)}6", SHARE),
        share_symbolic, share_spectral,
        wrong=[SHARE | {"share": SHARE["share"] / 2}, SHARE | {"lead": 2 * SHARE["lead"]}],
        also={"A.58": 26},
        assume=BOTH, needs=("A.67-power", "prop-A.3-fixed-position"),
        note="Data: weight of unigram against bigram counts. The O(1/t) of (A.67) has one sign at "
        "all t lags and adds up to the order of v_2; for w_init >= 0 the share is at least 1.114. "
        "It vanishes for p = o(t), and for w_init = -v_init h_1 (A + B) / 12. On symmetric chains "
        "it is the same for both states; on others it can turn the prediction."),
    ledger.corrected("A.68", 28, "the orders in epsilon from which the conclusion is drawn",
        (r"W_k^{(2)}=O(\epsilon)I,\ "
         r"v_j=v_{init}+O(\epsilon^{j+1})1\{j\ \text{even}\}\ \Rightarrow\ " + FORMULA,
         {"W": 1, "v_2": 3, "f": 4, "kept": v_init}),
        (r"W_k^{(2)}=O(\epsilon^2)I,\ v_j=O(\epsilon^j)1\{j\ \text{even}\}\ \Rightarrow\ " + FORMULA
         + r"\ \text{at fixed }p", ORDERS), inference_symbolic, inference_spectral,
        wrong=[ORDERS | {name: slip} for name, slip in (("W", 1), ("v_2", 3), ("f", 5))]
        + [ORDERS | {"kept": 1}], assume=BOTH, needs=("A.66", "A.67-power", "A.67-offset"),
        note="From (A.66) and (A.67) as printed the term v_init O(epsilon) of all lags would lead; "
        "the errors in the two orders cancel in their product."),
    ledger.proved("text-A-learning-rates", "p. 28, after (A.68)",
        "eta_1 = O(1/t^2) and eta_2 = O(1/t), the second much larger",
        r"\eta_1=O(1/t^2),\ \eta_2=O(1/t)\gg\eta_1", RATES, rates_symbolic, rates_spectral,
        wrong=[RATES | {"larger": "first"}, RATES | {"first": 1}],
        assume=(two_steps.SETTING[0], two_steps.SETTING[3]), needs=("A.59", "A.66"),
        note="These are the rates at which both steps stay finite as t grows. Sec. 3.2 says the "
        "opposite (text-3.2-learning-rates)."),
    ledger.proved("text-A-second-layer-first", "p. 28, after (A.68)",
        "the first step learns the second layer, not the first",
        r"W_k^{(1)}-W_k^{(0)}=O(1),\ v^{(1)}-v^{(0)}=O(1/t)",
        {"W": 0, "v": -1}, phases_symbolic, phases_spectral, wrong=[{"W": 0, "v": 0}],
        assume=two_steps.SETTING, needs=("A.59", "A.60-v"),
        note="About the two-step proof; that the two drops in the loss of trained models belong to "
        "the layers in this order is a matter of simulation, not of this entry."),
)  # fmt: skip
