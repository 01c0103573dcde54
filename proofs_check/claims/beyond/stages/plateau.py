"""Beyond the paper: how the unigram stage begins and grows with the number of lags."""

from __future__ import annotations

from functools import cache

import numpy as np

import theory
from proofs_check import ledger
from proofs_check.experiments.plateau_flow import INIT, Run, by_quartic

# after the end of the first stage, which is a time of its own; the second follows at 7 and later
HALF, AFTER = np.array(0.5), np.array([1.0, 2.0, 3.0])


@cache
def by_chains(lags: int) -> Run:
    """Flow of the same loss averaged over chains, by the code of the stage predictions."""
    model = theory.ExpectedCounts(lags, normalization="score", loss="squared", nodes=24)
    v = np.full(lags, INIT)
    found = theory.reduced_flow(model, 0, 0, v, stop=8.0, first=0.05, records=400, rtol=1e-7)
    return Run(found.time, found.alpha, found.alpha + found.beta, found.loss)


def _start(stated: dict[str, float], run: Run, lags: int) -> list[float]:
    off, diagonal = (float(entry) / theory.plateau_start(lags) for entry in run.at(HALF))
    return [diagonal - stated["diagonal"], off - stated["off"]]


@ledger.quadrature("flow over chains by quadrature", 0.012, "J = 128, half a unit into the stage",
                 because="finite J: 0.0101 at 128, 0.0045 at 1024")  # fmt: skip
def start_by_chains(stated: dict[str, float]) -> list[float]:
    return _start(stated, by_chains(128), 128)


@ledger.spectral("flow of the quartic in closed form", 0.006, "J = 1024, half a unit in",
                 because="finite J: 0.0101 at 128, 0.0045 at 1024")  # fmt: skip
def start_by_quartic(stated: dict[str, float]) -> list[float]:
    return _start(stated, by_quartic(1024), 1024)


def _growth(factor: float, run: Run, lags: int) -> np.ndarray:
    off, diagonal = run.at(AFTER)
    return (diagonal - off) / theory.plateau_growth(lags, AFTER) - factor


@ledger.quadrature("flow over chains by quadrature", 0.005, "J = 128, after 1, 2, 3 units of time",
                 because="finite J: 0.0031 at 128, 0.0015 at 1024")  # fmt: skip
def growth_by_chains(factor: float) -> np.ndarray:
    return _growth(factor, by_chains(128), 128)


@ledger.spectral("flow of the quartic in closed form", 0.002, "J = 1024, after times 1, 2, 3",
                 because="finite J: 0.0031 at 128, 0.0015 at 1024")  # fmt: skip
def growth_by_quartic(factor: float) -> np.ndarray:
    return _growth(factor, by_quartic(1024), 1024)


def _longer(eighth: float) -> float:
    """By how much four times the lags make the stage longer, were the factor 1/8 the stated one."""
    return eighth * 8.0 * np.log(4.0) * theory.plateau_slope()


@ledger.spectral("flow of three numbers, up to 4e20 lags", 1e-3, "J = 1e10, 1e20, beta = 0.3, 0.5",
                 because="finite J")  # fmt: skip
def slope_slow(eighth: float) -> list[float]:
    """Times from the start at J and 4 J."""
    return [
        (theory.plateau_time(4 * J, beta) - theory.plateau_time(J, beta)) / _longer(eighth) - 1
        for J in (1e10, 1e20)
        for beta in (0.3, 0.5)
    ]


@ledger.quadrature("stage lengths in the flow of the quartic", 0.04, "from 256 to 1024 lags",
                 because="finite J")  # fmt: skip
def slope_by_quartic(eighth: float) -> float:
    """The difference of lengths, less what the slow flow still has beyond its limit."""
    few, many = (run.begins(2) - run.begins(1) for run in map(by_quartic, (256, 1024)))
    slow = theory.plateau_time(1024, 0.5) - theory.plateau_time(256, 0.5)
    return (many - few - (slow - _longer(1 / 8))) / _longer(eighth) - 1


_ASSUMED = ("squared loss, normalised scores, infinite context", "k = 2, flat prior",
            "v = epsilon 1, W = 0, epsilon small")  # fmt: skip

CLAIMS = (
    ledger.supported("x-unigram-plateau-start", "beyond the paper",
        "the first stage ends with W = d I, d = (2J)^(-1/4), and not with 1 1^T",
        r"W\to dI,\quad d\,(2J)^{1/4}\to1\quad(J\to\infty)",
        {"diagonal": 1.0, "off": 0.0}, start_by_chains, start_by_quartic,
        wrong=[{"diagonal": 2**0.25, "off": 0.0}, {"diagonal": 1.0, "off": 0.1}], assume=_ASSUMED,
        needs="x-context-limit-quartic-score",
        note="With v spread over many lags W = I counts unigrams too. What is off the diagonal is "
        "pushed by the difference of two nearly equal forces, 1/J of either."),
    ledger.supported("x-unigram-plateau-flow", "beyond the paper",
        "on the plateau beta follows a flow of three numbers",
        r"o'=-p,\ d'=p-\mu S/2,\ "
        r"p'=2(d-o)|h|^2-\mu d\textstyle\sum_jh_j:\quad\beta(t_1+\tau)/\beta_{slow}(\tau)\to1",
        1.0, growth_by_chains, growth_by_quartic, wrong=[0.98], assume=_ASSUMED,
        needs=("x-unigram-point-force", "x-unigram-plateau-start")),
    ledger.supported("x-unigram-plateau-lags", "beyond the paper",
        "the unigram stage grows with the logarithm of the lags, by 1 / (8 |h|)",
        r"(t_2-t_1)(J)=\frac{\log J}{8|h|}+O(1),\quad h_j=E[\lambda^j(1-|\pi|^2)]",
        1 / 8, slope_slow, slope_by_quartic, wrong=[1 / 4, 1 / 7, 1 / (4 * np.sqrt(3))],
        assume=_ASSUMED, needs="x-unigram-plateau-flow",
        note="1/(8|h|) = 1.563 for each factor e in the lags. The init scale does not enter: "
        "x-unigram-point-plateau."),
)  # fmt: skip
