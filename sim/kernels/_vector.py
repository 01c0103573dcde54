"""Eight float64 in one value: the small vector layer under the kernels.

Numba compiles loops and leaves it to LLVM to find vectors in them.  In the recurrences of this
package LLVM finds none: a position depends on the one before it, and the way out, one lane per
*sequence*, is one it does not see in plain loops over lanes.  So the kernels say it themselves,
with a value of eight lanes that adds, multiplies and compares like a number.  It is LLVM's own
vector type; LLVM splits it into whatever registers the machine has (two of AVX2, one of AVX-512,
four of SSE2 or NEON), so there is no code here for one machine.  Numba's wheels bring no vector
mathematics either, hence `sim.kernels._elementary`.

In jitted code, with ``a, b, c`` vectors (scalars are spread over the lanes by the operators):

=============================  =====================================================
``load(array, offset)``        eight consecutive elements of a C-contiguous float64 array, from
                               the flat element ``offset`` on; **no bounds check**
``store(array, offset, a)``    the way back
``splat(x)``                   eight times ``x``
``a + b  a - b  a * b  a / b`` lane by lane, rounded as scalars are
``fma(a, b, c)``               ``a * b + c``, fused where the machine does so at full speed
``a < b  a <= b  a == b ...``  a mask; every comparison with a NaN is false (``!=``: true)
``p & q``                      lanes where both masks hold
``select(mask, a, b)``         ``a`` where the mask holds, else ``b``; nothing leaks from the other
``vmax(a, b)``                 the larger; ``b`` in lanes where either is NaN
``hsum(a)``                    sum of the lanes in the order 0, 1, ..., 7: the same bits every time
``transpose(...)``             8 x 8 block, rows to columns
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

from sim.kernels._jit import part

LANES = 8

DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
LONGS = ir.VectorType(ir.IntType(64), LANES)
_BITS = ir.VectorType(ir.IntType(1), LANES)
_LANE = ir.IntType(32)


class Vector(types.Type):
    """Numba type of eight float64."""

    def __init__(self):
        super().__init__(name="vector8")


class Mask(types.Type):
    """Numba type of eight truth values."""

    def __init__(self):
        super().__init__(name="mask8")


vector, mask = Vector(), Mask()


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, DOUBLES)


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, _BITS)


def constant(value, lanes=DOUBLES):
    return ir.Constant(lanes, [value] * LANES)


def _spread(builder, scalar):
    """IR vector with ``scalar`` in every lane."""
    seed = builder.insert_element(ir.Constant(DOUBLES, ir.Undefined), scalar, _LANE(0))
    return builder.shuffle_vector(seed, seed, ir.Constant(ir.VectorType(_LANE, LANES), None))


# --- memory -----------------------------------------------------------------------------------


def _is_flat(array):
    return isinstance(array, types.Array) and array.dtype == types.float64 and array.layout == "C"


def _pointer(context, builder, array_type, array, offset):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), DOUBLES.as_pointer())


@intrinsic
def load(typingctx, array, offset):
    """Eight elements of a C-contiguous float64 array from flat position ``offset`` on."""

    def codegen(context, builder, signature, args):
        return builder.load(_pointer(context, builder, signature.args[0], *args), align=8)

    return (vector(array, types.intp), codegen) if _is_flat(array) else None


@intrinsic
def store(typingctx, array, offset, value):
    """Write the eight lanes to a C-contiguous float64 array from flat position ``offset`` on."""

    def codegen(context, builder, signature, args):
        target = _pointer(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], target, align=8)
        return context.get_dummy_value()

    return (types.none(array, types.intp, vector), codegen) if _is_flat(array) else None


@intrinsic
def transpose(typingctx, source, offset, stride, target, target_offset, target_stride):
    """Copy an 8 x 8 block, rows becoming columns; rows stand ``stride`` elements apart."""

    def codegen(context, builder, signature, args):
        source, offset, stride, target, target_offset, target_stride = args

        def row(array_type, array, start, step, number):
            place = builder.add(start, builder.mul(step, ir.IntType(64)(number)))
            return _pointer(context, builder, array_type, array, place)

        source_type, target_type = signature.args[0], signature.args[3]
        rows = [
            builder.load(row(source_type, source, offset, stride, i), align=8) for i in range(LANES)
        ]
        # Stage with width w: swap the off-diagonal w x w blocks of every 2w x 2w block.
        for w in (4, 2, 1):
            lower = [i if not i & w else LANES + i - w for i in range(LANES)]
            upper = [i + w if not i & w else LANES + i for i in range(LANES)]
            for i in (i for i in range(LANES) if not i & w):
                pair = rows[i], rows[i + w]
                for place, lanes in ((i, lower), (i + w, upper)):
                    order = ir.Constant(ir.VectorType(_LANE, LANES), lanes)
                    rows[place] = builder.shuffle_vector(*pair, order)
        for i, value in enumerate(rows):
            place = row(target_type, target, target_offset, target_stride, i)
            builder.store(value, place, align=8)
        return context.get_dummy_value()

    size = types.intp
    good = _is_flat(source) and _is_flat(target)
    return (types.none(source, size, size, target, size, size), codegen) if good else None


# --- arithmetic -------------------------------------------------------------------------------


def _define_operator(function, result, emit):
    """Give ``function`` (from `operator`) a meaning for vectors, one side possibly a float."""

    @type_callable(function)
    def _type(context):
        def typer(a, b):
            if vector in (a, b) and {a, b} <= {vector, types.float64}:
                return result
            return None

        return typer

    def lower(context, builder, signature, args):
        pair = zip(args, signature.args, strict=True)
        lanes = [value if kind == vector else _spread(builder, value) for value, kind in pair]
        return emit(builder, *lanes)

    for pair in ((vector, vector), (vector, types.float64), (types.float64, vector)):
        lower_builtin(function, *pair)(lower)


def _arithmetic(method):
    return lambda builder, a, b: getattr(builder, method)(a, b)


def _comparison(sign):
    if sign == "!=":
        return lambda builder, a, b: builder.fcmp_unordered(sign, a, b)
    return lambda builder, a, b: builder.fcmp_ordered(sign, a, b)


for _name, _method in {"add": "fadd", "sub": "fsub", "mul": "fmul", "truediv": "fdiv"}.items():
    _define_operator(getattr(operator, _name), vector, _arithmetic(_method))
    _define_operator(getattr(operator, f"i{_name}"), vector, _arithmetic(_method))
for _name, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    _define_operator(getattr(operator, _name), mask, _comparison(_sign))


@type_callable(operator.and_)
def _type_and(context):
    return lambda p, q: mask if p == q == mask else None


@lower_builtin(operator.and_, mask, mask)
def _lower_and(context, builder, signature, args):
    return builder.and_(*args)


def elementwise(result, arguments, emit):
    """Intrinsic whose IR is ``emit(builder, *arguments)``."""

    def codegen(context, builder, signature, args):
        return emit(builder, *args)

    return result(*arguments), codegen


def _call(builder, name, result, *args):
    kind = ir.FunctionType(result, [value.type for value in args])
    return builder.call(builder.module.declare_intrinsic(name, (), kind), args)


@intrinsic
def splat(typingctx, value):
    """Vector with ``value`` in every lane."""
    return elementwise(vector, (types.float64,), _spread)


@intrinsic
def fma(typingctx, a, b, c):
    """``a * b + c``, one rounding where the machine has the instruction, else two."""

    def emit(builder, a, b, c):  # fmuladd, not fma: without hardware fma is a library call a lane
        return _call(builder, f"llvm.fmuladd.v{LANES}f64", DOUBLES, a, b, c)

    return elementwise(vector, (vector, vector, vector), emit)


@intrinsic
def select(typingctx, condition, a, b):
    """``a`` in the lanes where ``condition`` holds, ``b`` in the others."""
    return elementwise(vector, (mask, vector, vector), lambda builder, *args: builder.select(*args))


@intrinsic
def hsum(typingctx, a):
    """Sum of the lanes, added one after the other from lane 0."""

    def emit(builder, a):
        total = builder.extract_element(a, _LANE(0))
        for lane in range(1, LANES):
            total = builder.fadd(total, builder.extract_element(a, _LANE(lane)))
        return total

    return elementwise(types.float64, (vector,), emit)


@part(forceinline=True)
def vmax(a, b):
    """Larger of the two; ``b`` where either is NaN."""
    return select(a > b, a, b)
