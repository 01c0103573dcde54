"""Registry of derivations by id; each has a title and steps that are computed on demand.

Every expression is produced by the modules that use it, none is typed in as a result.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from theory import checks
from theory.derivations import (
    count_moments,
    curriculum,
    lemma,
    logit_slopes,
    setting,
    step_1,
    step_2,
)
from theory.derivations.statement import Derivation, DerivationStep


def ids() -> tuple[str, ...]:
    """The known ids, in reading order."""
    return tuple(_REGISTRY)


def title(id: str) -> str:
    """The title of a derivation; ValueError for an unknown id."""
    return _entry(id)[0]


def derivation(id: str, *, T: int = 4) -> Derivation:
    """Carry out one derivation.

    Parameters
    ----------
    id : str
        One of `ids`.
    T : int
        Context length of those steps that are numbers for one T, at least 1.

    Returns
    -------
    Derivation

    Raises
    ------
    TypeError, ValueError
        If `T` is not such a length, or the id is unknown (the sentence lists the known ones).
    """
    length = checks.integer("T", T, 1)
    heading, build = _entry(id)
    return Derivation(id, heading, build(length))


def _entry(id: str) -> tuple[str, Callable[[int], list[DerivationStep]]]:
    if id not in _REGISTRY:
        raise ValueError(f"unknown derivation {id!r}; known are {', '.join(_REGISTRY)}")
    return _REGISTRY[id]


_REGISTRY: dict[str, tuple[str, Callable[[int], list[DerivationStep]]]] = {
    **setting.REGISTRY,
    "lemma-3.1": ("The first step of gradient descent, Lemma 3.1", lemma.lemma),
    "A.23": ("Powers of the transition matrix", step_1.power),
    "A.25": ("The gradient in W for one chain, in closed form", step_1.gradient),
    "A.27": ("The first step of W, entry 1, 1", partial(step_1.entry, 0, 0)),
    "A.28": ("The first step of W, entry 1, 2", partial(step_1.entry, 0, 1)),
    "A.29": ("The first step of W, entry 2, 1", partial(step_1.entry, 1, 0)),
    "A.30": ("The first step of W, entry 2, 2", partial(step_1.entry, 1, 1)),
    "A.31": ("The leading order of the first step of W", step_1.leading),
    "A.32": ("The diagonal constant B of the first step in W",
             lambda T: lemma.pair_average(0, "Its average under the flat prior.")),
    "A.33": ("The off-diagonal constant A of the first step in W",
             lambda T: lemma.pair_average(1, "Its average under the flat prior.")),
    **logit_slopes.REGISTRY,
    "A.36": ("The step of v for one chain, in closed form", step_1.step_of_v),
    "A.37": ("The constant D of the first step in v", lemma.constant_of_v),
    **logit_slopes.SECOND,
    **step_2.REGISTRY,
    "a-equals-b": ("The first step under the doubly stochastic prior", lemma.equal_rows),
    **curriculum.REGISTRY,
    **count_moments.REGISTRY,
}  # fmt: skip
