"""``python -m sim``: the same as ``icl-markov sim``."""

import sys

from sim.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
