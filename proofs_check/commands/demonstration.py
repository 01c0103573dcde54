"""``icl-markov check demo``: train the minimal model, print its stages and some verdicts."""

from __future__ import annotations

import time
from pathlib import Path

from proofs_check.claims import CLAIMS
from proofs_check.figures import make_figure
from proofs_check.figures.minimal import fig3, fig12
from proofs_check.ledger import selection, text

SPECS = {3: fig3.SPEC, 2: fig12.SPEC}
SHOWN = ("fact-2.3", "lemma-3.1", "A.32", "A.33", "A.37", "x-bilinear", "x-balance")


def demo(
    *,
    states: tuple[int, ...] = (3, 2),
    examples: int | None = None,
    seed: int = 0,
    out: str = "figures",
    venue: str = "neurips",
    use_cache: bool = True,
    prog: str = "icl-markov check",
) -> int:
    """Run the demonstration and print it; returns the exit status.

    Parameters
    ----------
    states : tuple of int
        Numbers of states to train on: 3 as in Fig. 3, 2 as in Fig. 12.
    examples : int, optional
        Training sequences; the paper's 128,000 if not given.
    seed : int
    out : str
        Folder for the figures.
    venue : str
        Text width to draw for.
    use_cache : bool
        Reuse a finished run with the same parameters.
    prog : str
        What begins a command of this room, for the hint at the end.
    """
    began = time.perf_counter()
    for k in states:
        length = {} if examples is None else {"examples": examples}
        spec = SPECS[k].changed(seed=seed, **length)
        print(f"{spec.title.split(':')[0]}, {spec.parameters['examples']:,} examples")
        paths, data = make_figure(spec, Path(out), venue=venue, progress=True, use_cache=use_cache)
        print(data.trajectory)
        print(data.curves.stages)
        print(f"figure: {', '.join(str(path) for path in paths)}\n")
    entries = selection.verify(selection.select(CLAIMS, SHOWN), progress=True)
    print(text.table(entries))
    print(f"\n{time.perf_counter() - began:.1f} s. The whole ledger: {prog} verify")
    return 0 if all(entry.as_expected for entry in entries) else 1
