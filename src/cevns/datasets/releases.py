"""Public data releases that cevns knows by name: one declaration in ``catalogue/`` each.

A declaration lists the files of a release with their roles and SHA-256 digests. A digest may be
known by its beginning only (``sha256_prefix``): agreement is then a check of those digits, good
against mistakes and no proof of identity. A file without any digest is optional and never needed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote

from cevns.exceptions import UnknownNameError
from cevns.registry import canonical

__all__ = ["CATALOGUE", "Reading", "Release", "ReleaseFile", "names", "release"]

CATALOGUE: Final = Path(__file__).parent / "catalogue"

Agreement = Literal["verified", "beginning", "differs", "unlisted"]


class Reading(Protocol):
    """What a release's own reader returns."""

    @property
    def samples(self) -> Mapping[str, Any]:
        """Event lists and shapes by the role that experiment files name them with.

        An event list has ``histogram(energy_edges, time_edges)``, a shape ``edges``, ``content``
        and ``rebin(edges)``.
        """
        ...


@dataclass(frozen=True)
class ReleaseFile:
    """A file of a release.

    Attributes:
        name: its name in the release.
        role: what it holds.
        sha256: its digest, or None if the whole digest is not known.
        sha256_prefix: beginnings of which its digest must have one, if `sha256` is None.
        optional: whether the release is complete without it.
    """

    name: str
    role: str
    sha256: str | None = None
    sha256_prefix: tuple[str, ...] = ()
    optional: bool = False

    def agreement(self, digest: str) -> Agreement:
        """How `digest` compares with what is known of this file.

        Returns:
            ``verified`` (the whole digest agrees), ``beginning`` (a known beginning agrees),
            ``differs``, or ``unlisted`` (nothing is known of this file).
        """
        if self.sha256 is not None:
            return "verified" if digest == self.sha256 else "differs"
        if self.sha256_prefix:
            return "beginning" if digest.startswith(self.sha256_prefix) else "differs"
        return "unlisted"


@dataclass(frozen=True)
class Release:
    """A public data release.

    Attributes:
        name: its name in cevns.
        title: one line.
        cite: papers and archives, ``arXiv:...`` or ``doi:...``.
        edition: which edition the digests belong to.
        url: address of a file, with ``{file}`` for its name; empty where none can be fetched.
        files: its files by name.
        reader: module of `cevns.datasets` that reads it, or None.
        by_hand: how a release that cannot be fetched is got, as an order.
    """

    name: str
    title: str
    cite: tuple[str, ...]
    edition: str
    url: str
    files: Mapping[str, ReleaseFile]
    reader: str | None = None
    by_hand: str = ""

    @property
    def obtain(self) -> str:
        """How one gets it, as an order."""
        return self.by_hand or f"run 'cevns data fetch {self.name}'"

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the files without which the release is not complete."""
        return tuple(name for name, file in self.files.items() if not file.optional)

    def address(self, file: str, url: str | None = None) -> str:
        """Address of `file`, after `url` in place of the release's own pattern if given."""
        return (url or self.url).replace("{file}", quote(file))


def names() -> tuple[str, ...]:
    """Names of the known releases, sorted."""
    return tuple(sorted(path.stem for path in CATALOGUE.glob("*.toml")))


@cache
def _read(name: str) -> Release:
    declared = tomllib.loads((CATALOGUE / f"{name}.toml").read_text(encoding="utf-8"))
    files = {
        file: ReleaseFile(
            name=file,
            role=entry["role"],
            sha256=entry.get("sha256"),
            sha256_prefix=tuple(entry.get("sha256_prefix", ())),
            optional=entry.get("optional", False),
        )
        for file, entry in declared["files"].items()
    }
    return Release(
        name=name,
        title=declared["title"],
        cite=tuple(declared["cite"]),
        edition=declared["edition"],
        url=declared["url"],
        files=files,
        reader=declared.get("reader"),
        by_hand=declared.get("by_hand", ""),
    )


def release(name: str) -> Release:
    """The release called `name`; ``-`` and ``_`` are equal.

    Raises:
        UnknownNameError: if no release has that name.

    Examples:
        >>> release("coherent_csi_2021").cite[0]
        'arXiv:2110.07730'
    """
    known = names()
    if canonical(name) not in known:
        raise UnknownNameError("data release", name, known)
    return _read(canonical(name))
