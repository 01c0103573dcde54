r"""The population kernel K of the margin loss with every hinge active.

There the loss is bilinear, ``L = L0 - sum_jml v_j W_ml K_jml``, and reading off eqs. (6)-(8)

    K_jml = (1/T) sum_{n=0}^{T-j} (T-j+1-n)
            E[ pi_l (P^{j-1})_{li} (P_mi - 1/k) (P^n)_{im}, summed over i ],

where n = p - t' and T-j+1-n counts the pairs (p, t') that share it. K is computed along separate
roads: a closed form for two states (`two_states`), and averages over chains (`averages`).

For a prior that is invariant under relabelling the states, simultaneous relabelling of m and l
leaves K unchanged, so that K_j is ``A_j 11' + B_j I`` for every number of states.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from theory import checks
from theory.chains.weighted import Prior, prior_and_states
from theory.kernel.averages import (
    chain_average,
    population_kernel_qmc,
    population_kernel_quadrature,
    symmetrise,
)

METHODS = ("auto", "closed", "quadrature", "qmc")


def population_kernel(
    T: int,
    *,
    k: int | None = None,
    prior: Prior = "flat",
    method: str = "auto",
    nodes: int | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    """K with ``-dL/dv_j = sum_ml K_jml W_ml`` and ``-dL/dW_ml = sum_j K_jml v_j``, eq. (A.13).

    Parameters
    ----------
    T : int
        Context length, at least 1.
    k : int, optional
        Number of states, at least 2. By default that of the chains in `prior`, or 2.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic" (for k = 2: a = b), or a weighted set of chains, see
        `theory.chains.weighted`. K of a weighted set is its plain average: symmetric in the states
        only as far as the set is.
    method : str
        "closed" (k = 2, any T) sums exact moments; "quadrature" (k = 2) averages matrix powers over
        chains; "qmc" (any k) averages over randomised points, see `population_kernel_qmc` for its
        error bars. "auto" is "closed" for k = 2 and "qmc" otherwise, and the only one for a
        weighted set.
    nodes : int, optional
        Points in 1 - lambda for "quadrature"; points a replicate (a power of two) for "qmc".
    seed : int
        Of the randomised points of "qmc".

    Returns
    -------
    array (T, k, k)
        Index 0 of the first axis is the paper's v_1; the other two are those of W.

    Raises
    ------
    ValueError
        If the method does not go with the prior.

    Examples
    --------
    >>> import theory
    >>> theory.population_kernel(100).shape
    (100, 2, 2)
    >>> theory.population_kernel(2).round(4)[0]
    array([[0.0795, 0.0114],
           [0.0114, 0.0795]])

    A prior without a name is given by its chains, here two with equal weights:

    >>> chains = [[[0.9, 0.1], [0.4, 0.6]], [[0.5, 0.5], [0.2, 0.8]]]
    >>> theory.population_kernel(2, prior=([1, 1], chains)).round(4)[0]
    array([[ 0.232 , -0.008 ],
           [-0.0127,  0.163 ]])
    """
    T = checks.integer("T", T, 1)
    known, k = prior_and_states(prior, k)
    # with the powers of a chain and their running sums
    checks.memory(f"K for length T = {checks.shown(T)} and k = {checks.shown(k)}", T, k, k, 8)
    chosen = checks.one_of("method", method, METHODS)
    if not isinstance(known, str):
        if chosen != "auto" or nodes is not None:
            raise ValueError("method and nodes must be left out for a weighted set of chains")
        average = chain_average(known.weights, known.transition, T)
        return symmetrise(average) if known.symmetric else average
    if chosen == "auto":
        chosen = "closed" if k == 2 else "qmc"
    if chosen != "qmc" and k != 2:
        raise ValueError(f"method must be auto or qmc for k={k}, got {checks.shown(method)}")
    if chosen == "closed":
        from theory.kernel.two_states import closed_kernel  # loads SymPy

        return closed_kernel(T, known)
    if chosen == "quadrature":
        return population_kernel_quadrature(T, known, nodes)
    return population_kernel_qmc(T, k, known, nodes, seed=seed)[0]
