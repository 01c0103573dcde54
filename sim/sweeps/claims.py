"""Claims on runs, so that several sweeps on one folder share the work."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sim.files import is_alive, node_name

LEASE = 120.0  # seconds after which a claim that is not renewed counts for nothing


class Owner(NamedTuple):
    """Who has claimed a run: a process on a machine."""

    node: str
    process: int


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold the claim file `path`; gives False if somebody else does.

    A claim on a run saves double work, no more: whoever does a run writes the same bytes, whole.
    """
    mine = _take(path) or (give_up_stale(path) and _take(path))
    over = threading.Event()
    if mine:
        threading.Thread(target=_renew, args=(path, over), daemon=True).start()
    try:
        yield mine
    finally:
        over.set()
        if mine:
            path.unlink(missing_ok=True)


def owner(path: Path) -> Owner | None:
    """Who holds a claim; None if nobody does any more."""
    try:
        age = time.time() - path.stat().st_mtime
        node, _, process = path.read_text().partition("@")
        found = Owner(node, int(process))
    except (OSError, ValueError):
        return None
    dead = node == node_name() and not is_alive(found.process)
    return None if dead or age > LEASE else found


def _take(path: Path) -> bool:
    """Make the claim, whole, unless there is one."""
    me = f"{node_name()}@{os.getpid()}"
    # named as temporary files are, which are swept up
    draft = path.with_name(f".{path.name}.{me}.{threading.get_native_id() % 16**8:08x}")
    try:
        draft.write_text(me)
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def give_up_stale(path: Path) -> bool:
    """Remove a claim whose owner is gone; whoever moves it away first may take it."""
    if not path.exists() or owner(path) is not None:
        return False
    aside = path.with_name(f".{path.name}.{node_name()}@{os.getpid()}.stale_00")
    with contextlib.suppress(OSError):
        path.rename(aside)
        aside.unlink()
        return True
    return False


def _renew(path: Path, over: threading.Event) -> None:
    while not over.wait(LEASE / 4):
        with contextlib.suppress(OSError):
            os.utime(path)
