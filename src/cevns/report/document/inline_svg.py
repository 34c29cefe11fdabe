"""Figures as elements of a page: the same figure is the same text, and no two share a name.

Figures name what they use more than once, clip paths, markers and letters, and matplotlib gives
these the same names in every figure. In one page the first would hold for all, so each figure has
a prefix of its own.
"""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any, Final

from cevns.report.document.page_elements import Picture
from cevns.report.drawing import style

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

__all__ = ["MOST_MARKS", "crowded", "inline", "picture"]

MOST_MARKS: Final = 20_000
"""Marks of one artist that are drawn one by one; more become an image."""
IMAGE_DPI: Final = 200
_METADATA: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_LEFT_OUT: Final = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<style\b.*?</style>", re.DOTALL)
_NAMED: Final = re.compile(r' id="([^"]+)"')
_USED: Final = re.compile(r'(?:\bxlink:href="#|\burl\(#)([^")]+)')
_PLACES: Final = re.compile(r'(?<= )(?:d|x|y|points)="[^"]*"|translate\([^)]*\)')
_LONG: Final = re.compile(r"-?\d+\.\d{3,}")
_STYLE: Final = re.compile(r'style="([^"]*)"')
_IMAGE: Final = re.compile(r'data:image/png;base64,[^"]*')


def _marks(artist: Artist) -> int:
    """How many marks an artist draws: cells, points or vertices of its lines."""
    import numpy as np
    from matplotlib.collections import Collection, QuadMesh
    from matplotlib.lines import Line2D

    if isinstance(artist, QuadMesh):
        return int(np.asarray(artist.get_array()).size)
    if isinstance(artist, Line2D):
        return len(np.asarray(artist.get_xydata()))
    if isinstance(artist, Collection):
        vertices = sum(len(np.asarray(path.vertices)) for path in artist.get_paths())
        return max(vertices, len(np.atleast_2d(np.asarray(artist.get_offsets()))))
    return 0


def crowded(figure: Figure) -> Iterator[Artist]:
    """Artists that would make a file of vectors grow without bound.

    Args:
        figure: any.
    """
    for artist in figure.findobj():
        if _marks(artist) > MOST_MARKS:
            yield artist


def inline(figure: Figure, prefix: str, label: str) -> str:
    """A figure as an element of a page; what is `crowded` in it becomes an image of 200 dpi.

    Args:
        figure: any of this package.
        prefix: before every name in it.
        label: what it is, for those who do not see it.

    Raises:
        MissingExtraError: if matplotlib or mplhep is not installed.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    for artist in crowded(figure):
        artist.set_rasterized(True)
    figure.set_dpi(IMAGE_DPI)  # of what becomes an image
    text = io.StringIO()
    rules: Any = {"svg.fonttype": "path", "svg.hashsalt": "cevns", "svg.image_inline": True}
    metadata: Any = _METADATA
    with style.context(), matplotlib.rc_context(rules):
        # once: `savefig` lays everything out twice, which takes half of the time
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(text, metadata=metadata)
    svg = text.getvalue()
    svg = _LEFT_OUT.sub("", svg[svg.index("<svg") :])
    svg = _named(_short(svg), prefix)
    head = f'<svg role="img" aria-label="{escape(label, quote=True)}"'
    return svg.replace("<svg", head, 1)


def _short(svg: str) -> str:
    """The same picture in half of the letters: blanks, and digits that nobody sees."""
    svg = _IMAGE.sub(lambda m: re.sub(r"\s+", "", m[0]), svg)
    svg = re.sub(r">\s+<", "><", svg)
    svg = re.sub(r"\s*\n\s*", " ", svg).strip()
    svg = _STYLE.sub(lambda m: m[0].replace("; ", ";").replace(": ", ":"), svg)
    return _PLACES.sub(lambda m: _LONG.sub(_shorter, m[0]), svg)


def _named(svg: str, prefix: str) -> str:
    """Short names with a prefix for what is used by its name; none for the rest."""
    used = set(_USED.findall(svg))
    names: dict[str, str] = {}
    for name in _NAMED.findall(svg):
        if name in used:
            names.setdefault(name, f"{prefix}-{len(names)}")
    svg = _NAMED.sub(lambda m: f' id="{names[m[1]]}"' if m[1] in names else "", svg)
    svg = _USED.sub(lambda m: m[0][: -len(m[1])] + names[m[1]], svg)
    return svg.replace("xlink:href=", "href=")


def _shorter(number: re.Match[str]) -> str:
    """A coordinate to a hundredth of a point, which nobody sees."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def picture(figure: Figure, prefix: str, label: str, sentence: str) -> Picture:
    """A figure with its label and the sentence below it.

    Args:
        figure: any of this package.
        prefix: of the names in it.
        label: what it is.
        sentence: what it shows.
    """
    wide = float(figure.get_size_inches()[0]) > 1.4 * style.SINGLE_IN
    return Picture(inline(figure, prefix, label), label, sentence, wide)
