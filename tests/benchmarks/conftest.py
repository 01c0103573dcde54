"""The benchmarks are run from the repository and never installed."""

import sys
from pathlib import Path

# last, so that sim and theory are still those that are installed
sys.path.append(str(Path(__file__).parents[2]))
