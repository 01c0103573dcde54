"""Sphinx configuration: `make -C docs html`, or `python -m sphinx -W docs docs/_build/html`."""

import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "agg")

import sim

ROOT = Path(__file__).parents[1]

project = "icl-markov"
author = "The icl-markov authors"
release = version = sim.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    # formulae can be read without a network
    "sphinx-mathjax-offline",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "sg_execution_times.rst"]
html_theme = "furo"
html_static_path = ["_static"]
html_title = f"icl-markov {release}"

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "tutorials",
    "filename_pattern": r"/\d\d_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "min_reported_time": 1,
}
