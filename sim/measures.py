"""What is measured along a trajectory: distance to the truth and to each strategy, and the weights.

All distances are KL divergences in nats at the last token of held-out sequences, from the
distribution named to the model's softmax, as in the paper's figures.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks, strategies
from sim.losses import Loss
from sim.minimal import LossGradient, MinimalModel, logits
from sim.priors import Prior
from sim.randomness import Seed
from sim.sequences import SequenceBatch, sample_sequences

Array = NDArray[np.float64]

GRAM = {0: "unigram", 1: "bigram", 2: "trigram"}


def gram_name(order: int) -> str:
    """The field's name for counting with a history of `order` tokens: unigram, bigram, ..."""
    return GRAM.get(order, f"{order + 1}gram")


class HeldOut:
    """Held-out sequences with the truth and every strategy's prediction at the last token.

    Parameters
    ----------
    batch : SequenceBatch
        Tokens ``(n, T + 1)`` and the chains they came from; the context is the first T tokens.

    Attributes
    ----------
    truth : ndarray, shape (n, k)
        Next-token distribution of the true chain after the context.
    predictions : dict of str to ndarray, shape (n, k)
        By strategy: uniform, unigram, bigram and, for chains of higher order, up to order + 1.
    baselines : dict of str to float
        KL from the truth to each strategy: the horizontal lines of Fig. 3.
    """

    def __init__(self, batch: SequenceBatch) -> None:
        checks.instance("batch", batch, SequenceBatch, "a SequenceBatch (of sample_sequences)")
        histories, k = batch.transition.shape[1:]
        order = checks.chain_order(histories, k)
        self.tokens = checks.tokens(batch.tokens, k, minimum_length=order + 1)
        self.k, self.context = k, np.ascontiguousarray(self.tokens[:, :-1])
        rows = self.context[:, -order:] @ k ** np.arange(order - 1, -1, -1)
        self.truth = batch.transition[np.arange(len(rows)), rows]
        self.predictions = {"uniform": strategies.uniform(self.context, k)[:, -1]} | {
            gram_name(n): strategies.ngram(self.context, k, n)[:, -1] for n in range(order + 1)
        }
        self.baselines = {
            name: float(kl(self.truth, np.log(guess)).mean())
            for name, guess in self.predictions.items()
        }

    @classmethod
    def draw(
        cls,
        prior: Prior,
        n: int,
        T: int,
        rng: Seed = None,
        start: str | ArrayLike = "stationary",
    ) -> HeldOut:
        """Draw `n` held-out sequences of context length T."""
        checks.instance("prior", prior, Prior, "a prior such as Dirichlet(k)")
        T = checks.integer("T", T, prior.order)
        return cls(sample_sequences(prior, n, T + 1, rng, start))

    def evaluate(self, model: MinimalModel, loss: Loss | None = None) -> dict[str, float]:
        """Distances of the model at the last token; with a loss, its held-out value too."""
        scores = logits(model, self.context)
        log_model = log_softmax(scores[:, -1])
        result = {"kl_truth": float(kl(self.truth, log_model).mean())}
        for name, guess in self.predictions.items():
            result[f"kl_{name}"] = float(kl(guess, log_model).mean())
        if loss is not None:
            weight = np.full(len(self.tokens), 1.0 / len(self.tokens))
            result["loss"] = LossGradient(model, loss)(self.tokens, weight, model.v, model.W)[0]
        return result


def weight_measures(v: Array, W: Array) -> dict[str, float]:
    """Mean diagonal and off-diagonal of W, and the balance |W|_F^2 - |v|^2 that flow conserves."""
    k = len(W)
    diagonal = float(np.trace(W)) / k
    return {
        "W_diagonal": diagonal,
        "W_off_diagonal": (float(W.sum()) - k * diagonal) / (k * (k - 1)),
        "balance": float((W**2).sum() - (v**2).sum()),
    }


def kl(p: Array, log_q: Array) -> Array:
    """KL divergence sum_i p_i (log p_i - log q_i) along the last axis, in nats; 0 log 0 = 0."""
    log_p = np.log(np.where(p > 0, p, 1.0))
    return (p * (log_p - log_q)).sum(axis=-1)


def log_softmax(scores: Array) -> Array:
    """log softmax along the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    # exp of a very negative score is a harmless zero
    with np.errstate(under="ignore"):
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def strategy_names(measures: Mapping[str, Array]) -> list[str]:
    """The strategies a trajectory's measures speak of, in the order of the stages."""
    return [
        key.removeprefix("kl_") for key in measures if key.startswith("kl_") and key != "kl_truth"
    ]
