"""The paper's attention-only transformer, eqs. (4)-(5), with every weight in one flat vector."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.models.transformer.construction import Transformer as LayeredWeights
from sim.randomness import Seed, generator

Array = NDArray[np.floating[Any]]

POSITIONS = ("relative", "absolute", "none")


@dataclass(frozen=True, eq=False)
class Transformer:
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
    parameters : array_like, shape (P,)
        All weights, in the order of `shapes`; zero if not given. Float32 stays float32, anything
        else becomes float64; the kernels compute in that precision.

    Raises
    ------
    ValueError
        For an unknown option, heads that do not divide the width, or parameters of a wrong shape
        or not finite.
    """

    k: int
    length: int
    width: int = 16
    layers: int = 2
    heads: int = 1
    positions: str = "relative"
    layer_norm: bool = True
    mlp: int = 0
    projection: bool = False
    parameters: Array = field(default_factory=lambda: np.empty(0), repr=False, kw_only=True)

    def __post_init__(self) -> None:
        minimum = {"k": 2, "length": 1, "width": 1, "layers": 1, "heads": 1, "mlp": 0}
        for name, least in minimum.items():
            object.__setattr__(self, name, checks.integer(name, getattr(self, name), least))
        if self.width % self.heads:
            raise ValueError(f"heads must divide the width {self.width}, got {self.heads}")
        checks.one_of("positions", self.positions, POSITIONS)
        checks.instance("layer_norm", self.layer_norm, bool, "True or False")
        checks.instance("projection", self.projection, bool, "True or False")
        given = self.parameters if np.size(self.parameters) else np.zeros(self.size)
        object.__setattr__(self, "parameters", flat_parameters(given, self.size))

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

        Appendix B says that the code is based on minGPT and nothing else about the start. So:
        embeddings, positions and matrices are normal with standard deviation `std`, the matrices
        that write a projection or an MLP into the stream with std / sqrt(2 layers); gains are 1
        and biases 0.

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
        for name, weight in model.weights.items():
            if name.endswith("_gain"):
                weight[...] = 1.0
            elif not name.endswith("_bias"):
                into_stream = name.endswith((".output", ".mlp_out"))
                scale = std / np.sqrt(2 * model.layers) if into_stream else std
                weight[...] = draws.normal(scale=scale, size=weight.shape)
        return model.astype(dtype)

    @classmethod
    def from_construction(cls, weights: LayeredWeights, *, dtype: Any = np.float64) -> Transformer:
        """Weights of explicit layers, such as those of Prop. 2.2, as a point to start from.

        See `sim.models.transformer.construction`.

        Symbols that are never an output, such as the begin symbol, get a read-out of zero.
        """
        checks.instance(
            "weights",
            weights,
            LayeredWeights,
            "a Transformer of `construction`",
        )
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

    @property
    def T(self) -> int:
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

    @property
    def weights(self) -> dict[str, Array]:
        """Every weight by name: views into `parameters`."""
        return self.views(self.parameters)

    def __getitem__(self, name: str) -> Array:
        return self.weights[checks.one_of("name", name, self.shapes)]

    def views(self, vector: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The parts of a vector (P,) laid out like the parameters: views, by name of the weight."""
        result, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + int(np.prod(shape))
            result[name] = vector[start:stop].reshape(shape)
            start = stop
        return result

    @property
    def decayed(self) -> NDArray[np.bool_]:
        """Which parameters AdamW decays, (P,): those of matrices, and no others.

        Common practice, and minGPT's: no decay of embeddings, positions, gains and biases.
        """
        mask = np.zeros(self.size, dtype=bool)
        for name, part in self.views(mask).items():
            part[...] = not name.endswith(("embedding", "positions", "_gain", "_bias"))
        return mask

    def with_parameters(self, vector: ArrayLike) -> Transformer:
        """The same architecture with other weights."""
        return replace(self, parameters=np.asarray(vector))

    def astype(self, dtype: Any) -> Transformer:
        """The same weights as float64 or float32."""
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64, got {dtype}")
        return self.with_parameters(self.parameters.astype(dtype))

    def describe(self) -> dict[str, Any]:
        """The architecture as JSON-ready data, for provenance."""
        names = ("k", "length", "width", "layers", "heads", "positions", "layer_norm", "mlp")
        options = {name: getattr(self, name) for name in (*names, "projection")}
        size = {"parameters": self.size, "dtype": self.parameters.dtype.name}
        return {"model": "transformer"} | options | size


def flat_parameters(vector: ArrayLike, size: int) -> Array:
    """A contiguous copy of a parameter vector (size,), float32 or else float64, all finite."""
    result = checks.array("parameters", vector, (size,))
    if np.asarray(vector).dtype == np.float32:
        return result.astype(np.float32)
    return result
