"""Every public function, with one or two arguments replaced by something nobody asked for.

It works, or it raises TypeError or ValueError (or the exception it documents) in one sentence.
"""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import sim
import theory
from sim import attention
from sim.learning.settings import RunSettings
from sim.runs.statistics import loglog_slope, median_interval
from sim.task import strategies


class Unprintable:
    """Raises when it is printed, compared or turned into a number."""

    def __repr__(self):
        raise RuntimeError("no name")


HUGE = (10**12, 2**31, 2**63, 10**400, -(10**400), 1e200, -1e200, 1e308, 5e-324)
NUMBERS = (0, 1, -1, 2, 3, 7, 0.5, -0.5, 1.0, np.nan, np.inf, -np.inf, True, False, 1 + 1j, *HUGE)
SCALARS = (
    np.int8(3), np.uint8(200), np.int16(-5), np.uint64(2**63), np.float32(0.5), np.float16(2),
    np.bool_(True), np.complex64(1), np.datetime64("2020"), np.str_("a"), np.longdouble("1e400"),
    np.array(2), np.array(0.5), Fraction(1, 3),
)  # fmt: skip
WORDS = (
    "",
    "x",
    "sgd",
    "stationary",
    "all",
    "a" * 400,
    "n\nm",
    "\0",
    b"bytes",
    "ü",
    "1",
    "dirichlet",
)
ARRAYS = (
    [], (), {}, set(), [[]], [None], [1, "a"], [[1, 2], [3]], [0.5, 0.5], [1j, 0], [True, False],
    ["0.5", "0.5"], [10**400, 1], [np.nan, 1.0], [np.inf, 0.0], [1e308, 1e308], [-1.0, 2.0],
    np.empty((0, 2, 2)), np.empty((2, 0)), np.zeros((1, 1, 1, 1)), np.eye(2), np.eye(3),
    np.ones((2, 2)) / 2, np.full((3, 2, 2), 0.5), np.eye(2, dtype=complex), np.zeros((2, 5), int),
    np.array([[0, 1, 0], [1, 1, 0]]), np.array([[0, 1, 200]], np.uint8), np.zeros(5, np.float32),
    np.ma.array([0.5, 0.5], mask=[True, False]), np.array(["a", "b"]), np.array([None, 1]),
    np.array([0.1, 0.9], np.float16), np.zeros((2, 2), "M8[s]"), range(3), iter([1, 2]),
    [Fraction(1, 2), Fraction(1, 2)],
)  # fmt: skip
CYCLE: list = []
CYCLE.append(CYCLE)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    OBJECTS = (
        None, object(), Unprintable(), int, len, lambda *a: None, Exception("x"), slice(3), ...,
        sim.Dirichlet(2), sim.Dirichlet(3), sim.Dirichlet(2, order=2), sim.DoublyStochastic(2),
        sim.MinimalModel.constant(4, 2), sim.MinimalModel.constant(5, 3), sim.MinimalModel,
        sim.MultiHeadModel.constant(4, 2, 2), sim.CrossEntropy(), sim.Squared(at="last"),
        sim.SGD(0.1), sim.AdamW(0.1), sim.SequenceBatch([[0]], [[1.0]]),
        np.random.default_rng(0), np.random.SeedSequence([1, 2]),
    )  # fmt: skip
VALUES = (*NUMBERS, *SCALARS, *WORDS, *ARRAYS, CYCLE, *OBJECTS)

K2 = sim.Dirichlet(2)
MODEL = sim.MinimalModel.constant(4, 2, v=0.1, W=0.1)
HEADS = sim.MultiHeadModel.constant(4, 2, 2)
FORMER = sim.Transformer.initial(2, 4, width=4, rng=0)
TOKENS = np.array([[0, 1, 0, 1, 1], [1, 1, 0, 0, 1]], np.int32)
CONTEXT = TOKENS[:, :-1]
LOSS = sim.CrossEntropy()
BATCH = sim.sample_sequences(K2, 3, 5, 0)
HELD_OUT = sim.HeldOut(BATCH)
SAMPLE = sim.Sample(TOKENS, 2, LOSS)
RUN = sim.train(MODEL, K2, steps=4, batch_size=2, held_out=4, rng=0)
CHAINS = ([0.25, 0.75], [[[0.5, 0.5], [0.2, 0.8]], [[0.9, 0.1], [0.4, 0.6]]])
CONFIGURATION = {"k": 2, "length": 4, "steps": 2, "batch_size": 2, "held_out": 4}


def run_settings(**options):
    return RunSettings(**CONFIGURATION | options).check()


