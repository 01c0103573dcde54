"""A 64-byte SIMD vector type for Numba, on which the kernels are built.

Numba compiles loops and leaves it to LLVM to find vectors in them.  In the recurrences of this
package LLVM finds none: a position depends on the one before it, and the way out, one SIMD lane
per *sequence*, is one it does not see in plain loops over lanes.  So the kernels say it themselves,
with a value of 8 float64 or 16 float32 lanes that adds, multiplies and compares like a number.  It
is LLVM's own vector type; LLVM splits it into whatever registers the machine has (two of AVX2, one
of AVX-512, four of SSE2 or NEON), so there is no code here for one machine.  Numba's wheels bring
no vector mathematics either, hence `sim.kernels._elementary`.

In jitted code, with ``a, b, c`` vectors of one dtype (the operators spread float scalars over the
lanes, rounding them to the dtype):

=============================  =====================================================
``lanes(array)``               8 or 16, by the dtype; a constant to the compiler
``load(array, offset)``        that many consecutive elements of a C-contiguous float array, from
                               the flat element ``offset`` on; **no bounds check**
``store(array, offset, a)``    the way back
``spread(array, offset)``      the one element at a flat offset in every lane; **no bounds check**
``splat(x, like)``             ``x`` in every lane, in the dtype of the array or vector ``like``
``a + b  a - b  a * b  a / b`` lane by lane, rounded as scalars are
``fma(a, b, c)``               ``a * b + c``, fused where the machine does so at full speed; the
                               first or second may be a scalar
``a < b  a <= b  a == b ...``  a mask; every comparison with a NaN is false (``!=``: true)
``p & q``                      lanes where both masks hold
``select(mask, a, b)``         ``a`` where the mask holds, else ``b``; nothing leaks from the other
``vmax(a, b)``                 the larger; ``b`` in lanes where either is NaN
``hsum(a)``                    sum of the lanes in the order 0, 1, 2, ...: the same bits every time
=============================  =====================================================
"""

import operator

from llvmlite import ir
from numba import types
from numba.extending import (
    intrinsic,
    lower_builtin,
    models,
    register_model,
    type_callable,
)

from sim.kernels._jit import inner_jit

BYTES = 64  # of a vector: a cache line, and the widest register there is

_LANE = ir.IntType(32)
_SCALAR = {types.float64: ir.DoubleType(), types.float32: ir.FloatType()}


