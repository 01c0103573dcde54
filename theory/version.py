"""The version that is installed, as setup.cfg has it."""

from importlib import metadata

try:
    __version__ = metadata.version("icl-markov")
except metadata.PackageNotFoundError:  # used from a folder, without installing
    __version__ = "not installed"
