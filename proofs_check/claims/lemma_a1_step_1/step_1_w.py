"""Lemma A.1, first step, gradient in W for one chain: (A.17)-(A.24), line by line."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import sympy as sp

from proofs_check.claims.lemma_a1.appendix_setup_routes import A9_ROUTES, PRINTED_P
from proofs_check.claims.lemma_a1_step_1 import step_1_w_routes as on
from proofs_check.claims.lemma_a1_step_1 import step_1_w_terms_routes as terms
from proofs_check.claims.lemma_a1_step_1.step_1_w_routes import (
    HALF,
    a,
    ab,
    b,
    c,
    i,
    k,
    lam,
    p,
    s,
    t,
    t1,
)
from proofs_check.claims.lemma_a1_step_1.step_1_w_terms_routes import (
    NEXT,
    Given,
    Joint,
    P_mi,
    Power,
    Start,
    Term,
)
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict, exactly
from proofs_check.ledger.compare import worst
from proofs_check.ledger.normal import vanishes
from theory import notation

SETTING = ("W = c 11^T, v = c 1, c > 0", "x_1 stationary, P[x_t = i] = pi_i at every t",
           "Delta above c^2 T (T + 1) / 2, so that every hinge is active")  # fmt: skip
TWO = ("k = 2", "0 < a, b < 1, lambda not 0")
n = notation.n

# (A.17), (A.18): expressions in the tokens x[1], ..., x[p]
x, W = sp.IndexedBase("x", integer=True), sp.IndexedBase("W")
m, l = sp.symbols("m l", integer=True)  # noqa: E741
delta = sp.KroneckerDelta
SLOPE = c * sp.Sum(delta(x[t1], i) * sp.Sum(delta(x[p], m) * delta(x[s], l), (s, 1, t1)),
                   (t1, 1, p))  # fmt: skip


def _slope_symbolic(value: sp.Expr) -> Finding:
    """SymPy's derivative of (A.10) at v = c 1 by W[m, l], with symbolic p and tokens."""
    inner = sp.Sum(W[x[p], x[s]], (s, 1, t1))
    f = c * sp.Sum(delta(x[t1], i) * inner, (t1, 1, p))
    derived = sp.diff(f, W[m, l])
    rename = {delta(m, x[p]): delta(x[p], m), delta(l, x[s]): delta(x[s], l)}
    same = sp.expand(derived.xreplace(rename) - value) == 0
    return exactly(bool(same), "for symbolic p, tokens, m, l and i")


def _slope_enumerated(value: sp.Expr) -> Finding:
    """f is linear in W: its slope by W_ml is f at W = E_ml, for every sequence."""
    wrong = checked = 0
    for size, T in ((2, 3), (3, 2)):
        for last, *index in product(range(1, T + 1), *[range(size)] * 3):
            printed = value.subs(dict(zip((i, m, l), index, strict=True)) | {p: last, c: on.INIT})
            printed = printed.doit()
            E_ml = tuple(tuple(int([r, q] == index[1:]) for q in range(size)) for r in range(size))
            for tokens in product(range(size), repeat=T + 1):
                known = {x[r]: tokens[r - 1] for r in range(1, T + 1)}
                f = on.logits(tokens, E_ml, on.INIT)[last - 1][index[0]]
                wrong += printed.subs(known).doit() != f
                checked += 1
    return Finding(wrong, 0.0, f"{checked} slopes, integers compared")


# (A.19)-(A.21)
THREE = Joint((("s", "l"), ("t'", "i"), ("p", "m")))
MATCH = Joint((("s", "l"), ("t'", NEXT), ("p", "m")))
FOUR = Joint((("p+1", "i"), ("s", "l"), ("t'", "i"), ("p", "m")))
LATE, EARLY = Power("i", "m", p - t1), Power("l", "i", t1 - s)
EXCESS = c / t * (P_mi - 1 / k)
A21 = (
    (r"\frac ct\sum P[x_s=l,x_{t'}=x_{p+1},x_p=m]-\frac c{tk}\sum_i\sum P[x_s=l,x_{t'}=i,x_p=m]",
     (Term(c / t, (MATCH,), over_i=False), Term(-c / (t * k), (THREE,)))),
    (r"\frac ct\sum_i\sum P[x_{p+1}=i,x_s=l,x_{t'}=i,x_p=m]"
     r"-\frac c{tk}\sum_i\sum P[x_s=l,x_{t'}=i,x_p=m]",
     (Term(c / t, (FOUR,)), Term(-c / (t * k), (THREE,)))),
    (r"\frac ct\sum_i(P_{mi}-\frac1k)\sum P[x_s=l,x_{t'}=i,x_p=m]", (Term(EXCESS, (THREE,)),)),
    (r"\frac ct\sum_i(P_{mi}-\frac1k)\sum P[x_p=m|x_{t'}=i]P[x_{t'}=i|x_s=l]P[x_s=l]",
     (Term(EXCESS, (Given(("p", "m"), ("t'", "i")), Given(("t'", "i"), ("s", "l")),
                    Start("l"))),)),
    (r"\frac ct\sum_i(P_{mi}-\frac1k)\sum(P^{p-t'})_{im}(P^{t'-s})_{li}\pi_l",
     (Term(EXCESS, (LATE, EARLY, Start("l"))),)),
)  # fmt: skip
LINE_ROUTES = (
    Route("symbolic", "summand for symbolic gaps, from the joint law", terms.line_symbolic),
    Route("enumeration", "hinge loss of all sequences, differentiated", terms.line_enumerated),
)

