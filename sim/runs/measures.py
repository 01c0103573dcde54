"""Measures along a trajectory: KL to the truth and each strategy, and properties of weights.

All distances are KL divergences in nats at the last token of held-out sequences, from the
distribution named to the model's softmax, as in the paper's figures.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import last_token as kernels
from sim.models.contracts import DTYPES, Parameters
from sim.models.model import Model, check_model
from sim.randomness import Seed
from sim.task import strategies
from sim.task.priors import Prior
from sim.task.priors.prior import check_prior
from sim.task.sequences import SequenceBatch, checked_batch, sample_sequences

Array = NDArray[np.float64]

MOST_AT_ONCE = 2**22  # logits held at once while measures are taken
LANES = 8  # models in a vector of float64

GRAM = {0: "unigram", 1: "bigram", 2: "trigram"}


def gram_name(order: int) -> str:
    """The field's name for counting with a history of `order` tokens: unigram, bigram, ..."""
    return GRAM.get(order, f"{order + 1}gram")


class HeldOut:
    """Held-out sequences with the true and every strategy's distribution after the context.

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
        self.tokens, transition = checked_batch(batch)
        histories, k = transition.shape[1:]
        order = checks.chain_order(histories, k)
        self.k, self.context = k, np.ascontiguousarray(self.tokens[:, :-1])
        rows = self.context[:, -order:] @ k ** np.arange(order - 1, -1, -1)
        self.truth = transition[np.arange(len(rows)), rows]
        self.predictions = {"uniform": np.full_like(self.truth, 1.0 / k)}
        for n in range(order + 1):
            counted = strategies.ngram(self.context, k, n, last=True)
            self.predictions[gram_name(n)] = counted[:, 0]
        self._scorers: dict[str, Callable[[Parameters], Array]] = {}
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
        """Draw `n` held-out sequences of context length T.

        Parameters
        ----------
        prior : Prior
        n, T : int
            Number of sequences, and tokens of context in each.
        rng : None, int, SeedSequence or Generator
        start : {"stationary", "uniform"} or array_like of shape (k**order,)
            Law of the first tokens, as in `sample_sequences`.

        Returns
        -------
        HeldOut

        Examples
        --------
        >>> import sim
        >>> held_out = sim.HeldOut.draw(sim.Dirichlet(2), n=500, T=50, rng=0)
        >>> {name: round(nats, 2) for name, nats in held_out.baselines.items()}
        {'uniform': 0.21, 'unigram': 0.09, 'bigram': 0.02}
        """
        check_prior(prior)
        T = checks.integer("T", T, prior.order)
        return cls(sample_sequences(prior, n, T + 1, rng, start))

    def evaluate(self, model: Model) -> dict[str, float]:
        """KL at the last token to the model, from the truth and from each strategy.

        Parameters
        ----------
        model : Model
            With the k and at least the context length of the sequences.

        Returns
        -------
        dict of str to float
            ``kl_truth``, ``kl_uniform``, ``kl_unigram``, ``kl_bigram``, ...; nats.
        """
        check_model(model)
        alone = {name: array[None] for name, array in model.parameters.items()}
        return {name: float(value[0]) for name, value in self.evaluate_all(model, alone).items()}

    def evaluate_all(self, model: Model, parameters: Parameters) -> dict[str, Array]:
        """The same as `evaluate` for many models at once, all with the architecture of `model`.

        Parameters
        ----------
        model : Model
        parameters : dict of str to ndarray, shape (r, ...)
            As in a `Trajectory`: each of the model's parameters r times.

        Returns
        -------
        dict of str to ndarray, shape (r,)
        """
        check_model(model)
        self.refuse_misfit(model)
        models = _count(model, parameters)
        parameters = {
            name: array if array.dtype.name in DTYPES else array.astype(np.float64)
            for name, given in parameters.items()
            for array in [checks.real_array(f"parameters[{name!r}]", given)]
        }
        laws = {"kl_truth": self.truth} | {
            f"kl_{name}": guess for name, guess in self.predictions.items()
        }
        stacked = np.stack(list(laws.values()))
        negative_entropy = [float(_sum_log(law)) / len(law) for law in stacked]
        result = np.empty((len(laws), models))
        size = LANES * max(1, MOST_AT_ONCE // (LANES * self.truth.size))
        for low in range(0, models, size):
            chosen = {name: array[low : low + size] for name, array in parameters.items()}
            scores = _filled(self._scorer(model)(chosen))
            likelihood = np.empty((len(laws), scores.shape[2]))
            kernels.log_likelihoods(scores, stacked, likelihood)
            result[:, low : low + size] = likelihood[:, : min(size, models - low)]
        return {
            name: total - row
            for name, total, row in zip(laws, negative_entropy, result, strict=True)
        }

    def refuse_misfit(self, model: Model) -> None:
        """Raise ValueError for a model with another k or a shorter context than the sequences."""
        T = self.context.shape[1]
        if model.k != self.k or model.T < T:
            raise ValueError(
                f"model must have k = {self.k} and T >= {T} to fit the held-out sequences, got "
                f"k = {model.k} and T = {model.T}"
            )

    def _scorer(self, model: Model) -> Callable[[Parameters], Array]:
        """What turns parameters into logits after the contexts; made once an architecture."""
        key = json.dumps(model.describe(), sort_keys=True, default=str)
        if key not in self._scorers:
            self._scorers[key] = model.last_token_scorer(self.context)
        return self._scorers[key]


def _count(model: Model, parameters: Parameters) -> int:
    """How many models stacked parameters are; refused if they are not those of the model."""
    shapes = {name: array.shape for name, array in model.parameters.items()}
    checks.instance("parameters", parameters, Mapping, "stacked arrays by name")
    given = {name: np.shape(array)[1:] for name, array in parameters.items()}
    counts = {np.shape(array)[:1] for array in parameters.values()}
    if given != shapes or len(counts) != 1 or counts == {()}:
        raise ValueError(f"parameters must be stacks of arrays of the shapes {shapes}, got {given}")
    if counts == {(0,)}:
        raise ValueError("parameters must hold at least one model, got none")
    return int(counts.pop()[0])


def _filled(scores: Array) -> Array:
    """Scores (n, k, r), the last repeated until they fill whole vectors."""
    missing = -scores.shape[2] % LANES
    if missing:
        scores = np.concatenate([scores, np.repeat(scores[..., -1:], missing, axis=2)], axis=2)
    return np.ascontiguousarray(scores)


def kl(p: Array, log_q: Array) -> Array:
    """KL divergence sum_i p_i (log p_i - log q_i) along the last axis, in nats; 0 log 0 = 0."""
    log_p = np.log(np.where(p > 0, p, 1.0))
    return (p * (log_p - log_q)).sum(axis=-1)


def _sum_log(p: Array) -> float:
    """sum p log p over all entries; 0 log 0 = 0."""
    return float((p * np.log(np.where(p > 0, p, 1.0))).sum())


def log_softmax(scores: Array) -> Array:
    """log softmax along the last axis."""
    from scipy import special  # as in sim.task.priors: not while sim is imported

    # exp of a very negative score is a harmless zero
    with np.errstate(under="ignore"):
        return special.log_softmax(scores, axis=-1)


def strategy_names(measures: Mapping[str, Array]) -> list[str]:
    """The strategies a trajectory's measures speak of, in the order of the stages."""
    return [
        key.removeprefix("kl_") for key in measures if key.startswith("kl_") and key != "kl_truth"
    ]
