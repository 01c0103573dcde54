"""The door of the referee: ``python -m proofs_check``."""

import sys

from proofs_check.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
