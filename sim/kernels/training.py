"""Training of the minimal model as one compiled loop: sampling, gradient and update."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels._drawing import draw_group, draw_sequence, drawing_scratch
from sim.kernels._jit import inner_jit, jit
from sim.kernels._philox import uniforms
from sim.kernels._scratch import empty, zeros
from sim.kernels._vector import lanes, load
from sim.kernels.barrier import STRIDE, wait
from sim.kernels.minimal import (
    CHUNK,
    add_chunks,
    add_group,
    chunk_scratch,
    clear_chunk,
    finish_chunk,
    first_layer,
    group_scratch,
    prepare,
    shared_scratch,
)


class Batches(NamedTuple):
    """Chains to draw batches of B sequences from, one batch for each of some steps.

    Attributes
    ----------
    order : int
    transition, initial : ndarray of float64, shapes (steps, B, S, k) and (steps, B, S)
        S = k**order.
    key : ndarray of uint64, shape (2,)
    first_step : int
        Counter of the first batch.
    """

    order: int
    transition: NDArray[np.float64]
    initial: NDArray[np.float64]
    key: NDArray[np.uint64]
    first_step: int


@inner_jit
def update(v, W, gradient, rates):
    """Gradient step with decay on v and W; (|dL/dv|^2, |dL/dW|^2) and whether all is finite.

    gradient is d_v (T), d_row (T), d_W (k k), loss.
    """
    T, k = len(v), len(W)
    square_v, square_W, size = 0.0, 0.0, float(gradient[2 * T + k * k])
    for t in range(T):
        square_v += gradient[t] * gradient[t]
        v[t] -= rates[0] * (gradient[t] + rates[2] * v[t])
        size += v[t] * v[t]
    for m in range(k):
        for l in range(k):
            slope = gradient[2 * T + m * k + l]
            square_W += slope * slope
            W[m, l] -= rates[1] * (slope + rates[3] * W[m, l])
            size += W[m, l] * W[m, l]
    return square_v, square_W, math.isfinite(size)


@jit
def train_steps(setting, batches, v, W, rates, worker, turns, partial, losses, squares):
    """SGD on fresh batches, one for each entry of losses; returns how many steps went well.

    Reference: a plain loop over `draw`, `sim.kernels.minimal.chunk_gradients` and `update`, which
    the tests write out in Python.

    Threads call it at the same time, each with weights, losses and squares of its own: a worker
    does some of the chunks, and when all have come, every one of them adds up all chunks and
    updates its weights, to the same bits.

    Parameters
    ----------
    setting : sim.kernels.minimal.Setting
    batches : Batches
    v : (T,), in and out
    W : (k, k), in and out
    rates : (4,)
        Learning rates of v and W, weight decays of v and W.
    worker : int
    turns : (workers * `STRIDE`,) int64, in and out
        Zeros, shared by the workers.
    partial : (2, chunks, `partial_size`), scratch
        Shared by the workers: the chunks of this step and of the one before, which some may still
        be reading.
    losses : (steps,) float64, out
    squares : (2,) float64, in and out
        Sums over the steps of |dL/dv|^2 and |dL/dW|^2.
    """
    states, softmax = setting.states, setting.softmax
    T, k, L, N, B = len(v), len(states), lanes(W), len(setting.twist), batches.transition.shape[1]
    shared, scratch = shared_scratch(T, k, N, W), group_scratch(T, k, N, W)
    sums = chunk_scratch(T, k, N, softmax, W)
    drawing = drawing_scratch(T + 1, states, W)
    symbols, lane_weight = empty((T + 1) * L, W), zeros(L, W)
    lag_weight, row_scale = empty(T, W), empty(T, W)
    gradient = np.empty(partial.shape[2])
    workers, chunks = len(turns) // STRIDE, partial.shape[1]
    first_chunk, stop_chunk = worker * chunks // workers, (worker + 1) * chunks // workers
    if not first_layer(v, softmax, lag_weight, row_scale):
        losses[0] = math.nan
        return 0
    for step in range(len(losses)):
        prepare(lag_weight, W, setting.twist, setting.roots, shared, scratch)
        chunk_sums = partial[step % 2]
        for chunk in range(first_chunk, stop_chunk):
            clear_chunk(sums)
            loss = 0.0
            stop = min((chunk + 1) * CHUNK, B)
            for first in range(chunk * CHUNK, stop, L):
                draw_group(states, batches, step, first, stop, symbols, drawing)
                for q in range(L):
                    lane_weight[q] = 1.0 / B if first + q < stop else 0.0
                loss += add_group(
                    setting, symbols, load(lane_weight, 0), row_scale, W, shared, scratch, sums
                )
            finish_chunk(setting, T, sums, loss, chunk_sums[chunk])
        wait(turns, worker, step + 1)
        add_chunks(softmax, lag_weight, row_scale, chunk_sums, gradient)
        losses[step] = gradient[2 * T + k * k]
        square_v, square_W, finite = update(v, W, gradient, rates)
        if not (finite and first_layer(v, softmax, lag_weight, row_scale)):
            return step
        squares[0] += square_v
        squares[1] += square_W
    return len(losses)


@jit
def draw(order, transition, initial, key, step, out):
    """The batch `train_steps` draws at a step.

    transition (n, S, k), initial (n, S) and key as there; out (n, length) int32, out. The dtype of
    the draws is that of `transition`. Reference: `sim.task.reference.sample`, which is given the
    uniform numbers of `_philox`; the authors' library has known answers for those.
    """
    members, counters = np.empty(1, np.int64), np.empty(4, np.uint64)
    draws = np.empty(out.shape[1], transition.dtype)
    symbols = np.empty(out.shape[1], transition.dtype)
    for q in range(len(out)):
        members[0] = q
        uniforms(key, step, members, counters, draws)
        draw_sequence(order, transition[q], initial[q], draws, 0, 1, symbols)
        for p in range(out.shape[1]):
            out[q, p] = symbols[p]
