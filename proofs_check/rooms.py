"""The three packages that are installed together, and whether Python finds ours."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

ROOMS = ("theory", "sim", "proofs_check")
_FOLDER = Path(__file__).resolve().parents[1]


def refuse_hidden() -> None:
    """Refuse to go on where a user's own ``sim.py`` or ``theory/`` is imported instead of ours.

    Raises
    ------
    ImportError
        In one sentence that names the file.
    """
    for room in ROOMS:
        spec = find_spec(room)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        if found != _FOLDER / room / "__init__.py":
            raise ImportError(
                f"the package {room!r} of icl-markov is hidden by {found}: rename that, or take "
                "its folder off the path on which Python looks for modules"
            )
