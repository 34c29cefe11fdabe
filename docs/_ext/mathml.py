"""Formulas as MathML, written when the pages are built: no script, no network, no LaTeX."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from latex2mathml.converter import convert
from sphinx.util import logging

__all__ = ["mathml", "setup"]

_LOG = logging.getLogger(__name__)


def mathml(latex: str, *, block: bool) -> str:
    """A formula as an element ``<math>``.

    Raises:
        ValueError: if a command is unknown.
    """
    try:
        found = convert(latex.strip(), display="block" if block else "inline")
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise ValueError(message) from error
    if left := re.search(r">\\[A-Za-z]+", found):
        message = f"{left[0][1:]} is unknown"
        raise ValueError(message)
    return found


def _written(node: Any, *, block: bool) -> str:
    latex = node.astext()
    try:
        return mathml(latex, block=block)
    except ValueError as error:
        _LOG.warning("the formula %r is not rendered: %s", latex, error, location=node)
        return f"<code>{escape(latex)}</code>"


def _inline(self: Any, node: Any) -> None:
    from docutils.nodes import SkipNode

    self.body.append(f'<span class="math">{_written(node, block=False)}</span>')
    raise SkipNode


def _block(self: Any, node: Any) -> None:
    from docutils.nodes import SkipNode

    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(_written(node, block=True))
    if node["number"]:
        self.body.append(f'<span class="eqno">({node["number"]})</span>')
        self.add_permalink_ref(node, "Link to this equation")
    self.body.append("</div>")
    raise SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
