"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sim.commands.parser import OneLineParser

EXAMPLES = """\
examples:
  python -m benchmarks --quick                  only check that all sides compute the same
  python -m benchmarks --out timings/           the whole table, curves and a figure (minutes)
  python -m benchmarks --only limit threads     some groups of rows
  python -m benchmarks compare OLD.json NEW.json
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 1 when sides differ or a comparison got worse."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given[:1] == ["compare"]:
            return _compare(given[1:])
        return _measure(given)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except AssertionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _compare(arguments: list[str]) -> int:
    from benchmarks.report import compare, load

    parser = OneLineParser(prog="python -m benchmarks compare",
                           description="Say which ratios changed beyond their spread.")  # fmt: skip
    parser.add_argument("old", type=Path, metavar="OLD.json")
    parser.add_argument("new", type=Path, metavar="NEW.json")
    options = parser.parse_args(arguments)
    table, worse = compare(load(options.old), load(options.new))
    print(table, end="")
    return int(worse)


def _measure(arguments: list[str]) -> int:
    from benchmarks import agreement, machine, report, rows, scaling

    parser = OneLineParser(
        prog="python -m benchmarks",
        description="Time this package beside what a user would pick instead, in paired rounds. "
        "Nothing is timed before all sides have computed the same loss and gradient. Needs "
        "pip install '.[bench]'.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="check agreement, time nothing")
    parser.add_argument("--only", nargs="+", metavar="GROUP", choices=[*rows.GROUPS, "scaling"],
                        help=f"groups of rows: {', '.join([*rows.GROUPS, 'scaling'])}")  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="write JSON, Markdown and a figure there")  # fmt: skip
    options = parser.parse_args(arguments)
    agreements = agreement.check(quick=options.quick)
    names = sorted({entry.peer for entry in agreements})
    worst = {d: max(a.difference for a in agreements if a.dtype == d) for d in agreement.TOLERANCE}
    print(f"same loss and gradient: {', '.join(names)} (largest relative difference "
          f"{worst['float64']:.1e} in float64, {worst['float32']:.1e} in float32)")  # fmt: skip
    if options.quick:
        return 0
    wanted = options.only or [*rows.GROUPS, "scaling"]
    result: dict[str, Any] = {
        "format": report.FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "agreement": [entry._asdict() for entry in agreements],
        "rows": [],
    }
    for name in tqdm([name for name in wanted if name in rows.GROUPS], desc="rows", leave=False):
        result["rows"] += [row.as_dict() for row in rows.GROUPS[name]()]
    if "scaling" in wanted:
        result |= {"curves": scaling.curves(), "start_up": scaling.start_up()}
    result["peak_memory_mib"] = machine.peak_memory_mib()
    print(report.markdown(result), end="")
    if options.out:
        for path in report.write(result, options.out):
            print(path)
    return 0