# function: the arguments it is tried with
SIM = {
    sim.Dirichlet: {"k": 2, "alpha": 0.5, "order": 1},
    sim.Unigram: {"k": 2, "alpha": [0.5, 2.0]},
    sim.DoublyStochastic: {"k": 2},
    sim.Interpolated: {"p": 0.5},
    sim.Mixture: {"priors": [K2, sim.Unigram(2)], "weights": [0.5, 0.5]},
    sim.FiniteSet: {"prior": K2, "size": 3, "seed": 0},
    K2.sample: {"n": 3, "rng": 0},
    sim.DoublyStochastic(3).sample: {"n": 2, "rng": 0},
    sim.prior_quadrature: {"prior": sim.Dirichlet(2, 0.5), "nodes": 3},
    sim.sample_sequences: {"prior": K2, "n": 3, "length": 4, "rng": 0, "start": "stationary"},
    sim.stationary_distribution: {"transition": [[0.5, 0.5], [0.1, 0.9]]},
    strategies.uniform: {"tokens": CONTEXT, "k": 2},
    strategies.unigram: {"tokens": CONTEXT, "k": 2, "alpha": 1.0},
    strategies.bigram: {"tokens": CONTEXT, "k": 2, "alpha": 1.0},
    strategies.ngram: {"tokens": CONTEXT, "k": 2, "order": 2, "alpha": 1.0},
    strategies.bayes: {"tokens": CONTEXT, "prior": K2, "start": "uniform", "nodes": 3},
    sim.Margin: {"delta": 1.0, "at": "all"},
    sim.CrossEntropy: {"at": "last"},
    sim.MinimalModel: {"v": [0.1, 0.2], "W": np.eye(2), "first_layer": "softmax",
                       "normalize": "none"},
    sim.MinimalModel.constant: {"T": 4, "k": 2, "v": 0.1, "W": 0.0},
    sim.MultiHeadModel: {"v": np.ones((2, 4)), "W": np.ones((2, 3, 3)), "normalize": "length"},
    sim.MultiHeadModel.constant: {"T": 4, "k": 2, "heads": 2, "v": 0.1, "W": 0.1},
    sim.MultiHeadModel.counting: {"T": 4, "k": 2, "heads": 2, "order": 1},
    sim.Transformer: {"k": 2, "length": 4, "width": 4, "layers": 1, "heads": 2, "mlp": 2,
                      "positions": "absolute", "layer_norm": True, "projection": False},
    sim.Transformer.initial: {"k": 2, "length": 4, "rng": 0, "std": 0.02, "dtype": np.float64},
    MODEL.with_parameters: {"v": np.ones(4), "W": np.eye(2)},
    FORMER.with_parameters: {"parameters": FORMER.vector},
    sim.logits: {"model": MODEL, "tokens": CONTEXT},
    sim.loss_and_gradient: {"model": HEADS, "tokens": TOKENS, "loss": LOSS},
    FORMER.logits: {"tokens": CONTEXT},
    attention.attention_maps: {"model": FORMER, "tokens": CONTEXT},
    attention.positional_encoding: {"model": FORMER, "layer": 0},
    attention.previous_token_score: {"model": FORMER, "tokens": CONTEXT, "layer": 0},
    attention.induction_score: {"model": FORMER, "tokens": CONTEXT, "layer": 1},
    sim.HeldOut: {"batch": BATCH},
    sim.SequenceBatch: {"tokens": TOKENS, "transition": BATCH.transition},
    sim.HeldOut.draw: {"prior": K2, "n": 3, "T": 4, "rng": 0, "start": "uniform"},
    HELD_OUT.evaluate: {"model": MODEL},
    HELD_OUT.evaluate_all: {"model": MODEL, "parameters": RUN.parameters},
    sim.distances_by_position: {"model": MODEL, "batch": BATCH},
    sim.Sample: {"tokens": TOKENS, "k": 2, "loss": LOSS, "weights": [0.5, 0.5]},
    sim.Population: {"prior": K2, "T": 3, "loss": LOSS, "start": "uniform", "nodes": 3},
    sim.Bilinear: {"kernel": np.zeros((4, 2, 2))},
    sim.SGD: {"learning_rate": 0.1, "momentum": 0.5, "weight_decay": 0.1, "clip": 1.0},
    sim.Adam: {"learning_rate": 0.1, "betas": (0.9, 0.99), "epsilon": 1e-8, "clip": None},
    sim.AdamW: {"learning_rate": (0.1, 0.2), "weight_decay": 0.1, "decayed": [True, False]},
    sim.flow_time: {"step": [0, 1], "learning_rate": 0.1},
    sim.train: {"model": MODEL, "prior": K2, "steps": 2, "batch_size": 2, "held_out": 3,
                "learning_rate": 0.1, "loss": LOSS, "optimizer": "sgd", "weight_decay": 0.0,
                "clip": None, "rng": 0, "record_every": None, "record_at": None,
                "start": "stationary", "dtype": "float64", "threads": 1},
    sim.gradient_descent: {"model": MODEL, "objective": SAMPLE, "steps": 2, "optimizer": "adam",
                           "learning_rate": 0.1, "weight_decay": 0.0, "clip": 1.0,
                           "record_every": 1, "record_at": [1], "test_set": HELD_OUT},
    sim.gradient_flow: {"model": MODEL, "objective": SAMPLE, "t_span": (0, 1), "method": "RK45",
                        "rtol": 1e-3, "atol": 1e-3, "t_eval": [0.5, 1.0], "rates": 1.0,
                        "weight_decay": 0.0, "test_set": HELD_OUT, "max_evaluations": 50},
    sim.stage_times: {"trajectory": RUN, "lead": 0.0, "hold": 2},
    sim.half_rise_examples: {"trajectory": RUN, "measure": "kl_truth"},
    RUN.model: {"index": 1},
    sim.Trajectory.load: {"path": "nowhere"},
    sim.register: {"model": sim.MinimalModel},
    sim.sweep: {"grid": {"k": [2], "seed": [0]}, "run": lambda c: {"found": 1.0},
                "executor": None, "store": None, "seed": 0},
    median_interval: {"sample": [1.0, 2.0, 3.0], "level": 0.95},
    loglog_slope: {"x": [1.0, 2.0, 3.0], "y": [1.0, 4.0, 9.5]},
    run_settings: CONFIGURATION | {
        "alpha": 1.0, "order": 1, "prior": "dirichlet", "model": "minimal", "init_v": 0.02,
        "learning_rate": (0.1,), "optimizer": "sgd", "clip": None, "seed": 0, "loss": "margin",
        "delta": None, "betas": None, "examples": None, "weight_decay": 0.0, "uses": (),
        "width": None, "layers": 2, "dtype": "float64", "p": None,
    },
}  # fmt: skip
THEORY = {
    theory.stationary_distribution: {"transition": [[0.5, 0.5], [0.1, 0.9]]},
    theory.symmetrised: {"prior": CHAINS},
    theory.population_kernel: {"T": 3, "k": 2, "prior": CHAINS},
}  # fmt: skip
# what counts how long it goes on: a large value is taken at its word
PATIENT = {"steps", "max_evaluations", "examples"}
CALLS = {f"{home}.{call.__qualname__}": (call, usual)
         for home, table in (("sim", SIM), ("theory", THEORY)) for call, usual in table.items()
         if usual}  # fmt: skip
