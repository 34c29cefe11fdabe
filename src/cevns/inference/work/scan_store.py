"""Scans in HDF5 files: reproducible numbers in datasets, everything else in attributes.

The datasets of a file are the same bit for bit however the scan was computed. What determines
them, the fingerprint of the run, is the attribute ``run`` (JSON); times, hosts and dates are
other attributes. While the scan runs, finished blocks stand in part files beside (`checkpoint`).

Damage is found before HDF5, which it may hang, sees the file: the user block, 512 bytes that HDF5
leaves alone, holds the SHA-256 of all bytes behind it. The attribute ``digest`` is the SHA-256 of
what is read, and holds also where another program has written the same content anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from cevns import files
from cevns.exceptions import CevnsWarning, DataError, MissingExtraError, OutputError
from cevns.inference.work.checkpoint import check_run
from cevns.typing import Array

__all__ = ["ScanFile", "check_target", "read_scan", "write_scan"]

_FORMAT = "cevns scan"
_FORMAT_VERSION = 2
_HEAD = 512
"""Bytes of the user block."""
_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, eq=False)
class ScanFile:
    """What a file of a scan holds.

    Args:
        run: fingerprint: what determines the numbers; plain JSON values.
        datasets: arrays by name; a ``/`` in it makes a group.
        notes: plain JSON values that may differ between equal scans: dates, hosts, times.
    """

    run: Mapping[str, Any]
    datasets: Mapping[str, Array] = field(repr=False)
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shard(self) -> tuple[int, int] | None:
        """Which share of how many, from one; None for a whole scan."""
        shard = self.run.get("shard")
        return None if shard is None else (shard[0], shard[1])

    def group(self, name: str) -> dict[str, Array]:
        """The datasets of one group, by their names in it."""
        start = f"{name}/"
        return {k.removeprefix(start): v for k, v in self.datasets.items() if k.startswith(start)}


def check_target(path: Path | str) -> Path:
    """The path of a scan's file, if scans can be written at all.

    Raises:
        MissingExtraError: if `h5py` is not installed.
        OutputError: if the name does not end in ``.h5`` or ``.hdf5``, or it
            cannot be written there.
    """
    if find_spec("h5py") is None:
        raise MissingExtraError("h5py", "scan", "a file of a scan")
    path = Path(path)
    if path.suffix not in (".h5", ".hdf5"):
        raise OutputError(f"{path}: scans are written as HDF5; let the name end in .h5")
    if not path.exists():  # a finished scan is read
        files.check_writable(path)
    return path


def write_scan(path: Path | str, content: ScanFile, *, new: bool = False) -> None:
    """Write a scan, all of it or nothing; if `new`, over no other file.

    Raises:
        MissingExtraError: if `h5py` is not installed.
        OutputError: if it cannot be written.
    """
    path = check_target(path)
    import h5py

    buffer = io.BytesIO()
    run, notes = (json.dumps(dict(text), sort_keys=True) for text in (content.run, content.notes))
    with h5py.File(buffer, "w", userblock_size=_HEAD) as file:
        file.attrs["format"] = _FORMAT
        file.attrs["format_version"] = _FORMAT_VERSION
        file.attrs["run"], file.attrs["notes"] = run, notes
        file.attrs["digest"] = _digest(run, notes, content.datasets)
        for name in sorted(content.datasets):
            file.create_dataset(name, data=content.datasets[name], track_times=False)
    data = buffer.getbuffer()
    data[:_HEAD] = _head(data[_HEAD:])
    files.write(path, data, new=new)


def _head(rest: bytes | memoryview) -> bytes:
    """The user block before the bytes of an HDF5 file."""
    text = (
        f"{_FORMAT} {_FORMAT_VERSION}\nsha256 of what follows: {hashlib.sha256(rest).hexdigest()}\n"
    )
    return text.encode().ljust(_HEAD, b"\n")


def _digest(run: str, notes: str, datasets: Mapping[str, Array]) -> str:
    """SHA-256 of all that a file says."""
    found = hashlib.sha256(json.dumps([run, notes]).encode())
    for name in sorted(datasets):
        array = np.asarray(datasets[name])
        found.update(json.dumps([name, array.dtype.str, array.shape]).encode() + array.tobytes())
    return found.hexdigest()


def read_scan(path: Path | str, run: Mapping[str, Any] | None = None) -> ScanFile:
    """Read a scan.

    Args:
        path: the file.
        run: the fingerprint that it must have, if any.

    Raises:
        MissingExtraError: if `h5py` is not installed.
        DataError: if the file is missing, damaged or of another kind.
        InputError: if it belongs to another run; the message names the difference.
    """
    if find_spec("h5py") is None:
        raise MissingExtraError("h5py", "scan", "a file of a scan")
    path = Path(path)
    if not path.is_file():
        raise DataError("the file does not exist", path=path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read it: {error.strerror}", path=path) from None
    broken = DataError(
        "this is no complete file of a scan (truncated, damaged or of another kind); compute it "
        "again",
        path=path,
    )
    newer = DataError("a newer version of cevns wrote it; update cevns", path=path)
    if not data.startswith(_HDF5):  # which those begin with that have no user block
        version = re.match(rf"{_FORMAT} (\d+)\n".encode(), data)
        if version and int(version[1]) > _FORMAT_VERSION:
            raise newer
        if data[:_HEAD] != _head(memoryview(data)[_HEAD:]):
            raise broken
    try:
        version_number, digest, run_text, notes_text, datasets = _content(data)
        theirs, notes = json.loads(run_text), json.loads(notes_text)
    except (OSError, LookupError, RuntimeError, ValueError, TypeError):
        raise broken from None
    if version_number > _FORMAT_VERSION:
        raise newer
    if version_number == 1:
        warnings.warn(
            f"{path}: an earlier version of cevns wrote it, without a checksum; damage to it would "
            "not be noticed",
            CevnsWarning,
            stacklevel=2,
        )
    elif digest != _digest(run_text, notes_text, datasets):
        raise broken
    if run is not None:
        check_run(theirs, run, path)
    return ScanFile(theirs, datasets, notes)


def _content(data: bytes) -> tuple[int, str, str, str, dict[str, Array]]:
    """Version, digest, run, notes and datasets of the bytes of a file.

    Raises:
        OSError: if they are no HDF5; other errors of h5py where they are damaged.
        LookupError: if they are no scan.
    """
    import h5py

    datasets: dict[str, Array] = {}

    def keep(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            datasets[name] = np.asarray(item[()])

    with h5py.File(io.BytesIO(data), "r") as file:
        if file.attrs.get("format") != _FORMAT:
            raise LookupError(_FORMAT)
        file.visititems(keep)
        version, digest = int(file.attrs["format_version"]), str(file.attrs.get("digest"))
        return version, digest, str(file.attrs["run"]), str(file.attrs["notes"]), datasets
