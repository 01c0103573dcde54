"""Table for the terminal: predicted stage times, and the source of each number."""

from __future__ import annotations

from theory.commands.rounding import measured
from theory.stages.prediction import StagePrediction


def stage_table(
    found: StagePrediction, *, T: int, k: int, prior: str, init: float, loss: str
) -> str:
    """The prediction as text; every number names the function and equation behind it."""
    flow = "theory.predict_stages, flow of eqs. (6), (8)"
    counted = "theory.predict_stages, add-one counts of Sec. 2"
    rows = [
        ("escape rate sigma_1", found.escape_rate, 0.0, "theory.modes, K of eqs. (A.14)-(A.22)"),
        ("unigram from", found.unigram, found.unigram_error, flow),
        ("  linear flow says", found.unigram_linear, 0.0, "theory.linear_flow, K at first order"),
        ("bigram from", found.bigram, found.bigram_error, flow),
        ("unigram, as counted", found.unigram_counted, found.unigram_counted_error, counted),
        ("bigram, as counted", found.bigram_counted, found.bigram_counted_error, counted),
        (
            "learning rate below",
            found.stable_rate,
            0.0,
            "theory.largest_stable_rate, 2 / largest eigenvalue",
        ),
    ]
    fluctuating = found.closure == "fluctuating"
    if not fluctuating:  # expected counts do not tell what is counted
        rows = [row for row in rows if row[3] != counted]
    lines = [f"stages for T = {T}, k = {k}, {prior} prior, v = {init:g}, W = 0, {loss} (flow time)"]
    for name, value, error, source in rows:
        if value is None:
            shown = "undefined" if name == "learning rate below" else "not reached"
        else:
            shown = measured(value, error) if error else f"{value:.4g}"
        lines.append(f"  {name:<20} {shown:>12}  {source}")
    sources = ["the next order in the fluctuations of the counts"] * fluctuating
    sources += ["independent scramblings of the chains"] * (k > 2)
    if sources:
        lines.append(f"in brackets the error in the last digits, from {' and '.join(sources)}")
    lines += [f"regime: {found.regime}", "flow time is learning rate times step; assumed:"]
    return "\n".join([*lines, *(f"  {text}" for text in found.approximations)])
