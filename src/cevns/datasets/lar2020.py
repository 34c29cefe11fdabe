"""Reader of the CENNS-10 liquid-argon data release, Analysis A (arXiv:2006.12659).

Counts and PDFs are text files of 960 rows: centres of the bins in energy (keVee), F90 and time
(us), then the content. F90 is the fraction of the light in the first 90 ns, the pulse-shape
variable of the detector. The PDFs sum to the predicted counts; alternative PDFs hold one shape
uncertainty each. Checks are structural, so that a copy whose digest nobody recorded can be used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cevns.datasets.delimited_text import read_lines, read_rows
from cevns.exceptions import DataError, InputError
from cevns.typing import Array, ArrayLike, IntArray

__all__ = ["EDGES", "NAME", "ROLES", "Grid", "LAr2020", "load", "read_acceptance", "read_grid"]

NAME: Final = "coherent-lar-2020"
# from integers, so that every edge is the double nearest to its decimal
EDGES: Final[Mapping[str, Array]] = {
    "energy (keVee)": np.arange(0, 130, 10) / 1.0,
    "F90": np.arange(50, 95, 5) / 100.0,
    "time (us)": np.arange(-1, 54, 5) / 10.0,
}
ROLES: Final = {
    "observed": "datanobkgsub.txt",
    "cevns": "cevnspdf.txt",
    "cevns-f90-plus": "cevnspdf+1sigF90.txt",
    "cevns-f90-minus": "cevnspdf-1sigF90.txt",
    "cevns-time-plus": "cevnspdfCEvNSTimingMeanSyst.txt",
    "brn": "brnpdf.txt",
    "brn-energy-plus": "brnpdf+1sigEnergy.txt",
    "brn-energy-minus": "brnpdf-1sigEnergy.txt",
    "brn-time-plus": "brnpdf+1sigBRNTimingMean.txt",
    "brn-time-minus": "brnpdf-1sigBRNTimingMean.txt",
    "brn-width-plus": "brnpdfBRNTimingWidthSyst.txt",
    "delayed-brn": "delbrnpdf.txt",
    "steady-state": "bkgpdf.txt",
}
"""Roles that experiment files use, and the files that hold them."""
_COLUMNS: Final = ", ".join((*EDGES, "content"))
_ACCEPTANCE: Final = "CENNS10AnlAEfficiency.txt"


@dataclass(frozen=True, eq=False)
class Grid:
    """Counts in bins of several axes.

    Attributes:
        path: the file they came from.
        edges: of each axis.
        content: shape (bins of the first axis, bins of the second, ...).
    """

    path: Path
    edges: tuple[Array, ...]
    content: Array

    def rebin(self, *edges: ArrayLike) -> Array:
        """The content, if the wanted bins are those of the grid.

        Raises:
            InputError: if they are not: a PDF is released for its bins only.
        """
        if len(edges) != len(self.edges):
            raise InputError(
                f"{self.path.name} is released along {', '.join(EDGES)}, and the file declares "
                f"{len(edges)} of these {len(self.edges)} axes"
            )
        for name, own, wanted in zip(EDGES, self.edges, edges, strict=True):
            new = np.asarray(wanted, dtype=float)
            if new.shape != own.shape or not np.allclose(new, own, rtol=0.0, atol=1e-9):
                shown = ", ".join(f"{e:g}" for e in own)
                raise InputError(
                    f"{self.path.name} is released in bins of {name} with the edges {shown}; the "
                    f"declared axis has {', '.join(f'{e:g}' for e in new)}"
                )
        return self.content


@dataclass(frozen=True, eq=False)
class LAr2020:
    """The release as arrays.

    Attributes:
        grids: counts and PDFs by role (`ROLES`), each (12, 8, 10) in energy, F90 and time.
        acceptance: rows of energy (keVee), recoil energy (keVnr), acceptance, shape (80, 3).
    """

    grids: Mapping[str, Grid]
    acceptance: Array

    @property
    def samples(self) -> Mapping[str, Grid]:
        """Counts and PDFs by the role that experiment files name them with."""
        return self.grids


def load(folder: Path | str) -> LAr2020:
    """Read the release from a folder that holds its files.

    Raises:
        DataError: if a file is missing, truncated, in other bins or in the wrong columns.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError("is not a folder; name the folder of the release", path=folder)
    grids = {
        role: read_grid(folder / file, counts=role == "observed") for role, file in ROLES.items()
    }
    return LAr2020(grids, read_acceptance(folder / _ACCEPTANCE))


