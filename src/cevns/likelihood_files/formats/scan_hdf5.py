"""Scans that ``cevns scan --out`` writes."""

from __future__ import annotations

from typing import ClassVar

from cevns.likelihood_files.file_format import Candidate, FileFormat, Inspection, TextTable

__all__ = ["MODEL", "ScanHdf5"]


class ScanHdf5(FileFormat):
    """See the module."""

    title: ClassVar[str] = "scan of cevns (HDF5)"

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`."""
        return candidate.head.startswith(b"cevns scan")

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`."""
        from cevns.analysis.scanning.scan_record import Scan

        found = Scan.read(candidate.path)
        rows = tuple(
            (n, u, f"{a[0]:.6g}", f"{a[-1]:.6g}", str(len(a)))
            for n, u, a in zip(found.names, found.units, found.axes, strict=True)
        )
        axes = TextTable("axes", ("parameter", "unit", "from", "to", "points"), rows)
        sets = tuple(
            (name, " x ".join(map(str, array.shape)) or "1", str(array.dtype))
            for name, array in sorted(found.file.datasets.items())
        )
        lines = (found.title, f"method {found.method}, confidence level {found.cl:g}")
        return Inspection(
            self.title,
            (*lines, *found.summary()),
            (axes, TextTable("datasets", ("dataset", "shape", "type"), sets)),
            found.to_dict(),
        )


MODEL = ScanHdf5
