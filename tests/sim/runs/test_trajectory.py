import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import sim
from sim.files import write_atomic
from sim.models.two_weights import weight_measures
from sim.runs.measures import kl, log_softmax
from sim.runs.stages import stage_times
from sim.runs.trajectory import Trajectory


@pytest.fixture(scope="module")
def run():
    return sim.train(
        sim.MinimalModel.constant(8, 3, normalize="length"), sim.Dirichlet(3),
        steps=12, batch_size=4, rng=1, held_out=20,
    )  # fmt: skip


def test_save_and_load_is_the_identity(run, tmp_path):
    folder = run.save(tmp_path / "new" / "run")
    for given in (folder, folder / "trajectory.npz", folder / "trajectory.json"):
        found = Trajectory.load(given)
        for name in ("step", "time", "examples", "v", "W", "loss"):
            np.testing.assert_array_equal(getattr(found, name), getattr(run, name))
            assert getattr(found, name).dtype == getattr(run, name).dtype
        assert found.measures.keys() == run.measures.keys()
        np.testing.assert_array_equal(found.measures["kl_truth"], run.measures["kl_truth"])
        assert found.baselines == run.baselines
        assert found.provenance == run.provenance
    assert found.model(-1).normalize == "length"
    assert sorted(path.name for path in folder.iterdir()) == ["trajectory.json", "trajectory.npz"]


def test_same_run_same_bytes(run, tmp_path):
    first = run.save(tmp_path / "a") / "trajectory.npz"
    second = run.save(tmp_path / "b") / "trajectory.npz"
    assert first.read_bytes() == second.read_bytes()


def test_truncated_foreign_and_missing_files_are_refused(run, tmp_path):
    with pytest.raises(FileNotFoundError, match="no trajectory at"):
        Trajectory.load(tmp_path / "nothing")
    folder = run.save(tmp_path)
    arrays, header = folder / "trajectory.npz", folder / "trajectory.json"
    whole = arrays.read_bytes()
    arrays.write_bytes(whole[: len(whole) // 2])
    # the whole sentence: the folder of this test is called "truncated" too
    mismatch = "trajectory.npz is truncated or not the one its JSON describes"
    with pytest.raises(ValueError, match=mismatch):
        Trajectory.load(folder)
    other = replace(run, loss=run.loss + 1.0).save(tmp_path / "other")
    arrays.write_bytes((other / "trajectory.npz").read_bytes())
    with pytest.raises(ValueError, match=mismatch):
        Trajectory.load(folder)
    arrays.write_bytes(whole)
    text = header.read_text()
    header.write_text(text[:50])
    with pytest.raises(ValueError, match=r"trajectory\.json is truncated or not JSON"):
        Trajectory.load(folder)
    header.write_text(json.dumps({"format": "something else"}))
    with pytest.raises(ValueError, match="is not a trajectory"):
        Trajectory.load(folder)
    header.write_text(text)
    arrays.unlink()
    with pytest.raises(FileNotFoundError, match="does not exist"):
        Trajectory.load(folder)
    foreign = tmp_path / "notes.txt"
    foreign.write_text("hello")
    with pytest.raises(ValueError, match=r"expected trajectory\.npz or trajectory\.json"):
        Trajectory.load(foreign)


def test_a_digit_that_changed_is_noticed(run, tmp_path):
    folder = run.save(tmp_path)
    header = folder / "trajectory.json"
    whole = header.read_bytes()
    before = json.loads(whole)
    random = np.random.default_rng(0)
    for place in random.choice(len(whole), 300, replace=False):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(random.integers(8))
        header.write_bytes(damaged)
        try:
            same = json.loads(damaged) == before
        except ValueError:
            same = False
        if not same:
            with pytest.raises(ValueError, match=r"trajectory\.json is"):
                Trajectory.load(folder)


def test_a_zip_that_is_no_trajectory_is_refused(run, tmp_path):
    import hashlib

    folder = run.save(tmp_path)
    np.savez(folder / "trajectory.npz", a=np.ones(3))
    header = json.loads((folder / "trajectory.json").read_text())
    content = (folder / "trajectory.npz").read_bytes()
    header["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "trajectory.json").write_text(json.dumps(header))
    with pytest.raises(ValueError, match="is not a trajectory"):
        Trajectory.load(folder)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"loss": np.zeros(3)}, "loss has 3 for records, other arrays 13"),
        ({"parameters": {"v": np.zeros((13, 8)), "W": np.zeros((13, 3, 2))}}, "W must have shape"),
        ({"parameters": {"v": np.zeros((13, 8))}}, "parameters v do not make a minimal model"),
        ({"step": np.zeros(13)}, "step holds float64 instead of int"),
        ({"time": np.array(["a"] * 13)}, "time holds <U1 instead of float"),
        ({"measures": {"balance": np.zeros(2)}}, "measure_balance has 2 for records"),
        ({"baselines": 3}, r"trajectory\.json is not a trajectory: its baselines"),
        ({"baselines": {"bigram": "low"}}, "its baselines are not numbers by name"),
        ({"provenance": [1]}, "its provenance is not a mapping"),
    ],
)
def test_files_that_are_whole_but_do_not_fit_together_are_refused(changes, words, run, tmp_path):
    folder = replace(run, **changes).save(tmp_path)
    with pytest.raises(ValueError, match=words):
        Trajectory.load(folder)


