"""What reaches a terminal: text as it is written, without markup and control characters."""

from __future__ import annotations

import codecs
import io
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["any_encoding", "printable", "screen"]

_CONTROL = {*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_SHOWN = {c: repr(chr(c))[1:-1] for c in _CONTROL - {ord("\n"), ord("\t")}}
_ASCII = {"±": "+/-", "−": "-", "×": "x", "─": "-", "σ": "sigma", "χ": "chi", "²": "^2"}


def printable(text: str) -> str:
    r"""Text of a user with its control characters shown, so that a terminal obeys none of them.

    Examples:
        >>> printable("red \x1b[31m [b]title[/b]")
        'red \\x1b[31m [b]title[/b]'
    """
    return text.translate(_SHOWN)


def screen(*, stderr: bool = False) -> Console:
    """A console on which every text is printed as it is; the program's own styles are `style=`.

    On a terminal lines end between words; in a file or a pipe a sentence is one line.
    """
    from rich.console import Console

    class Plain(Console):
        """All that is printed as text, cells and titles of tables too, comes through here."""

        def render_str(self, text: str, **how: Any) -> Any:
            return super().render_str(printable(text), **how)

    console = Plain(stderr=stderr, highlight=False, markup=False, emoji=False)
    console.soft_wrap = not console.is_terminal
    return console


def any_encoding() -> None:
    """Let standard output and error write what their encoding lacks in other words."""
    codecs.register_error("cevns", _in_other_words)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="cevns")


def _in_other_words(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_ASCII.get(c, "?") for c in lacking), error.end
