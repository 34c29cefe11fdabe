"""Comparing the files of a release with their published digests."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cevns.datasets.delimited_text import read_lines
from cevns.datasets.releases import Reading, Release, ReleaseFile
from cevns.exceptions import DataError

__all__ = ["FileCheck", "Verification", "check_digests", "check_structure", "load", "sha256"]

Status = Literal["verified", "beginning", "differs", "unlisted", "missing", "absent"]


def sha256(path: Path) -> str:
    """SHA-256 digest of a file, 64 hexadecimal digits.

    Raises:
        DataError: if the path is a folder or cannot be read.
    """
    if path.is_dir():
        raise DataError("is a folder where a data file belongs", path=path)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"cannot be read ({reason}); check the path", path=path) from None


@dataclass(frozen=True)
class FileCheck:
    """One file of a release as found.

    Attributes:
        file: its declaration.
        status: ``verified`` (digest agrees), ``beginning`` (the known beginning of the digest
            agrees), ``differs``, ``unlisted`` (no digest is known), ``missing``, or ``absent``
            (an optional file that is not there).
        sha256: digest found, or None if the file is not there.
    """

    file: ReleaseFile
    status: Status
    sha256: str | None


@dataclass(frozen=True)
class Verification:
    """A folder compared with a release.

    Attributes:
        release: the release.
        folder: where its files were looked for.
        files: one check for each file of the release.
    """

    release: Release
    folder: Path
    files: tuple[FileCheck, ...]

    @property
    def ok(self) -> bool:
        """Whether every required file is there and no digest differs."""
        return not self.named("differs", "missing")

    @property
    def digests(self) -> Mapping[str, str]:
        """Digests of the files that are there, by name."""
        return {check.file.name: check.sha256 for check in self.files if check.sha256 is not None}

    def named(self, *status: Status) -> tuple[str, ...]:
        """Names of the files with one of the given statuses."""
        return tuple(check.file.name for check in self.files if check.status in status)


def check_digests(release: Release, folder: Path) -> Verification:
    """Compare the files of `release` in `folder` with their digests.

    Raises:
        DataError: if a file cannot be read.
    """
    checks = []
    for file in release.files.values():
        path = folder / file.name
        if path.exists():
            digest = sha256(path)
            checks.append(FileCheck(file, file.agreement(digest), digest))
        else:
            checks.append(FileCheck(file, "absent" if file.optional else "missing", None))
    return Verification(release, folder, tuple(checks))


def check_structure(verification: Verification) -> None:
    """Read the files whose digest is not the published one, so that only usable ones pass.

    The reader of the release does it; without one, the files must at least be text.

    Raises:
        DataError: if a file cannot be what the release says.
    """
    suspicious = verification.named("differs")
    if not suspicious:
        return
    if verification.release.reader is not None:
        load(verification.release, verification.folder)
    else:
        for name in suspicious:
            read_lines(verification.folder / name)


def load(release: Release, folder: Path) -> Reading:
    """Read `release` from `folder` with its own reader.

    Raises:
        DataError: if the release has no reader, or a file is not what it must be.
    """
    if release.reader is None:
        raise DataError(f"cevns has no reader for the release {release.name}", path=folder)
    reading: Reading = importlib.import_module(f"cevns.datasets.{release.reader}").load(folder)
    return reading
