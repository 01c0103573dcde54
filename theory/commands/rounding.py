"""Format numbers with their standard errors, with no more digits than are significant."""

from __future__ import annotations

import math


def measured(value: float, error: float, sign: str = "") -> str:
    """A number with its standard error, to two digits of the error: ``1.2346(12)``.

    Raises
    ------
    ValueError
        If the error is negative or not finite.
    """
    if not 0 <= error < math.inf:
        raise ValueError(f"error must be finite and >= 0, got {error!r}")
    if error <= 1e-12 * abs(value):  # rounding
        return f"{value:{sign}.10g}"
    places = 1 - math.floor(math.log10(error))
    # rounding the error may carry it over a power of ten
    digits = round(error * 10.0**places)
    if digits >= 100:
        places, digits = places - 1, round(error * 10.0 ** (places - 1))
    if places <= 0:
        return f"{round(value, places):{sign}.0f}({round(error, places):.0f})"
    return f"{value:{sign}.{places}f}({digits})"
