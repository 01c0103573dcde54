"""Where threads inside compiled code wait for each other.

A thread takes a few microseconds to notice that the others have come; to be woken by Python takes
it some fifty, as long as a part of a training step.
"""

import os

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from sim.kernels._jit import part

PLACE = 8  # int64 numbers apart, so that no two threads write to one cache line
GONE = 2**62  # a turn that never comes: who has it published is waited for no more
# Looks before a thread offers its core to others: about as long as a part of a step.
LOOKS = 20_000

_YIELD = "SwitchToThread" if os.name == "nt" else "sched_yield"


@intrinsic
def _publish(typingctx, turns, index, turn):
    """Store an int64 after everything this thread has written before."""

    def codegen(context, builder, signature, args):
        turns = context.make_array(signature.args[0])(context, builder, args[0])
        place = builder.gep(turns.data, [args[1]])
        builder.store_atomic(args[2], place, "release", 8)
        return context.get_dummy_value()

    return types.none(turns, types.int64, types.int64), codegen


@intrinsic
def _observe(typingctx, turns, index):
    """Read an int64, and after it everything its writer had written before."""

    def codegen(context, builder, signature, args):
        turns = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.load_atomic(builder.gep(turns.data, [args[1]]), "acquire", 8)

    return types.int64(turns, types.int64), codegen


@intrinsic
def _give_way(typingctx):
    """Let another thread have the core."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, _YIELD), [])
        return context.get_dummy_value()

    return types.none(), codegen


@part
def meet(turns, worker, turn):
    """Return when every worker has come to this turn, with what they wrote before it.

    turns (workers * PLACE) int64 is shared; a worker's turns grow.
    """
    _publish(turns, worker * PLACE, turn)
    for other in range(len(turns) // PLACE):
        looks = 0
        while _observe(turns, other * PLACE) < turn:
            looks += 1
            if looks > LOOKS:
                _give_way()
