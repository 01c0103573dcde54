r"""Gradient flow with expected counts, solved in the low-dimensional space it moves in.

W = alpha 11' + beta I is kept by relabelling symmetry, so flow of the population loss runs in
(alpha, beta, v). Its metric is that of W's entries: with o = alpha off the diagonal and
d = alpha + beta on it, of which there are k (k-1) and k,

    do/dt = -(dL/dalpha - dL/dbeta) / (k (k-1)),   dd/dt = -(dL/dbeta) / k,   dv/dt = -dL/dv.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import LSODA, OdeSolution

from theory import checks
from theory.stages.expected_counts import STRATEGIES, ExpectedCounts

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Flow:
    """A solution of the reduced flow at r times.

    Attributes
    ----------
    time : array (r,)
        Flow time: learning rate times step.
    alpha, beta : arrays (r,)
        W = alpha 11' + beta I.
    v : array (r, J)
        Weights of the first layer.
    loss : array (r,)
        Population loss, in nats for cross-entropy.
    distances : dict of str to array (r,)
        By strategy, see `ExpectedCounts.distances`.
    """

    time: Array
    alpha: Array
    beta: Array
    v: Array
    loss: Array
    distances: dict[str, Array]

    def stages(self, lead: float = 0.0) -> list[tuple[str, float, float]]:
        """(strategy, start, stop) of each interval in which one strategy is the nearest.

        Crossings are interpolated linearly between the times of the solution.

        Parameters
        ----------
        lead : float
            A stage begins when the distance of its strategy is below that of the present one by
            more than this many nats; not negative.

        Returns
        -------
        list of (str, float, float)
            In the order of time; the first starts at the flow's first time, the last ends at its
            last.

        Raises
        ------
        ValueError
            If `lead` is negative or not finite.
        """
        lead = _not_negative(lead)
        table = np.stack([self.distances[name] for name in STRATEGIES])
        # strategies may coincide (pi = 1/k): rounding must not choose between them
        nearest = (table + 1e-9 * np.arange(len(table))[:, None]).argmin(axis=0)
        current = int(nearest[0])
        found = [(STRATEGIES[current], float(self.time[0]))]
        for r in range(1, len(nearest)):
            ahead = table[current, r - 1 : r + 1] - table[nearest[r], r - 1 : r + 1] - lead
            if nearest[r] == current or ahead[1] <= 0:
                continue
            # a strategy that overtook a third one may have led by as much before
            share = ahead[0] / (ahead[0] - ahead[1]) if ahead[0] < 0 else 0.0
            when = self.time[r - 1] + share * (self.time[r] - self.time[r - 1])
            current = int(nearest[r])
            found.append((STRATEGIES[current], float(when)))
        ends = [start for _, start in found[1:]] + [float(self.time[-1])]
        return [(name, start, end) for (name, start), end in zip(found, ends, strict=True)]


def reduced_flow(
    model: ExpectedCounts,
    alpha: float,
    beta: float,
    v: ArrayLike,
    *,
    stop: float,
    until: str | None = None,
    lead: float = 0.0,
    first: float | None = None,
    records: int = 240,
    rtol: float = 1e-6,
) -> Flow:
    """Gradient flow of the population loss with expected counts.

    Parameters
    ----------
    model : ExpectedCounts
        Loss, prior and context length.
    alpha, beta : float
        Initial W = alpha 11' + beta I.
    v : array (J,)
        Initial weights of the first layer.
    stop : float
        Flow time (learning rate times step) to end at, above 0.
    until : str, optional
        Strategy: end as soon as it is the nearest by `lead`, should that come before `stop`.
    lead : float
        In nats, not negative, as in `Flow.stages`.
    first : float, optional
        The first time recorded after 0, below `stop`; stop / 10^4 if not given.
    records : int
        How many times the solution is given at, at least 2: 0, and geometric from `first` to the
        end.
    rtol : float
        Relative tolerance of the integrator, above 0.

    Returns
    -------
    Flow

    Raises
    ------
    RuntimeError
        If the integrator gives up.
    """
    stop = checks.positive("stop", stop)
    first = 1e-4 * stop if first is None else checks.positive("first", first)
    if first >= stop:
        raise ValueError(f"first must be below stop = {stop:g}, got {first:g}")
    records = checks.integer("records", records, 2)
    if until is not None:
        checks.one_of("until", until, STRATEGIES)
    lead = _not_negative(lead)
    k, v = model.k, np.asarray(v, dtype=np.float64)
    if v.shape != (model.lags,):
        raise ValueError(f"v must have shape {(model.lags,)}, got {v.shape}")
    # v moves in few directions: the integrator's Jacobian costs a gradient for each number
    basis = model.gradient_span()

    def weights(x: Array) -> tuple[float, float, Array]:
        return x[0], x[1] - x[0], v + basis @ x[2:]

    def velocity(_: float, x: Array) -> Array:
        gradient = model.loss_and_gradient(*weights(x))[1]
        off = (gradient.alpha - gradient.beta) / (k * (k - 1))
        return -np.concatenate([[off, gradient.beta / k], basis.T @ gradient.v])

    def reached(x: Array) -> bool:
        return until is not None and _leads(model.distances(*weights(x)), until, lead)

    start = np.concatenate([[alpha, alpha + beta], np.zeros(basis.shape[1])])
    solver = LSODA(velocity, 0.0, start, stop, rtol=rtol, atol=1e-9)
    found, end = _integrate(solver, first, reached)
    times = np.concatenate([[0.0], np.geomspace(first, end, records - 1)])
    times[-1] = end
    solution = found(times)
    states = np.concatenate([solution[:2].T, v + (basis @ solution[2:]).T], axis=1)
    each = [model.distances(x[0], x[1] - x[0], x[2:]) for x in states]
    return Flow(
        times,
        states[:, 0],
        states[:, 1] - states[:, 0],
        states[:, 2:],
        np.array([model.loss_and_gradient(x[0], x[1] - x[0], x[2:])[0] for x in states]),
        {name: np.array([d[name] for d in each]) for name in STRATEGIES},
    )


def _integrate(
    solver: LSODA, first: float, reached: Callable[[Array], bool]
) -> tuple[OdeSolution, float]:
    """The solution to the end of the solver's interval or, after `first`, to where it is reached.

    Raises
    ------
    RuntimeError
        If the solver gives up.
    """
    ends, pieces = [solver.t], []
    while solver.status == "running":
        message = solver.step()
        if solver.status == "failed":
            raise RuntimeError(f"the flow could not be integrated: {message}")
        ends.append(solver.t)
        pieces.append(solver.dense_output())
        if solver.t > first and reached(solver.y):
            break
    return OdeSolution(ends, pieces), float(solver.t)


def _not_negative(lead: float) -> float:
    if not 0 <= lead < np.inf:
        raise ValueError(f"lead must be finite and >= 0, got {lead!r}")
    return lead


def _leads(distances: dict[str, float], name: str, lead: float) -> bool:
    """Whether a strategy is the nearest by more than the lead."""
    return all(distances[name] < d - lead for other, d in distances.items() if other != name)
