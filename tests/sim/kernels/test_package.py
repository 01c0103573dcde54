"""What holds for the kernels as a package: who may import what of it, and when it is recompiled."""

import re
from pathlib import Path

import pytest

import sim
from sim.kernels import _jit, counts

PACKAGE = Path(sim.__file__).parent


def test_private_modules_are_imported_by_kernels_only():
    private = re.compile(r"sim\.kernels\._|from sim\.kernels import .*\b_")
    outside = [path for path in PACKAGE.rglob("*.py") if PACKAGE / "kernels" not in path.parents]
    assert len(outside) > 50
    assert [path.name for path in outside if private.search(path.read_text())] == []


def test_stamp_of_cached_code_covers_subfolders_and_sees_an_edit(tmp_path):
    inner = tmp_path / "inner" / "helper.py"
    inner.parent.mkdir()
    inner.write_text("a = 1")
    (tmp_path / "kernel.py").write_text("b = 2")
    (tmp_path / "notes.txt").write_text("not compiled")
    before = _jit.stamp.__wrapped__(tmp_path)
    assert [name for name, *_ in before] == ["inner/helper.py", "kernel.py"]
    inner.write_text("a = 10")
    assert _jit.stamp.__wrapped__(tmp_path) != before


@pytest.mark.skipif(not _jit.CACHE, reason="the cache is switched off")
def test_every_kernel_is_stamped_with_all_sources():
    _, sources = counts.ngram._cache._cache_file._source_stamp
    assert {name for name, *_ in sources} >= {"minimal.py", "_vector.py", "__init__.py"}
