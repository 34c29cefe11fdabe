"""Antineutrino spectra of fission as they are tabulated, an isotope a row.

Between the energies of a table ln S is linear: a straight line through S itself is several per
cent too high where a spectrum falls steeply. Where two tables meet there is a step, as in published
analyses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from cevns.columns import read_columns
from cevns.exceptions import DataError
from cevns.typing import Array, ArrayLike, IntArray

__all__ = [
    "ISOTOPES",
    "Piece",
    "Spectra",
    "Tabulation",
    "capture",
    "from_file",
    "table",
    "tabulated",
]

ISOTOPES: Final = ("u235", "u238", "pu239", "pu241")
"""Those that make more than 99.9 % of the fissions."""
_TABLES = Path(__file__).parent / "tables"
_HIGHEST_MEV = 30.0
_NOTHING = -1e3
"""ln S where there is nothing: its exponential is zero."""


class Piece(NamedTuple):
    """A table, or a file, on a range of energies.

    Args:
        name: of a carried table.
        low_mev: from where.
        high_mev: to where; beyond the last energy of the table it stays constant, as below the
            first: a bin reaches beyond its centre.
    """

    name: str
    low_mev: float
    high_mev: float


@dataclass(frozen=True)
class Tabulation:
    """What a named spectrum is made of.

    Args:
        title: for tables.
        pieces: in the order of energy.
        ratio: of a carried table of bins that all isotopes are multiplied with.
        running: whether it is that of a running core: emission after long irradiation is in it.
        with_capture: whether the capture of neutrons on U-238 is in it; None where that is not
            known, of a total spectrum of the user.
        mixed: whether it is one spectrum of a mixture of isotopes.
    """

    title: str
    pieces: tuple[Piece, ...]
    ratio: str | None = None
    running: bool = True
    with_capture: bool | None = False
    mixed: bool = False

    @property
    def converted(self) -> bool:
        """Whether Huber's and Mueller's errors are those of a part of it."""
        return self.ratio is None and any(p.name == "huber-mueller" for p in self.pieces)


@dataclass(frozen=True, eq=False)
class Spectra:
    """Spectra of several isotopes whose logarithms are linear between common edges.

    Args:
        edges: MeV, increasing, ``(n + 1,)``.
        low: ln S, 1/MeV, at the lower end of each panel, ``(isotopes, n)``.
        high: at the upper end.
    """

    edges: Array
    low: Array
    high: Array

    def panel(self, energy_mev: Array) -> tuple[IntArray, Array]:
        """The panel of each energy, and whether it is within the spectra."""
        i = np.searchsorted(self.edges, energy_mev, side="right") - 1
        inside = (energy_mev >= self.edges[0]) & (energy_mev <= self.edges[-1])
        return np.clip(i, 0, len(self.edges) - 2), inside

    def within(self, panel: IntArray, energy_mev: Array) -> Array:
        """Antineutrinos per fission and MeV in panels that are known, ``(isotopes, ...)``."""
        below, above = self.edges[panel], self.edges[panel + 1]
        x = (energy_mev - below) / (above - below)
        out: Array = np.exp(self.low[:, panel] * (1.0 - x) + self.high[:, panel] * x)
        return out

    def by_isotope(self, energy_mev: ArrayLike) -> Array:
        """Antineutrinos per fission and MeV, ``(isotopes, ...)``; zero beyond the last edge."""
        energy = np.asarray(energy_mev, dtype=float)
        panel, inside = self.panel(energy)
        return np.where(inside, self.within(panel, energy), 0.0)

    def with_edges(self, edges: Array) -> Spectra:
        """The same with further edges, also beyond what it reaches, where there is nothing."""
        all_ = np.unique(np.concatenate([self.edges, edges]))
        middle = (all_[:-1] + all_[1:]) / 2.0
        panel, inside = self.panel(middle)
        width = self.edges[panel + 1] - self.edges[panel]

        def at(energy: Array) -> Array:
            x = (energy - self.edges[panel]) / width
            value = self.low[:, panel] * (1.0 - x) + self.high[:, panel] * x
            return np.where(inside, value, _NOTHING)

        return Spectra(all_, at(all_[:-1]), at(all_[1:]))

    @classmethod
    def of_table(cls, columns: Sequence[Array], energy: Array, low: float, high: float) -> Spectra:
        """Through the points of a table, on a range."""
        inside = energy[(energy > low) & (energy < high)]
        edges = np.concatenate([[low], inside, [high]])
        logs = [np.log(np.maximum(c, np.exp(_NOTHING / 2))) for c in columns]
        ln = np.array([np.interp(edges, energy, log) for log in logs])
        return cls(edges, ln[:, :-1], ln[:, 1:])

    @classmethod
    def joined(cls, pieces: Sequence[Spectra]) -> Spectra:
        """Pieces one after the other, with a step between them."""
        edges = np.concatenate([pieces[0].edges, *(p.edges[1:] for p in pieces[1:])])
        low, high = (np.concatenate([getattr(p, k) for p in pieces], 1) for k in ("low", "high"))
        return cls(edges, low, high)


@cache
def table(name: str) -> dict[str, Array]:
    """Columns of a carried table."""
    return read_columns(_TABLES / f"{name}.csv", ())


def _isotopes(columns: dict[str, Array]) -> list[Array]:
    """The column of each isotope, or of all of them together."""
    return [columns["total"] if "total" in columns else columns[i] for i in ISOTOPES]


@cache
def tabulated(model: Tabulation) -> Spectra:
    """The spectra of a named tabulation."""
    parts = []
    for name, low, high in model.pieces:
        columns = table(name)
        parts.append(Spectra.of_table(_isotopes(columns), columns["energy_mev"], low, high))
    out = Spectra.joined(parts)
    if model.ratio is None:
        return out
    bins = table(model.ratio)
    out = out.with_edges(np.append(bins["low_mev"], bins["high_mev"][-1]))
    middle = (out.edges[:-1] + out.edges[1:]) / 2.0
    at = np.searchsorted(bins["low_mev"], middle, side="right") - 1
    inside = (at >= 0) & (middle < bins["high_mev"][-1])
    ln = np.where(inside, np.log(bins["ratio"])[np.maximum(at, 0)], 0.0)
    return Spectra(out.edges, out.low + ln, out.high + ln)


def from_file(path: Path, needed: Sequence[str] = ISOTOPES) -> tuple[Spectra, bool]:
    """Spectra of a table of the user: ``energy_mev`` and an isotope a column, or ``total``.

    Args:
        path: of the table.
        needed: isotopes that fission, whose columns must be there.

    Returns:
        The spectra, and whether they are one total for all isotopes.

    Raises:
        DataError: if the file is missing or broken, its energies do not increase or leave a hole,
            or a spectrum is not positive.
    """
    columns = read_columns(path, ("energy_mev",))
    energy = columns["energy_mev"]
    missing = [i for i in needed if i not in columns]
    if "total" not in columns and missing:
        raise DataError(
            f"has no column {missing[0]!r}; give one of each of {', '.join(needed)}, or 'total'",
            path=path,
        )
    if "total" in columns and len(columns) > 2:
        raise DataError(
            "has columns in addition to 'total'; give either 'total' or one column "
            "for each isotope",
            path=path,
        )
    if energy[-1] > _HIGHEST_MEV:
        raise DataError(f"reaches {energy[-1]:g} MeV; energies are in MeV", path=path)
    if energy.size < 2 or energy[0] < 0.0 or not np.all(np.diff(energy) > 0.0):
        raise DataError("needs two or more energies that increase, from 0 on", path=path)
    steps = np.diff(energy)
    hole = int(np.argmax(steps))
    if steps[hole] > min(1.0, 3.5 * float(np.median(steps))):
        raise DataError(
            f"has no point between {energy[hole]:g} and {energy[hole + 1]:g} MeV; add the missing "
            "points",
            path=path,
        )
    values = [columns[i] for i in (["total"] if "total" in columns else needed)]
    if any(np.any(v < 0.0) or not np.any(v > 0.0) for v in values):
        raise DataError("holds a spectrum that is negative, or zero everywhere", path=path)
    for spectrum in values:
        filled = np.flatnonzero(spectrum)
        empty = np.flatnonzero(spectrum[filled[0] : filled[-1]] == 0.0)
        if empty.size:
            raise DataError(
                f"is zero at {energy[filled[0] + empty[0]]:g} MeV between energies where it is "
                "not; add the missing points",
                path=path,
            )
    nothing = np.zeros_like(energy)
    rows = [columns.get("total", columns.get(i, nothing)) for i in ISOTOPES]
    found = Spectra.of_table(rows, energy, float(energy[0]), float(energy[-1]))
    return found, "total" in columns


@cache
def capture() -> Spectra:
    """Both decays after the capture of a neutron on U-238, each normalised to one antineutrino."""
    columns = table("capture")
    energy, step = columns["energy_mev"], columns["energy_mev"][1] - columns["energy_mev"][0]
    decays = [columns["u239"], columns["np239"]]
    raw = Spectra.of_table(decays, energy, 0.0, float(energy[-1] + step / 2.0))
    width, drop = np.diff(raw.edges), raw.low - raw.high
    mean = np.exp(raw.high) * np.where(
        np.abs(drop) < 1e-6, 1.0, np.expm1(drop) / np.where(np.abs(drop) < 1e-6, 1.0, drop)
    )
    norm = np.log((mean * width).sum(axis=1))[:, None]
    return Spectra(raw.edges, raw.low - norm, raw.high - norm)
