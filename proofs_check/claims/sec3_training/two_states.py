"""Fig. 12 (top): transformers on two states, which learn in two ways."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from proofs_check import ledger
from proofs_check.claims.sec3_training.learning import (
    COUNTING,
    SETTING,
    SMALL,
    THREE,
    USED,
    Runs,
    counted,
    runs_of,
)
from proofs_check.experiments import judging
from proofs_check.ledger.compare import worst

# attention of layer 1 to the token before: an untrained model has 0.042
ATTENDS, AVOIDS = 0.5, 1e-3
# final KL over that of the bigram strategy
NEAR, FAR = 2.2, 3.0
# how many of the judged seeds are of either kind
BOTH = (2.0, 10.0)


@ledger.simulation("nearest strategy on held-out sequences")
def passes(stated: dict[str, Any], runs: Runs) -> ledger.Finding:
    """Runs that are in turn nearest to the stated strategies."""
    names = " ".join(stated["stages"])
    return counted((run["stages"] == names for run in runs(stated)), stated)


@ledger.intervention("final predictions after shuffling the context")
def ends(stated: dict[str, Any], runs: Runs) -> ledger.Finding:
    """Runs whose final model uses the order of the context if the last stage does."""
    counting = stated["stages"][-1] in COUNTING
    used = [run["use_of_order_end"] for run in runs(stated)]
    good = ((value <= USED) == counting for value in used)
    return counted(good, stated, f"use of order {min(used):.2f} to {max(used):.2f}")


def _shares(
    stated: dict[str, judging.Interval], attend: Iterable[bool], avoid: Iterable[bool], detail: str
) -> ledger.Finding:
    """Distance of the stated shares from those of these runs, interval from interval."""
    kinds = {"attend": list(attend), "avoid": list(avoid)}
    found = {name: judging.share(runs) for name, runs in kinds.items()}
    counts = [judging.gap(BOTH, (sum(runs), sum(runs))) for runs in kinds.values()]
    shown = ", ".join(f"{name} {low:.2f} to {high:.2f}" for name, (low, high) in found.items())
    apart = worst([*(judging.gap(stated[name], found[name]) for name in stated), *counts])
    return ledger.Finding(apart, 0.0, f"95% intervals of the shares: {shown}; {detail}")


@ledger.attention("attention of layer 1 to the token before")
def kinds(stated: dict[str, judging.Interval], runs: Runs) -> ledger.Finding:
    scores = sorted(run["previous_token_end"] for run in runs(stated))
    shown = ", ".join(f"{score:.2g}" for score in scores)
    return _shares(stated, [s > ATTENDS for s in scores], [s < AVOIDS for s in scores], shown)


@ledger.simulation("final loss on held-out sequences")
def losses(stated: dict[str, judging.Interval], runs: Runs) -> ledger.Finding:
    """The same two kinds by what they leave of the loss."""
    ratios = sorted(run["end"] / run["level_bigram"] for run in runs(stated))
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return _shares(stated, [r < NEAR for r in ratios], [r > FAR for r in ratios], shown)


RUNS = runs_of("two-states")

# 95% intervals from 5 and 4 of the ten seeds 0 to 9
_SHARES = {"attend": (0.19, 0.81), "avoid": (0.12, 0.74)}

CLAIMS = (
    ledger.measured("fig-12", "Fig. 12 (top)", "two states: uniform, unigram, bigram in turn",
        r"k=2,\ T=100,\ 128{,}000\text{ examples: uniform}\to\text{unigram}\to\text{bigram}",
        {"stages": THREE, "misses": 1}, passes.given(runs=RUNS), ends.given(runs=RUNS),
        wrong=({"stages": THREE[:2], "misses": 1},),
        assume=(SETTING, SMALL, "at least 11 of 12 seeds"),
        needs="x-two-states-heads", records="two-states",
        note="Nearest, not near: see x-two-states-heads."),
    ledger.measured("x-two-states-heads", "beyond the paper; Fig. 12 (top)",
        "two states: some first layers attend to the token before, others avoid it",
        r"\text{a share of 0.19 to 0.81 of all seeds attends to the token before }(>0.5)"
        r"\text{, one of 0.12 to 0.74 avoids it }(<0.001)\text{ and attends evenly to the rest}"
        r"\text{; at least two of 12 seeds each}",
        _SHARES, kinds.given(runs=RUNS), losses.given(runs=RUNS),
        wrong=(_SHARES | {"attend": (0.9, 1.0)}, _SHARES | {"avoid": (0.0, 0.05)},
               _SHARES | {"avoid": (0.9, 1.0)}),
        assume=(SETTING, SMALL), records="two-states",
        note="Read from seeds 0 to 9, of which 5 attend and 4 avoid, and judged on 12 others. "
        "With two states all tokens but the one before say the same as that one with "
        "the sign turned, on the ground of all counts. Such a model uses the order of its context "
        "from the unigram stage on and ends at three to four times the bigram strategy's loss; its "
        "positional encoding has the alternating pattern that the caption points at."),
)  # fmt: skip
