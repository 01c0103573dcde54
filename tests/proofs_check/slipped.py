"""Run ``check verify`` with one slip in the source of one module; no file is changed.

Usage: ``python slipped.py MODULE OLD NEW [CLAIM ...]``. OLD has to occur once in the module.
"""

import sys
from importlib import import_module
from importlib.machinery import PathFinder, SourceFileLoader


class Loader(SourceFileLoader):
    """Compiles the source with the slip in it, and keeps nothing of it."""

    def __init__(self, name, path, old, new):
        super().__init__(name, path)
        self.old, self.new = old, new

    def get_code(self, fullname):
        source = self.get_source(fullname)
        if source.count(self.old) != 1:
            raise ImportError(f"{self.old!r} must occur once in {fullname}")
        return compile(source.replace(self.old, self.new), self.path, "exec", dont_inherit=True)

    def exec_module(self, module):
        if not module.__name__.startswith("sim.kernels."):
            super().exec_module(module)
            return
        # machine code that is kept was compiled from the source without the slip
        jit = import_module("sim.kernels._jit")
        kept, jit.CACHE = jit.CACHE, False
        super().exec_module(module)
        jit.CACHE = kept


class Finder:
    """Finds the one module."""

    def __init__(self, module, old, new):
        self.module, self.old, self.new = module, old, new

    def find_spec(self, name, path=None, target=None):
        if name != self.module:
            return None
        spec = PathFinder.find_spec(name, path)
        spec.loader = Loader(name, spec.origin, self.old, self.new)
        return spec


# worker processes import this file under the second name, with the same arguments
if __name__ in ("__main__", "__mp_main__"):
    sys.meta_path.insert(0, Finder(*sys.argv[1:4]))

if __name__ == "__main__":
    from proofs_check.commands.main import main

    sys.exit(main(["verify", *sys.argv[4:]]))
