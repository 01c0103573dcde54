"""Argument parsing shared by the commands: one-line errors, and defaults in the help."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from typing import NoReturn

# options that are spelt differently from the arguments they become
ARGUMENTS = {"rng": "seed", "T": "length", "v": "init_v", "W": "init_W"} | {
    name: name.replace("-", "_") for name in ("batch-size", "learning-rate", "weight-decay")
}
POSITIONAL = ("run", "claims", "figures")


def _unnamed(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory: choose a smaller length, batch size or number of states"
    return f"{type(error).__name__} without a message"


class ShowDefaults(argparse.ArgumentDefaultsHelpFormatter):
    """Print defaults, but not that an option is absent by default."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


class OneLineParser(argparse.ArgumentParser):
    """A parser that prints errors on one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Print the refusal and leave with status 2."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def closed_pipe() -> int:
    """Leave in silence when the reader (head, a pager) has seen enough; the exit status is 0."""
    # what is still in the buffer would be flushed, and fail, when the interpreter ends
    with contextlib.suppress(OSError, ValueError):  # no file behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def in_options(error: Exception, options: argparse.Namespace) -> str:
    """The error message, with names of arguments replaced by the options the user typed."""
    message = str(error) or _unnamed(error)
    for name in vars(options):
        if "_" in name:  # nothing but an argument is spelt like that
            # but not where it is part of a path
            word = rf"(?<![\w/\\.-]){name}(?![\w/\\]|[.-]\w)"
            message = re.sub(word, f"--{name.replace('_', '-')}", message)
    first, _, rest = message.partition(" ")
    option = ARGUMENTS.get(first, first)
    if hasattr(options, option) and option not in POSITIONAL:
        return f"--{option.replace('_', '-')} {rest}"
    return message