def test_a_diverged_run_is_told_in_few_digits(run):
    kl = np.full(13, 0.25)
    kl[-1] = 1e300
    text = str(replace(run, measures=run.measures | {"kl_truth": kl}))
    assert "KL to the truth 0.2500 -> 1e+300 nats (lowest 0.2500)" in text


def test_unwritable_folder_is_refused(run, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(OSError, match="cannot be written"):
        run.save(blocked / "run")


def test_a_failed_write_leaves_the_old_file_and_no_debris(tmp_path):
    target = tmp_path / "result"
    target.write_text("old")

    def fail(file):
        file.write(b"half")
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        write_atomic(target, fail)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_weight_measures():
    found = weight_measures(np.array([3.0, 4.0]), np.array([[1.0, 2.0], [4.0, 3.0]]))
    assert found == {"W_diagonal": 2.0, "W_off_diagonal": 3.0, "balance": 30.0 - 25.0}


def test_kl_by_hand():
    p = np.array([[0.5, 0.5, 0.0]])
    q = np.log(np.array([[0.25, 0.5, 0.25]]))
    np.testing.assert_allclose(kl(p, q), 0.5 * np.log(2.0))
    assert kl(p, log_softmax(np.array([[800.0, 800.0, -800.0]])))[0] == pytest.approx(0.0)


def test_held_out_measures_know_the_strategies():
    test_set = sim.HeldOut.draw(sim.Dirichlet(2), 400, 60, 0)
    zero = test_set.evaluate(sim.MinimalModel.constant(60, 2, v=0.1, W=0.0))
    # zero logits are the uniform strategy
    assert zero["kl_uniform"] == pytest.approx(0.0, abs=1e-14)
    assert zero["kl_truth"] == pytest.approx(test_set.baselines["uniform"])
    # v = e_1, W = w 11^T gives unigram counts as logits; at the right scale it is near unigrams
    unigram = sim.MinimalModel(np.eye(60)[0], np.full((2, 2), 4 / 60))
    bigram = sim.MinimalModel(np.eye(60)[1], np.eye(2) * 8 / 60)
    distance = [test_set.evaluate(model) for model in (unigram, bigram)]
    assert distance[0]["kl_unigram"] < distance[0]["kl_bigram"]
    assert distance[1]["kl_bigram"] < distance[1]["kl_unigram"]
    assert test_set.baselines["bigram"] < test_set.baselines["unigram"]


def test_held_out_refuses_what_is_no_batch():
    with pytest.raises(TypeError, match=r"batch must be a SequenceBatch .* got 'x'"):
        sim.HeldOut("x")
    with pytest.raises(TypeError, match=r"prior must be a prior such as .* got 'flat'"):
        sim.HeldOut.draw("flat", 3, 4)


def test_held_out_truth_for_second_order_chains():
    test_set = sim.HeldOut.draw(sim.Dirichlet(2, order=2), 300, 80, 0)
    assert list(test_set.predictions) == ["uniform", "unigram", "bigram", "trigram"]
    levels = [test_set.baselines[name] for name in test_set.predictions]
    assert all(later < earlier for earlier, later in pairwise(levels))


def _fake(kl_curves, steps=None):
    count = len(next(iter(kl_curves.values())))
    steps = np.arange(count) if steps is None else np.asarray(steps)
    zeros = np.zeros((count, 1))
    measures = {f"kl_{name}": np.asarray(values, float) for name, values in kl_curves.items()}
    return Trajectory(steps, 0.5 * steps, 64 * steps, zeros[:, 0],
                      {"v": zeros, "W": zeros[:, :, None]},
                      measures | {"kl_truth": zeros[:, 0]})  # fmt: skip


def test_stage_times_interpolates_crossings():
    run = _fake(
        {"uniform": [0, 1, 2, 3, 4], "unigram": [3, 2, 0, 1, 2.0], "bigram": [9, 9, 5, 2, 0]}
    )
    stages = stage_times(run, hold=1)
    assert [stage.strategy for stage in stages] == ["uniform", "unigram", "bigram"]
    # uniform and unigram: 1 - 2 = -1 at record 1, 2 - 0 = 2 at record 2
    assert stages.stages[1].start_step == pytest.approx(1 + 1 / 3)
    assert stages.stages[1].start_examples == pytest.approx(64 * (1 + 1 / 3))
    # unigram and bigram: 1 - 2 = -1 at record 3, 2 - 0 = 2 at record 4
    assert stages.stages[2].start_time == pytest.approx(0.5 * (3 + 1 / 3))
    assert stages.stages[-1].stop_step == 4
    assert "bigram" in str(stages)


@pytest.mark.parametrize(
    ("architecture", "word"),
    [
        (
            {"model": "transformer", "k": 2, "length": 5},
            "parameters of a transformer model must be",
        ),
        ({"model": "multihead"}, "W must have shape"),
    ],
)
def test_weights_of_another_architecture_are_refused(architecture, word):
    run = sim.train(sim.MinimalModel.constant(5, 2), sim.Dirichlet(2), steps=1, held_out=1, rng=0)
    run.provenance["parameters"]["model"] = architecture
    with pytest.raises(ValueError, match=word):
        replace(run, architecture=None).model()


def test_halfway_of_a_measure_that_rises_is_interpolated():
    run = _fake({"uniform": [0, 1, 1, 1], "bigram": [1, 0, 0, 0]})
    run.examples = np.array([0, 100, 200, 300])
    run.measures["induction"] = np.array([0.2, 0.3, 0.7, 1.0])
    # half way is 0.6, three quarters of the way from the second record to the third
    assert sim.half_rise_examples(run, "induction") == pytest.approx(175.0)
    run.measures["induction"] = np.array([0.5, 0.4, 0.5, 0.1])
    assert np.isnan(sim.half_rise_examples(run, "induction"))
    run.measures["induction"] = np.array([0.5, 0.6, np.inf, np.nan])
    assert np.isnan(sim.half_rise_examples(run, "induction"))
    with pytest.raises(ValueError, match="measure must be one of"):
        sim.half_rise_examples(run, "previous")


def test_stage_times_thresholds():
    flicker = {"uniform": [0, 1, 0, 1, 2, 2], "unigram": [1, 0.9, 1, 0.5, 0.5, 0.5]}
    assert len(stage_times(_fake(flicker), hold=1)) == 4
    calm = stage_times(_fake(flicker), hold=2)
    assert [stage.strategy for stage in calm] == ["uniform", "unigram"]
    flickering = stage_times(_fake(flicker), hold=1)
    first = flickering.stages[0].strategy
    assert flickering.stages[2].strategy == first
    assert flickering[first] is flickering[0] is flickering.stages[0]
    with pytest.raises(LookupError, match="no stage 'trigram'; it has"):
        flickering["trigram"]
    wide = stage_times(_fake(flicker), lead=1.0, hold=1)
    assert wide.lead == 1.0
    assert wide.stages[1].start_step > calm.stages[1].start_step
    with pytest.raises(TypeError, match="trajectory must be a Trajectory, got 'run'"):
        stage_times("run")
    with pytest.raises(ValueError, match="lead must be a finite number >= 0, got -1"):
        stage_times(_fake(flicker), lead=-1.0)
    with pytest.raises(ValueError, match="hold must be an integer >= 1, got 0"):
        stage_times(_fake(flicker), hold=0)


@pytest.mark.parametrize(
    "model",
    [
        sim.MinimalModel.constant(20, 2),
        sim.MinimalModel.constant(19, 3),
        sim.MultiHeadModel.constant(20, 4, 1),
        sim.Transformer.initial(2, 20, rng=0),
        sim.Transformer.initial(3, 5, rng=0),
    ],
    ids=lambda model: f"{model.name}-{model.k}-{model.T}",
)
def test_models_that_do_not_fit_held_out_sequences_are_refused(model):
    test_set = sim.HeldOut.draw(sim.Dirichlet(3), 10, 20, 0)
    objective = sim.Sample(sim.sample_sequences(sim.Dirichlet(model.k), 5, model.T + 1, 0).tokens,
                           model.k, sim.CrossEntropy())  # fmt: skip
    for call in (
        lambda: test_set.evaluate(model),
        lambda: sim.gradient_flow(model, objective, t_span=(0, 1), test_set=test_set),
        lambda: sim.gradient_descent(model, objective, steps=1, test_set=test_set),
    ):
        with pytest.raises(ValueError, match="model must have k = 3 and T >= 20"):
            call()


def test_stacks_of_other_shapes_are_refused():
    test_set = sim.HeldOut.draw(sim.Dirichlet(2), 10, 6, 0)
    model = sim.MinimalModel.constant(6, 2)
    for stacked in (
        {"v": np.zeros((3, 5)), "W": np.zeros((3, 2, 2))},
        {"v": np.zeros((3, 6)), "W": np.zeros((2, 2, 2))},
        {"v": np.zeros((3, 6))},
    ):
        with pytest.raises(ValueError, match="parameters must be stacks of arrays of the shapes"):
            test_set.evaluate_all(model, stacked)
