"""What the computer measures: the in-context Markov chain task, learned by a minimal model."""

from sim import strategies
from sim.clock import flow_time
from sim.descent import Diverged, gradient_descent, train
from sim.flow import FlowFailed, gradient_flow
from sim.losses import CrossEntropy, Margin, Squared
from sim.measures import HeldOut
from sim.minimal import Gradient, MinimalModel
from sim.models import logits, loss_and_gradient
from sim.multihead import MultiHeadModel
from sim.objectives import Bilinear, Population, Sample
from sim.positions import PositionDistances, distances_by_position
from sim.priors import (
    Dirichlet,
    DoublyStochastic,
    FiniteSet,
    Interpolated,
    Mixture,
    Prior,
    Unigram,
)
from sim.quadrature import Quadrature, prior_quadrature
from sim.sequences import SequenceBatch, sample_sequences, stationary_distribution
from sim.stages import Stage, StageTimes, halfway, stage_times
from sim.sweep_table import Sweep
from sim.sweeps import sweep
from sim.trajectory import Trajectory
from sim.transformer import Transformer
from sim.warmup import warmup

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
