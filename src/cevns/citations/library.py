"""The entries that are carried, one file each in ``references/``, and what calls them.

A fragment has a field ``checked``: from which public record its fields were read. One that says
``no record`` has an identifier and nothing else.
"""

from __future__ import annotations

import re
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
_NAMED: Final = re.compile(r"  (eprint|doi) = \{(.*)\},")
_DOI: Final = re.compile(r"doi:(10\.\d{4,9}/[^\s,;\"'\])]+[^\s,;\"'\]).])")


@cache
def _index() -> dict[str, Path]:
    """Every fragment by the name of its file, key, arXiv number and DOI, in lower case.

    A fit cites a dozen of them: no more are parsed than are wanted.
    """
    found = {}
    for path in FOLDER.glob("*.bib"):
        head, *lines = path.read_text("utf-8").splitlines()
        known = (field for line in lines if (field := _NAMED.fullmatch(line)))
        named = [f"{'arxiv' if f[1] == 'eprint' else 'doi'}:{f[2]}" for f in known]
        for name in (path.stem, head.partition("{")[2].rstrip(","), *named):
            found[name.casefold()] = path
    return found


@cache
def _read(path: Path) -> Entry:
    return replace(parse(path.read_text("utf-8"), path.name), carried=True)


def library() -> dict[str, Entry]:
    """Every carried entry by its key, in the order of the files.

    Raises:
        InputError: if a file breaks its structure.
    """
    return {e.key: e for e in (_read(path) for path in sorted(FOLDER.glob("*.bib")))}


def entry(item: str) -> Entry:
    """The entry that an item of a citation means.

    Args:
        item: key of a carried entry or name of its file, ``arXiv:NUMBER``, ``doi:DOI``, BibTeX
            text, or words. What is not carried becomes an entry that holds the identifier, or the
            words, alone.

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
    if (known := _index().get(text.casefold())) is not None:
        return _read(known)
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
