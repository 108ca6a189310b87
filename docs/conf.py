"""Settings of the site: ``sphinx-build -W docs site`` makes it."""

from __future__ import annotations

import sys
from pathlib import Path

import chainrule

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "chainrule"
author = "The chainrule authors"
copyright = author
version = release = chainrule.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "formulas",
    "equations",
    "sessions",
    "pictures",
    "docstrings",
    "links",
    "steps",
    "kernels",
]
myst_enable_extensions = ["dollarmath", "deflist", "attrs_inline", "attrs_block"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
exclude_patterns = ["results"]
html_math_renderer = "mathml"

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {name: name for name in ("Array", "Floats", "Params", "Values")}
add_module_names = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 70
viewcode_line_numbers = True

# An Activation may be a built-in one or one from a formula: the reference has both by that name.
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = "chainrule"
html_static_path = ["_static", "../src/chainrule/pages/fonts"]
html_css_files = ["book.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "tango"
pygments_dark_style = "monokai"
