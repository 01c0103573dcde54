"""Simulation: the in-context Markov chain task, and the models trained on it.

The task is in `sim.task` (priors over chains, sequences, strategies, losses), the models in
`sim.models`, training and gradient flow in `sim.learning`, the results of runs in `sim.runs`.
"""

from sim.learning.clock import flow_time
from sim.learning.compilation import warmup
from sim.learning.control import Diverged, Interrupted, Record
from sim.learning.descent import gradient_descent, train
from sim.learning.flow import FlowFailed, gradient_flow
from sim.learning.objectives import Bilinear, Objective, Population, Sample
from sim.learning.optimizers import SGD, Adam, AdamW, Optimizer
from sim.learning.settings import RunSettings
from sim.models.calls import logits, loss_and_gradient
from sim.models.contracts import Gradient
from sim.models.minimal.model import MinimalModel
from sim.models.model import Defaults, Model
from sim.models.multihead.model import MultiHeadModel
from sim.models.registry import MODELS, register
from sim.models.transformer import attention
from sim.models.transformer.model import Transformer
from sim.provenance import installed_version
from sim.runs.measures import HeldOut
from sim.runs.positions import PositionDistances, distances_by_position
from sim.runs.stages import Stage, StageTimes, half_rise_examples, stage_times
from sim.runs.trajectory import Trajectory
from sim.sweeps.executors import sweep
from sim.sweeps.store import Run
from sim.sweeps.table import Sweep
from sim.task import strategies
from sim.task.losses import CrossEntropy, Loss, Margin, Squared
from sim.task.priors import (
    Dirichlet,
    DoublyStochastic,
    FiniteSet,
    Interpolated,
    Mixture,
    Prior,
    Unigram,
)
from sim.task.priors.quadrature import prior_quadrature
from sim.task.priors.rules import Quadrature
from sim.task.sequences import SequenceBatch, sample_sequences
from sim.task.stationary import stationary_distribution

__version__ = installed_version("icl-markov")

__all__ = [
    "MODELS",
    "SGD",
    "Adam",
    "AdamW",
    "Bilinear",
    "CrossEntropy",
    "Defaults",
    "Dirichlet",
    "Diverged",
    "DoublyStochastic",
    "FiniteSet",
    "FlowFailed",
    "Gradient",
    "HeldOut",
    "Interpolated",
    "Interrupted",
    "Loss",
    "Margin",
    "MinimalModel",
    "Mixture",
    "Model",
    "MultiHeadModel",
    "Objective",
    "Optimizer",
    "Population",
    "PositionDistances",
    "Prior",
    "Quadrature",
    "Record",
    "Run",
    "RunSettings",
    "Sample",
    "SequenceBatch",
    "Squared",
    "Stage",
    "StageTimes",
    "Sweep",
    "Trajectory",
    "Transformer",
    "Unigram",
    "attention",
    "distances_by_position",
    "flow_time",
    "gradient_descent",
    "gradient_flow",
    "half_rise_examples",
    "logits",
    "loss_and_gradient",
    "prior_quadrature",
    "register",
    "sample_sequences",
    "stage_times",
    "stationary_distribution",
    "strategies",
    "sweep",
    "train",
    "warmup",
]