class Vector(types.Type):
    """Numba type of ``lanes`` floats."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.lanes = 8 * BYTES // dtype.bitwidth
        super().__init__(name=f"vector{self.lanes}x{dtype}")

    @property
    def floats(self):
        """LLVM type."""
        return ir.VectorType(_SCALAR[self.dtype], self.lanes)

    @property
    def integers(self):
        """LLVM type of integers as wide as the floats."""
        return ir.VectorType(ir.IntType(self.dtype.bitwidth), self.lanes)

    def constant(self, value, integer=False):
        """IR constant with ``value`` in every lane."""
        return ir.Constant(self.integers if integer else self.floats, [value] * self.lanes)


class Mask(types.Type):
    """Numba type of ``lanes`` truth values."""

    def __init__(self, lanes):
        self.lanes = lanes
        super().__init__(name=f"mask{lanes}")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, numba_type.floats)


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, ir.VectorType(ir.IntType(1), numba_type.lanes))


def _spread(context, builder, scalar, scalar_type, vector):
    """IR vector with ``scalar``, cast to the dtype, in every lane."""
    scalar = context.cast(builder, scalar, scalar_type, vector.dtype)
    seed = builder.insert_element(ir.Constant(vector.floats, ir.Undefined), scalar, _LANE(0))
    zeros = ir.Constant(ir.VectorType(_LANE, vector.lanes), None)
    return builder.shuffle_vector(seed, seed, zeros)


# --- memory -----------------------------------------------------------------------------------


def _is_flat(array):
    return isinstance(array, types.Array) and array.dtype in _SCALAR and array.layout == "C"


def _pointer(context, builder, array_type, array, offset):
    data = context.make_array(array_type)(context, builder, array).data
    floats = Vector(array_type.dtype).floats
    return builder.bitcast(builder.gep(data, [offset]), floats.as_pointer())


@intrinsic
def lanes(typingctx, array):
    """Lanes of a vector from this array."""
    number = Vector(array.dtype).lanes

    def codegen(context, builder, signature, args):
        return context.get_constant(types.intp, number)

    return types.intp(array), codegen


@intrinsic
def load(typingctx, array, offset):
    """A vector of elements of a C-contiguous float array from flat position ``offset`` on."""

    def codegen(context, builder, signature, args):
        place = _pointer(context, builder, signature.args[0], *args)
        return builder.load(place, align=signature.args[0].dtype.bitwidth // 8)

    return (Vector(array.dtype)(array, types.intp), codegen) if _is_flat(array) else None


@intrinsic
def spread(typingctx, array, offset):
    """The element of a C-contiguous float array at a flat position in every lane."""

    def codegen(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        value = builder.load(builder.gep(data, [args[1]]))
        return _spread(context, builder, value, array.dtype, Vector(array.dtype))

    return (Vector(array.dtype)(array, types.intp), codegen) if _is_flat(array) else None


@intrinsic
def store(typingctx, array, offset, value):
    """Write a vector to a C-contiguous float array from flat position ``offset`` on."""

    def codegen(context, builder, signature, args):
        target = _pointer(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], target, align=signature.args[0].dtype.bitwidth // 8)
        return context.get_dummy_value()

    good = _is_flat(array) and value == Vector(array.dtype)
    return (types.none(array, types.intp, value), codegen) if good else None


# --- arithmetic -------------------------------------------------------------------------------


def _define_operator(function, result, emit):
    """Give ``function`` (from `operator`) a meaning for vectors, one side possibly a float."""

    @type_callable(function)
    def _type(context):
        def typer(a, b):
            found = [side for side in (a, b) if isinstance(side, Vector)]
            if not found or not all(side == found[0] or side in _SCALAR for side in (a, b)):
                return None
            return found[0] if result is Vector else Mask(found[0].lanes)

        return typer

    def lower(context, builder, signature, args):
        vector = next(side for side in signature.args if isinstance(side, Vector))
        pair = [
            value if kind == vector else _spread(context, builder, value, kind, vector)
            for value, kind in zip(args, signature.args, strict=True)
        ]
        return emit(builder, *pair)

    for pair in ((Vector, Vector), (Vector, types.Float), (types.Float, Vector)):
        lower_builtin(function, *pair)(lower)


def _arithmetic(method):
    return lambda builder, a, b: getattr(builder, method)(a, b)


def _comparison(sign):
    if sign == "!=":
        return lambda builder, a, b: builder.fcmp_unordered(sign, a, b)
    return lambda builder, a, b: builder.fcmp_ordered(sign, a, b)


for _name, _method in {"add": "fadd", "sub": "fsub", "mul": "fmul", "truediv": "fdiv"}.items():
    _define_operator(getattr(operator, _name), Vector, _arithmetic(_method))
    _define_operator(getattr(operator, f"i{_name}"), Vector, _arithmetic(_method))
for _name, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    _define_operator(getattr(operator, _name), Mask, _comparison(_sign))


@type_callable(operator.and_)
def _type_and(context):
    return lambda p, q: p if isinstance(p, Mask) and p == q else None


@lower_builtin(operator.and_, Mask, Mask)
def _lower_and(context, builder, signature, args):
    return builder.and_(*args)


def elementwise(result, arguments, emit):
    """Intrinsic whose IR is ``emit(builder, *arguments)``."""

    def codegen(context, builder, signature, args):
        return emit(builder, *args)

    return result(*arguments), codegen


@intrinsic
def splat(typingctx, value, like):
    """Vector of the dtype of ``like`` with ``value`` in every lane."""
    vector = Vector(like.dtype)

    def codegen(context, builder, signature, args):
        return _spread(context, builder, args[0], signature.args[0], vector)

    return (vector(value, like), codegen) if value in _SCALAR else None


@intrinsic
def fma(typingctx, a, b, c):
    """``a * b + c``, one rounding where the machine has the instruction, else two."""
    if not isinstance(c, Vector):
        return None

    def codegen(context, builder, signature, args):
        factors = [
            value if kind == c else _spread(context, builder, value, kind, c)
            for value, kind in zip(args[:2], signature.args[:2], strict=True)
        ]
        # fmuladd, not fma: without hardware fma is a library call a lane
        name = f"llvm.fmuladd.v{c.lanes}f{c.dtype.bitwidth}"
        kind = ir.FunctionType(c.floats, [c.floats] * 3)
        function = builder.module.declare_intrinsic(name, (), kind)
        return builder.call(function, [*factors, args[2]])

    return c(a, b, c), codegen


@intrinsic
def select(typingctx, condition, a, b):
    """``a`` in the lanes where ``condition`` holds, ``b`` in the others."""
    good = isinstance(condition, Mask) and isinstance(a, Vector) and a == b
    emit = elementwise(a, (condition, a, b), lambda builder, *args: builder.select(*args))
    return emit if good else None


@intrinsic
def hsum(typingctx, a):
    """Sum of the lanes, added one after the other from lane 0."""

    def emit(builder, value):
        total = builder.extract_element(value, _LANE(0))
        for lane in range(1, a.lanes):
            total = builder.fadd(total, builder.extract_element(value, _LANE(lane)))
        return total

    return elementwise(a.dtype, (a,), emit)


@inner_jit(forceinline=True)
def vmax(a, b):
    """Larger of the two; ``b`` where either is NaN."""
    return select(a > b, a, b)


@intrinsic
def vabs(typingctx, a):
    """Absolute values."""

    def codegen(context, builder, signature, args):
        name = f"llvm.fabs.v{a.lanes}f{a.dtype.bitwidth}"
        kind = ir.FunctionType(a.floats, [a.floats])
        return builder.call(builder.module.declare_intrinsic(name, (), kind), args)

    return (a(a), codegen) if isinstance(a, Vector) else None
