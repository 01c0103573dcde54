"""The options of ``python -m sim run``, and what they become: a model, a prior, arguments."""

from __future__ import annotations

import argparse
from typing import Any

from sim import checks
from sim.learning.compilation import MODELS
from sim.learning.online import DEFAULT_RATES
from sim.learning.optimizers import OPTIMIZERS
from sim.models.minimal.model import FIRST_LAYERS, NORMALIZATIONS, MinimalModel
from sim.models.minimal.settings import DTYPES
from sim.models.models import Model
from sim.models.multihead.model import MultiHeadModel
from sim.models.transformer.model import POSITIONS, Transformer
from sim.task.losses import LOSSES, loss_by_name
from sim.task.priors import Prior
from sim.task.priors.names import NAMES as PRIORS
from sim.task.priors.names import prior_by_name
from sim.task.sequences import refuse_oversized

HEAD_WIDTH = 16  # of App. B, which has one head


def add_run_options(run: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options that decide a run's numbers; returns the last group, for those of output."""
    task = run.add_argument_group("task")
    task.add_argument("--prior", default="dirichlet", metavar="NAME", help=", ".join(PRIORS))
    task.add_argument("--k", type=int, default=3, help="number of states")
    task.add_argument("--order", type=int, default=1, help="order of the chain (1: bigrams)")
    task.add_argument("--alpha", type=float, default=1.0, help="Dirichlet concentration")
    task.add_argument("--p", type=float, help="position in the interpolated family of App. B")
    task.add_argument("--length", type=int, default=100, help="context length T")
    model = run.add_argument_group("model")
    model.add_argument("--model", default="minimal", metavar="NAME", help=", ".join(MODELS))
    model.add_argument(
        "--first-layer", default="linear", metavar="NAME", help=", ".join(FIRST_LAYERS)
    )
    model.add_argument(
        "--normalize", default="none", metavar="NAME", help=", ".join(NORMALIZATIONS)
    )
    model.add_argument("--init-v", type=float, default=0.02, help="initial value of every v_j")
    model.add_argument(
        "--init-W", type=float, help="initial value of every W_ml (0; 0.02 for multihead)"
    )
    model.add_argument(
        "--heads",
        type=int,
        default=1,
        help="heads: of multihead, or in each layer of a transformer",
    )
    inside = run.add_argument_group("transformer")
    inside.add_argument("--layers", type=int, default=2, help="attention layers")
    inside.add_argument(
        "--width", type=int, help=f"width of the residual stream ({HEAD_WIDTH} for each head)"
    )
    inside.add_argument("--mlp", type=int, default=0, help="hidden units of an MLP block (0: none)")
    inside.add_argument(
        "--positions", default="relative", metavar="NAME", help=", ".join(POSITIONS)
    )
    inside.add_argument("--no-layer-norm", action="store_true", help="leave the layer norms out")
    inside.add_argument("--clip", type=float, help="largest norm of a gradient")
    learning = run.add_argument_group("learning")
    learning.add_argument("--loss", default="cross_entropy", metavar="NAME", help=", ".join(LOSSES))
    learning.add_argument(
        "--at", default="all", metavar="WHERE", help="positions in the loss: all, last"
    )
    learning.add_argument("--delta", type=float, help="Delta of the margin loss")
    learning.add_argument(
        "--optimizer", metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)} (adamw for a transformer; the others know only sgd)",
    )  # fmt: skip
    learning.add_argument("--batch-size", type=int, default=64, help="sequences in a step")
    learning.add_argument(
        "--learning-rate", type=float, nargs="+", metavar="RATE",
        help="one number, or for the minimal model two for v and W "
        f"({', '.join(f'{rate:g} for the {name}' for name, rate in DEFAULT_RATES.items())})",
    )  # fmt: skip
    learning.add_argument("--weight-decay", type=float, nargs="+", default=[0.0], metavar="RATE",
                          help="one number, or two for v and W")  # fmt: skip
    learning.add_argument("--dtype", default="float64", metavar="DTYPE", help=", ".join(DTYPES))
    learning.add_argument("--threads", type=int, default=1, help="threads inside a step")
    amount = learning.add_mutually_exclusive_group()
    amount.add_argument("--steps", type=int, help="updates (2000 if neither is given)")
    amount.add_argument("--examples", type=int, help="training sequences instead of steps")
    record = run.add_argument_group("record")
    record.add_argument("--seed", type=int, default=0, help="seed of training and test sequences")
    record.add_argument(
        "--record-every", type=int, help="steps between records (about 200 records)"
    )
    record.add_argument("--held-out", type=int, default=1024, help="test sequences")
    record.add_argument("--quiet", action="store_true", help="no progress bar")
    return record


