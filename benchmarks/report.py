"""Results as a table to read and JSON to keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FORMAT = "icl-markov benchmarks 1"


def markdown(result: dict[str, Any]) -> str:
    """The tables of a result."""
    host = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in host["versions"].items())
    lines = [
        "# Benchmarks",
        "",
        f"{host['processor']}, {host['cores']} cores, {host['vectors']}, Python {host['python']}, "
        f"{versions}. Medians of paired rounds; in brackets the quartiles of the ratio.",
        "",
        "| what (B=64, T=100, k=2, one thread, unless said) | against | ours (µs) | theirs (µs) "
        "| ratio | target |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for row in result["rows"]:
        low, high = row["quartiles"]
        sign = "at most" if row["at_most"] else "at least"
        lines.append(
            f"| {row['name']} | {row['peer']} | {row['ours_us']:,.1f} | {row['peer_us']:,.1f} | "
            f"{row['ratio']:.3g} ({low:.3g}-{high:.3g}) | {sign} {row['target']:g}: "
            f"{'met' if row['met'] else '**missed**'} |"
        )
    if result.get("curves"):
        lines += ["", "| cost against | setting | exponent | points (µs) |"]
        lines += ["| --- | --- | --- | --- |"]
        for curve in result["curves"]:
            points = ", ".join(
                f"{x:,}: {y:,.0f}" for x, y in zip(curve["x"], curve["microseconds"], strict=True)
            )
            lines.append(
                f"| {curve['variable']} | {curve['setting']} | {curve['exponent']:.2f} ± "
                f"{curve['exponent_error']:.2f} | {points} |"
            )
    if result.get("start_up"):
        seconds = ", ".join(f"{name} {value:.2f} s" for name, value in result["start_up"].items())
        lines += ["", f"Start-up: {seconds}. Peak memory {result['peak_memory_mib']:.0f} MiB."]
    return "\n".join(lines) + "\n"


def write(result: dict[str, Any], folder: Path) -> list[Path]:
    """``benchmarks.json``, ``benchmarks.md`` and, with curves, ``benchmarks.pdf`` and ``.png``."""
    from sim.files import output_folder, write_atomic, write_json

    output_folder(folder)
    table = folder / "benchmarks.md"
    write_json(folder / "benchmarks.json", result)
    write_atomic(table, lambda file: file.write(markdown(result).encode()))
    paths = [folder / "benchmarks.json", table]
    if result.get("curves"):
        from benchmarks.figure import draw

        paths += draw(result["curves"], folder)
    return paths


def load(path: Path) -> dict[str, Any]:
    """A result written by `write`."""
    try:
        result = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError(f"{path} is not a benchmark result: it is not JSON") from None
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        raise ValueError(f"{path} is not a benchmark result: its format is not {FORMAT!r}")
    return result


def compare(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, bool]:
    """Table of old and new ratios; True if a ratio got worse beyond the quartiles of both."""
    before = {(row["name"], row["peer"]): row for row in old["rows"]}
    lines = ["| what | against | old ratio | new ratio | |", "| --- | --- | ---: | ---: | --- |"]
    worse = False
    for row in new["rows"]:
        past = before.pop((row["name"], row["peer"]), None)
        if past is None:
            lines.append(f"| {row['name']} | {row['peer']} | | {row['ratio']:.3g} | new |")
            continue
        (low, high), (past_low, past_high) = row["quartiles"], past["quartiles"]
        slower = low > past_high if row["at_most"] else high < past_low
        faster = high < past_low if row["at_most"] else low > past_high
        worse |= slower
        word = "**worse**" if slower else "better" if faster else "same"
        lines.append(
            f"| {row['name']} | {row['peer']} | {past['ratio']:.3g} | {row['ratio']:.3g} | {word} |"
        )
    lines += [f"| {name} | {peer} | {row['ratio']:.3g} | | gone |"
              for (name, peer), row in before.items()]  # fmt: skip
    return "\n".join(lines) + "\n", worse
