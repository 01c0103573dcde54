"""``python -m proofs_check``: the same as ``icl-markov check``."""

import sys

from proofs_check.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
