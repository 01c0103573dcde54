"""Values as they are shown in messages."""

from __future__ import annotations

from typing import Any

LONGEST = 120  # characters of a value in a message


def shown(value: Any) -> str:
    """`value` for a message: on one line, and cut where it is long."""
    try:
        text = repr(value)
    except Exception:  # an integer of too many digits, or an object that cannot be printed
        text = f"a {type(value).__name__} that cannot be printed"
    return cut(text)


def cut(message: object, longest: int = LONGEST) -> str:
    """A text on one line, and cut where it is long."""
    text = " ".join(str(message).split())
    return text if len(text) <= longest else f"{text[: longest - 4]} ..."
