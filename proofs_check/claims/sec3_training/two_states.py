"""Fig. 12 (top): transformers on two states, which learn in two ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proofs_check.claims.sec3_training.learning import SETTING, THREE
from proofs_check.claims.sec3_training.learning_routes import USED
from proofs_check.experiments.transformers import experiment_runs, stage_names, use_of_order
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict
from sim.runs.trajectory import Trajectory

SEEDS = 10
RUNS = experiment_runs(SEEDS, lambda _: {"k": 2, "length": 100, "examples": 128_000})
# attention of layer 1 to the token before: an untrained model has 0.042
ATTENDS, AVOIDS = 0.5, 1e-3
# final KL over that of the bigram strategy
NEAR, FAR = 2.2, 3.0

Runs = Callable[[Any], list[Trajectory]]


def passes(runs: Runs) -> Callable[[dict[str, Any]], Finding]:
    """Runs that are in turn nearest to the stated strategies."""

    def find(stated: dict[str, Any]) -> Finding:
        found = runs(stated)
        good = sum(stage_names(run) == tuple(stated["stages"]) for run in found)
        return Finding(float(len(found) - good), 0.0, f"{good} of {len(found)} runs")

    return find


def ends(runs: Runs) -> Callable[[dict[str, Any]], Finding]:
    """Runs whose final model uses the order of the context if the last stage does."""

    def find(stated: dict[str, Any]) -> Finding:
        found, counting = runs(stated), stated["stages"][-1] in ("uniform", "unigram")
        used = [use_of_order(run, len(run) - 1) for run in found]
        good = sum((value <= USED) == counting for value in used)
        return Finding(
            float(len(found) - good), 0.0,
            f"{good} of {len(found)} runs; use of order {min(used):.2f} to {max(used):.2f}",
        )  # fmt: skip

    return find


def kinds(runs: Runs) -> Callable[[dict[str, int]], Finding]:
    """How many first layers attend to the token before, and how many avoid it."""

    def find(stated: dict[str, int]) -> Finding:
        scores = [float(run.measures["previous_token"][-1]) for run in runs(stated)]
        return _counted(
            stated,
            sum(score > ATTENDS for score in scores),
            sum(score < AVOIDS for score in scores),
            "attention to the token before: " + ", ".join(f"{s:.2g}" for s in sorted(scores)),
        )

    return find


def losses(runs: Runs) -> Callable[[dict[str, int]], Finding]:
    """The same two kinds by what they leave of the loss."""

    def find(stated: dict[str, int]) -> Finding:
        ratios = [
            float(run.measures["kl_truth"][-1] / run.baselines["bigram"]) for run in runs(stated)
        ]
        return _counted(
            stated,
            sum(ratio < NEAR for ratio in ratios),
            sum(ratio > FAR for ratio in ratios),
            "final KL over that of bigrams: " + ", ".join(f"{r:.2f}" for r in sorted(ratios)),
        )

    return find


def _counted(stated: dict[str, int], attend: int, avoid: int, detail: str) -> Finding:
    gap = max(abs(attend - stated["attend"]), abs(avoid - stated["avoid"]))
    # one run may fall on the other side where floats are rounded differently
    return Finding(float(gap), 1.0, detail)


CLAIMS = (
    Claim(
        id="fig-12",
        source="Fig. 12 (top)",
        title="two states: uniform, unigram, bigram in turn",
        printed=Statement(
            r"k=2,\ T=100,\ 128{,}000\text{ examples: uniform}\to\text{unigram}\to\text{bigram}",
            {"stages": THREE},
        ),
        routes=(
            Route("simulation", "nearest strategy on held-out sequences", passes(RUNS)),
            Route("intervention", "final predictions after shuffling the context", ends(RUNS)),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(SETTING, "width 16, one head, relative positions", "all of 10 seeds"),
        depends_on=("x-two-states-heads",),
        note="Nearest, not near: see x-two-states-heads.",
        minutes=1.5,
    ),
    Claim(
        id="x-two-states-heads",
        source="beyond the paper; Fig. 12 (top)",
        title="two states: half of the first layers attend to the token before, others avoid it",
        printed=Statement(
            r"\text{of 10 seeds 5 attend to the token before }(>0.5)\text{, 4 avoid it }(<0.001)"
            r"\text{ and attend evenly to the rest}",
            {"attend": 5, "avoid": 4},
        ),
        routes=(
            Route("attention", "attention of layer 1 to the token before", kinds(RUNS)),
            Route("simulation", "final loss on held-out sequences", losses(RUNS)),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(SETTING, "width 16, one head, relative positions"),
        note="With two states all tokens but the one before say the same as that one with the sign "
        "turned, on the ground of all counts. Such a model uses the order of its context from the "
        "unigram stage on and ends at three to four times the bigram strategy's loss; its "
        "positional encoding has the alternating pattern that the caption points at. Four times as "
        "many examples leave it in its way, at 2.7 to 3.1 times that loss.",
        minutes=1.5,
    ),
)
