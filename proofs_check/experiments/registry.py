"""All experiments by name."""

from __future__ import annotations

from proofs_check.experiments import stage_runs, transformer_grids, unigram_delay
from proofs_check.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        *transformer_grids.EXPERIMENTS,
        *stage_runs.EXPERIMENTS,
        *unigram_delay.EXPERIMENTS,
    )
}
