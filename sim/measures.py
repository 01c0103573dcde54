"""What is measured along a trajectory: distance to the truth and to each strategy, and the weights.

All distances are KL divergences in nats at the last token of held-out sequences, from the
distribution named to the model's softmax, as in the paper's figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks, strategies
from sim.kernels import last_token as kernels
from sim.minimal import MinimalModel
from sim.models import Model, inside_measures, logits
from sim.priors import Prior
from sim.randomness import Seed
from sim.sequences import SequenceBatch, sample_sequences

Array = NDArray[np.float64]

# logits held at once while measures are taken, and numbers in the table of pair counts
MOST_AT_ONCE, MOST_COUNTS = 2**22, 2**25
MOST_LOOKED_INTO = 32  # sequences on which attention is looked at
LANES = 8  # models in a vector of float64

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
        self.predictions = {"uniform": np.full_like(self.truth, 1.0 / k)}
        for n in range(order + 1):
            counted = strategies.ngram(self.context, k, n, last=True)
            self.predictions[gram_name(n)] = counted[:, 0]
        self._pair_counts: Array | None = None
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

    def evaluate(self, model: Model) -> dict[str, float]:
        """KL at the last token to the model, from the truth and from each strategy.

        For a transformer also its `sim.models.inside_measures` on the first sequences.
        """
        return {name: float(values[0]) for name, values in self.evaluate_all([model]).items()}

    def evaluate_all(self, models: Sequence[Model]) -> dict[str, Array]:
        """The same for many models of one architecture at once, each measure ``(len(models),)``."""
        laws = {"kl_truth": self.truth} | {
            f"kl_{name}": guess for name, guess in self.predictions.items()
        }
        stacked = np.stack(list(laws.values()))
        negative_entropy = [float(_sum_log(law)) / len(law) for law in stacked]
        result = np.empty((len(laws), len(models)))
        size = LANES * max(1, MOST_AT_ONCE // (LANES * self.truth.size))
        for low in range(0, len(models), size):
            chosen = models[low : low + size]
            scores = self._last_logits(chosen)
            likelihood = np.empty((len(laws), scores.shape[2]))
            kernels.log_likelihoods(scores, stacked, likelihood)
            result[:, low : low + size] = likelihood[:, : len(chosen)]
        measures = {
            name: total - row
            for name, total, row in zip(laws, negative_entropy, result, strict=True)
        }
        return measures | inside_measures(models, self.context[:MOST_LOOKED_INTO])

    def _last_logits(self, models: Sequence[Model]) -> Array:
        """Logits at the last token, ``(n, k, r)`` with r the models filled up to whole vectors."""
        n, T = self.context.shape
        minimal = [model for model in models if isinstance(model, MinimalModel)]
        padding = -len(models) % LANES
        if not (minimal and self._counts_pay(minimal[0])):
            found = [logits(model, self.context)[:, -1].astype(float) for model in models]
            return np.ascontiguousarray(np.stack(found + found[-1:] * padding, axis=2))
        padded = minimal + minimal[-1:] * padding
        if self._pair_counts is None:
            pairs = -(-(self.k**2) // kernels.TILE) * kernels.TILE
            self._pair_counts = np.empty((n, pairs, T))
            kernels.pair_counts(self.context, np.empty((self.k, T)), self._pair_counts)
        v = np.stack([model.v for model in padded])
        scores = np.empty((n, self.k, len(padded)))
        kernels.logits(
            self.context,
            self._pair_counts,
            1.0 / T if minimal[0].normalize == "length" else 1.0,
            np.ascontiguousarray(v.reshape(-1, LANES, T).swapaxes(1, 2)),
            np.ascontiguousarray(np.stack([model.W for model in padded], axis=2)),
            scores,
        )
        return scores

    def _counts_pay(self, model: MinimalModel) -> bool:
        """Whether pair counts serve for the model, and fit."""
        n, T = self.context.shape
        return (model.first_layer, model.T) == ("linear", T) and n * T * self.k**2 <= MOST_COUNTS


def weight_measures(v: Array, W: Array) -> dict[str, Array]:
    """Mean diagonal and off-diagonal of W, and the balance |W|_F^2 - |v|^2 that flow conserves.

    v (r, T) and W (r, k, k) at r records; each measure ``(r,)``.
    """
    k = W.shape[-1]
    # the last records of a run that explodes
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        diagonal = np.trace(W, axis1=1, axis2=2) / k
        return {
            "W_diagonal": diagonal,
            "W_off_diagonal": (W.sum(axis=(1, 2)) - k * diagonal) / (k * (k - 1)),
            "balance": (W**2).sum(axis=(1, 2)) - (v**2).sum(axis=1),
        }


def kl(p: Array, log_q: Array) -> Array:
    """KL divergence sum_i p_i (log p_i - log q_i) along the last axis, in nats; 0 log 0 = 0."""
    log_p = np.log(np.where(p > 0, p, 1.0))
    return (p * (log_p - log_q)).sum(axis=-1)


def _sum_log(p: Array) -> float:
    """sum p log p over all entries; 0 log 0 = 0."""
    return float((p * np.log(np.where(p > 0, p, 1.0))).sum())


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
