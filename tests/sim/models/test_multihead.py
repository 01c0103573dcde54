import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.__main__ import main
from sim.models.multihead import reference
from sim.task import strategies

LOSSES = [sim.CrossEntropy(), sim.Margin(0.7), sim.Squared(), sim.CrossEntropy(at="last")]
SHAPES = [(1, 1, 2), (1, 7, 3), (2, 1, 2), (2, 9, 2), (2, 6, 3), (3, 8, 2), (3, 5, 3), (4, 2, 2)]


def _random(heads, T, k, seed=0, n=11, **options):
    rng = np.random.default_rng(seed)
    model = sim.MultiHeadModel(
        rng.normal(size=(heads, T)), rng.normal(size=(heads, k, k)), **options
    )
    return model, rng.integers(0, k, (n, T + 1)).astype(np.int32)


def _plain(model, x):
    """The definition, sum by sum."""
    H, T, k = model.heads, len(x), model.k
    f = np.zeros((T, k))
    for p in range(H - 1, T):
        for t in range(p + 1):
            score = 1.0
            for n in range(H):
                asking = x[p - n]
                score *= sum(model.v[n, t - s] * model.W[n, asking, x[s]] for s in range(t + 1))
            f[p, x[t]] += score
    return f / np.arange(1, T + 1)[:, None] if model.normalize == "length" else f


