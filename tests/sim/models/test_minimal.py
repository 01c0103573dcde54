import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim

LOSSES = [sim.CrossEntropy(), sim.Margin(0.7), sim.Squared()]
LOSSES += [sim.CrossEntropy(at="last"), sim.Margin(0.7, at="last"), sim.Squared(at="last")]
LAYERS = [("linear", "none"), ("linear", "length"), ("softmax", "none"), ("softmax", "length")]


def _random(T, k, seed, first_layer="linear", normalize="none"):
    rng = np.random.default_rng(seed)
    model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(k, k)), first_layer, normalize)
    return model, rng.integers(0, k, (4, T + 1))


def _matrix_form(model, x):
    """Eq. (8) as printed: mask(E W (M E)^T) E, with the first layer M built entry by entry."""
    T, k = len(x), model.k
    E = np.eye(k)[x]
    M = np.zeros((T, T))
    for t in range(T):
        lags = model.v[: t + 1]
        if model.first_layer == "softmax":
            lags = np.exp(lags) / np.exp(lags).sum()
        M[t, : t + 1] = lags[::-1]
    f = np.tril(E @ model.W @ (M @ E).T) @ E
    if model.normalize == "length":
        f /= np.arange(1, T + 1)[:, None]
    return f


@pytest.mark.parametrize(("first_layer", "normalize"), LAYERS)
@given(T=st.integers(1, 20), k=st.integers(2, 5), seed=st.integers(0, 10**6))
def test_logits_are_eq_8(first_layer, normalize, T, k, seed):
    model, tokens = _random(T, k, seed, first_layer, normalize)
    for length in {1, T // 2 + 1, T}:
        context = tokens[:, :length]
        expected = [_matrix_form(model, x) for x in context]
        np.testing.assert_allclose(sim.logits(model, context), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("first_layer", "normalize"), LAYERS)
def test_causality_a_later_token_changes_no_earlier_logit(first_layer, normalize):
    model, tokens = _random(12, 3, 0, first_layer, normalize)
    before = sim.logits(model, tokens[:, :12])
    for position in range(12):
        changed = tokens[:, :12].copy()
        changed[:, position] = (changed[:, position] + 1) % 3
        after = sim.logits(model, changed)
        np.testing.assert_array_equal(before[:, :position], after[:, :position])
        assert np.abs(before[:, position] - after[:, position]).max() > 0


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize(("first_layer", "normalize"), LAYERS)
@pytest.mark.parametrize(("T", "k"), [(1, 2), (7, 2), (9, 3), (6, 5)])
def test_gradient_against_central_differences(loss, first_layer, normalize, T, k):
    model, tokens = _random(T, k, 1, first_layer, normalize)
    value, gradient = sim.loss_and_gradient(model, tokens, loss)
    plain = loss.value(sim.logits(model, tokens[:, :-1]), tokens[:, 1:])
    assert value == pytest.approx(plain, rel=1e-12)
    h = 1e-6

    def slope(direction_v, direction_W):
        ends = [
            sim.loss_and_gradient(
                model.with_parameters(model.v + s * h * direction_v, model.W + s * h * direction_W),
                tokens,
                loss,
            )[0]
            for s in (1, -1)
        ]
        return (ends[0] - ends[1]) / (2 * h)

    scale = max(1.0, np.abs(gradient.v).max(), np.abs(gradient.W).max())
    for j in range(T):
        found = slope(np.eye(T)[j], np.zeros((k, k)))
        assert found == pytest.approx(gradient.v[j], abs=2e-8 * scale)
    for index in np.ndindex(k, k):
        direction = np.zeros((k, k))
        direction[index] = 1.0
        assert slope(np.zeros(T), direction) == pytest.approx(gradient.W[index], abs=2e-8 * scale)


def test_losses_by_hand():
    logits = np.array([[[1.0, 0.0, -1.0]]])
    for target, margin in ((0, 0.0), (1, 1.5 / 3), (2, (2.5 + 1.5) / 3)):
        targets = np.array([[target]])
        # eq. (7) with Delta = 0.5
        assert sim.Margin(0.5).value(logits, targets) == pytest.approx(margin)
        expected = np.log(np.exp([1.0, 0.0, -1.0]).sum()) - logits[0, 0, target]
        assert sim.CrossEntropy().value(logits, targets) == pytest.approx(expected)
        expected = np.sum((logits[0, 0] - np.eye(3)[target]) ** 2)
        assert sim.Squared().value(logits, targets) == pytest.approx(expected)


def test_losses_average_over_positions_or_take_the_last():
    model, tokens = _random(5, 3, 2)
    for kind in (sim.CrossEntropy, sim.Squared):
        per_position = kind().per_position(sim.logits(model, tokens[:, :-1]), tokens[:, 1:])
        assert sim.loss_and_gradient(model, tokens, kind())[0] == pytest.approx(per_position.mean())
        last = sim.loss_and_gradient(model, tokens, kind(at="last"))[0]
        assert last == pytest.approx(per_position[:, -1].mean())


def test_margin_and_cross_entropy_have_the_same_gradient_at_zero_logits():
    _, tokens = _random(8, 3, 3)
    model = sim.MinimalModel(np.linspace(1, 2, 8), np.zeros((3, 3)))
    found = [sim.loss_and_gradient(model, tokens, loss)[1].W.copy() for loss in LOSSES[:2]]
    np.testing.assert_allclose(found[0], found[1], atol=1e-14)


def test_a_shift_of_v_changes_no_softmax_first_layer():
    model, tokens = _random(9, 3, 4, "softmax")
    shifted = model.with_parameters(model.v + 5.0, model.W)
    np.testing.assert_allclose(sim.logits(model, tokens[:, :9]), sim.logits(shifted, tokens[:, :9]))
    gradient = sim.loss_and_gradient(model, tokens, sim.CrossEntropy())[1]
    assert abs(gradient.v.sum()) < 1e-13 * np.abs(gradient.v).max()


def test_huge_logits_give_a_finite_cross_entropy():
    model, tokens = _random(30, 3, 5)
    model = model.with_parameters(1e3 * model.v, 1e3 * model.W)
    value, gradient = sim.loss_and_gradient(model, tokens, sim.CrossEntropy())
    assert np.isfinite(value)
    assert np.isfinite(gradient.v).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sim.MinimalModel([1.0], np.eye(1)), r"W must have shape \(k, k\) with k >= 2"),
        (lambda: sim.MinimalModel([1.0], np.ones((2, 3))), "W must have shape"),
        (lambda: sim.MinimalModel([1.0], np.ones(4)), r"W must have shape \(any, any\)"),
        (lambda: sim.MinimalModel([np.nan], np.eye(2)), "v must be finite, got nan at index"),
        (lambda: sim.MinimalModel([1.0], [[1, 2], [np.inf, 4]]), "W must be finite, got inf"),
        (lambda: sim.MinimalModel([], np.eye(2)), "v must have shape"),
        (lambda: sim.MinimalModel("ab", np.eye(2)), "v must be an array of real numbers"),
        (lambda: sim.MinimalModel([1.0], np.eye(2), "relu"), "first_layer must be one of linear"),
        (lambda: sim.MinimalModel([1.0], np.eye(2), normalize="l2"), "normalize must be one of"),
        (lambda: sim.MinimalModel.constant(0, 2), "T must be an integer >= 1, got 0"),
        (lambda: sim.logits(_random(3, 2, 0)[0], [[0] * 4]), "tokens must have length <= T = 3"),
        (lambda: sim.logits(_random(3, 2, 0)[0], [[0.0] * 3]), "tokens must be integers"),
        (lambda: sim.logits(_random(3, 2, 0)[0], [[0, 1, 2]]), r"tokens must lie in 0..1"),
        (
            lambda: sim.loss_and_gradient(_random(3, 2, 0)[0], [[0] * 3], sim.Squared()),
            r"tokens must have length T \+ 1 = 4, got 3",
        ),
        (lambda: sim.Margin(0.0), "delta must be a finite number > 0, got 0"),
        (lambda: sim.CrossEntropy(at="first"), "at must be one of all, last, got 'first'"),
        (
            lambda: sim.logits(sim.MinimalModel([0.0, 1e3], np.eye(2), "softmax"), [[0, 1]]),
            "v must spread over at most 700",
        ),
    ],
)
def test_refusals(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
