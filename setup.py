"""Build into an empty folder; everything else about the package is in setup.cfg."""

import shutil

from setuptools import setup
from setuptools.command.build import build


class FreshBuild(build):
    """Without this, files of an earlier build that have since been removed get into the wheel."""

    def run(self) -> None:
        """Build, after removing what an earlier build left."""
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build": FreshBuild})
