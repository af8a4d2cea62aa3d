"""The documentation as a site: the pages of this folder, the API reference, a gallery of examples.

`make docs` builds it in docs/_build. Pages are Markdown; links between them are those that a
reader of the repository follows, too.
"""

import os
from importlib.metadata import version as version_of

from sphinx.application import Sphinx

# The examples start no GPU and no threads beyond their own, and TensorFlow keeps quiet.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

project = "spacegrouper"
author = "the authors of spacegrouper"
version = release = version_of("spacegrouper")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "gallery"]
# Links to headings are made as GitHub makes them.
myst_heading_anchors = 4
# Docstrings put code between single backticks.
default_role = "code"

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False


html_theme = "furo"
html_title = "spacegrouper"
html_copy_source = False
html_show_sphinx = False

# What pages of other folders are called in the site, where repository/ includes them.
_OTHER_FOLDERS = {
    "../config/README.md": "repository/configuration.md",
    "../results/README.md": "repository/results.md",
    "../cluster/README.md": "repository/cluster.md",
    "../benchmarks/README.md": "repository/benchmarks.md",
    "../CONTRIBUTING.md": "repository/contributing.md",
}


def _point_into_the_site(app: Sphinx, name: str, source: list[str]) -> None:
    for outside, page in _OTHER_FOLDERS.items():
        source[0] = source[0].replace(f"]({outside}", f"]({page}")


def setup(app: Sphinx) -> None:
    """Let links to other folders' pages lead to their place in the site."""
    app.connect("source-read", _point_into_the_site)
