"""What a route rests on is followed through every room, and what two routes share is found."""

from functools import cache, partial

import pytest

import sim
import theory
from proofs_check.ledger import enumeration, measured, reading, simulation, supported, symbolic
from proofs_check.ledger.independence import dependences, shared_functions
from proofs_check.ledger.trace import functions_reached

# a number that was computed when the module was loaded
LEADING = theory.singular_value_law(100)[0]


def helper(value):
    return value + 1


@cache
def through_a_cache(value):
    return helper(value)


@reading("it only takes the value apart")
def taken_apart(value):
    return value["number"]


@symbolic("by theory")
def by_theory(value):
    return theory.population_kernel(4)[0, 0, 0] == value


@enumeration("by the mean of the loss")
def by_loss(value):
    return sim.Population(sim.Dirichlet(2), 3, sim.Margin(9.0)).bind(value)(value.v, value.W)[0]


@simulation("by a batch of the loss")
def by_batch(value):
    tokens = sim.sample_sequences(sim.Dirichlet(2), 10, 4, 0).tokens
    return sim.loss_and_gradient(value, tokens, sim.Margin(9.0))[0]


@simulation("by a constant of theory")
def by_constant(value):
    return value - LEADING


@simulation("by helpers")
def by_helpers(value):
    return through_a_cache(value)


@enumeration("by a call that is filled in")
def filled_in(value, call):
    return call(value)


def names(route):
    return set(functions_reached(route.compute))


def test_functions_are_followed_into_the_other_rooms():
    found = names(by_theory)
    assert "theory.kernel.population.population_kernel" in found
    # what that one calls, from another file
    assert any(name.startswith("theory.kernel.two_states.") for name in found)
    assert not any(name.startswith("sim.") for name in found)


def test_methods_and_compiled_kernels_are_followed():
    found = set(functions_reached(by_loss.compute, [sim.MinimalModel.constant(3, 2)]))
    assert "sim.learning.objectives.Sample.bind" in found
    assert any(name.startswith("sim.kernels.minimal.") for name in found)


def test_globals_caches_and_options_are_followed():
    assert any(name.endswith("mode_laws.singular_value_law") for name in names(by_constant))
    assert f"{__name__}.helper" in names(by_helpers)
    given = filled_in.given(call=partial(theory.population_kernel, k=2))
    assert {"theory.kernel.population.population_kernel", f"{__name__}.filled_in"} <= names(given)


def test_what_two_routes_share_is_named_by_its_outermost_functions():
    shared = shared_functions(by_loss, by_batch)
    assert shared
    assert all(name.startswith("sim.") for name in shared)
    assert not any("check" in name or "_post_init_" in name for name in shared)
    assert shared_functions(by_theory, by_batch) == ()


def test_one_pair_of_routes_that_share_nothing_is_enough():
    weak = supported("t", 1, "t", "1", 1, by_loss, by_batch, wrong=[2])
    (sentence,) = dependences(weak)
    assert "'by the mean of the loss'" in sentence and "'by a batch of the loss'" in sentence
    assert (
        dependences(supported("t", 1, "t", "1", 1, by_loss, by_batch, by_theory, wrong=[2])) == []
    )
    # all training runs are made by the same code
    assert dependences(measured("t", 1, "t", "1", 1, by_loss, by_batch, wrong=[2])) == []


def test_a_mark_needs_a_reason():
    with pytest.raises(ValueError, match="reason must say why"):
        reading(" ")
    assert taken_apart({"number": 2}) == 2
    assert names(simulation("marked")(taken_apart)) == set()
