r"""Gradient flow with expected counts, and the stage times it predicts.

W = alpha 11' + beta I is kept by relabelling symmetry, so flow of the population loss runs in
(alpha, beta, v). Its metric is that of W's entries: with o = alpha off the diagonal and
d = alpha + beta on it, of which there are k (k-1) and k,

    do/dt = -(dL/dalpha - dL/dbeta) / (k (k-1)),   dd/dt = -(dL/dbeta) / k,   dv/dt = -dL/dv.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from theory import checks
from theory.expected_counts import STRATEGIES, ExpectedCounts

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Flow:
    """A solution of the reduced flow at r times.

    Attributes
    ----------
    time : (r,), flow time (learning rate times step)
    alpha, beta : (r,), W = alpha 11' + beta I
    v : (r, J)
    loss : (r,)
    distances : by strategy, (r,); see `ExpectedCounts.distances`
    """

    time: Array
    alpha: Array
    beta: Array
    v: Array
    loss: Array
    distances: dict[str, Array]

    def stages(self) -> list[tuple[str, float, float]]:
        """(strategy, start, stop) of each interval in which one strategy is the nearest.

        Crossings are interpolated linearly between the times of the solution.
        """
        table = np.stack([self.distances[name] for name in STRATEGIES])
        # strategies may coincide (pi = 1/k): rounding must not choose between them
        nearest = (table + 1e-9 * np.arange(len(table))[:, None]).argmin(axis=0)
        found = [(STRATEGIES[nearest[0]], float(self.time[0]))]
        for r in np.flatnonzero(np.diff(nearest)):
            lead = table[nearest[r], r : r + 2] - table[nearest[r + 1], r : r + 2]
            share = lead[0] / (lead[0] - lead[1])
            when = self.time[r] + share * (self.time[r + 1] - self.time[r])
            found.append((STRATEGIES[nearest[r + 1]], float(when)))
        ends = [start for _, start in found[1:]] + [float(self.time[-1])]
        return [(name, start, end) for (name, start), end in zip(found, ends, strict=True)]


def reduced_flow(
    model: ExpectedCounts,
    alpha: float,
    beta: float,
    v: ArrayLike,
    *,
    stop: float,
    records: int = 240,
    rtol: float = 1e-6,
) -> Flow:
    """Gradient flow of the population loss with expected counts.

    Parameters
    ----------
    model : ExpectedCounts
    alpha, beta : float, initial weights
    v : (J,), initial weights
    stop : float > 0, flow time to end at
    records : int >= 2, times at which the solution is given, half of them dense near the start
    rtol : float > 0

    Returns
    -------
    Flow

    Raises
    ------
    RuntimeError
        If the integrator gives up.
    TypeError, ValueError
        Naming the argument and its value.
    """
    stop = checks.positive("stop", stop)
    records = checks.integer("records", records, 2)
    start = np.concatenate([[alpha, alpha + beta], np.asarray(v, dtype=np.float64)])
    k = model.k

    def velocity(_: float, x: Array) -> Array:
        gradient = model.loss_and_gradient(x[0], x[1] - x[0], x[2:])[1]
        off = (gradient.alpha - gradient.beta) / (k * (k - 1))
        return -np.concatenate([[off, gradient.beta / k], gradient.v])

    times = np.concatenate([[0.0], np.geomspace(1e-4 * stop, stop, records - 1)])
    found = solve_ivp(velocity, (0.0, stop), start, "LSODA", times, rtol=rtol, atol=1e-9)
    if not found.success:
        raise RuntimeError(f"the flow could not be integrated: {found.message}")
    states = found.y.T
    each = [model.distances(x[0], x[1] - x[0], x[2:]) for x in states]
    return Flow(
        found.t,
        states[:, 0],
        states[:, 1] - states[:, 0],
        states[:, 2:],
        np.array([model.loss_and_gradient(x[0], x[1] - x[0], x[2:])[0] for x in states]),
        {name: np.array([d[name] for d in each]) for name in STRATEGIES},
    )
