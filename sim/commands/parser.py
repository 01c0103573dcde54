"""What all doors on the command line share: how options are refused and explained."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

# options that are spelt differently from the arguments they become
ARGUMENTS = {"rng": "seed", "T": "length", "v": "init_v", "W": "init_W"} | {
    name: name.replace("-", "_") for name in ("batch-size", "learning-rate", "weight-decay")
}
POSITIONAL = ("run", "claims", "figures")


class ShowDefaults(argparse.ArgumentDefaultsHelpFormatter):
    """Print defaults, but not that an option is absent by default."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose refusals are one line, without the usage in front."""

    def error(self, message: str) -> NoReturn:
        """Print the refusal and leave with status 2."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def in_options(error: Exception, options: argparse.Namespace) -> str:
    """A refusal that begins with the name of an argument, with the option the user typed."""
    message = str(error)
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
