"""Atomic file writing: each file is written under a temporary name and then renamed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


def output_folder(path: str | os.PathLike[str]) -> Path:
    """Make `path` a folder that can be written to, or refuse with one sentence."""
    folder = Path(path)
    refuse_unwritable(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"output folder {folder} cannot be written: {error.strerror}") from None
    return folder


def refuse_unwritable(path: str | os.PathLike[str]) -> None:
    """Refuse a folder that could not be made or written to, without making it."""
    existing = Path(path).absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        # permission bits lie for the superuser and on some file systems: try
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise OSError(f"output folder {path} cannot be written: {error.strerror}") from None


def write_atomic(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Call `write` on a temporary file in the same folder, then move it to `path`."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; results are as readable as any other file
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, data: Any) -> None:
    """Write `data` as indented JSON, whole or not at all."""
    content = json_bytes(data)
    write_atomic(path, lambda file: file.write(content))


def json_bytes(data: Any) -> bytes:
    """`data` as indented JSON, NumPy's numbers and arrays included.

    Raises
    ------
    TypeError
        If something in it is no plain data.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=True, default=_plain)
    return f"{text}\n".encode()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"data to be written must be numbers, strings, lists and dicts, got {value!r}")
