"""What a user writes - a model, a prior, a loss, a claim - works as what is in the package."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sim
from proofs_check import judge, weaknesses
from sim.learning.user_modules import use
from sim.models.registry import MODELS

PAGE = Path(__file__).parents[1] / "docs" / "your-own.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The names that the page's code defines, run in the order it stands."""
    names = {"__name__": "your_own"}
    folder = tmp_path_factory.mktemp("page")
    source = folder / "your_own.py"
    source.write_text("\n".join(BLOCKS).replace('"run-mixture"', repr(str(folder / "run"))))
    exec(compile(source.read_text(), str(source), "exec"), names)
    yield names | {"folder": folder, "source": source}
    MODELS.pop("count-mixture", None)


def test_the_page_is_short():
    model, claim = BLOCKS[0], BLOCKS[-1]
    assert len(model.splitlines()) < 60
    assert len(claim.splitlines()) < 30


def test_training_saves_and_loads_a_model_of_ones_own(page):
    run = sim.Trajectory.load(page["folder"] / "run")
    assert run.model(-1).mix[1] > run.model(-1).mix[0]  # bigram counts are what helps
    assert run.measures["kl_truth"][-1] < run.baselines["unigram"]
    with pytest.raises(AttributeError, match="this trajectory has no v, only mix"):
        _ = run.v


def test_gradient_is_exact_for_every_loss(page):
    model = page["CountMixture"](2, 6, (0.3, 0.4))
    for loss in (sim.CrossEntropy(), sim.Squared(at="last"), page["Brier"]()):
        objective = sim.Population(page["Lazy"](), 6, loss)
        evaluate = objective.bind(model)
        gradient = dict(evaluate(model.mix)[1])["mix"].copy()
        for index in range(2):
            step = 1e-6 * np.eye(2)[index]
            ends = [evaluate(model.mix + sign * step)[0] for sign in (1, -1)]
            assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(gradient[index], rel=1e-6)


def test_descent_flow_and_held_out_sequences_take_it(page):
    model = page["CountMixture"](2, 5)
    exact = sim.Population(page["Lazy"](), 5, page["Brier"]())
    test_set = sim.HeldOut.draw(page["Lazy"](), 30, 5, 0)
    run = sim.gradient_descent(model, exact, steps=20, learning_rate=0.1, test_set=test_set)
    assert (np.diff(run.loss) < 0).all()
    flow = sim.gradient_flow(model, exact, t_span=(0, 2), t_eval=[0, 2], rtol=1e-9)
    assert run.parameters["mix"][-1] == pytest.approx(flow.parameters["mix"][-1], rel=0.05)
    assert test_set.evaluate(run.model())["kl_truth"] == run.measures["kl_truth"][-1]


@pytest.mark.parametrize("make", [
    lambda: sim.MinimalModel([0.2, 0.5, -0.1, 0.3], [[0.3, -0.2], [0.1, 0.4]]),
    lambda: sim.MinimalModel([0.2, 0.5, -0.1, 0.3], [[0.3, -0.2], [0.1, 0.4]], "softmax", "length"),
    lambda: sim.MultiHeadModel(np.full((2, 4), 0.4) + np.eye(2, 4), np.ones((2, 2, 2)) / 3),
    lambda: sim.Transformer.initial(2, 4, rng=0, std=0.3, width=4, mlp=3),
])  # fmt: skip
def test_a_loss_of_ones_own_has_the_gradient_of_the_compiled_one(make):
    """Cross-entropy written as a loss of one's own, beside the kernels."""

    class Own(sim.Loss):
        name = "own"

        def value_and_gradient(self, logits, targets):
            return sim.CrossEntropy().value_and_gradient(logits, targets)

    model = make()
    tokens = np.random.default_rng(0).integers(0, 2, (7, 5)).astype(np.int32)
    weight = np.random.default_rng(1).random(7)
    weight[2] = 0.0
    arrays = model.parameters.values()
    value, gradient = model.evaluator(Own())(tokens, weight, *arrays)
    expected, wanted = model.evaluator(sim.CrossEntropy())(tokens, weight, *arrays)
    assert value == pytest.approx(expected, rel=1e-12)
    for name, array in wanted.items():
        np.testing.assert_allclose(gradient[name], array, rtol=1e-9, atol=1e-12)


