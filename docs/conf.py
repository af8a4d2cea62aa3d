"""The documentation as a site: the pages of this folder, the API reference, a gallery of examples.

`make docs` builds it in docs/_build. Pages are Markdown; links between them are those that a
reader of the repository follows, too.
"""

import os
import re
from importlib.metadata import version as version_of

from sphinx.application import Sphinx

# TensorFlow, which some modules import, keeps quiet.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

project = "spacegrouper"
author = "the authors of spacegrouper"
version = release = version_of("spacegrouper")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "gallery"]
templates_path = ["_templates"]
# Links to headings are made as GitHub makes them.
myst_heading_anchors = 4
# Blocks of code that name no language are commands, tables or formulas.
highlight_language = "text"
# Docstrings put code between single backticks.
default_role = "code"

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
# Classes of two rooms may share a name. An annotation in quotes then links to one of them.
suppress_warnings = ["ref.python"]


# Examples run when they have changed.
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "capture_repr": (),
    "min_reported_time": 60,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}

html_theme = "furo"
html_title = "spacegrouper"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

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


def _read_as_plain_text(
    app: Sphinx, kind: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Make a docstring's indented tables and formulas blocks of code, and keep |F| as it is."""
    read: list[str] = []
    before = ""
    is_code = False
    for line in lines:
        is_indented = line.startswith("    ")
        if is_indented and not is_code and before and not before.startswith(" ") and not read[-1]:
            read += ["::", ""]
            is_code = True
        is_code = is_code and (is_indented or not line)
        read.append(line if is_code else re.sub(r"\|(?=[^`]*(`[^`]*`[^`]*)*$)", r"\\|", line))
        before = line or before
    lines[:] = read


def _leave_out_addresses(
    app: Sphinx,
    kind: str,
    name: str,
    thing: object,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str, str | None] | None:
    """Write defaults that are functions as dots."""
    return (re.sub(r"<function .*?(<lambda>)?>", "...", signature), returns) if signature else None


def setup(app: Sphinx) -> None:
    """Let links lead to pages of other folders, and docstrings be the plain texts that they are."""
    app.connect("source-read", _point_into_the_site)
    app.connect("autodoc-process-docstring", _read_as_plain_text, priority=400)
    app.connect("autodoc-process-signature", _leave_out_addresses)
