"""Argument checks; each error names the argument, its value and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import limits
from sim.messages import shown

# numbers in an array that any machine can hold: not worth asking, in the middle of training
SMALL = 2**20


def integer(name: str, value: Any, minimum: int) -> int:
    """Return `value` as an int, refusing anything that is not an integer >= `minimum`."""
    allowed = f"{name} must be an integer >= {minimum}, got {shown(value)}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(allowed)
    if value < minimum:
        raise ValueError(allowed)
    return int(value)


def real(name: str, value: Any, minimum: float = 0.0, *, strict: bool = True) -> float:
    """Return `value` as a float, refusing anything not finite or not above `minimum`."""
    allowed = f"a finite number {'>' if strict else '>='} {minimum:g}"
    result = number(name, value, allowed)
    if not math.isfinite(result) or result < minimum or (strict and result == minimum):
        raise ValueError(f"{name} must be {allowed}, got {shown(value)}")
    return result


def whole(name: str, value: Any) -> int:
    """Return `value` as an int, refusing anything that is no integer."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {shown(value)}")
    return int(value)


def number(name: str, value: Any, allowed: str = "a number") -> float:
    """Return `value` as a float, refusing anything that is no real number or beyond any float."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {allowed}, got {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be {allowed} below 1.8e308, got {shown(value)}") from None


def one_of(name: str, value: Any, known: Iterable[str]) -> str:
    """Return `value` if it is one of the `known` names; the refusal lists them."""
    names = list(known)
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{name} must be one of {', '.join(names)}, got {shown(value)}")
    return str(value)


def keep(owner: Any, **values: Any) -> None:
    """Set attributes of a frozen dataclass: what a check returned, in place of what was given."""
    for name, value in values.items():
        object.__setattr__(owner, name, value)


def instance(name: str, value: Any, kind: type, allowed: str) -> None:
    """Refuse a `value` that is not an instance of `kind`; `allowed` says what would be."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {allowed}, got {shown(value)}")


