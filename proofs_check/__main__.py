"""``python -m proofs_check``: the same as ``icl-markov check``."""

import sys

from proofs_check.commands.icl_markov import run_room

if __name__ == "__main__":
    sys.exit(run_room("check", sys.argv[1:], "python -m proofs_check"))
