import json
import os
import subprocess
import sys

import numpy as np
import pytest

from sim import files


def test_json_is_strict_and_comes_back():
    data = {"a": np.float32(0.5), "b": [np.inf, -np.inf, np.nan], "c": np.arange(3), "d": (1, None)}
    text = files.json_bytes(data).decode()
    found = json.loads(text, parse_constant=pytest.fail)
    assert found["b"] == ["Infinity", "-Infinity", "NaN"]
    np.testing.assert_array_equal([float(word) for word in found["b"]], data["b"])
    assert (found["a"], found["c"], found["d"]) == (0.5, [0, 1, 2], [1, None])
    with pytest.raises(TypeError, match="data to be written must be"):
        files.json_bytes({"a": object()})


def test_paths_that_are_no_text_can_be_written_down():
    name = os.fsdecode(b"run\xff")
    assert json.loads(files.json_bytes({"command": name}))["command"] == name


def test_what_a_killed_writer_left_is_swept_up(tmp_path):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    node = files.node_name()
    names = {
        f".trajectory.npz.{node}@{gone}.abcd_123": False,
        f".trajectory.npz.{node}@{os.getpid()}.abcd_123": True,  # being written
        ".trajectory.npz.elsewhere@1.abcd_123": True,  # perhaps
        ".trajectory.npz.long-ago@1.abcd_123": False,
        ".bashrc": True,
        "trajectory.npz": True,
    }
    for name in names:
        (tmp_path / name).touch()
    os.utime(tmp_path / ".trajectory.npz.long-ago@1.abcd_123", (0, 0))
    files.output_folder(tmp_path)
    assert {name: (tmp_path / name).exists() for name in names} == names


def test_a_folder_without_a_name_is_refused():
    with pytest.raises(ValueError, match=r"path must be a path .* that is not empty, got ''"):
        files.output_folder("")
