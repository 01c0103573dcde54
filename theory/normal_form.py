"""Old name of `theory.exact`, to be removed."""

from typing import Any


def __getattr__(name: str) -> Any:
    from theory import exact  # loads SymPy

    return getattr(exact, name)
