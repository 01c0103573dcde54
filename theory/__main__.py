"""``python -m theory``: the same as ``icl-markov theory``."""

import sys

from theory.commands.main import main

sys.exit(main())
