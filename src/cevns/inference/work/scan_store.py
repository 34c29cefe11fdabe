"""Scans in HDF5 files: reproducible numbers in datasets, everything else in attributes.

The datasets of a file are the same bit for bit however the scan was computed. What determines
them, the fingerprint of the run, is the attribute ``run`` (JSON); times, hosts and dates are
other attributes. While the scan runs, finished blocks stand in part files beside (`checkpoint`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from cevns import files
from cevns.exceptions import DataError, MissingExtraError, OutputError
from cevns.inference.work.checkpoint import check_run
from cevns.typing import Array

__all__ = ["ScanFile", "check_target", "read_scan", "write_scan"]

_FORMAT = "cevns scan"
_FORMAT_VERSION = 1


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


def write_scan(path: Path | str, content: ScanFile) -> None:
    """Write a scan, all of it or nothing.

    Raises:
        MissingExtraError: if `h5py` is not installed.
        OutputError: if it cannot be written.
    """
    path = check_target(path)
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["format"] = _FORMAT
        file.attrs["format_version"] = _FORMAT_VERSION
        file.attrs["run"] = json.dumps(dict(content.run), sort_keys=True)
        file.attrs["notes"] = json.dumps(dict(content.notes), sort_keys=True)
        for name in sorted(content.datasets):
            file.create_dataset(name, data=content.datasets[name], track_times=False)
    files.write(path, buffer.getbuffer())


def read_scan(path: Path | str, run: Mapping[str, Any] | None = None) -> ScanFile:
    """Read a scan.

    Args:
        path: the file.
        run: the fingerprint that it must have, if any.

    Raises:
        MissingExtraError: if `h5py` is not installed.
        DataError: if the file is missing, truncated or of another kind.
        InputError: if it belongs to another run; the message names the difference.
    """
    if find_spec("h5py") is None:
        raise MissingExtraError("h5py", "scan", "a file of a scan")
    import h5py

    path = Path(path)
    if not path.is_file():
        raise DataError("there is no such file", path=path)
    broken = DataError(
        "this is no complete file of a scan (truncated or of another kind); compute it again",
        path=path,
    )
    datasets: dict[str, Array] = {}
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != _FORMAT:
                raise broken
            if file.attrs["format_version"] > _FORMAT_VERSION:
                raise DataError("a newer version of cevns wrote it; update cevns", path=path)
            theirs = json.loads(file.attrs["run"])
            notes = json.loads(file.attrs["notes"])
            file.visititems(
                lambda name, item: (
                    datasets.update({name: np.asarray(item[()])})
                    if isinstance(item, h5py.Dataset)
                    else None
                )
            )
    except (OSError, KeyError, RuntimeError, json.JSONDecodeError):
        raise broken from None
    if run is not None:
        check_run(theirs, run, path)
    return ScanFile(theirs, datasets, notes)
