"""What long irradiation adds to spectra that were measured after a day of it."""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.exceptions import InputError
from cevns.sources.fission.tabulation import ISOTOPES
from cevns.typing import Array

__all__ = ["added"]

_ENERGY_MEV: Final = (2.0, 2.5, 3.0, 3.5, 4.0)
_DAYS: Final = (100.0, 300.0, 450.0)
_PERCENT: Final = {
    "u235": ((4.5, 3.2, 1.1, 0.7, 0.1), (5.3, 4.0, 1.3, 0.7, 0.1), (5.7, 4.4, 1.5, 0.7, 0.1)),
    "pu239": ((1.2, 0.7, 0.2, 0.1, 0.1), (1.8, 1.4, 0.4, 0.1, 0.1), (2.1, 1.7, 0.5, 0.1, 0.1)),
    "pu241": ((1.0, 0.5, 0.2, 0.1, 0.1), (1.6, 1.1, 0.3, 0.1, 0.1), (1.9, 1.5, 0.5, 0.1, 0.1)),
}


def added(irradiation_d: float, energy_mev: Array) -> Array:
    """Relative increase of each isotope's spectrum, ``(isotopes, ...)``.

    Linear between the energies and days of Mueller et al., Phys. Rev. C 83 (2011) 054615, table
    VII, relative to the 12 h (U-235) and 36 h (Pu) of the measurements; written down from memory.
    Zero above 4 MeV, below 2 MeV, where the spectrum is of a running core already, and for U-238.
    Its own error is 30 to 100 % of it.

    Raises:
        InputError: if the irradiation is shorter or longer than those of the table.

    Examples:
        >>> (100 * added(300.0, np.array([2.0, 2.25, 5.0])))[0].round(2).tolist()
        [5.3, 4.65, 0.0]
    """
    if not _DAYS[0] <= irradiation_d <= _DAYS[-1]:
        raise InputError(
            f"corrections for long irradiation are known from {_DAYS[0]:g} to {_DAYS[-1]:g} days, "
            f"not for {irradiation_d:g}"
        )
    out = np.zeros((len(ISOTOPES), *np.shape(energy_mev)))
    inside = (energy_mev >= _ENERGY_MEV[0]) & (energy_mev <= _ENERGY_MEV[-1])
    for i, isotope in enumerate(ISOTOPES):
        if isotope in _PERCENT:
            rows = np.array(_PERCENT[isotope]).T
            at = [float(np.interp(irradiation_d, _DAYS, row)) for row in rows]
            out[i] = np.where(inside, np.interp(energy_mev, _ENERGY_MEV, at) / 100.0, 0.0)
    return out
