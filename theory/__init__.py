"""What the mathematics predicts about the minimal model of eq. (8), arXiv:2402.11004v1.

Everything here is derived from the model's definition, in SymPy where it can be exact and in
NumPy where it must be fast; nothing is simulated. ``python -m theory list`` shows what is derived.
"""

from theory.chain import stationary_distribution
from theory.expected_counts import ExpectedCounts
from theory.kernel import (
    integrand,
    population_kernel,
    population_kernel_exact,
    population_kernel_qmc,
)
from theory.modes import Modes, linear_flow, modes
from theory.normal_form import is_zero, normal_form, sign
from theory.prior import exact_moment, moments, point_set, quadrature
from theory.reduced_flow import Flow, reduced_flow
from theory.second_step import (
    critical_learning_rate,
    critical_learning_rate_exact,
    critical_rate_constant,
    diagonal_constant,
    required_margin,
)
from theory.stages import StagePrediction, predict_stages
from theory.steps import (
    LeadingConstants,
    first_step,
    first_step_v,
    first_step_W,
    leading_constants,
)

__all__ = [
    "ExpectedCounts",
    "Flow",
    "LeadingConstants",
    "Modes",
    "StagePrediction",
    "critical_learning_rate",
    "critical_learning_rate_exact",
    "critical_rate_constant",
    "diagonal_constant",
    "exact_moment",
    "first_step",
    "first_step_W",
    "first_step_v",
    "integrand",
    "is_zero",
    "leading_constants",
    "linear_flow",
    "modes",
    "moments",
    "normal_form",
    "point_set",
    "population_kernel",
    "population_kernel_exact",
    "population_kernel_qmc",
    "predict_stages",
    "quadrature",
    "reduced_flow",
    "required_margin",
    "sign",
    "stationary_distribution",
]