def test_a_claim_of_ones_own_is_judged_and_its_slips_are_found(page):
    entry = judge(page["claim"])
    assert entry.verdict == "supported"
    assert page["claim"].place.endswith(f"{page['source'].name}:{entry.claim.place.split(':')[1]}")
    assert weaknesses(page["claim"]) == []


def test_the_command_line_knows_a_registered_model(page, tmp_path):
    source = tmp_path / "mine.py"
    source.write_text(BLOCKS[0].replace("    def counts(", (
        "    @classmethod\n    def from_settings(cls, settings):\n"
        "        return cls(settings.k, settings.length)\n\n    def counts("
    )))  # fmt: skip
    command = [sys.executable, "-m", "sim", "run", "--uses", str(source), "--model",
               "count-mixture", "--k", "2", "--length", "6", "--steps", "3", "--held-out", "4",
               "--quiet", "--out", str(tmp_path / "run")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    plot = [sys.executable, "-m", "sim", "plot", str(tmp_path / "run")]
    unknown = subprocess.run(plot, capture_output=True, text=True, check=False)
    assert "--uses FILE" in unknown.stderr
    drawn = subprocess.run([*plot, "--uses", str(source)], capture_output=True, check=False)
    assert drawn.returncode == 0, drawn.stderr
    assert b"Warning" not in drawn.stderr
    header = json.loads((tmp_path / "run" / "trajectory.json").read_text())
    assert header["provenance"]["parameters"]["model"]["model"] == "count-mixture"


class Wrong(sim.Model):
    """A model that can be told to return what it must not."""

    name = "wrong"

    def __init__(self, k=2, T=4, returned=None, w=0.0, named="wrong", described=1):
        self.k, self.T, self.returned, self.w = k, T, returned, w
        self.named, self.described = named, described

    @property
    def parameters(self):
        return {"w": np.zeros(3) + self.w}

    def with_parameters(self, w):
        return type(self)(self.k, self.T, self.returned, w, self.named, self.described)

    def describe(self):
        return {"model": self.named, "more": self.described}

    @classmethod
    def from_description(cls, description, parameters):
        return cls()

    def logits(self, tokens):
        return np.zeros((*np.shape(tokens), self.k))

    def loss_and_gradient(self, tokens, loss):
        return self.returned


class Fixed(Wrong):
    def with_parameters(self, w):
        return self


class Forgetful(Wrong):
    def with_parameters(self, w):
        self.w = w


class Mutating(Wrong):
    def with_parameters(self, w):
        self.w = w
        return super().with_parameters(w)


class Peeking(Wrong):
    def logits(self, tokens):
        return np.eye(self.k)[np.asarray(tokens)[:, ::-1]]


class Short(Wrong):
    def logits(self, tokens):
        return np.zeros((len(tokens), 1, self.k))


class Infinite(Wrong):
    def logits(self, tokens):
        return np.full((*np.shape(tokens), self.k), np.nan)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sim.logits(Short(), [[0, 1]]), r"must be floats of shape \(1, 2, 2"),
        (lambda: sim.train(Wrong(returned=3), sim.Dirichlet(2), steps=1), "must return .value, gr"),
        (lambda: sim.train(Wrong(returned=(1.0, {"w": np.zeros(2)})), sim.Dirichlet(2), steps=1),
         "gradients of wrong must have the shapes"),
        (lambda: sim.train(Wrong(k=1), sim.Dirichlet(2), steps=1), "model.k must be an integer >="),
        (lambda: sim.train(Wrong(T=None), sim.Dirichlet(2), steps=1), "model.T must be an integer"),
        (lambda: sim.train(Wrong(), sim.Dirichlet(2), steps=1, dtype="float32"),
         "dtype must be float64 for a wrong model"),
        (lambda: sim.train(Wrong(), sim.Dirichlet(2), steps=1, threads=2), "threads must be 1 for"),
        (lambda: sim.train(Wrong(named="other"), sim.Dirichlet(2), steps=1), "describe of wrong"),
        (lambda: sim.train(Wrong(described={1, 2}), sim.Dirichlet(2), steps=1), "JSON-ready"),
        (lambda: sim.train(Fixed(), sim.Dirichlet(2), steps=1), "return a model with the param"),
        (lambda: sim.train(Forgetful(), sim.Dirichlet(2), steps=1), "with_parameters of wrong"),
        (lambda: sim.train(Mutating(), sim.Dirichlet(2), steps=1), "must leave the model it is c"),
        (lambda: sim.train(Peeking(), sim.Dirichlet(2), steps=1), "must be causal: those at posi"),
        (lambda: sim.train(Short(), sim.Dirichlet(2), steps=1), r"floats of shape \(1, 4, 2"),
        (lambda: sim.train(Infinite(), sim.Dirichlet(2), steps=1), "must be finite at the start"),
        (lambda: sim.register(3), "model must be a subclass of sim.Model"),
        (lambda: sim.register(type("Minimal", (Wrong,), {"name": "minimal"})), "is taken by"),
    ],
)  # fmt: skip
def test_a_wrong_model_is_refused_in_one_sentence(call, words):
    with pytest.raises((TypeError, ValueError), match=words) as refusal:
        call()
    assert "\n" not in str(refusal.value)