# (A.23): the two printed forms of P^n
LINE_1 = (1 / (a + b - 2), sp.Matrix([[1, (1 - a) / (b - 1)], [1, 1]]),
          sp.diag(1, a + b - 1), sp.Matrix([[b - 1, a - 1], [1 - b, b - 1]]))  # fmt: skip
BETA = sp.Matrix([[a - 1, 1 - a], [1 - b, b - 1]])
GAMMA = sp.Matrix([[b - 1, a - 1], [b - 1, a - 1]])
LINE_2 = (1 / (a + b - 2), BETA, GAMMA)
PRINTED_PI = sp.Matrix([[b - 1, a - 1]]) / (lam - 1)


def _power(value: tuple, exponent: sp.Expr) -> sp.Matrix:
    """The printed P^n: scale (V D^n U), or scale (beta lambda^n + gamma)."""
    scale, first, *rest = value
    if len(rest) == 2:
        D = sp.diag(*(rest[0][j, j] ** exponent for j in range(2)))
        return scale * first * D.subs(a + b - 1, lam) * rest[1]
    return scale * (first * lam**exponent + rest[0])


def _power_symbolic(value: tuple) -> Finding:
    """Induction on n: the identity at n = 0, and P^n P = P^(n+1)."""
    P = sp.Matrix([[a, 1 - a], [1 - b, b]])
    start = (_power(value, sp.Integer(0)) - sp.eye(2)).subs(ab)
    step = (_power(value, n + 1) - _power(value, n) * P).subs(ab)
    return exactly(all(map(vanishes, [*start, *step])), "induction on n, symbolic a, b and n")


def _power_enumerated(value: tuple) -> Finding:
    wrong = checked = 0
    for point in on.POINTS:
        known = {a: point[0], b: point[1], lam: sum(point) - 1}
        for exponent in range(7):
            found = _power(value, sp.Integer(exponent)).subs(known)
            wrong += found != on.at(*point).power(exponent)
            checked += 1
    return Finding(wrong, 0.0, f"{checked} powers by repeated multiplication, rationals compared")


def _pi_symbolic(value: dict) -> Finding:
    row, P = value["pi"], sp.Matrix([[a, 1 - a], [1 - b, b]])
    rest = (row * P - value["eigenvalue"] * row).subs(ab)
    return exactly(
        all(map(vanishes, rest)) and vanishes((sum(row) - 1).subs(ab)),
        "pi P = eigenvalue * pi and pi 1 = 1, symbolic a and b",
    )


def _pi_spectral(value: dict) -> Finding:
    """Against LAPACK's left eigenvector of the eigenvalue named."""
    residuals = []
    for point in ((0.3, 0.9), (0.2, 0.1), (0.85, 0.6)):
        known = {a: point[0], b: point[1], lam: sum(point) - 1}
        row = np.array(value["pi"].subs(known).tolist(), dtype=float)[0]
        eigenvalues, left = np.linalg.eig(np.array(PRINTED_P.subs(known).tolist(), dtype=float).T)
        chosen = np.argmin(np.abs(eigenvalues - float(sp.sympify(value["eigenvalue"]).subs(known))))
        vector = left[:, chosen]
        # parallel to the eigenvector, and of unit sum
        residuals += [abs(row[0] * vector[1] - row[1] * vector[0]), abs(row.sum() - 1)]
    return Finding(worst(residuals), 1e-14, "three chains, lambda of both signs")


PI_ROUTES = (
    Route("symbolic", "pi P = eigenvalue * pi, rational functions", _pi_symbolic),
    Route("spectral", "left eigenvectors by LAPACK", _pi_spectral),
)