EXPECTED = (TypeError, ValueError, sim.Diverged, sim.FlowFailed)


@pytest.fixture(autouse=True)
def _small_world(monkeypatch, tmp_path):
    monkeypatch.setenv("ICL_MARKOV_MAX_MEMORY", "0.05")
    monkeypatch.chdir(tmp_path)  # where folders are made that somebody named


def attempt(call, arguments, *expected):
    """Call it; what comes out is a result or one sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call(**arguments)
        except (*EXPECTED, *expected) as error:
            message = str(error)
            assert message and "\n" not in message, message
            assert len(message) < 700, message
            return None


def replaced(usual, changes):
    arguments = dict(usual)
    for name, value in changes.items():
        large = isinstance(value, int | float | np.number) and not abs(value) < 1e3
        if not (name in PATIENT and large):
            arguments[name] = value
    return arguments


@pytest.mark.parametrize("name", CALLS)
def test_one_argument_at_a_time(name):
    """All values, one after the other."""
    call, usual = CALLS[name]
    expected = (FileNotFoundError,) if name.endswith("load") else ()
    for argument in usual:
        for value in VALUES:
            arguments = replaced(usual, {argument: value})
            try:
                attempt(call, arguments, *expected)
            except Exception as error:
                error.add_note(f"{name}({argument}={type(value).__name__} {str_of(value)})")
                raise


def str_of(value):
    try:
        return repr(value)[:80]
    except Exception:
        return ""


@seed(2402)
@settings(max_examples=2500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_several_arguments_at_once(data):
    name = data.draw(st.sampled_from(sorted(CALLS)))
    call, usual = CALLS[name]
    count = data.draw(st.integers(2, 3))
    changes = {
        data.draw(st.sampled_from(sorted(usual))): VALUES[
            data.draw(st.integers(0, len(VALUES) - 1))
        ]
        for _ in range(count)
    }
    attempt(call, replaced(usual, changes), *((FileNotFoundError,) if "load" in name else ()))
