"""Reader of the COHERENT CsI[Na] full data set (arXiv:2110.07730, PRL 129, 081801).

The release is a set of text files beside the paper: event lists coincident (C) and
anti-coincident (AC) with the beam, shapes of the beam-related neutrons (BRN) and the
neutrino-induced neutrons (NIN), and coefficients of the efficiency and of the scintillation
response. Checks are structural, so that a copy whose digest nobody recorded can be used: the
events in circulation stop at 6 us or at 12 us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cevns.datasets.binning import count, rebin
from cevns.datasets.delimited_text import read_lines, read_rows
from cevns.exceptions import DataError
from cevns.typing import Array, ArrayLike, IntArray

__all__ = [
    "ANTICOINCIDENT",
    "COINCIDENT",
    "MINIMUM_EVENTS",
    "NAME",
    "PE_EDGES",
    "TIME_EDGES_US",
    "Coefficients",
    "CsI2021",
    "EventList",
    "Shape",
    "load",
    "read_coefficients",
    "read_events",
    "read_shape",
]

NAME: Final = "coherent-csi-2021"
COINCIDENT, ANTICOINCIDENT = "dataBeamOnC.txt", "dataBeamOnAC.txt"
# events with t < 6 us, which every edition of the release holds; fewer means truncated
MINIMUM_EVENTS: Final = {COINCIDENT: 5142, ANTICOINCIDENT: 4890}
TIME_LIMIT_US: Final = 12.0
PE_EDGES: Final = np.arange(251.0)
# from integers, so that every edge is the double nearest to its decimal
TIME_EDGES_US: Final = np.arange(-25, 626) / 100.0


@dataclass(frozen=True, eq=False)
class EventList:
    """Selected events: recoil energy (PE) and recoil time (us), arrays of equal length."""

    pe: Array
    time_us: Array

    def __len__(self) -> int:
        return len(self.pe)

    def histogram(self, pe_edges: ArrayLike, time_edges_us: ArrayLike) -> Array:
        """Counts in bins of PE x time, shape (PE bins, time bins); see `binning.count`."""
        return count(self.pe, self.time_us, pe_edges, time_edges_us)


@dataclass(frozen=True, eq=False)
class Shape:
    """A binned shape: edges, shape (n + 1,), and contents as released, shape (n,)."""

    edges: Array
    content: Array

    def rebin(self, edges: ArrayLike) -> Array:
        """Contents in other bins; see `binning.rebin`."""
        return rebin(self.edges, self.content, edges)


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Coefficients a, b, c, d of a curve and of its variations.

    Attributes:
        nominal: shape (4,).
        variations: pairs (+1 sigma, -1 sigma), one pair an independent component.
    """

    nominal: Array
    variations: tuple[tuple[Array, Array], ...]


@dataclass(frozen=True, eq=False)
class CsI2021:
    """The release as arrays.

    Attributes:
        coincident: events in time with the beam.
        anticoincident: events before the beam, which sample the steady-state background.
        brn_pe: BRN in 1-PE bins, efficiency in PE applied, content below 60 PE summing to 1.
        brn_time: BRN in 10-ns bins from -0.25 to 6.25 us, efficiency in time *not* applied.
        nin_pe: NIN, as `brn_pe`.
        nin_time: NIN, as `brn_time`.
        efficiency: a / (1 + exp(-b (x - c))) + d at reconstructed x in PE; one variation.
        scintillation: E_ee = a T + b T^2 + c T^3 + d T^4, energies in MeV; two variations.
    """

    coincident: EventList
    anticoincident: EventList
    brn_pe: Shape
    brn_time: Shape
    nin_pe: Shape
    nin_time: Shape
    efficiency: Coefficients
    scintillation: Coefficients

    @property
    def samples(self) -> Mapping[str, EventList | Shape]:
        """Event lists and shapes by the role that experiment files name them with."""
        return {
            "observed": self.coincident,
            "ac-energy": self.anticoincident,
            "brn-energy": self.brn_pe,
            "brn-time": self.brn_time,
            "nin-energy": self.nin_pe,
            "nin-time": self.nin_time,
        }


