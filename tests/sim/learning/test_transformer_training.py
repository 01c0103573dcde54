"""Training of transformers through `sim.train`, and what is kept of it."""

import numpy as np
import pytest

import sim
from sim.commands.main import main
from sim.learning import optimizers
from sim.models.transformer.attention import induction_score, previous_token_score
from sim.randomness import streams
from sim.task.batches import BatchStream


def small(**options):
    settings = {"rng": 3, "width": 4, "std": 0.3} | options
    return sim.Transformer.initial(3, 8, **settings)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_training_is_the_optimizer_on_the_stream(name):
    """Three updates written out: batch of the stream, gradient, rule."""
    model, prior, rate = small(), sim.Dirichlet(3), 0.02
    decay = 0.3 if name == "adamw" else 0.0
    run = sim.train(model, prior, steps=3, batch_size=5, learning_rate=rate, optimizer=name,
                    weight_decay=decay, rng=7, record_every=1, held_out=4)  # fmt: skip
    rule = {
        "sgd": optimizers.SGD(rate),
        "adam": optimizers.Adam(rate),
        "adamw": optimizers.AdamW(rate, weight_decay=decay, decayed=model.decayed["parameters"]),
    }[name]
    stream = BatchStream(prior, 5, 9, streams(7, 2)[0])
    parameters, losses = model.vector.copy(), []
    for step in range(3):
        value, gradient = sim.loss_and_gradient(
            model.with_parameters(parameters), stream.tokens(step), sim.CrossEntropy()
        )
        rule.update(parameters, gradient["parameters"])
        losses.append(value)
    np.testing.assert_allclose(run.parameters["parameters"][-1], parameters, rtol=1e-12, atol=1e-14)
    # the first record has the loss of the first batch, later ones that of the batch before them
    np.testing.assert_allclose(run.loss, [losses[0], *losses], rtol=1e-12)
    assert run.examples.tolist() == [0, 5, 10, 15]


def test_clipping_bounds_the_step():
    model = small()
    run = sim.train(model, sim.Dirichlet(3), steps=1, optimizer="sgd", learning_rate=1.0,
                    clip=1e-3, rng=0, held_out=4)  # fmt: skip
    step = np.diff(run.parameters["parameters"], axis=0)[0]
    assert np.linalg.norm(step) == pytest.approx(1e-3)


def test_records_hold_what_the_models_predict_and_attend_to(tmp_path):
    model = small()
    run = sim.train(model, sim.Dirichlet(3), steps=4, rng=1, record_every=2, held_out=20,
                    learning_rate=0.05, dtype="float32")  # fmt: skip
    assert run.parameters["parameters"].dtype == np.float32
    loaded = sim.Trajectory.load(run.save(tmp_path))
    test_set = sim.HeldOut.draw(sim.Dirichlet(3), 20, 8, streams(1, 2)[1])
    for index in range(3):
        restored = loaded.model(index)
        assert isinstance(restored, sim.Transformer)
        scores = sim.logits(restored, test_set.context)[:, -1].astype(float)
        log_model = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        expected = (test_set.truth * (np.log(test_set.truth) - log_model)).sum(axis=1).mean()
        assert loaded.measures["kl_truth"][index] == pytest.approx(expected, rel=1e-6)
        tokens = test_set.context
        assert loaded.measures["previous_token"][index] == pytest.approx(
            previous_token_score(restored, tokens).max(), rel=1e-6
        )
        assert loaded.measures["induction"][index] == pytest.approx(
            induction_score(restored, tokens).max(), rel=1e-6
        )
    assert "balance" not in loaded.measures
    with pytest.raises(AttributeError, match="this trajectory has no v, only parameters"):
        _ = loaded.v


def test_one_layer_has_no_induction_score():
    run = sim.train(small(layers=1), sim.Dirichlet(3), steps=1, rng=1, held_out=4)
    assert "previous_token" in run.measures
    assert "induction" not in run.measures


def test_same_seed_gives_the_same_bits_whatever_is_recorded():
    runs = [
        sim.train(small(), sim.Dirichlet(3), steps=6, rng=2, record_every=every, held_out=4)
        for every in (1, 6)
    ]
    ends = [run.parameters["parameters"][-1] for run in runs]
    assert np.array_equal(*ends)


def test_a_transformer_that_diverges_says_so():
    with pytest.raises(sim.Diverged) as caught:
        sim.train(small(layer_norm=False), sim.Dirichlet(3), steps=60, optimizer="sgd",
                  learning_rate=1e30, loss=sim.Squared(), rng=0, held_out=4)  # fmt: skip
    assert np.isfinite(caught.value.trajectory.parameters["parameters"]).all()


def test_two_layers_learn_bigrams_and_one_does_not():
    """A short run at a high rate: beyond unigrams only with a second layer (Figs. 3 and 13)."""
    end = {}
    for layers in (1, 2):
        model = sim.Transformer.initial(2, 30, rng=0, layers=layers)
        run = sim.train(model, sim.Dirichlet(2), steps=1500, learning_rate=5e-3, rng=0,
                        dtype="float32", held_out=400)  # fmt: skip
        end[layers] = run.measures["kl_truth"][-1]
        assert end[layers] < 1.2 * run.baselines["unigram"]
    assert end[2] < 0.6 * run.baselines["unigram"]
    assert end[1] > 0.7 * run.baselines["unigram"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"optimizer": "sgdm"}, "optimizer must be one of sgd, adam, adamw, got 'sgdm'"),
        ({"optimizer": "adam", "weight_decay": 0.1}, "weight_decay must be 0 for adam, got 0.1"),
        ({"threads": 2}, "threads must be 1 for a transformer model, got 2"),
        ({"clip": 0.0}, "clip must be a finite number > 0"),
        ({"dtype": "float16"}, "dtype must be one of float64, float32, got 'float16'"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(ValueError, match=words):
        sim.train(small(), sim.Dirichlet(3), steps=1, **options)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="a Model of your own, got 'tf'"):
        sim.train("tf", sim.Dirichlet(2), steps=1)


def test_command_line_runs_shows_and_plots_a_transformer(tmp_path, capsys):
    out = tmp_path / "run"
    arguments = ["run", "--model", "transformer", "--k", "2", "--length", "12", "--steps", "3",
                 "--width", "8", "--heads", "2", "--held-out", "16", "--quiet"]  # fmt: skip
    assert main([*arguments, "--out", str(out)]) == 0
    assert "nearest strategy" in capsys.readouterr().out
    assert main(["show", str(out)]) == 0
    assert "'heads': 2" in capsys.readouterr().out
    assert main(["plot", str(out)]) == 0
    assert (out / "run.png").stat().st_size > 10_000
    assert main([*arguments[:-2], "16", "--heads", "3"]) == 2
    assert "--heads must divide the width 8, got 3" in capsys.readouterr().err


def test_command_line_gives_every_head_the_width_of_one(capsys):
    """The paper's width, 16, is that of one head; three heads do not divide it."""
    arguments = ["run", "--model", "transformer", "--k", "2", "--length", "6", "--steps", "1"]
    arguments += ["--held-out", "4", "--quiet", "--heads", "3"]
    assert main(arguments) == 0
    one, three = (sim.Transformer(2, 6, width=16 * heads, heads=heads).size for heads in (1, 3))
    assert f"parameters ({three})" in capsys.readouterr().out
    assert main(arguments[:-2]) == 0
    assert f"parameters ({one})" in capsys.readouterr().out
    assert main([*arguments, "--width", "16"]) == 2
    assert "error: --heads must divide the width 16, got 3" in capsys.readouterr().err
