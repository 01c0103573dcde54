"""Gradient flow of an objective, integrated by SciPy's ODE solvers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from sim import checks
from sim.learning.learners import split
from sim.learning.objectives import Objective, bound
from sim.learning.rates import each
from sim.learning.rates import rates as checked_rates
from sim.messages import shown
from sim.models.model import Model
from sim.models.protocol import check_protocol
from sim.provenance import provenance
from sim.runs.measures import HeldOut
from sim.runs.recorder import Recorder
from sim.runs.trajectory import Trajectory

if TYPE_CHECKING:
    from scipy.integrate import OdeSolver

Array = NDArray[np.float64]

METHODS = ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")


class FlowFailed(RuntimeError):
    """The integrator failed, or reached its limit of evaluations.

    Attributes
    ----------
    time : float
        Flow time reached.
    trajectory : Trajectory
        Everything recorded before it.
    """

    def __init__(self, reached: float, reason: str, trajectory: Trajectory) -> None:
        super().__init__(
            f"gradient flow stopped at time {reached:g}: {reason}; "
            f"{len(trajectory)} records are kept"
        )
        self.time = reached
        self.trajectory = trajectory


def gradient_flow(
    model: Model,
    objective: Objective,
    *,
    t_span: tuple[float, float],
    method: str = "DOP853",
    rtol: float = 1e-8,
    atol: float = 1e-10,
    t_eval: ArrayLike | None = None,
    rates: float | tuple[float, ...] = 1.0,
    weight_decay: float | tuple[float, ...] = 0.0,
    test_set: HeldOut | None = None,
    max_evaluations: int = 100_000,
    progress: bool = False,
) -> Trajectory:
    """Integrate gradient flow of an objective from the model's weights.

    Parameters
    ----------
    model : Model
        Architecture and initial parameters; not changed.
    objective : Objective
        `Sample`, `Population` or `Bilinear`. The margin loss has kinks, along which an adaptive
        solver becomes so slow that it reaches `max_evaluations`: end the flow before any hinge
        switches, or use `gradient_descent`.
    t_span : (float, float)
        First and last flow time. Gradient descent with learning rate eta follows the flow with
        t = eta * step up to O(eta).
    method : str
        One of the solvers of `scipy.integrate`: RK45, RK23, DOP853, Radau, BDF, LSODA.
    rtol, atol : float
        Tolerances of the integrator.
    t_eval : array_like, optional
        Times to record, increasing, inside `t_span`; 101 evenly spaced ones if not given.
    rates : float or tuple of float
        Factors on the velocities of v and W (of each array of parameters), for layers that learn at
        different rates.
    weight_decay : float or tuple of float
        lambda in dw/dt = -rate (grad + lambda w), one number or one for each array of parameters.
    test_set : HeldOut, optional
        Where predictions are measured; without it only the weights are.
    max_evaluations : int
        Evaluations of the gradient after which `FlowFailed` is raised.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Trajectory
        With `step` counting the records and `examples` 0.

    Raises
    ------
    FlowFailed
        When the integrator cannot continue (for instance because the flow diverges) or has used
        up `max_evaluations`; carries what was recorded.

    Examples
    --------
    The loss falls, and ``|W|^2 - |v|^2`` is conserved:

    >>> import sim
    >>> exact = sim.Population(sim.Dirichlet(2), T=4, loss=sim.CrossEntropy())
    >>> model = sim.MinimalModel.constant(T=4, k=2, v=0.3)
    >>> flow = sim.gradient_flow(model, exact, t_span=(0, 50), t_eval=[0, 50])
    >>> flow.loss.round(3), flow.measures["balance"].round(6)
    (array([0.693, 0.631]), array([-0.36, -0.36]))
    """
    began = time.perf_counter()
    checks.one_of("method", method, METHODS)
    # a third of the time to import sim, for those who integrate nothing
    from scipy import integrate

    low, high = _span(t_span)
    times = _times(t_eval, low, high)
    rtol, atol = checks.real("rtol", rtol), checks.real("atol", atol)
    if test_set is not None:
        checks.instance("test_set", test_set, HeldOut, "a HeldOut")
    most = checks.integer("max_evaluations", max_evaluations, 1)
    check_protocol(model)
    evaluate = bound(objective, model)

    arrays = model.parameters
    speed = each("rates", checked_rates("rates", rates), len(arrays))
    if not any(speed):
        raise ValueError(f"rates must be positive for at least one array, got {shown(rates)}")
    decay = each("weight_decay", checked_rates("weight_decay", weight_decay), len(arrays))

    def velocity(t: float, y: Array) -> Array:
        parameters = split(y, arrays)
        gradient = evaluate(*parameters.values())[1]
        return np.concatenate([
            (-rate * (gradient[name] + decayed * parameters[name])).ravel()
            for name, rate, decayed in zip(arrays, speed, decay, strict=True)
        ])  # fmt: skip

    counted = _Counted(velocity, most)
    bar = tqdm(total=1.0, disable=not progress, leave=False, bar_format="{l_bar}{bar}| {elapsed}")
    recorder, failure = Recorder(model, test_set), None
    with bar, np.errstate(over="ignore", invalid="ignore", under="ignore"):
        try:
            start = np.concatenate([array.ravel() for array in arrays.values()]).astype(float)
            solver = getattr(integrate, method)(counted, low, start, high, rtol=rtol, atol=atol)
            for index, (t, y) in enumerate(_states(solver, times, bar)):
                found = split(y, arrays)
                value = evaluate(*found.values())[0]
                recorder.add(found, value, step=index, time=t, examples=0)
        except _GaveUp as error:
            failure = error
    parameters: dict[str, Any] = {
        "objective": objective.describe(),
        "optimizer": "gradient flow",
        "model": model.describe(),
        "t_span": [low, high],
        "method": method,
        "rtol": rtol,
        "atol": atol,
        "rates": list(speed),
        "weight_decay": list(decay),
        "evaluations": counted.calls,
    }
    origin = provenance(**parameters) | {"seconds": time.perf_counter() - began}
    trajectory = recorder.trajectory(origin)
    if failure is not None:
        raise FlowFailed(failure.reached, str(failure), trajectory)
    return trajectory


class _GaveUp(Exception):
    """The integration cannot go on."""

    def __init__(self, reached: float, reason: str) -> None:
        super().__init__(reason)
        self.reached = reached


class _Counted:
    """A velocity that can be asked for `most` times."""

    def __init__(self, velocity: Callable[[float, Array], Array], most: int) -> None:
        self._velocity, self._most, self.calls = velocity, most, 0

    def __call__(self, t: float, y: Array) -> Array:
        if self.calls == self._most:
            why = "as happens along a kink of the margin loss"
            raise _GaveUp(t, f"max_evaluations = {self._most} were used up, {why}")
        self.calls += 1
        return self._velocity(t, y)


def _states(solver: OdeSolver, times: Array, bar: tqdm) -> Iterator[tuple[float, Array]]:
    """The solution at each of the increasing `times`, handed out as soon as they are passed."""
    low, done = solver.t, 0
    if times[0] == low:
        yield low, solver.y
        done = 1
    while solver.status == "running":
        message = solver.step()
        if solver.status == "failed":
            raise _GaveUp(solver.t, message)
        bar.update((solver.t - low) / (solver.t_bound - low) - bar.n)
        passed = int(np.searchsorted(times, solver.t, side="right"))
        if passed > done:
            # an interpolant costs some methods more evaluations: only where it is needed
            between = solver.dense_output()(times[done:passed])
            yield from zip(times[done:passed].tolist(), between.T, strict=True)
        done = passed


def _span(t_span: tuple[float, float]) -> tuple[float, float]:
    ends = checks.array("t_span", t_span, (2,))
    if ends[0] >= ends[1] or not np.isfinite(ends[1] - ends[0]):
        raise ValueError(f"t_span must be an increasing pair of finite times, got {shown(t_span)}")
    return float(ends[0]), float(ends[1])


def _times(t_eval: ArrayLike | None, low: float, high: float) -> Array:
    if t_eval is None:
        return np.linspace(low, high, 101)
    times = checks.array("t_eval", t_eval, (None,))
    if times.size < 1 or (np.diff(times) <= 0).any() or times[0] < low or times[-1] > high:
        raise ValueError(
            f"t_eval must increase inside t_span = ({low:g}, {high:g}), got {shown(t_eval)}"
        )
    return times