# (A.24): expressions in the elements of beta and gamma
beta_im, beta_li, gamma_im, gamma_li, pi_l = sp.symbols("beta_im beta_li gamma_im gamma_li pi_l")
SCALE = c / (t * (lam - 1) ** 2)
A24 = (
    SCALE * (P_mi - HALF) * (beta_im * lam ** (p - t1) + gamma_im)
    * (beta_li * lam ** (t1 - s) + gamma_li) * pi_l,
    SCALE * pi_l * (P_mi - HALF)
    * (beta_im * beta_li * lam ** (p - s) + beta_im * gamma_li * lam ** (p - t1)
       + beta_li * gamma_im * lam ** (t1 - s) + gamma_im * gamma_li),
)  # fmt: skip


def _summand(value: sp.Expr, m: int, l: int, known: dict) -> sp.Expr:  # noqa: E741
    """Sum over i of the printed summand, beta and gamma read off (A.23)."""
    out = sp.Integer(0)
    for state in range(2):
        out += value.subs(
            {beta_im: BETA[state, m], beta_li: BETA[l, state], gamma_im: GAMMA[state, m],
             gamma_li: GAMMA[l, state], pi_l: PRINTED_PI[l], P_mi: PRINTED_P[m, state]}
        ).subs(known)  # fmt: skip
    return out


def _spectral_symbolic(value: sp.Expr) -> Finding:
    good = all(
        vanishes(_summand(value, m, l, ab) - c / t * on.pair_mean(m, l))
        for m, l in on.PAIRS  # noqa: E741
    )
    return exactly(good, "the summand for all gaps p - t', t' - s and every chain")


def _spectral_enumerated(value: sp.Expr) -> Finding:
    wrong = checked = 0
    for point, T in zip(on.POINTS, (4, 3), strict=True):
        known = {a: point[0], b: point[1], lam: sum(point) - 1, c: on.INIT, t: T}
        truth = on.gradient(on.at(*point), T)
        for m, l in on.PAIRS:  # noqa: E741
            summand = _summand(value, m, l, known)
            found = sum(summand.subs({p: x, t1: y, s: z}) for x, y, z in on.triples(T))
            wrong += found != truth[m, l]
            checked += 1
    return Finding(wrong, 0.0, f"{checked} entries in rational arithmetic, T = 3, 4")


SPECTRAL_ROUTES = (
    Route("symbolic", "summand for symbolic gaps, from the joint law", _spectral_symbolic),
    Route("enumeration", "hinge loss of all sequences, differentiated", _spectral_enumerated),
)
SLOPE_ROUTES = (
    Route("symbolic", "derivative of (A.10) with symbolic tokens", _slope_symbolic),
    Route("enumeration", "slopes of the logits of all sequences", _slope_enumerated),
)
POWER_ROUTES = (
    Route("symbolic", "induction on n", _power_symbolic),
    Route("enumeration", "repeated multiplication", _power_enumerated),
)


def _logit_routes(next_token: bool) -> tuple[Route, ...]:
    return (
        Route("symbolic", "from the joint law of four states",
              partial(terms.logit_symbolic, next_token=next_token)),
        Route("enumeration", "mean slope over all sequences",
              partial(terms.logit_enumerated, next_token=next_token)),
    )  # fmt: skip


def _proved(
    id: str,
    source: str,
    title: str,
    printed: Statement,
    routes: tuple[Route, ...],
    *assume: str,
    note: str = "",
) -> Claim:
    return Claim(id, source, title, printed, routes, Verdict.PROVED, assumptions=assume, note=note)


TWO_THEN_THREE = "The symbolic route is for k = 2; k = 3 is enumerated."

