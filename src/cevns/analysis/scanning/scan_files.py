"""Files of scans: of parameters, or over a field of the experiment file."""

from __future__ import annotations

from pathlib import Path

from cevns.analysis.scanning.field_record import FIELD, FieldScan
from cevns.analysis.scanning.scan_record import Scan
from cevns.inference.work.scan_store import read_scan

__all__ = ["read"]


def read(path: Path | str) -> Scan | FieldScan:
    """The record in a file that ``cevns scan --out`` wrote.

    Raises:
        DataError: if the file is missing, truncated or of another kind.
        InputError: if it holds only a share of a scan.
    """
    file = read_scan(path)
    return FieldScan(file) if file.run.get("method") == FIELD else Scan.read(path)
