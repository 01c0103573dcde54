"""Kernels for Markov chains: stationary distributions and sampling from given uniform draws."""

from __future__ import annotations

import math

import numpy as np

from sim.kernels._jit import inner_jit, jit

LANES = 8  # sequences drawn side by side
# a product of probabilities that underflows cannot matter beside numbers larger than this
TRUSTED = 1e-100


@jit
def stationary(transition, out):
    """Stationary distribution over histories by Grassmann-Taksar-Heyman elimination.

    No subtraction occurs, so every entry is accurate to relative rounding error even for nearly
    reducible chains. Where products of probabilities may have underflowed, or a chain has several
    recurrent classes, out is NaN: those are for `graded_stationary`.

    transition (n, S, k) with S = k**order; out (n, S). Reference: `sim.task.reference.stationary`.
    """
    n, S, _ = transition.shape
    dense = np.empty((S, S))
    for q in range(n):
        _fill(transition[q], dense)
        least = 1.0
        for state in range(S - 1, 0, -1):
            leave = 0.0
            for j in range(state):
                leave += dense[state, j]
            least = min(least, leave)
            if not least >= TRUSTED:
                break
            for i in range(state):
                dense[i, state] /= leave
                for j in range(state):
                    dense[i, j] += dense[i, state] * dense[state, j]
        if not least >= TRUSTED:
            out[q] = math.nan
            continue
        out[q, 0] = 1.0
        total = 1.0
        for state in range(1, S):
            mass = 0.0
            for i in range(state):
                mass += out[q, i] * dense[i, state]
            out[q, state] = mass
            total += mass
        for state in range(S):
            out[q, state] /= total
            least = min(least, out[q, state])
        if not least >= TRUSTED:
            out[q] = math.nan


@inner_jit
def _fill(transition, dense):
    """dense (S, S) between histories from transition (S, k)."""
    S, k = transition.shape
    if k == S:  # order one: nothing to divide, which would take longest of all
        dense[:] = transition
        return
    dense[:] = 0.0
    for s in range(S):
        for i in range(k):
            dense[s, (s * k + i) % S] += transition[s, i]


@inner_jit
def _plus(a, p, b, q):
    """a 2**p + b 2**q as a mantissa in [0.5, 1) and an exponent."""
    if a == 0.0:
        return b, q
    if b == 0.0:
        return a, p
    if p < q:
        a, p, b, q = b, q, a, p
    mantissa, shift = math.frexp(a + math.ldexp(b, max(q - p, -200)))
    return mantissa, p + shift


@inner_jit
def _normal(a, p):
    """a 2**p with its mantissa in [0.5, 1)."""
    mantissa, shift = math.frexp(a)
    return mantissa, p + shift


@jit
def graded_stationary(transition, out):
    """The same elimination for every chain, on numbers with exponents of their own.

    A state from which no other one that is left can be reached stands for a recurrent class and
    is never eliminated. Each class counts with the probability to end in it from a uniform start:
    out is the long-run share of time in each history.

    transition (n, S, k) with S = k**order; out (n, S).
    """
    n, S, _ = transition.shape
    dense, power = np.empty((S + 1, S)), np.empty((S + 1, S), np.int64)  # last row: the start
    left = np.empty(S, np.int64)  # not eliminated: the states below the present one, and classes
    for q in range(n):
        _fill(transition[q], dense[:S])
        dense[S] = 1.0 / S
        for i in range(S + 1):
            for j in range(S):
                dense[i, j], power[i, j] = _normal(dense[i, j], 0)
        left[:] = np.arange(S)
        count = S
        for state in range(S - 1, -1, -1):
            leave, shift = 0.0, 0
            for at in range(count):
                j = left[at]
                if j != state:
                    leave, shift = _plus(leave, shift, dense[state, j], power[state, j])
            if leave == 0.0:
                continue
            left[state : count - 1] = left[state + 1 : count]
            count -= 1
            for i in range(S + 1):
                if state <= i < S or dense[i, state] == 0.0:
                    continue
                dense[i, state], power[i, state] = _normal(
                    dense[i, state] / leave, power[i, state] - shift
                )
                for at in range(count):
                    j = left[at]
                    a, p = _normal(
                        dense[i, state] * dense[state, j], power[i, state] + power[state, j]
                    )
                    dense[i, j], power[i, j] = _plus(dense[i, j], power[i, j], a, p)
        out[q] = 0.0
        for first in left[:count]:
            weight = 1.0 if count == 1 else math.ldexp(dense[S, first], power[S, first])
            _add_class(dense, power, first, weight, out[q])


@inner_jit
def _add_class(dense, power, first, weight, out):
    """Add to out (S,) the distribution of the class that `first` stands for, times its weight."""
    S = len(out)
    pi, shift = np.zeros(S), np.zeros(S, np.int64)
    pi[first], shift[first] = _normal(1.0, 0)
    total, scale = pi[first], shift[first]
    for state in range(first + 1, S):
        mass, exponent = 0.0, 0
        for i in range(first, state):
            a, p = _normal(pi[i] * dense[i, state], shift[i] + power[i, state])
            mass, exponent = _plus(mass, exponent, a, p)
        pi[state], shift[state] = mass, exponent
        total, scale = _plus(total, scale, mass, exponent)
    for state in range(first, S):
        if pi[state] > 0.0:
            out[state] += weight * math.ldexp(pi[state] / total, max(shift[state] - scale, -1200))


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
