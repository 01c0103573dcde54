"""Quadrature over a prior: weights and chains that integrate smooth functions of a chain."""

from __future__ import annotations

from sim import checks
from sim.messages import shown
from sim.task.priors.prior import Prior, check_prior
from sim.task.priors.rules import Quadrature


def prior_quadrature(prior: Prior, nodes: int = 48) -> Quadrature:
    """A quadrature rule for expectations over the prior, from its `quadrature` method.

    Parameters
    ----------
    prior : Prior
        k = 2 and order 1: Gauss rules (spectral accuracy for alpha = 1 or other integers and the
        special families, algebraic for fractional alpha). A finite set: exact. A mixture: the
        rules of its priors. Other flat Dirichlet chains: scrambled Sobol points with a fixed seed,
        whose error is only algebraic. Any other prior without a rule: chains drawn with a fixed
        seed, and a warning that gives the size of the error.
    nodes : int
        Gauss nodes per dimension, at least 2; the other rules use about nodes**2 points.

    Returns
    -------
    Quadrature
        Weights (m,) of sum 1 and chains (m, k**order, k); also what `theory` takes as a prior.

    Raises
    ------
    ValueError
        If the prior's rule is invalid: weights that are negative or not finite, or rows of chains
        that are not distributions.

    Examples
    --------
    >>> import sim
    >>> rule = sim.prior_quadrature(sim.Dirichlet(2), 8)
    >>> round(float(rule.weights @ rule.transition[:, 0, 0]), 12)  # E[a] = 1/2
    0.5
    """
    check_prior(prior)
    nodes = checks.integer("nodes", nodes, 2)
    checks.memory(f"a rule with {nodes} nodes in each dimension", nodes, nodes, 8)
    rule = prior.quadrature(nodes)
    if not isinstance(rule, tuple | list) or len(rule) != 2:
        raise TypeError(
            f"quadrature of {type(prior).__name__} must return (weights, chains), got {shown(rule)}"
        )
    weights = checks.array("weights of the rule", rule[0], (None,))
    if not weights.size or (weights < 0).any() or not 0 < weights.max() < 1e300:
        raise ValueError(
            f"weights of the rule must be nonnegative with a positive sum, got {shown(weights)}"
        )
    transition = checks.transition("chains of the rule", rule[1])
    shape = (len(weights), checks.histories(prior.k, prior.order), prior.k)
    if transition.shape != shape:
        raise ValueError(f"chains of the rule must have shape {shape}, got {transition.shape}")
    return Quadrature(weights / weights.sum(), transition)
