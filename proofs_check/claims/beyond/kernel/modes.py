"""Beyond the paper: the two modes of the population kernel and the exact flow they carry."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.beyond.kernel import mode_laws_routes
from proofs_check.experiments.sampled_modes import OWN, PRIORS, SHARED
from proofs_check.ledger.compare import relative_error
from proofs_check.methods.all_sequences import relabelled, symmetric_population
from proofs_check.methods.sampling import mean_and_error
from theory.kernel.averages import chain_average
from theory.kernel.mode_laws import second_singular_constant


def _flow_gaps(
    model: sim.MinimalModel, objective: sim.Bilinear | sim.Population, high: float, speed: float,
    prior: str, rates: tuple[float, float] = (1.0, 1.0),
) -> Iterator[float]:  # fmt: skip
    """How far flow of the objective is from the closed form, in v and in W."""
    run = sim.gradient_flow(
        model, objective, t_span=(0.0, high), rtol=1e-12, atol=1e-13, rates=rates
    )
    v, W = theory.linear_flow(model.v, model.W, speed * run.time, prior=prior, rates=rates)
    yield relative_error(v, run.v)
    yield relative_error(W, run.W)


@ledger.quadrature("Runge-Kutta on the bilinear loss", 1e-9, "T = 7, 40; growth e^3; unequal rates")
def flow_integrated(speed: float) -> Iterator[float]:
    rng = np.random.default_rng(3)
    for prior, T, rates in (("flat", 7, (1.0, 1.0)), ("doubly_stochastic", 40, (0.5, 2.0))):
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(2, 2)))
        bilinear = sim.Bilinear(theory.population_kernel(T, prior=prior))
        high = 3.0 / theory.modes(T, prior=prior).singular_values[0]
        yield from _flow_gaps(model, bilinear, high, speed, prior, rates)


@ledger.enumeration("flow of the loss over all sequences", 1e-9, "T = 6, both priors, time 4")
def flow_enumerated(speed: float) -> Iterator[float]:
    model = sim.MinimalModel.constant(6, 2, v=0.2, W=0.1)
    for prior in PRIORS:
        loss = sim.Population(PRIORS[prior], 6, sim.Margin(50.0))
        yield from _flow_gaps(model, loss, 4.0, speed, prior)


@ledger.simulation("the mean of SGD runs", 4.5, "T = 30, 8 runs, growth e^1.5; in standard errors")
def flow_sampled(speed: float) -> np.ndarray:
    """SGD on fresh sequences: linear in the weights, so its mean is population descent."""
    T, steps, runs = 30, 200, 8
    rate = 1.5 / theory.modes(T).singular_values[0] / steps
    start = sim.MinimalModel.constant(T, 2, v=0.02, W=0.0)
    ends = [
        sim.train(
            start, sim.Dirichlet(2), steps=steps, batch_size=64, learning_rate=rate,
            loss=sim.Margin(100.0), rng=seed, record_every=steps, held_out=1,
        ).W[-1]
        for seed in range(runs)
    ]  # fmt: skip
    directions = np.array([SHARED, OWN])
    mean, error = mean_and_error(np.einsum("rml,dml->rd", ends, directions))
    W = theory.linear_flow(start.v, start.W, speed * rate * steps)[1]
    return np.asarray((mean - np.einsum("ml,dml->d", W, directions)) / error)


@ledger.symbolic("exact minors in QQ[log 2], both priors", scope="k = 2, T = 4")
def rank_symbolic(rank: int) -> Iterator[bool]:
    for prior in PRIORS:
        K = theory.population_kernel_exact(4, prior)
        differences = [K[j, 0, m] - K[j, 1, 1 - m] for j in range(4) for m in (0, 1)]
        minors = [K[j, 0, 0] * K[0, 0, 1] - K[j, 0, 1] * K[0, 0, 0] for j in range(1, 4)]
        # no more than two columns differ, and these are multiples of each other or not
        yield all(theory.is_zero(x) for x in differences)
        yield rank == (1 if all(theory.is_zero(x) for x in minors) else 2)


def _numerical_rank(kernel: np.ndarray) -> int:
    values = np.linalg.svd(kernel.reshape(len(kernel), -1), compute_uv=False)
    return int(np.sum(values > 1e-10 * values[0]))


@ledger.enumeration("gradients over all sequences, k = 3, 4", detail="T = 4, 3; in ranks")
def rank_enumerated(rank: int) -> Iterator[float]:
    """The gradient of the margin loss at each unit matrix W is a column."""
    for k, T in ((3, 4), (4, 3)):
        loss = symmetric_population(k, T, sim.Margin(10.0))
        evaluate = loss.bind(sim.MinimalModel(np.zeros(T), np.zeros((k, k))))
        units = np.eye(k * k).reshape(-1, k, k)
        kernel = np.stack([-evaluate(np.zeros(T), W)[1].v.copy() for W in units], axis=1)
        yield _numerical_rank(kernel) - rank


@ledger.spectral("matrix powers over orbits of chains", detail="k = 3, 4; T = 12, 20; in ranks")
def rank_spectral(rank: int) -> Iterator[float]:
    """Chains and all their relabellings, averaged one by one; without them the rank is full."""

    def average(chains: np.ndarray, T: int) -> np.ndarray:
        return chain_average(np.full(len(chains), 1 / len(chains)), chains, T)

    for k, T in ((3, 12), (4, 20)):
        chains = theory.point_set(8, k, seed=1)[1]
        if _numerical_rank(average(chains, T)) <= 2:
            raise ValueError("chains without the symmetry have rank 2 as well")
        yield _numerical_rank(average(relabelled(chains), T)) - rank


ACTIVE = ("margin loss (7) averaged as in (6)", "every hinge active")
LOG2 = sp.log(2)
A, B = (7 - 10 * LOG2) / 6, (8 * LOG2 - 5) / 12
FIRST = sp.sqrt((A**2 + B**2) / 10)
FLAT = {"powers": (1.5, 1.0), "constants": (FIRST, math.sqrt(second_singular_constant()))}
SYMMETRIC = {"powers": (1.0, 0.5), "shift": sp.EulerGamma + LOG2 - 3,
             "constants": (sp.sqrt(sp.pi**2 / 8 - 1) / 8, 1 / sp.sqrt(192))}  # fmt: skip
ROLES = {"flat": ("unigram", "bigram"), "doubly_stochastic": ("bigram", "unigram")}
OVERTAKING = {"power": 3, "C": theory.critical_rate_constant(), "first_T": 10, "T12": 2.72652}

CLAIMS = (
    ledger.supported("x-linear-flow", "beyond the paper",
        "flow from small weights is cosh and sinh along the singular modes of K",
        r"v(t)=v_0+\sum_r u_r\big[(\cosh\sigma_rt-1)\langle "
        r"u_r,v_0\rangle+\sinh(\sigma_rt)\langle w_r,W_0\rangle\big],\ W(t)\text{ likewise}",
        1.0, flow_integrated, flow_enumerated, flow_sampled, wrong=(1.1, -1.0), assume=ACTIVE,
        needs="x-bilinear",
        note="With rates eta_v, eta_W the growth rate is sigma sqrt(eta_v eta_W). The mean of SGD "
        "follows it exactly because an update is linear in the weights."),
    ledger.supported("x-modes-rank", "beyond the paper",
        "K has rank 2 for every k: a shared and an own part of W",
        r"\mathrm{rank}(K_{j,(ml)})=2,\quad K_j\in\mathrm{span}\{11^\top,I\}",
        2, rank_symbolic, rank_enumerated, rank_spectral, wrong=(1, 3),
        assume=("prior invariant under relabelling the states", "T >= 2", *ACTIVE),
        needs="x-permutation"),
    ledger.supported("x-singular-values-flat", "beyond the paper",
        "flat prior: sigma_1 grows as T^(3/2), sigma_2 as T",
        r"\sigma_1\sim\sqrt{(A^2+B^2)/10}\,T^{3/2},"
        r"\quad \sigma_2\sim\frac{A+B}{\sqrt{8(A^2+B^2)}}\Big(\sum_j\delta_j^2\Big)^{1/2}T",
        FLAT, mode_laws_routes.law_spectral.given(prior="flat"),
        mode_laws_routes.law_sampled.given(prior="flat"),
        wrong=(FLAT | {"powers": (1.0, 1.0)}, FLAT | {"powers": (1.5, 1.5)},
               FLAT | {"constants": (FIRST, 0.02)}), assume=("k = 2, flat prior", *ACTIVE),
        needs=("A.32", "A.33", "x-even-odd"),
        note="0.014814 T^(3/2) and 0.017214 T. Both layers' profile is (1 - j/T)^2 in the "
        "first mode with W = (B, A; A, B); the second lives on short lags, v_2 first. For k states "
        "sigma_1 ~ ((k B^2 + k (k-1) A^2)/20)^(1/2) T^(3/2). Where k is large against T, as at k = "
        "50, T = 100, the modes are still in the other order, the bigram's first."),
    ledger.supported("x-singular-values-symmetric", "beyond the paper",
        "a = b: sigma_1 grows as T, sigma_2 as T^(1/2) log T",
        r"\sigma_1\sim\frac T8\sqrt{\frac{\pi^2}8-1},\quad\sigma_2"
        r"\sim\sqrt{\frac T{192}\Big(L^2-\frac{2L}3+\frac29\Big)},\ L=\log T+\gamma+\log2-3",
        SYMMETRIC, mode_laws_routes.law_spectral.given(prior="doubly_stochastic"),
        mode_laws_routes.law_sampled.given(prior="doubly_stochastic"),
        wrong=(SYMMETRIC | {"powers": (1.5, 0.5)}, SYMMETRIC | {"shift": SYMMETRIC["shift"] + 3},
               SYMMETRIC | {"constants": (0.5, 0.5)}), assume=("k = 2, a = b uniform", *ACTIVE),
        note="The order is reversed: the first mode is the bigram's, W = (1, -1; -1, 1) on even "
        "lags only, the second has W = 11'."),
    ledger.supported("x-modes-predictors", "beyond the paper",
        "the first mode predicts as unigram counts do, the second as bigram counts",
        r"\text{flat: }1\mapsto\text{unigram},\ "
        r"2\mapsto\text{bigram};\quad a=b:\ 1\mapsto\text{bigram},\ 2\mapsto\text{unigram}",
        ROLES, mode_laws_routes.role_spectral, mode_laws_routes.role_sampled,
        wrong=(ROLES | {"flat": ("bigram", "unigram")},
               ROLES | {"doubly_stochastic": ("unigram", "bigram")}), assume="k = 2, T = 100",
        note="Which of the two strategies a mode alone is nearer to. The second flat mode explains "
        "only 0.39 of the bigram strategy: bigrams need the first as well."),
    ledger.supported("x-overtaking", "beyond the paper",
        "linear flow: v_2 overtakes v_1 at C T^-3, and never for T <= 9",
        r"t^*\sim C\,T^{-3},\ "
        r"C=\frac{24D}{(B-A)(d_2-d_1)};\quad t^*=\infty\ (T\le9);\quad t^*_{12}=2.72652",
        OVERTAKING, mode_laws_routes.overtaking_spectral, mode_laws_routes.overtaking_enumerated,
        wrong=(OVERTAKING | {"first_T": 9}, OVERTAKING | {"T12": 2.73}),
        assume=("k = 2, flat prior", "v = c 1, W = c 11^T, equal rates", *ACTIVE),
        needs=("x-linear-flow", "x-critical-learning-rate"),
        note="The same constant as that of the critical learning rate: in both v_1 leads by 2 eta "
        "D or t D, v_2 gains in second order. Entries W = w 11' change it by the factor w/v; from "
        "W = 0 v_2 leads at once (T >= 10)."),
)  # fmt: skip
