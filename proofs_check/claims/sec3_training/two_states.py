"""Fig. 12 (top): transformers on two states, which learn in two ways."""

from __future__ import annotations

from typing import Any

from proofs_check import ledger
from proofs_check.claims.sec3_training.learning import COUNTING, SETTING, SMALL, THREE, USED, Runs
from proofs_check.experiments.transformers import experiment_runs, stage_names, use_of_order

# attention of layer 1 to the token before: an untrained model has 0.042
ATTENDS, AVOIDS = 0.5, 1e-3
# final KL over that of the bigram strategy
NEAR, FAR = 2.2, 3.0


@ledger.simulation("nearest strategy on held-out sequences")
def passes(stated: dict[str, Any], runs: Runs) -> list[bool]:
    return [stage_names(run) == tuple(stated["stages"]) for run in runs(stated)]


@ledger.intervention("final predictions after shuffling the context")
def ends(stated: dict[str, Any], runs: Runs) -> ledger.Finding:
    """Runs whose final model uses the order of the context if the last stage does."""
    counting = stated["stages"][-1] in COUNTING
    used = [use_of_order(run, len(run) - 1) for run in runs(stated)]
    bad = sum((value <= USED) != counting for value in used)
    return ledger.Finding(float(bad), 0.0, f"use of order {min(used):.2f} to {max(used):.2f}")


def _counted(stated: dict[str, int], attend: int, avoid: int, detail: str) -> ledger.Finding:
    gap = max(abs(attend - stated["attend"]), abs(avoid - stated["avoid"]))
    # one run may fall on the other side where floats are rounded differently
    return ledger.Finding(float(gap), 1.0, detail)


@ledger.attention("attention of layer 1 to the token before")
def kinds(stated: dict[str, int], runs: Runs) -> ledger.Finding:
    scores = sorted(float(run.measures["previous_token"][-1]) for run in runs(stated))
    attend, avoid = sum(s > ATTENDS for s in scores), sum(s < AVOIDS for s in scores)
    shown = ", ".join(f"{score:.2g}" for score in scores)
    return _counted(stated, attend, avoid, f"attention to the token before: {shown}")


@ledger.simulation("final loss on held-out sequences")
def losses(stated: dict[str, int], runs: Runs) -> ledger.Finding:
    """The same two kinds by what they leave of the loss."""
    found = runs(stated)
    ratios = sorted(float(r.measures["kl_truth"][-1] / r.baselines["bigram"]) for r in found)
    attend, avoid = sum(ratio < NEAR for ratio in ratios), sum(ratio > FAR for ratio in ratios)
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return _counted(stated, attend, avoid, f"final KL over that of bigrams: {shown}")


RUNS = experiment_runs(10, lambda _: {"k": 2, "length": 100, "examples": 128_000})

CLAIMS = (
    ledger.supported("fig-12", "Fig. 12 (top)", "two states: uniform, unigram, bigram in turn",
        r"k=2,\ T=100,\ 128{,}000\text{ examples: uniform}\to\text{unigram}\to\text{bigram}",
        {"stages": THREE}, passes.given(runs=RUNS), ends.given(runs=RUNS),
        wrong=({"stages": THREE[:2]},), assume=(SETTING, SMALL, "all of 10 seeds"),
        needs="x-two-states-heads", minutes=1.5, note="Nearest, not near: see x-two-states-heads."),
    ledger.supported("x-two-states-heads", "beyond the paper; Fig. 12 (top)",
        "two states: half of the first layers attend to the token before, others avoid it",
        r"\text{of 10 seeds 5 attend to the token before }(>0.5)"
        r"\text{, 4 avoid it }(<0.001)\text{ and attend evenly to the rest}",
        {"attend": 5, "avoid": 4}, kinds.given(runs=RUNS), losses.given(runs=RUNS),
        wrong=({"attend": 10, "avoid": 0}, {"attend": 4, "avoid": 6}), assume=(SETTING, SMALL),
        minutes=1.5,
        note="With two states all tokens but the one before say the same as that one with "
        "the sign turned, on the ground of all counts. Such a model uses the order of its context "
        "from the unigram stage on and ends at three to four times the bigram strategy's loss; its "
        "positional encoding has the alternating pattern that the caption points at. Four times as "
        "many examples leave it in its way, at 2.7 to 3.1 times that loss."),
)  # fmt: skip
