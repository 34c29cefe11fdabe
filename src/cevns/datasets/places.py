"""Where the data of a release come from: ``--data``, ``CEVNS_DATA``, the cache, carried tables.

The first place that has the release is used. The user's own places may hold copies with unknown
digests: these are checked structurally, warned about and recorded. The cache holds what was
fetched, so a digest that differs there is an error.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from cevns.datasets.digests import Verification, check_digests, check_structure, load, sha256
from cevns.datasets.releases import Reading, Release, names, release
from cevns.exceptions import DataError, InputError
from cevns.files import expanded
from cevns.registry import canonical

__all__ = [
    "CARRIED",
    "VARIABLE",
    "Located",
    "Origin",
    "absent",
    "cache_folder",
    "carried",
    "find",
    "locate",
    "user_folder",
    "verify",
    "where",
]

VARIABLE: Final = "CEVNS_DATA"
CARRIED: Final = Path(__file__).parents[1] / "experiments" / "catalogue"

Origin = Literal["--data", "CEVNS_DATA", "cache", "carried"]


@dataclass(frozen=True)
class Located:
    """Where the data of a release were found.

    Attributes:
        name: the release.
        origin: which place: ``--data``, ``CEVNS_DATA``, ``cache`` or ``carried``.
        folder: the folder with the files of the release, or with the carried tables.
        digests: SHA-256 by file name.
        warnings: sentences the user must see, one for each file with an unknown digest.
    """

    name: str
    origin: Origin
    folder: Path
    digests: Mapping[str, str] = field(hash=False)
    warnings: tuple[str, ...] = ()

    @property
    def is_release(self) -> bool:
        """Whether the folder holds the released files, and not the carried tables."""
        return self.origin != "carried"

    def load(self) -> Reading:
        """The release as arrays, by its own reader (for example `cevns.datasets.csi2021`).

        Raises:
            DataError: if these are carried tables, the release has no reader, or a file is not
                what it must be.
        """
        if not self.is_release:
            raise DataError(
                f"holds the carried tables, not the release; run 'cevns data fetch {self.name}' "
                "or name its folder with --data",
                path=self.folder,
            )
        return load(release(self.name), self.folder)


def cache_folder() -> Path:
    """The user's cache of cevns, the same folder as ``pooch.os_cache("cevns")``.

    A user without a home folder has it among the temporary files.
    """
    # asking platformdirs as pooch does, without importing pooch: every fit passes here
    import platformdirs

    try:
        found = Path(platformdirs.user_cache_dir("cevns"))
    except RuntimeError:  # older versions return a path that begins with ~
        found = Path("~")
    return found if found.is_absolute() else Path(tempfile.gettempdir()) / "cevns"


def where(name: str, cache: Path | None = None) -> Path:
    """The folder of the cache into which `name` is fetched, whether it is there or not.

    Raises:
        UnknownNameError: if no release has that name.
    """
    return (cache or cache_folder()) / release(name).name


def carried(name: str) -> Path | None:
    """The folder with the tables of `name` that the package carries, or None.

    Raises:
        UnknownNameError: if no release has that name.
    """
    folder = CARRIED / release(name).name
    return folder if any(folder.glob("*.csv")) else None


def locate(name: str, data: Path | str | None = None, *, cache: Path | None = None) -> Located:
    """Find the data of a release.

    Args:
        name: the release; ``-`` and ``_`` are equal.
        data: the user's folder (``--data``): the release itself or a parent that contains it by
            name.
        cache: the cache in place of the user's own.

    Returns:
        The first place that has it: `data`, the parent named by ``CEVNS_DATA``, the cache, the
        carried tables.

    Raises:
        UnknownNameError: if no release has that name.
        InputError: if `data` or ``CEVNS_DATA`` is no folder, or the release is nowhere.
        DataError: if `data` does not hold the release, or files are missing or not usable.
    """
    wanted = release(name)
    found = find(name, data, cache=cache)
    if found is not None:
        return found
    tables = carried(name)
    if tables is not None:
        digests = {path.name: sha256(path) for path in sorted(tables.glob("*.csv"))}
        return Located(wanted.name, "carried", tables, digests)
    raise InputError(absent(name, f"--data or {VARIABLE}"))


def absent(name: str, where: str = VARIABLE) -> str:
    """The sentence about a release that is nowhere.

    Args:
        name: the release.
        where: what can name its folder.

    Raises:
        UnknownNameError: if no release has that name.
    """
    wanted = release(name)
    return (
        f"the data of {wanted.name} are not here: {wanted.obtain}, or name a folder that holds "
        f"them with {where}"
    )


def find(name: str, data: Path | str | None = None, *, cache: Path | None = None) -> Located | None:
    """Find the released files themselves: as `locate`, without the carried tables.

    Returns:
        Where they are, or None if neither ``CEVNS_DATA`` nor the cache has them.

    Raises:
        As `locate`, but not for a release that is nowhere.
    """
    with _readable():
        return _find(release(name), data, cache)


def _find(wanted: Release, data: Path | str | None, cache: Path | None) -> Located | None:
    if data is not None:
        parent = _folder(data, "--data")
        folder = _inside(wanted, parent)
        if folder is None:
            raise DataError(
                f"--data does not hold the release {wanted.name}: neither a folder of that name "
                f"nor the files {', '.join(wanted.required[:3])}, ...",
                path=parent,
            )
        return _own(wanted, "--data", folder)
    # an empty variable counts as unset, as in the shell
    if variable := os.environ.get(VARIABLE):
        folder = _inside(wanted, _folder(variable, VARIABLE))
        if folder is not None:
            return _own(wanted, "CEVNS_DATA", folder)
    folder = where(wanted.name, cache)
    return _cached(wanted, folder) if folder.is_dir() else None


def user_folder(name: str) -> Path | None:
    """A folder of the user's own below ``CEVNS_DATA`` that is no release, or None.

    For curves of others that nobody may ship; what reads them says which files it needs.

    Args:
        name: of the folder.
    """
    variable = os.environ.get(VARIABLE)
    if not variable:
        return None
    with _readable():
        folder = _folder(variable, VARIABLE) / name
        return folder if folder.is_dir() else None


def verify(target: Path | str, data: Path | str | None = None) -> Verification:
    """Compare a release with its published digests.

    Args:
        target: the name of a release (looked for as by `locate`), or a folder that holds one.
        data: as for `locate`.

    Returns:
        A check for each file; its `ok` says whether all is as published.

    Raises:
        InputError: if `target` is neither a name nor a folder, or only carried tables are there.
        DataError: if the folder holds no known release, or a file cannot be read.
    """
    with _readable():
        return _verify(target, data)


def _verify(target: Path | str, data: Path | str | None) -> Verification:
    text = str(target)
    if canonical(text) in names():
        found = release(text)
        return check_digests(found, _somewhere(found, data))
    folder = _folder(target, "verify")
    for name in names():
        if canonical(folder.resolve().name) == name or _holds(release(name), folder):
            return check_digests(release(name), folder)
    raise DataError(f"holds no release that cevns knows ({', '.join(names())})", path=folder)


def _somewhere(wanted: Release, data: Path | str | None) -> Path:
    """The folder of the release without looking at its files, as `verify` must report on them."""
    parents = [_folder(data, "--data")] if data is not None else []
    if data is None and (variable := os.environ.get(VARIABLE)):
        parents.append(_folder(variable, VARIABLE))
    for parent in parents:
        if (folder := _inside(wanted, parent)) is not None:
            return folder
    folder = where(wanted.name)
    if data is None and folder.is_dir():
        return folder
    raise InputError(
        f"there is no copy of {wanted.name} to verify: {wanted.obtain}, or name a folder that "
        f"holds it with --data or {VARIABLE}"
    )


@contextmanager
def _readable() -> Iterator[None]:
    """Turn a folder that may not be entered into a sentence."""
    try:
        yield
    except PermissionError as error:
        raise DataError(
            "cannot be opened; change its permissions or name another folder", path=error.filename
        ) from None


def _folder(path: Path | str, what: str) -> Path:
    folder = expanded(path)
    if not folder.exists():
        raise InputError(f"{what}: the folder {folder} does not exist; check the path")
    if not folder.is_dir():
        raise InputError(f"{what}: {folder} is a file; name the folder that holds the release")
    return folder


def _holds(wanted: Release, folder: Path) -> bool:
    return any((folder / name).is_file() for name in wanted.required)


def _inside(wanted: Release, parent: Path) -> Path | None:
    """The folder of `wanted`: named after it inside `parent`, or `parent` itself."""
    for spelling in (wanted.name, wanted.name.replace("-", "_")):
        if (parent / spelling).is_dir():
            return parent / spelling
    return parent if _holds(wanted, parent) else None


def _own(wanted: Release, origin: Origin, folder: Path) -> Located:
    """A copy of the user's own: complete and usable, unknown digests warned about."""
    found = check_digests(wanted, folder)
    if missing := found.named("missing"):
        raise DataError(
            f"the release {wanted.name} is not complete: {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
            path=folder,
        )
    check_structure(found)
    warnings = tuple(
        f"{file} of {wanted.name} ({origin}): its digest is not that of {wanted.edition}; "
        f"its structure is correct and it is used (sha256 {found.digests[file]})"
        for file in found.named("differs")
    )
    return Located(wanted.name, origin, folder, found.digests, warnings)


def _cached(wanted: Release, folder: Path) -> Located:
    found = check_digests(wanted, folder)
    if not found.ok:
        file = found.named("differs", "missing")[0]
        wrong = "is missing" if file in found.named("missing") else "was altered after its download"
        raise DataError(
            f"this file of the cache {wrong}; run 'cevns data fetch {wanted.name}' again",
            path=folder / file,
        )
    return Located(wanted.name, "cache", folder, found.digests)
