"""Runs, sweeps and workers killed at random end with the bytes of those that were left alone."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc"),
    pytest.mark.xdist_group("faults"),
]

COMMON = ["--held-out", "16", "--batch-size", "16", "--quiet", "--checkpoint-every", "0.05"]
RUN = ["run", "--k", "2", "--length", "10", "--steps", "24000", "--record-every", "500", *COMMON]
SWEEP = ["sweep", "--grid", "k=2,3", "--seeds", "2", "--length", "8", "--steps", "12000",
         "--workers", "2", *COMMON]  # fmt: skip
KINDS = ("INT", "TERM", "KILL", "full")
LIMIT = 120.0  # seconds


class Server:
    """Starts commands without the seconds that it takes to import the package."""

    def __init__(self, folder):
        script = Path(__file__).with_name("fault_server.py")
        self.stderr = folder / "stderr"
        self.process = subprocess.Popen([sys.executable, str(script)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self, arguments, folder, limit=None):
        return self.ask(
            arguments=arguments, folder=str(folder), stderr=str(self.stderr), limit=limit
        )

    def wait(self, process, workers=()):
        """Its exit status and what it said, when its workers have ended too."""
        end = time.monotonic() + LIMIT
        while (status := self.ask(process=process)) is None:
            assert time.monotonic() < end, "it does not end"
            time.sleep(0.01)
        while any(map(alive, workers)):
            assert time.monotonic() < end, "a worker has outlived its parent"
            time.sleep(0.01)
        # what Python says of semaphores when a process was killed is not ours
        said = self.stderr.read_text().splitlines()
        return status, [line for line in said if "resource_tracker" not in line
                        and "warnings.warn(" not in line]  # fmt: skip

    def close(self):
        self.process.communicate(timeout=LIMIT)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("faults"))
    yield server
    server.close()


def stat(process):
    """State and parent of a process; None if there is none."""
    with contextlib.suppress(OSError):
        state, parent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:2]
        return state, int(parent)
    return None


def alive(process):
    return (stat(process) or "Z")[0] != "Z"


def workers_of(process):
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        if (stat(path.name) or (None, None))[1] == process and alive(path.name):
            with contextlib.suppress(OSError):
                if b"spawn_main" in (path / "cmdline").read_bytes():
                    found.append(int(path.name))
    return found


def written(folder):
    """What there is of results, and since when."""
    found = {}
    for path in Path(folder).rglob("*"):
        if path.name == "checkpoint" or path.suffix == ".npz":
            with contextlib.suppress(OSError):
                found[path] = path.stat().st_mtime_ns
    return found


def strike(server, arguments, folder, kind, rng):
    """Start a command, and when it has got on, kill it or one of its workers; whether that hit."""
    before = written(folder)
    limit = rng.randrange(0, 12_000) if kind == "full" else None
    process = server.start(arguments, folder, limit)
    end = time.monotonic() + (rng.uniform(1.0, 2.0) if kind == "full" else LIMIT)
    while alive(process) and written(folder) == before and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(rng.uniform(0.0, 0.15))
    workers = workers_of(process)
    with contextlib.suppress(ProcessLookupError):  # it has ended before
        # a disk that is full is not the end of a run, but the end is not written either
        number = getattr(signal, f"SIG{'KILL' if kind == 'full' else kind}")
        os.kill(process if kind == "full" else rng.choice([process, *workers]), number)
    status, said = server.wait(process, workers)
    assert not any("Traceback" in line for line in said), said
    # Python's own, of the semaphores of a pool whose main process was killed
    said = [line for line in said if not line.endswith("at shutdown")]
    assert kind == "full" or len(said) <= 1, said
    return status != 0


def results(folder):
    """The bytes of all arrays by path, and whatever is there that ought not to be."""
    files = [path.relative_to(folder) for path in Path(folder).rglob("*") if path.is_file()]
    arrays = {path: (folder / path).read_bytes() for path in files if path.suffix == ".npz"}
    wanted = [path for path in files if path.suffix in (".npz", ".json", ".csv")]
    strays = set(files) - set(wanted) - {Path("runs/grid")}
    return arrays, strays


@pytest.mark.parametrize(("arguments", "strikes"), [(RUN, 40), (SWEEP, 12)], ids=["run", "sweep"])
def test_killed_at_random_it_ends_with_the_same_bytes(arguments, strikes, server, tmp_path):
    rng = random.Random(7)
    assert server.wait(server.start(arguments, tmp_path / "whole")) == (0, [])
    whole, strays = results(tmp_path / "whole")
    assert whole
    assert not strays
    hits, rounds = 0, 0
    while hits < strikes:
        folder, rounds = tmp_path / f"round-{rounds}", rounds + 1
        for kind in rng.sample(KINDS, len(KINDS)):
            hits += strike(server, arguments, folder, kind, rng)
        assert server.wait(server.start(arguments, folder)) == (0, [])
        assert results(folder) == (whole, set())
        assert rounds < strikes, "hardly anything was hit"
