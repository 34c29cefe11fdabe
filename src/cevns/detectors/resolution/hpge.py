"""High-purity germanium: the width of the pulser, and the statistics of charge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from cevns.detectors.framework.resolution_density import TINY_KEVEE, Normal
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Germanium"]

CITE = ("arXiv:2501.05206",)

_FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
"""Full width at half maximum of a Gaussian over its sigma, 2.3548."""


@dataclass(frozen=True)
class Germanium(Normal):
    """x ~ Normal(E_ee, sigma), sigma^2 = (FWHM/2.3548)^2 + F eps E_ee.

    The form of CONUS+ (arXiv:2501.05206, F = 0.11, eps = 2.96 eV): `fwhm_kevee` is the full width
    of pulser events, that is of the electronic noise alone, without the Fano term. The width of a
    line holds that term already; its FWHM here would count it twice.

    A recoil with E_ee < eps makes no pair of electron and hole on the mean, and is not seen however
    far the noise would carry it (`seen_from_kevee`). That is nothing for CONUS+, whose threshold is
    8 sigma away, and matters where it is 3: noise of sigma 68.5 eVee and a threshold of 200 eVee.

    Args:
        fwhm_kevee: of the pulser, keVee.
        fano: the Fano factor F.
        pair_energy_ev: eps, energy of a pair of electron and hole, eV.

    Raises:
        InputError: if the width is not positive, or another number is negative.

    Examples:
        CONUS+, 48 eVee: sigma in eVee of the noise, and at the K line of Ge-71.

        >>> c2 = Germanium(fwhm_kevee=0.048)
        >>> (1000.0 * c2.sigma([0.0, 10.37])).round(2).tolist(), c2.seen_from_kevee
        ([20.38, 61.57], 0.00296)
    """

    fwhm_kevee: Annotated[float, Unit("keVee")]
    fano: float = 0.11
    pair_energy_ev: Annotated[float, Unit("eV")] = 2.96

    def __post_init__(self) -> None:
        numbers = self.fwhm_kevee, self.fano, self.pair_energy_ev
        if not (all(math.isfinite(v) and v >= 0.0 for v in numbers) and self.fwhm_kevee > 0.0):
            raise InputError(
                "the resolution of germanium needs a positive fwhm, and fano and pair_energy that "
                f"are not negative, not {numbers}"
            )

    @property
    def seen_from_kevee(self) -> float:
        """The energy of one pair, keVee."""
        return 1e-3 * self.pair_energy_ev

    def sigma(self, energy_kevee: ArrayLike) -> Array:
        """Standard deviation, keVee."""
        energy = np.maximum(np.asarray(energy_kevee, dtype=float), TINY_KEVEE)
        noise = self.fwhm_kevee / _FWHM
        result: Array = np.sqrt(noise**2 + self.fano * 1e-3 * self.pair_energy_ev * energy)
        return result


MODEL = Germanium
