"""Entries of a bibliography as BibTeX has them, one at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cevns.exceptions import InputError

__all__ = ["Entry", "parse"]

_HEAD: Final = re.compile(r"\s*@(\w+)\s*\{\s*([^,\s{}]+)\s*,")
_FIELD: Final = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*")
_BARE: Final = re.compile(r"\w+")
_COMMA: Final = re.compile(r"\s*,")
_MARK: Final = re.compile(r'[{}"]')


@dataclass(frozen=True)
class Entry:
    """One entry: its key, its kind and its fields, which hold LaTeX.

    Args:
        key: by which a text cites it.
        kind: ``article``, ``misc``, ...
        fields: values by their names in lower case.
        carried: whether cevns carries it; what is not stands whole in results.

    Examples:
        >>> helm = Entry("helm-1956", "misc", {"note": "Phys. Rev. 104 (1956) 1466"})
        >>> print(helm.bibtex())
        @misc{helm-1956,
          note = {Phys. Rev. 104 (1956) 1466},
        }
    """

    key: str
    kind: str
    fields: Mapping[str, str] = field(hash=False)
    carried: bool = False

    @property
    def identifiers(self) -> tuple[str, ...]:
        """What else it is called by: ``arXiv:...`` and ``doi:...``, where it has them."""
        of = {"eprint": "arXiv", "doi": "doi"}
        return tuple(f"{of[n]}:{self.fields[n]}" for n in of if n in self.fields)

    def bibtex(self) -> str:
        """The entry as BibTeX, a field a line."""
        lines = [f"  {name} = {{{value}}}," for name, value in self.fields.items()]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])


def parse(text: str, where: str = "this citation") -> Entry:
    r"""The one entry that a text holds.

    Values stand in braces, in quotation marks, or are one word; macros are not resolved.

    Args:
        text: BibTeX, as INSPIRE or a journal gives it.
        where: how a message calls it.

    Raises:
        InputError: if it is not one entry, or a value is not closed.

    Examples:
        >>> parse('@misc{a, title = "{On} {\\"U}bung", year = 1956}').fields["title"]
        '{On} {\\"U}bung'
    """
    head = _HEAD.match(text)
    if head is None:
        raise InputError(f"{where}: BibTeX begins with @KIND{{KEY, not with {text.strip()[:40]!r}")
    fields: dict[str, str] = {}
    at = head.end()
    while found := _FIELD.match(text, at):
        name = found[1].lower()
        if name in fields:
            raise InputError(f"{where}: the field {name!r} of {head[2]} is given twice")
        value, at = _value(text, found.end(), f"{where}: the field {name!r} of {head[2]}")
        fields[name] = " ".join(value.split())
        comma = _COMMA.match(text, at)
        at = at if comma is None else comma.end()
    if text[at:].strip() != "}":
        raise InputError(
            f"{where}: expected one field after another and a closing brace in {head[2]}, got "
            f"{text[at:].strip()[:40]!r}"
        )
    return Entry(head[2], head[1].lower(), fields)


def _value(text: str, at: int, what: str) -> tuple[str, int]:
    """The value that begins at a place, and where it ends."""
    first = text[at : at + 1]
    if first not in ("{", '"'):
        bare = _BARE.match(text, at)
        if bare is None:
            raise InputError(f"{what} has no value")
        return bare[0], bare.end()
    depth, end = 0, "}" if first == "{" else '"'
    for mark in _MARK.finditer(text, at + 1):
        if depth == 0 and mark[0] == end:
            return text[at + 1 : mark.start()], mark.end()
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        if depth < 0:
            break
    raise InputError(f"{what} is not closed")
