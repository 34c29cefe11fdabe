"""Readers of flux histograms: CSV projections and the two-dimensional ROOT histograms.

CSV: for each flavour a file of energies and one of times (``keNuMu_export.csv``,
``tNuMu_export.csv``), whose comment line names the columns and the unit (``# bin_center_MeV,
counts``, ``# bin_center_ns,counts``). ROOT: for each flavour a TH2 ``convolved_energy_time_of_
nu_mu`` (times of the real pulse) or ``initial_energy_time_of_nu_mu`` (of a proton at t = 0),
time in ns on the first axis, energy in MeV on the second, as in the release of arXiv:2110.07730.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from cevns.exceptions import DataError, MissingExtraError
from cevns.typing import Array

__all__ = ["FlavourHistogram", "read_flux"]

_CSV: Final = {"nu_mu": "NuMu", "nu_e": "NuE", "nubar_mu": "AntiNuMu", "nubar_e": "AntiNuE"}
_ROOT: Final = {
    "nu_mu": "nu_mu",
    "nu_e": "nu_e",
    "nubar_mu": "anti_nu_mu",
    "nubar_e": "anti_nu_e",
}
_HEADER = re.compile(r"^#\s*bin_center_(\w+)\s*,\s*counts\b")


@dataclass(frozen=True, eq=False)
class FlavourHistogram:
    """Counts of one flavour in energy and in time, and whether the pulse is in the times."""

    energy_edges_mev: Array
    energy_counts: Array
    time_edges_us: Array
    time_counts: Array
    convolved: bool


def read_flux(path: Path) -> dict[str, FlavourHistogram]:
    """Read a folder of CSV files, or a ROOT file.

    Raises:
        DataError: if something is missing, truncated, negative or not a number.
        MissingExtraError: if a ROOT file is given and uproot is not installed.
    """
    if not path.exists():
        raise DataError("no such flux file or folder", path=path)
    found = _read_folder(path) if path.is_dir() else _read_root(path)
    if not found:
        raise DataError(
            "holds no flux histogram (expected keNuMu_export.csv and tNuMu_export.csv in a "
            "folder, or convolved_energy_time_of_nu_mu in a ROOT file)",
            path=path,
        )
    return found


def _read_folder(folder: Path) -> dict[str, FlavourHistogram]:
    found = {}
    for flavour, stem in _CSV.items():
        energy, time = folder / f"ke{stem}_export.csv", folder / f"t{stem}_export.csv"
        if not energy.exists():
            continue
        if not time.exists():
            raise DataError(f"is missing beside {energy.name}", path=time)
        edges, counts = _read_csv(energy, {"MeV": 1.0})
        t_edges, t_counts = _read_csv(time, {"ns": 1e-3, "us": 1.0})
        if t_counts.sum() > counts.sum() * (1.0 + 1e-9):
            raise DataError(f"holds more counts in time than {energy.name} in energy", path=time)
        found[flavour] = FlavourHistogram(edges, counts, t_edges, t_counts, convolved=False)
    return found


def _read_csv(path: Path, units: dict[str, float]) -> tuple[Array, Array]:
    """Edges (in the internal unit) and counts of equal bins given by their centres."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read as text ({error})", path=path) from None
    match = _HEADER.match(lines[0]) if lines else None
    if match is None or match[1] not in units:
        wanted = " or ".join(f"'# bin_center_{unit},counts'" for unit in units)
        raise DataError(f"must begin with {wanted}", path=path, line=1)
    numbers = [i for i, x in enumerate(lines, start=1) if x.strip() and not x.startswith("#")]
    rows = [lines[i - 1].split(",") for i in numbers]
    try:
        table = np.array(rows, dtype=float).reshape(-1, 2)
    except ValueError:
        bad = next(i for i, row in zip(numbers, rows, strict=True) if not _two_numbers(row))
        raise DataError(
            f"expected two numbers, got {lines[bad - 1]!r}", path=path, line=bad
        ) from None
    if len(table) < 2 or table[1, 0] <= table[0, 0]:
        raise DataError("needs at least two bins in increasing order", path=path)
    centres, counts = table.T
    width = centres[1] - centres[0]
    uneven = np.append(False, np.abs(np.diff(centres) - width) > 1e-3 * width)
    for broken, why in (
        (~(np.isfinite(table).all(axis=1) & (counts >= 0.0)), "counts must be finite and >= 0"),
        (uneven, "bins must be equally wide"),
    ):
        if broken.any():
            bad = numbers[int(np.argmax(broken))]
            raise DataError(f"{why}, got {lines[bad - 1]!r}", path=path, line=bad)
    width = (centres[-1] - centres[0]) / (len(centres) - 1)
    edges = (centres[0] + width * (np.arange(len(centres) + 1) - 0.5)) * units[match[1]]
    if edges[0] < -1e-9 or not counts.any():
        raise DataError("must begin at zero or later and contain counts", path=path)
    return np.maximum(edges, 0.0), counts


def _two_numbers(words: list[str]) -> bool:
    try:
        return len([float(word) for word in words]) == 2
    except ValueError:
        return False


def _read_root(path: Path) -> dict[str, FlavourHistogram]:
    try:
        import uproot
    except ImportError:
        raise MissingExtraError("uproot", "root", f"reading the flux file {path.name}") from None
    try:
        file = uproot.open(path)
    except Exception as error:  # uproot raises many kinds for a file that is not ROOT
        raise DataError(f"is not a readable ROOT file ({error})", path=path) from None
    with file:
        names = set(file.keys(cycle=False))
        found = {}
        for flavour, suffix in _ROOT.items():
            for prefix in ("convolved", "initial"):
                name = f"{prefix}_energy_time_of_{suffix}"
                if name in names:
                    convolved = prefix == "convolved"
                    found[flavour] = _projections(file[name], name, path, convolved=convolved)
                    break
    return {flavour: h for flavour, h in found.items() if h is not None}


def _projections(
    histogram: Any, name: str, path: Path, *, convolved: bool
) -> FlavourHistogram | None:
    """Energy and time projections of a TH2; None if it is empty."""
    values = np.asarray(histogram.values(), dtype=float)
    if values.ndim != 2 or not np.isfinite(values).all() or (values < 0.0).any():
        raise DataError(f"{name} must be two-dimensional, finite and not negative", path=path)
    if not values.any():
        return None
    time = np.asarray(histogram.axis(0).edges(), dtype=float) * 1e-3
    energy = np.asarray(histogram.axis(1).edges(), dtype=float)
    if np.ptp(np.diff(time)) > 1e-6 * np.diff(time).max() or energy[0] < 0.0:
        raise DataError(
            f"{name} needs time bins (first axis, ns) of equal width and energies (second axis, "
            "MeV) that are not negative",
            path=path,
        )
    return FlavourHistogram(energy, values.sum(axis=0), time, values.sum(axis=1), convolved)
