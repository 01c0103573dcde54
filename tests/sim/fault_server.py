"""Runs `python -m sim` in forked processes, which have the package and its kernels already.

Reads lines of JSON: {"arguments", "folder", "stderr", "limit"} forks and answers with the process's
id, {"process"} answers with its exit status, negative for a signal, or null while it runs.
"""

import json
import os
import resource
import sys


def child(request):
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.dup2(os.open(request["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    if request["limit"] is not None:
        # as on a disk that is full from some moment on
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit"], resource.RLIM_INFINITY))
    try:
        return main([*request["arguments"], "--out", request["folder"]])
    except SystemExit as error:
        return error.code


def answer(request):
    if "process" in request:
        process, status = os.waitpid(request["process"], os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if process else None
    process = os.fork()
    if process == 0:
        code = 70
        try:
            code = child(request)
        finally:
            sys.stderr.flush()
            os._exit(code)
    return process


if __name__ == "__main__":
    import sim
    from sim.commands.main import main

    sim.warmup(models=["minimal"])
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
