"""Scans that ``cevns scan --out`` writes."""

from __future__ import annotations

from typing import ClassVar

from cevns.likelihood_files.file_format import Candidate, FileFormat, Inspection, TextTable
from cevns.typing import Array

__all__ = ["MODEL", "ScanHdf5"]


class ScanHdf5(FileFormat):
    """See the module."""

    title: ClassVar[str] = "scan of cevns (HDF5)"

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`."""
        return candidate.head.startswith(b"cevns scan")

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`."""
        from cevns.analysis.scanning.field_record import FieldScan
        from cevns.analysis.scanning.scan_files import read

        found = read(candidate.path)
        names: tuple[str, ...]
        units: tuple[str, ...]
        values: tuple[Array, ...]
        if isinstance(found, FieldScan):
            names, units, values = (found.name,), (found.unit,), (found.values,)
            how = f"over a field of the experiment file, confidence level {found.cl:g}"
        else:
            names, units, values = found.names, found.units, found.axes
            how = f"method {found.method}, confidence level {found.cl:g}"
        rows = tuple(
            (n, u, f"{a[0]:.6g}", f"{a[-1]:.6g}", str(len(a)))
            for n, u, a in zip(names, units, values, strict=True)
        )
        axes = TextTable("axes", ("parameter", "unit", "from", "to", "points"), rows)
        sets = tuple(
            (name, " x ".join(map(str, array.shape)) or "1", str(array.dtype))
            for name, array in sorted(found.file.datasets.items())
        )
        lines = (found.title, how)
        return Inspection(
            self.title,
            (*lines, *found.summary()),
            (axes, TextTable("datasets", ("dataset", "shape", "type"), sets)),
            found.to_dict(),
        )


MODEL = ScanHdf5
