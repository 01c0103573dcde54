"""The paper's experiments with transformers: training runs that figures and claims share.

Appendix B gives one learning rate, 3e-5, and says nothing of the start. With these models that
rate is far too slow for 128,000 examples (claim `text-B-learning-rate`); AdamW's usual 1e-3 goes
through the printed stages on the printed scale, and is what everything here uses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sim
from proofs_check.experiments.experiment import Experiment
from sim.learning.settings import RunSettings, train_configuration
from sim.runs.measures import HeldOut, kl, log_softmax
from sim.runs.stages import Stage, stage_times
from sim.runs.trajectory import Trajectory

Array = NDArray[np.float64]

# sequences whose context is shuffled
HELD_OUT = 2048
# a run of this many records is long enough to see where strategies change
RECORDS = 100
BATCH = 64  # the default of `python -m sim run`


def runs(seeds: int, *variants: dict[str, Any], first: int = 0) -> Experiment:
    """Transformers trained in float32, each variant of the options from so many seeds."""
    options = []
    for variant in variants:
        every = max(1, variant["examples"] // (BATCH * RECORDS))
        common = {"model": "transformer", "dtype": "float32", "record_every": every}
        seeds_of = range(first, first + seeds)
        options += [RunSettings(**(common | variant), seed=seed).describe() for seed in seeds_of]
    return Experiment(train_configuration, options)


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


def experiment_runs(
    seeds: int, variant: Callable[[Any], dict[str, Any]]
) -> Callable[[Any], list[Trajectory]]:
    """The runs of a variant that depends on what is stated."""

    def found(stated: Any) -> list[Trajectory]:
        return [run.trajectory for run in runs(seeds, variant(stated)).runs().runs]

    return found
