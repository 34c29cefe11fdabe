r"""The energy of chi in the frame of the meson.

A mediator of mass sqrt(s) has there a fixed momentum, and chi with the cosine c in the mediator's
frame the energy :math:`E^* = E_0 + D c`, :math:`E_0 = (M^2 + s)/4M`,
:math:`D = (M^2 - s)/(2 M \sqrt s)\, \sqrt{s/4 - m_\chi^2}`. Its density is h(c)/(2 D), and the
whole spectrum f* the mean of these over s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cevns.dark_sector.sector import DarkSector
from cevns.sources.meson_beams.meson_decay_rates import Parent, Virtuality, angular_shape
from cevns.typing import Array

__all__ = ["CELLS", "RestGrid", "rest_spectrum"]

CELLS: Final = 400


@dataclass(frozen=True)
class RestGrid:
    """Centres of equal cells between m_chi and half the parent's mass, MeV."""

    m_chi_mev: float
    parent_mev: float

    @property
    def width_mev(self) -> float:
        """Of a cell."""
        return (0.5 * self.parent_mev - self.m_chi_mev) / CELLS

    @property
    def centres_mev(self) -> Array:
        """Of the cells."""
        found: Array = self.m_chi_mev + self.width_mev * (np.arange(CELLS, dtype=np.float64) + 0.5)
        return found


def rest_spectrum(
    sector: DarkSector, parent: Parent, found: Virtuality, *, polarised: bool = True
) -> Array:
    r"""f* at the centres of a `RestGrid`, 1/MeV, for linear interpolation; its integral is one.

    Each value is the integral of f* times the hat function of its node, in closed form through the
    second integral of h(c). So norm and mean are exact, also where the energies of a narrow
    mediator have sharp ends or all lie within one cell.

    Args:
        sector: of the mediator and chi.
        parent: the meson.
        found: the distribution in s.
        polarised: False if a mediator that can be on its shell decays isotropically. A virtual one
            is transverse in any case, as in BdNMC.

    Returns:
        An array of shape ``(CELLS,)``.
    """
    grid = RestGrid(sector.m_chi_mev, parent.mass_mev)
    s = found.s_mev2
    on_shell = sector.pair_mev < sector.m_v_mev < parent.mass_mev
    a, b = angular_shape(sector, s)
    if on_shell and not polarised:
        a, b = np.ones(s.shape), np.zeros(s.shape)
    mass, root = parent.mass_mev, np.sqrt(s)
    middle = (mass**2 + s) / (4.0 * mass)
    momentum = np.sqrt(np.maximum(0.25 * s - 0.25 * sector.pair_mev**2, 0.0))
    reach = np.maximum((mass**2 - s) / (2.0 * mass * root) * momentum, 1e-12 * mass)
    c = np.clip((grid.centres_mev[:, None] - middle) / reach, -1.0, None)
    up = np.minimum(c, 1.0)
    second = a * (up + 1.0) ** 2 / 2.0 + b * (up**4 / 12.0 + up / 3.0 + 0.25)
    second = reach * (0.5 * second + np.maximum(c - 1.0, 0.0))  # beyond the end the slope is one
    below = np.diff(second, axis=0) / grid.width_mev  # share below, weighted along each ramp
    steps = np.diff(below, axis=0, prepend=0.0, append=1.0)
    density: Array = steps @ found.weight / (found.branching * grid.width_mev)
    return density
