"""The options of ``sim run`` and ``sim sweep``, made from the fields of `RunSettings`."""

from __future__ import annotations

import argparse
from dataclasses import Field, fields
from typing import Any

from sim.learning.settings import RunSettings
from sim.models.registry import MODELS

GROUPS = ("task", "model", "transformer", "learning", "record")


def add_run_options(run: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options that decide a run's numbers; returns the last group, for those of output."""
    groups: dict[str, Any] = {name: run.add_argument_group(name) for name in GROUPS}
    groups["amount"] = groups["learning"].add_mutually_exclusive_group()
    for entry in fields(RunSettings):
        _add(groups[entry.metadata["group"]], entry)
    groups["learning"].add_argument(
        "--threads", type=int, default=1, help="threads for each step of the minimal model"
    )
    groups["record"].add_argument("--quiet", action="store_true", help="no progress bar")
    last: argparse._ArgumentGroup = groups["record"]
    return last


def run_settings(options: argparse.Namespace) -> RunSettings:
    """The settings that the options spell."""
    names = [entry.name for entry in fields(RunSettings)]
    given = {name: getattr(options, name) for name in names}
    return RunSettings(**given | {"uses": given["uses"] or ()})


def option(name: str) -> str:
    """How a field is spelt on the command line."""
    return f"--{name.replace('_', '-')}"


def _add(group: Any, entry: Field[Any]) -> None:
    about = entry.metadata
    if about["kind"] is bool:
        group.add_argument(option(entry.name), action="store_true", help=about["help"])
        return
    default: Any = entry.default
    more: dict[str, Any] = {"type": about["kind"], "help": _help(entry), "default": default}
    if about.get("several"):
        more |= {"nargs": "+", "metavar": "NAME" if about["kind"] is str else "NUMBER"}
        more["default"] = list(default) if default else None
    elif about["kind"] is str:
        more["metavar"] = "NAME"
    group.add_argument(option(entry.name), **more)


def _help(entry: Field[Any]) -> str:
    about = entry.metadata
    known = ", ".join(about["known"]) if "known" in about else ""
    text = "; ".join(part for part in (known, about["help"]) if part)
    if entry.name == "learning_rate":
        text += f" (default: {_defaults(0)})"
    if entry.name == "optimizer":
        text += f" (default: {_defaults(1)})"
    return text


def _defaults(index: int) -> str:
    return ", ".join(f"{kind.defaults[index]} for {name}" for name, kind in MODELS.items())
