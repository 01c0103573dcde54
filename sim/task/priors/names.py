"""Make a prior from its command-line name."""

from __future__ import annotations

from sim import checks
from sim.task.priors.dirichlet import Dirichlet, Unigram
from sim.task.priors.doubly_stochastic import DoublyStochastic
from sim.task.priors.interpolated import Interpolated
from sim.task.priors.prior import Prior

NAMES = ("dirichlet", "doubly_stochastic", "unigram", "interpolated")


def prior_by_name(
    name: str, *, k: int, alpha: float = 1.0, order: int = 1, p: float | None = None
) -> Prior:
    """The prior a command line means by `name`; parameters the prior does not have are refused."""
    checks.one_of("prior", name, NAMES)
    if p is not None and name != "interpolated":
        raise ValueError(f"prior {name} has no p, got {p:g}")
    if name == "dirichlet":
        return Dirichlet(k, alpha, order)
    if order != 1:
        raise ValueError(f"prior {name} is defined for order 1, got order {order}")
    if name == "unigram":
        return Unigram(k, alpha)
    if alpha != 1.0:
        raise ValueError(f"prior {name} has no alpha, got {alpha:g}")
    if name == "doubly_stochastic":
        return DoublyStochastic(k)
    if k != 2:
        raise ValueError(f"prior interpolated is defined for k = 2, got {k}")
    if p is None:
        raise ValueError("prior interpolated needs p in [0, 1], got none")
    return Interpolated(p)
