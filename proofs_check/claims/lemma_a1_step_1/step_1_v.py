"""(A.34)-(A.36): the first step of v, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from proofs_check import ledger
from proofs_check.ledger.normal import vanishes
from proofs_check.methods import derivatives_in_v as in_v
from proofs_check.methods.symbols import CROSS, HALF, PI, a, b, j, lam, n, p, t


@ledger.symbolic("p = 2, j = 1, every chain", detail="sum of the subtracted logits, less 2")
def subtracted(value: str) -> bool:
    all_states, one, two = 2 * sum(in_v.chain_pi()), in_v.returns(1), in_v.returns(2)
    total = {"states": all_states, "tokens": 2 + 2 * one, "next token": 2 * (one + two)}
    return vanishes(total[value] - 2)


@ledger.enumeration(in_v.MODEL, 1e-12, "p = 2, j = 1: the k logits add up to p - j + 1 = 2")
def subtracted_enumerated(value: str) -> Iterator[float]:
    tokens = {"tokens": ("x_1", "x_2"), "next token": ("next", "next")}
    targets = (0, 1) if value == "states" else tokens[value]
    for chain in in_v.CHAINS:
        yield sum(in_v.derivative(chain, 1, 2, in_v.ALL_ONES, target) for target in targets) - 2


SQUARES = (a - 1) ** 2 + (b - 1) ** 2
COUNT = p - j + 1
PRINTED_34 = {i: PI[i] * COUNT for i in range(2)}
PRINTED_35 = {
    "next summand": ((b - 1) * ((a - 1) * lam ** (n + 1) + b - 1)
                     + (a - 1) * ((b - 1) * lam ** (n + 1) + a - 1)) / (lam - 1) ** 2,
    "next": 2 * CROSS / (lam - 1) ** 2 * (lam ** (p + 1 - j) - 1) / (1 - 1 / lam)
    + SQUARES / (lam - 1) ** 2 * COUNT,
}  # fmt: skip
PRINTED_36 = {
    "position": (SQUARES * COUNT + 2 * CROSS * (lam ** (p - j + 1) - 1) / (1 - 1 / lam))
    / (lam - 1) ** 2 - COUNT / 2,
    "update": (t - j + 1) * (t - j + 2) / 2 * (SQUARES / (lam - 1) ** 2 - HALF)
    + 2 * lam * CROSS / (lam - 1) ** 3 * ((lam - lam ** (t - j + 2)) / (1 - lam) - t + j - 1),
}  # fmt: skip

START = ("1 <= j <= p", "W = c 11^T, per unit c")
ASSUME = ("k = 2, x_1 stationary, lambda not 0 or 1", *START)

CLAIMS = (
    ledger.proved("A.34", 20, "expected derivative of a logit in v_j at the start",
        r"E[\partial f_{p,i}/\partial v_j]=c\,\pi_i(p-j+1)1\{j\le p\}",
        PRINTED_34, *in_v.logits(in_v.ALL_ONES, in_v.EVERY_V),
        wrong=[{i: PI[i] * (p - j) for i in range(2)}, {i: PI[1 - i] * COUNT for i in range(2)}],
        assume=ASSUME),
    ledger.proved("A.35", 21, "expected derivative of the true logit in v_j at the start",
        r"E[\partial f_{p,x_{p+1}}/\partial v_j]=c"
        r"\Big(2\frac{(a-1)(b-1)}{(\lambda-1)^2}\frac{\lambda^{p+1-j}-1}{1-\lambda^{-1}}+"
        r"\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}(p-j+1)\Big)1\{j\le p\}",
        PRINTED_35, *in_v.logits(in_v.ALL_ONES, in_v.EVERY_V),
        wrong=[PRINTED_35 | {"next": PRINTED_35["next"].subs(p, p + 1)},
               PRINTED_35 | {"next summand": -PRINTED_35["next summand"]}], assume=ASSUME,
        note="The value is the summand of line 6 and the last line; the lines between only "
        "rename."),
    ledger.corrected("A.36-line-2", "(A.36), line 2, p. 21",
        "which logits are subtracted in the loss gradient",
        (r"\frac1k\sum_{i=1}^kE[\partial f_{p,x_i}/\partial v_j]", "tokens"),
        (r"\frac1k\sum_{i=1}^kE[\partial f_{p,i}/\partial v_j]", "states"),
        subtracted, subtracted_enumerated, wrong=["next token"], assume=ASSUME,
        note="x_i is the token at position i; the sum runs over states i, as in (A.16). Later "
        "lines use the right one."),
    ledger.proved("A.36", "(A.36), lines 3 and 4, p. 21", "the first step of v in closed form",
        r"v_j^{(1)}=c+\frac{c\eta}tE_{a,b}\Big[\frac{(t-j+1)(t-j+2)}2"
        r"\Big(\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}-\frac12\Big)+2\lambda\frac{(a-1)(b-1)}{("
        r"\lambda-1)^3}\Big(\frac{\lambda-\lambda^{t-j+2}}{1-\lambda}-t+j-1\Big)\Big]",
        PRINTED_36, *in_v.update(in_v.ALL_ONES, in_v.EVERY_V),
        wrong=[PRINTED_36 | {"update": PRINTED_36["update"].subs(t, t - 1)},
               PRINTED_36 | {"position": PRINTED_36["position"] * 2}],
        assume=("k = 2, rows of P uniform, x_1 stationary", *START, "every hinge active"),
        needs=("A.34", "A.35")),
)  # fmt: skip
