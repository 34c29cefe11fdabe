"""Fetching a release into the user's cache, whole and verified or not at all."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cevns.datasets.digests import sha256
from cevns.datasets.places import where
from cevns.datasets.releases import Release, ReleaseFile, release
from cevns.exceptions import DataError, OutputError

__all__ = ["TIMEOUT_S", "Progress", "fetch"]

Progress = Callable[[str, int, int], None]
"""Called with the file's name, the bytes received and their total (0 if unknown)."""

TIMEOUT_S: Final = 30


def fetch(
    name: str,
    *,
    progress: Progress | None = None,
    optional: bool = False,
    cache: Path | None = None,
    url: str | None = None,
) -> Path:
    """Download a release by name.

    Files already in the cache with the right digest are kept. All others are downloaded beside
    the cache folder and moved into it only when every one of them is whole and verified.

    Args:
        name: the release.
        progress: told how the download goes.
        optional: whether to fetch the optional files too; their digests may be unknown.
        cache: the cache in place of the user's own.
        url: address pattern with ``{file}`` (a mirror) in place of the release's own.

    Returns:
        The folder with the files.

    Raises:
        UnknownNameError: if no release has that name.
        DataError: if the server cannot be reached, the download breaks off, or a digest differs.
        OutputError: if the cache cannot be written or the disk is full.
    """
    wanted = release(name)
    if not (url or wanted.url):
        raise DataError(f"{wanted.name} cannot be fetched: {wanted.by_hand}", path=wanted.cite[0])
    folder = where(wanted.name, cache)
    staging: Path | None = None
    try:
        files = [
            file
            for file in wanted.files.values()
            if (optional or not file.optional) and not _have(folder / file.name, file)
        ]
        if not files:
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{wanted.name}-", dir=folder.parent))
        for file in files:
            _download(wanted, file, staging / file.name, progress, url)
        folder.mkdir(exist_ok=True)
        for file in files:
            (staging / file.name).replace(folder / file.name)
    except OSError as error:
        raise _disk_error(error, folder.parent) from None
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
    return folder


def _have(path: Path, file: ReleaseFile) -> bool:
    return path.is_file() and file.agreement(sha256(path)) != "differs"


class _Meter:
    """A progress bar in the form pooch drives, passing on to a `Progress`."""

    def __init__(self, name: str, progress: Progress) -> None:
        self.total = 0
        self._name, self._progress, self._received = name, progress, 0

    def update(self, n: int) -> None:
        # pooch counts whole chunks, the last one too
        self._received = min(self._received + n, self.total) if self.total else self._received + n
        self._progress(self._name, self._received, self.total)

    def reset(self) -> None:
        self._received = 0

    def close(self) -> None:
        pass


def _download(
    wanted: Release, file: ReleaseFile, path: Path, progress: Progress | None, url: str | None
) -> None:
    import pooch
    import requests

    address = wanted.address(file.name, url)
    meter: Any = False if progress is None else _Meter(file.name, progress)
    try:
        pooch.HTTPDownloader(progressbar=meter, timeout=TIMEOUT_S)(address, path, None)
    except requests.exceptions.HTTPError as error:
        answer = "an error" if error.response is None else f"status {error.response.status_code}"
        raise DataError(
            f"the server answered with {answer}; try again later, or name a folder with --data",
            path=address,
        ) from None
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ReadTimeout):
        raise DataError(
            "the download broke off and nothing was kept; try again", path=address
        ) from None
    except requests.exceptions.ConnectionError:
        raise DataError(
            "the server cannot be reached; check the network, or name a folder with --data",
            path=address,
        ) from None
    except requests.exceptions.RequestException as error:
        raise DataError(
            f"the download failed ({type(error).__name__}) and nothing was kept", path=address
        ) from None
    digest = sha256(path)
    if file.agreement(digest) == "differs":
        expected = file.sha256 or " or ".join(f"{p}..." for p in file.sha256_prefix)
        raise DataError(
            f"the file received has sha256 {digest} where {expected} is published; it was not kept",
            path=address,
        )


def _disk_error(error: OSError, cache: Path) -> OutputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"the disk of the cache {cache} is full; free some space")
    reason = error.strerror or type(error).__name__
    return OutputError(f"cannot write the cache {cache} ({reason}); make it a writable folder")
