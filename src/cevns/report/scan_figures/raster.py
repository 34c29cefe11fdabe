"""Regions of raster scans: at each value of the structural axis an interval, or several.

The question at each mass is about the coupling alone, so edges are found along the coupling and
joined from mass to mass. A map contoured as a whole would lose a narrow strip that runs across its
cells. Pieces of neighbours are joined in order, as near as possible; one without a partner ends
halfway to its neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.inference.scan.regions import Segment, confidence_set
from cevns.report.drawing import style
from cevns.report.drawing.outlines import fill_paths
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cevns.analysis.scanning.scan_record import Scan

__all__ = ["Link", "RasterRegion"]

Link = tuple[Array, Array, Array, bool, bool]
"""Structural values, lower edges, upper edges, ``(2,)`` each; whether both lower and both upper
edges are only where the grid ends."""


@dataclass(frozen=True, eq=False)
class RasterRegion:
    """The region of a scan with a structural axis.

    Args:
        at: values of the structural axis.
        pieces: of the other one at each, from the lowest.
        log: whether the structural axis is logarithmic.
        sideways: whether the structural axis is drawn upwards.
    """

    at: Array
    pieces: tuple[tuple[Segment, ...], ...]
    log: bool
    sideways: bool

    @classmethod
    def of(cls, scan: Scan, statistic: Array, critical: Array, *, sideways: bool) -> RasterRegion:
        """Where the statistic is at most its critical value, both with the shape of the grid."""
        k = scan.names.index(scan.raster[0])
        values, log = scan.axes[1 - k], scan.logarithmic[1 - k]
        rows = (np.moveaxis(a, k, 0) for a in (statistic, critical))
        best = _best_of_slices(scan, scan.names[1 - k])
        pieces = tuple(
            _pieces(values, s, c, best[i], log=log)
            for i, (s, c) in enumerate(zip(*rows, strict=True))
        )
        return cls(scan.axes[k], pieces, scan.logarithmic[k], sideways)

    @classmethod
    def fitted(cls, scan: Scan, *, sideways: bool) -> RasterRegion:
        """At the level of the scan, between the ends that it fitted: those of its intervals."""
        k = scan.names.index(scan.raster[0])
        first, last = scan.axes[1 - k][[0, -1]]
        pieces = tuple(
            tuple(Segment(low, high, low <= first, high >= last) for low, high in found)
            for _, found in scan.slices()
        )
        return cls(scan.axes[k], pieces, scan.logarithmic[k], sideways)

    def outline(self, axes: Axes, label: str = "_", **look: Any) -> None:
        """Draw the edges; they are in the legend also where the map has none of them."""
        for points in self.lines():
            axes.plot(*self._turned(*points.T), **look)
        if label != "_":
            axes.plot([], [], label=style.plain(label), **look)

    def lines(self) -> list[Array]:
        """The edges, each ``(n, 2)``: structural values and values of the other axis."""
        segments = []
        for x, low, high, low_open, high_open in self._links():
            segments += [np.stack([x, low], -1)] * (not low_open)
            segments += [np.stack([x, high], -1)] * (not high_open)
        segments += [np.array([[x, low], [x, high]]) for x, low, high in self._ends()]
        return _joined(segments)

    def fill(self, axes: Axes, label: str = "_", **look: Any) -> None:
        """Fill it."""
        from matplotlib.path import Path

        paths = []
        for x, low, high, _, _ in self._links():
            ring = np.stack(self._turned(np.append(x, x[::-1]), np.append(low, high[::-1])), -1)
            paths.append(Path(np.append(ring, ring[:1], axis=0), closed=True))
        fill_paths(axes, paths, label, **look)

    def _turned(self, at: Array, values: Array) -> tuple[Array, Array]:
        return (values, at) if self.sideways else (at, values)

    def _halfway(self, i: int, j: int) -> float:
        a, b = self.at[i], self.at[j]
        return float(np.sqrt(a * b) if self.log else 0.5 * (a + b))

    def _links(self) -> list[Link]:
        """Quadrangles between neighbours, and halves of the pieces without a partner."""
        out: list[Link] = []
        for i, j in pairwise(range(len(self.at))):
            first, second = self.pieces[i], self.pieces[j]
            pairs = _partners(first, second)
            for a, b in pairs:
                p, q = first[a], second[b]
                out.append(
                    (
                        self.at[[i, j]],
                        np.array([p.lower, q.lower]),
                        np.array([p.upper, q.upper]),
                        p.lower_open and q.lower_open,
                        p.upper_open and q.upper_open,
                    )
                )
            for p, x in self._alone(i, j, pairs):
                out.append(
                    (
                        np.array(sorted([self._halfway(i, j), x])),
                        np.array([p.lower, p.lower]),
                        np.array([p.upper, p.upper]),
                        p.lower_open,
                        p.upper_open,
                    )
                )
        return out

    def _ends(self) -> list[tuple[float, float, float]]:
        """Where pieces without a partner end."""
        out = []
        for i, j in pairwise(range(len(self.at))):
            for p, _ in self._alone(i, j, _partners(self.pieces[i], self.pieces[j])):
                out.append((self._halfway(i, j), p.lower, p.upper))
        return out

    def _alone(
        self, i: int, j: int, pairs: Sequence[tuple[int, int]]
    ) -> list[tuple[Segment, float]]:
        """Pieces of two neighbours that have no partner, and where they are."""
        return [
            (p, float(self.at[k]))
            for side, k in enumerate((i, j))
            for n, p in enumerate(self.pieces[k])
            if n not in {pair[side] for pair in pairs}
        ]


def _joined(segments: Sequence[Array]) -> list[Array]:
    """Segments that follow each other as one line: dashes then run on."""
    lines: list[list[Array]] = []
    for start, end in segments:
        line = next((li for li in lines if np.array_equal(li[-1], start)), None)
        if line is None:
            lines.append([start, end])
        else:
            line.append(end)
    return [np.array(line) for line in lines]


def _partners(first: Sequence[Segment], second: Sequence[Segment]) -> list[tuple[int, int]]:
    """Which pieces belong together: all of the fewer, in order, the nearest."""
    if len(first) > len(second):
        return [(a, b) for b, a in _partners(second, first)]
    choice = min(
        combinations(range(len(second)), len(first)),
        key=lambda c: sum(
            abs(_middle(p) - _middle(second[k])) for p, k in zip(first, c, strict=True)
        ),
    )
    return list(enumerate(choice))


def _middle(piece: Segment) -> float:
    """In the logarithm if it has one: pieces of couplings differ by powers of ten."""
    if piece.lower > 0:
        return 0.5 * float(np.log(piece.lower) + np.log(piece.upper))
    return 0.5 * (piece.lower + piece.upper)


def _best_of_slices(scan: Scan, name: str) -> list[float | None]:
    """Best value at each structural value, where -2 ln L is known to be lowest."""
    found = scan.file.datasets.get("profile/best_by_slice")
    n = len(scan.axes[scan.names.index(scan.raster[0])])
    if found is None or found.ndim != 2 or len(found) != n or scan.method == "cls":
        return [None] * n
    column: list[float | None] = found[:, list(scan.file.run["parameters"]).index(name)].tolist()
    return column


def _pieces(
    values: Array, statistic: Array, critical: Array, best: float | None, *, log: bool
) -> tuple[Segment, ...]:
    """Pieces along one axis; `best`, where the statistic vanishes, counts beside the grid."""
    u = np.log(values) if log else values
    if best is not None and values[0] < best < values[-1] and best not in values:
        at = float(np.log(best)) if log else best
        i = int(np.searchsorted(u, at))
        statistic = np.insert(statistic, i, 0.0)
        critical = np.insert(critical, i, np.interp(at, u, critical))
        u = np.insert(u, i, at)
    found = confidence_set(u, np.maximum(statistic, 0.0), critical).pieces
    if not log:
        return found
    return tuple(
        Segment(float(np.exp(p.lower)), float(np.exp(p.upper)), p.lower_open, p.upper_open)
        for p in found
    )