@pytest.mark.parametrize("normalize", ["none", "length"])
@pytest.mark.parametrize(("heads", "T", "k"), SHAPES)
def test_logits_are_the_definition(heads, T, k, normalize):
    model, tokens = _random(heads, T, k, normalize=normalize)
    for length in {1, T // 2 + 1, T}:
        context = tokens[:, :length]
        expected = np.array([_plain(model, x) for x in context])
        size = np.abs(expected).max() + 1e-300
        assert np.abs(sim.logits(model, context) - expected).max() < 1e-12 * size + 1e-15


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize(("heads", "T", "k"), SHAPES)
def test_kernel_equals_reference(loss, heads, T, k):
    model, tokens = _random(heads, T, k, normalize="length")
    rng = np.random.default_rng(1)
    weight = rng.random(len(tokens))
    weight[[1, 4]] = 0.0
    scale = 1.0 / np.arange(1, T + 1)
    value, gradient = model.evaluator(loss)(tokens, weight, model.v, model.W)
    expected = reference.loss_and_gradient(
        tokens, weight, model.v, scale, loss.position_weight(T), model.W, *loss.compiled
    )
    assert value == pytest.approx(expected[0], rel=1e-12)
    for found, wanted in zip(gradient.values(), expected[1:], strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-12 * np.abs(wanted).max())
    np.testing.assert_allclose(
        sim.logits(model, tokens[:, :-1]),
        reference.logits(tokens[:, :-1], model.v, scale, model.W),
        rtol=1e-11, atol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize("loss", [LOSSES[0], LOSSES[2]], ids=repr)
@pytest.mark.parametrize(("heads", "T", "k"), [(2, 5, 2), (2, 4, 3), (3, 6, 2)])
def test_every_entry_of_the_gradient_against_central_differences(loss, heads, T, k):
    model, tokens = _random(heads, T, k)
    gradient = sim.loss_and_gradient(model, tokens, loss)[1]
    h = 1e-5
    for name in ("v", "W"):
        weights = {"v": model.v, "W": model.W}
        for index in np.ndindex(weights[name].shape):
            step = np.zeros_like(weights[name])
            step[index] = h
            ends = [
                sim.loss_and_gradient(
                    model.with_parameters(**(weights | {name: weights[name] + sign * step})),
                    tokens, loss,
                )[0]
                for sign in (-1, 1)
            ]  # fmt: skip
            slope = (ends[1] - ends[0]) / (2 * h)
            largest = np.abs(getattr(gradient, name)).max()
            assert abs(slope - getattr(gradient, name)[index]) < 3e-7 * largest


def test_one_head_is_eq_8():
    model, tokens = _random(1, 12, 3)
    single = sim.MinimalModel(model.v[0], model.W[0])
    np.testing.assert_allclose(
        sim.logits(model, tokens[:, :-1]), sim.logits(single, tokens[:, :-1]), rtol=1e-12
    )
    value, gradient = sim.loss_and_gradient(model, tokens, LOSSES[0])
    expected, slope = sim.loss_and_gradient(single, tokens, LOSSES[0])
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradient.v[0], slope.v, rtol=1e-11)
    np.testing.assert_allclose(gradient.W[0], slope.W, rtol=1e-11)


@given(
    k=st.integers(2, 4), heads=st.integers(1, 3), order=st.integers(0, 3), seed=st.integers(0, 99)
)
def test_counting_weights_give_the_counts_of_ngrams(k, heads, order, seed):
    order = min(order, heads)
    tokens = np.random.default_rng(seed).integers(0, k, (3, 14))
    counts = sim.logits(sim.MultiHeadModel.counting(14, k, heads, order), tokens)
    np.testing.assert_array_equal(counts, np.round(counts))
    alpha = 0.5
    rule = (counts + alpha) / (counts.sum(axis=2, keepdims=True) + k * alpha)
    expected = strategies.ngram(tokens, k, order, alpha)
    # where not every head has a token to ask with the logits are 0
    np.testing.assert_allclose(rule[:, heads - 1 :], expected[:, heads - 1 :], rtol=1e-13)
    assert not counts[:, : heads - 1].any()


def test_causality_a_later_token_changes_no_earlier_logit():
    model, tokens = _random(2, 10, 3)
    context = tokens[:, :-1]
    before = sim.logits(model, context)
    for position in range(1, 10):
        changed = context.copy()
        changed[:, position] = (changed[:, position] + 1) % 3
        after = sim.logits(model, changed)
        np.testing.assert_array_equal(before[:, :position], after[:, :position])
        assert np.abs(before[:, position] - after[:, position]).max() > 0


def test_several_heads_stand_still_where_two_say_nothing():
    """A product of scores has no slope where two factors are 0."""
    _, tokens = _random(2, 6, 2)
    for model, still in (
        (sim.MultiHeadModel.constant(6, 2, 2, v=0.1, W=0.0), True),
        (sim.MultiHeadModel.constant(6, 2, 1, v=0.1, W=0.0), False),
    ):
        gradient = sim.loss_and_gradient(model, tokens, LOSSES[0])[1]
        assert (not gradient.v.any() and not gradient.W.any()) == still


def test_flow_conserves_the_balance_of_every_head_and_between_heads():
    model = _random(2, 4, 2)[0]
    run = sim.gradient_flow(
        model, sim.Population(sim.Dirichlet(2, order=2), 4, LOSSES[0], nodes=4),
        t_span=(0.0, 5.0), rtol=1e-10,
    )  # fmt: skip
    v, W = (run.v**2).sum(axis=2), (run.W**2).sum(axis=(2, 3))
    assert np.ptp(v[:, 0]) > 0.01
    for conserved in (W[:, 0] - v[:, 0], W[:, 1] - v[:, 1], v[:, 0] - v[:, 1]):
        assert np.ptp(conserved) < 1e-8
    np.testing.assert_allclose(run.measures["balance_2"], W[:, 1] - v[:, 1], atol=1e-12)


def test_training_passes_the_four_stages_and_is_kept(tmp_path):
    model = sim.MultiHeadModel.constant(30, 2, 2, v=0.2, W=0.2, normalize="length")
    settings = {"steps": 3000, "batch_size": 32, "learning_rate": 0.06, "held_out": 512, "rng": 0}
    prior = sim.Dirichlet(2, order=2)
    run = sim.train(model, prior, **settings)
    names = [stage.strategy for stage in sim.stage_times(run)]
    assert names == ["uniform", "unigram", "bigram", "trigram"]
    again = sim.Trajectory.load(run.save(tmp_path))
    np.testing.assert_array_equal(again.v, run.v)
    assert isinstance(again.model(), sim.MultiHeadModel)
    assert again.model().normalize == "length"
    # records change nothing, and their loss is the mean over the batches between
    sparse = sim.train(model, prior, **settings, record_every=3000)
    np.testing.assert_array_equal(sparse.v[-1], run.v[-1])
    assert sparse.loss[-1] == pytest.approx(np.average(run.loss[1:], weights=np.diff(run.step)))


def test_full_batch_descent_goes_downhill():
    model, tokens = _random(2, 6, 2)
    small = model.with_parameters(model.v / 3, model.W / 3)
    run = sim.gradient_descent(
        small, sim.Sample(tokens, 2, LOSSES[0]), steps=20, learning_rate=0.05, record_every=1
    )
    assert (np.diff(run.loss) < 0).all()


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: sim.MultiHeadModel(np.zeros((2, 4)), np.zeros((3, 2, 2))), r"v must have shape"),
        (lambda: sim.MultiHeadModel(np.zeros((1, 4)), np.zeros((1, 2, 3))), r"W must have shape"),
        (lambda: sim.MultiHeadModel(np.zeros(4), np.zeros((1, 2, 2))), r"v must have shape"),
        (lambda: sim.MultiHeadModel.constant(4, 2, 0), "heads must be an integer >= 1"),
        (lambda: sim.MultiHeadModel.constant(4, 2, 60), r"2 and 60 heads .* would need"),
        (lambda: sim.MultiHeadModel.counting(9, 2, 2, 3), "order must be at most heads = 2"),
        (lambda: sim.MultiHeadModel.counting(2, 2, 2, 2), "T must be an integer >= 3"),
        (
            lambda: sim.logits(sim.MultiHeadModel.constant(4, 2, 2), np.zeros((1, 5), int)),
            "length <= T = 4",
        ),
    ],
)
def test_refusals(make, word):
    with pytest.raises(ValueError, match=word):
        make()


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"threads": 2}, "threads must be 1 for a multihead model"),
        ({"optimizer": "lion"}, "optimizer must be one of sgd"),
        ({"dtype": "float32"}, "dtype must be float64 for a multihead model"),
    ],
)
def test_training_refuses_what_it_cannot_do(settings, word):
    model = sim.MultiHeadModel.constant(4, 2, 2)
    with pytest.raises(ValueError, match=word):
        sim.train(model, sim.Dirichlet(2, order=2), steps=1, **settings)


def test_bilinear_objective_refuses_several_heads():
    model = sim.MultiHeadModel.constant(4, 2, 2)
    with pytest.raises(TypeError, match="needs a MinimalModel"):
        sim.gradient_flow(model, sim.Bilinear(np.zeros((4, 2, 2))), t_span=(0.0, 1.0))


def test_on_the_command_line(tmp_path, capsys):
    arguments = ["run", "--model", "multihead", "--heads", "2", "--order", "2", "--k", "2"]
    arguments += ["--length", "8", "--steps", "20", "--held-out", "16", "--quiet"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 0
    assert "v (2, 8), W (2, 2, 2)" in capsys.readouterr().out
    assert main(["plot", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "run.pdf").exists()
    capsys.readouterr()
    for wrong, word in (
        (["--init-W", "0"], "error: --init-W must not be 0"),
        (["--first-layer", "softmax"], "error: --first-layer must be linear"),
    ):
        assert main([*arguments, *wrong]) == 2
        assert word in capsys.readouterr().err
