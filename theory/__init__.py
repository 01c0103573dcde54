"""Theoretical predictions for the minimal model of eq. (8), arXiv:2402.11004v1.

Everything here is derived from the model's definition, in SymPy where it can be exact and in
NumPy where it must be fast; nothing is simulated. ``python -m theory list`` shows what is derived.
A prior is "flat", "doubly_stochastic", or any weighted set of chains, see `theory.chains.weighted`.
Arguments that do not fit the docstring raise TypeError or ValueError.

Names are loaded when first used, because importing SymPy and SciPy takes nine tenths of the time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same names as below, for type checkers and editors
    from theory.chains.constants import TaskConstants as TaskConstants
    from theory.chains.constants import exact_constants as exact_constants
    from theory.chains.constants import task_constants as task_constants
    from theory.chains.nodes import point_set as point_set
    from theory.chains.nodes import quadrature as quadrature
    from theory.chains.prior_moments import exact_moment as exact_moment
    from theory.chains.prior_moments import moments as moments
    from theory.chains.stationary import stationary_distribution as stationary_distribution
    from theory.chains.strategies import strategy_losses as strategy_losses
    from theory.chains.weighted import Chains as Chains
    from theory.chains.weighted import symmetrised as symmetrised
    from theory.exact import is_zero as is_zero
    from theory.exact import normal_form as normal_form
    from theory.exact import sign as sign
    from theory.first_steps.overtaking import overtaking_time as overtaking_time
    from theory.first_steps.step_1 import first_step as first_step
    from theory.first_steps.step_1 import first_step_v as first_step_v
    from theory.first_steps.step_1 import first_step_W as first_step_W
    from theory.first_steps.step_1_any_k import StepConstants as StepConstants
    from theory.first_steps.step_1_any_k import step_constants as step_constants
    from theory.first_steps.step_2 import critical_learning_rate as critical_learning_rate
    from theory.first_steps.step_2 import (
        critical_learning_rate_exact as critical_learning_rate_exact,
    )
    from theory.first_steps.step_2 import critical_rate_constant as critical_rate_constant
    from theory.first_steps.step_2 import diagonal_constant as diagonal_constant
    from theory.first_steps.step_2 import required_margin as required_margin
    from theory.kernel.averages import population_kernel_qmc as population_kernel_qmc
    from theory.kernel.escape import escape_law as escape_law
    from theory.kernel.escape import escape_time as escape_time
    from theory.kernel.invariants import balance as balance
    from theory.kernel.invariants import balance_velocity as balance_velocity
    from theory.kernel.invariants import decayed_balance as decayed_balance
    from theory.kernel.invariants import step_drift as step_drift
    from theory.kernel.lag_pattern import ParityLaw as ParityLaw
    from theory.kernel.lag_pattern import lag_constant as lag_constant
    from theory.kernel.lag_pattern import lag_constants as lag_constants
    from theory.kernel.lag_pattern import parity_law as parity_law
    from theory.kernel.leading_order import LeadingConstants as LeadingConstants
    from theory.kernel.leading_order import leading_constants as leading_constants
    from theory.kernel.mode_errors import ModeEstimates as ModeEstimates
    from theory.kernel.mode_errors import mode_estimates as mode_estimates
    from theory.kernel.mode_laws import singular_value_law as singular_value_law
    from theory.kernel.population import population_kernel as population_kernel
    from theory.kernel.singular_modes import Modes as Modes
    from theory.kernel.singular_modes import linear_flow as linear_flow
    from theory.kernel.singular_modes import modes as modes
    from theory.kernel.two_states import integrand as integrand
    from theory.kernel.two_states import population_kernel_exact as population_kernel_exact
    from theory.ngrams.origin import Escape as Escape
    from theory.ngrams.origin import ngram_escape as ngram_escape
    from theory.ngrams.origin import ngram_kernel as ngram_kernel
    from theory.ngrams.origin import ngram_velocity as ngram_velocity
    from theory.ngrams.origin import relabelled as relabelled
    from theory.ngrams.ray import Ray as Ray
    from theory.ngrams.ray import ray_time as ray_time
    from theory.ngrams.ray import symmetric_ray as symmetric_ray
    from theory.stages.expected_counts import ExpectedCounts as ExpectedCounts
    from theory.stages.flow import Flow as Flow
    from theory.stages.flow import reduced_flow as reduced_flow
    from theory.stages.fluctuating_counts import FluctuatingCounts as FluctuatingCounts
    from theory.stages.plateau import plateau_growth as plateau_growth
    from theory.stages.plateau import plateau_slope as plateau_slope
    from theory.stages.plateau import plateau_start as plateau_start
    from theory.stages.plateau import plateau_time as plateau_time
    from theory.stages.prediction import StagePrediction as StagePrediction
    from theory.stages.prediction import predict_stages as predict_stages
    from theory.stages.stability import largest_stable_rate as largest_stable_rate
    from theory.stages.stability import sharpness as sharpness
    from theory.stages.stability import start_sharpness as start_sharpness
    from theory.version import __version__ as __version__

_HOME = {
    # chains and the priors over them
    "chains.stationary": "stationary_distribution",
    "chains.nodes": "point_set quadrature",
    "chains.weighted": "Chains symmetrised",
    "chains.prior_moments": "exact_moment moments",
    # constants of the task, and what each strategy leaves
    "chains.constants": "TaskConstants exact_constants task_constants",
    "chains.strategies": "strategy_losses",
    # the population kernel K
    "kernel.population": "population_kernel",
    "kernel.averages": "population_kernel_qmc",
    "kernel.two_states": "integrand population_kernel_exact",
    "kernel.leading_order": "LeadingConstants leading_constants",
    "kernel.lag_pattern": "ParityLaw lag_constant lag_constants parity_law",
    # its modes, and the flow of small weights
    "kernel.singular_modes": "Modes linear_flow modes",
    "kernel.mode_errors": "ModeEstimates mode_estimates",
    "kernel.mode_laws": "singular_value_law",
    "kernel.escape": "escape_law escape_time",
    "kernel.invariants": "balance balance_velocity decayed_balance step_drift",
    # the first steps of gradient descent: Lemma 3.1
    "first_steps.step_1": "first_step first_step_v first_step_W",
    "first_steps.step_1_any_k": "StepConstants step_constants",
    "first_steps.step_2": "critical_learning_rate critical_learning_rate_exact "
    "critical_rate_constant diagonal_constant required_margin",
    "first_steps.overtaking": "overtaking_time",
    # the stages uniform, unigram, bigram
    "stages.prediction": "StagePrediction predict_stages",
    "stages.expected_counts": "ExpectedCounts",
    "stages.fluctuating_counts": "FluctuatingCounts",
    "stages.flow": "Flow reduced_flow",
    "stages.plateau": "plateau_growth plateau_slope plateau_start plateau_time",
    "stages.stability": "largest_stable_rate sharpness start_sharpness",
    # several heads
    "ngrams.origin": "Escape ngram_escape ngram_kernel ngram_velocity relabelled",
    "ngrams.ray": "Ray ray_time symmetric_ray",
    # exact numbers
    "exact": "is_zero normal_form sign",
    "version": "__version__",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [name for name in _MODULE_OF if name != "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'theory' has no attribute {name!r}")
    found = getattr(import_module(f"theory.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
