r"""Gradient flow of a population loss, solved in the low-dimensional space it moves in.

The flow of v runs in the span of the loss's gradients. For a prior that treats all states alike
W = alpha 11' + beta I is kept, and with o = alpha off the diagonal and d = alpha + beta on it, of
which there are k (k-1) and k,

    do/dt = -(dL/dalpha - dL/dbeta) / (k (k-1)),   dd/dt = -(dL/dbeta) / k,   dv/dt = -dL/dv.

For other priors all entries of W move.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import LSODA, OdeSolution

from theory import checks
from theory.stages.population_loss import STRATEGIES, PopulationLoss

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Flow:
    """A solution of the flow at r times.

    Attributes
    ----------
    time : array (r,)
        Flow time: learning rate times step.
    v : array (r, J)
        Weights of the first layer.
    W : array (r, k, k)
        Weights of the second layer.
    loss : array (r,)
        Population loss, in nats for cross-entropy; empty if it was not asked for.
    distances : dict of str to array (r,)
        By strategy, see `PopulationLoss.distances_at`.
    """

    time: Array
    v: Array
    W: Array
    loss: Array
    distances: dict[str, Array]

    @property
    def alpha(self) -> Array:
        """alpha of W = alpha 11' + beta I, (r,)."""
        return self.W[:, 0, 1]

    @property
    def beta(self) -> Array:
        """beta of W = alpha 11' + beta I, (r,)."""
        return self.W[:, 0, 0] - self.W[:, 0, 1]

    def stages(self, lead: float = 0.0, *, counted: bool = False) -> list[tuple[str, float, float]]:
        """(strategy, start, stop) of each interval in which one strategy is the nearest.

        Crossings are interpolated linearly between the times of the solution.

        Parameters
        ----------
        lead : float
            A stage begins when the distance of its strategy is below that of the present one by
            more than this many nats; not negative.
        counted : bool
            Judge by unigram and bigram as counted on the context with one added to every count, not
            by pi and P; for losses that know these distances.

        Returns
        -------
        list of (str, float, float)
            In the order of time; the first starts at the flow's first time, the last ends at its
            last.

        Raises
        ------
        ValueError
            If `lead` is negative or not finite, or the counted strategies are not known.
        """
        lead = _not_negative(lead)
        table = np.stack([self.distances[name] for name in _judges(self.distances, counted)])
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
    model: PopulationLoss,
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
    losses: bool = True,
) -> Flow:
    """Gradient flow of a population loss from W = alpha 11' + beta I.

    Parameters
    ----------
    model : PopulationLoss
        `ExpectedCounts` or `FluctuatingCounts`: loss, prior and context length.
    alpha, beta : float
        Initial W = alpha 11' + beta I.
    v : array (J,)
        Initial weights of the first layer.
    stop : float
        Flow time (learning rate times step) to end at, above 0.
    until : str, optional
        Strategy: end as soon as it is the nearest by `lead`, should that come before `stop`; where
        the loss knows counted strategies, as soon as it is so among those, too.
    lead : float
        In nats, not negative, as in `Flow.stages`.
    first : float, optional
        The first time recorded after 0, below `stop`; stop / 10^4 if not given.
    records : int
        How many times the solution is given at, at least 2: 0, and geometric from `first` to the
        end.
    rtol : float
        Relative tolerance of the integrator, above 0.
    losses : bool
        Whether to compute the loss at the recorded times.

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
    # v moves in few directions: the integrator's Jacobian costs a gradient for each number
    space = model.coordinates(v)

    def velocity(_: float, x: Array) -> Array:
        return -space.gradient(model.at_weights(*space.weights(x))[1])

    def reached(x: Array) -> bool:
        return until is not None and _leads(model.distances_at(*space.weights(x)), until, lead)

    start = space.point(alpha + beta * np.eye(model.k))
    solver = LSODA(velocity, 0.0, start, stop, rtol=rtol, atol=1e-9)
    found, end = _integrate(solver, first, reached)
    times = np.concatenate([[0.0], np.geomspace(first, end, records - 1)])
    times[-1] = end
    states = [space.weights(x) for x in found(times).T]
    each = [model.distances_at(*state) for state in states]
    return Flow(
        times,
        np.array([v for v, _ in states]),
        np.array([W for _, W in states]),
        np.array([model.value_at(*state) for state in states] if losses else []),
        {name: np.array([d[name] for d in each]) for name in each[0]},
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


def _judges(distances: Container[str], counted: bool) -> tuple[str, ...]:
    """Names of the distances to uniform, unigram and bigram."""
    if not counted:
        return STRATEGIES
    names = (STRATEGIES[0], *(f"{name}_counted" for name in STRATEGIES[1:]))
    if names[-1] not in distances:
        raise ValueError("counted must be False for expected counts, which do not fluctuate")
    return names


def _leads(distances: dict[str, float], name: str, lead: float) -> bool:
    """Whether a strategy is the nearest by more than the lead, by all known kinds of distances."""
    place = STRATEGIES.index(name)
    for counted in (False, True)[: 1 + ("bigram_counted" in distances)]:
        judged = [distances[judge] for judge in _judges(distances, counted)]
        if any(judged[place] >= d - lead for i, d in enumerate(judged) if i != place):
            return False
    return True
