"""What is measured of a trained transformer, and recorded.

Appendix B gives one learning rate, 3e-5, and says nothing of the start. With these models that
rate is far too slow for 128,000 examples (claim `text-B-learning-rate`); AdamW's usual 1e-3 goes
through the printed stages on the printed scale, and is what everything here uses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import sim
from sim.runs.measures import HeldOut, kl, log_softmax
from sim.runs.stages import Stage, stage_times
from sim.runs.trajectory import Trajectory

Array = NDArray[np.float64]

# sequences whose context is shuffled
HELD_OUT = 2048
HEADS = ("previous_token", "induction")


def numbers(run: Trajectory) -> dict[str, float | str]:
    """What a record holds of a trained transformer.

    Returns
    -------
    dict of str to float or str
        ``stages``, the strategies it was nearest to in order; ``<strategy>_from``, the examples
        after which it was first nearest to each; ``end`` and ``late``, its KL divergence from the
        truth at the end and over the last ten records; ``level_<strategy>``, that of each strategy;
        ``previous_token_end``, the score at the end; and in the middle of each stage and at the end
        ``use_of_order_...`` and, from the untrained model's score to 1, ``previous_token_rise_...``
        and ``induction_rise_...``. For chains of order two ``use_of_history``.
    """
    stages = {stage.strategy: stage for stage in reversed(list(stage_times(run)))}
    places = middles(run) | {"end": len(run) - 1}
    found: dict[str, float | str] = {"stages": " ".join(stage_names(run))}
    for name, level in run.baselines.items():
        found[f"level_{name}"] = float(level)
        found[f"{name}_from"] = stages[name].start_examples if name in stages else np.inf
    found["end"] = float(run.measures["kl_truth"][-1])
    found["late"] = float(run.measures["kl_truth"][-10:].mean())
    used = {name: use_of_order(run, place) for name, place in places.items()}
    for name in (*run.baselines, "end"):
        found[f"use_of_order_{name}"] = used.get(name, np.nan)
    for head in HEADS:
        score = run.measures.get(head)
        if score is not None:
            found[f"{head}_end"] = float(score[-1])
            for name in (*run.baselines, "end"):
                rise = (score[places[name]] - score[0]) / (1 - score[0]) if name in places else None
                found[f"{head}_rise_{name}"] = np.nan if rise is None else float(rise)
    if run.provenance["configuration"]["order"] == 2:
        found["use_of_history"] = use_of_history(run)
    return found


def stage_names(run: Trajectory) -> tuple[str, ...]:
    """The strategies a run was nearest to, in order, each once."""
    return tuple(dict.fromkeys(stage.strategy for stage in stage_times(run)))


def middles(run: Trajectory) -> dict[str, int]:
    """For each stage's strategy the record in the middle of it, of the last stage the last one."""
    stages: tuple[Stage, ...] = stage_times(run).stages
    centre = {s.strategy: (s.start_examples + s.stop_examples) / 2 for s in stages}
    found = {name: int(np.abs(run.examples - at).argmin()) for name, at in centre.items()}
    return found | {stages[-1].strategy: len(run) - 1}


def use_of_order(run: Trajectory, index: int, seed: int = 0) -> float:
    """How much of the way from unigrams to n-grams a model owes to the order of its context.

    The tokens before the last are shuffled in each held-out sequence. What counts tokens does not
    notice; what counts successors is lost. The rise of the KL divergence from the truth is given
    in units of the gap between the unigram strategy and the best one.
    """
    options = run.provenance["configuration"]
    prior = sim.Dirichlet(options["k"], order=options["order"])
    test_set = HeldOut.draw(prior, HELD_OUT, options["length"], seed)
    order = prior.order
    # the history the truth depends on stays where it is
    head, tail = test_set.context[:, :-order], test_set.context[:, -order:]
    shuffled = np.concatenate([np.random.default_rng(seed).permuted(head, axis=1), tail], axis=1)
    model = run.model(index)
    before, after = (
        kl(test_set.truth, log_softmax(sim.logits(model, context)[:, -1].astype(float))).mean()
        for context in (test_set.context, shuffled)
    )
    levels = test_set.baselines
    return float((after - before) / (levels["unigram"] - min(levels.values())))


def use_of_history(run: Trajectory, seed: int = 0) -> float:
    """How much a model's final predictions depend on the token before the last.

    That token is changed, and the KL divergence between the predictions before and after is given
    in units of the trigram strategy's own.
    """
    options = run.provenance["configuration"]
    k = options["k"]
    prior = sim.Dirichlet(k, order=options["order"])
    context = HeldOut.draw(prior, HELD_OUT, options["length"], seed).context
    changed = context.copy()
    changed[:, -2] = (changed[:, -2] + 1) % k
    model = run.model(-1)
    mine, trigram = (
        [predict(tokens) for tokens in (context, changed)]
        for predict in (
            lambda tokens: log_softmax(sim.logits(model, tokens)[:, -1].astype(float)),
            lambda tokens: np.log(sim.strategies.ngram(tokens, k, 2, last=True)[:, 0]),
        )
    )
    return float(_divergence(*mine) / _divergence(*trigram))


def _divergence(log_p: Array, log_q: Array) -> float:
    return float(kl(np.exp(log_p), log_q).mean())
