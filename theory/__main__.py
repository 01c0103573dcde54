"""``python -m theory``: see `theory.commands.main`."""

import sys

from theory.commands.main import main

sys.exit(main())
