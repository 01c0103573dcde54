"""What the mathematics predicts about the minimal model of eq. (8), arXiv:2402.11004v1.

Everything here is derived from the model's definition, in SymPy where it can be exact and in
NumPy where it must be fast; nothing is simulated. ``python -m theory list`` shows what is derived.
"""

from theory.chains.constants import TaskConstants, exact_constants, task_constants
from theory.chains.nodes import point_set, quadrature
from theory.chains.prior_moments import exact_moment, moments
from theory.chains.stationary import stationary_distribution
from theory.chains.strategies import strategy_losses
from theory.chains.weighted import Chains, symmetrised
from theory.exact import is_zero, normal_form, sign
from theory.first_steps.overtaking import overtaking_time
from theory.first_steps.step_1 import first_step, first_step_v, first_step_W
from theory.first_steps.step_1_any_k import StepConstants, step_constants
from theory.first_steps.step_2 import (
    critical_learning_rate,
    critical_learning_rate_exact,
    critical_rate_constant,
    diagonal_constant,
    required_margin,
)
from theory.kernel.chain_average import population_kernel_qmc
from theory.kernel.escape import escape_law, escape_time
from theory.kernel.invariants import balance, balance_velocity, decayed_balance, step_drift
from theory.kernel.lag_pattern import ParityLaw, lag_constant, lag_constants, parity_law
from theory.kernel.leading_order import LeadingConstants, leading_constants
from theory.kernel.mode_errors import ModeEstimates, mode_estimates
from theory.kernel.mode_laws import singular_value_law
from theory.kernel.population import population_kernel
from theory.kernel.singular_modes import Modes, linear_flow, modes
from theory.kernel.two_states import integrand, population_kernel_exact
from theory.ngrams.origin import Escape, ngram_escape, ngram_kernel, ngram_velocity, relabelled
from theory.ngrams.ray import Ray, ray_time, symmetric_ray
from theory.stages.expected_counts import ExpectedCounts
from theory.stages.flow import Flow, reduced_flow
from theory.stages.plateau import plateau_growth, plateau_slope, plateau_start, plateau_time
from theory.stages.prediction import StagePrediction, predict_stages
from theory.stages.stability import largest_stable_rate, sharpness, start_sharpness

__all__ = [
    "Chains",
    "Escape",
    "ExpectedCounts",
    "Flow",
    "LeadingConstants",
    "ModeEstimates",
    "Modes",
    "ParityLaw",
    "Ray",
    "StagePrediction",
    "StepConstants",
    "TaskConstants",
    "balance",
    "balance_velocity",
    "critical_learning_rate",
    "critical_learning_rate_exact",
    "critical_rate_constant",
    "decayed_balance",
    "diagonal_constant",
    "escape_law",
    "escape_time",
    "exact_constants",
    "exact_moment",
    "first_step",
    "first_step_W",
    "first_step_v",
    "integrand",
    "is_zero",
    "lag_constant",
    "lag_constants",
    "largest_stable_rate",
    "leading_constants",
    "linear_flow",
    "mode_estimates",
    "modes",
    "moments",
    "ngram_escape",
    "ngram_kernel",
    "ngram_velocity",
    "normal_form",
    "overtaking_time",
    "parity_law",
    "plateau_growth",
    "plateau_slope",
    "plateau_start",
    "plateau_time",
    "point_set",
    "population_kernel",
    "population_kernel_exact",
    "population_kernel_qmc",
    "predict_stages",
    "quadrature",
    "ray_time",
    "reduced_flow",
    "relabelled",
    "required_margin",
    "sharpness",
    "sign",
    "singular_value_law",
    "start_sharpness",
    "stationary_distribution",
    "step_constants",
    "step_drift",
    "strategy_losses",
    "symmetric_ray",
    "symmetrised",
    "task_constants",
]