CLAIMS = (
    _proved("A.17", "(A.17), p. 16", "gradient of a logit in W, as a matrix", Statement(
        r"\nabla_Wf(e)_{p,i}=c\sum_{t'=1}^p\mathbb 1\{x_{t'}=i\}\sum_{s=1}^{t'}e_{x_p}e_{x_s}^\top",
        SLOPE), SLOPE_ROUTES, "v = c 1"),
    _proved("A.18", "(A.18), p. 16", "gradient of a logit in W, entry m, l", Statement(
        r"(\nabla_Wf(e)_{p,i})_{m,l}=c\sum_{t'=1}^p\mathbb 1\{x_{t'}=i\}\sum_{s=1}^{t'}"
        r"\mathbb 1\{x_p=m\}\mathbb 1\{x_s=l\}", SLOPE), SLOPE_ROUTES, "v = c 1"),
    _proved("A.19", "(A.19), p. 16", "mean gradient of logit i", Statement(
        r"E[(\nabla_Wf(e)_{p,i})_{m,l}]=c\sum_{t'=1}^p\sum_{s=1}^{t'}P[x_s=l,x_{t'}=i,x_p=m]",
        (Term(c, (THREE,), over_i=False),)), _logit_routes(False), *SETTING[:2],
        note=TWO_THEN_THREE),
    _proved("A.20", "(A.20), p. 16", "mean gradient of the ground-truth logit", Statement(
        r"E[(\nabla_Wf(e)_{p,x_{p+1}})_{m,l}]=c\sum_{t'=1}^p\sum_{s=1}^{t'}"
        r"P[x_s=l,x_{t'}=x_{p+1},x_p=m]",
        (Term(c, (MATCH,), over_i=False),)), _logit_routes(True), *SETTING[:2],
        note=TWO_THEN_THREE),
    *(
        _proved(f"A.21-line-{number}", f"(A.21), line {number}, p. 17",
                f"gradient in W for one chain, line {number} of 5",
                Statement(rf"-\nabla_WE[L|P]={latex}", line), LINE_ROUTES, *SETTING,
                note=TWO_THEN_THREE + " The element m, l is "
                "meant, which the left-hand side does not say.")
        for number, (latex, line) in enumerate(A21, start=1)
    ),
    _proved("A.22", "(A.22), p. 17", "the two-state transition matrix, again", Statement(
        r"P=\begin{pmatrix}a&1-a\\1-b&b\end{pmatrix},\ a,b\sim U([0,1])", PRINTED_P), A9_ROUTES),
    _proved("A.23-line-1", "(A.23), line 1, p. 17", "eigendecomposition of P^n", Statement(
        r"P^n=\frac1{a+b-2}\begin{pmatrix}1&\frac{1-a}{b-1}\\1&1\end{pmatrix}\begin{pmatrix}1&0\\"
        r"0&a+b-1\end{pmatrix}^n\begin{pmatrix}b-1&a-1\\1-b&b-1\end{pmatrix}", LINE_1),
        POWER_ROUTES, *TWO[:1], "b < 1",
        note="P is diagonalizable always, not only almost surely: the eigenvalues coincide only "
        "at a = b = 1, where P = I. This basis, though, needs b < 1."),
    _proved("A.23", "(A.23), line 2, p. 17", "the n-th power of P", Statement(
        r"P^n=\frac1{a+b-2}\begin{pmatrix}(a-1)\lambda^n+b-1&(1-a)\lambda^n+a-1\\"
        r"(1-b)\lambda^n+b-1&(b-1)\lambda^n+a-1\end{pmatrix},\ \lambda=a+b-1", LINE_2),
        POWER_ROUTES, *TWO[:1], "not a = b = 1",
        note="Read as (beta_ij lambda^n + gamma_ij) / (lambda - 1), as the text says."),
    _proved("A.23-pi", "below (A.23), p. 17", "the stationary distribution", Statement(
        r"\pi=\frac1{\lambda-1}(b-1,\ a-1)", {"pi": PRINTED_PI, "eigenvalue": 1}),
        PI_ROUTES, *TWO[:1], "not a = b = 1"),
    Claim(
        id="A.23-pi-prose",
        source="below (A.23), p. 17",
        title="pi is an eigenvector of the eigenvalue 1, not of lambda",
        printed=Statement(r"\pi\text{ is the normalized eigenvector that corresponds to }\lambda",
                          {"pi": PRINTED_PI, "eigenvalue": lam}),
        corrected=Statement(r"\pi P=\pi:\ \pi\text{ is the left eigenvector of the eigenvalue }1",
                            {"pi": PRINTED_PI, "eigenvalue": 1}),
        routes=PI_ROUTES,
        expected=Verdict.CORRECTED,
        assumptions=(*TWO[:1], "not a = b = 1"),
        note="The left eigenvector of lambda is (1, -1), which has sum 0 and cannot be a "
        "distribution; nothing after it uses the wrong word.",
    ),
    *(
        _proved(id, f"(A.24), line {number}, p. 17",
                f"gradient in W by powers of lambda, line {number}",
                Statement(latex, A24[number - 1]), SPECTRAL_ROUTES, *SETTING, *TWO)
        for number, id, latex in (
            (1, "A.24-line-1", r"-\nabla_WE[L|P]=\frac c{t(\lambda-1)^2}\sum_i(P_{mi}-\tfrac12)\sum"
             r"(\beta_{im}\lambda^{p-t'}+\gamma_{im})(\beta_{li}\lambda^{t'-s}+\gamma_{li})\pi_l"),
            (2, "A.24-line-2", r"\frac{c\pi_l}{t(\lambda-1)^2}\sum_i(P_{mi}-\tfrac12)\sum("
             r"\beta_{im}\beta_{li}\lambda^{p-s}+\beta_{im}\gamma_{li}\lambda^{p-t'}+\beta_{li}\gamma_{im}"
             r"\lambda^{t'-s}+\gamma_{im}\gamma_{li})"),
        )
    ),
)  # fmt: skip
