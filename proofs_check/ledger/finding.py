"""The result of one route: how far a statement is from true, and for which cases it was checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

# a tolerance up to this needs no reason: numbers are rounded
ROUNDING = 1e-10


@dataclass(frozen=True)
class Finding:
    """The outcome of one route on one statement.

    Attributes
    ----------
    residual : float
        Distance from truth; of an exact finding 0 or 1.
    tolerance : float
        How much of it is allowed; of an exact finding 0.
    detail : str
        What was compared and where.
    exact : bool
        Whether it was decided by a decision procedure and not by numbers.
    scope : str
        The cases an exact finding covers, where they are fewer than the statement's: ``T <= 3``.
        Empty: all of them.
    because : str
        Why so much is allowed; "rounding" if it is at most `ROUNDING` and nothing is said.
    """

    residual: float
    tolerance: float
    detail: str
    exact: bool = False
    scope: str = ""
    because: str = ""

    def __post_init__(self) -> None:
        if 0 < self.tolerance <= ROUNDING and not self.because:
            object.__setattr__(self, "because", "rounding")

    @property
    def holds(self) -> bool:
        """Whether the statement stands; NaN never does."""
        # bool() since NumPy comparisons are not
        return bool(self.residual <= self.tolerance)

    @property
    def proves(self) -> bool:
        """Whether it decides the statement exactly and in every case."""
        return self.holds and self.exact and not self.scope


def exactly(holds: bool, detail: str, *, scope: str = "") -> Finding:
    """The finding of a decision procedure."""
    return Finding(0.0 if holds else 1.0, 0.0, detail, exact=True, scope=scope)


def in_errors(
    found: ArrayLike, value: ArrayLike, error: ArrayLike, detail: str, *, allowed: float = 4.0
) -> Finding:
    """The finding of an estimate: its largest distance from the value, in standard errors.

    Parameters
    ----------
    found, value, error : array_like
        Estimates, what they should be, and the standard errors of the estimates.
    detail : str
    allowed : float
        Standard errors that are allowed; 4 are exceeded by chance once in 16,000 estimates.

    Raises
    ------
    ValueError
        If an error is not positive: an estimate without scatter is none.
    """
    error = np.asarray(error, float)
    if not (error > 0).all():
        raise ValueError(f"error must be positive, got {error}")
    deviations = np.abs(np.asarray(found, float) - np.asarray(value, float)) / error
    return Finding(
        float(np.max(deviations)), allowed, detail, because="standard errors of the estimate"
    )
