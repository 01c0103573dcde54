"""How kernels are compiled: `jit` for those that Python calls, `inner_jit` for their helpers.

Both wrap `numba.njit` with the same three choices:

* ``cache=True``: the machine code is kept next to the source (``__pycache__``), so only the first
  run of a new version pays for compiling.  ``ICL_MARKOV_NUMBA_CACHE=0`` switches this off, for
  read-only installations and for timing a cold compile.
* ``nogil=True``: kernels touch no Python object, so threads may run them side by side.
* ``error_model="numpy"``: division by zero gives inf or NaN as in NumPy instead of a branch and an
  exception.  ``fastmath`` stays off: a NaN must stay a NaN and a sum keep its order.

Numba looks only at the file a function stands in to decide whether its cached code is still good,
but a kernel has the helpers of *other* files compiled into it.  The stamp of all cached code
therefore covers every Python file of `sim.kernels` and its subpackages: editing any of them
recompiles all kernels, wherever these stand.  Compiled helpers belong in that tree.
"""

import os
import sys
from functools import cache
from pathlib import Path

from numba import njit
from numba.core import event
from tqdm import tqdm

from sim import kernels
from sim.kernels._cache import CheckedCacheFile

CACHE = os.environ.get("ICL_MARKOV_NUMBA_CACHE", "1") != "0"


def jit(function=None, **options):
    """Compile a function with the house options; usable as ``@jit`` and ``@jit(option=...)``.

    Parameters
    ----------
    function : callable, optional
        The function, when used without parentheses.
    **options
        Passed on to `numba.njit`; they win over the house options.

    Returns
    -------
    callable
        The compiled function's dispatcher, or a decorator.
    """
    if function is None:
        return lambda decorated: jit(decorated, **options)
    house = {"cache": CACHE, "nogil": True, "error_model": "numpy"}
    chosen = house | options
    try:
        return _watch_sources(njit(**chosen)(function))
    except RuntimeError as error:
        if not chosen["cache"] or "no locator available" not in str(error):
            raise
    _tell_uncached()
    return njit(**chosen | {"cache": False})(function)


@cache
def _tell_uncached():
    print(
        "warning: no folder for compiled kernels can be written, so every process compiles them "
        "anew: set NUMBA_CACHE_DIR to one that can",
        file=sys.stderr,
    )


def inner_jit(function=None, **options):
    """Compile a function that only other compiled functions call.

    No entry from Python is made for it and its code is kept only inside its callers': less to
    compile, and only the kernels themselves have files in the cache.

    Parameters
    ----------
    function, **options
        As for `jit`.

    Returns
    -------
    callable
        As for `jit`; calling it from Python is an error.
    """
    inner = {"cache": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return jit(function, **(inner | options))


class _Announcer(event.Listener):
    """Says on stderr, once a process, that kernels are compiled, not found in the cache."""

    told = False

    def on_start(self, happening):
        dispatcher = happening.data["dispatcher"]
        if not self.told and dispatcher.py_func.__module__.startswith(kernels.__name__):
            self.told = True
            tqdm.write("compiling the kernels, once: up to a minute", file=sys.stderr)
            sys.stderr.flush()

    def on_end(self, happening):
        pass


event.register("numba:compile", _Announcer())


def _watch_sources(dispatcher):
    """Add the kernels' source files to the stamp of the function's cached code."""
    index = getattr(dispatcher._cache, "_cache_file", None)
    if hasattr(index, "_source_stamp"):  # private to Numba: without it, its own stamp still works
        dispatcher._cache._cache_file = CheckedCacheFile(
            index._cache_path,
            dispatcher._cache._impl.filename_base,
            (index._source_stamp, stamp(Path(kernels.__file__).parent)),
        )
    return dispatcher


@cache
def stamp(folder):
    """Path, time and size of every Python file in a folder and below."""
    stats = ((path.relative_to(folder), path.stat()) for path in sorted(folder.rglob("*.py")))
    return tuple((path.as_posix(), stat.st_mtime_ns, stat.st_size) for path, stat in stats)
