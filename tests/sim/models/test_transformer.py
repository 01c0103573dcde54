import numpy as np
import pytest

import sim
from sim.learning.objectives import all_sequences
from sim.models.transformer import construction, reference
from sim.models.transformer import passes as passes
from sim.models.transformer.model import Transformer

OPTIONS = {
    "eq-4": {"layer_norm": False},
    "normed": {},
    "absolute": {"positions": "absolute"},
    "no positions": {"positions": "none", "layer_norm": False},
    "one layer": {"layers": 1, "mlp": 5},
    "three layers": {"layers": 3, "heads": 2, "layer_norm": False},
    "heads of odd width": {"width": 9, "heads": 3, "projection": True},
    "mlp": {"heads": 2, "mlp": 7, "positions": "absolute"},
    "everything": {"heads": 2, "mlp": 3, "projection": True, "layers": 3},
}
LOSSES = [sim.CrossEntropy(), sim.Margin(0.7), sim.Squared()]
each_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


def drawn(k=3, length=7, n=4, seed=0, context=None, scale=0.6, **options):
    """A model with weights of order one, so that no part of the gradient is near zero."""
    rng = np.random.default_rng(seed)
    model = Transformer(k, length, **{"width": 6, **options})
    model = model.with_parameters(rng.normal(scale=scale, size=model.size))
    return model, rng.integers(0, k, (n, (context or length) + 1))


def flat_gradient(model, tokens, loss):
    value, gradient = sim.loss_and_gradient(model, tokens, loss)
    return value, gradient["parameters"]


def by_reference(model, tokens, loss, sequence_weight=None):
    """Value and gradient (P,) by the reference."""
    weight = np.full(len(tokens), 1 / len(tokens)) if sequence_weight is None else sequence_weight
    value, gradient = reference.loss_and_gradient(
        model,
        model.views(model.vector.astype(float)),
        tokens,
        weight,
        loss.position_weight(tokens.shape[1] - 1),
        *loss.compiled,
    )
    return value, np.concatenate([gradient[name].ravel() for name in model.shapes])


def slopes(model, tokens):
    """Every partial derivative of every loss, by complex steps through the reference."""
    result = np.empty((len(LOSSES), model.size))
    for index in range(model.size):
        shifted = model.vector.astype(complex)
        shifted[index] += 1e-30j
        f, _ = reference.forward(model, model.views(shifted), tokens[:, :-1])
        for number, loss in enumerate(LOSSES):
            value, _ = reference.losses(f, tokens[:, 1:], *loss.compiled)
            result[number, index] = value.mean().imag / 1e-30
    return result


@each_option
def test_every_entry_of_the_gradient_against_complex_steps(options):
    # entry by entry, and none so small that a factor of 1.001 on it alone would pass
    model, tokens = drawn(length=5, n=3, **options)
    for loss, expected in zip(LOSSES, slopes(model, tokens), strict=True):
        value, gradient = flat_gradient(model, tokens, loss)
        plain = loss.value(passes.logits(model, tokens[:, :-1]), tokens[:, 1:])
        assert value == pytest.approx(plain, rel=1e-12)
        assert 1e-3 * np.abs(expected).min() > 1e-13
        np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-13)


@each_option
@pytest.mark.parametrize(("k", "context", "n"), [(2, 21, 19), (5, 1, 3), (2, 30, 9)])
def test_kernels_and_reference_agree(options, k, context, n):
    # blocks of 8 positions, groups of 8 and 16 sequences, odd lengths, the shortest
    model, tokens = drawn(k, 30, n, seed=1, context=context, **options)
    f, _ = reference.forward(model, model.views(), tokens[:, :-1])
    np.testing.assert_allclose(passes.logits(model, tokens[:, :-1]), f, rtol=1e-11, atol=1e-12)
    for loss in (sim.CrossEntropy(), sim.Margin(0.7, at="last")):
        value, gradient = by_reference(model, tokens, loss)
        found = flat_gradient(model, tokens, loss)
        assert found[0] == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(found[1], gradient, rtol=1e-9, atol=1e-13)


@each_option
def test_float32_is_float64_to_its_precision(options):
    model, tokens = drawn(2, 12, 20, seed=2, **options)
    single = model.astype(np.float32)
    assert single.vector.dtype == np.float32
    value, gradient = flat_gradient(single, tokens, sim.CrossEntropy())
    assert gradient.dtype == passes.logits(single, tokens[:, :-1]).dtype == np.float32
    expected = flat_gradient(model, tokens, sim.CrossEntropy())
    assert value == pytest.approx(expected[0], rel=1e-6)
    scale = np.abs(expected[1]).max()
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-4, atol=3e-6 * scale)
    assert (gradient != expected[1]).any()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@each_option
