"""The population kernel as a numeric average over chains, by matrix powers.

One routine serves two sets of chains: spectral quadrature for two states, randomised QMC for any
number of states.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from theory import checks
from theory.chains.nodes import default_nodes, point_set, quadrature
from theory.chains.stationary import stationary_distribution

_CHUNK_BYTES = 1 << 24


def population_kernel_quadrature(
    T: int, prior: str = "flat", nodes: int | None = None
) -> NDArray[np.float64]:
    """K (T, 2, 2) for two states by tensor Gauss-Legendre over chains.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    prior : str
        "flat" or "doubly_stochastic".
    nodes : int, optional
        Points in 1 - lambda on each side of the split; the default is exact in lambda.
    """
    T = checks.integer("T", T, 1)
    # The integrand has degree T + O(1) in lambda and 4 in y: the first sets the default, the
    # second makes 4 points across exact. What is left, 1/s on [1, 2], converges geometrically.
    along = T // 2 + 24 if nodes is None else checks.integer("nodes", nodes, 1)
    return symmetrise(chain_average(*quadrature((along, 4), prior), T))


def population_kernel_qmc(
    T: int,
    k: int,
    prior: str = "flat",
    nodes: int | None = None,
    replicates: int = 8,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """K by randomised quasi-Monte Carlo over chains, with its standard error.

    The mean of `kernel_replicates`, and the standard error of that mean.

    Parameters
    ----------
    T, k, prior, nodes, replicates, seed
        As in `kernel_replicates`.

    Returns
    -------
    mean, standard_error : arrays (T, k, k)
    """
    draws = kernel_replicates(T, k, prior, nodes, replicates, seed)
    return draws.mean(axis=0), draws.std(axis=0, ddof=1) / np.sqrt(len(draws))


def kernel_replicates(
    T: int,
    k: int,
    prior: str = "flat",
    nodes: int | None = None,
    replicates: int = 8,
    seed: int = 0,
    *,
    progress: bool = False,
) -> NDArray[np.float64]:
    """Independent unbiased estimates of K, each from its own scrambled Sobol net of chains.

    Each is averaged over relabellings of the states (K_j is in the span of 11' and I), so that
    diagonal entries share one estimate and off-diagonal ones another.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    k : int
        Number of states, at least 2.
    prior : str
        "flat" or "doubly_stochastic".
    nodes : int, optional
        Points a replicate, a power of two; 4096 up to k = 8 and fewer beyond, where a chain costs
        k^3 and the average over k^2 entries needs fewer of them.
    replicates : int
        Independent sets of points, at least 2.
    seed : int
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    array (replicates, T, k, k)
    """
    T, k = checks.integer("T", T, 1), checks.integer("k", k, 2)
    checks.prior_name(prior)
    replicates, seed = checks.integer("replicates", replicates, 2), checks.integer("seed", seed, 0)
    points = default_nodes(k) if nodes is None else nodes
    children = np.random.SeedSequence(seed).spawn(replicates)
    bar = tqdm(children, unit="net", disable=not progress, leave=False)
    return np.stack(
        [symmetrise(chain_average(*point_set(points, k, prior, seed=c), T)) for c in bar]
    )


def symmetrise(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average (T, k, k) over simultaneous relabellings of both state indices."""
    k = kernel.shape[-1]
    trace = np.trace(kernel, axis1=-2, axis2=-1)
    diagonal, rest = trace / k, (kernel.sum(axis=(-2, -1)) - trace) / (k * (k - 1))
    eye = np.eye(k)
    return diagonal[:, None, None] * eye + rest[:, None, None] * (1.0 - eye)


def chain_average(
    weights: NDArray[np.float64], transition: NDArray[np.float64], T: int
) -> NDArray[np.float64]:
    """Weighted average over chains of the kernel of one chain, from the definition.

    Parameters
    ----------
    weights : array (m,)
    transition : array (m, k, k)
    T : int

    Returns
    -------
    array (T, k, k)
        Not averaged over relabellings of the states.
    """
    k = transition.shape[-1]
    size = max(1, _CHUNK_BYTES // (8 * T * k * k))
    total = np.zeros((T, k, k))
    for start in range(0, len(weights), size):
        part = slice(start, start + size)
        total += _chunk(weights[part], transition[part], T)
    return total / T


def _chunk(
    weights: NDArray[np.float64], transition: NDArray[np.float64], T: int
) -> NDArray[np.float64]:
    m, k = len(weights), transition.shape[-1]
    powers = np.empty((T, m, k, k))
    powers[0] = np.eye(k)
    for n in range(1, T):
        np.matmul(powers[n - 1], transition, out=powers[n])
    # sum_{n <= N} (N + 1 - n) P^n is a double running sum, needed at N = T - j.
    ramps = np.cumsum(np.cumsum(powers, axis=0), axis=0)[::-1]
    start = powers * (weights[:, None] * stationary_distribution(transition))[:, :, None]
    after = np.swapaxes(ramps, -1, -2) * (transition - 1.0 / k)
    left = after.transpose(0, 2, 1, 3).reshape(T, k, m * k)  # (j, m, chain i)
    right = start.transpose(0, 1, 3, 2).reshape(T, m * k, k)  # (j, chain i, l)
    return left @ right
