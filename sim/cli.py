"""``python -m sim``: train a model, or many, and look at a run."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sim import checks
from sim.descent import DEFAULT_RATES, Diverged, train
from sim.losses import LOSSES, loss_by_name
from sim.minimal import FIRST_LAYERS, NORMALIZATIONS, MinimalModel
from sim.models import Model
from sim.optimizers import OPTIMIZERS
from sim.priors import NAMES as PRIORS
from sim.priors import Prior, prior_by_name
from sim.sequences import refuse_oversized
from sim.settings import DTYPES
from sim.stages import stage_times
from sim.store import output_folder, refuse_unwritable
from sim.trajectory import Trajectory
from sim.transformer import POSITIONS, Transformer
from sim.warmup import MODELS, warmup

EXAMPLES = """\
examples:
  python -m sim run --k 3 --length 100 --examples 128000 --out run/    the paper's Fig. 3 (bottom)
  python -m sim run --model transformer --k 3 --examples 128000 --out tf/   Fig. 3 (top)
  python -m sim run --prior doubly_stochastic --k 2 --out run-ds/      no unigram signal
  python -m sim sweep --grid k=2,3 --seeds 10 --out sweep/             stages over a grid and seeds
  python -m sim show run/                                              what was run, and its stages
  python -m sim plot run/                                              run/run.pdf and run/run.png
