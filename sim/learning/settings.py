"""The settings of a run, and the prior, model, loss and optimizer that they define.

`RunSettings` is the schema of a run. The options of ``sim run`` and ``sim sweep`` are its fields,
a sweep's configurations and a run folder hold its `describe`, and the held-out sequences of a run
are drawn again from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from sim import checks
from sim.learning.descent import train
from sim.learning.optimizers import OPTIMIZERS, Optimizer
from sim.learning.rule import make_optimizer
from sim.learning.user_modules import use
from sim.models.contracts import DTYPES
from sim.models.model import Model
from sim.models.normalization import NORMALIZATIONS
from sim.models.registry import MODELS
from sim.models.transformer.model import HEAD_WIDTH, POSITIONS
from sim.randomness import run_streams
from sim.runs.measures import HeldOut
from sim.runs.recorder import Recorder
from sim.runs.trajectory import Trajectory
from sim.task.losses import LOSSES, Loss, loss_by_name
from sim.task.priors import Prior
from sim.task.priors.names import NAMES as PRIORS
from sim.task.priors.names import prior_by_name
from sim.task.sequences import SequenceBatch, refuse_oversized, sample_sequences

FIRST_LAYERS = ("linear", "softmax")


def _option(default: Any, group: str, help: str, kind: type = str, **more: Any) -> Any:
    """A field with what a command line has to know of it; `kind` is that of its values.

    Of `more`, ``known`` are the words to choose from, ``several`` says that there may be more
    numbers than one, and ``later`` that a description holds it only where it is not the default:
    such fields are younger than the files that are to be found again.
    """
    about = {"group": group, "help": help, "kind": kind} | more
    return field(default=default, metadata=MappingProxyType(about))


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What ``sim run`` trains: task, model, learning and records, with the paper's defaults.

    Parameters are the options of ``sim run --help``, spelt with underscores.

    Raises
    ------
    TypeError, ValueError
        For a value of the wrong type. Settings that are incompatible are rejected by `check`.

    Examples
    --------
    >>> import sim
    >>> settings = sim.RunSettings(k=2, length=10, steps=5, held_out=8)
    >>> settings.train().step[-1]
    np.int64(5)
    """

    prior: str = _option("dirichlet", "task", "", known=PRIORS)
    k: int = _option(3, "task", "number of states", int)
    order: int = _option(1, "task", "order of the chain (1: bigrams)", int)
    alpha: float = _option(1.0, "task", "Dirichlet concentration", float)
    p: float | None = _option(None, "task", "0 to 1, for the interpolated prior of App. B", float)
    length: int = _option(100, "task", "context length T", int)

    model: str = _option("minimal", "model", "", known=MODELS)
    first_layer: str = _option("linear", "model", "", known=FIRST_LAYERS)
    normalize: str = _option("none", "model", "", known=NORMALIZATIONS)
    init_v: float = _option(0.02, "model", "initial value of every v_j", float)
    init_W: float | None = _option(
        None,
        "model",
        "initial value of every W_ml (default: 0; 0.02 for multihead)",
        float,
    )
    heads: int = _option(1, "model", "heads of multihead, or of each transformer layer", int)

    layers: int = _option(2, "transformer", "attention layers", int)
    width: int | None = _option(
        None,
        "transformer",
        f"width of the residual stream (default: {HEAD_WIDTH} times the number of heads)",
        int,
    )
    mlp: int = _option(0, "transformer", "hidden units of an MLP block (0: none)", int)
    positions: str = _option("relative", "transformer", "", known=POSITIONS)
    no_layer_norm: bool = _option(False, "transformer", "omit the layer norms", bool)

    loss: str = _option("cross_entropy", "learning", "", known=LOSSES)
    at: str = _option("all", "learning", "positions in the loss", known=("all", "last"))
    delta: float | None = _option(None, "learning", "Delta of the margin loss", float)
    optimizer: str | None = _option(None, "learning", "", known=OPTIMIZERS)
    batch_size: int = _option(64, "learning", "sequences in each step", int)
    learning_rate: tuple[float, ...] | None = _option(
        None, "learning", "one number, or one for v and one for W", float, several=True
    )
    weight_decay: tuple[float, ...] = _option(
        (0.0,), "learning", "one number, or one for v and one for W", float, several=True
    )
    clip: float | None = _option(
        None, "learning", "scale gradients of larger norm down to this norm", float
    )
    momentum: float | None = _option(
        None, "learning", "momentum of sgd (default: 0)", float, later=True
    )
    betas: tuple[float, ...] | None = _option(
        None, "learning", "betas of adam and adamw (default: 0.9 0.999)", float, several=True,
        later=True,
    )  # fmt: skip
    epsilon: float | None = _option(
        None, "learning", "epsilon of adam and adamw (default: 1e-8)", float, later=True
    )
    dtype: str = _option("float64", "learning", "", known=DTYPES)
    steps: int | None = _option(
        None, "amount", "number of updates (default: 2000, unless --examples is given)", int
    )
    examples: int | None = _option(
        None, "amount", "number of training sequences, in place of --steps", int
    )

    seed: int = _option(0, "record", "seed of training and held-out sequences", int)
    record_every: int | None = _option(
        None,
        "record",
        "steps between records (default: about 200 records, more of them at the start)",
        int,
    )
    held_out: int = _option(1024, "record", "number of held-out sequences", int)
    uses: tuple[str, ...] = _option(
        (), "model", "modules or Python files that register your own models", several=True,
        later=True,
    )  # fmt: skip

    def __post_init__(self) -> None:
        for entry in fields(self):
            given = getattr(self, entry.name)
            object.__setattr__(self, entry.name, _checked(entry.name, given, entry))

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> RunSettings:
        """The settings that `describe` wrote down, by this or an earlier version.

        Raises
        ------
        ValueError
            If an entry is not a setting of a run.
        """
        known = [entry.name for entry in fields(cls)]
        for name in description:
            checks.one_of("option", name, known)
        return cls(**description)

    def describe(self) -> dict[str, Any]:
        """The settings as JSON-ready data, by name in alphabetical order."""
        found = {}
        for entry in sorted(fields(self), key=lambda entry: entry.name):
            value = getattr(self, entry.name)
            if entry.metadata.get("later") and value == entry.default:
                continue
            found[entry.name] = list(value) if isinstance(value, tuple) else value
        return found

    def resolved(self) -> dict[str, Any]:
        """The same, with what the model decides where nothing is given, and the steps to make."""
        kind, found = self._model_class(), self.describe()
        found["steps"] = self._steps()
        if self.optimizer is None:
            found["optimizer"] = kind.defaults.optimizer
        if self.learning_rate is None:
            found["learning_rate"] = [kind.defaults.learning_rate]
        return found

    def check(self) -> None:
        """Raise an error for settings that are incompatible or do not fit in memory."""
        arguments = self.arguments()
        model = self.initial_model()
        rule = arguments["optimizer"] or model.defaults.optimizer
        settings = {name: arguments[name] for name in ("learning_rate", "weight_decay", "clip")
                    if name in arguments}  # fmt: skip
        make_optimizer(rule, model, **settings)
        model.evaluator(arguments["loss"], dtype=self.dtype)

    def make_prior(self) -> Prior:
        """The prior over chains."""
        return prior_by_name(self.prior, k=self.k, alpha=self.alpha, order=self.order, p=self.p)

    def initial_model(self) -> Model:
        """The model with its initial weights; a transformer's are drawn with the run's seed."""
        kind = self._model_class()
        for entry in fields(self):
            unknown = kind.settings is not None and entry.name not in (*kind.settings, "model")
            given = getattr(self, entry.name)
            of_model = entry.metadata["group"] in ("model", "transformer") and entry.name != "uses"
            if of_model and unknown and given != entry.default:
                raise ValueError(f"{entry.name} is no option of a {self.model} model, got {given}")
        return kind.from_settings(self)

    def _model_class(self) -> type[Model]:
        for name in self.uses:
            use(name)
        return MODELS[checks.one_of("model", self.model, MODELS)]

    def arguments(self) -> dict[str, Any]:
        """The other arguments of `train`."""
        checks.integer("length", self.length, 1)
        prior = self.make_prior()
        # before anything of that size is made
        for name in ("batch_size", "held_out"):
            count = checks.integer(name, getattr(self, name), 1)
            refuse_oversized(prior, count, self.length + 1)
        return {
            "prior": prior,
            "steps": self._steps(),
            "batch_size": self.batch_size,
            "loss": self.make_loss(),
            "rng": self.seed,
            "dtype": self.dtype,
            "record_every": self.record_every,
            "held_out": self.held_out,
            **self._rule(),
        }

    def make_loss(self) -> Loss:
        """The loss."""
        return loss_by_name(self.loss, at=self.at, delta=self.delta)

    def train(self, **control: Any) -> Trajectory:
        """Train, and write the settings into the trajectory's provenance.

        Parameters are those of `sim.train` that change no number: threads, progress, on_record,
        checkpoint, checkpoint_every, max_seconds.
        """
        about = {"configuration": self.describe()}
        return train(self.initial_model(), **self.arguments(), about=about, **control)

    def held_out_sequences(self) -> SequenceBatch:
        """The held-out sequences of the run, drawn as `train` draws them."""
        held_out = run_streams(self.seed).held_out
        return sample_sequences(self.make_prior(), self.held_out, self.length + 1, held_out)

    def _steps(self) -> int:
        if self.examples is None:
            return 2000 if self.steps is None else checks.integer("steps", self.steps, 1)
        checks.integer("examples", self.examples, 1)
        # a last, partly used batch still counts: never fewer examples than asked for
        return -(-self.examples // self.batch_size)

    def _rule(self) -> dict[str, Any]:
        """The optimizer by name with its settings, or an instance where it has some of its own."""
        rate = None if self.learning_rate is None else _one_or_each(self.learning_rate)
        decay = _one_or_each(self.weight_decay)
        own = {"momentum": self.momentum, "betas": self.betas, "epsilon": self.epsilon}
        own = {name: value for name, value in own.items() if value is not None}
        if not own:
            return {
                "learning_rate": rate,
                "weight_decay": decay,
                "optimizer": self.optimizer,
                "clip": self.clip,
            }
        model = self._model_class()
        name = self.optimizer or model.defaults.optimizer
        kind = OPTIMIZERS[checks.one_of("optimizer", name, OPTIMIZERS)]
        return {"optimizer": _instance(kind, model, rate, decay, self.clip, own)}


def _instance(
    kind: type[Optimizer], model: type[Model], rate: Any, decay: Any, clip: Any, own: dict[str, Any]
) -> Optimizer:
    known = kind.__init__.__kwdefaults__ or {}
    for name in own:
        if name not in known:
            raise ValueError(f"{name} is no setting of {kind.name}, got {own[name]}")
    settings: dict[str, Any] = own | {"clip": clip}
    if "weight_decay" in known:
        settings["weight_decay"] = decay
    elif decay:
        raise ValueError(f"weight_decay must be 0 for {kind.name}, got {decay}: use adamw")
    return kind(model.defaults.learning_rate if rate is None else rate, **settings)


def held_out_sequences(trajectory: Trajectory) -> SequenceBatch:
    """The held-out sequences of a run of ``sim run`` or `RunSettings.train`, drawn again.

    Raises
    ------
    ValueError
        If the run was made in another way.
    """
    options = trajectory.provenance.get("configuration")
    if not isinstance(options, dict) or not {"prior", "seed", "held_out"} <= options.keys():
        raise ValueError("the run does not say what it was drawn from: not one of 'sim run'")
    return RunSettings.from_description(options).held_out_sequences()


def measured(trajectory: Trajectory) -> Trajectory:
    """A run with all its measures: a checkpoint has only those that cost no time.

    One that was not made by ``sim run`` or `RunSettings.train` is returned as it is.
    """
    if trajectory.stopped is None or "configuration" not in trajectory.provenance:
        return trajectory
    test_set = HeldOut(held_out_sequences(trajectory))
    recorder = Recorder(trajectory.model(0), test_set)
    recorder.restore(trajectory, trajectory.measures)
    return recorder.trajectory(trajectory.provenance)


def train_configuration(configuration: Mapping[str, Any]) -> Trajectory:
    """Train what a `RunSettings.describe` says: the task of sweeps, here or in a worker process."""
    return RunSettings.from_description(configuration).train()


# the name under which stores keep its runs: it stood there when the first of them were written
train_configuration.task_name = "sim.cli_sweep.train_configuration"  # type: ignore[attr-defined]


def _checked(name: str, value: Any, entry: Any) -> Any:
    """A value of a field, of the kind it has to be; lists become tuples."""
    if value is None and entry.default is None:
        return None
    kind = entry.metadata["kind"]
    if entry.metadata.get("several"):
        if not isinstance(value, list | tuple):
            value = (value,)
        return tuple(_one(name, part, kind) for part in value)
    return _one(name, value, kind)


def _one(name: str, value: Any, kind: type) -> Any:
    if kind is bool or kind is str:
        checks.instance(name, value, kind, "True or False" if kind is bool else "a word")
        return value
    if kind is int:
        return checks.whole(name, value)
    return checks.number(name, value)


def _one_or_each(values: tuple[float, ...]) -> float | tuple[float, ...]:
    return values[0] if len(values) == 1 else values
