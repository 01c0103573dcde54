"""Beyond the paper: constants of the task, what strategies leave, and Lemma 3.1 for k states."""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.beyond.kernel import constants_routes as route
from proofs_check.ledger import Claim, Route, Statement, Verdict

LOG2, PI2 = sp.log(2), sp.pi**2
FLAT = "flat prior, x_1 ~ pi"

CLAIMS = (
    Claim(
        id="x-constants-closed",
        source="beyond the paper",
        title="k = 2: E sum pi^2, E H(pi) and the entropy rate in closed form",
        printed=Statement(
            r"E\sum_i\pi_i^2=2-2\log2,\quad E\,H(\pi)=2\log2-\tfrac{\pi^2}{12},\quad "
            r"E\,h=\tfrac16+\tfrac{\pi^2}9-\tfrac23(\log2+\log^22)",
            {
                "sum_pi_squared": 2 - 2 * LOG2,
                "stationary_entropy": 2 * LOG2 - PI2 / 12,
                "entropy_rate": sp.Rational(1, 6) + PI2 / 9 - sp.Rational(2, 3) * (LOG2 + LOG2**2),
            },
        ),
        routes=(
            Route("symbolic", "integrals by parts", route.closed_symbolic),
            Route("quadrature", "Gauss rules over the square of (a, b)", route.closed_quadrature),
            Route("simulation", "400,000 sampled chains", route.closed_sampled),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(FLAT, "k = 2"),
        note="0.61371, 0.56383, 0.48089 nats. In infinite contexts uniform leaves log 2 - h = "
        "0.21226, unigram H(pi) - h = 0.08294, bigram nothing; with a = b the first two both "
        "leave log 2 - 1/2.",
    ),
    Claim(
        id="x-constants-k",
        source="beyond the paper",
        title="k = 3, 4, 8: E sum pi^2, E H(pi) and the entropy rate, numerically",
        printed=Statement(
            r"(E\sum_i\pi_i^2,E\,H(\pi),E\,h)=(0.41131,0.97862,0.81893),"
            r"(0.30038,1.28642,1.07415),"
            r"(0.13909,2.02401,1.71607)\quad(k=3,4,8)",
            {
                3: (0.41131, 0.97862, 0.81893),
                4: (0.30038, 1.28642, 1.07415),
                8: (0.13909, 2.02401, 1.71607),
            },
        ),
        routes=(
            Route("quadrature", "randomised QMC with error bars", route.numbers_qmc),
            Route("simulation", "sampled chains", route.numbers_sampled),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(FLAT, "each to 2e-5"),
    ),
    Claim(
        id="x-constants-strategies",
        source="beyond the paper",
        title="k = 2: KL from the truth to uniform, unigram, bigram and Bayes at T = 8 and 100",
        printed=Statement(
            r"T=8:(0.21226,0.11395,0.07596,0.07180);\quad T=100:(0.21226,0.08734,0.00934,0.00927)",
            {
                8: {"uniform": 0.21226, "unigram": 0.11395, "bigram": 0.07596, "bayes": 0.07180},
                100: {"uniform": 0.21226, "unigram": 0.08734, "bigram": 0.00934, "bayes": 0.00927},
            },
        ),
        routes=(
            Route("spectral", "sums over transition counts", route.losses_counted),
            Route("enumeration", "every sequence, T = 8", route.losses_enumerated),
            Route("simulation", "20,000 sequences, T = 100", route.losses_sampled),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(FLAT, "k = 2", "one added to every count; Bayes knows that x_1 ~ pi"),
        depends_on=("x-constants-closed", "x-remark-2.1-total"),
        note="Knowing the law of x_1 is worth 0.004 nats at T = 8 and 0.00007 at T = 100.",
    ),
    Claim(
        id="x-constants-bigram-law",
        source="beyond the paper",
        title="the bigram strategy leaves k (k - 1) / (2 T)",
        printed=Statement(
            r"T\,\mathrm{KL}_{bigram}(T)\to\tfrac{k(k-1)}2", lambda k: k * (k - 1) / 2
        ),
        routes=(
            Route("spectral", "sums over counts, k = 2", route.bigram_law_counted),
            Route("simulation", "sampled sequences, k = 3", route.bigram_law_sampled),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(FLAT,),
        note="Row m is estimated from T pi_m visits, (k - 1)/(2 T pi_m) nats each time it is used, "
        "which is with chance pi_m. The approach is as log(T)/T.",
    ),
    Claim(
        id="x-k-states",
        source="beyond the paper",
        title="Lemma 3.1 for k states: D = E sum pi^2 - 1/k ~ k^-2, B/A = 1 + 2/k + ...",
        printed=Statement(
            r"D=kB+k(k-1)A=E\sum_i\pi_i^2-\tfrac1k,\quad k^2D\to1,\quad k(B/A-1)\to2;\quad "
            r"B/A=3.978,2.556(1),2.032(1),1.361(1)\ (k=2,3,4,8)",
            {"D": 1.0, "ratio": 2.0, "B/A": {2: 3.978, 3: 2.556, 4: 2.032, 8: 1.361}},
        ),
        routes=(
            Route("quadrature", "randomised QMC with error bars", route.k_states_qmc),
            Route("simulation", "sampled gradients, k = 3, 4, 8", route.k_states_sampled),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("flat prior", "every hinge active"),
        depends_on=("A.32", "A.33", "A.37", "x-modes-rank"),
        note="A = 0.011421, 0.005705, 0.002503, 0.0002106 and D = 0.113706, 0.07798, 0.05038, "
        "0.01409 for k = 2, 3, 4, 8. With many states the first step hardly prefers the diagonal.",
    ),
)  # fmt: skip
