r"""Mediators in place of photons that targets emit isotropically: pi- capture and cascades.

A mediator of energy E_V that flies and decays isotropically gives chi of every energy between
:math:`\gamma (m_V/2 \mp \beta p_0)` with one density, :math:`p_0 = \sqrt{m_V^2/4 - m_\chi^2}`.
Both channels are of the dark photon: what the baryon current does there is no multiple of photons.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from cevns.columns import read_columns
from cevns.constants import M_NEUTRON_MEV, M_PION_MEV, M_PROTON_MEV
from cevns.dark_sector.sector import DarkSector
from cevns.exceptions import DataError
from cevns.sources.meson_beams.flux_matrix import STEPS, FluxCurve, energy_grid
from cevns.typing import Array

__all__ = ["Box", "box_of", "capture_energy_mev", "captured", "cascade_curve"]

_PARTS: Final = 8
_COLUMNS: Final = ("energy_low_mev", "energy_high_mev", "photons_per_proton")


@dataclass(frozen=True)
class Box:
    """A constant density in energy.

    Args:
        low_mev: lower end, MeV.
        high_mev: upper end, MeV.
        height: density between them.
    """

    low_mev: float
    high_mev: float
    height: float

    def times(self, factor: float) -> Box:
        """The box times a number."""
        return Box(self.low_mev, self.high_mev, factor * self.height)


def capture_energy_mev(m_v_mev: float) -> float:
    """Energy of V of pi- p -> n V at rest, MeV; NaN where V is too heavy.

    Examples:
        >>> round(capture_energy_mev(0.0), 1)
        129.4
    """
    whole = M_PION_MEV + M_PROTON_MEV
    if m_v_mev >= whole - M_NEUTRON_MEV:
        return float("nan")
    return (whole**2 - M_NEUTRON_MEV**2 + m_v_mev**2) / (2.0 * whole)


def box_of(sector: DarkSector, energy_mev: float, number: float) -> Box:
    """dN/(dE dOmega) of both chi of a number of mediators of one energy.

    Args:
        sector: masses.
        energy_mev: of the mediators, above their mass.
        number: of the mediators.
    """
    gamma = energy_mev / sector.m_v_mev
    p0 = np.sqrt(max(0.25 * sector.m_v_mev**2 - sector.m_chi_mev**2, 0.0))
    middle = 0.5 * energy_mev
    half = max(float(np.sqrt(max(gamma**2 - 1.0, 0.0)) * p0), 1e-6 * middle)
    low = max(middle - half, sector.m_chi_mev)
    return Box(low, middle + half, 2.0 * number / (4.0 * np.pi * (middle + half - low)))


def captured(sector: DarkSector, photons_per_proton: float) -> Box | None:
    """Chi of pi- capture on hydrogen per proton at unit coupling, MeV and sr.

    Each photon becomes a mediator with the probability eps^2 p_V/p_photon, the ratio of the phase
    spaces. None where the mediator is too heavy, or lighter than a pair of chi.

    Args:
        sector: of the vector portal.
        photons_per_proton: pi- per proton that are captured and emit a photon. On mercury 1 to 2 %
            of all captures do [M]; 129 MeV holds for hydrogen.
    """
    energy = capture_energy_mev(sector.m_v_mev)
    if not (photons_per_proton > 0.0 and energy == energy and sector.pair_mev < sector.m_v_mev):
        return None
    momentum = np.sqrt(max(energy**2 - sector.m_v_mev**2, 0.0))
    return box_of(sector, energy, photons_per_proton * momentum / capture_energy_mev(0.0))


@lru_cache(maxsize=4)
def _photons(path: str, state: tuple[int, int]) -> tuple[Array, Array]:
    """Energies and numbers per proton of the parts of the bins of a table in a state."""
    _ = state
    table = read_columns(path, _COLUMNS)
    low, high, number = (table[c] for c in _COLUMNS)
    if (high <= low).any() or low.min() < 0.0 or number.min() < 0.0:
        raise DataError("bins need 0 <= energy_low < energy_high and no negative number", path=path)
    inside = (np.arange(_PARTS) + 0.5) / _PARTS
    energy = low[:, None] + (high - low)[:, None] * inside
    return energy.ravel(), np.repeat(number / _PARTS, _PARTS)


def cascade_curve(sector: DarkSector, path: Path) -> FluxCurve | None:
    """Chi of the photons of a table, per proton at unit coupling, MeV and sr.

    Each photon becomes a mediator of the same energy with the probability
    ``eps^2 sqrt(1 - (m_V/E)^2)`` (Dutta et al., arXiv:2006.09386). None where no photon
    has the energy.

    Args:
        sector: of the vector portal.
        path: CSV with ``energy_low_mev``, ``energy_high_mev`` and ``photons_per_proton``.

    Raises:
        DataError: if the table breaks its structure.
    """
    stat = path.stat() if path.exists() else None
    energy, number = _photons(str(path), (stat.st_mtime_ns, stat.st_size) if stat else (0, 0))
    open_ = energy > sector.m_v_mev * (1.0 + 1e-9)
    if not open_.any() or sector.pair_mev >= sector.m_v_mev:
        return None
    energy, number = energy[open_], number[open_]
    number = number * np.sqrt(1.0 - (sector.m_v_mev / energy) ** 2)
    boxes = [box_of(sector, e, n) for e, n in zip(energy, number, strict=True)]
    low, high, height = np.array([(b.low_mev, b.high_mev, b.height) for b in boxes]).T
    m_chi, top = sector.m_chi_mev, float(high.max())
    grid = energy_grid(m_chi, top)
    # each node has the mean over its surroundings, in which sharp ends lie
    edges = np.concatenate([grid[:1], 0.5 * (grid[1:] + grid[:-1]), grid[-1:]])
    below = (np.clip(edges[:, None], low, high) - low) @ height
    density = np.diff(below) / np.diff(edges)
    momentum = np.sqrt(np.maximum((grid - m_chi) * (grid + m_chi), 0.0))
    momentum[0] = momentum[1]
    curve = FluxCurve(m_chi, top, density / momentum)
    # what is interpolated has the number of particles
    fine = energy_grid(m_chi, top, 20 * STEPS)
    return curve.times(float(below[-1] / np.trapezoid(curve(fine), fine)))
