"""Axis scales, limits and labels shared by several panels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# from here on examples are counted in thousands
THOUSANDS = 10_000
# a distance beyond this is that of a run on its way to infinity
MOST_NATS = 100.0
# of ten, that a double holds with some room
MOST_POWER = 307.0
# least distance of two ticks, in widths of the axis
TICK_GAP = 0.11


def examples_axis(ax: Axes, last: float) -> None:
    """Examples seen, from 0 to `last`, on a square-root scale.

    The stages of learning last each many times longer than the one before: on a linear axis the
    first is a hairline, on a logarithmic one the last (and zero has no place).
    """
    square_root_axis(ax, last)
    ax.set_xlim(0, last)
    unit, name = (1e3, "thousand examples") if last >= THOUSANDS else (1.0, "examples seen")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / unit:,.10g}"))
    ax.set_xlabel(f"{name} (square-root scale)")


def square_root_axis(ax: Axes, last: float) -> None:
    """A square-root scale with ticks at 0 and at 1, 2 or 5 times powers of ten up to `last`."""
    ax.set_xscale("function", functions=(square_root, lambda x: np.sign(x) * x**2))
    ax.xaxis.set_major_locator(FixedLocator(_ticks(last)))
    ax.xaxis.set_minor_locator(NullLocator())


def square_root(x: ArrayLike) -> Array:
    """The square root, continued as an odd function: an axis may ask beyond its end."""
    return np.sign(x) * np.sqrt(np.abs(x))


def nats_axis(ax: Axes, values: Iterable[Array], headroom: float = 1.05) -> None:
    """Nats from 0 to above all finite `values`; logarithmic beyond MOST_NATS."""
    top = max(float(part[np.isfinite(part)].max(initial=0.0)) for part in values)
    if top <= MOST_NATS:
        ax.set_ylim(0, headroom * top if top > 0 else 1.0)
        return
    power = min(headroom * np.log10(top), MOST_POWER)
    ax.set_yscale("symlog", linthresh=1.0)
    ax.set_ylim(0, 10.0**power)
    ax.yaxis.set_major_locator(FixedLocator([0.0, *10.0 ** np.floor(power * np.arange(1, 5) / 4)]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: short(y)))


def examples_seen(count: float) -> str:
    """``640 examples``, ``38 thousand examples``."""
    return (
        f"{count / 1e3:,.0f} thousand examples" if count >= THOUSANDS else f"{count:,.0f} examples"
    )


def short(value: float) -> str:
    """A number in at most three digits: ``0.25``, ``12``, ``5e+150``."""
    return f"{value:.3g}"


def _ticks(last: float) -> list[float]:
    """Zero and numbers 1, 2 or 5 times a power of ten, none nearer to the next than TICK_GAP."""
    powers = 10.0 ** np.arange(0, np.ceil(np.log10(max(last, 1.0))) + 1)
    ticks: list[float] = []
    for tick in sorted((factor * power for factor in (1, 2, 5) for power in powers), reverse=True):
        place = np.sqrt(tick / last)
        near = ticks and np.sqrt(ticks[-1] / last) - place < TICK_GAP
        if tick <= last and not near and place >= TICK_GAP:
            ticks.append(float(tick))
    return [0.0, *reversed(ticks)]
