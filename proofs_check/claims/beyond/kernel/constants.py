"""Beyond the paper: constants of the task, what strategies leave, and Lemma 3.1 for k states."""

from __future__ import annotations

import sympy as sp

from proofs_check import ledger
from proofs_check.claims.beyond.kernel.constants_routes import (
    bigram_law_counted,
    bigram_law_sampled,
    by_gauss_rules,
    by_halton_points,
    by_parts,
    by_qmc,
    by_sampled_chains,
    k_states_halton,
    k_states_qmc,
    losses_counted,
    losses_enumerated,
    losses_sampled,
)

LOG2, PI2 = sp.log(2), sp.pi**2
RATE = sp.Rational(1, 6) + PI2 / 9 - sp.Rational(2, 3) * (LOG2 + LOG2**2)
FLAT = "flat prior, x_1 ~ pi"
NUMBERS = {3: (0.4113, 0.9786, 0.8189), 4: (0.3004, 1.2864, 1.0741), 8: (0.1391, 2.0240, 1.7161)}
LEFT = {
    8: {"uniform": 0.21226, "unigram": 0.11395, "bigram": 0.07596, "bayes": 0.07180},
    100: {"uniform": 0.21226, "unigram": 0.08734, "bigram": 0.00934, "bayes": 0.00927},
}
RATIOS = {2: 3.98, 3: 2.56, 4: 2.03, 8: 1.36}
STATES = {"D": 1.0, "ratio": 2.0, "B/A": RATIOS}

CLAIMS = (
    ledger.supported("x-constants-closed", "beyond the paper",
        "k = 2: E sum pi^2, E H(pi) and the entropy rate in closed form",
        r"E\sum_i\pi_i^2=2-2\log2,\quad E\,H(\pi)=2\log2-\tfrac{\pi^2}{12},\quad "
        r"E\,h=\tfrac16+\tfrac{\pi^2}9-\tfrac23(\log2+\log^22)",
        {2: (2 - 2 * LOG2, 2 * LOG2 - PI2 / 12, RATE)}, by_parts, by_gauss_rules, by_sampled_chains,
        wrong=({2: (2 - 2 * LOG2, 2 * LOG2 - PI2 / 12, sp.Rational(1, 2))},
               {2: (2 - 2 * LOG2, 2 * LOG2 - PI2 / 6, RATE)},
               {2: (2 - 2 * LOG2, 2 * LOG2 - PI2 / 12, RATE + sp.Rational(4, 3) * LOG2**2)},
               {2: (2 * LOG2 - 1, 2 * LOG2 - PI2 / 12, RATE)}), assume=(FLAT, "k = 2"),
        note="0.61371, 0.56383, 0.48089 nats. In infinite contexts uniform leaves log 2 - h = "
        "0.21226, unigram H(pi) - h = 0.08294, bigram nothing; with a = b the first two both leave "
        "log 2 - 1/2."),
    ledger.supported("x-constants-k", "beyond the paper",
        "k = 3, 4, 8: E sum pi^2, E H(pi) and the entropy rate, numerically",
        r"(E\sum_i\pi_i^2,E\,H(\pi),E"
        r"\,h)=(0.4113,0.9786,0.8189),(0.3004,1.2864,1.0741),(0.1391,2.0240,1.7161)"
        r"\quad(k=3,4,8)", NUMBERS, by_qmc, by_halton_points,
        wrong=[NUMBERS | {k: tuple(x + 0.001 * (n == which) for n, x in enumerate(NUMBERS[k]))}
               for k in NUMBERS for which in range(3)], assume=(FLAT, "rounded to four decimals")),
    ledger.supported("x-constants-strategies", "beyond the paper",
        "k = 2: KL from the truth to uniform, unigram, bigram and Bayes at T = 8 and 100",
        r"T=8:(0.21226,0.11395,0.07596,0.07180);\quad T=100:(0.21226,0.08734,0.00934,0.00927)",
        LEFT, losses_counted, losses_enumerated, losses_sampled,
        wrong=[{T: row | {"bigram": row["bigram"] * 1.1} for T, row in LEFT.items()}],
        assume=(FLAT, "k = 2", "one added to every count; Bayes knows that x_1 ~ pi"),
        needs=("x-constants-closed", "x-remark-2.1-total"),
        note="Knowing the law of x_1 is worth 0.004 nats at T = 8 and 0.00007 at T = 100."),
    ledger.supported("x-constants-bigram-law", "beyond the paper",
        "the bigram strategy leaves k (k - 1) / (2 T)",
        r"T\,\mathrm{KL}_{bigram}(T)\to\tfrac{k(k-1)}2",
        lambda k: k * (k - 1) / 2, bigram_law_counted, bigram_law_sampled,
        wrong=(lambda k: k**2 / 2, lambda k: (k - 1) / 2), assume=FLAT,
        note="Row m is estimated from T pi_m visits, (k - 1)/(2 T pi_m) nats each time it is used, "
        "which is with chance pi_m. The approach is as log(T)/T."),
    ledger.supported("x-k-states", "beyond the paper",
        "Lemma 3.1 for k states: D = E sum pi^2 - 1/k ~ k^-2, B/A = 1 + 2/k + ...",
        r"D=kB+k(k-1)A=E\sum_i\pi_i^2-\tfrac1k,\quad "
        r"k^2D\to1,\quad k(B/A-1)\to2;\quad B/A=3.98,2.56,2.03,1.36\ (k=2,3,4,8)",
        STATES, k_states_qmc, k_states_halton,
        wrong=[*(STATES | {"B/A": RATIOS | {k: x + 0.05}} for k, x in RATIOS.items()),
               STATES | {"ratio": 1.0}, STATES | {"ratio": 3.0}, STATES | {"D": 0.5}],
        assume=("flat prior", "every hinge active"), needs=("A.32", "A.33", "A.37", "x-modes-rank"),
        note="A = 0.01142, 0.00570, 0.00250, 0.00021 and D = 0.1137, 0.0780, 0.0504, 0.0141 "
        "for k = 2, 3, 4, 8. With many states the first step hardly prefers the diagonal."),
)  # fmt: skip
