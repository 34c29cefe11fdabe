"""A quenching factor given at points, interpolated without overshoot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cevns.columns import read_columns
from cevns.detectors.framework.quenching_curve import Quenching, Recoil
from cevns.detectors.framework.variation import Variation
from cevns.exceptions import DataError, InputError
from cevns.typing import Array

__all__ = ["MODEL", "Tabulated", "monotone_slopes"]

CITE = "file: the points are those of the experiment"


def monotone_slopes(x: Array, y: Array) -> Array:
    """Slopes of the monotone cubic through the points (Fritsch and Butland 1984).

    Inside: the weighted harmonic mean of the neighbouring secants, zero at an extremum, so the
    curve rises where the points rise. At the ends: the secant.
    """
    h, secant = np.diff(x), np.diff(y) / np.diff(x)
    slopes = np.concatenate([secant[:1], np.zeros(len(x) - 2), secant[-1:]])
    left, right = secant[:-1], secant[1:]
    same = left * right > 0.0
    w1, w2 = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (w1 + w2) / (w1 / left + w2 / right)
    slopes[1:-1] = np.where(same, mean, 0.0)
    return slopes


@dataclass(frozen=True)
class Tabulated(Quenching):
    """QF(T) through points by monotone cubic interpolation; constant beyond the points.

    Args:
        recoil_energy_kev: energies of the points, keVnr, increasing.
        quenching_factors: QF at the points.
        variations: as `Quenching`; plus and minus are quenching factors at the same points.
        valid_kev: as `Quenching`; by default the whole axis, so give the range of the points.

    Raises:
        InputError: if there are fewer than two points, or energies do not increase.

    Examples:
        >>> table = Tabulated((1.0, 5.0, 20.0), (0.06, 0.08, 0.10), valid_kev=(1.0, 20.0))
        >>> table.quenching_factor([1.0, 5.0, 20.0]).round(3).tolist()
        [0.06, 0.08, 0.1]
    """

    recoil_energy_kev: tuple[Recoil, ...]
    quenching_factors: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        t = np.asarray(self.recoil_energy_kev, dtype=float)
        if t.size < 2 or t.size != len(self.quenching_factors) or not np.all(np.diff(t) > 0):
            raise InputError(
                "tabulated quenching needs two or more points with increasing recoil energies "
                "and one quenching factor each"
            )

    @classmethod
    def from_csv(cls, path: Path | str) -> Tabulated:
        """Read columns ``recoil_energy_kevnr, quenching_factor`` and pairs ``NAME+, NAME-``.

        The validity range is that of the points; a pair of columns is a variation.

        Raises:
            DataError: if the file is missing or broken, or a column of a pair is missing.
        """
        columns = read_columns(path, ("recoil_energy_kevnr", "quenching_factor"))
        t = columns.pop("recoil_energy_kevnr")
        qf = columns.pop("quenching_factor")
        if not np.all(np.diff(t) > 0):
            raise DataError("the recoil energies must increase", path=path)
        variations = {}
        for name in [c[:-1] for c in columns if c.endswith("+")]:
            if f"{name}-" not in columns:
                raise DataError(f"column '{name}+' has no partner '{name}-'", path=path)
            variations[name] = Variation(
                tuple(columns.pop(f"{name}+").tolist()), tuple(columns.pop(f"{name}-").tolist())
            )
        if columns:
            raise DataError(f"unknown columns {', '.join(columns)}", path=path)
        return cls(
            tuple(t.tolist()),
            tuple(qf.tolist()),
            variations=variations,
            valid_kev=(float(t[0]), float(t[-1])),
        )

    @property
    def parameters(self) -> tuple[float, ...]:
        """QF at the points."""
        return self.quenching_factors

    def curve(self, recoil_energy_kev: Array, parameters: tuple[float, ...]) -> Array:
        """QF(T) T, keVee."""
        x, y = np.asarray(self.recoil_energy_kev), np.asarray(parameters)
        slopes, h = monotone_slopes(x, y), np.diff(x)
        t = np.clip(recoil_energy_kev, x[0], x[-1])
        i = np.clip(np.searchsorted(x, t, side="right") - 1, 0, len(x) - 2)
        u, rise = (t - x[i]) / h[i], y[i + 1] - y[i]
        c1, c1_next = h[i] * slopes[i], h[i] * slopes[i + 1]
        c2, c3 = 3.0 * rise - 2.0 * c1 - c1_next, c1 + c1_next - 2.0 * rise
        factor: Array = ((c3 * u + c2) * u + c1) * u + y[i]
        return factor * recoil_energy_kev


MODEL = Tabulated
