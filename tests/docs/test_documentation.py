"""Pages as notebooks, and what every built page must be: readable without the network."""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import cevns

DOCS = Path(__file__).resolve().parents[2] / "docs"
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("jupytext")
pytest.importorskip("sphinx")


def extension(name: str) -> ModuleType:
    """A module of the documentation, which is no part of a package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / "_ext" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NOTEBOOKS = extension("notebooks")
OFFLINE = extension("offline")
PAGES = NOTEBOOKS.pages(DOCS)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_is_a_notebook(page: Path) -> None:
    book = NOTEBOOKS.notebook(page, "1.2.3")
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    assert "1.2.3" in book.cells[0].source
    code = [c.source for c in book.cells if c.cell_type == "code"]
    words = "\n".join(c.source for c in book.cells if c.cell_type == "markdown")
    assert code
    assert "{code-cell}" not in words
    assert "tempfile.mkdtemp" not in "\n".join(code)
    assert page.read_text(encoding="utf-8").count("```{code-cell}") - len(code) in (0, 1)
    assert ".md" not in words.replace(".md`", "")
    again = NOTEBOOKS.notebook(page, "1.2.3")
    assert nbformat.writes(book) == nbformat.writes(again)


def test_the_api_page_lists_every_module() -> None:
    """A page that is in no list stops the build of the documentation."""
    found = (m.name for m in pkgutil.iter_modules(cevns.__path__, "cevns."))
    public = {m for m in found if not m.startswith(("cevns._", "cevns.cli"))}
    lines = (DOCS / "api" / "index.md").read_text().splitlines()
    listed = {line.removeprefix("generated/") for line in lines if line.startswith("generated/")}
    assert listed == public | {"cevns"}


def test_every_page_is_in_a_list() -> None:
    listed = set()
    for page in DOCS.rglob("*.md"):
        for toc in re.findall(r"```{toctree}\n(.*?)```", page.read_text(), flags=re.DOTALL):
            names = (line.strip() for line in toc.splitlines() if line.strip()[:1] not in ("", ":"))
            listed |= {page.parent.joinpath(n.split("<")[-1].strip("> ")) for n in names}
    pages = {p.with_suffix("") for p in DOCS.rglob("*.md") if "_build" not in p.parts}
    left = {p.relative_to(DOCS).as_posix() for p in pages - listed} - {"index"}
    assert not {p for p in left if not p.startswith(("notebooks", "jupyter_execute"))}


def test_the_tutorials_are_there() -> None:
    wanted = {
        *("first-fit", "joint-fit", "new-physics", "own-experiment", "own-model"),
        *("quenching", "projection", "exporting", "generating-events"),
    }
    assert wanted <= {p.stem for p in PAGES}
    listed = (DOCS / "index.md").read_text(encoding="utf-8").split()
    assert all(p.relative_to(DOCS).with_suffix("").as_posix() in listed for p in PAGES)


def test_a_page_offers_its_notebook() -> None:
    class App:
        srcdir = str(DOCS)

    source = ["---\na: b\n---\n\n# A title\n\nText\n\n# no second one\n"]
    NOTEBOOKS.link(App(), "tutorials/first-fit", source)
    assert source[0].count("{download}") == 1
    assert "# A title\n\n{download}`" in source[0]
    assert "<../notebooks/first-fit.ipynb>" in source[0]
    other = ["# Another page\n"]
    NOTEBOOKS.link(App(), "scans", other)
    assert other == ["# Another page\n"]
    with pytest.raises(ValueError, match="has no title"):
        NOTEBOOKS.link(App(), "own-model", ["text alone\n"])


@pytest.mark.slow
def test_a_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of an own experiment: it writes files, fits, and shows tables and figures."""
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("pandas")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("MPLBACKEND", raising=False)
    book = NOTEBOOKS.notebook(DOCS / "tutorials" / "own-experiment.md", "1.2.3")
    client.NotebookClient(book, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    outputs: list[Any] = [o for c in book.cells for o in c.get("outputs", ())]
    kinds = {kind for o in outputs for kind in o.get("data", ())}
    assert {"text/html", "image/png"} <= kinds
    assert (tmp_path / "counts.csv").exists()
    assert not [o for o in outputs if o.output_type == "error"]


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<script src="https://doi.org/c.js"></script>', "loads https://doi.org/c.js"),
        ('<link rel="stylesheet" href="//doi.org/c.css">', "loads //doi.org/c.css"),
        ('<script src="_static/a.js?v=1"></script>', "loads _static/a.js?v=1, which is not there"),
        ('<a href="x.html"></a>', "has a link without a text to x.html"),
        ('<a href="x.html"> <span> </span></a>', "has a link without a text to x.html"),
    ],
)
def test_pages_that_are_refused(html: str, fault: str, tmp_path: Path) -> None:
    assert OFFLINE.faults(html, tmp_path) == [fault]


def test_pages_that_are_fit_for_use(tmp_path: Path) -> None:
    for name in ("a.js", "y.png"):
        (tmp_path / name).touch()
    html = (
        '<script src="a.js?v=1"></script><img src="data:image/png;base64,AA" alt="b">'
        '<link rel="next" href="https://doi.org/c">'
        '<a href="https://arxiv.org/abs/1">a paper</a><a href="#x"><img src="y.png" alt="a"></a>'
        '<a class="sd" aria-label="up" href="#"></a>'
    )
    assert OFFLINE.faults(html, tmp_path) == []


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ("scans", {"collapse": False, "maxdepth": 2}),
        ("measurements/xenon", {"collapse": False, "maxdepth": 2}),
        ("api/generated/cevns.rates", {"collapse": True, "maxdepth": -1}),
        ("_modules/cevns/units", {"collapse": True, "maxdepth": -1}),
    ],
)
def test_the_sidebar_of_a_page(page: str, asked: dict[str, object]) -> None:
    """The tree of all modules is not written into every page: that took half of the build."""
    context: dict[str, Any] = {"toctree": lambda **given: given}
    extension("sidebar").shorten(None, page, "page.html", context, None)
    assert context["toctree"](collapse=False, maxdepth=-1) == asked


def test_a_page_without_a_tree_is_left_alone() -> None:
    context: dict[str, Any] = {}
    extension("sidebar").shorten(None, "search", "search.html", context, None)
    assert context == {}
