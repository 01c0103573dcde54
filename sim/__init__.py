"""What the computer measures: the in-context Markov chain task, learned by a minimal model."""

from sim.learning.clock import flow_time
from sim.learning.compilation import warmup
from sim.learning.descent import Diverged, gradient_descent, train
from sim.learning.flow import FlowFailed, gradient_flow
from sim.learning.objectives import Bilinear, Population, Sample
from sim.models.minimal.model import Gradient, MinimalModel
from sim.models.models import logits, loss_and_gradient
from sim.models.multihead.model import MultiHeadModel
from sim.models.transformer.model import Transformer
from sim.runs.measures import HeldOut
from sim.runs.positions import PositionDistances, distances_by_position
from sim.runs.stages import Stage, StageTimes, halfway, stage_times
from sim.runs.trajectory import Trajectory
from sim.sweeps.executors import sweep
from sim.sweeps.table import Sweep
from sim.task import strategies
from sim.task.losses import CrossEntropy, Margin, Squared
from sim.task.priors import (
    Dirichlet,
    DoublyStochastic,
    FiniteSet,
    Interpolated,
    Mixture,
    Prior,
    Unigram,
)
from sim.task.priors.quadrature import Quadrature, prior_quadrature
from sim.task.sequences import SequenceBatch, sample_sequences, stationary_distribution

__all__ = [
    "Bilinear",
    "CrossEntropy",
    "Dirichlet",
    "Diverged",
    "DoublyStochastic",
    "FiniteSet",
    "FlowFailed",
    "Gradient",
    "HeldOut",
    "Interpolated",
    "Margin",
    "MinimalModel",
    "Mixture",
    "MultiHeadModel",
    "Population",
    "PositionDistances",
    "Prior",
    "Quadrature",
    "Sample",
    "SequenceBatch",
    "Squared",
    "Stage",
    "StageTimes",
    "Sweep",
    "Trajectory",
    "Transformer",
    "Unigram",
    "distances_by_position",
    "flow_time",
    "gradient_descent",
    "gradient_flow",
    "halfway",
    "logits",
    "loss_and_gradient",
    "prior_quadrature",
    "sample_sequences",
    "stage_times",
    "stationary_distribution",
    "strategies",
    "sweep",
    "train",
    "warmup",
]
