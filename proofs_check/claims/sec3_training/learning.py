"""Sec. 3.1, 3.3 and App. B: what the paper's transformers learn, over seeds."""

from __future__ import annotations

from proofs_check.claims.sec3_training import learning_routes as on
from proofs_check.experiments.transformers import experiment_runs
from proofs_check.figures.transformer import fig5, fig8, fig9, fig13
from proofs_check.ledger import Claim, Route, Statement, Verdict
from sim.models.transformer.model import Transformer

THREE = ("uniform", "unigram", "bigram")
_DEFAULT = Transformer.defaults.learning_rate
FIG_8 = fig8.SPEC.parameters["variants"]["k = 3"]
SETTING = "AdamW, learning rate 1e-3 (claim text-B-learning-rate), batches of 64, minGPT's start"


def _inside(runs: on.Runs) -> tuple[Route, ...]:
    return (
        *_routes(runs),
        Route("attention", "attention to the token before, and to what followed this token",
              on.heads(runs)),
    )  # fmt: skip


def _routes(runs: on.Runs) -> tuple[Route, Route]:
    return (
        Route("simulation", "nearest strategy and final loss on held-out sequences",
              on.stages(runs)),
        Route("intervention", "predictions after shuffling the context but its end",
              on.order(runs)),
    )  # fmt: skip


CLAIMS = (
    Claim(
        id="fig-8",
        source="Fig. 3 (top), Fig. 8, Sec. 3.1",
        title="two-layer transformers are uniform, unigram, bigram predictors in turn",
        printed=Statement(
            r"k=3,\ T=100,\ 128{,}000\text{ examples: uniform}\to\text{unigram}\to\text{bigram, "
            r"and near the bigram loss at the end, for at least 9 of 10 seeds}",
            {"stages": THREE, "misses": 1},
        ),
        routes=_inside(on.runs_of(fig8.SPEC)),
        expected=Verdict.SUPPORTED,
        assumptions=(SETTING, "width 16, one head, relative positions"),
        note="a seed may settle between unigram and bigram loss: near means within a quarter of "
        "the way from one to the other",
        minutes=1.5,
    ),
    Claim(
        id="fig-9",
        source="Fig. 9",
        title="the same three stages with eight states and contexts of 200",
        printed=Statement(
            r"k=8,\ T=200:\ \text{uniform}\to\text{unigram}\to\text{bigram}",
            {"stages": THREE, "misses": 0},
        ),
        routes=_inside(on.runs_of(fig9.SPEC)),
        expected=Verdict.SUPPORTED,
        assumptions=(SETTING, "width 16, one head, relative positions"),
        minutes=2.5,
    ),
    Claim(
        id="fig-5",
        source="Fig. 5, Sec. 3.3",
        title="three heads learn trigrams in four stages",
        printed=Statement(
            r"T=200,\ \text{order }2:\ \text{uniform}\to\text{unigram}\to\text{bigram}\to"
            r"\text{trigram}",
            {"stages": (*THREE, "trigram"), "misses": 0},
        ),
        routes=_routes(on.runs_of(fig5.SPEC, "three heads")),
        expected=Verdict.SUPPORTED,
        assumptions=(SETTING, "k = 2, two layers of three heads, width 48"),
        note="the width of App. B, 16, is not divisible by three",
        minutes=3,
    ),
    Claim(
        id="text-3.3-single-head",
        source="Sec. 3.3",
        title="single-headed models do no better on trigrams than bigrams",
        printed=Statement(
            r"\text{one head a layer: test loss at least that of bigrams, no use of the second "
            r"token of the history}",
            {"best": "bigram", "misses": 0},
        ),
        routes=(
            Route("simulation", "final loss on held-out sequences",
                  on.not_beyond(on.runs_of(fig5.SPEC, "one head"))),
            Route("intervention", "predictions after changing the token before the last",
                  on.history(on.runs_of(fig5.SPEC, "one head"))),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(SETTING, "k = 2, T = 200, two layers, width 48, 128,000 examples"),
        minutes=3,
    ),
    Claim(
        id="fig-13",
        source="Fig. 13, Sec. 3.1",
        title="one layer does not get beyond unigrams, trained eight times longer",
        printed=Statement(
            r"\text{one layer, 1{,}024{,}000 examples, with or without MLP, relative or absolute "
            r"positions: uniform}\to\text{unigram}",
            {"stages": THREE[:2], "misses": 0},
        ),
        routes=_routes(on.runs_of(fig13.SPEC)),
        expected=Verdict.SUPPORTED,
        assumptions=(SETTING, "k = 3 and 2, T = 100, width 16, one head, MLP of 64 units"),
        note="not beyond: within a quarter of the way to the bigrams' or the uniform level. All "
        "models end somewhat below the unigrams' own loss",
        minutes=5,
    ),
    Claim(
        id="text-B-learning-rate",
        source="App. B",
        title="the learning rate of the transformers",
        printed=Statement(
            r"\text{AdamW with learning rate }3\cdot10^{-5}\text{: the stages of Fig. 3 within }"
            r"128{,}000\text{ examples}",
            {"rate": 3e-5, "stages": THREE, "misses": 1},
        ),
        corrected=Statement(
            r"\text{AdamW with learning rate }10^{-3}\text{: the stages of Fig. 3 within }"
            r"128{,}000\text{ examples}",
            {"rate": 1e-3, "stages": THREE, "misses": 1},
        ),
        routes=_routes(
            experiment_runs(
                10,
                lambda stated: FIG_8 | {
                    # the default is not named: those are the runs of Fig. 8
                    "learning_rate": None if stated["rate"] == _DEFAULT else [stated["rate"]]
                },
            )
        ),
        expected=Verdict.CORRECTED,
        assumptions=(
            "batches of 64, width 16, the start of minGPT, of which App. B does not speak",
            "at least 9 of 10 seeds",
        ),
        minutes=1.5,
    ),
)  # fmt: skip
