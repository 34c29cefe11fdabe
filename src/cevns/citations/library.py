"""The entries that are carried, one file each in ``references/``, and what calls them.

A fragment has a field ``checked``: from which public record its fields were read. One that says
``no record`` has an identifier and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from cevns.citations.bibtex_entry import Entry, parse
from cevns.citations.plain_text import escaped

__all__ = ["FOLDER", "entry", "identifiers_in", "library"]

FOLDER: Final = Path(__file__).parent / "references"
_ARXIV: Final = r"\d{4}\.\d{4,5}|[a-z]+-[a-z]+/\d{7}|physics/\d{7}"
_LISTED: Final = re.compile(rf"arXiv:\s?((?:{_ARXIV})(?:(?:,|,? and) (?:{_ARXIV}))*)")
_BARE: Final = re.compile(r"(?<![\w/:-])(?:[a-z]+-[a-z]+|physics)/\d{7}")
_ADDRESSES: Final = (
    (re.compile(r"^https?://arxiv\.org/(?:abs|pdf)/", re.IGNORECASE), "arXiv:"),
    (re.compile(r"^https?://(?:dx\.)?doi\.org/", re.IGNORECASE), "doi:"),
    (re.compile(r"^(arxiv:.*\d)v\d+$", re.IGNORECASE), r"\1"),
)
"""What stands for an identifier, and the identifier: addresses, and versions of a preprint."""
_DOI: Final = re.compile(r"doi:(10\.\d{4,9}/[^\s,;\"'\])]+[^\s,;\"'\]).])")


@cache
def _fragment(stem: str) -> Entry | None:
    """The entry in the file of a name, without its ending; None if there is no such file."""
    path = FOLDER / f"{stem}.bib"
    if not path.is_file():
        return None
    return replace(parse(path.read_text("utf-8"), path.name), carried=True)


@cache
def _carried() -> tuple[Entry, ...]:
    """Every entry, in the order of the files."""
    found = (_fragment(path.stem) for path in sorted(FOLDER.glob("*.bib")))
    return tuple(each for each in found if each is not None)


@cache
def _index() -> dict[str, Entry]:
    """Every entry by its key, arXiv number and DOI, in lower case."""
    return {name.casefold(): each for each in _carried() for name in (each.key, *each.identifiers)}


@cache
def _known(text: str, beside: tuple[str, ...]) -> Entry | None:
    """The carried entry of a name, for which no more files are read than are needed.

    An arXiv number is the name of its file, and a DOI is often that of a paper whose arXiv number
    is given beside it. All files are read only for other keys and DOIs.
    """
    name = text.casefold()
    if re.search(r"\s", name):  # words
        return None
    stem = name.replace(":", "-", 1).replace("/", "-")
    if re.fullmatch(r"[\w.-]{1,100}", stem) and (found := _fragment(stem)) is not None:
        return found
    if name.startswith("arxiv:"):
        return None
    for other in beside:
        near = _known(other, ()) if other.casefold().startswith("arxiv:") else None
        if near is not None and name in {i.casefold() for i in near.identifiers}:
            return near
    return _index().get(name)


def library() -> dict[str, Entry]:
    """Every carried entry by its key, in the order of the files.

    Raises:
        InputError: if a file breaks its structure.
    """
    return {each.key: each for each in _carried()}


def entry(item: str, beside: Iterable[str] = ()) -> Entry:
    """The entry that an item of a citation means.

    Args:
        item: key of a carried entry or name of its file, ``arXiv:NUMBER``, ``doi:DOI``, their
            addresses, BibTeX text, or words. What is not carried becomes an entry that holds the
            identifier, or the words, alone.
        beside: items of the same list, in whose entries it is looked for first.

    Raises:
        InputError: if BibTeX text is not one entry.

    Examples:
        >>> entry("arXiv:1007.1727").key
        'Cowan:2010js'
        >>> print(entry("arXiv:9912.99999").bibtex())
        @misc{arXiv:9912.99999,
          eprint = {9912.99999},
          archiveprefix = {arXiv},
          note = {arXiv:9912.99999},
        }
        >>> entry("our logbook, page 12").fields["note"]
        'our logbook, page 12'
    """
    text = item.strip()
    if text.startswith("@"):
        return parse(text)
    for written, plain in _ADDRESSES:
        text = written.sub(plain, text)
    if (known := _known(text, tuple(beside))) is not None:
        return known
    kind, _, number = text.partition(":")
    fields = {"note": escaped(text)}
    if kind.casefold() == "arxiv" and re.fullmatch(_ARXIV, number):
        fields = {"eprint": number, "archiveprefix": "arXiv", **fields}
    elif _DOI.fullmatch(text):
        fields = {"doi": number, **fields}
    else:
        plain = text.encode("ascii", "ignore").decode().lower()
        text = "-".join(re.findall(r"[a-z0-9]+", plain)[:8]) or "source"
    return Entry(text, "misc", fields)


def identifiers_in(text: str) -> tuple[str, ...]:
    """The arXiv numbers and DOIs that a text names, each once, in their order.

    Examples:
        >>> identifiers_in("arXiv:1604.01025, 1802.05171 [M]; hep-ph/0508299")
        ('arXiv:1604.01025', 'arXiv:1802.05171', 'arXiv:hep-ph/0508299')
        >>> identifiers_in("Zenodo, doi:10.5281/zenodo.1228631.")
        ('doi:10.5281/zenodo.1228631',)
    """
    found: list[tuple[int, str]] = []
    for match in _LISTED.finditer(text):
        numbers = re.finditer(_ARXIV, match[1])
        found += [(match.start(1) + n.start(), f"arXiv:{n[0]}") for n in numbers]
    found += [(match.start(), f"arXiv:{match[0]}") for match in _BARE.finditer(text)]
    found += [(match.start(), match[0]) for match in _DOI.finditer(text)]
    return tuple(dict.fromkeys(name for _, name in sorted(found)))