def test_a_later_token_changes_no_bit_of_an_earlier_logit(options, dtype):
    model, tokens = drawn(3, 12, 2, seed=3, **options)
    model, tokens = model.astype(dtype), tokens[:, :12]
    before = passes.logits(model, tokens)
    for position in range(12):
        changed = tokens.copy()
        changed[:, position] = (changed[:, position] + 1) % 3
        after = passes.logits(model, changed)
        np.testing.assert_array_equal(before[:, :position], after[:, :position])
        assert np.abs(before[:, position] - after[:, position]).max() > 0


@each_option
def test_a_sequence_does_not_see_its_neighbours_nor_the_length_of_its_context(options):
    model, tokens = drawn(3, 9, 20, seed=4, **options)
    whole = passes.logits(model, tokens[:, :9])
    for q in (0, 7, 15, 19):
        np.testing.assert_array_equal(passes.logits(model, tokens[q : q + 1, :9])[0], whole[q])
    shorter = passes.logits(model, tokens[:, :4])
    np.testing.assert_allclose(shorter, whole[:, :4], rtol=1e-11, atol=1e-13)


def test_the_same_call_gives_the_same_bits_and_sums_over_sequences():
    model, tokens = drawn(2, 20, 37, seed=5)
    loss = sim.CrossEntropy()
    value, gradient = flat_gradient(model, tokens, loss)
    again = flat_gradient(model, tokens, loss)
    assert value == again[0]
    np.testing.assert_array_equal(gradient, again[1])
    weight = np.random.default_rng(0).random(37)
    weight[3] = 0.0
    kernel = passes.LossGradient(model, loss)
    value, gradient = kernel(tokens.astype(np.int32), weight, model.vector)
    gradient = gradient["parameters"]
    parts = [flat_gradient(model, x[None], loss) for x in tokens]
    assert value == pytest.approx(weight @ [part[0] for part in parts], rel=1e-12)
    expected = weight @ np.array([part[1] for part in parts])
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-13)


def test_huge_scores_stay_finite_and_hard_attention_is_exact():
    for dtype in (np.float32, np.float64):
        model, tokens = drawn(3, 10, 5, seed=6, scale=30.0, layer_norm=False)
        model = model.astype(dtype)
        assert np.isfinite(passes.logits(model, tokens[:, :10])).all()
        value, gradient = flat_gradient(model, tokens, sim.CrossEntropy())
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


def _with_scores_up_to(reach, **options):
    """A model whose first layer scores lag 1 by `reach` more than the others, for every key."""
    model, tokens = drawn(3, 12, 20, seed=7, scale=0.3, width=4, layer_norm=False, **options)
    model["layer0.query"][...] = 0.0
    model["layer0.positions"][...] = 0.0
    model["embedding"][:, 0] = 1.0
    model["layer0.key"][...] = np.eye(4)
    size = 4 // model.heads
    model["layer0.positions"][1, ::size] = reach * np.sqrt(size)
    return model, tokens


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("reach", [0.5, 20.0, 59.0, 61.0, 150.0, 1000.0])
def test_the_first_layer_state_by_state_and_position_by_position(reach, dtype):
    # its scores factor as long as their range is moderate; position 1 has no token before it
    exact, tokens = _with_scores_up_to(reach)
    model = exact.astype(dtype)
    tolerance = {"rtol": 1e-11, "atol": 1e-12} if dtype == np.float64 else {"atol": 2e-5}
    expected, _ = reference.forward(exact, exact.views(), tokens[:, :-1])
    np.testing.assert_allclose(passes.logits(model, tokens[:, :-1]), expected, **tolerance)
    value, gradient = flat_gradient(model, tokens, sim.CrossEntropy())
    wanted = by_reference(exact, tokens, sim.CrossEntropy())
    assert value == pytest.approx(wanted[0], rel=1e-11 if dtype == np.float64 else 1e-5)
    np.testing.assert_allclose(gradient, wanted[1], **tolerance)


