"""The examples in docstrings run as they stand, and who begins finds one where they look first."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import proofs_check
import sim
import theory

FIRST = [
    sim.Dirichlet,
    sim.HeldOut.draw,
    sim.Population,
    sim.RunSettings,
    sim.Trajectory.load,
    sim.Trajectory.save,
    sim.flow_time,
    sim.gradient_descent,
    sim.gradient_flow,
    sim.logits,
    sim.loss_and_gradient,
    sim.prior_quadrature,
    sim.sample_sequences,
    sim.stage_times,
    sim.strategies.bigram,
    sim.sweep,
    sim.train,
    theory.critical_learning_rate,
    theory.modes,
    theory.population_kernel,
    theory.predict_stages,
]


def modules():
    for room in (sim, theory, proofs_check):
        folder = Path(room.__file__).parent
        for path in sorted(folder.rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(folder.parent).with_suffix("").parts
                yield ".".join(parts).removesuffix(".__init__")


EXAMPLES = [
    found
    for name in modules()
    for found in doctest.DocTestFinder().find(import_module(name), name)
    if found.examples
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_it_runs_as_it_stands(example):
    said = []
    doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("begun_with", FIRST, ids=lambda begun_with: begun_with.__qualname__)
def test_what_one_begins_with_has_an_example(begun_with):
    assert ">>> " in begun_with.__doc__
