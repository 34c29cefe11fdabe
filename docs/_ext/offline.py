"""Built pages need no network, and every link in them has a text: checked when they are built."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sphinx.errors import SphinxError

__all__ = ["faults", "setup"]

_LOADED: Final = {"script": "src", "link": "href", "img": "src", "iframe": "src"}
_COLOURED: Final = re.compile(r"</?span\b[^>]*>")
"""Most tags of a page of code, none of which loads or links anything."""
_OF_NO_PAGE: Final = {"canonical", "next", "prev", "index", "search"}


class _Page(HTMLParser):
    """Gathers what a page loads that does not stand beside it, and links without a text."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.found: list[str] = []
        self.link: str | None = None
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        address = named.get(_LOADED.get(tag, "")) or ""
        if named.get("rel") not in _OF_NO_PAGE:
            parts = urlsplit(address)
            if parts.netloc:
                self.found.append(f"loads {address}")
            elif not parts.scheme and not (self.folder / unquote(parts.path)).exists():
                self.found.append(f"loads {address}, which is not there")
        if tag == "a" and "href" in named:
            self.link, self.text = named["href"], named.get("aria-label") or ""
        elif self.link is not None and tag in ("img", "svg"):
            self.text += named.get("alt") or "a picture"

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.link is not None:
            if not self.text.strip():
                self.found.append(f"has a link without a text to {self.link}")
            self.link = None


def faults(html: str, folder: Path) -> list[str]:
    """What a page in a folder loads that is not beside it, and its links that nobody can read."""
    page = _Page(folder)
    page.feed(_COLOURED.sub("", html))
    return page.found


def check(app: Any, exception: Exception | None) -> None:
    """Refuse pages with faults.

    Raises:
        SphinxError: if there are any.
    """
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    found = [
        f"{path.relative_to(out)} {fault}"
        for path in sorted(out.rglob("*.html"))
        for fault in faults(path.read_text(encoding="utf-8"), path.parent)
    ]
    if found:
        message = "\n".join(["the built pages are not fit for use:", *found[:20]])
        raise SphinxError(message)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
