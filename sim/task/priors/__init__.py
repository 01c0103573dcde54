"""Priors over the transition matrices of the in-context task."""

from sim.task.priors.dirichlet import Dirichlet, Unigram
from sim.task.priors.doubly_stochastic import DoublyStochastic
from sim.task.priors.finite_set import FiniteSet
from sim.task.priors.interpolated import Interpolated
from sim.task.priors.mixture import Mixture
from sim.task.priors.prior import Prior

__all__ = [
    "Dirichlet",
    "DoublyStochastic",
    "FiniteSet",
    "Interpolated",
    "Mixture",
    "Prior",
    "Unigram",
]
