"""The diffuse background of neutrinos from past supernovae."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from cevns.nuclear.checks import positive, within
from cevns.particles import FLAVOURS
from cevns.sources.sky.steady_mixture import Mixture, Part, carried
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["MODEL", "Dsnb"]

CITE = ("arXiv:2109.03116",)


def _sixth(energy_mev: Array) -> Array:
    """An equal part of all."""
    return np.full(energy_mev.shape, 1.0 / len(FLAVOURS))


@dataclass(frozen=True)
class Dsnb(Mixture):
    """Neutrinos of all past supernovae, 85.7 /cm2/s with an error of 50 % (arXiv:2109.03116).

    The spectrum is that of three Fermi-Dirac distributions with temperatures of 3, 5 and 8 MeV,
    each with about the same energy, redshifted according to the history of star formation; it
    agrees with that sum within 7 %, but with no sum of spectra without redshift. Which spectrum
    each of the six species has depends on flavour conversion in the star, so each species is given
    a sixth of the total. CEvNS in the Standard Model does not distinguish them.

    Args:
        live_time_d: days of data; in a file by default the file's `live_time`.
        total_cm2_s: flux of all species, /cm2/s.
        relative_error: relative error of the flux, for the nuisance parameter ``flux_dsnb``.

    Raises:
        InputError: if a number is out of range.

    Examples:
        >>> sky = Dsnb(live_time_d=365.25)
        >>> round(sum(sky.flux_cm2_s(f) for f in sky.flavours), 1)
        85.7
    """

    live_time_d: Annotated[float, Unit("d")]
    total_cm2_s: float = 85.7
    relative_error: float = 0.5

    def __post_init__(self) -> None:
        positive("live time in d", self.live_time_d)
        within("flux of the diffuse background in /cm2/s", self.total_cm2_s, 1e-3, 1e6, "as 85.7")
        within("relative error of the flux", self.relative_error, 1e-6, 1.0, "as 0.5")

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """One, of all species."""
        curve = carried("dsnb")["density"]
        return (Part("dsnb", self.total_cm2_s, curve, (), dict.fromkeys(FLAVOURS, _sixth)),)

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Energies, MeV, between which the recoil spectrum is smooth enough to be integrated."""
        return (5.0, 15.0, 30.0, 50.0, self.end_point_mev(FLAVOURS[0]))

    @property
    def changes(self) -> Mapping[str, Mapping[str, float]]:
        """One pull."""
        return {"flux_dsnb": {"dsnb": self.relative_error}}


MODEL = Dsnb
