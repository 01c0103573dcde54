"""What holds for the kernels as a package: who may import what of it, and when it is recompiled."""

import re
from pathlib import Path

import sim

PACKAGE = Path(sim.__file__).parent


def test_private_modules_are_imported_by_kernels_only():
    private = re.compile(r"sim\.kernels\._|from sim\.kernels import .*\b_")
    outside = [path for path in PACKAGE.rglob("*.py") if PACKAGE / "kernels" not in path.parents]
    assert len(outside) > 50
    assert [path.name for path in outside if private.search(path.read_text())] == []
