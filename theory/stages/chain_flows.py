"""Stage times of the flow of a population loss, on nets and subsets of the chains of a prior."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.chains.invariance import invariant_chains, is_invariant
from theory.chains.weighted import Chains
from theory.kernel.singular_modes import linear_flow
from theory.stages.expected_counts import ExpectedCounts
from theory.stages.flow import Flow, reduced_flow
from theory.stages.fluctuating_counts import FluctuatingCounts, chains_that_fit
from theory.stages.population_loss import STRATEGIES, PopulationLoss
from theory.stages.stability import largest_stable_rate

Array = NDArray[np.float64]

TIMES = ("unigram", "bigram", "unigram_counted", "bigram_counted")
# flow time: where no bigram stage has begun by then none is reported
_LONGEST, _FIRST_RECORD = 1024.0, 2.5e-5
# enough for a crossing between records to be found to a part in a thousand
_RECORDS = 480
# chains whose counts fluctuate, by net or subset: for k = 2, and for more states
_SUBSET = (256, 64)


class Setting(NamedTuple):
    """What a flow starts from and is judged by; loss and lead as in `predict_stages`."""

    T: int
    init: float
    loss: str
    delta: float
    lead: float


class ChainFlow(NamedTuple):
    """Times on one net of chains.

    Attributes
    ----------
    times : array (4,)
        By `TIMES`, infinity for what is not reached, NaN for what the closure does not know.
    linear : float
        First time by the linear flow; infinity if it does not get there.
    stable_rate : float
        `largest_stable_rate`; NaN for the margin loss.
    shift : array (4,)
        Relative change of the times to pi and P by the fluctuations of the counts, for both kinds
        of strategies; 0 for expected counts.
    """

    times: Array
    linear: float
    stable_rate: float
    shift: Array


def expected_flow(chains: Chains, setting: Setting, kernel: Array, rate: float) -> ChainFlow:
    """Times with expected counts, for chains that treat all states alike."""
    model = _expected(chains, setting)
    linear = _linear_time(model, setting, kernel, rate)
    flow = _flow(model, setting, linear)
    stable = largest_stable_rate(model, flow) if setting.loss == "cross_entropy" else np.nan
    return ChainFlow(_times(flow, setting), linear, stable, np.zeros(len(TIMES)))


def fluctuating_flow(
    chains: Chains, subset: Chains, setting: Setting, kernel: Array, rate: float
) -> ChainFlow:
    """Times with counts that fluctuate.

    If the chains treat all states alike, the fluctuations are averaged over the subset only: their
    ratio to the times with expected counts, which is nearly the same on every set of chains,
    multiplies the times with expected counts on all chains.
    """
    model = FluctuatingCounts(setting.T, prior=subset)
    if not model.symmetric:
        return _asymmetric_flow(model, setting, kernel, rate)
    whole = expected_flow(chains, setting, kernel, rate)
    times = _times(_flow(model, setting, whole.linear), setting)
    known = whole
    if len(subset.weights) < len(chains.weights):
        few = _expected(subset, setting)
        known = whole._replace(times=_times(_flow(few, setting, whole.linear), setting))
    share = np.ones(2)
    reached = np.isfinite(known.times[:2])
    share[reached] = whole.times[:2][reached] / known.times[:2][reached]
    return whole._replace(times=times * np.tile(share, 2), shift=_shift(times, known.times))


def _asymmetric_flow(
    model: FluctuatingCounts, setting: Setting, kernel: Array, rate: float
) -> ChainFlow:
    linear = _linear_time(model, setting, kernel, rate)
    flow = _flow(model, setting, linear)
    times = _times(flow, setting)
    plain = _times(_flow(model.without_fluctuations(), setting, linear), setting)
    return ChainFlow(times, linear, largest_stable_rate(model, flow), _shift(times, plain))


def _shift(times: Array, first: Array) -> Array:
    """Relative change of the times to pi and P, that of one standing for one not reached."""
    both = np.isfinite(times[:2]) & np.isfinite(first[:2])
    change = np.abs(times[:2][both] / first[:2][both] - 1.0)
    filled = np.full(2, change.max(initial=0.0))
    filled[both] = change
    return np.tile(filled, 2)


def nets(
    known: str | Chains, k: int, nodes: int | None, replicates: int, seed: int, *, fluctuating: bool
) -> Iterator[Chains]:
    """Sets of chains to average over: one, or Sobol nets for a prior of three states and more."""
    if isinstance(known, Chains):
        if nodes is not None:
            raise ValueError("nodes must be left out for a weighted set of chains")
        yield (known if fluctuating else invariant_chains(known, k, None, default=(1, 1)))
        return
    for child in np.random.SeedSequence(seed).spawn(replicates if k > 2 else 1):
        yield invariant_chains(known, k, nodes, default=(10, 512), seed=child)


def subsets(chains: Chains, T: int, replicates: int, seed: int) -> list[Chains]:
    """The chains whose counts fluctuate: the start of a net, a whole set, or draws from it."""
    n, k = chains.transition.shape[:2]
    size = _SUBSET[0] if k == 2 else _SUBSET[1]
    fit = chains_that_fit(T, k, symmetric=is_invariant(chains))
    if n <= min(size, fit):
        return [chains]
    equal = np.ptp(chains.weights) <= 1e-12
    if chains.symmetric and equal and k > 2:  # the first points of a net are a net
        return [_equal(chains, np.arange(min(size, fit)))]
    if n <= min(replicates * size, fit):
        return [chains]
    # one draw from each of as many shares of the weight
    edges, draws = np.cumsum(chains.weights), np.random.default_rng(seed)
    size = min(size, fit)
    return [
        _equal(chains, np.searchsorted(edges, (np.arange(size) + draws.random(size)) / size))
        for _ in range(replicates)
    ]


def _equal(chains: Chains, chosen: NDArray[np.intp]) -> Chains:
    """The chosen chains, equally weighted, which stand for all."""
    chosen = np.minimum(chosen, len(chains.weights) - 1)
    size = len(chosen)
    return Chains(np.full(size, 1.0 / size), chains.transition[chosen], is_invariant(chains))


def _expected(chains: Chains, setting: Setting) -> ExpectedCounts:
    T = setting.T
    return ExpectedCounts(T, T=T, prior=chains, loss=setting.loss, delta=setting.delta)


def _flow(model: PopulationLoss, setting: Setting, linear: float) -> Flow:
    """The flow until bigram takes over."""
    # the stages may lie many powers of ten apart: records begin before the earlier one
    first = min(_FIRST_RECORD, 0.02 * linear)
    return reduced_flow(
        model, 0.0, 0.0, np.full(setting.T, setting.init), stop=_LONGEST, until="bigram",
        lead=setting.lead, first=first, records=_RECORDS, losses=False,
    )  # fmt: skip


def _times(flow: Flow, setting: Setting) -> Array:
    found = np.full(len(TIMES), np.nan)
    for counted in (False, True)[: 1 + ("bigram_counted" in flow.distances)]:
        begins = {n: t for n, t, _ in reversed(flow.stages(setting.lead, counted=counted))}
        found[2 * counted : 2 * counted + 2] = [begins.get(n, np.inf) for n in STRATEGIES[1:]]
    return found


def _linear_time(model: PopulationLoss, setting: Setting, kernel: Array, rate: float) -> float:
    """First time at which the weights of the linear flow are nearer to unigram than to uniform."""
    k, start = model.k, np.full(setting.T, setting.init)
    # up to weights of order 1, where the linear flow has long ceased to hold
    last = np.arccosh(1.0 + 1.0 / setting.init) / rate
    times = np.linspace(0.0, last, 400)
    v, W = linear_flow(start, np.zeros((k, k)), times, kernel=kernel)
    each = [model.distances_at(u, w) for u, w in zip(v, W, strict=True)]
    flow = Flow(times, v, W, np.zeros_like(times),
                {name: np.array([d[name] for d in each]) for name in STRATEGIES})  # fmt: skip
    return next(
        (begin for name, begin, _ in flow.stages(setting.lead) if name == "unigram"), np.inf
    )