def prepare(options: argparse.Namespace) -> tuple[Model, Prior, dict[str, Any]]:
    """What `train` is to be called with."""
    checks.one_of("model", options.model, MODELS)
    checks.integer("length", options.length, 1)
    prior = prior_by_name(
        options.prior, k=options.k, alpha=options.alpha, order=options.order, p=options.p
    )
    # before anything of that size is made
    for name in ("batch_size", "held_out"):
        count = checks.integer(name, getattr(options, name), 1)
        refuse_oversized(prior, count, options.length + 1)
    rate = options.learning_rate
    settings = {
        "steps": _steps(options),
        "batch_size": options.batch_size,
        "learning_rate": None if rate is None else _one_or_pair("learning-rate", rate),
        "weight_decay": _one_or_pair("weight-decay", options.weight_decay),
        "loss": loss_by_name(options.loss, at=options.at, delta=options.delta),
        "optimizer": options.optimizer,
        "clip": options.clip,
        "rng": options.seed,
        "dtype": options.dtype,
        "threads": options.threads,
        "record_every": options.record_every,
        "held_out": options.held_out,
    }
    return _model(options), prior, settings


def _model(options: argparse.Namespace) -> Model:
    """The model at its start; a transformer's is drawn with the seed of the run."""
    if options.model == "minimal":
        return MinimalModel.constant(
            options.length, options.k, v=options.init_v, W=options.init_W or 0.0,
            first_layer=options.first_layer, normalize=options.normalize,
        )  # fmt: skip
    if options.model == "multihead":
        return _multihead(options)
    width = HEAD_WIDTH * max(options.heads, 1) if options.width is None else options.width
    return Transformer.initial(
        options.k, options.length, rng=options.seed, width=width, layers=options.layers,
        heads=options.heads, positions=options.positions, mlp=options.mlp,
        layer_norm=not options.no_layer_norm,
    )  # fmt: skip


def _multihead(options: argparse.Namespace) -> MultiHeadModel:
    if options.first_layer != FIRST_LAYERS[0]:
        raise ValueError(
            f"first_layer must be {FIRST_LAYERS[0]} for a multihead model, got "
            f"{options.first_layer!r}"
        )
    start = {} if options.init_W is None else {"W": options.init_W}
    if options.init_W == 0 and options.heads > 1:
        raise ValueError("init_W must not be 0 for several heads: every gradient would be, got 0")
    return MultiHeadModel.constant(
        options.length, options.k, options.heads, v=options.init_v, normalize=options.normalize,
        **start,
    )  # fmt: skip


def _steps(options: argparse.Namespace) -> int:
    if options.examples is None:
        return 2000 if options.steps is None else checks.integer("steps", options.steps, 1)
    checks.integer("examples", options.examples, 1)
    batch = checks.integer("batch-size", options.batch_size, 1)
    # a last, partly used batch still counts: never fewer examples than asked for
    return -(-options.examples // batch)


def _one_or_pair(name: str, values: list[float]) -> float | tuple[float, float]:
    if len(values) > 2:
        raise ValueError(f"{name} must be one number or two, got {len(values)}")
    return values[0] if len(values) == 1 else (values[0], values[1])


def run_configuration(options: argparse.Namespace) -> dict[str, Any]:
    """The options that decide a run's numbers."""
    return {
        name: value
        for name, value in sorted(vars(options).items())
        if name not in ("command", "out", "overwrite", "quiet", "threads")
    }


def configuration(**options: Any) -> dict[str, Any]:
    """A run's options by name, as ``python -m sim run`` has them where they are not given.

    Raises
    ------
    ValueError
        If there is no such option.
    """
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    defaults = run_configuration(parser.parse_args([]))
    for name in options:
        checks.one_of("option", name, defaults)
    return defaults | options