def read_grid(path: Path, *, counts: bool = False) -> Grid:
    """Read counts or a PDF: rows of three bin centres and a content, the last axis fastest.

    Args:
        path: the file.
        counts: the contents are numbers of events, so they must be whole.

    Raises:
        DataError: if a row is not four finite numbers, the bins are not those of the release
            (other bins, a swapped column, a missing row), or a content is negative.
    """
    rows, lines = _rows(path, 4)
    edges = tuple(EDGES.values())
    centres = [0.5 * (e[1:] + e[:-1]) for e in edges]
    shape = tuple(len(c) for c in centres)
    grid = np.stack([c.ravel() for c in np.meshgrid(*centres, indexing="ij")], axis=1)
    n = min(len(rows), len(grid))
    wrong = np.abs(rows[:n, :3] - grid[:n]) > 1e-6
    if wrong.any():
        first = int(np.argmax(wrong.any(axis=1)))
        axis = int(np.argmax(wrong[first]))
        found, wanted = rows[first, axis], grid[first, axis]
        at_home = [np.isin(rows[:, axis].round(6), c.round(6)).all() for c in centres]
        why = (
            "the columns are swapped"
            if any(at_home) and not at_home[axis]
            else "the file is in other bins or rows are missing"
        )
        raise DataError(
            f"{list(EDGES)[axis]} is {found:g} where {wanted:g} belongs: {why}; the columns must "
            f"be {_COLUMNS}",
            path=path,
            line=int(lines[first]),
        )
    if len(rows) != len(grid):
        raise DataError(
            f"has {len(rows)} rows where {len(grid)} belong; the file is truncated or altered",
            path=path,
        )
    content = rows[:, 3].reshape(shape)
    bad = content < 0.0
    if bad.any():
        raise DataError(
            "a content is negative", path=path, line=int(lines[int(np.argmax(bad.ravel()))])
        )
    if counts and (broken := content.ravel() != content.ravel().round()).any():
        raise DataError(
            "a number of events is not whole", path=path, line=int(lines[int(np.argmax(broken))])
        )
    if not content.any():
        raise DataError("all contents are zero; get the file again", path=path)
    return Grid(path, edges, content)


def read_acceptance(path: Path) -> Array:
    """Read the acceptance: rows of energy (keVee), recoil energy (keVnr) and acceptance.

    Raises:
        DataError: if an energy does not increase, a recoil energy is below its electron
            equivalent, or an acceptance is not between 0 and 1 (swapped columns).
    """
    rows, lines = _rows(path, 3)
    falls = np.any(np.diff(rows[:, :2], axis=0) <= 0.0, axis=1)
    if falls.any():
        raise DataError(
            "the energies must increase; the columns must be keVee, keVnr, acceptance",
            path=path,
            line=int(lines[int(np.argmax(falls)) + 1]),
        )
    # quenching: a nuclear recoil gives less light than an electron of its energy
    bad = (rows[:, 0] >= rows[:, 1]) | (rows[:, 2] < 0.0) | (rows[:, 2] > 1.0)
    if bad.any():
        raise DataError(
            "not a row of keVee, a larger keVnr and an acceptance between 0 and 1",
            path=path,
            line=int(lines[int(np.argmax(bad))]),
        )
    return rows


def _rows(path: Path, width: int) -> tuple[Array, IntArray]:
    return read_rows(path, enumerate(read_lines(path, finished=True), start=1), width)