def load(folder: Path | str) -> CsI2021:
    """Read the release from a folder that holds its files.

    Raises:
        DataError: if a file is missing, truncated, altered in structure or in the wrong columns.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError("is not a folder; name the folder of the release", path=folder)
    return CsI2021(
        coincident=read_events(folder / COINCIDENT),
        anticoincident=read_events(folder / ANTICOINCIDENT),
        brn_pe=read_shape(folder / "brnPE.txt", PE_EDGES),
        brn_time=read_shape(folder / "brnTrec.txt", TIME_EDGES_US),
        nin_pe=read_shape(folder / "ninPE.txt", PE_EDGES),
        nin_time=read_shape(folder / "ninTrec.txt", TIME_EDGES_US),
        efficiency=read_coefficients(folder / "effCoefficients.txt", 1),
        scintillation=read_coefficients(folder / "scintRespCoefficients.txt", 2),
    )


def read_events(path: Path) -> EventList:
    """Read an event list: rows of recoil energy (PE) and recoil time (us).

    Raises:
        DataError: if a row is not two numbers, the columns are swapped, an energy is not
            positive, a time is outside 0 to 12 us, or there are fewer events than in any edition.
    """
    rows, lines = _rows(path, 2)
    pe, time = rows.T.copy()
    outside = (time < 0.0) | (time > TIME_LIMIT_US)
    if outside.any():
        if (pe <= TIME_LIMIT_US).all() and (pe >= 0.0).all():
            raise DataError(
                "the columns are swapped; energy (PE) comes first, then time (us)",
                path=path,
                line=int(lines[0]),
            )
        first = int(np.argmax(outside))
        raise DataError(
            f"the recoil time {time[first]:g} us is outside 0 to {TIME_LIMIT_US:g} us; "
            "the columns must be energy (PE) and time (us)",
            path=path,
            line=int(lines[first]),
        )
    if (dark := pe <= 0.0).any():
        first = int(np.argmax(dark))
        raise DataError(
            f"the recoil energy {pe[first]:g} PE is not positive", path=path, line=int(lines[first])
        )
    minimum = MINIMUM_EVENTS.get(path.name, 1)
    if len(pe) < minimum:
        raise DataError(
            f"holds {len(pe)} events where every edition of the release has at least {minimum}; "
            "the file is truncated, get it again",
            path=path,
        )
    return EventList(pe, time)


def read_shape(path: Path, edges: Array) -> Shape:
    """Read a shape: rows of bin centre and content, one for each bin of `edges`.

    Raises:
        DataError: if the centres are not those of `edges` (a swapped, missing or truncated
            column), or a content is negative, or all are zero.
    """
    rows, lines = _rows(path, 2)
    centres = 0.5 * (edges[1:] + edges[:-1])
    n = min(len(rows), len(centres))
    # the files print centres with three decimals
    wrong = np.abs(rows[:n, 0] - centres[:n]) > 1e-3 * (edges[1] - edges[0])
    if wrong.any():
        first = int(np.argmax(wrong))
        raise DataError(
            f"the bin centre is {rows[first, 0]:g} where {centres[first]:g} belongs; "
            "the columns must be bin centre and content",
            path=path,
            line=int(lines[first]),
        )
    if len(rows) != len(centres):
        raise DataError(
            f"has {len(rows)} rows where {len(centres)} belong; the file is truncated or altered",
            path=path,
        )
    content = rows[:, 1].copy()
    if (negative := content < 0.0).any():
        raise DataError("a content is negative", path=path, line=int(lines[np.argmax(negative)]))
    if not content.any():
        raise DataError("all contents are zero; get the file again", path=path)
    return Shape(edges, content)


def read_coefficients(path: Path, variations: int) -> Coefficients:
    """Read four coefficients of a curve and of `variations` pairs of shifted curves.

    The released efficiency file labels both shifted curves "+1 sigma"; the second is the -1 sigma
    curve, as the coefficients on the two sides of the nominal ones show. So the order counts here
    and not the labels, and the two sides are checked.

    Raises:
        DataError: if the number of curves differs, or a pair is not on two sides of the nominal.
    """
    rows, lines = _rows(path, 4)
    if len(rows) != 1 + 2 * variations:
        raise DataError(
            f"has {len(rows)} rows of coefficients where {1 + 2 * variations} belong; "
            "the file is truncated or altered",
            path=path,
        )
    nominal = rows[0]
    pairs = tuple((rows[k], rows[k + 1]) for k in range(1, len(rows), 2))
    for k, (up, down) in enumerate(pairs):
        if ((up - nominal) * (down - nominal) > 0.0).any():
            raise DataError(
                "the two shifted curves lie on the same side of the nominal one",
                path=path,
                line=int(lines[2 + 2 * k]),
            )
    return Coefficients(nominal, pairs)


def _rows(path: Path, width: int) -> tuple[Array, IntArray]:
    return read_rows(path, enumerate(read_lines(path, finished=True), start=1), width)
