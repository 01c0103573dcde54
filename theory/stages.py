"""Predicted times of the stages uniform, unigram, bigram, and where each number comes from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory import checks
from theory.expected_counts import LOSSES, STRATEGIES, ExpectedCounts
from theory.kernel import population_kernel
from theory.modes import linear_flow, modes
from theory.reduced_flow import Flow, reduced_flow

Array = NDArray[np.float64]

APPROXIMATIONS = (
    "counts are replaced by their expectations given the chain",
    "strategies are those of infinite context, without smoothing",
    "gradient flow of the population loss: no sampling noise, small learning rate",
)
_FIRST_STOP, _DOUBLINGS = 0.25, 12


class StagePrediction(NamedTuple):
    """Times at which a strategy takes over, in flow time (learning rate times step).

    Attributes
    ----------
    unigram : float or None
        From uniform to unigram, by the reduced flow; None if it is never the nearest.
    bigram : float or None
        To bigram, from unigram or, where there is no unigram stage, from uniform.
    unigram_linear : float or None
        The first time again, by the exact linear flow; None if that flow does not reach it.
    escape_rate : float
        Largest singular value of K: growth rate of small weights.
    regime : str
    approximations : tuple of str
    """

    unigram: float | None
    bigram: float | None
    unigram_linear: float | None
    escape_rate: float
    regime: str
    approximations: tuple[str, ...]


def predict_stages(
    T: int,
    k: int = 2,
    prior: str = "flat",
    init: float = 0.02,
    loss: str = "cross_entropy",
    *,
    delta: float = 1.0,
    nodes: int | None = None,
    margin: float = 0.0,
) -> StagePrediction:
    """When unigram and bigram become the nearest strategy, from v = init and W = 0.

    Parameters
    ----------
    T : int >= 1
    k : int >= 2
    prior : "flat" or "doubly_stochastic"
    init : float > 0
    loss : "cross_entropy" or "margin", the losses whose flow leaves the origin along K
    delta : float > 0, for the margin loss
    nodes : int, as in `ExpectedCounts`
    margin : float >= 0
        As in `Flow.stages`: by how much (nats) a strategy has to be nearer before it takes over.

    Returns
    -------
    StagePrediction

    Raises
    ------
    TypeError, ValueError
        Naming the argument and its value.
    """
    T, init = checks.integer("T", T, 1), checks.positive("init", init)
    checks.one_of("loss", loss, LOSSES[1:])
    order = nodes or (10 if k == 2 else 256)
    model = ExpectedCounts(T, T=T, k=k, prior=prior, loss=loss, delta=delta, nodes=order)
    kernel = population_kernel(T, k=k, prior=prior)
    rate = float(modes(T, k=k, kernel=kernel).singular_values[0])
    stop, start = _FIRST_STOP, np.full(T, init)
    linear = _linear_time(model, start, rate, kernel, margin)
    # the stages may lie many powers of ten apart: records begin before the earlier one
    first_record = 1e-4 * stop if linear is None else min(1e-4 * stop, 0.02 * linear)
    for _ in range(_DOUBLINGS):
        flow = reduced_flow(model, 0.0, 0.0, start, stop=stop, first=first_record)
        names = [name for name, *_ in flow.stages(margin)]
        if names[-1] == "bigram":
            break
        stop *= 2.0
    begins = {name: begin for name, begin, _ in reversed(flow.stages(margin))}
    first, second = begins.get("unigram"), begins.get("bigram")
    return StagePrediction(first, second, linear, rate, _regime(first, second), APPROXIMATIONS)


def _regime(first: float | None, second: float | None) -> str:
    if second is None:
        return "bigram is not reached"
    if first is None:
        return "no unigram stage"
    times = second / first - 1.0
    return f"separation of time scales: unigram lasts {times:.3g} times the first stage"


def _linear_time(
    model: ExpectedCounts, start: Array, rate: float, kernel: Array, margin: float
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
    return next((begin for name, begin, _ in flow.stages(margin) if name == "unigram"), None)


def table(found: StagePrediction, *, T: int, k: int, prior: str, init: float, loss: str) -> str:
    """The prediction as text; every number names the function and equation behind it."""
    rows = [
        ("escape rate sigma_1", found.escape_rate, "theory.modes, K of eqs. (A.14)-(A.22)"),
        ("unigram from", found.unigram, "theory.stages.predict_stages, flow of eqs. (6), (8)"),
        ("  linear flow says", found.unigram_linear, "theory.linear_flow, K at first order"),
        ("bigram from", found.bigram, "theory.stages.predict_stages, flow of eqs. (6), (8)"),
    ]
    head = f"stages for T = {T}, k = {k}, {prior} prior, v = {init:g}, W = 0, {loss} (flow time)"
    lines = [head] + [
        f"  {name:<20} {'not reached' if value is None else f'{value:.4g}':>12}  {source}"
        for name, value, source in rows
    ]
    lines += [f"regime: {found.regime}", "flow time is learning rate times step; assumed:"]
    return "\n".join([*lines, *(f"  {text}" for text in found.approximations)])
