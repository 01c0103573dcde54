"""The two files of a trajectory, and the one of a checkpoint, as bytes with their checksums."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.files import checked_path, digest, json_bytes, output_folder, strict, write_atomic

Arrays = dict[str, NDArray[Any]]

ARRAYS, HEADER, CHECKPOINT = "trajectory.npz", "trajectory.json", "checkpoint"
FORMAT = "icl-markov trajectory 2"
# before the header had a checksum of its own
UNPROTECTED = "icl-markov trajectory 1"
ENTRIES = {"sha256", "baselines", "provenance"}
MAGIC = b"icl-markov checkpoint 1\n"


def write_trajectory(path: str | os.PathLike[str], arrays: Arrays, about: dict[str, Any]) -> Path:
    """Write both files into a folder, the JSON last; a checkpoint there has had its day."""
    content = pack(arrays)
    # made before anything is written: an earlier run in the folder is not lost to a bad entry
    header = header_bytes(about | {"sha256": hashlib.sha256(content).hexdigest()})
    folder = output_folder(path)
    write_atomic(folder / ARRAYS, lambda file: file.write(content))
    write_atomic(folder / HEADER, lambda file: file.write(header))
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return folder


def read_trajectory(path: str | os.PathLike[str]) -> tuple[Arrays, dict[str, Any], Path]:
    """The arrays, what the header says of them, and the file with the arrays.

    In a folder that holds a checkpoint alone, those of the checkpoint.
    """
    given = checked_path(path)
    folder = given if given.is_dir() else given.parent
    if given.is_file() and given.name not in (ARRAYS, HEADER, CHECKPOINT):
        raise ValueError(f"{given} is not a trajectory: expected {ARRAYS} or {HEADER}")
    alone = (folder / CHECKPOINT).exists() and not (folder / HEADER).exists()
    if given.name == CHECKPOINT or alone:
        return (*read_checkpoint(folder), folder / CHECKPOINT)
    header = _parsed(_read_bytes(folder / HEADER, given), folder / HEADER)
    file = folder / ARRAYS
    content = _read_bytes(file, given)
    if hashlib.sha256(content).hexdigest() != header["sha256"]:
        raise ValueError(f"{file} is truncated or not the one its JSON describes")
    return unpack(content, file), header, file


def write_checkpoint(path: str | os.PathLike[str], arrays: Arrays, about: dict[str, Any]) -> None:
    """Write the one file of a checkpoint into a folder, whole or not at all."""
    header = np.frombuffer(header_bytes(about | {"sha256": ""}), np.uint8)
    content = pack(arrays | {"header": header})
    checksum = hashlib.sha256(content).hexdigest().encode()
    write_atomic(
        output_folder(path) / CHECKPOINT,
        lambda file: file.write(MAGIC + checksum + b"\n" + content),
    )


def read_checkpoint(folder: Path) -> tuple[Arrays, dict[str, Any]]:
    """The arrays and the header of the checkpoint in a folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is damaged.
    """
    path = folder / CHECKPOINT
    magic, checksum, content = (*_read_bytes(path, folder).split(b"\n", 2), b"", b"")[:3]
    known = magic + b"\n" == MAGIC
    if not known or hashlib.sha256(content).hexdigest().encode() != checksum:
        raise ValueError(f"{path} is damaged or no checkpoint: delete it to begin anew")
    arrays = unpack(content, path)
    return arrays, _parsed(arrays.pop("header").tobytes(), path)


def pack(arrays: Arrays) -> bytes:
    """Arrays as the content of an npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack(content: bytes, path: Path) -> Arrays:
    """The arrays in an npz file's content; no object in it is unpickled."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not a trajectory: {error}") from None


def header_bytes(about: dict[str, Any]) -> bytes:
    """A header with its format and a checksum over all of it."""
    content = strict({"format": FORMAT} | about)
    return json_bytes(content | {"checksum": digest(content)})


def _read_bytes(path: Path, given: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"{path} is not a trajectory: it is no file")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"no trajectory at {given}: {path} does not exist") from None


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    """A header, refused unless it is one and whole."""
    try:
        header = json.loads(content)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError(f"{path} is truncated or not JSON") from None
    form = header.get("format") if isinstance(header, dict) else None
    if form not in (FORMAT, UNPROTECTED):
        raise ValueError(f"{path} is not a trajectory: its format is not {FORMAT!r}")
    wanted = ENTRIES | {"format"} | ({"checksum"} if form == FORMAT else set())
    if header.keys() != wanted:
        raise ValueError(f"{path} is not a trajectory: it must hold {', '.join(sorted(wanted))}")
    if form == FORMAT and header.pop("checksum") != digest(header):
        raise ValueError(f"{path} is not a trajectory as it was written: its checksum differs")
    return _understood(header, path)


def _understood(header: dict[str, Any], path: Path) -> dict[str, Any]:
    try:
        baselines = {name: float(level) for name, level in header["baselines"].items()}
    except (AttributeError, TypeError, ValueError):
        raise ValueError(
            f"{path} is not a trajectory: its baselines are not numbers by name"
        ) from None
    if not isinstance(header["provenance"], dict):
        raise ValueError(f"{path} is not a trajectory: its provenance is not a mapping")
    return header | {"baselines": baselines}
