"""Tutorials as notebooks: each page is the only source, its notebook is made with the pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import jupytext
import nbformat

__all__ = ["notebook", "pages", "setup"]

PAGES: Final = ("tutorials/*.md", "own-model.md")
FOLDER: Final = "notebooks"
_HEAD: Final = (
    "*This notebook is made from a page of the documentation of cevns {release}. It needs* "
    '`pip install "cevns[all]"` *and a folder that it may write to.*'
)
_LINK: Final = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)\s]*\)")


def pages(docs: Path) -> tuple[Path, ...]:
    """The pages that are notebooks too."""
    return tuple(sorted(path for pattern in PAGES for path in docs.glob(pattern)))


def notebook(page: Path, release: str) -> Any:
    """The notebook of a page: links to other pages as their text, hidden cells left out.

    Args:
        page: in MyST markdown.
        release: of cevns, which the first cell names.
    """
    found = jupytext.reads(page.read_text(encoding="utf-8"), fmt="md:myst")
    found.metadata = nbformat.from_dict({"kernelspec": found.metadata["kernelspec"]})
    cells = [c for c in found.cells if "remove-cell" not in c.metadata.get("tags", ())]
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(_text, cell.source)
    head = nbformat.v4.new_markdown_cell(_HEAD.format(release=release))
    found.cells = [head, *cells]
    for i, cell in enumerate(found.cells):
        cell["id"] = f"cell-{i:03d}"  # a random one would make each build another one
    nbformat.validate(found)
    return found


def _text(link: re.Match[str]) -> str:
    """What a link says; without words the page is named."""
    return link[1] or "the documentation"


def write(app: Any) -> None:
    """All notebooks, beside the pages, where they are downloaded from."""
    docs = Path(app.srcdir)
    folder = docs / FOLDER
    folder.mkdir(exist_ok=True)
    wanted = {folder / f"{page.stem}.ipynb": page for page in pages(docs)}
    for old in set(folder.glob("*.ipynb")) - set(wanted):
        old.unlink()
    for path, page in wanted.items():
        text = nbformat.writes(notebook(page, app.config.release)) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def link(app: Any, name: str, source: list[str]) -> None:
    """A line below the title of such a page, from which its notebook is downloaded."""
    docs = Path(app.srcdir)
    page = docs / f"{name}.md"
    if page not in pages(docs):
        return
    up = "../" * name.count("/")
    line = f"{{download}}`Download this page as a notebook <{up}{FOLDER}/{page.stem}.ipynb>`"
    source[0], count = re.subn(r"(?m)^(# .+)$", rf"\1\n\n{line}", source[0], count=1)
    if not count:
        message = f"{page} has no title below which its notebook could be offered"
        raise ValueError(message)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", write)
    app.connect("source-read", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
