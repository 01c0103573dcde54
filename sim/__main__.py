"""The door of the simulation room: ``python -m sim``."""

import sys

from sim.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
