import numpy as np
import pytest

import sim
from sim import transformer, twins_transformer
from sim.transformer import Transformer

OPTIONS = {
    "eq-4": {"layer_norm": False},
    "normed": {},
    "absolute": {"positions": "absolute"},
    "no positions": {"positions": "none", "layer_norm": False},
    "one layer": {"layers": 1, "mlp": 5},
    "three layers": {"layers": 3, "heads": 2, "layer_norm": False},
    "heads": {"heads": 3, "projection": True},
    "mlp": {"heads": 2, "mlp": 7, "positions": "absolute"},
    "everything": {"heads": 2, "mlp": 3, "projection": True, "layers": 3},
}
LOSSES = [sim.CrossEntropy(), sim.Margin(0.7), sim.Squared()]
LOSSES += [sim.CrossEntropy(at="last"), sim.Margin(0.7, at="last"), sim.Squared(at="last")]


def drawn(k=3, length=7, n=4, seed=0, context=None, **options):
    """A model with weights of order one, so that no part of the gradient is near zero."""
    rng = np.random.default_rng(seed)
    model = Transformer(k, length, **{"width": 6, **options})
    model = model.with_parameters(rng.normal(scale=0.6, size=model.size))
    return model, rng.integers(0, k, (n, (context or length) + 1))


def slopes(model, tokens, loss):
    """Every partial derivative of the loss by complex steps through the twin's forward pass."""
    position_weight = loss.position_weight(tokens.shape[1] - 1)
    result = np.empty(model.size)
    for index in range(model.size):
        shifted = model.parameters.astype(complex)
        shifted[index] += 1e-30j
        f, _ = twins_transformer.forward(model, model.views(shifted), tokens[:, :-1])
        value, _ = twins_transformer.losses(f, tokens[:, 1:], loss.code, loss.margin)
        result[index] = (value * position_weight).sum(axis=1).mean().imag / 1e-30
    return result


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("loss", LOSSES[:3], ids=repr)
def test_every_entry_of_the_gradient_against_complex_steps(options, loss):
    model, tokens = drawn(**options)
    value, gradient = transformer.loss_and_gradient(model, tokens, loss)
    plain = loss.value(transformer.logits(model, tokens[:, :-1]), tokens[:, 1:])
    assert value == pytest.approx(plain, rel=1e-12)
    expected = slopes(model, tokens, loss)
    assert np.median(np.abs(expected)) > 1e-4
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-13)
