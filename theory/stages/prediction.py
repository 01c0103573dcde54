"""Predicted times of the stages uniform, unigram and bigram, each with an estimate of its error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from theory import checks
from theory.chains.invariance import is_invariant
from theory.chains.weighted import Chains, Prior, prior_and_states
from theory.kernel.averages import symmetrise
from theory.kernel.population import population_kernel
from theory.kernel.singular_modes import modes
from theory.stages.chain_flows import (
    TIMES,
    ChainFlow,
    Setting,
    expected_flow,
    fluctuating_flow,
    nets,
    subsets,
)
from theory.stages.token_losses import LOSSES

Array = NDArray[np.float64]

CLOSURES = ("fluctuating", "expected")
_COUNTS = {
    "fluctuating": "the loss is taken to second order in the fluctuations of the counts",
    "expected": "counts are replaced by their expectations given the chain",
}
_FLOW = "gradient flow of the population loss: no sampling noise, learning rate below that above"


class StagePrediction(NamedTuple):
    """Predicted start of the unigram and bigram stages, in flow time (learning rate times step).

    Attributes
    ----------
    unigram : float or None
        From uniform to unigram (pi); None if unigram is never the closest.
    bigram : float or None
        To bigram (P), from unigram or, where there is no unigram stage, from uniform.
    unigram_linear : float or None
        The first time again, by the exact linear flow; None if that flow does not reach it.
    escape_rate : float
        Largest singular value of K: growth rate of small weights.
    regime : str
        Description in words of the regime, as seen from the two times.
    approximations : tuple of str
        What was assumed.
    unigram_error, bigram_error : float
        How far off the times may be: the standard error over scramblings or subsets of the chains,
        and x (x + T^(-1/2)) of the time, where x is the relative change of the time by the
        fluctuations of the counts and that product the size expected of the next order. For
        expected counts the first alone, 0 for k = 2 and for a weighted set of chains.
    stable_rate : float or None
        Learning rate below which steps follow the flow, see `largest_stable_rate`; with expected
        counts where all states are alike. None for the margin loss, which has curvature only at its
        kinks.
    unigram_counted, bigram_counted : float or None
        Times again, judged by unigram and bigram as counted on the context with one added to every
        count, as in the paper's figures; None if not reached or with expected counts.
    unigram_counted_error, bigram_counted_error : float
        As above.
    closure : str
        "fluctuating" or "expected": how the counts entered.
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
    unigram_counted: float | None = None
    bigram_counted: float | None = None
    unigram_counted_error: float = 0.0
    bigram_counted_error: float = 0.0
    closure: str = CLOSURES[0]