@pytest.mark.parametrize("begin", [False, True])
def test_the_construction_of_prop_2_2_as_a_model(begin):
    k, T = 3, 5
    weights = construction.bigram_construction(k, T, 60.0, begin=begin)
    model = Transformer.from_construction(weights)
    x = all_sequences(k, T)
    x = np.hstack([np.full((len(x), 1), k), x]) if begin else x
    expected = [construction.two_layer_transformer(row, weights) for row in x[::7]]
    found = passes.logits(model, x[::7])
    np.testing.assert_allclose(found[..., :k], expected, atol=1e-13)
    assert not found[..., k:].any()
    # and on from there: the gradient is that of the reference, entry by entry
    loss = sim.CrossEntropy()
    gradient = flat_gradient(model, x, loss)[1]
    np.testing.assert_allclose(gradient, by_reference(model, x, loss)[1], rtol=1e-9, atol=1e-13)
    assert np.abs(gradient).max() > 1e-3


def test_initial_weights_are_those_of_mingpt():
    model = Transformer.initial(5, 100, rng=0, width=64, mlp=200, projection=True, layers=2)
    for name, weight in model.views().items():
        if name.endswith("_gain"):
            assert (weight == 1).all()
        elif name.endswith("_bias"):
            assert (weight == 0).all()
        else:
            std = 0.02 / 2 if name.endswith(("output", "mlp_out")) else 0.02
            assert weight.std() == pytest.approx(std, rel=5 / np.sqrt(2 * weight.size))
            assert abs(weight.mean()) < 5 * std / np.sqrt(weight.size)
    single = Transformer.initial(5, 100, rng=0, width=64, mlp=200, projection=True, dtype="f4")
    np.testing.assert_array_equal(single.vector, model.vector.astype(np.float32))
    other = Transformer.initial(5, 100, rng=1, width=64, mlp=200, projection=True)
    assert (other["readout"] != model["readout"]).all()


def test_names_are_views_of_one_vector_that_covers_it():
    model, _ = drawn(heads=2, mlp=3, projection=True, layers=3, positions="absolute")
    numbered = model.with_parameters(np.arange(model.size))
    flat = np.concatenate([weight.ravel() for weight in numbered.views().values()])
    np.testing.assert_array_equal(flat, np.arange(model.size))
    numbered["layer1.query"][...] = -1.0
    assert (numbered.vector == -1.0).sum() == 36
    assert (model.vector != -1.0).all()  # a model owns its vector
    assert model.describe()["parameters"] == model.size
    assert Transformer(2, 3).vector.shape == (Transformer(2, 3).size,)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Transformer(2, 5, heads=3), "heads must divide the width 16, got 3"),
        (lambda: Transformer(1, 5), "k must be an integer >= 2, got 1"),
        (lambda: Transformer(2, 0), "length must be an integer >= 1, got 0"),
        (lambda: Transformer(2, 5, mlp=-1), "mlp must be an integer >= 0, got -1"),
        (lambda: Transformer(2, 5, layers=2.0), "layers must be an integer >= 1, got 2.0"),
        (lambda: Transformer(2, 5, positions="rotary"), "positions must be one of relative, abs"),
        (lambda: Transformer(2, 5, layer_norm=1), "layer_norm must be True or False, got 1"),
        (lambda: Transformer(2, 5, vector=np.ones(7)), r"vector must have shape \(\d+\)"),
        (lambda: drawn()[0].with_parameters([np.nan] * drawn()[0].size), "must be finite, got nan"),
        (lambda: drawn()[0].astype(np.float16), "dtype must be float32 or float64, got"),
        (lambda: drawn()[0]["layer7.query"], "name must be one of embedding, layer0.norm_gain"),
        (lambda: Transformer.initial(2, 5, std=0.0), "std must be a finite number > 0, got 0"),
        (
            lambda: passes.logits(drawn()[0], [[0] * 8]),
            "tokens must have length <= length = 7",
        ),
        (
            lambda: passes.logits(drawn()[0], [[3]]),
            r"tokens must lie in 0..2 for k = 3",
        ),
        (
            lambda: flat_gradient(drawn()[0], [[0] * 9], sim.Squared()),
            r"tokens must have length <= length \+ 1 = 8, got 9",
        ),
        (
            lambda: flat_gradient(drawn()[0], [[0]], sim.Squared()),
            "length >= 2",
        ),
        (
            lambda: drawn()[0].evaluator("hinge"),
            "loss must be a CrossEntropy",
        ),
        (
            lambda: Transformer.from_construction("prop-2.2"),
            "weights must be TransformerWeights",
        ),
    ],
)
def test_refusals(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
