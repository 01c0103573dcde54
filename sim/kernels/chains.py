"""Kernels for Markov chains: stationary distributions and sampling from given uniform draws."""

from __future__ import annotations

import numpy as np

from sim.kernels._jit import jit

LANES = 8  # sequences drawn side by side


@jit
def stationary(transition, out):
    """Stationary distribution over histories by Grassmann-Taksar-Heyman elimination.

    No subtraction occurs, so every entry is accurate to relative rounding error even for nearly
    reducible chains. A chain with several recurrent classes gets the distribution of one of them.

    transition (n, S, k) with S = k**order; out (n, S). Reference: `sim.task.reference.stationary`.
    """
    n, S, k = transition.shape
    dense = np.empty((S, S))
    for q in range(n):
        if k == S:  # order one: nothing to divide, which would take longest of all
            dense[:] = transition[q]
        else:
            dense[:] = 0.0
            for s in range(S):
                for i in range(k):
                    dense[s, (s * k + i) % S] += transition[q, s, i]
        first = 0
        for state in range(S - 1, 0, -1):
            leave = 0.0
            for j in range(state):
                leave += dense[state, j]
            if leave <= 0.0:
                # nothing below `state` can be reached from it: the recurrent class lies above
                first = state
                break
            for i in range(state):
                dense[i, state] /= leave
                for j in range(state):
                    dense[i, j] += dense[i, state] * dense[state, j]
        out[q, :first] = 0.0
        out[q, first] = 1.0
        total = 1.0
        for state in range(first + 1, S):
            mass = 0.0
            for i in range(first, state):
                mass += out[q, i] * dense[i, state]
            out[q, state] = mass
            total += mass
        for state in range(first, S):
            out[q, state] /= total


@jit
def sample(transition, initial, uniforms, order, out):
    """Sequences by inverse CDF, one uniform a draw; the first draws the initial history.

    transition (n, S, k); initial (n, S); uniforms (n, max(1, length - order + 1)); out (n, length)
    int32. Reference: `sim.task.reference.sample`.
    """
    n, S, k = transition.shape
    length = out.shape[1]
    history = np.empty(LANES, np.int64)
    for first in range(0, n, LANES):
        lanes = min(LANES, n - first)
        for lane in range(lanes):
            q = first + lane
            start = 0
            below = 0.0
            for s in range(S - 1):
                below += initial[q, s]
                start += uniforms[q, 0] >= below
            digit = S // k
            for t in range(min(order, length)):
                out[q, t] = (start // digit) % k
                digit //= k
            history[lane] = start
        for t in range(order, length):
            # several sequences in turn: within one, each draw waits for the one before it
            for lane in range(lanes):
                q = first + lane
                u = uniforms[q, t - order + 1]
                token = 0
                below = 0.0
                for i in range(k - 1):
                    below += transition[q, history[lane], i]
                    token += u >= below
                out[q, t] = token
                # an integer division a token would cost more than all the rest
                history[lane] = token if order == 1 else (history[lane] * k + token) % S
