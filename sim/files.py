"""Write files whole or not at all, and plain data as strict JSON."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import platform
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sim.messages import shown

# of a temporary file: the name it will have, whose it is (machine and process), and a random part
TEMPORARY = re.compile(r"\..+\.(?P<node>[\w-]*)@(?P<process>\d+)\.\w{8}")
LONGEST_NAME = 255  # bytes, on all common file systems
ABANDONED = 24 * 3600.0  # seconds after which another machine's temporary file is taken for stray


def checked_path(path: Any, name: str = "path") -> Path:
    """`path` as a Path, refused if it cannot be the name of a file."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{name} must be a path, got {shown(path)}")
    text = os.fspath(path)
    if not isinstance(text, str) or not text or not text.isprintable():
        raise ValueError(
            f"{name} must be a path of printable characters that is not empty, got {shown(path)}"
        )
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in Path(text).parts):
        raise ValueError(f"{name} must have shorter names in it, got {shown(path)}")
    return Path(text)


def output_folder(path: str | os.PathLike[str]) -> Path:
    """Make `path` a folder that can be written to, or refuse with one sentence.

    Temporary files that a killed process has left in it are deleted.
    """
    folder = checked_path(path)
    refuse_unwritable(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"output folder {folder} cannot be written: {error.strerror}") from None
    sweep_up(folder)
    return folder


def sweep_up(folder: Path) -> None:
    """Delete temporary files in a folder that nobody is writing any more."""
    for path in folder.iterdir():
        found = TEMPORARY.fullmatch(path.name)
        if found and is_abandoned(path, found["node"], int(found["process"])):
            with contextlib.suppress(OSError):
                path.unlink()


def is_abandoned(path: Path, node: str, process: int, seconds: float = ABANDONED) -> bool:
    """Whether a file's process is dead, or, on another machine, has left it alone for so long."""
    if node == node_name():
        return not is_alive(process)
    try:
        return time.time() - path.stat().st_mtime > seconds
    except OSError:
        return False


def is_alive(process: int) -> bool:
    """Whether there is a process with this id on this machine."""
    if os.name == "nt":
        return True  # there a signal of 0 would end it
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True


def node_name() -> str:
    """This machine's name, as it stands in the names of files."""
    return re.sub(r"[^\w-]", "-", platform.node())


def refuse_unwritable(path: str | os.PathLike[str]) -> None:
    """Refuse a folder that could not be made or written to, without making it."""
    if not os.fspath(path):
        raise ValueError("out must name a folder, got ''")
    existing = checked_path(path).absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        # permission bits lie for the superuser and on some file systems: try
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise OSError(f"output folder {path} cannot be written: {error.strerror}") from None


def refuse_unwritable_file(path: str | os.PathLike[str]) -> None:
    """Refuse a file that could not be written, without making it."""
    if not os.fspath(path) or Path(path).is_dir():
        raise ValueError(f"output file must be named, got {os.fspath(path)!r}, which is no file")
    refuse_unwritable(Path(path).parent)


def write_atomic(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Call `write` on a temporary file in the same folder, then move it to `path`."""
    prefix = f".{path.name}.{node_name()}@{os.getpid()}."
    handle, name = tempfile.mkstemp(prefix=prefix, dir=path.parent)
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
    """`data` as indented strict JSON, NumPy's numbers and arrays included.

    Numbers that JSON does not have become the words "Infinity", "-Infinity" and "NaN", of which
    `float` makes numbers again. What of a path is not UTF-8 is escaped.

    Raises
    ------
    TypeError
        If something in it is no plain data.
    """
    text = json.dumps(strict(data), indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode("utf-8", "backslashreplace")


def canonical(data: Any) -> str:
    """One text for equal data, whatever the order of its entries."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def digest(data: Any) -> str:
    """SHA-256 of plain data, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def strict(data: Any) -> Any:
    """`data` as strict JSON holds it: see `json_bytes`."""
    if isinstance(data, np.generic | np.ndarray):
        data = data.tolist()
    if isinstance(data, dict):
        return {name: strict(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [strict(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    if data is None or isinstance(data, bool | int | float | str):
        return data
    raise TypeError(
        f"data to be written must be numbers, strings, lists and dicts, got {shown(data)}"
    )
