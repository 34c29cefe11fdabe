"""What all sources of pions that decay at rest share, whatever the beam and its pulse."""

from __future__ import annotations

import math
from abc import abstractmethod

from cevns.constants import E_MICHEL_MAX_MEV, E_PION_LINE_MEV, TAU_MUON_US, TAU_PION_US
from cevns.exceptions import InputError
from cevns.sources.arrivals.pulsed import Pulsed
from cevns.sources.arrivals.train import Train
from cevns.sources.beams import pion_decay as _pion_decay
from cevns.sources.beams.source import Source
from cevns.typing import Array, ArrayLike

__all__ = ["PionAtRest", "check_angle"]


def check_angle(angle_deg: float) -> None:
    """Refuse an angle between proton beam and detector that is not from 0 to 180 degrees.

    Raises:
        InputError: if it is not.
    """
    if not 0.0 <= angle_deg <= 180.0:
        raise InputError(
            f"the angle between beam and detector is {angle_deg:g} degrees; it is from 0, "
            "along the beam, to 180"
        )


class PionAtRest(Source):
    r"""Isotropic decay at rest of pi+ and of the mu+ that follows.

    A nu_mu (line at 29.79 MeV), a nu_e and a nubar_mu (Michel spectra up to 52.83 MeV) come from
    each pi+, so every flavour has the fluence :math:`N/(4 \pi L^2)`. A class that derives from
    this one says the distance L, the number N (`emitted`) and the pulse (`after`).
    """

    distance_m: float

    @property
    @abstractmethod
    def emitted(self) -> float:
        """Neutrinos of one flavour that leave the target in the exposure."""

    @abstractmethod
    def after(self, lives_us: tuple[float, ...]) -> Pulsed | Train:
        """The beam pulse and decays of these mean lives (us) after it; without any, the pulse."""

    @property
    def flavours(self) -> tuple[str, ...]:
        """``nu_mu`` (prompt), ``nu_e`` and ``nubar_mu`` (delayed)."""
        return _pion_decay.FLAVOURS

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """The nu_mu line and the Michel end point, MeV."""
        return E_PION_LINE_MEV, E_MICHEL_MAX_MEV

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Continuous part of the spectrum per neutrino, 1/MeV."""
        return _pion_decay.spectrum(flavour, energy_mev)

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """The end point: each spectrum is smooth below it."""
        return (self.end_point_mev(flavour),)

    def lines(self, flavour: str) -> tuple[tuple[float, float], ...]:
        """The nu_mu line; nothing for the other flavours."""
        return ((E_PION_LINE_MEV, 1.0),) if _pion_decay.check(flavour) == "nu_mu" else ()

    def end_point_mev(self, flavour: str) -> float:
        """Largest neutrino energy, MeV."""
        return _pion_decay.end_point_mev(flavour)

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """Flux moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k, in closed form."""
        return _pion_decay.moments(flavour, e_min_mev)

    def fluence_cm2(self, flavour: str) -> float:
        """Neutrinos of a flavour per cm2 in the exposure."""
        _pion_decay.check(flavour)
        return self.emitted / (4.0 * math.pi * (100.0 * self.distance_m) ** 2)

    def arrival(self, flavour: str) -> Pulsed | Train:
        """When a flavour arrives: after the pion's decay, or after the muon's that follows."""
        prompt = _pion_decay.check(flavour) == "nu_mu"
        return self.after((TAU_PION_US,) if prompt else (TAU_PION_US, TAU_MUON_US))

    def time_pdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Density of arrival times, 1/us, for a pulse whose mean is at `t0_us`.

        The time of flight (64 ns at 19.3 m) is part of `t0_us`.
        """
        return self.arrival(flavour).pdf(t_us, t0_us)

    def time_cdf(self, flavour: str, t_us: ArrayLike, t0_us: ArrayLike) -> Array:
        """Fraction of neutrinos that arrive before `t_us`."""
        return self.arrival(flavour).cdf(t_us, t0_us)
