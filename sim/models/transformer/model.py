"""The paper's attention-only transformer, eqs. (4)-(5), with every weight in one flat vector."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.messages import shown
from sim.models.contracts import Evaluator, Gradient, Parameters
from sim.models.model import Defaults, Model
from sim.models.transformer import attention, passes
from sim.models.transformer.construction import AttentionWeights, TransformerWeights
from sim.models.transformer.readable import ReadableGradient
from sim.randomness import Seed, generator
from sim.task.losses import Loss, check_loss

Array = NDArray[np.floating[Any]]

POSITIONS = ("relative", "absolute", "none")
HEAD_WIDTH = 16  # of App. B, which has one head
MOST_SEQUENCES = 32  # on which attention is measured


@dataclass(frozen=True, eq=False)
class Transformer(Model):
    """TF(x) = P (Attn_L + I) ... (Attn_1 + I) e_x, eq. (4) of arXiv:2402.11004v1, layer 1 first.

    A head of width c = width / heads attends by eq. (5) with the shapes it must have: query, key
    and value are (width, width) matrices of which head h uses the columns h c .. (h + 1) c - 1,
    and of ``layer*.positions``, the paper's v, too::

        A_ij = (e_i W_Q + v_{i-j+1}) (e_j W_K)^T / sqrt(c)  for j <= i
        Attn(e) = softmax(A) e W_V                          heads side by side

    Parameters
    ----------
    k : int
        Number of states.
    length : int
        Longest context T.
    width : int
        d, the width of the residual stream.
    layers, heads : int
        Number of layers, and of attention heads in each; heads must divide the width.
    positions : {"relative", "absolute", "none"}
        Relative positions v as in eq. (5), a learned embedding of the position added to the
        token's, or neither.
    layer_norm : bool
        Layer norms with gain and bias before each block and before the read-out, as in minGPT,
        on which the paper's code is based; without them the model is eq. (4) to the letter.
    mlp : int
        Hidden units of an MLP block (GELU, biases) after each attention; 0 for none.
    projection : bool
        Whether the heads' outputs, side by side, pass through one more (width, width) matrix,
        ``layer*.output``. Eq. (5) has none.
    vector : array_like, shape (P,)
        All weights, in the order of `shapes`; zero if not given. Float32 stays float32, anything
        else becomes float64; the kernels compute in that precision.

    Raises
    ------
    ValueError
        For an unknown option, heads that do not divide the width, or parameters of a wrong shape
        or not finite.
    """

    name: ClassVar[str] = "transformer"
    settings: ClassVar[tuple[str, ...]] = (
        "heads", "layers", "width", "mlp", "positions", "no_layer_norm",
    )  # fmt: skip
    defaults: ClassVar[Defaults] = Defaults(1e-3, "adamw")

    k: int
    length: int
    width: int = 16
    layers: int = 2
    heads: int = 1
    positions: str = "relative"
    layer_norm: bool = True
    mlp: int = 0
    projection: bool = False
    vector: Array = field(default_factory=lambda: np.empty(0), repr=False, kw_only=True)

    def __post_init__(self) -> None:
        minimum = {"k": 2, "length": 1, "width": 1, "layers": 1, "heads": 1, "mlp": 0}
        for name, least in minimum.items():
            object.__setattr__(self, name, checks.integer(name, getattr(self, name), least))
        if self.width % self.heads:
            raise ValueError(f"heads must divide the width {self.width}, got {self.heads}")
        checks.one_of("positions", self.positions, POSITIONS)
        self._refuse_oversized()
        checks.instance("layer_norm", self.layer_norm, bool, "True or False")
        checks.instance("projection", self.projection, bool, "True or False")
        given = self.vector if np.size(self.vector) else np.zeros(self.size)
        object.__setattr__(self, "vector", flat_vector(given, self.size))

    def _refuse_oversized(self) -> None:
        """Before a name is made for every weight."""
        inside = 3 * self.width + 2 * self.mlp + self.length * (self.positions == "relative")
        sizes = f"layers = {self.layers}, width = {self.width}, mlp = {self.mlp}"
        what = f"a transformer with {sizes} and length = {self.length}"
        checks.memory(what, self.layers, self.width, inside)
        checks.memory(what, self.width, 2 * self.k + self.length * (self.positions == "absolute"))
        # names and shapes take a hundred times the memory of the smallest weights
        checks.memory(what, self.layers, 100)

    @classmethod
    def initial(
        cls,
        k: int,
        length: int,
        *,
        rng: Seed = None,
        std: float = 0.02,
        dtype: Any = np.float64,
        **options: Any,
    ) -> Transformer:
        """Random weights as minGPT draws them.

        Appendix B says only that the code is based on minGPT. So embeddings, positions and matrices
        are normal with standard deviation `std`, or std / sqrt(2 layers) for the matrices that
        write the output of a projection or an MLP into the residual stream; gains are 1 and biases
        are 0.

        Parameters
        ----------
        k, length : int
        rng : None, int, SeedSequence or Generator
        std : float
        dtype : float64 or float32
            Precision of the parameters; the draws are the same.
        **options
            As for the class.
        """
        std = checks.real("std", std)
        model = cls(k, length, **options)
        # the root stream itself: `train` uses its children, so one seed serves for both
        draws = generator(rng)
        for name, weight in model.views().items():
            if name.endswith("_gain"):
                weight[...] = 1.0
            elif not name.endswith("_bias"):
                into_stream = name.endswith((".output", ".mlp_out"))
                scale = std / np.sqrt(2 * model.layers) if into_stream else std
                weight[...] = draws.normal(scale=scale, size=weight.shape)
        return model.astype(dtype)

    @classmethod
    def from_construction(
        cls, weights: TransformerWeights, *, dtype: Any = np.float64
    ) -> Transformer:
        """A transformer with the weights of given layers, such as those of Prop. 2.2.

        See `sim.models.transformer.construction`.

        Symbols that are never an output, such as the begin symbol, get a read-out of zero.
        """
        checks.instance("weights", weights, TransformerWeights, "TransformerWeights")
        for name in ("embedding", "P"):
            checks.array(name, getattr(weights, name), (None, None))
        checks.instance("weights.layers", weights.layers, tuple, "a tuple of AttentionWeights")
        for layer in weights.layers:
            checks.instance(
                "weights.layers", layer, AttentionWeights, "a tuple of AttentionWeights"
            )
        if not weights.layers:
            raise ValueError("weights.layers must hold at least one layer, got none")
        symbols, width = np.shape(weights.embedding)
        length = min(len(layer.v) for layer in weights.layers)
        model = cls(symbols, length, width, len(weights.layers), layer_norm=False)
        model["embedding"][...] = weights.embedding
        model["readout"][: len(weights.P)] = weights.P
        for number, layer in enumerate(weights.layers):
            model[f"layer{number}.query"][...] = layer.W_Q
            model[f"layer{number}.key"][...] = layer.W_K
            model[f"layer{number}.value"][...] = layer.W_V
            model[f"layer{number}.positions"][...] = layer.v[:length]
        return model.astype(dtype)

    @classmethod
    def from_settings(cls, settings: Any) -> Transformer:
        heads = settings.heads
        width = HEAD_WIDTH * max(heads, 1) if settings.width is None else settings.width
        return cls.initial(
            settings.k, settings.length, rng=settings.seed, width=width, layers=settings.layers,
            heads=heads, positions=settings.positions, mlp=settings.mlp,
            layer_norm=not settings.no_layer_norm,
        )  # fmt: skip

    @classmethod
    def compiled_examples(cls) -> tuple[Transformer, ...]:
        return (cls.initial(2, 4, rng=0),)

    @property
    def T(self) -> int:  # type: ignore[override]
        """Longest context length."""
        return self.length

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every weight by name, in the order of the flat vector."""
        d = self.width
        result: dict[str, tuple[int, ...]] = {"embedding": (self.k, d)}
        norm: dict[str, tuple[int, ...]] = {}
        if self.layer_norm:
            norm = {"norm_gain": (d,), "norm_bias": (d,)}
        block = norm | {"query": (d, d), "key": (d, d), "value": (d, d)}
        if self.positions == "relative":
            block["positions"] = (self.length, d)
        if self.projection:
            block["output"] = (d, d)
        if self.mlp:
            block |= {f"mlp_{name}": shape for name, shape in norm.items()}
            block |= {"mlp_in": (d, self.mlp), "mlp_in_bias": (self.mlp,)}
            block |= {"mlp_out": (self.mlp, d), "mlp_out_bias": (d,)}
        if self.positions == "absolute":
            result["positions"] = (self.length, d)
        for layer in range(self.layers):
            result |= {f"layer{layer}.{name}": shape for name, shape in block.items()}
        return result | norm | {"readout": (self.k, d)}

    @property
    def size(self) -> int:
        """Number P of parameters."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def __getitem__(self, name: str) -> Array:
        return self.views()[checks.one_of("name", name, self.shapes)]

    def views(self, vector: NDArray[Any] | None = None) -> dict[str, NDArray[Any]]:
        """Every weight by name: views into the model's vector, or into one laid out like it."""
        vector = self.vector if vector is None else vector
        result, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + int(np.prod(shape))
            result[name] = vector[start:stop].reshape(shape)
            start = stop
        return result

    @property
    def parameters(self) -> Parameters:
        """One array, the flat vector, named ``parameters``."""
        return {"parameters": self.vector}

    @property
    def decayed(self) -> dict[str, NDArray[np.bool_]]:
        """Which parameters AdamW decays: those of matrices, and no others.

        Common practice, and minGPT's: no decay of embeddings, positions, gains and biases.
        """
        mask = np.zeros(self.size, dtype=bool)
        for name, part in self.views(mask).items():
            part[...] = not name.endswith(("embedding", "positions", "_gain", "_bias"))
        return {"parameters": mask}

    def with_parameters(self, parameters: ArrayLike) -> Transformer:  # type: ignore[override]
        """The same architecture with other weights, a vector (P,)."""
        return replace(self, vector=np.asarray(parameters))

    def astype(self, dtype: Any) -> Transformer:
        """The same weights as float64 or float32."""
        try:
            known = np.dtype(dtype) in (np.float32, np.float64)
        except Exception:  # whatever NumPy makes of an object
            known = False
        if not known or dtype is None:
            raise ValueError(f"dtype must be float32 or float64, got {shown(dtype)}")
        return self.with_parameters(self.vector.astype(dtype))

    def describe(self) -> dict[str, Any]:
        names = ("k", "length", "width", "layers", "heads", "positions", "layer_norm", "mlp")
        options = {name: getattr(self, name) for name in (*names, "projection")}
        size = {"parameters": self.size, "dtype": self.vector.dtype.name}
        return {"model": self.name} | options | size

    @classmethod
    def from_description(cls, description: dict[str, Any], parameters: Parameters) -> Transformer:
        about = ("model", "parameters", "dtype")
        options = {name: value for name, value in description.items() if name not in about}
        if parameters.keys() != {"parameters"}:
            raise ValueError(
                "parameters of a transformer model must be one array named 'parameters', "
                f"got {' and '.join(sorted(parameters))}: they are another architecture's"
            )
        return cls(**options, vector=parameters["parameters"])

    def logits(self, tokens: ArrayLike) -> Array:
        """Logits (n, T', k) at every position, eq. (4), in the precision of the weights."""
        return passes.logits(self, tokens)

    def loss_and_gradient(self, tokens: ArrayLike, loss: Loss) -> tuple[float, Gradient]:
        given = passes.targets(self, tokens)
        weight = np.full(len(given), 1.0 / len(given))
        dtype = self.vector.dtype.name
        value, gradient = self.evaluator(loss, dtype=dtype)(given, weight, self.vector)
        return value, Gradient(gradient)

    def evaluator(self, loss: Loss, *, dtype: str = "float64", threads: int = 1) -> Evaluator:
        kind = ReadableGradient if check_loss(loss).compiled is None else passes.LossGradient
        return kind(self, loss, dtype=dtype, threads=threads)

    def measures(self, tokens: NDArray[np.int32] | None) -> dict[str, float]:
        """Attention scores, each of the head with the highest score.

        ``previous_token`` is the score of the first layer, ``induction`` that of the second.
        Nothing for contexts too short to repeat.
        """
        if tokens is None or tokens.shape[1] <= self.k:
            return {}
        seen = tokens[:MOST_SEQUENCES]
        found = {"previous_token": float(attention.previous_token_score(self, seen).max())}
        if self.layers > 1:
            found["induction"] = float(attention.induction_score(self, seen).max())
        return found

    def lag_weights(self) -> tuple[Array, str] | None:
        """Positional encoding of the layer-1 head that attends most to the previous token."""
        if self.positions != "relative":
            return None
        encoding = attention.positional_encoding(self)
        return encoding[encoding[:, 1:2].sum(axis=1).argmax()], "attention"


def flat_vector(vector: ArrayLike, size: int) -> Array:
    """A contiguous copy of a parameter vector (size,), float32 or else float64, all finite."""
    result = checks.array("vector", vector, (size,))
    if np.asarray(vector).dtype == np.float32:
        return result.astype(np.float32)
    return result
