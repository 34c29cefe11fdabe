"""What a run used, and what for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self, runtime_checkable

from cevns.citations.bibtex_entry import Entry, parse
from cevns.citations.library import entry
from cevns.citations.plain_text import markdown, text
from cevns.exceptions import InputError, UnknownNameError

__all__ = ["Citations", "Citing", "of_model", "written"]

_NONE: Final = "none:"
"""Beginning of a sentence that says why there is no source."""
_FILE: Final = "file:"
"""Beginning of a sentence that says which numbers are those of the file that uses them."""


@runtime_checkable
class Citing(Protocol):
    """A model whose sources depend on its arguments."""

    @property
    def cites(self) -> Mapping[str, Sequence[str] | str]:
        """Items of `cevns.citations.entry`, by what they are used for."""
        ...


@dataclass(frozen=True)
class Citations:
    """Entries of a bibliography, each with what it was used for; made with `of`.

    Args:
        pairs: an entry and a use, each pair once.

    Examples:
        >>> used = Citations.of(["arXiv:1007.1727"], "asymptotic distributions")
        >>> used.records()
        [{'key': 'Cowan:2010js', 'role': 'asymptotic distributions'}]
        >>> print(used.bibtex().splitlines()[0])
        % used for: asymptotic distributions
    """

    pairs: tuple[tuple[Entry, str], ...] = ()

    @classmethod
    def of(cls, items: Iterable[str] | str, role: str, own: Sequence[str] = ()) -> Self:
        """The entries of some items, all used for the same.

        Args:
            items: as `cevns.citations.entry` has them; see `written`.
            role: what they are used for.
            own: items of the file that uses them.

        Raises:
            InputError: if an item is BibTeX text and not one entry.
        """
        named = written(items, own)
        return cls.joined(cls(((entry(item, named), role),)) for item in named)

    @classmethod
    def joined(cls, several: Iterable[Citations]) -> Self:
        """All of several, each pair once, in their order."""
        return cls(tuple(dict.fromkeys(pair for one in several for pair in one.pairs)))

    def __add__(self, other: Citations) -> Citations:
        """Both, each pair once."""
        return Citations.joined([self, other])

    @property
    def entries(self) -> dict[str, Entry]:
        """Each entry once, by its key."""
        found: dict[str, Entry] = {}
        for each, _ in self.pairs:
            found.setdefault(each.key, each)
        return found

    def roles(self, key: str) -> tuple[str, ...]:
        """What the entry of a key is used for."""
        return tuple(role for each, role in self.pairs if each.key == key)

    def records(self) -> list[dict[str, str]]:
        """``key`` and ``role`` of each pair; ``bibtex`` of an entry that cevns does not carry."""
        out = []
        for each, role in self.pairs:
            own = {} if each.carried else {"bibtex": each.bibtex()}
            out.append({"key": each.key, "role": role, **own})
        return out

    @classmethod
    def read(cls, records: Iterable[Mapping[str, Any]]) -> Self:
        """What `records` has written.

        Raises:
            InputError: if a record has no key and role, or names an entry that is not known.
        """
        pairs = []
        for record in records:
            if not {"key", "role"} <= {k for k, v in record.items() if isinstance(v, str)}:
                raise InputError(f"a citation has 'key' and 'role', this one is {dict(record)}")
            if isinstance(own := record.get("bibtex"), str):
                pairs.append((parse(own), record["role"]))
            elif (known := entry(record["key"])).carried:
                pairs.append((known, record["role"]))
            else:
                raise InputError(
                    f"this version of cevns has no entry {record['key']!r}: a later one has "
                    "written the citations; install that"
                )
        return cls(tuple(dict.fromkeys(pairs)))

    def bibtex(self) -> str:
        """A ``.bib`` file; a comment above each entry says what it was used for."""
        return "\n\n".join(
            f"% used for: {', '.join(self.roles(key))}\n{_shown(each).bibtex()}"
            for key, each in self.entries.items()
        )

    def text(self) -> str:
        """A numbered list for people."""
        return "\n".join(
            f"[{i}] {text(each)}\n    used for: {', '.join(self.roles(key))}"
            for i, (key, each) in enumerate(self.entries.items(), 1)
        )

    def markdown(self) -> str:
        """A numbered list with links."""
        return "\n".join(
            f"{i}. {markdown(each)} — {', '.join(self.roles(key))}"
            for i, (key, each) in enumerate(self.entries.items(), 1)
        )

    def __str__(self) -> str:
        """The list for people."""
        return self.text()

    def format(self, name: str = "bibtex") -> str:
        """One of these by name.

        Raises:
            UnknownNameError: if there is no such format.
        """
        made = {"bibtex": self.bibtex, "text": self.text, "markdown": self.markdown}
        wanted = name.strip().casefold()
        if wanted not in made:
            raise UnknownNameError("format of a bibliography", name, tuple(made))
        return made[wanted]()


def _shown(each: Entry) -> Entry:
    """An entry as a user's file has it: plain styles print a note, and no eprint alone."""
    fields = {k: v for k, v in each.fields.items() if k != "checked"}
    if not fields.keys() & {"title", "note"}:
        fields["note"] = ", ".join(each.identifiers)
    return Entry(each.key, each.kind, fields)


def written(items: Iterable[str] | str, own: Sequence[str] = ()) -> tuple[str, ...]:
    """Items without the sentences among them.

    A sentence that begins with ``none:`` says why there is no source; one that begins with
    ``file:`` that the numbers are those of the file, whose own items stand in its place.

    Examples:
        >>> written("none: a point nucleus"), written(["arXiv:1007.1727"])
        ((), ('arXiv:1007.1727',))
        >>> written("file: the widths are those of the experiment", ("arXiv:2110.07730",))
        ('arXiv:2110.07730',)
    """
    each = (items,) if isinstance(items, str) else tuple(items)
    found = (own if item.startswith(_FILE) else (item,) for item in each)
    return tuple(i for some in found for i in some if not i.startswith(_NONE))


def of_model(model: object, role: str, own: Sequence[str] = ()) -> Citations:
    """What a model is from: ``CITE`` of its module, and its own ``cites``.

    Args:
        model: of any registry, or a user's.
        role: what the model is used for.
        own: items of the file that uses it.
    """
    module = sys.modules.get(type(model).__module__)
    items = () if module is None else vars(module).get("CITE", ())
    depending = model.cites if isinstance(model, Citing) else {}
    more = (Citations.of(found, use, own) for use, found in depending.items())
    return Citations.joined([Citations.of(items, role, own), *more])