"""

# options that are spelt differently from the arguments they become
ARGUMENTS = {"rng": "seed", "T": "length", "v": "init_v", "W": "init_W"} | {
    name: name.replace("-", "_") for name in ("batch-size", "learning-rate", "weight-decay")
}
POSITIONAL = ("run", "claims", "figures")


class ShowDefaults(argparse.ArgumentDefaultsHelpFormatter):
    """Print defaults, but not that an option is absent by default."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose refusals are one line, without the usage in front."""

    def error(self, message: str) -> NoReturn:
        """Print the refusal and leave with status 2."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def in_options(error: Exception, options: argparse.Namespace) -> str:
    """A refusal that begins with the name of an argument, with the option the user typed."""
    message = str(error)
    for name in vars(options):
        if "_" in name:  # nothing but an argument is spelt like that
            message = re.sub(rf"\b{name}\b", f"--{name.replace('_', '-')}", message)
    first, _, rest = message.partition(" ")
    option = ARGUMENTS.get(first, first)
    if hasattr(options, option) and option not in POSITIONAL:
        return f"--{option.replace('_', '-')} {rest}"
    return message


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 2 for bad input, 1 for an unwelcome outcome."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except Diverged as error:
        kept = error.trajectory.save(options.out) if options.out else None
        where = f" in {kept}" if kept else ""
        print(f"error: {in_options(error, options)}{where}", file=sys.stderr)
    except (ValueError, TypeError, OSError, MemoryError) as error:
        print(f"error: {in_options(error, options)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m sim",
        description="Simulate how a two-layer attention model learns to read Markov chains "
        "from their context.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands)
    # the sweep's door is built on the run's, so it cannot be imported before this module is there
    from sim.cli_sweep import add_sweep

    add_sweep(commands)
    show = commands.add_parser("show", help="print what a run was and the stages it went through")
    show.add_argument("run", metavar="RUN", help="run folder, or a file in it")
    show.set_defaults(command=_show)
    warm = commands.add_parser("warmup", help="compile everything now, so that no run has to wait")
    warm.add_argument("--dtype", nargs="+", default=["float64"], choices=DTYPES, metavar="DTYPE",
                      help=", ".join(DTYPES))  # fmt: skip
    warm.add_argument("--model", nargs="+", default=MODELS, choices=MODELS, metavar="NAME",
                      help=", ".join(MODELS))  # fmt: skip
    warm.set_defaults(command=_warmup)
    plot = commands.add_parser("plot", help="draw a run (PDF and PNG)")
    plot.add_argument("run", metavar="RUN", help="run folder, or a file in it")
    plot.add_argument("--out", metavar="DIR", help="folder for the figure (default: the run's own)")
    plot.add_argument(
        "--venue", default="neurips", help="text width to draw for (default: %(default)s)"
    )
    plot.add_argument("--usetex", action="store_true", help="typeset with LaTeX")
    plot.set_defaults(command=_plot)
    return parser


def _add_run(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    run = commands.add_parser(
        "run",
        help="train a model on fresh sequences and record its learning",
        description="Train a model on fresh sequences from random Markov chains. The defaults are "
        "the paper's minimal model: cross-entropy over all positions, SGD, v = 0.02, W = 0.",
        formatter_class=ShowDefaults,
    )
    record = add_run_options(run)
    record.add_argument("--out", metavar="DIR", help="run folder to write")
    record.add_argument("--overwrite", action="store_true", help="replace a different run in DIR")
    run.set_defaults(command=_run)


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
    model.add_argument("--init-W", type=float, default=0.0, help="initial value of every W_ml")
    inside = run.add_argument_group("transformer")
    inside.add_argument("--layers", type=int, default=2, help="attention layers")
    inside.add_argument("--heads", type=int, default=1, help="heads in each layer")
    inside.add_argument("--width", type=int, default=16, help="width of the residual stream")
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
        help=f"{', '.join(OPTIMIZERS)} (sgd for the minimal model, which knows no other; "
        "adamw for a transformer)",
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
            options.length, options.k, v=options.init_v, W=options.init_W,
            first_layer=options.first_layer, normalize=options.normalize,
        )  # fmt: skip
    return Transformer.initial(
        options.k, options.length, rng=options.seed, width=options.width, layers=options.layers,
        heads=options.heads, positions=options.positions, mlp=options.mlp,
        layer_norm=not options.no_layer_norm,
    )  # fmt: skip


def _run(options: argparse.Namespace) -> int:
    model, prior, settings = prepare(options)
    configuration = run_configuration(options)
    if options.out:
        # found out now rather than after the training
        refuse_unwritable(options.out)
        if not options.overwrite:
            _refuse_other_run(Path(options.out), configuration)
    trajectory = train(model, prior, **settings, progress=not options.quiet)
    trajectory.provenance["configuration"] = configuration
    print(trajectory)
    print(stage_times(trajectory))
    _print_balance(trajectory)
    if options.out:
        print(f"written to {trajectory.save(options.out)}")
    return 0


def _print_balance(trajectory: Trajectory) -> None:
    """Check the invariant that every run of the minimal model carries along."""
    if "balance" not in trajectory.measures:
        return
    drift = trajectory.measures["balance"][-1] - trajectory.measures["balance"][0]
    line = f"|W|^2 - |v|^2 has drifted by {drift:.4g}"
    if "balance_drift" in trajectory.measures:
        expected = trajectory.measures["balance_drift"][-1]
        line += f"; the steps should have added {expected:.4g} = sum eta^2 (|dL/dW|^2 - |dL/dv|^2)"
    print(line)


def _warmup(options: argparse.Namespace) -> int:
    seconds = warmup(tuple(options.dtype), tuple(options.model))
    print(f"kernels ready after {seconds:.1f} s")
    return 0


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


def _refuse_other_run(folder: Path, configuration: dict[str, Any]) -> None:
    """A finished run is not lost to a slip; the same run again gives the same numbers anyway."""
    if not (folder / "trajectory.json").exists():
        return
    if Trajectory.load(folder).provenance.get("configuration") != configuration:
        raise ValueError(
            f"out {folder} already holds a different run: choose another folder or add --overwrite"
        )


def _show(options: argparse.Namespace) -> int:
    trajectory = Trajectory.load(options.run)
    print(trajectory)
    print(stage_times(trajectory))
    origin = trajectory.provenance
    print(f"run {origin['created']} in {origin['seconds']:.1f} s: {origin['command']}")
    for name, value in origin["parameters"].items():
        print(f"  {name:<14} {value}")
    return 0


def _plot(options: argparse.Namespace) -> int:
    trajectory = Trajectory.load(options.run)
    # drawing is loaded only when something is drawn
    from sim.plots.run import plot_run
    from sim.plots.style import save_figure, use_file_backend

    use_file_backend()
    given = Path(options.run)
    folder = output_folder(options.out or (given if given.is_dir() else given.parent))
    figure = plot_run(trajectory, venue=options.venue, usetex=options.usetex)
    for path in save_figure(figure, folder, "run"):
        print(path)
    return 0
