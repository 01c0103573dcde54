"""A barrier for threads inside compiled code: each waits there until all have arrived.

A spinning thread notices within a few microseconds that the others have arrived; waking it from
Python takes some fifty, as long as a whole section of a training step.
"""

import os

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from sim.kernels._jit import inner_jit

STRIDE = 8  # int64 entries between two workers' turns: no two of them share a cache line
CLOSED = 2**62  # larger than every turn: nobody waits for a worker that has published it
SPINS = 20_000  # reads before a waiting thread offers its core to others: some 50 microseconds

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
def _yield_core(typingctx):
    """Let another thread have the core."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, _YIELD), [])
        return context.get_dummy_value()

    return types.none(), codegen


@inner_jit
def wait(turns, worker, turn):
    """Return when every worker has reached this turn; what they wrote before it is then visible.

    turns (workers * STRIDE,) int64 is shared between the workers; a worker's turns only grow.
    """
    _publish(turns, worker * STRIDE, turn)
    for other in range(len(turns) // STRIDE):
        spins = 0
        while _observe(turns, other * STRIDE) < turn:
            spins += 1
            if spins > SPINS:
                _yield_core()
