"""The rows of the main table: what is compared, and the ratio that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import machine, ours
from benchmarks.timing import Timing, paired, ratio

SETTING = {"k": 2, "T": 100, "B": 64}


@dataclass(frozen=True)
class Row:
    """A comparison: `ratio` is how many times the peer takes as long (or the limit is missed by).

    Attributes
    ----------
    target : float
        At least this, or at most this for a distance from the machine's limit.
    at_most : bool
    """

    name: str
    peer: str
    ours_us: float
    peer_us: float
    ratio: float
    quartiles: tuple[float, float]
    target: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"met": self.met}


def _row(name: str, peer: str, mine: Timing, other: Timing, target: float) -> Row:
    middle, low, high = ratio(other, mine)
    return Row(name, peer, 1e6 * mine.median, 1e6 * other.median, middle, (low, high), target)


def _limit_row(name: str, mine: Timing, operations: int, fma: Timing, chain: int, target: float):
    """Distance from the time the counted multiply-adds would take at the measured rate."""
    scale = operations / chain
    limit = Timing(tuple(scale * value for value in fma.seconds), fma.calls)
    middle, low, high = ratio(mine, limit)
    return Row(name, "measured FMA rate", 1e6 * mine.median, 1e6 * limit.median, middle,
               (low, high), target, at_most=True)  # fmt: skip


def whole_step() -> Iterator[Row]:
    """Sampling, forward, backward and update."""
    from benchmarks.peers import jax_model, torch_model

    k, T, B = SETTING.values()
    steps, inside = 64, 20
    for dtype in ("float64", "float32"):
        v, W, _ = ours.problem(k, T, B, dtype)
        contestants: dict[str, Callable[[], object]] = {
            "ours": ours.training_call(k, T, batch=B, dtype=dtype, steps=steps),
            "research loop": torch_model.research_step(v, W, batch=B, rate=1e-5),
            "torch.compile": torch_model.compiled_step(v, W, batch=B, rate=1e-5),
            "JAX": jax_model.training_call(v, W, batch=B, rate=1e-5, steps=inside),
        }
        if dtype == "float32":
            del contestants["research loop"]  # draws in float32 anyway
        times = paired(contestants, units={"ours": steps, "JAX": inside})
        names = {
            "research loop": ("PyTorch eager with its data loader", 200),
            "torch.compile": ("torch.compile, vectorised sampler", 50),
            "JAX": (f"JAX jit, scan sampler, {inside} steps a call", 15),
        }
        for name, (peer, target) in names.items():
            if name in times:
                yield _row(f"whole step, {dtype}", peer, times["ours"], times[name], target)


def long_contexts() -> Iterator[Row]:
    """Forward and backward at T = 1,000 and 10,000 against JAX with its FFT."""
    from benchmarks.peers import jax_model

    for T, target in ((1000, 10), (10_000, 5)):
        v, W, tokens = ours.problem(2, T, 64, "float64")
        times = paired(
            {
                "ours": ours.gradient_call(v, W, tokens)[0],
                "JAX": jax_model.gradient_call(v, W, tokens, fourier=True)[0],
            },
            rounds=9,
        )
        yield _row(f"fwd+bwd T={T:,}, float64", "JAX FFT", times["ours"], times["JAX"], target)


def machine_limit() -> Iterator[Row]:
    """Forward and backward in the direct form against the multiply-adds it cannot do without."""
    for T, target in ((100, 2.5), (1000, 1.3)):
        v, W, tokens = ours.problem(2, T, 64, "float64")
        fma, chain = machine.fma_call("float64")
        mine = ours.gradient_call(v, W, tokens, convolution="direct")[0]
        times = paired({"ours": mine, "fma": fma}, rounds=25)
        operations = machine.necessary_operations(2, T, 64)
        yield _limit_row(f"fwd+bwd T={T}, float64, direct", times["ours"], operations,
                         times["fma"], chain, target)  # fmt: skip


def threads() -> Iterator[Row]:
    """Two runs side by side, and two threads inside one step."""
    calls = [ours.training_call(2, 100, steps=2000) for _ in range(2)]
    pool = ThreadPoolExecutor(2)
    times = paired(
        {
            "ours": lambda: list(pool.map(lambda call: call(), calls)),
            "one by one": lambda: [call() for call in calls],
        }
    )
    yield _row("two runs on two threads", "one after the other", times["ours"],
               times["one by one"], 1.8)  # fmt: skip
    steps = 64
    times = paired(
        {
            "ours": ours.training_call(2, 1000, steps=steps, threads=2),
            "one": ours.training_call(2, 1000, steps=steps),
        },
        units={"ours": steps, "one": steps},
    )
    yield _row("one step T=1,000 on two threads", "one thread", times["ours"], times["one"], 1.6)


def strategies() -> Iterator[Row]:
    """Unigram and bigram predictions at the last token of 1,000 sequences."""
    from benchmarks.peers.python_loops import last_token_predictions
    from sim.task import strategies as counting

    _, _, tokens = ours.problem(2, 99, 1000, "float64")
    times = paired(
        {
            "ours": lambda: [counting.ngram(tokens, 2, order, last=True) for order in (0, 1)],
            "loop": lambda: last_token_predictions(tokens, 2),
        },
        rounds=5,
    )
    yield _row("last-token strategies, 1,000 sequences", "per-sequence Python loop",
               times["ours"], times["loop"], 100)  # fmt: skip


def recording() -> Iterator[Row]:
    """A run of 2,000 steps with 200 records against the same with two."""
    import sim

    def run(every: int):
        model, prior = sim.MinimalModel.constant(100, 2), sim.Dirichlet(2)
        return lambda: sim.train(model, prior, steps=2000, rng=0, record_every=every)

    times = paired({"often": run(10), "seldom": run(2000)}, rounds=7)
    middle, low, high = ratio(times["often"], times["seldom"])
    yield Row("run of 2,000 steps with 200 records", "with two records",
              1e6 * times["often"].median, 1e6 * times["seldom"].median, middle, (low, high), 1.1,
              at_most=True)  # fmt: skip


def transformers() -> Iterator[Row]:
    """Forward and backward of the two-layer transformer, width 16, float32."""
    from benchmarks.peers import torch_transformer

    model, tokens = ours.transformer(2, 100, 64, "float32")
    times = paired(
        {
            "ours": ours.transformer_call(model, tokens)[0],
            "eager": torch_transformer.gradient_call(model, tokens)[0],
            "compiled": torch_transformer.gradient_call(model, tokens, compiled=True)[0],
        }
    )
    name = "transformer fwd+bwd, float32"
    yield _row(name, "PyTorch eager", times["ours"], times["eager"], 8)
    yield _row(name, "torch.compile", times["ours"], times["compiled"], 4)


GROUPS = {
    "step": whole_step,
    "long": long_contexts,
    "limit": machine_limit,
    "threads": threads,
    "strategies": strategies,
    "transformer": transformers,
    "recording": recording,
}
