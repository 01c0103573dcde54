import numpy as np
import pytest

from sim.learning.optimizers import SGD, Adam, AdamW
from sim.models.transformer.model import Transformer


def after(optimizer, start, gradients, dtype=np.float64):
    parameters = np.array(start, dtype=dtype)
    for gradient in gradients:
        optimizer.update(parameters, np.array(gradient, dtype=dtype))
    return parameters


def test_sgd_by_hand():
    np.testing.assert_allclose(after(SGD(0.1), [1.0, -2.0], [[3.0, 4.0]]), [0.7, -2.4])
    # velocities 1, then 0.5 * 1 + 3 = 3.5, then 0.5 * 3.5 - 1 = 0.75
    found = after(SGD(0.1, momentum=0.5), [0.0], [[1.0], [3.0], [-1.0]])
    np.testing.assert_allclose(found, [-0.1 * (1 + 3.5 + 0.75)])


def test_adam_by_hand():
    optimizer = Adam(0.1, betas=(0.5, 0.75), epsilon=1e-8)
    first = after(optimizer, [0.0], [[2.0]])
    np.testing.assert_allclose(first, [-0.1], rtol=1e-8)
    found = first.copy()
    optimizer.update(found, np.array([-4.0]))
    # after the first step m = 1 and s = 1
    m_hat = (0.5 * 1.0 + 0.5 * -4.0) / (1 - 0.25)
    s_hat = (0.75 * 1.0 + 0.25 * 16.0) / (1 - 0.5625)
    np.testing.assert_allclose(found, first - 0.1 * m_hat / (np.sqrt(s_hat) + 1e-8), rtol=1e-14)


def test_the_first_step_of_adam_is_the_sign_of_the_gradient_whatever_its_size():
    gradient = np.array([1e-3, -2.0, 50.0])
    found = after(Adam(0.01, epsilon=1e-16), [0.0] * 3, [gradient])
    np.testing.assert_allclose(found, -0.01 * np.sign(gradient), rtol=1e-12)


def test_epsilon_stands_outside_the_root():
    found = after(Adam(1.0, epsilon=3.0), [0.0], [[1.0]])
    np.testing.assert_allclose(found, [-1.0 / 4.0])


def test_decay_is_decoupled_and_only_where_asked():
    found = after(AdamW(0.1, weight_decay=0.5, decayed=[True, False]), [2.0, 2.0], [[0.0, 0.0]])
    np.testing.assert_array_equal(found, [2.0 * (1 - 0.05), 2.0])
    # with a gradient: the decay does not pass through the running means
    found = after(AdamW(0.1, weight_decay=0.5, epsilon=1e-16), [2.0], [[7.0]])
    np.testing.assert_allclose(found, [1.9 - 0.1], rtol=1e-12)
    plain = after(Adam(0.1), [2.0], [[7.0], [1.0]])
    np.testing.assert_array_equal(after(AdamW(0.1, weight_decay=0), [2.0], [[7.0], [1.0]]), plain)


def test_decay_groups_of_the_transformer():
    model = Transformer(3, 5, width=4, mlp=2, projection=True)
    mask = model.decayed["parameters"]
    groups = {name: part.all() for name, part in model.views(mask).items()}
    assert mask.sum() == sum(model[name].size for name, yes in groups.items() if yes)
    decayed = {name.split(".")[-1] for name, yes in groups.items() if yes}
    assert decayed == {"query", "key", "value", "output", "mlp_in", "mlp_out", "readout"}


def test_clipping_scales_long_gradients_and_no_others():
    gradient = np.array([3.0, 4.0])
    np.testing.assert_allclose(after(SGD(1.0, clip=1.0), [0, 0], [gradient]), [-0.6, -0.8])
    np.testing.assert_array_equal(after(SGD(1.0, clip=5.0), [0, 0], [gradient]), -gradient)
    np.testing.assert_array_equal(gradient, [3.0, 4.0])
    # 3e20**2 overflows in float32
    found = after(SGD(1.0, clip=1.0), [0, 0], [gradient * 1e20], np.float32)
    np.testing.assert_allclose(found, [-0.6, -0.8], rtol=1e-6)


@pytest.mark.parametrize("rule", [SGD, Adam, AdamW])
def test_precision_is_that_of_the_parameters_and_the_path_that_of_float64(rule):
    gradients = np.random.default_rng(0).normal(size=(50, 6))
    paths = {}
    for dtype in (np.float32, np.float64):
        paths[dtype] = after(rule(0.01), np.ones(6), gradients, dtype)
        assert paths[dtype].dtype == dtype
    np.testing.assert_allclose(paths[np.float32], paths[np.float64], rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: SGD(0.0), "learning_rate must be positive for at least one"),
        (lambda: SGD(0.1, momentum=1.0), r"momentum must be a number in \[0, 1\), got 1"),
        (lambda: SGD(0.1, clip=-1.0), "clip must be a finite number > 0, got -1"),
        (lambda: Adam(0.1, betas=(0.9,)), "betas must be two numbers"),
        (lambda: Adam(0.1, betas=(0.9, 1.0)), r"betas\[1\] must be a number in \[0, 1\), got 1"),
        (lambda: Adam(0.1, epsilon=0.0), "epsilon must be a finite number > 0, got 0"),
        (lambda: AdamW(0.1, weight_decay=-1.0), "weight_decay must be a finite number >= 0"),
        (lambda: AdamW(0.1, decayed=[1, 0]), "decayed must hold True and False, got"),
        (lambda: after(AdamW(0.1, decayed=[True]), [1.0, 2.0], [[0.0, 0.0]]), "decayed must have"),
        (lambda: after(SGD(0.1), [1.0], [[1.0], [1.0, 2.0]]), r"gradient must have shape \(1,\)"),
        (lambda: SGD(0.1).update([1.0], [1.0]), "parameters must be a float array, got list"),
    ],
)
def test_refusals(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
