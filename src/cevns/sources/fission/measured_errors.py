"""The covariance of a measured reactor spectrum as pulls: its eigenvectors, the largest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from cevns.exceptions import DataError
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.sources.fission.ibd import cross_section_cm2
from cevns.sources.fission.tabulation import ISOTOPES
from cevns.typing import Array

__all__ = ["MeasuredErrors"]

_BINS = 25
_BLOCKS: Final = ("U235", "Pu239", "Total")
_MEASURED: Final = {"u235": 0.564, "u238": 0.076, "pu239": 0.304, "pu241": 0.056}
"""Fractions that the total spectrum is for."""
_UNIT_CM2 = 1e-43
_STEPS = 400


@dataclass(frozen=True, eq=False)
class MeasuredErrors:
    r"""Relative changes of the spectrum in bins, one for each eigenvector, uncorrelated.

    The spectrum of other fractions follows from the measured ones of U-235, Pu-239 and of all,
    S = S_t + sum_i (f_i - f_i^t) S_i, and so does its covariance. Relative to the spectrum it is

    .. math:: R = \frac{W V W^T}{m\, m^T} = \sum_k \lambda_k e_k e_k^T, \qquad
       W = \left[(f_5 - f_5^t)\, 1,\; (f_9 - f_9^t)\, 1,\; 1\right]

    and the pull k changes the spectrum in bin b by sqrt(lambda_k) e_kb. All eigenvectors together
    are the whole covariance; U-238 and Pu-241, which were not measured, have no error in it, which
    matters for fractions far from the measured ones: for U-235 alone the error of the yield is
    0.107e-43 cm2 per fission, where 0.121 is published. Daya Bay, Chin. Phys. C 45 (2021) 073001,
    arXiv:2102.04614. The errors that are printed beside the spectrum are larger, by up to a quarter
    in the first bins: they hold something more.

    Args:
        low_mev: lower edges of the bins, MeV.
        high_mev: upper edges, MeV.
        shapes: relative change for one standard deviation, ``(pulls, bins)``.
    """

    low_mev: Array
    high_mev: Array
    shapes: Array

    @classmethod
    def read(
        cls, path: Path, fractions: tuple[float, ...], emission: Callable[[Array], Array]
    ) -> Self:
        """From the table of the publication, ``..._u235_pu239_total.txt``.

        Args:
            path: three spectra of 25 bins, then their covariance.
            fractions: of fissions, in the order of `ISOTOPES`.
            emission: antineutrinos per fission and MeV, which the errors are relative to.

        Raises:
            DataError: if it is not that table.
        """
        bins, covariance = _tables(path)
        low, high = bins[:_BINS, 0], bins[:_BINS, 1]
        away = [fractions[ISOTOPES.index(i)] - _MEASURED[i] for i in ("u235", "pu239")]
        weights = np.hstack([share * np.eye(_BINS) for share in (*away, 1.0)])
        x = (np.arange(_STEPS) + 0.5) / _STEPS
        energy = low[:, None] + (high - low)[:, None] * x
        content = (emission(energy) * cross_section_cm2(energy)).mean(axis=1) / _UNIT_CM2
        relative = weights @ covariance @ weights.T / np.outer(content, content)
        size, vectors = np.linalg.eigh(relative)
        largest = np.argsort(-size)
        shapes = (vectors * np.sqrt(np.maximum(size, 0.0))).T[largest]
        # an eigenvector has no sign of its own: more antineutrinos for a positive pull
        return cls(low, high, shapes * np.where(shapes.sum(axis=1) < 0.0, -1.0, 1.0)[:, None])

    @property
    def parameters(self) -> Parameters:
        """``dayabay.shape.1`` and so on, in standard deviations."""
        return Parameters(
            Parameter(
                f"dayabay.shape.{k}",
                0.0,
                constraint=Gaussian(0.0, 1.0),
                description=f"eigenvector {k} of the spectrum that Daya Bay measured",
            )
            for k in range(1, len(self.shapes) + 1)
        )

    def change(self, name: str, energy: Array) -> Array:
        """Relative change of the spectrum for one standard deviation, 0 beyond the bins."""
        shape = self.shapes[self.parameters.names.index(name)]
        k = np.searchsorted(self.low_mev, energy, side="right") - 1
        inside = (k >= 0) & (energy < self.high_mev[-1])
        out: Array = np.where(inside, shape[np.maximum(k, 0)], 0.0)
        return out


def _tables(path: Path) -> tuple[Array, Array]:
    """Rows of the spectra, ``(75, 4)``, and their covariance."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("cannot be read; check the path", path=path) from error
    named = [line.strip("# ") for line in lines if line.startswith("#")]
    n = _BINS * len(_BLOCKS)
    try:
        rows = [[float(v) for v in r.split()] for r in lines if r.strip() and r[0] != "#"]
        bins, covariance = np.array(rows[:n]), np.array(rows[n : 2 * n])
    except ValueError:
        bins = covariance = np.empty(0)
    good = bins.shape == (n, 4) and covariance.shape == (n, n) and set(_BLOCKS) <= set(named)
    if not good or not np.allclose(covariance, covariance.T):
        raise DataError(
            f"is not the table of arXiv:2102.04614 with the spectra of {', '.join(_BLOCKS)} and "
            "their covariance (daya_bay_2021_u235_pu239_total.txt)",
            path=path,
        )
    return bins, covariance
