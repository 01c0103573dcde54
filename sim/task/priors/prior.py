"""`Prior`, the base class of all priors over Markov chains."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.messages import shown
from sim.randomness import Seed
from sim.task.priors.rules import Quadrature

# of the chains that stand in for a prior without a rule
SAMPLE_SEED = 0


class Prior(ABC):
    """A distribution over transition matrices of chains with `k` states.

    To write your own prior, subclass it and define `k`, `order`, `sample` and `describe`. If it
    also defines `quadrature`, `Population` and `theory` are as accurate as that rule.

    Attributes
    ----------
    k : int
        Number of states.
    order : int
        Length of the history the next token depends on; row ``s`` of a transition matrix belongs
        to the history whose base-k digits, oldest token first, spell ``s``.
    """

    k: int
    order: int

    @abstractmethod
    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        """Draw `n` transition matrices, shape ``(n, k**order, k)``, rows summing to 1."""

    def _size(self, n: int) -> int:
        """`n` as an int, if so many transition matrices can be held."""
        n = checks.integer("n", n, 1)
        what = f"sampling {n} chains with k = {self.k} states of order {self.order}"
        checks.memory(what, n, checks.histories(self.k, self.order), self.k)
        return n

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The prior as JSON-ready data, for provenance."""

    def quadrature(self, nodes: int) -> Quadrature:
        """Weights (m,) and chains (m, k**order, k) that stand in for the prior in averages.

        Where a prior has no rule of its own, nodes**2 chains drawn with a fixed seed: an average
        over them is off by about 1/nodes of the standard deviation over chains.
        """
        count = nodes**2
        warnings.warn(
            f"{type(self).__name__} has no quadrature: {count} sampled chains stand in for it, and "
            f"averages are off by some {1 / nodes:.1%} of their spread over chains; raise nodes, "
            "define quadrature(nodes), or use FiniteSet for an exact finite problem",
            stacklevel=3,
        )
        return Quadrature(np.full(count, 1.0 / count), sampled_chains(self, count, SAMPLE_SEED))

    @property
    def has_exact_quadrature(self) -> bool:
        """Whether the rule converges for likelihoods too, however concentrated.

        Gauss rules and finite sets do; fixed points cannot follow a posterior that shrinks as the
        context grows.
        """
        return False


def check_prior(prior: Any, name: str = "prior") -> Prior:
    """Return the prior, refusing what is none."""
    checks.instance(name, prior, Prior, "a prior such as Dirichlet(k), or a Prior of your own")
    checks.integer(f"{name}.k", getattr(prior, "k", None), 2)
    checks.integer(f"{name}.order", getattr(prior, "order", None), 1)
    return prior


def sampled_chains(prior: Prior, n: int, rng: Seed) -> NDArray[np.float64]:
    """Chains (n, k**order, k) of a prior, refused if they are not what a prior has to draw.

    Rows in float32 are accepted and brought to sum 1; all others are left as they are.
    """
    found = prior.sample(n, rng)
    if type(prior).__module__.split(".")[0] == "sim":
        return found  # tested, and checking every batch would cost some per cent of a step
    name = f"chains drawn by {type(prior).__name__}"
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f":
        raise TypeError(f"{name} must be an array of floats, got {shown(found)}")
    shape = (n, checks.histories(prior.k, prior.order), prior.k)
    if found.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {found.shape}")
    return checks.transition(name, found)
