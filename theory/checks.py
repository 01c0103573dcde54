"""Argument checks; each error names the argument and its value."""

from __future__ import annotations

import math
import operator
import os
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

PRIORS = ("flat", "doubly_stochastic")


def integer(name: str, value: Any, minimum: int) -> int:
    """`value` as an int of at least `minimum`.

    Raises
    ------
    TypeError
        If `value` is not an integer (booleans and whole floats are refused too).
    ValueError
        If it is below `minimum`.
    """
    message = f"{name} must be an integer >= {minimum}, got {shown(value)}"
    if isinstance(value, bool):
        raise TypeError(message)
    try:
        whole = operator.index(value)
    except TypeError:
        raise TypeError(message) from None
    if whole < minimum:
        raise ValueError(message)
    return whole


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """`value`, which must be one of the strings `allowed`, else ValueError listing them."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {shown(value)}")
    return value


def prior_name(value: Any) -> str:
    """`value`, which must be a known prior, else ValueError listing them."""
    if isinstance(value, tuple | list):  # not to print a thousand chains
        raise ValueError(
            f"prior must be one of {', '.join(PRIORS)} here, got a weighted set of chains"
        )
    return one_of("prior", value, PRIORS)


def power_of_two(name: str, value: Any) -> int:
    """`value` as an int that is a power of two (a Sobol net is balanced only then)."""
    whole = integer(name, value, 2)
    if whole & (whole - 1):
        raise ValueError(f"{name} must be a power of two, got {shown(value)}")
    return whole


def positive(name: str, value: Any) -> float:
    """`value` as a finite float above 0, else TypeError or ValueError naming it."""
    message = f"{name} must be a finite number > 0, got {shown(value)}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(message)
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(message) from None
    if not 0.0 < number < float("inf"):
        raise ValueError(message)
    return number


def real_array(name: str, value: Any) -> NDArray[np.float64]:
    """`value` as a float64 array, refusing what is no array of real numbers, or has a mask."""
    message = f"{name} must be an array of real numbers, got {shown(value)}"
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(message)
    try:
        given = np.asarray(value)
        if given.dtype.kind == "O" and all(isinstance(entry, Real) for entry in given.flat):
            given = given.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(message) from None
    if given.dtype.kind not in "iuf":
        raise TypeError(message)
    with np.errstate(over="ignore"):  # a long double beyond float64 is infinite, and refused
        return given.astype(np.float64)


def shown(value: Any) -> str:
    """`value` for a message: on one line, and cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # an integer of too many digits, or an object that cannot be printed
        text = f"a {type(value).__name__} that cannot be printed"
    return text if len(text) <= 120 else f"{text[:116]} ..."


def memory(what: str, *shape: int) -> None:
    """Refuse `what`, an array of `shape` floats, if it is beyond the memory that may be used.

    That is the machine's, or the number of GiB in the environment variable ICL_MARKOV_MAX_MEMORY.
    """
    power = 3.0 + sum(math.log2(max(size, 1)) for size in shape)
    text = os.environ.get("ICL_MARKOV_MAX_MEMORY", "")
    try:
        limit = float(text) * 2**30 if text else _physical_memory()
    except ValueError:
        limit = math.nan
    if not 0 < limit < math.inf:
        raise ValueError(f"ICL_MARKOV_MAX_MEMORY must be a finite number > 0, got {text!r}")
    if power > math.log2(limit):
        needed = f"{2 ** (power - 30):.3g} GiB" if power < 1000 else f"2**{power:.0f} bytes"
        reason = "ICL_MARKOV_MAX_MEMORY is" if text else "this machine has"
        raise ValueError(
            f"{what} would need {needed} of memory, and {reason} {limit / 2**30:.3g} GiB"
        )


def at_most(name: str, value: int, most: int) -> int:
    """`value`, refused if it is beyond what takes minutes."""
    if value > most:
        raise ValueError(f"{name} must be at most {most}, got {shown(value)}")
    return value


def _physical_memory() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2.0**50  # not told on this system: what no machine has