def real_array(name: str, value: Any) -> NDArray[Any]:
    """`value` as an array of real numbers of its own dtype.

    Refused are complex and masked arrays, whose imaginary parts and masks would be dropped in
    silence, strings, booleans, dates, and rows of different lengths.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be an array without a mask, got {shown(value)}")
    try:
        given = np.asarray(value)
        if given.dtype.kind == "O" and all(isinstance(entry, Real) for entry in given.flat):
            given = given.astype(np.float64)  # fractions, and integers beyond 64 bits
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{name} must be an array of real numbers, got {shown(value)}") from error
    if given.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be an array of real numbers, got {shown(value)}")
    with np.errstate(over="ignore"):  # of long doubles: infinities, which are refused as such
        return given.astype(np.float64) if given.dtype.itemsize > 8 else given


def array(name: str, value: ArrayLike, shape: tuple[int | None, ...]) -> NDArray[np.float64]:
    """Return a C-contiguous float64 copy of `value`, refusing a wrong shape or non-finite entries.

    A ``None`` in `shape` allows any length along that axis.
    """
    given = real_array(name, value)
    result = np.array(given, dtype=np.float64, order="C")
    fits = result.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, result.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {result.shape}")
    if not np.isfinite(result).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(result))[0])
        raise ValueError(f"{name} must be finite, got {result[where]} at index {where}")
    return result


def memory(what: str, *shape: int) -> None:
    """Refuse `what`, an array of `shape` float64 numbers, if this machine could never hold it."""
    if math.prod(shape) > SMALL:
        limits.refuse_memory(what, math.log2(8) + sum(math.log2(size) for size in shape))


def histories(
    k: int, order: int, what: str = "a chain with k = {k} states of order {order}"
) -> int:
    """``k**order``, refused if not even one table of so many rows of k could be held."""
    k, order = int(k), int(order)
    if max(k, order) > 2**63:
        raise ValueError(f"{what.format(k=shown(k), order=shown(order))} is too large")
    if (order + 1) * math.log2(k) > math.log2(SMALL):
        named = what.format(k=shown(k), order=shown(order))
        name = f"{named} (k**{shown(order)} histories)"
        limits.refuse_memory(name, math.log2(8) + (order + 1) * math.log2(k))
    return k**order


def threads(value: Any, name: str = "threads") -> int:
    """Return `value` as an int, refusing more threads (or processes) than may be started."""
    result, most = integer(name, value, 1), limits.most_threads()
    if result > most:
        raise ValueError(
            f"{name} must be at most {most} ({limits.THREADS} sets the limit), got {shown(value)}"
        )
    return result


def tokens(value: ArrayLike, k: int, *, minimum_length: int = 1) -> NDArray[np.int32]:
    """Return tokens as a C-contiguous int32 array ``(n, length)`` with entries in 0..k-1.

    Raises
    ------
    TypeError
        If the entries are not integers (floats are refused even when whole).
    ValueError
        If the array is not two-dimensional, too short, or holds a token outside 0..k-1.
    """
    try:
        given = np.asarray(value)
    except ValueError:
        raise ValueError("tokens must be sequences of one length, got a ragged array") from None
    if given.dtype.kind not in "iu" or isinstance(value, np.ma.MaskedArray):
        kind = "a masked array" if isinstance(value, np.ma.MaskedArray) else f"dtype {given.dtype}"
        raise TypeError(f"tokens must be integers, got {kind}")
    if given.ndim != 2:
        raise ValueError(f"tokens must have shape (n, length), got {given.shape}")
    if given.shape[0] < 1 or given.shape[1] < minimum_length:
        raise ValueError(
            f"tokens must hold at least one sequence of length >= {minimum_length}, "
            f"got shape {given.shape}"
        )
    low, high = int(given.min()), int(given.max())
    if low < 0 or high >= k:
        worst = low if low < 0 else high
        raise ValueError(f"tokens must lie in 0..{k - 1} for k = {k} states, got {worst}")
    return np.ascontiguousarray(given, dtype=np.int32)


def distribution(name: str, value: ArrayLike, size: int) -> NDArray[np.float64]:
    """Return a probability vector of length `size`; its sum must be 1 to 1e-9."""
    result = array(name, value, (size,))
    # a larger entry is wrong whatever the others are, and sums may be beyond any float
    total = result.sum() if np.abs(result).max() < 1e9 else np.inf
    if (result < 0).any() or abs(total - 1.0) > 1e-9:
        raise ValueError(
            f"{name} must be nonnegative and sum to 1, got entries from {result.min():g} to "
            f"{result.max():g} summing to {total:.12g}"
        )
    return result


def transition(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return transition matrices as ``(n, k**order, k)``; a single ``(k**order, k)`` gets n = 1.

    Rows have to sum to 1 within 1e-9. Those in float32 need to within 1e-5, and are divided by
    their sums.
    """
    given = real_array(name, value)
    matrices = given[None] if given.ndim == 2 else given
    fits = matrices.ndim == 3 and len(matrices) > 0 and matrices.shape[2] >= 2
    if not fits or chain_order(*matrices.shape[1:]) < 1:
        raise ValueError(
            f"{name} must have shape (n, k**order, k) or (k**order, k) with k >= 2, "
            f"got {given.shape}"
        )
    result = array(name, matrices, (None, None, None))
    if result.max() > 2:
        chain, row, _ = np.argwhere(result > 2)[0]
        raise ValueError(
            f"{name} must have rows that sum to 1, got {result[chain, row].max():g} in row {row} "
            f"of chain {chain}"
        )
    if result.min() < 0:
        chain, row, _ = np.argwhere(result < 0)[0]
        raise ValueError(
            f"{name} must be nonnegative, got {result[chain, row].min():g} in row {row} of chain "
            f"{chain}"
        )
    single = given.dtype == np.float32
    sums = result.sum(axis=2)
    off = np.abs(sums - 1.0)
    if off.max() > (allowed := 1e-5 if single else 1e-9):
        chain, row = np.argwhere(off > allowed)[0]
        raise ValueError(
            f"{name} must have rows that sum to 1, got {sums[chain, row]:.12g} in row {row} of "
            f"chain {chain}"
        )
    return result / sums[..., None] if single else result


def chain_order(rows: int, k: int) -> int:
    """The order n with ``k**n == rows``, or 0 if there is none."""
    order, size = 0, 1
    while k >= 2 and size < rows:
        order, size = order + 1, size * k
    return order if size == rows else 0
