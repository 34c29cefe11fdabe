"""Sphinx configuration: `make docs`. No step needs the network."""

import os
import re
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

# Notebook kernels find the command line beside the interpreter that builds the documentation,
# and print help in one width everywhere.
os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
os.environ.update(COLUMNS="90", NO_COLOR="1", TERM="dumb", MPLBACKEND="agg")

project = "cevns"
author = "The cevns developers"
copyright = "2026, the cevns developers"
release = installed_version("cevns")
version = ".".join(release.split(".")[:2])

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "jupyter_execute", "api/generated/*.ipynb"]
templates_path = ["_templates"]

myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 180
nb_merge_streams = True

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
autodoc_type_aliases = {"Array": "Array", "ArrayLike": "ArrayLike"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"cevns {release}"
html_show_sphinx = False
html_copy_source = False


def keep_bars(app: Any, what: str, name: str, obj: object, options: Any, lines: list[str]) -> None:
    """Show `|x|` in a docstring as written: to docutils it would be a substitution.

    Literal text (double backticks, doctests, blocks after `::`) is left alone.
    """
    literal_indent: int | None = None
    doctest = False
    for i, line in enumerate(lines):
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        doctest = bool(text) and (doctest or text.startswith(">>>"))
        if text and literal_indent is not None and indent <= literal_indent:
            literal_indent = None
        if not doctest and literal_indent is None:
            parts = re.split(r"(``.*?``|`[^`]*`)", line)
            parts[::2] = [re.sub(r"(?<!\\)\|", r"\|", part) for part in parts[::2]]
            lines[i] = "".join(parts)
        if text.endswith("::"):
            literal_indent = indent


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", keep_bars)
