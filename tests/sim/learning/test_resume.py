"""Runs that stop before their end go on to the bytes of a run that did not."""

import numpy as np
import pytest

import sim
from sim.learning import loop
from sim.runs.storage import CHECKPOINT
from sim.runs.trajectory import Trajectory

MODELS = {
    "minimal": (sim.MinimalModel.constant(6, 3), {}),
    "minimal float32": (sim.MinimalModel.constant(6, 3), {"dtype": "float32"}),
    "momentum and clipping": (
        sim.MinimalModel.constant(6, 3),
        {"optimizer": sim.SGD(1e-2, momentum=0.9, clip=0.1)},
    ),
    "rates and adam": (
        sim.MinimalModel.constant(6, 3),
        {"optimizer": sim.Adam((1e-2, 1e-3))},
    ),
    "multihead": (sim.MultiHeadModel.constant(6, 3, 2), {}),
    "transformer": (sim.Transformer.initial(3, 6, rng=1), {"dtype": "float32"}),
}
MODEL = MODELS["minimal"][0]


def train(model=MODEL, *, steps=60, **more):
    settings = {"batch_size": 4, "held_out": 8, "record_every": 20, "rng": 3} | more
    return sim.train(model, sim.Dirichlet(3), steps=steps, **settings)


def contents(folder, run):
    return (run.save(folder) / "trajectory.npz").read_bytes()


@pytest.mark.parametrize("name", MODELS)
def test_a_run_is_resumed_from_memory_from_its_files_and_from_a_checkpoint(name, tmp_path):
    model, more = MODELS[name]
    whole = contents(tmp_path / "whole", train(model, **more))
    stopped = train(model, on_record=lambda record: record.step == 20, **more)
    assert stopped.stopped == "on_record"
    assert stopped.step.tolist() == [0, 20]
    assert contents(tmp_path / "a", train(model, resume=stopped, **more)) == whole
    shorter = train(model, steps=40, **more)
    assert shorter.stopped is None
    loaded = Trajectory.load(shorter.save(tmp_path / "shorter"))
    assert contents(tmp_path / "b", train(model, resume=loaded, **more)) == whole
    # between records too: one block of steps at a time
    for calls in range(100):  # noqa: B007
        run = train(model, checkpoint=tmp_path / "c", max_seconds=0, **more)
        if run.stopped is None:
            break
        assert run.stopped == "max_seconds = 0"
    assert calls > 3
    assert contents(tmp_path / "c", run) == whole
    assert not (tmp_path / "c" / CHECKPOINT).exists()


class Impatient(sim.Dirichlet):
    """Chains that are drawn until the so-manieth draw is interrupted."""

    def __init__(self, k, draws=10**9):
        super().__init__(k)
        self.left = draws

    def sample(self, n, rng):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
        return super().sample(n, rng)


@pytest.mark.parametrize("draws", [3, 4, 5, 8])
def test_an_interrupt_loses_nothing(draws, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "BLOCK_SECONDS", 0.0)
    settings = {"steps": 600, "batch_size": 4, "held_out": 8, "record_every": 90, "rng": 3}
    whole = contents(tmp_path / "whole", sim.train(MODEL, Impatient(3), **settings))
    with pytest.raises(sim.Interrupted) as caught:
        sim.train(MODEL, Impatient(3, draws), checkpoint=tmp_path / "run", **settings)
    found = caught.value.trajectory
    assert found.stopped == "interrupted"
    assert found.state["step"] == caught.value.step > 0
    assert len(found) == len(found.measures["kl_truth"]) == 1 + caught.value.step // 90
    after = sim.train(MODEL, Impatient(3), resume=found, **settings)
    assert contents(tmp_path / "memory", after) == whole
    kept = Trajectory.load(tmp_path / "run")
    assert "kl_truth" not in kept.measures
    assert "not finished (interrupted)" in str(kept)
    run = sim.train(MODEL, Impatient(3), checkpoint=tmp_path / "run", **settings)
    assert contents(tmp_path / "run", run) == whole


