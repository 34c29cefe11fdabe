"""Sphinx configuration: `make docs`. Neither a step nor a reader of the pages needs the network."""

import importlib.util
import os
import pkgutil
import re
import sys
import tempfile
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.parallel import make_chunks

import cevns
from cevns.exceptions import UnknownNameError
from cevns.report.gallery import entry

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

# Notebook kernels find the command line beside the interpreter that builds the documentation,
# and print help in one width everywhere, without the moving bars of a terminal.
os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
os.environ.update(COLUMNS="90", NO_COLOR="1", TERM="dumb", TTY_COMPATIBLE="0")
os.environ.pop("MPLBACKEND", None)  # the kernels draw inline
# Two pages run at a time: threads of linear algebra would only wait for each other, which doubled
# the time of many cells.
os.environ["OMP_NUM_THREADS"] = "1"
# Figures have twice the pixels of their size on the page, for screens that show them.
_ipython = tempfile.TemporaryDirectory(prefix="cevns-docs-")
_profile = Path(_ipython.name, "profile_default")
_profile.mkdir()
_profile.joinpath("ipython_kernel_config.py").write_text(
    "c.InlineBackend.figure_formats = {'retina'}\n", encoding="utf-8"
)
os.environ["IPYTHONDIR"] = _ipython.name

project = "cevns"
author = "The cevns developers"
copyright = "2026, the cevns developers"
release = installed_version("cevns")
version = ".".join(release.split(".")[:2])

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "notebooks",
    "offline",
    "sidebar",
]
exclude_patterns = ["_build", "jupyter_execute", "notebooks", "api/generated/*.ipynb"]

myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 180
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
autodoc_type_aliases = {"Array": "Array", "ArrayLike": "ArrayLike"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"
suppress_warnings = ["ref.python"]  # a type named in two modules is linked to the first

# MathJax stands beside the pages. Its package as an extension would forbid to read in parallel.
_MATHJAX = importlib.util.find_spec("sphinx-mathjax-offline")
assert _MATHJAX is not None
assert _MATHJAX.origin is not None
mathjax_path = "mathjax/tex-chtml.js"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"cevns {release}"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static", str(Path(_MATHJAX.origin).with_name("static"))]
html_css_files = ["cells.css"]


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


def document_once(
    app: Any, what: str, name: str, obj: object, skip: bool, options: Any
) -> bool | None:
    """Skip in a package what has a page of its own: the public module that defines it.

    What is defined in a private module appears in the package around that module.
    """
    if what != "module":
        return None
    page = app.env.docname.rpartition("/")[2]
    home = getattr(obj, "__module__", None) or page
    public = re.split(r"\._", home)[0]
    return True if public.startswith("cevns.") and public != page else None


def front_page() -> str:
    """The page of the package itself: its own names, whatever module they live in."""
    lines = ["cevns", "=====", "", ".. automodule:: cevns", ""]
    for name in cevns.__all__:
        if name.startswith("_"):
            continue
        is_class = isinstance(getattr(cevns, name), type)
        lines += [f".. {'autoclass' if is_class else 'autofunction'}:: cevns.{name}"]
        lines += ["   :members:", "   :inherited-members:"] if is_class else []
        lines += [""]
    return "\n".join(lines)


def write_api_pages(app: Any) -> None:
    """One page a public module, below the page of its package.

    Written here and not by autosummary, which looks modules up as attributes: a package may give
    a function the name of the module it lives in (`cevns.inference.fit`).
    """
    folder = Path(app.srcdir) / "api" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {}
    found = [m.name for m in pkgutil.walk_packages(cevns.__path__, "cevns.")]
    public = sorted(m for m in found if not re.search(r"\._", m) and not m.startswith("cevns.cli"))
    for module in public:
        text = f"{module}\n{'=' * len(module)}\n\n"
        text += f".. automodule:: {module}\n   :members:\n   :show-inheritance:\n"
        below = [m for m in public if m.rpartition(".")[0] == module]
        if below:
            text += "\n.. toctree::\n   :maxdepth: 1\n\n" + "".join(f"   {m}\n" for m in below)
        pages[folder / f"{module}.rst"] = text
    pages[folder / "cevns.rst"] = front_page()
    for old in set(folder.glob("*.rst")) - set(pages):
        old.unlink()
    for page, text in pages.items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def balance(app: Any, env: Any, docnames: list[str]) -> None:
    """Share the pages with cells evenly among the chunks that the processes read.

    Sphinx cuts the sorted names into chunks, which puts nearly all cells of this documentation into
    one of them, and the other processes wait. Here the pages with most cells come first, each into
    the chunk with the fewest so far.
    """
    chunks = [list(chunk) for chunk in make_chunks(docnames, app.parallel)]
    rooms = [len(chunk) for chunk in chunks]
    cells = {
        name: env.doc2path(name).read_text(encoding="utf-8").count("```{code-cell}")
        for name in docnames
    }
    dealt: list[list[str]] = [[] for _ in chunks]
    for name in sorted(docnames, key=lambda name: -cells[name]):
        open_chunks = [d for d, room in zip(dealt, rooms, strict=True) if len(d) < room]
        min(open_chunks, key=lambda d: sum(cells[n] for n in d)).append(name)
    docnames[:] = [name for chunk in dealt for name in chunk]


def describe_images(app: Any, doctree: nodes.document) -> None:
    """Give images of cells that have no text of their own one: the title of the gallery entry.

    A figure of something else is called as the section that it stands in.
    """
    for image in doctree.findall(nodes.image):
        if image.get("alt"):
            continue
        cell = image.parent
        while cell is not None and "cell" not in cell.get("classes", []):
            cell = cell.parent
        if cell is None:
            continue
        found = re.search(r'entry\("([\w-]+)"\)', cell.astext())
        try:
            image["alt"] = entry(found[1]).title if found else ""
        except UnknownNameError:
            image["alt"] = ""
        section = cell.parent
        while not image["alt"] and section is not None:
            if isinstance(section, nodes.section):
                image["alt"] = f"Figure: {section[0].astext()}"
            section = section.parent


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("builder-inited", write_api_pages)
    app.connect("env-before-read-docs", balance)
    app.connect("autodoc-process-docstring", keep_bars)
    app.connect("autodoc-skip-member", document_once)
    app.connect("doctree-read", describe_images)
