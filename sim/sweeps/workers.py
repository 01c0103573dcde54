"""Worker processes that stop with their parent, and Dask clusters."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn

GRACE = 3.0  # seconds in which a worker without a parent may write a checkpoint

_stopped = _busy = False


@contextmanager
def processes(workers: int) -> Iterator[Executor | None]:
    """An executor of so many processes, ended with all of them; None for one: this process."""
    if workers == 1:
        yield None
        return
    # a fresh interpreter each: forking a process with threads is not safe
    spawn = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_begin)
    with _deaf():
        for _ in range(workers):
            executor.submit(_nothing)  # they start while this process prepares
    try:
        yield executor
    except BaseException:
        _end(multiprocessing.Process.terminate, executor)
        raise
    executor.shutdown()


@contextmanager
def cluster(address: str, workers: int) -> Iterator[Executor]:
    """Dask's executor: of the scheduler at an address, or of so many local processes."""
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError:
        raise ValueError(
            "scheduler needs Dask: pip install 'icl-markov[sweep]', or use --workers"
        ) from None
    if address == "local":
        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True,
                dashboard_address=None, silence_logs=logging.CRITICAL,
            ) as local,
            Client(local) as client,
        ):  # fmt: skip
            yield client.get_executor()
        return
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"scheduler {address!r} cannot be reached: {error}") from None
    with client:
        yield client.get_executor()


@contextmanager
def busy() -> Iterator[None]:
    """What may be interrupted, in a worker; outside, a signal ends the process."""
    global _busy
    _busy = True
    try:
        yield
    except KeyboardInterrupt:
        if _stopped:
            # what there was is written; waiting for work could be for ever, with others dead
            os._exit(1)
        raise
    finally:
        _busy = False


@contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that ignore Ctrl-C until they know what to do then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _nothing() -> None:
    pass


def _begin() -> None:
    """What a worker does first: it listens to signals, and for the end of its parent."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    threading.Thread(target=_watch, args=(multiprocessing.parent_process(),), daemon=True).start()


def _watch(parent: Any) -> NoReturn:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


def _stop(*_: object) -> None:
    """Give up this run, with a checkpoint, and end the process."""
    global _stopped
    again, _stopped = _stopped, True
    if _busy and not again:
        raise KeyboardInterrupt
    if not _busy:
        os._exit(1)  # nothing is to be kept; an exception would be told at length


def _end(how: Any, executor: Executor) -> None:
    for child in multiprocessing.active_children():
        how(child)
    try:
        executor.shutdown(cancel_futures=True)
    except KeyboardInterrupt:
        # asked twice: now
        _end(multiprocessing.Process.kill, executor)
        raise
