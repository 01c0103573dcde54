"""Numba's files of compiled code with checksums: one that is damaged is compiled again.

Numba itself believes whatever is in them. Besides, a name is made from the signature, so that two
processes that compile different signatures at the same time do not write to the same file.
"""

import contextlib
import hashlib
import pickle
from pathlib import Path

from numba.core.caching import IndexDataCacheFile

SIZE = hashlib.sha256().digest_size


class CheckedCacheFile(IndexDataCacheFile):
    """The index of a function's compiled versions, and a file for each of them."""

    def save(self, key, data):
        name = self._data_name(int(hashlib.sha256(repr(key).encode()).hexdigest()[:12], 16))
        # a disk that is full costs the next process time, not this one its run
        with contextlib.suppress(OSError):
            self._save_data(name, data)
            self._save_index(self._load_index() | {key: name})

    def _save_index(self, overloads):
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_index(self):
        with contextlib.suppress(Exception):  # not there, damaged, or of another Numba
            version, stamp, overloads = self._read(self._index_path)
            if (version, stamp) == (self._version, self._source_stamp):
                return overloads
        return {}

    def _save_data(self, name, data):
        self._write(self._data_path(name), data)

    def _load_data(self, name):
        return self._read(self._data_path(name))

    def _write(self, path, data):
        content = self._dump(data)
        with self._open_for_write(path) as file:
            file.write(hashlib.sha256(content).digest() + content)

    def _read(self, path):
        content = Path(path).read_bytes()
        if hashlib.sha256(content[SIZE:]).digest() != content[:SIZE]:
            raise OSError(f"{path} is damaged")  # which Numba takes for: not there
        return pickle.loads(content[SIZE:])
