r"""From the spectrum in the frame of moving parents to the flux in one direction.

dN/(p dE dOmega) is Lorentz invariant. For an isotropic decay, a parent (gamma, beta) at an angle
alpha to the line of sight and :math:`E^* = \gamma (E - \beta p \cos\alpha)`,

.. math:: \frac{dN}{dE\,d\Omega} = \frac{p}{p^*} \frac{f^*(E^*)}{4\pi}

per chi, also where a direction has two energies. The map from f* to the flux is linear: a matrix,
which the masses of the mediator, its coupling and the spin of chi have no part in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np

from cevns.sources.meson_beams.meson_sample import POINTS, MesonSample, MesonSpectrum, seen_from
from cevns.sources.meson_beams.rest_spectra import CELLS, RestGrid
from cevns.typing import Array, ArrayLike

__all__ = ["STEPS", "FluxCurve", "FluxMatrix", "energy_grid", "flux_matrix", "highest_energy"]

STEPS: Final = 150
_POWER: Final = 2.5


def energy_grid(m_chi_mev: float, highest_mev: float, steps: int = STEPS) -> Array:
    """``E = m_chi + (E_max - m_chi) u^2.5`` at equal steps of u, MeV."""
    u = np.linspace(0.0, 1.0, steps + 1)
    found: Array = m_chi_mev + (highest_mev - m_chi_mev) * u**_POWER
    return found


@dataclass(frozen=True, eq=False)
class FluxCurve:
    """A smooth flux above m_chi: momentum times a monotone cubic interpolation in u.

    Args:
        m_chi_mev: mass, MeV.
        highest_mev: end point, MeV.
        per_momentum: flux over momentum at the nodes of `energy_grid`.
    """

    m_chi_mev: float
    highest_mev: float
    per_momentum: Array

    @cached_property
    def _interpolation(self) -> Any:
        from scipy.interpolate import PchipInterpolator

        return PchipInterpolator(np.linspace(0.0, 1.0, STEPS + 1), self.per_momentum)

    def __call__(self, energy_mev: ArrayLike) -> Array:
        """The flux, in the unit of `per_momentum` times MeV; zero outside."""
        above = np.asarray(energy_mev, dtype=float) - self.m_chi_mev
        u = np.clip(above / (self.highest_mev - self.m_chi_mev), 0.0, 1.0) ** (1.0 / _POWER)
        inside = (above > 0.0) & (u < 1.0)
        momentum = np.sqrt(np.where(inside, above * (above + 2.0 * self.m_chi_mev), 0.0))
        found: Array = momentum * self._interpolation(u)
        return found

    def times(self, factor: float) -> FluxCurve:
        """The curve times a number."""
        return FluxCurve(self.m_chi_mev, self.highest_mev, factor * self.per_momentum)


@dataclass(frozen=True, eq=False)
class FluxMatrix:
    """``flux/p = matrix @ f*`` at the nodes of `energy_grid`, per chi and steradian."""

    m_chi_mev: float
    highest_mev: float
    matrix: Array

    def curve(self, rest_spectrum: Array) -> FluxCurve:
        """dN/(dE dOmega) per chi, 1/(MeV sr), for an f* on a `RestGrid`."""
        return FluxCurve(self.m_chi_mev, self.highest_mev, self.matrix @ rest_spectrum)


def highest_energy(sample: MesonSample, m_chi_mev: float, rest_mev: float) -> float:
    """Largest energy, MeV, at which chi of a rest energy up to `rest_mev` reaches the detector."""
    k, bc = rest_mev / sample.gamma, sample.momentum / sample.gamma * sample.cosine
    open_ = 1.0 - bc**2
    root = k**2 - m_chi_mev**2 * open_
    reached = (root >= 0.0) & ((bc > 0.0) | (k >= m_chi_mev)) & (sample.weight > 0.0)
    energy = (k + bc * np.sqrt(np.maximum(root, 0.0))) / open_
    return max(float(np.where(reached, energy, 0.0).max()), rest_mev, m_chi_mev * (1.0 + 1e-9))


@lru_cache(maxsize=64)
def flux_matrix(
    spectrum: MesonSpectrum,
    parent_mev: float,
    angle_deg: float,
    m_chi_mev: float,
    count: int = POINTS,
) -> FluxMatrix:
    """The matrix of a spectrum at an angle, for a mass of chi; the last ones are remembered.

    Args:
        spectrum: of the parents.
        parent_mev: mass of a parent, MeV.
        angle_deg: of the detector to the beam.
        m_chi_mev: mass of chi, MeV, below half of the parent's.
        count: points of the sample.
    """
    sample = seen_from(spectrum, parent_mev, angle_deg, count)
    grid = RestGrid(m_chi_mev, parent_mev)
    highest = highest_energy(sample, m_chi_mev, 0.5 * parent_mev)
    energies = energy_grid(m_chi_mev, highest)
    along = sample.momentum * sample.cosine
    weight = sample.weight / (4.0 * np.pi)
    rows = np.zeros((energies.size, CELLS))
    for row, energy in zip(rows, energies, strict=True):
        momentum = np.sqrt((energy - m_chi_mev) * (energy + m_chi_mev))
        rest = sample.gamma * energy - along * momentum
        here = np.flatnonzero(rest < 0.5 * parent_mev)
        if not here.size:
            continue
        above = np.maximum(rest[here] - m_chi_mev, 1e-12 * m_chi_mev)
        share = weight[here] / np.sqrt(above * (above + 2.0 * m_chi_mev))
        place = np.clip(above / grid.width_mev - 0.5, 0.0, CELLS - 1.0)
        left = np.minimum(place.astype(int), CELLS - 2)
        right = place - left
        row += np.bincount(left, share * (1.0 - right), CELLS)
        row += np.bincount(left + 1, share * right, CELLS)
    return FluxMatrix(m_chi_mev, highest, rows)
