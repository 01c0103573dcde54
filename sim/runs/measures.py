"""What is measured along a trajectory: distance to the truth and to each strategy, and the weights.

All distances are KL divergences in nats at the last token of held-out sequences, from the
distribution named to the model's softmax, as in the paper's figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import last_token as kernels
from sim.models.minimal.model import MinimalModel
from sim.models.models import Model, inside_measures, logits, unstacked, weights_of
from sim.models.transformer.model import Transformer
from sim.randomness import Seed
from sim.task import strategies
from sim.task.priors import Prior
from sim.task.sequences import SequenceBatch, sample_sequences

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

        For a transformer also its `sim.models.models.inside_measures` on the first sequences.
        """
        alone = {name: array[None] for name, array in weights_of(model).items()}
        return {name: float(value[0]) for name, value in self.evaluate_all(model, alone).items()}

    def evaluate_all(self, model: Model, weights: dict[str, NDArray[Any]]) -> dict[str, Array]:
        """The same for many models of the architecture of `model` at once.

        Parameters
        ----------
        model : MinimalModel or Transformer
        weights : dict of str to ndarray, shape (r, ...)
            As in a `Trajectory`: v and W, or the parameters of a transformer, r times.

        Returns
        -------
        dict of str to ndarray, shape (r,)
        """
        models = len(next(iter(weights.values())))
        laws = {"kl_truth": self.truth} | {
            f"kl_{name}": guess for name, guess in self.predictions.items()
        }
        stacked = np.stack(list(laws.values()))
        negative_entropy = [float(_sum_log(law)) / len(law) for law in stacked]
        result = np.empty((len(laws), models))
        size = LANES * max(1, MOST_AT_ONCE // (LANES * self.truth.size))
        for low in range(0, models, size):
            chosen = {name: array[low : low + size] for name, array in weights.items()}
            scores = self._last_logits(model, chosen)
            likelihood = np.empty((len(laws), scores.shape[2]))
            kernels.log_likelihoods(scores, stacked, likelihood)
            result[:, low : low + size] = likelihood[:, : min(size, models - low)]
        measures = {
            name: total - row
            for name, total, row in zip(laws, negative_entropy, result, strict=True)
        }
        if isinstance(model, Transformer):
            looked_into = self.context[:MOST_LOOKED_INTO]
            measures |= inside_measures(unstacked(model, weights), looked_into)
        return measures

    def _last_logits(self, model: Model, weights: dict[str, NDArray[Any]]) -> Array:
        """Logits at the last token, ``(n, k, r)`` with r the models filled up to whole vectors."""
        n, T = self.context.shape
        if not (isinstance(model, MinimalModel) and self._counts_pay(model)):
            models = unstacked(model, weights)
            found = [logits(each, self.context)[:, -1].astype(float) for each in models]
            padding = -len(models) % LANES
            return np.ascontiguousarray(np.stack(found + found[-1:] * padding, axis=2))
        v, W = (_filled(weights[name]) for name in ("v", "W"))
        if self._pair_counts is None:
            pairs = -(-(self.k**2) // kernels.TILE) * kernels.TILE
            self._pair_counts = np.empty((n, pairs, T))
            kernels.pair_counts(self.context, np.empty((self.k, T)), self._pair_counts)
        scores = np.empty((n, self.k, len(v)))
        kernels.logits(
            self.context,
            self._pair_counts,
            1.0 / T if model.normalize == "length" else 1.0,
            np.ascontiguousarray(v.reshape(-1, LANES, T).swapaxes(1, 2)),
            np.ascontiguousarray(np.moveaxis(W, 0, 2)),
            scores,
        )
        return scores

    def _counts_pay(self, model: MinimalModel) -> bool:
        """Whether pair counts serve for the model, and fit."""
        n, T = self.context.shape
        return (model.first_layer, model.T) == ("linear", T) and n * T * self.k**2 <= MOST_COUNTS


def _filled(rows: Array) -> Array:
    """Rows (r, ...) in float64, the last repeated until they fill whole vectors."""
    padding = np.repeat(rows[-1:], -len(rows) % LANES, axis=0)
    return np.concatenate([rows, padding]).astype(np.float64)


def weight_measures(v: Array, W: Array) -> dict[str, Array]:
    """Mean diagonal and off-diagonal of W, and the balance |W|_F^2 - |v|^2 that flow conserves.

    v (r, T) and W (r, k, k) at r records; each measure ``(r,)``. With several heads, v (r, H, T)
    and W (r, H, k, k), each head has measures of its own: ``balance_1``, ...
    """
    if W.ndim == 4:
        return {
            f"{name}_{head + 1}": values
            for head in range(W.shape[1])
            for name, values in weight_measures(v[:, head], W[:, head]).items()
        }
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
