"""``python -m benchmarks``."""

import os

# before any peer is imported: one thread, so that rows compare code and not schedulers
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

from benchmarks.cli import main  # noqa: E402

raise SystemExit(main())
