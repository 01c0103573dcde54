"""The result of one route: how far a statement is from true, and for which cases it was checked."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    residual: float
    tolerance: float
    detail: str
    exact: bool = False
    scope: str = ""

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