def test_an_interrupt_before_the_first_record_leaves_nothing(tmp_path):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    whole = contents(tmp_path / "whole", train())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.Recorder, "add", interrupt)
        with pytest.raises(sim.Interrupted) as caught:
            train(checkpoint=tmp_path / "run")
    assert not (tmp_path / "run" / CHECKPOINT).exists()
    assert len(caught.value.trajectory) == 0
    assert contents(tmp_path / "a", train(resume=caught.value.trajectory)) == whole


def test_checkpoints_are_written_now_and_then(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)
    seen = []

    def look(record):
        if (tmp_path / CHECKPOINT).exists():
            seen.append(int(Trajectory.load(tmp_path).state["step"]))

    train(checkpoint=tmp_path, checkpoint_every=0, on_record=look)
    assert seen == [20, 40, 60]


def test_descent_on_an_objective_goes_on_too():
    exact = sim.Population(sim.Dirichlet(2), T=3, loss=sim.CrossEntropy())
    model = sim.MinimalModel.constant(3, 2, v=0.3)
    settings = {"learning_rate": 0.1, "optimizer": "adam", "record_every": 10}
    whole = sim.gradient_descent(model, exact, steps=40, **settings)
    half = sim.gradient_descent(model, exact, steps=20, **settings)
    again = sim.gradient_descent(model, exact, steps=40, resume=half, **settings)
    np.testing.assert_array_equal(again.W, whole.W)
    np.testing.assert_array_equal(again.loss, whole.loss)


def test_a_damaged_checkpoint_is_set_aside(tmp_path, capsys):
    whole = contents(tmp_path / "whole", train())
    train(checkpoint=tmp_path, on_record=lambda record: record.step == 20)
    path = tmp_path / CHECKPOINT
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert contents(tmp_path / "again", train(checkpoint=tmp_path)) == whole
    assert "is damaged or no checkpoint" in capsys.readouterr().err
    assert (tmp_path / "checkpoint.damaged").read_bytes() == content


def test_a_full_disk_stops_no_run(tmp_path, monkeypatch, capsys):
    def full(self, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Trajectory, "save_checkpoint", full)
    assert train(checkpoint=tmp_path, checkpoint_every=0).stopped is None
    assert "warning: no checkpoint could be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 8}, "same settings, got batch_size = 4 instead of 8"),
        ({"rng": 4}, "same settings, got seed = 3 instead of 4"),
        ({"rng": None}, "same settings, got seed = 3 instead of None"),
        ({"loss": sim.Squared()}, "same settings, got loss"),
        ({"steps": 30}, "steps must be at least those already made, 40, got 30"),
        ({"model": sim.MinimalModel.constant(6, 3, v=0.5)}, "model must be the one that the run"),
        ({"resume": 3}, "resume must be a Trajectory, got 3"),
        ({"on_record": 3}, "on_record must be a function of a record, got 3"),
        ({"max_seconds": -1}, "max_seconds must be a finite number >= 0, got -1"),
        ({"checkpoint_every": "x"}, "checkpoint_every must be a finite number >= 0, got 'x'"),
    ],
)
def test_what_cannot_go_on_is_refused(changes, words):
    before = train(steps=40)
    with pytest.raises((TypeError, ValueError), match=words):
        train(**{"resume": before} | changes)


def test_other_random_numbers_are_refused():
    first, second = (np.random.default_rng(seed) for seed in (0, 1))
    before = train(rng=first, steps=40)
    with pytest.raises(ValueError, match="rng must be the seed that the run began with"):
        train(rng=second, resume=before)
    flow = sim.gradient_flow(
        sim.MinimalModel.constant(3, 2),
        sim.Population(sim.Dirichlet(2), T=3, loss=sim.CrossEntropy()),
        t_span=(0, 1),
    )
    with pytest.raises(ValueError, match="resume must be a run that can go on"):
        train(resume=flow)