def predict_stages(
    T: int,
    k: int | None = None,
    prior: Prior = "flat",
    init: float = 0.02,
    loss: str = "cross_entropy",
    closure: str | None = None,
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
        "flat", "doubly_stochastic", or any weighted set of chains. With expected counts the set has
        to be invariant under relabelling the states, see `theory.symmetrised`.
    init : float
        Initial value of every v_j, above 0.
    loss : str
        "cross_entropy" or "margin", the losses whose flow leaves the origin along K.
    closure : str, optional
        How pair counts enter: "fluctuating" (to second order in their fluctuations given the chain,
        `theory.FluctuatingCounts`) or "expected" (`theory.ExpectedCounts`: faster, and early for
        the second time). By default the first for cross-entropy; the margin loss has only the
        second.
    delta : float
        Margin of the margin loss, above 0.
    lead : float
        As in `Flow.stages`: how much closer (nats) a strategy has to be before its stage begins.
    nodes : int, optional
        Of a prior given by name: quadrature order for k = 2 (10), else the number of Sobol points
        in a net (512), of which fluctuations are averaged over the first 64.
    replicates : int
        How many scrambled Sobol nets of chains to take for a prior given by name and k >= 3, or
        subsets of a weighted set of more chains than can be held; at least 2, each with its own
        flow: the times are means over them.
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
        With expected counts, if the set of chains is not invariant.

    Examples
    --------
    >>> import theory
    >>> found = theory.predict_stages(30)
    >>> f"unigram from {found.unigram:.2f}, bigram from {found.bigram:.1f}"
    'unigram from 0.49, bigram from 2.8'

    A prior without a name is given by its chains, here one chain and its relabelling:

    >>> chains = [[[0.8, 0.2], [0.4, 0.6]], [[0.6, 0.4], [0.2, 0.8]]]
    >>> found = theory.predict_stages(30, prior=([1, 1], chains))
    >>> f"unigram from {found.unigram:.2f}, bigram from {found.bigram:.2f}"
    'unigram from 0.68, bigram from 0.85'
    """
    T, init = checks.integer("T", T, 1), checks.positive("init", init)
    checks.one_of("loss", loss, LOSSES[1:])
    closure = _closure(closure, loss)
    replicates, seed = checks.integer("replicates", replicates, 2), checks.integer("seed", seed, 0)
    known, k = prior_and_states(prior, k)
    chains = (200 if k == 2 else 512) if isinstance(known, str) else len(known.weights)
    what = f"stages at length T = {checks.shown(T)} for {chains} chains with k = {checks.shown(k)}"
    checks.memory(what, T, chains, k, 11)
    setting = Setting(T, init, loss, checks.positive("delta", delta), lead)
    flows = list(_flows(setting, known, k, closure, nodes, replicates, seed, progress))
    times = np.array([flow.times for flow in flows])
    mean, error = _mean(times), _error(times, T, np.array([flow.shift for flow in flows]))
    found: dict[str, Any] = dict(zip(TIMES, map(_known, mean), strict=True))
    errors: dict[str, Any] = {
        f"{name}_error": value for name, value in zip(TIMES, error.tolist(), strict=True)
    }
    return StagePrediction(
        unigram_linear=_known(_mean(np.array([[flow.linear] for flow in flows]))[0]),
        escape_rate=_fastest(T, _kernel(T, known, k)),
        regime=_regime(found["unigram"], found["bigram"]),
        approximations=(_COUNTS[closure], _FLOW),
        stable_rate=_known(float(np.mean([flow.stable_rate for flow in flows]))),
        closure=closure,
        **found,
        **errors,
    )


def _closure(closure: str | None, loss: str) -> str:
    if closure is None:
        return CLOSURES[0] if loss == "cross_entropy" else CLOSURES[1]
    checks.one_of("closure", closure, CLOSURES)
    if closure == "fluctuating" and loss != "cross_entropy":
        raise ValueError(f"closure must be expected for the {loss} loss, got {closure!r}")
    return closure


def _flows(
    setting: Setting, known: str | Chains, k: int, closure: str, nodes: int | None,
    replicates: int, seed: int, progress: bool,
) -> Iterator[ChainFlow]:  # fmt: skip
    """The flows to average over."""
    fluctuating = closure == "fluctuating"
    sets = list(nets(known, k, nodes, replicates, seed, fluctuating=fluctuating))
    kernel = _kernel(setting.T, known, k)
    rate = _fastest(setting.T, kernel)
    bar = tqdm(disable=not progress, unit="flow", leave=False)
    for chains in sets:
        if not fluctuating:
            yield expected_flow(chains, setting, kernel, rate)
            bar.update()
            continue
        for subset in subsets(chains, setting.T, replicates, seed):
            yield fluctuating_flow(chains, subset, setting, kernel, rate)
            bar.update()
    bar.close()


def _kernel(T: int, known: str | Chains, k: int) -> Array:
    """K; for a set that treats all states alike without what rounding breaks of it."""
    kernel = population_kernel(T, k=k, prior=known)
    if isinstance(known, Chains) and is_invariant(known):
        return symmetrise(kernel)
    return kernel


def _fastest(T: int, kernel: Array) -> float:
    """The largest singular value of K."""
    values = modes(T, kernel=kernel).singular_values
    if not len(values):
        raise ValueError("prior must have a kernel K that does not vanish: nothing grows")
    return float(values[0])


def _mean(values: Array) -> Array:
    """Means over rows (flows), infinite where one of them is."""
    return np.asarray(values.mean(axis=0))


def _error(times: Array, T: int, shift: Array) -> Array:
    """Standard error over flows and the expected size of the next order, in quadrature."""
    n, mean = len(times), _mean(times)
    reached = np.isfinite(mean)
    spread, x = np.zeros(len(mean)), shift.mean(axis=0)
    if n > 1:
        spread[reached] = times[:, reached].std(axis=0, ddof=1) / np.sqrt(n)
    next_order = np.where(reached, mean, 0.0) * x * (x + T**-0.5)
    return np.asarray(np.hypot(spread, next_order))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _regime(first: float | None, second: float | None) -> str:
    if second is None:
        return "bigram is not reached"
    if first is None:
        return "no unigram stage"
    times = second / first - 1.0
    return f"separation of time scales: unigram lasts {times:.3g} times the first stage"