class WrongPrior(sim.Prior):
    """Draws what it is told to."""

    k, order = 2, 1

    def __init__(self, rows):
        self.rows = rows

    def sample(self, n, rng=None):
        return self.rows(n)

    def describe(self):
        return {"prior": "wrong"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (lambda n: np.full((n, 2, 2), 0.9), "rows that sum to 1, got 1.8 in row 0 of chain 0"),
        (lambda n: np.full((n, 2, 2), [1.5, -0.5]), "must be nonnegative, got -0.5"),
        (lambda n: np.full((n, 2, 2), np.nan), "must be finite"),
        (lambda n: np.full((n + 1, 2, 2), 0.5), "must have shape"),
        (lambda n: np.full((n, 3, 3), 1 / 3), "must have shape"),
        (lambda n: np.ones((n, 2, 2), int), "must be an array of floats"),
        (lambda n: [[0.5, 0.5]] * 2, "must be an array of floats"),
    ],
)
def test_chains_that_are_none_are_refused_where_they_are_drawn(rows, words):
    prior = WrongPrior(rows)
    for call in (
        lambda: sim.sample_sequences(prior, 3, 5, 0),
        lambda: sim.train(sim.MinimalModel.constant(4, 2), prior, steps=1, rng=0),
        lambda: sim.HeldOut.draw(prior, 3, 4, 0),
        lambda: sim.FiniteSet(prior, 3, 0),
    ):
        with pytest.raises((TypeError, ValueError), match=words):
            call()


def test_rows_in_single_precision_are_brought_to_sum_one():
    prior = WrongPrior(lambda n: np.full((n, 2, 2), np.float32([0.3, 0.7])))
    assert np.abs(sim.sample_sequences(prior, 3, 5, 0).transition.sum(axis=2) - 1).max() < 1e-15


def test_losses_of_the_kernels_are_not_subclassed():
    with pytest.raises(TypeError, match="CrossEntropy must not be subclassed: write Focal as"):
        type("Focal", (sim.CrossEntropy,), {})


def test_what_a_loss_returns_is_checked():
    class Bad(sim.Loss):
        name = "bad"

        def value_and_gradient(self, logits, targets):
            return self.found

    loss = Bad()
    shape = (64, 4, 2)
    for found, words in (
        (3.0, "must return a number"),
        (None, "must return a number"),
        ((1.0, np.zeros(shape, complex)), "an array of real numbers"),
        ((1.0, np.zeros((1, 2, 3))), r"the shape of the logits, \(64, 4, 2\), got \(1, 2, 3\)"),
        # would be broadcast in silence
        ((1.0, np.zeros((1, *shape[1:]))), "the shape of the logits"),
        ((1.0, np.zeros(shape[1:])), "the shape of the logits"),
    ):
        loss.found = found
        with pytest.raises((TypeError, ValueError), match=words):
            sim.train(sim.MinimalModel.constant(4, 2), sim.Dirichlet(2), loss=loss, steps=1, rng=0)


