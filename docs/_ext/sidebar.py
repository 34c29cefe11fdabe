"""A sidebar that does not repeat the whole interface of Python on each of its thousand pages.

The theme writes the tree of all pages into every page, and a reader opens its branches. A page of
the interface, or of a source file, has the branch that it lies on; a page of the guide has all of
the guide and the rooms of the package.
"""

from __future__ import annotations

from typing import Any

__all__ = ["setup", "shorten"]


def shorten(
    app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Leave out what is not near, before the theme asks for the tree."""
    whole = context.get("toctree")
    if whole is None:
        return
    of_code = pagename.startswith(("api/", "_modules/"))
    limits = {"collapse": True} if of_code else {"maxdepth": 2}
    context["toctree"] = lambda **asked: whole(**asked | limits)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("html-page-context", shorten, priority=400)  # furo listens at 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
