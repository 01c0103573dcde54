"""Predicted times of the stages uniform, unigram and bigram, with their approximations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from theory import checks
from theory.chains.invariance import require_invariance
from theory.chains.weighted import Chains, Prior, prior_and_states
from theory.kernel.averages import symmetrise
from theory.kernel.population import population_kernel
from theory.kernel.singular_modes import linear_flow, modes
from theory.stages.expected_counts import STRATEGIES, ExpectedCounts
from theory.stages.flow import Flow, reduced_flow
from theory.stages.stability import largest_stable_rate
from theory.stages.token_losses import LOSSES

Array = NDArray[np.float64]

APPROXIMATIONS = (
    "counts are replaced by their expectations given the chain",
    "strategies are those of infinite context, without smoothing",
    "gradient flow of the population loss: no sampling noise, learning rate below that above",
)
# flow time: where no bigram stage has begun by then none is reported
_LONGEST, _FIRST_RECORD = 1024.0, 2.5e-5
# enough for a crossing between records to be found to a part in a thousand
_RECORDS = 480


class StagePrediction(NamedTuple):
    """Predicted start of the unigram and bigram stages, in flow time (learning rate times step).

    Attributes
    ----------
    unigram : float or None
        From uniform to unigram, by the reduced flow; None if unigram is never the closest.
    bigram : float or None
        To bigram, from unigram or, where there is no unigram stage, from uniform.
    unigram_linear : float or None
        The first time again, by the exact linear flow; None if that flow does not reach it.
    escape_rate : float
        Largest singular value of K: growth rate of small weights.
    regime : str
        Description in words of the regime, as seen from the two times.
    approximations : tuple of str
        What was assumed.
    unigram_error, bigram_error : float
        Standard errors from the scramblings of the points averaged over; 0 for k = 2, whose
        quadrature has converged to four digits, and for a weighted set of chains, which is taken as
        it is.
    stable_rate : float or None
        Learning rate below which steps follow the flow, see `largest_stable_rate`; None for the
        margin loss, which has curvature only at its kinks.
    """

    unigram: float | None
    bigram: float | None
    unigram_linear: float | None
    escape_rate: float
    regime: str
    approximations: tuple[str, ...]
    unigram_error: float = 0.0
    bigram_error: float = 0.0
    stable_rate: float | None = None


def predict_stages(
    T: int,
    k: int | None = None,
    prior: Prior = "flat",
    init: float = 0.02,
    loss: str = "cross_entropy",
    *,
    delta: float = 1.0,
    lead: float = 0.0,
    nodes: int | None = None,
    replicates: int = 4,
    seed: int = 0,
    progress: bool = False,
) -> StagePrediction:
    """When unigram and bigram become the nearest strategy, from v = init and W = 0.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    k : int, optional
        Number of states, at least 2. By default that of the chains in `prior`, or 2.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic", or a weighted set of chains that is invariant under relabelling
        the states, see `theory.symmetrised`.
    init : float
        Initial value of every v_j, above 0.
    loss : str
        "cross_entropy" or "margin", the losses whose flow leaves the origin along K.
    delta : float
        Margin of the margin loss, above 0.
    lead : float
        As in `Flow.stages`: how much closer (nats) a strategy has to be before its stage begins.
    nodes : int, optional
        Of a prior given by name, as in `ExpectedCounts`; 10 for k = 2, else 512.
    replicates : int
        For a prior given by name and k >= 3, how many scrambled Sobol nets of chains to take, at
        least 2, each with its own flow: the times are means over them.
    seed : int
        Of the scramblings, not negative.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    StagePrediction

    Raises
    ------
    RuntimeError
        If the flow cannot be integrated.
    ValueError
        If the set of chains is not invariant.

    Examples
    --------
    >>> import theory
    >>> found = theory.predict_stages(30)
    >>> f"unigram from {found.unigram:.3f}, bigram from {found.bigram:.2f}"
    'unigram from 0.500, bigram from 2.53'

    A prior without a name is given by its chains, here one chain and its relabelling:

    >>> chains = [[[0.8, 0.2], [0.4, 0.6]], [[0.6, 0.4], [0.2, 0.8]]]
    >>> found = theory.predict_stages(30, prior=([1, 1], chains))
    >>> f"unigram from {found.unigram:.3f}, bigram from {found.bigram:.2f}"
    'unigram from 0.819, bigram from 0.94'
    """
    T, init = checks.integer("T", T, 1), checks.positive("init", init)
    checks.one_of("loss", loss, LOSSES[1:])
    replicates, seed = checks.integer("replicates", replicates, 2), checks.integer("seed", seed, 0)
    known, k = prior_and_states(prior, k)
    kernel = _symmetric_kernel(T, known, k)
    rate = _fastest(T, kernel)
    named = isinstance(known, str)
    children = np.random.SeedSequence(seed).spawn(replicates if named and k > 2 else 1)
    given = nodes or ((10 if k == 2 else 512) if named else None)
    times, rates = [], []
    for child in tqdm(children, unit="flow", disable=not progress, leave=False):
        model = ExpectedCounts(
            T, T=T, k=k, prior=known, loss=loss, delta=delta, nodes=given, seed=child
        )  # fmt: skip
        start = np.full(T, init)
        linear = _linear_time(model, start, rate, kernel, lead)
        flow = _flow(model, start, linear, lead)
        begins = {name: begin for name, begin, _ in reversed(flow.stages(lead))}
        times.append((begins.get("unigram"), begins.get("bigram"), linear))
        if loss == "cross_entropy":
            rates.append(largest_stable_rate(model, flow))
    (unigram, unigram_error), (bigram, bigram_error), (linear, _) = (
        _mean(column) for column in zip(*times, strict=True)
    )
    return StagePrediction(
        unigram, bigram, linear, rate, _regime(unigram, bigram), APPROXIMATIONS,
        unigram_error, bigram_error, float(np.mean(rates)) if rates else None,
    )  # fmt: skip


def _symmetric_kernel(T: int, known: str | Chains, k: int) -> Array:
    """K, for a weighted set after checking that the set and its K treat all states alike."""
    if not isinstance(known, str):
        require_invariance(known)
    kernel = population_kernel(T, k=k, prior=known)
    alike = symmetrise(kernel)
    if np.abs(kernel - alike).max() > 1e-8 * np.abs(kernel).max():
        raise ValueError(
            "prior must be invariant under relabelling the states, but its kernel K changes: "
            "theory.symmetrised(prior) averages over relabellings"
        )
    return alike if not isinstance(known, str) else kernel


def _fastest(T: int, kernel: Array) -> float:
    """The largest singular value of K."""
    values = modes(T, kernel=kernel).singular_values
    if not len(values):
        raise ValueError("prior must have a kernel K that does not vanish: nothing grows")
    return float(values[0])


def _flow(model: ExpectedCounts, start: Array, linear: float | None, lead: float) -> Flow:
    """The reduced flow until bigram takes over."""
    # the stages may lie many powers of ten apart: records begin before the earlier one
    first = _FIRST_RECORD if linear is None else min(_FIRST_RECORD, 0.02 * linear)
    return reduced_flow(
        model, 0.0, 0.0, start, stop=_LONGEST, until="bigram", lead=lead,
        first=first, records=_RECORDS,
    )  # fmt: skip


def _mean(values: Sequence[float | None]) -> tuple[float | None, float]:
    """Mean and its standard error; None if one of them is."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None, 0.0
    error = np.std(known, ddof=1) / np.sqrt(len(known)) if len(known) > 1 else 0.0
    return float(np.mean(known)), float(error)


def _regime(first: float | None, second: float | None) -> str:
    if second is None:
        return "bigram is not reached"
    if first is None:
        return "no unigram stage"
    times = second / first - 1.0
    return f"separation of time scales: unigram lasts {times:.3g} times the first stage"


def _linear_time(
    model: ExpectedCounts, start: Array, rate: float, kernel: Array, lead: float
) -> float | None:
    """First time at which the weights of the linear flow are nearer to unigram than to uniform."""
    k = model.k
    # up to weights of order 1, where the linear flow has long ceased to hold
    last = np.arccosh(1.0 + 1.0 / start[0]) / rate
    times = np.linspace(0.0, last, 400)
    v, W = linear_flow(start, np.zeros((k, k)), times, kernel=kernel)
    each = [model.distances(w[0, 1], w[0, 0] - w[0, 1], u) for u, w in zip(v, W, strict=True)]
    flow = Flow(times, W[:, 0, 1], W[:, 0, 0] - W[:, 0, 1], v, np.zeros_like(times),
                {name: np.array([d[name] for d in each]) for name in STRATEGIES})  # fmt: skip
    return next((begin for name, begin, _ in flow.stages(lead) if name == "unigram"), None)