def test_an_optimizer_is_a_name_or_an_instance():
    call = {"model": sim.MinimalModel.constant(6, 2, v=0.1), "prior": sim.Dirichlet(2),
            "steps": 5, "rng": 0, "held_out": 4}  # fmt: skip
    plain = sim.train(**call, learning_rate=0.01)
    momentum = sim.SGD(0.01, momentum=0.9)
    faster = sim.train(**call, optimizer=momentum)
    assert momentum.step == 0  # a copy was used
    assert np.abs(faster.W[-1]).sum() > 1.5 * np.abs(plain.W[-1]).sum()
    # without momentum the common loop is the compiled one
    common = sim.train(**call, optimizer=sim.SGD(0.01, clip=1e9))
    np.testing.assert_allclose(common.W, plain.W, rtol=1e-10)
    # so with a rate and a decay for each of v and W
    rates = {"learning_rate": (0.01, 0.02), "weight_decay": (0.5, 2.0)}
    fused, stepped = (
        sim.train(**call, **rates),
        sim.train(**call, optimizer=sim.SGD(**rates, clip=1e9)),
    )
    for name in ("v", "W"):
        np.testing.assert_allclose(getattr(stepped, name), getattr(fused, name), rtol=1e-10)
    assert np.abs(fused.v[-1] - plain.v[-1]).max() > 1e-3
    with pytest.raises(ValueError, match="learning_rate belongs to the optimizer"):
        sim.train(**call, optimizer=momentum, learning_rate=0.1)
    with pytest.raises(TypeError, match="optimizer must be a name or an Optimizer"):
        sim.train(**call, optimizer=sim.SGD)


def test_flow_and_descent_take_transformers():
    model = sim.Transformer.initial(2, 3, rng=0, width=4, std=0.3)
    exact = sim.Population(sim.Dirichlet(2), 3, sim.CrossEntropy())
    flow = sim.gradient_flow(model, exact, t_span=(0, 1), t_eval=[0, 1])
    run = sim.gradient_descent(model, exact, steps=200, learning_rate=1 / 200, record_every=200)
    ends = [found.parameters["parameters"][-1] for found in (flow, run)]
    np.testing.assert_allclose(ends[0], ends[1], atol=5e-3)
    assert flow.loss[-1] < flow.loss[0]


def test_what_a_loss_is_made_of_is_recorded_and_it_has_a_name(page):
    loss = page["Brier"]()
    loss.sharpness = 2.5
    assert loss.describe() == {"loss": "brier", "at": "all", "sharpness": 2.5}
    loss.name = ""
    with pytest.raises(TypeError, match=r"loss\.name must be a string"):
        sim.train(sim.MinimalModel.constant(4, 2), sim.Dirichlet(2), loss=loss, steps=1)


def test_a_bad_entry_leaves_the_earlier_run_alone(page, tmp_path):
    run = sim.Trajectory.load(page["folder"] / "run")
    run.provenance["number"] = np.int64(3)
    run.save(tmp_path)
    run.provenance["number"] = object()
    with pytest.raises(TypeError, match="data to be written must be numbers"):
        run.save(tmp_path)
    assert sim.Trajectory.load(tmp_path).provenance["number"] == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": 3}, "layers is no option of a minimal model, got 3"),
        ({"heads": 2}, "heads is no option of a minimal model"),
        ({"model": "transformer", "init_v": 0.1}, "init_v is no option of a transformer model"),
        ({"uses": ("nosuch",)}, "uses 'nosuch' cannot be imported"),
        ({"uses": ("nosuch.py",)}, "uses must name a module or a Python file, got 'nosuch.py'"),
    ],
)
def test_options_of_other_models_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        sim.RunSettings(k=2, length=4, **options).check()


def test_a_file_may_import_its_neighbour(tmp_path):
    (tmp_path / "beside_me.py").write_text("NAME = 'neighbour'\n")
    (tmp_path / "user.py").write_text("from beside_me import NAME\n")
    use(str(tmp_path / "user.py"))
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with pytest.raises(ValueError, match="cannot be imported: ZeroDivisionError"):
        use(str(tmp_path / "broken.py"))
    assert not [name for name in sys.modules if name.endswith("broken.py")]
